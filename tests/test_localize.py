"""`whence localize`: maps over one's own pictures and films, by methods whose maps are known."""

import os
import stat
from pathlib import Path

import cv2
import numpy as np
import pytest
import soundfile
from PIL import Image

from whence.benchmarks.display.film import video_file
from whence.benchmarks.localize import window
from whence.cli import main
from whence.conventions import SAMPLE_RATE
from whence.datagen.footage import open_footage

RATE, FRAMES = 4.0, 12
"""Frames per second and frames of the films: more than are answered at once."""
TONES_HZ = 500.0 + 500.0 * np.arange(FRAMES)
HEIGHT, WIDTH = 120, 160
METHODS = '''
import numpy as np

class Bright:
    """Cells of 4 x 4 pixels are 1 where the picture is bright."""
    version, tracks = "1", ("sounding-object",)

    def predict(self, batch):
        return (batch.image[:, 2::4, 2::4].mean(-1) > 180).astype(float)

class Pitch:
    """Column k is 1 where the k-th tone is the loudest."""
    version, tracks = "1", ("sounding-object",)

    def predict(self, batch):
        sound = batch.audio[:, 0]
        hertz = np.abs(np.fft.rfft(sound)).argmax(-1) * batch.sample_rate / sound.shape[1]
        return np.eye(12)[np.rint(hertz / 500 - 1).astype(int)][:, None]

class Bored:
    version, tracks = "1", ("sounding-object",)

    def predict(self, batch):
        return np.zeros((len(batch), 3, 4))

class Broken:
    version, tracks = "1", ("sounding-object",)

    def predict(self, batch):
        raise RuntimeError("no")
'''


def frame(left: int) -> np.ndarray:
    """A grey picture with a bright square of 32 pixels at column `left`."""
    picture = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    picture[40:72, left : left + 32] = 220
    return picture


def lefts() -> list[int]:
    return [8 * k + 8 for k in range(FRAMES)]


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """Methods, pictures, a film as a folder and as a video, and sounds."""
    folder = tmp_path_factory.mktemp("localize")
    (folder / "methods.py").write_text(METHODS)
    (folder / "frames").mkdir()
    Image.fromarray(frame(64)).save(folder / "square.png")
    for k, left in enumerate(lefts()):
        Image.fromarray(frame(left)).save(folder / f"frames/f{k + 5}.png")  # f10 follows f9
    writer = cv2.VideoWriter(str(folder / "film.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), RATE, (WIDTH, HEIGHT))
    for left in lefts():
        writer.write(frame(left))
    writer.release()
    time = np.arange(round(FRAMES / RATE * SAMPLE_RATE)) / SAMPLE_RATE
    nearest = np.rint(time * RATE).astype(int).clip(0, FRAMES - 1)
    soundfile.write(folder / "tones.wav", 0.3 * np.sin(2 * np.pi * TONES_HZ[nearest] * time), SAMPLE_RATE)
    soundfile.write(folder / "silence.wav", np.zeros(SAMPLE_RATE), SAMPLE_RATE)
    soundfile.write(folder / "telephone.wav", 0.3 * np.sin(np.arange(8000)), 8000)
    return folder


@pytest.fixture(autouse=True)
def here(place, monkeypatch):
    monkeypatch.chdir(place)


@pytest.fixture
def no_ffmpeg(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))


def localize(*arguments: object) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["localize", *map(str, arguments)])
    assert stopped.value.code in (0, None)


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture)


# Pictures


def test_the_map_lies_over_the_picture_where_it_is_large(tmp_path):
    out = tmp_path / "over.png"
    localize("square.png", "--sound", "tones.wav", "--method", "methods.py:Bright", "--out", out)
    seen, given = pixels(out), pixels(Path("square.png"))
    assert seen.shape == given.shape
    np.testing.assert_array_equal(seen[:, :40], given[:, :40])
    brightest = np.array([252, 255, 164])  # the end of the scale "inferno"
    np.testing.assert_allclose(seen[56, 80], 0.25 * 220 + 0.75 * brightest, atol=1)


def test_the_map_itself(tmp_path):
    out = tmp_path / "map.npy"
    localize("square.png", "--sound", "tones.wav", "--method", "methods.py:Bright", "--out", out)
    expected = np.zeros((HEIGHT // 4, WIDTH // 4))
    expected[10:18, 16:24] = 1
    np.testing.assert_array_equal(np.load(out), expected)


def test_a_method_that_finds_nothing_leaves_the_picture_and_says_so(tmp_path, capsys):
    out = tmp_path / "over.png"
    localize("square.png", "--sound", "tones.wav", "--method", "methods.py:Bored", "--out", out)
    np.testing.assert_array_equal(pixels(out), pixels(Path("square.png")))
    assert "finds nothing in it that sounds" in capsys.readouterr().err


# Films


@pytest.mark.parametrize("film", ["frames", "film.mp4"])
def test_each_frame_is_heard_with_the_sound_around_its_time(tmp_path, film):
    out, rate = tmp_path / "maps.npy", ("--fps", RATE) if film == "frames" else ()
    localize(film, *rate, "--sound", "tones.wav", "--method", "methods.py:Pitch", "--window", 0.2, "--out", out)
    np.testing.assert_array_equal(np.load(out)[:, 0], np.eye(FRAMES))


@pytest.mark.parametrize("film", ["frames", "film.mp4"])
def test_maps_are_in_the_order_of_the_frames(tmp_path, film):
    """The file f10 follows f9, and a video keeps its order."""
    out = tmp_path / "maps.npy"
    localize(film, "--fps", RATE, "--sound", "tones.wav", "--method", "methods.py:Bright", "--out", out)
    columns = [np.flatnonzero(one[14]) for one in np.load(out)]
    assert [4 * column[0] for column in columns] == lefts()


def test_twice_the_rate_is_half_the_time(tmp_path):
    out, rate = tmp_path / "maps.npy", 2 * RATE
    localize(
        "film.mp4", "--fps", rate, "--sound", "tones.wav", "--method", "methods.py:Pitch", "--window", 0.1, "--out", out
    )
    tones = np.load(out)[::2, 0].argmax(-1)
    np.testing.assert_array_equal(tones, np.arange(len(tones)))


def test_a_folder_of_frames_in_the_order_of_their_numbers(tmp_path):
    out = tmp_path / "over"
    localize("frames", "--fps", RATE, "--sound", "tones.wav", "--method", "methods.py:Bright", "--out", out)
    assert sorted(path.name for path in out.iterdir()) == sorted(f"f{k + 5}.png" for k in range(FRAMES))
    for k, left in enumerate(lefts()):
        seen, given = pixels(out / f"f{k + 5}.png").astype(int), frame(left).astype(int)
        assert abs(seen - given)[56, left + 16].max() > 20
        np.testing.assert_array_equal(seen[:30], given[:30])
    assert [path.name for path in tmp_path.iterdir()] == ["over"]


def test_a_video_without_ffmpeg_is_mute_and_says_so(tmp_path, capsys, no_ffmpeg):
    out = tmp_path / "over.mp4"
    localize("film.mp4", "--sound", "tones.wav", "--method", "methods.py:Bright", "--out", out)
    assert f"{out} has no sound: ffmpeg is not on PATH" in capsys.readouterr().err
    film = open_footage(out)
    frames = list(film.frames())
    assert (film.rate, len(frames)) == (RATE, FRAMES)
    for left, seen in zip(lefts(), frames, strict=True):
        assert seen[56, left + 16, 1] > 240  # 255 + 220 under the map
        assert abs(seen[110, 150].astype(int) - 90).max() < 12
    assert [path.name for path in tmp_path.iterdir()] == ["over.mp4"]


FFMPEG = """#!/bin/sh
echo "$@" > "{log}"
for last; do :; done
while [ "$1" != "-i" ]; do shift; done
/bin/cp "${{2#file:}}" "${{last#file:}}"
"""


def test_ffmpeg_adds_the_sound(tmp_path, monkeypatch, capsys):
    """A stand-in keeps what it is asked for, and copies the video."""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "ffmpeg").write_text(FFMPEG.format(log=tools / "asked"))
    (tools / "ffmpeg").chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", str(tools))
    localize("film.mp4", "--sound", "tones.wav", "--method", "methods.py:Bright", "--out", tmp_path / "over.mp4")
    asked = (tools / "asked").read_text().split()
    assert f"file:{Path('tones.wav').absolute()}" in asked
    assert asked[asked.index("-t") + 1] == f"{FRAMES / RATE:.6f}"
    assert "no sound" not in capsys.readouterr().err
    assert len(list(open_footage(tmp_path / "over.mp4").frames())) == FRAMES


def test_odd_sizes_are_written(tmp_path, no_ffmpeg):
    with video_file(tmp_path / "odd.mp4", 10, Path("tones.wav")) as add:
        for _ in range(3):
            add(np.full((33, 47, 3), 200, np.uint8), "")
    assert [one.shape for one in open_footage(tmp_path / "odd.mp4").frames()] == [(34, 48, 3)] * 3


def test_a_sound_that_ends_early_is_named(tmp_path, capsys):
    short = tmp_path / "short.wav"
    soundfile.write(short, 0.3 * np.sin(np.arange(SAMPLE_RATE)), SAMPLE_RATE)
    localize("film.mp4", "--sound", short, "--method", "methods.py:Bright", "--out", tmp_path / "maps.npy")
    assert "the sound ends at 1.0 s, the film at 3.0 s" in capsys.readouterr().err


def test_a_window_is_centred_and_zeros_lie_beyond_the_sound():
    sound = np.arange(1.0, SAMPLE_RATE + 1, dtype=np.float32)
    np.testing.assert_array_equal(window(sound, 0.5, 0.25), sound[6000:10_000])
    first, last, after = (window(sound, time, 0.5) for time in (0.0, 1.0, 9.0))
    assert not first[:4000].any()
    np.testing.assert_array_equal(first[4000:], sound[:4000])
    np.testing.assert_array_equal(last[:4000], sound[-4000:])
    assert not last[4000:].any()
    assert not after.any()


# Mistakes


def flat(path: Path, size: tuple[int, int]) -> Path:
    Image.new("RGB", size, "grey").save(path)
    return path


SOUND = ("--sound", "tones.wav")
BRIGHT = ("--method", "methods.py:Bright")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("none.png", *SOUND, *BRIGHT), "none.png does not exist"),
        (("none", *SOUND, *BRIGHT), "none does not exist"),
        (("square.png", *BRIGHT), "give one with --sound"),
        (("square.png", "--sound", "none.wav", *BRIGHT), "none.wav does not exist"),
        (("square.png", "--sound", "frames", *BRIGHT), "frames is a folder: give one sound file"),
        (("square.png", "--fps", 5, *SOUND, *BRIGHT), "--fps 5 is for films, and square.png is one picture"),
        (("square.png", "--sound", "silence.wav", *BRIGHT), "silent"),
        (("square.png", "--sound", "telephone.wav", *BRIGHT), "sample rate too low"),
        (("square.png", "--sound", "methods.py", *BRIGHT), "not decodable"),
        (("torn.png", *SOUND, *BRIGHT), "cannot be read as a picture"),
        (("dot.png", *SOUND, *BRIGHT), "1 x 1 pixels"),
        (("methods.py", *SOUND, *BRIGHT), "cannot be read as a video"),
        (("torn.mp4", *SOUND, *BRIGHT), "cannot be read as a video"),
        (("frames", *SOUND, *BRIGHT), "give --fps"),
        (("frames", "--fps", 0, *SOUND, *BRIGHT), "--fps 0"),
        (("frames", "--fps", "nan", *SOUND, *BRIGHT), "--fps nan"),
        (("mixed", "--fps", 4, *SOUND, *BRIGHT), "b.png is 40 x 30 pixels, the first frame 160 x 120"),
        (("empty", "--fps", 4, *SOUND, *BRIGHT), "holds no picture"),
        (("film.mp4", *BRIGHT), "give the sound with --sound"),
        (("square.png", *SOUND, "--window", 0, *BRIGHT), "--window 0"),
        (("square.png", *SOUND, "--method", "gcc-phat"), "not the track 'sounding-object'"),
        (("square.png", *SOUND, "--method", "atention"), "did you mean 'attention'"),
        (("square.png", *SOUND, "--method", "oracle-all-objects"), "learns from a dataset"),
        (("square.png", *SOUND, "--method", "methods.py:Broken"), "raised RuntimeError: no"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_mistakes_are_one_line(place, tmp_path, capsys, no_ffmpeg, arguments, said):
    Path("torn.png").write_bytes(Path("square.png").read_bytes()[:90])
    Path("torn.mp4").write_bytes(Path("film.mp4").read_bytes()[:900])
    flat(Path("dot.png"), (1, 1))
    for folder in ("mixed", "empty"):
        Path(folder).mkdir(exist_ok=True)
    flat(Path("mixed/a.png"), (160, 120))
    flat(Path("mixed/b.png"), (40, 30))
    out = tmp_path / ("out.png" if str(arguments[0]).endswith(".png") else "out")
    refused(capsys, said, *arguments, "--out", out)
    assert not list(tmp_path.iterdir())


def refused(capsys, said: str, *arguments: object) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["localize", *map(str, arguments)])
    assert stopped.value.code == 2
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert said in errors[0]


@pytest.mark.parametrize(
    ("source", "out", "said"),
    [
        ("square.png", "over.mp4", "ends in .png"),
        ("square.png", "over", "ends in .png"),
        ("film.mp4", "over.avi", "ends in .mp4"),
        ("film.mp4", "frames", "exists"),
        ("film.mp4", "film.mp4", "is what is read"),
        ("square.png", "./square.png", "is what is read"),
        ("film.mp4", "s3://bucket/over.mp4", "must be local"),
    ],
)
def test_where_nothing_may_be_written(capsys, source, out, said):
    before = {path: path.stat().st_mtime_ns for path in Path().rglob("*") if path.is_file()}
    refused(capsys, said, source, *SOUND, *BRIGHT, "--out", out)
    assert {path: path.stat().st_mtime_ns for path in Path().rglob("*") if path.is_file()} == before


def test_a_fifo_and_a_folder_are_no_pictures(tmp_path, capsys):
    os.mkfifo(tmp_path / "pipe.png")
    refused(capsys, "does not exist", tmp_path / "pipe.png", *SOUND, *BRIGHT, "--out", tmp_path / "o.png")
