"""Scores: values with intervals, ranks and skill from per-sample terms."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...errors import InputError
from ...files import written_whole
from ..questions.labels import Labels
from ..questions.metrics import Metric, Vector
from ..questions.settings import Stated
from ..questions.track import Track
from .scored import Scored, chosen, joined, metric_terms, settled, terms_of
from .statistics import FEWEST_CLUSTERS, Clusters, Estimator, Interval, estimate, interval_of, ranks_of, skill

RESULTS = "results.json"
CHANCE, CEILING = "chance", "ceiling"
"""The rows that are not methods."""
MAPS_TOGETHER = 500
"""Maps of chance and ceiling in memory at once."""


@dataclass(frozen=True)
class Row:
    """One score: of `method` under `condition` by `metric`, with its 95 % interval over `n` samples.

    Methods that noise cannot separate from the best of them share its `rank`, which is None if there are too few
    clusters. `condition` lacks the keys of sample parts if all samples are pooled. `diagnostics` are medians of the
    method's outputs besides its answers.
    """

    method: str
    condition: Stated
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
class Subset:
    """All samples of one condition or a part: their indices in the labels, and the methods scored on them."""

    condition: Stated
    keep: npt.NDArray[np.intp]
    methods: Mapping[str, Scored]


@dataclass(frozen=True)
class Results:
    """All scores of a run, as `results.json` holds them.

    `dataset` is its travelling recipe (see `datagen.recipes`) with {split, published: the benchmarks whose published
    numbers compare}; `made` is {commands, seed, software, machine}, empty for older runs.
    """

    track: str
    dataset: Mapping[str, Any]
    protocol: str
    rows: Sequence[Row] = field(default_factory=list)
    made: Mapping[str, Any] = field(default_factory=dict)

    def frame(self) -> pd.DataFrame:
        """Return the rows as a table with a column for each condition key."""
        return pd.DataFrame(
            [
                {**row.condition, **{k: v for k, v in vars(row).items() if k not in _NESTED}, **row.diagnostics}
                for row in self.rows
            ]
        )

    def find(self, **wanted: Any) -> list[Row]:
        """Return the rows whose fields or condition keys equal `wanted`; None matches a key that is absent."""
        return [row for row in self.rows if all(_field(row, key) == value for key, value in wanted.items())]


_NESTED = ("condition", "diagnostics")


def _field(row: Row, key: str) -> Any:
    return getattr(row, key) if hasattr(row, key) else row.condition.get(key)


def subsets(labels: Labels, scored: Sequence[Scored]) -> Iterator[Subset]:
    """Yield every condition of a run, first with all samples, then with each part given by the dataset's groups."""
    by_condition: dict[tuple[tuple[str, Any], ...], dict[str, Scored]] = {}
    for one in scored:
        by_condition.setdefault(tuple(one.condition.items()), {})[one.method] = one
    for settings, methods in by_condition.items():
        condition = dict(settings)
        yield Subset(condition, np.arange(len(labels)), methods)
        for name, group in labels.groups.items():
            for level in np.unique(group):
                yield Subset({**condition, name: float(level)}, np.flatnonzero(group == level), methods)


def score(
    track: Track,
    labels: Labels,
    scored: Sequence[Scored],
    about: Mapping[str, Any],
    protocol: str,
    estimator: Estimator = estimate,
) -> Results:
    """Return the scores of all methods `scored` on `labels`; `about` describes the dataset."""
    bounds = Bounds(track, labels)
    rows = [
        row
        for subset in subsets(labels, scored)
        for metric in track.metrics
        for row in _score_subset(labels, bounds, subset, metric, estimator)
    ]
    return Results(track.name, about, protocol, rows)


class Bounds:
    """The terms of chance and of the ceiling on parts of some labels, each computed once."""

    def __init__(self, track: Track, labels: Labels) -> None:
        self._track, self._labels = track, labels
        self._known: dict[tuple[str, bytes], dict[str, Vector]] = {}

    def terms(self, metric: Metric, keep: npt.NDArray[np.intp]) -> Mapping[str, Vector]:
        """Return the terms (n,) of both, by name, on the samples `keep` (n,), all of which count."""
        if self._track.answer.shape:
            return {name: terms[metric.name][keep] for name, terms in self._of_maps.items()}
        key = metric.name, keep.tobytes()
        if key not in self._known:
            labels = self._labels.take(keep)
            answers = {CHANCE: self._track.chance(labels), CEILING: self._track.ceiling(labels)}
            self._known[key] = {name: metric_terms(metric, labels, values) for name, values in answers.items()}
        return self._known[key]

    @cached_property
    def _of_maps(self) -> dict[str, dict[str, Vector]]:
        """The terms of both on all labels by metric, some samples at a time, since maps are large."""
        metrics, parts = self._track.metrics, self._labels.batches(MAPS_TOGETHER)
        found = {}
        for name, answers in ((CHANCE, self._track.chance), (CEILING, self._track.ceiling)):
            terms = [terms_of(metrics, part, self._track.answer.rounded(answers(part))) for part in parts]
            found[name] = settled(metrics, self._labels.truth, joined(terms, metrics))
        return found


def _score_subset(
    labels: Labels, bounds: Bounds, subset: Subset, metric: Metric, estimator: Estimator
) -> Iterator[Row]:
    """Yield the rows of one subset and metric: chance, ceiling, then every method; none if no sample counts."""
    keep = chosen(metric, labels, subset.keep)
    if not keep.size:
        return
    clusters = Clusters.of(labels.clusters[keep])
    terms = {name: one.terms[metric.name][keep] for name, one in subset.methods.items()}
    oracles = {name for name, one in subset.methods.items() if one.is_oracle}
    for row in score_terms(metric, bounds.terms(metric, keep), clusters, terms, estimator, oracles):
        one = subset.methods.get(row.method)
        more = {} if one is None else _said(one, subset.keep)
        yield replace(row, condition=subset.condition, **more)


def _said(one: Scored, keep: npt.NDArray[np.intp]) -> dict[str, Any]:
    """Return a method's seconds per sample and the median of each diagnostic over the samples `keep`."""
    known = {name: values[keep][np.isfinite(values[keep])] for name, values in one.diagnostics.items()}
    medians = {name: float(np.median(v)) if v.size else None for name, v in known.items()}
    return {"seconds_per_sample": one.seconds_per_sample, "diagnostics": medians}


def score_terms(
    metric: Metric,
    bounds: Mapping[str, Vector],
    clusters: Clusters,
    terms: Mapping[str, Vector],
    estimator: Estimator,
    unranked: Collection[str] = (),
) -> Iterator[Row]:
    """Yield the rows, without a condition, of chance, the ceiling and every method, from terms (n,) by name.

    `bounds` are the terms of chance and ceiling. All are of the same samples. Methods that are `unranked`, such as
    oracles, do not compete.
    """
    chance, ceiling = (metric.summarise(bounds[name]) for name in (CHANCE, CEILING))
    estimates = {name: estimator(metric, own, clusters) for name, own in terms.items()}
    ranks = ranks_of(metric, {name: one for name, one in estimates.items() if name not in unranked})
    intervals = {
        CHANCE: interval_of(metric, estimator(metric, bounds[CHANCE], clusters)),
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
            n=len(clusters.codes),
            skill=skill(interval.value, chance, ceiling),
            rank=ranks.get(name),
        )


def why_unranked(labels: Labels) -> str:
    """Return one line on why methods on `labels` have no ranks; empty if they have."""
    count = len(set(labels.clusters.tolist()))
    if count >= FEWEST_CLUSTERS:
        return ""
    what = labels.cluster_name if count == 1 else f"{labels.cluster_name}s"
    return f"no ranks: {count} {what} cannot tell methods apart, {FEWEST_CLUSTERS} or more can"


def write_results(results: Results, run: Path) -> None:
    """Write `results.json` and `results.csv` into the folder `run`."""
    content = {
        "track": results.track,
        "dataset": results.dataset,
        "protocol": results.protocol,
        "made": results.made,
        "rows": [finite(vars(row)) for row in results.rows],
    }
    with written_whole(run / RESULTS) as partial:
        partial.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    with written_whole(run / "results.csv") as partial:
        results.frame().to_csv(partial, index=False)


def finite(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return `row` with NaN and infinity, which JSON lacks, as null."""
    return {key: None if isinstance(value, float) and not np.isfinite(value) else value for key, value in row.items()}


def read_results(run: Path) -> Results:
    """Return the results in the folder `run`; raises InputError if there are none."""
    path = run / RESULTS
    if not path.is_file():
        raise InputError(f"{run} holds no {RESULTS}: give the --out folder of a `whence bench`")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        rows = [Row(**{key: _number(key, value) for key, value in row.items()}) for row in content["rows"]]
        dataset = {key: content["dataset"][key] for key in ("fingerprint", "name", "recipe")}
        dataset |= {"split": None, "published": []} | content["dataset"]
        return Results(content["track"], dataset, content["protocol"], rows, dict(content.get("made", {})))
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is not a results file of Whence: {error}") from None


def _number(key: str, value: Any) -> Any:
    return float("nan") if value is None and key in ("value", "ci_low", "ci_high", "skill") else value
