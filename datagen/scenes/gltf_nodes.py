"""Places the meshes of a glTF file: the node tree, morph targets at rest, and skins in their bind pose.

Source: Khronos, glTF 2.0 specification, sections 3.5 (scenes and nodes) and 3.7 (meshes, morph targets, skins).
Transforms are composed in float64, so that a node 100 km from the origin loses no precision.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .gltf_file import GltfFile, Json, damaged, unsupported

Float64 = npt.NDArray[np.float64]
_INSTANCES = "EXT_mesh_gpu_instancing"
_UNIT = 1e-3
"""Rounded rotations are as far from length 1; they keep the bytes of datasets that exist."""


@dataclass(frozen=True, eq=False)
class Placed:
    """The index `number` of a node, its world matrix `place` (4, 4), and the `joints` (j, 4, 4) of a skinned mesh."""

    number: int
    place: Float64
    joints: Float64 | None = None

    @property
    def is_mirrored(self) -> bool:
        """Whether the world matrix mirrors the mesh."""
        place = self.place if self.joints is None else self.joints[0]
        return bool(np.linalg.det(place[:3, :3]) < 0)


def placed_nodes(file: GltfFile, turn: Float64) -> list[Placed]:
    """Return each node with a mesh, in the order of the scene tree; `turn` (4, 4) is applied above the roots.

    Raises InputError if the nodes are not a tree, a matrix is not finite or not affine, or a mesh is one of instances.
    Hidden nodes and those without extent are left out.
    """
    nodes, (places, hidden) = file.items("nodes"), _places(file, turn)
    shown = {number: place for number, place in places.items() if number not in hidden and "mesh" in nodes[number]}
    if any(_INSTANCES in _extensions(nodes[number]) for number in shown):
        raise unsupported(file.path, _INSTANCES)
    seen = [number for number, place in shown.items() if place[:3, :3].any()]
    return [Placed(number, places[number], _joints(file, nodes[number], places)) for number in seen]


def _places(file: GltfFile, turn: Float64) -> tuple[dict[int, Float64], set[int]]:
    """Return the world matrix (4, 4) of every node of the scene, in the order of its tree, and which are hidden.

    Hidden nodes have a place as well: they may be joints of a mesh that is seen.
    """
    nodes, places, hidden = file.items("nodes"), dict[int, Float64](), set[int]()
    waiting = [(root, turn, True) for root in reversed(_roots(file))]
    while waiting:
        number, above, seen = waiting.pop()
        if number < 0 or number in places:
            raise damaged(file.path, "its nodes contain themselves or do not exist")
        seen = seen and _is_visible(nodes[number])
        if not seen:
            hidden.add(number)
        place = np.einsum("ij,jk->ik", above, _local(nodes[number]))
        if not np.isfinite(place).all():
            raise damaged(file.path, f"the place of node {number} is not finite")
        if not np.allclose(place[3], (0, 0, 0, 1)):
            raise damaged(file.path, f"the matrix of node {number} is not affine: it may be written row by row")
        places[number] = place
        waiting += [(child, place, seen) for child in reversed(nodes[number].get("children", ()))]
    return places, hidden


def _extensions(node: Json) -> Json:
    extensions = node.get("extensions")
    return extensions if isinstance(extensions, Mapping) else {}


def _is_visible(node: Json) -> bool:
    """Return whether KHR_node_visibility shows `node`; a hidden one hides its children."""
    return bool(_extensions(node).get("KHR_node_visibility", {}).get("visible", True))


def _roots(file: GltfFile) -> list[int]:
    scenes = file.items("scenes")
    if scenes:
        return list(scenes[file.document.get("scene", 0)].get("nodes", ()))
    nodes = file.items("nodes")
    children = {child for node in nodes for child in node.get("children", ())}
    return [number for number in range(len(nodes)) if number not in children]


def _local(node: Json) -> Float64:
    """Return the matrix (4, 4) of a node relative to its parent."""
    if "matrix" in node:
        return np.array(node["matrix"], np.float64).reshape(4, 4).T
    place = np.eye(4)
    x, y, z, w = _unit(np.array(node.get("rotation", (0, 0, 0, 1)), np.float64))
    turn = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    place[:3, :3] = np.array(turn) * np.array(node.get("scale", (1, 1, 1)), np.float64)
    place[:3, 3] = node.get("translation", (0, 0, 0))
    return place


def _unit(quaternion: Float64) -> Float64:
    """Return `quaternion` (4,) of length 1, as the standard asks; unchanged if it is nearly so."""
    length = float(np.linalg.norm(quaternion, axis=-1))
    if not length > 0:
        raise ValueError("a rotation is of length zero")
    return quaternion if abs(length - 1) < _UNIT else quaternion / length


def _joints(file: GltfFile, node: Json, places: Mapping[int, Float64]) -> Float64 | None:
    """Return the matrix (j, 4, 4) that each joint of the skin of `node` applies to the mesh, None without a skin."""
    if "skin" not in node:
        return None
    skin = file.items("skins")[node["skin"]]
    joints = np.stack([places[joint] for joint in skin["joints"]])
    if "inverseBindMatrices" not in skin:
        return joints
    inverse = file.accessor(skin["inverseBindMatrices"]).astype(np.float64).reshape(-1, 4, 4).transpose(0, 2, 1)
    return np.asarray(np.einsum("nij,njk->nik", joints, inverse[: len(joints)]))


def placed_positions(file: GltfFile, primitive: Json, placed: Placed) -> Float64:
    """Return the positions (v, 3) of `primitive` where `placed` puts them."""
    attributes = primitive["attributes"]
    positions = _morphed(file, primitive, file.accessor(attributes["POSITION"]).astype(np.float64), placed.number)
    with np.errstate(invalid="ignore"):  # check_scene reports values that are not finite
        if placed.joints is None or "JOINTS_0" not in attributes:
            return np.asarray(np.einsum("nk,ak->na", positions, placed.place[:3, :3]) + placed.place[:3, 3])
        bones = _bones(file, attributes, placed.joints)
        return np.asarray(np.einsum("nk,nak->na", positions, bones[:, :3, :3]) + bones[:, :3, 3])


def _morphed(file: GltfFile, primitive: Json, positions: Float64, number: int) -> Float64:
    """Return `positions` (v, 3) with the morph targets at the weights of the node or its mesh."""
    node = file.items("nodes")[number]
    weights = node.get("weights") or file.items("meshes")[node["mesh"]].get("weights", ())
    for weight, target in zip(weights, primitive.get("targets", ()), strict=False):
        if weight and "POSITION" in target:
            positions = positions + float(weight) * file.accessor(target["POSITION"]).astype(np.float64)
    return positions


def _bones(file: GltfFile, attributes: Mapping[str, Any], joints: Float64) -> Float64:
    """Return the weighted mean (v, 4, 4) of the `joints` (j, 4, 4) of each vertex."""
    sets = [name.removeprefix("JOINTS_") for name in sorted(attributes) if name.startswith("JOINTS_")]
    numbers, weights = (
        np.concatenate([file.accessor(attributes[f"{kind}_{each}"]) for each in sets], axis=1)
        for kind in ("JOINTS", "WEIGHTS")
    )
    return np.asarray(np.einsum("nj,njab->nab", weights.astype(np.float64), joints[numbers.astype(np.int64)]))
