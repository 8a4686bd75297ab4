"""How reverberant homes are said to be after rendering."""

from dataclasses import replace

import gltf_rooms
import numpy as np
import pytest

from whence.datagen.ringing import reverberation_remarks
from whence.datagen.scenes.materials import MATERIALS
from whence.datagen.scenes.opening import open_scenes
from whence.datagen.scenes.own_materials import read_absorptions
from whence.errors import InputError


def test_a_home_that_rings_is_named():
    rt60 = np.array([[0.5, np.nan], [0.7, 0.6], [2.0, 2.2], [np.nan, np.nan]])
    listed, ringing = reverberation_remarks(["flat", "flat", "bath", "void"], rt60)
    assert listed == "RT60 as rendered: bath 2.10 s, flat 0.60 s"
    assert ringing.startswith("1 of 2 homes ring: bath 2.10 s; furnished ones have 0.3 to 0.8 s. ")


def test_homes_without_a_measured_decay_are_left_out():
    assert reverberation_remarks(["void"], [[np.nan]]) == ()
    assert reverberation_remarks([f"home{k}" for k in range(7)], np.full(7, 0.4))[0].endswith("and 2 more")


def test_absorption_is_given_by_name(tmp_path):
    room = gltf_rooms.write_room(tmp_path / "room.glb", name="Mat.001")
    given, words = tmp_path / "given.toml", tmp_path / "words.toml"
    given.write_text('"Mat.001" = [0.1, 0.2, 0.3, 0.4, 0.5, 1]')
    words.write_text('"Mat.001" = "carpet"')
    homes = open_scenes(str(tmp_path), count=None, seed=0)
    before = homes.load(0).materials
    heard = replace(homes, absorptions=read_absorptions(str(given), [str(room)])).load(0).materials
    assert {each.absorption for each in heard} == {(0.1, 0.2, 0.3, 0.4, 0.5, 1.0)}
    assert [each.scattering for each in heard] == [each.scattering for each in before]
    assert read_absorptions(str(words), [str(room)]) == (("Mat.001", MATERIALS["carpet"].absorption),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = ", "cannot be read as TOML"),
        ('"Mat.002" = "carpet"', "no scene has a material 'Mat.002'; there are Mat.001"),
        ('"Mat.001" = "carpt"', "expected shares of 0 to 1 at 125, 250, 500, 1000, 2000, 4000 Hz, or one of plaster"),
        ('"Mat.001" = [0.1, 2, 0, 0, 0, 0]', "expected shares of 0 to 1"),
        ('"Mat.001" = [0.1]', "expected shares of 0 to 1"),
    ],
)
def test_wrong_materials_are_named(tmp_path, text, said):
    room = gltf_rooms.write_room(tmp_path / "room.glb", name="Mat.001")
    (tmp_path / "m.toml").write_text(text)
    with pytest.raises(InputError, match=said) as error:
        read_absorptions(str(tmp_path / "m.toml"), [str(room)])
    assert "\n" not in str(error.value)
