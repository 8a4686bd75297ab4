"""Boxes [x0, y0, x1, y1], half-open, in fractions of the picture."""

import numpy as np
import numpy.typing as npt

Box = tuple[float, float, float, float]


def box_of(shown: npt.NDArray[np.bool_]) -> Box:
    """Return the box around the true pixels (rows, columns), of which there is at least one.

    >>> box_of(np.array([[False, False], [False, True]]))
    (0.5, 0.5, 1.0, 1.0)
    """
    rows, columns = np.flatnonzero(shown.any(axis=1)), np.flatnonzero(shown.any(axis=0))
    height, width = shown.shape
    x0, x1, y0, y1 = columns[0] / width, (columns[-1] + 1) / width, rows[0] / height, (rows[-1] + 1) / height
    return float(x0), float(y0), float(x1), float(y1)


def share_of(box: Box) -> float:
    """Return the area of `box`, a share of the picture.

    >>> share_of((0.25, 0.0, 0.75, 1.0))
    0.5
    """
    return (box[2] - box[0]) * (box[3] - box[1])


def overlap(first: Box, second: Box) -> float:
    """Return the share of the smaller of two boxes that lies in the other.

    >>> overlap((0, 0, 1, 1), (0.5, 0, 1.5, 0.5))
    0.5
    """
    wide = max(0.0, min(first[2], second[2]) - max(first[0], second[0]))
    high = max(0.0, min(first[3], second[3]) - max(first[1], second[1]))
    return wide * high / min(share_of(first), share_of(second))
