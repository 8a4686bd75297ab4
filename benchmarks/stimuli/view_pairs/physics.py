"""What is known of two views of a place without labels: mirrored, exchanged, the same, and joined to a third."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ...questions.answer import Answers
from ...questions.labels import Float64, Labels
from ...questions.physics import Asked, Check, Mask, distance_of, negated, next_of
from ...questions.quantities import ROTATION
from ...questions.track import Track
from .batch import ViewPairBatch

TOLERANCE_DEG = 1.0


def checks(track: Track) -> Sequence[Check]:
    """Return the checks of rotations."""
    distance = distance_of(track)
    return [
        Check("mirror", "both pictures mirrored: rotation negated", mirrored, distance, TOLERANCE_DEG, negated),
        Check("exchange", "views exchanged: rotation negated", exchanged, distance, TOLERANCE_DEG, negated),
        Check("same", "the same picture twice: no rotation", same_twice, distance, TOLERANCE_DEG, _none),
        Check(
            "turn",
            "from view j to view k: rotation(0, k) - rotation(0, j)",
            between_views,
            distance,
            ROTATION.good,
            _difference,
            counts=_overlapping,
        ),
    ]


def mirrored(batch: ViewPairBatch, labels: Labels) -> ViewPairBatch:
    """Return `batch` with left and right exchanged in both pictures, as a camera behind a mirror sees them."""
    intrinsics = batch.intrinsics.copy()
    intrinsics[0, 2] = batch.images_0.shape[2] - intrinsics[0, 2]
    first, second = (images[:, :, ::-1] for images in (batch.images_0, batch.images_1))
    return replace(batch, images_0=first, images_1=second, intrinsics=intrinsics)


def exchanged(batch: ViewPairBatch, labels: Labels) -> ViewPairBatch:
    """Return `batch` with the second view first."""
    return replace(batch, images_0=batch.images_1, images_1=batch.images_0)


def same_twice(batch: ViewPairBatch, labels: Labels) -> ViewPairBatch:
    """Return `batch` with the first view as both."""
    return replace(batch, images_1=batch.images_0)


def between_views(batch: ViewPairBatch, labels: Labels) -> ViewPairBatch:
    """Return `batch` with the second view of each sample first, and that of the next one of its place second."""
    return replace(batch, images_0=batch.images_1, images_1=batch.images_1[next_of(labels.rows)])


def _none(asked: Asked) -> Answers:
    return np.zeros_like(asked.before)


def _difference(asked: Asked) -> Answers:
    return np.asarray(asked.before[next_of(asked.labels.rows)] - asked.before)


def _overlapping(asked: Asked) -> Mask:
    """Return where another view follows and, by the answers, both share half of their width."""
    following = next_of(asked.labels.rows)
    turned = np.abs(ROTATION.in_unit(_difference(asked)))
    return np.asarray((turned <= _field_of_view(asked.batch) / 2) & (following != np.arange(len(following))))


def _field_of_view(batch: ViewPairBatch) -> float:
    focal: Float64 = batch.intrinsics[0, 0]
    return float(2 * np.degrees(np.arctan(batch.images_0.shape[2] / 2 / focal)))
