"""Real labels on made-up recordings: swapped rows, missing recordings, start frames, and broken input."""

import csv
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from whence.benchmarks.stimuli.stereo.batch import skipped_samples
from whence.benchmarks.stimuli.stereo.picture import Delay, draw_clip
from whence.commands.imports import app as import_app
from whence.conventions import SAMPLE_RATE
from whence.datagen.dataset import Dataset
from whence.datagen.in_the_wild import InTheWildPlan, read_labels
from whence.datagen.pipeline import generate, rerender_differences
from whence.errors import InputError

HEADER = "path,start_time,itd_label,if_flip\n"


def staircase(seconds: int = 10, rate: int = SAMPLE_RATE) -> np.ndarray:
    """Two tones whose frequencies tell channel and time: left 500 + 100 k Hz in second k, right 2 kHz more."""
    time = np.arange(seconds * rate) / rate
    step = np.floor(time)
    left = 0.5 * np.sin(2 * np.pi * (500 + 100 * step) * time)
    right = 0.25 * np.sin(2 * np.pi * (2_500 + 100 * step) * time)
    return np.stack([left, right], axis=1)


def loudest_frequency(channel: np.ndarray) -> float:
    return float(np.abs(np.fft.rfft(channel.astype(float) * np.hanning(channel.size))).argmax())


def labelled(folder: Path, *rows: str) -> str:
    labels = folder / "labels.csv"
    labels.write_text(HEADER + "".join(f"{row}\n" for row in rows))
    return str(labels)


def recording(folder: Path, name: str, audio: np.ndarray, rate: int = SAMPLE_RATE) -> Path:
    file = folder / "clips" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(file, audio, rate)
    return file


def plan_of(labels: str, folder: Path) -> InTheWildPlan:
    clips, missing = read_labels(labels, str(folder / "clips"))
    return InTheWildPlan(clips, "somewhere", len(missing))


# The published labels -------------------------------------------------------------------------------------------


@pytest.fixture
def published(shared_data):
    path = shared_data / "annotations" / "inthewild_itd_labels_sample.csv"
    with path.open(newline="", encoding="utf-8") as lines:
        return str(path), list(csv.DictReader(lines))


def test_the_published_labels_are_read(published, tmp_path):
    labels, rows = published
    sound = staircase(10)
    for row in rows:  # one recording lasts 90 s, all others 5 or 10
        longer = int(row["start_time"]) >= 300
        recording(tmp_path, f"{Path(row['path']).name}.flac", staircase(46) if longer else sound)
    plan = plan_of(labels, tmp_path)
    assert plan.missing == 0
    assert plan.layout.rows == len(rows) == 100
    assert [clip.start_frame for clip in plan.clips] == [int(row["start_time"]) for row in rows]
    assert [clip.swapped for clip in plan.clips] == [row["if_flip"] == "1" for row in rows]
    assert len({clip.sample_id for clip in plan.clips}) == 100
    assert {clip.video for clip in plan.clips} == {Path(row["path"]).parent.name for row in rows}


def test_recordings_that_are_missing_are_counted(published, tmp_path):
    labels, rows = published
    names = sorted({Path(row["path"]).name for row in rows})
    sound = staircase(10)
    for name in names[::2]:
        recording(tmp_path, f"{name}/audio.wav", sound)
    clips, skipped = read_labels(labels, str(tmp_path / "clips"))
    assert len(clips) + len(skipped) == len(rows)
    assert not any(row.found for row in skipped)
    missing = {row.path for row in skipped}
    assert {Path(clip.path).name for clip in clips} == set(names[::2])
    assert sorted(Path(path).name for path in missing) == names[1::2]
    expected = [Path(row["path"]).name for row in rows if Path(row["path"]).name in names[::2]]
    assert [Path(clip.path).name for clip in clips] == expected


def test_a_dataset_of_the_published_labels(published, tmp_path):
    labels, rows = published
    for row in rows[:12]:
        recording(tmp_path, f"{Path(row['path']).name}.wav", staircase(10))
    plan = plan_of(labels, tmp_path)
    generate(plan, str(tmp_path / "wild.zarr"))
    dataset = Dataset(str(tmp_path / "wild.zarr"))
    assert dataset.name == "in-the-wild"
    sides = {"0": 1, "1": 1, "2": -1, "3": -1}
    by_id = {clip.sample_id: clip for clip in plan.clips}
    for row, name in enumerate(dataset.column("sample_id")):
        clip = by_id[name]
        assert dataset.column("side")[row] == sides[str(clip.label)]
        left, right = dataset.array("audio")[row]
        assert (loudest_frequency(left) > loudest_frequency(right)) == clip.swapped
    assert rerender_differences(plan, dataset, range(len(plan.clips))) == []


# Cutting --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
@pytest.mark.parametrize("frame", [0, 30, 90, 210])
def test_the_clip_begins_at_its_frame(tmp_path, rate, frame):
    recording(tmp_path, "a_0010_0020.wav", staircase(10, rate), rate)
    plan = plan_of(labelled(tmp_path, f"x/a_0010_0020,{frame},0,0"), tmp_path)
    left, right = plan.render(0)["audio"]
    assert left.shape == (SAMPLE_RATE,)
    assert loudest_frequency(left) == pytest.approx(500 + 100 * frame / 30, abs=1)
    assert loudest_frequency(right) == pytest.approx(2_500 + 100 * frame / 30, abs=1)


def test_a_frame_between_the_seconds_is_honoured_to_the_sample(tmp_path):
    click = np.zeros((2 * SAMPLE_RATE, 2))
    click[9_000] = 0.5, 0.4
    recording(tmp_path, "a.wav", click)
    for frame in (0, 1, 7, 15, 16):
        plan = plan_of(labelled(tmp_path, f"a,{frame},0,0"), tmp_path)
        assert np.abs(plan.render(0)["audio"][0]).argmax() == 9_000 - frame * SAMPLE_RATE // 30


def test_flipped_rows_have_their_channels_swapped_and_nothing_else(tmp_path):
    recording(tmp_path, "a_1_2.wav", staircase(3))
    plan = plan_of(labelled(tmp_path, "a_1_2,30,0,0", "a_1_2,30,3,1"), tmp_path)
    straight, swapped = (plan.render(row) for row in (0, 1))
    np.testing.assert_array_equal(straight["audio"], swapped["audio"][::-1])
    assert not np.array_equal(straight["audio"], swapped["audio"])
    assert (straight["side"], swapped["side"]) == (1, -1)
    assert straight["sample_id"] == "a_1_2/000030/as-recorded"
    assert swapped["sample_id"] == "a_1_2/000030/swapped"
    assert straight["video"] == swapped["room"] == "a"


@pytest.mark.parametrize(("label", "side"), [(0, 1), (1, 1), (2, -1), (3, -1)])
def test_labels_are_merged_to_sides(tmp_path, label, side):
    recording(tmp_path, "a.wav", staircase(2))
    rendered = plan_of(labelled(tmp_path, f"a,0,{label},0"), tmp_path).render(0)
    assert (rendered["itd_label"], rendered["side"]) == (label, side)


def test_a_recording_that_ends_too_soon_is_repeated(tmp_path):
    recording(tmp_path, "a.wav", staircase(1)[:6_000])
    audio = plan_of(labelled(tmp_path, "a,6,0,0"), tmp_path).render(0)["audio"]
    assert audio.shape == (2, SAMPLE_RATE)
    np.testing.assert_array_equal(audio[:, 2_800:5_600], audio[:, :2_800])


def test_the_recipe_follows_the_sounds_and_labels_and_not_the_place(tmp_path):
    for name in ("here", "there", "other"):
        recording(tmp_path / name, "a.wav", staircase(2)[:: -1 if name == "other" else 1])
    labels = labelled(tmp_path, "a,0,0,0")
    here, there, other = (plan_of(labels, tmp_path / name).recipe for name in ("here", "there", "other"))
    assert here == there
    assert here != other
    assert plan_of(labelled(tmp_path, "a,0,3,0"), tmp_path / "here").recipe != here


# Broken input ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("a,x,0,0", "cannot read the row .*'start_time': 'x'.*: expected whole numbers, if_flip 0 or 1"),
        ("a,0,left,0", "cannot read the row"),
        ("a,0,0,yes", "cannot read the row"),
        ("a,0,0", "cannot read the row"),
        ("a", "cannot read the row"),
        ("a,0,4,0", "itd_label 4 in the row of 'a': expected 0, 1, 2 or 3"),
    ],
)
def test_rows_that_make_no_sense_are_named(tmp_path, row, message):
    recording(tmp_path, "a.wav", staircase(1))
    with pytest.raises(InputError, match=message):
        read_labels(labelled(tmp_path, row), str(tmp_path / "clips"))


def test_labels_of_another_form_are_the_same_labels(tmp_path):
    recording(tmp_path, "x/a_0010_0020.wav", staircase(2))
    plain = labelled(tmp_path, "x/a_0010_0020,30,0,1")
    expected = read_labels(plain, str(tmp_path / "clips"))
    (tmp_path / "other.csv").write_text("\ufeffPATH;Start_Time;ITD_Label;If_Flip\n.\\x\\a_0010_0020; 30;0;1\n")
    (clip,), skipped = read_labels(str(tmp_path / "other.csv"), str(tmp_path / "clips"))
    assert (clip.sample_id, clip.file, skipped) == (expected[0][0].sample_id, expected[0][0].file, ())


def test_labels_without_their_header_or_rows_are_refused(tmp_path):
    recording(tmp_path, "a.wav", staircase(1))
    with pytest.raises(InputError, match=r"nothing\.csv does not exist: give the label file"):
        read_labels(str(tmp_path / "nothing.csv"), str(tmp_path / "clips"))
    for text in ("", HEADER, "path,start_time\na,0\n"):
        (tmp_path / "labels.csv").write_text(text)
        with pytest.raises(InputError, match="expected the columns path,start_time,itd_label,if_flip and at least one"):
            read_labels(str(tmp_path / "labels.csv"), str(tmp_path / "clips"))


def test_a_folder_without_any_of_the_recordings_is_refused(tmp_path):
    labels = labelled(tmp_path, "x/a_0010_0020,0,0,0", "x/b_0010_0020,0,0,0")
    with pytest.raises(InputError, match="is not a folder: give the folder that holds the recordings"):
        read_labels(labels, str(tmp_path / "clips"))
    recording(tmp_path, "c.wav", staircase(1))
    with pytest.raises(InputError, match=r"holds none of the recordings that .* names, such as 'x/a_0010_0020'"):
        read_labels(labels, str(tmp_path / "clips"))


UNUSABLE = {
    "mono": (staircase(1)[:, 0], 0, r"a\.wav: expected two channels, found 1"),
    "after the end": (staircase(1), 31, r"a\.wav: the second from frame 31 on is beyond its end"),
    "before the beginning": (staircase(1), -1, r"a\.wav: start_time -1 is before its beginning"),
    "short": (staircase(1, 44_100)[:1], 0, r"a\.wav: the second from frame 0 on is beyond its end"),
    "silent": (np.zeros((16_000, 2)), 0, r"a\.wav: the second from frame 0 on is silent"),
    "not finite": (np.full((16_000, 2), np.nan), 0, r"a\.wav: the second from frame 0 on holds values that are no"),
    "one infinite value": (
        np.where(np.arange(16_000)[:, None] == 99, np.inf, staircase(1)),
        0,
        r"a\.wav: the second from frame 0 on holds values that are not finite",
    ),
}


@pytest.mark.parametrize("fault", UNUSABLE)
def test_a_row_that_cannot_be_cut_is_skipped_by_name(tmp_path, fault):
    audio, frame, message = UNUSABLE[fault]
    rate = 44_100 if fault == "short" else SAMPLE_RATE
    soundfile.write(recording(tmp_path, "a.wav", audio[:0]), audio, rate, subtype="FLOAT")
    with pytest.raises(InputError, match=r"no row of .*labels\.csv can be cut from .*clips: .*" + message) as error:
        read_labels(labelled(tmp_path, f"a,{frame},0,0"), str(tmp_path / "clips"))
    assert "\n" not in str(error.value)
    recording(tmp_path, "good.wav", staircase(1))
    clips, (skipped,) = read_labels(labelled(tmp_path, f"a,{frame},0,0", "good,0,0,0"), str(tmp_path / "clips"))
    assert [clip.path for clip in clips] == ["good"]
    assert (skipped.path, skipped.found) == ("a", True)
    assert re.search(message, skipped.reason)


def test_what_lies_outside_the_cut_may_be_silent_or_worse(tmp_path):
    audio = staircase(3)
    audio[:16_000], audio[32_000:] = 0, np.nan
    soundfile.write(recording(tmp_path, "a.wav", audio[:0]), audio, SAMPLE_RATE, subtype="FLOAT")
    clips, skipped = read_labels(labelled(tmp_path, "a,0,0,0", "a,30,0,0", "a,60,0,0"), str(tmp_path / "clips"))
    assert [clip.start_frame for clip in clips] == [30]
    assert len(skipped) == 2


def test_a_file_that_is_no_audio_is_skipped_by_name(tmp_path):
    recording(tmp_path, "a.wav", staircase(1)).write_text("sorry")
    recording(tmp_path, "b.wav", staircase(1))
    clips, (skipped,) = read_labels(labelled(tmp_path, "a,0,0,0", "b,0,0,0"), str(tmp_path / "clips"))
    assert [clip.path for clip in clips] == ["b"]
    assert re.search(r"a\.wav: ", skipped.reason)


@pytest.mark.parametrize(
    "rows",
    [("a,0,0,0", "a,0,0,0"), ("a,0,0,0", "a,0,3,0"), ("./a,0,0,1", "a.wav,0,0,1")],
)
def test_a_row_given_twice_is_refused(tmp_path, rows):
    recording(tmp_path, "a.wav", staircase(1))
    with pytest.raises(InputError, match=r"labels\.csv: the row of 'a.*', start_time 0, if_flip \d, appears twice"):
        read_labels(labelled(tmp_path, *rows), str(tmp_path / "clips"))


def test_labels_in_another_encoding_are_refused(tmp_path):
    recording(tmp_path, "a.wav", staircase(1))
    (tmp_path / "labels.csv").write_bytes((HEADER + "caf\u00e9,0,0,0\n").encode("latin-1"))
    with pytest.raises(InputError, match=r"labels\.csv: not a CSV file in UTF-8 \(.*\); save it as one"):
        read_labels(str(tmp_path / "labels.csv"), str(tmp_path / "clips"))


# Recordings of one name -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", [".wav", "/audio.wav", "/audio/audio.wav"])
def test_recordings_of_one_name_are_told_apart_by_their_folders(tmp_path, end):
    for folder, seconds in (("a", 1), ("b", 2)):
        recording(tmp_path, f"{folder}/v_0001_0002{end}", staircase(3)[seconds * SAMPLE_RATE :])
    plan = plan_of(labelled(tmp_path, "x/a/v_0001_0002,0,0,0", "x/b/v_0001_0002,0,0,0"), tmp_path)
    assert [loudest_frequency(plan.render(row)["audio"][0]) for row in (0, 1)] == [600, 700]
    assert [clip.sample_id for clip in plan.clips] == [f"x/{k}/v_0001_0002/000000/as-recorded" for k in "ab"]
    assert [clip.video for clip in plan.clips] == ["x/a/v", "x/b/v"]


@pytest.mark.parametrize("files", [("a/v.wav", "b/v.wav"), ("v.wav", "v.flac"), ("v.wav", "v/audio.wav")])
def test_recordings_that_cannot_be_told_apart_are_refused(tmp_path, files):
    one, other = sorted(str(recording(tmp_path, file, staircase(1))) for file in files)
    with pytest.raises(InputError, match=r"labels\.csv: 'x/v' matches .* and .*: keep one") as error:
        read_labels(labelled(tmp_path, "x/v,0,0,0"), str(tmp_path / "clips"))
    assert one in str(error.value)
    assert other in str(error.value)
    recording(tmp_path, "w.wav", staircase(1))
    assert len(read_labels(labelled(tmp_path, "x/w,0,0,0"), str(tmp_path / "clips"))[0]) == 1


def test_one_recording_is_not_taken_for_two(tmp_path):
    rows = ("x/a/v,0,0,0", "x/b/v,0,3,0")
    recording(tmp_path, "v.wav", staircase(1))
    with pytest.raises(
        InputError, match=r"v\.wav matches 'x/a/v' and 'x/b/v': put it in the folder that its path names"
    ):
        read_labels(labelled(tmp_path, *rows), str(tmp_path / "clips"))
    (tmp_path / "clips" / "v.wav").unlink()
    recording(tmp_path, "b/v.wav", staircase(1))
    (clip,), (skipped,) = read_labels(labelled(tmp_path, *rows), str(tmp_path / "clips"))
    assert (clip.path, skipped.path, skipped.found) == ("x/b/v", "x/a/v", False)


# The command ----------------------------------------------------------------------------------------------------


def test_the_command_names_what_it_skips_and_records_the_licence(tmp_path):
    recording(tmp_path, "a.wav", staircase(1))
    labels = labelled(tmp_path, "a,0,0,0", "gone,0,0,0", *(f"a,{frame},0,0" for frame in range(40, 52)))
    for name, options, licence in (("one", (), "unknown"), ("two", ("--licence", "CC BY 4.0"), "CC BY 4.0")):
        url = str(tmp_path / f"{name}.zarr")
        arguments = ["in-the-wild", url, "--clips", str(tmp_path / "clips"), "--labels", labels, "--workers", "1"]
        answer = CliRunner().invoke(import_app, [*arguments, *options])
        assert answer.exit_code == 0, answer.output
        assert Dataset(url).attributes["speech"]["licences"] == {licence: 1}
        assert Dataset(url).attributes["engine"]["rows_without_recording"] == 13
    shown = [line for line in answer.stderr.splitlines() if "skipped" in line]
    assert "lacks 1 recording of" in answer.stderr
    assert len(shown) == 11
    assert shown[0].endswith("a.wav: the second from frame 40 on is beyond its end")
    assert shown[-1] == "skipped 2 more rows"


@pytest.mark.parametrize(("kind", "start"), [("in-the-wild", 0), ("tde", 200)])
def test_the_picture_of_a_clip_shades_what_was_heard(kind, start):
    """Nothing is skipped in real recordings, 200 samples elsewhere."""

    class Recorded:
        """A dataset of that kind."""

        name = kind

    clip = np.random.default_rng(0).standard_normal((2, 16_000)).astype(np.float32)
    skipped = skipped_samples(Recorded())
    heard = clip[:, skipped : skipped + 1151]
    drawing = draw_clip(Delay(1.0, None, delays=False), clip, heard, skipped)
    shaded = drawing.axes[0].patches[0].get_extents().transformed(drawing.axes[0].transData.inverted())
    assert (shaded.x0, shaded.x1) == pytest.approx((start / 16, (start + 1151) / 16))
