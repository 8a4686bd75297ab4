"""What all models of sounding objects share: how they train, and how they answer as a method of the benchmark."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import cv2
import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field
from torch import Tensor, nn

from ...benchmarks.running.method import Diagnosed
from ...errors import InputError
from ..data.sounding import HeldOutPictures, SoundingRecipe, open_pictures
from ..networks.efficient_net import pretrained_file
from ..networks.sound_stream import SpectrogramStream, WaveformStream
from ..networks.visual_stream import VisualStream
from ..training.learned import LearnedModel
from ..training.learning import Examples
from ..training.recipe import Recipe, Size
from .object_prior import object_maps, with_objects
from .scoring import centre_map, overlaps, summary

TINY: Mapping[str, Any] = {
    "steps": 60,
    "batch": 16,
    "visual_widths": (8, 16, 32, 32),
    "sound_widths": (8, 16, 16, 32),
    "groups": 8,
}
"""The preset `tiny`."""


class PictureRecipe(SoundingRecipe):
    """A recipe for networks of a visual and a sound stream."""

    visual_widths: tuple[Size, ...] = (24, 64, 128, 160)
    """Filters of each block of the visual stream; the picture is halved between blocks."""
    visual_layers: tuple[Size, ...] = (2, 2, 2, 1)
    halved: bool = True
    """Whether the visual stream halves the picture at once."""
    hears: Literal["spectrogram", "waveform"] = "spectrogram"
    sound_widths: tuple[Size, ...] = (16, 32, 64, 96)
    sound_width: float = Field(default=0.25, gt=0)
    """Filters of the waveform's layers, as a share of SoundNet's."""
    width: int = Field(default=128, ge=4)
    """Features of a cell."""
    heard: int = Field(default=256, ge=4)
    """Features of a sound."""

    @property
    def visual_stream(self) -> nn.Module:
        """The untrained visual stream."""
        cells = self.stride.bit_length() - 1 - self.halved
        return VisualStream(self.visual_widths, self.visual_layers, self.width, cells, self.halved)

    @property
    def sound_stream(self) -> nn.Module:
        """The untrained sound stream."""
        if self.hears == "waveform":
            return WaveformStream(self.sound_width, self.heard)
        return SpectrogramStream(self.sound_widths, self.heard)


SMOOTHINGS = (0.0, 0.5, 1.0, 1.5, 2.0)
"""What a training chooses from, on the validation homes."""


@dataclass(frozen=True)
class PictureModel(LearnedModel):
    """A model that answers with a map of where in the picture a sound comes from.

    A subclass gives `name`, `network` and `loss`; its networks have `maps(image, audio)`. With `silent` a map may claim
    that nothing in the picture sounds; without, it points somewhere whatever is heard. `object_prior` is the share of
    the map that a network of ImageNet draws, which sees objects and hears nothing (see `object_prior.with_objects`).
    """

    silent: bool = True
    object_prior: float = 0.0
    version: ClassVar[str] = "2"
    tracks: ClassVar[tuple[str, ...]] = ("sounding-object",)
    recipe: ClassVar[type[Recipe]] = PictureRecipe
    pictures_at_once: ClassVar[int] = 32

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.object_prior <= 1:
            raise InputError(f"object_prior={self.object_prior:g}: expected a share, 0 to 1")

    def files(self) -> Iterator[Path]:
        """Yield the files whose contents decide the answers: the checkpoint's, and that of the object prior."""
        yield from super().files()
        if self.object_prior:
            yield pretrained_file()

    @classmethod
    def loss(cls, network: nn.Module, batch: Any) -> Tensor:
        """Return the loss of a batch of `SoundedPictures`."""
        raise NotImplementedError

    @classmethod
    def examples(cls, recipe: Any, data: Sequence[str]) -> Examples:
        """Return the pictures of the set of sounding objects in `data`."""
        return open_pictures(recipe, data)

    @classmethod
    def validate(cls, network: nn.Module, examples: Any) -> Mapping[str, float]:
        """Return the success (per cent, adaptive rule) over objects and over pictures, beside the picture's centre."""
        own, centre = [], []
        for pictures in examples.validation():
            maps = cls.answers(network, pictures, pictures.audio)
            blind = np.broadcast_to(centre_map(*maps.shape[2:]), maps.shape)
            own.append(_overlaps(maps, pictures))
            centre.append(_overlaps(blind, pictures))
        if not own:
            raise InputError("the set has no picture of a validation home: give a set with more homes")
        (ciou, iiou), (centre_ciou, centre_iiou) = (summary(np.concatenate(found)) for found in (own, centre))
        return {"ciou": ciou, "iiou": iiou, "centre_ciou": centre_ciou, "centre_iiou": centre_iiou}

    @classmethod
    def answers(cls, network: Any, pictures: HeldOutPictures, audio: Tensor) -> npt.NDArray[np.float32]:
        """Return the maps (n, k, rows, columns) of the `pictures` with sounds `audio` (n, k, samples)."""
        device = next(network.parameters()).device
        return mirrored_maps(network, pictures.image.to(device), audio.to(device))

    @classmethod
    def calibrate(cls, network: nn.Module, examples: Any) -> dict[str, float]:
        """Return what is chosen on the validation pictures.

        `smoothing` of maps, in cells, with which most pictures have all objects found, and the level of `silence`,
        which the maps of sounds of nothing in the picture do not exceed (see `silence_level`).
        """
        heard, absent = [], []
        for one in examples.validation():
            heard.append((one, cls.answers(network, one, one.audio)))
            absent.append(cls.answers(network, one, one.absent))

        def found(smoothing: float) -> tuple[float, float]:
            ciou, iiou = summary(np.concatenate([_overlaps(smoothed(maps, smoothing), one) for one, maps in heard]))
            return iiou, ciou

        best = max(SMOOTHINGS, key=found)
        of_objects = [_highest(maps, best)[np.isfinite(one.box[..., 0])] for one, maps in heard]
        of_nothing = [_highest(maps, best).ravel() for maps in absent]
        return {"smoothing": best, "silence": silence_level(np.concatenate(of_objects), np.concatenate(of_nothing))}

    @classmethod
    def figures(cls, network: nn.Module, examples: Any) -> Sequence[Any]:
        """Return a figure for the report: maps of the first validation pictures."""
        from .figure import maps_figure  # loads matplotlib

        pictures = next(examples.validation())
        return [maps_figure(pictures, cls.answers(network, pictures, pictures.audio))]

    def predict(self, batch: Any) -> Diagnosed:
        """Return the map (n, rows, columns) of each picture with its sound: cosines, high where the sound comes from.

        `batch` has `image`, uint8 (n, rows, columns, 3), and `audio`, float32 (n, channels, samples). If `silent`, the
        level of silence is taken off, so that a map without a positive value claims that nothing in the picture sounds.
        The diagnostic `confidence` is the map's highest value, without the object prior.
        """
        maps = np.concatenate([self._maps(batch, k) for k in range(0, len(batch.image), self.pictures_at_once)])
        confidence = maps.max(axis=(1, 2))
        if self.object_prior:
            silent = self.silent & (confidence <= 0)
            maps = with_objects(maps, object_maps(batch.image, self.device), self.object_prior) - silent[:, None, None]
        return Diagnosed(maps, {"confidence": confidence})

    def _maps(self, batch: Any, first: int) -> npt.NDArray[np.float64]:
        """Return the maps of the pictures from `first` on that are answered at once."""
        image, audio = self.tensors(batch, slice(first, first + self.pictures_at_once))
        with torch.inference_mode():
            maps = mirrored_maps(self._network, image, audio)
        chosen = self._read.card.get("calibration", {})
        cosines = smoothed(maps, chosen.get("smoothing", 0.0))[:, 0].astype(np.float64)
        return np.asarray(cosines - chosen.get("silence", 0.0) if self.silent else cosines)

    def tensors(self, batch: Any, part: slice) -> tuple[Tensor, Tensor]:
        """Return a `part` of the batch as the network takes it: pictures (n, 3, rows, columns), sounds (n, 1, samples).

        Sounds are averaged over channels.
        """
        size = (self._recipe.columns, self._recipe.rows)
        images = np.stack([cv2.resize(one, size, interpolation=cv2.INTER_AREA) for one in batch.image[part]])
        image = torch.from_numpy(images.transpose(0, 3, 1, 2).astype(np.float32) / np.float32(255))
        audio = torch.from_numpy(np.ascontiguousarray(batch.audio[part].mean(axis=1, keepdims=True), dtype=np.float32))
        return image.to(self.device), audio.to(self.device)


def mirrored_maps(network: Any, image: Tensor, audio: Tensor) -> npt.NDArray[np.float32]:
    """Return the mean (n, k, rows, columns) of the maps of pictures and of the mirrored pictures, mirrored back.

    `image` is (n, 3, rows, columns), `audio` (n, k, samples). What is learned without labels shifts maps in ways that
    differ between the two.
    """
    plain, mirrored = network.maps(image, audio), network.maps(image.flip(-1), audio).flip(-1)
    maps: npt.NDArray[np.float32] = ((plain + mirrored) / 2).float().cpu().numpy()
    return maps


def smoothed(maps: npt.NDArray[np.float32], smoothing: float) -> npt.NDArray[np.float32]:
    """Return maps (n, k, rows, columns) under a Gaussian with a deviation of `smoothing` cells; 0: as they are."""
    if not smoothing:
        return maps
    flat = maps.reshape(-1, *maps.shape[2:])
    return np.stack([cv2.GaussianBlur(one, (0, 0), smoothing) for one in flat]).reshape(maps.shape)


def silence_level(heard: npt.NDArray[np.float32], absent: npt.NDArray[np.float32]) -> float:
    """Return the level that least often has `heard` (n,) at or below it, and `absent` (m,) above, by equal weights.

    >>> silence_level(np.float32([1, 3, 4, 5]), np.float32([0, 1, 2]))
    2.0
    """
    levels = np.unique(np.concatenate([heard, absent]))
    missed = np.searchsorted(np.sort(heard), levels, side="right") / max(len(heard), 1)
    believed = 1 - np.searchsorted(np.sort(absent), levels, side="right") / max(len(absent), 1)
    return float(levels[np.argmin(missed + believed)])


def _highest(maps: npt.NDArray[np.float32], smoothing: float) -> npt.NDArray[np.float32]:
    """Return the highest value (n, k) of each map (n, k, rows, columns) under `smoothing`."""
    highest: npt.NDArray[np.float32] = smoothed(maps, smoothing).max(axis=(2, 3))
    return highest


def _overlaps(maps: npt.NDArray[np.float32], pictures: HeldOutPictures) -> npt.NDArray[np.float64]:
    """Return the overlap (n, k) of each map with its box."""
    count, kinds = maps.shape[:2]
    flat = overlaps(maps.reshape(-1, *maps.shape[2:]), pictures.box.reshape(-1, 4))
    return flat.reshape(count, kinds)
