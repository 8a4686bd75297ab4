"""`whence table`: scores of runs as a table for a paper."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from ..english import counted
from ..errors import InputError
from ..files import written_whole
from .bench import Moved
from .formats import Format, format_of

Interval = Literal["half", "ends", "none"]
"""What stands beside a value: half of its interval, both ends, or nothing."""
_LABEL = re.compile(r"[A-Za-z0-9:._/+-]+")


def table(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run folders of the same track and dataset.")],
    metric: Annotated[
        list[str] | None, typer.Option(metavar="M ...", help="Metrics, such as mae. [default: the track's first]")
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY ...", help="Settings, `method` or `metric`. [default: the settings that vary]"),
    ] = None,
    rows: Annotated[
        list[str] | None, typer.Option(metavar="KEY ...", help="The same, for the rows. [default: method]")
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE,VALUE ...", help="Show only these, in this order, as in method=zero,scot."),
    ] = None,
    names: Annotated[
        Path | None,
        typer.Option(metavar="FILE.toml", help="What the paper calls methods, metrics and levels.", show_default=False),
    ] = None,
    format: Annotated[
        Format | None, typer.Option(help="How to write it. [default: by the ending of --out, else markdown]")
    ] = None,
    interval: Annotated[
        Interval, typer.Option(help="Beside values: half of the 95 % interval, both ends, or nothing.")
    ] = "half",
    caption: Annotated[str | None, typer.Option(metavar="TEXT", help="Caption. [default: what is shown]")] = None,
    label: Annotated[str | None, typer.Option(metavar="NAME", help="LaTeX label. [default: tab:TRACK-METRIC]")] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write it here. [default: print it]", show_default=False)
    ] = None,
    data: Moved = None,
) -> None:
    """Write scores of runs as a table for a paper: LaTeX, Markdown or CSV, with intervals and the best in bold."""
    from ..benchmarks.bench import open_run
    from ..benchmarks.report.paper_names import read_names
    from ..benchmarks.report.paper_table import paper_table
    from ..benchmarks.report.paper_text import WRITERS, default_caption, default_label

    chosen = format or (format_of(out) if out else Format.markdown)
    if label is not None and not _LABEL.fullmatch(label):
        raise InputError(f"--label {label!r}: expected letters, digits and : . _ / + -, such as tab:delays")
    built = paper_table(
        [open_run(folder, data) for folder in runs],
        _words(metric),
        rows=_words(rows) or ("method",),
        columns=_words(columns),
        where=_chosen(where or ()),
        names=read_names(names) if names else None,
    )
    text = WRITERS[chosen](built, caption or default_caption(built, interval), label or default_label(built), interval)
    if out is None:
        typer.echo(text, nl=False)
        return
    with written_whole(out) as partial:
        partial.write_text(text, encoding="utf-8")
    typer.echo(f"{out}: {counted(len(built.rows.places), 'row')}, {counted(len(built.columns.places), 'column')}")


def _words(given: Sequence[str] | None) -> list[str]:
    return [word for one in given or () for word in one.split(",") if word]


def _chosen(given: Sequence[str]) -> Mapping[str, list[str]]:
    """Return the values by key of `KEY=VALUE,VALUE`."""
    found: dict[str, list[str]] = {}
    for one in given:
        key, separator, values = one.partition("=")
        if not (key and separator and _words([values])):
            raise InputError(f"--where {one}: expected KEY=VALUE or KEY=VALUE,VALUE, such as snr_db=10")
        found.setdefault(key, []).extend(_words([values]))
    return found
