"""What is known of two talkers without labels: what is known of two channels, and that the query decides."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ...questions.labels import Labels
from ...questions.physics import Asked, Check, Mask, distance_of, next_of
from ...questions.track import Track
from ..stereo.physics import checks as of_two_channels
from .batch import GuidedBatch

APART_MS = 0.1
"""Least difference of the delays of both talkers."""


def checks(track: Track) -> Sequence[Check]:
    """Return the checks of delays, and that of the query."""
    physics = "the other talker asked for: another delay"
    other = Check("query", physics, other_query, distance_of(track), APART_MS, rule="moves", counts=_far_apart)
    return [*of_two_channels(track), other]


def other_query(batch: GuidedBatch, labels: Labels) -> GuidedBatch:
    """Return `batch` with the query of the other talker in each mixture."""
    return replace(batch, query=batch.query[next_of(labels.rows)])


def _far_apart(asked: Asked) -> Mask:
    """Return where the true delays of the talkers differ by more than twice `APART_MS`; sealed ones are not known."""
    truth = np.asarray(asked.labels.truth, dtype=np.float64)
    return np.asarray(1e3 * np.abs(truth[next_of(asked.labels.rows)] - truth) > 2 * APART_MS)
