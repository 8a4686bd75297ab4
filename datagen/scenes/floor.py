"""Finds the walkable floor of a home with rays alone, so in any mesh, drawn or scanned.

1. A grid of vertical rays finds every surface.
2. Level surfaces (of either winding) are candidates if they have `BODY_HEIGHT` of air and then a ceiling above them:
   roofs and gardens are excluded.
3. Cells with an obstacle between `STEP` and `BODY_HEIGHT` above them, in any column within `BODY_RADIUS`, are removed.
4. So are cells with an obstacle in the path of horizontal rays, which also detect walls without thickness.
5. Small patches higher than everything around them are removed, again and again, so that what they lay on goes too: a
   pile of books is not floor, but a stair tread leads to the next.
6. Adjacent cells within `STEP` of height are connected. The largest connected part is kept. Another part is kept if it
   has at least `SMALLEST_AREA` and `SMALLEST_SHARE` of the largest, and lies either at the height of a kept part (a
   room behind a closed door) or at least `BODY_HEIGHT` above or below all of them (a storey without stairs). Parts in
   between, such as beds and tables, are removed.
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
"""Side of a grid cell, m; larger if a scene would need more than `MOST_COLUMNS`."""
MOST_COLUMNS = 4_000_000
BODY_HEIGHT = 1.6
"""Headroom that a body needs, m; the eyes are at 1.5 m."""
BODY_RADIUS = 0.2
STEP = 0.25
"""Highest step that a body can take, m."""
LEVEL = 0.03
"""Largest height difference of adjacent cells in one patch, m: enough for a rug."""
SMALLEST_PATCH = 0.25
"""Area of the smallest patch of floor that may be higher than everything around it, m2."""
HIGHEST_CEILING = 20.0
STEEPEST = 0.7
"""Least vertical component of the unit normal of a floor."""
SMALLEST_AREA = 2.0
"""Area of the smallest part that counts as floor, m2."""
SMALLEST_SHARE = 0.2
"""Least area of another part, as a share of the largest."""
WAIST_HEIGHTS = (0.3, 0.6, 1.0, 1.5)
"""Heights above the floor at which horizontal rays search for obstacles, m."""
_DIRECTIONS = 16

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Floor:
    """Where a body can stand: the cells of `columns`, and the rays that give the exact height."""

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
        """Number of storeys: heights at least `BODY_HEIGHT` apart with enough floor within `STEP`.

        Enough is `SMALLEST_AREA` and a tenth of the area of the largest storey.
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
        """Return a random point (3,) of the floor, m, uniform over its area."""
        return self._within_cell(rng, int(rng.integers(len(self.columns))))

    def random_point_near(self, rng: np.random.Generator, centre: npt.ArrayLike, radius: float) -> Float64 | None:
        """Return a random point (3,) of the floor within `radius` m of `centre` (3,), None if there is none."""
        middle = np.asarray(centre, np.float64)
        away = self.columns.points - middle
        near = np.flatnonzero(np.einsum("nk,nk->n", away, away) <= radius**2)
        if near.size == 0:
            return None
        cells = near[rng.integers(near.size, size=16)]
        for cell in cells:
            point = self._within_cell(rng, int(cell))
            if np.linalg.norm(point - middle, axis=-1) <= radius:
                return point
        return self._middle(int(cells[0]))

    def _middle(self, cell: int) -> Float64:
        return np.array(self.columns.points[cell], np.float64)

    def _within_cell(self, rng: np.random.Generator, cell: int) -> Float64:
        """Return a random point of `cell` at the height of the surface there, or its centre if that is not level."""
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
        """Return whether the straight line from `start` to `end` (3,) m is free floor with no step above `STEP`."""
        begin, stop = np.asarray(start, np.float64), np.asarray(end, np.float64)
        length = float(np.hypot(*(stop - begin)[[0, 2]]))
        parts = max(1, int(np.ceil(2 * length / self.columns.cell)))
        way = begin + np.linspace(0.0, 1.0, parts + 1)[:, None] * (stop - begin)
        height = self._follow(self.columns.column_of(way), float(begin[1]))
        return height is not None and abs(height - float(stop[1])) <= STEP

    def _height_at(self, point: Float64) -> float | None:
        """Return the height of the free cell at `point` within `STEP` of it, None if there is none."""
        return self._follow(self.columns.column_of(point[None]), float(point[1]))

    def _follow(self, column: npt.NDArray[np.int64], height: float) -> float | None:
        """Return the height of the free cell reached by walking from `height` m along `column` (q,).

        None if a column on the way has no free cell within `STEP` of the previous one.
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
    """Return the free floor of `scene`, by the steps of this module; raises InputError if there is none."""
    surfaces = cast_columns(scene.rays, scene.vertices, cell=CELL, most_columns=MOST_COLUMNS)  # 1
    candidates = surfaces.only(_level_under_a_ceiling(surfaces, scene))  # 2
    clear = candidates.only(~_near_columns(candidates, surfaces))  # 3
    free = clear.only(~_near_walls(clear, scene.rays))  # 4
    floor = _without_piles(free)  # 5
    kept = floor.only(_kept_parts(floor)) if len(floor) else floor  # 6
    if len(kept) == 0:
        raise InputError(
            f"scene {scene.name}: no floor found: expected at least {SMALLEST_AREA:g} m2 of level surface with "
            f"{BODY_HEIGHT:g} m of air and a ceiling above it; check that +Y is up and lengths are metres, or set "
            "them with --up and --scale"
        )
    return Floor(kept, scene.rays)


def _level_under_a_ceiling(surfaces: Columns, scene: Scene) -> npt.NDArray[np.bool_]:
    """Return which of `surfaces` (n,) are level, with headroom for a body and a ceiling above."""
    level = np.abs(scene.normals[surfaces.face, 1]) > STEEPEST
    above = surfaces.air_above()
    return np.asarray(level & (above >= BODY_HEIGHT) & (above <= HIGHEST_CEILING))


def _near_columns(cells: Columns, surfaces: Columns) -> npt.NDArray[np.bool_]:
    """Return whether a surface at body height lies within `BODY_RADIUS` of each of `cells` (n,)."""
    reach = int(BODY_RADIUS / cells.cell + 1e-6)
    steps = [(i, j) for i in range(-reach, reach + 1) for j in range(-reach, reach + 1) if i * i + j * j <= reach**2]
    height = cells.points[:, 1]
    blocked = np.zeros(len(cells), bool)
    for step in steps:
        found = surfaces.within(cells.neighbours(step), height + STEP, height + BODY_HEIGHT)
        blocked |= found.stop > found.start
    return blocked


def _near_walls(cells: Columns, rays: Rays) -> npt.NDArray[np.bool_]:
    """Return whether a horizontal ray of `BODY_RADIUS`, or of a cell diagonal, from each of `cells` (n,) is blocked."""
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
    """Return `cells` without small patches higher than everything around them, nor the patches they lay on."""
    piled = _piled(cells)
    while piled.any():
        cells = cells.only(~piled)
        piled = _piled(cells)
    return cells


def _piled(cells: Columns) -> npt.NDArray[np.bool_]:
    """Return which of `cells` (n,) belong to a small patch that is connected only downwards."""
    count, patch = connected_components(_steps(cells, LEVEL), directed=False)
    first, second = _pairs(cells, STEP)
    upwards = cells.points[second, 1] > cells.points[first, 1]
    upper, lower = patch[np.where(upwards, [second, first], [first, second])]
    apart = upper != lower
    piled = np.isin(np.arange(count), upper[apart]) & ~np.isin(np.arange(count), lower[apart])
    piled &= np.bincount(patch, minlength=count) * cells.cell**2 < SMALLEST_PATCH
    return np.asarray(piled[patch])


def _kept_parts(cells: Columns) -> npt.NDArray[np.bool_]:
    """Return which of `cells` (n,) belong to a connected part that is kept (step 6)."""
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
    """Return whether the middle of `heights` matches some `kept` floor, or is a body's height away from all of it."""
    away = np.abs(kept - np.median(heights))
    at_same_height = float((away <= STEP).sum()) >= 0.2 * heights.size
    return at_same_height or bool((away >= BODY_HEIGHT).all())


def _steps(cells: Columns, rise: float) -> coo_array:
    """Return the graph (n, n) of adjacent `cells` within `rise` m of height."""
    pairs = _pairs(cells, rise)
    return coo_array((np.ones(pairs.shape[1], np.int8), (pairs[0], pairs[1])), shape=(len(cells), len(cells)))


def _pairs(cells: Columns, rise: float) -> npt.NDArray[np.intp]:
    """Return index pairs (2, p) of cells within `rise` m of height, the second next to the first along x or z."""
    height, pairs = cells.points[:, 1], []
    for step in ((1, 0), (0, 1)):
        found = cells.within(cells.neighbours(step), height - rise, height + rise)
        first = np.flatnonzero(found.stop > found.start)
        pairs.append(np.stack([first, found.start[first]]))
    return np.concatenate(pairs, axis=1)
