"""Sources that start and stop one after the other, the mixture of them, and which is heard in each frame."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ...conventions import SAMPLE_RATE

Float64 = npt.NDArray[np.float64]

FRAME_SECONDS = 0.5
TURN_SECONDS = 3.0
"""Time from the start of one source to that of the next, on average."""
START_JITTER, SHORTEST, LONGEST = 0.3, 2.4, 3.0
"""Largest deviation of a start, and least and greatest length of a sound, s: some sounds overlap, some do not."""
FADE_SECONDS = 0.02
AUDIBLE_DB = -30.0
"""Level of a source, relative to its loudest frame, below which it is silent, as between the ticks of a clock."""
_NOTHING = 1e-6


class Timeline(NamedTuple):
    """`start` and `stop` (sources,) s, the `heard` sources (sources, samples), and the loudest in each frame or -1."""

    start: Float64
    stop: Float64
    heard: Float64
    sounding: npt.NDArray[np.int16]

    @property
    def mixture(self) -> Float64:
        """The sum of all sources (samples,), scaled down to 1 if it is louder."""
        total = self.heard.sum(axis=0)
        return np.asarray(total / max(1.0, float(np.abs(total).max())))


def timeline(dry: Sequence[Float64], distance: Float64, rng: np.random.Generator) -> Timeline:
    """Return the sounds `dry` (samples of at least `LONGEST` s each), taking turns in random order.

    Their level falls with `distance` (sources,) m from 1 m on.
    """
    order = rng.permutation(len(dry))
    turns = np.argsort(order) * TURN_SECONDS
    start = np.maximum(turns + rng.uniform(-START_JITTER, START_JITTER, len(dry)), 0.0)
    end = len(dry) * TURN_SECONDS
    stop = np.minimum(start + rng.uniform(SHORTEST, LONGEST, len(dry)), end)
    heard = np.zeros((len(dry), round(end * SAMPLE_RATE)))
    for k, sound in enumerate(dry):
        first, last = (round(when * SAMPLE_RATE) for when in (start[k], stop[k]))
        heard[k, first:last] = faded(sound[: last - first]) / max(float(distance[k]), 1.0)
    return Timeline(start, stop, heard, loudest(heard))


def faded(sound: Float64) -> Float64:
    """Return `sound` (samples,) fading in and out, so that it starts and stops without a click."""
    ramp = np.minimum(1.0, (np.arange(len(sound)) + 0.5) / (FADE_SECONDS * SAMPLE_RATE))
    return np.asarray(sound * ramp * ramp[::-1])


def loudest(heard: Float64) -> npt.NDArray[np.int16]:
    """Return the loudest source in each frame of `heard` (sources, samples), -1 if none is audible.

    >>> one = np.ones(round(FRAME_SECONDS * SAMPLE_RATE))
    >>> loudest(np.stack([np.concatenate([one, 0 * one]), np.concatenate([0.5 * one, 0 * one])])).tolist()
    [0, -1]
    """
    frame = round(FRAME_SECONDS * SAMPLE_RATE)
    power = np.square(heard).reshape(len(heard), -1, frame).mean(axis=2)
    audible = power > np.maximum(power.max(axis=1, keepdims=True) * 10 ** (AUDIBLE_DB / 10), _NOTHING**2)
    return np.where(audible.any(axis=0), np.argmax(np.where(audible, power, 0.0), axis=0), -1).astype(np.int16)
