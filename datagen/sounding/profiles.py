"""How large objects are and where in the picture: as in VGG-SS, or so that neither size nor place tells anything.

The quantiles of VGG-SS were measured on its 5,158 test clips (area and centre of each clip's box, fractions of the
picture).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]
ProfileName = Literal["matched", "decorrelated"]

_SHARES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
_VGG_SS_AREA = (0.02, 0.033, 0.121, 0.253, 0.463, 0.780, 0.95)
VGG_SS_MEAN_AREA, VGG_SS_CENTRE_DISTANCE = 0.312, 0.180
TOWARDS_LARGE, _SPREAD = 0.8, 0.11
"""Wanted areas are larger, and wanted centres nearer to the middle, than in VGG-SS (0.15), because two or three objects
must find room side by side: those that do come out smaller and farther apart than wanted."""


@dataclass(frozen=True)
class Profile:
    """`natural`: things stand where such things do. `scales` bound how much an object may deviate from its size.

    `eye` bounds the height of the camera above the floor, m. `least_visible` is the share of an object's own pixels
    that nothing hides, and `most_overlap` the largest share of the smaller of two boxes that lies in the other.
    """

    natural: bool
    scales: tuple[float, float]
    eye: tuple[float, float]
    least_visible: float
    most_overlap: float

    def areas(self, count: int, rng: np.random.Generator) -> Float64:
        """Return target areas (count,), shares of the picture: of boxes if `natural`, else of visible pixels."""
        if self.natural:
            return np.interp(rng.random(count) ** TOWARDS_LARGE, _SHARES, _VGG_SS_AREA)
        middle = np.clip(rng.lognormal(np.log(0.03), 0.4), 0.012, 0.08)
        return np.asarray(middle * np.exp(rng.uniform(-0.25, 0.25, count)))

    def centre(self, half: float, rng: np.random.Generator) -> tuple[float, float]:
        """Return the target centre (x, y) of an object that is 2 `half` of the picture's width wide."""
        if self.natural:
            x, y = np.clip(rng.normal(0.5, _SPREAD, 2), 0.08, 0.92)
            return float(x), float(y)
        low = np.minimum(np.array([half, half * 4 / 3]) * 0.8, 0.45)
        x, y = rng.uniform(low, 1 - low)
        return float(x), float(y)


PROFILES: Mapping[ProfileName, Profile] = {
    "matched": Profile(True, (0.6, 3.0), (0.7, 1.5), 0.6, 0.6),
    "decorrelated": Profile(False, (0.25, 4.0), (1.5, 1.5), 0.75, 0.05),
}
