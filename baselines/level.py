"""Left or right by interaural level difference: the louder side wins."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from scipy import fft

from ..benchmarks.stimuli.stereo.batch import StereoBatch

Float64 = npt.NDArray[np.float64]


def _balance(loudness: Float64) -> Float64:
    """Return (left - right) / (left + right) of `loudness` (clips, 2, ...), in -1..1; 0 where both are silent."""
    left, right = loudness[:, 0], loudness[:, 1]
    total = left + right
    return np.asarray(np.divide(left - right, total, out=np.zeros_like(total), where=total > 0))


@dataclass(frozen=True)
class LevelRatio:
    """(rms_left - rms_right) / (rms_left + rms_right) over the clip: StereoCRW's IID baseline (Sec. 4.2)."""

    version: ClassVar[str] = "1"
    tracks: ClassVar[tuple[str, ...]] = ("left-right",)

    def predict(self, batch: StereoBatch) -> Float64:
        """Return the ratio for each clip (clips,), positive where the left channel is louder."""
        return _balance(np.sqrt(np.mean(np.square(batch.audio, dtype=np.float64), axis=-1)))


@dataclass(frozen=True)
class LevelVotes:
    """The majority among spectrogram frames, each for its louder channel: SLfM's IID baseline.

    A frame's loudness is the mean magnitude of its spectrum: 400 samples in an FFT of 512 (rectangular, centred,
    Nyquist bin dropped), every 160 samples.
    """

    version: ClassVar[str] = "1"
    tracks: ClassVar[tuple[str, ...]] = ("left-right",)

    def predict(self, batch: StereoBatch) -> Float64:
        """Return the mean vote for each clip (clips,), +1 where every frame is louder on the left."""
        padded = np.pad(batch.audio, ((0, 0), (0, 0), (200, 200)), mode="reflect")
        frames = np.lib.stride_tricks.sliding_window_view(padded, 400, axis=-1)[..., ::160, :]
        loudness = np.abs(fft.rfft(frames, 512, axis=-1)[..., :-1]).mean(axis=-1, dtype=np.float64)
        return np.asarray(np.sign(_balance(loudness)).mean(axis=-1))
