"""The clips that a method gets most wrong: what was stored, what it heard, what it should have said."""

import base64
import io
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from ..conventions import SAMPLE_RATE
from ..datagen.acoustics.cross_correlation import phase_transform_correlation
from .conditions import SKIPPED, Condition, distractor_rows, stereo_batch
from .drawing import BLUE, GREEN, INK, MUTED, ORANGE, VERMILLION, Picture, blank, picture, save
from .metrics import MS_PER_SECOND
from .track import Labels
from .view import Stated, View

Audio = npt.NDArray[np.float32]

COUNT = 10
PEAK = 0.9
"""Sounds are played at this peak, whatever their level: noise may exceed the range of a wav file."""
_LEAST_LAG, _MOST_LAG = round(0.0015 * SAMPLE_RATE), round(0.005 * SAMPLE_RATE)
_COLUMNS = 500


@dataclass(frozen=True)
class Sound:
    """A sound for the page: a 16-bit stereo wav as a data URI, and how long it lasts in words."""

    uri: str
    duration: str


@dataclass(frozen=True)
class WorstClip:
    """One clip: its facts (name, text), truth and prediction in words, the stored second, what was heard, a picture."""

    sample_id: str
    facts: Sequence[tuple[str, str]]
    truth: str
    prediction: str
    stored: Sound
    heard: Sound
    picture: Picture


def worst_clips(view: View, method: str, condition: Stated, folder: Path) -> list[WorstClip]:
    """Return the clips that `method` got most wrong under `condition`, the worst first; empty where all are right.

    Their pictures are also written to `folder`.
    """
    found = worst_samples(view, method, condition)
    stored, heard = _audio(view, found, view.harness_condition(condition))
    predicted = view.predictions(method, condition)
    assert predicted is not None
    return [
        _clip(view, k, int(index), stored[k], heard[k], float(predicted[index]), folder)
        for k, index in enumerate(found)
    ]


def worst_samples(view: View, method: str, condition: Stated) -> npt.NDArray[np.intp]:
    """Return the samples with the largest error, or on the wrong side with the largest prediction, the worst first."""
    terms, predicted = view.terms(method, condition), view.predictions(method, condition)
    assert terms is not None
    assert predicted is not None
    if view.measures_delay:
        wrong, badness = terms > 0, terms
    else:
        wrong, badness = terms == 0, np.abs(predicted)
    order = np.argsort(-badness, kind="stable")
    return order[wrong[order]][:COUNT]


def _audio(view: View, samples: npt.NDArray[np.intp], condition: Condition) -> tuple[Audio, Audio]:
    """Return the stored seconds (n, 2, 16000) of `samples` and what methods heard of them (n, 2, kept_samples)."""
    if samples.size == 0:
        return np.empty((0, 2, SAMPLE_RATE), np.float32), np.empty((0, 2, condition.kept_samples), np.float32)
    labels: Labels = view.run.labels
    stored = view.run.dataset.audio(labels.rows[samples])
    others = None
    if condition.distractor is not None:
        talkers = distractor_rows(labels.sample_id, labels.blocks)[samples]
        others = view.run.dataset.audio(labels.rows[talkers])
    return stored, stereo_batch(stored, labels.sample_id[samples], condition, others).audio


def _clip(
    view: View, k: int, index: int, stored: Audio, heard: Audio, predicted: float, folder: Path
) -> WorstClip:
    truth = float(view.run.labels.truth[index])
    answers = (
        (
            _delay_text(truth),
            f"{_delay_text(predicted)}, off by {MS_PER_SECOND * abs(predicted - truth):.3f} ms",
        )
        if view.measures_delay
        else (_side_text(truth), f"{_side_text(predicted)} ({predicted:.3g})")
    )
    name = str(view.run.labels.sample_id[index])
    shown = _picture(
        view,
        k,
        stored,
        heard,
        truth,
        predicted,
        f"{name}: truth {answers[0]}, predicted {answers[1]}",
        folder,
    )
    return WorstClip(name, list(_facts(view, index)), *answers, as_sound(stored), as_sound(heard), shown)


def _delay_text(delay: float) -> str:
    """Return a delay (s) in words.

    >>> _delay_text(-0.00025)
    '-0.250 ms (right leads)'
    """
    side = "no side leads" if delay == 0 else "left leads" if delay > 0 else "right leads"
    return f"{MS_PER_SECOND * delay:+.3f} ms ({side})"


def _side_text(value: float) -> str:
    return "left" if value >= 0 else "right"


def _facts(view: View, index: int) -> Iterator[tuple[str, str]]:
    """Yield what the dataset knows of a sample."""
    dataset, row = view.run.dataset, int(view.run.labels.rows[index])

    def values(name: str) -> list[float]:
        return np.atleast_1d(dataset.column(name)[row]).tolist() if name in dataset else []

    for name, title in (("room", "room"), ("speaker", "speaker"), ("video", "video")):
        if name in dataset and not (name == "room" and "video" in dataset):
            yield title, str(dataset.column(name)[row])
    for name, title, pattern in (
        ("rt60_nominal", "RT60, nominal", "{:g} s"),
        ("rt60", "RT60, realised (left, right)", "{:.2f} s"),
        ("azimuth", "azimuth", "{:+.1f}°"),
        ("distance", "distance", "{:.2f} m"),
    ):
        numbers = [pattern.format(value) for value in values(name) if np.isfinite(value)]
        if numbers:
            yield title, ", ".join(numbers)


def as_sound(audio: npt.NDArray[np.floating]) -> Sound:
    """Return `audio` (2, samples) for the page, its peak brought to `PEAK`.

    >>> as_sound(np.zeros((2, 1151))).duration
    '72 ms'
    """
    peak = float(np.abs(audio).max())
    samples = np.rint(audio * (PEAK * 32767 / peak if peak > 0 else 0.0)).astype("<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as target:
        target.setnchannels(2)
        target.setsampwidth(2)
        target.setframerate(SAMPLE_RATE)
        target.writeframes(np.ascontiguousarray(samples.T).tobytes())
    seconds = audio.shape[1] / SAMPLE_RATE
    duration = f"{seconds:g} s" if seconds >= 0.5 else f"{MS_PER_SECOND * seconds:.0f} ms"
    return Sound("data:audio/wav;base64," + base64.b64encode(file.getvalue()).decode(), duration)


def _picture(
    view: View, k: int, stored: Audio, heard: Audio, truth: float, predicted: float, alt: str, folder: Path
) -> Picture:
    drawing = blank(5.0, 4.1)
    upper, lower, bottom = drawing.subplots(3, 1, height_ratios=(1, 1, 1.9))
    for axes, channel, name in ((upper, stored[0], "left"), (lower, stored[1], "right")):
        _draw_wave(axes, channel, heard.shape[1], float(np.abs(stored).max()) or 1.0, name)
    upper.tick_params(labelbottom=False)
    lower.set_xlabel("stored second (ms); shaded: what was heard")
    _draw_correlation(bottom, heard, truth, predicted, delays=view.measures_delay)
    save(drawing, folder, f"worst-{k + 1:02d}")
    return picture(drawing, f"worst-{k + 1}", f"Waveforms and cross-correlation of {alt}")


def _draw_wave(axes: Axes, channel: npt.NDArray[np.float32], heard: int, peak: float, name: str) -> None:
    """Draw one channel as its outline, and shade the stretch that was heard."""
    block = -(-channel.size // _COLUMNS)
    padded = np.pad(channel, (0, -channel.size % block), mode="edge").reshape(-1, block)
    ms = np.arange(len(padded)) * block / SAMPLE_RATE * MS_PER_SECOND
    start = SKIPPED / SAMPLE_RATE * MS_PER_SECOND
    axes.axvspan(start, start + heard / SAMPLE_RATE * MS_PER_SECOND, color=ORANGE, alpha=0.35, linewidth=0)
    axes.fill_between(
        ms, np.round(padded.min(axis=1), 4), np.round(padded.max(axis=1), 4), color=BLUE, linewidth=0.4
    )
    axes.set(xlim=(0, channel.size / SAMPLE_RATE * MS_PER_SECOND), ylim=(-peak, peak), yticks=[], ylabel=name)
    axes.grid(False)


def _draw_correlation(axes: Axes, heard: Audio, truth: float, predicted: float, *, delays: bool) -> None:
    """Draw the PHAT cross-correlation with the truth and the prediction, lines for delays, a half for a side."""
    wanted = round(1.2 * SAMPLE_RATE * max(abs(truth), abs(predicted))) if delays else 0
    reach = int(np.clip(wanted, _LEAST_LAG, min(_MOST_LAG, heard.shape[1] - 1)))
    correlation = phase_transform_correlation(heard[0], heard[1], reach)
    ms = np.arange(-reach, reach + 1) / SAMPLE_RATE * MS_PER_SECOND
    axes.plot(ms, correlation, color=INK, linewidth=1.1, label="PHAT correlation")
    axes.axvline(0, color=MUTED, linewidth=0.6)
    if delays:
        for value, name, colour, dashes in (
            (truth, "truth", GREEN, "-"),
            (predicted, "prediction", VERMILLION, "--"),
        ):
            place = float(np.clip(MS_PER_SECOND * value, ms[0], ms[-1]))
            axes.axvline(place, color=colour, linestyle=dashes, linewidth=2, label=name)
    else:
        edge = ms[-1] if truth > 0 else ms[0]
        axes.axvspan(min(0, edge), max(0, edge), color=GREEN, alpha=0.2, linewidth=0, label="true side")
    axes.set(xlim=(ms[0], ms[-1]), yticks=[], xlabel="delay (ms), positive: left leads", ylabel="correlation")
    axes.grid(False, axis="y")
    axes.legend(loc="upper right", bbox_to_anchor=(1, 1.24), ncols=3, borderaxespad=0, handlelength=1.6)
