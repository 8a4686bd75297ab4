"""The boxes of all objects in a picture that can sound, whichever is heard."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ....datagen.dataset import Dataset

Boxes = npt.NDArray[np.float64]


def objects_of_rows(dataset: Dataset) -> Sequence[Sequence[Boxes]]:
    """Return the objects in the picture of each row: for each object its boxes (k, 4), several if annotators drew them.

    Rows of an imported set share pictures, and each row names the objects that sound in it.
    """
    if "picture" not in dataset:
        boxes = dataset.column("box").astype(np.float64)
        return [[box[None] for box in own if np.isfinite(box).all()] for own in boxes]
    drawn, sources = dataset.column("annotator_box").astype(np.float64), dataset.column("box_source")
    pictures, found = dataset.column("picture").tolist(), defaultdict[str, list[Boxes]](list)
    for picture, boxes, own in zip(pictures, drawn, sources, strict=True):
        there = np.isfinite(boxes).all(axis=-1)
        found[picture] += [boxes[there & (own == source)] for source in np.unique(own[there])]
    return [found[picture] for picture in pictures]
