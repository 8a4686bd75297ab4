"""Test clips in training lists: every way of writing a clip's name, counts, and broken lists."""

import csv
import json

import pytest

from whence.cli import main
from whence.datagen.clip_audit import audit
from whence.datagen.clip_names import ClipName, clip_name, read_clip_list
from whence.errors import InputError

TEST = ["RgyqhpOJFM4_000030", "-3Kv4fdm7Uk_000030", "4z8HTrCvEsc_000097", "4z8HTrCvEsc_000012"]


def written(folder, name, text):
    file = folder / name
    file.write_text(text)
    return file


def run(*words):
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return stop.value.code


@pytest.mark.parametrize(
    "name",
    [
        "RgyqhpOJFM4_000030",
        "RgyqhpOJFM4_000030.mp4",
        " frames/RgyqhpOJFM4_000030.JPG ",
        "C:\\data\\RgyqhpOJFM4_000030.wav",
        "RgyqhpOJFM4_30000_40000",
        "RgyqhpOJFM4_0030_0040",
    ],
)
def test_names_of_one_clip_are_the_same(name):
    assert clip_name(name) == ClipName("RgyqhpOJFM4", 30)


@pytest.mark.parametrize("name", ["10000130166", "HnUOaSfTA6c_001_00037", "cat_alarmclock_1828_cat", "RgyqhpOJFM4"])
def test_other_names_are_kept(name):
    assert clip_name(f"{name}.jpg") == ClipName(name, None)


LISTS = {
    "train.txt": "RgyqhpOJFM4_000030\nAAAAAAAAAAA_000001\n",
    "train.csv": "RgyqhpOJFM4,30,dog barking,train\nAAAAAAAAAAA,1,cat,train\n",
    "headed.csv": "label;youtube_id;start_seconds\ndog;RgyqhpOJFM4;30\ncat;AAAAAAAAAAA;1\n",
    "windows.txt": "\ufeffRgyqhpOJFM4_000030.mp4\r\nAAAAAAAAAAA_000001.mp4\r\n",
    "names.json": json.dumps(["RgyqhpOJFM4_000030", "AAAAAAAAAAA_000001"]),
    "objects.json": json.dumps([{"file": "RgyqhpOJFM4_000030", "class": "x"}, {"file": "AAAAAAAAAAA_000001"}]),
    "keys.json": json.dumps({"RgyqhpOJFM4_000030": [1], "AAAAAAAAAAA_000001": []}),
    "videos.txt": "RgyqhpOJFM4\nAAAAAAAAAAA\n",
}


@pytest.mark.parametrize("name", LISTS)
def test_a_leak_is_found_in_every_kind_of_list(tmp_path, name):
    test = written(tmp_path, "test.csv", "\n".join(TEST))
    found = audit(test, [written(tmp_path, name, LISTS[name])])
    (overlap,) = found.overlaps
    assert (found.clips, found.leaked, overlap.entries) == (4, 1, 2)
    assert [clip for clip, _ in overlap.same] == ["RgyqhpOJFM4_000030"]


def test_other_seconds_of_a_video_are_no_leak_but_told(tmp_path):
    test = written(tmp_path, "test.csv", "\n".join(TEST))
    found = audit(test, [written(tmp_path, "train.txt", "4z8HTrCvEsc_000050\n4z8HTrCvEsc_000012\n")])
    (overlap,) = found.overlaps
    assert overlap.same == (("4z8HTrCvEsc_000012", "4z8HTrCvEsc_000012"),)
    assert {(clip, entry) for clip, entry in overlap.other_seconds} == {
        ("4z8HTrCvEsc_000097", "4z8HTrCvEsc_000050"),
        ("4z8HTrCvEsc_000012", "4z8HTrCvEsc_000050"),
        ("4z8HTrCvEsc_000097", "4z8HTrCvEsc_000012"),
    }


def test_clips_count_once_over_lists_and_lines(tmp_path):
    test = written(tmp_path, "test.csv", "\n".join([*TEST, "RgyqhpOJFM4_30000_40000"]))
    lists = [written(tmp_path, f"{k}.txt", "RgyqhpOJFM4_000030\nRgyqhpOJFM4_000030\n") for k in (1, 2)]
    found = audit(test, lists)
    assert (found.clips, found.leaked) == (4, 1)
    assert [overlap.leaked for overlap in found.overlaps] == [1, 1]
    assert found.remarks == (f"{test} names 1 clip more than once: each counts once",)


def test_pairs_of_picture_and_sound_are_both_test_clips(tmp_path):
    test = written(tmp_path, "test.csv", "video,audio,label\n10000130166,10437048305,non-sounding\n")
    found = audit(test, [written(tmp_path, "train.csv", "10437048305\n")])
    assert (found.clips, found.leaked) == (2, 1)


def test_the_published_lists_are_read(shared_data):
    """The frame numbers in the second column of Flickr's list are no starts."""
    folder = shared_data / "annotations"
    names, pairs = folder / "slavc_flickr_test_sample.csv", folder / "slavc_flickr_test_plus_silent_sample.csv"
    flickr = audit(names, [pairs])
    first, *paired = [line.split(",") for line in pairs.read_text().splitlines()]
    assert first == ["video", "audio", "label"]
    tested = {line.split(",")[0] for line in names.read_text().splitlines()}
    known = {name for line in paired for name in line[:2]}
    assert (flickr.clips, flickr.leaked) == (60, len(tested & known))
    assert flickr.leaked > 50
    heard, boxes = folder / "slavc_vggss_heard_test_sample.csv", folder / "vggss_sample.json"
    known = {each["file"] for each in json.loads(boxes.read_text())}
    assert audit(heard, [boxes]).leaked == len(known & set(heard.read_text().split())) > 0


def test_the_command_counts_writes_and_fails(tmp_path, capsys):
    test = written(tmp_path, "test,1.csv", "\n".join(TEST))
    clean = written(tmp_path, "clean.txt", "AAAAAAAAAAA_000001\n")
    leaky = written(tmp_path, "leaky,1.txt", "RgyqhpOJFM4_000030\n-3Kv4fdm7Uk_000030\n4z8HTrCvEsc_000000\n")
    assert run("audit", test, "--against", clean) == 0
    assert "0 of 4 test clips (0.0 %) are among its 1 entries" in capsys.readouterr().out
    assert run("audit", test, "--against", clean, leaky, "--out", tmp_path / "leaks.csv") == 1
    shown = capsys.readouterr()
    assert "2 of 4 test clips (50.0 %) are among its 3 entries; 2 entries are other seconds" in shown.out
    assert "error: " in shown.err
    rows = list(csv.DictReader((tmp_path / "leaks.csv").read_text().splitlines()))
    assert [row["clip"] for row in rows if row["overlap"] == "same clip"] == TEST[:2]
    assert len(rows) == 4
    assert run("audit", test, "--against", leaky, "--json") == 1
    assert json.loads(capsys.readouterr().out)["leaked"] == 2


def test_lists_of_two_sets_are_pointed_out(tmp_path):
    test = written(tmp_path, "test.csv", "\n".join(TEST))
    found = audit(test, [written(tmp_path, "flickr.txt", "10000130166\n10007936344\n")])
    (remark,) = found.remarks
    assert "are these the same set's?" in remark


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", b"", "names no clip"),
        ("a.txt", b"\xff\xfe\x00\x01\x02", "not text"),
        ("a.txt", b"a\0b", "zero bytes"),
        ("a.json", b"[1.5]", "entry 0: expected the name of a clip"),
        ("a.json", b"[{}]", "entry 0: expected the name of a clip"),
        ("a.json", b"[", "not JSON"),
        ("a.json", b'["a\\ud800"]', "characters that cannot be shown"),
        ("a.json", b"3", "expected the name of a clip"),
        ("a.csv", b"video,audio\n,x\n", "row 2: the cell of video is empty"),
        ("a.csv", b",x\n", "row 1: its first cell is empty"),
    ],
)
def test_lists_that_cannot_be_read_are_one_line(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message) as refusal:
        read_clip_list(tmp_path / name)
    assert "\n" not in str(refusal.value)


def test_a_list_that_is_not_there_is_exit_code_2(tmp_path, capsys):
    assert run("audit", tmp_path / "no.csv", "--against", tmp_path / "no.txt") == 2
    assert "cannot be read" in capsys.readouterr().err
