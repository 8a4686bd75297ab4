"""One door to all homes: which files count, what they are called, and what the digest depends on."""

import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import trimesh
from typer.testing import CliRunner

from whence.cli import app
from whence.datagen.scenes.opening import PROCEDURAL_COUNT, open_scenes
from whence.errors import InputError


def home(path: Path, size: float = 5.0) -> Path:
    """Write a room as a .glb file, or as a .gltf file with its data beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    room = trimesh.Scene(trimesh.creation.box((size, 2.5, 4)))
    if path.suffix == ".gltf":
        for name, content in trimesh.exchange.gltf.export_gltf(room).items():
            (path.parent / (path.name if name == "model.gltf" else name)).write_bytes(content)
    else:
        path.write_bytes(room.export(file_type="glb"))
    return path


def opened(folder: Path, count: int | None = None):
    return open_scenes(str(folder), count=count, seed=0)


# Files ----------------------------------------------------------------------------------------------------------


def test_files_are_found_below_the_folder_and_sorted(tmp_path):
    home(tmp_path / "b.glb", 5)
    home(tmp_path / "a" / "x.GLB", 6)
    home(tmp_path / "c" / "room.gltf", 7)
    home(tmp_path / ".hidden" / "no.glb")
    home(tmp_path / "._b.glb")
    (tmp_path / "notes.txt").write_text("no home")
    homes = opened(tmp_path)
    assert homes.names == ("a/x", "b", "c/room")
    assert homes.location == str(tmp_path)
    widths = [np.ptp(homes.load(k).vertices[:, 0]) for k in range(3)]
    assert widths == pytest.approx([6, 5, 7])
    assert [homes.load(k).name for k in range(3)] == list(homes.names)
    assert opened(tmp_path, 2).names == ("a/x", "b")


def test_habitat_matterport_s_layout(tmp_path):
    for place, name in (("train/00009", "vLpv2VX547B"), ("val/00800", "TEEsavR23oF")):
        folder = tmp_path / f"{place}-{name}"
        home(folder / f"{name}.glb")
        home(folder / f"{name}.semantic.glb")
        home(folder / f"{name}.basis.glb")
    home(tmp_path / "val" / "00801-HaxA7YrQdEC" / "HaxA7YrQdEC.basis.glb")
    homes = opened(tmp_path)
    assert homes.names == ("00009-vLpv2VX547B", "00800-TEEsavR23oF", "00801-HaxA7YrQdEC")
    assert [Path(file).name for file in homes.files] == ["vLpv2VX547B.glb", "TEEsavR23oF.glb", "HaxA7YrQdEC.basis.glb"]
    assert "Matterport" in homes.licence
    assert opened(tmp_path / "train" / "00009-vLpv2VX547B").names == ("00009-vLpv2VX547B",)


def test_linked_folders_are_followed_once(tmp_path):
    home(tmp_path / "real" / "a.glb")
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "linked").symlink_to(tmp_path / "real")
    (tmp_path / "set" / "loop").symlink_to(tmp_path / "set")
    assert opened(tmp_path / "set").names == ("linked/a",)


def test_the_digest_is_of_contents_and_names_wherever_they_lie(tmp_path):
    home(tmp_path / "one" / "a.glb", 5)
    home(tmp_path / "one" / "c" / "b.gltf", 6)
    shutil.copytree(tmp_path / "one", tmp_path / "other")
    digest = opened(tmp_path / "one").digest
    assert opened(tmp_path / "other").digest == digest
    assert opened(tmp_path / "other", 1).digest != digest
    data = next((tmp_path / "other" / "c").glob("*.bin"))
    data.write_bytes(data.read_bytes()[:-1] + b"\x01")
    assert opened(tmp_path / "other").digest != digest
    (tmp_path / "one" / "a.glb").rename(tmp_path / "one" / "z.glb")
    assert opened(tmp_path / "one").digest != digest


def test_a_source_travels_and_loads_a_home_once(tmp_path):
    home(tmp_path / "a.glb")
    homes = opened(tmp_path)
    travelled = pickle.loads(pickle.dumps(homes))
    assert travelled == homes
    assert travelled.load(0) is homes.load(0)


def test_the_licence_is_what_the_folder_says(tmp_path):
    home(tmp_path / "a.glb")
    assert opened(tmp_path).licence == "unknown"
    (tmp_path / "LICENSE").write_text("\n  CC BY 4.0\nmore\n")
    assert opened(tmp_path).licence == "CC BY 4.0"


def test_the_real_files(shared_data):
    homes = opened(shared_data / "scenes")
    assert homes.names == ("cube-room", "home-theater")
    assert [len(homes.load(k).faces) for k in range(2)] == [5364, 7915]


# Procedural -----------------------------------------------------------------------------------------------------


def test_drawn_homes_do_not_depend_on_how_many_are_drawn():
    few, many = (open_scenes("procedural", count=count, seed=3) for count in (1, 4))
    assert many.names == tuple(f"procedural-{k:05d}" for k in range(4))
    assert few.digest == many.digest
    assert open_scenes("procedural", count=4, seed=4).digest != many.digest
    assert len(open_scenes("procedural", count=None, seed=3).names) == PROCEDURAL_COUNT
    assert few.load(0).name == "procedural-00000"
    assert np.array_equal(few.load(0).vertices, pickle.loads(pickle.dumps(many)).load(0).vertices)


# Wrong input ----------------------------------------------------------------------------------------------------


def test_wrong_sources_are_one_helpful_line(tmp_path):
    home(tmp_path / "full" / "a.glb")
    (tmp_path / "empty").mkdir()
    home(tmp_path / "labels" / "a.semantic.glb")
    for folder, count, match in [
        ("absent", None, r"absent is not a folder of scenes: give one with .* or 'procedural'"),
        ("full/a.glb", None, "is not a folder of scenes"),
        ("empty", None, r"empty: no \.glb or \.gltf file in it or below"),
        ("labels", None, "no .glb or .gltf file"),
        ("full", 2, "full holds 1 scenes, fewer than the 2 asked for"),
        ("full", 0, "0 scenes: expected at least 1"),
    ]:
        with pytest.raises(InputError, match=match) as caught:
            opened(tmp_path / folder, count)
        assert "\n" not in str(caught.value)


def test_homes_made_here_are_written_as_files_and_read_back(tmp_path):
    command = ["generate", "scenes", str(tmp_path / "homes"), "--count", "1", "--seed", "3"]
    assert CliRunner().invoke(app, command).exit_code == 0
    drawn, read = open_scenes("procedural", count=1, seed=3).load(0), opened(tmp_path / "homes").load(0)
    assert len(read.faces) == len(drawn.faces)
    np.testing.assert_allclose(np.ptp(read.vertices, axis=0), np.ptp(drawn.vertices, axis=0), atol=1e-5)
    assert "is not empty" in str(CliRunner().invoke(app, command).exception)


def test_two_homes_of_one_name_are_refused(tmp_path):
    home(tmp_path / "a.glb")
    home(tmp_path / "a.gltf")
    with pytest.raises(InputError, match=r"a\.glb and a\.gltf would both be named a: rename one"):
        opened(tmp_path)


def test_a_damaged_file_is_named_when_it_is_loaded(tmp_path):
    home(tmp_path / "a.glb")
    (tmp_path / "b.glb").write_bytes(b"glTF\x02\x00")
    homes = opened(tmp_path)
    homes.load(0)
    with pytest.raises(InputError, match=r"b\.glb: damaged"):
        homes.load(1)


def test_a_broken_gltf_is_refused_before_anything_is_made(tmp_path):
    (tmp_path / "a.gltf").write_text("{")
    with pytest.raises(InputError, match=r"a\.gltf: damaged"):
        opened(tmp_path)
    (tmp_path / "a.gltf").write_text('{"asset": {"version": "2.0"}, "buffers": [{"uri": "a.bin"}]}')
    with pytest.raises(InputError, match=r"a\.gltf.*cannot be read \(No such file"):
        opened(tmp_path)
