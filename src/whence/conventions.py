"""Frames, signs, units and channel order that every module and every file uses.

* SI units in code and files (seconds, metres); degrees for angles; milliseconds only in printed delay tables.
* Left is positive. `azimuth` is 0 ahead, +90 left (counter-clockwise seen from above), in (-180, 180].
* `interaural_time_difference = t_right - t_left`, positive when the left ear (channel 0) leads.
* Channels: 0 left, 1 right. Audio is sampled at `SAMPLE_RATE`.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

SAMPLE_RATE = 16_000
"""Hz."""

SPEED_OF_SOUND = 343.0
"""m/s, the value of the TDE-Simulation generator (StereoCRW)."""

LEFT, RIGHT = 0, 1


def wrap_degrees(angle: "npt.ArrayLike") -> "npt.NDArray[np.float64]":
    """Return `angle` (degrees, any shape) wrapped into (-180, 180].

    >>> [float(x) for x in wrap_degrees([190.0, -180.0, 540.0])]
    [-170.0, 180.0, 180.0]
    """
    import numpy as np  # here, so that a module of constants costs nothing to import

    return np.asarray(180.0 - np.mod(180.0 - np.asarray(angle, dtype=np.float64), 360.0))
