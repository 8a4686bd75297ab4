"""The bootstrap against SciPy, brute force and its own promise: 95 % of the intervals hold the truth."""

import math
import tracemalloc

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from whence.benchmarks.questions.metrics import (
    ACCURACY,
    MEAN_ABSOLUTE_ERROR_MS,
    MEDIAN_ABSOLUTE_ERROR_MS,
    METRICS,
    ROOT_MEAN_SQUARE_ERROR_MS,
)
from whence.benchmarks.scoring.statistics import (
    Clusters,
    Interval,
    bootstrap_interval,
    estimate,
    paired_difference,
    ranks_of,
    ratio,
    replicates,
    skill,
)
from whence.benchmarks.scoring.weighted_medians import weighted_medians
from whence.errors import InputError

terms_and_labels = st.lists(st.tuples(st.floats(0.0, 10.0), st.sampled_from("abcdefg")), min_size=1, max_size=60).map(
    lambda rows: (np.array([term for term, _ in rows]), np.array([label for _, label in rows]))
)


def brute_force(metric, terms, clusters, resamples, seed):
    """The metric of each resample, every drawn sample written out as often as it was drawn."""
    counts = np.concatenate(list(clusters.resample_counts(resamples, seed))).astype(int)
    return np.array([metric.summarise(np.repeat(terms, row[clusters.codes])) for row in counts])


@settings(max_examples=50, deadline=None)
@given(terms_and_labels, st.integers(0, 9))
def test_replicates_are_the_metric_of_repeated_samples(sample, seed):
    terms, labels = sample
    clusters = Clusters.of(labels)
    for metric in METRICS.values():
        values = replicates(metric, terms, clusters, resamples=20, seed=seed)
        if clusters.count == 1:
            assert np.isnan(values).all()
        else:
            np.testing.assert_allclose(values, brute_force(metric, terms, clusters, 20, seed), atol=1e-12)


def test_weighted_median_over_many_blocks_and_stretches(monkeypatch):
    monkeypatch.setattr("whence.benchmarks.scoring.statistics.CHUNK_ELEMENTS", 900)
    rng = np.random.default_rng(3)
    terms, clusters = rng.integers(0, 40, 1234) / 4, Clusters.of(rng.integers(0, 150, 1234))
    values = replicates(MEDIAN_ABSOLUTE_ERROR_MS, terms, clusters, resamples=50)
    np.testing.assert_array_equal(values, brute_force(MEDIAN_ABSOLUTE_ERROR_MS, terms, clusters, 50, 0))


@pytest.mark.parametrize(
    ("metric", "statistic"),
    [
        (MEAN_ABSOLUTE_ERROR_MS, np.mean),
        (ROOT_MEAN_SQUARE_ERROR_MS, lambda terms, axis: np.sqrt(np.mean(terms, axis=axis))),
        (MEDIAN_ABSOLUTE_ERROR_MS, np.median),
    ],
)
def test_distinct_clusters_give_the_ordinary_bootstrap_of_scipy(metric, statistic):
    terms = np.random.default_rng(5).exponential(0.2, size=101)
    ours = bootstrap_interval(metric, terms, np.arange(101), resamples=5000)
    theirs = scipy.stats.bootstrap(
        (terms,), statistic, n_resamples=5000, method="percentile", rng=np.random.default_rng(6), batch=500
    )
    tolerance = 0.15 * theirs.standard_error
    assert ours.value == statistic(terms, axis=0)
    assert ours.low == pytest.approx(theirs.confidence_interval.low, abs=tolerance)
    assert ours.high == pytest.approx(theirs.confidence_interval.high, abs=tolerance)


def test_clustered_interval_covers_and_the_unclustered_one_does_not():
    rng, truth, trials = np.random.default_rng(7), 1.0, 1000
    speakers = np.repeat(np.arange(50), 12)
    covered = np.zeros(2)
    for trial in range(trials):
        terms = truth + rng.normal(0, 0.2, 50)[speakers] + rng.normal(0, 0.3, speakers.size)
        for way, labels in enumerate((speakers, np.arange(speakers.size))):
            interval = bootstrap_interval(MEAN_ABSOLUTE_ERROR_MS, terms, labels, resamples=400, seed=trial)
            covered[way] += interval.low <= truth <= interval.high
    clustered, unclustered = covered / trials
    assert 0.92 <= clustered <= 0.97
    assert unclustered < 0.75


@settings(max_examples=30, deadline=None)
@given(terms_and_labels, st.randoms(use_true_random=False))
def test_sample_order_and_scale_do_not_matter(sample, random):
    terms, labels = sample
    order = list(range(len(terms)))
    random.shuffle(order)
    for metric in (MEAN_ABSOLUTE_ERROR_MS, MEDIAN_ABSOLUTE_ERROR_MS):
        here = bootstrap_interval(metric, terms, labels, resamples=30)
        there = bootstrap_interval(metric, 8.0 * terms[order], labels[order], resamples=30)
        expected = [8 * here.value, 8 * here.low, 8 * here.high]
        assert [there.value, there.low, there.high] == pytest.approx(expected, nan_ok=True)


def test_same_seed_same_interval_other_seed_other_interval():
    terms = np.random.default_rng(1).exponential(size=300)
    first, second, other = (
        bootstrap_interval(MEAN_ABSOLUTE_ERROR_MS, terms, np.arange(300), seed=seed) for seed in (0, 0, 1)
    )
    assert first == second != other


def test_kept_and_redrawn_resamples_are_equal(monkeypatch):
    clusters = Clusters.of(np.arange(40) % 9)
    kept = list(clusters.resample_counts(100, 4))
    monkeypatch.setattr("whence.benchmarks.scoring.statistics.KEPT_BYTES", 0)
    redrawn = list(Clusters.of(np.arange(40) % 9).resample_counts(100, 4))
    np.testing.assert_array_equal(np.concatenate(kept), np.concatenate(redrawn))
    assert (np.concatenate(kept).sum(axis=1) == 9).all()


def test_constant_terms_have_an_interval_without_width():
    for metric in METRICS.values():
        interval = bootstrap_interval(metric, np.full(20, 4.0), np.arange(20) % 5)
        assert interval.value == interval.low == interval.high


def test_one_cluster_says_nothing_about_others():
    interval = bootstrap_interval(MEAN_ABSOLUTE_ERROR_MS, [1.0, 2.0], ["ann", "ann"])
    assert interval.value == 1.5
    assert math.isnan(interval.low)
    assert math.isnan(interval.high)
    assert not interval.distinguishable


def test_memory_stays_flat_for_many_independent_samples():
    terms, labels = np.random.default_rng(0).exponential(size=31_500), np.arange(31_500)
    tracemalloc.start()
    bootstrap_interval(MEDIAN_ABSOLUTE_ERROR_MS, terms, labels, resamples=1100)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50e6


def test_pairing_sees_a_difference_that_separate_intervals_hide():
    rng = np.random.default_rng(2)
    speakers = np.repeat(np.arange(40), 10)
    hard = rng.exponential(1.0, 40)[speakers]
    a, b = hard + rng.normal(0.05, 0.1, 400), hard + rng.normal(0.0, 0.1, 400)
    gap = paired_difference(MEAN_ABSOLUTE_ERROR_MS, a, b, speakers)
    alone_a, alone_b = (bootstrap_interval(MEAN_ABSOLUTE_ERROR_MS, terms, speakers) for terms in (a, b))
    assert gap.distinguishable
    assert alone_b.high > alone_a.low
    back = paired_difference(MEAN_ABSOLUTE_ERROR_MS, b, a, speakers)
    assert [-back.value, -back.high, -back.low] == pytest.approx([gap.value, gap.low, gap.high])


def test_difference_of_a_method_with_itself_is_zero():
    terms = np.random.default_rng(2).exponential(size=30)
    for metric in METRICS.values():
        assert paired_difference(metric, terms, terms, np.arange(30)) == Interval(0.0, 0.0, 0.0)


def test_rounding_is_no_difference():
    terms = np.random.default_rng(2).exponential(size=30)
    gap = paired_difference(MEAN_ABSOLUTE_ERROR_MS, terms * (1 + 1e-14), terms, np.arange(30))
    assert gap == Interval(0.0, 0.0, 0.0)


def rank_groups(metric, terms, clusters):
    """Return the ranks of methods with these terms."""
    return ranks_of(metric, {name: estimate(metric, values, clusters) for name, values in terms.items()})


def test_ratios_are_paired_and_unknown_over_zero():
    """Errors that vary alike have a ratio without spread; the same errors of other clips have one."""
    errors, clusters = np.linspace(1, 9, 40), np.arange(40)
    whole, half, other = (estimate(MEAN_ABSOLUTE_ERROR_MS, e, clusters) for e in (errors, errors / 2, errors[::-1]))
    paired = ratio(half, whole)
    np.testing.assert_allclose([paired.value, paired.low, paired.high], 0.5)
    unlike = ratio(other, whole)
    assert unlike.low < 0.9 < unlike.value < 1.1 < unlike.high
    assert math.isnan(ratio(whole, estimate(MEAN_ABSOLUTE_ERROR_MS, 0 * errors, clusters)).value)


def test_rank_groups_share_ranks_within_noise_and_skip_after_a_tie():
    rng = np.random.default_rng(4)
    noise = rng.normal(0, 0.01, (5, 200))
    levels = {"worst": 3.0, "best": 1.0, "middle": 2.0, "twin": 1.0, "middling": 2.0}
    terms = {name: level + noise[k] for k, (name, level) in enumerate(levels.items())}
    ranks = rank_groups(MEAN_ABSOLUTE_ERROR_MS, terms, np.arange(200))
    assert ranks == {"best": 1, "twin": 1, "middle": 3, "middling": 3, "worst": 5}
    assert rank_groups(MEAN_ABSOLUTE_ERROR_MS, dict(sorted(terms.items())), np.arange(200)).items() <= ranks.items()


def test_rank_groups_puts_the_highest_first_where_higher_is_better():
    terms = {"wrong": np.zeros(9), "right": np.full(9, 100.0)}
    assert rank_groups(ACCURACY, terms, np.arange(9)) == {"right": 1, "wrong": 2}
    assert rank_groups(MEAN_ABSOLUTE_ERROR_MS, terms, np.arange(9)) == {"wrong": 1, "right": 2}


def test_rank_groups_compares_with_the_leader_not_with_the_neighbour():
    steps = {f"step {k}": np.linspace(-1, 1, 100) * (-1) ** k + 0.1 * k for k in range(12)}
    shared = rank_groups(MEAN_ABSOLUTE_ERROR_MS, steps, np.arange(100))
    assert shared["step 0"] == shared["step 1"] == 1
    assert shared["step 11"] is not None
    assert shared["step 11"] > 1


def test_rank_groups_with_one_cluster_or_no_method_orders_nothing():
    terms = {"a": [1.0, 1.0], "b": [5.0, 5.0]}
    assert rank_groups(MEAN_ABSOLUTE_ERROR_MS, terms, ["ann", "ann"]) == {"a": None, "b": None}
    assert rank_groups(MEAN_ABSOLUTE_ERROR_MS, {}, ["ann", "bob"]) == {}


def test_a_noisy_method_shares_the_rank_of_the_leader_it_cannot_be_told_from():
    """Values 1.0, 1.2 and 1.3: the second is surely worse, the third so noisy that it may be the best."""
    rng = np.random.default_rng(0)
    common, wild = rng.normal(0, 0.05, 60), rng.normal(0, 4.0, 60)
    terms = {"best": 1.0 + common, "sure": 1.2 + common, "noisy": 1.3 + wild - wild.mean()}
    assert paired_difference(MEAN_ABSOLUTE_ERROR_MS, terms["sure"], terms["best"], np.arange(60)).distinguishable
    assert not paired_difference(MEAN_ABSOLUTE_ERROR_MS, terms["noisy"], terms["best"], np.arange(60)).distinguishable
    assert rank_groups(MEAN_ABSOLUTE_ERROR_MS, terms, np.arange(60)) == {"best": 1, "sure": 3, "noisy": 1}


@pytest.mark.parametrize(("clusters", "ranks"), [(5, {"a": None, "b": None}), (6, {"a": 1, "b": 2})])
def test_few_clusters_rank_nobody(clusters, ranks):
    labels = np.arange(60) % clusters
    assert rank_groups(MEAN_ABSOLUTE_ERROR_MS, {"a": np.zeros(60), "b": np.ones(60)}, labels) == ranks


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(-9, 9)), min_size=6, max_size=60), st.integers(0, 9))
def test_weighted_medians_are_those_of_repeated_samples(samples, seed):
    """Each resample against NumPy's median of the samples it repeats."""
    cluster, terms = np.array([c for c, _ in samples]), np.array([float(v) for _, v in samples])
    counts = np.random.default_rng(seed).integers(0, 4, (5, 5)).astype(float)
    counts[:, cluster[0]] += 1
    expected = [np.median(np.repeat(terms, row[cluster].astype(int))) for row in counts]
    for most in (1, 7, 1000):
        np.testing.assert_array_equal(weighted_medians(terms, cluster, 5, [counts], most), expected)


def test_skill_is_zero_at_chance_and_one_at_the_ceiling():
    assert skill(0.444, chance=0.444, ceiling=0.015) == 0.0
    assert skill(0.015, chance=0.444, ceiling=0.015) == 1.0
    assert skill(40.0, chance=50.0, ceiling=100.0) == -0.2
    assert math.isnan(skill(1.0, chance=0.3, ceiling=0.1 + 0.2))


@pytest.mark.parametrize(
    ("terms", "labels", "options", "message"),
    [
        ([1.0, 2.0], ["a"], {}, r"2 terms for 1 cluster labels: expected one label each"),
        ([1.0, np.nan], ["a", "b"], {}, r"terms: 1 of 2 values are not finite \(first at index 1\)"),
        ([[1.0], [2.0]], ["a", "b"], {}, r"terms: expected shape \(n,\), got \(2, 1\)"),
        ([], [], {}, r"clusters: expected at least one sample"),
        ([1.0], "a", {}, r"clusters: expected labels of shape \(n,\), got shape \(\)"),
        ([1.0, 2.0], ["a", None], {}, r"clusters: 1 of 2 labels are missing \(first at index 1\)"),
        ([1.0, 2.0], [np.nan, 1.0], {}, r"clusters: 1 of 2 labels are missing \(first at index 0\)"),
        ([1.0, 2.0], ["a", "b"], {"confidence": 95}, r"confidence=95: expected a share between 0 and 1"),
        ([1.0, 2.0], ["a", "b"], {"resamples": 0}, r"resamples=0: expected at least 1"),
    ],
)
def test_malformed_input_is_named(terms, labels, options, message):
    with pytest.raises(InputError, match=message):
        bootstrap_interval(MEAN_ABSOLUTE_ERROR_MS, terms, labels, **options)


@pytest.mark.parametrize(("share", "low", "high"), [(100.0, 69.15, 100.0), (0.0, 0.0, 30.85)])
def test_a_perfect_share_is_not_certain(share, low, high):
    """Ten right out of ten: the exact 95 % interval of textbooks is 69.2 to 100 %."""
    interval = bootstrap_interval(ACCURACY, [share] * 20, [f"speaker{k // 2}" for k in range(20)])
    assert (interval.low, interval.high) == (pytest.approx(low, abs=0.01), pytest.approx(high, abs=0.01))
