"""Sealed sets, read: a track's samples as methods are given them, under random names, without what is true of them.

A sealed set is a dataset of the kind `sealed` for one track. It holds, for each of its conditions, the very arrays of
the track's batches, noise and second talkers already in them, and nothing from which a row could be rendered again.
Its recipe is {track, source: kind of the dataset it was made of, conditions, constants: what is the same for all
samples of a condition, commitment: of the private label file}.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...datagen.dataset import Dataset, read_rows
from ...errors import InputError
from ...registry import load_track
from ..stimuli.binaural import batch as binaural
from ..stimuli.stereo import batch as stereo
from ..stimuli.view_pairs import batch as view_pairs
from .labels import Labels
from .stimulus import Batch, Condition, Stimulus

SEALED = "sealed"
"""The kind of a sealed dataset."""


@dataclass(frozen=True)
class GivenArray:
    """One array of a batch that a sealed set holds: its name, the dimensions of one sample, what it is."""

    name: str
    dimensions: tuple[str, ...]
    description: str

    def stored_name(self, condition: int) -> str:
        """Return the name in the dataset of this array under the condition of that number."""
        return f"condition_{condition}_{self.name}"


@dataclass(frozen=True)
class Form:
    """What a sealed set holds of a stimulus: the class of its batches, their arrays, what all samples share.

    `size` is how many samples make a batch. A batch has no other fields than these and `sample_id`.
    """

    stimulus: Stimulus[Any]
    batch: Any
    size: int
    arrays: tuple[GivenArray, ...]
    constants: tuple[str, ...]


_AUDIO = (GivenArray("audio", ("channel", "time"), "what is heard: left and right channel, float"),)
_PICTURE = ("row", "column", "colour")
_PAIR = (
    GivenArray("images_0", _PICTURE, "first view, sRGB"),
    GivenArray("images_1", _PICTURE, "second view, sRGB"),
    GivenArray("pitch_deg", (), "how far the camera looks up in both views, degrees"),
)
_LISTENING = ("sample_rate", "window", "hop", "votes")

FORMS = (
    Form(stereo.STEREO, stereo.StereoBatch, stereo.BATCH, _AUDIO, _LISTENING),
    Form(binaural.BINAURAL, binaural.BinauralBatch, binaural.BATCH, _AUDIO, _LISTENING),
    Form(view_pairs.VIEW_PAIRS, view_pairs.ViewPairBatch, view_pairs.BATCH, _PAIR, ("intrinsics",)),
)
"""Every stimulus that can be sealed: named one by one, since what is not named here is what nobody may see."""


def form_of(stimulus: Stimulus[Any]) -> Form:
    """Return what a sealed set holds of `stimulus`; raises InputError for one that cannot be sealed."""
    for form in FORMS:
        if form.stimulus is stimulus:
            return form
    raise InputError(f"samples that one can {stimulus.sense} as a {stimulus.noun} cannot be sealed")


def is_sealed(dataset: Dataset) -> bool:
    """Whether `dataset` is a sealed set."""
    return dataset.name == SEALED


def sealed_labels(dataset: Dataset, track: str) -> Labels:
    """Return the samples of a sealed set in its order: names and rows; what is true of them is NaN, clusters ''.

    Raises InputError if the set was sealed for another track.
    """
    _check_track(dataset, track)
    names = dataset.column("sample_id").astype(object)
    unknown = np.full(len(names), np.nan)
    return Labels(np.arange(len(names)), names, unknown, np.full(len(names), "", dtype=object), {}, cluster_name="")


def _check_track(dataset: Dataset, track: str) -> None:
    if dataset.recipe["track"] != track:
        raise InputError(f"{dataset.url} was sealed for the track {dataset.recipe['track']!r}, not {track!r}")


def sealed_conditions(dataset: Dataset, track: str) -> list[Any]:
    """Return the conditions that a sealed set holds, in its order; raises InputError if it is of another track."""
    _check_track(dataset, track)
    condition = load_track(track).stimulus.condition
    return [condition(**stated) for stated in dataset.recipe["conditions"]]


def chosen_conditions(dataset: Dataset, track: str, asked: Sequence[Condition]) -> list[Condition]:
    """Return those conditions of a sealed set that are `asked` for, in its order, all where none is.

    Raises InputError for one that it does not hold.
    """
    held = sealed_conditions(dataset, track)
    wanted = [condition.stated() for condition in asked]
    for condition in asked:
        if condition.stated() not in dataset.recipe["conditions"]:
            there = "; ".join(f"{one.label()} ({one.given()})" for one in held)
            raise InputError(
                f"{dataset.url} is sealed and does not hold {condition.label()} ({condition.given()}): it has {there}"
            )
    return [one for one in held if not wanted or one.stated() in wanted]


def sealed_batches(dataset: Dataset, labels: Labels, condition: Condition, stimulus: Stimulus[Any]) -> Iterator[Batch]:
    """Yield what methods are given of the samples `labels` of a sealed set, in their order, bit by bit as sealed."""
    form = form_of(stimulus)
    number = dataset.recipe["conditions"].index(condition.stated())
    constants = {name: _restored(dataset.recipe["constants"][number][name]) for name in form.constants}
    stored = {array.name: dataset.array(array.stored_name(number)) for array in form.arrays}
    for part in labels.batches(form.size):
        arrays = {name: read_rows(array, part.rows, dataset.url) for name, array in stored.items()}
        yield form.batch(sample_id=tuple(map(str, part.sample_id)), **arrays, **constants)


def _restored(constant: Any) -> Any:
    """Return a constant as a batch holds it: matrices are arrays."""
    return np.array(constant, dtype=np.float64) if isinstance(constant, list) else constant
