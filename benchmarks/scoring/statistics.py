"""Uncertainty of scores: cluster bootstrap intervals, paired differences, rank groups and skill.

Samples of one speaker or one video are not independent, so whole clusters are drawn with replacement (the pairs cluster
bootstrap: Cameron, Gelbach and Miller 2008) and the interval is Efron's percentile one. It is approximate: 95 %
intervals covered the true value in 93 % of our simulations with 50 clusters, 74 % with 3. Resamples depend only on the
cluster labels and the seed, not on the order of the samples, so two methods are always compared on the same resamples.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import InputError
from ..questions.detection import Detections
from ..questions.metrics import Metric, Vector, finite_vector
from .weighted_medians import weighted_medians

RESAMPLES = 1000
CONFIDENCE = 0.95

CHUNK_ELEMENTS = 1_000_000
"""Elements of the largest temporary array: 8 MB."""
CHUNK_ROWS = 1024
"""Resamples in one block, however few the clusters."""
DETECTION_ROWS = 64
"""Resamples at once where each needs outcomes at hundreds of thresholds."""
KEPT_BYTES = 32_000_000
"""Resample counts up to this size are kept for the next method; larger ones are drawn again."""

FEWEST_CLUSTERS = 6
"""With fewer, no method is ranked: being better on each of five clusters happens by chance in 6 % of cases (sign test),
and a bootstrap of so few clusters is too narrow."""

NEGLIGIBLE = 1e-9
"""Two values whose relative difference is below this are equal."""


@dataclass(frozen=True)
class Interval:
    """A value and its confidence interval, in the unit of the metric; nan bounds if it is unknown."""

    value: float
    low: float
    high: float

    @property
    def distinguishable(self) -> bool:
        """Return whether the interval excludes zero, so that a difference is more than noise.

        >>> Interval(0.2, 0.1, 0.3).distinguishable, Interval(0.2, -0.1, 0.5).distinguishable
        (True, False)
        """
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Estimate:
    """The value of a metric over all samples, and on each resample of `clusters` clusters, shape (resamples,).

    Intervals, differences and ranks are computed from it, so each method is resampled once.
    """

    value: float
    draws: Vector
    clusters: int


@dataclass(frozen=True)
class Clusters:
    """Which samples belong together: (n,) codes in 0 .. count - 1. Build once, use for every method."""

    codes: NDArray[np.intp]
    count: int
    _kept: dict[tuple[int, int], list[NDArray[np.uint8]]] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, labels: "ArrayLike | Clusters") -> "Clusters":
        """Return the clusters of (n,) labels: speakers, videos, or distinct ids for independent samples.

        >>> Clusters.of(["ann", "bob", "ann"])
        Clusters(codes=array([0, 1, 0]), count=2)
        """
        if isinstance(labels, Clusters):
            return labels
        names, codes = np.unique(_validated_labels(labels), return_inverse=True)
        return cls(codes, len(names))

    def sums(self, terms: Vector) -> Vector:
        """Return the sum of the terms (n,) of each cluster, shape (count,)."""
        return np.bincount(self.codes, weights=terms, minlength=self.count).astype(np.float64, copy=False)

    def resample_counts(self, resamples: int, seed: int) -> Iterator[Vector]:
        """Yield how often each cluster is drawn, in blocks (rows, count) that add up to `resamples` rows.

        >>> [block.sum(axis=1).tolist() for block in Clusters.of(list("abba")).resample_counts(3, seed=0)]
        [[2.0, 2.0, 2.0]]
        """
        kept = self._kept.get((resamples, seed))
        if kept is None and resamples * self.count <= KEPT_BYTES:
            kept = self._kept[resamples, seed] = list(_draw_counts(self.count, resamples, seed))
        for counts in kept or _draw_counts(self.count, resamples, seed):
            yield counts.astype(np.float64)


Estimator = Callable[[Metric, Vector, Clusters], Estimate]
"""Makes an estimate of terms (n,) on clusters: `estimate`, or a version of it that caches."""


def bootstrap_interval(
    metric: Metric,
    terms: ArrayLike,
    clusters: ArrayLike | Clusters,
    *,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
    seed: int = 0,
) -> Interval:
    """Return the metric of `terms` (n,), which `metric.per_sample` gave, with its bootstrap interval.

    With a single cluster the bounds are nan. For a share of 0 or 100 %, resampling shows no spread; the open end is the
    exact binomial bound (Clopper and Pearson 1934) for as many trials as there are clusters.

    >>> from whence.benchmarks.questions.metrics import ACCURACY
    >>> bootstrap_interval(ACCURACY, [100.0, 0.0, 100.0, 100.0], ["ann", "ann", "bob", "cy"])
    Interval(value=75.0, low=50.0, high=100.0)
    >>> bootstrap_interval(ACCURACY, [100.0, 0.0], ["ann", "ann"])
    Interval(value=50.0, low=nan, high=nan)
    """
    return interval_of(metric, estimate(metric, terms, clusters, resamples=resamples, seed=seed), confidence)


def estimate(
    metric: Metric,
    terms: ArrayLike,
    clusters: ArrayLike | Clusters,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """Return the metric of `terms` (n,), which `metric.per_sample` gave, and on each resample of the clusters.

    >>> from whence.benchmarks.questions.metrics import ACCURACY
    >>> estimate(ACCURACY, [100.0, 100.0], ["ann", "bob"], resamples=3)
    Estimate(value=100.0, draws=array([100., 100., 100.]), clusters=2)
    """
    groups = Clusters.of(clusters)
    samples = _validated_terms(terms, groups)
    draws = replicates(metric, samples, groups, resamples=resamples, seed=seed)
    return Estimate(metric.summarise(samples), draws, groups.count)


def interval_of(metric: Metric, own: Estimate, confidence: float = CONFIDENCE) -> Interval:
    """Return the value of an estimate with its interval, as `bootstrap_interval` does."""
    value = own.value
    if metric.unit == "%" and value in (0.0, 100.0) and own.clusters > 1:
        reach = 100.0 * (1 - ((1 - confidence) / 2) ** (1 / own.clusters))
        return Interval(value, max(value - reach, 0.0), min(value + reach, 100.0))
    low, high = percentile_bounds(own.draws, confidence)
    return Interval(value, float(low), float(high))


def paired_difference(
    metric: Metric,
    terms_a: ArrayLike,
    terms_b: ArrayLike,
    clusters: ArrayLike | Clusters,
    *,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
    seed: int = 0,
) -> Interval:
    """Return metric(a) - metric(b) on the same samples, both measured on the same resamples.

    >>> from whence.benchmarks.questions.metrics import MEAN_ABSOLUTE_ERROR_MS
    >>> gap = paired_difference(MEAN_ABSOLUTE_ERROR_MS, [3.0, 9.0, 6.0], [2.0, 8.0, 5.0], ["a", "b", "c"])
    >>> gap, gap.distinguishable
    (Interval(value=1.0, low=1.0, high=1.0), True)
    """
    groups = Clusters.of(clusters)
    a, b = (estimate(metric, terms, groups, resamples=resamples, seed=seed) for terms in (terms_a, terms_b))
    return _difference(a, b, confidence)


def _difference(a: Estimate, b: Estimate, confidence: float) -> Interval:
    low, high = percentile_bounds(gaps(a.draws, b.draws), confidence)
    return Interval(float(gaps(a.value, b.value)), float(low), float(high))


def rank_groups(
    metric: Metric,
    terms_by_method: Mapping[str, ArrayLike | None],
    clusters: ArrayLike | Clusters,
    *,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
    seed: int = 0,
) -> dict[str, int | None]:
    """Return each method's rank as `ranks_of` does, best value first.

    `None` for terms means that predictions are missing; such methods come last with rank None.

    >>> from whence.benchmarks.questions.metrics import MEAN_ABSOLUTE_ERROR_MS
    >>> terms = {"far": [5.0] * 6, "absent": None, "good": [1.0, 2, 3, 1, 2, 3], "twin": [2.0, 1, 3, 2, 1, 3]}
    >>> rank_groups(MEAN_ABSOLUTE_ERROR_MS, terms, list("abcdef"))
    {'good': 1, 'twin': 1, 'far': 3, 'absent': None}
    """
    groups = Clusters.of(clusters)
    estimates = {
        name: estimate(metric, terms, groups, resamples=resamples, seed=seed)
        for name, terms in terms_by_method.items()
        if terms is not None
    }
    ranks = ranks_of(metric, estimates, confidence)
    return {**ranks, **{name: None for name, terms in terms_by_method.items() if terms is None}}


def ranks_of(
    metric: Metric, estimates: Mapping[str, Estimate], confidence: float = CONFIDENCE
) -> dict[str, int | None]:
    """Return the rank of each of the paired estimates, best value first.

    Every method whose paired difference to the best includes zero shares its rank (1, 1, 3). The best of the others
    leads the next group, and so on. A noisy method may therefore share rank 1 although its value is worse than that of
    a method with rank 2. All ranks are None for fewer than `FEWEST_CLUSTERS` clusters.
    """
    sign = -1 if metric.higher_is_better else 1
    order = sorted(estimates, key=lambda name: (sign * estimates[name].value, name))
    ranks: dict[str, int | None] = dict.fromkeys(order)
    if any(one.clusters < FEWEST_CLUSTERS for one in estimates.values()):
        return ranks
    waiting = order
    while waiting:
        leader, rank = waiting[0], len(order) - len(waiting) + 1
        behind = [n for n in waiting[1:] if _difference(estimates[leader], estimates[n], confidence).distinguishable]
        ranks |= {name: rank for name in waiting if name not in behind}
        waiting = behind
    return ranks


def skill(value: float, chance: float, ceiling: float) -> float:
    """Return (value - chance) / (ceiling - chance): 0 at chance, 1 at the ceiling, nan if they coincide.

    >>> skill(0.1, chance=0.5, ceiling=0.0), skill(50.0, chance=50.0, ceiling=50.0)
    (0.8, nan)
    """
    return math.nan if math.isclose(chance, ceiling) else (value - chance) / (ceiling - chance)


def replicates(
    metric: Metric,
    terms: Vector,
    clusters: Clusters,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Vector:
    """Return the metric on each resample of the clusters, shape (resamples,); nan with a single cluster.

    >>> from whence.benchmarks.questions.metrics import ACCURACY
    >>> replicates(ACCURACY, np.array([100.0, 100.0]), Clusters.of(["a", "b"]), resamples=3)
    array([100., 100., 100.])
    """
    if resamples < 1:
        raise InputError(f"resamples={resamples}: expected at least 1 (1000 is usual)")
    if clusters.count == 1:
        return np.full(resamples, np.nan)
    blocks = clusters.resample_counts(resamples, seed)
    if metric.summary == "median":
        return weighted_medians(terms, clusters.codes, clusters.count, blocks, CHUNK_ELEMENTS)
    if metric.summary in ("average_precision", "max_f1"):
        found = Detections(terms, clusters.codes, clusters.count, metric.summary)
        return np.concatenate([found.values(some) for counts in blocks for some in _few_rows(counts)])
    totals, sizes = clusters.sums(terms), clusters.sums(np.ones_like(terms))
    means = np.concatenate([(counts @ totals) / (counts @ sizes) for counts in blocks])
    return np.sqrt(means) if metric.summary == "root_mean" else means


def _few_rows(counts: Vector) -> list[Vector]:
    """Return the rows of `counts` (rows, clusters), a few at a time, since each needs a table of thresholds."""
    return np.array_split(counts, max(1, len(counts) // DETECTION_ROWS))


def _draw_counts(clusters: int, resamples: int, seed: int) -> Iterator[NDArray[np.uint8]]:
    # A byte is enough: a count is at most `clusters`, and one above 255 has odds below 1e-500.
    rng = np.random.default_rng(seed)
    step = max(1, min(CHUNK_ELEMENTS // clusters, CHUNK_ROWS))
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        drawn = rng.integers(clusters, size=(rows, clusters))
        drawn += np.arange(rows)[:, None] * clusters
        counts = np.bincount(drawn.ravel(), minlength=rows * clusters)
        yield counts.reshape(rows, clusters).astype(np.uint8)


def gaps(values: ArrayLike, others: ArrayLike) -> Vector:
    """Return values - others, with differences due to rounding set to 0; any shapes that broadcast.

    Equal errors summed in another order differ by rounding, always with the same sign, which would look significant.

    >>> gaps([0.5, 0.1 + 0.2], [0.25, 0.3]).tolist()
    [0.25, 0.0]
    """
    b = np.asarray(others, dtype=np.float64)
    found = np.asarray(values, dtype=np.float64) - b
    return np.where(np.abs(found) <= NEGLIGIBLE * np.abs(b), 0.0, found)


def percentile_bounds(draws: Vector, confidence: float = CONFIDENCE) -> tuple[Vector, Vector]:
    """Return the ends of the percentile interval of `draws` (..., resamples), each of shape (...).

    Same as `np.quantile` at both tails, but several times faster.

    >>> percentile_bounds(np.arange(101.0), confidence=0.5)
    (np.float64(25.0), np.float64(75.0))
    """
    if not 0 < confidence < 1:
        raise InputError(f"confidence={confidence}: expected a share between 0 and 1, such as 0.95")
    tail = (1 - confidence) / 2
    ordered = np.sort(draws, axis=-1)
    return _at_share(ordered, tail), _at_share(ordered, 1 - tail)


def _at_share(ordered: Vector, share: float) -> Vector:
    """Return the quantile `share` of sorted values (..., n), linearly interpolated."""
    place = share * (ordered.shape[-1] - 1)
    before = math.floor(place)
    low, high = ordered[..., before], ordered[..., math.ceil(place)]
    weight = place - before
    # Interpolate from the nearer end, as NumPy does.
    found: Vector = high - (high - low) * (1 - weight) if weight >= 0.5 else low + (high - low) * weight
    return found


def _validated_terms(terms: ArrayLike, clusters: Clusters) -> Vector:
    samples = finite_vector(terms, "terms")
    if samples.shape != clusters.codes.shape:
        raise InputError(f"{samples.size} terms for {clusters.codes.size} cluster labels: expected one label each")
    return samples


def _validated_labels(labels: ArrayLike) -> NDArray[np.generic]:
    array = np.asarray(labels)
    if array.ndim != 1:
        raise InputError(f"clusters: expected labels of shape (n,), got shape {array.shape}")
    if array.size == 0:
        raise InputError("clusters: expected at least one sample, got none")
    missing = [index for index, label in enumerate(array.tolist()) if label is None or label != label]
    if missing:
        raise InputError(f"clusters: {len(missing)} of {array.size} labels are missing (first at index {missing[0]})")
    return array.astype(np.str_) if array.dtype.kind == "O" else array
