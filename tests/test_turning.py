"""`whence turn`: the sound at a head that turns, what methods say of it, and what the command writes."""

import json
import wave
from pathlib import Path

import numpy as np
import pytest
from chromium import PLAY, chromium
from gltf_rooms import write_room
from PIL import Image
from scipy import signal
from toy_homes import direction

from whence.benchmarks.running.method import load_methods
from whence.benchmarks.turning.courses import (
    FARTHEST,
    Course,
    chance,
    follow_azimuth,
    follow_rotation,
    related,
    windows_of,
)
from whence.cli import main
from whence.conventions import SAMPLE_RATE, wrap_degrees
from whence.datagen import turning
from whence.datagen.acoustics.sphere_head import SphereHead
from whence.datagen.acoustics.turning_head import STEP, headings_passed, heard_while_turning
from whence.datagen.cameras import Camera
from whence.datagen.turning import FRAME_RATE, SWINGS, Place, Turn, bearing, speech_of, turned
from whence.errors import InputError

METHODS = f'''
import numpy as np

class Reader:
    """Reads the heading that the toy pictures carry in their first pixel; knows nothing of views farther apart."""
    version, tracks = "1", ("rotation",)

    def predict(self, batch):
        first, second = (np.asarray(one)[:, 0, 0, 0].astype(float) for one in (batch.images_0, batch.images_1))
        return np.where(abs(second - first) <= {FARTHEST + 8}, second - first, 1000.0 % 360)

class Eager:
    """A degree more than Reader."""
    version, tracks = "1", ("rotation",)

    def predict(self, batch):
        return Reader().predict(batch) + 1

class Level:
    """The level difference of the two ears, dB."""
    version, tracks = "1", ("azimuth",)

    def predict(self, batch):
        power = np.square(batch.audio.astype(float)).mean(-1)
        return 10 * np.log10(power[:, 0] / power[:, 1])

class Broken:
    version, tracks = "1", ("rotation",)

    def predict(self, batch):
        raise RuntimeError("no")

class Oracle:
    version, tracks, oracle = "1", ("azimuth",), True

    def predict(self, batch):
        return np.zeros(len(batch))
'''


@pytest.fixture(autouse=True)
def methods(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("methods.py").write_text(METHODS)


def noise(seconds: float) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(round(seconds * SAMPLE_RATE)).astype(np.float32)


def sphere(azimuths: np.ndarray) -> np.ndarray:
    """Responses (n, 2, 128) to a far source at `azimuths` (n,), degrees."""
    return SphereHead().responses(direction(azimuths))


# The sound at a head that turns


@pytest.mark.parametrize("heading", [0.0, 7.0, -33.3])
def test_a_still_head_hears_plain_convolution(heading):
    dry, headings = noise(0.3), np.full(4800, heading)
    passed = headings_passed(headings)
    responses = sphere(20.0 - passed)
    heard = heard_while_turning(dry, headings, responses, SphereHead.lead)
    share = heading / STEP - np.floor(heading / STEP)
    between = responses[0] if len(passed) == 1 else (1 - share) * responses[0] + share * responses[1]
    plain = np.stack([signal.convolve(dry, ear, method="direct") for ear in between])
    np.testing.assert_allclose(heard, plain[:, SphereHead.lead : SphereHead.lead + len(dry)], atol=2e-5)


def test_a_crossfade_of_equal_responses_is_no_change():
    dry, headings = noise(0.5), 40 * np.sin(np.linspace(0, 9, 8000))
    response = sphere(np.array([30.0]))
    heard = heard_while_turning(dry, headings, np.repeat(response, len(headings_passed(headings)), axis=0), 32)
    still = heard_while_turning(dry, np.zeros(8000), response, 32)
    np.testing.assert_allclose(heard, still, atol=2e-5)


def test_the_level_between_two_headings_is_that_of_the_heading_between():
    """As the docstring says, for any azimuth from 500 Hz to 6.5 kHz."""
    azimuths = np.arange(-90.0, 90.0, STEP)
    faded = (sphere(azimuths) + sphere(azimuths + STEP)) / 2
    levels = [20 * np.log10(abs(np.fft.rfft(one))[..., 4:52]) for one in (faded, sphere(azimuths + STEP / 2))]
    shadow = levels[1] > levels[1].max() - 20  # deep in the head's shadow the response itself has narrow dips
    assert abs(levels[0] - levels[1])[shadow].max() < 0.25


def test_the_delay_follows_the_talker():
    """A rigid sphere's low-frequency delay is 3 a / c sin(azimuth) (Kuhn 1977): below 500 Hz."""
    seconds, azimuth = 6.0, 10.0
    headings = 60 * np.sin(2 * np.pi * np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE / seconds)
    passed = headings_passed(headings)
    heard = heard_while_turning(noise(seconds), headings, sphere(azimuth - passed), SphereHead.lead)
    span = 2400
    for middle in range(span, len(headings) - span, 4 * span):
        left, right = (np.fft.rfft(heard[ear, middle - span // 2 : middle + span // 2]) for ear in (0, 1))
        low = slice(round(150 * span / SAMPLE_RATE), round(450 * span / SAMPLE_RATE))
        hertz = np.arange(span // 2 + 1)[low] * SAMPLE_RATE / span
        cross = (left * right.conj())[low]
        delay = np.sum(abs(cross) * np.angle(cross) * hertz) / np.sum(abs(cross) * hertz**2) / (2 * np.pi)
        expected = 3 * 0.0875 / 343 * np.sin(np.radians(azimuth - headings[middle]))
        assert delay == pytest.approx(expected, abs=6e-5)


@pytest.mark.parametrize("seconds", [2.0, 3.7, 7.9, 8.0, 12.0, 60.0])
@pytest.mark.parametrize("seed", range(3))
def test_the_head_swings_smoothly_to_both_sides(seconds, seed):
    way = turned(np.arange(round(seconds * 100)) / 100, seconds, np.random.default_rng(seed))
    speed = 100 * np.diff(way)
    assert way[0] == 0
    assert abs(way[-1]) < 0.6
    assert abs(speed).max() < 52
    assert abs(np.diff(speed)).max() < 2.5  # degrees per second from one hundredth to the next: no jolt
    assert abs(way).max() <= SWINGS[1]
    if seconds >= 8:
        assert way.max() > SWINGS[0] - 0.1
        assert way.min() < -SWINGS[0] + 0.1


def test_one_speaker_speaks_for_the_whole_time(corpus):
    spoken, names = speech_of(corpus, 40 * SAMPLE_RATE, np.random.default_rng(1))
    assert spoken.shape == (40 * SAMPLE_RATE,)
    assert len({name.split("/")[0] for name in names}) == 1
    assert len(set(names)) == len(names) > 1
    assert np.sqrt(np.mean(spoken**2)) == pytest.approx(0.1, rel=0.05)


# What methods say of it


def toy_turn(headings: np.ndarray, azimuth: float = 0.0) -> Turn:
    """A turn whose pictures have the value heading + 100, and whose left ear is louder by as many dB as the azimuth."""
    frames = np.rint(headings + 100).astype(np.uint8)[:, None, None, None] * np.ones((1, 4, 5, 3), np.uint8)
    samples = SAMPLE_RATE // FRAME_RATE
    level = np.repeat(azimuth - headings, samples)
    tone = np.sin(2 * np.pi * 1000 * np.arange(len(level)) / SAMPLE_RATE)
    sound = np.stack([10 ** (level / 40) * tone, 10 ** (-level / 40) * tone]).astype(np.float32)
    angle = np.radians(azimuth)
    place = Place(np.zeros(3), 2 * np.array([-np.sin(angle), 0.0, -np.cos(angle)]), headings[0])
    return Turn("toy", place, headings, frames, sound, "nobody", ("silence",))


def method(name: str, track: str):
    return load_methods([f"methods.py:{name}"], track, ("paper",))[0]


def test_rotations_are_chained_over_keyframes():
    """The method fails on views more than 38 degrees apart; the head goes to 95 on either side, 8 degrees a frame."""
    headings = np.concatenate([np.arange(0, 96, 8), np.arange(95, -96, -8), np.arange(-95, 1, 8)]).astype(float)
    course = follow_rotation(method("Reader", "rotation"), toy_turn(headings))
    np.testing.assert_allclose(course.answers, headings, atol=1e-9)
    np.testing.assert_allclose(course.truth, headings, atol=1e-9)


def test_frames_are_compared_with_the_oldest_keyframe_in_reach():
    """Each comparison adds a degree: 1 near the first frame, also after the return; 2 beyond its reach."""
    headings = np.concatenate([np.arange(0, 61, 4), np.arange(60, -1, -4)]).astype(float)
    errors = follow_rotation(method("Eager", "rotation"), toy_turn(headings)).errors
    assert (errors[1:][headings[1:] < 26] == 1).all()
    assert (errors[headings > 38] == 2).all()


def test_azimuths_are_heard_in_the_second_around_a_frame():
    """The talker jumps by 20 degrees at 2 s: the sound of the frames from 1.6 to 2.4 s holds both."""
    course = follow_azimuth(method("Level", "azimuth"), toy_turn(np.repeat([-10.0, -30.0], 20)))
    np.testing.assert_array_equal(np.flatnonzero(np.isfinite(course.answers)), np.arange(5, 36))
    np.testing.assert_allclose(course.truth, np.repeat([10.0, 30.0], 20), atol=1e-9)
    np.testing.assert_allclose(course.answers[5:16], 10.0, atol=1e-3)
    np.testing.assert_allclose(course.answers[25:36], 30.0, atol=1e-3)
    assert (np.diff(course.answers[15:26]) > 0.1).all()


def test_what_a_method_raises_is_named():
    with pytest.raises(InputError, match="raised RuntimeError: no"):
        follow_rotation(method("Broken", "rotation"), toy_turn(np.zeros(3)))


def test_windows_hold_the_answers_of_a_second():
    rng = np.random.default_rng(0)
    truth, answers = np.linspace(-40, 60, 30), np.linspace(-40, 60, 30) + rng.normal(0, 5, 30)
    answers[:3] = np.nan
    windows = windows_of(Course("azimuth", "x", truth, answers))
    for k, part in ((15, slice(10, 21)), (29, slice(24, 30)), (0, slice(3, 6))):
        assert windows.mean[k] == pytest.approx(answers[part].mean())
        assert windows.std[k] == pytest.approx(answers[part].std())
        assert windows.bias[k] == pytest.approx((answers - truth)[part].mean())
        assert windows.spread[k] == pytest.approx((answers - truth)[part].std())


def test_errors_are_angles():
    course = Course("rotation", "x", np.array([179.0, -170.0]), np.array([-179.0, 170.0]))
    assert course.mean_absolute_error == pytest.approx(11)
    assert chance(course).mean_absolute_error == pytest.approx(174.5)
    assert windows_of(course).mean == pytest.approx([0.5 * (181 - 190)] * 2)


def test_what_is_seen_is_what_is_heard():
    """Perfect answers agree; a method that takes left for right disagrees by twice the turn."""
    headings = 50 * np.sin(np.arange(60) / 9)
    right = Course("azimuth", "right", wrap_degrees(170 - headings), wrap_degrees(170 - headings))
    wrong = Course("azimuth", "wrong", right.truth, -right.answers)
    seen = Course("rotation", "seen", headings, headings)
    one, other = related([seen, right, wrong])
    assert (one.rotation, one.azimuth, other.rotation, other.azimuth) == ("seen", "right", "seen", "wrong")
    assert one.disagreement == pytest.approx(0, abs=1e-9)
    assert other.disagreement == pytest.approx(2 * np.abs(headings[10:] - headings[:-10]).mean())


def test_the_ring_is_where_the_talker_is():
    """A talker 22.5 degrees below the eyes, straight ahead, is in the middle of a camera that looks as far down."""
    down = np.radians(22.5)
    place = Place(np.zeros(3), np.array([0.0, -np.sin(down), -np.cos(down)]), 0.0)
    turn = Turn("toy", place, np.array([0.0, 20.0, 180.0]), np.zeros((3, 1, 1, 3), np.uint8), np.zeros((2, 1)), "", ())
    assert turn.talker_in(0) == pytest.approx((Camera().width / 2, Camera().height / 2))
    x, _ = turn.talker_in(1) or (0, 0)
    assert x > Camera().width / 2  # the head turned left, so what was ahead is to the right
    assert turn.talker_in(2) is None
    assert bearing(np.array([-1.0, 5.0, -1.0])) == pytest.approx(45)


# The command


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as stopped:
        main(["turn", *map(str, arguments)])
    return int(stopped.value.code or 0)


@pytest.fixture(scope="module")
def room(tmp_path_factory) -> Path:
    """A furnished room of one colour."""
    return write_room(tmp_path_factory.mktemp("room") / "room.glb")


@pytest.fixture(scope="module")
def made(tmp_path_factory, room, speech_folder) -> Path:
    """A turn of two seconds."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "methods.py").write_text(METHODS)
    asked = ("--rotation", "zero", "--azimuth", "itd-sphere", f"{folder / 'methods.py'}:Level")
    assert run(folder / "turn", "--scene", room, "--seconds", 2, "--speech", speech_folder, *asked) == 0
    return folder / "turn"


def test_what_is_written(made):
    assert sorted(path.name for path in made.iterdir()) == [
        "frames",
        "index.html",
        "sound.wav",
        "turn.json",
        "turn.png",
    ]
    assert [path.name for path in made.parent.iterdir() if path.name.startswith(".")] == []
    said = json.loads((made / "turn.json").read_text())
    assert said["time"] == [round(k / 10, 4) for k in range(20)]
    heading, truth = np.array(said["heading"]), said["truth"]
    np.testing.assert_allclose(truth["rotation"], heading - heading[0], atol=1e-3)
    towards = np.array(said["talker_position_m"]) - np.array(said["head_position_m"])
    bearings = np.degrees(np.arctan2(-towards[0], -towards[2])) - heading
    np.testing.assert_allclose(truth["azimuth"], wrap_degrees(bearings), atol=0.05)
    answers = said["azimuth"]["itd-sphere"]["answers"]
    assert [k for k, answer in enumerate(answers) if answer is not None] == list(range(5, 16))
    asked = np.array(answers[5:16], float)
    assert np.abs(asked - truth["azimuth"][5:16]).mean() == pytest.approx(
        said["azimuth"]["itd-sphere"]["mean_absolute_error"], abs=1e-3
    )
    assert said["rotation"]["zero"]["mean_absolute_error"] == pytest.approx(np.abs(truth["rotation"]).mean(), abs=1e-3)
    assert np.asarray(Image.open(made / "frames/frame-019.png")).shape == (240, 320, 3)
    with wave.open(str(made / "sound.wav")) as sound:
        assert (sound.getnchannels(), sound.getframerate(), sound.getnframes()) == (2, SAMPLE_RATE, 2 * SAMPLE_RATE)


def test_the_talker_is_heard_where_it_is(made):
    """The baseline is within 15 degrees of the truth, which is closer than straight ahead is."""
    said = json.loads((made / "turn.json").read_text())
    truth = np.array(said["truth"]["azimuth"])[5:16]
    error = said["azimuth"]["itd-sphere"]["mean_absolute_error"]
    assert error < 15
    assert error < np.abs(truth).mean() + 5


def test_the_same_command_gives_the_same_bytes(made, room, speech_folder, tmp_path):
    asked = ("--rotation", "zero", "--azimuth", "itd-sphere", f"{made.parent / 'methods.py'}:Level")
    assert run(tmp_path / "again", "--scene", room, "--seconds", 2, "--speech", speech_folder, *asked) == 0
    for path in sorted(made.rglob("*.*")):
        assert path.read_bytes() == (tmp_path / "again" / path.relative_to(made)).read_bytes(), path.name


def test_the_page_needs_no_network_and_its_film_follows_the_sound(made, tmp_path):
    with chromium(tmp_path / "profile") as browser:
        browser.get((made / "index.html").as_uri())
        assert browser.execute_async_script(PLAY) == pytest.approx(2.0)
        sought = """const [sound, done] = [document.querySelector("audio"), arguments[0]];
            sound.addEventListener("seeked", () => setTimeout(done, 50)); sound.currentTime = 1.42"""
        browser.execute_async_script(sought)
        shown = [one for one in browser.find_elements("css selector", ".film img") if one.is_displayed()]
        assert [one.get_attribute("alt") for one in shown] == ["What the head sees at 1.4 s"]
        cursor = browser.find_element("css selector", ".cursor")
        start, end = (float(cursor.get_attribute(f"data-{name}") or 0) for name in ("from", "to"))
        left = float(str(browser.execute_script("return arguments[0].style.left", cursor)).rstrip("%"))
        assert left == pytest.approx(100 * (start + 1.42 / 1.9 * (end - start)), abs=0.5)
        truth = json.loads((made / "turn.json").read_text())["truth"]["azimuth"][14]
        cells = [
            cell.text.replace("\N{MINUS SIGN}", "-") for cell in browser.find_elements("css selector", "[data-values]")
        ]
        assert f"{truth:+.1f}" in cells
        assert browser.get_log("browser") == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--seconds", 0), "--seconds 0: expected 2 to 60"),
        (("--seconds", "nan"), "--seconds nan"),
        (("--seconds", 61), "--seconds 61"),
        (("--rotation", "sitf"), "did you mean 'sift'"),
        (("--azimuth", "sift"), "not the track 'azimuth'"),
        (("--azimuth", "methods.py:Oracle"), "learns from a dataset or its truth"),
        (("--scene", "none.glb"), "none.glb is not a scene file"),
        (("--scene", "."), ". is not a scene file"),
        (("--scene", "methods.py"), "methods.py is not a scene file"),
        (("--scene", "flat.glb", "--up", "y", "--scale", 1), "no floor found"),
        (("--scene", "closet.glb"), "no place to turn"),
        (("--scene", "procedural", "--up", "z"), "only for a file"),
        (("--speech", "none"), "none: no such folder"),
        (("--hrtf", "none.sofa"), "none.sofa: no such file"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_mistakes_are_one_line(room, speech_folder, tmp_path, capsys, monkeypatch, arguments, said):
    monkeypatch.setattr(turning, "PLACES", 2)
    write_room(Path("flat.glb"), (8, 0.5, 6), boxes=[])
    write_room(Path("closet.glb"), (2.2, 2.6, 2.2), boxes=[])
    usual = {"--scene": str(room), "--seconds": "2", "--speech": str(speech_folder)}
    options = [word for pair in usual.items() if pair[0] not in arguments for word in pair]
    assert run(tmp_path / "out", *options, *arguments) == 2
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert said in errors[0]
    assert [path.name for path in tmp_path.iterdir() if "out" in path.name] == []


def test_nothing_is_overwritten(tmp_path, capsys):
    (tmp_path / "there").mkdir()
    (tmp_path / "there/mine.txt").write_text("mine")
    for out in ("there", "there/mine.txt", "s3://bucket/out"):
        assert run(out) == 2
    assert (tmp_path / "there/mine.txt").read_text() == "mine"
    assert "give a new folder" in capsys.readouterr().err
