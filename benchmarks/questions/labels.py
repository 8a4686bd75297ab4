"""The samples that a track scores: their rows in the dataset, ground truth and clusters."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ...datagen.corpora import UNKNOWN
from ...datagen.dataset import Dataset
from ...errors import InputError

Float64 = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]
Truth = npt.NDArray[Any]
"""Ground truth (n,): float64 numbers, or objects, such as one array of boxes for each sample."""


@dataclass(frozen=True)
class Labels:
    """The samples of a dataset that a track scores.

    `rows` (n,) in the dataset, `sample_id` (n,), `truth` (n,): numbers, or one array of any shape for each sample
    (dtype object). Samples in the same cluster (`clusters`, (n,)) depend on each other; `cluster_name` names the
    clusters, such as "speaker". `groups`, by name, each (n,), are further settings that the dataset itself varies. If a
    row holds several samples, `within` (n, k) is the sample's index inside it, such as source and view; otherwise k is
    0. `known`, by name, each (n,), is what some metrics need besides the truth, such as the distance of microphones.
    """

    rows: Indices
    sample_id: npt.NDArray[np.object_]
    truth: Truth
    clusters: npt.NDArray[np.object_]
    groups: Mapping[str, Float64]
    within: Indices = field(default_factory=lambda: np.empty((0, 0), np.intp))
    cluster_name: str = "speaker"
    known: Mapping[str, Float64] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.within.size == 0:
            object.__setattr__(self, "within", np.empty((len(self.rows), 0), np.intp))

    def __len__(self) -> int:
        return len(self.rows)

    def first(self, count: int | None) -> "Labels":
        """Return the first `count` samples, or all if it is None."""
        if count is None or count >= len(self):
            return self
        return self.take(np.arange(count))

    def take(self, keep: Indices) -> "Labels":
        """Return the samples `keep` (indices)."""
        return replace(
            self,
            rows=self.rows[keep],
            sample_id=self.sample_id[keep],
            truth=self.truth[keep],
            clusters=self.clusters[keep],
            groups={name: values[keep] for name, values in self.groups.items()},
            within=self.within[keep],
            known={name: values[keep] for name, values in self.known.items()},
        )

    def batches(self, size: int) -> list["Labels"]:
        """Return the samples in their order, `size` at a time."""
        return [self.take(np.arange(k, min(k + size, len(self)))) for k in range(0, len(self), size)]


def arrays_of_truth(arrays: list[Truth]) -> npt.NDArray[np.object_]:
    """Return arrays, one for each sample, such as its boxes, as the `truth` (n,) of labels."""
    truth = np.empty(len(arrays), dtype=object)
    truth[:] = arrays
    return truth


def ground_truth(labels: Labels) -> Float64:
    """Return the ground truth (n,) of numbers, which is the ceiling of a track."""
    return np.array(labels.truth, dtype=np.float64)


def voice_name(dataset: Dataset) -> str:
    """Return the noun for the column `speaker` of `dataset`: "speaker", or "voice" if some speakers are unknown.

    Each file of unknown speakers then counts as one voice, or all files of one folder.
    """
    return "voice" if UNKNOWN in dataset.attributes.get("speech", {}).get("speakers_known_by", ()) else "speaker"


def clusters_of(dataset: Dataset) -> tuple[npt.NDArray[np.object_], str]:
    """Return the cluster (n,) of each row of `dataset`, and its noun: the speaker, or else the video."""
    by_speaker = "speaker" in dataset
    column = dataset.column("speaker" if by_speaker else "video").astype(object)
    return column, voice_name(dataset) if by_speaker else "video"


def truth_in(dataset: Dataset, column: str) -> Float64:
    """Return the numbers (n,) in `column`; NaN where recordings have no label."""
    return dataset.column(column).astype(np.float64) if column in dataset else np.full(len(dataset), np.nan)


def labelled(labels: Labels, dataset: Dataset, needed: str) -> Labels:
    """Return those of `labels` whose truth is not NaN; raises InputError if none is, naming the columns `needed`."""
    known = np.flatnonzero(~np.isnan(labels.truth))
    if not known.size:
        raise InputError(f"{dataset.url} has no label for this track: import the recordings with {needed}")
    return labels if known.size == len(labels) else labels.take(known)
