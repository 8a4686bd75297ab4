"""What is known of two ears without labels: swapped, delayed, louder and muted; and turned, by known angles."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ....conventions import wrap_degrees
from ...questions.answer import Answers
from ...questions.labels import Float64, Labels
from ...questions.physics import Asked, Check, Distance, Mask, distance_of, negated, next_of
from ...questions.quantities import AZIMUTH
from ...questions.track import Track
from ..stereo.physics import delaying, louder, mutes, swapped
from .batch import BinauralBatch

SHIFT = 4
"""Samples: 0.25 ms, which the sphere turns into almost 30 degrees near the front."""
LEAST_MOVE_DEG = 2.0
"""Twice the tolerance: what moves by less than the tolerance does not move."""
LATERAL_DEG = 60.0
"""A shift is checked where there is room to move: up to this lateral angle on the side that it moves to."""
TOLERANCE_DEG = 1.0


def lateral(azimuth: Answers) -> Float64:
    """Return the angle (n,) from the median plane, -90 to 90 degrees, positive to the left.

    >>> lateral(np.array([30.0, 150.0, -90.0])).round(6).tolist()
    [30.0, 30.0, -90.0]
    """
    return np.asarray(np.degrees(np.arcsin(np.sin(np.radians(azimuth)))))


def checks(track: Track) -> Sequence[Check]:
    """Return the checks of azimuths."""
    distance = distance_of(track)
    return [
        Check("swap", "ears swapped: azimuth negated", swapped, distance, TOLERANCE_DEG, negated),
        louder(distance, TOLERANCE_DEG),
        *(_towards(distance, side) for side in (1, -1)),
        *mutes(distance, TOLERANCE_DEG),
        Check(
            "turn",
            "head turned by a known angle: azimuth turned back by it",
            next_view,
            distance,
            AZIMUTH.good,
            _turned_back,
            counts=_known_and_in_front,
        ),
    ]


def _towards(distance: Distance, side: int) -> Check:
    """Return the check that the sound moves to the left (`side` 1) or the right (-1) when the other ear lags more."""
    leading, late = ("left", "right") if side > 0 else ("right", "left")

    def between(answers: Answers, others: Answers) -> Float64:
        return np.abs(lateral(answers) - lateral(others))

    def expected(asked: Asked) -> Answers:
        least = side * lateral(asked.before) + LEAST_MOVE_DEG
        return np.asarray(side * np.maximum(side * lateral(asked.after), least))

    def counts(asked: Asked) -> Mask:
        return np.asarray(side * lateral(asked.before) <= LATERAL_DEG)

    physics = f"{late} {SHIFT} samples later: moves {leading}"
    within = replace(distance, between=between)
    return Check(
        f"shift{side * SHIFT:+d}", physics, delaying(side * SHIFT), within, TOLERANCE_DEG, expected, counts=counts
    )


def next_view(batch: BinauralBatch, labels: Labels) -> BinauralBatch:
    """Return `batch` with what is heard after the head has turned to the next view of the same place."""
    return replace(batch, audio=batch.audio[next_of(labels.rows)])


def _turned_back(asked: Asked) -> Answers:
    """Return the azimuths expected in the next view, by the true ones in both."""
    truth = np.asarray(asked.labels.truth, dtype=np.float64)
    return np.asarray(wrap_degrees(asked.before + truth[next_of(asked.labels.rows)] - truth))


def _known_and_in_front(asked: Asked) -> Mask:
    """Return where another view follows and the sound is in front in both, as the published error has it."""
    following = next_of(asked.labels.rows)
    truth = np.asarray(asked.labels.truth, dtype=np.float64)
    front = np.abs(truth) <= 90
    return np.asarray(front & front[following] & (following != np.arange(len(following))))
