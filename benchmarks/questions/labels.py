"""The samples that a track scores: where they lie in a dataset, what is true of them, which depend on each other."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Labels:
    """The samples of a dataset that a track scores.

    `rows` (n,) in the dataset, `sample_id` (n,), `truth` (n,), `clusters` (n,): whose samples are not independent
    of each other (`cluster_name` says what they are, such as "speaker"), and `groups`: further conditions that the
    dataset itself varies, by name, each (n,). `within` (n, k) is the place inside the row where a row holds several
    samples, such as the view, or source and view; k is 0 where a row is a sample.
    """

    rows: Indices
    sample_id: npt.NDArray[np.object_]
    truth: Float64
    clusters: npt.NDArray[np.object_]
    groups: Mapping[str, Float64]
    within: Indices = field(default_factory=lambda: np.empty((0, 0), np.intp))
    cluster_name: str = "speaker"

    def __post_init__(self) -> None:
        if self.within.size == 0:
            object.__setattr__(self, "within", np.empty((len(self.rows), 0), np.intp))

    def __len__(self) -> int:
        return len(self.rows)

    def first(self, count: int | None) -> "Labels":
        """Return the first `count` samples, all where it is None."""
        if count is None or count >= len(self):
            return self
        return self.take(np.arange(count))

    def take(self, keep: Indices) -> "Labels":
        """Return the samples `keep` (indices)."""
        return Labels(
            self.rows[keep],
            self.sample_id[keep],
            self.truth[keep],
            self.clusters[keep],
            {name: values[keep] for name, values in self.groups.items()},
            self.within[keep],
            self.cluster_name,
        )

    def batches(self, size: int) -> list["Labels"]:
        """Return the samples in their order, `size` at a time."""
        return [self.take(np.arange(k, min(k + size, len(self)))) for k in range(0, len(self), size)]
