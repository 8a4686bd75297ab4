"""Entries against each other: one score over all conditions together, and the differences of all pairs.

Every interval is the paired cluster bootstrap of `benchmarks.statistics` on the same resamples; what is done here is
only to draw them once an entry and not once a pair, and to take all pairs of an entry together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ..benchmarks.labels import Labels
from ..benchmarks.metrics import Metric
from ..benchmarks.results import Row, score_terms
from ..benchmarks.statistics import Clusters, Estimator, gaps, percentile_bounds
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


def overall_rows(track: Track, terms: Terms, seconds: Mapping[str, float], estimator: Estimator) -> list[Row]:
    """Return chance, every entry and the ceiling by the mean of their terms over all conditions; condition {}.

    For a metric that is a mean over samples this is the mean of its values over the conditions.
    """
    means = {key: rows.mean(axis=0) for key, rows in terms.by_entry.items()}
    rows = score_terms(track, terms.metric, terms.truth, terms.clusters, means, estimator)
    return [replace(row, seconds_per_sample=seconds.get(row.method)) for row in rows]


def paired_differences(terms: Terms, conditions: Sequence[Condition], estimator: Estimator) -> list[PairedDifferences]:
    """Return the differences of all pairs of entries: over all conditions together, then under each."""
    together = {key: rows.mean(axis=0) for key, rows in terms.by_entry.items()}
    parts = [{key: rows[k] for key, rows in terms.by_entry.items()} for k in range(len(conditions))]
    return [
        _all_pairs(terms, condition, part, estimator)
        for condition, part in zip([{}, *conditions], [together, *parts], strict=True)
    ]


def _all_pairs(
    terms: Terms, condition: Condition, by_entry: Mapping[str, Float64], estimator: Estimator
) -> PairedDifferences:
    metric, keys = terms.metric, list(by_entry)
    estimates = [estimator(metric, own, terms.clusters) for own in by_entry.values()]
    values, draws = np.array([one.value for one in estimates]), np.array([one.draws for one in estimates])
    pairs: list[tuple[int, int, float, float, float]] = []
    for i in range(len(keys) - 1):
        later = slice(i + 1, None)
        low, high = percentile_bounds(gaps(draws[i], draws[later]))
        ends = zip(gaps(values[i], values[later]).tolist(), low.tolist(), high.tolist(), strict=True)
        pairs.extend((i, j, *interval) for j, interval in enumerate(ends, start=i + 1))
    return PairedDifferences(dict(condition), metric.name, metric.unit, keys, pairs)
