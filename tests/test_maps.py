"""Maps and boxes: storing, enlarging, each pixel rule by hand, and what metrics make of them."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from whence.benchmarks.questions import map_metrics
from whence.benchmarks.questions.boxes import NOWHERE, boxes_truth, mask_map, mask_truth, truth_map
from whence.benchmarks.questions.detection import ABSENT, FOUND, MISSED, Detections, detection_terms, summary_of
from whence.benchmarks.questions.labels import arrays_of_truth
from whence.benchmarks.questions.map_metrics import (
    FALSE_RESPONSE,
    FALSE_SILENCE,
    RULES,
    area_under_success,
    consensus_iou,
    predicted_pixels,
)
from whence.benchmarks.questions.maps import (
    CANVAS,
    INTERPOLATIONS,
    SIDE,
    check_maps,
    enlarged,
    map_of,
    stored_maps,
)
from whence.benchmarks.questions.plain_maps import centre_blob, map_of_boxes
from whence.benchmarks.scoring.statistics import Clusters, replicates
from whence.errors import InputError

HOW = "aligned_bilinear"
LEFT, RIGHT = [0.0, 0.0, 0.5, 1.0], [0.5, 0.0, 1.0, 1.0]


def value(metric, truth, maps) -> float:
    return metric.value(arrays_of_truth(truth), np.float16(stored_maps(np.asarray(maps, float))).astype(float))


def noisy(side: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((side, side)).astype(np.float32)


# Storing ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(1, 1), (7, 7), (14, 14), (20, 20), (30, 48), (56, 56)])
def test_a_map_comes_back_as_the_method_gave_it(shape):
    maps = np.random.default_rng(0).random((3, *shape))
    for given_map, answer in zip(maps, stored_maps(maps), strict=True):
        np.testing.assert_array_equal(map_of(answer), given_map.astype(np.float32))


def test_a_larger_map_is_averaged_down():
    maps = np.zeros((1, 224, 112))
    maps[0, :4, :2] = 1
    found = map_of(stored_maps(maps)[0])
    assert found.shape == (56, 56)
    assert found[0, 0] == 1
    assert found.sum() == 1


def test_a_point_is_brightest_where_it_is():
    points = np.array([[0.1, 0.9], [0.5, 0.25]])
    for (x, y), answer in zip(points, stored_maps(points), strict=True):
        one = map_of(answer)
        row, column = np.unravel_index(one.argmax(), one.shape)
        assert abs((column + 0.5) / SIDE - x) <= 0.5 / SIDE + 1e-9
        assert abs((row + 0.5) / SIDE - y) <= 0.5 / SIDE + 1e-9
        assert one.min() > 0


@pytest.mark.parametrize(
    ("given_answer", "message"),
    [
        (np.zeros(3), r"shape \(3,\): expected maps \(samples, rows, columns\) or points"),
        (np.zeros((3, 5)), r"shape \(3, 5\)"),
        (np.zeros((3, 0, 5)), r"shape \(3, 0, 5\)"),
        (np.zeros((2, 3, 5, 5)), r"shape \(2, 3, 5, 5\)"),
        (np.array([[160.0, 120.0]]), "a point at x=160, y=120: give fractions"),
    ],
)
def test_what_is_no_map_is_refused(given_answer, message):
    with pytest.raises(InputError, match=message):
        stored_maps(given_answer)


@pytest.mark.parametrize(("size", "cells"), [((0, 5), 0), ((57, 5), 1), ((2.5, 5), 1)])
def test_an_answer_that_states_no_size_is_refused(size, cells):
    answer = stored_maps(np.ones((1, 5, 5)))
    answer[0, :2] = size
    with pytest.raises(InputError, match="expected 1 to 56 rows and columns"):
        check_maps([answer])


def test_values_too_small_for_16_bits_are_refused():
    check_maps([stored_maps(np.zeros((2, 7, 7))), stored_maps(np.full((2, 7, 7), 0.01))])
    with pytest.raises(InputError, match=r"within 0\.0001 of 0: scale them"):
        check_maps([stored_maps(np.full((2, 7, 7), 1e-4))])


# Enlarging ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(7, 7), (14, 14), (5, 9), (56, 56)])
def test_half_pixel_maps_are_those_of_opencv(shape):
    one = np.random.default_rng(1).random(shape).astype(np.float32)
    for how, code in (("half_pixel_bilinear", cv2.INTER_LINEAR), ("half_pixel_bicubic", cv2.INTER_CUBIC)):
        expected = cv2.resize(one, (CANVAS, CANVAS), interpolation=code)
        np.testing.assert_allclose(enlarged(one, how), expected, atol=2e-5)


@pytest.mark.parametrize("shape", [(7, 7), (14, 14), (5, 9), (56, 56)])
def test_aligned_maps_are_those_of_pytorch(shape):
    torch = pytest.importorskip("torch")
    one = np.random.default_rng(2).random(shape).astype(np.float32)
    for how, mode in (("aligned_bilinear", "bilinear"), ("aligned_bicubic", "bicubic")):
        whole = torch.nn.functional.interpolate(
            torch.from_numpy(one)[None, None], (CANVAS, CANVAS), mode=mode, align_corners=True
        )
        np.testing.assert_allclose(enlarged(one, how), whole[0, 0].numpy(), atol=2e-5)


def test_aligned_bilinear_by_hand():
    found = enlarged(np.array([[0.0, 1.0], [2.0, 3.0]], np.float32), "aligned_bilinear")
    step = np.arange(CANVAS) / (CANVAS - 1)
    np.testing.assert_allclose(found, step[None, :] + 2 * step[:, None], atol=1e-5)


def test_half_pixel_bilinear_by_hand():
    found = enlarged(np.array([[0.0, 1.0]], np.float32), "half_pixel_bilinear")[0]
    assert found[0] == found[55] == 0
    assert found[-1] == found[-56] == 1
    assert found[112] - found[111] == pytest.approx(1 / 112, abs=1e-6)


@pytest.mark.parametrize("how", INTERPOLATIONS)
@pytest.mark.parametrize("value", [1.0, 0.3, 1 / 3, -0.7])
@pytest.mark.parametrize("shape", [(1, 1), (7, 5), (1, 13), (56, 56)])
def test_a_constant_map_stays_constant(how, value, shape):
    """To the last digit, or a rule of pixels would choose among rounding errors."""
    one = np.full(shape, value, np.float32)
    np.testing.assert_array_equal(enlarged(one, how), np.float32(value))
    assert not predicted_pixels(enlarged(one, how), "fixed").any()


# Truth --------------------------------------------------------------------------------------------------------------


def test_pixels_are_truncated_and_half_open():
    found = truth_map(boxes_truth([0.1, 0.0, 0.26, 0.5], picture=0), 10)
    assert np.flatnonzero(found[0]).tolist() == [1]
    assert np.flatnonzero(found[:, 1]).tolist() == [0, 1, 2, 3, 4]


def test_boxes_outside_are_clipped_and_degenerate_ones_are_empty():
    assert truth_map(boxes_truth([-2.9e16, -1, 0.5, 2], picture=0), 4).sum() == 8
    assert truth_map(boxes_truth([0.5, 0.5, 0.5, 0.9], picture=0), 4).sum() == 0
    assert truth_map(NOWHERE, 4).sum() == 0


def test_the_consensus_of_three_annotators_by_hand():
    """1 where two or more agree, 1/2 where one drew; two boxes of one annotator are one vote (Senocak, Sec. 5.1)."""
    drawn = [([0, 0, 0.5, 1], 0), ([0.25, 0, 0.75, 1], 1), ([0.25, 0, 0.5, 1], 1), ([0, 0, 0.25, 1], 2)]
    boxes = np.concatenate([boxes_truth(box, picture=0, annotator=who) for box, who in drawn])
    assert truth_map(boxes, 4)[0].tolist() == [1.0, 1.0, 0.5, 0.0]


def test_the_union_of_exact_boxes():
    boxes = boxes_truth([[0, 0, 0.5, 1], [0.25, 0, 0.75, 1]], picture=0)
    assert truth_map(boxes, 4)[0].tolist() == [1.0, 1.0, 1.0, 0.0]


# Rules by hand, on four pixels ---------------------------------------------------------------------------------------

ROW = np.array([[0.9, 0.7, 0.2, 0.1]])
GOAL = np.array([[1.0, 0.0, 0.5, 0.0]])


@pytest.mark.parametrize(
    ("rule", "pixels", "expected"),
    [
        ("half_at_least", [1, 1, 0, 0], 1 / 2.5),  # the third smallest is 0.7: two pixels; (1) / (1.5 + 1)
        ("half_above", [1, 0, 0, 0], 1 / 1.5),  # one pixel less; 1 / 1.5
        ("adaptive", [1, 0, 0, 0], 1 / 1.5),  # two pixels have g > 0, so the one above the second largest
        ("fixed", [1, 1, 0, 0], 1 / 2.5),  # scaled: 1, 0.75, 0.125, 0
    ],
)
def test_a_rule_by_hand(rule, pixels, expected):
    found = predicted_pixels(ROW, rule, size=2)
    assert found.astype(int).tolist() == [pixels]
    assert consensus_iou(GOAL, found) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("rule", "pixels"),
    [("half_at_least", 4), ("half_above", 0), ("adaptive", 0), ("fixed", 0)],
)
def test_a_constant_map_by_each_rule(rule, pixels):
    assert predicted_pixels(np.full((1, 4), 0.5), rule, size=2).sum() == pixels


def test_without_truth_the_adaptive_rule_takes_half_and_the_score_is_zero():
    found = predicted_pixels(ROW, "adaptive", size=0)
    assert found.sum() == 1
    assert consensus_iou(np.zeros((1, 4)), found) == 0
    assert consensus_iou(np.zeros((1, 4)), np.zeros((1, 4), bool)) == 0


def test_areas_by_hand():
    """Shares of 0.2 and 0.5 reached: trapezoids over thresholds 0 to 1 in steps of 0.05."""
    assert area_under_success([0.2, 0.51]).tolist() == pytest.approx([0.225, 0.525])
    assert area_under_success([0.15000000000000002]).tolist() == pytest.approx([0.175])


def test_the_maps_of_boxes_on_the_canvas_by_hand():
    """The left half of the picture, pointed at by a ramp that falls to the right: every rule finds it but for edges."""
    ramp = np.linspace(1, 0, 7)[None, None].repeat(7, axis=1)
    right = ramp[:, :, ::-1]
    truth = [boxes_truth(LEFT, picture=0)]
    for rule in RULES:
        assert value(map_metrics.success(rule, HOW), truth, ramp) == 100
        assert value(map_metrics.success(rule, HOW), truth, right) == 0
    assert value(map_metrics.area("half_at_least", HOW), truth, ramp) == pytest.approx(100)
    assert value(map_metrics.pointing(HOW), truth, ramp) == 100
    assert value(map_metrics.pointing(HOW), truth, right) == 0
    assert value(map_metrics.precision_at_size(HOW), truth, ramp) == 100
    assert value(map_metrics.precision_at_size(HOW), truth, right) == 0


def test_exactly_one_half_is_a_success_at_least_and_not_above():
    """A quarter of the picture inside the predicted half: IoU 1/2."""
    ramp = np.linspace(1, 0, 57)[:56][None, None].repeat(56, axis=1)
    truth = [boxes_truth([0, 0, 0.25, 1], picture=0)]
    assert value(map_metrics.success("half_at_least", HOW), truth, ramp) == 100
    assert value(map_metrics.strict_success("half_at_least", HOW), truth, ramp) == 0


def test_pointing_with_several_brightest_pixels_counts_their_share():
    truth = [boxes_truth([0, 0, 0.25, 1], picture=0)]
    assert value(map_metrics.pointing(HOW), truth, np.ones((1, 7, 7))) == pytest.approx(25)
    assert value(map_metrics.precision_at_size(HOW), truth, np.ones((1, 7, 7))) == pytest.approx(25)


def test_each_way_to_enlarge_scores_otherwise():
    truth = arrays_of_truth([boxes_truth([0.2, 0.2, 0.9, 0.9], picture=0)])
    answers = stored_maps(noisy(7, 3)[None])
    assert len({map_metrics.measured(truth, answers, how).iou["adaptive"][0] for how in INTERPOLATIONS}) == 4


# Several sounds of a picture ------------------------------------------------------------------------------------------


def test_interactive_iou_asks_for_all_sounds_of_a_picture():
    """Picture 0: both found. Picture 1: one of two. Picture 2: one sound, found. So 2 of 3; blind maps get 1 of 3."""
    sides = [LEFT, RIGHT, LEFT, RIGHT, LEFT]
    pictures, places = [0, 0, 1, 1, 2], [0, 1, 0, 1, 0]
    truth = [boxes_truth(b, picture=p, place=k) for b, p, k in zip(sides, pictures, places, strict=True)]
    ramp = np.linspace(1, 0, 7)[None].repeat(7, axis=0)
    maps = [ramp, ramp[:, ::-1], ramp, ramp, ramp]
    assert value(map_metrics.success("adaptive", HOW), truth, maps) == 80
    assert value(map_metrics.interactive_success("adaptive", HOW), truth, maps) == pytest.approx(200 / 3)
    areas = value(map_metrics.interactive_area("half_at_least", HOW), truth, maps)
    assert areas == pytest.approx((100 + 2.5 + 100) / 3)
    blind = value(map_metrics.interactive_success("adaptive", HOW), truth, [ramp] * 5)
    assert blind == pytest.approx(100 / 3)
    order = np.array([4, 3, 0, 2, 1])
    again = value(map_metrics.interactive_success("adaptive", HOW), [truth[k] for k in order], [maps[k] for k in order])
    assert again == pytest.approx(200 / 3), "whatever the order of the samples"


def test_visible_pixels_instead_of_boxes_by_hand():
    """The upper half is predicted. Of the box, the left half, that is 1/3; of its mask, the upper left quarter, 1/2."""
    mask = np.zeros((240, 320), bool)
    mask[:120, :160] = True
    falling = np.linspace(1, 0, 7)[:, None].repeat(2, axis=1)
    upper, lower = (with_mask(LEFT, mask, 0), with_mask(RIGHT, mask[::-1, ::-1], 1))
    assert map_metrics.measured(arrays_of_truth([upper]), stored_maps(falling[None]), HOW).mask_iou[
        "fixed"
    ].tolist() == [0.5]
    box, shown = map_metrics.success("fixed", HOW), map_metrics.mask_success("fixed", HOW)
    pictures = map_metrics.interactive_mask_success("fixed", HOW)
    assert (value(box, [upper], [falling]), value(shown, [upper], [falling])) == (0, 100)
    for second, both, whole in ((falling[::-1], 100, 100), (falling, 50, 0)):
        assert value(shown, [upper, lower], [falling, second]) == both
        assert value(pictures, [upper, lower], [falling, second]) == whole
    counted = arrays_of_truth([upper, boxes_truth(LEFT, picture=1), np.empty((0, 8))])
    assert shown.counted(counted).tolist() == [0], "only where the visible pixels are known"
    assert pictures.counted(counted).tolist() == [0]
    np.testing.assert_array_equal(truth_map(upper), truth_map(upper[:1]))


def with_mask(box, mask, place):
    truth = boxes_truth(box, picture=0, place=place, source=place)
    return np.concatenate([truth, mask_truth(mask, truth[0])])


def test_the_adaptive_rule_takes_as_many_pixels_as_are_visible():
    """A map that is the mask itself: all of it but one pixel is predicted, whatever the box holds."""
    mask = np.zeros((224, 224), bool)
    mask[8:16, 8:32] = mask[16:24, 8:16] = True
    truth = with_mask([8 / 224, 8 / 224, 32 / 224, 24 / 224], mask, 0)
    np.testing.assert_array_equal(mask_map(truth), mask)
    cells = mask.reshape(28, 8, 28, 8).mean(axis=(1, 3))
    found = map_metrics.measured(arrays_of_truth([truth]), stored_maps(cells[None]), "half_pixel_bilinear")
    canvas = enlarged(np.float32(cells), "half_pixel_bilinear")
    chosen = canvas > np.sort(canvas, axis=None)[-mask.sum()]
    assert found.mask_iou["adaptive"][0] == pytest.approx((chosen & mask).sum() / (chosen | mask).sum())


def test_single_sources_alone_count_for_success():
    both = np.concatenate([boxes_truth(LEFT, picture=0), boxes_truth(RIGHT, picture=0, source=1)])
    truth = arrays_of_truth([boxes_truth(LEFT, picture=0), both, NOWHERE])
    assert map_metrics.success("adaptive", HOW).counted(truth).tolist() == [0]
    assert map_metrics.together_success("adaptive", HOW).counted(truth).tolist() == [1]
    assert FALSE_RESPONSE.counted(truth).tolist() == [2]
    assert map_metrics.average_precision("adaptive", HOW).counted(truth).tolist() == [0, 2]
    assert map_metrics.annotator_success("adaptive", HOW).counted(truth).tolist() == []


def test_each_annotator_alone():
    """Two of three drew the left half, one the right half: a map of the left half is right for two of three."""
    drawn = [boxes_truth(box, picture=0, annotator=who) for who, box in enumerate([LEFT, LEFT, RIGHT])]
    ramp = np.linspace(1, 0, 7)[None, None].repeat(7, axis=1)
    found = value(map_metrics.annotator_success("half_at_least", HOW), [np.concatenate(drawn)], ramp)
    assert found == pytest.approx(200 / 3)


def test_a_map_without_a_positive_value_claims_nothing():
    maps = np.stack([np.zeros((7, 7)), -noisy(7), noisy(7)])
    assert value(FALSE_RESPONSE, [NOWHERE] * 3, maps) == pytest.approx(100 / 3)
    assert value(FALSE_SILENCE, [boxes_truth(LEFT, picture=k) for k in range(3)], maps) == pytest.approx(200 / 3)


def test_a_map_below_zero_escapes_false_responses_but_not_false_silence():
    """Rules of pixels compare the values of a map, so lowering all of them costs nothing there."""
    truth, ramp = boxes_truth(LEFT, picture=0), np.linspace(1, 0, 7)[None, None].repeat(7, axis=1)
    found = map_metrics.success("half_at_least", HOW)
    assert value(found, [truth], ramp - 2) == value(found, [truth], ramp) == 100
    assert value(FALSE_RESPONSE, [NOWHERE], ramp - 2) == 0
    assert (value(FALSE_SILENCE, [truth], ramp - 2), value(FALSE_SILENCE, [truth], ramp)) == (100, 0)


# Detection ------------------------------------------------------------------------------------------------------------


def slavc(confidence, outcome):
    """Average precision and the largest F1, by the definitions, one threshold after the other."""

    def rates(threshold):
        sure = confidence >= threshold
        right, wrong = (sure & (outcome == FOUND)).sum(), (sure & (outcome != FOUND)).sum()
        missed = (~sure & (outcome != ABSENT)).sum()
        return (right / (right + wrong) if right + wrong else 1.0), (
            right / (right + missed) if right + missed else 1.0
        )

    n = len(confidence)
    p, r = np.transpose([rates(t) for t in np.sort(confidence)[:-1][:: -max(1, n // 200)]])
    average = sum(p[k:].max() * (r[k + 1] - r[k]) for k in range(len(p) - 1))
    pairs = [rates(t) for t in np.sort(confidence)[:: max(1, n // 10)]]
    return 100 * average, 100 * max(2 * a * b / (a + b) if a + b else 0.0 for a, b in pairs)


def test_average_precision_and_f1_by_hand():
    """Confidences 0.9 found, 0.8 nothing there, 0.6 found, 0.2 missed; the threshold 0.9 is left out.

    At 0.8: precision 1/2, recall 1/3. At 0.6: 2/3 and 2/3. At 0.2: 2/4 and 1. The largest precisions from there on are
    2/3, 2/3, 1/2: 2/3 (2/3 - 1/3) + 2/3 (1 - 2/3) = 4/9. F1 at 0.6 and at 0.2: 2/3; at 0.9, 1 and 1/3: 1/2.
    """
    terms = detection_terms(np.array([0.9, 0.8, 0.6, 0.2]), np.array([FOUND, ABSENT, FOUND, MISSED]))
    assert summary_of(terms, "average_precision") == pytest.approx(400 / 9)
    assert summary_of(terms, "max_f1") == pytest.approx(200 / 3)


@pytest.mark.parametrize("count", [2, 9, 57, 450])
def test_detection_agrees_with_the_definitions(count):
    rng = np.random.default_rng(count)
    confidence, outcome = np.round(rng.normal(size=count), 1), rng.integers(0, 3, count)
    terms = detection_terms(confidence, outcome)
    average, best = slavc(np.round(confidence, 6), outcome)
    assert summary_of(terms, "average_precision") == pytest.approx(average)
    assert summary_of(terms, "max_f1") == pytest.approx(best)


def test_resampled_detections_are_those_of_the_samples_drawn():
    """A cluster counted twice is a set with its samples twice, at the thresholds of the whole set."""
    rng = np.random.default_rng(5)
    terms = detection_terms(rng.normal(size=30), rng.integers(0, 3, 30))
    codes = np.repeat(np.arange(3), 10)
    found = Detections(terms, codes, 3, "average_precision").values(np.array([[1.0, 1, 1], [2, 2, 2], [1, 0, 2]]))
    assert found[0] == pytest.approx(summary_of(terms, "average_precision"))
    assert found[1] == pytest.approx(found[0])
    assert found[2] != found[0]
    metric = map_metrics.average_precision("adaptive", HOW)
    draws = replicates(metric, terms, Clusters.of(codes), resamples=130)
    assert draws.shape == (130,)
    assert draws.min() < found[0] < draws.max()


# Properties -----------------------------------------------------------------------------------------------------------

CELLS = arrays(np.float32, (5, 5), elements=st.floats(-1, 1, width=16))
CORNER = st.integers(0, 8)


@settings(max_examples=30, deadline=None)
@given(CELLS, CORNER, CORNER, st.sampled_from(list(RULES)), st.sampled_from(list(INTERPOLATIONS)))
def test_scores_are_shares_and_do_not_depend_on_the_scale_of_a_map(cells, x, y, rule, how):
    truth = [boxes_truth([x / 10, y / 10, x / 10 + 0.2, y / 10 + 0.2], picture=0)]
    metric = map_metrics.area(rule, how)
    found = value(metric, truth, cells[None])
    assert 2.5 - 1e-9 <= found <= 100
    assert value(metric, truth, 4 * cells[None]) == pytest.approx(found)
    assert value(map_metrics.strict_success(rule, how), truth, cells[None]) <= value(
        map_metrics.success(rule, how), truth, cells[None]
    )


@settings(max_examples=20, deadline=None)
@given(CELLS, CORNER, CORNER, st.sampled_from(list(RULES)))
def test_a_mirrored_picture_has_the_same_score(cells, x, y, rule):
    """Truncation is not symmetrical, so the box lies on whole pixels."""
    box = np.array([x, y, x + 6, y + 6]) / 14
    mirrored = np.array([1 - box[2], box[1], 1 - box[0], box[3]])
    one, other = (value(map_metrics.area(rule, HOW), [boxes_truth(b, picture=0)], c[None]) for b, c in
                  ((box, cells), (mirrored, cells[:, ::-1])))  # fmt: skip
    assert one == pytest.approx(other, abs=5.1), "rounding may move single pixels over a threshold of the area"


@settings(max_examples=20, deadline=None)
@given(CORNER, CORNER, st.integers(2, 6), st.integers(2, 6))
def test_the_map_of_boxes_reaches_the_ceiling(x, y, width, height):
    boxes = np.array([[x, y, x + width, y + height]]) / 14
    truth = [boxes_truth(boxes, picture=0)]
    drawn = map_of_boxes(boxes)[None]
    assert value(map_metrics.area("adaptive", HOW), truth, drawn) > 80
    assert value(map_metrics.pointing(HOW), truth, drawn) == 100
    share = width * height / 14**2
    half = value(map_metrics.success("half_at_least", HOW), truth, drawn)
    assert half == (100 if share > 0.255 else 0) or abs(share - 0.25) < 0.01


def test_batches_and_order_do_not_matter():
    rng = np.random.default_rng(0)
    truth = arrays_of_truth([boxes_truth([0.1 * k, 0.2, 0.1 * k + 0.3, 0.7], picture=k) for k in range(7)])
    answers = stored_maps(rng.random((7, 9, 9)))
    metric = map_metrics.area("adaptive", HOW)
    whole = metric.per_sample(truth, answers)
    parts = [metric.per_sample(truth[k : k + 3], answers[k : k + 3]) for k in (0, 3, 6)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    np.testing.assert_array_equal(metric.per_sample(truth[::-1], answers[::-1])[::-1], whole)


def test_every_name_states_the_rule_and_the_interpolation():
    made = [map_metrics.success(rule, how) for rule in RULES for how in INTERPOLATIONS]
    assert len({m.name for m in made}) == len({m.label for m in made}) == 16
    assert made[0].name == "consensus_iou_half_at_least_aligned_bilinear"


def test_a_blob_in_the_middle_is_symmetric():
    blob = centre_blob()
    np.testing.assert_allclose(blob, blob[::-1, ::-1])
