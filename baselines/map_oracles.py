"""Maps drawn from the ground truth: what a method could score that knows the picture's objects but does not listen."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ..benchmarks.questions.boxes import PICTURE, of_one_source
from ..benchmarks.questions.plain_maps import map_of_boxes
from ..benchmarks.questions.source import Source
from ..benchmarks.questions.stimulus import Batch
from ..errors import InputError

Maps = npt.NDArray[np.float64]
Boxes = npt.NDArray[np.float64]


class OracleAllObjects:
    """The boxes of all objects of the picture that can sound, whatever is heard."""

    version: ClassVar[str] = "1"
    tracks: ClassVar[tuple[str, ...]] = ("sounding-object",)
    ignores_input: ClassVar[bool] = True

    def __init__(self) -> None:
        self._boxes: dict[str, Boxes] = {}

    def prepare(self, source: Source) -> None:
        """Note the boxes of each sample's picture."""
        if source.sealed:
            raise InputError(f"{source.dataset.url} is sealed: an oracle needs the truth")
        objects = objects_of(source.labels.truth)
        self._boxes = {
            str(name): self.shown(objects.get(int(row), []))
            for name, row in zip(source.labels.sample_id, source.labels.rows, strict=True)
        }

    def shown(self, objects: list[Boxes]) -> Boxes:
        """Return the boxes (k, 4) to draw of the `objects` of a picture, each (k, 4)."""
        return np.concatenate([np.empty((0, 4)), *objects])

    def predict(self, batch: Batch) -> Maps:
        """Return maps (n, 56, 56)."""
        return np.stack([map_of_boxes(self._boxes[name]) for name in batch.sample_id])


class OracleLargestObject(OracleAllObjects):
    """The box of the largest object of the picture that can sound, whatever is heard."""

    def shown(self, objects: list[Boxes]) -> Boxes:
        """Return the boxes (k, 4) of the largest object."""
        return max(objects, key=_area, default=np.empty((0, 4)))


def _area(boxes: Boxes) -> float:
    return float(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1).max(initial=0.0))


def objects_of(truth: Any) -> Mapping[int, list[Boxes]]:
    """Return the boxes (k, 4) of each single source, by picture."""
    found = defaultdict(list)
    for k in np.flatnonzero(of_one_source(truth)):
        found[int(truth[k][0, PICTURE])].append(truth[k][:, :4])
    return found
