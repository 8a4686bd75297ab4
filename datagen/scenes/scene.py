"""A home: triangles with textures, acoustic materials, and instances to compare views by.

World frame: metres, right-handed, +Y up, -Z forward at heading 0. Faces are hit from both sides.

Rays use float32, whose steps grow with the distance from zero: 0.5 um at 4 m, 1 mm at 10 km. A scene from a file
therefore has its zero at its own centre, and `origin` is the position of that zero in the frame of the file.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from .materials import AcousticMaterial
from .rays import Rays

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Scene:
    """The geometry, look and sound of one home.

    `vertices` (v, 3) m and `faces` (f, 3) are the triangles. `texture` (f,) is an index into `textures`, each uint8
    (height, width, 3) sRGB, or -1 for none. `texture_coordinates` (f, 3, 2) are per corner, in repeats, v downwards.
    `colour` (f, 3) in 0..1 multiplies the texture, or is the colour without one. `material` (f,) is an index into
    `materials`. `instance` (f,) numbers the objects from 0, with names in `instance_names`; None if the source does not
    separate objects. An `unlit` scene has its light baked into its textures. `origin` (x, y, z) m is the zero of
    `vertices` in the frame of the file, turned to +Y up: add it to a position to store it.
    """

    name: str
    vertices: Float32
    faces: npt.NDArray[np.int32]
    material: npt.NDArray[np.int16]
    materials: Sequence[AcousticMaterial]
    colour: Float32
    texture: npt.NDArray[np.int16]
    texture_coordinates: Float32
    textures: Sequence[npt.NDArray[np.uint8]]
    instance: npt.NDArray[np.int32] | None = None
    instance_names: Sequence[str] = ()
    unlit: bool = False
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @cached_property
    def rays(self) -> Rays:
        """The ray structure for both rendering and sound."""
        return Rays(self.vertices, self.faces)

    @cached_property
    def normals(self) -> Float32:
        """Unit normals (f, 3), by the right-hand rule over the corners; zero for a face without area."""
        a, b, c = (self.vertices[self.faces[:, k]].astype(np.float64) for k in range(3))
        across = np.cross(b - a, c - a)
        length = np.linalg.norm(across, axis=1, keepdims=True)
        return (across / np.where(length > 0, length, 1.0)).astype(np.float32)

    @cached_property
    def areas(self) -> npt.NDArray[np.float64]:
        """Area of each face (f,), m2."""
        a, b, c = (self.vertices[self.faces[:, k]].astype(np.float64) for k in range(3))
        return np.asarray(np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2)


def without(scene: Scene, removed: npt.NDArray[np.bool_]) -> Scene:
    """Return `scene` without the faces for which `removed` (f,) is true; instances keep their numbers."""
    kept = ~removed
    return replace(
        scene,
        faces=scene.faces[kept],
        material=scene.material[kept],
        colour=scene.colour[kept],
        texture=scene.texture[kept],
        texture_coordinates=scene.texture_coordinates[kept],
        instance=None if scene.instance is None else scene.instance[kept],
    )


def check_scene(scene: Scene) -> Scene:
    """Return `scene`; raises InputError if its triangles cannot be traced."""
    if len(scene.faces) == 0:
        raise InputError(f"scene {scene.name}: it holds no triangles")
    wrong = np.flatnonzero(~np.isfinite(scene.vertices).all(axis=1))
    if wrong.size:
        raise InputError(
            f"scene {scene.name}: {wrong.size} of {len(scene.vertices)} vertices are not finite (the first is number "
            f"{wrong[0]}): repair the mesh or export it again"
        )
    if scene.faces.min() < 0 or scene.faces.max() >= len(scene.vertices):
        raise InputError(f"scene {scene.name}: faces refer to vertices that do not exist; export the mesh again")
    extent = np.ptp(scene.vertices, axis=0)
    if extent.max() > 1000 or extent.max() < 1:
        raise InputError(
            f"scene {scene.name}: it is {extent.max():g} m across; expected metres (glTF's unit), 1 to 1000: for "
            "another unit give --scale METRES_PER_UNIT"
        )
    return scene
