"""Entries against each other: one score over all conditions together, and the differences of all pairs.

Every interval is the paired cluster bootstrap of `benchmarks.statistics` on the same resamples; what is done here is
only to draw them once an entry and not once a pair.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from ..benchmarks.labels import Labels
from ..benchmarks.metrics import Metric
from ..benchmarks.results import CEILING, CHANCE, Row
from ..benchmarks.statistics import (
    CONFIDENCE,
    NEGLIGIBLE,
    Clusters,
    Interval,
    bootstrap_interval,
    rank_groups,
    replicates,
    skill,
)
from ..benchmarks.track import Track
from .standing_record import PairedDifferences
from .submission_file import Condition

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Terms:
    """The first metric's terms of every entry, (conditions, samples) each, on the samples that count.

    `truth` (samples,) and `sample_id` (samples,) are of the same samples.
    """

    metric: Metric
    truth: Float64
    sample_id: npt.NDArray[np.object_]
    clusters: Clusters
    by_entry: Mapping[str, Float64]

    @classmethod
    def of(cls, metric: Metric, labels: Labels, values: Mapping[str, Float64]) -> "Terms":
        """Return the terms of predictions `values` (conditions, samples) by entry, in the order of `labels`."""
        keep = metric.counted(labels.truth)
        truth = labels.truth[keep]
        terms = {key: np.stack([metric.per_sample(truth, row[keep]) for row in rows]) for key, rows in values.items()}
        return cls(metric, truth, labels.sample_id[keep], Clusters.of(labels.clusters[keep]), terms)


def overall_rows(track: Track, terms: Terms, seconds: Mapping[str, float]) -> list[Row]:
    """Return chance, every entry and the ceiling by the mean of their terms over all conditions; condition {}.

    For a metric that is a mean over samples this is the mean of its values over the conditions.
    """
    bounds = {CHANCE: track.chance(terms.truth), CEILING: track.ceiling(terms.truth)}
    levels = {name: terms.metric.per_sample(terms.truth, values) for name, values in bounds.items()}
    means = {key: rows.mean(axis=0) for key, rows in terms.by_entry.items()}
    ranks = rank_groups(terms.metric, means, terms.clusters)
    chance, ceiling = (terms.metric.summarise(levels[name]) for name in (CHANCE, CEILING))
    rows = []
    for name, own in {**levels, **means}.items():
        exact = Interval(ceiling, ceiling, ceiling)
        interval = exact if name == CEILING else bootstrap_interval(terms.metric, own, terms.clusters)
        rows.append(
            Row(
                method=name,
                condition={},
                metric=terms.metric.name,
                unit=terms.metric.unit,
                value=interval.value,
                ci_low=interval.low,
                ci_high=interval.high,
                n=len(own),
                skill=skill(interval.value, chance, ceiling),
                rank=ranks.get(name),
                seconds_per_sample=seconds.get(name),
            )
        )
    return rows


def paired_differences(terms: Terms, conditions: Sequence[Condition]) -> list[PairedDifferences]:
    """Return the differences of all pairs of entries: over all conditions together, then under each."""
    together = {key: rows.mean(axis=0) for key, rows in terms.by_entry.items()}
    parts = [{key: rows[k] for key, rows in terms.by_entry.items()} for k in range(len(conditions))]
    return [
        _all_pairs(terms, condition, part)
        for condition, part in zip([{}, *conditions], [together, *parts], strict=True)
    ]


def _all_pairs(terms: Terms, condition: Condition, by_entry: Mapping[str, Float64]) -> PairedDifferences:
    metric, keys = terms.metric, list(by_entry)
    values = [metric.summarise(by_entry[key]) for key in keys]
    draws = [replicates(metric, by_entry[key], terms.clusters) for key in keys]
    tail = (1 - CONFIDENCE) / 2
    pairs = []
    for i, j in combinations(range(len(keys)), 2):
        low, high = np.quantile(_gaps(draws[i], draws[j]), [tail, 1 - tail])
        pairs.append((i, j, float(_gaps(values[i], values[j])), float(low), float(high)))
    return PairedDifferences(dict(condition), metric.name, metric.unit, keys, pairs)


def _gaps(a: npt.ArrayLike, b: npt.ArrayLike) -> Float64:
    """Return a - b, 0 where they differ by rounding alone, as `statistics.paired_difference` does."""
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    return np.where(np.isclose(first, second, rtol=NEGLIGIBLE, atol=0.0), 0.0, first - second)
