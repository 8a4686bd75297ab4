"""Completion in the shell: tracks, methods, their parameters, and commands (`whence --install-completion`)."""

import io
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

import typer

from ..errors import InputError
from ..registry import PROBE, parse_specification, registered_methods, registered_tracks

ASKED = "_WHENCE_COMPLETE"
"""The shell sets it, as `complete_bash`, when it asks how a line could go on."""
_BASH_LINE, _OTHER_LINE = "COMP_WORDS", "_TYPER_COMPLETE_ARGS"
_BREAKS = ":="
"""Where bash splits words, besides at spaces, so that it replaces only what follows."""

Suggestion = tuple[str, str]


def tracks(incomplete: str) -> list[Suggestion]:
    """Return the tracks that begin with `incomplete`."""
    return [(name, one.summary) for name, one in registered_tracks().items() if name.startswith(incomplete)]


def benches(incomplete: str) -> list[Suggestion]:
    """Return what `whence bench` runs: the tracks, and the probe."""
    return [*tracks(incomplete), *([(PROBE, "rotation and azimuth")] if PROBE.startswith(incomplete) else [])]


def methods_and_tracks(incomplete: str) -> list[Suggestion]:
    """Return the methods and the tracks that begin with `incomplete`."""
    return [*methods(incomplete), *tracks(incomplete)]


def trainable(incomplete: str) -> list[Suggestion]:
    """Return the methods that are trained."""
    found = registered_methods().items()
    return [(name, one.summary) for name, one in found if one.trained and name.startswith(incomplete)]


def methods(incomplete: str) -> list[Suggestion]:
    """Return the methods of the track on the line that begin with `incomplete`; after a colon, their parameters."""
    if ":" in incomplete:
        return _parameters(incomplete)
    named = [word for word in _line(os.environ) if word in registered_tracks()]
    found = registered_methods().items()
    serving = [(name, one.summary) for name, one in found if not named or set(named) & set(one.tracks)]
    files = [(f"{path}:", "") for path in sorted(Path().glob("*.py"))] if incomplete else []
    return [one for one in (*serving, *files) if one[0].startswith(incomplete)]


def _parameters(incomplete: str) -> list[Suggestion]:
    """Return how `NAME:key=value:...` could go on: what a file holds, or the values of the parameters not yet given."""
    from ..benchmarks.running.about_method import about
    from ..registry import methods_in

    before = incomplete.rpartition(":")[0]
    try:
        if before.endswith(".py"):
            ways = methods_in(Path(before))
        else:
            name, given = parse_specification(before)
            unset = (one for one in about(name).parameters if one.name not in given)
            ways = [f"{one.name}={value}" for one in unset for value in one.suggestions]
    except InputError:
        return []
    return [(whole, "") for way in ways if (whole := f"{before}:{way}").startswith(incomplete)]


def commands(context: typer.Context, incomplete: str) -> list[Suggestion]:
    """Return the commands below those on the line."""
    group: object = context.find_root().command
    for word in context.params.get("command") or ():
        group = getattr(group, "commands", {}).get(word)
    below = getattr(group, "commands", {})
    return [(name, one.get_short_help_str()) for name, one in below.items() if name.startswith(incomplete)]


@contextmanager
def completing(spread: Callable[[Sequence[str]], list[str]]) -> Iterator[None]:
    """While a shell asks, give the parser the words as the user sees them, and the shell the part it replaces.

    `spread` repeats the option of a list, as before parsing. Outside of completion nothing changes.
    """
    shell = os.environ.get(ASKED, "")
    if not shell.startswith("complete_"):
        yield
        return
    said = io.StringIO()
    try:
        with redirect_stdout(said):
            kept = _settle(os.environ, spread)
            yield
    except InputError:
        raise SystemExit(0) from None  # a line that cannot go on has no completion
    finally:
        sys.stdout.write("".join(line[kept:] for line in said.getvalue().splitlines(keepends=True)))


def _settle(environment: MutableMapping[str, str], spread: Callable[[Sequence[str]], list[str]]) -> int:
    """Rewrite the line in `environment`; return the number of letters of each suggestion that bash has already."""
    if _BASH_LINE in environment:
        words, kept = rejoined(_line(environment), int(environment["COMP_CWORD"]))
        option, separator, _ = words[-1].partition("=")
        if option.startswith("-"):  # the parser suggests what follows the sign
            kept = max(kept - len(option + separator), 0)
        environment[_BASH_LINE] = "\n".join(_with_option(words, spread))
        environment["COMP_CWORD"] = str(environment[_BASH_LINE].count("\n"))
        return kept
    given = _with_option(_line(environment) or [""], spread)
    environment[_OTHER_LINE] = " ".join(shlex.quote(word) if word else "" for word in given)
    return 0


def _line(environment: Mapping[str, str]) -> list[str]:
    """Return the words on the line, the last one perhaps empty, as the shell splits them."""
    if _BASH_LINE in environment:
        return environment[_BASH_LINE].split("\n")
    line = environment.get(_OTHER_LINE, "")
    try:
        return [*shlex.split(line), *([""] if line.endswith(" ") else [])]
    except ValueError:  # a quote is still open
        return line.split(" ")


def rejoined(words: Sequence[str], current: int) -> tuple[list[str], int]:
    """Return the words up to the `current` one as typed, and the letters of the last that bash does not replace.

    Bash gives the `:` and `=` of a word as words of their own.

    >>> rejoined(["whence", "bench", "gcc-phat", ":", "votes", "=", "m"], 6)
    (['whence', 'bench', 'gcc-phat:votes=m'], 15)
    """
    joined: list[str] = []
    glued = False
    for word in [*words, ""][: current + 1]:
        is_break = bool(word) and not word.strip(_BREAKS)
        if joined and (glued or is_break):
            joined[-1] += word
        else:
            joined.append(word)
        glued = is_break
    last = words[current] if current < len(words) else ""
    replaced = "" if last and not last.strip(_BREAKS) else last
    return joined, len(joined[-1]) - len(replaced)


def _with_option(words: Sequence[str], spread: Callable[[Sequence[str]], list[str]]) -> list[str]:
    """Return `words` with the option before the last one, if that continues a list."""
    *before, last = words
    if not before or last.startswith("-"):
        return list(words)
    *earlier, ending = spread([*before[1:], last or "x"])
    option, separator, value = ending.partition("=")
    if option.startswith("--") and separator and value == (last or "x"):
        return [before[0], *earlier, option, last]
    return list(words)
