"""Drawing with textured quadrilaterals: boxes, soft boxes, turned shapes and panels, gathered into one scene."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ..materials import MATERIALS
from ..scene import Scene

Float = npt.NDArray[np.float64]
Colour = tuple[float, float, float]
Point = Sequence[float]

_BITS = np.array([[(k >> 2) & 1, (k >> 1) & 1, k & 1] for k in range(8)], float)
_BOX = _BITS[[[5, 4, 6, 7], [0, 1, 3, 2], [3, 7, 6, 2], [0, 4, 5, 1], [1, 5, 7, 3], [4, 0, 2, 6]]]
"""Corners (6, 4, 3) of the faces +x, -x, +y, -y, +z, -z of the unit box, counter-clockwise seen from outside."""
_ALONG = ((2, 1), (2, 1), (0, 2), (0, 2), (0, 1), (0, 1))
"""The axes (horizontal, vertical) in the plane of each face of a box."""


@dataclass(frozen=True)
class Paint:
    """Look and sound of a surface: texture index, metres per repeat, colour that multiplies it, material."""

    texture: int
    metres: float
    material: str
    colour: Colour = (1.0, 1.0, 1.0)

    def tinted(self, colour: Colour) -> "Paint":
        """Return this paint in another colour."""
        return replace(self, colour=colour)


@dataclass
class Canvas:
    """Everything drawn so far: lists of arrays, one entry per call; `names` of the instances."""

    rng: np.random.Generator
    corners: list[Float] = field(default_factory=list)
    coordinates: list[Float] = field(default_factory=list)
    colours: list[Float] = field(default_factory=list)
    tags: list[npt.NDArray[np.int64]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def scene(self, name: str, textures: Sequence[npt.NDArray[np.uint8]]) -> Scene:
        """Return the scene of everything drawn; quadrilaterals become two triangles, dropping those without area."""
        corners = np.concatenate(self.corners).astype(np.float32)
        coordinates = np.concatenate(self.coordinates)
        quads = np.arange(len(corners) * 4).reshape(-1, 4)
        halves = np.array([[0, 1, 2], [0, 2, 3]])
        faces = quads[:, halves].reshape(-1, 3).astype(np.int32)
        vertices = corners.reshape(-1, 3)
        a, b, c = (vertices[faces[:, k]] for k in range(3))
        solid = np.linalg.norm(np.cross(b - a, c - a), axis=1) > 1e-8
        tags = np.repeat(np.concatenate(self.tags), 2, axis=0)[solid]
        return Scene(
            name=name,
            vertices=vertices,
            faces=faces[solid],
            material=tags[:, 1].astype(np.int16),
            materials=tuple(MATERIALS.values()),
            colour=np.repeat(np.concatenate(self.colours), 2, axis=0)[solid].astype(np.float32),
            texture=tags[:, 0].astype(np.int16),
            texture_coordinates=coordinates[:, halves].reshape(-1, 3, 2)[solid].astype(np.float32),
            textures=tuple(textures),
            instance=tags[:, 2].astype(np.int32),
            instance_names=tuple(self.names),
        )


_MATERIAL_NUMBER = {name: number for number, name in enumerate(MATERIALS)}


@dataclass(frozen=True)
class Brush:
    """Draws into `canvas` as one instance, in a frame turned by `turn` deg (left positive) and moved to `place`.

    In the local frame of furniture x points to its right (seen from behind), y up, z to its front.
    """

    canvas: Canvas
    instance: int = -1
    turn: float = 0.0
    place: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def rng(self) -> np.random.Generator:
        """The scene's random generator."""
        return self.canvas.rng

    def part(self, name: str) -> "Brush":
        """Return a brush that draws a new instance called `name` in the same frame."""
        self.canvas.names.append(name)
        return replace(self, instance=len(self.canvas.names) - 1)

    def at(self, x: float = 0.0, y: float = 0.0, z: float = 0.0, turn: float = 0.0) -> "Brush":
        """Return a brush whose frame is moved to a local point, m, and turned by `turn` deg."""
        moved = self._world(np.array([[x, y, z]]))[0]
        return replace(self, place=(float(moved[0]), float(moved[1]), float(moved[2])), turn=self.turn + turn)

    def _world(self, points: Float) -> Float:
        quarter, rest = divmod(self.turn, 90.0)
        # Unrounded right angles keep walls and furniture planar.
        cos, sin = ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))[int(quarter) % 4]
        if rest:
            cos, sin = float(np.cos(np.radians(self.turn))), float(np.sin(np.radians(self.turn)))
        x, y, z = points[..., 0], points[..., 1], points[..., 2]
        turned = np.stack([x * cos + z * sin, y, z * cos - x * sin], axis=-1)
        return np.asarray(turned + np.array(self.place))

    def quads(
        self, corners: npt.ArrayLike, coordinates: npt.ArrayLike, paint: Paint, colours: Float | None = None
    ) -> None:
        """Draw quadrilaterals `corners` (n, 4, 3) m with texture `coordinates` (n, 4, 2) in repeats, v downwards.

        `colours` (n, 3) multiply the paint's own colour.
        """
        points = self._world(np.asarray(corners, float))
        count = len(points)
        canvas = self.canvas
        canvas.corners.append(points)
        canvas.coordinates.append(np.asarray(coordinates, float))
        colour = np.broadcast_to(np.array(paint.colour), (count, 3))
        canvas.colours.append(np.clip(colour if colours is None else colour * colours, 0.0, 1.0))
        tag = np.array([paint.texture, _MATERIAL_NUMBER[paint.material], self.instance])
        canvas.tags.append(np.broadcast_to(tag, (count, 3)))

    def box(self, low: Point, high: Point, paint: Paint) -> None:
        """Draw the box between the corners `low` and `high`, with u along the longer edge of each face."""
        self.boxes(np.array([low], float), np.array([high], float), paint)

    def boxes(self, low: Float, high: Float, paint: Paint, colours: Float | None = None) -> None:
        """Draw the boxes between `low` (n, 3) and `high` (n, 3); `colours` (n, 3) multiply the paint's."""
        size = high - low
        corners = low[:, None, None] + _BOX * size[:, None, None]
        offset = self.rng.random((len(low), 6, 1, 2))
        flat = np.empty((len(low), 6, 4, 2))
        for side, (across, up) in enumerate(_ALONG):
            upright = size[:, across] < size[:, up]
            first = np.where(upright[:, None], corners[:, side, :, up], corners[:, side, :, across])
            second = np.where(upright[:, None], corners[:, side, :, across], -corners[:, side, :, up])
            flat[:, side] = np.stack([first, second], axis=-1)
        shades = None if colours is None else np.repeat(colours, 6, axis=0)
        self.quads(corners.reshape(-1, 4, 3), (flat / paint.metres + offset).reshape(-1, 4, 2), paint, shades)

    def panel(self, low: Point, high: Point, paint: Paint, window: Sequence[float] = (0, 0, 1, 1)) -> None:
        """Draw the `window` (u0, v0, u1, v1) of a picture facing +z, from `low` (x, y, z) to `high` (x, y)."""
        x0, y0, z = low
        x1, y1 = high[0], high[1]
        u0, v0, u1, v1 = window
        corners = [[[x0, y0, z], [x1, y0, z], [x1, y1, z], [x0, y1, z]]]
        self.quads(corners, [[[u0, v1], [u1, v1], [u1, v0], [u0, v0]]], paint)

    def sheet(self, low: Point, high: Point, y: float, paint: Paint, window: Sequence[float] = (0, 0, 1, 1)) -> None:
        """Draw the `window` of a picture facing up at height `y`, from (x, z) `low` to (x, z) `high`."""
        (x0, z0), (x1, z1) = low, high
        u0, v0, u1, v1 = window
        corners = [[[x0, y, z1], [x1, y, z1], [x1, y, z0], [x0, y, z0]]]
        self.quads(corners, [[[u0, v1], [u1, v1], [u1, v0], [u0, v0]]], paint)

    def turned(self, profile: Sequence[tuple[float, float]], paint: Paint, sides: int = 10) -> None:
        """Draw the solid of revolution of `profile`, (radius, height) from the bottom up, around the y axis."""
        radius, height = np.array(profile, float).T
        angle = np.linspace(0, 2 * np.pi, sides + 1)
        ring = np.stack([np.sin(angle), np.zeros_like(angle), np.cos(angle)], axis=-1)
        points = ring[None] * radius[:, None, None] + np.array([0, 1, 0]) * height[:, None, None]
        along = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(radius), np.diff(height)))])
        u = np.broadcast_to(angle * radius.max(), (len(radius), sides + 1))
        flat = np.stack([u, np.broadcast_to(-along[:, None], u.shape)], axis=-1) / paint.metres + self.rng.random(2)
        self.quads(_patches(points), _patches(flat), paint)

    def soft(self, low: Point, high: Point, paint: Paint, roundness: float = 0.35) -> None:
        """Draw a cushion: a box with rounded edges; `roundness` 1 is an ellipsoid."""
        start, size = np.array(low, float), np.array(high, float) - np.array(low, float)
        corners, flat = _soft_box(round(2.0 / roundness))
        middle = start + size / 2
        points = middle + corners * size / 2
        across = np.repeat(np.array([size[list(pair)] / 2 for pair in _ALONG]), len(corners) // 6, axis=0)
        self.quads(points, flat * across[:, None] / paint.metres + self.rng.random(2), paint)

    def tube(self, start: Point, end: Point, radius: float, paint: Paint, sides: int = 6) -> None:
        """Draw a round bar from `start` to `end`."""
        begin, axis = np.array(start, float), np.array(end, float) - np.array(start, float)
        length = float(np.linalg.norm(axis, axis=-1))
        side = np.cross(axis, [0.0, 0.0, 1.0] if abs(axis[2]) < 0.9 * length else [1.0, 0.0, 0.0])
        side /= np.linalg.norm(side, axis=-1)
        other = np.cross(axis / length, side)
        angle = np.linspace(0, 2 * np.pi, sides + 1)
        ring = radius * (np.cos(angle)[:, None] * side + np.sin(angle)[:, None] * other)
        points = begin + np.stack([ring, ring + axis])
        flat = np.stack(np.broadcast_arrays(angle * radius, np.array([[0.0], [length]])), axis=-1)[..., ::-1]
        self.quads(_patches(points), _patches(flat / paint.metres), paint)


def _patches(grid: Float) -> Float:
    """Return the quadrilaterals (n, 4, d) between neighbours of a (rows, columns, d) grid."""
    quads = np.stack([grid[:-1, :-1], grid[:-1, 1:], grid[1:, 1:], grid[1:, :-1]], axis=2)
    return quads.reshape(-1, 4, grid.shape[-1])


@lru_cache(maxsize=8)
def _soft_box(power: int, cells: int = 4) -> tuple[Float, Float]:
    """Return the corners (n, 4, 3) and in-plane coordinates (n, 4, 2), -1..1, of the unit ball of a p-norm."""
    step = np.linspace(0, 1, cells + 1)
    down, right = (part[..., None] for part in np.meshgrid(step, step, indexing="ij"))
    corners, flat = [], []
    for face, axes in zip(_BOX, _ALONG, strict=True):
        points = face[0] * (1 - right) * (1 - down) + face[1] * right * (1 - down)
        points = 2 * (points + face[2] * right * down + face[3] * (1 - right) * down) - 1
        ball = points / np.sum(np.abs(points) ** power, axis=-1, keepdims=True) ** (1 / power)
        corners.append(_patches(ball))
        flat.append(_patches(points[..., list(axes)]))
    return np.concatenate(corners), np.concatenate(flat)
