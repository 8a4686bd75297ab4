"""`whence bench`, `whence compare` and `whence report`: run methods, score them, show what is noise."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import InputError
from .conditions import (
    ClipSeconds,
    Distractor,
    Dominance,
    InSplit,
    Reverberation,
    Snr,
    Sources,
    Votes,
    Window,
    given_options,
)
from .terminal import terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..benchmarks.bench import Run


class Device(StrEnum):
    """Where learned methods run."""

    cpu = "cpu"
    cuda = "cuda"


class Protocol(StrEnum):
    """What the papers did, what is right, or both."""

    paper = "paper"
    best = "best"
    both = "both"


Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]

Moved = Annotated[
    str | None,
    typer.Option(metavar="DATA.zarr", help="Where the dataset lies now, if it has moved.", show_default=False),
]


def bench(
    track: Annotated[str, typer.Argument(help="What to measure; `whence tracks` lists them.")],
    data: Annotated[str, typer.Argument(metavar="DATA.zarr", help="Dataset: a path or an fsspec URL.")],
    method: Annotated[
        list[str] | None,
        typer.Option(metavar="M ...", help="NAME[:key=value] or file.py:Name. [default: every baseline]"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Run folder. [default: runs/TRACK-FINGERPRINT]")
    ] = None,
    snr: Snr = None,
    distractor: Distractor = None,
    clip_seconds: ClipSeconds = None,
    window: Window = None,
    votes: Votes = None,
    reverberation: Reverberation = None,
    sources: Sources = None,
    dominance: Dominance = None,
    split: InSplit = None,
    protocol: Annotated[
        Protocol, typer.Option(help="For methods that tell them apart: as published, as is right, or both.")
    ] = Protocol.paper,
    max_samples: Annotated[
        int | None,
        typer.Option(min=1, help="Score the first N samples only. [default: all]", show_default=False),
    ] = None,
    device: Annotated[
        Device | None, typer.Option(help="Where learned methods run. [default: cpu]", show_default=False)
    ] = None,
    json: Json = False,
) -> None:
    """Run methods on a track under a grid of conditions; rerun to compute only what is missing."""
    from ..benchmarks.bench import bench as run_bench
    from ..benchmarks.bench import bench_sealed
    from ..benchmarks.questions.sealed import is_sealed, sealed_conditions
    from ..datagen.dataset import Dataset
    from ..registry import load_track

    chosen, dataset = load_track(track), Dataset(data)
    folder = out or Path("runs") / f"{track}-{dataset.fingerprint[:8]}"
    if folder.is_file():
        raise InputError(f"--out {folder} is a file: give a folder")
    given = given_options(
        snr=snr,
        distractor=distractor,
        clip_seconds=clip_seconds,
        window=window,
        votes=votes,
        reverberation=reverberation,
        sources=sources,
        dominance=dominance,
    )
    sealed = is_sealed(dataset)
    own = sealed_conditions(dataset, track) if sealed else chosen.default_conditions
    how: dict[str, Any] = {
        "methods": method or (),
        "conditions": chosen.stimulus.conditions(given, own, track) if given else own,
        "protocol": protocol.value,
        "max_samples": max_samples,
        "split": split and split.value,
        "device": device and device.value,
    }
    if sealed:
        _show_sealed(data, folder, bench_sealed(track, data, folder, **how), json)
    else:
        show(run_bench(track, data, folder, **how), json)


def _show_sealed(data: str, folder: Path, files: "Sequence[Path]", as_json: bool) -> None:
    """Say where the predictions for the sealed set `data` lie, and where scores come from."""
    if as_json:
        from json import dumps

        listing = {"data": data, "sealed": True, "predictions": [str(path) for path in files]}
        typer.echo(dumps(listing, indent=1))
        return
    typer.echo(f"predictions ({len(files)} files): {folder}/predictions")
    typer.echo(f"{data} is sealed, so nothing is scored here: scores come from the board (`whence submit`)")


def show(run: "Run", as_json: bool) -> None:
    """Print the tables of `run` and where its files lie."""
    from ..benchmarks.display.text_table import rich_table
    from ..benchmarks.report.tables import main_table, published_table
    from ..benchmarks.scoring.results import RESULTS

    if as_json:
        typer.echo((run.folder / RESULTS).read_text(encoding="utf-8"), nl=False)
        return
    console = terminal()
    console.print(rich_table(main_table(run.results, run.track, run.track.metrics[0])))
    published = published_table(run.results, run.track, baselines_only=True)
    if published:
        console.print(rich_table(published))
    typer.echo(f"every metric and condition: {run.folder}/tables.md, pictures: {run.folder}/report.html")


def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run folders of the same track and dataset.")],
    metric: Annotated[str | None, typer.Option(help="Metric. [default: the track's first]", show_default=False)] = None,
    data: Moved = None,
    by_rt60: Annotated[bool, typer.Option("--by-rt60", help="Compare within each nominal RT60 too.")] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.md", help="Also write Markdown here.", show_default=False)
    ] = None,
    json: Json = False,
) -> None:
    """Compare methods sample by sample: paired differences with 95 % intervals, and rank groups."""
    from json import dumps

    from ..benchmarks.bench import open_run
    from ..benchmarks.display.text_table import markdown, rich_table
    from ..benchmarks.scoring.compare import comparison_table, comparisons
    from ..benchmarks.scoring.results import finite

    found = comparisons([open_run(folder, data) for folder in runs], metric, by_rt60=by_rt60)
    if json:
        typer.echo(dumps([finite(vars(row)) for row in found], indent=1, allow_nan=False))
        return
    table = comparison_table(found)
    terminal().print(rich_table(table))
    if out:
        out.write_text(markdown(table), encoding="utf-8")


def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run folders.")],
    data: Moved = None,
) -> None:
    """Write report.html, tables.md and tables.tex of finished runs anew."""
    from ..benchmarks.bench import open_run, write_pages

    for folder in runs:
        write_pages(open_run(folder, data))
        typer.echo(f"{folder}/report.html")
