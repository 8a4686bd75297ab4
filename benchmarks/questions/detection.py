"""Is there a source in the picture, and is it found? Average precision and F1 by confidence, as SLAVC counts them.

A sample whose confidence reaches a threshold is a true positive if its map is on the source, a false positive if the
map is elsewhere or nothing in the picture sounds. A source below the threshold is a false negative. So recall leaves
out confident maps in the wrong place, which hurt precision alone (Mo and Morgado 2022, their `EvaluatorFull`).
"""

from typing import Literal

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

ABSENT, MISSED, FOUND = 0, 1, 2
"""Outcomes: no source in the picture; there is one, and the map is elsewhere; or on it."""
_STEP = 2.0**19
"""More than twice the largest confidence, so that one number holds an outcome and a confidence."""
_FINE = 2.0**30
AP_STEPS, F1_STEPS = 200, 10
"""About how many of the confidences serve as thresholds."""


def detection_terms(confidence: Vector, outcome: Indices) -> Vector:
    """Return one number (n,) a sample for its `confidence` and `outcome`, as detection metrics take them.

    Confidences are rounded to 2^-30, so that equal ones stay equal beside any outcome.
    """
    return np.asarray(np.rint(confidence * _FINE) / _FINE + _STEP * outcome)


def detections(terms: Vector) -> tuple[Vector, Indices]:
    """Return the confidence and the outcome (n,) that `terms` hold.

    >>> confidence, outcome = detections(detection_terms(np.array([-0.5, 0.25]), np.array([FOUND, ABSENT])))
    >>> confidence.tolist(), outcome.tolist()
    ([-0.5, 0.25], [2, 0])
    """
    outcome = np.rint(terms / _STEP).astype(np.intp)
    return terms - _STEP * outcome, outcome


class Detections:
    """The outcomes of each cluster by how confident they are, ready for any weights of the clusters."""

    def __init__(self, terms: Vector, codes: Indices, clusters: int, summary: Literal["average_precision", "max_f1"]):
        """Sort the `terms` (n,) of the clusters `codes` (n,), 0 to `clusters` - 1, by the thresholds of `summary`."""
        confidence, outcome = detections(terms)
        self._summary, ordered = summary, np.sort(confidence)
        if summary == "average_precision":  # without the largest
            self._thresholds = ordered[:-1][:: -max(1, len(terms) // AP_STEPS)]
        else:
            self._thresholds = ordered[:: max(1, len(terms) // F1_STEPS)][::-1]
        first = np.searchsorted(-self._thresholds, -confidence)
        self._bins = len(self._thresholds) + 1
        places = (codes * self._bins + first) * 3 + outcome
        self._table = np.bincount(places, minlength=clusters * self._bins * 3).reshape(clusters, -1).astype(np.float64)

    def values(self, weights: npt.ArrayLike) -> Vector:
        """Return the summary (rows,), 0 to 100, with each cluster counted `weights` (rows, clusters) times."""
        each = (np.asarray(weights, dtype=np.float64) @ self._table).reshape(-1, self._bins, 3)
        reached = each.cumsum(axis=1)
        total, reached = reached[:, -1:], reached[:, :-1]
        precision = _ratio(reached[..., FOUND], reached.sum(axis=-1))
        unsure = (total - reached)[..., [MISSED, FOUND]].sum(axis=-1)
        recall = _ratio(reached[..., FOUND], reached[..., FOUND] + unsure)
        if self._summary == "max_f1":
            both = precision + recall
            return np.asarray(100 * (2 * precision * recall / np.where(both > 0, both, 1)).max(axis=1))
        best_from = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
        return np.asarray(100 * (best_from[:, :-1] * np.diff(recall, axis=1)).sum(axis=1))


def _ratio(part: Vector, whole: Vector) -> Vector:
    """Return part / whole, and 1 where there is nothing, as SLAVC has it."""
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1), 1.0)


def summary_of(terms: Vector, summary: Literal["average_precision", "max_f1"]) -> float:
    """Return the average precision or the largest F1 of `terms` (n,), per cent.

    >>> terms = detection_terms(np.array([0.9, 0.8, 0.7, 0.1]), np.array([FOUND, FOUND, FOUND, ABSENT]))
    >>> summary_of(terms, "max_f1")
    100.0
    """
    return float(Detections(terms, np.zeros(len(terms), np.intp), 1, summary).values(np.ones((1, 1)))[0])
