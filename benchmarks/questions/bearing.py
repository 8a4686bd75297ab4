"""The angle from which a sound comes to two microphones, found from its delay, as a metric."""

import numpy as np
import numpy.typing as npt
from numpy.typing import ArrayLike

from ...conventions import SPEED_OF_SOUND
from . import formulas
from .metrics import Metric, finite_vector

Vector = npt.NDArray[np.float64]
SPACING, DISTANCE = "microphone_spacing", "distance"
"""What the metric needs to know of each sample, in metres."""


def bearing(delay: ArrayLike, spacing: ArrayLike, distance: ArrayLike) -> Vector:
    """Return the angle (n,) of a source in degrees, 0 ahead, positive to the left, from -90 to 90.

    `delay` (n,) is t_right - t_left in seconds, `spacing` (n,) that of the microphones and `distance` (n,) that of the
    source to their middle, in metres. A delay longer than sound takes between the microphones counts as 90 degrees.
    Far away the sine is c * delay / spacing. This is the exact angle at any distance: with half the spacing a, the
    distance b and the path difference d, sin^2 = (4 d^2 (a^2 + b^2) - d^4) / (16 a^2 b^2). Source: StereoCRW's released
    code, which takes 340 m/s for c.

    >>> bearing([0.0, -1.0], [0.2, 0.2], [2.0, 2.0]).round(3).tolist()
    [0.0, -90.0]
    """
    half, far = np.asarray(spacing, np.float64) / 2, np.asarray(distance, np.float64)
    longest = 2 * np.minimum(half, far)
    path = np.clip(SPEED_OF_SOUND * finite_vector(delay, "delay"), -longest, longest)
    squared = (4 * path**2 * (half**2 + far**2) - path**4) / (16 * half**2 * far**2)
    return np.asarray(np.sign(path) * np.degrees(np.arcsin(np.sqrt(np.clip(squared, 0, 1)))))


def bearing_error(truth: ArrayLike, prediction: ArrayLike, spacing: ArrayLike, distance: ArrayLike) -> Vector:
    """Return the error (n,) in degrees of the angle that each `prediction` means; both are delays (n,) in seconds.

    >>> bearing_error([0.0], [-1.0], [0.2], [2.0]).round(3).tolist()
    [90.0]
    """
    return np.abs(bearing(prediction, spacing, distance) - bearing(truth, spacing, distance))


MEAN_BEARING_ERROR = Metric(
    "mean_bearing_error",
    "angle error",
    "deg",
    False,
    bearing_error,
    "mean",
    needs=(SPACING, DISTANCE),
    formula=formulas.mean(r"|\theta(\hat{x}_i) - \theta(x_i)|")
    + r", \quad \sin\theta(x) \approx c\,x / \mathrm{spacing}",
)
