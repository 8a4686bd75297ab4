"""`whence bench`, `whence compare` and `whence report`: run methods, score them, compare them."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..english import counted
from ..errors import InputError
from ..files import written_whole
from ..locks import sole_writer
from . import completion
from .conditions import Given, InSplit, takes_settings
from .formats import Format, format_of
from .terminal import terminal
from .typed import typed
from .words import track_first

if TYPE_CHECKING:
    from ..benchmarks.bench import Run
    from ..benchmarks.display.text_table import TextTable
    from ..benchmarks.scoring.compare import Comparison


class Device(StrEnum):
    """Where learned methods run."""

    cpu = "cpu"
    cuda = "cuda"


class Protocol(StrEnum):
    """The published protocol, the corrected one, or both."""

    paper = "paper"
    best = "best"
    both = "both"


Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]

Moved = Annotated[
    str | None,
    typer.Option(metavar="DATA.zarr", help="New location of the dataset, if it has moved.", show_default=False),
]


@takes_settings
def bench(
    track: Annotated[
        str,
        typer.Argument(
            help="Track to run (`whence tracks` lists them); probe: both of SLfM's.", autocompletion=completion.benches
        ),
    ],
    data: Annotated[str, typer.Argument(metavar="DATA.zarr", help="Dataset: a path or an fsspec URL.")],
    method: Annotated[
        list[str] | None,
        typer.Option(
            "--method",
            "-m",
            metavar="M ...",
            help="NAME[:key=value] or file.py:Name. [default: every baseline]",
            autocompletion=completion.methods,
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Run folder. [default: runs/TRACK-FINGERPRINT]")
    ] = None,
    *,
    given: Given,
    split: InSplit = None,
    protocol: Annotated[
        Protocol, typer.Option(help="As published (paper), corrected (best), or both; for methods that have both.")
    ] = Protocol.paper,
    max_samples: Annotated[
        int | None,
        typer.Option(min=1, help="Score the first N samples only. [default: all]", show_default=False),
    ] = None,
    device: Annotated[
        Device | None, typer.Option(help="Where learned methods run. [default: cpu]", show_default=False)
    ] = None,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Run the rest of the grid when a method fails.")
    ] = False,
    no_report: Annotated[
        bool, typer.Option("--no-report", help="Draw no report.html, which `whence report` can do later.")
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Run every method again, whatever is cached.")] = False,
    json: Json = False,
) -> None:
    """Run methods on a track under a grid of conditions. A rerun computes only what is missing."""
    from ..registry import PROBE
    from .probe_bench import parts_of, show_accuracy

    track, data = track_first(track, data)

    def run(name: str, methods: Sequence[str], folder: Path | None) -> "Run":
        return _run(
            name, data, folder, methods, given, split, protocol, max_samples, device, keep_going, no_report, fresh
        )

    if track != PROBE:
        show(run(track, method or (), out), json)
        return
    show_accuracy([run(name, some, out and out / name) for name, some in parts_of(method or ())], json)


def _run(
    track: str,
    data: str,
    out: Path | None,
    methods: Sequence[str],
    given: Given,
    split: InSplit,
    protocol: Protocol,
    max_samples: int | None,
    device: Device | None,
    keep_going: bool,
    no_report: bool,
    fresh: bool,
) -> "Run":
    """Return the bench of `methods` on `track`, in the folder `out`."""
    from ..benchmarks.bench import bench as run_bench
    from ..benchmarks.bench import usual_folder
    from ..benchmarks.questions.source import open_source
    from ..datagen.dataset import Dataset
    from ..registry import load_track

    chosen, dataset = load_track(track), Dataset(data)
    folder = out or usual_folder(track, dataset)
    if folder.is_file():
        raise InputError(f"--out {folder} is a file: give a folder")
    part = split and split.value
    return run_bench(
        track,
        data,
        folder,
        methods=methods,
        conditions=open_source(chosen, dataset, part).grid(given) if given else (),
        protocol=protocol.value,
        max_samples=max_samples,
        split=part,
        device=device and device.value,
        keep_going=keep_going,
        command=typed(),
        report=not no_report,
        fresh=fresh,
    )


def show(run: "Run", as_json: bool) -> None:
    """Print the tables of `run` and the paths of its files."""
    from ..benchmarks.report.files import where
    from ..benchmarks.scoring.results import RESULTS

    if run.source.sealed:
        _show_sealed(run, as_json)
        return
    if as_json:
        typer.echo((run.folder / RESULTS).read_text(encoding="utf-8"), nl=False)
        return
    show_scores(run)
    typer.echo(where(run.folder))


def show_scores(run: "Run") -> None:
    """Print the table of the main metric, and the published numbers beside ours."""
    from ..benchmarks.display.text_table import rich_table
    from ..benchmarks.report.tables import published_table, score_table
    from ..benchmarks.scoring.results import why_unranked

    console = terminal()
    why = why_unranked(run.labels)
    console.print(rich_table(score_table(run.results, run.track, run.track.metrics[0], why=why)))
    published = published_table(run.results, run.track, baselines_only=True)
    if published:
        console.print(rich_table(published))


def _show_sealed(run: "Run", as_json: bool) -> None:
    """Print where the predictions on a sealed set are and who scores them."""
    if as_json:
        from json import dumps

        listing = {"data": run.dataset.url, "sealed": True, "predictions": [str(path) for path in run.files]}
        typer.echo(dumps(listing, indent=1))
        return
    typer.echo(f"predictions ({counted(len(run.files), 'file')}): {run.folder}/predictions")
    typer.echo(f"{run.dataset.url} is sealed, so nothing is scored here: scores come from the board (`whence submit`)")


def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run folders of the same track and dataset.")],
    metric: Annotated[str | None, typer.Option(help="Metric. [default: the track's first]", show_default=False)] = None,
    data: Moved = None,
    against: Annotated[
        str | None,
        typer.Option(metavar="METHOD", help="Method to compare with. [default: the best]", show_default=False),
    ] = None,
    by_rt60: Annotated[bool, typer.Option("--by-rt60", help="Also compare within each nominal RT60.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Also write it here, as the ending says: .md, .tex, .csv.", show_default=False
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Compare methods on the same samples: paired differences with 95 % intervals, and rank groups."""
    from json import dumps

    from ..benchmarks.bench import open_run
    from ..benchmarks.display.text_table import rich_table
    from ..benchmarks.report.tables import comparison_table
    from ..benchmarks.scoring.compare import comparisons
    from ..benchmarks.scoring.results import finite, why_unranked

    written = format_of(out) if out else None
    opened = [open_run(folder, data) for folder in runs]
    found = comparisons(opened, metric, by_parts=by_rt60, against=against)
    table = comparison_table(found, opened[0].track.wording, why_unranked(opened[0].labels), against)
    if out and written:
        with written_whole(out) as partial:
            partial.write_text(_comparison_text(found, table, written), encoding="utf-8")
    if json:
        typer.echo(dumps([finite(vars(row)) for row in found], indent=1, allow_nan=False))
        return
    terminal().print(rich_table(table))


def _comparison_text(found: "Sequence[Comparison]", table: "TextTable", written: Format) -> str:
    """Return a comparison in the format of a file; CSV has it in full precision, a column for each setting."""
    from ..benchmarks.display.text_table import latex, markdown
    from ..benchmarks.scoring.compare import comparison_frame

    if written is Format.csv:
        return str(comparison_frame(found).to_csv(index=False))
    return (
        latex(table, f"tab:{found[0].metric.replace('_', '-')}-paired") if written is Format.latex else markdown(table)
    )


def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run folders.")],
    data: Moved = None,
) -> None:
    """Rewrite report.html, tables.md and tables.tex of finished runs."""
    for folder in runs:
        draw_again(folder, data)
        typer.echo(f"{folder}/report.html")


def draw_again(folder: Path, data: Moved = None) -> None:
    """Write the tables and the report of the run in `folder`, whose dataset may have moved to `data`."""
    from ..benchmarks.bench import open_run, write_pages

    with sole_writer(folder):
        write_pages(open_run(folder, data))
