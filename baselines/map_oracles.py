"""Maps drawn from the ground truth: what a method could score that knows the picture's objects but does not listen."""

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from ..benchmarks.questions.plain_maps import map_of_boxes
from ..benchmarks.stimuli.picture_sound.batch import RevealedPictureBatch

Maps = npt.NDArray[np.float64]
Boxes = npt.NDArray[np.float64]


class OracleAllObjects:
    """The boxes of all objects of the picture that can sound, whatever is heard."""

    version: ClassVar[str] = "2"
    tracks: ClassVar[tuple[str, ...]] = ("sounding-object",)
    oracle: ClassVar[bool] = True
    ignores_input: ClassVar[bool] = True

    def predict(self, batch: RevealedPictureBatch) -> Maps:
        """Return maps (n, 56, 56)."""
        return np.stack([map_of_boxes(np.concatenate([np.empty((0, 4)), *objects])) for objects in batch.objects])


class OracleLargestObject:
    """The box of the largest object of the picture that can sound, whatever is heard."""

    version: ClassVar[str] = "2"
    tracks: ClassVar[tuple[str, ...]] = ("sounding-object",)
    oracle: ClassVar[bool] = True
    ignores_input: ClassVar[bool] = True

    def predict(self, batch: RevealedPictureBatch) -> Maps:
        """Return maps (n, 56, 56)."""
        return np.stack([map_of_boxes(max(objects, key=_area, default=np.empty((0, 4)))) for objects in batch.objects])


def _area(boxes: Boxes) -> float:
    return float(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1).max(initial=0.0))
