"""`whence tracks`, `whence methods` and `whence doctor`: list tracks, methods and installed parts."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from ..spelling import shown
from .terminal import terminal

if TYPE_CHECKING:
    from ..doctor import Finding

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def tracks(json: Json = False) -> None:
    """List the tracks."""
    from ..registry import registered_tracks

    _print("tracks", ["track", "what it asks"], [[n, e.summary] for n, e in registered_tracks().items()], json)


def methods(json: Json = False) -> None:
    """List the methods."""
    from ..registry import registered_methods

    rows = [
        [name, ", ".join(one.tracks) or ("none" if one.trained else "its own"), one.summary]
        for name, one in registered_methods().items()
    ]
    _print("methods", ["method", "tracks", "what it does"], rows, json)


def doctor(
    json: Json = False,
    quick: Annotated[bool, typer.Option("--quick", help="Do not repeat the operations that decide bytes.")] = False,
) -> None:
    """List the installed engines, decoders and packages, what this machine grants, and how to get the rest.

    It also repeats small operations, and says which data made here have other bytes than elsewhere.
    """
    from ..doctor import findings, machine

    parts, granted, same = findings(), machine(), [] if quick else _same_bytes()
    if json:
        from json import dumps

        typer.echo(dumps([asdict(f) for f in (*parts, *granted, *same)], indent=1))
        return
    rows = [[f.name, "present" if f.present else "missing", f.detail, f.fix] for f in parts]
    _print("doctor", ["part", "state", "detail", "how to get it"], rows, json)
    rows = [[f.name, "yes" if f.present else "no", f.detail, f.fix] for f in granted]
    _print("this machine", ["what", "fine", "detail", "what to do"], rows, json)
    for finding in same:
        typer.echo(shown(finding.detail))


def _same_bytes() -> "list[Finding]":
    from ..datagen.operations import summary, verdicts
    from ..doctor import Finding

    fix = "whence verify passes such data as twins"
    return [Finding("same bytes", good, line, "" if good else fix) for line, good in summary(verdicts())]


def _print(title: str, heads: list[str], rows: list[list[str]], as_json: bool) -> None:
    if as_json:
        from json import dumps

        typer.echo(dumps([dict(zip(heads, row, strict=True)) for row in rows], indent=1))
        return
    from rich.markup import escape
    from rich.table import Table

    table = Table(*heads, title=title, title_justify="left")
    for row in rows:
        table.add_row(*map(escape, map(shown, row)))
    terminal().print(table)
