"""A picture with boxes drawn over it, each in the colour of its source."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.patches import Rectangle

from ...display.drawing import COLOURS, DASHES, PAPER, Picture, axes_of, picture

_WIDTH, _HEIGHT = 5.2, 3.9


class DrawnBox(NamedTuple):
    """A box [x0, y0, x1, y1], fractions of the picture, of `source`, drawn by `annotator`, with a label or ""."""

    corners: npt.NDArray[np.floating]
    source: int
    label: str
    annotator: int = 0


def with_boxes(image: npt.NDArray[np.uint8], boxes: Sequence[DrawnBox], name: str, alt: str) -> Picture:
    """Return `image` (height, width, 3) with `boxes`; colours tell sources, dashes tell annotators."""
    height, width = image.shape[:2]
    drawing, axes = axes_of(_WIDTH, _HEIGHT)
    axes.imshow(image, extent=(0, width, height, 0))
    for box in boxes:
        x0, y0, x1, y1 = box.corners * [width, height, width, height]
        colour, dashes = COLOURS[box.source % len(COLOURS)], DASHES[box.annotator % len(DASHES)]
        axes.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, color=colour, linewidth=2, linestyle=dashes))
        if box.label:
            axes.text(x0 + 3, y0 + 3, box.label, va="top", fontsize=8, color=PAPER, backgroundcolor=colour)
    axes.set(xlim=(0, width), ylim=(height, 0), xticks=[], yticks=[])
    axes.grid(False)
    return picture(drawing, name, alt)
