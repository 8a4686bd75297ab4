"""Combine the votes of a clip's windows into one delay."""

from typing import Literal

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]
Combination = Literal["mean", "mode"]

CANDIDATES = 1001
INLIER_SAMPLES = 0.05


def combine(votes: Float64, combination: Combination) -> Float64:
    """Return one delay a clip (clips,) from `votes` (clips, votes), both in samples."""
    return votes.mean(axis=1) if combination == "mean" else np.array([mode(row) for row in votes])


def mode(votes: Float64) -> float:
    """Return the mean of the votes around the most popular delay, for `votes` (votes,) in samples.

    The candidates are 1,001 evenly spaced delays from the lowest to the highest vote. Those with the most votes within
    0.05 samples are tied, and the middle one wins (StereoCRW's RANSAC-like mode, Sec. 4.1).

    >>> round(mode(np.array([3.0, 3.0, 3.04, -7.0])), 6)
    3.013333
    """
    ordered = np.sort(votes)
    candidates = np.linspace(ordered[0], ordered[-1], CANDIDATES)
    first = np.searchsorted(ordered, candidates - INLIER_SAMPLES, side="left")
    last = np.searchsorted(ordered, candidates + INLIER_SAMPLES, side="right")
    tied = np.flatnonzero(last - first == (last - first).max())
    chosen = tied[tied.size // 2]
    return float(ordered[first[chosen] : last[chosen]].mean())
