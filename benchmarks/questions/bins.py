"""The 64 bins into which SLfM's linear probes sort angles, by the rule of the released code.

Angles are in degrees, positive to the left. Rotations in HM3D-SS sets are 10 to 90 degrees to either side, so nothing
lies between the bins of both sides; azimuths lie all around.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...conventions import wrap_degrees
from ...errors import InputError

Float64 = NDArray[np.float64]
Angle = Literal["rotation", "azimuth"]
COUNT = 64


@dataclass(frozen=True)
class Bins:
    """Bins of angles: where each begins and its centre, both (64,), degrees. The first and last are open."""

    starts: Float64
    centres: Float64

    def of(self, angles: ArrayLike) -> NDArray[np.int64]:
        """Return the bin, 0 to 63, of each of the `angles` (any shape), degrees."""
        place = np.searchsorted(self.starts, wrap_degrees(np.asarray(angles, dtype=np.float64)), side="right") - 1
        return np.asarray(np.clip(place, 0, COUNT - 1), dtype=np.int64)


def rotation_bins(least: float, largest: float) -> Bins:
    """Return 32 bins to each side for rotations of `least` to `largest` degrees; smaller ones join the next bin.

    >>> rotation_bins(10.0, 90.0).of([-90.0, -10.1, -1.0, 0.0, 12.4, 12.6, 90.0]).tolist()
    [0, 31, 31, 32, 32, 33, 63]
    """
    width = _width(least, largest, COUNT // 2)
    steps = width * np.arange(COUNT // 2)
    starts: Float64 = np.concatenate([steps - largest, steps + least])
    centres = starts + width / 2
    starts[COUNT // 2] = 0.0
    return Bins(starts, centres)


def azimuth_bins(low: float, high: float) -> Bins:
    """Return 64 equal bins from `low` to `high` degrees.

    >>> azimuth_bins(-180.0, 180.0).of([-179.9, -0.1, 0.0, 5.7, 180.0]).tolist()
    [0, 31, 32, 33, 63]
    """
    width = _width(low, high, COUNT)
    starts = np.asarray(low + width * np.arange(COUNT), dtype=np.float64)
    return Bins(starts, starts + width / 2)


def _width(low: float, high: float, count: int) -> float:
    if not low < high:
        raise InputError(f"angles from {low:g} to {high:g} degrees make no {count} bins: use a larger dataset")
    return (high - low) / count


BINS: Mapping[Angle, Callable[[float, float], Bins]] = {"rotation": rotation_bins, "azimuth": azimuth_bins}


def ends_of(kind: Angle, angles: Float64) -> tuple[float, float]:
    """Return what the bins of the training `angles` (any shape, degrees) are made from.

    These are the least and the largest |rotation|, or the lowest and the highest azimuth.
    """
    values = np.abs(angles) if kind == "rotation" else angles
    return float(values.min()), float(values.max())


DRAWN: Mapping[Angle, tuple[float, float]] = {
    "rotation": (10.0, 90.0),
    "azimuth": (-180.0, 180.0),
}
"""The ends between which HM3D-SS sets are drawn. Those of 50,000 training pairs differ by about 0.01 degrees."""
