"""The picture of one clip: both channels, the part a method heard, and the cross-correlation."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from ....conventions import SAMPLE_RATE
from ....datagen.acoustics.cross_correlation import phase_transform_correlation
from ...display.drawing import BLUE, GREEN, INK, MUTED, ORANGE, VERMILLION
from ...questions.metrics import MS_PER_SECOND

Audio = npt.NDArray[np.float32]

_SIZE = (5.0, 4.1)
_LEAST_LAG, _MOST_LAG = round(0.0015 * SAMPLE_RATE), round(0.005 * SAMPLE_RATE)
_COLUMNS = 500
_MS_PER_SAMPLE = MS_PER_SECOND / SAMPLE_RATE


@dataclass(frozen=True)
class Delay:
    """Truth and prediction (or None) of a clip: delays in s or, unless `delays`, sides, + left."""

    truth: float
    predicted: float | None
    delays: bool


def draw_clip(delay: Delay, stored: Audio, heard: Audio, skipped: int) -> Drawing:
    """Return the picture of a clip `stored` (2, 16000) of which a method `heard` (2, samples) after those `skipped`."""
    drawing = Drawing(figsize=_SIZE)
    upper, lower = drawing.add_axes((0.07, 0.83, 0.89, 0.15)), drawing.add_axes((0.07, 0.645, 0.89, 0.15))
    peak = float(np.abs(stored).max()) or 1.0
    _draw_wave(upper, stored[0], (skipped, skipped + heard.shape[1]), peak, "left")
    _draw_wave(lower, stored[1], (skipped, skipped + heard.shape[1]), peak, "right")
    upper.tick_params(labelbottom=False)
    lower.set_xlabel("stored second (ms); shaded: what was heard")
    _draw_correlation(drawing.add_axes((0.07, 0.115, 0.89, 0.3)), heard, delay)
    return drawing


def _draw_wave(axes: Axes, channel: Audio, heard: tuple[int, int], peak: float, name: str) -> None:
    """Draw the envelope of one channel, and shade the samples (start, end) that were `heard`."""
    block = -(-channel.size // _COLUMNS)
    columns = np.pad(channel, (0, -channel.size % block), mode="edge").reshape(-1, block)
    ms = np.arange(len(columns)) * block * _MS_PER_SAMPLE
    start, end = (sample * _MS_PER_SAMPLE for sample in heard)
    axes.axvspan(start, end, color=ORANGE, alpha=0.35, linewidth=0)
    axes.fill_between(ms, columns.min(axis=1), columns.max(axis=1), color=BLUE, linewidth=0.4)
    axes.set(xlim=(0, channel.size * _MS_PER_SAMPLE), ylim=(-peak, peak), yticks=[], ylabel=name)
    axes.grid(False)


def _draw_correlation(axes: Axes, heard: Audio, delay: Delay) -> None:
    """Draw the PHAT cross-correlation of what was heard, with the truth and the prediction."""
    reach = _reach(delay, heard.shape[1])
    correlation = phase_transform_correlation(heard[0], heard[1], reach)
    ms = np.arange(-reach, reach + 1) * _MS_PER_SAMPLE
    axes.axvline(0, color=MUTED, linewidth=0.6)
    mark = _mark_delays if delay.delays else _mark_side
    mark(axes, delay, reach * _MS_PER_SAMPLE)
    axes.plot(ms, correlation, color=INK, linewidth=1.1, marker=".", markersize=3, label="PHAT correlation")
    axes.set(xlim=(ms[0], ms[-1]), yticks=[], xlabel="delay (ms), positive: left leads", ylabel="correlation")
    axes.grid(False, axis="y")
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1.01), ncols=3, borderaxespad=0, handlelength=1.6)


def _reach(delay: Delay, samples: int) -> int:
    """Return the largest lag to show: 1.5 ms, or more if truth or prediction are larger."""
    wanted = round(1.2 * SAMPLE_RATE * max(abs(delay.truth), abs(delay.predicted or 0))) if delay.delays else 0
    return int(np.clip(wanted, _LEAST_LAG, min(_MOST_LAG, samples - 1)))


def _mark_delays(axes: Axes, delay: Delay, limit_ms: float) -> None:
    """Draw lines at the true and the predicted delay, clipped to the edge."""
    for value, name, colour, dashes in (
        (delay.truth, "truth", GREEN, "-"),
        (delay.predicted, "prediction", VERMILLION, "--"),
    ):
        if value is None:
            continue
        place = float(np.clip(MS_PER_SECOND * value, -limit_ms, limit_ms))
        axes.axvline(place, color=colour, linestyle=dashes, linewidth=2, label=name)


def _mark_side(axes: Axes, delay: Delay, limit_ms: float) -> None:
    """Shade the true side."""
    edges = (0.0, limit_ms) if delay.truth > 0 else (-limit_ms, 0.0)
    axes.axvspan(*edges, color=GREEN, alpha=0.2, linewidth=0, label="true side")
