"""Arranges objects all around a camera, each where it would be in a picture taken towards it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..cameras import EYE_HEIGHT
from ..home import TracedHome
from ..scenes.scene import Scene
from .arrangement import directions_from, fits, has_room
from .models import Model, Pose, assembled
from .outlook import look_from
from .placement import Placed, Target, put
from .profiles import Profile

Float64 = npt.NDArray[np.float64]

CAMERAS, HEADINGS, TRIES = 120, 6, 4
"""Cameras tried, headings tried for each object from one camera, and places tried at one heading."""
JITTER = 20.0
"""Largest deviation of a heading from an even spacing, degrees: four objects are then 50 degrees apart or more."""


@dataclass(frozen=True, eq=False)
class Surroundings:
    """Objects `placed` around a camera at `eye` (3,) m that faces `heading` degrees."""

    eye: Float64
    heading: float
    placed: Sequence[Placed]

    @property
    def scene(self) -> Scene:
        """The objects, then their side tables; instance k is object k."""
        things: list[tuple[Model, Pose]] = [(one.model, one.pose) for one in self.placed]
        return assembled([*things, *(one.table for one in self.placed if one.table)])

    @property
    def directions(self) -> tuple[Float64, Float64, Float64]:
        """Azimuth, elevation (degrees, left and up positive) and distance (m) of all objects from the ears."""
        return directions_from(self.eye, self.heading, np.array([one.centre for one in self.placed]))


def surround(
    home: TracedHome, models: Sequence[Model], table: Model, profile: Profile, rng: np.random.Generator
) -> Surroundings | None:
    """Return `models` around a camera in `home`, None if there is no place for them. It faces any way."""
    for _ in range(CAMERAS):
        eye = home.floor.random_point(rng) + np.array([0.0, EYE_HEIGHT, 0.0])
        areas, first = profile.areas(len(models), rng), float(rng.uniform(0, 360))
        placed: list[Placed] = []
        for number, (model, area) in enumerate(zip(models, areas, strict=True)):
            one = _towards(home, eye, first + 360 * number / len(models), model, table, float(area), profile, rng)
            if one is None:
                break
            placed.append(one)
        else:
            return Surroundings(eye, float(rng.uniform(0, 360)), placed)
    return None


def _towards(
    home: TracedHome,
    eye: Float64,
    heading: float,
    model: Model,
    table: Model,
    area: float,
    profile: Profile,
    rng: np.random.Generator,
) -> Placed | None:
    """Return `model` near `heading`, well visible from `eye`, None if it finds no place."""
    for _ in range(HEADINGS):
        outlook = look_from(home.scene, eye, heading + float(rng.uniform(-JITTER, JITTER)))
        if not has_room(outlook):
            continue
        for _ in range(TRIES):
            _, height = profile.centre(float(np.sqrt(area)) / 2, rng)
            one = put(model, table, outlook, Target(0.5, height, area), profile, rng)
            if one and home.in_sight(eye[None], one.centre) and fits(one, [], outlook, profile):
                return one
    return None
