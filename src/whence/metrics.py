"""The metrics of all tracks as functions: the reference first, one number out.

Errors are in the unit of what they are given; shares, accuracies and areas are from 0 to 1. Left is positive. Every
function raises InputError for empty input, unequal lengths and numbers that are not finite.

>>> from whence import metrics
>>> metrics.mean_absolute_error(truth=[0.0, 1e-3], answers=[0.5e-3, 1e-3])
0.00025
"""

from __future__ import annotations  # so that help() shows `npt.ArrayLike`, not what it stands for

import numpy as np
import numpy.typing as npt

from .benchmarks.questions import metrics as measures
from .benchmarks.questions.map_metrics import area_under_success, consensus_iou, predicted_pixels
from .benchmarks.questions.metrics import Metric

__all__ = [
    "angular_error",
    "area_under_success",
    "azimuth_class_accuracy",
    "azimuth_side_accuracy",
    "binary_accuracy",
    "consensus_iou",
    "folded_angular_error",
    "front_back_confusion",
    "mean_absolute_error",
    "mean_angular_error",
    "mean_folded_angular_error",
    "median_absolute_error",
    "median_angular_error",
    "predicted_pixels",
    "recall_area",
    "root_mean_square_error",
    "rotation_class_accuracy",
    "share_failed",
    "share_within",
]
Vector = npt.NDArray[np.float64]


def mean_absolute_error(truth: npt.ArrayLike, answers: npt.ArrayLike) -> float:
    """Return mean |answer - truth|, in the unit of the input: of delays, the first metric of the track `tde`.

    >>> mean_absolute_error([0.0, 1.0], [0.5, 1.0])
    0.25
    """
    return measures.mean_absolute_error(truth, answers)


def root_mean_square_error(truth: npt.ArrayLike, answers: npt.ArrayLike) -> float:
    """Return sqrt(mean (answer - truth)^2), in the unit of the input.

    >>> root_mean_square_error([0.0, 0.0], [1.0, -7.0])
    5.0
    """
    return measures.root_mean_square_error(truth, answers)


def median_absolute_error(truth: npt.ArrayLike, answers: npt.ArrayLike) -> float:
    """Return median |answer - truth|, in the unit of the input.

    >>> median_absolute_error([0.0, 0.0, 0.0], [1.0, -2.0, 50.0])
    2.0
    """
    return measures.median_absolute_error(truth, answers)


def share_within(truth: npt.ArrayLike, answers: npt.ArrayLike, tolerance: float) -> float:
    """Return the share, 0 to 1, of answers with |answer - truth| <= `tolerance`, in the unit of the input.

    >>> share_within([0.0, 0.0], [0.1, 0.2], tolerance=0.1)
    0.5
    """
    return measures.share_within(truth, answers, tolerance)


def binary_accuracy(truth: npt.ArrayLike, answers: npt.ArrayLike) -> float:
    """Return the share, 0 to 1, of right sides: `truth` is +1 for left and -1 for right, an answer >= 0 means left.

    >>> binary_accuracy([+1, -1], [2e-4, 3e-4])
    0.5
    """
    return measures.binary_accuracy(truth, answers)


def angular_error(truth: npt.ArrayLike, answers: npt.ArrayLike) -> Vector:
    """Return |answer - truth| (n,) the short way round the circle, 0 to 180 degrees.

    >>> angular_error([170.0], [-170.0]).tolist()
    [20.0]
    """
    return measures.angular_error(truth, answers)


def mean_angular_error(truth: npt.ArrayLike, answers: npt.ArrayLike) -> float:
    """Return the mean angle between answers and truth, degrees: the first metric of the track `rotation`.

    >>> mean_angular_error([170.0, 0.0], [-170.0, 10.0])
    15.0
    """
    return float(np.mean(angular_error(truth, answers)))


def median_angular_error(truth: npt.ArrayLike, answers: npt.ArrayLike) -> float:
    """Return the median angle between answers and truth, degrees.

    >>> median_angular_error([170.0, 0.0, 0.0], [-170.0, 10.0, 90.0])
    20.0
    """
    return float(np.median(angular_error(truth, answers)))


def recall_area(truth: npt.ArrayLike, answers: npt.ArrayLike, threshold: float) -> float:
    """Return the area, 0 to 1, under the share of angular errors below 0 to `threshold` degrees (AUC@threshold).

    >>> recall_area([0.0, 0.0], [2.5, 90.0], threshold=5.0)
    0.25
    """
    return measures.recall_area(truth, answers, threshold)


def share_failed(truth: npt.ArrayLike, answers: npt.ArrayLike) -> float:
    """Return the share, 0 to 1, of answers that are 10 degrees off or more.

    >>> share_failed([0.0, 0.0], [2.5, 90.0])
    0.5
    """
    return _share(measures.FAILURES, truth, answers)


def folded_angular_error(truth: npt.ArrayLike, answers: npt.ArrayLike) -> Vector:
    """Return the azimuth error (n,), degrees, with the back mirrored to the front (SLfM's evaluation).

    >>> folded_angular_error([80.0], [110.0]).tolist()
    [10.0]
    """
    return measures.folded_angular_error(truth, answers)


def mean_folded_angular_error(truth: npt.ArrayLike, answers: npt.ArrayLike, front_only: bool = False) -> float:
    """Return the mean of `folded_angular_error`; `front_only` counts what is truly within 90 degrees of ahead.

    With `front_only` it is the first metric of the track `azimuth`.

    >>> mean_folded_angular_error([80.0, 180.0], [110.0, 20.0])
    15.0
    >>> mean_folded_angular_error([80.0, 180.0], [110.0, 20.0], front_only=True)
    10.0
    """
    metric = measures.FRONT_AZIMUTH_ERROR if front_only else measures.FOLDED_AZIMUTH_ERROR
    return metric.value(truth, answers)


def azimuth_side_accuracy(truth: npt.ArrayLike, answers: npt.ArrayLike) -> float:
    """Return the share, 0 to 1, of azimuths (degrees) on the right side; a truth of 0 or 180 does not count.

    >>> azimuth_side_accuracy([30.0, -30.0, 0.0], [10.0, 10.0, 10.0])
    0.5
    """
    return _share(measures.AZIMUTH_SIDE, truth, answers)


def front_back_confusion(truth: npt.ArrayLike, answers: npt.ArrayLike) -> float:
    """Return the share, 0 to 1, of azimuths (degrees) taken from front to back or back to front.

    >>> front_back_confusion([10.0, 170.0], [170.0, 160.0])
    0.5
    """
    return _share(measures.FRONT_BACK_CONFUSION, truth, answers)


def rotation_class_accuracy(truth: npt.ArrayLike, answers: npt.ArrayLike) -> float:
    """Return the share, 0 to 1, of rotations (degrees) in the right one of 64 bins, as SLfM's linear probes count.

    >>> rotation_class_accuracy([11.0, -50.0], [12.0, 50.0])
    0.5
    """
    return _share(measures.ROTATION_CLASS, truth, answers)


def azimuth_class_accuracy(truth: npt.ArrayLike, answers: npt.ArrayLike) -> float:
    """Return the share, 0 to 1, of azimuths (degrees) in the right one of 64 bins, as SLfM's linear probes count.

    >>> azimuth_class_accuracy([1.0, 20.0], [5.0, 160.0])
    0.5
    """
    return _share(measures.AZIMUTH_CLASS, truth, answers)


def _share(metric: Metric, truth: npt.ArrayLike, answers: npt.ArrayLike) -> float:
    return metric.value(truth, answers) / 100
