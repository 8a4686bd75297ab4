"""Loads homes from .glb and .gltf files (`load_glb`), and exports any home (`write_glb`).

`frame` gives the up axis and unit of the file. A photographed Matterport scan counts as unlit and has no instances,
because its nodes are arbitrary pieces. In any other file every node with a mesh is an instance, unless there is only
one.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from .frame import Frame, is_scan, known_frame
from .glb_export import write_glb
from .glb_materials import Look, encode_srgb, read_acoustics, read_look
from .gltf_file import MALFORMED, GltfFile, Json, damaged, open_gltf, unsupported
from .gltf_nodes import Placed, placed_nodes, placed_positions
from .materials import AcousticMaterial
from .own_materials import Absorptions
from .scene import Scene, check_scene

__all__ = ["load_glb", "read_corners", "write_glb"]

_SURFACES = (4, 5, 6)
"""Drawing modes that make surfaces: triangles, a strip and a fan."""
_FINEST = 2.0**-30
"""Coordinates are rounded to this before conversion to float32, m: finer than float32 steps beyond 2 cm, and coarser
than float64 errors at 100 km, so that a room has the same bits wherever it lies."""

Float64 = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class _Piece:
    """The triangles of one primitive of one node."""

    corners: Float64
    """Positions (f, 3 corners, 3) m in the world."""
    coordinates: Float64
    """Texture coordinates (f, 3 corners, 2)."""
    colour: Float64
    """sRGB (f, 3)."""
    look: Look
    sound: AcousticMaterial
    node: int


def load_glb(
    path: str | Path,
    *,
    name: str | None = None,
    frame: Frame | None = None,
    centred: bool = True,
    absorptions: Absorptions = (),
) -> Scene:
    """Return the home in the .glb or .gltf file at `path`, named `name` (default: the stem of the file).

    `frame` defaults to that of the folder layout. A `centred` scene has its origin in the middle of its triangles,
    otherwise it keeps that of the file. `absorptions` overrule those of materials by name. Raises InputError if the
    file is damaged, uses an unsupported compression, or is not a home.
    """
    chosen = frame or known_frame(path)
    file, pieces = _read(Path(path), chosen)
    pieces = [_absorbing(piece, dict(absorptions)) for piece in pieces]
    corners = np.concatenate([piece.corners for piece in pieces])
    origin = _middle(corners) if centred else np.zeros(3)
    with _malformed_named(Path(path)):
        scene = _assemble(file, pieces, _about(corners, origin), name or Path(path).stem, is_scan(path, chosen))
    return check_scene(replace(scene, origin=tuple(origin.tolist())))


def _absorbing(piece: _Piece, absorptions: dict[str, tuple[float, ...]]) -> _Piece:
    """Return `piece` with the absorption that its material is given."""
    given = absorptions.get(piece.look.name)
    if given is None:
        return piece
    return replace(piece, sound=AcousticMaterial(piece.look.name, given, piece.sound.scattering, "given by the user"))


def read_corners(path: str | Path) -> Float64:
    """Return the triangles (f, 3 corners, 3) of the file at `path` in its own coordinates; raises as `load_glb`."""
    return np.concatenate([piece.corners for piece in _read(Path(path), Frame())[1]])


def _read(path: Path, frame: Frame) -> tuple[GltfFile, list[_Piece]]:
    """Return the file at `path` and its pieces with triangles, in the order of the scene tree."""
    file = open_gltf(path)
    with _malformed_named(path):
        pieces = [piece for piece in _pieces(file, frame) if len(piece.corners)]
    if not pieces:
        raise InputError(f"{path}: it holds no triangles")
    return file, pieces


@contextmanager
def _malformed_named(path: Path) -> Iterator[None]:
    """Turn any error from reading a malformed document into InputError."""
    try:
        yield
    except InputError:
        raise
    except MALFORMED as error:
        raise damaged(path, f"{type(error).__name__}: {error}") from None


def _middle(corners: Float64) -> Float64:
    """Return the middle (3,) of the bounding box of the finite `corners` (f, 3, 3), in steps of `_FINEST`."""
    finite = corners.reshape(-1, 3)[np.isfinite(corners).all(axis=2).reshape(-1)]
    if len(finite) == 0:
        return np.zeros(3)
    with np.errstate(over="ignore"):  # check_scene reports the fault
        return np.asarray(np.rint((finite.min(axis=0) / 2 + finite.max(axis=0) / 2) / _FINEST) * _FINEST + 0.0)


def _about(corners: Float64, origin: Float64) -> npt.NDArray[np.float32]:
    """Return `corners` (f, 3, 3) relative to `origin` (3,), unchanged if that is zero."""
    if not origin.any():
        return corners.astype(np.float32)
    with np.errstate(invalid="ignore", over="ignore"):
        return np.asarray((np.rint((corners - origin) / _FINEST) * _FINEST).astype(np.float32))


# Primitives -----------------------------------------------------------------------------------------------------


def _pieces(file: GltfFile, frame: Frame) -> Iterator[_Piece]:
    """Yield the triangles of every primitive of every node, in the order of the scene tree."""
    for placed in placed_nodes(file, frame.matrix):
        node = file.items("nodes")[placed.number]
        mesh = file.items("meshes")[node["mesh"]]
        names = (str(mesh.get("name", "")), str(node.get("name", "")))
        for primitive in mesh["primitives"]:
            if primitive.get("mode", 4) in _SURFACES and "POSITION" in primitive["attributes"]:
                yield _piece(file, primitive, placed, names)


def _piece(file: GltfFile, primitive: Json, placed: Placed, names: Sequence[str]) -> _Piece:
    """Return the triangles of `primitive` where `placed` puts them."""
    _refuse_draco(file, primitive)
    attributes = primitive["attributes"]
    positions = placed_positions(file, primitive, placed)
    order = (
        file.accessor(primitive["indices"]).astype(np.int64) if "indices" in primitive else np.arange(len(positions))
    )
    faces = _triangles(order, primitive.get("mode", 4))
    if faces.size and faces.max() >= len(positions):
        raise damaged(file.path, "a triangle names a vertex that does not exist")
    if placed.is_mirrored:  # keep the front face of a mirrored copy
        faces = faces[:, ::-1]
    material = file.items("materials")[primitive["material"]] if "material" in primitive else {}
    look = read_look(file, material)
    return _Piece(
        corners=positions[faces],
        coordinates=_coordinates(file, attributes, look, faces),
        colour=_colours(file, attributes, look, faces),
        look=look,
        sound=read_acoustics(file, material, (look.name, *names)),
        node=placed.number,
    )


def _refuse_draco(file: GltfFile, primitive: Json) -> None:
    """Raise InputError if the geometry is only available in Draco compression."""
    position = file.items("accessors")[primitive["attributes"]["POSITION"]]
    if "KHR_draco_mesh_compression" in primitive.get("extensions", {}) and "bufferView" not in position:
        raise unsupported(file.path, "KHR_draco_mesh_compression")


def _triangles(order: Indices, mode: int) -> Indices:
    """Return the triangles (f, 3) of the vertices `order` (n,) drawn in `mode`, one of `_SURFACES`."""
    if mode == 4:
        return order[: order.size // 3 * 3].reshape(-1, 3)
    if order.size < 3:
        return np.empty((0, 3), np.int64)
    if mode == 6:
        return np.stack([np.full(order.size - 2, order[0]), order[1:-1], order[2:]], axis=1)
    faces = np.stack([order[:-2], order[1:-1], order[2:]], axis=1)
    faces[1::2] = faces[1::2, ::-1]
    return faces


def _coordinates(file: GltfFile, attributes: Json, look: Look, faces: Indices) -> Float64:
    """Return the texture coordinates (f, 3, 2) for `look`; zero without a texture."""
    key = f"TEXCOORD_{look.coordinates}"
    if look.image < 0 or key not in attributes:
        return np.zeros((len(faces), 3, 2))
    transform = np.array(look.transform, np.float64)
    given = file.accessor(attributes[key]).astype(np.float64)
    if not np.isfinite(given).all():
        raise damaged(file.path, f"{key} is not finite")
    return np.asarray((np.einsum("nk,ak->na", given, transform[:, :2]) + transform[:, 2])[faces])


def _colours(file: GltfFile, attributes: Json, look: Look, faces: Indices) -> Float64:
    """Return the sRGB colour (f, 3): that of the material times the mean of the vertex colours."""
    linear = np.broadcast_to(np.array(look.colour), (len(faces), 3))
    if "COLOR_0" in attributes:
        linear = linear * file.accessor(attributes["COLOR_0"])[:, :3][faces].mean(axis=1)
    return encode_srgb(linear)


# Scene ----------------------------------------------------------------------------------------------------------


def _assemble(
    file: GltfFile, pieces: Sequence[_Piece], corners: npt.NDArray[np.float32], name: str, scanned: bool
) -> Scene:
    """Return the scene of all `pieces` with `corners` (f, 3, 3); a `scanned` one is unlit and has no instances."""
    sizes = [len(piece.corners) for piece in pieces]
    images = sorted({piece.look.image for piece in pieces} - {-1})
    sounds = list(dict.fromkeys(piece.sound for piece in pieces))
    nodes = list(dict.fromkeys(piece.node for piece in pieces))
    vertices, faces = _joined(corners)
    unlit = sum(size for piece, size in zip(pieces, sizes, strict=True) if piece.look.unlit)
    separate = len(nodes) > 1 and not scanned

    def repeated(values: list[int], kind: type[np.signedinteger[Any]]) -> npt.NDArray[Any]:
        """Return the value of each piece, repeated for its triangles."""
        return np.repeat(np.array(values, kind), sizes)

    return Scene(
        name=name,
        vertices=vertices,
        faces=faces,
        material=repeated([sounds.index(piece.sound) for piece in pieces], np.int16),
        materials=tuple(sounds),
        colour=np.concatenate([piece.colour for piece in pieces]).astype(np.float32),
        texture=repeated([images.index(p.look.image) if p.look.image >= 0 else -1 for p in pieces], np.int16),
        texture_coordinates=np.concatenate([piece.coordinates for piece in pieces]).astype(np.float32),
        textures=tuple(file.image(number) for number in images),
        instance=repeated([nodes.index(piece.node) for piece in pieces], np.int32) if separate else None,
        instance_names=tuple(_node_name(file, node) for node in nodes) if separate else (),
        unlit=scanned or 2 * unlit > sum(sizes),
    )


def _joined(corners: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int32]]:
    """Return the distinct positions among `corners` (f, 3, 3), and the triangles (f, 3) between them."""
    flat = np.ascontiguousarray(corners.reshape(-1, 3) + np.float32(0.0))  # -0 becomes 0
    _, first, number = np.unique(flat.view("V12")[:, 0], return_index=True, return_inverse=True)
    return flat[first], number.reshape(-1, 3).astype(np.int32)


def _node_name(file: GltfFile, number: int) -> str:
    """Return the name of a node, or that of its mesh, or its number."""
    node = file.items("nodes")[number]
    return str(node.get("name") or file.items("meshes")[node["mesh"]].get("name") or f"node {number}")
