"""A standing tells the truth: ties are ties, differences are paired, and no label is in it."""

import json
import math
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from toy_board import example_standing, placed, toy_entries, toy_labels, toy_submissions

from whence.benchmarks.questions.metrics import MEAN_ABSOLUTE_ERROR_MS as METRIC
from whence.benchmarks.questions.metrics import MEDIAN_ABSOLUTE_ERROR_MS
from whence.benchmarks.scoring.results import CEILING, CHANCE
from whence.benchmarks.scoring.statistics import Clusters, estimate, paired_difference, ranks_of
from whence.errors import InputError
from whence.leaderboard.boards.service import memory
from whence.leaderboard.boards.service.memory import Estimates, Memory
from whence.leaderboard.standing.paired import Terms, compared, paired_differences
from whence.leaderboard.standing.record import BoardInfo, standing_from_json
from whence.leaderboard.standing.scoring import labels_of, reduce_all, score_submissions
from whence.leaderboard.standing.standing import standing_of, standing_of_reduced
from whence.registry import load_track

SEALED = toy_labels()
SUBMISSIONS = toy_submissions(SEALED)


def rank_groups(metric, terms, clusters):
    """Return the ranks of methods with these terms."""
    return ranks_of(metric, {name: estimate(metric, values, clusters) for name, values in terms.items()})


@pytest.fixture(scope="module")
def standing():
    return example_standing("public")


def terms(key: str, half: str = "public") -> tuple[np.ndarray, np.ndarray]:
    """Absolute errors in ms (conditions, samples) of an entry on one half, and the speakers: by hand."""
    keep = np.flatnonzero(SEALED.half == half)
    values = placed(SUBMISSIONS[key], SEALED.expectation)[:, keep]
    return 1e3 * np.abs(values - SEALED.labels.truth[keep]), SEALED.labels.clusters[keep]


def test_ties_are_shown_as_ties(standing):
    ranks = {row.method: row.rank for row in standing.overall}
    assert ranks["good"] == ranks["twin"] == 1
    assert ranks["deaf"] == 3
    assert ranks["bad"] == 4
    assert ranks[CHANCE] is ranks[CEILING] is None
    assert set(standing.ranked[:2]) == {"good", "twin"}
    assert standing.ranked[2:] == ["deaf", "bad"]


def test_printed_numbers_stand_beside_sets_that_they_compare_with(standing):
    assert {number.metric for number in standing.published} <= {metric.name for metric in standing.metrics}
    assert standing.published
    other = replace(SEALED, source={**SEALED.source, "published": []})
    assert not standing_of(
        BoardInfo("delays", "Delays", "closed"), other, SUBMISSIONS, toy_entries(SUBMISSIONS), "public"
    ).published


def test_ranks_are_those_of_the_paired_bootstrap(standing):
    for k, condition in enumerate(standing.conditions):
        speakers = terms("good")[1]
        expected = rank_groups(METRIC, {key: terms(key)[0][k] for key in SUBMISSIONS}, speakers)
        assert {key: standing.row(key, condition).rank for key in SUBMISSIONS} == expected


def test_differences_are_those_of_statistics_digit_for_digit(standing):
    speakers = terms("good")[1]
    for k, condition in [(None, {}), *enumerate(standing.conditions)]:
        for a in SUBMISSIONS:
            for b in SUBMISSIONS:
                if a == b:
                    assert standing.difference(a, b, condition) is None
                    continue
                both = [terms(key)[0].mean(axis=0) if k is None else terms(key)[0][k] for key in (a, b)]
                expected = paired_difference(METRIC, *both, speakers)
                found = standing.difference(a, b, condition)
                assert found.value == pytest.approx(expected.value, rel=1e-12, abs=1e-15)
                assert found.low == pytest.approx(expected.low, rel=1e-12, abs=1e-15)
                assert found.high == pytest.approx(expected.high, rel=1e-12, abs=1e-15)
                assert found.distinguishable == expected.distinguishable


def terms_by(metric, labels, values) -> Terms:
    """The terms of predictions (conditions, samples) by entry."""
    return Terms.of(
        metric, labels, {k: np.stack([metric.per_sample(labels.truth, r) for r in v]) for k, v in values.items()}
    )


@pytest.mark.parametrize("name", ["mean_absolute_error", "share_within_tenth_ms", "median_absolute_error"])
def test_many_pairs_at_once_are_those_of_statistics_one_by_one(name):
    """Also for a share, of which many resamples are the same, and where two answer the same but for rounding."""
    (metric,) = (metric for metric in load_track("tde").metrics if metric.name == name)
    rng = np.random.default_rng(7)
    labels = labels_of(SEALED, "public")
    values = {f"m{k}": labels.truth + rng.normal(0, 2e-5 * (k + 1), (2, len(labels))) for k in range(12)}
    values["same"] = values["m3"] * (1 + 1e-15)
    found = terms_by(metric, labels, values)
    together = {key: rows.mean(axis=0) for key, rows in found.by_entry.items()}
    tables = paired_differences(found, [{"snr_db": 1.0}, {"snr_db": 2.0}], estimate)
    parts = [together, *({key: rows[k] for key, rows in found.by_entry.items()} for k in range(2))]
    for table, part in zip(tables, parts, strict=True):
        assert [(i, j) for i, j, *_ in table.pairs] == list(combinations(range(len(values)), 2))
        for i, j, *interval in table.pairs:
            expected = paired_difference(metric, part[table.keys[i]], part[table.keys[j]], labels.clusters)
            assert tuple(interval) == (expected.value, expected.low, expected.high)
        ranks = rank_groups(metric, part, labels.clusters)
        assert ranks["same"] == ranks["m3"]


def test_of_many_entries_the_best_and_neighbours_are_compared():
    pairs = list(compared(3000))
    assert len(pairs) == len(set(pairs)) < 6.5 * 3000
    assert set(combinations(range(40), 2)) <= set(pairs)
    assert {(0, k) for k in range(1, 3000)} <= set(pairs)
    assert {(a, b) for a, b in pairs if b == 1000} == {(0, 1000), *((k, 1000) for k in range(995, 1000))}
    assert all(a < b < 3000 for a, b in pairs)
    assert list(compared(40)) == list(combinations(range(40), 2))
    assert list(compared(1)) == list(compared(0)) == []


@pytest.mark.parametrize("name", ["mean_absolute_error", "share_within_tenth_ms"])
def test_on_a_large_board_pairs_are_chosen_by_rank_over_all_conditions(name, monkeypatch):
    monkeypatch.setattr("whence.leaderboard.standing.paired.MOST_PAIRED", 3)
    monkeypatch.setattr("whence.leaderboard.standing.paired.NEIGHBOURS", 1)
    (metric,) = (metric for metric in load_track("tde").metrics if metric.name == name)
    rng = np.random.default_rng(7)
    labels = labels_of(SEALED, "public")
    values = {f"m{k}": labels.truth + rng.normal(0, 2e-5 * (k % 4 + 1), (2, len(labels))) for k in range(8)}
    found = terms_by(metric, labels, values)
    together = {key: metric.summarise(rows.mean(axis=0)) for key, rows in found.by_entry.items()}
    ranked = sorted(together, key=lambda key: (together[key] * (-1 if metric.higher_is_better else 1), key))
    expected = {(0, k) for k in range(1, 8)} | {(1, 2), *((k, k + 1) for k in range(2, 7))}
    for table in paired_differences(found, [{"snr_db": 1.0}, {"snr_db": 2.0}], estimate):
        pairs = [tuple(sorted(ranked.index(table.keys[k]) for k in pair[:2])) for pair in table.pairs]
        assert len(pairs) == len(expected)
        assert set(pairs) == expected
        assert all(i < j for i, j, *_ in table.pairs)


def test_what_is_remembered_changes_nothing():
    """A table drawn after others, with one entry more, is that of a fresh start; also when next to nothing is kept."""
    info, entries = BoardInfo("t", "T", "closed"), toy_entries(SUBMISSIONS)
    expected = standing_of(info, SEALED, SUBMISSIONS, entries, "public").to_json()
    reduced = reduce_all(SEALED, SUBMISSIONS)
    for most_bytes in (10**9, 20_000):
        estimates = Estimates(most_bytes)
        for count in range(len(reduced) + 1):
            some = dict(list(reduced.items())[:count])
            drawn = standing_of_reduced(info, SEALED, some, entries, "public", estimates)
        assert drawn.to_json() == expected


def test_the_same_terms_are_resampled_once(monkeypatch):
    made = []
    monkeypatch.setattr(memory, "estimate", lambda *asked: made.append(asked) or estimate(*asked))
    estimates, clusters = Estimates(10**9), Clusters.of(["ann", "bob", "cy"])
    first = estimates(METRIC, np.array([1.0, 2.0, 3.0]), clusters)
    assert estimates(METRIC, np.array([1.0, 2.0, 3.0]), Clusters.of(["x", "y", "z"])) is first
    assert len(made) == 1
    for metric, terms, labels in (
        (METRIC, [1.0, 2.0, 4.0], ["ann", "bob", "cy"]),
        (METRIC, [1.0, 2.0, 3.0], ["ann", "bob", "bob"]),
        (MEDIAN_ABSOLUTE_ERROR_MS, [1.0, 2.0, 3.0], ["ann", "bob", "cy"]),
    ):
        found = estimates(metric, np.array(terms), Clusters.of(labels))
        assert found.value == metric.summarise(np.array(terms))
    assert len(made) == 4


def test_memory_keeps_what_was_used_last():
    kept: Memory[str, bytes] = Memory(2, len)
    made = []

    def get(key: str) -> None:
        kept.get(key, lambda: made.append(key) or b"x")

    for key in ("a", "b", "a", "c", "a", "b"):
        get(key)
    assert made == ["a", "b", "c", "b"]


def test_overall_is_the_mean_over_the_conditions(standing):
    for row in standing.overall:
        values = [standing.row(row.method, condition).value for condition in standing.conditions]
        assert row.value == pytest.approx(np.mean(values), rel=1e-12)
        assert row.condition == {}
        assert row.ci_low <= row.value <= row.ci_high


def test_rows_are_those_of_scoring(standing):
    scored = score_submissions(SEALED, SUBMISSIONS, "public")
    assert list(standing.rows) == list(scored.rows)


def test_parts_of_few_samples_are_not_shown():
    sealed = toy_labels(samples=36)
    submissions = toy_submissions(sealed)
    found = standing_of(BoardInfo("t", "T", "closed"), sealed, submissions, toy_entries(submissions), "public")
    assert found.samples == 18
    scored = score_submissions(sealed, submissions, "public").rows
    assert {row.n for row in scored if "rt60_nominal" in row.condition} == {6, 12}
    assert {row.n for row in found.rows if "rt60_nominal" in row.condition} == {12}
    assert {row.n for row in found.rows if "rt60_nominal" not in row.condition} == {18}


def test_histograms_count_every_public_sample(standing):
    for key, entry in standing.entries.items():
        assert len(entry.errors) == len(standing.conditions)
        for k, histogram in enumerate(entry.errors):
            assert histogram.unit == "ms"
            assert sum(histogram.counts) == standing.samples == 120
            assert len(histogram.edges) == len(histogram.counts) + 1
            errors = terms(key)[0][k]
            assert histogram.counts[0] == np.count_nonzero(errors < histogram.edges[1])


def test_worst_samples_are_of_the_public_half_alone():
    public = set(labels_of(SEALED, "public").sample_id)
    for half in ("public", "private", "all"):
        for key, entry in example_standing(half).entries.items():
            assert len(entry.worst) == 10
            assert set(entry.worst) <= public
            errors = terms(key)[0].mean(axis=0)
            names = labels_of(SEALED, "public").sample_id
            assert entry.worst[0] == names[np.argmax(errors)]


def test_json_and_back(standing):
    text = json.dumps(standing.to_json(), allow_nan=False)
    back = standing_from_json(json.loads(text))
    assert json.dumps(back.to_json(), allow_nan=False) == text
    assert back.entries == standing.entries
    assert list(back.rows) == list(standing.rows)
    assert back.ranked == standing.ranked
    assert back.difference("good", "bad", {}) == standing.difference("good", "bad", {})


def test_no_label_is_in_it():
    """Neither a truth, nor its source's name, nor a speaker, nor the salt, nor what half a private sample is of.

    Medians are left out: that of an answer of zero is somebody's |truth|, of whom nobody can say.
    """
    content = example_standing("all").to_json()
    text = json.dumps(content)
    content["rows"] = [row for row in content["rows"] if not row["metric"].startswith("median")]
    numbers = set()

    def collect(value):
        for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            collect(part)
        if isinstance(value, float):
            numbers.add(value)

    collect(content)
    truth = {float(scale * sign * t) for t in SEALED.labels.truth for scale in (1, 1e3) for sign in (1, -1)}
    assert not numbers & truth
    for secret in (*SEALED.source_sample_id, *set(SEALED.labels.clusters), SEALED.salt, SEALED.source["fingerprint"]):
        assert secret not in text
    private = set(SEALED.labels.sample_id[SEALED.half == "private"])
    assert not [name for name in private if name in text]


def test_one_speaker_leaves_intervals_unknown_and_json_valid():
    sealed = toy_labels()
    sealed.labels.clusters[:] = "one"
    submissions = toy_submissions(sealed)
    found = standing_of(BoardInfo("t", "T", "closed"), sealed, submissions, toy_entries(submissions), "all")
    assert math.isnan(found.overall[-1].ci_low)
    back = standing_from_json(json.loads(json.dumps(found.to_json(), allow_nan=False)))
    assert math.isnan(back.overall[-1].ci_low)
    assert math.isnan(back.difference("good", "bad", {}).low)
    assert {row.rank for row in found.overall} == {None}
    assert found.unranked == back.unranked == "no ranks: 1 speaker cannot tell methods apart, 6 or more can"


def test_a_board_without_entries():
    found = standing_of(BoardInfo("t", "T", "closed"), SEALED, {}, {}, "public")
    assert found.ranked == []
    assert {row.method for row in found.overall} == {CHANCE, CEILING}
    assert standing_from_json(found.to_json()).to_json() == found.to_json()


@pytest.mark.parametrize("content", [{}, {"format": 2}, {"format": 1}, {"format": 1, "slug": "x", "entries": []}])
def test_other_json_is_refused(content):
    with pytest.raises(InputError, match="standing"):
        standing_from_json(content)
