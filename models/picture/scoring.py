"""Scores of maps on validation pictures, by the field's adaptive rule: as many pixels as the truth has."""

import cv2
import numpy as np
import numpy.typing as npt

from ..data.picture_augmentation import Float32, covered

SIDE = 224
"""Pixels of the picture in which maps and boxes are compared."""


def overlaps(maps: Float32, boxes: Float32) -> npt.NDArray[np.float64]:
    """Return the intersection over union (n,) of maps (n, rows, columns) with boxes (n, 4); NaN for a box of NaN.

    A map is enlarged bilinearly, and its highest pixels count, as many as the box has.
    """
    return np.array(
        [_overlap(one, box) if np.isfinite(box[0]) else np.nan for one, box in zip(maps, boxes, strict=True)]
    )


def _overlap(one: Float32, box: Float32) -> float:
    true = covered(box, SIDE, SIDE).ravel() >= 0.5
    size = int(true.sum())
    if size == 0:
        return 0.0
    enlarged = cv2.resize(np.ascontiguousarray(one, dtype=np.float32), (SIDE, SIDE)).ravel()
    chosen = np.argpartition(-enlarged, size - 1)[:size]
    shared = int(true[chosen].sum())
    return shared / (2 * size - shared)


def summary(found: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return success at 0.5 over all objects, and over pictures (all of their objects found), both in per cent.

    `found` (pictures, k) are the overlaps; NaN where there is no object.
    """
    known = np.isfinite(found)
    hits = found >= 0.5
    return 100 * float(hits[known].mean()), 100 * float((hits | ~known).all(axis=1).mean())


def centre_map(rows: int, columns: int) -> Float32:
    """Return a map that is highest in the middle of the picture: what needs neither eyes nor ears."""
    down, across = ((np.arange(size) + 0.5) / size - 0.5 for size in (rows, columns))
    return np.asarray(-np.hypot(down[:, None], across), dtype=np.float32)
