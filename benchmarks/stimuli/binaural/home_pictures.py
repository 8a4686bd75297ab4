"""The pictures of one example of HM3D-SS: its views, its floor plan, and its responses with their decay."""

import base64
import io
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.patches import Wedge
from PIL import Image

from ....conventions import SAMPLE_RATE
from ....datagen.acoustics.impulse_response import energy_decay
from ...display.drawing import BLUE, COLOURS, GREEN, INK, MUTED, PAPER, VERMILLION, WIDTH, Picture, axes_of, blank
from ...questions.metrics import MS_PER_SECOND
from .home_example import HomeExample

Audio = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

EARS = (("left", BLUE, "-"), ("right", VERMILLION, "--"))
FURNITURE = (0.3, 2.0)
"""Metres above the floor: points in between are drawn solid in the floor plan, lower ones faintly."""
FAN = 1.2
"""Radius of a view's fan, metres."""
_PIXEL_STEP = 3
_WAVE_SECONDS = 0.12
_COLUMNS = 480
_LOWEST_DB = -65
_FIT_DB = (-5.0, -35.0)
_HALO: dict[str, Any] = {
    "fontweight": "bold",
    "bbox": {"facecolor": PAPER, "edgecolor": "none", "alpha": 0.75, "pad": 1.0},
}


def photograph(image: npt.NDArray[np.uint8], alt: str) -> Picture:
    """Return `image` (height, width, 3) for the page, losslessly."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, format="PNG")
    data = base64.b64encode(file.getvalue()).decode()
    return Picture(f"data:image/png;base64,{data}", alt, image.shape[1], image.shape[0])


def draw_floor_plan(example: HomeExample) -> Drawing:
    """Return the floor plan seen in the views, with a fan for each view and a star for each source."""
    drawing, axes = axes_of(WIDTH, WIDTH)
    places = example.fields["source_position"][:, [0, 2]] * [1, -1]
    limits = _draw_points(axes, example)
    for view in range(example.views):
        _draw_fan(axes, example, view)
    axes.plot(*places.T, "*", color=INK, markersize=13, markeredgecolor=PAPER, linestyle="none", zorder=6)
    for number, place in enumerate(places):
        axes.annotate(f"source {number}", place, (7, 5), textcoords="offset points", color=INK, **_HALO)
    if limits is not None:
        corners = np.concatenate([limits, places])
        axes.set(xlim=_span(corners[:, 0]), ylim=_span(corners[:, 1]))
    axes.set(aspect="equal", xlabel="x (m)", ylabel="\N{MINUS SIGN}z (m), heading 0 is up")
    return drawing


def _span(values: Float64) -> tuple[float, float]:
    return float(values.min() - 0.3), float(values.max() + 0.3)


def _draw_points(axes: Axes, example: HomeExample) -> Float64 | None:
    """Draw the points seen in the views in colour; return the corners (2, 2) of 99 % of them, None without depth."""
    points = example.points(_PIXEL_STEP)
    if points is None or not len(points.height):
        return None
    low, high = FURNITURE
    on_floor, standing = points.height <= low, (points.height > low) & (points.height < high)
    for chosen, alpha in ((on_floor, 0.25), (standing, 0.9)):
        place, colour = points.place[chosen], points.colour[chosen]
        axes.scatter(place[:, 0], place[:, 1], s=3, c=colour, alpha=alpha, linewidths=0, rasterized=True)
    return np.percentile(points.place[on_floor | standing], [0.5, 99.5], axis=0)


def _draw_fan(axes: Axes, example: HomeExample, view: int) -> None:
    """Draw the field of view `view` as a wedge, with its number at the rim."""
    x, _, z = example.fields["camera_position"][view]
    ahead, half = 90 + float(example.fields["heading"][view]), example.field_of_view / 2  # degrees from the x axis
    colour = COLOURS[view % len(COLOURS)]
    axes.add_patch(Wedge((x, -z), FAN, ahead - half, ahead + half, facecolor=colour, edgecolor="none", alpha=0.22))
    outline = Wedge((x, -z), FAN, ahead - half, ahead + half, facecolor="none", edgecolor=colour, linewidth=1.6)
    axes.add_patch(outline)
    rim = (x + FAN * np.cos(np.radians(ahead)), -z + FAN * np.sin(np.radians(ahead)))
    axes.annotate(f"{view}", rim, ha="center", va="center", color=colour, **_HALO)


def draw_response(example: HomeExample, source: int) -> Drawing:
    """Return both ears' response to `source` in view 0: the early waveform and the energy decay."""
    drawing = blank(WIDTH, 4.2)
    left, right, decay = drawing.subplots(3, 1, height_ratios=(1, 1, 2.4))
    response = example.responses[source, 0]
    peak = float(np.abs(response).max()) or 1.0
    for axes, channel, (name, colour, _) in zip((left, right), response, EARS, strict=True):
        _draw_wave(axes, channel / peak, name, colour)
    left.tick_params(labelbottom=False)
    right.set_xlabel("time in the stored response (ms)")
    for ear, channel in enumerate(response):
        _draw_decay(decay, channel, float(example.fields["rt60"][source, 0, ear]), ear)
    longest = np.nan_to_num(example.fields["rt60"][source, 0], nan=0.0).max()
    decay.set(xlim=(0, max(1.15 * longest, 0.15)), ylim=(_LOWEST_DB, 3), xlabel="time (s)", ylabel="energy left (dB)")
    decay.legend(loc="upper right")
    return drawing


def _draw_wave(axes: Axes, channel: Audio, name: str, colour: str) -> None:
    """Draw the start of one ear's response as an envelope, one column for every few samples."""
    shown = channel[: round(_WAVE_SECONDS * SAMPLE_RATE)]
    block = max(shown.size // _COLUMNS, 1)
    columns = shown[: shown.size // block * block].reshape(-1, block)
    ms = np.arange(len(columns)) * block * MS_PER_SECOND / SAMPLE_RATE
    low, high = np.minimum(columns.min(axis=1), 0), np.maximum(columns.max(axis=1), 0)
    axes.fill_between(ms, low, high, color=colour, linewidth=0.5)
    axes.set(xlim=(0, MS_PER_SECOND * _WAVE_SECONDS), ylim=(-1, 1), yticks=[], ylabel=name)
    axes.grid(False)


def _draw_decay(axes: Axes, channel: Audio, rt60: float, ear: int) -> None:
    """Draw Schroeder's curve of one ear and the fitted line, which falls by 60 dB in the RT60."""
    name, colour, dashes = EARS[ear]
    energy = energy_decay(channel)
    kept = energy > energy[0] * 10 ** (_LOWEST_DB / 10)
    level = 10 * np.log10(energy[kept] / energy[0]) if energy[0] > 0 else np.zeros(0)
    time = np.arange(level.size) / SAMPLE_RATE
    step = max(level.size // _COLUMNS, 1)
    told = f"RT60 {rt60:.2f} s" if np.isfinite(rt60) else "no RT60"
    axes.plot(time[::step], level[::step], dashes, color=colour, linewidth=1.6, label=f"{name} ear, {told}")
    fitted = (level <= _FIT_DB[0]) & (level >= _FIT_DB[1])
    if np.isfinite(rt60) and fitted.any():
        start = time[fitted].mean() + level[fitted].mean() * rt60 / 60  # where the fitted line crosses 0 dB
        axes.plot([start, start + rt60], [0, -60], ":", color=colour, linewidth=1)
        axes.plot([start + rt60], [-60], "o" if ear == 0 else "s", color=colour, markersize=5)


def draw_spread(values: Float64, title: str) -> Drawing:
    """Return the histogram of `values`, with the axis label `title`."""
    drawing, axes = axes_of(WIDTH, 2.2)
    axes.hist(values[np.isfinite(values)], bins=36, color=GREEN, edgecolor=MUTED, linewidth=0.3)
    axes.set(xlabel=title, ylabel="count")
    return drawing
