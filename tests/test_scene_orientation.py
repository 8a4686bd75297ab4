"""Which axis of a file is up and how long its unit is: rooms whose answer is known, written in every way."""

from pathlib import Path

import numpy as np
import pytest
import trimesh
from gltf_rooms import X_UP, Y_DOWN, Z_UP, furniture, write_room
from warm_process import run_whence

from whence.datagen.dataset import Dataset
from whence.datagen.hm3d_ss import plan_hm3d_ss
from whence.datagen.scenes.floor import find_floor
from whence.datagen.scenes.frame import Frame
from whence.datagen.scenes.glb import load_glb, write_glb
from whence.datagen.scenes.opening import ProceduralScenes, open_scenes
from whence.datagen.scenes.reading import judged
from whence.datagen.verification import plan_of
from whence.errors import InputError

ALL_UP = [("y", np.eye(3)), ("z", Z_UP), ("x", X_UP), ("-y", Y_DOWN), ("-z", np.matmul(Z_UP, Y_DOWN))]
UNITS = [(1.0, 1.0), (0.01, 100.0), (0.0254, 1 / 0.0254), (0.001, 1000.0)]


def read(folder: Path, **said):
    return judged(open_scenes(str(folder), count=None, seed=0), **said)


def word(folder: Path) -> str:
    """What a user is told of the home in `folder`, be it a remark or an error."""
    try:
        reading = read(folder)
        find_floor(reading.homes.load(0))
    except InputError as error:
        return str(error)
    return " ".join(reading.remarks)


# Geometry -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("up", "turn"), ALL_UP)
@pytest.mark.parametrize(("scale", "units"), UNITS)
def test_a_furnished_room_is_brought_upright_in_metres(tmp_path, up, turn, scale, units):
    write_room(tmp_path / "room.glb", turn=turn, units_per_metre=units)
    reading = read(tmp_path)
    assert reading.homes.frames == (Frame(up, scale),)
    scene = reading.homes.load(0)
    assert np.ptp(scene.vertices, axis=0)[1] == pytest.approx(2.7, rel=1e-5)
    assert sorted(np.ptp(scene.vertices, axis=0)) == pytest.approx([2.7, 6, 8], rel=1e-5)
    assert find_floor(scene).cells[:, 1] == pytest.approx(-1.35, abs=1e-4)  # the floor that the boxes stand on
    assert find_floor(scene).area > 25
    if (up, scale) == ("y", 1.0):
        assert reading.remarks == ()
        assert reading.unusual == {}
    else:
        assert len(reading.remarks) == 1
        assert "\n" not in reading.remarks[0]
        assert reading.unusual == {"room": Frame(up, scale)}


@pytest.mark.parametrize("seed", range(12))
def test_a_room_on_its_side_never_passes_without_a_word(tmp_path, seed):
    rng = np.random.default_rng(seed)
    size = (rng.uniform(2.5, 8), rng.uniform(2.3, 3.4), rng.uniform(2.5, 8))
    boxes = furniture(size, rng, int(rng.integers(4, 12)))
    write_room(tmp_path / "upright" / "room.glb", size, boxes=boxes)
    assert read(tmp_path / "upright").homes.frames == (Frame(),)
    for name, turn in ALL_UP[1:]:
        write_room(tmp_path / name / "room.glb", size, boxes=boxes, turn=turn)
        assert "--up" in word(tmp_path / name)


@pytest.mark.parametrize("factor", [100, 1 / 0.0254, 1 / 0.3048, 0.3048, 0.0254, 0.01, 10, 27])
def test_a_room_far_too_large_or_small_never_passes_without_a_word(tmp_path, factor):
    write_room(tmp_path / "room.glb", units_per_metre=factor)
    assert "--scale" in word(tmp_path)


@pytest.mark.parametrize("size", [(4.0, 2.5, 2.2), (2.2, 2.5, 2.2), (2, 2.5, 10), (5, 2.5, 4), (12, 3, 15)])
def test_empty_rooms_are_as_the_standard_says(tmp_path, size):
    write_room(tmp_path / "room.glb", size, boxes=[])
    assert read(tmp_path).homes.frames == (Frame(),)
    assert read(tmp_path).remarks == ()


def test_a_home_made_here_is_upright(tmp_path):
    write_glb(ProceduralScenes(0, 1).load(0), tmp_path / "home.glb")
    assert read(tmp_path) == read(tmp_path, up="y", scale=1.0)


def test_real_files_are_upright(shared_data):
    found = read(shared_data / "scenes")
    assert found.unusual == {}
    assert [remark.split(":")[0] for remark in found.remarks] == ["cube-room"]  # its ceiling is 6 m high


def test_an_attic_is_not_turned_over(tmp_path):
    """Sloped ceilings come down as low as furniture, but nothing hangs there."""
    rng = np.random.default_rng(3)
    size = (6, 3, 5)
    stairs = [((0.05 * k, 1 + 0.1 * k, 0), (0.05, 2 - 0.1 * k, 5)) for k in range(4)]
    write_room(tmp_path / "room.glb", size, boxes=[*furniture(size, rng, 10), *stairs])
    assert read(tmp_path).homes.frames == (Frame(),)


def test_a_roofless_scan_is_not_turned(tmp_path):
    path = write_room(tmp_path / "room.glb", (4, 2.7, 3.2))
    mesh = trimesh.load_scene(path).to_mesh()
    kept = (mesh.triangles[:, :, 1] < 2.69).any(axis=1)
    trimesh.Trimesh(mesh.vertices, mesh.faces[kept], process=False).export(path)
    reading = read(tmp_path)
    assert reading.homes.frames == (Frame(),)
    with pytest.raises(InputError, match="no floor found"):
        find_floor(reading.homes.load(0))


@pytest.mark.parametrize("degrees", [5, -10, 20])
def test_a_tilted_room_is_refused_unless_the_user_says_all(tmp_path, degrees):
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    write_room(tmp_path / "room.glb", turn=((1, 0, 0), (0, cosine, -sine), (0, sine, cosine)))
    with pytest.raises(InputError, match=f"tilted by {abs(degrees)} degrees: level it, or give both --up and --scale"):
        read(tmp_path)
    assert read(tmp_path, up="y", scale=1.0).homes.frames == (Frame(),)


def test_a_roof_that_slopes_tilts_no_room(tmp_path):
    path = write_room(tmp_path / "room.glb", boxes=[((1, 0, 1), (0.8, 0.7, 0.8))])
    mesh = trimesh.load_scene(path).to_mesh()
    vertices = mesh.vertices.copy()
    top = vertices[:, 1] > vertices[:, 1].max() - 0.01
    vertices[top, 1] += np.tan(np.radians(20)) * vertices[top, 0]
    trimesh.Trimesh(vertices, mesh.faces, process=False).export(path)
    assert read(tmp_path).homes.frames == (Frame(),)


def test_a_room_on_its_side_is_not_turned_over_where_objects_stand_along_another_axis(tmp_path):
    write_room(tmp_path / "room.glb", (3, 12, 3), turn=Z_UP)
    with pytest.raises(InputError, match=r"its geometry does not tell what is right: give --up"):
        read(tmp_path)


# Layouts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("00009-vLpv2VX547B/vLpv2VX547B.glb", False),
        ("17DRP5sb8fy/17DRP5sb8fy.glb", True),
        ("vLpv2VX547B.glb", True),
        ("vLpv2VX547B.basis.glb", True),
        ("any/home.glb", True),
    ],
)
def test_scans_with_z_up_are_turned_wherever_they_lie(tmp_path, place, said):
    write_room(tmp_path / place, turn=Z_UP)
    reading = read(tmp_path)
    scene = reading.homes.load(0)
    assert reading.homes.frames == (Frame("z"),)
    assert np.ptp(scene.vertices, axis=0) == pytest.approx([8, 2.7, 6], rel=1e-5)
    assert bool(reading.remarks) == bool(reading.unusual) == said
    assert scene.unlit == (place != "any/home.glb")
    assert (scene.instance is None) == scene.unlit


def test_a_home_in_a_folder_of_its_name_need_not_be_a_scan(tmp_path):
    write_room(tmp_path / "livingRoom1" / "livingRoom1.glb")
    reading = read(tmp_path)
    assert reading.homes.frames == (Frame(),)
    assert not reading.homes.load(0).unlit


def test_z_up_turns_as_habitat_does(tmp_path):
    write_room(tmp_path / "17DRP5sb8fy" / "17DRP5sb8fy.glb", turn=Z_UP, boxes=[((1, 0, 2), (0.5, 0.6, 0.7))])
    scene = load_glb(tmp_path / "17DRP5sb8fy" / "17DRP5sb8fy.glb")
    box = scene.vertices + scene.origin
    assert any(np.allclose(vertex, (1.5, 0.6, 2.7), atol=1e-5) for vertex in box)


# What the user says ---------------------------------------------------------------------------------------------


def test_what_the_user_says_holds(tmp_path):
    write_room(tmp_path / "room.glb")
    assert read(tmp_path, up="z", scale=0.5).homes.frames == (Frame("z", 0.5),)
    assert read(tmp_path, up="-x").homes.frames[0].up == "-x"
    write_room(tmp_path / "room.glb", turn=Z_UP, units_per_metre=100)
    assert read(tmp_path, up="z").homes.frames == (Frame("z", 0.01),)
    assert read(tmp_path, scale=0.01).homes.frames == (Frame("z", 0.01),)
    with pytest.raises(InputError, match=r"--scale 0: expected the length of the unit in metres, > 0"):
        read(tmp_path, scale=0)


def test_they_are_for_files_only():
    with pytest.raises(InputError, match="--up, --scale: only for files of --scenes DIR"):
        plan_hm3d_ss("procedural", None, scene_count=1, examples=1, up="z")


def test_the_answer_is_in_the_recipe_and_a_line_says_so(tmp_path):
    out = str(tmp_path / "h.zarr")
    write_room(tmp_path / "scenes" / "a.glb", turn=Z_UP, units_per_metre=100)
    command = ("generate", "hm3d-ss", out, "--scenes", str(tmp_path / "scenes"), "--examples", "1", "--sources", "1")
    done = run_whence(*command, "--workers", "1")
    assert done.returncode == 0, done.stderr
    assert "a: its geometry says that +Z is up and its unit is the centimetre" in done.stderr
    made = Dataset(out)
    assert made.recipe["frames"] == {"a": {"up": "z", "metres_per_unit": 0.01}}
    assert made.column("distance").max() < 3
    again = plan_of(made, {})
    assert again.scenes.frames == (Frame("z", 0.01),)
    assert again.recipe == made.recipe
    done = run_whence(*command, "--up", "-z", "--scale", "0")
    assert done.returncode == 2
    assert "--scale 0: expected" in done.stderr


def test_what_the_user_says_is_in_the_recipe(tmp_path):
    write_room(tmp_path / "a.glb")
    made = plan_hm3d_ss(str(tmp_path), None, scene_count=None, examples=1, up="-z", scale=0.01)
    assert made.recipe["frames"] == {"a": {"up": "-z", "metres_per_unit": 0.01}}
    assert made.remarks == ()


def test_many_homes_are_one_line(tmp_path):
    for name in "abc":
        write_room(tmp_path / f"{name}.glb", turn=Z_UP)
    (remark,) = read(tmp_path).remarks
    assert remark.startswith("a and 2 more: its geometry says that +Z is up, and it is read so: --up=y prevents it (")


def test_what_cannot_be_told_is_asked_in_one_line(tmp_path):
    write_room(tmp_path / "hall.glb", (40, 27, 33), boxes=[])
    done = run_whence("generate", "hm3d-ss", str(tmp_path / "h.zarr"), "--scenes", str(tmp_path), "--examples", "1")
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "hall.glb: if +Y is up and its unit is the metre, its rooms are 27 m high" in done.stderr
    assert "give --up {y,z,x,-y,-z,-x} or --scale METRES_PER_UNIT" in done.stderr
    assert not (tmp_path / "h.zarr").exists()
