"""Shapes of small objects: solids turned around any axis, bent pipes, limbs, discs, prisms."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..brush import Brush, Colour, Float, Paint
from ..palette import Palette
from ..surfaces import Image

FRONT = (0.0, 0.0, 1.0)
UP = (0.0, 1.0, 0.0)
BLACK: Colour = (0.07, 0.07, 0.08)
WHITE: Colour = (0.97, 0.97, 0.95)
STEEL: Colour = (0.8, 0.82, 0.85)


@dataclass(frozen=True)
class _Scaled(Brush):
    """A brush whose local frame is `scale` times as large."""

    scale: float = 1.0

    def _world(self, points: Float) -> Float:
        return super()._world(self.scale * points)


def scaled(brush: Brush, scale: float) -> Brush:
    """Return a brush that draws everything `scale` times as large."""
    before = brush.scale if isinstance(brush, _Scaled) else 1.0
    return _Scaled(brush.canvas, brush.instance, brush.turn, brush.place, scale * before)


def plain(palette: Palette, colour: Colour, material: str = "plastic") -> Paint:
    """Return a smooth surface in `colour`."""
    return Paint(palette.number("glaze"), 0.6, material, colour)


def steel(palette: Palette) -> Paint:
    """Return smooth steel."""
    return plain(palette, STEEL, "metal")


def printed(palette: Palette, image: Image, material: str = "plastic") -> Paint:
    """Return the paint of a new picture, for surfaces that show all of it."""
    return Paint(palette.add(image), 1.0, material)


def between(rng: np.random.Generator, low: float, high: float) -> float:
    """Return a number drawn uniformly from `low` to `high`."""
    return float(rng.uniform(low, high))


def across(axis: npt.ArrayLike) -> tuple[Float, Float, Float]:
    """Return the unit vectors right, up and along of a frame whose third axis is `axis`.

    >>> [part.tolist() for part in across(FRONT)][:2]
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    """
    along = np.array(axis, float) / np.linalg.norm(axis, axis=-1)
    upright = abs(along[1]) > 0.99
    right = np.cross([0.0, 0.0, -along[1]] if upright else [0.0, 1.0, 0.0], along)
    right /= np.linalg.norm(right, axis=-1)
    return right, np.cross(along, right), along


def patches(brush: Brush, points: Float, paint: Paint) -> None:
    """Draw the surface through a grid of `points` (rows, columns, 3), textured by its mean lengths."""
    lengths = [np.linalg.norm(np.diff(points, axis=k), axis=2).mean(axis=1 - k) for k in (0, 1)]
    v, u = (np.concatenate([[0.0], np.cumsum(step)]) / paint.metres for step in lengths)
    flat = np.stack(np.meshgrid(u, -v), axis=-1) + brush.rng.random(2)
    corners, coordinates = (
        np.stack([grid[:-1, :-1], grid[:-1, 1:], grid[1:, 1:], grid[1:, :-1]], axis=2).reshape(-1, 4, grid.shape[-1])
        for grid in (points, flat)
    )
    brush.quads(corners, coordinates, paint)


def lathe(
    brush: Brush,
    start: npt.ArrayLike,
    profile: Sequence[tuple[float, float]],
    paint: Paint,
    axis: npt.ArrayLike = FRONT,
    sides: int = 16,
    squash: tuple[float, float] = (1.0, 1.0),
) -> None:
    """Draw the solid of revolution of `profile`, (radius, way along `axis`) from `start`, m.

    `squash` multiplies its width to the right and up.
    """
    right, up, along = across(axis)
    radius, way = np.array(profile, float).T
    angle = np.linspace(0, 2 * np.pi, sides + 1)
    ring = squash[0] * np.cos(angle)[:, None] * right + squash[1] * np.sin(angle)[:, None] * up
    patches(brush, np.array(start, float) + radius[:, None, None] * ring + way[:, None, None] * along, paint)


def limb(
    brush: Brush,
    start: npt.ArrayLike,
    end: npt.ArrayLike,
    radii: tuple[float, float],
    paint: Paint,
    sides: int = 10,
    squash: tuple[float, float] = (1.0, 1.0),
) -> None:
    """Draw a rounded bar from `start` to `end`, m, whose radius goes from the first to the second of `radii`."""
    axis = np.array(end, float) - np.array(start, float)
    length, (near, far) = float(np.linalg.norm(axis, axis=-1)), radii
    angle = np.radians([0, 35, 65, 90])
    cap = np.stack([np.sin(angle), -np.cos(angle)], axis=1)
    first, last = near * cap, far * cap[::-1] * [1, -1] + [0, length]
    profile = [(float(r), float(w)) for r, w in np.concatenate([first, last])]
    lathe(brush, start, profile, paint, (axis[0], axis[1], axis[2]), sides, squash)


def egg(
    brush: Brush, centre: npt.ArrayLike, radii: Sequence[float], paint: Paint, axis: npt.ArrayLike = UP, sides: int = 12
) -> None:
    """Draw an ellipsoid around `centre`; `radii`, m, are its reach right, up and along `axis`."""
    angle = np.linspace(0, np.pi, 8)
    profile = [(float(np.sin(a)), -radii[2] * float(np.cos(a))) for a in angle]
    lathe(brush, centre, profile, paint, axis, sides, (radii[0], radii[1]))


def curve(points: npt.ArrayLike, count: int = 16) -> Float:
    """Return `count` points (count, 3) of a smooth curve through `points`."""
    knots = np.array(points, float)
    last = len(knots) - 1
    knots = np.concatenate([2 * knots[:1] - knots[1:2], knots, 2 * knots[-1:] - knots[-2:-1]])
    place = np.linspace(0, last, count)
    k = np.minimum(place.astype(int), last - 1)
    t = (place - k)[:, None]
    a, b, c, d = (knots[k + offset] for offset in range(4))
    bend = (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    return np.asarray(b + 0.5 * ((c - a) * t + bend))


def pipe(brush: Brush, points: npt.ArrayLike, radius: npt.ArrayLike, paint: Paint, sides: int = 8) -> None:
    """Draw a tube along `points` (n, 3), m, of one radius or a radius at each point."""
    middle = np.asarray(points, float)
    reach = np.broadcast_to(np.asarray(radius, float), len(middle))
    tangent = np.gradient(middle, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    angle = np.linspace(0, 2 * np.pi, sides + 1)
    rings, side = np.empty((len(middle), sides + 1, 3)), across(tangent[0])[0]
    for k, along in enumerate(tangent):
        side = side - (side * along).sum() * along
        side /= np.linalg.norm(side, axis=-1)
        rings[k] = np.cos(angle)[:, None] * side + np.sin(angle)[:, None] * np.cross(along, side)
    patches(brush, middle[:, None] + reach[:, None, None] * rings, paint)


def arc(
    centre: npt.ArrayLike,
    radii: tuple[float, float],
    span: tuple[float, float],
    axis: npt.ArrayLike = FRONT,
    count: int = 13,
) -> Float:
    """Return points (count, 3) of an elliptic arc around `axis`; `span` in degrees, 0 right, 90 up."""
    right, up, _ = across(axis)
    angle = np.radians(np.linspace(*span, count))[:, None]
    return np.asarray(np.array(centre, float) + radii[0] * np.cos(angle) * right + radii[1] * np.sin(angle) * up)


def disc(
    brush: Brush,
    centre: npt.ArrayLike,
    radius: float | tuple[float, float],
    paint: Paint,
    axis: npt.ArrayLike = FRONT,
    sides: int = 20,
) -> None:
    """Draw a disc facing along `axis` that shows the whole picture of `paint`; `radius` right and up, m."""
    right, up, _ = across(axis)
    wide, high = radius if isinstance(radius, tuple) else (radius, radius)
    angle = np.linspace(0, 2 * np.pi, sides + 1)
    flat = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    points = np.array(centre, float) + wide * flat[:, :1] * right + high * flat[:, 1:] * up
    _fan(brush, points, 0.5 + flat * [0.5, -0.5], np.array(centre, float), np.array([0.5, 0.5]), paint)


def _fan(brush: Brush, rim: Float, flat: Float, middle: Float, middle_flat: Float, paint: Paint) -> None:
    """Draw the closed outline `rim` (n + 1, 3), n even, around its `middle`, with texture coordinates `flat`."""
    corners = np.stack([np.broadcast_to(middle, rim[:-1:2].shape), rim[:-1:2], rim[1::2], rim[2::2]], axis=1)
    coordinates = np.stack(
        [np.broadcast_to(middle_flat, flat[:-1:2].shape), flat[:-1:2], flat[1::2], flat[2::2]], axis=1
    )
    brush.quads(corners, coordinates, paint)


_AXES = {"x": [2, 1, 0], "y": [0, 2, 1], "z": [0, 1, 2]}


def prism(
    brush: Brush, outline: Sequence[tuple[float, float]], low: float, high: float, paint: Paint, axis: str = "z"
) -> None:
    """Draw a star-shaped `outline` (n, 2) drawn out along `axis` from `low` to `high`, m.

    The outline is (x, y) along z, (z, y) along x, and (x, z) along y.
    """
    rim = np.array([*outline, outline[0]], float)
    if len(outline) % 2:
        rim = np.concatenate([rim, rim[-1:]])
    ends = [np.column_stack([rim, np.full(len(rim), way)])[:, _AXES[axis]] for way in (low, high)]
    for end in ends:
        middle, about = end[:-1].mean(axis=0), rim[:-1].mean(axis=0)
        _fan(brush, end, rim / paint.metres, middle, about / paint.metres, paint)
    patches(brush, np.stack(ends), paint)


def rounded(wide: float, high: float, corner: float) -> list[tuple[float, float]]:
    """Return the outline of a rectangle 2 `wide` by 2 `high` whose corners have the radius `corner`, m."""
    outline = []
    for k, (x, y) in enumerate(((1, 1), (-1, 1), (-1, -1), (1, -1))):
        for angle in np.radians(90 * k + np.array([0.0, 30.0, 60.0, 90.0])):
            centre = x * (wide - corner), y * (high - corner)
            outline.append((float(centre[0] + corner * np.cos(angle)), float(centre[1] + corner * np.sin(angle))))
    return outline


def tilted(brush: Brush, corners: npt.ArrayLike, paint: Paint) -> None:
    """Draw the whole picture of `paint` on a quadrilateral (4, 3): lower left, lower right, upper right, upper left."""
    brush.quads(np.asarray(corners, float)[None], [[[0, 1], [1, 1], [1, 0], [0, 0]]], paint)
