"""Chooses sets of views and sources in a home (SLfM).

The constants are those of the released generator (SLfM, Sec. 4.1 and App. A).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..conventions import wrap_degrees
from .cameras import EYE_HEIGHT
from .home import Home
from .shared_surface import judge

Float64 = npt.NDArray[np.float64]

HEADINGS = 40
"""Number of headings tried at each position."""
LEAST_ROTATION, GREATEST_ROTATION = 10.0, 90.0
"""Rotation of every other view from the first, degrees: at least the first value, less than the second."""
LEAST_FARTHEST, LEAST_MEAN_DEPTH = 4.0, 1.0
"""Least maximum depth and least mean depth of a view, m."""
DEPTH_LIMIT = 10.0
"""Depth is clipped to this before it is compared, m."""
SOURCE_RADIUS = 3.0
"""Largest distance of a source from the (mean) camera position, in 3D, m."""
LEAST_FLOOR_DISTANCE = 0.1
"""Least horizontal distance between source and listener, m."""
SOURCE_HEIGHTS = (0.7, 1.7)
"""Height of a source above the floor, m."""
SOURCE_TRIES = 500
TRANSLATION = 0.25
"""Largest distance of a camera from the centre, m, in the variant with translation."""


@dataclass(frozen=True)
class ViewSet:
    """The views and sources of one example: `headings` (v,) degrees, `cameras` (v, 3) and `sources` (s, 3) m."""

    headings: Float64
    cameras: Float64
    sources: Float64

    @property
    def rotations(self) -> Float64:
        """Rotation (v,) of each view from the first, degrees, positive to the left."""
        return wrap_degrees(self.headings - self.headings[0])

    @property
    def distances(self) -> Float64:
        """Distance (s, v) of every source from every camera, m."""
        return np.asarray(np.linalg.norm(self.sources[:, None] - self.cameras[None], axis=-1))

    @property
    def azimuths(self) -> Float64:
        """Azimuth (s, v) of every source in every view, degrees, positive to the left."""
        towards = self.sources[:, None] - self.cameras[None]
        return wrap_degrees(np.degrees(np.arctan2(-towards[..., 0], -towards[..., 2])) - self.headings)


def candidate_sets(
    home: Home, rng: np.random.Generator, *, views: int, sources: int, translation: bool, tries: int
) -> Iterator[ViewSet]:
    """Yield acceptable sets in `home`, at most one for each of `tries` random positions."""
    for _ in range(tries):
        found = _set_at(home, home.floor.random_point(rng), rng, views, sources, translation)
        if found is not None:
            yield found


def _set_at(
    home: Home,
    foot: Float64,
    rng: np.random.Generator,
    views: int,
    sources: int,
    translation: bool,
) -> ViewSet | None:
    """Return a set around the point `foot` (3,) on the floor, None if there is none."""
    headings = rng.uniform(0.0, 360.0, HEADINGS)
    feet = np.tile(foot, (HEADINGS, 1))
    if translation:
        near = [home.floor.random_point_near(rng, foot, TRANSLATION) for _ in headings]
        feet = np.array([foot if point is None else point for point in near])
    cameras = feet + np.array([0.0, EYE_HEIGHT, 0.0])
    chosen = _choose_views(home, cameras, headings, rng, views)
    if chosen is None:
        return None
    sounds = _choose_sources(home, feet[chosen], cameras[chosen], rng, sources)
    return None if sounds is None else ViewSet(headings[chosen], cameras[chosen], sounds)


def _choose_views(
    home: Home, cameras: Float64, headings: Float64, rng: np.random.Generator, views: int
) -> npt.NDArray[np.intp] | None:
    """Return the indices (views,) of a first view and others that share enough with it, None if there are none.

    All valid combinations are equally likely.
    """
    looks = home.looks(cameras, headings)
    depth = np.minimum(looks.depth, DEPTH_LIMIT)
    open_views = (depth.max(axis=(1, 2)) >= LEAST_FARTHEST) & (depth.mean(axis=(1, 2)) >= LEAST_MEAN_DEPTH)
    apart = np.abs(wrap_degrees(headings[:, None] - headings[None]))
    allowed = open_views[:, None] & open_views[None] & (apart >= LEAST_ROTATION) & (apart < GREATEST_ROTATION)
    rule, pairs = judge(home.has_instances), np.argwhere(allowed)
    allowed[tuple(pairs.T)] = rule.enough(rule.shared(looks, cameras, headings, pairs))
    combinations = np.array([math.comb(int(count), views - 1) for count in allowed.sum(axis=1)], dtype=np.float64)
    if not combinations.any():
        return None
    first = int(rng.choice(len(headings), p=combinations / combinations.sum()))
    others = rng.choice(np.flatnonzero(allowed[first]), views - 1, replace=False)
    return np.array([first, *others], dtype=np.intp)


def _choose_sources(
    home: Home, feet: Float64, cameras: Float64, rng: np.random.Generator, count: int
) -> Float64 | None:
    """Return `count` sources (count, 3) that all cameras see and can walk straight to, None after too many tries."""
    found: list[Float64] = []
    centre = cameras.mean(axis=0)
    for _ in range(SOURCE_TRIES * count):
        source = _source_near(home, feet, centre, rng)
        if source is not None and home.in_sight(cameras, source):
            found.append(source)
        if len(found) == count:
            return np.array(found)
    return None


def _source_near(home: Home, feet: Float64, centre: Float64, rng: np.random.Generator) -> Float64 | None:
    """Return one source (3,) near `centre` (3,) and reachable in a straight walk from each of `feet`, None if none."""
    point = home.floor.random_point_near(rng, centre, SOURCE_RADIUS)
    if point is None:
        return None
    away = np.linalg.norm((feet - point)[:, [0, 2]], axis=1)
    if away.min() < LEAST_FLOOR_DISTANCE or not all(home.floor.straight_walk(foot, point) for foot in feet):
        return None
    return np.asarray(point + np.array([0.0, rng.uniform(*SOURCE_HEIGHTS), 0.0]))
