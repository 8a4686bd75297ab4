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

VGG_SS_AREAS = (0.033, 0.121, 0.253, 0.463, 0.780)
"""Quantiles 5, 25, 50, 75 and 95 % of the areas of boxes in VGG-SS."""
VGG_SS_MEAN_AREA, VGG_SS_CENTRE_DISTANCE = 0.312, 0.180
"""Mean area of a box in VGG-SS, and mean distance of its centre from that of the picture."""
TOWARDS_LARGE, _SPREAD = 0.8, 0.11
"""Wanted areas are larger, and wanted centres nearer to the middle, than in VGG-SS (0.15), because two or three objects
must find room side by side: those that do come out smaller and farther apart than wanted."""
MEDIAN_AREA, AREA_SPREAD, AREAS = 0.046, 0.35, (0.02, 0.1)
"""Median area of a box in the profile `decorrelated`, standard deviation of its logarithm, and its bounds."""


@dataclass(frozen=True)
class Profile:
    """`natural`: things stand where such things do. `scales` bound how much an object may deviate from its size.

    `eye` bounds the height of the camera above the floor, m. `least_visible` is the share of an object's own pixels
    that nothing hides, `least_inside` that of its whole box inside the picture, `most_overlap` the largest share of the
    smaller of two boxes that lies in the other, and `largest_ratio` that of the areas of two boxes.
    """

    natural: bool
    scales: tuple[float, float]
    eye: tuple[float, float]
    least_visible: float
    least_inside: float
    most_overlap: float
    largest_ratio: float

    def areas(self, count: int, rng: np.random.Generator) -> Float64:
        """Return the wanted areas (count,) of boxes, shares of the picture."""
        if self.natural:
            shares, areas = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0), (0.02, *VGG_SS_AREAS, 0.95)
            return np.interp(rng.random(count) ** TOWARDS_LARGE, shares, areas)
        middle = np.clip(rng.lognormal(np.log(MEDIAN_AREA), AREA_SPREAD), *AREAS)
        return np.asarray(middle * np.exp(rng.uniform(-0.2, 0.2, count)))

    def centre(self, half: float, rng: np.random.Generator) -> tuple[float, float]:
        """Return the wanted centre (x, y) of an object whose box has sides of 2 `half` of the picture's."""
        if self.natural:
            x, y = np.clip(rng.normal(0.5, _SPREAD, 2), 0.08, 0.92)
            return float(x), float(y)
        x, y = rng.uniform(0.8 * half, 1 - 0.8 * half, 2)
        return float(x), float(y)


PROFILES: Mapping[ProfileName, Profile] = {
    "decorrelated": Profile(False, (0.25, 4.0), (1.5, 1.5), 0.75, 0.0, 0.05, 2.0),
    "matched": Profile(True, (0.6, 3.0), (0.7, 1.5), 0.6, 0.6, 0.6, np.inf),
}
