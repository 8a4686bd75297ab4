"""Repairs boxes, and looks at them for signs that a file is of another set.

VGG-SS has corners outside the picture (one at -2.9e16) and boxes without area. Corners are cut at the edge of the
picture, as the published scores do, and boxes without area left out; a picture may then have no box, and keeps it so.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from .labelled import Annotations, Box, Corners, Labelled, told

FEW = 4
"""Signs that hold for a share of the boxes need at least this many of them."""
LARGEST_FRACTION, SLACK = 2.0, 1.02
_SIZES_SHARE, _OUTSIDE_SHARE = 0.25, 0.1


def corners_of_sizes(x: float, y: float, width: float, height: float) -> Corners:
    """Return the corners of a box written as its first corner and its size."""
    return x, y, x + width, y + height


def scaled(corners: Corners, side: float) -> Corners:
    """Return `corners` in pixels of a square picture as fractions of it."""
    x0, y0, x1, y1 = corners
    return x0 / side, y0 / side, x1 / side, y1 / side


def repaired(pictures: Iterable[Labelled]) -> Annotations:
    """Return `pictures` with boxes inside the picture that have an area, and remarks on what was done."""
    kept, cut, left_out, emptied = [], [], [], []
    for picture in pictures:
        boxes = [replace(box, corners=_inside(box.corners)) for box in picture.boxes]
        good = tuple(box for box in boxes if _has_area(box.corners))
        cut += [picture.name for box in picture.boxes if _has_area(_inside(box.corners)) and _sticks_out(box.corners)]
        left_out += [picture.name] * (len(boxes) - len(good))
        emptied += [picture.name] if boxes and not good else []
        kept.append(replace(picture, boxes=good))
    remarks = (
        *told("boxes cut at the edge of the picture", cut),
        *told("boxes without area in the picture, left out", left_out),
        *told("clips left without a box, kept as annotated without one", emptied),
    )
    return Annotations(tuple(kept), remarks)


def _inside(corners: Corners) -> Corners:
    x0, y0, x1, y1 = (min(max(value, 0.0), 1.0) if math.isfinite(value) else math.nan for value in corners)
    return x0, y0, x1, y1


def _has_area(corners: Corners) -> bool:
    x0, y0, x1, y1 = corners
    return x0 < x1 and y0 < y1


def _sticks_out(corners: Corners) -> bool:
    return not all(0 <= value <= 1 for value in corners)


def all_corners(pictures: Iterable[Labelled]) -> list[Corners]:
    """Return the corners of every box."""
    return [box.corners for picture in pictures for box in picture.boxes]


def refuse_pixels(found: Sequence[Corners], path: Path) -> None:
    """Raise InputError if corners that should be fractions look like pixels, or like x, y, width and height."""
    pixels = [box for box in found if _has_area(box) and min(box) >= 0 and LARGEST_FRACTION < max(box) < 20_000]
    if pixels and 2 * len(pixels) > len(found):
        raise InputError(
            f"{path}: boxes such as {list(pixels[0])} are in pixels, but this set's are fractions of the picture: "
            "is the file of another set?"
        )
    backwards = [box for box in found if min(box) >= 0 and not _has_area(box)]
    if len(backwards) >= FEW and len(backwards) > _SIZES_SHARE * len(found):
        raise InputError(
            f"{path}: {len(backwards)} of {len(found)} boxes, such as {list(backwards[0])}, end before they begin: "
            "they look like x, y, width, height, but this set's are corners; is the file of another set?"
        )


def refuse_other_frames(found: Sequence[Corners], side: int, path: Path) -> None:
    """Raise InputError if boxes, as fractions, cannot have been pixels of frames of `side` x `side`."""
    areas = [box for box in found if _has_area(box)]
    if areas and max(max(box) for box in areas) * side <= 1:
        raise InputError(
            f"{path}: boxes are fractions of the picture, but this set's are pixels of {side} x {side}: "
            "is the file of another set?"
        )
    outside = [box for box in areas if max(box) > SLACK]
    if outside and len(outside) > _OUTSIDE_SHARE * len(found):
        raise InputError(
            f"{path}: {len(outside)} of {len(found)} boxes reach beyond {side} x {side} pixels, such as "
            f"{[round(value * side) for value in outside[0]]}: give the annotations for frames of that size"
        )


def refuse_corners(found: Sequence[Corners], path: Path) -> None:
    """Raise InputError if boxes, read as x, y, width and height, so often leave the picture that they are corners."""
    outside = [box for box in found if max(box[2:]) > SLACK]
    if outside and len(outside) > _OUTSIDE_SHARE * len(found):
        x0, y0, x1, y1 = outside[0]
        raise InputError(
            f"{path}: {len(outside)} of {len(found)} boxes leave the picture, such as x, y, width, height = "
            f"{[round(value, 3) for value in (x0, y0, x1 - x0, y1 - y0)]}: they look like corners, but this set's "
            "are x, y, width, height"
        )


def boxes_of(corners: Iterable[Corners], annotator: int = 0, source: int = 0) -> tuple[Box, ...]:
    """Return boxes that one annotator drew around one source."""
    return tuple(Box(each, annotator, source) for each in corners)


def boxes_around(mask: npt.NDArray[np.uint8]) -> tuple[Box, ...]:
    """Return the box around what `mask` (height, width) shows, none if it is empty.

    >>> boxes_around(np.uint8([[0, 0], [0, 1]]))[0].corners
    (0.5, 0.5, 1.0, 1.0)
    """
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        return ()
    height, width = mask.shape
    x0, x1, y0, y1 = columns[0], columns[-1] + 1, rows[0], rows[-1] + 1
    return boxes_of([(float(x0 / width), float(y0 / height), float(x1 / width), float(y1 / height))])
