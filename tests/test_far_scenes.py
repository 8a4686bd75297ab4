"""A room sounds and looks the same wherever it lies, and its positions are those of its file."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from gltf_rooms import write_room

from whence.conventions import SAMPLE_RATE
from whence.datagen.acoustics.air_absorption import air_absorption
from whence.datagen.acoustics.impulse_response import decay_time
from whence.datagen.acoustics.mesh import MeshSettings, binaural, trace
from whence.datagen.acoustics.sphere_head import SphereHead
from whence.datagen.dataset import Dataset
from whence.datagen.hm3d_ss import plan_hm3d_ss
from whence.datagen.pipeline import generate, rerender_differences
from whence.datagen.raycast import render
from whence.datagen.scenes.floor import find_floor
from whence.datagen.scenes.glb import load_glb, write_glb
from whence.datagen.scenes.glb_materials import EXTRAS
from whence.datagen.scenes.materials import BANDS_HZ
from whence.datagen.scenes.scene import Scene
from whence.datagen.verification import plan_of
from whence.digests import generator_for
from whence.errors import InputError

SIZE = (8.0, 2.7, 6.0)
PLACES = [3e3, 12e3, 1e5, 99_999.3]
ABSORPTION = 0.3
ECHOING = {"name": "even", "absorption": [ABSORPTION] * 6, "scattering": [0.9] * 6, "source": "test"}


def room_at(folder: Path, metres: float, **options) -> Scene:
    return load_glb(write_room(folder / "room.glb", SIZE, translation=(metres, metres / 2, -metres), **options))


def heard(scene: Scene, **settings) -> np.ndarray:
    """The indirect sound of a source at a listener, both given from the middle of the room."""
    field = trace(
        scene, [-2, 0.15, 1], [[1.5, 0.2, -0.5]], rng=generator_for(0, "far"), settings=MeshSettings(**settings)
    )
    return binaural(field, [30.0], SphereHead()).indirect[0, 0]


@pytest.fixture(scope="module")
def near(tmp_path_factory) -> Scene:
    return room_at(tmp_path_factory.mktemp("near"), 0)


@pytest.mark.parametrize("metres", PLACES)
def test_a_far_room_sounds_and_looks_like_a_near_one(tmp_path, near, metres):
    far = room_at(tmp_path, metres)
    assert far.origin == pytest.approx((metres + 4, metres / 2 + 1.35, 3 - metres), abs=1e-7)
    assert far.vertices == pytest.approx(near.vertices, abs=1e-6)
    ours, theirs = (heard(scene, rays=256, seconds=0.3) for scene in (near, far))
    assert np.square(theirs - ours).sum() < 1e-6 * np.square(ours).sum()
    views = [render(scene, [-2, 0.15, 1], 20.0) for scene in (near, far)]
    assert (views[0].image == views[1].image).all()
    assert (views[0].depth == views[1].depth).all()
    assert find_floor(far).area == find_floor(near).area


@pytest.mark.parametrize("metres", [0, 12e3, 1e5])
def test_a_far_room_decays_as_eyring_says(tmp_path, metres):
    scene = room_at(tmp_path, metres, boxes=[], extras={EXTRAS: ECHOING})
    sound = np.square(heard(scene, rays=2048).astype(np.float64)).sum(axis=0)
    length, height, width = SIZE
    volume, surface = length * height * width, 2 * (length * height + length * width + height * width)
    air = 4 * air_absorption(BANDS_HZ).mean() * volume
    expected = 0.161 * volume / (air - surface * np.log(1 - ABSORPTION))
    assert decay_time(np.cumsum(sound[::-1])[::-1], -35.0, SAMPLE_RATE) == pytest.approx(expected, rel=0.15)


def test_stored_positions_are_in_the_frame_of_the_file(tmp_path):
    rows = []
    for metres in (0.0, 1e5):
        write_room(tmp_path / str(metres) / "room.glb", SIZE, translation=(metres, 0, metres))
        plan = plan_hm3d_ss(str(tmp_path / str(metres)), None, scene_count=None, examples=1, sources=1)
        assert plan.recipe["centred"] is True
        assert "frames" not in plan.recipe
        rows.append(plan.render(0))
    near, far = rows
    for name in ("camera_position", "source_position"):
        assert far[name] - [1e5, 0, 1e5] == pytest.approx(near[name], abs=1e-6)
        assert (near[name] > 0).all()
        assert (near[name] < SIZE).all()
    assert (near["image"] == far["image"]).all()
    assert near["rt60"] == pytest.approx(far["rt60"], rel=1e-3)
    assert near["azimuth"] == pytest.approx(far["azimuth"], abs=1e-6)


def test_a_dataset_made_before_scenes_were_centred_is_rendered_as_it_was(tmp_path):
    write_room(tmp_path / "scenes" / "room.glb", SIZE)
    plan = plan_hm3d_ss(str(tmp_path / "scenes"), None, scene_count=None, examples=1, sources=1)
    settings = plan.settings.model_copy(update={"centred": False})
    older = replace(plan, settings=settings, scenes=replace(plan.scenes, centred=False, frames=()))
    assert "centred" not in older.recipe
    generate(older, str(tmp_path / "h.zarr"))
    again = plan_of(Dataset(str(tmp_path / "h.zarr")), {})
    assert again.scenes.load(0).origin == (0, 0, 0)
    assert rerender_differences(again, Dataset(str(tmp_path / "h.zarr")), [0]) == []


def test_a_far_room_is_written_where_it_was(tmp_path):
    scene = room_at(tmp_path, 1e5)
    write_glb(scene, tmp_path / "again.glb")
    again = load_glb(tmp_path / "again.glb")
    assert again.origin == pytest.approx(scene.origin, abs=1e-6)
    assert (again.vertices == scene.vertices).all()


def test_vertices_far_away_in_float32_keep_what_they_have(tmp_path):
    """A file whose own float32 coordinates are 12 km away has lost up to 0.5 mm: its room is as tight as before."""
    near, far = (
        load_glb(write_room(tmp_path / f"{metres}.glb", SIZE, boxes=[], shift=metres, extras={EXTRAS: ECHOING}))
        for metres in (0.0, 12_345.6)
    )
    assert far.origin == pytest.approx((12_349.6, 12_346.95, 12_348.6), abs=1e-3)
    ours, theirs = (np.square(heard(scene, rays=1024)).sum() for scene in (near, far))
    assert theirs == pytest.approx(ours, rel=0.1)


@pytest.mark.parametrize("metres", [1e200, 1e308])
def test_a_room_beyond_all_numbers_is_refused_in_one_line(tmp_path, metres):
    write_room(tmp_path / "room.glb", SIZE, translation=(metres, 0, 0))
    with pytest.raises(InputError, match="scene room: ") as error:
        plan_hm3d_ss(str(tmp_path), None, scene_count=None, examples=1, sources=1).render(0)
    assert "\n" not in str(error.value)
