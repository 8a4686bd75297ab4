"""Scores of maps on validation pictures, by the rule that the track `sounding-object` ranks by."""

import numpy as np
import numpy.typing as npt

from ...benchmarks.questions.boxes import boxes_truth, truth_map
from ...benchmarks.questions.map_metrics import SUCCESS, TOLERANCE, consensus_iou, predicted_pixels
from ...benchmarks.questions.maps import enlarged
from ...benchmarks.tracks.sounding_object import HOW
from ..data.picture_augmentation import Float32


def overlaps(maps: Float32, boxes: Float32) -> npt.NDArray[np.float64]:
    """Return the consensus IoU (n,) of maps (n, rows, columns) with boxes (n, 4); NaN for a box of NaN."""
    return np.array(
        [_overlap(one, box) if np.isfinite(box[0]) else np.nan for one, box in zip(maps, boxes, strict=True)]
    )


def _overlap(one: Float32, box: Float32) -> float:
    true = truth_map(boxes_truth(box, picture=0))
    return consensus_iou(true, predicted_pixels(enlarged(one, HOW), "adaptive", int(np.count_nonzero(true))))


def summary(found: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return success at 0.5 over all objects, and over pictures (all of their objects found), both in per cent.

    `found` (pictures, k) are the overlaps; NaN where there is no object.
    """
    known = np.isfinite(found)
    hits = found >= SUCCESS - TOLERANCE
    return 100 * float(hits[known].mean()), 100 * float((hits | ~known).all(axis=1).mean())


def centre_map(rows: int, columns: int) -> Float32:
    """Return a map that is highest in the middle of the picture: what needs neither eyes nor ears."""
    down, across = ((np.arange(size) + 0.5) / size - 0.5 for size in (rows, columns))
    return np.asarray(-np.hypot(down[:, None], across), dtype=np.float32)
