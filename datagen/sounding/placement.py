"""Puts an object into a picture, so large and so near that it fills a given share of it at a given place.

An object stands upright on a level surface, hangs on a wall, or, where nothing else does, floats before the background.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..scenes.procedural.sounding import SOUNDING
from .models import Model, Pose
from .outlook import Outlook
from .profiles import Profile

Float64 = npt.NDArray[np.float64]

NEAREST = 0.45
"""Least distance of an object's centre from the camera, m."""
LARGEST_JITTER = 35.0
"""Largest turn of an object's front away from the camera, degrees."""
LEVEL, UPRIGHT = 0.95, 0.1
"""Least vertical component of the normal of a level surface, and the largest of a wall's."""
TABLE_HEIGHTS = (0.35, 1.3)
"""Heights above the floor at which a level surface counts as a table or counter, m."""
AREA_TOLERANCE = 1.35
"""Largest ratio of realised and wanted area."""
_ROUNDS = 3


@dataclass(frozen=True)
class Target:
    """Where an object is to be seen: its centre (x, y), fractions of the picture, and its area, a share of it."""

    x: float
    y: float
    area: float


@dataclass(frozen=True, eq=False)
class Placed:
    """A model at its pose, and how far its surface is along each coarse ray (rows, columns), inf where it is not."""

    model: Model
    pose: Pose
    distance: Float64

    @property
    def centre(self) -> Float64:
        """Centre (3,) in the world, m: the source of its sound."""
        return self.pose.to_world(self.model.centre)

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Box x0, y0, x1, y1 around its own pixels, fractions of the picture."""
        return box_of(np.isfinite(self.distance))


def box_of(shown: npt.NDArray[np.bool_]) -> tuple[float, float, float, float]:
    """Return the half-open box x0, y0, x1, y1 around the true pixels (rows, columns), fractions of the picture.

    >>> box_of(np.array([[False, False], [False, True]]))
    (0.5, 0.5, 1.0, 1.0)
    """
    rows, columns = np.flatnonzero(shown.any(axis=1)), np.flatnonzero(shown.any(axis=0))
    height, width = shown.shape
    x0, x1, y0, y1 = columns[0] / width, (columns[-1] + 1) / width, rows[0] / height, (rows[-1] + 1) / height
    return float(x0), float(y0), float(x1), float(y1)


def share_of(box: tuple[float, float, float, float]) -> float:
    """Return the area of a box."""
    return (box[2] - box[0]) * (box[3] - box[1])


def overlap(first: tuple[float, float, float, float], second: tuple[float, float, float, float]) -> float:
    """Return the share of the smaller of two boxes that lies in the other.

    >>> overlap((0, 0, 1, 1), (0.5, 0, 1.5, 0.5))
    0.5
    """
    wide = max(0.0, min(first[2], second[2]) - max(first[0], second[0]))
    high = max(0.0, min(first[3], second[3]) - max(first[1], second[1]))
    return wide * high / min(share_of(first), share_of(second))


def put(model: Model, outlook: Outlook, target: Target, profile: Profile, rng: np.random.Generator) -> Placed | None:
    """Return `model` as it fills `target`, None if it finds no room there."""
    jitter = float(rng.uniform(-LARGEST_JITTER, LARGEST_JITTER))
    ray = outlook.towards(target.x, target.y)
    facing = float(np.degrees(np.arctan2(-ray[0], -ray[2]))) + jitter
    first = _afloat(model, outlook, ray, facing, 2.0, 1.0)
    if first is None:
        return None
    ratio = float(np.sqrt(target.area / _area(first, profile)) / 2.0)  # scale over distance
    ways = _natural_ways(model, profile) if profile.natural else _all_ways(model)
    for way in ways:
        pose = way(model, outlook, target, ratio, facing, profile)
        placed = None if pose is None else _fitted(model, outlook, target, pose, profile)
        if placed is not None:
            return placed
    return None


Way = Callable[[Model, Outlook, Target, float, float, Profile], Pose | None]


def _all_ways(model: Model) -> list[Way]:
    return [_hanging if SOUNDING[model.kind].where == "wall" else _standing, _floating]


def _natural_ways(model: Model, profile: Profile) -> list[Way]:
    where = SOUNDING[model.kind].where
    return [{"wall": _hanging, "floor": _on_floor}.get(where, _on_table)]


def _standing(
    model: Model, outlook: Outlook, target: Target, ratio: float, facing: float, profile: Profile
) -> Pose | None:
    """Return the pose on the level surface below the target's centre."""
    half = ratio * float(model.size[1]) * 0.866 / 2 * 0.92  # of the picture's height at unit distance
    row, column = outlook.pixel(target.x, target.y + half)
    away = float(outlook.distance[row, column])
    if not np.isfinite(away) or outlook.normal[row, column, 1] < LEVEL:
        return None
    place = outlook.eye + away * outlook.directions[row, column]
    return Pose(tuple(place.tolist()), facing, ratio * away * 0.95)


def _on_floor(
    model: Model, outlook: Outlook, target: Target, ratio: float, facing: float, profile: Profile
) -> Pose | None:
    pose = _standing(model, outlook, target, ratio, facing, profile)
    return pose if pose is not None and pose.place[1] < 0.06 else None


def _on_table(
    model: Model, outlook: Outlook, target: Target, ratio: float, facing: float, profile: Profile
) -> Pose | None:
    pose = _standing(model, outlook, target, ratio, facing, profile)
    return pose if pose is not None and TABLE_HEIGHTS[0] <= pose.place[1] <= TABLE_HEIGHTS[1] else None


def _hanging(
    model: Model, outlook: Outlook, target: Target, ratio: float, facing: float, profile: Profile
) -> Pose | None:
    """Return the pose on the wall behind the target's centre."""
    row, column = outlook.pixel(target.x, target.y)
    away, normal = float(outlook.distance[row, column]), outlook.normal[row, column]
    if not np.isfinite(away) or abs(normal[1]) > UPRIGHT:
        return None
    place = outlook.eye + away * outlook.directions[row, column] + 0.004 * normal
    turn = float(np.degrees(np.arctan2(normal[0], normal[2])))
    return Pose(tuple(place.tolist()), turn, ratio * away)


def _floating(
    model: Model, outlook: Outlook, target: Target, ratio: float, facing: float, profile: Profile
) -> Pose | None:
    """Return the pose in the air at natural size, or nearer and smaller where the background is nearer."""
    half = float(np.sqrt(target.area))
    room = 0.95 * outlook.nearest_within(target.x, target.y, half) / (1 + ratio * float(model.size.max()) / 2)
    away = min(1 / ratio, room)
    if away < NEAREST:
        return None
    scale = ratio * away
    shift = Pose((0.0, 0.0, 0.0), facing, scale).to_world(model.centre)
    return Pose(tuple((outlook.eye + away * outlook.towards(target.x, target.y) - shift).tolist()), facing, scale)


def _afloat(model: Model, outlook: Outlook, ray: Float64, turn: float, away: float, scale: float) -> Placed | None:
    """Return the model with its centre `away` m along `ray`, None if no ray hits it."""
    shift = Pose((0.0, 0.0, 0.0), turn, scale).to_world(model.centre)
    return _seen(model, outlook, Pose(tuple((outlook.eye + away * ray - shift).tolist()), turn, scale))


def _seen(model: Model, outlook: Outlook, pose: Pose) -> Placed | None:
    distance = model.distances(pose, outlook.eye, outlook.directions)
    return Placed(model, pose, distance) if np.isfinite(distance).any() else None


def _area(placed: Placed, profile: Profile) -> float:
    """Return the area that `profile` speaks of: of the box, or of the pixels."""
    return share_of(placed.box) if profile.natural else float(np.isfinite(placed.distance).mean())


def _fitted(model: Model, outlook: Outlook, target: Target, pose: Pose, profile: Profile) -> Placed | None:
    """Return the model at `pose`, scaled until its area is that of `target`; None if it cannot be."""
    for _ in range(_ROUNDS):
        placed = _seen(model, outlook, pose)
        if placed is None or not profile.scales[0] <= pose.scale <= profile.scales[1]:
            return None
        ratio = target.area / _area(placed, profile)
        if 1 / AREA_TOLERANCE < ratio < AREA_TOLERANCE:
            return placed
        pose = _scaled(model, pose, float(np.sqrt(ratio)))
    return None


def _scaled(model: Model, pose: Pose, factor: float) -> Pose:
    """Return `pose` with another scale, about the origin of the model's frame."""
    return Pose(pose.place, pose.turn, pose.scale * factor)


def in_reach(outlook: Outlook, profile: Profile) -> bool:
    """Return whether there is room before the camera."""
    depth = np.minimum(outlook.distance, 10.0)
    return bool(depth.min() > 0.3 and np.median(depth) > 1.2 and depth.max() > 2.0)


def visible_shares(placed: list[Placed], outlook: Outlook) -> Iterator[float]:
    """Yield for each object the share of its own pixels that neither the home nor another object hides."""
    for number, one in enumerate(placed):
        nearest = np.minimum.reduce([outlook.distance, *(o.distance for k, o in enumerate(placed) if k != number)])
        own = np.isfinite(one.distance)
        yield float((one.distance <= nearest + 1e-3)[own].mean())
