"""Maps over a picture: what methods return, how answers store them, and how they are enlarged for scoring.

A map spans the whole picture, row 0 at the top, whatever its size. Published scores enlarge it to 224 x 224 pixels,
each code base in its own way, and a 7 x 7 map loses up to 3 points from one way to another. So an answer holds the
method's own cells, up to 56 x 56, and each metric enlarges them by the way that its name states. Values keep their
scale, since the confidence of a map depends on it.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt

from ...compiled import njit
from ...errors import InputError
from .plausibility import check_scores

Map = npt.NDArray[np.float32]
Interpolation = Literal["aligned_bilinear", "half_pixel_bilinear", "aligned_bicubic", "half_pixel_bicubic"]

SIDE = 56
"""Most rows and columns that an answer holds; larger maps are averaged down to it."""
CELLS = SIDE * SIDE
STORED = (CELLS + 2,)
"""Shape of an answer: rows, columns, then the cells in row order, then zeros."""
CANVAS = 224
"""Pixels on either side of an enlarged map."""
SHARPNESS = -0.75
"""The coefficient of cubic interpolation in OpenCV and PyTorch."""
SMALLEST = 1e-3
"""The largest magnitude that a method's maps must reach: 16-bit numbers are coarse far below."""

INTERPOLATIONS: dict[Interpolation, str] = {
    "aligned_bilinear": "bilinear, corners aligned",
    "half_pixel_bilinear": "bilinear, half-pixel centres",
    "aligned_bicubic": "bicubic, corners aligned",
    "half_pixel_bicubic": "bicubic, half-pixel centres",
}


def stored_maps(given: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return what a method gave for n samples in the stored form (n, 3138).

    Takes maps (n, rows, columns) of any size, points (n, 2), x and y as fractions of the picture from its top left, or
    the stored form. A map without a positive value says that nothing in the picture sounds. Raises InputError for any
    other shape and for points outside the picture.

    >>> stored_maps(np.array([[[0.0, 1.0]]]))[0, :5].tolist()
    [1.0, 2.0, 0.0, 1.0, 0.0]
    """
    values = np.asarray(given, dtype=np.float64)
    if values.ndim == 2 and values.shape[1] == 2:
        values = _maps_of_points(values)
    if values.ndim == 2 and values.shape[1:] == STORED:
        return values
    if values.ndim != 3 or 0 in values.shape[1:]:
        raise InputError(
            f"shape {values.shape}: expected maps (samples, rows, columns) or points (samples, 2), x and y as fractions"
        )
    return _packed(_at_most(values, SIDE))


def _maps_of_points(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return maps (n, 56, 56) that fall linearly with the distance from each point, from 1 to about 0."""
    outside = (points < 0) | (points > 1)
    if outside.any():
        x, y = points[outside.any(axis=1)][0]
        raise InputError(f"a point at x={x:g}, y={y:g}: give fractions of the picture, 0 to 1")
    centres = (np.arange(SIDE) + 0.5) / SIDE
    away = np.hypot(centres[None, None, :] - points[:, :1, None], centres[None, :, None] - points[:, 1:, None])
    return np.asarray(1 - away / np.sqrt(2))


def _at_most(maps: npt.NDArray[np.float64], most: int) -> npt.NDArray[np.float64]:
    """Return `maps` (n, rows, columns), a side longer than `most` cells averaged down to it."""
    rows, columns = (min(side, most) for side in maps.shape[1:])
    if (rows, columns) == maps.shape[1:]:
        return maps
    return np.stack([cv2.resize(one, (columns, rows), interpolation=cv2.INTER_AREA) for one in maps])


def _packed(maps: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    count, rows, columns = maps.shape
    stored = np.zeros((count, *STORED))
    stored[:, :2] = rows, columns
    stored[:, 2 : 2 + rows * columns] = maps.reshape(count, -1)
    return stored


def map_of(answer: npt.NDArray[Any]) -> Map:
    """Return the map (rows, columns) of a stored answer (3138,); raises InputError if it states no size.

    >>> map_of(stored_maps(np.array([[[0.0, 1.0]]]))[0]).tolist()
    [[0.0, 1.0]]
    """
    rows, columns = answer[:2]
    if not (rows in _SIDES and columns in _SIDES):
        raise InputError(f"a map of {rows:g} x {columns:g} cells: expected 1 to {SIDE} rows and columns")
    cells = int(rows) * int(columns)
    return np.asarray(answer[2 : 2 + cells], dtype=np.float32).reshape(int(rows), int(columns))


_SIDES = frozenset(range(1, SIDE + 1))


def check_maps(conditions: Sequence[npt.NDArray[Any]]) -> None:
    """Raise InputError unless stored answers, an array (n, 3138) for each condition, are bounded maps.

    Maps whose values are all tiny, such as a softmax over thousands of cells, lose their digits in 16 bits.
    """
    check_scores(conditions)
    for some in conditions:
        for answer in some:
            map_of(answer)
        largest = float(np.abs(some[:, 2:]).max(initial=0))
        if 0 < largest < SMALLEST:
            raise InputError(f"all maps are within {largest:.2g} of 0: scale them, since 16 bits hold them coarsely")


def enlarged(one: Map, interpolation: Interpolation) -> Map:
    """Return the map (rows, columns) enlarged to 224 x 224 pixels.

    With corners aligned, the outer pixels are the outer cells; with half-pixel centres, both cover the same picture, as
    in OpenCV. Bicubic is Keys's with -0.75, as in OpenCV and PyTorch; beyond its edge a map repeats its last cells.
    It is computed in 64 bits, so that equal cells give equal pixels.

    >>> enlarged(np.array([[0.0, 1.0]], np.float32), "aligned_bilinear")[0, [0, -1]].tolist()
    [0.0, 1.0]
    """
    down, across = taps(one.shape[0], interpolation), taps(one.shape[1], interpolation)
    return np.asarray(_enlarge(np.ascontiguousarray(one, dtype=np.float32), *down, *across), dtype=np.float32)


@cache
def taps(cells: int, interpolation: Interpolation) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
    """Return the cells (224, k) that each pixel of a side is made of, and their weights (224, k)."""
    alignment, _, kernel = interpolation.rpartition("_")
    pixel = np.arange(CANVAS, dtype=np.float64)
    aligned = alignment == "aligned"
    place = pixel * (cells - 1) / (CANVAS - 1) if aligned else (pixel + 0.5) * cells / CANVAS - 0.5
    offsets = np.arange(2) if kernel == "bilinear" else np.arange(-1, 3)
    index = np.floor(place).astype(np.intp)[:, None] + offsets
    away = np.abs(place[:, None] - index)
    weight = 1 - away if kernel == "bilinear" else _keys(away)
    return np.clip(index, 0, cells - 1), weight


def _keys(away: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return Keys's cubic kernel (1981) at distances (...) of up to 2 cells."""
    near = ((SHARPNESS + 2) * away - (SHARPNESS + 3)) * away**2 + 1
    far = SHARPNESS * (((away - 5) * away + 8) * away - 4)
    return np.where(away <= 1, near, np.where(away < 2, far, 0.0))


@njit(fastmath=False)
def _enlarge(cells, rows, row_weights, columns, column_weights):  # type: ignore[no-untyped-def]
    """Return the map (224, 224) of `cells`, first along rows, then along columns."""
    size, k = columns.shape
    wide = np.zeros((cells.shape[0], size))
    for i in range(cells.shape[0]):
        for j in range(size):
            for t in range(k):
                wide[i, j] += cells[i, columns[j, t]] * column_weights[j, t]
    out = np.zeros((size, size))
    for i in range(size):
        for t in range(k):
            for j in range(size):
                out[i, j] += wide[rows[i, t], j] * row_weights[i, t]
    return out
