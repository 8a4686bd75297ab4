"""Perspective cameras: orientation, projection, and the rotation between two views from one place.

World: right-handed, +Y up, -Z forward at heading 0. Headings (degrees) are counter-clockwise seen from above, so a
left turn is positive. Camera axes: x right, y up, z backwards. Image points: x right, y down, in pixels from the
upper left corner; the centre of pixel (row i, column j) is the image point (j + 0.5, i + 0.5).
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import InputError

Float64 = npt.NDArray[np.float64]

PITCH_DEG = -22.5
"""Elevation of the optical axis, downwards, as in HM3D-SS (SLfM: pi / 8)."""
EYE_HEIGHT = 1.5
"""Height of camera and ears above the floor, m."""

_OPENCV_AXES = np.diag([1.0, -1.0, -1.0])  # x right, y down, z forward


@dataclass(frozen=True)
class Camera:
    """A pinhole camera with square pixels and a centred principal point; the default is that of HM3D-SS.

    >>> round(Camera().focal, 3)
    277.128
    """

    width: int = 320
    height: int = 240
    horizontal_field_of_view: float = 60.0

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise InputError(f"camera of {self.width} x {self.height} pixels: expected at least 1 x 1")
        if not 0 < self.horizontal_field_of_view < 180:
            raise InputError(f"horizontal field of view {self.horizontal_field_of_view} deg: expected 0 to 180")

    @property
    def focal(self) -> float:
        """Focal length in pixels."""
        return self.width / (2 * math.tan(math.radians(self.horizontal_field_of_view) / 2))

    @property
    def intrinsics(self) -> Float64:
        """Matrix (3, 3) from OpenCV camera axes to homogeneous image points."""
        return np.array([[self.focal, 0.0, self.width / 2], [0.0, self.focal, self.height / 2], [0.0, 0.0, 1.0]])

    def scaled(self, factor: float) -> "Camera":
        """Return a camera with the same field of view and `factor` times as many pixels across and down."""
        width, height = self.width * factor, self.height * factor
        if width != round(width) or height != round(height):
            raise InputError(f"camera of {self.width} x {self.height} pixels: {factor} times that is not whole pixels")
        return Camera(round(width), round(height), self.horizontal_field_of_view)


def orientation(heading: float, pitch: float = PITCH_DEG) -> Float64:
    """Return the rotation (3, 3) from camera axes to the world, for a camera without roll; angles in degrees.

    >>> forward = -orientation(90.0, 0.0)[:, 2]
    >>> [float(x) for x in forward.round(9)]  # a left turn from -Z ends at -X
    [-1.0, -0.0, -0.0]
    """
    turn, tilt = math.radians(heading), math.radians(pitch)
    about_up = np.array([[math.cos(turn), 0, math.sin(turn)], [0, 1, 0], [-math.sin(turn), 0, math.cos(turn)]])
    about_right = np.array([[1, 0, 0], [0, math.cos(tilt), -math.sin(tilt)], [0, math.sin(tilt), math.cos(tilt)]])
    return np.asarray(about_up @ about_right)


def image_plane(camera: Camera, turned: Float64) -> tuple[Float64, Float64, Float64]:
    """Return the image plane 1 m ahead in world axes: upper left corner, step right, step down; (3,) m each.

    `turned` (3, 3) orients the camera; the corner is relative to it. Image point (x, y) lies at corner + x right +
    y down, 1 m along the optical axis.
    """
    right, down = turned[:, 0] / camera.focal, -turned[:, 1] / camera.focal
    corner = -turned[:, 2] - right * (camera.width / 2) - down * (camera.height / 2)
    return corner, right, down


def ray_directions(camera: Camera, turned: Float64) -> Float64:
    """Return unit vectors (height, width, 3) in world axes through the pixel centres."""
    corner, right, down = image_plane(camera, turned)
    x, y = np.arange(camera.width) + 0.5, np.arange(camera.height) + 0.5
    towards = corner + x[None, :, None] * right + y[:, None, None] * down
    return np.asarray(towards / np.linalg.norm(towards, axis=2, keepdims=True))


def project(camera: Camera, turned: Float64, position: npt.ArrayLike, points: npt.ArrayLike) -> tuple[Float64, Float64]:
    """Return the image points (n, 2) of world `points` (n, 3) and their depths (n,), m along the optical axis.

    Points outside the picture get coordinates outside it; points behind the camera get NaN and a negative depth.
    """
    away = np.asarray(points, np.float64) - np.asarray(position, np.float64)
    seen = np.einsum("nk,ka->na", away, turned @ _OPENCV_AXES)
    depth = seen[:, 2]
    ahead = np.where(depth > 0, depth, np.nan)
    centre = np.array([camera.width / 2, camera.height / 2])
    return camera.focal * seen[:, :2] / ahead[:, None] + centre, depth


def back_project(camera: Camera, turned: Float64, position: npt.ArrayLike, depth: npt.NDArray[np.floating]) -> Float64:
    """Return the world points (height, width, 3) seen at pixels with `depth` (height, width), m along the axis."""
    corner, right, down = image_plane(camera, turned)
    x, y = np.arange(camera.width) + 0.5, np.arange(camera.height) + 0.5
    towards = corner + x[None, :, None] * right + y[:, None, None] * down
    return np.asarray(np.asarray(position, np.float64) + depth[:, :, None] * towards)


def relative_rotation(heading_from: float, heading_to: float, pitch: float = PITCH_DEG) -> Float64:
    """Return R (3, 3) with X_to = R X_from in OpenCV camera axes (x right, y down, z forward).

    K R K^-1 maps image points between two views from one place. The angle of R equals the turn, whatever the pitch.
    """
    before, after = orientation(heading_from, pitch), orientation(heading_to, pitch)
    return np.asarray(_OPENCV_AXES @ after.T @ before @ _OPENCV_AXES)
