"""What was meant: `whence help COMMAND`, and a track or a kind of dataset that stands behind its file."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from ..errors import InputError
from ..registry import PROBE, nearest, registered_tracks
from .completion import commands


def help_(
    context: typer.Context,
    command: Annotated[
        list[str] | None,
        typer.Argument(metavar="COMMAND ...", help="A command, such as `generate tde`.", autocompletion=commands),
    ] = None,
) -> None:
    """Explain a command, or list them all."""
    root = context.find_root().command
    words = list(command or ())
    _check_command(root, words)
    root.main(args=[*words, "--help"], prog_name="whence", standalone_mode=False)


def _check_command(root: object, words: Sequence[str]) -> None:
    """Raise InputError, which names the nearest command, unless `words` are one of `root`."""
    group = root
    for k, word in enumerate(words):
        there = getattr(group, "commands", {})
        if word not in there:
            above = " ".join(("whence", *words[:k]))
            raise InputError(
                f"{above} has no command {word!r}: {nearest(word, there) if there else 'it is one itself'}"
            )
        group = there[word]


def track_first(track: str, data: str) -> tuple[str, str]:
    """Return the name of a track and a dataset in this order; if they were swapped, say how they were read."""
    known = (*registered_tracks(), PROBE)
    if track in known or data not in known:
        return track, data
    typer.echo(f"read as: {data} {track}", err=True)
    return data, track


def kind_first(arguments: Sequence[str], groups: Mapping[str, typer.Typer]) -> list[str]:
    """Return `arguments` with the command of one of `groups` before its file, as in `generate tde d.zarr`."""
    given = list(arguments)
    if len(given) < 3 or given[0] not in groups:
        return given
    group, first, second = given[:3]
    known = _names(groups[group])
    if first in known or second not in known or first.startswith("-"):
        return given
    typer.echo(f"read as: whence {group} {second} {first}", err=True)
    return [group, second, first, *given[3:]]


def _names(group: typer.Typer) -> list[str]:
    """Return the names of the commands of `group`."""
    found = ((one.name, getattr(one.callback, "__name__", "")) for one in group.registered_commands)
    return [name or function.replace("_", "-") for name, function in found]
