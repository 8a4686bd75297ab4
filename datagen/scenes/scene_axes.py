"""Measures the triangles of a scene along each axis, as evidence for its up axis and unit.

The largest side of the scene is scaled to `_ACROSS`, so the measures do not depend on the unit.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from .columns import Columns, cast_columns
from .rays import Rays

_ACROSS = 10.0
_STEP = _ACROSS / 300
"""Bin size of heights: 5 cm in a home of 15 m."""
_FLAT = 0.9
"""Least component along the axis of the unit normal of a flat face."""
_SAME_SLOPE = 0.035
"""Slopes that differ by less, 2 degrees, are the same."""
_LEVEL = 0.2
"""Share of flat area that is level in no tilted scene: a sloping roof, or rising rows of seats, tilt no scene."""
_LARGE = 0.4
"""Least area of a floor or ceiling, as a share of the largest flat face."""
_SMALL = 0.5
"""Largest extent of an object (rather than a wall) in two directions, as a share of the scene's side."""
_FINE = 1 << 20
"""Steps along each axis within which corners are merged: 0.3 mm in a home of 15 m."""
_LOWEST, _HIGHEST = 0.13, 0.6
"""Range of furniture heights, as shares of the headroom; anything lower is a step or a soffit."""

Float64 = npt.NDArray[np.float64]


class Axis(NamedTuple):
    """Measures along an axis.

    `headroom` is the median, over columns along the axis, of the longest free path in each, in units of the file;
    `covered` is the share of columns that have one. `flat` is the area of the largest flat face as a share of all
    faces. `standing` and `hanging` are the shares of objects at the low and the high end. `tilt` is the angle (degrees)
    between the axis and the normal that most flat faces share, 0 if they share none or many are level.
    """

    headroom: float
    covered: float
    flat: float
    standing: float
    hanging: float
    tilt: float = 0.0


def measure(corners: Float64) -> tuple[Axis, Axis, Axis]:
    """Return the measures of the triangles `corners` (f, 3, 3) along x, y and z."""
    low, high = corners.min(axis=(0, 1)), corners.max(axis=(0, 1))
    unit = float((high - low).max()) / _ACROSS or 1.0
    placed = (corners - (low + high) / 2) / unit
    crossed = np.cross(placed[:, 1] - placed[:, 0], placed[:, 2] - placed[:, 0])
    things = _things(placed, np.linalg.norm(crossed, axis=1))
    x, y, z = (
        _along(np.roll(placed, 1 - k, axis=2), np.roll(crossed, 1 - k, axis=1), np.roll(things, 1 - k, axis=2), unit)
        for k in range(3)
    )
    return x, y, z


def _along(corners: Float64, crossed: Float64, things: Float64, unit: float) -> Axis:
    """Return the measures of the triangles `corners` (f, 3, 3) along their second axis.

    `crossed` (f, 3) are the normals, with twice the area as length; `things` is as in `_things`; `unit` is that of the
    file.
    """
    areas = np.linalg.norm(crossed, axis=1)
    flat = np.abs(crossed[:, 1]) > _FLAT * areas
    step = np.floor((corners[:, :, 1].mean(axis=1) + _ACROSS) / _STEP).astype(np.int64)
    faces = np.bincount(step[flat], areas[flat], minlength=1)
    large = (np.flatnonzero(faces >= _LARGE * faces.max())[[0, -1]] + 0.5) * _STEP - _ACROSS
    columns = _columns(corners)
    below = _longest_ways(columns)
    low, high = columns.points[below, 1], columns.points[below + 1, 1]
    headroom = float(np.median(high - low)) if below.size else np.nan
    return Axis(
        headroom=headroom * unit,
        covered=below.size / max(np.unique(columns.column).size, 1),
        flat=float(faces.max() / max(areas.sum(), 1e-12)),
        standing=_share_at(large[0], things, 0) + _share_of_tops(low, headroom, flat[columns.face[below]]),
        hanging=_share_at(large[1], things, 1) + _share_of_tops(-high, headroom, flat[columns.face[below + 1]]),
        tilt=_tilt(crossed[flat], areas[flat]),
    )


def _tilt(crossed: Float64, areas: Float64) -> float:
    """Return the angle (degrees) between the second axis and the normals `crossed` (f, 3), of length `areas` (f,).

    It is that of the median slope by area, or 0 if less than half of the area has a slope close to it, or much of it
    none.
    """
    if not areas.sum() > 0:
        return 0.0
    slopes = crossed[:, [0, 2]] / crossed[:, 1:2]
    if areas[np.linalg.norm(slopes, axis=1) <= _SAME_SLOPE].sum() >= _LEVEL * areas.sum():
        return 0.0
    middle = np.array([_median(slope, areas) for slope in slopes.T])
    near = np.linalg.norm(slopes - middle, axis=1) <= _SAME_SLOPE
    shared = areas[near].sum() >= areas.sum() / 2
    return float(np.degrees(np.arctan(np.linalg.norm(middle, axis=-1)))) if shared else 0.0


def _median(values: Float64, weights: Float64) -> float:
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    return float(values[order[np.searchsorted(reached, reached[-1] / 2)]])


def _columns(corners: Float64) -> Columns:
    vertices = corners.reshape(-1, 3).astype(np.float32)
    faces = np.arange(len(vertices), dtype=np.int32).reshape(-1, 3)
    return cast_columns(Rays(vertices, faces), vertices, cell=_ACROSS / 100, most_columns=10_000)


def _longest_ways(columns: Columns) -> npt.NDArray[np.intp]:
    """Return the surface (c,) below the longest free path of each column that has one."""
    ways = np.where(np.isfinite(above := columns.air_above()), above, 0.0)
    order = np.lexsort((ways, columns.column))
    last = np.append(columns.column[order][1:] != columns.column[order][:-1], True)
    longest = order[last[: order.size]]
    return np.asarray(longest[ways[longest] > 0])


def _share_of_tops(height: Float64, headroom: float, level: npt.NDArray[np.bool_]) -> float:
    """Return the share of the surfaces at `height` (c,) that are `level` and at furniture height above the others."""
    if height.size == 0:
        return 0.0
    steps = np.floor((height + 2 * _ACROSS) / _STEP).astype(np.int64)
    floor = (np.bincount(steps).argmax() + 0.5) * _STEP - 2 * _ACROSS
    above = (height - floor) / headroom
    return float(np.mean(level & (above > _LOWEST) & (above < _HIGHEST)))


def _share_at(height: float, things: Float64, side: int) -> float:
    """Return the share, by area, of the `things` whose low (`side` 0) or high end (1) is at `height`."""
    area, end = things[:, 2, 1], things[:, side, 1]
    return float(area[np.abs(end - height) <= 2 * _STEP].sum() / max(area.sum(), 1e-12))


def _things(corners: Float64, areas: Float64) -> Float64:
    """Return the low end, high end and area (t, 3, axis) of the small connected parts of the scene.

    The area is the same for all axes.
    """
    steps = np.floor((corners.reshape(-1, 3) + _ACROSS) * (_FINE / (2 * _ACROSS))).astype(np.int64)
    _, number = np.unique((steps[:, 0] * _FINE + steps[:, 1]) * _FINE + steps[:, 2], return_inverse=True)
    faces = number.reshape(-1, 3)
    joins = np.concatenate([faces[:, :2], faces[:, 1:]])
    graph = coo_array((np.ones(len(joins), np.int8), (joins[:, 0], joins[:, 1])), shape=(number.max() + 1,) * 2)
    part = connected_components(graph, directed=False)[1][faces[:, 0]]
    _, part = np.unique(part, return_inverse=True)
    low, high = np.full((part.max() + 1, 3), np.inf), np.full((part.max() + 1, 3), -np.inf)
    np.minimum.at(low, part, corners.min(axis=1))
    np.maximum.at(high, part, corners.max(axis=1))
    sides = np.sort((high - low) / np.maximum(np.ptp(corners, axis=(0, 1)), 1e-9), axis=1)
    area = np.repeat(np.bincount(part, areas)[:, None], 3, axis=1)
    return np.stack([low, high, area], axis=1)[sides[:, 1] < _SMALL]
