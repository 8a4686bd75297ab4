"""Ray casting in triangle meshes: one Embree structure shared by rendering and sound."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from embreex.mesh_construction import TriangleMesh
from embreex.rtcore_scene import EmbreeScene

from ...compiled import njit

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
        begin, end = np.ascontiguousarray(starts, np.float64), np.ascontiguousarray(ends, np.float64)
        origin, direction, reach, apart = _between(begin, end, margin)
        return np.asarray((self._scene.run(origin, direction, dists=reach, query="OCCLUDED") == 0) & apart)


@njit(cache=True, error_model="numpy", nogil=True)
def _between(begin, end, margin):  # type: ignore[no-untyped-def]
    """Return rays from `begin` to `end` (n, 3) without `margin` m at both ends: origin and unit direction (n, 3), and
    reach (n,), float32; and whether anything is left (n,)."""
    count = begin.shape[0]
    origin, direction = np.empty((count, 3), np.float32), np.empty((count, 3), np.float32)
    reach, apart = np.empty(count, np.float32), np.empty(count, np.bool_)
    for k in range(count):
        x, y, z = end[k, 0] - begin[k, 0], end[k, 1] - begin[k, 1], end[k, 2] - begin[k, 2]
        length = np.sqrt(x * x + y * y + z * z)
        scale = length if length > 0 else 1.0
        x, y, z = x / scale, y / scale, z / scale
        origin[k, 0], origin[k, 1], origin[k, 2] = (
            begin[k, 0] + margin * x,
            begin[k, 1] + margin * y,
            begin[k, 2] + margin * z,
        )
        direction[k, 0], direction[k, 1], direction[k, 2] = x, y, z
        reach[k], apart[k] = max(length - 2 * margin, 0.0), length > 2 * margin
    return origin, direction, reach, apart


def _float32(values: npt.ArrayLike) -> Float32:
    return np.ascontiguousarray(values, dtype=np.float32)
