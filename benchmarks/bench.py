"""One call for a whole bench: predict what is missing, score, and write every output into the run folder."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..datagen.dataset import Dataset
from ..datagen.storage import Folder
from ..errors import InputError
from ..registry import load_track
from .questions.labels import Labels
from .questions.sealed import is_sealed
from .questions.stimulus import Condition
from .questions.track import Track, chosen_split
from .report import tables
from .running.harness import Plan, predict
from .running.method import PROTOCOLS, load_methods
from .running.predictions import Predictions, read_predictions
from .scoring.results import RESULTS, Results, read_results, score, write_results

RUN = "run.json"


@dataclass(frozen=True)
class Run:
    """A finished run: where it lies, what it measured, on what, and every prediction."""

    folder: Path
    track: Track
    dataset: Dataset
    labels: Labels
    predictions: Sequence[Predictions]
    results: Results


def bench(
    track_name: str,
    url: str,
    folder: Path,
    *,
    methods: Sequence[str] = (),
    conditions: Sequence[Condition] = (),
    protocol: str = "paper",
    max_samples: int | None = None,
    split: str | None = None,
    device: str | None = None,
) -> Run:
    """Run `methods` (all baselines where none is named) on the dataset at `url` and write everything to `folder`.

    Of a dataset with splits only `split` is scored, by default `test`; learned methods run on `device`.
    """
    dataset = Dataset(url)
    if is_sealed(dataset):
        raise InputError(f"{url} is sealed: its scores come from the board, a bench writes predictions alone")
    plan = _plan(track_name, dataset, folder, methods, conditions, protocol, max_samples, split, device)
    files = predict(plan)
    predictions = [read_predictions(path) for path in files]
    results = score(plan.track, dataset, plan.labels, predictions, protocol, plan.split)
    run = Run(folder, plan.track, dataset, plan.labels, predictions, results)
    write_outputs(run, files)
    return run


def bench_sealed(
    track_name: str,
    url: str,
    folder: Path,
    *,
    methods: Sequence[str] = (),
    conditions: Sequence[Condition] = (),
    protocol: str = "paper",
    max_samples: int | None = None,
    split: str | None = None,
    device: str | None = None,
) -> list[Path]:
    """Run `methods` (all baselines where none is named) on the sealed set at `url`; return their prediction files.

    They are run under those `conditions` that are asked for, by default all that the set holds. Nothing is scored:
    nobody but the board knows what is true. Raises InputError for a dataset that is not sealed.
    """
    dataset = Dataset(url)
    if not is_sealed(dataset):
        raise InputError(f"{url} is a dataset of kind {dataset.name!r}, which is not sealed")
    plan = _plan(track_name, dataset, folder, methods, conditions, protocol, max_samples, split, device)
    files = predict(plan)
    sealed = {"track": track_name, "fingerprint": dataset.fingerprint}
    _write_listing(folder, dataset, plan.labels, files, {"sealed": sealed})
    return files


def _plan(
    track_name: str,
    dataset: Dataset,
    folder: Path,
    methods: Sequence[str],
    conditions: Sequence[Condition],
    protocol: str,
    max_samples: int | None,
    split: str | None,
    device: str | None,
) -> Plan:
    """Return what is to be run; raises InputError for what cannot."""
    track = load_track(track_name)
    _check_folder(folder, track_name, dataset)
    split = chosen_split(dataset, split)
    labels = track.labels(dataset, split).first(max_samples)
    protocols = PROTOCOLS if protocol == "both" else (protocol,)
    loaded = load_methods(methods or track.default_methods, track_name, protocols, device)
    return Plan(track, dataset, labels, loaded, track.conditions(dataset, conditions), folder, split)


def write_outputs(run: Run, files: Sequence[Path]) -> None:
    """Write results, tables and report of `run` into its folder, and which prediction files they come from."""
    write_results(run.results, run.folder)
    _write_listing(run.folder, run.dataset, run.labels, files, {})
    write_pages(run)


def _write_listing(
    folder: Path, dataset: Dataset, labels: Labels, files: Sequence[Path], more: Mapping[str, Any]
) -> None:
    """Write `run.json`: where the dataset lies, how many samples were run, which files hold the predictions."""
    listing = {
        "data": dataset.folder.absolute,
        "data_from_here": os.path.relpath(dataset.folder.absolute, folder.resolve()),
        "samples": len(labels),
        "predictions": [str(path.relative_to(folder)) for path in files],
        **more,
    }
    (folder / RUN).write_text(json.dumps(listing, indent=1) + "\n", encoding="utf-8")


def write_pages(run: Run) -> None:
    """Write what people read of `run`: tables and report."""
    tables.write_tables(run.results, run.track, run.folder)
    from .report.page import write_report  # draws: loaded when there is something to draw

    write_report(run)


def open_run(folder: Path, data: str | None = None) -> Run:
    """Return the finished run in `folder`; `data` is where its dataset lies now, if it has moved.

    Raises InputError where the dataset has changed or gone, or the folder holds no finished run.
    """
    if sealed_run(folder) is not None:
        raise InputError(f"{folder} was run on a sealed set: its scores come from the board (`whence submit`)")
    results = read_results(folder)
    listing = _listing(folder)
    url = data or next((u for u in (listing["data"], listing["data_from_here"]) if Folder(u).exists()), None)
    if url is None:
        raise InputError(f"{listing['data']}, the dataset of {folder}, has moved: give it with --data DATA.zarr")
    track, dataset = load_track(results.track), Dataset(url)
    if dataset.fingerprint != results.dataset["fingerprint"]:
        raise InputError(f"{url} is not the dataset that {folder} was run on: bench it again")
    labels = track.labels(dataset, results.dataset["split"]).first(listing["samples"])
    predictions = [read_predictions(folder / name) for name in listing["predictions"]]
    return Run(folder, track, dataset, labels, predictions, results)


def _listing(folder: Path) -> dict[str, Any]:
    """Return what `run.json` says of a finished run, the dataset's place from the run folder made whole."""
    try:
        listing = dict(json.loads((folder / RUN).read_text(encoding="utf-8")))
        listing["data_from_here"] = str(folder / listing["data_from_here"])
        return {key: listing[key] for key in ("data", "data_from_here", "samples", "predictions")}
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InputError(f"{folder / RUN} cannot be read ({error}): run the bench again") from None


def _check_folder(folder: Path, track: str, dataset: Dataset) -> None:
    """Refuse to write a run into a dataset, or over the run of another track or dataset."""
    if any(part.endswith(".zarr") for part in folder.resolve().parts):
        raise InputError(f"--out {folder} lies inside a dataset: choose another folder")
    there = _run_there(folder)
    if there is not None and there != (track, dataset.fingerprint):
        raise InputError(
            f"--out {folder} holds a run of track {there[0]!r} on another dataset or track: choose another"
        )


def _run_there(folder: Path) -> tuple[str, str] | None:
    """Return track and fingerprint of the run in `folder`, None where there is none."""
    sealed = sealed_run(folder)
    if sealed is not None or not (folder / RESULTS).exists():
        return sealed
    results = read_results(folder)
    return results.track, results.dataset["fingerprint"]


def sealed_run(folder: Path) -> tuple[str, str] | None:
    """Return track and fingerprint of the run in `folder` on a sealed set, None where it holds no such run."""
    try:
        sealed = json.loads((folder / RUN).read_text(encoding="utf-8"))["sealed"]
        return sealed["track"], sealed["fingerprint"]
    except (OSError, ValueError, TypeError, KeyError):
        return None
