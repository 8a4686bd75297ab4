"""Medians of many cluster resamples at once, each drawing whole clusters several times or not at all.

A worked example: the sorted terms are 1 2 3 | 4 5 6, cut into two stretches of three, and cluster a holds the terms
1 and 4. A resample that draws a three times and the other cluster, b, once weighs the terms 3 1 1 | 3 1 1: ten in
all, and reaches 5 at the end of the first stretch. Its middle elements are those numbered 4 and 5, counted from 0.
Number 4 lies in the first stretch, as 4 < 5, number 5 in the second. Only inside these stretches are weights added up
term by term: 3, 4, 5 passes 4 at the term 3, and 5 + 3 = 8 passes 5 at the term 4. The median is 3.5.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclass(frozen=True)
class _Stretches:
    """Sorted terms cut into stretches of `length`: `values` (n,), the cluster of each (n,), members by cluster."""

    values: Vector
    cluster: Indices
    length: int
    members: Vector
    """The number of terms of each cluster in each stretch, (clusters, stretches)."""

    @classmethod
    def of(cls, terms: Vector, cluster: Indices, clusters: int, most_elements: int) -> "_Stretches":
        """Sort `terms` (n,) and cut them; a table of clusters and stretches has about `most_elements` at most."""
        order = np.argsort(terms, kind="stable")
        count = max(1, min(math.isqrt(len(terms)), most_elements // clusters))
        length = -(-len(terms) // count)
        stretch = np.arange(len(terms)) // length
        places = stretch * clusters + cluster[order]
        members = np.bincount(places, minlength=count * clusters).reshape(count, clusters).T
        return cls(terms[order], cluster[order], length, members.astype(np.float64))

    def at(self, rank: Vector, counts: Vector, reached: Vector) -> Vector:
        """Return the element number `rank` (rows,), from 0, of each resample.

        `counts` (rows, clusters) is how often each cluster is drawn, `reached` (rows, stretches) the weight up to the
        end of each stretch.
        """
        rows = np.arange(len(rank))
        stretch = np.sum(reached <= rank[:, None], axis=1)
        before = np.where(stretch > 0, reached[rows, stretch - 1], 0.0)
        places = stretch[:, None] * self.length + np.arange(self.length)
        # Places after the last term repeat it; the rank is reached before them.
        weights = counts[rows[:, None], self.cluster[np.minimum(places, len(self.cluster) - 1)]]
        passed = before[:, None] + np.cumsum(weights, axis=1) <= rank[:, None]
        return np.asarray(self.values[stretch * self.length + np.sum(passed, axis=1)])


def weighted_medians(
    terms: Vector, cluster: Indices, clusters: int, blocks: Iterable[Vector], most_elements: int
) -> Vector:
    """Return the median of `terms` (n,) in each resample, shape (resamples,).

    `cluster` (n,) is the index of each term's cluster, out of `clusters`; `blocks` (rows, clusters) count how often
    each is drawn.

    >>> weighted_medians(np.arange(1.0, 7), np.array([0, 1, 1, 0, 1, 1]), 2, [np.array([[3.0, 1.0]])], 100)
    array([3.5])
    """
    stretches = _Stretches.of(terms, cluster, clusters, most_elements)
    medians = []
    for counts in blocks:
        reached = np.cumsum(counts @ stretches.members, axis=1)
        weight = reached[:, -1]
        middle = [stretches.at(rank, counts, reached) for rank in ((weight - 1) // 2, weight // 2)]
        medians.append((middle[0] + middle[1]) / 2)
    return np.concatenate(medians)
