"""Measures what two views share: instances if the scene has them, else surface.

SLfM requires ten semantic instances that cover 50 pixels in both images. For a scan without instances, at least
`LEAST_SURFACE` of the second view's pixels must show surface that the first view sees too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from .cameras import Camera, back_project, orientation, project
from .raycast import Glance, View

Float64 = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Pairs = npt.NDArray[np.intp]

LEAST_INSTANCES, LEAST_PIXELS = 10, 50
LEAST_SURFACE = 0.1
DEPTH_TOLERANCE = 0.05
"""Largest relative difference of the depth of one point between two views."""


@dataclass(frozen=True)
class InstancesInView:
    """Compares views by shared instances."""

    what: ClassVar[str] = f"{LEAST_INSTANCES} instances of {LEAST_PIXELS} pixels"

    def shared(self, looks: Glance, cameras: Float64, headings: Float64, pairs: Pairs) -> Float64:
        """Return the number (p,) of instances that cover enough pixels in both glances of each of `pairs` (p, 2)."""
        count = int(looks.instance.max()) + 1
        pixels = (Camera().width // looks.depth.shape[2]) ** 2
        seen = np.array([np.bincount(look[look >= 0], minlength=count) * pixels for look in looks.instance])
        large = (seen >= LEAST_PIXELS).astype(np.float64)
        return np.asarray((large @ large.T)[pairs[:, 0], pairs[:, 1]])

    def enough(self, shared: Float64) -> Flags:
        """Return whether so much is enough."""
        return shared >= LEAST_INSTANCES


@dataclass(frozen=True)
class SurfaceInView:
    """Compares views by shared surface."""

    what: ClassVar[str] = f"{LEAST_SURFACE:.0%} of its surface"

    def shared(self, looks: Glance, cameras: Float64, headings: Float64, pairs: Pairs) -> Float64:
        """Return the share (p,) of the second glance's pixels that the first sees too, for each of `pairs` (p, 2)."""
        return np.array([_share_seen(looks, cameras, headings, first, second) for first, second in pairs])

    def enough(self, shared: Float64) -> Flags:
        """Return whether so much is enough."""
        return shared >= LEAST_SURFACE


def judge(has_instances: bool) -> InstancesInView | SurfaceInView:
    """Return the comparison for scenes with or without instances."""
    return InstancesInView() if has_instances else SurfaceInView()


def pictures(views: Sequence[View]) -> Glance:
    """Return full `views` as a glance."""
    return Glance(np.stack([view.depth for view in views]), np.stack([view.instance for view in views]))


def _share_seen(looks: Glance, cameras: Float64, headings: Float64, first: int, second: int) -> float:
    """Return the share of pixels in `second` whose surface point `first` sees at the same depth."""
    height, width = looks.depth.shape[1:]
    camera = Camera(width, height)
    shown = looks.depth[second] > 0
    points = back_project(camera, orientation(headings[second]), cameras[second], looks.depth[second])[shown]
    image, depth = project(camera, orientation(headings[first]), cameras[first], points)
    inside = (depth > 0) & (image >= 0).all(axis=1) & (image < [width, height]).all(axis=1)
    column, row = image[inside].astype(np.intp).T
    same = np.abs(looks.depth[first][row, column] - depth[inside]) <= DEPTH_TOLERANCE * depth[inside]
    return float(same.sum() / shown.size)
