"""The floor of a home on which a body can stand and walk, found with rays alone, so in any mesh, drawn or scanned.

A grid of vertical rays finds every level surface (of either winding) with `BODY_HEIGHT` of air above it and a ceiling
over that: a roof or a garden is no floor. A cell is free where no obstacle between `STEP` and `BODY_HEIGHT` above it
is nearer than `BODY_RADIUS`: neither in the columns around it nor in the way of horizontal rays, which see walls
without thickness too. Small patches that rise above all around them are no floor either: a pile of books is one, a
stair's tread leads on to the next. Free cells side by side within `STEP` of height are connected. Kept are the
largest connected part, and every other of at least `SMALLEST_AREA` and `SMALLEST_SHARE` of the largest that lies at
the height of a kept one (a room behind a closed door) or at least `BODY_HEIGHT` above or below all of them (a storey
whose stairs are missing), but not in between, where beds and tables are.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ...errors import InputError
from .columns import Columns, cast_columns
from .rays import Rays
from .scene import Scene

CELL = 0.1
"""Side of a grid cell, m; larger where a scene would need more than `MOST_COLUMNS`."""
MOST_COLUMNS = 4_000_000
BODY_HEIGHT = 1.6
"""Metres of air that a body needs; the eyes are at 1.5 m."""
BODY_RADIUS = 0.2
STEP = 0.25
"""The highest step that a body takes, m."""
LEVEL = 0.03
"""Metres by which cells side by side may differ to be of one patch: a rug does."""
SMALLEST_PATCH = 0.25
"""Square metres of the smallest patch of floor that may rise above all around it."""
HIGHEST_CEILING = 20.0
STEEPEST = 0.7
"""The least vertical part of a floor's unit normal."""
SMALLEST_AREA = 2.0
"""Square metres of the smallest part that is a floor."""
SMALLEST_SHARE = 0.2
"""The least share of the largest part that another part must have."""
WAIST_HEIGHTS = (0.3, 0.6, 1.0, 1.5)
"""Heights above the floor, m, at which horizontal rays feel for obstacles."""
_DIRECTIONS = 16

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Floor:
    """Where a body may stand: the cells of `columns`, and the rays that give the exact height."""

    columns: Columns
    rays: Rays

    @property
    def cells(self) -> Float64:
        """Centres (n, 3) m of the free cells, for drawing plans; each is `columns.cell` wide."""
        return self.columns.points

    @property
    def area(self) -> float:
        """Free area, m2."""
        return len(self.columns) * self.columns.cell**2

    @property
    def storeys(self) -> int:
        """How many heights, at least `BODY_HEIGHT` apart, have a fair share of the floor.

        That is `SMALLEST_AREA`, and a tenth of the largest storey's area, within `STEP`.
        """
        heights = self.columns.points[:, 1]
        left, counts = heights, list[int]()
        while left.size:
            levels, share = np.unique(np.round(left / STEP), return_counts=True)
            level = levels[share.argmax()] * STEP
            counts.append(int((np.abs(heights - level) <= STEP).sum()))
            left = left[np.abs(left - level) >= BODY_HEIGHT]
        least = max(SMALLEST_AREA / self.columns.cell**2, max(counts) / 10)
        return max(1, sum(count >= least for count in counts))

    def random_point(self, rng: np.random.Generator) -> Float64:
        """Return a point (3,) of the floor, m, uniform over its area."""
        return self._within_cell(rng, int(rng.integers(len(self.columns))))

    def random_point_near(self, rng: np.random.Generator, centre: npt.ArrayLike, radius: float) -> Float64 | None:
        """Return a point (3,) of the floor uniform among those within `radius` m of `centre` (3,), None without any."""
        middle = np.asarray(centre, np.float64)
        away = self.columns.points - middle
        near = np.flatnonzero(np.einsum("nk,nk->n", away, away) <= radius**2)
        if near.size == 0:
            return None
        cells = near[rng.integers(near.size, size=16)]
        for cell in cells:
            point = self._within_cell(rng, int(cell))
            if np.linalg.norm(point - middle) <= radius:
                return point
        return self._middle(int(cells[0]))

    def _middle(self, cell: int) -> Float64:
        return np.array(self.columns.points[cell], np.float64)

    def _within_cell(self, rng: np.random.Generator, cell: int) -> Float64:
        """Return a random point of `cell` at the height of the surface there, its middle where that is not level."""
        point = self._middle(cell)
        shift = rng.uniform(-0.5, 0.5, 2) * self.columns.cell
        start = point + np.array([shift[0], STEP + 0.05, shift[1]])
        hit = self.rays.hits(start[None], [[0.0, -1.0, 0.0]])
        height = start[1] - float(hit.distance[0])
        if hit.face[0] >= 0 and abs(height - point[1]) <= LEVEL:
            point[:] = start[0], height, start[2]
        return point

    def contains(self, point: npt.ArrayLike) -> bool:
        """Return whether `point` (3,) m stands on a free cell, within `STEP` of its height."""
        return self._height_at(np.asarray(point, np.float64)) is not None

    def straight_walk(self, start: npt.ArrayLike, end: npt.ArrayLike) -> bool:
        """Return whether the straight line from `start` to `end` (3,) m is free floor all along, in steps of `STEP`."""
        begin, stop = np.asarray(start, np.float64), np.asarray(end, np.float64)
        length = float(np.hypot(*(stop - begin)[[0, 2]]))
        parts = max(1, int(np.ceil(2 * length / self.columns.cell)))
        way = begin + np.linspace(0.0, 1.0, parts + 1)[:, None] * (stop - begin)
        height = self._follow(self.columns.column_of(way), float(begin[1]))
        return height is not None and abs(height - float(stop[1])) <= STEP

    def _height_at(self, point: Float64) -> float | None:
        """Return the height of the free cell at `point` within `STEP` of it, None where there is none."""
        return self._follow(self.columns.column_of(point[None]), float(point[1]))

    def _follow(self, column: npt.NDArray[np.int64], height: float) -> float | None:
        """Return the height of the free cell that one who stands at `height` m reaches through `column` (q,).

        None where a column on the way has no free cell within `STEP` of the one before.
        """
        spans = self.columns.all_in(column)
        if (spans.start == spans.stop).any():
            return None
        for start, stop in dict.fromkeys(zip(spans.start.tolist(), spans.stop.tolist(), strict=True)):
            heights = self._heights[start:stop]
            nearest = min(heights, key=lambda other: abs(other - height))
            if abs(nearest - height) > STEP:
                return None
            height = nearest
        return height

    @cached_property
    def _heights(self) -> list[float]:
        return [float(height) for height in self.columns.points[:, 1]]


def find_floor(scene: Scene) -> Floor:
    """Return the free floor of `scene`; raises InputError where there is none."""
    surfaces = cast_columns(scene.rays, scene.vertices, cell=CELL, most_columns=MOST_COLUMNS)
    level = np.abs(scene.normals[surfaces.face, 1]) > STEEPEST
    above = surfaces.air_above()
    candidates = surfaces.only(level & (above >= BODY_HEIGHT) & (above <= HIGHEST_CEILING))
    free = candidates.only(~_near_columns(candidates, surfaces))
    free = _without_piles(free.only(~_near_walls(free, scene.rays)))
    kept = free.only(_kept_parts(free)) if len(free) else free
    if len(kept) == 0:
        raise InputError(
            f"scene {scene.name}: no floor found: expected at least {SMALLEST_AREA:g} m2 of level surface with "
            f"{BODY_HEIGHT:g} m of air and a ceiling above it; check that +Y is up and lengths are metres"
        )
    return Floor(kept, scene.rays)


def _near_columns(cells: Columns, surfaces: Columns) -> npt.NDArray[np.bool_]:
    """Return (n,) whether a surface at body height lies in the columns within `BODY_RADIUS` of `cells`."""
    reach = int(BODY_RADIUS / cells.cell + 1e-6)
    steps = [(i, j) for i in range(-reach, reach + 1) for j in range(-reach, reach + 1) if i * i + j * j <= reach**2]
    height = cells.points[:, 1]
    blocked = np.zeros(len(cells), bool)
    for step in steps:
        found = surfaces.within(cells.neighbours(step), height + STEP, height + BODY_HEIGHT)
        blocked |= found.stop > found.start
    return blocked


def _near_walls(cells: Columns, rays: Rays) -> npt.NDArray[np.bool_]:
    """Return (n,) whether a horizontal way of `BODY_RADIUS`, or of a cell's diagonal, from `cells` is blocked."""
    angles = np.arange(_DIRECTIONS) * 2 * np.pi / _DIRECTIONS
    reach = max(BODY_RADIUS, np.sqrt(2) * cells.cell)
    ways = reach * np.stack([np.cos(angles), np.zeros(_DIRECTIONS), np.sin(angles)], axis=1)
    blocked = np.zeros(len(cells), bool)
    for height in WAIST_HEIGHTS:
        open_yet = np.flatnonzero(~blocked)
        starts = np.repeat(cells.points[open_yet] + np.array([0.0, height, 0.0]), _DIRECTIONS, axis=0)
        ends = starts + np.tile(ways, (open_yet.size, 1))
        blocked[open_yet] = rays.blocked(starts, ends, margin=0.0).reshape(-1, _DIRECTIONS).any(axis=1)
    return blocked


def _without_piles(cells: Columns) -> Columns:
    """Return `cells` without small patches that rise above all around them, nor what such a patch has lain on."""
    piled = _piled(cells)
    while piled.any():
        cells = cells.only(~piled)
        piled = _piled(cells)
    return cells


def _piled(cells: Columns) -> npt.NDArray[np.bool_]:
    """Return (n,) which of `cells` are of a small patch from which steps lead down only."""
    count, patch = connected_components(_steps(cells, LEVEL), directed=False)
    first, second = _pairs(cells, STEP)
    upwards = cells.points[second, 1] > cells.points[first, 1]
    upper, lower = patch[np.where(upwards, [second, first], [first, second])]
    apart = upper != lower
    piled = np.isin(np.arange(count), upper[apart]) & ~np.isin(np.arange(count), lower[apart])
    piled &= np.bincount(patch, minlength=count) * cells.cell**2 < SMALLEST_PATCH
    return np.asarray(piled[patch])


def _kept_parts(cells: Columns) -> npt.NDArray[np.bool_]:
    """Return (n,) which of `cells` belong to a part that is floor; see the module's description."""
    count, part = connected_components(_steps(cells, STEP), directed=False)
    sizes = np.bincount(part, minlength=count)
    least = max(SMALLEST_AREA / cells.cell**2, SMALLEST_SHARE * sizes.max())
    kept: list[Float64] = []
    names = list[int]()
    for name in np.argsort(-sizes, kind="stable"):
        heights = cells.points[part == name, 1] if sizes[name] >= least else np.empty(0)
        if heights.size and (not kept or _is_storey(heights, np.concatenate(kept))):
            kept.append(heights)
            names.append(int(name))
    return np.asarray(np.isin(part, names))


def _is_storey(heights: Float64, kept: Float64) -> bool:
    """Return whether the middle of `heights` is that of some `kept` floor, or a body's height away from all of it."""
    away = np.abs(kept - np.median(heights))
    at_same_height = float((away <= STEP).sum()) >= 0.2 * heights.size
    return at_same_height or bool((away >= BODY_HEIGHT).all())


def _steps(cells: Columns, rise: float) -> coo_array:
    """Return the graph (n, n) of `cells` that lie side by side within `rise` m of height."""
    pairs = _pairs(cells, rise)
    return coo_array((np.ones(pairs.shape[1], np.int8), (pairs[0], pairs[1])), shape=(len(cells), len(cells)))


def _pairs(cells: Columns, rise: float) -> npt.NDArray[np.intp]:
    """Return (2, p) numbers of cells within `rise` m of height, the second behind the first along x or along z."""
    height, pairs = cells.points[:, 1], []
    for step in ((1, 0), (0, 1)):
        found = cells.within(cells.neighbours(step), height - rise, height + rise)
        first = np.flatnonzero(found.stop > found.start)
        pairs.append(np.stack([first, found.start[first]]))
    return np.concatenate(pairs, axis=1)
