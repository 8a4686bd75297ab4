"""A home as an example needs it: where one can stand, what is seen and what is heard there, whoever computes it.

Our own renderer and tracer, or the engine behind SoundSpaces 2.0 on the same triangles, or habitat-sim with
SoundSpaces for both.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from ..digests import generator_for
from ..errors import InputError
from .acoustics import rlr
from .acoustics.hrtf import Head, open_head
from .acoustics.mesh import BinauralResponses, binaural, trace
from .raycast import Glance, View, glance, render
from .scenes import habitat
from .scenes.floor import Floor, find_floor
from .scenes.opening import SceneFiles, SceneSource
from .scenes.scene import Scene

SoundEngine = Literal["native", "rlr", "soundspaces"]
Renderer = Literal["native", "habitat"]
Float64 = npt.NDArray[np.float64]

ENOUGH_INSTANCES = 30
"""A scene with fewer is judged by the surface that views share."""
STRIDE = 4
"""Pixels between the rays of a quick look."""


class Home(Protocol):
    """A home, open to be seen and heard; positions are in metres, headings in degrees."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def floor(self) -> Floor | habitat.HabitatFloor:
        """Where one can stand."""

    @property
    def has_instances(self) -> bool:
        """Whether views tell objects apart."""

    def looks(self, cameras: Float64, headings: Float64) -> Glance:
        """Return quick looks from `cameras` (n, 3) at `headings` (n,)."""

    def view(self, camera: Float64, heading: float) -> View:
        """Return the full view from `camera` (3,)."""

    def in_sight(self, cameras: Float64, source: Float64) -> bool:
        """Whether nothing lies between `source` (3,) and any of `cameras` (n, 3)."""

    def responses(
        self, listener: Float64, sources: Float64, headings: Float64, seed: int, name: str
    ) -> BinauralResponses:
        """Return the responses of `sources` (s, 3) at `listener` (3,), with the random stream `name` of `seed`."""


@dataclass(frozen=True)
class TracedHome:
    """A scene of triangles, seen by our ray caster and heard by `engine`."""

    scene: Scene
    floor: Floor
    head: Head
    engine: SoundEngine

    @property
    def name(self) -> str:
        """The scene's name."""
        return self.scene.name

    @property
    def has_instances(self) -> bool:
        """Whether the scene tells enough objects apart to be judged by them; a room and a lamp are not."""
        return self.scene.instance is not None and len(self.scene.instance_names) >= ENOUGH_INSTANCES

    def looks(self, cameras: Float64, headings: Float64) -> Glance:
        """Return quick looks, all at once where the cameras are in one place."""
        if (cameras == cameras[0]).all():
            return glance(self.scene, cameras[0], headings, stride=STRIDE)
        places = zip(cameras, headings, strict=True)
        return _together([glance(self.scene, camera, heading[None], stride=STRIDE) for camera, heading in places])

    def view(self, camera: Float64, heading: float) -> View:
        """Return the full view."""
        return render(self.scene, camera, heading)

    def in_sight(self, cameras: Float64, source: Float64) -> bool:
        """Whether every camera sees `source`."""
        return not self.scene.rays.blocked(cameras, np.broadcast_to(source, cameras.shape)).any()

    def responses(
        self, listener: Float64, sources: Float64, headings: Float64, seed: int, name: str
    ) -> BinauralResponses:
        """Return the responses; the engine of SoundSpaces takes its own head and random stream."""
        if self.engine == "rlr":
            return rlr.rlr_responses(self.scene, listener, sources, headings)
        return binaural(trace(self.scene, listener, sources, rng=generator_for(seed, name)), headings, self.head)


@dataclass(frozen=True)
class HabitatHome:
    """A scene in habitat-sim, heard through SoundSpaces 2.0."""

    name: str
    scene: habitat.HabitatScene
    has_instances: bool

    @property
    def floor(self) -> habitat.HabitatFloor:
        """The navigation mesh."""
        return self.scene.floor

    def looks(self, cameras: Float64, headings: Float64) -> Glance:
        """Return every `STRIDE`-th pixel of full views: habitat-sim has no quicker way."""
        views = [self.view(camera, float(heading)) for camera, heading in zip(cameras, headings, strict=True)]
        every = slice(STRIDE // 2, None, STRIDE)
        return _together([Glance(view.depth[None, every, every], view.instance[None, every, every]) for view in views])

    def view(self, camera: Float64, heading: float) -> View:
        """Return the full view; what the annotation leaves unnamed is no instance."""
        seen = self.scene.render(camera, heading)
        return seen._replace(instance=np.where(seen.instance > 0, seen.instance, -1).astype(np.int32))

    def in_sight(self, cameras: Float64, source: Float64) -> bool:
        """Whether the engine reports direct sound everywhere."""
        heard = [self.scene.responses(camera, np.zeros(1), source[None]) for camera in np.unique(cameras, axis=0)]
        return all(bool(one.visible.all()) for one in heard)

    def responses(
        self, listener: Float64, sources: Float64, headings: Float64, seed: int, name: str
    ) -> BinauralResponses:
        """Return the engine's responses, with its own head and random stream."""
        return self.scene.responses(listener, headings, sources)


def _together(looks: list[Glance]) -> Glance:
    return Glance(np.concatenate([look.depth for look in looks]), np.concatenate([look.instance for look in looks]))


@lru_cache(maxsize=2)
def open_home(scenes: SceneSource, number: int, renderer: Renderer, engine: SoundEngine, hrtf: str | None) -> Home:
    """Return home `number` of `scenes`, kept while a worker renders its examples."""
    if renderer == "habitat":
        assert isinstance(scenes, SceneFiles)
        return _open_habitat(scenes, number)
    scene = scenes.load(number)
    return TracedHome(scene, find_floor(scene), open_head(hrtf), engine)


def _open_habitat(scenes: SceneFiles, number: int) -> HabitatHome:
    """Return the home; a lone scene dataset configuration in its folder names the instances."""
    annotations = sorted(Path(scenes.location).rglob("*.scene_dataset_config.json"))
    dataset = str(annotations[0]) if len(annotations) == 1 else None
    scene = habitat.HabitatScene(scenes.origin(number), dataset=dataset)
    return HabitatHome(scenes.names[number], scene, dataset is not None)


def check_engines(renderer: Renderer, engine: SoundEngine, scenes: SceneSource, hrtf: str | None) -> None:
    """Raise InputError where the engines do not go together or are not installed."""
    if (renderer == "habitat") != (engine == "soundspaces"):
        raise InputError("--renderer habitat and --acoustics soundspaces go together: give both or neither")
    if engine != "native" and hrtf is not None:
        raise InputError(f"--hrtf: the {engine} engine hears with its own head; take --acoustics native")
    if renderer == "habitat":
        if not isinstance(scenes, SceneFiles):
            raise InputError("--renderer habitat: give a folder of .glb files that habitat-sim opens with --scenes DIR")
        habitat.require()
    if engine == "rlr":
        rlr.engine_version()


def describe_engines(renderer: Renderer, engine: SoundEngine) -> dict[str, Any]:
    """Return what a dataset records of its engines; of a foreign one also version, licence and settings."""
    about = {"name": engine, "renderer": renderer}
    if engine == "native":
        return about
    version = rlr.engine_version() if engine == "rlr" else habitat.engine_version()
    return {**about, "licence": rlr.LICENCE, "settings": rlr.RlrSettings().recipe, "version": version}
