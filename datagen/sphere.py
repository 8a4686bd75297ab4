"""Equirectangular pictures and maps: where their pixels look, how views are joined into one, and how a scene is drawn.

A panorama is twice as wide as high. Its centre looks ahead, its left edge backwards, its upper edge straight up.
Azimuths are positive to the left, so the azimuth of a column is its negative longitude. A map of any size covers all of
the sphere in the same way.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .cameras import Camera, orientation, project
from .raycast import render
from .scenes.scene import Scene

Float64 = npt.NDArray[np.float64]

FACES = ((0.0, 0.0), (90.0, 0.0), (180.0, 0.0), (-90.0, 0.0), (0.0, 90.0), (0.0, -90.0))
"""Heading and pitch (degrees) of the six views that a panorama is drawn from."""
_MARGIN = 2
"""Pixels by which the views overlap at each edge, so that no pixel is taken from beyond one."""


def azimuths_of(columns: int) -> Float64:
    """Return the azimuth (columns,), degrees, of every column of a panorama.

    >>> azimuths_of(4).tolist()
    [135.0, 45.0, -45.0, -135.0]
    """
    return np.asarray((0.5 - (np.arange(columns) + 0.5) / columns) * 360.0)


def elevations_of(rows: int) -> Float64:
    """Return the elevation (rows,), degrees, of every row of a panorama."""
    return np.asarray((0.5 - (np.arange(rows) + 0.5) / rows) * 180.0)


def directions_of(rows: int, columns: int) -> Float64:
    """Return the unit vectors (rows, columns, 3) towards the pixel centres, ahead being -Z and up +Y."""
    turn, rise = np.radians(azimuths_of(columns))[None], np.radians(elevations_of(rows))[:, None]
    flat = np.cos(rise)
    return np.stack(np.broadcast_arrays(-np.sin(turn) * flat, np.sin(rise), -np.cos(turn) * flat), axis=2)


def stitched(
    views: npt.NDArray[np.generic],
    camera: Camera,
    looks: Sequence[tuple[float, float]],
    rows: int,
    columns: int,
) -> Float64:
    """Return `views` (v, height, width, channels) as a panorama (rows, columns, channels): their mean where they meet.

    `looks` are heading and pitch (degrees) of each view, which may have fewer pixels than its `camera`, as maps do.
    Directions that no view shows are 0.
    """
    towards = directions_of(rows, columns).reshape(-1, 3)
    total, seen = np.zeros((len(towards), views.shape[3])), np.zeros(len(towards))
    for view, (heading, pitch) in zip(views, looks, strict=True):
        points, _ = project(camera, orientation(heading, pitch), np.zeros(3), towards)
        x, y = (points / [camera.width, camera.height]).T
        inside = np.flatnonzero((x >= 0) & (x <= 1) & (y >= 0) & (y <= 1))
        total[inside] += _between(view, x[inside], y[inside])
        seen[inside] += 1
    return np.asarray((total / np.maximum(seen, 1)[:, None]).reshape(rows, columns, -1))


def _between(view: npt.NDArray[np.generic], x: Float64, y: Float64) -> Float64:
    """Return the bilinear samples (n, channels) of `view` at `x`, `y` (n,), fractions of it."""
    height, width = view.shape[:2]
    across, down = np.clip(x * width - 0.5, 0, width - 1), np.clip(y * height - 0.5, 0, height - 1)
    left, top = across.astype(np.intp), down.astype(np.intp)
    right, low = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    share, below = (across - left)[:, None], (down - top)[:, None]
    upper = (1 - share) * view[top, left] + share * view[top, right]
    lower = (1 - share) * view[low, left] + share * view[low, right]
    return np.asarray((1 - below) * upper + below * lower)


def face_camera(side: int) -> Camera:
    """Return the camera of the six `FACES`, `side` pixels to a right angle and a margin around them."""
    whole = side + 2 * _MARGIN
    return Camera(whole, whole, math.degrees(2 * math.atan(whole / side)))


def render_panorama(
    scene: Scene, position: npt.ArrayLike, heading: float, rows: int
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32]]:
    """Return the panorama (rows, 2 rows, 3) from `position` (3,) m facing `heading` degrees, and its instances.

    Instances (rows, 2 rows) are as in `View`, at the pixel centres of the views that the picture is joined from.
    """
    camera = face_camera(round(2 * rows / math.pi))
    seen = [render(scene, position, heading + turn, camera, pitch) for turn, pitch in FACES]
    picture = stitched(np.stack([view.image for view in seen]), camera, FACES, rows, 2 * rows)
    instances = _nearest(np.stack([view.instance for view in seen]), camera, rows)
    return np.rint(picture).astype(np.uint8), instances


def _nearest(faces: npt.NDArray[np.int32], camera: Camera, rows: int) -> npt.NDArray[np.int32]:
    """Return the values (rows, 2 rows) of the nearest pixels of `faces` (6, height, width)."""
    towards = directions_of(rows, 2 * rows).reshape(-1, 3)
    found = np.full(len(towards), -1, np.int32)
    for face, (heading, pitch) in zip(faces, FACES, strict=True):
        points, _ = project(camera, orientation(heading, pitch), np.zeros(3), towards)
        inside = np.flatnonzero(((points >= 0) & (points < camera.width)).all(axis=1))
        column, row = points[inside].astype(np.intp).T
        found[inside] = face[row, column]
    return found.reshape(rows, 2 * rows)
