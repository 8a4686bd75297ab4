"""Objects that sound: every kind is there, of a plausible size, at rest, turned to the front, the same every time."""

import numpy as np
import pytest

from whence.datagen.scenes.procedural.brush import Brush, Canvas
from whence.datagen.scenes.procedural.palette import Palette
from whence.datagen.scenes.procedural.sounding import SOUNDING
from whence.datagen.scenes.scene import Scene
from whence.datagen.sounds.kinds import KINDS

HEIGHTS = {"fridge": (1.3, 1.7), "person": (1.2, 1.9), "piano": (1.0, 1.4), "kettle": (0.15, 0.35), "dog": (0.4, 1.0),
           "cat": (0.25, 0.55), "washing-machine": (0.8, 0.95), "smoke-alarm": (0.1, 0.25), "wall-clock": (0.2, 0.45),
           "telephone": (0.1, 0.25), "microwave": (0.2, 0.4), "hair-dryer": (0.15, 0.35)}  # fmt: skip
"""The heights of real ones, m; of the person, from a child up."""


def drawn(kind: str, seed: int) -> Scene:
    """A scene of one object at the origin."""
    rng = np.random.default_rng(seed)
    canvas, palette = Canvas(rng), Palette(rng)
    SOUNDING[kind].draw(Brush(canvas), palette)
    return canvas.scene(kind, palette.textures)


def bounds(scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    points = scene.vertices[scene.faces].reshape(-1, 3)
    return points.min(axis=0), points.max(axis=0)


def test_every_kind_is_drawn_in_order():
    assert tuple(SOUNDING) == KINDS
    assert len(KINDS) == len(set(KINDS)) == 22


@pytest.mark.parametrize("kind", KINDS)
def test_one_instance_rests_within_its_size(kind):
    thing = SOUNDING[kind]
    for seed in range(12):
        scene = drawn(kind, seed)
        assert scene.instance_names == (kind,)
        assert (scene.instance == 0).all()
        assert 30 < len(scene.faces) < 8000
        low, high = bounds(scene)
        size = np.array(thing.size)
        if thing.where == "wall":
            assert low[2] == pytest.approx(0, abs=1e-6)
            assert high[2] <= size[2]
            assert (np.abs([low[:2], high[:2]]) <= size[:2] / 2).all()
            assert 0.9 < thing.height < 2.2
        else:
            assert low[1] == pytest.approx(0, abs=0.012)
            assert low[1] >= -1e-6
            assert high[1] <= size[1]
            assert (np.abs([low[[0, 2]], high[[0, 2]]]) <= size[[0, 2]] / 2).all()
        assert (high - low).max() > 0.5 * size.max()
        lowest, highest = HEIGHTS.get(kind, (0.05, 1.9))
        assert lowest < (high - low)[1] < highest


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_draws_the_same_bytes_and_another_seed_another_object(kind):
    first, again, other = drawn(kind, 1), drawn(kind, 1), drawn(kind, 2)
    assert first.vertices.tobytes() == again.vertices.tobytes()
    assert first.colour.tobytes() == again.colour.tobytes()
    assert [image.tobytes() for image in first.textures] == [image.tobytes() for image in again.textures]
    assert first.vertices.shape != other.vertices.shape or not np.array_equal(first.vertices, other.vertices)


def coloured(scene: Scene, side: int) -> int:
    """How many different surfaces (textures, colours) parallel rays along the z axis meet, seen from `side`."""
    low, high = bounds(scene)
    x, y = np.meshgrid(*(np.linspace(low[k], high[k], 60) for k in (0, 1)))
    eye = np.stack([x.ravel(), y.ravel(), np.full(x.size, side * 5.0)], axis=1).astype(np.float32)
    towards = np.broadcast_to(np.float32([0, 0, -side]), eye.shape)
    face = scene.rays.hits(eye, towards).face
    face = face[face >= 0]
    looks = np.column_stack([scene.texture[face], scene.colour[face]])
    return int((np.unique(looks, axis=0, return_counts=True)[1] > 3).sum())


ALL_ROUND = ("dog", "hair-dryer", "vacuum-cleaner", "kettle", "frying-pan", "tap")
"""Kinds that look alike, or turn either way."""
FACED = [kind for kind in KINDS if kind not in ALL_ROUND and SOUNDING[kind].where != "wall"]


@pytest.mark.parametrize("kind", FACED)
def test_the_front_shows_more_than_the_back(kind):
    scene = drawn(kind, 3)
    assert coloured(scene, 1) > coloured(scene, -1)
