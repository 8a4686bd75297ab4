"""What a training clip goes through before the network hears it: a window, gains, a second talker, noise.

All of it is new at every step; nothing of it depends on what was drawn before.
"""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from ...errors import InputError

Float32 = npt.NDArray[np.float32]
Sample = TypeVar("Sample", np.float32, np.int16)
_CANDIDATES = 8
_LOUD_ENOUGH = 0.25
"""A window is spoken if its level is at least this share of the clip's (-12 dB)."""


@dataclass(frozen=True)
class Degradation:
    """Ranges from which each clip's parameters are drawn."""

    snr_db: tuple[float, float]
    clean_share: float
    gain_db: float
    """Each channel is changed by up to this, up or down."""
    distractor: tuple[float, float]
    """Level of the second talker relative to the first."""
    distractor_share: float


def spoken_windows(audio: npt.NDArray[Sample], length: int, rng: np.random.Generator) -> npt.NDArray[Sample]:
    """Return a random window (n, 2, length) of each clip (n, 2, samples) in which someone speaks, if one is found.

    Raises InputError if the clips are shorter.
    """
    count, _, samples = audio.shape
    if length > samples:
        raise InputError(f"{length} samples are heard at once, the clips have {samples}: ask for fewer")
    starts = rng.integers(0, samples - length + 1, (_CANDIDATES, count))
    power = np.concatenate([np.zeros((count, 1)), np.cumsum(np.square(audio, dtype=np.float64).sum(1), axis=1)], axis=1)
    row = np.arange(count)
    level = (power[row, starts + length] - power[row, starts]) / length
    spoken = level >= _LOUD_ENOUGH**2 * power[:, -1] / samples
    chosen = np.where(spoken.any(0), spoken.argmax(0), level.argmax(0))
    first = starts[chosen, row]
    return np.stack([clip[:, start : start + length] for clip, start in zip(audio, first, strict=True)])


def degrade(clips: Float32, how: Degradation, rng: np.random.Generator) -> Float32:
    """Return `clips` (n, 2, samples) with gains, a second talker (another of the clips) and white noise."""
    count = len(clips)
    level = _rms(clips)
    mixed = clips.copy()
    talks = rng.random(count) < how.distractor_share
    strength = rng.uniform(*how.distractor, count) * talks * level / np.maximum(np.roll(level, 1), 1e-9)
    mixed += strength[:, None, None].astype(np.float32) * np.roll(clips, 1, axis=0)
    snr = np.where(rng.random(count) < how.clean_share, np.inf, rng.uniform(*how.snr_db, count))
    sigma = (_rms(mixed) * 10 ** (-snr / 20)).astype(np.float32)
    mixed += sigma[:, None, None] * rng.standard_normal(clips.shape, dtype=np.float32)
    gains = 10 ** (rng.uniform(-how.gain_db, how.gain_db, (count, 2, 1)) / 20)
    return np.asarray(mixed * gains.astype(np.float32))


def _rms(clips: Float32) -> npt.NDArray[np.float64]:
    return np.asarray(np.sqrt(np.square(clips, dtype=np.float64).mean(axis=(1, 2))))
