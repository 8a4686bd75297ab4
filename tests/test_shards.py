"""Datasets on disk: what they hold, how damage and foreign folders are met, what plain zarr makes of them."""

import json
from pathlib import Path

import numpy as np
import pytest
import zarr
from toy_plan import FIELDS, ToyPlan
from zarr.codecs import BloscCodec

from whence.datagen import shards
from whence.datagen.content import are_twins
from whence.datagen.dataset import Dataset, check_files
from whence.datagen.pipeline import generate
from whence.datagen.shards import Layout
from whence.digests import sha256
from whence.errors import InputError, VerificationError

PLAN = ToyPlan()


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """A whole dataset."""
    path = tmp_path / "toy.zarr"
    generate(PLAN, str(path))
    return path


def begun(path: Path, plan: ToyPlan = PLAN) -> list[int]:
    return shards.begin(str(path), plan.layout, {"dataset": plan.dataset, "recipe": plan.recipe})


def write(path: Path, *numbers: int) -> None:
    for shard in numbers:
        rows = [PLAN.render(row) for row in PLAN.layout.rows_of(shard)]
        shards.write_shard(str(path), PLAN.layout, shard, rows)


def contents(path: Path) -> dict[str, tuple[bytes, int]]:
    """Every file's bytes and time of last change."""
    files = (p for p in path.rglob("*") if p.is_file())
    return {str(p.relative_to(path)): (p.read_bytes(), p.stat().st_mtime_ns) for p in files}


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


# Layout ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [1, 3, 4, 5, 8, 11])
@pytest.mark.parametrize("rows_per_shard", [1, 3, 4, 20])
def test_shards_cover_every_row_once(rows, rows_per_shard):
    layout = Layout("row", rows, rows_per_shard, FIELDS)
    spans = [layout.rows_of(shard) for shard in range(layout.shard_count)]
    assert [row for span in spans for row in span] == list(range(rows))
    assert max(map(len, spans)) <= rows_per_shard


def test_fields_are_sharded_or_columns():
    assert [field.name for field in PLAN.layout.sharded] == ["audio", "image"]
    assert [field.name for field in PLAN.layout.columns] == ["sample_id", "azimuth", "rt60", "count"]


# What a reader finds --------------------------------------------------------------------------------------------


def test_every_row_reads_back_as_it_was_rendered(whole):
    dataset = Dataset(str(whole))
    assert len(dataset) == PLAN.rows
    for row in range(PLAN.rows):
        rendered = PLAN.render(row)
        for field in FIELDS:
            stored = dataset.array(field.name)[row]
            expected = rendered[field.name]
            if field.dtype == "str":
                assert str(stored) == expected
            else:
                np.testing.assert_array_equal(stored, np.asarray(expected).astype(field.dtype))


def test_arrays_carry_their_dimensions_and_descriptions(whole):
    dataset = Dataset(str(whole))
    for field in FIELDS:
        array = dataset.array(field.name)
        assert array.shape == (PLAN.rows, *field.shape)
        assert array.metadata.dimension_names == ("row", *field.dimensions)
        assert array.attrs["description"] == field.description
    assert dataset.array("azimuth").attrs["units"] == "degrees"
    assert dataset.array("audio").attrs["sample_rate_hz"] == 16_000


def test_plain_zarr_opens_it_with_consolidated_metadata(whole):
    group = zarr.open_group(str(whole), mode="r")
    assert group.metadata.consolidated_metadata is not None
    assert sorted(group.array_keys()) == sorted(field.name for field in FIELDS)
    assert group["audio"].shape == (11, 2, 50)
    assert list(group["sample_id"][:2]) == ["toy/000 ä", "toy/001 ä"]
    assert zarr.open_array(str(whole / "azimuth"), mode="r")[3] == PLAN.render(3)["azimuth"]


def test_the_root_attribute_tells_what_it_is(whole):
    attribute = zarr.open_group(str(whole), mode="r").attrs["whence"]
    assert attribute["complete"] is True
    assert attribute["dataset"] == "toy"
    assert attribute["recipe"] == PLAN.recipe
    assert attribute["engine"] == {"name": "toy", "origin": "here"}
    assert {"numpy", "zarr", "python"} <= set(attribute["software"])
    assert attribute["fingerprint"] == Dataset(str(whole)).fingerprint


def test_the_manifest_lists_every_data_file(whole):
    files = {p.relative_to(whole).as_posix(): p for p in whole.rglob("*") if p.is_file()}
    manifest = json.loads((whole / "manifest.json").read_text())
    metadata = {name for name in files if name.endswith("zarr.json")} | {"manifest.json"}
    assert set(manifest["files"]) == set(files) - metadata
    assert len(manifest["files"]) == 2 * 3 + 4
    assert manifest["files"] == {name: sha256(files[name].read_bytes()) for name in manifest["files"]}
    assert manifest["recipe"] == PLAN.recipe
    assert manifest["rows"] == 11


def test_audio_is_scaled_and_in_any_order(whole):
    dataset = Dataset(str(whole))
    everything = dataset.audio(np.arange(11))
    assert everything.dtype == np.float32
    np.testing.assert_array_equal(everything, dataset.column("audio") / np.float32(32768))
    for rows in ([7, 2, 9], [3, 4, 5], [10], [2, 2]):
        np.testing.assert_array_equal(dataset.audio(rows), everything[rows])
    assert dataset.audio(np.zeros(0, dtype=int)).shape == (0, 2, 50)


def test_an_unknown_array_is_named_with_those_there_are(whole):
    dataset = Dataset(str(whole))
    assert "azimuth" in dataset
    assert "asimuth" not in dataset
    with pytest.raises(InputError, match="has no array 'asimuth'; it has audio, azimuth, count"):
        dataset.column("asimuth")


def test_silence_is_stored_like_anything_else(tmp_path):
    """Zarr writes no file for a shard of zeros unless told to."""
    plan = ToyPlan(silent=True)
    path = tmp_path / "silent.zarr"
    generate(plan, str(path))
    dataset = Dataset(str(path))
    assert not dataset.column("audio").any()
    assert set(check_files(dataset).values()) == {"whole"}
    assert len(dataset.manifest["files"]) == 10


@pytest.mark.parametrize(("rows", "rows_per_shard"), [(1, 4), (11, 3), (5, 7), (8, 1)])
def test_any_number_of_rows_in_a_shard_will_do(tmp_path, rows, rows_per_shard):
    plan = ToyPlan(rows=rows, rows_per_shard=rows_per_shard)
    generate(plan, str(tmp_path / "toy.zarr"))
    stored = Dataset(str(tmp_path / "toy.zarr")).column("audio")
    np.testing.assert_array_equal(stored, np.stack([plan.render(row)["audio"] for row in range(rows)]))


# While it is being written --------------------------------------------------------------------------------------


def test_an_unfinished_dataset_cannot_be_taken_for_a_whole_one(tmp_path):
    path = tmp_path / "toy.zarr"
    assert begun(path) == [0, 1, 2]
    write(path, 0, 2)
    with pytest.raises(InputError, match="is not finished: run its `whence generate` command again"):
        Dataset(str(path))
    with pytest.raises(VerificationError, match="1 shards are missing or damaged; run the same command again"):
        shards.finish(str(path), PLAN.layout)
    assert zarr.open_group(str(path), mode="r").attrs["whence"]["complete"] is False
    assert begun(path) == [1]


@pytest.mark.parametrize("damage", [Path.unlink, truncate], ids=["deleted", "truncated"])
@pytest.mark.parametrize("file", ["progress/000001.json", "audio/c/1/0/0", "image/c/1/0"])
def test_a_shard_torn_before_the_resume_is_rendered_again(tmp_path, whole, file, damage):
    path = tmp_path / "again.zarr"
    begun(path)
    write(path, 0, 1)
    damage(path / file)
    assert begun(path) == [1, 2]
    fingerprint = generate(PLAN, str(path))
    assert fingerprint == Dataset(str(whole)).fingerprint


def test_leftovers_of_a_killed_writer_are_removed(tmp_path):
    path = tmp_path / "toy.zarr"
    begun(path)
    write(path, 0)
    leftovers = [
        path / "audio/c/1/0/0.0f3a.partial",
        path / "progress/000001.json.77.partial",
        path / "x.partial",
    ]
    for file in leftovers:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"half")
    generate(PLAN, str(path))
    assert not list(path.rglob("*.partial"))
    assert not (path / "progress").exists()


def test_a_folder_that_holds_only_leftovers_is_empty(tmp_path):
    path = tmp_path / "toy.zarr"
    path.mkdir()
    (path / "zarr.0f3a.partial").write_bytes(b"half")
    assert begun(path) == [0, 1, 2]


@pytest.mark.parametrize("step", ["consolidate", "mark", "clean"])
def test_a_kill_while_it_is_being_finished_is_made_good(tmp_path, whole, monkeypatch, step):
    path = tmp_path / "killed.zarr"
    write_file = shards.Folder.write

    def killed(*_):
        raise KeyboardInterrupt

    def killed_at_the_root(folder, name, content):
        return killed() if name == "zarr.json" else write_file(folder, name, content)

    with monkeypatch.context() as patched:
        if step == "consolidate":
            patched.setattr(zarr, "consolidate_metadata", killed)
        elif step == "mark":
            patched.setattr(shards.Folder, "write", killed_at_the_root)
        else:
            patched.setattr(shards.Folder, "remove", lambda _, name: name == "progress" and killed())
        with pytest.raises(KeyboardInterrupt):
            generate(PLAN, str(path))
    if step != "clean":
        with pytest.raises(InputError, match="is not finished"):
            Dataset(str(path))
    assert generate(PLAN, str(path)) == Dataset(str(whole)).fingerprint
    assert sorted(contents(path)) == sorted(contents(whole))


def test_a_set_begun_with_another_compression_is_finished_in_it_and_is_a_twin(tmp_path, whole, monkeypatch):
    with monkeypatch.context() as before:
        before.setattr(shards, "compressor", lambda dtype: BloscCodec(cname="zstd", clevel=3))
        old = generate(PLAN, str(tmp_path / "old.zarr"))
        begun(tmp_path / "half.zarr")
        write(tmp_path / "half.zarr", 0)
    assert generate(PLAN, str(tmp_path / "half.zarr")) == old
    finished, new = Dataset(str(tmp_path / "half.zarr")), Dataset(str(whole))
    assert new.fingerprint != old
    assert are_twins(finished.content, new.content)
    assert np.array_equal(finished.array("audio")[:], new.array("audio")[:])


# Other folders --------------------------------------------------------------------------------------------------


def test_another_recipe_is_refused_by_its_key(whole):
    before = contents(whole)
    with pytest.raises(InputError, match=r"begun with another recipe \(seed: 1 there, 2 here\): repeat its options"):
        begun(whole, ToyPlan(seed=2))
    with pytest.raises(InputError, match=r"another recipe \(rows: 11 there, 12 here\)"):
        generate(ToyPlan(rows=12), str(whole))
    with pytest.raises(InputError, match=r"another recipe \(toy\)"):
        begun(whole, ToyPlan(dataset="other"))
    assert contents(whole) == before


def foreign_text(path: Path) -> None:
    (path / "thesis.txt").write_text("years of work")


def foreign_zarr(path: Path) -> None:
    zarr.create_group(str(path), attributes={"mine": 1}).create_array("a", data=np.arange(3))


@pytest.mark.parametrize("fill", [foreign_text, foreign_zarr])
def test_a_foreign_folder_is_refused_and_left_alone(tmp_path, fill):
    fill(tmp_path)
    before = contents(tmp_path)
    with pytest.raises(InputError, match="exists and is not a Whence dataset: choose another path or remove it"):
        generate(PLAN, str(tmp_path))
    with pytest.raises(InputError, match=r"is not a Whence dataset: give the \.zarr folder"):
        Dataset(str(tmp_path))
    assert contents(tmp_path) == before


def test_a_file_in_the_way_is_refused(tmp_path):
    file = tmp_path / "toy.zarr"
    file.write_text("years of work")
    with pytest.raises(InputError, match="is not a Whence dataset"):
        generate(PLAN, str(file))
    assert file.read_text() == "years of work"


def test_a_path_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nothing\.zarr does not exist: give the \.zarr folder"):
        Dataset(str(tmp_path / "nothing.zarr"))


def test_a_newer_format_asks_for_an_upgrade(whole):
    root = json.loads((whole / "zarr.json").read_text())
    root["attributes"]["whence"]["format"] = 99
    (whole / "zarr.json").write_text(json.dumps(root))
    with pytest.raises(InputError, match="has format 99, this Whence reads 1: upgrade whence"):
        Dataset(str(whole))


@pytest.mark.parametrize("file", ["zarr.json", "manifest.json"])
def test_damaged_metadata_is_named(whole, file):
    truncate(whole / file)
    with pytest.raises(InputError, match=rf"{file} is damaged"):
        Dataset(str(whole))


# Damage to a whole dataset --------------------------------------------------------------------------------------


def test_a_whole_dataset_is_left_untouched(whole):
    before = contents(whole)
    assert begun(whole) == []
    assert generate(PLAN, str(whole)) == Dataset(str(whole)).fingerprint
    assert contents(whole) == before


@pytest.mark.parametrize("file", ["audio/c/1/0/0", "azimuth/c/0"])
def test_a_missing_file_is_met_when_it_is_opened(whole, file):
    (whole / file).unlink()
    with pytest.raises(InputError, match=rf"lacks 1 of its files, such as {file}: copy it again"):
        Dataset(str(whole))


def test_a_truncated_shard_is_met_when_it_is_read(whole):
    truncate(whole / "audio/c/1/0/0")
    dataset = Dataset(str(whole))
    np.testing.assert_array_equal(dataset.audio([0, 1]), dataset.audio([0, 1]))
    for rows in ([4], [4, 5, 6], [1, 6, 9]):
        with pytest.raises(InputError, match=r"array 'audio' cannot be read .* `whence verify` names it"):
            dataset.audio(rows)
    with pytest.raises(InputError, match="array 'audio' cannot be read"):
        dataset.column("audio")


def test_a_truncated_column_is_met_when_it_is_read(whole):
    truncate(whole / "azimuth/c/0")
    with pytest.raises(InputError, match="array 'azimuth' cannot be read"):
        Dataset(str(whole)).column("azimuth")


def test_the_check_says_which_file_is_damaged(whole):
    dataset = Dataset(str(whole))
    assert set(check_files(dataset).values()) == {"whole"}
    truncate(whole / "audio/c/1/0/0")
    flipped = bytearray((whole / "rt60/c/0/0").read_bytes())
    flipped[-1] ^= 1
    (whole / "rt60/c/0/0").write_bytes(flipped)
    (whole / "image/c/2/0").unlink()
    states = check_files(dataset)
    damaged = {name: state for name, state in states.items() if state != "whole"}
    assert damaged == {"audio/c/1/0/0": "changed", "rt60/c/0/0": "changed", "image/c/2/0": "missing"}


# Other file systems ---------------------------------------------------------------------------------------------


def test_a_dataset_may_lie_behind_an_fsspec_url(whole):
    url = f"memory://{whole.parent.name}/toy.zarr"
    assert begun(url) == [0, 1, 2]
    write(url, 1)
    with pytest.raises(InputError, match="is not finished"):
        Dataset(url)
    assert begun(url) == [0, 2]
    assert generate(PLAN, url) == Dataset(str(whole)).fingerprint
    remote, local = Dataset(url), Dataset(str(whole))
    for field in FIELDS:
        np.testing.assert_array_equal(remote.column(field.name), local.column(field.name))
    np.testing.assert_array_equal(remote.audio([3, 9]), local.audio([3, 9]))
    assert check_files(remote) == check_files(local)
    assert generate(PLAN, url) == local.fingerprint
    with pytest.raises(InputError, match="another recipe"):
        generate(ToyPlan(seed=5), url)


def test_a_file_url_is_a_path(whole):
    assert Dataset(f"file://{whole}").fingerprint == Dataset(str(whole)).fingerprint
