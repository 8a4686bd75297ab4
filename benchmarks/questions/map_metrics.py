"""Scores of maps against boxes: consensus IoU by every published pixel rule, and what follows from it.

A score of a map depends on how it is enlarged to 224 x 224 pixels and which of them count as predicted, so both are
part of a metric's name. With the truth g (0, 1/2 or 1) and the predicted pixels P, the consensus IoU of Senocak et al.
is sum(g over P) / (sum(g) + #{P where g = 0}); with neither truth nor prediction it is 0. Papers call the share of
samples that reach 0.5 "cIoU". The rules for P:

- `half_at_least`, `half_above`: the half of the picture with the largest values, >= or > the 25,089th smallest;
- `adaptive`: the pixels above the k-th largest value, where k pixels have g > 0: k - 1 of them (Senocak et al. 2023);
- `fixed`: values >= 0.5 after scaling the map to 0..1; a constant map becomes 0.
"""

from __future__ import annotations  # so that help() shows `npt.ArrayLike`, not what it stands for

import weakref
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ...compiled import njit
from . import boxes, formulas
from .answer import Answers
from .detection import ABSENT, FOUND, MISSED, detection_terms
from .maps import CANVAS, INTERPOLATIONS, Interpolation, Map, enlarged, map_of
from .metrics import Metric, Vector

Rule = Literal["half_at_least", "half_above", "adaptive", "fixed"]
RULES: dict[Rule, str] = {
    "half_at_least": "half of the picture, ≥",
    "half_above": "half of the picture, >",
    "adaptive": "size of the object",
    "fixed": "0.5 of the range",
}
PIXELS = CANVAS * CANVAS
SUCCESS = 0.5
AREA_THRESHOLDS = np.linspace(0, 1, 21)
TOLERANCE = 1e-9
"""A score this far below a threshold reaches it, since ratios are rounded."""


def consensus_iou(truth: Map, prediction: npt.NDArray[np.bool_]) -> float:
    """Return the consensus IoU, 0 to 1, of predicted pixels with the `truth` (0, 1/2 or 1), both of the same shape.

    >>> consensus_iou(np.array([[1.0, 0.5, 0.0, 0.0]]), np.array([[True, False, True, False]]))
    0.4
    """
    union = float(truth.sum()) + int(np.count_nonzero(prediction & (truth == 0)))
    return float(truth[prediction].sum()) / union if union else 0.0


def predicted_pixels(canvas: Map, rule: Rule, size: int = 0) -> npt.NDArray[np.bool_]:
    """Return which pixels of an enlarged map (any shape) count as predicted; `size` is the object's, in pixels.

    >>> predicted_pixels(np.array([[4.0, 3, 2, 1]]), "half_at_least").tolist()
    [[True, True, False, False]]
    >>> predicted_pixels(np.array([[4.0, 3, 2, 1]]), "adaptive", size=3).tolist()
    [[True, True, False, False]]
    """
    ordered = np.sort(canvas, axis=None)
    threshold = _thresholds(ordered, size)[rule]
    return np.asarray(canvas >= threshold if rule in _AT_LEAST else canvas > threshold)


_AT_LEAST = ("half_at_least", "fixed")


def _thresholds(ordered: Map, size: int) -> dict[Rule, np.float32]:
    """Return the threshold of each rule from the sorted values of a map; infinite where nothing is predicted."""
    low, high, middle = ordered[0], ordered[-1], ordered[len(ordered) // 2]
    return {
        "half_at_least": middle,
        "half_above": middle,
        "adaptive": ordered[len(ordered) - size] if size else middle,
        "fixed": np.float32(low + SUCCESS * (high - low)) if high > low else np.float32(np.inf),
    }


def area_under_success(ious: npt.ArrayLike) -> Vector:
    """Return, for each IoU (n,), the area under its success at the thresholds 0, 0.05, ..., 1 by the trapezoid rule.

    The mean over samples is the field's AUC, 0 to 1: about the mean IoU plus 0.025, as the success at 0 is certain.

    >>> area_under_success([0.0, 0.5, 1.0]).tolist()
    [0.025, 0.525, 1.0]
    """
    reached = (np.asarray(ious, dtype=np.float64)[:, None] >= AREA_THRESHOLDS - TOLERANCE).astype(np.float64)
    return np.asarray(np.round(np.trapezoid(reached, AREA_THRESHOLDS, axis=1), 12))


# Everything about each map, measured once ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Measured:
    """What metrics need of n maps under one interpolation, each (n,): IoU by rule, and the others 0 to 1.

    `mask_iou` is the IoU with the visible pixels instead of the boxes, 0 where these are not known. `pointing` is
    whether the brightest pixel lies on the truth (the share of them where several are as bright), `precision` the
    share of as many pixels as the object has that lie on it, `confidence` the mean of the brightest quarter of the
    pixels.
    """

    iou: dict[Rule, Vector]
    mask_iou: dict[Rule, Vector]
    pointing: Vector
    precision: Vector
    confidence: Vector


def measured(truth: Any, answers: Answers, interpolation: Interpolation) -> Measured:
    """Return what metrics need of stored `answers` (n, 3138) to boxes `truth` (n,), remembered for the last arrays."""
    return _LAST.get(truth, answers, interpolation)


class _Memory:
    """What was measured of the last two arrays, as long as they live: all metrics of a track ask about the same."""

    def __init__(self) -> None:
        self._about: tuple[weakref.ref[Any], weakref.ref[Any]] | None = None
        self._known: dict[Interpolation, Measured] = {}

    def get(self, truth: Any, answers: Answers, interpolation: Interpolation) -> Measured:
        """Return what was measured of `truth` and `answers`."""
        if self._about is None or self._about[0]() is not truth or self._about[1]() is not answers:
            self._about, self._known = (weakref.ref(truth), weakref.ref(answers)), {}
        if interpolation not in self._known:
            self._known[interpolation] = _measure(truth, answers, interpolation)
        return self._known[interpolation]


_LAST = _Memory()


def _measure(truth: Any, answers: Answers, interpolation: Interpolation) -> Measured:
    rules = len(RULES)
    rows, masks = np.empty((len(answers), rules + 3)), np.zeros((len(answers), rules))
    for row, mask, one, answer in zip(rows, masks, truth, answers, strict=True):
        canvas = enlarged(map_of(answer), interpolation)
        ordered = np.sort(canvas, axis=None)
        row[:-1] = _compared(canvas, boxes.truth_map(one, CANVAS), ordered)
        row[-1] = float(ordered[-(PIXELS // 4) :].mean(dtype=np.float64))
        if (shown := boxes.mask_map(one, CANVAS)).any():
            mask[:] = _compared(canvas, shown, ordered)[:rules]
    return Measured(dict(zip(RULES, rows.T, strict=False)), dict(zip(RULES, masks.T, strict=True)), *rows.T[rules:])


def _compared(canvas: Map, goal: Map, ordered: Map) -> Vector:
    """Return what `_overlaps` finds of an enlarged map, whose values are `ordered`, and a truth `goal`."""
    size = int(np.count_nonzero(goal))
    thresholds = np.array(list(_thresholds(ordered, size).values()), dtype=np.float32)
    found: Vector = _overlaps(canvas, goal, thresholds, size, ordered[-1], ordered[PIXELS - max(size, 1)])
    return found


@njit()
def _overlaps(canvas, goal, thresholds, size, highest, kth):  # type: ignore[no-untyped-def]
    """Return consensus IoU by half_at_least, half_above, adaptive, fixed; then pointing and precision at the size.

    Pixels as bright as the k-th are drawn evenly, so that precision does not depend on their order.
    """
    inside, outside = np.zeros(4), np.zeros(4)
    total, best, best_inside, above, above_inside, level, level_inside = 0.0, 0, 0, 0, 0, 0, 0
    for i in range(canvas.shape[0]):
        for j in range(canvas.shape[1]):
            value, g = canvas[i, j], goal[i, j]
            total += g
            for r in range(4):
                if value > thresholds[r] or (value == thresholds[r] and (r == 0 or r == 3)):
                    if g > 0:
                        inside[r] += g
                    else:
                        outside[r] += 1
            if value == highest:
                best += 1
                best_inside += g > 0
            if value > kth:
                above += 1
                above_inside += g > 0
            elif value == kth:
                level += 1
                level_inside += g > 0
    out = np.zeros(6)
    for r in range(4):
        union = total + outside[r]
        out[r] = inside[r] / union if union > 0 else 0.0
    out[4] = best_inside / best
    out[5] = (above_inside + (size - above) * level_inside / level) / size if size > 0 else 0.0
    return out


# Terms --------------------------------------------------------------------------------------------------------------


def _percent_reached(truth: Any, answers: Answers, *, rule: Rule, interpolation: Interpolation, strict: bool) -> Vector:
    iou = measured(truth, answers, interpolation).iou[rule]
    return np.where(iou > SUCCESS + TOLERANCE if strict else iou >= SUCCESS - TOLERANCE, 100.0, 0.0)


def _percent_area(truth: Any, answers: Answers, *, rule: Rule, interpolation: Interpolation) -> Vector:
    return 100 * area_under_success(measured(truth, answers, interpolation).iou[rule])


def _percent_of_masks(truth: Any, answers: Answers, *, rule: Rule, interpolation: Interpolation) -> Vector:
    return np.where(measured(truth, answers, interpolation).mask_iou[rule] >= SUCCESS - TOLERANCE, 100.0, 0.0)


def _percent_pointing(truth: Any, answers: Answers, *, interpolation: Interpolation) -> Vector:
    return 100 * measured(truth, answers, interpolation).pointing


def _percent_precision(truth: Any, answers: Answers, *, interpolation: Interpolation) -> Vector:
    return 100 * measured(truth, answers, interpolation).precision


def _percent_by_annotator(truth: Any, answers: Answers, *, rule: Rule, interpolation: Interpolation) -> Vector:
    """Return the share of annotators (n,) whose boxes alone the map reaches at 0.5 (Senocak et al., Table III)."""
    found = np.empty(len(answers))
    for k, (one, answer) in enumerate(zip(truth, answers, strict=True)):
        canvas = enlarged(map_of(answer), interpolation)
        goals = [boxes.truth_map(own, CANVAS) for own in boxes.by_annotator(one)]
        ious = [consensus_iou(g, predicted_pixels(canvas, rule, int(np.count_nonzero(g)))) for g in goals]
        found[k] = 100 * np.mean([iou >= SUCCESS - TOLERANCE for iou in ious])
    return found


def _percent_responding(truth: Any, answers: Answers) -> Vector:
    """Return 100 for each map with a positive value, which claims that something in the picture sounds, else 0."""
    return np.where(answers[:, 2:].max(axis=1) > 0, 100.0, 0.0)


def _percent_silent(truth: Any, answers: Answers) -> Vector:
    """Return 100 for each map without a positive value, which claims that nothing in the picture sounds, else 0."""
    return 100 - _percent_responding(truth, answers)


def _detection(truth: Any, answers: Answers, *, rule: Rule, interpolation: Interpolation) -> Vector:
    found = measured(truth, answers, interpolation)
    placed = np.where(found.iou[rule] >= SUCCESS - TOLERANCE, FOUND, MISSED)
    return detection_terms(found.confidence, np.where(boxes.of_nothing(truth), ABSENT, placed))


# The metrics ----------------------------------------------------------------------------------------------------------

Terms = Callable[[Any, Answers], Vector]


def _ruled(
    measure: str, label: str, terms: Callable[..., Vector], rule: Rule, how: Interpolation, **more: Any
) -> Metric:
    """Return the metric of `terms` under a rule and an interpolation, both in its name and label."""
    given = partial(terms, rule=rule, interpolation=how)
    words = f"{label} ({RULES[rule]}; {INTERPOLATIONS[how]})"
    return Metric(f"{measure}_{rule}_{how}", words, "%", True, given, **{"summary": "mean", **more})


def success(rule: Rule, how: Interpolation) -> Metric:
    """Return the share of single sources whose consensus IoU is 0.5 or more: the "cIoU" of the papers."""
    terms = partial(_percent_reached, strict=False)
    return _ruled(
        "consensus_iou",
        "cIoU ≥ 0.5",
        terms,
        rule,
        how,
        counts=boxes.of_one_source,
        formula=formulas.share(formulas.REACHED),
    )


def strict_success(rule: Rule, how: Interpolation) -> Metric:
    """Return the share of single sources whose consensus IoU is more than 0.5 (SLAVC's precision)."""
    terms = partial(_percent_reached, strict=True)
    return _ruled(
        "consensus_iou_above",
        "cIoU > 0.5",
        terms,
        rule,
        how,
        counts=boxes.of_one_source,
        formula=formulas.share(r"\mathrm{IoU}_i > 0.5"),
    )


def area(rule: Rule, how: Interpolation) -> Metric:
    """Return the area under the success of single sources over 21 thresholds: the "AUC" of the papers."""
    return _ruled(
        "consensus_iou_area",
        "AUC",
        _percent_area,
        rule,
        how,
        counts=boxes.of_one_source,
        formula=formulas.area(r"\mathrm{IoU}_i"),
    )


def interactive_success(rule: Rule, how: Interpolation) -> Metric:
    """Return the share of pictures in which the map of every single source reaches 0.5 (IIoU)."""
    terms = partial(_percent_reached, strict=False)
    return _ruled(
        "interactive_iou",
        "IIoU",
        terms,
        rule,
        how,
        **_BY_PICTURE,
        formula=formulas.share(rf"{formulas.WORST} \geq 0.5", of="k"),
    )


def interactive_area(rule: Rule, how: Interpolation) -> Metric:
    """Return the area under the success of whole pictures over 21 thresholds (IAUC)."""
    formula = formulas.area(formulas.WORST, of="k")
    return _ruled("interactive_area", "IAUC", _percent_area, rule, how, **_BY_PICTURE, formula=formula)


def mask_success(rule: Rule, how: Interpolation) -> Metric:
    """Return the share of single sources whose IoU with their visible pixels, instead of the box, is 0.5 or more."""
    label = "IoU ≥ 0.5 with the visible pixels"
    return _ruled(
        "mask_iou",
        label,
        _percent_of_masks,
        rule,
        how,
        counts=boxes.of_one_mask,
        formula=formulas.share(formulas.REACHED),
    )


def interactive_mask_success(rule: Rule, how: Interpolation) -> Metric:
    """Return the share of pictures in which the map of every single source reaches 0.5 of its visible pixels."""
    more = {
        **_BY_PICTURE,
        "counts": _first_mask_of_picture,
        "formula": formulas.share(rf"{formulas.WORST} \geq 0.5", of="k"),
    }
    return _ruled("interactive_mask_iou", "IIoU with the visible pixels", _percent_of_masks, rule, how, **more)


def _first_mask_of_picture(truth: Any) -> npt.NDArray[np.bool_]:
    return boxes.first_of_picture(truth) & boxes.of_one_mask(truth)


def together_success(rule: Rule, how: Interpolation) -> Metric:
    """Return the share of mixtures of visible sources whose boxes together are reached with 0.5 or more."""
    terms = partial(_percent_reached, strict=False)
    label = "cIoU ≥ 0.5 of all sources at once"
    return _ruled(
        "together_iou",
        label,
        terms,
        rule,
        how,
        counts=boxes.of_several_sources,
        formula=formulas.share(formulas.REACHED),
    )


def annotator_success(rule: Rule, how: Interpolation) -> Metric:
    """Return the share of annotators whose boxes alone are reached, over samples that people annotated."""
    label = "IoU ≥ 0.5 by annotator"
    return _ruled(
        "annotator_iou",
        label,
        _percent_by_annotator,
        rule,
        how,
        counts=boxes.of_annotators,
        formula=formulas.mean(r"\frac{100}{|A_i|} \#\{a \in A_i : \mathrm{IoU}_{i,a} \geq 0.5\}"),
    )


def average_precision(rule: Rule, how: Interpolation) -> Metric:
    """Return the average precision of single sources among samples without one, by confidence (SLAVC)."""
    formula = r"100 \int_0^1 \max_{R(\tau) \geq r} P(\tau) \, dr"
    more = {"summary": "average_precision", "counts": boxes.of_at_most_one_source, "formula": formula}
    return _ruled("average_precision", "AP", _detection, rule, how, **more)


def max_f1(rule: Rule, how: Interpolation) -> Metric:
    """Return the largest F1 of single sources among samples without one, by confidence (SLAVC)."""
    formula = r"100 \max_\tau \frac{2 P(\tau) R(\tau)}{P(\tau) + R(\tau)}"
    more = {"summary": "max_f1", "counts": boxes.of_at_most_one_source, "formula": formula}
    return _ruled("max_f1", "max-F1", _detection, rule, how, **more)


_BY_PICTURE: dict[str, Any] = {"counts": boxes.first_of_picture, "worst_of": boxes.picture_of}


def pointing(how: Interpolation) -> Metric:
    """Return the share of single sources on which the brightest pixel lies."""
    terms, label = partial(_percent_pointing, interpolation=how), f"pointing ({INTERPOLATIONS[how]})"
    return Metric(
        f"pointing_{how}",
        label,
        "%",
        True,
        terms,
        "mean",
        boxes.of_one_source,
        formula=formulas.share(r"g_i(\mathrm{argmax}_p\,m_i(p)) > 0"),
    )


def precision_at_size(how: Interpolation) -> Metric:
    """Return the mean share of the brightest pixels, as many as the source has, that lie on it."""
    label = f"precision at the object's size ({INTERPOLATIONS[how]})"
    terms = partial(_percent_precision, interpolation=how)
    return Metric(
        f"precision_at_size_{how}",
        label,
        "%",
        True,
        terms,
        "mean",
        boxes.of_one_source,
        formula=formulas.mean(r"\frac{100}{k_i} \#\{p \in \mathrm{top}_{k_i}(m_i) : g_i(p) > 0\}"),
    )


FALSE_RESPONSE = Metric(
    "false_response",
    "false response",
    "%",
    False,
    _percent_responding,
    "mean",
    boxes.of_nothing,
    formula=formulas.share(r"\max_p m_i(p) > 0"),
)
"""The share of samples without a visible source whose map claims one: it has a positive value."""
FALSE_SILENCE = Metric(
    "false_silence",
    "false silence",
    "%",
    False,
    _percent_silent,
    "mean",
    boxes.of_one_source,
    formula=formulas.share(r"\max_p m_i(p) \leq 0"),
)
"""The share of single sources whose map claims that nothing in the picture sounds: a map that always does so has no
false response, whatever its scores by rules that only compare its values."""
