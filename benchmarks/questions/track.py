"""What a track is: which datasets it reads, what methods are given, what their truth is, how they are scored."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...datagen.dataset import Dataset
from ...errors import InputError
from .labels import Float64, Labels
from .metrics import Metric
from .quantities import Quantity
from .sealed import chosen_conditions, is_sealed, sealed_batches, sealed_labels
from .stimulus import Batch, Condition, Stimulus

__all__ = ["Float64", "Labels", "Track"]

SPLITS = ("train", "val", "test", "all")


@dataclass(frozen=True)
class Track:
    """A question, the datasets that hold its answers, and how an answer is scored.

    `chance` and `ceiling` turn the truth (n,) into the predictions of someone who is given nothing, and of someone
    who is given all; skill is measured between the two. The first of `metrics` ranks.
    """

    name: str
    question: str
    datasets: tuple[str, ...]
    stimulus: Stimulus[Any]
    prediction: str
    quantity: Quantity | None
    """What is predicted; None where it is a side, left at 0 and above."""
    metrics: tuple[Metric, ...]
    read_labels: Callable[[Dataset], Labels]
    chance: Callable[[Float64], Float64]
    ceiling: Callable[[Float64], Float64]
    default_conditions: tuple[Condition, ...]
    default_methods: tuple[str, ...]
    published: Mapping[str, tuple[str, ...]]
    """The benchmarks whose published numbers stand beside ours, for each kind of dataset that was made after them."""
    reference: str
    """The method that everyone knows, shown beside the best one."""
    published_recipe: Mapping[str, Any] = field(default_factory=dict)
    """What the recipe of a dataset, where it says anything of it, must say to be comparable with published numbers."""

    def benchmarks(self, kind: str, recipe: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the benchmarks whose published numbers compare with ours on a dataset of this kind and recipe."""
        alike = all(recipe.get(key, value) == value for key, value in self.published_recipe.items())
        return self.published.get(kind, ()) if alike else ()

    def labels(self, dataset: Dataset, split: str | None = None) -> Labels:
        """Return the labels of `dataset`, of one `split` where it has splits.

        Of a sealed set, what is true is NaN. Raises InputError if the dataset is of another kind or holds no usable
        sample.
        """
        if is_sealed(dataset):
            return sealed_labels(dataset, self.name)
        if dataset.name not in self.datasets:
            raise InputError(
                f"{dataset.url} is a dataset of kind {dataset.name!r}; "
                f"the track {self.name!r} takes {' or '.join(self.datasets)}"
            )
        labels = _of_split(self.read_labels(dataset), dataset, split)
        if len(labels) == 0:
            raise InputError(f"{dataset.url} holds no sample that the track {self.name!r} can score")
        return labels

    def conditions(self, dataset: Dataset, asked: Sequence[Condition]) -> list[Condition]:
        """Return the conditions `asked` for, the track's own where none is, as they can be had of `dataset`.

        Of a sealed set these are those that it holds. Raises InputError for one that cannot be had.
        """
        if is_sealed(dataset):
            return chosen_conditions(dataset, self.name, asked)
        return [self.stimulus.suited(dataset, condition) for condition in asked or self.default_conditions]

    def batches(self, dataset: Dataset, labels: Labels, condition: Condition) -> Iterator[Batch]:
        """Yield what methods are given of the samples `labels` of `dataset` under `condition`, in their order."""
        if is_sealed(dataset):
            return sealed_batches(dataset, labels, condition, self.stimulus)
        return self.stimulus.batches(dataset, labels, condition)


def chosen_split(dataset: Dataset, split: str | None) -> str | None:
    """Return the split of `dataset` that is scored: `split`, `test` where none is asked for, None without splits."""
    if split is not None and split not in SPLITS:
        raise InputError(f"--split {split}: expected {', '.join(SPLITS)}")
    if "split" in dataset:
        return split or "test"
    if split not in (None, "all"):
        raise InputError(f"--split {split}: {dataset.url} has no splits; leave the option out")
    return None


def _of_split(labels: Labels, dataset: Dataset, split: str | None) -> Labels:
    chosen = chosen_split(dataset, split)
    if chosen in (None, "all"):
        return labels
    splits = dataset.column("split").astype(object).astype(str)[labels.rows]
    kept = labels.take(np.flatnonzero(splits == chosen))
    if len(kept) == 0:
        there = ", ".join(
            f"{name} ({count})" for name, count in zip(*np.unique(splits, return_counts=True), strict=True)
        )
        raise InputError(f"{dataset.url} holds no sample of the split {chosen!r}: give --split all; it has {there}")
    return kept
