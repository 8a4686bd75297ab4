"""What a camera sees before anything is put in front of it: coarse distances and the way surfaces face."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..cameras import PITCH_DEG, Camera, orientation, ray_directions
from ..raycast import cast
from ..scenes.scene import Scene

Float64 = npt.NDArray[np.float64]

STRIDE = 4
"""Pixels between rays."""
_COARSE = Camera().scaled(1 / STRIDE)


@dataclass(frozen=True, eq=False)
class Outlook:
    """A home seen from `eye` (3,) m at `heading` degrees, as coarse pixels (rows, columns).

    `directions` are unit vectors (rows, columns, 3), `distance` is in m along them (inf where nothing is hit), and
    `normal` (rows, columns, 3) of the surface points at the camera's side. `names` (rows, columns) are those of the
    instances that show.
    """

    eye: Float64
    heading: float
    directions: Float64
    distance: Float64
    normal: Float64
    names: npt.NDArray[np.str_]

    @property
    def turned(self) -> Float64:
        """Orientation (3, 3) of the camera."""
        return orientation(self.heading, PITCH_DEG)

    def pixel(self, x: float, y: float) -> tuple[int, int]:
        """Return row and column of the coarse pixel at (x, y), fractions of the picture, the nearest if outside."""
        rows, columns = self.distance.shape
        return min(max(int(y * rows), 0), rows - 1), min(max(int(x * columns), 0), columns - 1)

    def towards(self, x: float, y: float) -> Float64:
        """Return the unit vector (3,) towards (x, y), fractions of the picture."""
        ahead = np.array([(x - 0.5) * _COARSE.width, (0.5 - y) * _COARSE.height, -_COARSE.focal])
        return np.asarray(self.turned @ (ahead / np.linalg.norm(ahead, axis=-1)))

    def nearest_within(self, x: float, y: float, half: float) -> float:
        """Return the least distance (m) within `half` of the picture's width around (x, y)."""
        low, high = self.pixel(x - half, y - half * 4 / 3), self.pixel(x + half, y + half * 4 / 3)
        return float(self.distance[low[0] : high[0] + 1, low[1] : high[1] + 1].min())


def look_from(scene: Scene, eye: Float64, heading: float) -> Outlook:
    """Return what shows from `eye` (3,) at `heading`."""
    directions = ray_directions(_COARSE, orientation(heading, PITCH_DEG))
    hits = cast(scene, eye, directions.reshape(-1, 3))
    shape = directions.shape[:2]
    face = hits.face.reshape(shape)
    distance = np.where(face >= 0, hits.distance.reshape(shape), np.inf).astype(np.float64)
    normal = scene.normals[face].astype(np.float64)
    away = np.einsum("rck,rck->rc", normal, directions) > 0
    assert scene.instance is not None
    names = np.array(scene.instance_names)[scene.instance[face]]
    return Outlook(eye, heading, directions, distance, np.where(away[..., None], -normal, normal), names)
