"""Oracles of the track `guided`: what one would reach who knew part of the truth. They are no competitors.

The harness gives them what no method is given, so they run on sets with labels only.
"""

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt
from scipy.signal import ShortTimeFFT, get_window

from ..benchmarks.stimuli.guided.batch import RevealedBatch
from ..benchmarks.stimuli.stereo.votes import Combination
from ..digests import generator_for
from .gcc import GccPhat

Float64 = npt.NDArray[np.float64]
FRAME, HOP = 512, 128
"""Samples of a frame of the masked spectrogram, and between frames."""


@dataclass(frozen=True)
class RandomOracle:
    """The delay of one of the two talkers, drawn by a coin: all that can be done without the query (StereoCRW)."""

    seed: int = 0
    version: ClassVar[str] = "1"
    tracks: ClassVar[tuple[str, ...]] = ("guided",)
    oracle: ClassVar[bool] = True
    ignores_input: ClassVar[bool] = True

    def predict(self, batch: RevealedBatch) -> Float64:
        """Return one of the two true delays of each clip (clips,) in seconds."""
        chosen = [int(generator_for(self.seed, f"random-oracle/{name}").integers(2)) for name in batch.sample_id]
        return batch.delays[np.arange(len(batch)), chosen]


@dataclass(frozen=True)
class OracleMask:
    """Separation first: an ideal mask keeps the talker pointed at on both ears, and GCC-PHAT hears the result.

    The mask of an ear compares the talker's spectrogram with that of everything else there: `ratio` is its share of the
    power, `binary` is 1 where it is the louder.
    """

    mask: Literal["ratio", "binary"] = "ratio"
    votes: Combination = "mean"
    version: ClassVar[str] = "1"
    tracks: ClassVar[tuple[str, ...]] = ("guided",)
    oracle: ClassVar[bool] = True

    def predict(self, batch: RevealedBatch) -> Float64:
        """Return the interaural time difference of each clip (clips,) in seconds."""
        transform = ShortTimeFFT(get_window("hann", FRAME), HOP, fs=batch.sample_rate)
        heard, own = transform.stft(batch.audio), transform.stft(batch.target)
        wanted, others = np.abs(own) ** 2, np.abs(heard - own) ** 2
        kept = wanted > others if self.mask == "binary" else wanted / (wanted + others + 1e-20)
        separated = transform.istft(kept * heard, k1=batch.audio.shape[-1]).astype(np.float32)
        return GccPhat(votes=self.votes).predict(replace(batch, audio=separated))
