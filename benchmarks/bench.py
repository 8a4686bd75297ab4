"""A whole bench in one call: predict what is missing, score all files of the run, write all outputs."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..datagen.dataset import Dataset
from ..errors import InputError
from ..locks import sole_writer
from ..registry import load_track
from ..threads import thread_policy
from .questions.source import Source, open_source, oracles_refused
from .questions.stimulus import Condition
from .report.files import remove_report
from .report.tables import write_tables
from .running.harness import Grid, predict
from .running.making import with_making
from .running.method import PROTOCOLS, LoadedMethod, installed, load_methods
from .running.run import Run, belonging_to, check_folder, open_run, prediction_files, scored_run, write_listing
from .scoring.results import write_results

__all__ = ["Run", "bench", "open_run", "usual_folder", "write_outputs", "write_pages"]


def usual_folder(track_name: str, dataset: Dataset) -> Path:
    """Return the run folder of a bench that names none: runs/TRACK-FINGERPRINT."""
    return Path("runs") / f"{track_name}-{dataset.fingerprint[:8]}"


def bench(
    track_name: str,
    url: str,
    folder: Path,
    *,
    methods: Sequence[Any] | Mapping[str, Any] = (),
    conditions: Sequence[Condition] = (),
    protocol: str = "paper",
    max_samples: int | None = None,
    split: str | None = None,
    device: str | None = None,
    keep_going: bool = False,
    command: str = "",
    report: bool = True,
    fresh: bool = False,
) -> Run:
    """Run `methods` (default: the track's own) on the dataset at `url` and write everything to `folder`.

    Methods are names with parameters, classes, objects or functions `answer(batch)`; a mapping gives them labels.

    In a dataset with splits only `split` is scored, by default `test`; learned methods run on `device`. Results, tables
    and report cover every prediction file in `folder` that belongs to the run, including older ones. On a sealed set,
    whose labels only the board's host has, predictions are written but not scored.

    `command` is what the user typed, which results and report show. Without `report` none is drawn, and an earlier one,
    which would not cover this run, is removed.

    What is computed already is used again, unless `fresh`. If a method fails, the bench stops, or continues with the
    other methods if `keep_going`. Finished predictions are written before the InputError is raised.
    """
    track, dataset = load_track(track_name), Dataset(url)
    check_folder(folder, track_name, dataset)
    source: Source = open_source(track, dataset, split, max_samples)
    protocols = PROTOCOLS if protocol == "both" else (protocol,)
    loaded = load_methods(methods or installed(track.default_methods), track_name, protocols, device)
    if not methods:
        loaded = [one for one in loaded if _can_run(one, source)]
    grid = Grid(source, loaded, source.conditions(conditions), folder, fresh)
    with sole_writer(folder), thread_policy():
        check_folder(folder, track_name, dataset)  # another bench may have ended there meanwhile
        failures = predict(grid, keep_going)
        files = prediction_files(folder, belonging_to(source), grid.files())
        if files or not failures.by_method:
            run = with_making(scored_run(folder, source, protocol, files), command)
            write_outputs(run, report)
    failures.raise_first()
    return run


def _can_run(method: LoadedMethod, source: Source) -> bool:
    """Return whether `source` has what the default method needs; say why if not."""
    try:
        if source.sealed and method.is_oracle:
            raise oracles_refused(source.dataset)
        getattr(method.method, "prepare", lambda _: None)(source)
    except InputError as error:
        print(f"left out: {method.label}; {error}", file=sys.stderr)
        return False
    return True


def write_outputs(run: Run, report: bool = True) -> None:
    """Write the file list of `run` and, unless it is sealed, results, tables and `report` into its folder."""
    write_listing(run.folder, run.source, run.results.protocol, run.files)
    if not run.source.sealed:
        write_results(run.results, run.folder)
        if report:
            write_pages(run)
        else:
            write_tables(run.results, run.track, run.labels, run.folder)
            remove_report(run.folder)


def write_pages(run: Run) -> None:
    """Write the tables and report of `run`."""
    from .report.page import write_report  # loads matplotlib

    write_tables(run.results, run.track, run.labels, run.folder)
    write_report(run)
