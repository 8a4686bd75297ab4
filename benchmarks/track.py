"""What a track is: which datasets it reads, what their truth is, how predictions are scored."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..datagen.dataset import Dataset
from ..errors import InputError
from .conditions import Condition
from .metrics import Metric

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Labels:
    """The samples of a dataset that a track scores.

    `rows` (n,) in the dataset, `sample_id` (n,), `truth` (n,), `clusters` (n,): whose samples are not independent
    of each other (speaker or video), and `groups`: further conditions that the dataset itself varies, by name, each
    (n,).
    """

    rows: npt.NDArray[np.intp]
    sample_id: npt.NDArray[np.object_]
    truth: Float64
    clusters: npt.NDArray[np.object_]
    groups: Mapping[str, Float64]

    def __len__(self) -> int:
        return len(self.rows)

    def first(self, count: int | None) -> "Labels":
        """Return the first `count` samples, all where it is None."""
        if count is None or count >= len(self):
            return self
        return self.take(np.arange(count))

    def take(self, keep: npt.NDArray[np.intp]) -> "Labels":
        """Return the samples `keep` (indices)."""
        groups = {name: values[keep] for name, values in self.groups.items()}
        return Labels(self.rows[keep], self.sample_id[keep], self.truth[keep], self.clusters[keep], groups)


@dataclass(frozen=True)
class Track:
    """A question, the datasets that hold its answers, and how an answer is scored.

    `chance` and `ceiling` turn the truth (n,) into the predictions of someone who hears nothing, and of someone who
    hears all; skill is measured between the two. The first of `metrics` ranks.
    """

    name: str
    question: str
    datasets: tuple[str, ...]
    prediction: str
    metrics: tuple[Metric, ...]
    read_labels: Callable[[Dataset], Labels]
    chance: Callable[[Float64], Float64]
    ceiling: Callable[[Float64], Float64]
    default_conditions: tuple[Condition, ...]
    default_methods: tuple[str, ...]
    published_dataset: str
    """The kind of dataset that the papers' numbers were measured on."""

    def labels(self, dataset: Dataset) -> Labels:
        """Return the labels of `dataset`; raises InputError if it is of another kind or holds no usable sample."""
        if dataset.name not in self.datasets:
            raise InputError(
                f"{dataset.url} is a dataset of kind {dataset.name!r}; "
                f"the track {self.name!r} takes {' or '.join(self.datasets)}"
            )
        labels = self.read_labels(dataset)
        if len(labels) == 0:
            raise InputError(f"{dataset.url} holds no sample that the track {self.name!r} can score")
        return labels
