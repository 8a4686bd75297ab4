"""Own recordings with made-up delays: what is stored, what is scored, and labels that cannot be right."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from whence.benchmarks.questions.source import open_source
from whence.commands.imports import app
from whence.datagen.dataset import Dataset
from whence.datagen.pipeline import generate, rerender_differences
from whence.datagen.recordings import RecordingsPlan, plan_recordings
from whence.datagen.verification import verify_dataset
from whence.errors import InputError
from whence.registry import load_track

RATE = 48_000
DELAYS_MS = {"near": 0.25, "left": 0.5, "right": -0.5, "far": -0.25}
"""Of the made-up recordings: positive where the left channel leads."""


def heard(delay_ms: float, rate: int = RATE, seconds: float = 2.0, seed: int = 1) -> np.ndarray:
    """Return noise (samples, 2) whose right channel is late by `delay_ms`, by turning the phase of its spectrum."""
    samples = round(seconds * rate)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(samples))
    spectrum[np.fft.rfftfreq(samples, 1 / rate) > 7000] = 0
    late = spectrum * np.exp(-2j * np.pi * np.fft.rfftfreq(samples, 1 / rate) * delay_ms / 1e3)
    both = np.stack([np.fft.irfft(spectrum, samples), np.fft.irfft(late, samples)], axis=1)
    return np.asarray(0.3 * both / np.abs(both).max())


@pytest.fixture(scope="module")
def shelf(tmp_path_factory) -> Path:
    """Recordings of every kind of fault beside good ones."""
    folder = tmp_path_factory.mktemp("recordings")
    for name, delay in DELAYS_MS.items():
        soundfile.write(folder / f"{name}.wav", heard(delay), RATE, subtype="PCM_24")
    (folder / "deep").mkdir()
    soundfile.write(folder / "deep/low.flac", heard(0.5, 22_050), 22_050, subtype="PCM_16")
    good = heard(0.5, 16_000)
    four = np.column_stack([good[:, 1], np.zeros(32_000), good[:, 0], np.zeros(32_000)])
    for name, sound in {
        "four": four,
        "mono": good[:, 0],
        "twice": good[:, [0, 0]],
        "silent": 0 * good,
        "deaf": good * [1, 0],
        "clipped": np.clip(20 * good, -1, 1),
        "short": good[:8000],
    }.items():
        soundfile.write(folder / f"{name}.wav", sound, 16_000)
    (folder / "text.wav").write_text("not audio")
    return folder


def planned(shelf: Path, header: str, *rows: str, channels: tuple[int, int] | None = None) -> RecordingsPlan:
    """Return the plan of these labels, in a file of their own."""
    labels = shelf / "labels.csv"
    labels.write_text("\n".join([header, *rows]) + "\n")
    return plan_recordings(str(shelf), str(labels), channels)


def truth(dataset: Dataset, track: str) -> dict[str, float]:
    """Return the truth of each sample of `track`."""
    labels = open_source(load_track(track), dataset, None).labels
    return dict(zip(labels.sample_id.tolist(), labels.truth.tolist(), strict=True))


class TestLabels:
    def test_each_label_is_scored_on_its_track(self, shelf, tmp_path):
        plan = planned(
            shelf,
            "file;start_s;side;azimuth_deg;delay_ms;speaker",
            "near.wav;0.5;left;;0.25;ann",
            "left.wav;0;;90;0.5;ann",
            "right.wav;0;R;270;;bob",
            "far;0.25;;;-0.25;bob",
            "low.flac;0;;5;;bob",
        )
        assert (plan.missing, plan.skipped, plan.remarks) == ((), (), ())
        generate(plan, str(tmp_path / "own.zarr"))
        dataset = Dataset(str(tmp_path / "own.zarr"))
        names = ["near.wav/0.500", "left.wav/0.000", "right.wav/0.000", "far.wav/0.250", "deep/low.flac/0.000"]
        assert truth(dataset, "tde") == pytest.approx({names[0]: 2.5e-4, names[1]: 5e-4, names[3]: -2.5e-4})
        assert truth(dataset, "azimuth") == pytest.approx({names[1]: 90, names[2]: -90, names[4]: 5})
        assert truth(dataset, "left-right") == {names[0]: 1, names[1]: 1, names[2]: -1}
        assert open_source(load_track("tde"), dataset, None).labels.clusters.tolist() == ["ann", "ann", "bob"]
        assert [check.faults for check in verify_dataset(dataset)] == [()] * 4
        assert rerender_differences(plan, dataset, range(5)) == []
        runner = CliRunner().invoke(app, ["recordings", "x", "--dir", str(shelf), "--labels", "no.csv"])
        assert isinstance(runner.exception, InputError)

    def test_a_track_without_labels_names_the_column(self, shelf, tmp_path):
        generate(planned(shelf, "file,side", "left.wav,left", "right.wav,right"), str(tmp_path / "own.zarr"))
        dataset = Dataset(str(tmp_path / "own.zarr"))
        assert truth(dataset, "left-right") == {"left.wav/0.000": 1, "right.wav/0.000": -1}
        for track, column in (("tde", "delay_ms"), ("azimuth", "azimuth_deg")):
            with pytest.raises(
                InputError, match=f"no label for this track: import the recordings with a column {column}"
            ):
                truth(dataset, track)

    def test_a_second_begins_where_it_says_at_any_rate(self, shelf):
        for name, rate in (("near.wav", RATE), ("deep/low.flac", 22_050)):
            whole, _ = soundfile.read(shelf / name)
            audio = planned(shelf, "file,start_s,side", f"{name},0.3,left").render(0)["audio"]
            part = whole[round(0.3 * rate) :][:rate, 0]
            spectra = [np.abs(np.fft.rfft(one))[100:6000] for one in (audio[0].astype(float), part)]
            assert np.corrcoef(*spectra)[0, 1] > 0.999

    def test_named_channels_become_left_and_right(self, shelf):
        rows = ("four.wav,left", "four.wav,left,1")
        plan = planned(shelf, "file,side,start_s", *rows, channels=(2, 0))
        expected = planned(shelf, "file,side", "left.wav,left")
        assert np.corrcoef(plan.render(0)["audio"][0], np.roll(plan.render(0)["audio"][1], -8))[0, 1] > 0.99
        assert "contradict" in "".join(planned(shelf, "file,side,start_s", *rows, channels=(0, 2)).remarks)
        assert plan.recipe != expected.recipe


class TestTold:
    """What looks wrong is said in one line, and the rest is imported."""

    @pytest.mark.parametrize(
        ("header", "rows", "said"),
        [
            ("file,side", ["left.wav,left", "near.wav,left"], r"all 2 labels are on the left: a method that always"),
            (
                "file,side",
                ["left.wav,left", "near.wav,left", "right.wav,right", "far.wav,left"],
                r"1 of 4 labels contradict the delay between the channels: far\.wav from 0 s on is labelled left, but "
                r"the right channel leads by 0\.25 ms: are they right-positive\?",
            ),
            ("file,delay_ms", ["left.wav,0.1", "right.wav,-0.5"], r"1 of 2 delay_ms .*\+0\.10, measured \+0\.50"),
            ("file,side", ["clipped.wav,left", "right.wav,right"], r"1 of 2 clips are clipped, .*: clipped"),
            ("file,side", ["short.wav,left", "right.wav,right"], r"1 of 2 clips are shorter .*: short"),
            ("file,side,mood,speaker", ["left.wav,left,good,a", "right.wav,right,bad,b"], r"columns not used: mood$"),
            ("file,side", ["left.wav,left", "right.wav,right"], r"no column speaker or video: each recording counts"),
        ],
    )  # fmt: skip
    def test_remarks(self, shelf, header, rows, said):
        assert [line for line in planned(shelf, header, *rows).remarks if re.search(said, line)] != []

    @pytest.mark.parametrize(
        ("row", "said"),
        [
            ("silent.wav,0,left", "silent.wav from 0 s on is silent"),
            ("deaf.wav,0,left", "deaf.wav from 0 s on is silent in the right channel"),
            ("mono.wav,0,left", "mono.wav: expected two channels, found 1, it is mono"),
            ("twice.wav,0,left", "twice.wav from 0 s on has the same sound in both channels, it is mono"),
            ("four.wav,0,left", "four.wav: expected two channels, found 4: say which are left and right"),
            ("left.wav,2.5,left", "left.wav from 2.5 s on is beyond its end"),
            ("text.wav,0,left", "text.wav: "),
            ("left.wav,0.5,", "left.wav from 0.5 s on: it has no label"),
        ],
    )  # fmt: skip
    def test_rows_that_cannot_be_used(self, shelf, row, said):
        plan = planned(shelf, "file,start_s,side", row, "left.wav,0,left", "gone.wav,0,left")
        assert len(plan.skipped) == len(plan.seconds) == 1
        assert said in plan.skipped[0]
        assert plan.missing == ("gone.wav",)
        with pytest.raises(InputError, match=r"no row of .*can be used: ") as error:
            planned(shelf, "file,start_s,side", row)
        assert "\n" not in str(error.value)

    def test_the_command_says_it_all(self, shelf, tmp_path):
        planned(shelf, "file,side", "left.wav,left", "silent.wav,left", "gone.wav,left")
        asked = ["recordings", str(tmp_path / "o.zarr"), "--dir", str(shelf), "--labels", str(shelf / "labels.csv")]
        shown = CliRunner().invoke(app, [*asked, "--workers", "1"])
        assert shown.exit_code == 0
        assert "lacks the recordings of 1 row of" in shown.stderr
        assert "such as gone.wav" in shown.stderr
        assert "skipped silent.wav from 0 s on is silent" in shown.stderr
        assert isinstance(CliRunner().invoke(app, [*asked, "--channels", "0"]).exception, InputError)


MIRRORED = [f"{name}.wav,{'right' if delay > 0 else 'left'}" for name, delay in DELAYS_MS.items()]


@pytest.mark.parametrize(
    ("header", "rows", "said"),
    [
        ("file,side", MIRRORED, r"4 of 4 labels contradict .*; and 1 more: are they right-positive\? .*--channels 1,0"),
        ("file,azimuth_deg", [f"{n}.wav,{-150 * d}" for n, d in DELAYS_MS.items()], "4 of 4 .*right-positive"),
        ("file,delay_ms", [f"{n}.wav,{-d}" for n, d in DELAYS_MS.items()], "4 of 4 .*right-positive"),
        ("file,delay_ms", [f"{n}.wav,{d / 1e3}" for n, d in DELAYS_MS.items()], "is it in milliseconds"),
        ("file,delay_ms", [f"{n}.wav,{d * 1e3}" for n, d in DELAYS_MS.items()], r"delay_ms 250\.0: expected -5 to 5"),
        ("file,azimuth_deg", [f"{n}.wav,{2 * d}" for n, d in DELAYS_MS.items()], "are they in radians"),
        ("file,side", ["left.wav,both"], "side 'both': expected left or right"),
        ("file,side,delay_ms", ["left.wav,right,0.5"], r"side right, delay_ms 0\.5 contradict each other"),
        ("file,azimuth_deg", ["left.wav,500"], "azimuth_deg 500: expected -360 to 360"),
        ("file,azimuth_deg", ["left.wav,nan"], "azimuth_deg nan: expected"),
        ("file,azimuth_deg", ['left.wav,"4,5"'], "azimuth_deg '4,5' is not a number: write one with a point"),
        ("file,side,start_s", ["left.wav,left,-1"], "start_s -1: expected seconds, 0 or more"),
        ("file,side,start_time", ["left.wav,left,30"], "unknown column 'start_time', did you mean 'start_s'"),
        ("file,side,speeker", ["left.wav,left,ann"], "unknown column 'speeker', did you mean 'speaker'"),
        ("file,azimuth", ["left.wav,3"], "no column side or azimuth_deg or delay_ms among 'file', 'azimuth'"),
        ("file,side,speaker", ["left.wav,left,"], "its speaker is empty"),
        ("file,side", ["left.wav,left", "./left.wav,left"], "left.wav from 0 s on is labelled twice: keep one row"),
        ("file,side", ["gone.wav,left"], "holds none of the recordings that"),
        ("file,side", [",left"], "a row without a file"),
        ("file,side", [], "at least one row"),
    ],
)  # fmt: skip
def test_labels_that_make_no_sense_are_refused(shelf, header: str, rows: Sequence[str], said: str):
    with pytest.raises(InputError, match=said) as error:
        planned(shelf, header, *rows)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["0", "0,0", "1,-1", "left,right", "0,1,2", ""])
def test_channels_are_two_numbers(shelf, text):
    asked = ["recordings", "x.zarr", "--dir", str(shelf), "--labels", "l.csv", "--channels", text]
    assert "expected two channels" in str(CliRunner().invoke(app, asked).exception)


AZIMUTHS = (-70, -45, -25, -8, 8, 25, 45, 70)


@pytest.fixture(scope="module")
def around(tmp_path_factory) -> Path:
    """A second from each of `AZIMUTHS`, as it should be, with a late, a dead and a reversed right channel."""
    folder = tmp_path_factory.mktemp("around")
    for k, azimuth in enumerate(AZIMUTHS):
        good = heard(0.6 * np.sin(np.radians(azimuth)), 16_000, 1.0, seed=k)
        hiss = 1e-4 * np.random.default_rng(k).standard_normal((len(good), 1))
        late = np.column_stack([good[:, 0], np.roll(good[:, 1], 8)])
        for kind, sound in {"good": good, "late": late, "dead": np.hstack([good[:, :1], hiss])}.items():
            soundfile.write(folder / f"{kind}{k}.wav", sound, 16_000, subtype="PCM_24")
        soundfile.write(folder / f"reversed{k}.wav", good * [1, -1], 16_000, subtype="PCM_24")
    return folder


@pytest.mark.parametrize(
    ("kind", "turned", "said"),
    [
        ("good", 0, ""),
        ("good", 30, "labels.csv: the delays are those of sources 30 degrees further to the right than stated"),
        ("late", 0, "labels.csv: the right channel is 0.50 ms late throughout"),
        ("reversed", 0, "in 8 of 8 clips the channels have opposite signs: is one microphone wired the wrong way?"),
    ],
)
def test_what_is_wrong_with_all_recordings_is_told(around, kind, turned, said):
    rows = [f"{kind}{k}.wav,{azimuth + turned},x" for k, azimuth in enumerate(AZIMUTHS)]
    remarks = planned(around, "file,azimuth_deg,speaker", *rows).remarks
    assert (said in " ".join(remarks)) if said else remarks == ()


def test_a_channel_of_hiss_alone_is_silent(around):
    with pytest.raises(InputError, match=r"is silent, or nearly so, in the right channel"):
        planned(around, "file,azimuth_deg,speaker", *(f"dead{k}.wav,{a},x" for k, a in enumerate(AZIMUTHS)))
