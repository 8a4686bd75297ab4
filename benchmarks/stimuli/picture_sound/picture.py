"""The drawing of an answer: the picture, its map over it, the true boxes, the brightest point."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.patches import Rectangle

from ...display.drawing import GREEN, VERMILLION
from ...questions.boxes import ANNOTATOR, EXACT
from ...questions.maps import enlarged, map_of

Picture = npt.NDArray[np.uint8]
WIDTH, HEIGHT, TITLE = 3.2, 2.4, 0.3
"""Size of one picture and of its title, inches."""
MOST_OPAQUE = 0.75


def draw_map(picture: Picture, answer: npt.NDArray[np.float64], truth: npt.NDArray[np.float64]) -> Drawing:
    """Return the drawing of one stored `answer` (3138,) over `picture` (height, width, 3) with its true boxes."""
    return draw_maps(picture, [answer], [truth], [""])


def draw_maps(
    picture: Picture,
    answers: Sequence[npt.NDArray[np.float64]],
    truths: Sequence[npt.NDArray[np.float64]],
    titles: Sequence[str],
) -> Drawing:
    """Return the answers to several sounds of one picture, side by side, each under its title."""
    top = TITLE if any(titles) else 0.0
    drawing = Drawing(figsize=(WIDTH * len(answers), HEIGHT + top + 0.3))
    for k, (answer, truth, title) in enumerate(zip(answers, truths, titles, strict=True)):
        each = 1 / len(answers)
        height = HEIGHT / (HEIGHT + top + 0.3)
        axes = drawing.add_axes(((k + 0.01) * each, 0.3 / (HEIGHT + top + 0.3), 0.98 * each, height))
        _draw(axes, picture, answer, truth)
        axes.set_title(title)
    drawing.text(0.01, 0.02, "true boxes (solid)", ha="left", fontsize=8, color=GREEN)
    drawing.text(min(0.55, 1.6 / len(answers) / WIDTH), 0.02, "brightest (cross)", fontsize=8, color=VERMILLION)
    return drawing


def _draw(axes: Axes, picture: Picture, answer: npt.NDArray[np.float64], truth: npt.NDArray[np.float64]) -> None:
    height, width = picture.shape[:2]
    axes.imshow(picture, extent=(0, width, height, 0))
    one = map_of(answer)
    if one.max() > 0:
        canvas = enlarged(one, "aligned_bilinear")
        span = float(canvas.max() - canvas.min())
        strength = (canvas - canvas.min()) / span if span else np.full_like(canvas, 0.5)
        axes.imshow(strength, cmap="inferno", alpha=MOST_OPAQUE * strength, extent=(0, width, height, 0))
        row, column = np.unravel_index(int(np.argmax(canvas)), canvas.shape)
        place = (column + 0.5) / canvas.shape[1] * width, (row + 0.5) / canvas.shape[0] * height
        axes.plot(*place, marker="x", color=VERMILLION, markersize=9, markeredgewidth=2)
    for box in truth:
        x0, y0, x1, y1 = box[:4] * [width, height, width, height]
        dashes = "-" if box[ANNOTATOR] == EXACT else "--"
        axes.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, color=GREEN, linewidth=2, linestyle=dashes))
    axes.set(xlim=(0, width), ylim=(height, 0), xticks=[], yticks=[])
    axes.grid(False)
