"""Finds the surfaces of a scene in vertical grid columns, with rays from above."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .rays import Rays

_SPACING = 1e4
"""Height offset between consecutive columns in the single sorted list of all of them, m."""
_BENEATH = 1e-3
"""A ray continues this far below a surface, m: closer surfaces count as one."""
_MOST_LEVELS = 256
_DOWN = np.array([0.0, -1.0, 0.0], np.float32)

Float64 = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


class Span(NamedTuple):
    """For each query (q,), the range of surfaces from `start` to `stop` in a `Columns`."""

    start: npt.NDArray[np.intp]
    stop: npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Columns:
    """Surfaces sorted by column and height.

    `points` (n, 3) m are where rays meet them, at the centres of columns `cell` m wide. `column` (n,) is the index of
    the column, row by row along x, in a grid of `shape` (along x, along z) with the centre of column 0 at `origin`
    (x, z). `face` (n,) is the triangle.
    """

    points: Float64
    column: Indices
    face: npt.NDArray[np.int32]
    cell: float
    origin: tuple[float, float]
    shape: tuple[int, int]

    def __len__(self) -> int:
        """Return the number of surfaces."""
        return len(self.column)

    @cached_property
    def _keys(self) -> Float64:
        return np.asarray(self.column * _SPACING + self.points[:, 1])

    def only(self, chosen: npt.NDArray[np.bool_]) -> "Columns":
        """Return the surfaces where `chosen` (n,)."""
        return Columns(self.points[chosen], self.column[chosen], self.face[chosen], self.cell, self.origin, self.shape)

    def air_above(self) -> Float64:
        """Return the distance (n,) from each surface up to the next in its column, m; infinite under the open sky."""
        above = np.full(len(self), np.inf)
        below = np.flatnonzero(self.column[1:] == self.column[:-1])
        above[below] = self.points[below + 1, 1] - self.points[below, 1]
        return above

    def neighbours(self, step: tuple[int, int]) -> Indices:
        """Return the column (n,) at `step` (along x, along z) from that of each surface, -1 outside the grid."""
        along_x, along_z = np.divmod(self.column, self.shape[1])
        return self._column(along_x + step[0], along_z + step[1])

    def column_of(self, points: Float64) -> Indices:
        """Return the column (q,) that contains each of `points` (q, 3) m, -1 outside the grid."""
        along = np.rint((points[:, [0, 2]] - self.origin) / self.cell).astype(np.int64)
        return self._column(along[:, 0], along[:, 1])

    def _column(self, along_x: Indices, along_z: Indices) -> Indices:
        inside = (along_x >= 0) & (along_x < self.shape[0]) & (along_z >= 0) & (along_z < self.shape[1])
        return np.where(inside, along_x * self.shape[1] + along_z, -1)

    def within(self, column: Indices, low: Float64, high: Float64) -> Span:
        """Return the surfaces of each `column` (q,) between the heights `low` and `high` (q,) m; none for column -1."""
        at = column * _SPACING
        start = np.searchsorted(self._keys, at + low)
        stop = np.searchsorted(self._keys, at + high)
        return Span(start, np.where(column >= 0, stop, start))

    def all_in(self, column: Indices) -> Span:
        """Return all surfaces of each `column` (q,)."""
        anywhere = np.full(len(column), _SPACING / 2)
        return self.within(column, -anywhere, anywhere)


def cast_columns(rays: Rays, vertices: npt.NDArray[np.float32], *, cell: float, most_columns: int) -> Columns:
    """Return every surface that `rays` meet in columns `cell` m wide over `vertices` (v, 3).

    Columns are wider if there would be more than `most_columns`.
    """
    low, high = vertices.min(axis=0).astype(np.float64), vertices.max(axis=0).astype(np.float64)
    size = (high - low)[[0, 2]]
    cell = max(cell, float(np.sqrt(size.prod() / most_columns)))
    shape = (int(size[0] / cell) + 1, int(size[1] / cell) + 1)
    # Avoid the round numbers where drawn walls are: a ray along a wall or an edge may miss it.
    origin = low[[0, 2]] + 0.4871 * cell
    along = np.stack(np.meshgrid(np.arange(shape[0]), np.arange(shape[1]), indexing="ij"), axis=-1).reshape(-1, 2)
    middle = origin + along * cell
    column, height, face = _falls(rays, middle, float(high[1]) + 1.0)
    order = np.lexsort((height, column))
    column, height, face = column[order], height[order], face[order]
    points = np.stack([middle[column, 0], height, middle[column, 1]], axis=1)
    return Columns(points, column, face, cell, (float(origin[0]), float(origin[1])), shape)


def _falls(rays: Rays, middle: Float64, top: float) -> tuple[Indices, Float64, npt.NDArray[np.int32]]:
    """Return column, height and face of every surface that rays from `top` down through `middle` (c, 2) meet."""
    column, height = np.arange(len(middle), dtype=np.int64), np.full(len(middle), top)
    columns, heights, faces = [], [], []
    for _ in range(_MOST_LEVELS):
        origins = np.stack([middle[column, 0], height, middle[column, 1]], axis=1)
        hits = rays.hits(origins, np.broadcast_to(_DOWN, origins.shape))
        met = hits.face >= 0
        column, height = column[met], (height - hits.distance)[met]
        columns.append(column)
        heights.append(height)
        faces.append(hits.face[met])
        height = height - _BENEATH
        if column.size == 0:
            break
    return np.concatenate(columns), np.concatenate(heights), np.concatenate(faces)
