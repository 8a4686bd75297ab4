"""The drawing of an answer: the picture, its map over it, the true boxes, the brightest point."""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.patches import Rectangle

from ...display.drawing import GREEN, VERMILLION
from ...questions.boxes import ANNOTATOR, EXACT, boxes_alone
from ...questions.maps import Map, enlarged, map_of

Picture = npt.NDArray[np.uint8]
WIDTH, HEIGHT, TITLE, KEY = 3.2, 2.4, 0.25, 0.3
"""Size of one picture, of its title, and of the key below all, inches."""
COLUMNS = 4
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
    columns = min(len(answers), COLUMNS)
    rows = -(-len(answers) // columns)
    each = HEIGHT + (TITLE if any(titles) else 0.0)
    width, height = WIDTH * columns, each * rows + KEY
    drawing = Drawing(figsize=(width, height))
    for k, (answer, truth, title) in enumerate(zip(answers, truths, titles, strict=True)):
        row, column = divmod(k, columns)
        low = height - each * (row + 1)
        axes = drawing.add_axes(
            ((column + 0.01) / columns, (low + 0.02) / height, 0.98 / columns, (HEIGHT - 0.04) / height)
        )
        _draw(axes, picture, answer, truth)
        axes.set_title(title)
    drawing.text(0.05 / width, 0.08 / height, "true boxes (lines)", ha="left", fontsize=8, color=GREEN)
    drawing.text(1.7 / width, 0.08 / height, "brightest (cross)", ha="left", fontsize=8, color=VERMILLION)
    return drawing


def _draw(axes: Axes, picture: Picture, answer: npt.NDArray[np.float64], truth: npt.NDArray[np.float64]) -> None:
    height, width = picture.shape[:2]
    one = map_of(answer)
    seen = overlay(picture, one)
    axes.imshow(seen, extent=(0, width, height, 0), interpolation="none")
    if one.max() > 0:
        canvas = enlarged(one, "aligned_bilinear")
        row, column = np.unravel_index(int(np.argmax(canvas)), canvas.shape)
        place = (column + 0.5) / canvas.shape[1] * width, (row + 0.5) / canvas.shape[0] * height
        axes.plot(*place, marker="x", color=VERMILLION, markersize=9, markeredgewidth=2)
    for box in boxes_alone(truth):
        x0, y0, x1, y1 = box[:4] * [width, height, width, height]
        dashes = "-" if box[ANNOTATOR] == EXACT else "--"
        axes.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, color=GREEN, linewidth=2, linestyle=dashes))
    axes.set(xlim=(0, width), ylim=(height, 0), xticks=[], yticks=[])
    axes.grid(False)


def overlay(picture: Picture, one: Map) -> Picture:
    """Return `picture` under the map, or as it is where the map says that nothing in it sounds."""
    return blended(picture, one) if one.max() > 0 else picture


def blended(picture: Picture, one: Map) -> Picture:
    """Return `picture` (height, width, 3) under the map, coloured and opaque where it is large: one small image."""
    canvas = cv2.resize(enlarged(one, "aligned_bilinear"), picture.shape[1::-1])
    span = float(canvas.max() - canvas.min())
    strength = (canvas - canvas.min()) / span if span else np.full_like(canvas, 0.5)
    opacity = MOST_OPAQUE * strength[..., None]
    mixed = (1 - opacity) * picture + opacity * 255 * colormaps["inferno"](strength)[..., :3]
    return np.asarray(np.rint(mixed), dtype=np.uint8)
