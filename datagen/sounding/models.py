"""Objects that can sound, drawn once in their own frame and then put anywhere in a home.

A model rests at the origin of its frame, its front towards +z. What hangs on a wall is centred there, with the wall at
z = 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from ...digests import generator_for
from ..cameras import PITCH_DEG, Camera, orientation, ray_directions
from ..scenes.procedural.brush import Brush, Canvas
from ..scenes.procedural.furniture import legs
from ..scenes.procedural.noise import NoiseBank
from ..scenes.procedural.palette import Palette
from ..scenes.procedural.sounding import SOUNDING
from ..scenes.procedural.surfaces import Image
from ..scenes.rays import Hits
from ..scenes.scene import Scene
from .boxes import box_of, share_of

Float64 = npt.NDArray[np.float64]

TABLE_WIDTH, TABLE_HEIGHT = 0.5, 0.5
"""Of a side table, m."""
TRIAL_DISTANCE = 2.0
"""Distance at which it is measured how large a model seems, m."""
LOOKS = 8
"""Number of sets of textures that the objects of a dataset share."""

_CAMERA = Camera().scaled(0.5)


@dataclass(frozen=True)
class Pose:
    """Where a model is: the origin of its frame, m; its turn about the vertical, degrees, left positive; its scale."""

    place: tuple[float, float, float]
    turn: float
    scale: float

    @cached_property
    def _turned(self) -> Float64:
        """Rotation (3, 3) from the model's frame to the world."""
        cos, sin = np.cos(np.radians(self.turn)), np.sin(np.radians(self.turn))
        return np.array([[cos, 0.0, sin], [0.0, 1.0, 0.0], [-sin, 0.0, cos]])

    def to_world(self, points: npt.ArrayLike) -> Float64:
        """Return `points` (..., 3) of the model in the world, m."""
        return np.asarray(self.scale * np.asarray(points, np.float64) @ self._turned.T + np.array(self.place))

    def to_model(self, points: npt.ArrayLike) -> Float64:
        """Return `points` (..., 3) of the world in the model's frame."""
        return np.asarray((np.asarray(points, np.float64) - np.array(self.place)) @ self._turned / self.scale)

    def directions_to_model(self, directions: npt.ArrayLike) -> Float64:
        """Return unit vectors (..., 3) of the world in the model's frame."""
        return np.asarray(np.asarray(directions, np.float64) @ self._turned)


@dataclass(frozen=True, eq=False)
class Model:
    """One object of `kind`, at its natural size in its own frame; `textures` are shared by the models of a picture."""

    kind: str
    scene: Scene

    @cached_property
    def low(self) -> Float64:
        """Lower corner (3,) of its box, m."""
        return np.asarray(self.scene.vertices.min(axis=0), np.float64)

    @cached_property
    def high(self) -> Float64:
        """Upper corner (3,) of its box, m."""
        return np.asarray(self.scene.vertices.max(axis=0), np.float64)

    @property
    def size(self) -> Float64:
        """Width, height and depth (3,), m."""
        return self.high - self.low

    @property
    def centre(self) -> Float64:
        """Centre (3,) of its box, m."""
        return (self.low + self.high) / 2

    @cached_property
    def share(self) -> float:
        """Share of the picture that the box around it takes, `TRIAL_DISTANCE` m ahead of a camera."""
        ahead = -TRIAL_DISTANCE * orientation(0.0, PITCH_DEG)[:, 2]
        place = ahead - self.centre
        pose = Pose((float(place[0]), float(place[1]), float(place[2])), 0.0, 1.0)
        shown = np.isfinite(self.distances(pose, np.zeros(3), ray_directions(_CAMERA, orientation(0.0, PITCH_DEG))))
        return share_of(box_of(shown))

    def distances(self, pose: Pose, eye: Float64, directions: Float64) -> Float64:
        """Return how far the model at `pose` is from `eye` (3,) along unit `directions` (..., 3), inf for a miss."""
        rays = pose.directions_to_model(directions).reshape(-1, 3)
        start = np.broadcast_to(pose.to_model(eye), rays.shape)
        hits: Hits = self.scene.rays.hits(start, rays)
        found = np.where(hits.face >= 0, hits.distance.astype(np.float64) * pose.scale, np.inf)
        return np.asarray(found.reshape(directions.shape[:-1]))


class _Look:
    """Textures for objects: each depends on its name alone, not on what was drawn before."""

    def __init__(self, seed: int, number: int) -> None:
        self._seed, self._name = seed, f"sounding-objects/look/{number}"
        self.bank = NoiseBank(generator_for(seed, self._name))
        self._images: dict[str, Image] = {}

    def image(self, name: str) -> Image:
        """Return the texture `name`."""
        if name not in self._images:
            palette = ObjectPalette(generator_for(self._seed, f"{self._name}/{name}"), self)
            self._images[name] = Palette._make(palette, name)
        return self._images[name]


class ObjectPalette(Palette):
    """The paints of the objects of one picture; named textures come from a look that many pictures share."""

    def __init__(self, rng: np.random.Generator, look: _Look) -> None:
        super().__init__(rng, look.bank.cropped_by(rng))
        self._look = look

    def _make(self, name: str) -> Image:
        return self._look.image(name)


@lru_cache(maxsize=LOOKS)
def _look(seed: int, number: int) -> _Look:
    return _Look(seed, number)


def draw_models(kinds: Sequence[str], seed: int, rng: np.random.Generator) -> tuple[list[Model], Model]:
    """Return a model of each of `kinds`, each different from all others drawn with another `rng`, and a side table."""
    palette = ObjectPalette(rng, _look(seed, int(rng.integers(LOOKS))))
    canvases = [Canvas(rng) for _ in (*kinds, "side table")]
    for kind, canvas in zip(kinds, canvases, strict=False):
        SOUNDING[kind].draw(Brush(canvas), palette)
    _draw_side_table(Brush(canvases[-1]), palette)
    *things, table = (
        Model(kind, canvas.scene(kind, palette.textures))
        for kind, canvas in zip((*kinds, "side table"), canvases, strict=True)
    )
    return things, table


def _draw_side_table(brush: Brush, palette: Palette) -> None:
    brush, paint, half = brush.part("side table"), palette.any_wood(), TABLE_WIDTH / 2
    brush.box((-half, TABLE_HEIGHT - 0.03, -half), (half, TABLE_HEIGHT, half), paint)
    legs(brush, half - 0.02, 0.02 - half, half - 0.02, TABLE_HEIGHT - 0.03, 0.04, paint)


def assembled(things: Sequence[tuple[Model, Pose]]) -> Scene:
    """Return one scene of `things`, models of one picture at their poses; instance k is thing k."""
    scenes = [model.scene for model, _ in things]
    counts = np.array([len(scene.vertices) for scene in scenes])
    starts = np.cumsum(counts) - counts
    return Scene(
        name="things",
        vertices=np.concatenate([pose.to_world(model.scene.vertices) for model, pose in things]).astype(np.float32),
        faces=np.concatenate([s.faces + np.int32(start) for s, start in zip(scenes, starts, strict=True)]),
        material=np.concatenate([scene.material for scene in scenes]),
        materials=scenes[0].materials,
        colour=np.concatenate([scene.colour for scene in scenes]),
        texture=np.concatenate([scene.texture for scene in scenes]),
        texture_coordinates=np.concatenate([scene.texture_coordinates for scene in scenes]),
        textures=scenes[0].textures,
        instance=np.repeat(np.arange(len(scenes), dtype=np.int32), [len(scene.faces) for scene in scenes]),
        instance_names=tuple(model.kind for model, _ in things),
    )
