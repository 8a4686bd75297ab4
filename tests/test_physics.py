"""The equivariance report card: methods that obey physics by construction, and ones that break it in a known way."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from toy_panning import ToyPanning

from whence.baselines.constant import Zero
from whence.baselines.gcc import GccPhat
from whence.benchmarks.probe_physics import checks_of, probe_physics, spread
from whence.benchmarks.questions.labels import Labels
from whence.benchmarks.questions.maps import stored_maps
from whence.benchmarks.questions.physics import MAPS, next_of
from whence.benchmarks.report.physics_card import PHYSICS
from whence.benchmarks.running.method import LoadedMethod
from whence.benchmarks.running.probe import probe
from whence.benchmarks.stimuli.binaural.batch import BinauralBatch
from whence.benchmarks.stimuli.guided.batch import GuidedBatch
from whence.benchmarks.stimuli.picture_sound.batch import OBJECT, SILENCE, PictureSoundBatch
from whence.benchmarks.stimuli.stereo.batch import StereoBatch
from whence.benchmarks.stimuli.view_pairs.batch import ViewPairBatch
from whence.cli import main
from whence.datagen.pipeline import generate
from whence.datagen.tde import TdePlan, TdeRecipe
from whence.errors import InputError
from whence.registry import load_track

RATE, SAMPLES = 16_000, 1024
RNG = np.random.default_rng(5)
NAMES = tuple(f"s{k}" for k in range(24))


@dataclass
class Says:
    """A method that says what a function of the batch returns."""

    says: Callable[[Any], Any]
    version = "1"
    tracks = ()

    def predict(self, batch: Any) -> Any:
        return self.says(batch)


def labels_of(truth, rows=None, within=None) -> Labels:
    count = len(truth)
    people = np.array([f"speaker{k % 8}" for k in range(count)], dtype=object)
    rows = np.arange(count) if rows is None else np.asarray(rows)
    within = np.empty((0, 0), np.intp) if within is None else within
    return Labels(rows, np.array(NAMES[:count], dtype=object), np.asarray(truth), people, {}, within)


def verdicts(track: str, method: Any, batch: Any, labels: Labels) -> dict[str, str]:
    """Return the verdict of each check on what `method` says to `batch`, asked in two parts."""
    return {one.check.name: one.verdict for one in findings(track, method, batch, labels)}


def findings(track: str, method: Any, batch: Any, labels: Labels):
    declared = load_track(track)
    halves = [np.arange(len(labels))[part] for part in (slice(0, len(labels) // 2), slice(len(labels) // 2, None))]
    source = SimpleNamespace(track=declared, batches=lambda *_: (part_of(batch, half) for half in halves))
    loaded = LoadedMethod("mine", method if hasattr(method, "predict") else Says(method), {}, "")
    condition = declared.default_conditions[0]
    return probe(source, labels, loaded, condition, checks_of(declared)).findings


def part_of(batch: Any, keep: np.ndarray) -> Any:
    own = {
        name: value[keep]
        for name, value in vars(batch).items()
        if isinstance(value, np.ndarray) and name != "intrinsics"
    }
    return replace(batch, sample_id=[batch.sample_id[k] for k in keep], **own)


def delayed_noise(lags) -> np.ndarray:
    """White noise that reaches the right channel `lags` samples after the left one, (n, 2, 1024)."""
    source = RNG.standard_normal((len(lags), SAMPLES + 40)).astype(np.float32)
    heard = [
        [one[20 + lag : 20 + lag + SAMPLES], one[20 : 20 + SAMPLES]] for one, lag in zip(source, lags, strict=True)
    ]
    return np.asarray(heard, np.float32)


def lag_of(audio: np.ndarray) -> np.ndarray:
    """The lag (n,) with the largest correlation over all lags of up to 24 samples, in plain sums."""
    inner = slice(24, SAMPLES - 24)
    sums = [[left[inner] @ np.roll(right, -lag)[inner] for lag in range(-24, 25)] for left, right in audio]
    return np.argmax(sums, axis=1) - 24


LAGS = np.array([-9, -4, -1, 0, 2, 7] * 4)
STEREO = StereoBatch(delayed_noise(LAGS), NAMES, RATE, SAMPLES, SAMPLES, 1)
DELAYS = labels_of(LAGS / RATE)
MOVING = ("shift-4", "shift-1", "shift+1", "shift+4")
ANY = {"mute-left": "finite", "mute-right": "finite", "mute-both": "finite"}


class TestDelays:
    """Two channels of white noise, whose delay is known."""

    def test_an_exact_method_holds_everywhere(self):
        found = findings("tde", lambda batch: lag_of(batch.audio) / RATE, STEREO, DELAYS)
        assert {one.check.name: one.verdict for one in found} == {
            "swap": "holds", "gain": "holds", **dict.fromkeys(MOVING, "holds"), **ANY
        }  # fmt: skip
        certain = [one for one in found if one.check.rule == "equals"]
        assert all(one.share.value == 100 and one.share.low > 60 and one.deviation.value < 1e-9 for one in certain)

    def test_gcc_phat_passes_swap_and_shift(self):
        found = verdicts("tde", GccPhat(), STEREO, DELAYS)
        assert {name: found[name] for name in ("swap", "gain", *MOVING)} == dict.fromkeys(
            ("swap", "gain", *MOVING), "holds"
        )

    def test_zero_is_its_own_negative_but_does_not_move(self):
        found = verdicts("tde", Zero(), STEREO, DELAYS)
        assert found == {"swap": "trivial", "gain": "trivial", **dict.fromkeys(MOVING, "unmoved"), **ANY}

    def test_a_nearly_constant_method_is_not_taken_for_a_good_one(self):
        """A collapsed network jitters around one answer."""
        found = verdicts("tde", lambda batch: 1e-6 * np.tanh(batch.audio[:, 0, 100]), STEREO, DELAYS)
        assert found["swap"] == found["gain"] == "trivial"

    def test_three_samples_always_is_not_its_negative(self):
        found = verdicts("tde", lambda batch: np.full(len(batch), 3 / RATE), STEREO, DELAYS)
        assert found == {"swap": "unmoved", "gain": "trivial", **dict.fromkeys(MOVING, "unmoved"), **ANY}

    def test_one_that_forgets_the_sign_fails_the_swap_alone(self):
        found = verdicts("tde", lambda batch: np.abs(lag_of(batch.audio)) / RATE, STEREO, labels_of(LAGS / RATE))
        assert found["swap"] == "unmoved"
        assert found["gain"] == "holds"
        assert found["shift+4"] == "fails"

    def test_one_that_ignores_the_left_channel_fails_where_the_left_one_is_late(self):
        def right_alone(batch):
            return (batch.audio[:, 1, :8] == 0).sum(axis=1) / RATE

        found = verdicts("tde", right_alone, STEREO, DELAYS)
        assert found["shift+4"] == found["shift+1"] == "holds"
        assert found["shift-4"] == found["shift-1"] == "unmoved"

    def test_a_method_that_measures_level_fails_the_gain(self):
        found = verdicts("tde", lambda batch: 1e-4 * batch.audio.std(axis=(1, 2)), STEREO, DELAYS)
        assert found["gain"] == "fails"

    def test_silence_without_a_finite_answer_is_found(self):
        def divides(batch):
            with np.errstate(all="ignore"):
                return (
                    lag_of(batch.audio) / RATE * (np.ptp(batch.audio[:, 0], axis=1) / np.ptp(batch.audio[:, 0], axis=1))
                )

        found = {one.check.name: one for one in findings("tde", divides, STEREO, DELAYS)}
        assert found["mute-left"].verdict == found["mute-both"].verdict == "no-answer"
        assert found["mute-left"].share.value == 0
        assert found["mute-right"].verdict == "finite"
        assert found["shift+4"].verdict == "holds"

    def test_a_method_that_raises_on_silence_still_gets_its_card(self):
        def refuses(batch):
            if not batch.audio.any():
                raise ValueError("silence")
            return lag_of(batch.audio) / RATE

        found = {one.check.name: one for one in findings("tde", refuses, STEREO, DELAYS)}
        assert found["mute-both"].verdict == "no-answer"
        assert "silence" in found["mute-both"].note
        assert found["swap"].verdict == "holds"

    def test_the_spread_of_muted_answers_is_told(self):
        found = {one.check.name: one for one in findings("tde", GccPhat(), STEREO, DELAYS)}
        assert found["mute-both"].note == "90 % lie in [-1.500, -1.500] ms"

    def test_shifts_beyond_the_head_are_not_asked_for(self):
        far = labels_of(np.full(24, 15 / RATE))
        batch = replace(STEREO, audio=delayed_noise(np.full(24, 15)))
        found = {one.check.name: one for one in findings("tde", lambda b: lag_of(b.audio) / RATE, batch, far)}
        assert (found["shift+4"].n, found["shift+4"].verdict) == (0, "unchecked")
        assert (found["shift-4"].n, found["shift-4"].verdict) == (24, "holds")


class TestSides:
    """The side of the same noise."""

    def test_the_louder_the_other_way_round(self):
        found = verdicts("left-right", lambda batch: lag_of(batch.audio) + 0.5, STEREO, DELAYS)
        assert found["gain"] == found["shift+4"] == found["shift-4"] == "holds"
        assert verdicts("left-right", Zero(), STEREO, DELAYS)["swap"] == "unmoved"

    def test_swapped_channels_are_the_other_side(self):
        level = lambda batch: np.diff(batch.audio[:, ::-1].std(axis=2), axis=1)[:, 0]  # noqa: E731
        louder = replace(STEREO, audio=STEREO.audio * np.float32([[[1.0], [0.8]]]))
        assert verdicts("left-right", level, louder, DELAYS)["swap"] == "holds"


class TestTheQuery:
    """Two talkers, of which the query points at one."""

    QUERIES = np.repeat(np.arange(24)[:, None] % 2, 8, axis=1).astype(np.float32)
    TRUTH = np.where(np.arange(24) % 2, 5, -5) / RATE
    BATCH = GuidedBatch(STEREO.audio, NAMES, RATE, SAMPLES, SAMPLES, 1, QUERIES)
    LABELS = labels_of(TRUTH, rows=np.arange(24) // 2)

    def test_who_is_asked_for_decides(self):
        listens = verdicts("guided", lambda b: np.where(b.query[:, 0] > 0, 5, -5) / RATE, self.BATCH, self.LABELS)
        deaf = verdicts("guided", lambda b: lag_of(b.audio) / RATE, self.BATCH, self.LABELS)
        assert (listens["query"], deaf["query"]) == ("holds", "unmoved")
        assert deaf["swap"] == deaf["shift+1"] == "holds"


class TestAzimuths:
    """Noise by a head on which a lag of 12 samples is 90 degrees, two views a row."""

    LAGS = np.array([-6, -3, 0, 3, 6, 9] * 4)
    TRUTH = np.degrees(np.arcsin(LAGS / 12))
    BATCH = BinauralBatch(delayed_noise(LAGS), NAMES, RATE, SAMPLES, SAMPLES, 1)
    LABELS = labels_of(TRUTH, rows=np.arange(24) // 2)

    @staticmethod
    def exact(batch):
        return np.degrees(np.arcsin(np.clip(lag_of(batch.audio) / 12, -1, 1)))

    def test_an_exact_method_holds_everywhere(self):
        found = verdicts("azimuth", self.exact, self.BATCH, self.LABELS)
        names = ("swap", "gain", "shift+4", "shift-4", "turn")
        assert found == {**dict.fromkeys(names, "holds"), **ANY}

    def test_one_that_hears_the_mirror_world_fails_shift_and_turn(self):
        found = verdicts("azimuth", lambda batch: -self.exact(batch), self.BATCH, self.LABELS)
        assert found["swap"] == "holds"
        assert found["shift+4"] == found["shift-4"] == found["turn"] == "fails"

    def test_behind_the_head_or_without_labels_a_turn_is_not_checked(self):
        behind = replace(self.LABELS, truth=np.full(24, 150.0))
        sealed = replace(self.LABELS, truth=np.full(24, np.nan), rows=np.arange(24))
        for labels in (behind, sealed):
            assert verdicts("azimuth", self.exact, self.BATCH, labels)["turn"] == "unchecked"


class TestRotations:
    """One bright column that moves as the camera turns: six places of a first and two further views each."""

    FOCAL, WIDTH = 40.0, 81
    TURNS = np.array([[5.0, 20.0], [-5.0, 12.0], [-25.0, -4.0], [10.0, -8.0], [18.0, 3.0], [7.0, -15.0]])

    @classmethod
    def picture(cls, degrees):
        """A picture whose bright column is seen `degrees` to the left of its middle."""
        image = np.zeros((4, cls.WIDTH, 3), np.uint8)
        image[:, round(cls.WIDTH / 2 - cls.FOCAL * np.tan(np.radians(degrees)) - 0.5)] = 255
        return image

    @property
    def batch(self):
        first = np.stack([self.picture(0.0)] * 12)
        second = np.stack([self.picture(-turn) for turn in self.TURNS.ravel()])
        intrinsics = np.array([[self.FOCAL, 0, self.WIDTH / 2], [0, self.FOCAL, 2], [0, 0, 1]])
        return ViewPairBatch(first, second, NAMES[:12], intrinsics, np.zeros(12))

    LABELS = labels_of(TURNS.ravel(), rows=np.arange(12) // 2)

    @staticmethod
    def seen_at(batch, images):
        column = images[:, 0, :, 0].argmax(axis=1) + 0.5
        return np.degrees(np.arctan((batch.intrinsics[0, 2] - column) / batch.intrinsics[0, 0]))

    def exact(self, batch):
        return self.seen_at(batch, batch.images_0) - self.seen_at(batch, batch.images_1)

    def test_an_exact_method_holds_everywhere(self):
        found = verdicts("rotation", self.exact, self.batch, self.LABELS)
        assert found == dict.fromkeys(("mirror", "exchange", "same", "turn"), "holds")

    def test_one_that_ignores_the_first_view_fails_where_it_matters(self):
        found = verdicts("rotation", lambda b: -self.seen_at(b, b.images_1), self.batch, self.LABELS)
        assert found["mirror"] == "holds"
        assert found["exchange"] == found["turn"] == "fails"

    def test_a_wrong_scale_is_still_consistent(self):
        """Physics without labels cannot tell degrees from radians; the score can."""
        found = verdicts("rotation", lambda b: self.exact(b) / 2, self.batch, self.LABELS)
        assert found["mirror"] == found["turn"] == "holds"

    def test_two_views_a_place_leave_the_turn_unchecked(self):
        alone = replace(self.LABELS, rows=np.arange(12))
        assert verdicts("rotation", self.exact, self.batch, alone)["turn"] == "unchecked"


class TestMaps:
    """Pictures with a red and a green patch, of which a positive sound means the red one."""

    IMAGE = np.zeros((12, 8, 8, 3), np.uint8)
    IMAGE[:, 2, 1, 0] = IMAGE[:, 5, 4, 1] = 200
    SOUND = np.where(np.arange(12) % 2, 0.5, -0.5).astype(np.float32)[:, None, None] * np.ones((12, 1, 4), np.float32)
    BATCH = PictureSoundBatch(IMAGE, SOUND, NAMES[:12], RATE)
    LABELS = labels_of(
        np.zeros(12), rows=np.arange(12) // 2, within=np.stack([np.full(12, OBJECT), np.arange(12) % 2], axis=1)
    )

    @staticmethod
    def exact(batch):
        kind = np.where(batch.audio[:, 0, 0] > 0, 0, 1)
        heard = batch.audio.any(axis=(1, 2))[:, None, None]
        return heard * np.stack([image[..., k] / 200 for image, k in zip(batch.image, kind, strict=True)])

    def test_an_exact_method_holds_everywhere(self):
        found = verdicts("sounding-object", self.exact, self.BATCH, self.LABELS)
        assert found == dict.fromkeys(("mirror", "gain", "sound", "mute"), "holds")

    def test_one_that_looks_only_is_told(self):
        found = verdicts("sounding-object", lambda b: b.image.max(axis=3) / 200.0, self.BATCH, self.LABELS)
        assert found == {"mirror": "holds", "gain": "holds", "sound": "unmoved", "mute": "unmoved"}

    def test_one_that_favours_a_corner_fails_the_mirror(self):
        ramp = 0.4 * np.arange(8) / 8
        found = verdicts("sounding-object", lambda b: self.exact(b) + ramp, self.BATCH, self.LABELS)
        assert found["mirror"] == "fails"

    def test_sounds_of_nothing_are_not_exchanged(self):
        silent = replace(self.LABELS, within=np.full((12, 2), SILENCE))
        assert verdicts("sounding-object", self.exact, self.BATCH, silent)["sound"] == "unchecked"

    def test_how_far_maps_are_apart(self):
        ramp, flat = np.arange(6.0).reshape(1, 2, 3), np.full((1, 2, 3), 0.7)
        pairs = [(ramp, 5 * ramp + 1), (ramp, 9 - ramp), (flat, 2 * flat), (flat, ramp), (0 * flat, flat)]
        apart = [MAPS.between(stored_maps(one), stored_maps(other))[0] for one, other in pairs]
        assert apart == pytest.approx([0, 2, 0, 1, 1], abs=1e-9)
        rng = np.random.default_rng(0)
        one, other = rng.uniform(size=(2, 1, 5, 7))
        expected = 1 - np.corrcoef(one.ravel(), other.ravel())[0, 1]
        assert MAPS.between(stored_maps(one), stored_maps(other))[0] == pytest.approx(expected, abs=1e-6)


class TestPanoramas:
    """Panoramas with one bright column."""

    IMAGE = np.zeros((12, 4, 72, 3), np.uint8)
    IMAGE[np.arange(12), :, (7 * np.arange(12)) % 72] = 255
    BATCH = PictureSoundBatch(IMAGE, np.ones((12, 1, 4), np.float32), NAMES[:12], RATE)

    @staticmethod
    def azimuth(batch):
        return (0.5 - (batch.image[:, 0, :, 0].argmax(axis=1) + 0.5) / batch.image.shape[2]) * 360

    def test_the_answer_turns_with_the_panorama_or_not(self):
        labels = labels_of(np.zeros(12))
        found = verdicts("panning", self.azimuth, self.BATCH, labels)
        assert found == {**dict.fromkeys(("turn+90", "turn-45", "mirror", "gain"), "holds"), "mute": "finite"}
        against = verdicts("panning", lambda batch: -self.azimuth(batch), self.BATCH, labels)
        assert against["turn+90"] == against["turn-45"] == "fails"


@pytest.fixture(scope="module")
def data(tmp_path_factory, corpus) -> str:
    """A TDE dataset of 12 clips in three rooms."""
    url = str(tmp_path_factory.mktemp("data") / "tde.zarr")
    generate(TdePlan(TdeRecipe(clips=4, rt60=(0.1,), corpus=corpus.digest), corpus), url)
    return url


class TestTheCommand:
    def test_it_prints_and_writes_a_card_of_any_method(self, data, tmp_path, capsys):
        mine = tmp_path / "mine.py"
        mine.write_text("class Mine:\n    version = '1'\n    tracks = ('tde',)\n"
                        "    def predict(self, batch):\n        return batch.audio[:, 0, 0] * 0 + 1e-4\n")  # fmt: skip
        words = ["probe-physics", "tde", data, "--method", "zero", f"{mine}:Mine", "--snr", "clean", "30"]
        with pytest.raises(SystemExit) as code:
            main([*words, "--max-samples", "6", "--out", str(tmp_path / "out")])
        assert code.value.code == 0
        printed = capsys.readouterr().out
        assert "does not move" in printed
        assert "trivially" in printed
        card = json.loads((tmp_path / "out" / PHYSICS).read_text())
        assert [(one["method"], one["condition"]["snr_db"]) for one in card["cards"]] == [
            ("zero", None), ("zero", 30), (f"{mine}:Mine", None), (f"{mine}:Mine", 30)
        ]  # fmt: skip
        swap = card["cards"][2]["findings"][0]
        assert (swap["check"], swap["verdict"], swap["deviation"]["value"]) == ("swap", "unmoved", pytest.approx(0.2))
        table = pd.read_csv(tmp_path / "out" / "physics.csv")
        assert len(table) == sum(len(one["findings"]) for one in card["cards"])

    def test_json_is_all_that_is_printed(self, data, capsys):
        with pytest.raises(SystemExit):
            main(["probe-physics", "tde", data, "--method", "zero", "--max-samples", "2", "--json"])
        assert json.loads(capsys.readouterr().out)["samples"] == 2

    @pytest.mark.parametrize(
        ("track", "method", "match"),
        [("tde", "zeroo", "zero"), ("guided", "oracle-mask", "talkers"), ("tde", "sift", "serves rotation")],
    )
    def test_wrong_names_end_in_one_line(self, data, track, method, match):
        with pytest.raises(InputError, match=match):
            probe_physics(track, data, methods=[method])

    def test_a_file_is_no_folder(self, data, tmp_path):
        (tmp_path / "out").touch()
        with pytest.raises(InputError, match="is a file"):
            probe_physics("tde", data, methods=["zero"], out=tmp_path / "out")

    def test_an_oracle_is_refused(self):
        oracle = SimpleNamespace(version="1", oracle=True, predict=lambda batch: np.zeros(len(batch)))
        with pytest.raises(InputError, match="is an oracle"):
            findings("tde", oracle, STEREO, DELAYS)

    def test_a_track_without_checks_says_where_they_go(self):
        track = load_track("tde")
        bare = replace(track, stimulus=replace(track.stimulus, physics=""))
        with pytest.raises(InputError, match="`physics` of its stimulus"):
            checks_of(bare)

    def test_whole_panoramas_are_asked_about(self, tmp_path):
        generate(ToyPanning(rows=2), str(tmp_path / "pan.zarr"))
        card = probe_physics("panning", str(tmp_path / "pan.zarr"), methods=["zero"], samples=4)
        assert len(card.probed[0].findings) == 5


def test_samples_are_spread_in_whole_rows():
    labels = labels_of(np.zeros(24), rows=np.arange(24) // 3)
    kept = spread(labels, 9)
    assert sorted(set(kept.rows)) == [0, 3, 7]
    assert len(kept) == 9
    assert len(spread(labels, 1000)) == 24


def test_the_next_of_a_group():
    assert next_of(np.array([2, 1, 2, 2, 1])).tolist() == [2, 4, 3, 0, 1]
    assert next_of(np.array([], dtype=int)).tolist() == []
