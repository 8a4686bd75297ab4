"""Where a picture shows objects, by a network of ImageNet: the object prior of EZ-VSL alone (Mo and Morgado 2022)."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from ..benchmarks.stimuli.picture_sound.batch import PictureSoundBatch
from ..models.networks.efficient_net import pretrained_file
from ..models.picture.object_prior import object_maps
from ..models.training.learned import Device, require_device


@dataclass(frozen=True)
class Objectness:
    """The mean feature of an ImageNet network at each place of the picture; it looks and does not listen."""

    device: Device = "cpu"
    version: ClassVar[str] = "1"
    tracks: ClassVar[tuple[str, ...]] = ("sounding-object",)

    def __post_init__(self) -> None:
        require_device("objectness", self.device)

    def files(self) -> Iterator[Path]:
        """Yield the file of the weights; raises InputError if they are not installed."""
        yield pretrained_file()

    def predict(self, batch: PictureSoundBatch) -> npt.NDArray[np.float64]:
        """Return maps (n, 7, 7); raises InputError if the weights are not installed."""
        return object_maps(batch.image, self.device)
