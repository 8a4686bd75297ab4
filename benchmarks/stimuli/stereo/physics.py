"""What is known of two channels without labels: swapped, delayed, louder and muted."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from ....conventions import LEFT, RIGHT, SAMPLE_RATE
from ...questions.answer import Answers
from ...questions.labels import Labels
from ...questions.physics import Asked, Check, Distance, Mask, distance_of, negated, unchanged
from ...questions.quantities import DELAY
from ...questions.track import Track
from .batch import StereoBatch

Change = Callable[[StereoBatch, Labels], StereoBatch]

GAIN = np.float32(0.5)
SHIFTS = (-4, -1, 1, 4)
"""By how many samples the right channel is delayed; negative: the left one."""
LARGEST_DELAY = 1e-3
"""Seconds: of microphones 34 cm apart. A shift is checked where the shifted delay is at most this."""
HALF_A_SAMPLE_MS = DELAY.scale * 0.5 / SAMPLE_RATE
MUTED = {"left": (LEFT,), "right": (RIGHT,), "both": (LEFT, RIGHT)}


def checks(track: Track) -> Sequence[Check]:
    """Return the checks of delays, of sides, or of another quantity that is positive to the left."""
    distance, quantity = distance_of(track), track.quantity
    if quantity is None:
        swap = Check("swap", "channels swapped: the other side", swapped, distance, 0.5, other_side)
        return [swap, louder(distance, 0.5), *_sides(distance), *mutes(distance, 0.5)]
    delays = quantity is DELAY
    tolerance = HALF_A_SAMPLE_MS if delays else 0.1 * quantity.good
    swap = Check("swap", f"channels swapped: {quantity.name} negated", swapped, distance, tolerance, negated)
    shifts = [_shift(distance, samples) for samples in SHIFTS] if delays else []
    return [swap, louder(distance, tolerance), *shifts, *mutes(distance, tolerance)]


def other_side(asked: Asked) -> Answers:
    """Return -1, right, for what was left before (>= 0), and +1 for the rest."""
    return np.where(asked.before >= 0, -1.0, 1.0)


def louder(distance: Distance, tolerance: float) -> Check:
    """Return the check that the level of both channels together does not matter."""
    return Check("gain", f"both channels times {GAIN:g}: no change", _scaled, distance, tolerance, unchanged)


def mutes(distance: Distance, tolerance: float) -> list[Check]:
    """Return the checks of muted channels, where any finite answer is honest."""
    return [
        Check(f"mute-{name}", f"{name} muted: any finite answer", muting(channels), distance, tolerance, rule="answers")
        for name, channels in MUTED.items()
    ]


def _shift(distance: Distance, samples: int) -> Check:
    late, moved = ("right" if samples > 0 else "left"), samples / SAMPLE_RATE

    def expected(asked: Asked) -> Answers:
        return asked.before + moved

    def counts(asked: Asked) -> Mask:
        return np.asarray(np.abs(asked.before + moved) <= LARGEST_DELAY)

    physics = f"{late} {abs(samples)} samples later: delay {DELAY.scale * moved:+.3f} ms"
    change = delaying(samples)
    return Check(f"shift{samples:+d}", physics, change, distance, HALF_A_SAMPLE_MS, expected, counts=counts)


def _sides(distance: Distance) -> list[Check]:
    """Return the checks that a side stays if the ear away from the sound hears it even later."""
    return [_side_stays(distance, "left", "right", SHIFTS[-1]), _side_stays(distance, "right", "left", SHIFTS[0])]


def _side_stays(distance: Distance, side: str, late: str, samples: int) -> Check:
    def counts(asked: Asked) -> Mask:
        return np.asarray((asked.before >= 0) == (side == "left"))

    physics = f"{late} {abs(samples)} samples later: what was {side} stays {side}"
    return Check(f"shift{samples:+d}", physics, delaying(samples), distance, 0.5, unchanged, counts=counts)


def swapped(batch: StereoBatch, labels: Labels) -> StereoBatch:
    """Return `batch` with its channels swapped."""
    return replace(batch, audio=batch.audio[:, ::-1])


def _scaled(batch: StereoBatch, labels: Labels) -> StereoBatch:
    return replace(batch, audio=batch.audio * GAIN)


def delaying(samples: int) -> Change:
    """Return the change that delays the right channel by `samples`, or, if negative, the left one.

    The late channel starts with as many zeros, and as much of its end is lost.
    """

    def change(batch: StereoBatch, labels: Labels) -> StereoBatch:
        audio, late, by = batch.audio.copy(), (RIGHT if samples > 0 else LEFT), abs(samples)
        audio[:, late, by:] = batch.audio[:, late, : audio.shape[2] - by]
        audio[:, late, :by] = 0
        return replace(batch, audio=audio)

    return change


def muting(channels: Sequence[int]) -> Change:
    """Return the change that mutes `channels`."""

    def change(batch: StereoBatch, labels: Labels) -> StereoBatch:
        audio = batch.audio.copy()
        audio[:, list(channels)] = 0
        return replace(batch, audio=audio)

    return change
