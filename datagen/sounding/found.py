"""Pictures of scenes from files, whose own things sound: views that show two or three of them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import combinations

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ..acoustics.hrtf import open_head
from ..cameras import EYE_HEIGHT, Camera, image_plane, project
from ..home import TracedHome
from ..raycast import View, glance, render
from ..scenes.floor import find_floor
from ..scenes.opening import SceneFiles
from .arrangement import has_room, unseen_sources
from .outlook import Outlook, look_from
from .slots import OBJECTS
from .things import thing_of

Float64 = npt.NDArray[np.float64]

LEAST_SHARE, TRACE = 0.0015, 0.0005
"""Share of a picture that a thing must fill to be an object of it, and up to which it counts as not there."""
FARTHEST, OFF_CENTRE = 4.0, 15.0
"""Largest distance (m) of two things from each other and of a camera from the point between them, and largest angle
(degrees) between that point and the middle of the picture."""
BEFORE = 0.05
"""Distance of a source from the surface that shows, towards the camera, m: it is in line of sight."""
_TOLD = 5


@dataclass(frozen=True, eq=False)
class FoundHome:
    """A scene from a file: `kinds` are those of its things that can sound, by number of the instance."""

    home: TracedHome
    kinds: Mapping[int, str]

    @cached_property
    def centres(self) -> Float64:
        """Centres (things, 3) of the boxes around the things, in the order of `kinds`, m."""
        scene = self.home.scene
        assert scene.instance is not None
        parts = [scene.vertices[scene.faces[scene.instance == number]].reshape(-1, 3) for number in self.kinds]
        return np.array([(part.min(axis=0) + part.max(axis=0)) / 2 for part in parts], np.float64)

    @cached_property
    def middles(self) -> Float64:
        """The points (pairs, 3) halfway between things of different kinds that one picture could show, m."""
        kinds, centres = list(self.kinds.values()), self.centres
        return np.array(
            [
                (centres[i] + centres[j]) / 2
                for i, j in combinations(range(len(kinds)), 2)
                if kinds[i] != kinds[j] and np.linalg.norm(centres[i] - centres[j], axis=-1) < FARTHEST
            ]
        )

    def whole(self, numbers: Sequence[int], outlook: Outlook) -> bool:
        """Return whether the centres of the things `numbers` lie inside the picture."""
        camera, places = Camera(), [list(self.kinds).index(number) for number in numbers]
        points, _ = project(camera, outlook.turned, outlook.eye, self.centres[places])
        return bool(((points > 0) & (points < [camera.width, camera.height])).all())

    def pictured(self, instance: npt.NDArray[np.int32]) -> list[int] | None:
        """Return the numbers of the things in a picture of `instance` (rows, columns).

        None unless there are two or three, all well visible and of different kinds.
        """
        numbers, counts = np.unique(instance, return_counts=True)
        seen = {
            int(number): count / instance.size
            for number, count in zip(numbers, counts, strict=True)
            if int(number) in self.kinds and count > TRACE * instance.size
        }
        different = len({self.kinds[number] for number in seen}) == len(seen)
        fair = different and 2 <= len(seen) <= OBJECTS and min(seen.values()) >= LEAST_SHARE
        return list(seen) if fair else None


@dataclass(frozen=True, eq=False)
class FoundView:
    """A view with the `numbers` of the things in it, and where the sources out of view are (2, 3), m."""

    outlook: Outlook
    view: View
    numbers: list[int]
    unseen: Float64

    @property
    def mask(self) -> npt.NDArray[np.uint8]:
        """1 + k where thing k of `numbers` shows, else 0."""
        found = np.zeros(self.view.instance.shape, np.uint8)
        for k, number in enumerate(self.numbers):
            found[self.view.instance == number] = k + 1
        return found

    @property
    def sources(self) -> Float64:
        """All sources (things + 2, 3), m: just before the visible surface of each thing, and those out of view."""
        return np.concatenate([[self._before(number) for number in self.numbers], self.unseen])

    def _before(self, number: int) -> Float64:
        """Return the point (3,) before the pixel of thing `number` that is nearest to the middle of its pixels."""
        pixels = np.argwhere(self.view.instance == number)
        row, column = pixels[np.square(pixels - pixels.mean(axis=0)).sum(axis=1).argmin()]
        corner, right, down = image_plane(Camera(), self.outlook.turned)
        ray = corner + (column + 0.5) * right + (row + 0.5) * down
        length = float(np.linalg.norm(ray, axis=-1))
        away = float(self.view.depth[row, column]) * length - BEFORE
        return np.asarray(self.outlook.eye + max(away, BEFORE) * ray / length)


@lru_cache(maxsize=2)
def open_found_home(scenes: SceneFiles, number: int) -> FoundHome:
    """Return scene `number` of `scenes`, cached while a worker renders its pictures."""
    scene = scenes.load(number)
    named = enumerate(scene.instance_names if scene.instance is not None else ())
    kinds = {k: kind for k, name in named if (kind := thing_of(name))}
    return FoundHome(TracedHome(scene, find_floor(scene), open_head(None), "native"), kinds)


def find_view(found: FoundHome, rng: np.random.Generator, tries: int) -> FoundView | None:
    """Return a view of two or three things that sound, None if none of `tries` cameras has one."""
    for _ in range(tries if len(found.middles) else 0):
        middle = found.middles[rng.integers(len(found.middles))]
        foot = found.home.floor.random_point_near(rng, middle, FARTHEST)
        if foot is None:
            continue
        eye = foot + np.array([0.0, EYE_HEIGHT, 0.0])
        towards = middle - eye
        heading = float(np.degrees(np.arctan2(-towards[0], -towards[2])) + rng.uniform(-OFF_CENTRE, OFF_CENTRE)) % 360
        if found.pictured(glance(found.home.scene, eye, [heading]).instance[0]) is None:
            continue
        outlook = look_from(found.home.scene, eye, heading)
        unseen = unseen_sources(found.home, outlook, rng) if has_room(outlook) else None
        if unseen is None:
            continue
        view = render(found.home.scene, eye, heading)
        numbers = found.pictured(view.instance)
        if numbers is not None and found.whole(numbers, outlook):
            return FoundView(outlook, view, [int(k) for k in rng.permutation(numbers)], unseen)
    return None


def require_things(found: FoundHome, origin: str) -> None:
    """Raise InputError if the names in the scene at `origin` tell of fewer than two kinds of things that sound."""
    if len(set(found.kinds.values())) >= 2:
        return
    names = [name for name, _ in Counter(found.home.scene.instance_names).most_common(_TOLD)]
    there = f"only {', '.join(set(found.kinds.values()))}" if found.kinds else "nothing"
    told = f"its objects have names such as {', '.join(names)}" if names else "it has no named objects"
    raise InputError(
        f"{origin}: {there} in it is named as a thing that sounds (television, tap, fridge, ...; a "
        f"picture needs two kinds); {told}: name its nodes, or remove the scene"
    )
