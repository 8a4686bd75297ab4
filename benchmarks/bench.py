"""One call for a whole bench: predict what is missing, score, and write every output into the run folder."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..datagen.dataset import Dataset
from ..errors import InputError
from ..registry import load_track
from . import tables
from .conditions import Condition
from .harness import Plan, predict
from .method import PROTOCOLS, load_methods
from .predictions import Predictions, read_predictions
from .results import Results, read_results, score, write_results
from .track import Labels, Track

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
) -> Run:
    """Run `methods` (all baselines where none is named) on the dataset at `url` and write everything to `folder`."""
    track = load_track(track_name)
    dataset = Dataset(url)
    labels = track.labels(dataset).first(max_samples)
    protocols = PROTOCOLS if protocol == "both" else (protocol,)
    loaded = load_methods(methods or track.default_methods, track_name, protocols)
    grid = list(conditions) or list(track.default_conditions)
    files = predict(Plan(track, dataset, labels, loaded, grid, folder))
    predictions = [read_predictions(path) for path in files]
    results = score(track, dataset, labels, predictions, protocol)
    run = Run(folder, track, dataset, labels, predictions, results)
    write_outputs(run, files)
    return run


def write_outputs(run: Run, files: Sequence[Path]) -> None:
    """Write results, tables and report of `run` into its folder, and which prediction files they come from."""
    write_results(run.results, run.folder)
    listing = {
        "data": str(Path(run.dataset.url).resolve()) if run.dataset.folder.local else run.dataset.url,
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


def open_run(folder: Path) -> Run:
    """Return the finished run in `folder`; raises InputError where its dataset has changed or gone."""
    results = read_results(folder)
    listing = json.loads((folder / RUN).read_text(encoding="utf-8"))
    track, dataset = load_track(results.track), Dataset(listing["data"])
    if dataset.fingerprint != results.dataset["fingerprint"]:
        raise InputError(f"{listing['data']} is no longer the dataset that {folder} was run on: bench it again")
    labels = track.labels(dataset).first(listing["samples"])
    predictions = [read_predictions(folder / name) for name in listing["predictions"]]
    return Run(folder, track, dataset, labels, predictions, results)
