"""The second loop: predictions files to scores with intervals, ranks and skill."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...datagen.dataset import Dataset
from ...errors import InputError
from ..questions.labels import Labels
from ..questions.metrics import Metric
from ..questions.track import Track
from ..running.method import RESERVED
from ..running.predictions import Predictions
from .statistics import Clusters, Estimator, Interval, estimate, interval_of, ranks_of, skill

RESULTS = "results.json"
CHANCE, CEILING = RESERVED


@dataclass(frozen=True)
class Row:
    """One score: of `method` under `condition` by `metric`, with its 95 % interval over `n` samples.

    `rank` is shared by methods that cannot be told from the best of them. `condition` lacks the
    `GROUP_KEYS` where all samples are pooled. `diagnostics` are medians of what the method says besides.
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
    diagnostics: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Cell:
    """The samples of one condition: which of the labels (indices), and each method's predictions for them."""

    condition: Mapping[str, float | None]
    keep: npt.NDArray[np.intp]
    predictions: Mapping[str, npt.NDArray[np.float64]]
    seconds: Mapping[str, float]
    diagnostics: Mapping[str, Mapping[str, float | None]]


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
            [
                {**row.condition, **{k: v for k, v in vars(row).items() if k not in _NESTED}, **row.diagnostics}
                for row in self.rows
            ]
        )

    def find(self, **wanted: Any) -> list[Row]:
        """Return the rows whose fields or condition keys equal `wanted`; None asks for a key that is not there."""
        return [row for row in self.rows if all(_field(row, key) == value for key, value in wanted.items())]


_NESTED = ("condition", "diagnostics")


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
        everything = np.arange(len(labels))
        yield Cell(condition.stated(), everything, values, seconds, _medians(files, everything))
        for name, group in labels.groups.items():
            for level in np.unique(group):
                keep = np.flatnonzero(group == level)
                part = {**condition.stated(), name: float(level)}
                yield Cell(part, keep, values, seconds, _medians(files, keep))


def _medians(files: Sequence[Predictions], keep: npt.NDArray[np.intp]) -> dict[str, dict[str, float | None]]:
    """Return the median of each diagnostic of each method over the samples `keep`; None where none is known."""
    found: dict[str, dict[str, float | None]] = {}
    for one in files:
        known = {name: values[keep][np.isfinite(values[keep])] for name, values in one.diagnostics.items()}
        found[one.method] = {name: float(np.median(v)) if v.size else None for name, v in known.items()}
    return found


def score(
    track: Track,
    dataset: Dataset,
    labels: Labels,
    predictions: Sequence[Predictions],
    protocol: str,
    split: str | None = None,
    estimator: Estimator = estimate,
) -> Results:
    """Return the scores of all `predictions`, which must be of `labels`, the samples of `split`."""
    rows = [
        row
        for cell in cells(labels, predictions)
        for metric in track.metrics
        for row in _score_cell(track, labels, cell, metric, estimator)
    ]
    about = {"fingerprint": dataset.fingerprint, "name": dataset.name, "recipe": dataset.recipe, "split": split}
    return Results(track.name, about, protocol, rows)


def _score_cell(track: Track, labels: Labels, cell: Cell, metric: Metric, estimator: Estimator) -> Iterator[Row]:
    """Yield the rows of one cell and metric: chance, ceiling, then every method; none where no sample counts."""
    keep = cell.keep[metric.counted(labels.truth[cell.keep])]
    if not keep.size:
        return
    truth, clusters = labels.truth[keep], Clusters.of(labels.clusters[keep])
    terms = {name: metric.per_sample(truth, values[keep]) for name, values in cell.predictions.items()}
    for row in score_terms(track, metric, truth, clusters, terms, estimator):
        seconds, diagnostics = cell.seconds.get(row.method), cell.diagnostics.get(row.method, {})
        yield replace(row, condition=cell.condition, seconds_per_sample=seconds, diagnostics=diagnostics)


def score_terms(
    track: Track,
    metric: Metric,
    truth: npt.NDArray[np.float64],
    clusters: Clusters,
    terms: Mapping[str, npt.NDArray[np.float64]],
    estimator: Estimator,
) -> Iterator[Row]:
    """Yield the rows, without a condition, of chance, the ceiling and every method, whose terms (n,) are by name.

    All are of the same samples, of which `truth` (n,) is true.
    """
    bounds = {CHANCE: track.chance(truth), CEILING: track.ceiling(truth)}
    levels = {name: metric.per_sample(truth, values) for name, values in bounds.items()}
    chance, ceiling = (metric.summarise(levels[name]) for name in (CHANCE, CEILING))
    estimates = {name: estimator(metric, own, clusters) for name, own in terms.items()}
    ranks = ranks_of(metric, estimates)
    intervals = {
        CHANCE: interval_of(metric, estimator(metric, levels[CHANCE], clusters)),
        CEILING: Interval(ceiling, ceiling, ceiling),
        **{name: interval_of(metric, own) for name, own in estimates.items()},
    }
    for name, interval in intervals.items():
        yield Row(
            method=name,
            condition={},
            metric=metric.name,
            unit=metric.unit,
            value=interval.value,
            ci_low=interval.low,
            ci_high=interval.high,
            n=len(truth),
            skill=skill(interval.value, chance, ceiling),
            rank=ranks.get(name),
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
        dataset["split"] = content["dataset"].get("split")
        return Results(content["track"], dataset, content["protocol"], rows)
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is no results file of Whence: {error}") from None


def _number(key: str, value: Any) -> Any:
    return float("nan") if value is None and key in ("value", "ci_low", "ci_high", "skill") else value
