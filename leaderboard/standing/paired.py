"""Entries against each other: one score over all conditions together, and the differences of those that are compared.

Every interval is the paired cluster bootstrap of `benchmarks.statistics` on the same resamples; what is done here is
only to draw them once an entry and not once a pair, and to take all pairs of an entry together. n entries make
n (n - 1) / 2 pairs, so on a large board only those among the best, with the leader and with neighbours are compared.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter

import numpy as np
import numpy.typing as npt

from ...benchmarks.questions.labels import Labels
from ...benchmarks.questions.metrics import Metric, Vector
from ...benchmarks.scoring.results import Row, score_terms
from ...benchmarks.scoring.statistics import Clusters, Estimator, gaps, percentile_bounds
from ..submission.file import Condition
from .record import PairedDifferences

Float64 = npt.NDArray[np.float64]
MOST_PAIRED = 40
"""Of so many best entries every two are compared."""
NEIGHBOURS = 5
"""With so many above it and below it, and with the leader, every entry is compared."""


@dataclass(frozen=True)
class Terms:
    """The terms by `metric` of every entry, (conditions, samples) each, on the samples that count.

    `sample_id` (samples,) names them.
    """

    metric: Metric
    sample_id: npt.NDArray[np.object_]
    clusters: Clusters
    by_entry: Mapping[str, Float64]

    @classmethod
    def of(cls, metric: Metric, labels: Labels, by_entry: Mapping[str, Float64]) -> "Terms":
        """Return those of the terms (conditions, samples) of all `labels`, by entry, that count."""
        keep = metric.counted(labels.truth)
        counted = {key: rows[:, keep] for key, rows in by_entry.items()}
        return cls(metric, labels.sample_id[keep], Clusters.of(labels.clusters[keep]), counted)


def overall_rows(
    bounds: Mapping[str, Vector], terms: Terms, seconds: Mapping[str, float], estimator: Estimator
) -> list[Row]:
    """Return chance, every entry and the ceiling by the mean of their terms over all conditions; condition {}.

    `bounds` are the terms of chance and ceiling. For a metric that is a mean over samples this is the mean of its
    values over the conditions.
    """
    means = {key: rows.mean(axis=0) for key, rows in terms.by_entry.items()}
    rows = score_terms(terms.metric, bounds, terms.clusters, means, estimator)
    return [replace(row, seconds_per_sample=seconds.get(row.method)) for row in rows]


def compared(count: int) -> Iterator[tuple[int, int]]:
    """Yield the pairs of places in rank that are compared among `count` entries, the better place first.

    >>> list(compared(3))
    [(0, 1), (0, 2), (1, 2)]
    """
    for better in range(count):
        end = count if better == 0 else min(max(MOST_PAIRED, better + NEIGHBOURS + 1), count)
        yield from ((better, worse) for worse in range(better + 1, end))


def paired_differences(terms: Terms, conditions: Sequence[Condition], estimator: Estimator) -> list[PairedDifferences]:
    """Return the differences of the pairs that are compared: over all conditions together, then under each."""
    together = {key: rows.mean(axis=0) for key, rows in terms.by_entry.items()}
    parts = [{key: rows[k] for key, rows in terms.by_entry.items()} for k in range(len(conditions))]
    pairs = _pairs(terms.metric, together)
    return [
        _differences(terms, condition, part, pairs, estimator)
        for condition, part in zip([{}, *conditions], [together, *parts], strict=True)
    ]


def _pairs(metric: Metric, by_entry: Mapping[str, Float64]) -> list[tuple[int, int]]:
    """Return which entries are compared, as their numbers (i, j) in the order of `by_entry`, i < j, in order."""
    sign = -1 if metric.higher_is_better else 1
    keys = list(by_entry)
    values = [sign * metric.summarise(own) for own in by_entry.values()]
    ranked = sorted(range(len(keys)), key=lambda k: (values[k], keys[k]))
    places = ((ranked[better], ranked[worse]) for better, worse in compared(len(keys)))
    return sorted((min(pair), max(pair)) for pair in places)


def _differences(
    terms: Terms,
    condition: Condition,
    by_entry: Mapping[str, Float64],
    pairs: Sequence[tuple[int, int]],
    estimator: Estimator,
) -> PairedDifferences:
    metric = terms.metric
    estimates = [estimator(metric, own, terms.clusters) for own in by_entry.values()]
    values, draws = np.array([one.value for one in estimates]), np.array([one.draws for one in estimates])
    found: list[tuple[int, int, float, float, float]] = []
    for i, group in groupby(pairs, key=itemgetter(0)):
        others = [j for _, j in group]
        low, high = percentile_bounds(gaps(draws[i], draws[others]))
        ends = zip(others, gaps(values[i], values[others]).tolist(), low.tolist(), high.tolist(), strict=True)
        found.extend((i, *one) for one in ends)
    return PairedDifferences(dict(condition), metric.name, metric.unit, list(by_entry), found)
