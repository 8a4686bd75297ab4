"""Boxes as ground truth: where in a picture its sound comes from, by the exact truth or by annotators.

The truth of a sample is an array (k, 8), a row a box. The first four columns are x0, y0, x1, y1, fractions of the
picture, half-open. `ANNOTATOR` numbers who drew the box, `EXACT` for a truth that nobody drew. `SOURCE` numbers what
sounds: boxes of several sources mean that they sound at once. `PICTURE` numbers the picture and `PLACE` the sample
among those of the picture whose sound is one visible source. A sound that comes from nothing in the picture has no box.

Where the visible pixels are known, rows of the annotator `MASK` follow the boxes: runs of pixels, 1/224 of the picture
high. They are the mask and no boxes.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]

ANNOTATOR, SOURCE, PICTURE, PLACE = 4, 5, 6, 7
COLUMNS = 8
EXACT = -1
"""The annotator of boxes that nobody drew."""
MASK = -2
"""The annotator of runs of visible pixels."""
CONSENSUS = 2
"""Annotators who must agree on a pixel (Senocak et al.)."""


def boxes_truth(
    boxes: npt.ArrayLike, *, picture: int, place: int = 0, source: int = 0, annotator: int = EXACT
) -> Float64:
    """Return the truth (k, 8) of `boxes` (k, 4) or (4,).

    >>> boxes_truth([0, 0, 0.5, 1], picture=7).tolist()
    [[0.0, 0.0, 0.5, 1.0, -1.0, 0.0, 7.0, 0.0]]
    """
    corners = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    return np.hstack([corners, np.tile(np.array([annotator, source, picture, place], np.float64), (len(corners), 1))])


def mask_truth(mask: npt.NDArray[np.bool_], of: Float64, size: int = 224) -> Float64:
    """Return the rows (k, 8) of `MASK` for `mask` (height, width), with source, picture and place of the box `of` (8,).

    The mask is taken at the centres of `size` x `size` pixels.

    >>> box = boxes_truth([0, 0, 1, 1], picture=7)[0]
    >>> mask_truth(np.array([[True, False], [True, True]]), box, size=2)[:, :4].tolist()
    [[0.0, 0.0, 0.5, 0.5], [0.0, 0.5, 1.0, 1.0]]
    """
    down, across = (np.floor((np.arange(size) + 0.5) * side / size).astype(np.intp) for side in mask.shape)
    edges = np.diff(np.pad(mask[np.ix_(down, across)].astype(np.int8), ((0, 0), (1, 1))), axis=1)
    (top, left), (_, right) = np.nonzero(edges == 1), np.nonzero(edges == -1)
    rows = np.tile(of, (len(top), 1))
    rows[:, :4], rows[:, ANNOTATOR] = np.stack([left, top, right, top + 1], axis=1) / size, MASK
    return rows


def mask_map(truth: Float64, size: int = 224) -> npt.NDArray[np.float32]:
    """Return 1 at the visible pixels (size, size) of `truth` (k, 8), as `mask_truth` took them, else 0."""
    found = np.zeros((size, size), np.float32)
    for x0, y0, x1, y1 in np.rint(size * truth[truth[:, ANNOTATOR] == MASK, :4]).astype(int):
        found[y0:y1, x0:x1] = 1
    return found


def boxes_alone(truth: Float64) -> Float64:
    """Return the rows of `truth` (k, 8) that are boxes."""
    return np.asarray(truth[truth[:, ANNOTATOR] != MASK])


NOWHERE = np.empty((0, COLUMNS))
"""The truth of a sound that comes from nothing in the picture."""


def truth_map(boxes: Float64, size: int = 224) -> npt.NDArray[np.float32]:
    """Return the truth (size, size) of `boxes` (k, 8): the share of the needed consensus, 0, 1/2 or 1, at each pixel.

    Exact boxes give their union. Drawn ones give min(annotators who drew a box there / 2, 1) (Senocak et al., Sec.
    5.1). Corners are truncated to whole pixels, as the field's code does.

    >>> truth_map(boxes_truth([0, 0, 0.5, 1], picture=0), size=4)[0].tolist()
    [1.0, 1.0, 0.0, 0.0]
    """
    boxes, votes = boxes_alone(boxes), np.zeros((size, size), np.float32)
    for annotator in np.unique(boxes[:, ANNOTATOR]):
        inside = np.zeros((size, size), dtype=bool)
        for x0, y0, x1, y1 in np.trunc(size * np.clip(boxes[boxes[:, ANNOTATOR] == annotator, :4], 0, 1)).astype(int):
            inside[y0:y1, x0:x1] = True
        votes += inside * np.float32(1 if annotator == EXACT else 1 / CONSENSUS)
    return np.minimum(votes, 1)


def by_annotator(boxes: Float64) -> list[Float64]:
    """Return the boxes of each annotator, as if exact."""
    boxes = boxes_alone(boxes)
    parts = [boxes[boxes[:, ANNOTATOR] == annotator].copy() for annotator in np.unique(boxes[:, ANNOTATOR])]
    for part in parts:
        part[:, ANNOTATOR] = EXACT
    return parts


# Which samples count ------------------------------------------------------------------------------------------------


def of_one_source(truth: Any) -> npt.NDArray[np.bool_]:
    """Return whether the sound of each sample (n,) is that of one visible source."""
    return np.array([_sources(one) == 1 for one in truth], dtype=bool)


def of_several_sources(truth: Any) -> npt.NDArray[np.bool_]:
    """Return whether several visible sources sound at once, for each sample (n,)."""
    return np.array([_sources(one) > 1 for one in truth], dtype=bool)


def of_nothing(truth: Any) -> npt.NDArray[np.bool_]:
    """Return whether the sound comes from nothing in the picture, for each sample (n,)."""
    return np.array([len(one) == 0 for one in truth], dtype=bool)


def of_at_most_one_source(truth: Any) -> npt.NDArray[np.bool_]:
    """Return whether at most one visible source sounds, for each sample (n,)."""
    return np.array([_sources(one) < 2 for one in truth], dtype=bool)


def first_of_picture(truth: Any) -> npt.NDArray[np.bool_]:
    """Return whether each sample (n,) is the first of those of its picture that have one source, so that one counts."""
    return np.array([_sources(one) == 1 and one[0, PLACE] == 0 for one in truth], dtype=bool)


def of_annotators(truth: Any) -> npt.NDArray[np.bool_]:
    """Return whether people drew the boxes of the one source of each sample (n,)."""
    return np.array([_sources(one) == 1 and one[0, ANNOTATOR] != EXACT for one in truth], dtype=bool)


def of_one_mask(truth: Any) -> npt.NDArray[np.bool_]:
    """Return whether the sound of each sample (n,) is that of one source whose visible pixels are known."""
    return np.array([_sources(one) == 1 and bool((one[:, ANNOTATOR] == MASK).any()) for one in truth], dtype=bool)


def picture_of(truth: Any) -> npt.NDArray[np.intp]:
    """Return the picture of each sample (n,) with one source; -1 for the others."""
    return np.array([int(one[0, PICTURE]) if _sources(one) == 1 else -1 for one in truth], dtype=np.intp)


def _sources(boxes: Float64) -> int:
    return len(set(boxes[:, SOURCE].tolist()))
