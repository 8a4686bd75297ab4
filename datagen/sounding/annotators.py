"""Boxes of simulated annotators: the true box with edges moved at random, as three people would draw it."""

import numpy as np
import numpy.typing as npt

ANNOTATORS = 3
SPREAD = 0.06
"""Standard deviation of an edge, as a share of the box's width or height."""


def simulated_boxes(boxes: npt.NDArray[np.float32], rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Return the boxes (annotators, objects, 4) that people might draw around `boxes` (objects, 4), within the picture.

    All are [x0, y0, x1, y1], fractions of the picture; NaN stays NaN.
    """
    sizes = np.tile(boxes[:, 2:] - boxes[:, :2], (1, 2))
    shift = np.clip(rng.normal(0.0, SPREAD, (ANNOTATORS, *boxes.shape)), -3 * SPREAD, 3 * SPREAD)
    return np.clip(boxes + shift * sizes, 0.0, 1.0).astype(np.float32)
