"""What StereoCRW, ZeroNCE and MonoCLR do to a stereo clip before it is compared (Chen et al. 2022, Sec. 3 and A.1).

In this order: another clip is mixed in, each channel is scaled, reverberated and made noisy.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...conventions import SAMPLE_RATE
from .reverberation import reverberate

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Augmentation:
    """Ranges from which the parameters of each channel are drawn, evenly; None leaves an effect out."""

    scaling: tuple[float, float]
    mixture: tuple[float, float] | None
    """Level of the other clip relative to the channel's own."""
    room_size: tuple[float, float] | None
    """Of the reverberator, from 0 to 1."""
    snr_db: tuple[float, float] | None
    """One draw for both channels of a clip."""


def augment(clips: Float32, how: Augmentation, rng: np.random.Generator) -> Float32:
    """Return `clips` (n, 2, samples) augmented; each is mixed with the one before it."""
    count = len(clips)
    mixed = clips
    if how.mixture is not None:
        level = rng.uniform(*how.mixture, (count, 2, 1)) * _rms(clips)
        others = np.roll(clips, 1, axis=0)
        mixed = clips + np.clip(others * level / np.maximum(_rms(others), 1e-9), -1, 1).astype(np.float32)
    scaled = np.clip(mixed * rng.uniform(*how.scaling, (count, 2, 1)), -1, 1).astype(np.float32)
    if how.room_size is not None:
        size = rng.uniform(*how.room_size, 2 * count)
        scaled = reverberate(scaled.reshape(2 * count, -1), size, SAMPLE_RATE).reshape(clips.shape)
    if how.snr_db is not None:
        sigma = _rms(scaled) * 10 ** (-rng.uniform(*how.snr_db, (count, 1, 1)) / 20)
        scaled = scaled + sigma.astype(np.float32) * rng.standard_normal(clips.shape, dtype=np.float32)
    return scaled


def _rms(clips: Float32) -> npt.NDArray[np.float64]:
    """Return the level (n, 2, 1) of each channel."""
    return np.asarray(np.sqrt(np.square(clips, dtype=np.float64).mean(axis=-1, keepdims=True)))
