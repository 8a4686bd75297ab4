"""A home with its floor, views and impulse responses, whichever engine computes them.

The engines are our own renderer and tracer, our renderer with the engine behind SoundSpaces 2.0 on the same triangles,
or habitat-sim with SoundSpaces.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from ..digests import generator_for
from ..errors import InputError
from . import habitat
from .acoustics import rlr
from .acoustics.hrtf import Head, open_head
from .acoustics.mesh import BinauralResponses, binaural, trace
from .raycast import Glance, View, glance, render
from .scenes.floor import Floor, find_floor
from .scenes.opening import SceneFiles, SceneSource
from .scenes.scene import Scene

SoundEngine = Literal["native", "rlr", "soundspaces"]
Renderer = Literal["native", "habitat"]
Float64 = npt.NDArray[np.float64]

ENOUGH_INSTANCES = 30
"""With fewer instances, views are compared by shared surface instead."""
STRIDE = 4
"""Pixels between the rays of a glance."""


class Home(Protocol):
    """A home, ready to render; positions are in metres from its `origin`, headings in degrees."""

    @property
    def name(self) -> str:
        """Name of the home."""

    @property
    def origin(self) -> tuple[float, float, float]:
        """Origin of positions in the frame of the scene file, m, +Y up."""

    @property
    def floor(self) -> Floor | habitat.HabitatFloor:
        """The walkable floor."""

    @property
    def has_instances(self) -> bool:
        """Whether views tell objects apart."""

    def looks(self, cameras: Float64, headings: Float64) -> Glance:
        """Return glances from `cameras` (n, 3) at `headings` (n,)."""

    def view(self, camera: Float64, heading: float) -> View:
        """Return the full view from `camera` (3,) at `heading`."""

    def in_sight(self, cameras: Float64, source: Float64) -> bool:
        """Return whether all of `cameras` (n, 3) have a clear line of sight to `source` (3,)."""

    def responses(
        self, listener: Float64, sources: Float64, headings: Float64, seed: int, name: str
    ) -> BinauralResponses:
        """Return the responses to `sources` (s, 3) at `listener` (3,), using the random stream `name` of `seed`."""


@dataclass(frozen=True)
class TracedHome:
    """A triangle mesh, rendered by our ray caster and heard through `engine`."""

    scene: Scene
    floor: Floor
    head: Head
    engine: SoundEngine

    @property
    def name(self) -> str:
        """Name of the scene."""
        return self.scene.name

    @property
    def origin(self) -> tuple[float, float, float]:
        """Origin of the scene."""
        return self.scene.origin

    @property
    def has_instances(self) -> bool:
        """Whether the scene has enough instances to compare views by; a room and a lamp are too few."""
        return self.scene.instance is not None and len(self.scene.instance_names) >= ENOUGH_INSTANCES

    def looks(self, cameras: Float64, headings: Float64) -> Glance:
        """Return glances, rendered together if all cameras are in one position."""
        if (cameras == cameras[0]).all():
            return glance(self.scene, cameras[0], headings, stride=STRIDE)
        places = zip(cameras, headings, strict=True)
        return _together([glance(self.scene, camera, heading[None], stride=STRIDE) for camera, heading in places])

    def view(self, camera: Float64, heading: float) -> View:
        """Return the full view."""
        return render(self.scene, camera, heading)

    def in_sight(self, cameras: Float64, source: Float64) -> bool:
        """Return whether every camera sees `source`."""
        return not self.scene.rays.blocked(cameras, np.broadcast_to(source, cameras.shape)).any()

    def responses(
        self, listener: Float64, sources: Float64, headings: Float64, seed: int, name: str
    ) -> BinauralResponses:
        """Return the responses; the SoundSpaces engine uses its own head and random stream."""
        if self.engine == "rlr":
            return rlr.rlr_responses(self.scene, listener, sources, headings)
        return binaural(trace(self.scene, listener, sources, rng=generator_for(seed, name)), headings, self.head)


@dataclass(frozen=True)
class HabitatHome:
    """A scene in habitat-sim, heard through SoundSpaces 2.0."""

    name: str
    scene: habitat.HabitatScene
    has_instances: bool
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def floor(self) -> habitat.HabitatFloor:
        """The navigation mesh."""
        return self.scene.floor

    def looks(self, cameras: Float64, headings: Float64) -> Glance:
        """Return every `STRIDE`-th pixel of full views: habitat-sim offers nothing faster."""
        views = [self.view(camera, float(heading)) for camera, heading in zip(cameras, headings, strict=True)]
        every = slice(STRIDE // 2, None, STRIDE)
        return _together([Glance(view.depth[None, every, every], view.instance[None, every, every]) for view in views])

    def view(self, camera: Float64, heading: float) -> View:
        """Return the full view; unannotated surfaces have no instance."""
        seen = self.scene.render(camera, heading)
        return seen._replace(instance=np.where(seen.instance > 0, seen.instance, -1).astype(np.int32))

    def in_sight(self, cameras: Float64, source: Float64) -> bool:
        """Return whether the engine reports direct sound at every camera."""
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
    """Return home `number` of `scenes`, cached while a worker renders its examples."""
    if renderer == "habitat":
        assert isinstance(scenes, SceneFiles)
        return _open_habitat(scenes, number)
    scene = scenes.load(number)
    return TracedHome(scene, find_floor(scene), open_head(hrtf), engine)


def _open_habitat(scenes: SceneFiles, number: int) -> HabitatHome:
    """Return the home; a single scene dataset configuration in its folder supplies the instances."""
    annotations = sorted(Path(scenes.location).rglob("*.scene_dataset_config.json"))
    dataset = str(annotations[0]) if len(annotations) == 1 else None
    scene = habitat.HabitatScene(scenes.origin(number), dataset=dataset)
    return HabitatHome(scenes.names[number], scene, dataset is not None)


def check_engines(renderer: Renderer, engine: SoundEngine, scenes: SceneSource, hrtf: str | None) -> None:
    """Raise InputError if the engines cannot be combined or are not installed."""
    if (renderer == "habitat") != (engine == "soundspaces"):
        raise InputError("--renderer habitat and --acoustics soundspaces go together: give both or neither")
    if engine != "native" and hrtf is not None:
        raise InputError(f"--hrtf: the {engine} engine uses its own head; use --acoustics native")
    if renderer == "habitat":
        if not isinstance(scenes, SceneFiles):
            raise InputError("--renderer habitat: give a folder of .glb files that habitat-sim opens with --scenes DIR")
        habitat.require()
    if engine == "rlr":
        rlr.engine_version()


def describe_engines(renderer: Renderer, engine: SoundEngine) -> dict[str, Any]:
    """Return a dataset's record of its engines, with version, licence and settings of third-party ones."""
    about = {"name": engine, "renderer": renderer}
    if engine == "native":
        return about
    version = rlr.engine_version() if engine == "rlr" else habitat.engine_version()
    return {**about, "licence": rlr.LICENCE, "settings": rlr.RlrSettings().recipe, "version": version}
