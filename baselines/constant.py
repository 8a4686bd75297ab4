"""Methods that do not listen or look: what any method must beat."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from ..benchmarks.questions.stimulus import Batch
from ..benchmarks.stimuli.stereo.batch import StereoBatch
from ..digests import generator_for


@dataclass(frozen=True)
class Zero:
    """Always zero: no delay, no rotation, straight ahead."""

    version: ClassVar[str] = "1"
    tracks: ClassVar[tuple[str, ...]] = ("tde", "left-right", "rotation", "azimuth")

    def predict(self, batch: Batch) -> npt.NDArray[np.float64]:
        """Return zeros (samples,)."""
        return np.zeros(len(batch))


@dataclass(frozen=True)
class Random:
    """A delay drawn evenly from +-`largest_delay` seconds, the same for the same sample."""

    largest_delay: float = 0.0015
    seed: int = 0
    version: ClassVar[str] = "1"
    tracks: ClassVar[tuple[str, ...]] = ("tde", "left-right")

    def predict(self, batch: StereoBatch) -> npt.NDArray[np.float64]:
        """Return random delays (clips,) in seconds."""
        draws = [generator_for(self.seed, f"random/{name}").uniform(-1, 1) for name in batch.sample_id]
        return self.largest_delay * np.array(draws)


@dataclass(frozen=True)
class RandomRotation:
    """A rotation drawn evenly from +-`largest_rotation` degrees, the same for the same sample."""

    largest_rotation: float = 90.0
    seed: int = 0
    version: ClassVar[str] = "1"
    tracks: ClassVar[tuple[str, ...]] = ("rotation",)

    def predict(self, batch: Batch) -> npt.NDArray[np.float64]:
        """Return random rotations (pairs,) in degrees."""
        draws = [generator_for(self.seed, f"random/{name}").uniform(-1, 1) for name in batch.sample_id]
        return self.largest_rotation * np.array(draws)
