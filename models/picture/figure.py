"""The figure of a training report: maps of validation pictures, one for each of their sounds."""

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ...benchmarks.display.drawing import BLUE, WIDTH, style
from ..data.sounding import HeldOutPictures

SHOWN_PICTURES = 6


def maps_figure(pictures: HeldOutPictures, maps: npt.NDArray[np.float32]) -> Figure:
    """Return the first `pictures`, a row each; a column a sound, with its map (n, k, rows, columns) and its box."""
    shown, kinds = min(SHOWN_PICTURES, len(maps)), maps.shape[1]
    with style():
        figure = Figure(figsize=(WIDTH, shown * WIDTH * 0.8 / kinds), layout="constrained")
        grid = figure.subplots(shown, kinds, squeeze=False)
        for row, column in np.ndindex(shown, kinds):
            axes = grid[row, column]
            axes.set_axis_off()
            if np.isfinite(pictures.box[row, column, 0]):
                _draw(axes, pictures.image[row].permute(1, 2, 0).numpy(), maps[row, column], pictures.box[row, column])
    return figure


def _draw(
    axes: object, image: npt.NDArray[np.float32], one: npt.NDArray[np.float32], box: npt.NDArray[np.float32]
) -> None:
    """Draw a map over its picture, and the true box."""
    where = (0.0, 1.0, 1.0, 0.0)
    axes.imshow(image, extent=where, aspect=image.shape[0] / image.shape[1])  # type: ignore[attr-defined]
    axes.imshow(one, extent=where, alpha=0.5, cmap="inferno", aspect=image.shape[0] / image.shape[1])  # type: ignore[attr-defined]
    x0, y0, x1, y1 = map(float, box)
    axes.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, edgecolor=BLUE, linewidth=1.2))  # type: ignore[attr-defined]
