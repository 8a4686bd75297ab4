"""Methods that guess at random without listening or looking; the same sample always gets the same guess."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from ..benchmarks.questions.stimulus import Batch
from ..digests import generator_for

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Random:
    """A delay drawn evenly from +-`largest_delay` seconds."""

    largest_delay: float = 0.0015
    seed: int = 0
    version: ClassVar[str] = "1"
    tracks: ClassVar[tuple[str, ...]] = ("tde", "left-right")
    ignores_input: ClassVar[bool] = True

    def predict(self, batch: Batch) -> Float64:
        """Return random delays (clips,) in seconds."""
        return self.largest_delay * _drawn(self.seed, batch, -1, 1)


@dataclass(frozen=True)
class RandomRotation:
    """A rotation drawn evenly from +-`largest_rotation` degrees."""

    largest_rotation: float = 90.0
    seed: int = 0
    version: ClassVar[str] = "1"
    tracks: ClassVar[tuple[str, ...]] = ("rotation",)
    ignores_input: ClassVar[bool] = True

    def predict(self, batch: Batch) -> Float64:
        """Return random rotations (pairs,) in degrees."""
        return self.largest_rotation * _drawn(self.seed, batch, -1, 1)


@dataclass(frozen=True)
class RandomAzimuth:
    """An azimuth drawn evenly from -90 to 90 degrees."""

    seed: int = 0
    version: ClassVar[str] = "1"
    tracks: ClassVar[tuple[str, ...]] = ("azimuth",)
    ignores_input: ClassVar[bool] = True

    def predict(self, batch: Batch) -> Float64:
        """Return random azimuths (clips,), degrees."""
        return _drawn(self.seed, batch, -90, 90)


@dataclass(frozen=True)
class RandomView:
    """An azimuth drawn evenly from all around."""

    seed: int = 0
    version: ClassVar[str] = "1"
    tracks: ClassVar[tuple[str, ...]] = ("panning",)
    ignores_input: ClassVar[bool] = True

    def predict(self, batch: Batch) -> Float64:
        """Return random azimuths (frames,), degrees."""
        return _drawn(self.seed, batch, -180, 180)


def _drawn(seed: int, batch: Batch, low: float, high: float) -> Float64:
    """Return a number (samples,) from `low` to `high` for each sample, each from a random stream of its own."""
    return np.array([generator_for(seed, f"random/{name}").uniform(low, high) for name in batch.sample_id])
