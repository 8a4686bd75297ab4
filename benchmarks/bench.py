"""One call for a whole bench: predict what is missing, score, and write every output into the run folder."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..datagen.dataset import Dataset
from ..datagen.storage import Folder
from ..errors import InputError
from ..registry import load_track
from . import tables
from .harness import Plan, predict
from .labels import Labels
from .method import PROTOCOLS, load_methods
from .predictions import Predictions, read_predictions
from .results import RESULTS, Results, read_results, score, write_results
from .stimulus import Condition
from .track import Track, chosen_split

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
    track = load_track(track_name)
    dataset = Dataset(url)
    _check_folder(folder, track_name, dataset)
    split = chosen_split(dataset, split)
    labels = track.labels(dataset, split).first(max_samples)
    protocols = PROTOCOLS if protocol == "both" else (protocol,)
    loaded = load_methods(methods or track.default_methods, track_name, protocols, device)
    grid = [track.stimulus.suited(dataset, condition) for condition in conditions or track.default_conditions]
    files = predict(Plan(track, dataset, labels, loaded, grid, folder, split))
    predictions = [read_predictions(path) for path in files]
    results = score(track, dataset, labels, predictions, protocol, split)
    run = Run(folder, track, dataset, labels, predictions, results)
    write_outputs(run, files)
    return run


def write_outputs(run: Run, files: Sequence[Path]) -> None:
    """Write results, tables and report of `run` into its folder, and which prediction files they come from."""
    write_results(run.results, run.folder)
    listing = {
        "data": run.dataset.folder.absolute,
        "data_from_here": os.path.relpath(run.dataset.folder.absolute, run.folder.resolve()),
        "samples": len(run.labels),
        "predictions": [str(path.relative_to(run.folder)) for path in files],
    }
    (run.folder / RUN).write_text(json.dumps(listing, indent=1) + "\n", encoding="utf-8")
    write_pages(run)


def write_pages(run: Run) -> None:
    """Write what people read of `run`: tables and report."""
    tables.write_tables(run.results, run.track, run.folder)
    from .report import write_report  # draws: loaded when there is something to draw

    write_report(run)


def open_run(folder: Path, data: str | None = None) -> Run:
    """Return the finished run in `folder`; `data` is where its dataset lies now, if it has moved.

    Raises InputError where the dataset has changed or gone, or the folder holds no finished run.
    """
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
    if not (folder / RESULTS).exists():
        return
    there = read_results(folder)
    if (there.track, there.dataset["fingerprint"]) != (track, dataset.fingerprint):
        raise InputError(
            f"--out {folder} holds a run of track {there.track!r} on another dataset or track: choose another"
        )
