"""Exports any home as one .glb file: geometry, textures, colours, acoustic materials and objects.

`load_glb` reads everything back. Each instance is a node, each acoustic material a glTF material of that name with its
properties under `extras`, and the colour of each face a vertex colour.
"""

import io
import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from ...errors import InputError
from ...files import written_whole
from .glb_materials import acoustics_as_extras, decode_srgb
from .scene import Scene

_FLOAT, _UNSIGNED = 5126, 5125
_VERTICES, _INDICES = 34962, 34963


@dataclass
class _Document:
    """A glTF document under construction, with its binary chunk."""

    binary: bytearray = field(default_factory=bytearray)
    lists: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    materials: dict[tuple[int, int], int] = field(default_factory=dict)
    extensions: set[str] = field(default_factory=set)

    def add(self, kind: str, item: dict[str, Any]) -> int:
        """Append `item` to the list `kind`; return its index."""
        self.lists.setdefault(kind, []).append(item)
        return len(self.lists[kind]) - 1

    def add_bytes(self, content: bytes, **about: int) -> int:
        """Append `content` to the binary chunk; return the index of its view."""
        self.binary += bytes(-len(self.binary) % 4)
        view = {"buffer": 0, "byteOffset": len(self.binary), "byteLength": len(content), **about}
        self.binary += content
        return self.add("bufferViews", view)

    def add_array(self, values: npt.NDArray[Any], **about: Any) -> int:
        """Append the float32 `values` (n, width) or uint32 `values` (n,); return the index of the accessor."""
        vectors = values.ndim == 2
        view = self.add_bytes(values.tobytes(), target=_VERTICES if vectors else _INDICES)
        kind = f"VEC{values.shape[1]}" if vectors else "SCALAR"
        part = _FLOAT if vectors else _UNSIGNED
        return self.add(
            "accessors", {"bufferView": view, "componentType": part, "count": len(values), "type": kind, **about}
        )


def write_glb(scene: Scene, path: str | Path) -> None:
    """Write `scene` as a .glb file to `path`, completely or not at all; raises InputError for another extension."""
    if Path(path).suffix.lower() != ".glb":
        raise InputError(f"{path}: expected a name that ends in .glb")
    document = _Document()
    for texture in scene.textures:
        _add_texture(document, texture)
    nodes = [_add_node(document, scene, faces, name) for name, faces in _objects(scene)]
    whole = {
        "asset": {"version": "2.0", "generator": "whence"},
        "scene": 0,
        "scenes": [{"name": scene.name, "nodes": nodes}],
        **document.lists,
        "buffers": [{"byteLength": len(document.binary)}],
    }
    if document.extensions:
        whole["extensionsUsed"] = sorted(document.extensions)
    with written_whole(Path(path)) as partial:
        partial.write_bytes(_container(json.dumps(whole, separators=(",", ":")).encode(), bytes(document.binary)))


def _container(text: bytes, binary: bytes) -> bytes:
    """Return the bytes of a .glb of the JSON `text` and the `binary` chunk."""
    text += b" " * (-len(text) % 4)
    binary += bytes(-len(binary) % 4)
    head = struct.pack("<III", 0x46546C67, 2, 12 + 8 + len(text) + 8 + len(binary))
    return head + struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(binary), b"BIN\0") + binary


def _add_texture(document: _Document, texture: npt.NDArray[np.uint8]) -> None:
    """Add `texture` (height, width, 3) as a PNG."""
    content = io.BytesIO()
    Image.fromarray(texture).save(content, "PNG")
    view = document.add_bytes(content.getvalue())
    image = document.add("images", {"bufferView": view, "mimeType": "image/png"})
    document.add("textures", {"source": image})


def _objects(scene: Scene) -> Iterator[tuple[str, npt.NDArray[np.intp]]]:
    """Yield the name and faces of each instance, or of the whole scene if it has none."""
    if scene.instance is None:
        yield scene.name, np.arange(len(scene.faces))
        return
    for number in np.unique(scene.instance):
        yield scene.instance_names[number], np.flatnonzero(scene.instance == number)


def _add_node(document: _Document, scene: Scene, faces: npt.NDArray[np.intp], name: str) -> int:
    """Add the object `name` made of `faces`, one primitive per material and texture; return the index of its node."""
    pairs = np.stack([scene.material[faces], scene.texture[faces]], axis=1)
    kinds, which = np.unique(pairs, axis=0, return_inverse=True)
    primitives = []
    for kind, (material, texture) in enumerate(kinds.tolist()):
        chosen = faces[which.reshape(-1) == kind]
        number = _add_material(document, scene, material, texture)
        primitives.append({**_geometry(document, scene, chosen, texture >= 0), "material": number})
    mesh = document.add("meshes", {"name": name, "primitives": primitives})
    moved = {"translation": list(scene.origin)} if any(scene.origin) else {}
    return document.add("nodes", {"name": name, "mesh": mesh, **moved})


def _add_material(document: _Document, scene: Scene, material: int, texture: int) -> int:
    """Return the index of the glTF material for an acoustic `material` and a `texture`, adding it if new."""
    if (material, texture) in document.materials:
        return document.materials[material, texture]
    surface: dict[str, Any] = {"metallicFactor": 0.0, "roughnessFactor": 1.0}
    if texture >= 0:
        surface["baseColorTexture"] = {"index": texture}
    sound = scene.materials[material]
    item = {
        "name": sound.name,
        "doubleSided": True,
        "pbrMetallicRoughness": surface,
        "extras": acoustics_as_extras(sound),
    }
    if scene.unlit:
        document.extensions.add("KHR_materials_unlit")
        item["extensions"] = {"KHR_materials_unlit": {}}
    number = document.add("materials", item)
    document.materials[material, texture] = number
    return number


def _geometry(document: _Document, scene: Scene, faces: npt.NDArray[np.intp], textured: bool) -> dict[str, Any]:
    """Return the attributes and indices of `faces`, with equal corners merged into one vertex."""
    parts = [
        scene.vertices[scene.faces[faces]],
        np.repeat(decode_srgb(scene.colour[faces]).astype(np.float32)[:, None], 3, axis=1),
        scene.texture_coordinates[faces] if textured else np.empty((len(faces), 3, 0), np.float32),
    ]
    corners = np.ascontiguousarray(np.concatenate(parts, axis=2).reshape(3 * len(faces), -1), np.float32)
    _, first, number = np.unique(corners.view(f"V{4 * corners.shape[1]}")[:, 0], return_index=True, return_inverse=True)
    vertices = corners[first]
    limits = {"min": vertices[:, :3].min(axis=0).tolist(), "max": vertices[:, :3].max(axis=0).tolist()}
    attributes = {"POSITION": document.add_array(vertices[:, :3].copy(), **limits)}
    if (scene.colour[faces] != 1).any():
        attributes["COLOR_0"] = document.add_array(vertices[:, 3:6].copy())
    if textured:
        attributes["TEXCOORD_0"] = document.add_array(vertices[:, 6:].copy())
    return {"attributes": attributes, "indices": document.add_array(number.reshape(-1).astype(np.uint32))}
