"""What shows of the objects in a picture: the mask of visible pixels, and the box and area of each."""

import numpy as np
import numpy.typing as npt

from .boxes import box_of

UInt8 = npt.NDArray[np.uint8]


def visible_mask(instance: npt.NDArray[np.int32], first: int, count: int) -> UInt8:
    """Return 1 + k where `instance` (rows, columns) is `first` + k, for `count` objects k; 0 elsewhere.

    >>> visible_mask(np.array([[-1, 4, 5, 6]], np.int32), 5, 1).tolist()
    [[0, 0, 1, 0]]
    """
    number = instance - first
    return np.where((number >= 0) & (number < count), number + 1, 0).astype(np.uint8)


def box_and_area(mask: UInt8, number: int) -> tuple[npt.NDArray[np.float32], np.float32]:
    """Return the box (4,) around object `number` of `mask` (rows, columns) and its area, a share of the picture.

    NaN if no pixel shows the object.

    >>> box, area = box_and_area(np.array([[0, 2], [0, 2]], np.uint8), 1)
    >>> box.tolist(), float(area)
    ([0.5, 0.0, 1.0, 1.0], 0.5)
    """
    shown = mask == number + 1
    if not shown.any():
        return np.full(4, np.nan, np.float32), np.float32(np.nan)
    return np.array(box_of(shown), np.float32), np.float32(shown.mean())
