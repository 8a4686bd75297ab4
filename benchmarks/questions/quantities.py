"""Predicted quantities: unit, sign and typical errors, for axes and texts."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...conventions import SAMPLE_RATE, wrap_degrees
from .metrics import MS_PER_SECOND


@dataclass(frozen=True)
class Quantity:
    """A predicted quantity; predictions times `scale` are in `unit`, and `sides` name the signs (positive, negative).

    `error_ticks` (unit) span the axis of an error distribution, `error_marks` are its dotted lines; an error of at most
    `good` counts as good. A `circular` quantity is an angle in degrees.
    """

    name: str
    unit: str
    scale: float
    digits: int
    sides: tuple[str, str]
    error_range: tuple[float, float]
    error_ticks: tuple[float, ...]
    error_marks: tuple[float, ...]
    marks_text: str
    good: float
    circular: bool = False

    def in_unit(self, values: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return `values` (as predicted) in `unit`, angles in (-180, 180]."""
        scaled = self.scale * np.asarray(values, dtype=np.float64)
        return np.asarray(wrap_degrees(scaled)) if self.circular else scaled

    def text(self, value: float) -> str:
        """Return `value` (as predicted) in words.

        >>> DELAY.text(-0.00025)
        '-0.250 ms (right leads)'
        """
        side = "" if value == 0 else f" ({self.sides[0] if value > 0 else self.sides[1]})"
        return f"{float(self.in_unit(value)):+.{self.digits}f} {self.unit}{side}"

    def error_text(self, truth: float, prediction: float) -> str:
        """Return the error of `prediction` in words.

        >>> ROTATION.error_text(170.0, -170.0)
        'off by 20.00 deg'
        """
        return f"off by {abs(float(self.in_unit(prediction - truth))):.{self.digits}f} {self.unit}"


DELAY = Quantity(
    name="delay",
    unit="ms",
    scale=MS_PER_SECOND,
    digits=3,
    sides=("left leads", "right leads"),
    error_range=(2e-3, 3.0),
    error_ticks=(0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0),
    error_marks=(MS_PER_SECOND / SAMPLE_RATE, 0.1),
    marks_text="one sample, and 0.1 ms",
    good=0.1,
)
ROTATION = Quantity(
    name="rotation",
    unit="deg",
    scale=1.0,
    digits=2,
    sides=("to the left", "to the right"),
    error_range=(5e-4, 180.0),
    error_ticks=(0.001, 0.01, 0.1, 1.0, 10.0, 100.0),
    error_marks=(5.0, 10.0, 20.0),
    marks_text="5, 10 and 20 degrees",
    good=5.0,
    circular=True,
)
AZIMUTH = Quantity(
    name="azimuth",
    unit="deg",
    scale=1.0,
    digits=1,
    sides=("left", "right"),
    error_range=(0.1, 180.0),
    error_ticks=(0.1, 1.0, 10.0, 100.0),
    error_marks=(5.0, 10.0, 20.0),
    marks_text="5, 10 and 20 degrees",
    good=10.0,
    circular=True,
)
