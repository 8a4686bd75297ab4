"""Maps that need no sound: a blob in the middle, and boxes as maps. Chance, the ceiling and baselines use them."""

import numpy as np
import numpy.typing as npt

from .maps import SIDE

Maps = npt.NDArray[np.float64]


def _centres() -> Maps:
    return np.asarray((np.arange(SIDE) + 0.5) / SIDE)


def centre_blob(spread: float = 0.25) -> Maps:
    """Return the map (56, 56) of a Gaussian in the middle; `spread` is its standard deviation in picture sides.

    >>> blob = centre_blob()
    >>> blob.shape, bool(blob[27, 27] > blob[0, 0] > 0)
    ((56, 56), True)
    """
    fall = np.exp(-((_centres() - 0.5) ** 2) / (2 * spread**2))
    return np.asarray(fall[:, None] * fall)


def map_of_boxes(boxes: npt.ArrayLike) -> Maps:
    """Return the map (56, 56) of `boxes` (k, 4), [x0, y0, x1, y1] as fractions: 0.5 on their outline, 1 deepest inside.

    Values fall with the distance from the outline down to 0 at the farthest cell, so that every pixel rule finds the
    boxes as well as their own size allows. Without boxes the map is 0 everywhere: nothing sounds.

    >>> map_of_boxes([[0.25, 0.25, 0.75, 0.75]])[28, [0, 13, 14, 28]].round(2).tolist()
    [0.15, 0.49, 0.52, 1.0]
    """
    corners = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    if not len(corners):
        return np.zeros((SIDE, SIDE))
    depth = np.max([_depth(one) for one in corners], axis=0)
    inside = depth.max() if depth.max() > 0 else 1.0
    outside = -depth.min() if depth.min() < 0 else 1.0
    return np.asarray(0.5 + 0.5 * np.where(depth > 0, depth / inside, depth / outside))


def _depth(box: Maps) -> Maps:
    """Return how far (56, 56) each cell lies inside `box`, in picture sides; negative outside."""
    x, y = _centres(), _centres()
    across = np.minimum(x - box[0], box[2] - x)[None, :]
    down = np.minimum(y - box[1], box[3] - y)[:, None]
    outside = np.hypot(np.minimum(across, 0), np.minimum(down, 0))
    return np.asarray(np.where(outside > 0, -outside, np.minimum(across, down)))
