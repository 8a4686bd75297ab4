"""Homes from .glb and .gltf files: `load_glb`, and `write_glb` to export any home.

glTF is in metres with +Y up, as scenes are here. The one exception known is Habitat-Matterport 3D, whose published
files have +Z up: a file that lies as that data set has it, 00009-vLpv2VX547B/vLpv2VX547B.glb, is turned by -90
degrees about x (x, y, z become x, z, -y, as Habitat's own configuration has it), counts as unlit since it is a
photographed scan, and has no instances since its nodes are arbitrary pieces. Any other file is read as the standard
says. Every node with a mesh is an instance, unless there is only one.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from .glb_export import write_glb
from .glb_materials import Look, encode_srgb, read_acoustics, read_look
from .gltf_file import MALFORMED, GltfFile, Json, damaged, open_gltf, unsupported
from .materials import AcousticMaterial
from .scene import Scene, check_scene

__all__ = ["HABITAT_MATTERPORT", "load_glb", "write_glb"]

HABITAT_MATTERPORT = re.compile(r"(?:.*/)?(\d{5}-([0-9A-Za-z]{11}))/\2(?:\.basis)?\.glb")
"""The path of a home of Habitat-Matterport 3D; the first group is its name."""

_DEEPEST = 200
_Z_UP = np.array([[1.0, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]])

Float64 = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class _Piece:
    """Triangles of one primitive of one node."""

    corners: Float64
    """Positions (f, 3 corners, 3) m in the world."""
    coordinates: Float64
    """Texture coordinates (f, 3 corners, 2)."""
    colour: Float64
    """sRGB (f, 3)."""
    look: Look
    sound: AcousticMaterial
    node: int


def load_glb(path: str | Path, *, name: str | None = None) -> Scene:
    """Return the home in the .glb or .gltf file at `path`, called `name` (the file's stem, where None).

    Raises InputError where the file is damaged, compressed in a way that is not read here, or no home.
    """
    file = open_gltf(Path(path))
    scanned = HABITAT_MATTERPORT.fullmatch(Path(path).absolute().as_posix()) is not None
    try:
        pieces = [piece for piece in _pieces(file, _Z_UP if scanned else np.eye(4)) if len(piece.corners)]
        if not pieces:
            raise InputError(f"{path}: it holds no triangles")
        scene = _assemble(file, pieces, name or Path(path).stem, scanned)
    except InputError:
        raise
    except MALFORMED as error:
        raise damaged(Path(path), f"{type(error).__name__}: {error}") from None
    return check_scene(scene)


# Nodes ----------------------------------------------------------------------------------------------------------


def _pieces(file: GltfFile, turn: Float64) -> Iterator[_Piece]:
    """Yield the triangles of every primitive of every node, in the order of the scene's tree."""
    for number, place in _placed_nodes(file, turn):
        node = file.items("nodes")[number]
        mesh = file.items("meshes")[node["mesh"]]
        for primitive in mesh["primitives"]:
            yield _piece(file, primitive, place, number, (str(mesh.get("name", "")), str(node.get("name", ""))))


def _placed_nodes(file: GltfFile, turn: Float64) -> Iterator[tuple[int, Float64]]:
    """Yield each node with a mesh and its 4 x 4 place in the world."""
    waiting = [(root, turn, 0) for root in reversed(_roots(file))]
    while waiting:
        number, above, depth = waiting.pop()
        if number < 0 or depth > _DEEPEST:
            raise damaged(file.path, "its nodes contain themselves or do not exist")
        node = file.items("nodes")[number]
        place = np.einsum("ij,jk->ik", above, _local(node))
        if not np.isfinite(place).all():
            raise damaged(file.path, f"the place of node {number} is not finite")
        if "mesh" in node:
            yield number, place
        waiting += [(child, place, depth + 1) for child in reversed(node.get("children", ()))]


def _roots(file: GltfFile) -> list[int]:
    scenes = file.items("scenes")
    if scenes:
        return list(scenes[file.document.get("scene", 0)].get("nodes", ()))
    nodes = file.items("nodes")
    children = {child for node in nodes for child in node.get("children", ())}
    return [number for number in range(len(nodes)) if number not in children]


def _local(node: Json) -> Float64:
    """Return the 4 x 4 place of a node in its parent."""
    if "matrix" in node:
        return np.array(node["matrix"], np.float64).reshape(4, 4).T
    place = np.eye(4)
    x, y, z, w = np.array(node.get("rotation", (0, 0, 0, 1)), np.float64)
    turn = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    place[:3, :3] = np.array(turn) * np.array(node.get("scale", (1, 1, 1)), np.float64)
    place[:3, 3] = node.get("translation", (0, 0, 0))
    return place


# Primitives -----------------------------------------------------------------------------------------------------


def _piece(file: GltfFile, primitive: Json, place: Float64, node: int, names: Sequence[str]) -> _Piece:
    """Return the triangles of `primitive` where `place` (4, 4) puts them; none for points and lines."""
    _refuse_draco(file, primitive)
    attributes = primitive["attributes"]
    positions = file.accessor(attributes["POSITION"]).astype(np.float64)
    order = (
        file.accessor(primitive["indices"]).astype(np.int64) if "indices" in primitive else np.arange(len(positions))
    )
    faces = _triangles(order, primitive.get("mode", 4))
    if faces.size and faces.max() >= len(positions):
        raise damaged(file.path, "a triangle names a vertex that does not exist")
    if np.linalg.det(place[:3, :3]) < 0:  # a mirrored copy keeps its front in front
        faces = faces[:, ::-1]
    material = file.items("materials")[primitive["material"]] if "material" in primitive else {}
    look = read_look(file, material)
    with np.errstate(invalid="ignore"):  # what is not finite is for check_scene to report
        placed = np.einsum("nk,ak->na", positions, place[:3, :3]) + place[:3, 3]
    return _Piece(
        corners=placed[faces],
        coordinates=_coordinates(file, attributes, look, faces),
        colour=_colours(file, attributes, look, faces),
        look=look,
        sound=read_acoustics(material, (look.name, *names)),
        node=node,
    )


def _refuse_draco(file: GltfFile, primitive: Json) -> None:
    """Raise InputError where the geometry is there only as Draco's bytes."""
    position = file.items("accessors")[primitive["attributes"]["POSITION"]]
    if "KHR_draco_mesh_compression" in primitive.get("extensions", {}) and "bufferView" not in position:
        raise unsupported(file.path, "KHR_draco_mesh_compression")


def _triangles(order: Indices, mode: int) -> Indices:
    """Return the triangles (f, 3) of the vertices `order` (n,) drawn as triangles (4), a strip (5) or a fan (6)."""
    if mode == 4:
        return order[: order.size // 3 * 3].reshape(-1, 3)
    if mode not in (5, 6) or order.size < 3:
        return np.empty((0, 3), np.int64)
    if mode == 6:
        return np.stack([np.full(order.size - 2, order[0]), order[1:-1], order[2:]], axis=1)
    faces = np.stack([order[:-2], order[1:-1], order[2:]], axis=1)
    faces[1::2] = faces[1::2, ::-1]
    return faces


def _coordinates(file: GltfFile, attributes: Json, look: Look, faces: Indices) -> Float64:
    """Return the texture coordinates (f, 3, 2) that `look` is seen with; zero without a texture."""
    key = f"TEXCOORD_{look.coordinates}"
    if look.image < 0 or key not in attributes:
        return np.zeros((len(faces), 3, 2))
    transform = np.array(look.transform, np.float64)
    given = file.accessor(attributes[key]).astype(np.float64)
    if not np.isfinite(given).all():
        raise damaged(file.path, f"{key} is not finite")
    return np.asarray((np.einsum("nk,ak->na", given, transform[:, :2]) + transform[:, 2])[faces])


def _colours(file: GltfFile, attributes: Json, look: Look, faces: Indices) -> Float64:
    """Return the sRGB colour (f, 3): the material's times the mean of the corners' own."""
    linear = np.broadcast_to(np.array(look.colour), (len(faces), 3))
    if "COLOR_0" in attributes:
        linear = linear * file.accessor(attributes["COLOR_0"])[:, :3][faces].mean(axis=1)
    return encode_srgb(linear)


# Scene ----------------------------------------------------------------------------------------------------------


def _assemble(file: GltfFile, pieces: Sequence[_Piece], name: str, scanned: bool) -> Scene:
    """Return the scene of all `pieces`; a `scanned` one is unlit and has no instances."""
    sizes = [len(piece.corners) for piece in pieces]
    images = sorted({piece.look.image for piece in pieces} - {-1})
    sounds = list(dict.fromkeys(piece.sound for piece in pieces))
    nodes = list(dict.fromkeys(piece.node for piece in pieces))
    vertices, faces = _joined(np.concatenate([piece.corners for piece in pieces]).astype(np.float32))
    unlit = sum(size for piece, size in zip(pieces, sizes, strict=True) if piece.look.unlit)
    separate = len(nodes) > 1 and not scanned

    def repeated(values: list[int], kind: type[np.signedinteger[Any]]) -> npt.NDArray[Any]:
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
    """Return the different positions among `corners` (f, 3, 3), and the triangles (f, 3) between them."""
    flat = np.ascontiguousarray(corners.reshape(-1, 3) + np.float32(0.0))  # -0 becomes 0
    _, first, number = np.unique(flat.view("V12")[:, 0], return_index=True, return_inverse=True)
    return flat[first], number.reshape(-1, 3).astype(np.int32)


def _node_name(file: GltfFile, number: int) -> str:
    """Return the name of a node, or that of its mesh, or its number."""
    node = file.items("nodes")[number]
    return str(node.get("name") or file.items("meshes")[node["mesh"]].get("name") or f"node {number}")
