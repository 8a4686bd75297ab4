"""The constant method, which every other method must beat."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from ..benchmarks.questions.stimulus import Batch


@dataclass(frozen=True)
class Zero:
    """Always zero: no delay, no rotation, straight ahead."""

    version: ClassVar[str] = "1"
    tracks: ClassVar[tuple[str, ...]] = ("tde", "left-right", "guided", "rotation", "azimuth", "panning")
    ignores_input: ClassVar[bool] = True

    def predict(self, batch: Batch) -> npt.NDArray[np.float64]:
        """Return zeros (samples,)."""
        return np.zeros(len(batch))
