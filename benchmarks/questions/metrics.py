"""Error measures as pure functions, reference first, and the metrics that the tables print.

Conventions: delays are in seconds, positive where the left ear leads, angles in degrees, positive to the left; truth
and prediction are finite arrays of shape (n,), n >= 1; anything else is an `InputError`. The functions return the unit
of their input; a `Metric` takes seconds or degrees and returns the unit that it declares (ms, deg or %).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, assert_never

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...conventions import wrap_degrees
from ...errors import InputError
from . import formulas
from .bins import BINS, DRAWN, Angle
from .detection import summary_of

Vector = NDArray[np.float64]
Summary = Literal["mean", "root_mean", "median", "average_precision", "max_f1"]

MS_PER_SECOND = 1e3
TENTH_MS = 1e-4
"""Seconds: the tolerance of StereoCRW's visually guided table (1.6 samples at 16 kHz)."""


def mean_absolute_error(truth: ArrayLike, prediction: ArrayLike) -> float:
    """Return mean |prediction - truth|, in the unit of the input.

    >>> mean_absolute_error([0.0, 1.0], [0.5, 1.0])
    0.25
    """
    return float(np.mean(_absolute_error(truth, prediction)))


def root_mean_square_error(truth: ArrayLike, prediction: ArrayLike) -> float:
    """Return sqrt(mean (prediction - truth)^2), in the unit of the input.

    >>> root_mean_square_error([0.0, 0.0], [3.0, -4.0]) == 12.5**0.5
    True
    """
    return float(np.sqrt(np.mean(_absolute_error(truth, prediction) ** 2)))


def median_absolute_error(truth: ArrayLike, prediction: ArrayLike) -> float:
    """Return median |prediction - truth|, in the unit of the input; the mean of the two middle values if n is even.

    >>> median_absolute_error([0.0, 0.0, 0.0], [1.0, -2.0, 50.0])
    2.0
    """
    return float(np.median(_absolute_error(truth, prediction)))


def share_within(truth: ArrayLike, prediction: ArrayLike, tolerance: float) -> float:
    """Return the share, 0 to 1, of samples with |prediction - truth| <= `tolerance` (unit of the input).

    The bound counts as inside, even after rounding by a float32 file.

    >>> share_within([0.0, 0.0], [0.1, 0.2], tolerance=0.1)
    0.5
    """
    return float(np.mean(_is_within(truth, prediction, tolerance)))


def binary_accuracy(truth: ArrayLike, prediction: ArrayLike) -> float:
    """Return the share, 0 to 1, of samples with the correct side, by StereoCRW's in-the-wild rule.

    `truth` is +1 for left and -1 for right; a `prediction` (any unit) >= 0 means left.

    >>> binary_accuracy([+1, -1, -1], [0.0, -2e-4, 3e-4]) == 2 / 3
    True
    """
    return float(np.mean(_is_side_right(truth, prediction)))


def angular_error(truth: ArrayLike, prediction: ArrayLike) -> Vector:
    """Return |prediction - truth| (n,) the short way round the circle, 0 to 180 degrees.

    >>> angular_error([170.0, 10.0], [-170.0, 30.0]).tolist()
    [20.0, 20.0]
    """
    reference, estimate = _validated_pair(truth, prediction)
    return np.abs(wrap_degrees(estimate - reference))


def recall_area(truth: ArrayLike, prediction: ArrayLike, threshold: float) -> float:
    """Return the area, 0 to 1, under the curve of the share of samples within an angle of 0 to `threshold` degrees.

    This is the exact area under the steps, the mean of max(0, 1 - error / threshold). SuperGlue's evaluation (Sarlin et
    al. 2020, Sec. 5.2) interpolates linearly between the steps, which differs by less than 1 / n.

    >>> recall_area([0.0, 0.0], [2.5, 90.0], threshold=5.0)
    0.25
    """
    return float(np.mean(_recall_terms(truth, prediction, threshold)))


def _recall_terms(truth: ArrayLike, prediction: ArrayLike, threshold: float) -> Vector:
    return np.asarray(np.clip(1 - angular_error(truth, prediction) / threshold, 0, 1))


@dataclass(frozen=True)
class Metric:
    """A named metric: one term for each sample, and the summary that reduces them to one value."""

    name: str
    label: str
    unit: str
    higher_is_better: bool
    per_sample: Callable[..., Vector]
    """(truth, answers, *needs) -> (n,) terms in `unit`, its square for "root_mean", or `detection_terms`."""
    summary: Summary
    counts: Callable[[Any], NDArray[np.bool_]] | None = None
    """Selects the samples that count, by their truth (n,); None selects all."""
    worst_of: Callable[[Any], NDArray[np.intp]] | None = None
    """Numbers the groups of samples (n,), such as those of one picture, by their truth; the worst term of a group is
    then the term of all its members. Samples numbered below 0 are in no group. None groups nothing."""
    needs: tuple[str, ...] = ()
    """What `per_sample` takes of `Labels.known` besides the truth, in order."""
    formula: str = ""
    """In LaTeX, see `formulas`."""

    def grouped(self, truth: Any, terms: Vector) -> Vector:
        """Return the terms (n,) of all samples of `truth` (n,), each the worst of its group; NaN is not known."""
        if self.worst_of is None:
            return terms
        groups = self.worst_of(truth)
        inside = np.flatnonzero((groups >= 0) & np.isfinite(terms))
        names, place = np.unique(groups[inside], return_inverse=True)
        sign = 1 if self.higher_is_better else -1
        worst = np.full(len(names), np.inf)
        np.minimum.at(worst, place, sign * terms[inside])
        settled = terms.copy()
        settled[inside] = sign * worst[place]
        return settled

    def counted(self, truth: Any) -> NDArray[np.intp]:
        """Return the indices of the samples of `truth` (n,), numbers or objects, that count.

        >>> FRONT_AZIMUTH_ERROR.counted([-90.0, 91.0, 0.0]).tolist()
        [0, 2]
        """
        return np.arange(len(truth)) if self.counts is None else np.flatnonzero(self.counts(np.asarray(truth)))

    def measured(self, truth: Any) -> NDArray[np.intp]:
        """Return the indices of the samples of `truth` (n,) that need a term: those that count, or are in a group."""
        return self.counted(truth) if self.worst_of is None else np.flatnonzero(self.worst_of(truth) >= 0)

    def value(self, truth: Any, prediction: Any) -> float:
        """Return the metric in `unit`.

        >>> MEAN_ABSOLUTE_ERROR_MS.value([0.0, 5e-4], [0.0, 0.0])
        0.25
        """
        terms = self.grouped(truth, self.per_sample(truth, prediction))
        counted = self.counted(truth)
        if not counted.size:
            raise InputError(f"{self.label}: none of {len(terms)} samples counts")
        return self.summarise(terms[counted])

    def summarise(self, terms: Vector) -> float:
        """Return the value, in `unit`, of terms (n,) that `per_sample` gave.

        >>> ROOT_MEAN_SQUARE_ERROR_MS.summarise(np.array([1.0, 7.0]))
        2.0
        """
        match self.summary:
            case "mean":
                return float(np.mean(terms))
            case "root_mean":
                return float(np.sqrt(np.mean(terms)))
            case "median":
                return float(np.median(terms))
            case "average_precision" | "max_f1":
                return summary_of(terms, self.summary)
            case unknown:
                assert_never(unknown)


def _absolute_error_ms(truth: ArrayLike, prediction: ArrayLike) -> Vector:
    return MS_PER_SECOND * _absolute_error(truth, prediction)


def _squared_error_ms(truth: ArrayLike, prediction: ArrayLike) -> Vector:
    return np.square(_absolute_error_ms(truth, prediction))


def _percent_within_tenth_ms(truth: ArrayLike, prediction: ArrayLike) -> Vector:
    return np.where(_is_within(truth, prediction, TENTH_MS), 100.0, 0.0)


def _percent_side_right(truth: ArrayLike, prediction: ArrayLike) -> Vector:
    return np.where(_is_side_right(truth, prediction), 100.0, 0.0)


MEAN_ABSOLUTE_ERROR_MS = Metric(
    "mean_absolute_error", "MAE", "ms", False, _absolute_error_ms, "mean", formula=formulas.mean(formulas.ERROR)
)
ROOT_MEAN_SQUARE_ERROR_MS = Metric(
    "root_mean_square_error",
    "RMSE",
    "ms",
    False,
    _squared_error_ms,
    "root_mean",
    formula=r"\sqrt{\frac{1}{n} \sum_i (\hat{x}_i - x_i)^2}",
)
MEDIAN_ABSOLUTE_ERROR_MS = Metric(
    "median_absolute_error",
    "median error",
    "ms",
    False,
    _absolute_error_ms,
    "median",
    formula=rf"\mathrm{{median}}_i {formulas.ERROR}",
)
SHARE_WITHIN_TENTH_MS = Metric(
    "share_within_tenth_ms",
    "share within 0.1 ms",
    "%",
    True,
    _percent_within_tenth_ms,
    "mean",
    formula=formulas.share(rf"{formulas.ERROR} \leq 0.1\,\mathrm{{ms}}"),
)
ACCURACY = Metric(
    "binary_accuracy",
    "accuracy",
    "%",
    True,
    _percent_side_right,
    "mean",
    formula=formulas.share(r"(\hat{x}_i \geq 0) = (x_i > 0)"),
)

FAILURE_DEG = 10.0
"""An error from this angle (degrees) on is a failure. No rotation in our datasets is smaller, so 0, which methods
return if they find no rotation, always counts as a failure."""


def _percent_failed(truth: ArrayLike, prediction: ArrayLike) -> Vector:
    return np.where(angular_error(truth, prediction) >= FAILURE_DEG - 1e-9, 100.0, 0.0)


def _area_metric(threshold: float) -> Metric:
    """Return the area under the recall curve up to `threshold` degrees, in per cent."""

    terms = partial(_percent_recall_terms, threshold=threshold)
    formula = rf"\frac{{100}}{{n}} \sum_i \max\left(0, 1 - {formulas.ANGLE} / {threshold:g}°\right)"
    return Metric(f"recall_area_{threshold:g}_deg", f"AUC@{threshold:g}°", "%", True, terms, "mean", formula=formula)


def _percent_recall_terms(truth: ArrayLike, prediction: ArrayLike, threshold: float) -> Vector:
    return 100 * _recall_terms(truth, prediction, threshold)


MEAN_ANGULAR_ERROR = Metric(
    "mean_angular_error", "MAE", "deg", False, angular_error, "mean", formula=formulas.mean(formulas.ANGLE)
)
MEDIAN_ANGULAR_ERROR = Metric(
    "median_angular_error",
    "median error",
    "deg",
    False,
    angular_error,
    "median",
    formula=rf"\mathrm{{median}}_i {formulas.ANGLE}",
)
RECALL_AREAS = tuple(map(_area_metric, (5.0, 10.0, 20.0)))
FAILURES = Metric(
    "share_failed",
    f"failed by {FAILURE_DEG:g}° or more",
    "%",
    False,
    _percent_failed,
    "mean",
    formula=formulas.share(rf"{formulas.ANGLE} \geq {FAILURE_DEG:g}°"),
)


def folded_azimuth(azimuth: ArrayLike) -> Vector:
    """Return `azimuth` (n,), degrees, with the back mirrored to the front: -90 to 90.

    >>> folded_azimuth([100.0, -180.0, 90.0, -30.0]).tolist()
    [80.0, 0.0, 90.0, -30.0]
    """
    wrapped = np.asarray(wrap_degrees(azimuth))
    return np.where(np.abs(wrapped) > 90, np.copysign(180.0, wrapped) - wrapped, wrapped)


def folded_angular_error(truth: ArrayLike, prediction: ArrayLike) -> Vector:
    """Return the azimuth error (n,), degrees, with front and back folded together (SLfM's evaluation).

    >>> folded_angular_error([80.0, 10.0], [110.0, -20.0]).tolist()
    [10.0, 30.0]
    """
    reference, estimate = _validated_pair(truth, prediction)
    return np.abs(folded_azimuth(estimate) - folded_azimuth(reference))


def _in_front(truth: Vector) -> NDArray[np.bool_]:
    return np.asarray(np.abs(wrap_degrees(truth)) <= 90)


def _has_side(truth: Vector) -> NDArray[np.bool_]:
    return np.asarray(np.mod(truth, 180) != 0)


def _has_front_or_back(truth: Vector) -> NDArray[np.bool_]:
    return np.asarray(np.mod(truth, 180) != 90)


def _percent_azimuth_side_right(truth: ArrayLike, prediction: ArrayLike) -> Vector:
    reference, estimate = _validated_pair(truth, prediction)
    return np.where(_is_left(estimate) == _is_left(reference), 100.0, 0.0)


def _is_left(azimuth: Vector) -> NDArray[np.bool_]:
    """Return whether azimuths (n,) are to the left, modulo 360; straight ahead and behind count as left."""
    return np.asarray(np.mod(azimuth, 360) <= 180)


def _percent_front_back_confused(truth: ArrayLike, prediction: ArrayLike) -> Vector:
    reference, estimate = _validated_pair(truth, prediction)
    ahead, guessed = 90 - np.abs(wrap_degrees(reference)), 90 - np.abs(wrap_degrees(estimate))
    return np.where(ahead * guessed < 0, 100.0, 0.0)


IN_VIEW_DEG = 30.0
"""A view of 60 degrees shows what is at most this far from its centre."""


def _percent_in_view(truth: ArrayLike, prediction: ArrayLike) -> Vector:
    return np.where(angular_error(truth, prediction) <= IN_VIEW_DEG + 1e-9, 100.0, 0.0)


SOURCE_IN_VIEW = Metric(
    "source_in_view",
    f"within ±{IN_VIEW_DEG:g}°",
    "%",
    True,
    _percent_in_view,
    "mean",
    formula=formulas.share(rf"{formulas.ANGLE} \leq {IN_VIEW_DEG:g}°"),
)

FRONT_AZIMUTH_ERROR = Metric(
    "mean_front_azimuth_error",
    "MAE within ±90° (folded)",
    "deg",
    False,
    folded_angular_error,
    "mean",
    _in_front,
    formula=formulas.mean(formulas.FOLDED) + r", \quad |x_i| \leq 90°",
)
UNFOLDED_AZIMUTH_ERROR = Metric(
    "mean_azimuth_error", "MAE (unfolded)", "deg", False, angular_error, "mean", formula=formulas.mean(formulas.ANGLE)
)
FOLDED_AZIMUTH_ERROR = Metric(
    "mean_folded_azimuth_error",
    "MAE folded",
    "deg",
    False,
    folded_angular_error,
    "mean",
    formula=formulas.mean(formulas.FOLDED),
)
AZIMUTH_SIDE = Metric(
    "azimuth_side_accuracy",
    "left-right accuracy",
    "%",
    True,
    _percent_azimuth_side_right,
    "mean",
    _has_side,
    formula=formulas.share(r"(\hat{x}_i \geq 0) = (x_i > 0)") + r", \quad x_i \notin \{0°, 180°\}",
)
FRONT_BACK_CONFUSION = Metric(
    "front_back_confusion",
    "front-back confusion",
    "%",
    False,
    _percent_front_back_confused,
    "mean",
    _has_front_or_back,
    formula=formulas.share(r"(90° - |\hat{x}_i|)(90° - |x_i|) < 0") + r", \quad |x_i| \neq 90°",
)


def _class_metric(angle: Angle) -> Metric:
    """Return the share of answers in the right one of the 64 bins of SLfM's probes, in per cent."""
    bins = BINS[angle](*DRAWN[angle])

    def terms(truth: ArrayLike, prediction: ArrayLike) -> Vector:
        reference, estimate = _validated_pair(truth, prediction)
        return np.where(bins.of(reference) == bins.of(estimate), 100.0, 0.0)

    formula = formulas.share(r"\mathrm{bin}(\hat{x}_i) = \mathrm{bin}(x_i)")
    return Metric(f"{angle}_class_accuracy", "64-way accuracy", "%", True, terms, "mean", formula=formula)


ROTATION_CLASS, AZIMUTH_CLASS = _class_metric("rotation"), _class_metric("azimuth")


def digits(value: float, unit: str) -> int:
    """Return how many decimals tables print for `value`.

    >>> digits(75.4, "%"), digits(0.16, "ms"), digits(0.06, "deg"), digits(12.2, "deg")
    (1, 3, 3, 2)
    """
    if unit == "%":
        return 1
    return 2 if unit == "deg" and abs(value) >= 1 else 3


METRICS = {
    metric.name: metric
    for metric in (
        MEAN_ABSOLUTE_ERROR_MS,
        ROOT_MEAN_SQUARE_ERROR_MS,
        MEDIAN_ABSOLUTE_ERROR_MS,
        SHARE_WITHIN_TENTH_MS,
        ACCURACY,
        MEAN_ANGULAR_ERROR,
        MEDIAN_ANGULAR_ERROR,
        *RECALL_AREAS,
        FAILURES,
        SOURCE_IN_VIEW,
        FRONT_AZIMUTH_ERROR,
        UNFOLDED_AZIMUTH_ERROR,
        FOLDED_AZIMUTH_ERROR,
        AZIMUTH_SIDE,
        FRONT_BACK_CONFUSION,
        ROTATION_CLASS,
        AZIMUTH_CLASS,
    )
}
"""Every metric by name; result files store the name."""


def _absolute_error(truth: ArrayLike, prediction: ArrayLike) -> Vector:
    reference, estimate = _validated_pair(truth, prediction)
    return np.abs(estimate - reference)


def _is_within(truth: ArrayLike, prediction: ArrayLike, tolerance: float) -> NDArray[np.bool_]:
    if not (np.isfinite(tolerance) and tolerance >= 0):
        raise InputError(f"tolerance={tolerance}: expected a finite number >= 0, in the unit of the truth")
    reference, estimate = _validated_pair(truth, prediction)
    # Twice the float32 rounding error of both values.
    rounding = np.finfo(np.float32).eps * (np.abs(reference) + np.abs(estimate))
    return np.abs(estimate - reference) <= tolerance + rounding


def _is_side_right(truth: ArrayLike, prediction: ArrayLike) -> NDArray[np.bool_]:
    side, estimate = _validated_pair(truth, prediction)
    if not np.all(np.abs(side) == 1):
        index = int(np.argmax(np.abs(side) != 1))
        raise InputError(f"truth[{index}]={side[index]:g}: expected +1 (left) or -1 (right)")
    return np.equal(estimate >= 0, side > 0)


def _validated_pair(truth: ArrayLike, prediction: ArrayLike) -> tuple[Vector, Vector]:
    reference, estimate = finite_vector(truth, "truth"), finite_vector(prediction, "prediction")
    if reference.shape != estimate.shape:
        raise InputError(f"truth has {reference.size} samples, prediction {estimate.size}: expected one each")
    return reference, estimate


def finite_vector(values: ArrayLike, name: str) -> Vector:
    """Return `values` as float64 (n,), n >= 1, or raise an `InputError` that says what is wrong with `name`.

    >>> finite_vector([0.0, float("nan")], "prediction")
    Traceback (most recent call last):
    whence.errors.InputError: prediction: 1 of 2 values are not finite (first at index 1)
    """
    try:
        array = np.asarray(values)
    except ValueError as ragged:
        raise InputError(f"{name}: expected shape (n,), got lists of unequal length") from ragged
    if array.dtype.kind not in "fiub":
        raise InputError(f"{name}: expected real numbers, got dtype {array.dtype}")
    if array.ndim != 1:
        raise InputError(f"{name}: expected shape (n,), got {array.shape}")
    if array.size == 0:
        raise InputError(f"{name}: expected at least one sample, got none")
    finite = np.isfinite(array)
    if not finite.all():
        first = int(np.argmin(finite))
        raise InputError(f"{name}: {np.sum(~finite)} of {array.size} values are not finite (first at index {first})")
    return array.astype(np.float64)
