"""Ray casting in triangle meshes: one Embree structure shared by rendering and sound."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from embreex.mesh_construction import TriangleMesh
from embreex.rtcore_scene import EmbreeScene

Float32 = npt.NDArray[np.float32]


class Hits(NamedTuple):
    """The nearest hit of each ray: `face` (n,), -1 if there is none, `distance` (n,) m, and the barycentric weights
    `u`, `v` (n,) of the second and third corner of the face."""

    face: npt.NDArray[np.int32]
    distance: Float32
    u: Float32
    v: Float32


class Rays:
    """Casts rays against `faces` (f, 3) of `vertices` (v, 3), m, on one thread."""

    def __init__(self, vertices: Float32, faces: npt.NDArray[np.int32]) -> None:
        self._scene = EmbreeScene()
        self._mesh = TriangleMesh(
            self._scene, np.ascontiguousarray(vertices, np.float32), np.ascontiguousarray(faces, np.int32)
        )

    def hits(self, origins: npt.ArrayLike, directions: npt.ArrayLike) -> Hits:
        """Return the nearest hit of the rays from `origins` (n, 3) along the unit `directions` (n, 3)."""
        found = self._scene.run(_float32(origins), _float32(directions), output=True)
        return Hits(found["primID"], found["tfar"], found["u"], found["v"])

    def blocked(self, starts: npt.ArrayLike, ends: npt.ArrayLike, margin: float = 1e-3) -> npt.NDArray[np.bool_]:
        """Return whether anything is between `starts` and `ends` (n, 3), ignoring `margin` m at both ends: (n,)."""
        begin, end = np.asarray(starts, np.float64), np.asarray(ends, np.float64)
        way = end - begin
        length = np.linalg.norm(way, axis=1)
        direction = way / np.where(length > 0, length, 1.0)[:, None]
        reach = np.maximum(length - 2 * margin, 0.0)
        found = self._scene.run(
            _float32(begin + margin * direction), _float32(direction), dists=_float32(reach), query="OCCLUDED"
        )
        return np.asarray((found == 0) & (length > 2 * margin))


def _float32(values: npt.ArrayLike) -> Float32:
    return np.ascontiguousarray(values, dtype=np.float32)
