"""The faces of a scene for the shading loops: planes, texture gradients and lit colours.

Shading is fixed to the world, not the camera, so that a surface has the same colour in views that are matched with
each other. The light is soft and from above, slightly stronger along the X axis than along the Z axis, so that adjacent
walls differ. A face is lit by its normal on the visible side.
"""

from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ..scenes.joined import JoinedScene
from ..scenes.scene import Scene
from .mipmaps import Mipmaps, joined, mipmaps

Float64 = npt.NDArray[np.float64]

LEVEL, FROM_ABOVE, FROM_THE_SIDES = 0.78, 0.14, 0.08


class Surfaces(NamedTuple):
    """Arrays over the faces (f, ...), and the mipmaps of the textures.

    `corner` (f, 3) m is on the plane with unit `normal` (f, 3). `start` (f, 2) are the texture coordinates at the
    corner, and `slope` (f, 2, 3) their gradient over the plane, in repeats per metre. `coordinates` (f, 3, 2) are
    those of the three corners. `tint` (f, 2, 3) is the lit colour of front and back; it multiplies the texture with
    index `texture` (f,), -1 for none.
    """

    corner: Float64
    normal: Float64
    start: Float64
    slope: Float64
    coordinates: npt.NDArray[np.float32]
    tint: npt.NDArray[np.float32]
    texture: npt.NDArray[np.int16]
    images: Mipmaps


_PREPARED: WeakKeyDictionary[Scene, Surfaces] = WeakKeyDictionary()


def surfaces_of(scene: Scene) -> Surfaces:
    """Return the surfaces of `scene` for shading, prepared once per scene object."""
    if scene not in _PREPARED:
        _PREPARED[scene] = _prepare(scene)
    return _PREPARED[scene]


def light(normals: Float64) -> Float64:
    """Return the brightness of surfaces with unit `normals` (..., 3), from 0.64 (a ceiling) to 0.92 (a floor).

    >>> [float(x) for x in light(np.array([[0.0, 1, 0], [0, -1, 0], [1, 0, 0], [0, 0, 1]])).round(2)]
    [0.92, 0.64, 0.86, 0.78]
    """
    return np.asarray(LEVEL + FROM_ABOVE * normals[..., 1] + FROM_THE_SIDES * normals[..., 0] ** 2)


def _check_textures(scene: Scene) -> None:
    """Raise InputError if a face has no valid texture of `scene`, or texture coordinates that are not finite."""
    wrong = np.flatnonzero((scene.texture < -1) | (scene.texture >= len(scene.textures)))
    if wrong.size:
        raise InputError(
            f"scene {scene.name}: face {wrong[0]} has texture {scene.texture[wrong[0]]} of {len(scene.textures)}; "
            "export the mesh again"
        )
    if not np.isfinite(scene.texture_coordinates[scene.texture >= 0]).all():
        raise InputError(f"scene {scene.name}: some texture coordinates are not finite; export the mesh again")


def _prepare(scene: Scene) -> Surfaces:
    if isinstance(scene, JoinedScene):
        return _joined(surfaces_of(scene.first), surfaces_of(scene.second))
    _check_textures(scene)
    a, b, c = (scene.vertices[scene.faces[:, k]].astype(np.float64) for k in range(3))
    normal = np.cross(b - a, c - a)
    length = np.linalg.norm(normal, axis=1, keepdims=True)
    normal /= np.where(length > 0, length, 1.0)
    coordinates = scene.texture_coordinates.astype(np.float64)
    slope = _slope(b - a, c - a, coordinates[:, 1] - coordinates[:, 0], coordinates[:, 2] - coordinates[:, 0])
    both_sides = np.stack([normal, -normal], axis=1)
    lit = np.ones(both_sides.shape[:2]) if scene.unlit else light(both_sides)
    return Surfaces(
        corner=a,
        normal=normal,
        start=np.ascontiguousarray(coordinates[:, 0]),
        slope=slope,
        coordinates=np.ascontiguousarray(scene.texture_coordinates, np.float32),
        tint=(lit[:, :, None] * scene.colour[:, None, :]).astype(np.float32),
        texture=np.ascontiguousarray(scene.texture, np.int16),
        images=mipmaps(scene.textures),
    )


def _joined(first: Surfaces, second: Surfaces) -> Surfaces:
    """Return the faces of `first` followed by those of `second`, whose textures come after those of `first`."""
    texture = np.where(second.texture < 0, second.texture, second.texture + len(first.images.levels))
    moved = second._replace(texture=texture.astype(np.int16))
    rows = {name: np.concatenate([getattr(first, name), getattr(moved, name)]) for name in Surfaces._fields[:-1]}
    return Surfaces(**rows, images=joined(first.images, second.images))


def _slope(first: Float64, second: Float64, first_change: Float64, second_change: Float64) -> Float64:
    """Return the gradient (f, 2, 3) of the texture coordinates over the plane spanned by the edges `first`, `second`.

    It is the pseudo-inverse of the edges, from their Gram matrix, times the change along each; zero for zero area.
    """
    aa, ab, bb = ((x * y).sum(axis=1) for x, y in ((first, first), (first, second), (second, second)))
    determinant = aa * bb - ab * ab
    scale = np.where(determinant > 0, 1.0 / np.where(determinant > 0, determinant, 1.0), 0.0)[:, None]
    dual_first = (bb[:, None] * first - ab[:, None] * second) * scale
    dual_second = (aa[:, None] * second - ab[:, None] * first) * scale
    return np.asarray(
        first_change[:, :, None] * dual_first[:, None, :] + second_change[:, :, None] * dual_second[:, None, :]
    )
