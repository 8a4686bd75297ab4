"""A furnished room as a glTF file, written by hand: one node a box, anywhere, any way up and in any unit."""

import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

CUBE = np.array([(x, y, z) for x in (0, 1) for y in (0, 1) for z in (0, 1)], np.float64)
SIDES = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
FACES = np.array([half for a, b, c, d in SIDES for half in ((a, b, c), (a, c, d))], np.uint16)
Z_UP = ((1, 0, 0), (0, 0, -1), (0, 1, 0))
"""Rows: the coordinates of a file with +Z up, of a point with +Y up."""
X_UP = ((0, 1, 0), (-1, 0, 0), (0, 0, 1))
Y_DOWN = ((1, 0, 0), (0, -1, 0), (0, 0, -1))

Box = tuple[Sequence[float], Sequence[float]]


def furniture(size: Sequence[float], rng: np.random.Generator, count: int = 8) -> list[Box]:
    """Boxes (corner, size), m, on the floor of a room of `size` (x, y, z), along its walls and within."""
    found = []
    for k in range(count):
        own = rng.uniform(0.3, 0.8, 3)
        place = np.array([rng.uniform(0, side - each) for side, each in zip(size, own, strict=True)])
        if k % 2:
            axis = rng.choice([0, 2])
            place[axis] = rng.choice([0, size[axis] - own[axis]])
        found.append(((place[0], 0.0, place[2]), tuple(own)))
    return found


def write_room(
    path: Path,
    size: Sequence[float] = (8, 2.7, 6),
    *,
    boxes: Sequence[Box] | None = None,
    turn: Sequence[Sequence[int]] = ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    units_per_metre: float = 1.0,
    translation: Sequence[float] = (0, 0, 0),
    shift: float = 0.0,
    **material: Any,
) -> Path:
    """Write a room from (0, 0, 0) to `size` m with `boxes` in it as a .glb; by default eight on its floor.

    It is turned by the matrix `turn`, scaled, and moved by a node `translation` in units of the file, and its float32
    vertices by `shift` along all axes. Every surface has the glTF `material`.
    """
    things = furniture(size, np.random.default_rng(0)) if boxes is None else boxes
    document: dict[str, Any] = {"asset": {"version": "2.0"}, "materials": [material]}
    binary = FACES.tobytes()
    views = [{"buffer": 0, "byteLength": len(binary)}]
    accessors: list[dict[str, Any]] = [{"bufferView": 0, "componentType": 5123, "count": FACES.size, "type": "SCALAR"}]
    for corner, extent in [((0, 0, 0), size), *things]:
        vertices = (np.array(corner) + CUBE * extent) @ np.array(turn).T * units_per_metre + shift
        views.append({"buffer": 0, "byteOffset": len(binary), "byteLength": 96})
        binary += vertices.astype(np.float32).tobytes()
        accessors.append({"bufferView": len(views) - 1, "componentType": 5126, "count": 8, "type": "VEC3"})
    numbers = range(1, len(accessors))
    meshes = [{"primitives": [{"attributes": {"POSITION": k}, "indices": 0, "material": 0}]} for k in numbers]
    nodes = [{"mesh": k - 1, "name": f"box {k}"} for k in numbers]
    site = {"translation": list(translation), "children": list(range(len(nodes)))}
    document |= {"accessors": accessors, "bufferViews": views, "buffers": [{"byteLength": len(binary)}]}
    document |= {"meshes": meshes, "nodes": [*nodes, site], "scenes": [{"nodes": [len(nodes)]}]}
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    binary += bytes(-len(binary) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(binary), b"BIN\0") + binary
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks)
    return path
