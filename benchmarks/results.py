"""The second loop: predictions files to scores with intervals, ranks and skill."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..datagen.dataset import Dataset
from ..errors import InputError
from .method import RESERVED
from .metrics import Metric
from .predictions import Predictions
from .statistics import Clusters, Interval, bootstrap_interval, rank_groups, skill
from .track import Labels, Track

RESULTS = "results.json"
CHANCE, CEILING = RESERVED


@dataclass(frozen=True)
class Row:
    """One score: of `method` under `condition` by `metric`, with its 95 % interval over `n` samples.

    `rank` is shared by methods whose paired difference cannot be told from zero. `condition` lacks the key
    `rt60_nominal` where all rooms are pooled.
    """

    method: str
    condition: Mapping[str, float | None]
    metric: str
    unit: str
    value: float
    ci_low: float
    ci_high: float
    n: int
    skill: float
    rank: int | None
    seconds_per_sample: float | None = None


@dataclass(frozen=True)
class Cell:
    """The samples of one condition: which of the labels (indices), and each method's predictions for them."""

    condition: Mapping[str, float | None]
    keep: npt.NDArray[np.intp]
    predictions: Mapping[str, npt.NDArray[np.float64]]
    seconds: Mapping[str, float]


@dataclass(frozen=True)
class Results:
    """All scores of a run, as `results.json` holds them."""

    track: str
    dataset: Mapping[str, Any]
    protocol: str
    rows: Sequence[Row] = field(default_factory=list)

    def frame(self) -> pd.DataFrame:
        """Return the rows as a table, a column a condition key."""
        return pd.DataFrame(
            [{**row.condition, **{k: v for k, v in vars(row).items() if k != "condition"}} for row in self.rows]
        )

    def find(self, **wanted: Any) -> list[Row]:
        """Return the rows whose fields or condition keys equal `wanted`; None asks for a key that is not there."""
        return [row for row in self.rows if all(_field(row, key) == value for key, value in wanted.items())]


def _field(row: Row, key: str) -> Any:
    return getattr(row, key) if hasattr(row, key) else row.condition.get(key)


def cells(labels: Labels, predictions: Sequence[Predictions]) -> Iterator[Cell]:
    """Yield the cells of a run: every condition, first with all samples, then split by the dataset's own groups."""
    by_condition: dict[Any, list[Predictions]] = {}
    for one in predictions:
        by_condition.setdefault(one.condition, []).append(one)
    for condition, files in by_condition.items():
        values = {one.method: one.values(labels) for one in files}
        seconds = {one.method: float(one.metadata["seconds_per_sample"]) for one in files}
        yield Cell(condition.stated(), np.arange(len(labels)), values, seconds)
        for name, group in labels.groups.items():
            for level in np.unique(group):
                keep = np.flatnonzero(group == level)
                yield Cell({**condition.stated(), name: float(level)}, keep, values, seconds)


def score(track: Track, dataset: Dataset, labels: Labels, predictions: Sequence[Predictions], protocol: str) -> Results:
    """Return the scores of all `predictions`, which must be of `labels`."""
    rows = [
        row
        for cell in cells(labels, predictions)
        for metric in track.metrics
        for row in _score_cell(track, labels, cell, metric)
    ]
    about = {"fingerprint": dataset.fingerprint, "name": dataset.name, "recipe": dataset.recipe}
    return Results(track.name, about, protocol, rows)


def _score_cell(track: Track, labels: Labels, cell: Cell, metric: Metric) -> Iterator[Row]:
    """Yield the rows of one cell and metric: chance, ceiling, then every method."""
    truth = labels.truth[cell.keep]
    clusters = Clusters.of(labels.clusters[cell.keep])
    bounds = {CHANCE: track.chance(truth), CEILING: track.ceiling(truth)}
    terms = {name: metric.per_sample(truth, values) for name, values in bounds.items()}
    chance, ceiling = (metric.summarise(terms[name]) for name in (CHANCE, CEILING))
    methods = {name: metric.per_sample(truth, values[cell.keep]) for name, values in cell.predictions.items()}
    ranks = rank_groups(metric, methods, clusters)
    exact = Interval(ceiling, ceiling, ceiling)
    for name, own in {**terms, **methods}.items():
        interval = exact if name == CEILING else bootstrap_interval(metric, own, clusters)
        yield Row(
            method=name,
            condition=cell.condition,
            metric=metric.name,
            unit=metric.unit,
            value=interval.value,
            ci_low=interval.low,
            ci_high=interval.high,
            n=len(truth),
            skill=skill(interval.value, chance, ceiling),
            rank=ranks.get(name),
            seconds_per_sample=cell.seconds.get(name),
        )


def write_results(results: Results, run: Path) -> None:
    """Write `results.json` and `results.csv` into the folder `run`."""
    run.mkdir(parents=True, exist_ok=True)
    content = {
        "track": results.track,
        "dataset": results.dataset,
        "protocol": results.protocol,
        "rows": [finite(vars(row)) for row in results.rows],
    }
    (run / RESULTS).write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    results.frame().to_csv(run / "results.csv", index=False)


def finite(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return `row` with what JSON lacks, NaN and infinity, as null."""
    return {key: None if isinstance(value, float) and not np.isfinite(value) else value for key, value in row.items()}


def read_results(run: Path) -> Results:
    """Return the results in the folder `run`; raises InputError where there are none."""
    path = run / RESULTS
    if not path.is_file():
        raise InputError(f"{run} holds no {RESULTS}: give the --out folder of a `whence bench`")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        rows = [Row(**{key: _number(key, value) for key, value in row.items()}) for row in content["rows"]]
        dataset = {key: content["dataset"][key] for key in ("fingerprint", "name", "recipe")}
        return Results(content["track"], dataset, content["protocol"], rows)
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is no results file of Whence: {error}") from None


def _number(key: str, value: Any) -> Any:
    return float("nan") if value is None and key in ("value", "ci_low", "ci_high", "skill") else value
