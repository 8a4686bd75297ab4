"""Low-order specular reflections, exact in delay, direction and level: image sources found with rays.

Rays from the listener find the visible sequences of planes. The source is mirrored in each sequence, and the path to
the image is kept if it meets these planes in this order and nothing else (Vorlaender 1989).
"""

import numpy as np
import numpy.typing as npt

from ..scenes.scene import Scene
from .energy_field import EarlyReflections, Float64
from .ray_kernels import BACK, NEAR

Int64 = npt.NDArray[np.int64]


def early_reflections(
    scene: Scene, listener: Float64, sources: Float64, directions: Float64, order: int, air: Float64
) -> EarlyReflections:
    """Return the specular reflections of `sources` (s, 3) at `listener` (3,), off 1 to `order` planes.

    `directions` (n, 3) are the rays that search for planes; `air` (band,) is the energy attenuation, 1/m.
    """
    planes = _Planes(scene)
    found = [
        _validated(planes, listener, sources, sequences) for sequences in _seen(planes, listener, directions, order)
    ]
    source, direction, distance, kept = (
        np.concatenate(column) for column in zip(_nothing(air.size), *found, strict=True)
    )
    return EarlyReflections(source.astype(np.int64), direction, distance, kept * np.exp(-air * distance[:, None]))


def _nothing(bands: int) -> tuple[Float64, Float64, Float64, Float64]:
    return np.empty(0), np.empty((0, 3)), np.empty(0), np.empty((0, bands))


class _Planes:
    """The faces of a scene, grouped by plane."""

    def __init__(self, scene: Scene) -> None:
        self.rays, self.material = scene.rays, scene.material
        self.kept = np.array(
            [[(1 - a) * (1 - s) for a, s in zip(m.absorption, m.scattering, strict=True)] for m in scene.materials]
        )
        self.normals = scene.normals.astype(np.float64)
        corner = scene.vertices[scene.faces[:, 0]].astype(np.float64)
        self.offsets = np.einsum("fk,fk->f", self.normals, corner)
        self.plane = _same_plane(self.normals, self.offsets)

    def meet(self, origins: Float64, directions: Float64) -> tuple[npt.NDArray[np.int32], Float64]:
        """Return the face that each ray hits (-1 for none) and the point just in front of it."""
        hits = self.rays.hits(origins, directions)
        return hits.face, origins + (hits.distance.astype(np.float64) - float(BACK))[:, None] * directions

    def mirror(self, points: Float64, faces: npt.NDArray[np.int32]) -> Float64:
        """Return `points` (n, 3) mirrored in the planes of `faces` (n,)."""
        normal = self.normals[faces]
        height = np.einsum("nk,nk->n", points, normal) - self.offsets[faces]
        return np.asarray(points - 2 * height[:, None] * normal)


def _same_plane(normals: Float64, offsets: Float64) -> Int64:
    """Return the index of each face's plane; planes match within about 0.1 degrees and 2 mm.

    If rounding splits a plane in two, nothing is lost: a path lies in one of them.
    """
    leading = np.abs(normals).argmax(axis=1)
    sign = np.where(np.take_along_axis(normals, leading[:, None], axis=1)[:, 0] < 0, -1.0, 1.0)
    packed = np.round(offsets * sign * 500).astype(np.int64)
    for axis in range(3):
        packed = packed * 1024 + np.round(normals[:, axis] * sign * 500).astype(np.int64)
    return np.asarray(np.unique(packed, return_inverse=True)[1].reshape(-1))


def _seen(planes: _Planes, listener: Float64, directions: Float64, order: int) -> list[npt.NDArray[np.int32]]:
    """Return the face sequences (n, reflections) that rays meet, for 1 to `order` reflections, without duplicates."""
    origins = np.broadcast_to(listener, directions.shape)
    sequences = np.empty((len(directions), 0), dtype=np.int32)
    seen = []
    for _ in range(order):
        face, point = planes.meet(origins, directions)
        hit = face >= 0
        sequences = np.column_stack([sequences[hit], face[hit]])
        normal, incoming = planes.normals[face[hit]], directions[hit]
        directions = incoming - 2 * np.einsum("nk,nk->n", incoming, normal)[:, None] * normal
        origins = point[hit]
        seen.append(sequences[np.unique(planes.plane[sequences], axis=0, return_index=True)[1]])
    return seen


def _validated(
    planes: _Planes, listener: Float64, sources: Float64, sequences: npt.NDArray[np.int32]
) -> tuple[Float64, Float64, Float64, Float64]:
    """Return source, direction, distance and remaining energy for the `sequences` whose image path is valid."""
    source = np.repeat(np.arange(len(sources)), len(sequences))
    sequences = np.tile(sequences, (len(sources), 1))
    image = sources[source]
    for faces in sequences.T[::-1]:
        image = planes.mirror(image, faces)
    away = image - listener
    distance = np.linalg.norm(away, axis=1)
    direction = away / np.maximum(distance, 1e-9)[:, None]
    valid, kept = _walk(planes, listener, sources[source], direction, sequences)
    return source[valid].astype(np.float64), direction[valid], distance[valid], kept


def _walk(
    planes: _Planes, listener: Float64, sources: Float64, direction: Float64, sequences: npt.NDArray[np.int32]
) -> tuple[Int64, Float64]:
    """Return the rows whose path from the listener meets its planes in order and ends at the source, and the share of
    energy left after the walls actually met."""
    rows = np.arange(len(sequences))
    origin, kept = np.broadcast_to(listener, direction.shape), np.ones((len(rows), planes.kept.shape[1]))
    for faces in sequences.T:
        face, point = planes.meet(origin, direction)
        right = (face >= 0) & (planes.plane[face] == planes.plane[faces[rows]])
        rows, face, origin, direction = rows[right], face[right], point[right], direction[right]
        kept = kept[right] * planes.kept[planes.material[face]]
        normal = planes.normals[face]
        direction = direction - 2 * np.einsum("nk,nk->n", direction, normal)[:, None] * normal
    arrives = np.einsum("nk,nk->n", sources[rows] - origin, direction) > 0
    arrives &= ~planes.rays.blocked(origin, sources[rows], margin=NEAR)
    return rows[arrives], kept[arrives]
