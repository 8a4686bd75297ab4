"""Public sets of sounding objects: layouts, frame rules, traps of their boxes, and broken input."""

import io
import json
import math

import numpy as np
import pytest
import soundfile
from PIL import Image
from toy_sounding_sets import (
    RATE,
    tones,
    write_clip,
    write_json,
    write_picture,
    write_sound,
    write_video,
    write_xml,
)

from whence.cli import main
from whence.datagen.dataset import Dataset
from whence.datagen.pipeline import generate, rerender_differences
from whence.datagen.sounding_objects_import import plan_import
from whence.datagen.sounding_sets.reading import read_mask
from whence.datagen.verification import verify_dataset
from whence.errors import InputError

VGG = "RgyqhpOJFM4_000030"


def boxes(plan, row=0):
    """The boxes of a row without padding, by annotator, rounded."""
    drawn = plan.render(row)["annotator_box"]
    return [[tuple(round(float(v), 3) for v in box) for box in each if not np.isnan(box).any()] for each in drawn]


def vgg(tmp_path, entries, *names):
    """The plan of VGG-SS `entries` with media for `names`, by default for all."""
    for name in names or [entry["file"] for entry in entries]:
        write_clip(tmp_path / "media", name)
    return plan_import("vgg-ss", str(tmp_path / "media"), write_json(tmp_path / "vggss.json", entries))


def entry(name=VGG, *drawn, category="dog barking"):
    return {"file": name, "class": category, "bbox": list(drawn) or [[0.25, 0.5, 0.75, 1.0]]}


def run(*words):
    """Run the command line; return its exit code."""
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return stop.value.code


# Rows -----------------------------------------------------------------------------------------------------------


def test_a_row_is_a_picture_its_sound_and_its_boxes(tmp_path):
    second = entry("-3Kv4fdm7Uk_000030", [0, 0.025, 0.5, 0.9875], [0.5, 0, 1, 1], category="cat purring")
    plan = vgg(tmp_path, [entry(), second])
    url = str(tmp_path / "vgg.zarr")
    generate(plan, url)
    dataset = Dataset(url)
    assert dataset.name == "sounding-objects-import"
    assert dataset.column("sample_id").tolist() == [VGG, "-3Kv4fdm7Uk_000030"]
    assert dataset.attributes["categories"] == ["cat purring", "dog barking"]
    assert dataset.column("category").tolist() == [[1], [0]]
    assert dataset.column("original_size").tolist() == [[64, 48], [64, 48]]
    assert dataset.column("sound_samples").tolist() == [8000, 8000]
    assert dataset.column("annotator_box").shape == (2, 1, 2, 4)
    assert np.isnan(dataset.column("annotator_box")[0, 0, 1]).all()
    assert dataset.column("annotator_box")[1, 0].tolist() == pytest.approx(
        np.float32([[0, 0.025, 0.5, 0.9875], [0.5, 0, 1, 1]])
    )
    image, sound = dataset.array("image")[0], dataset.array("dry")[0]
    assert image.shape == (240, 320, 3)
    assert abs(float(image[:, :150].mean()) - 150) < 3
    assert abs(float(image[:, 170:].mean()) - 90) < 3
    assert sound.shape == (1, 8000)
    assert sound[0] / 32768 == pytest.approx(tones(0.5), abs=1e-3)
    assert all(check.passed for check in verify_dataset(dataset))
    assert rerender_differences(plan, dataset, [0, 1]) == []


def test_the_middle_ten_seconds_are_kept(tmp_path):
    write_picture(tmp_path / "media/1.jpg")
    write_sound(tmp_path / "media/1.wav", 20, 22_050)
    write_xml(tmp_path / "xml/1.xml", [[(0, 0, 64, 64)]])
    row = plan_import("flickr-soundnet", str(tmp_path / "media"), tmp_path / "xml").render(0)
    assert row["dry"].shape == (1, 160_000)
    heard = row["dry"][0].reshape(10, RATE).astype(float)
    loudest = np.abs(np.fft.rfft(heard * np.hanning(RATE), axis=1)).argmax(axis=1)
    assert loudest.tolist() == [200 + 100 * k for k in range(5, 15)]


def test_the_subset_is_part_of_the_recipe(tmp_path):
    entries = [entry(), entry("-3Kv4fdm7Uk_000030")]
    both = vgg(tmp_path, entries)
    (tmp_path / "media/audio/-3Kv4fdm7Uk_000030.wav").unlink()
    one = plan_import("vgg-ss", str(tmp_path / "media"), tmp_path / "vggss.json")
    assert [row.labelled.name for row in one.rows] == [VGG]
    assert one.missing == {"-3Kv4fdm7Uk_000030": "no sound"}
    assert (both.recipe["clips"], both.recipe["missing"]) == (2, 0)
    assert (one.recipe["clips"], one.recipe["missing"]) == (1, 1)
    assert one.recipe["subset"] != both.recipe["subset"]


# Where media lie ------------------------------------------------------------------------------------------------

VGG_LAYOUTS = {
    "flat": (f"{VGG}.jpg", f"{VGG}.wav"),
    "frames and audio": (f"frames/{VGG}.jpg", f"audio/{VGG}.wav"),
    "png": (f"frame/{VGG}.png", f"mp3/{VGG}.flac"),
    "frame 125": (f"total_video_frames/{VGG}/125.jpg", f"total_video_3s_audio/{VGG}.wav"),
    "milliseconds": ("img/RgyqhpOJFM4_30000_40000/image_050.jpg", "aud/RgyqhpOJFM4_30000_40000.wav"),
}


@pytest.mark.parametrize("layout", VGG_LAYOUTS)
def test_the_layouts_of_the_common_loaders_are_found(tmp_path, layout):
    picture, sound = VGG_LAYOUTS[layout]
    write_picture(tmp_path / "media" / picture, 100)
    write_picture(tmp_path / "media" / picture.replace("125", "001").replace("050", "001"), 100)
    write_sound(tmp_path / "media" / sound)
    plan = plan_import("vgg-ss", str(tmp_path / "media"), write_json(tmp_path / "a.json", [entry()]))
    assert plan.rows[0].files.picture == tmp_path / "media" / picture
    assert plan.rows[0].files.sound == tmp_path / "media" / sound


@pytest.mark.parametrize(("rate", "shown"), [(25.0, 125), (20.0, 100)])
def test_the_frame_of_vgg_ss_is_that_after_five_seconds_not_the_middle(tmp_path, rate, shown):
    write_video(tmp_path / "media" / f"{VGG}.mp4", 240, rate)
    write_sound(tmp_path / "media" / f"{VGG}.wav", 10)
    plan = plan_import("vgg-ss", str(tmp_path / "media"), write_json(tmp_path / "a.json", [entry()]))
    assert abs(float(plan.render(0)["image"].mean()) - shown) < 4


def test_the_frame_of_flickr_is_the_first_of_its_folder(tmp_path):
    for name, level in (("00000003.jpg", 40), ("00000001.jpg", 120), ("00000002.jpg", 10)):
        write_picture(tmp_path / "media/frames/77.mp4" / name, level)
    write_sound(tmp_path / "media/mp3/77.wav")
    write_xml(tmp_path / "xml/77.xml", [[(0, 0, 64, 64)]])
    plan = plan_import("flickr-soundnet", str(tmp_path / "media"), tmp_path / "xml")
    assert plan.rows[0].files.picture.name == "00000001.jpg"


def test_links_to_folders_are_followed_once(tmp_path):
    write_clip(tmp_path / "elsewhere", VGG)
    (tmp_path / "media").mkdir()
    (tmp_path / "media/links").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere/circle").symlink_to(tmp_path / "media")
    plan = plan_import("vgg-ss", str(tmp_path / "media"), write_json(tmp_path / "a.json", [entry()]))
    assert len(plan.rows) == 1


def test_copies_of_a_file_do_not_matter_but_two_files_of_one_clip_do(tmp_path):
    write_clip(tmp_path / "media", VGG)
    write_picture(tmp_path / "media/extend_frames" / f"{VGG}.jpg")
    annotations = write_json(tmp_path / "a.json", [entry()])
    assert len(plan_import("vgg-ss", str(tmp_path / "media"), annotations).rows) == 1
    write_picture(tmp_path / "media/extend_frames" / f"{VGG}.jpg", 20)
    with pytest.raises(InputError, match="are of one clip but differ"):
        plan_import("vgg-ss", str(tmp_path / "media"), annotations)


# VGG-SS ---------------------------------------------------------------------------------------------------------


def test_corners_outside_are_cut_and_boxes_without_area_left_out(tmp_path):
    beyond = entry(VGG, [-2.9e16, 0.1, 0.5, 0.9], [0.1, 0.1, 1.25, 0.9])
    flat = entry("-3Kv4fdm7Uk_000030", [0.2, 0.2, 0.2, 0.8], [0.5, 0.5, 0.75, 0.75])
    empty = entry("00QQLLcny14_000083", [0.5, 0.9, 0.25, 0.9])
    plan = vgg(tmp_path, [beyond, flat, empty])
    assert boxes(plan, 0) == [[(0, 0.1, 0.5, 0.9), (0.1, 0.1, 1, 0.9)]]
    assert boxes(plan, 1) == [[(0.5, 0.5, 0.75, 0.75)]]
    assert boxes(plan, 2) == [[]]
    assert plan.render(2)["sounding"] == 1
    assert plan.remarks == (
        f"boxes cut at the edge of the picture: 2, the first in {VGG}",
        "boxes without area in the picture, left out: 2, the first in -3Kv4fdm7Uk_000030",
        "clips left without a box, kept as annotated without one: 1, the first in 00QQLLcny14_000083",
    )


@pytest.mark.parametrize("box", [[1.2, 0.1, 1.6, 0.5], [float("nan"), 0.2, 0.5, 0.7], [0.4, 0.2, 0.4, 0.7]])
def test_a_set_without_any_box_in_its_pictures_is_refused(tmp_path, capsys, box):
    write_clip(tmp_path / "media", VGG)
    annotations = write_json(tmp_path / "vggss.json", [entry(VGG, box)])
    words = ["import", "vgg-ss", tmp_path / "o.zarr", "--media", tmp_path / "media", "--annotations", annotations]
    assert run(*words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"none of 1 clips, such as {VGG}, has a box with an area inside its picture" in line
    assert not (tmp_path / "o.zarr").exists()


def test_boxes_that_are_no_numbers_are_left_out(tmp_path):
    plan = vgg(tmp_path, [entry(VGG, [0.1, 0.1, 0.5, 0.5], [math.nan, 0, 1, 1], [0, 0, math.inf, 1])])
    assert boxes(plan) == [[(0.1, 0.1, 0.5, 0.5)]]


def test_the_published_boxes_are_read(shared_data, tmp_path):
    """300 published entries, all with one to five boxes within the frame."""
    file = shared_data / "annotations" / "vggss_sample.json"
    published = json.loads(file.read_text())
    for each in published[::10]:
        write_clip(tmp_path / "media", each["file"])
    plan = plan_import("vgg-ss", str(tmp_path / "media"), file)
    assert [row.labelled.name for row in plan.rows] == [each["file"] for each in published[::10]]
    assert len(plan.missing) == 270
    assert plan.remarks == ()
    for row, each in enumerate(published[::10]):
        drawn = plan.render(row)["annotator_box"][0, : len(each["bbox"])]
        assert drawn == pytest.approx(np.float32(each["bbox"]))


def test_published_subsets_restrict_the_import(shared_data, tmp_path):
    lists, file = shared_data / "annotations", shared_data / "annotations" / "vggss_sample.json"
    heard = lists / "slavc_vggss_heard_test_sample.csv"
    wanted = set(heard.read_text().split())
    known = [each["file"] for each in json.loads(file.read_text()) if each["file"] in wanted]
    for name in known:
        write_clip(tmp_path / "media", name)
    plan = plan_import("vgg-ss", str(tmp_path / "media"), file, [heard])
    assert [row.labelled.name for row in plan.rows] == known
    assert plan.missing == {}
    (remark,) = plan.remarks
    assert remark.startswith(f"clips of {heard} that are not annotated: {len(wanted) - len(known)}, such as ")


# Flickr-SoundNet ------------------------------------------------------------------------------------------------


def flickr(tmp_path, **drawn):
    for name, annotators in drawn.items():
        write_clip(tmp_path / "media", name)
        write_xml(tmp_path / "xml" / f"{name}.xml", annotators)
    return plan_import("flickr-soundnet", str(tmp_path / "media"), tmp_path / "xml")


def test_three_annotators_draw_any_number_of_boxes_in_256_pixels(tmp_path):
    drawn = [[(0, 64, 128, 256)], [(32, 32, 64, 64), (128, 128, 192, 256)], []]
    plan = flickr(tmp_path, a=drawn)
    assert boxes(plan) == [[(0, 0.25, 0.5, 1)], [(0.125, 0.125, 0.25, 0.25), (0.5, 0.5, 0.75, 1)], []]


def test_other_elements_beside_the_annotators_are_no_annotators(tmp_path):
    write_clip(tmp_path / "media", "a")
    file = write_xml(tmp_path / "xml/a.xml", [[(0, 0, 64, 64)], [(0, 0, 128, 128)], [(0, 0, 256, 256)]])
    extra = "<filename>a.jpg</filename><size><width>256</width></size>"
    file.write_text(file.read_text().replace("<annotation>", f"<annotation>{extra}"))
    plan = plan_import("flickr-soundnet", str(tmp_path / "media"), tmp_path / "xml")
    assert boxes(plan) == [[(0, 0, 0.25, 0.25)], [(0, 0, 0.5, 0.5)], [(0, 0, 1, 1)]]


BOMB = (
    '<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">'
    + "".join(f'<!ENTITY d{k} "&{"c" if k == 0 else f"d{k - 1}"};{"&c;" * 9}">' for k in range(9))
    + "]><annotation>&d8;</annotation>"
)
BAD_XML = {
    "entities": (BOMB.encode(), "declares a document type"),
    "entities in UTF-16": (BOMB.encode("utf-16"), "declares a document type"),
    "no XML": (b"hello", "not XML"),
    "bytes": (b"\x00\xff\x80", "not XML in UTF-8"),
    "no boxes": (b"<annotation><annotator/></annotation>", "no annotator drew a bbox"),
    "four children": (b"<a><b><bbox><x>1</x><x>2</x><x>3</x><x>4</x></bbox></b></a>", "a bbox has 4 elements"),
    "words": (b"<a><b><bbox><i/><x>1</x><x>two</x><x>3</x><x>4</x></bbox></b></a>", "expected numbers"),
    "deep": (b"<a>" * 100_000 + b"</a>" * 100_000, "no annotator drew a bbox"),
}


@pytest.mark.parametrize("kind", BAD_XML)
def test_xml_that_is_hostile_or_broken_is_one_line(tmp_path, kind):
    content, message = BAD_XML[kind]
    write_clip(tmp_path / "media", "a")
    (tmp_path / "xml").mkdir()
    (tmp_path / "xml/a.xml").write_bytes(content)
    with pytest.raises(InputError, match=message) as refusal:
        plan_import("flickr-soundnet", str(tmp_path / "media"), tmp_path / "xml")
    assert "\n" not in str(refusal.value)
    plan = flickr(tmp_path, good=[[(0, 0, 64, 64)]])
    assert [row.labelled.name for row in plan.rows] == ["good"]
    assert (plan.remarks, plan.recipe["missing"]) == ((), 1)
    assert "a.xml: " in plan.unusable["a"]


def test_pairs_of_a_picture_and_another_sound_have_no_truth(shared_data, tmp_path):
    pairs = shared_data / "annotations" / "slavc_flickr_test_plus_silent_sample.csv"
    picture, sound = "10000130166", "10437048305"
    write_clip(tmp_path / "media", picture, 100)
    write_clip(tmp_path / "media", sound, 20, seconds=0.25)
    for name in (picture, sound):
        write_xml(tmp_path / "xml" / f"{name}.xml", [[(0, 0, 64, 64)]])
    only = plan_import("flickr-soundnet", str(tmp_path / "media"), tmp_path / "xml", [pairs])
    assert [row.labelled.name for row in only.rows] == [f"{picture}+{sound}"]
    row = only.render(0)
    assert (row["sounding"], int(row["sound_samples"]), boxes(only)) == (0, 4000, [[], [], []])
    assert row["image"].mean() > 100
    positives = tmp_path / "test,1.csv"
    positives.write_text(f"{picture},202\n")
    words = ("--media", tmp_path / "media", "--annotations", tmp_path / "xml", "--list", positives, pairs)
    assert run("import", "flickr-soundnet", tmp_path / "o.zarr", *words, "--workers", 1) == 0
    assert Dataset(str(tmp_path / "o.zarr")).column("sounding").tolist() == [1, 0]


# Other sets -----------------------------------------------------------------------------------------------------


def test_boxes_of_music_are_sizes_not_corners(tmp_path):
    name = "HnUOaSfTA6c_000_00007"
    drawn = {"class_src1": "cello", "bbox_src1": [0.15, 0.3, 0.2, 0.5]}
    drawn |= {"class_src2": "acoustic_guitar", "bbox_src2": [0.5, 0.6, 0.35, 0.125]}
    write_picture(tmp_path / "media/frames" / f"{name}.jpg")
    write_sound(tmp_path / "media/audio/HnUOaSfTA6c.wav")
    plan = plan_import(
        "music-duet", str(tmp_path / "media"), write_json(tmp_path / "a.json", [{"file": name, **drawn}])
    )
    assert boxes(plan) == [[(0.15, 0.3, 0.35, 0.8), (0.5, 0.6, 0.85, 0.725)]]
    row = plan.render(0)
    assert row["box_source"].tolist() == [[0, 1]]
    assert [plan.categories[k] for k in row["category"]] == ["cello", "acoustic_guitar"]
    solo = write_json(tmp_path / "solo.json", [{"file": name, "class": "cello", "bbox": [0.125, 0, 0.25, 1]}])
    assert boxes(plan_import("music-duet", str(tmp_path / "media"), solo)) == [[(0.125, 0, 0.375, 1)]]


def test_sounds_of_one_picture_are_a_group_in_224_pixels(tmp_path):
    entries = []
    for sound, box in (("cat", [56.0, 0.0, 112.0, 224.0]), ("alarmclock", [112.0, 112.0, 168.0, 168.0])):
        name = f"cat_alarmclock_1828_{sound}"
        write_picture(tmp_path / "media/visual_frames" / f"{name}.jpg")
        write_sound(tmp_path / "media/audio_wav" / f"{name}.wav")
        entries.append(
            {"image": f"/mnt/a/visual_frames/{name}.jpg", "audio": f"/mnt/a/audio_wav/{name}.wav", "gt_box": box}
        )
    plan = plan_import("is3", str(tmp_path / "media"), write_json(tmp_path / "a.json", entries))
    assert (boxes(plan, 0), boxes(plan, 1)) == ([[(0.25, 0, 0.5, 1)]], [[(0.5, 0.5, 0.75, 0.75)]])
    assert {plan.render(row)["picture"] for row in (0, 1)} == {"cat_alarmclock_1828"}
    assert plan.categories == ("alarmclock", "cat")


def avs(tmp_path):
    """Boxes of two frames of one S4 video, the second of them empty, and media beside masks of the same names."""
    entries, root = [], "/mnt/s4_data"
    for number, box in ((1, [0.0, 56.0, 112.0, 224.0]), (2, [0.0, 0.0, 0.0, 0.0])):
        frame = f"test/helicopter/0d9u2CymIxc/0d9u2CymIxc_{number}.png"
        write_picture(tmp_path / "media/visual_frames" / frame, size=(224, 224))
        mask = np.zeros((224, 224), np.uint8)
        mask[56:, :112] = 255 * (number == 1)
        file = tmp_path / "media/gt_masks" / frame
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(mask).save(file)
        audio = "test/helicopter/0d9u2CymIxc.wav"
        entries.append({"image": f"{root}/visual_frames/{frame}", "audio": f"{root}/audio_wav/{audio}", "gt_box": box})
    write_sound(tmp_path / "media/audio_wav/test/helicopter/0d9u2CymIxc.wav")
    return write_json(tmp_path / "s4_box.json", entries)


def test_empty_boxes_of_avsbench_are_empty_truth_and_frames_of_a_video_a_group(tmp_path):
    plan = plan_import("avsbench", str(tmp_path / "media"), avs(tmp_path))
    assert (boxes(plan, 0), boxes(plan, 1)) == ([[(0, 0.25, 0.5, 1)]], [[]])
    assert plan.remarks == ()
    assert {plan.render(row)["picture"] for row in (0, 1)} == {"0d9u2CymIxc"}
    assert plan.categories == ("helicopter",)
    (tmp_path / "videos.txt").write_text("0d9u2CymIxc\n")
    listed = plan_import("avsbench", str(tmp_path / "media"), tmp_path / "s4_box.json", [tmp_path / "videos.txt"])
    assert len(listed.rows) == 2


def test_masks_of_avsbench_are_kept_as_drawn(tmp_path):
    avs(tmp_path)
    plan = plan_import("avsbench", str(tmp_path / "media"), tmp_path / "media/gt_masks")
    generate(plan, str(tmp_path / "avs.zarr"))
    dataset = Dataset(str(tmp_path / "avs.zarr"))
    masks = dataset.array("mask")[:]
    assert masks.shape == (2, 224, 224)
    assert (masks[0, 56:, :112] == 1).all()
    assert masks.sum() == 168 * 112
    assert (boxes(plan, 0), boxes(plan, 1)) == ([[(0, 0.25, 0.5, 1)]], [[]])
    assert all(check.passed for check in verify_dataset(dataset))
    assert dataset.attributes["categories"] == ["helicopter"]


@pytest.mark.parametrize("quality", [95, 75, 50])
def test_masks_that_were_compressed_with_losses_are_missing(tmp_path, quality):
    """Around a disc JPEG leaves specks that are not black, also where it was stored as PNG afterwards."""
    avs(tmp_path)
    rows, columns = np.indices((224, 224))
    disc = np.where((rows - 100) ** 2 + (columns - 120) ** 2 < 3600, 255, 0).astype(np.uint8)
    kept = io.BytesIO()
    Image.fromarray(disc).save(kept, "JPEG", quality=quality)
    first, second = sorted((tmp_path / "media/gt_masks").rglob("*.png"))
    Image.open(kept).save(first)
    Image.fromarray(disc).save(second)
    plan = plan_import("avsbench", str(tmp_path / "media"), tmp_path / "media/gt_masks")
    (fault,) = plan.unusable.values()
    assert "the mask was compressed with losses (JPEG), so black is not black" in fault
    assert [row.labelled.name for row in plan.rows] == ["0d9u2CymIxc_2"]


def test_masks_may_have_soft_edges_and_numbers_of_categories(tmp_path):
    rows, columns = np.indices((224, 224))
    away = np.hypot(rows - 100, columns - 120)
    soft = np.clip((60.5 - away) * 255, 0, 255).astype(np.uint8)
    numbers = np.select([away < 30, away < 60, away < 61], [3, 17, 1], 0).astype(np.uint8)
    for mask in (soft, numbers):
        Image.fromarray(mask).save(tmp_path / "m.png")
        assert read_mask(tmp_path / "m.png").sum() == np.count_nonzero(mask)


def test_frames_of_ms3_are_named_otherwise_than_their_masks(tmp_path):
    for number in (1, 2):
        write_picture(tmp_path / "media/visual_frames/rq5RDUm2Hnk_1" / f"rq5RDUm2Hnk_1.mp4_{number}.png")
        write_picture(tmp_path / "gt_masks/rq5RDUm2Hnk_1" / f"rq5RDUm2Hnk_1_{number}.png")
    write_sound(tmp_path / "media/audio_wav/test/rq5RDUm2Hnk_1.wav")
    plan = plan_import("avsbench", str(tmp_path / "media"), tmp_path / "gt_masks")
    assert [row.files.picture.name for row in plan.rows] == ["rq5RDUm2Hnk_1.mp4_1.png", "rq5RDUm2Hnk_1.mp4_2.png"]
    assert {row.labelled.group for row in plan.rows} == {"rq5RDUm2Hnk_1"}


def test_frames_of_epic_are_counted_through_the_recording(tmp_path):
    segment = "P03_105-00:01:08.04-00:01:09.19-3401-3459"
    entries = [{"video": segment, "frame": frame, "bbox": [[0.25, 0.25, 0.5, 0.5]]} for frame in (3421, 3431)]
    file = write_json(tmp_path / "a.json", entries)
    write_picture(tmp_path / "media/rgb_frames/P03_105/frame_0000003421.jpg")
    write_sound(tmp_path / "media" / segment / "audio" / f"{segment}.wav")
    plan = plan_import("epic-sounding-object", str(tmp_path / "media"), file)
    assert [row.labelled.name for row in plan.rows] == [f"{segment}_3421"]
    assert list(plan.missing) == [f"{segment}_3431"]
    write_video(tmp_path / "media" / f"{segment}.mp4", 58, 50.0)
    plan = plan_import("epic-sounding-object", str(tmp_path / "media"), file)
    assert abs(float(plan.render(1)["image"].mean()) - 30) < 4


# Input that is refused ------------------------------------------------------------------------------------------


def corners(*boxes_, name="v{}_000010"):
    return [{"file": f"abcdefghij{k}_000010", "class": "x", "bbox": [list(box)]} for k, box in enumerate(boxes_)]


IMAGE = {"image": "f/cat_dog_1_cat.jpg", "audio": "a/cat_dog_1_cat.wav"}
WRONG = {
    "pixels": ("vgg-ss", corners([10, 20, 200, 220]), "are in pixels, but this set's are fractions"),
    "sizes": ("vgg-ss", corners(*[[0.5, 0.6, 0.35, 0.125]] * 4), "look like x, y, width, height"),
    "no list": ("vgg-ss", {"file": "x"}, "expected a JSON list of objects with file, class, bbox, found one with file"),
    "empty": ("vgg-ss", [], "found an empty list"),
    "number": ("vgg-ss", 3, "found a int"),
    "entry": ("vgg-ss", ["x"], "entry 0: expected an object with file, class, bbox, found a str"),
    "of IS3": ("vgg-ss", [{**IMAGE, "gt_box": [0, 0, 1, 1]}], "this is a file of IS3, VPO or AVSBench"),
    "of MUSIC": ("vgg-ss", [{"file": "x", "class": "y", "bbox": [0.1, 0.1, 0.5, 0.5]}], "this is how MUSIC is written"),
    "three numbers": ("vgg-ss", [{"file": "x", "class": "y", "bbox": [[0, 0, 1]]}], "expected a box of four numbers"),
    "words": ("vgg-ss", [{"file": "x", "class": "y", "bbox": [[0, 0, 1, "1"]]}], "expected a box of four numbers"),
    "huge": ("vgg-ss", [{"file": "x", "class": "y", "bbox": [[0, 0, 1, 10**400]]}], "found one that is too large"),
    "no name": ("vgg-ss", [{"file": " ", "class": "y", "bbox": []}], "file is ' ', expected a name"),
    "surrogate": ("vgg-ss", [{"file": "a\ud800", "class": "y", "bbox": []}], "characters that cannot be shown"),
    "line break": ("vgg-ss", [{"file": "a", "class": "y\n\0z", "bbox": []}], "characters that cannot be shown"),
    "twice": ("vgg-ss", [entry(), entry(VGG, [0, 0, 1, 1])], "annotated twice, and differently"),
    "fractions": ("is3", [{**IMAGE, "gt_box": [0.1, 0.1, 0.5, 0.5]}], "boxes are fractions of the picture"),
    "outside": ("is3", [{**IMAGE, "gt_box": [0, 0, 320, 240]}], "1 of 1 boxes reach beyond 224 x 224 pixels"),
    "no path": ("is3", [{"image": "/", "audio": "a.wav", "gt_box": [0, 0, 9, 9]}], "expected the path of a file"),
    "segments": ("is3", [{**IMAGE, "gt_seg": "x"}], "segments instead of boxes"),
    "AVSBench": ("is3", [{**IMAGE, "image": "f/v/v_1.png", "gt_box": [0, 0, 9, 9]}], "is imported with `avsbench`"),
    "IS3": ("avsbench", [{**IMAGE, "gt_box": [0, 0, 9, 9]}], "lies in no folder of its video"),
    "corners": ("music-duet", [{"file": "v_0_0", "class": "x", "bbox": [0.4, 0.1, 0.9, 0.95]}], "look like corners"),
    "VGG-SS": ("music-duet", [{"file": "v_0_0", "class": "x", "bbox": [[0, 0, 1, 1]]}], "is the file of VGG-SS"),
    "half a duet": (
        "music-duet",
        [{"file": "v_0_0", "class_src1": "x", "bbox_src1": [0, 0, 1, 1]}],
        "expected class_src1",
    ),
    "huge frame": (
        "epic-sounding-object",
        [{"video": "v-1-2", "frame": 10**400, "bbox": []}],
        "expected a whole number",
    ),
    "frame": ("epic-sounding-object", [{"video": "v", "frame": "3", "bbox": []}], "expected a whole number"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_annotations_of_another_set_or_shape_are_one_line_and_exit_code_2(tmp_path, capsys, kind):
    name, entries, message = WRONG[kind]
    for clip in (VGG, "cat_dog_1_cat", "v_1", "v", "v_0_0", "x", *(f"abcdefghij{k}_000010" for k in range(4))):
        write_clip(tmp_path / "media", clip)
    file = write_json(tmp_path / "a.json", entries)
    out = tmp_path / "o.zarr"
    assert run("import", name, out, "--media", tmp_path / "media", "--annotations", file, "--workers", 1) == 2
    shown = capsys.readouterr().err
    assert message in shown
    assert shown.count("\n") == 1
    assert not out.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "not JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b"\xff\x00\x01", "not text in UTF-8"),
        (b"", "not JSON"),
    ],
)
def test_files_that_are_no_json_are_one_line(tmp_path, content, message):
    write_clip(tmp_path / "media", VGG)
    (tmp_path / "a.json").write_bytes(content)
    for name in ("vgg-ss", "is3", "music-duet"):
        with pytest.raises(InputError, match=message):
            plan_import(name, str(tmp_path / "media"), tmp_path / "a.json")


def test_fractions_for_flickr_and_folders_without_files_are_refused(tmp_path):
    with pytest.raises(InputError, match="boxes are fractions of the picture, but this set's are pixels of 256 x 256"):
        flickr(tmp_path, a=[[(0.1, 0.1, 0.5, 0.5)]])
    (tmp_path / "none").mkdir()
    with pytest.raises(InputError, match="holds no XML file"):
        plan_import("flickr-soundnet", str(tmp_path / "media"), tmp_path / "none")
    with pytest.raises(InputError, match="holds no mask"):
        plan_import("avsbench", str(tmp_path / "media"), tmp_path / "none")
    with pytest.raises(InputError, match="is a folder: give the JSON file"):
        plan_import("vgg-ss", str(tmp_path / "media"), tmp_path / "none")
    with pytest.raises(InputError, match=r"does not exist: give vggss\.json"):
        plan_import("vgg-ss", str(tmp_path / "media"), tmp_path / "nothing")


def test_media_without_the_clips_are_refused(tmp_path):
    file = write_json(tmp_path / "a.json", [entry()])
    with pytest.raises(InputError, match="is not a folder"):
        plan_import("vgg-ss", str(tmp_path / "media"), file)
    (tmp_path / "media").mkdir()
    with pytest.raises(InputError, match="holds no picture, sound or video"):
        plan_import("vgg-ss", str(tmp_path / "media"), file)
    write_clip(tmp_path / "media", "another")
    with pytest.raises(
        InputError, match=rf"holds none of the 1 clips of .*a\.json, such as {VGG} \(no picture and no sound"
    ):
        plan_import("vgg-ss", str(tmp_path / "media"), file)


def silent(file):
    soundfile.write(file, np.zeros(8000), RATE)


def noise_file(file):
    file.write_bytes(b"sorry")


FAULTY = {
    "truncated picture": (
        "jpg",
        lambda file: file.write_bytes(file.read_bytes()[:-200]),
        "cannot be read as a picture",
    ),
    "one pixel": ("jpg", lambda file: write_picture(file, size=(1, 1)), "1 x 1 pixels shows nothing"),
    "black": ("jpg", lambda file: write_picture(file, -1), "the picture is black"),
    "no picture": ("jpg", noise_file, "cannot be read as a picture"),
    "silent": ("wav", silent, "silent"),
    "8 kHz": ("wav", lambda file: write_sound(file, rate=8000), "8000 Hz: above 4000 Hz everything is lost"),
    "short": ("wav", lambda file: write_sound(file, 0.01), "too short"),
    "no sound": ("wav", noise_file, "not decodable"),
    "nothing": ("wav", lambda file: file.write_bytes(b""), "empty file"),
}


@pytest.mark.parametrize("kind", FAULTY)
def test_clips_that_cannot_be_used_are_left_out_by_name(tmp_path, capsys, kind):
    suffix, spoil, message = FAULTY[kind]
    for name in (VGG, "-3Kv4fdm7Uk_000030"):
        write_clip(tmp_path / "media", name)
    spoil(tmp_path / "media" / {"jpg": "frames", "wav": "audio"}[suffix] / f"{VGG}.{suffix}")
    file = write_json(tmp_path / "a.json", [entry(), entry("-3Kv4fdm7Uk_000030"), entry("007P6bFgRCU_000010")])
    words = ("--media", tmp_path / "media", "--annotations", file, "--workers", 1)
    assert run("import", "vgg-ss", tmp_path / "o.zarr", *words, "--licence", "CC BY 4.0") == 0
    shown = capsys.readouterr().err
    assert f"skipped {VGG}: " in shown
    assert message in shown
    assert "1 of 3 clips are not in" in shown
    dataset = Dataset(str(tmp_path / "o.zarr"))
    assert dataset.column("sample_id").tolist() == ["-3Kv4fdm7Uk_000030"]
    assert set(dataset.attributes["missing"]) == {VGG, "007P6bFgRCU_000010"}
    assert dataset.attributes["speech"]["licences"] == {"CC BY 4.0": 1}
    write_json(file, [entry()])
    assert run("import", "vgg-ss", tmp_path / "p.zarr", *words) == 2
    assert "no clip of" in capsys.readouterr().err


def test_broken_and_short_videos_are_left_out(tmp_path):
    write_clip(tmp_path / "media", VGG)
    for name, frames in (("-3Kv4fdm7Uk_000030", 40), ("007P6bFgRCU_000010", 0)):
        write_sound(tmp_path / "media/audio" / f"{name}.wav")
        video = write_video(tmp_path / "media/video" / f"{name}.mp4", max(frames, 1))
        if not frames:
            video.write_bytes(b"no video" * 100)
    file = write_json(tmp_path / "a.json", [entry(), entry("-3Kv4fdm7Uk_000030"), entry("007P6bFgRCU_000010")])
    plan = plan_import("vgg-ss", str(tmp_path / "media"), file)
    assert [row.labelled.name for row in plan.rows] == [VGG]
    assert "the video ends before second 5" in plan.missing["-3Kv4fdm7Uk_000030"]
    assert "not a video that can be read" in plan.missing["007P6bFgRCU_000010"]


def test_lists_that_fit_nothing_or_pair_wrongly_are_refused(tmp_path):
    write_clip(tmp_path / "media", VGG)
    file, names = write_json(tmp_path / "a.json", [entry()]), tmp_path / "list.csv"

    def listed(text, public="vgg-ss"):
        names.write_text(text)
        return plan_import(public, str(tmp_path / "media"), file, [names])

    with pytest.raises(
        InputError, match=r"names no clip of the annotations, such as Rgy.*: clips of .*: 1, such as 123"
    ):
        listed("123\n")
    with pytest.raises(InputError, match="label 'maybe' of"):
        listed(f"video,audio,label\n{VGG},{VGG},maybe\n")
    with pytest.raises(InputError, match="is called sounding, but not annotated"):
        listed(f"video,audio,label\n{VGG},other,sounding\n")
    for text in (
        f"{VGG}\n",
        f"{VGG}.jpg,3\n",
        "RgyqhpOJFM4_30000_40000",
        "ytid,start\nRgyqhpOJFM4,30\n",
        "RgyqhpOJFM4",
    ):
        assert len(listed(text).rows) == 1
