"""Track `sounding-object`: where in a picture a sound comes from (Senocak et al. 2019).

Each picture comes with several sounds: those of its visible objects, one after the other; the first two at once; and
sounds of nothing in the picture. Methods are ranked by single objects only. A method that looks without listening gives
all sounds of a picture the same map, so its IIoU, which asks for all objects of a picture, is near zero.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ...datagen.dataset import Dataset, read_rows
from ...errors import InputError
from ..questions import map_metrics as metrics
from ..questions.answer import AnswerKind, Answers
from ..questions.boxes import NOWHERE, SOURCE, boxes_alone, boxes_truth, mask_truth
from ..questions.labels import Float64, Labels, arrays_of_truth
from ..questions.maps import STORED, Interpolation, check_maps, map_of, stored_maps
from ..questions.plain_maps import centre_blob, map_of_boxes
from ..questions.settings import Setting
from ..questions.track import PublishedSet, Track
from ..stimuli.picture_sound.batch import ELSEWHERE, NOISE, OBJECT, OFF_SCREEN, PICTURE_SOUND, SILENCE, SOUNDS, TWO
from ..stimuli.picture_sound.condition import PictureSoundCondition
from .sounding_imports import IMPORTED, imported_labels, of_flickr

SOUND = Setting("sound", "sound", absent="all sounds", words=SOUNDS)
MASKS_AT_ONCE = 256
"""Samples whose masks are in memory at once: 20 MB."""
HOW: Interpolation = "aligned_bilinear"
"""The most common enlargement (EZ-VSL, SLAVC's successors)."""


def read_labels(dataset: Dataset) -> Labels:
    """Return every sound of every picture with the boxes that it comes from, by scene; `within` is (sound, source)."""
    return imported_labels(dataset) if dataset.name == IMPORTED else _generated_labels(dataset)


def _generated_labels(dataset: Dataset) -> Labels:
    boxes, drawn = dataset.column("box"), _drawn(dataset)
    sources = dataset.column("category") >= 0
    names, scenes = dataset.column("sample_id"), dataset.column("scene")
    samples = [
        (row, *one)
        for row, (own, there) in enumerate(zip(boxes, sources, strict=True))
        for one in _sounds(row, own, there, None if drawn is None else drawn[row])
    ]
    rows, sounds, places = (np.array(values, dtype=np.intp) for values in list(zip(*samples, strict=True))[:3])
    suffixes = [f"object-{source}" if sound == OBJECT else SOUNDS[sound] for _, sound, source, _ in samples]
    return Labels(
        rows=rows,
        sample_id=np.array([f"{names[row]}/{end}" for row, end in zip(rows, suffixes, strict=True)], dtype=object),
        truth=arrays_of_truth([truth for *_, truth in samples]),
        clusters=scenes.astype(object)[rows],
        groups={"sound": sounds.astype(np.float64)},
        within=np.stack([sounds, places], axis=1),
        cluster_name="scene",
    )


def _drawn(dataset: Dataset) -> Float64 | None:
    return dataset.column("annotator_box") if "annotator_box" in dataset else None


def _sounds(row: int, boxes: Float64, there: Any, drawn: Float64 | None) -> list[tuple[int, int, Float64]]:
    """Return the sounds of a picture, in order: sound, source, truth. `there` (sources,) says which sources exist."""
    visible = [k for k in range(len(boxes)) if there[k]]
    off_screen, elsewhere = len(boxes), len(boxes) + 1
    if not visible or np.isnan(boxes[visible]).any():
        raise InputError(f"row {row}: an object without a box; generate or import the dataset again")
    truths = {k: _truth(row, k, place, boxes, drawn) for place, k in enumerate(visible)}
    found = [(OBJECT, k, truth) for k, truth in truths.items()]
    if len(visible) > 1 and visible[:2] == [0, 1]:
        found.append((TWO, 0, np.concatenate([truths[0], truths[1]])))
    found += [(sound, visible[0], NOWHERE) for sound in (SILENCE, NOISE)]
    outside = ((OFF_SCREEN, off_screen), (ELSEWHERE, elsewhere))
    return found + [(sound, k, NOWHERE) for sound, k in outside if k < len(there) and there[k]]


def _truth(row: int, source: int, place: int, boxes: Float64, drawn: Float64 | None) -> Float64:
    """Return the boxes of one object: the exact one, or those that annotators drew."""
    if drawn is None:
        return boxes_truth(boxes[source], picture=row, place=place, source=source)
    each = [
        boxes_truth(one[source], picture=row, place=place, source=source, annotator=annotator)
        for annotator, one in enumerate(drawn)
        if not np.isnan(one[source]).any()
    ]
    if not each:
        raise InputError(f"row {row}: no annotator drew a box of object {source}; generate or import the dataset again")
    return np.concatenate(each)


def with_masks(dataset: Dataset, labels: Labels) -> Labels:
    """Return `labels` with the visible pixels of their sources, where `dataset` has masks."""
    if "mask" not in dataset:
        return labels
    truth = list(labels.truth)
    for part in np.array_split(np.arange(len(labels)), max(1, len(labels) // MASKS_AT_ONCE)):
        rows, place = np.unique(labels.rows[part], return_inverse=True)
        masks = read_rows(dataset.array("mask"), rows, dataset.url)
        for k, row in zip(part, place, strict=True):
            truth[k] = _with_mask(truth[k], masks[row])
    return replace(labels, truth=arrays_of_truth(truth))


def _with_mask(truth: Float64, mask: npt.NDArray[np.uint8]) -> Float64:
    """Return `truth` (k, 8) with runs of the pixels of `mask` that are 1 + its source, for each of its sources."""
    first = {int(box[SOURCE]): box for box in reversed(truth)}
    return np.concatenate([truth, *(mask_truth(mask == 1 + source, first[source]) for source in sorted(first))])


def sealable(labels: Labels, rng: np.random.Generator) -> Labels:
    """Return the samples that a sealed set holds: all but two objects at once, whose sum names the visible objects.

    The noise becomes as loud as any one source of its picture, drawn by `rng`, whether that is visible or not.
    """
    kept = labels.take(np.flatnonzero(labels.within[:, 0] != TWO))
    sounds, sources = kept.within.T
    of_a_source = np.isin(sounds, (OBJECT, OFF_SCREEN, ELSEWHERE))
    sources = sources.copy()
    for k in np.flatnonzero(sounds == NOISE):
        sources[k] = rng.choice(sources[of_a_source & (kept.rows == kept.rows[k])])
    return replace(kept, within=np.stack([sounds, sources], axis=1))


def in_the_middle(labels: Labels) -> Answers:
    """Return a blob in the middle for every sample, the best guess without looking or listening."""
    return np.repeat(stored_maps(centre_blob()[None]), len(labels), axis=0)


def true_maps(labels: Labels) -> Answers:
    """Return the maps of the true boxes; for sounds of nothing in the picture, the map that says so."""
    return stored_maps(np.stack([map_of_boxes(boxes_alone(truth)[:, :4]) for truth in labels.truth]))


def _texts(truth: Float64, answer: Float64) -> tuple[str, str]:
    one = map_of(answer)
    if not len(truth):
        where = "nothing in the picture"
    else:
        where = "; ".join("x {:.2f}-{:.2f}, y {:.2f}-{:.2f}".format(*box[[0, 2, 1, 3]]) for box in boxes_alone(truth))
    row, column = np.unravel_index(np.argmax(one), one.shape)
    peak = f"brightest at x {(column + 0.5) / one.shape[1]:.2f}, y {(row + 0.5) / one.shape[0]:.2f}"
    return where, f"{peak} (map of {one.shape[0]} x {one.shape[1]})" if one.max() > 0 else "nothing in the picture"


TRACK = Track(
    name="sounding-object",
    question="Where in the picture does the sound come from?",
    datasets=("sounding-objects", IMPORTED),
    stimulus=PICTURE_SOUND,
    answer=AnswerKind(
        "a map (rows, columns) of any size over the picture, larger where the sound comes from, without a positive "
        "value if it comes from nothing in it; or a point (x, y) in fractions of the picture",
        STORED,
        "float16",
        check=check_maps,
        texts=_texts,
        fit=stored_maps,
    ),
    metrics=(
        metrics.success("adaptive", HOW),
        metrics.area("adaptive", HOW),
        metrics.interactive_success("adaptive", HOW),
        metrics.interactive_area("adaptive", HOW),
        metrics.success("half_at_least", HOW),
        metrics.area("half_at_least", HOW),
        metrics.success("fixed", HOW),
        metrics.area("fixed", HOW),
        metrics.mask_success("adaptive", HOW),
        metrics.interactive_mask_success("adaptive", HOW),
        metrics.pointing(HOW),
        metrics.precision_at_size(HOW),
        metrics.together_success("adaptive", HOW),
        metrics.annotator_success("half_at_least", HOW),
        metrics.average_precision("adaptive", HOW),
        metrics.max_f1("adaptive", HOW),
        metrics.FALSE_RESPONSE,
        metrics.FALSE_SILENCE,
    ),
    read_labels=read_labels,
    chance=in_the_middle,
    ceiling=true_maps,
    default_conditions=(PictureSoundCondition(),),
    default_methods=(
        "centre-blob",
        "centre-box",
        "whole-picture",
        "random-map",
        "spectral-residual",
        "dataset-prior",
        "attention",
        "oracle-largest-object",
        "oracle-all-objects",
    ),
    beside=(metrics.interactive_success("adaptive", HOW), metrics.pointing(HOW)),
    parts=(SOUND,),
    published=(PublishedSet("Flickr-SoundNet Set1 (250)", IMPORTED, of_flickr),),
    read_more=with_masks,
    sealable=sealable,
)
