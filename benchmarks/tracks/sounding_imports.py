"""Labels of imported public sets of sounding objects: one sample a clip, with the boxes that people drew."""

import numpy as np

from ...datagen.dataset import Dataset
from ..questions.boxes import EXACT, NOWHERE, SOURCE, boxes_truth
from ..questions.labels import Float64, Labels, arrays_of_truth
from ..stimuli.picture_sound.batch import OBJECT, OFF_SCREEN, TWO

IMPORTED = "sounding-objects-import"
"""The kind of an imported set, which names itself in its recipe."""
FLICKR_CLIPS = 250


def imported_labels(dataset: Dataset) -> Labels:
    """Return every clip with its boxes, by picture; `within` says that its one sound is heard.

    A clip that a list calls non-sounding has no boxes. One without boxes that should have some keeps an empty one: it
    counts, and every map misses it, as in the field's code.
    """
    pictures = dataset.column("picture").astype(object).astype(str)
    _, picture = np.unique(pictures, return_inverse=True)
    drawn, sources = dataset.column("annotator_box"), dataset.column("box_source")
    there = dataset.column("sounding") > 0
    truth, seen = [], dict[int, int]()
    for row, group in enumerate(picture.tolist()):
        one = _truth(drawn[row], sources[row], group, seen.get(group, 0)) if there[row] else NOWHERE
        seen[group] = seen.get(group, 0) + bool(there[row])
        truth.append(one)
    sound = [_sound(one) for one in truth]
    return Labels(
        rows=np.arange(len(truth)),
        sample_id=dataset.column("sample_id").astype(object),
        truth=arrays_of_truth(truth),
        clusters=pictures.astype(object),
        groups={"sound": np.array(sound, dtype=np.float64)},
        within=np.tile(np.array([OBJECT, 0], np.intp), (len(truth), 1)),
        cluster_name="picture",
    )


def _truth(drawn: Float64, sources: Float64, picture: int, place: int) -> Float64:
    """Return the boxes of one clip: `drawn` (annotators, boxes, 4) of `sources` (annotators, boxes)."""
    several = len(drawn) > 1
    found = [
        boxes_truth(box, picture=picture, place=place, source=int(source), annotator=who if several else EXACT)
        for who, (boxes, own) in enumerate(zip(drawn, sources, strict=True))
        for box, source in zip(boxes, own, strict=True)
        if not np.isnan(box).any()
    ]
    return np.concatenate(found or [boxes_truth(np.zeros(4), picture=picture, place=place)])


def _sound(truth: Float64) -> int:
    if not len(truth):
        return OFF_SCREEN
    return TWO if len(set(truth[:, SOURCE].tolist())) > 1 else OBJECT


def of_flickr(dataset: Dataset) -> bool:
    """Return whether `dataset` is the whole test set of Flickr-SoundNet, 250 clips."""
    return dataset.recipe.get("set") == "flickr-soundnet" and len(dataset) == FLICKR_CLIPS
