"""Reads glTF 2.0 files: the JSON document of a .glb or .gltf, its arrays and its images.

Source: Khronos, glTF 2.0 specification (ISO/IEC 12113), sections 3.6 (binary data), 3.8 (textures) and 4 (GLB).
"""

import base64
import binascii
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ..pictures import read_picture

Json = Mapping[str, Any]

_MAGIC, _JSON, _BIN = 0x46546C67, 0x4E4F534A, 0x004E4942
_TYPES = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_MESHOPT = {"EXT_meshopt_compression", "KHR_meshopt_compression"}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}

UNDERSTOOD = {
    "KHR_materials_unlit",
    "KHR_texture_transform",
    "KHR_mesh_quantization",
    "EXT_texture_webp",
    "KHR_materials_pbrSpecularGlossiness",
    "KHR_materials_emissive_strength",
    "KHR_lights_punctual",
    "KHR_animation_pointer",
    "KHR_xmp_json_ld",
    "KHR_node_visibility",
}
"""Extensions that a file may require; lights, emission, animation and metadata change no surface's colour or place."""
REMEDIES = {
    "KHR_draco_mesh_compression": "geometry compressed by Draco; unpack it (gltf-transform copy IN OUT.glb)",
    "EXT_meshopt_compression": "geometry compressed by meshoptimizer; unpack it (gltf-transform copy IN OUT.glb)",
    "KHR_meshopt_compression": "geometry compressed by meshoptimizer; unpack it (gltf-transform copy IN OUT.glb)",
    "KHR_texture_basisu": "textures compressed as Basis Universal (KTX2); of Habitat-Matterport 3D take the plain "
    "NAME.glb, or convert them to PNG or JPEG",
    "GOOGLE_texture_basis": "textures compressed as Basis Universal (.basis); of Habitat-Matterport 3D take the plain "
    "NAME.glb (hm3d-train-glb) instead of NAME.basis.glb",
    "EXT_texture_avif": "textures compressed as AVIF; convert them to PNG or JPEG",
    "MSFT_texture_dds": "textures compressed as DDS; convert them to PNG or JPEG",
    "EXT_mesh_gpu_instancing": "repeated meshes; write them out one by one (gltf-transform uninstance IN OUT.glb)",
}
"""Workarounds for common extensions that are not supported."""


def damaged(path: Path, why: object) -> InputError:
    """Return the error for a file that breaks the format."""
    return InputError(f"{path}: damaged or not a glTF 2.0 file ({why}): download or export it again")


def unsupported(path: Path, extension: str) -> InputError:
    """Return the error for a file that needs `extension`."""
    return InputError(f"{path} needs {extension}: {REMEDIES.get(extension, 'export it without this extension')}")


@dataclass(frozen=True, eq=False)
class GltfFile:
    """The `document` of the file at `path`, with access to its buffers and images."""

    path: Path
    document: Json
    binary: bytes
    _buffers: dict[int, bytes] = field(default_factory=dict)

    def items(self, kind: str) -> list[Json]:
        """Return the list `kind` (nodes, meshes, ...) of the document, empty if it has none."""
        return list(self.document.get(kind, ()))

    def accessor(self, index: int) -> npt.NDArray[Any]:
        """Return the values of an accessor, (count,) or (count, width), as floats if they are normalised."""
        accessor = self.items("accessors")[index]
        values = self._dense(accessor)
        if "sparse" in accessor:
            values = self._with_sparse(values, accessor)
        if accessor.get("normalized"):
            values = np.maximum(values / np.float32(np.iinfo(values.dtype).max), -1.0).astype(np.float32)
        return values[:, 0] if accessor["type"] == "SCALAR" else values

    def _dense(self, accessor: Json) -> npt.NDArray[Any]:
        kind, width, count = np.dtype(_TYPES[accessor["componentType"]]), _WIDTHS[accessor["type"]], accessor["count"]
        if "bufferView" not in accessor:
            return np.zeros((count, width), kind)
        view = self.items("bufferViews")[accessor["bufferView"]]
        data = self._view(view)
        offset, size = accessor.get("byteOffset", 0), width * kind.itemsize
        stride = view.get("byteStride") or size
        if count and offset + (count - 1) * stride + size > len(data):
            raise damaged(self.path, f"an accessor of {count} values reaches beyond its buffer")
        return np.ndarray((count, width), kind, data, offset, (stride, kind.itemsize)).copy()

    def _with_sparse(self, values: npt.NDArray[Any], accessor: Json) -> npt.NDArray[Any]:
        sparse = accessor["sparse"]
        places = self._dense({**sparse["indices"], "type": "SCALAR", "count": sparse["count"]})[:, 0]
        same = {"componentType": accessor["componentType"], "type": accessor["type"], "count": sparse["count"]}
        values[places] = self._dense({**sparse["values"], **same})
        return values

    def _view(self, view: Json) -> bytes:
        compressed = _MESHOPT & set(view.get("extensions", {}))
        if compressed and not self._holds_data(view["buffer"]):
            raise unsupported(self.path, min(compressed))
        start = view.get("byteOffset", 0)
        data = self._buffer(view["buffer"])[start : start + view["byteLength"]]
        if len(data) < view["byteLength"]:
            raise damaged(self.path, "a buffer is shorter than its views: the file ends too soon")
        return data

    def _holds_data(self, index: int) -> bool:
        """Return whether a buffer has data; the fallback buffer of compressed views may only reserve space."""
        buffer = self.items("buffers")[index]
        return "uri" in buffer or (bool(self.binary) and not _MESHOPT & set(buffer.get("extensions", {})))

    def _buffer(self, index: int) -> bytes:
        if index not in self._buffers:
            uri = self.items("buffers")[index].get("uri")
            self._buffers[index] = self.binary if uri is None else self._resource(uri)
        return self._buffers[index]

    def _resource(self, uri: str) -> bytes:
        """Return the content of `uri`: base64 data, or a file beside this one."""
        if uri.startswith("data:"):
            return base64.b64decode(unquote(uri.partition(",")[2]), validate=True)
        try:
            return _beside(self.path, uri).read_bytes()
        except OSError as error:
            raise InputError(f"{self.path} names {uri!r}, which cannot be read ({error.strerror or error})") from None

    def image(self, index: int) -> npt.NDArray[np.uint8]:
        """Return an image as uint8 (height, width, 3) sRGB; transparency is dropped."""
        image = self.items("images")[index]
        if image.get("mimeType") in ("image/ktx2", "image/x-basis") or image.get("uri", "").endswith(
            (".ktx2", ".basis")
        ):
            raise unsupported(self.path, "KHR_texture_basisu" if "ktx2" in str(image) else "GOOGLE_texture_basis")
        content = (
            self._resource(image["uri"])
            if "uri" in image
            else self._view(self.items("bufferViews")[image["bufferView"]])
        )
        # as stored: texture coordinates ignore the EXIF orientation
        return read_picture(content, f"{self.path}: image {index}", upright=False)


def _beside(path: Path, uri: str) -> Path:
    if "://" in uri:
        raise InputError(f"{path} names {uri!r}: expected a file beside it; download it and correct the name")
    return path.parent / unquote(uri)


def open_gltf(path: Path) -> GltfFile:
    """Return the file at `path`; raises InputError if it cannot be read or needs an unsupported extension."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
    try:
        text, binary = _chunks(path, content) if content[:4] == b"glTF" else (content, b"")
        document = json.loads(text)
    except (struct.error, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise damaged(path, error) from None
    except RecursionError:
        raise InputError(f"{path}: its JSON is nested too deeply to be read: export it without its extras") from None
    if not isinstance(document, dict) or not str(_asset(document).get("version", "")).startswith("2"):
        raise damaged(path, "its asset version is not 2.0")
    if str(_asset(document).get("minVersion", "2.0")) not in ("2", "2.0"):
        raise InputError(f"{path} needs glTF {_asset(document)['minVersion']}: export it as glTF 2.0")
    for extension in document.get("extensionsRequired", ()):
        if extension not in UNDERSTOOD and not extension.startswith("KHR_materials_"):
            raise unsupported(path, extension)
    return GltfFile(path, document, binary)


def _asset(document: Json) -> Json:
    asset = document.get("asset")
    return asset if isinstance(asset, dict) else {}


def _chunks(path: Path, content: bytes) -> tuple[bytes, bytes]:
    """Return the JSON text and the binary chunk of a .glb."""
    _, version, length = struct.unpack_from("<III", content)
    if version != 2:
        raise damaged(path, f"container version {version}, expected 2")
    if length > len(content):
        raise damaged(path, f"{len(content)} bytes of {length}: the file ends too soon")
    found, at = {_BIN: b""}, 12
    while at + 8 <= length:
        size, kind = struct.unpack_from("<II", content, at)
        if at + 8 + size > length:
            raise damaged(path, "a chunk reaches beyond the end of the file")
        found.setdefault(kind, b"")
        found[kind] = found[kind] or content[at + 8 : at + 8 + size]
        at += 8 + size
    if _JSON not in found:
        raise damaged(path, "it has no JSON chunk")
    return found[_JSON], found[_BIN]


def named_files(path: Path) -> list[Path]:
    """Return the files that the .gltf at `path` refers to, in order: buffers, then images."""
    document = open_gltf(path)
    uris = [item.get("uri", "") for kind in ("buffers", "images") for item in document.items(kind)]
    return [_beside(path, uri) for uri in uris if uri and not uri.startswith("data:")]


MALFORMED = (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError, MemoryError, binascii.Error)
"""Exceptions from reading a document with missing or wrongly typed parts."""
