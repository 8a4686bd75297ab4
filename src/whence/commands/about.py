"""`whence tracks`, `whence methods` and `whence doctor`: what can be measured, with what, and what is installed."""

from dataclasses import asdict
from typing import Annotated

import typer

from .terminal import terminal

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def tracks(json: Json = False) -> None:
    """List what can be measured."""
    from ..registry import TRACKS

    _print("tracks", ["track", "what it asks"], [[n, e.summary] for n, e in TRACKS.items()], json)


def methods(json: Json = False) -> None:
    """List the methods that can be run."""
    from ..registry import method_entries

    rows = [[name, ", ".join(entry.tracks) or "its own", entry.summary] for name, entry in method_entries().items()]
    _print("methods", ["method", "tracks", "what it does"], rows, json)


def doctor(json: Json = False) -> None:
    """Say which engines, decoders and packages are here, and how to get those that are not."""
    from ..doctor import findings

    found = findings()
    rows = [[f.name, "present" if f.present else "missing", f.detail, f.fix] for f in found]
    if json:
        from json import dumps

        typer.echo(dumps([asdict(f) for f in found], indent=1))
        return
    _print("doctor", ["part", "state", "detail", "how to get it"], rows, json)


def _print(title: str, heads: list[str], rows: list[list[str]], as_json: bool) -> None:
    if as_json:
        from json import dumps

        typer.echo(dumps([dict(zip(heads, row, strict=True)) for row in rows], indent=1))
        return
    from rich.markup import escape
    from rich.table import Table

    table = Table(*heads, title=title, title_justify="left")
    for row in rows:
        table.add_row(*map(escape, row))
    terminal().print(table)
