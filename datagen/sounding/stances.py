"""Where an object can be: on a level surface, on a side table of its own, on a wall, or in the air."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .models import TABLE_HEIGHT, TABLE_WIDTH, Model, Pose
from .outlook import Outlook

Float64 = npt.NDArray[np.float64]

NEAREST = 0.45
"""Least distance of an object's centre from the camera, m."""
LEVEL, UPRIGHT = 0.95, 0.1
"""Least vertical component of the normal of a level surface, and the largest of a wall's."""
FLOOR_HEIGHT = 0.06
"""Largest height of what counts as floor (a rug is), m above the floor at y = 0."""
TABLES = frozenset(
    (
        *("worktop", "desk", "dining table", "table runner", "coffee table", "bedside table", "sideboard", "tv stand"),
        *("chest of drawers", "bathroom cupboard", "shelf"),
    )
)
"""Instances of procedural homes on which things stand."""
WALL, HANGING_HEIGHTS = "wall", (0.8, 2.2)
"""How the names of walls begin, and how high things hang on them, m."""
TABLE_SCALES = (0.8, 1.7)
"""Scales of side tables."""
LEAST_FACING = 0.4
"""Least cosine of the angle between a wall's normal and the line of sight: from the side nobody knows a thing."""
_FORESHORTENING = 0.8
"""About how high an upright object seems from above, as a share of its height."""


@dataclass(frozen=True, eq=False)
class Wish:
    """A model to be seen with its centre at (x, y), fractions of the picture, turned to `facing` degrees.

    `ratio` is its scale per metre of distance. `table` is the side table that it may be put on.
    """

    model: Model
    table: Model
    outlook: Outlook
    x: float
    y: float
    ratio: float
    facing: float

    @property
    def foot(self) -> float:
        """Height in the picture of the foot of an upright object, a fraction."""
        return self.y + self.ratio * float(self.model.size[1]) * _FORESHORTENING / 2 / 0.866


class Stance(NamedTuple):
    """The pose of an object, and of the side table below it if there is one."""

    pose: Pose
    table: Pose | None = None


Way = Callable[[Wish], Stance | None]


def standing(wish: Wish) -> Stance | None:
    """Return how the object stands on whatever level surface is seen at its foot."""
    outlook = wish.outlook
    row, column = outlook.pixel(wish.x, wish.foot)
    away = float(outlook.distance[row, column])
    if wish.foot > 1 or not np.isfinite(away) or outlook.normal[row, column, 1] < LEVEL:
        return None
    return Stance(_pose(outlook.eye + away * outlook.directions[row, column], wish.facing, wish.ratio * away))


def on_floor(wish: Wish) -> Stance | None:
    """Return how the object stands on the floor."""
    found = standing(wish)
    return found if found and found.pose.place[1] < FLOOR_HEIGHT else None


def on_table(wish: Wish) -> Stance | None:
    """Return how the object stands on a table or counter of the home."""
    return standing(wish) if wish.outlook.names[wish.outlook.pixel(wish.x, wish.foot)] in TABLES else None


def on_side_table(wish: Wish) -> Stance | None:
    """Return how the object stands on a side table of its own, which is as wide as it needs."""
    ray, eye = wish.outlook.towards(wish.x, wish.foot), wish.outlook.eye
    if ray[1] >= -0.05:
        return None
    footprint, scale = float(max(wish.model.size[0], wish.model.size[2])), 1.0
    for _ in range(3):
        away = (scale * TABLE_HEIGHT - eye[1]) / ray[1]
        scale = float(np.clip(1.15 * wish.ratio * away * footprint / TABLE_WIDTH, *TABLE_SCALES))
    top = eye + (scale * TABLE_HEIGHT - eye[1]) / ray[1] * ray
    away = float(np.linalg.norm(top - eye, axis=-1))
    row, column = wish.outlook.pixel(wish.x, wish.foot)
    if away < NEAREST or wish.outlook.distance[row, column] < away or wish.ratio * away * footprint > 1.2 * scale:
        return None
    below = np.array([top[0], 0.001, top[2]])
    return Stance(_pose(top, wish.facing, wish.ratio * away), _pose(below, wish.facing, scale))


def hanging(wish: Wish) -> Stance | None:
    """Return how the object hangs on the wall that is seen at its centre."""
    row, column = wish.outlook.pixel(wish.x, wish.y)
    away, normal = float(wish.outlook.distance[row, column]), wish.outlook.normal[row, column]
    if not np.isfinite(away) or abs(normal[1]) > UPRIGHT:
        return None
    place = wish.outlook.eye + away * wish.outlook.directions[row, column] + 0.004 * normal
    return Stance(_pose(place, float(np.degrees(np.arctan2(normal[0], normal[2]))), wish.ratio * away))


def on_wall(wish: Wish) -> Stance | None:
    """Return how the object hangs on a wall of the home, at the height of the eyes and not seen from the side."""
    found, pixel = hanging(wish), wish.outlook.pixel(wish.x, wish.y)
    named = str(wish.outlook.names[pixel]).startswith(WALL)
    facing = -float(wish.outlook.normal[pixel] @ wish.outlook.directions[pixel]) >= LEAST_FACING
    high = found is not None and HANGING_HEIGHTS[0] < found.pose.place[1] < HANGING_HEIGHTS[1]
    return found if named and facing and high else None


def floating(wish: Wish) -> Stance | None:
    """Return how the object floats: as far as its natural size asks, or nearer and smaller before a near background."""
    size = wish.ratio * float(wish.model.size.max())
    room = 0.95 * wish.outlook.nearest_within(wish.x, wish.y, size / 2 / 1.155) / (1 + size / 2)
    away = min(1 / wish.ratio, room)
    if away < NEAREST:
        return None
    return Stance(
        afloat(
            wish.model, wish.outlook.eye + away * wish.outlook.towards(wish.x, wish.y), wish.facing, wish.ratio * away
        )
    )


def afloat(model: Model, centre: Float64, turn: float, scale: float) -> Pose:
    """Return the pose that brings the centre of `model` to `centre` (3,) m."""
    return _pose(centre - Pose((0.0, 0.0, 0.0), turn, scale).to_world(model.centre), turn, scale)


def _pose(place: Float64, turn: float, scale: float) -> Pose:
    return Pose((float(place[0]), float(place[1]), float(place[2])), turn, scale)
