"""The picture of a pair of views: both, each with the heading of the other."""

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from ...display.drawing import GREEN, VERMILLION
from .batch import ViewPairBatch

_SIZE = (5.0, 2.35)


def draw_pair(batch: ViewPairBatch, index: int, truth: float, predicted: float) -> Drawing:
    """Return the picture of the pair `index`, whose camera turned by `truth` degrees (prediction: `predicted`).

    Lines mark the vertical plane of the other view's optical axis.
    """
    drawing = Drawing(figsize=_SIZE)
    left, right = drawing.add_axes((0.01, 0.13, 0.48, 0.75)), drawing.add_axes((0.51, 0.13, 0.48, 0.75))
    pitch = float(batch.pitch_deg[index])
    for axes, image, sign, title in (
        (left, batch.images_0[index], 1, "view 0"),
        (right, batch.images_1[index], -1, "the other view"),
    ):
        axes.imshow(image, extent=(0, image.shape[1], image.shape[0], 0))
        for turn, colour, dashes in ((truth, GREEN, "-"), (predicted, VERMILLION, "--")):
            _draw_heading(axes, heading_line(batch.intrinsics, pitch, sign * turn), colour, dashes)
        axes.set(xlim=(0, image.shape[1]), ylim=(image.shape[0], 0), xticks=[], yticks=[])
        axes.grid(False)
        axes.set_title(title)
    _draw_key(drawing)
    return drawing


def heading_line(intrinsics: npt.NDArray[np.float64], pitch_deg: float, turn_deg: float) -> npt.NDArray[np.float64]:
    """Return the image points (n, 2) of directions `turn_deg` to the left of the camera's heading, from top to bottom.

    The camera looks up by `pitch_deg`. NaN for directions behind the camera.
    """
    elevation = np.radians(np.linspace(pitch_deg - 45, pitch_deg + 45, 31))
    turn, pitch = np.radians(turn_deg), np.radians(pitch_deg)
    ahead, left, up = np.cos(elevation) * np.cos(turn), np.cos(elevation) * np.sin(turn), np.sin(elevation)
    depth = np.cos(pitch) * ahead + np.sin(pitch) * up
    height = np.cos(pitch) * up - np.sin(pitch) * ahead
    depth = np.where(depth > 0.05, depth, np.nan)
    x = intrinsics[0, 2] - intrinsics[0, 0] * left / depth
    return np.stack([x, intrinsics[1, 2] - intrinsics[1, 1] * height / depth], axis=1)


def _draw_heading(axes: Axes, points: npt.NDArray[np.float64], colour: str, dashes: str) -> None:
    axes.plot(points[:, 0], points[:, 1], color=colour, linestyle=dashes, linewidth=2)


def _draw_key(drawing: Drawing) -> None:
    drawing.text(0.01, 0.03, "where the other view looks: ", ha="left", fontsize=8)
    drawing.text(0.55, 0.03, "true (solid)", ha="left", fontsize=8, color=GREEN)
    drawing.text(0.75, 0.03, "predicted (dashed)", ha="left", fontsize=8, color=VERMILLION)
