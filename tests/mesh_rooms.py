"""Scenes of a few triangles and heads without shape, for the tests of sound in a mesh."""

from collections.abc import Sequence

import numpy as np

from whence.datagen.scenes.materials import BANDS_HZ, AcousticMaterial
from whence.datagen.scenes.scene import Scene

BANDS = len(BANDS_HZ)
CORNERS = [(x, y, z) for x in (0, 1) for y in (0, 1) for z in (0, 1)]
WALLS = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
"""Corners of the walls x=0, x=X, y=0, y=Y, z=0, z=Z."""

Share = float | Sequence[float]


def material(absorption: Share, scattering: Share = 0.0) -> AcousticMaterial:
    """A surface; one number stands for all octave bands."""
    shares = [tuple(np.broadcast_to(share, BANDS).tolist()) for share in (absorption, scattering)]
    return AcousticMaterial("made up", *shares, source="none")


def scene_of(vertices, faces, kind, materials: Sequence[AcousticMaterial]) -> Scene:
    """White triangles; `kind` (f,) is the index into `materials`."""
    count = len(faces)
    return Scene(
        name="test",
        vertices=np.asarray(vertices, dtype=np.float32),
        faces=np.asarray(faces, dtype=np.int32),
        material=np.asarray(kind, dtype=np.int16),
        materials=materials,
        colour=np.ones((count, 3), dtype=np.float32),
        texture=np.full(count, -1, dtype=np.int16),
        texture_coordinates=np.zeros((count, 3, 2), dtype=np.float32),
        textures=[],
    )


def room_scene(dimensions, absorption: Sequence[Share] | Share, scattering: Share = 0.0) -> Scene:
    """An empty room (x, y, z), m; `absorption` is one for all walls or one for each of `WALLS`."""
    walls = absorption if isinstance(absorption, Sequence) else [absorption] * 6
    faces = [triangle for a, b, c, d in WALLS for triangle in ((a, b, c), (a, c, d))]
    kinds = [material(share, scattering) for share in walls]
    return scene_of(np.multiply(CORNERS, dimensions), faces, np.repeat(np.arange(6), 2), kinds)


def with_panel(scene: Scene, corners) -> Scene:
    """`scene` and a panel of its first material with four `corners` (4, 3) in order."""
    first = len(scene.vertices)
    return scene_of(
        np.concatenate([scene.vertices, np.asarray(corners, dtype=np.float32)]),
        np.concatenate([scene.faces, [[first, first + 1, first + 2], [first, first + 2, first + 3]]]),
        np.concatenate([scene.material, [0, 0]]),
        scene.materials,
    )


def moved(scene: Scene, matrix) -> Scene:
    """`scene` with every vertex through `matrix` (3, 3)."""
    vertices = scene.vertices.astype(np.float64) @ np.asarray(matrix).T
    return scene_of(vertices, scene.faces, scene.material, scene.materials)


def images(dimensions, absorption, source, listener, reach: float):
    """The images of `source` within `reach` m of `listener`: offsets (n, 3), orders (n,), and the energy (n,) that the
    walls leave, by Allen and Berkley's lattice."""
    axes = []
    for axis, size in enumerate(dimensions):
        cell = np.arange(-int(reach / size) - 2, int(reach / size) + 3)
        offset = cell * size + np.where(cell % 2 == 0, source[axis], size - source[axis]) - listener[axis]
        high = np.where(cell > 0, (cell + 1) // 2, -cell // 2)
        low = np.abs(cell) - high
        kept = (1 - absorption[2 * axis]) ** low * (1 - absorption[2 * axis + 1]) ** high
        axes.append((offset, np.abs(cell), kept))
    grids = [np.meshgrid(*[axis[k] for axis in axes], indexing="ij") for k in range(3)]
    offsets = np.stack([grid.ravel() for grid in grids[0]], axis=1)
    orders, kept = sum(grids[1]).ravel(), np.prod(grids[2], axis=0).ravel()
    near = np.linalg.norm(offsets, axis=1) < reach
    return offsets[near], orders[near], kept[near]


class PointHead:
    """Two ears in the same place, in the free field."""

    name, taps, lead = "point", 1, 0

    def responses(self, directions, distances=None):
        return np.ones((len(directions), 2, 1), dtype=np.float32)


class SidedHead:
    """Ears that hear in proportion to how much they face the sound: energy (1 -+ x) / 2."""

    name, taps, lead = "sided", 1, 0

    def responses(self, directions, distances=None):
        across = np.asarray(directions)[:, 0]
        energy = np.stack([1 - across, 1 + across], axis=1) / 2
        return np.sqrt(np.maximum(energy, 0))[..., None].astype(np.float32)
