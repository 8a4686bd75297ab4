"""The figure of a training report: maps of validation pictures, one for each of their sounds."""

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ...benchmarks.display.drawing import BLUE, WIDTH, style
from ..data.picture_augmentation import Float32
from ..data.sounding import HeldOutPictures

SHOWN_PICTURES = 6


def maps_figure(pictures: HeldOutPictures, maps: npt.NDArray[np.float32]) -> Figure:
    """Return the first `pictures`, a row each; a column a sound, with its map (n, k, rows, columns) and its box."""
    shown, kinds = min(SHOWN_PICTURES, len(maps)), maps.shape[1]
    with style():
        figure = Figure(figsize=(WIDTH, shown * WIDTH * 0.8 / kinds), layout="constrained")
        for row, column in np.ndindex(shown, kinds):
            if np.isfinite(pictures.box[row, column, 0]):
                axes = figure.add_subplot(shown, kinds, row * kinds + column + 1)
                _draw(axes, pictures.image[row].permute(1, 2, 0).numpy(), maps[row, column], pictures.box[row, column])
    return figure


def _draw(axes: Axes, image: Float32, one: Float32, box: Float32) -> None:
    """Draw a map over its picture, and the true box."""
    whole, aspect = (0.0, 1.0, 1.0, 0.0), image.shape[0] / image.shape[1]
    axes.set_axis_off()
    axes.imshow(image, extent=whole, aspect=aspect)
    axes.imshow(one, extent=whole, aspect=aspect, alpha=0.5, cmap="inferno")
    x0, y0, x1, y1 = map(float, box)
    axes.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, edgecolor=BLUE, linewidth=1.2))
