"""Scenes from files whose own things sound: their names, their pictures, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
from box_scenes import box, scene_of
from conftest import babble  # noqa: F401
from typer.testing import CliRunner

from whence.cli import app
from whence.datagen.cameras import PITCH_DEG, Camera, orientation, project
from whence.datagen.dataset import Dataset
from whence.datagen.pipeline import generate
from whence.datagen.scenes.glb_export import write_glb
from whence.datagen.sounding.found import LEAST_SHARE
from whence.datagen.sounding.things import thing_of
from whence.datagen.sounding_objects import plan_sounding_objects, replan
from whence.datagen.sounds import KINDS
from whence.datagen.verification import verify_dataset
from whence.errors import InputError

THINGS = {
    "TV_01": ((-1.2, 0.9, -2.7), (1.0, 0.6, 0.1)),
    "Washing-Machine.002": ((1.2, 0.45, -2.4), (0.6, 0.9, 0.6)),
    "kitchen tap": ((2.9, 1.0, 2.0), (0.3, 0.5, 0.3)),
}
OTHERS = {"sofa": ((-2.5, 0.3, 1.5), (1.0, 0.6, 1.6)), "tv stand": ((-1.2, 0.28, -2.7), (1.2, 0.5, 0.3))}


def write_room(file: Path, things: dict) -> Path:
    """A room of 7 x 2.6 x 6 m with boxes of these names, each of its own colour."""
    boxes = {**things, **OTHERS}
    parts = [box((0, 1.3, 0), (7, 2.6, 6)), *(box(*place) for place in boxes.values())]
    colours = np.random.default_rng(0).uniform(0.2, 0.9, (len(parts), 3))
    file.parent.mkdir(parents=True, exist_ok=True)
    write_glb(scene_of(parts, colours=colours, instance_names=["room", *boxes]), file)
    return file


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("scenes")
    write_room(folder / "flat.glb", THINGS)
    return folder


@pytest.fixture(scope="module")
def data(folder, speech_folder, tmp_path_factory) -> Dataset:
    url = str(tmp_path_factory.mktemp("found") / "found.zarr")
    plan = plan_sounding_objects(
        homes=None, pictures=4, scenes=str(folder), acoustics="room", speech=str(speech_folder), seed=3
    )
    generate(plan, url)
    return Dataset(url)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("television", "television"),
        ("flat screen TV 3", "television"),
        ("tv_stand", None),
        ("Fridge-Freezer", "fridge"),
        ("refrigeratorCabinet", None),
        ("washing machine", "washing-machine"),
        ("Microwave Oven.001", "microwave"),
        ("ceiling fan", "fan"),
        ("alarm clock", "alarm-clock"),
        ("clock", "wall-clock"),
        ("bathroom_faucet_2", "tap"),
        ("grand piano", "piano"),
        ("piano bench", None),
        ("smoke detector", "smoke-alarm"),
        ("telephone", "telephone"),
        ("electric kettle", "kettle"),
        ("sink", None),
        ("node 12", None),
        ("", None),
    ],
)
def test_names_tell_what_sounds(name, kind):
    assert thing_of(name) == kind


def test_pictures_show_things_of_the_scene(data):
    """Where the sound comes from is where a corner of the box in the file is seen: computed from the file alone."""
    names = [KINDS[k] for k in data.column("category")[:, :3].ravel() if k >= 0]
    assert set(names) <= {"television", "washing-machine", "tap"}
    assert len(names) >= 8
    box_of = dict(zip(("television", "washing-machine", "tap"), THINGS.values(), strict=True))
    for kinds, mask, azimuth, elevation, distance in zip(
        *(data.column(name) for name in ("category", "mask", "azimuth", "elevation", "distance")), strict=True
    ):
        there = np.flatnonzero(kinds[:3] >= 0)
        assert 2 <= len(there) == len(set(kinds[there]))
        seen = [pixels_of(azimuth[k], elevation[k]) for k in there]
        for k, (column, row) in zip(there, seen, strict=True):
            assert mask[int(row), int(column)] == 1 + k
            assert (mask == 1 + k).mean() >= LEAST_SHARE
        first, second = (box_of[KINDS[kinds[k]]] for k in there[:2])
        apart = np.linalg.norm(np.array(first[0]) - second[0])
        away = apart_of(azimuth[there[:2]], elevation[there[:2]], distance[there[:2]])
        assert abs(away - apart) < (np.linalg.norm(first[1]) + np.linalg.norm(second[1])) / 2


def pixels_of(azimuth: float, elevation: float) -> np.ndarray:
    return project(Camera(), orientation(0.0, PITCH_DEG), np.zeros(3), places(azimuth, elevation, 1.0)[None])[0][0]


def places(azimuth, elevation, distance) -> np.ndarray:
    turn, rise = np.radians(azimuth), np.radians(elevation)
    ahead = [-np.sin(turn) * np.cos(rise), np.sin(rise), -np.cos(turn) * np.cos(rise)]
    return np.moveaxis(distance * np.array(ahead), 0, -1)


def apart_of(*directions) -> float:
    first, second = places(*directions)
    return float(np.linalg.norm(first - second))


def test_such_a_set_verifies_and_is_made_again_from_its_files(data, folder):
    assert data.recipe["profile"] == "found"
    assert [check for check in verify_dataset(data, rerender=2) if not check.passed] == []
    again = replan(data, {"scenes": str(folder)})
    np.testing.assert_array_equal(again.render(1)["image"], data.array("image")[1])


def test_generated_homes_have_the_recipe_that_they_had(speech_folder):
    plan = plan_sounding_objects(homes=1, pictures=1, speech=str(speech_folder))
    assert "frames" not in plan.recipe
    assert plan.recipe["profile"] == "decorrelated"


def test_scenes_without_things_that_sound_are_named(tmp_path, speech_folder):
    write_room(tmp_path / "scenes/good.glb", THINGS)
    for name, things, line in (
        ("silent", {}, "nothing in it is named as a thing that sounds"),
        ("single", {"Old TV": THINGS["TV_01"]}, "only television in it is named as a thing that sounds"),
        ("apart", {"TV": THINGS["TV_01"], "tap": ((2.9, 1.0, 2.9), (0.02, 0.02, 0.02))}, "none of 3000 cameras sees"),
    ):
        file = write_room(tmp_path / f"scenes/{name}.glb", things)
        words = ["generate", "sounding-objects", str(tmp_path / "o.zarr"), "--scenes", str(tmp_path / "scenes")]
        with pytest.raises(InputError, match=f"{name}.glb: {line}"):
            CliRunner().invoke(app, [*words, "--speech", str(speech_folder)], catch_exceptions=False)
        assert not (tmp_path / "o.zarr").exists()
        file.unlink()


def test_all_scenes_that_cannot_be_used_are_named_at_once(tmp_path, speech_folder):
    for name in ("a", "b", "c"):
        write_room(tmp_path / f"scenes/{name}.glb", THINGS if name == "b" else {})
    plan = plan_sounding_objects(homes=None, pictures=1, scenes=str(tmp_path / "scenes"), speech=str(speech_folder))
    with pytest.raises(InputError, match=r"a\.glb: nothing in it .*; likewise c$"):
        plan.check()


def test_options_that_do_not_fit_are_refused(folder):
    with pytest.raises(InputError, match="--profile matched: the things of --scenes DIR"):
        plan_sounding_objects(homes=None, pictures=1, scenes=str(folder), profile="matched")
    with pytest.raises(InputError, match="--up, --scale: only for files"):
        plan_sounding_objects(homes=1, pictures=1, up="z")
