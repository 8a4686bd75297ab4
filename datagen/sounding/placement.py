"""Puts an object into a picture, so large and so near that it fills a given share of it at a given place."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ..cameras import Camera, project
from ..scenes.procedural.sounding import SOUNDING
from .boxes import Box, box_of, share_of
from .models import TRIAL_DISTANCE, Model, Pose
from .outlook import Outlook
from .profiles import Profile
from .stances import Stance, Way, Wish, floating, hanging, on_floor, on_side_table, on_table, on_wall, standing

Float64 = npt.NDArray[np.float64]

LARGEST_JITTER = 35.0
"""Largest turn of an object's front away from the camera, degrees."""
AREA_TOLERANCE = 1.3
"""Largest ratio of realised and wanted area."""
_ROUNDS = 3


@dataclass(frozen=True)
class Target:
    """Where an object is to be seen: the centre (x, y) and the area of its box, fractions of the picture."""

    x: float
    y: float
    area: float


@dataclass(frozen=True, eq=False)
class Placed:
    """A model at its pose, perhaps on a side table.

    `distance` (rows, columns) is how far its surface is along each coarse ray, inf where it is not; `table_distance`
    is that of the table.
    """

    model: Model
    pose: Pose
    distance: Float64
    table: tuple[Model, Pose] | None = None
    table_distance: float | Float64 = np.inf

    @property
    def centre(self) -> Float64:
        """Centre (3,) in the world, m: the source of its sound."""
        return self.pose.to_world(self.model.centre)

    def share_inside(self, outlook: Outlook) -> float:
        """Return the share of its whole box that lies inside the picture; 0 if part of it is behind the camera."""
        camera = Camera()
        points, _ = project(camera, outlook.turned, outlook.eye, self.pose.to_world(self.model.scene.vertices))
        if np.isnan(points).any():
            return 0.0
        low, high = points.min(axis=0), points.max(axis=0)
        inside = np.clip(high, 0, [camera.width, camera.height]) - np.clip(low, 0, [camera.width, camera.height])
        return float(np.prod(inside / (high - low)))

    @property
    def box(self) -> Box:
        """Box around its own pixels."""
        return box_of(np.isfinite(self.distance))


def put(
    model: Model, table: Model, outlook: Outlook, target: Target, profile: Profile, rng: np.random.Generator
) -> Placed | None:
    """Return `model` as it fills `target`, None if it finds no room there."""
    ray = outlook.towards(target.x, target.y)
    jitter = float(rng.uniform(-LARGEST_JITTER, LARGEST_JITTER))
    facing = float(np.degrees(np.arctan2(-ray[0], -ray[2]))) + jitter
    ratio = float(np.sqrt(target.area / model.share)) / TRIAL_DISTANCE
    wish = Wish(model, table, outlook, target.x, target.y, ratio, facing)
    for way in _ways(model.kind, profile):
        stance = way(wish)
        placed = None if stance is None else _fitted(wish, stance, target, profile)
        if placed is not None:
            return placed
    return None


def _ways(kind: str, profile: Profile) -> Sequence[Way]:
    """Return the ways in which a thing of this `kind` may be placed, the first that works being taken."""
    where = SOUNDING[kind].where
    if not profile.natural:
        return (hanging if where == "wall" else standing, floating)
    return {"wall": (on_wall,), "floor": (on_floor,)}.get(where, (on_table, on_side_table))


def _seen(model: Model, outlook: Outlook, pose: Pose) -> Placed | None:
    """Return `model` at `pose`, None if no ray hits it."""
    distance = model.distances(pose, outlook.eye, outlook.directions)
    return Placed(model, pose, distance) if np.isfinite(distance).any() else None


def _fitted(wish: Wish, stance: Stance, target: Target, profile: Profile) -> Placed | None:
    """Return the object in its `stance`, scaled until its area is that of `target`; None if it cannot be."""
    pose = stance.pose
    for _ in range(_ROUNDS):
        placed = _seen(wish.model, wish.outlook, pose)
        if placed is None or not profile.scales[0] <= pose.scale <= profile.scales[1]:
            return None
        ratio = target.area / share_of(placed.box)
        if 1 / AREA_TOLERANCE < ratio < AREA_TOLERANCE:
            return placed if stance.table is None else _on_its_table(placed, wish, stance.table)
        pose = replace(pose, scale=pose.scale * float(np.sqrt(ratio)))
    return None


def _on_its_table(placed: Placed, wish: Wish, pose: Pose) -> Placed | None:
    """Return `placed` with its side table, None if the home is in the table's way."""
    distance = wish.table.distances(pose, wish.outlook.eye, wish.outlook.directions)
    own = np.isfinite(distance)
    if (distance > wish.outlook.distance)[own].mean() > 0.15:
        return None
    return replace(placed, table=(wish.table, pose), table_distance=distance)


def visible_pixels(placed: Sequence[Placed], outlook: Outlook) -> list[npt.NDArray[np.bool_]]:
    """Return for each object the coarse pixels (rows, columns) at which nothing hides it."""
    tables = [outlook.distance, *(np.asarray(one.table_distance) for one in placed)]
    nearest = np.minimum.reduce(np.broadcast_arrays(*tables, *(one.distance for one in placed)))
    return [np.isfinite(one.distance) & (one.distance <= nearest + 1e-3) for one in placed]
