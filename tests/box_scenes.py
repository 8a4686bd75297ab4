"""Scenes of boxes for tests: a room with boxes in it, each with a texture of its own."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from whence.datagen.scenes.materials import AcousticMaterial
from whence.datagen.scenes.scene import Scene

PLASTER = AcousticMaterial("plaster", (0.1,) * 6, (0.1,) * 6, "test")
_SIDES = ((0, 1, 1), (0, -1, 1), (1, 1, 2), (1, -1, 2), (2, 1, 0), (2, -1, 0))  # axis, sign, the axis upwards


def quad(corners: Sequence[Sequence[float]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vertices (4, 3), faces (2, 3), texture coordinates (2, 3, 2); corners: upper left, lower left, lower right,
    upper right of the texture."""
    faces = np.array([[0, 1, 2], [0, 2, 3]])
    places = np.array([[0, 0], [0, 1], [1, 1], [1, 0]])
    return np.array(corners, dtype=float), faces, places[faces].astype(float)


def box(centre: Sequence[float], size: Sequence[float]) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """The six sides of a box as quads, texture coordinates in metres."""
    sides = []
    for axis, sign, up in _SIDES:
        across = 3 - axis - up
        half = np.array(size) / 2
        out, rise, run = (np.eye(3)[k] * half[k] for k in (axis, up, across))
        corners = np.array(centre) + sign * out + np.stack([rise - run, -rise - run, -rise + run, rise + run])
        vertices, faces, places = quad(corners)
        sides.append((vertices, faces, places * [2 * half[across], 2 * half[up]]))
    return sides


def scene_of(
    parts: Sequence[Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]]],
    textures: Sequence[np.ndarray] = (),
    texture: Sequence[int] | None = None,
    colours: Sequence[Sequence[float]] | None = None,
    **more: object,
) -> Scene:
    """A scene of `parts`, each a list of quads that is one instance, with one texture and colour."""
    vertices, faces, places, instance, count = [], [], [], [], 0
    for number, part in enumerate(parts):
        for own, triangles, coordinates in part:
            vertices.append(own)
            faces.append(triangles + count)
            places.append(coordinates)
            instance += [number] * len(triangles)
            count += len(own)
    number = np.array(instance, dtype=np.int32)
    settings = {"name": "boxes", "instance": number, "instance_names": [f"part {k}" for k in range(len(parts))], **more}
    return Scene(
        vertices=np.concatenate(vertices).astype(np.float32),
        faces=np.concatenate(faces).astype(np.int32),
        material=np.zeros(len(number), dtype=np.int16),
        materials=[PLASTER],
        colour=np.array(colours if colours is not None else [(1.0, 1.0, 1.0)] * len(parts), dtype=np.float32)[number],
        texture=np.array(texture if texture is not None else [-1] * len(parts), dtype=np.int16)[number],
        texture_coordinates=np.concatenate(places).astype(np.float32),
        textures=textures,
        **settings,
    )


def blotches(rng: np.random.Generator, grain: int = 48, size: int = 384) -> np.ndarray:
    """A random texture (size, size, 3) with `grain` blotches across."""
    coarse = rng.integers(20, 236, (grain, grain, 3)).astype(np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((size, size), Image.Resampling.BICUBIC))


def box_room(seed: int = 0, boxes: int = 16, **more: object) -> Scene:
    """A room of 7 x 2.6 x 6 m, floor at height 0, with textured and plain boxes on its floor and along its walls."""
    rng = np.random.default_rng(seed)
    parts = [box((0, 1.3, 0), (7, 2.6, 6))]
    for _ in range(boxes):
        size = rng.uniform(0.2, 0.9, 3)
        turn = rng.uniform(0, 2 * np.pi)
        place = np.array([np.cos(turn) * 2.7, size[1] / 2 + rng.uniform(0, 1.2), np.sin(turn) * 2.3])
        parts.append(box(place, size))
    textures = [blotches(rng, grain) for grain in (24, 48, 96)]
    texture = [1, *rng.integers(-1, 3, boxes)]
    colours = [(1.0, 1.0, 1.0), *rng.uniform(0.4, 1.0, (boxes, 3))]
    return scene_of(parts, textures, texture, colours, **more)
