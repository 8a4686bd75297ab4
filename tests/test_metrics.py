"""The metrics against closed forms, their symmetries, and input that is perfect, constant or broken."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from whence.benchmarks.questions.metrics import (
    ACCURACY,
    AZIMUTH_SIDE,
    MEAN_ABSOLUTE_ERROR_MS,
    METRICS,
    SHARE_WITHIN_TENTH_MS,
    binary_accuracy,
    mean_absolute_error,
    median_absolute_error,
    root_mean_square_error,
    share_within,
)
from whence.errors import InputError

ERRORS = (mean_absolute_error, root_mean_square_error, median_absolute_error)
DELAY_METRICS = [metric for metric in METRICS.values() if metric.unit == "ms" or metric is SHARE_WITHIN_TENTH_MS]
delays = st.floats(-(2.0**-9), 2.0**-9, width=32)  # s


@st.composite
def delay_pairs(draw):
    size = draw(st.integers(1, 40))
    return draw(arrays(np.float64, size, elements=delays)), draw(arrays(np.float64, size, elements=delays))


def valid_truth(metric, delay):
    return np.where(delay >= 0, 1.0, -1.0) if metric in (ACCURACY, AZIMUTH_SIDE) else delay


def test_metrics_have_the_values_of_their_closed_forms():
    truth, prediction = [0.0, 1e-3, -2e-3, 0.0], [3e-4, 1e-3, -1.6e-3, -1e-4]
    expected = {
        "mean_absolute_error": (0.3 + 0.0 + 0.4 + 0.1) / 4,
        "root_mean_square_error": ((0.09 + 0.0 + 0.16 + 0.01) / 4) ** 0.5,
        "median_absolute_error": (0.1 + 0.3) / 2,
        "share_within_tenth_ms": 50.0,
    }
    assert {m.name: m.value(truth, prediction) for m in DELAY_METRICS} == pytest.approx(expected)


def test_uniform_errors_have_their_expected_values():
    prediction = np.linspace(-1.0, 1.0, 200_001)
    truth = np.zeros_like(prediction)
    assert mean_absolute_error(truth, prediction) == pytest.approx(1 / 2, abs=1e-5)
    assert root_mean_square_error(truth, prediction) == pytest.approx(3**-0.5, abs=1e-5)
    assert median_absolute_error(truth, prediction) == pytest.approx(1 / 2, abs=1e-5)
    assert share_within(truth, prediction, 0.25) == pytest.approx(1 / 4, abs=1e-5)


@given(delay_pairs(), st.floats(1e-3, 1e3))
def test_errors_scale_with_the_unit_and_ignore_mirror_and_exchange(pair, scale):
    truth, prediction = pair
    for error in ERRORS:
        value = error(truth, prediction)
        assert error(scale * truth, scale * prediction) == pytest.approx(scale * value)
        assert error(-truth, -prediction) == value
        assert error(prediction, truth) == value
    share = share_within(truth, prediction, 1e-4)
    assert share_within(-truth, -prediction, 1e-4) == share


@given(delay_pairs(), st.randoms(use_true_random=False))
def test_sample_order_does_not_matter(pair, random):
    order = list(range(len(pair[0])))
    random.shuffle(order)
    for metric in METRICS.values():
        truth = valid_truth(metric, pair[0])
        assert metric.value(truth[order], pair[1][order]) == pytest.approx(metric.value(truth, pair[1]))


@given(delay_pairs())
def test_value_is_the_summary_of_the_terms(pair):
    for metric in METRICS.values():
        terms = metric.per_sample(valid_truth(metric, pair[0]), pair[1])
        assert terms.shape == pair[0].shape
        assert terms.dtype == np.float64
        assert metric.value(valid_truth(metric, pair[0]), pair[1]) == metric.summarise(terms)


@given(arrays(np.float64, st.integers(1, 40), elements=delays))
def test_perfect_prediction_is_the_best_value(truth):
    for metric in METRICS.values():
        best = 100.0 if metric.higher_is_better else 0.0
        assert metric.value(valid_truth(metric, truth), truth) == best


def test_constant_prediction_scores_what_the_labels_give_away():
    truth = np.array([-3e-4, -1e-4, 1e-4, 3e-4])
    assert MEAN_ABSOLUTE_ERROR_MS.value(truth, np.zeros(4)) == pytest.approx(0.2)
    assert ACCURACY.value(np.sign(truth), np.zeros(4)) == 50.0


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_an_error_of_exactly_a_tenth_of_a_millisecond_is_within(dtype):
    truth = np.linspace(-1.5e-3, 1.5e-3, 1001)
    for shift in (1e-4, -1e-4):
        assert SHARE_WITHIN_TENTH_MS.value(truth.astype(dtype), (truth + shift).astype(dtype)) == 100.0
        assert SHARE_WITHIN_TENTH_MS.value(truth, truth + 1.00001 * shift) == 0.0


def test_zero_prediction_says_left_and_magnitudes_do_not_count():
    assert binary_accuracy([+1, +1, -1], [0.0, -0.0, 0.0]) == 2 / 3
    assert binary_accuracy([+1, -1], [1e-12, -1e9]) == 1.0


def test_units_and_directions_are_those_of_the_tables():
    assert {(m.label, m.unit, m.higher_is_better) for m in METRICS.values()} >= {
        ("MAE", "ms", False),
        ("RMSE", "ms", False),
        ("median error", "ms", False),
        ("share within 0.1 ms", "%", True),
        ("accuracy", "%", True),
        ("MAE", "deg", False),
        ("median error", "deg", False),
        ("AUC@5°", "%", True),
        ("failed by 10° or more", "%", False),
    }


def test_metrics_travel_between_processes():
    assert pickle.loads(pickle.dumps(MEAN_ABSOLUTE_ERROR_MS)) == MEAN_ABSOLUTE_ERROR_MS


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
@pytest.mark.parametrize(
    ("truth", "prediction", "message"),
    [
        ([], [], r"truth: expected at least one sample"),
        ([1.0, 1.0], [0.0], r"truth has 2 samples, prediction 1"),
        ([1.0, 1.0], [[0.0, 0.0]], r"prediction: expected shape \(n,\), got \(1, 2\)"),
        ([1.0, 1.0], [0.0, np.nan], r"prediction: 1 of 2 values are not finite \(first at index 1\)"),
        ([np.inf, 1.0], [0.0, 0.0], r"truth: 1 of 2 values are not finite \(first at index 0\)"),
        ([1.0], ["left"], r"prediction: expected real numbers, got dtype <U4"),
        ([1.0], [None], r"prediction: expected real numbers, got dtype object"),
        ([1.0], [1j], r"prediction: expected real numbers, got dtype complex128"),
        ([1.0], [[0.0], [0.0, 1.0]], r"prediction: expected shape \(n,\), got lists of unequal length"),
        (1.0, 1.0, r"truth: expected shape \(n,\), got \(\)"),
    ],
)
def test_malformed_input_is_named(metric, truth, prediction, message):
    with pytest.raises(InputError, match=message):
        metric.value(truth, prediction)


def test_sides_must_be_plus_or_minus_one():
    with pytest.raises(InputError, match=r"truth\[1\]=0: expected \+1 \(left\) or -1 \(right\)"):
        binary_accuracy([1, 0], [0.1, 0.1])


@pytest.mark.parametrize("tolerance", [-1e-4, np.nan, np.inf])
def test_tolerance_must_be_a_length_of_time(tolerance):
    with pytest.raises(InputError, match="expected a finite number >= 0"):
        share_within([0.0], [0.0], tolerance)


ANGULAR = [
    metric
    for metric in METRICS.values()
    if metric.name in ("azimuth_side_accuracy", "front_back_confusion", "share_failed") or metric.unit == "deg"
] + [metric for metric in METRICS.values() if metric.name.startswith("recall_area")]
QUARTERS = st.integers(-2880, 2880).map(lambda k: k / 4)
"""Angles of -720 to 720 degrees in steps that binary numbers hold exactly."""


@pytest.mark.parametrize("metric", ANGULAR, ids=lambda metric: metric.name)
@settings(max_examples=100, deadline=None)
@given(QUARTERS, QUARTERS, st.integers(-2, 2), st.integers(-2, 2))
def test_whole_turns_change_no_angular_metric(metric, truth, prediction, turns, more):
    turned = metric.per_sample([truth + 360 * turns], [prediction + 360 * more])
    np.testing.assert_array_equal(turned, metric.per_sample([truth], [prediction]))
    counted = metric.counted(np.array([truth])).size
    assert metric.counted(np.array([truth + 360 * turns])).size == counted


@pytest.mark.parametrize("metric", [m for m in ANGULAR if m is not AZIMUTH_SIDE], ids=lambda metric: metric.name)
@settings(max_examples=50, deadline=None)
@given(QUARTERS, QUARTERS)
def test_a_mirrored_head_changes_no_angular_error(metric, truth, prediction):
    mirrored = metric.per_sample([-truth], [-prediction])
    np.testing.assert_allclose(mirrored, metric.per_sample([truth], [prediction]), atol=1e-9)


@pytest.mark.parametrize("behind", [180.0, -180.0, 540.0, -540.0])
@pytest.mark.parametrize("ahead", [0.0, 360.0, -360.0, 720.0])
def test_straight_ahead_and_behind_are_on_one_side_at_every_turn(ahead, behind):
    for truth, expected in ((30.0, 100.0), (-30.0, 0.0), (330.0, 0.0)):
        assert AZIMUTH_SIDE.per_sample([truth] * 2, [ahead, behind]).tolist() == [expected] * 2


@pytest.mark.parametrize("metric", DELAY_METRICS, ids=lambda metric: metric.name)
@settings(max_examples=50, deadline=None)
@given(st.floats(-1.0, 1.0), st.floats(-1.0, 1.0))
def test_delay_metrics_are_symmetric_over_the_plausible_range(metric, truth, prediction):
    terms = metric.per_sample([truth], [prediction])
    assert np.isfinite(terms).all()
    np.testing.assert_array_equal(terms, metric.per_sample([-truth], [-prediction]))
    np.testing.assert_array_equal(terms, metric.per_sample([prediction], [truth]))
