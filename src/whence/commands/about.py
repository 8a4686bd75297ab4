"""`whence tracks`, `whence methods` and `whence doctor`: list tracks, methods and installed parts."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from ..spelling import shown
from . import completion
from .terminal import terminal

if TYPE_CHECKING:
    from ..doctor import Finding

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def tracks(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="TRACK", help="A track to explain. [default: list all]", autocompletion=completion.tracks
        ),
    ] = None,
    json: Json = False,
) -> None:
    """List the tracks, or explain one: its answer and unit, metrics, conditions, datasets and methods."""
    from ..registry import registered_tracks

    if name is not None:
        _explain_track(name, json)
        return
    _print("tracks", ["track", "what it asks"], [[n, e.summary] for n, e in registered_tracks().items()], json)


def methods(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="METHOD|TRACK",
            help="A method to explain, or a track whose methods to list. [default: list all]",
            autocompletion=completion.methods_and_tracks,
        ),
    ] = None,
    json: Json = False,
) -> None:
    """List the methods, or explain one: its parameters and their defaults, its tracks, its source."""
    from ..registry import registered_methods, registered_tracks

    if name is not None and name not in registered_tracks():
        _explain_method(name, json)
        return
    rows = [
        [known, ", ".join(one.tracks) or ("none" if one.trained else "its own"), one.summary]
        for known, one in registered_methods().items()
        if name is None or name in one.tracks
    ]
    _print(f"methods of {name}" if name else "methods", ["method", "tracks", "what it does"], rows, json)


def _explain_track(name: str, as_json: bool) -> None:
    from ..benchmarks.questions.about_track import about

    one = about(name)
    if as_json:
        _print_json(asdict(one))
        return
    typer.echo(shown(f"{one.name}: {one.question}"))
    _print_facts(
        [
            ("answer", one.answer),
            ("batch", f"{one.batch}: {', '.join(one.fields)}"),
            ("datasets", ", ".join(one.datasets)),
            ("methods", ", ".join(one.default_methods)),
        ]
    )
    rows = [[each.name, each.label, each.unit, each.better] for each in one.metrics]
    _print("metrics, the first ranks", ["--metric", "metric", "unit", "better"], rows, False)
    rows = [[each.option, each.name, each.unit, each.default, each.help] for each in one.conditions]
    if rows:
        _print("conditions", ["option", "setting", "unit", "default", "what it sets"], rows, False)
    typer.echo(f"to run these methods: whence bench {one.name} DATA.zarr; to list all: whence methods {one.name}")


def _explain_method(name: str, as_json: bool) -> None:
    from ..benchmarks.running.about_method import about

    one = about(name)
    if as_json:
        _print_json(asdict(one))
        return
    typer.echo(shown(f"{one.name}: {one.summary}" if one.summary else one.name))
    facts = [("tracks", ", ".join(one.tracks) or "none"), ("version", one.version), ("what", one.description)]
    _print_facts([*facts, ("source", one.source), ("code", f"{one.code} ({one.file})")])
    rows = [[each.name, each.values, each.default, each.meaning] for each in one.parameters]
    if not rows:
        typer.echo("no parameters")
        return
    heads = ["parameter", "values", "default", "meaning"]
    empty = not any(row[-1] for row in rows)
    _print("parameters", heads[:-1] if empty else heads, [row[:-1] if empty else row for row in rows], False)
    first = one.parameters[0]
    track, value = (*one.tracks, "TRACK")[0], (*first.suggestions, "VALUE")[-2 if first.suggestions else -1]
    typer.echo(f"whence bench {track} DATA.zarr --method {one.name}:{first.name}={value}")


def _print_facts(facts: list[tuple[str, str]]) -> None:
    """Print names and texts in two columns without a frame."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False)
    for name, text in facts:
        if text:
            table.add_row(name, escape(shown(text)))
    terminal().print(table)


def _print_json(content: object) -> None:
    from json import dumps

    typer.echo(dumps(content, indent=1))


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
