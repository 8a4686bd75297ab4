"""The drawing of a view direction: the panorama, the part that a camera turned there sees, and the true source."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.patches import Rectangle

from ....conventions import wrap_degrees
from ....datagen.cameras import PITCH_DEG, Camera
from ...display.drawing import GREEN, VERMILLION

Picture = npt.NDArray[np.uint8]
WIDTH, TITLE, KEY = 6.4, 0.24, 0.3
"""Width of a panorama, and height of a title and of the key below all, inches."""
HIGHEST, LOWEST = 30.0, -60.0
"""Elevations that are shown, degrees."""
HEIGHT = WIDTH * (HIGHEST - LOWEST) / 360


def draw_frames(
    pictures: Sequence[Picture], views: Sequence[float], truths: Sequence[float], titles: Sequence[str]
) -> Drawing:
    """Return the panoramas below each other, each with the view turned to `views` and the source at `truths`, deg."""
    each = HEIGHT + (TITLE if any(titles) else 0.0)
    height = each * len(pictures) + KEY
    drawing = Drawing(figsize=(WIDTH, height))
    for k, (picture, view, truth, title) in enumerate(zip(pictures, views, truths, titles, strict=True)):
        low = height - each * (k + 1)
        axes = drawing.add_axes((0.005, (low + 0.02) / height, 0.99, (HEIGHT - 0.04) / height))
        _draw(axes, picture, view, truth)
        axes.set_title(title, fontsize=8)
    drawing.text(0.02, 0.08 / height, "source that sounds (line)", ha="left", fontsize=8, color=GREEN)
    drawing.text(0.4, 0.08 / height, "view (frame) and its centre (dots)", ha="left", fontsize=8, color=VERMILLION)
    return drawing


def _draw(axes: Axes, picture: Picture, view: float, truth: float) -> None:
    first, last = (round((0.5 - elevation / 180) * len(picture)) for elevation in (HIGHEST, LOWEST))
    axes.imshow(picture[first:last], extent=(180, -180, LOWEST, HIGHEST), interpolation="none")
    wide = Camera().horizontal_field_of_view
    high = 2 * np.degrees(np.arctan(Camera().height / 2 / Camera().focal))
    centre = float(wrap_degrees(view))
    for turn in (-360, 0, 360):
        corner = centre + turn - wide / 2, PITCH_DEG - high / 2
        axes.add_patch(Rectangle(corner, wide, high, fill=False, color=VERMILLION, linewidth=1.6))
    axes.axvline(centre, color=VERMILLION, linestyle=":", linewidth=1.4)
    axes.axvline(float(wrap_degrees(truth)), color=GREEN, linewidth=1.4)
    axes.set(xlim=(180, -180), ylim=(LOWEST, HIGHEST), xticks=[], yticks=[])
    axes.set_aspect("auto")
    axes.grid(False)
