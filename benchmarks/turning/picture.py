"""Drawings of a turn: frames, answers over time with their spread beside the truth, and the relation of both senses."""

import io
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from ...datagen.turning import FRAME_RATE, Turn
from ..display.drawing import BLUE, GREEN, INK, MUTED, ORANGE, PURPLE, VERMILLION, blank, plain_name
from .courses import AZIMUTH, ROTATION, WINDOW_SECONDS, Course, Relation, windows_of

Picture = npt.NDArray[np.uint8]

SIZE = (7.6, 5.6)
"""Width and height of the picture of a whole turn, inches."""
DPI, COLOURS = 120, 128
"""Dots to an inch, and how many colours the file has, which keeps it small."""
ABREAST, HEADROOM = 3, 0.16
"""Entries in a line of a legend, and its height as a share of the axis below."""
STRIP = 6
"""Frames in the strip."""
RING, RADIUS = (240, 60, 20), 9
"""Colour and radius (pixels) of the ring around the talker."""
RELATION = "relation"
METHODS = (BLUE, VERMILLION, GREEN, ORANGE, PURPLE)
TITLES = {
    ROTATION: "Rotation since the first frame, from pictures",
    AZIMUTH: f"Azimuth of the talker, from {WINDOW_SECONDS:g} s of sound",
}
CAPTION = (
    f"Dots: one answer each. Band: mean and standard deviation of answer minus truth within {WINDOW_SECONDS:g} s, "
    "around the truth."
)


def marked(turn: Turn, frame: int) -> Picture:
    """Return `frame` of `turn` with a ring where the talker is, if in view."""
    picture: Picture = turn.frames[frame].copy()
    point = turn.talker_in(frame)
    if point is not None:
        cv2.circle(picture, (round(point[0]), round(point[1])), RADIUS, RING, 2, cv2.LINE_AA)
    return picture


def draw_turn(turn: Turn, courses: Sequence[Course], relations: Sequence[Relation]) -> Figure:
    """Return the picture of a whole turn."""
    figure = blank(*SIZE)
    above, below = figure.subfigures(2, 1, squeeze=False, height_ratios=(1, 4.6))[:, 0]
    times = np.linspace(0, len(turn.frames) - 1, STRIP).round().astype(int)
    for axes, frame in zip(above.subplots(1, STRIP), times.tolist(), strict=True):
        _draw_frame(axes, marked(turn, frame), frame / FRAME_RATE)
    panels = below.subplot_mosaic([[ROTATION, RELATION], [AZIMUTH, RELATION]], width_ratios=(1.75, 1))
    for track in TITLES:
        draw_courses(panels[track], turn.times, [course for course in courses if course.track == track])
    panels[AZIMUTH].set_xlabel("time (s)")
    draw_relations(panels[RELATION], relations)
    return figure


def draw_over_time(turn: Turn, courses: Sequence[Course]) -> Figure:
    """Return the courses of both tracks below each other, on one axis of time."""
    figure = blank(SIZE[0], 4.2)
    for axes, track in zip(figure.subplots(2, 1, sharex=True), TITLES, strict=True):
        draw_courses(axes, turn.times, [course for course in courses if course.track == track])
    axes.set_xlabel("time (s)")
    return figure


def _draw_frame(axes: Axes, picture: Picture, time: float) -> None:
    axes.imshow(picture, interpolation="antialiased")
    axes.set(xticks=[], yticks=[])
    axes.set_title(f"{time:.1f} s", fontsize=8, fontweight="normal")
    axes.grid(False)


def draw_courses(axes: Axes, times: npt.NDArray[np.float64], courses: Sequence[Course]) -> None:
    """Draw `courses` of one track and their spread over `times` (f,), s, beside the truth."""
    for colour, course in zip(_colours(len(courses)), courses, strict=True):
        windows = windows_of(course)
        beside = course.truth + course.errors
        centre = course.truth + windows.bias
        axes.fill_between(
            times, centre - windows.spread, centre + windows.spread, color=colour, alpha=0.22, linewidth=0
        )
        axes.plot(times, beside, ".", color=colour, markersize=3, label=plain_name(course.label))
    axes.plot(times, courses[0].truth, color=INK, linewidth=1.2, label="truth")
    axes.set(xlim=(0, float(times[-1])), ylabel="degrees")
    axes.locator_params(axis="y", steps=[3, 6])
    axes.set_title(TITLES[courses[0].track], fontsize=9)
    low, high = axes.get_ylim()
    lines = -(-(len(courses) + 1) // ABREAST)
    axes.set_ylim(low, high + HEADROOM * lines * (high - low))
    axes.legend(loc="upper center", ncols=ABREAST, fontsize=7, handlelength=1.2, columnspacing=1)


def draw_relations(axes: Axes, relations: Sequence[Relation]) -> None:
    """Draw how far the head turned within a second by its sound, against by its pictures."""
    for colour, one in zip(_colours(len(relations)), relations, strict=True):
        label = f"{plain_name(one.rotation)}, {plain_name(one.azimuth)}"
        axes.plot(one.seen, one.heard, ".", color=colour, markersize=3, label=label)
    reach = max(10.0, *(float(np.abs([one.seen, one.heard]).max()) for one in relations if len(one.seen))) * 1.05
    axes.plot([-reach, reach], [-reach, reach], color=MUTED, linewidth=0.8)
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    axes.set(xlabel=f"rotation in {WINDOW_SECONDS:g} s (degrees)", ylabel="\N{MINUS SIGN} change of azimuth (degrees)")
    axes.set_title("Both senses", fontsize=9)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18), fontsize=7, handlelength=0.6)


def _colours(count: int) -> list[str]:
    return [METHODS[k % len(METHODS)] for k in range(count)]


def as_png(figure: Figure) -> bytes:
    """Return `figure` as a small PNG file."""
    shown, small = io.BytesIO(), io.BytesIO()
    figure.savefig(shown, dpi=DPI, metadata={"Software": None})
    Image.open(shown).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
    return small.getvalue()
