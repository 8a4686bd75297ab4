"""Sources of a track's samples: labels, conditions and batches of an open or a sealed dataset.

A sealed set is a dataset of the kind `sealed` for one track. For each of its conditions it holds the arrays of the
track's batches, with noise and second talkers mixed in, and nothing that would let a row be rendered again. Its recipe
is {track, source: the kind of the original dataset, conditions, constants: values that all samples of a condition
share, commitment: to the private label file}.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from ...datagen.dataset import Dataset, read_rows
from ...errors import InputError
from .labels import Labels
from .settings import Level, grid
from .stimulus import Batch, Condition
from .track import Track

SEALED = "sealed"
"""The kind of a sealed dataset."""
SPLITS = ("train", "val", "test", "all")


class Source(Protocol):
    """The samples of a track, as `whence bench` feeds them to methods."""

    @property
    def track(self) -> Track:
        """The track."""

    @property
    def dataset(self) -> Dataset:
        """The dataset that holds the samples."""

    @property
    def split(self) -> str | None:
        """The split of the dataset; None if it has no splits."""

    @property
    def labels(self) -> Labels:
        """The samples; for a sealed set, `truth` is NaN and `clusters` are empty."""

    @property
    def sealed(self) -> bool:
        """Whether only the host of a board has the labels."""

    def conditions(self, asked: Sequence[Condition] = ()) -> list[Any]:
        """Return the conditions `asked` for (default: the usual ones); raises InputError for unavailable ones."""

    def grid(self, given: Mapping[str, Sequence[Level]]) -> list[Any]:
        """Return the conditions for the option levels `given`, by flag."""

    def batches(self, labels: Labels, condition: Condition) -> Iterator[Batch]:
        """Yield what methods are given of the samples `labels` under `condition`, in their order."""

    def revealed(self, labels: Labels, condition: Condition) -> Iterator[Batch]:
        """Yield what oracles are given: the same, with parts of the truth. Raises InputError if it is sealed."""


def open_source(track: Track, dataset: Dataset, split: str | None = None, most: int | None = None) -> Source:
    """Return the samples of `dataset` for `track`: those of `split` (default: test, if it has splits), at most `most`.

    Raises InputError if the dataset is of another kind or holds no sample that the track can score.
    """
    if is_sealed(dataset):
        return SealedSource(track, dataset, most, chosen_split(dataset, split))
    return OpenSource(track, dataset, most, chosen_split(dataset, split))


def is_sealed(dataset: Dataset) -> bool:
    """Return whether `dataset` is sealed."""
    return dataset.name == SEALED


@dataclass(frozen=True)
class OpenSource:
    """A dataset with its labels."""

    track: Track
    dataset: Dataset
    most: int | None = None
    split: str | None = None
    sealed = False

    @cached_property
    def labels(self) -> Labels:
        """The samples of the split; raises InputError if there are none."""
        if self.dataset.name not in self.track.datasets:
            raise InputError(
                f"{self.dataset.url} is a dataset of kind {self.dataset.name!r}; "
                f"the track {self.track.name!r} takes {' or '.join(self.track.datasets)}"
            )
        everything = self.track.read_labels(self.dataset)
        assert everything.groups.keys() <= self.track.wording.parts, "a track declares the parts of its samples"
        labels = _of_split(everything, self.dataset, self.split)
        if len(labels) == 0:
            raise InputError(f"{self.dataset.url} holds no sample that the track {self.track.name!r} can score")
        return self.track.read_more(self.dataset, labels.first(self.most))

    def conditions(self, asked: Sequence[Condition] = ()) -> list[Any]:
        """Return the conditions `asked` for (default: the track's own), adapted to the dataset."""
        return [self.track.stimulus.suited(self.dataset, one) for one in asked or self.track.default_conditions]

    def grid(self, given: Mapping[str, Sequence[Level]]) -> list[Any]:
        """Return all combinations of the levels `given` and the track's own."""
        return self.conditions(grid(self.track.default_conditions, given, self.track.name))

    def batches(self, labels: Labels, condition: Condition) -> Iterator[Batch]:
        """Yield what methods are given of the samples `labels` under `condition`, in their order."""
        return self.track.stimulus.batches(self.dataset, labels, condition)

    def revealed(self, labels: Labels, condition: Condition) -> Iterator[Batch]:
        """Yield what oracles are given of the samples `labels` under `condition`, in their order."""
        reveal = self.track.stimulus.revealed
        if reveal is None:
            raise InputError(f"the track {self.track.name!r} has no oracles: leave `oracle` out of the method's class")
        return reveal(self.dataset, labels, condition)


@dataclass(frozen=True)
class SealedSource:
    """A sealed set: the inputs are public, under random names; only the board's host has the labels."""

    track: Track
    dataset: Dataset
    most: int | None = None
    split: str | None = None
    sealed = True

    def __post_init__(self) -> None:
        sealed_for = self.dataset.recipe["track"]
        if sealed_for != self.track.name:
            raise InputError(f"{self.dataset.url} was sealed for the track {sealed_for!r}, not {self.track.name!r}")

    @cached_property
    def labels(self) -> Labels:
        """Names and rows of the samples, in the order of the set; `truth` is NaN, `clusters` are empty."""
        names = self.dataset.column("sample_id").astype(object)
        nobody = np.full(len(names), "", dtype=object)
        labels = Labels(np.arange(len(names)), names, np.full(len(names), np.nan), nobody, {}, cluster_name="")
        return labels.first(self.most)

    @cached_property
    def held(self) -> list[Any]:
        """The conditions of the set, in order."""
        return [self.track.stimulus.condition_of(stated) for stated in self.dataset.recipe["conditions"]]

    def conditions(self, asked: Sequence[Condition] = ()) -> list[Any]:
        """Return the conditions `asked` for (default: all); raises InputError for one that the set lacks."""
        wanted = [condition.stated() for condition in asked]
        for condition in asked:
            if condition.stated() not in self.dataset.recipe["conditions"]:
                there = "; ".join(f"{one.label()} ({one.given()})" for one in self.held)
                raise InputError(
                    f"{self.dataset.url} is sealed and does not hold {condition.label()} ({condition.given()}): "
                    f"it has {there}"
                )
        return [one for one in self.held if not wanted or one.stated() in wanted]

    def grid(self, given: Mapping[str, Sequence[Level]]) -> list[Any]:
        """Return the set's conditions with the levels `given`; raises InputError for a combination that it lacks."""
        return self.conditions(grid(self.held, given, self.track.name) if given else ())

    def batches(self, labels: Labels, condition: Condition) -> Iterator[Batch]:
        """Yield the input of the samples `labels`, in order, exactly as it was sealed."""
        stimulus, recipe = self.track.stimulus, self.dataset.recipe
        number = recipe["conditions"].index(condition.stated())
        constants = {name: _restored(recipe["constants"][number][name]) for name in stimulus.constants}
        stored = {array.name: self.dataset.array(array.stored_name(number)) for array in stimulus.arrays}
        for part in labels.batches(stimulus.size):
            arrays = {name: read_rows(array, part.rows, self.dataset.url) for name, array in stored.items()}
            yield stimulus.batch(sample_id=tuple(map(str, part.sample_id)), **arrays, **constants)

    def revealed(self, labels: Labels, condition: Condition) -> Iterator[Batch]:
        """Raise InputError: nothing of the truth is here."""
        raise oracles_refused(self.dataset)


def oracles_refused(sealed: Dataset) -> InputError:
    """Return the error that says that oracles cannot run on `sealed`."""
    return InputError(f"{sealed.url} is sealed, so oracles cannot run on it")


def _restored(constant: Any) -> Any:
    """Return a constant as batches hold it: matrices become arrays."""
    return np.array(constant, dtype=np.float64) if isinstance(constant, list) else constant


def chosen_split(dataset: Dataset, split: str | None) -> str | None:
    """Return the split of `dataset` to score: `split`, `test` by default, or None if there are no splits."""
    if split is not None and split not in SPLITS:
        raise InputError(f"--split {split}: expected {', '.join(SPLITS)}")
    if "split" in dataset:
        return split or "test"
    if split not in (None, "all"):
        raise InputError(f"--split {split}: {dataset.url} has no splits; leave the option out")
    return None


def _of_split(labels: Labels, dataset: Dataset, split: str | None) -> Labels:
    if split in (None, "all"):
        return labels
    splits = dataset.column("split").astype(object).astype(str)[labels.rows]
    kept = labels.take(np.flatnonzero(splits == split))
    if len(kept) == 0:
        counts = zip(*np.unique(splits, return_counts=True), strict=True)
        there = ", ".join(f"{name} ({count})" for name, count in counts)
        raise InputError(f"{dataset.url} holds no sample of the split {split!r}: give --split all; it has {there}")
    return kept
