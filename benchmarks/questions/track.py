"""A track: its datasets, its stimulus, its labels and how answers are scored."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ...datagen.dataset import Dataset
from .answer import AnswerKind, Answers
from .labels import Labels
from .metrics import Metric
from .quantities import Quantity
from .settings import Setting, Wording, settings_of
from .stimulus import Condition, Stimulus

__all__ = ["PublishedSet", "Track"]


def _every(dataset: Dataset) -> bool:
    return True


def _complete(dataset: Dataset, labels: Labels) -> Labels:
    return labels


def _as_they_are(labels: Labels, rng: np.random.Generator) -> Labels:
    return labels


@dataclass(frozen=True)
class PublishedSet:
    """A dataset that papers report numbers on, and the datasets of Whence made in the same way. Published numbers of
    `benchmark` are shown next to ours on datasets of this `kind` that are `like` it.
    """

    benchmark: str
    kind: str
    like: Callable[[Dataset], bool] = _every


@dataclass(frozen=True)
class Track:
    """A question, the datasets that hold its labels, and how answers are scored.

    `chance` and `ceiling` return an answer for every sample, without any input and from the ground truth; skill is
    measured between the two. The first of `metrics` ranks the methods; `beside` are metrics always shown next to it
    because it says too little alone. `parts` are settings that the dataset itself varies. `read_more` adds to labels
    what of their truth takes long to read, for the samples that are scored. `sealable` returns the samples that a
    sealed set holds: none of a row may give away the truth of another.
    """

    name: str
    question: str
    datasets: tuple[str, ...]
    stimulus: Stimulus[Any]
    answer: AnswerKind
    metrics: tuple[Metric, ...]
    read_labels: Callable[[Dataset], Labels]
    chance: Callable[[Labels], Answers]
    ceiling: Callable[[Labels], Answers]
    default_conditions: tuple[Condition, ...]
    default_methods: tuple[str, ...]
    reference: str | None = None
    """The best-known method, shown next to the best one; None if there is none."""
    beside: tuple[Metric, ...] = ()
    parts: tuple[Setting, ...] = ()
    published: tuple[PublishedSet, ...] = ()
    read_more: Callable[[Dataset, Labels], Labels] = _complete
    sealable: Callable[[Labels, np.random.Generator], Labels] = _as_they_are

    @property
    def quantity(self) -> Quantity | None:
        """The predicted quantity; None for sides and maps."""
        return self.answer.quantity

    @cached_property
    def wording(self) -> Wording:
        """The wording of its conditions."""
        parts = {part.key: part for part in self.parts}
        return Wording({**settings_of(self.stimulus.condition), **parts}, frozenset(parts))

    def benchmarks(self, dataset: Dataset) -> list[str]:
        """Return the published sets whose numbers compare with ours on `dataset`."""
        return [one.benchmark for one in self.published if one.kind == dataset.name and one.like(dataset)]
