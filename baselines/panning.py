"""Pans a camera by a map: the mean direction of where a method of the track `sounding-object` sees the sound.

The paper (Senocak et al. 2019, Sec. 5.5) feeds the whole panorama to its network and takes the mean pixel of the map,
which counts pixels near the poles too often and, for a source behind, ends up ahead: the mean of 179 and -179 degrees
is 0. `best` takes the mean direction on the sphere, of maps of perspective views all around. These are like the
pictures that a network was trained on, and 60 of 360 degrees fill the picture that it sees.
"""

import inspect
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from ..benchmarks.running.method import Diagnosed, load_methods
from ..benchmarks.stimuli.picture_sound.batch import PictureSoundBatch
from ..datagen.cameras import PITCH_DEG, Camera
from ..datagen.panoramas import crop
from ..datagen.sphere import azimuths_of, directions_of, stitched
from ..errors import InputError

Float64 = npt.NDArray[np.float64]

HEADINGS = tuple(range(0, 360, 30))
"""Headings of the views all around, degrees: each direction is in two of them."""
ROWS, COLUMNS = 60, 120
"""Cells of the map that the views are joined in."""
SHARPNESS = 16.0
"""With 1, the many cells that are a little alike outweigh the object. Chosen on `--preset tiny`."""
_SAMPLES = 2
_ONE_WAY = 1e-9
"""Least length of a mean direction; a map that is the same all around has none."""


def mean_azimuth(weights: Float64) -> float:
    """Return the azimuth, degrees, of the mean direction of `weights` (rows, columns), at least 0, over the sphere.

    A map that favours no direction gives 0.

    >>> behind = np.zeros((1, 360))
    >>> behind[0, [0, -1]] = 1.0
    >>> abs(round(mean_azimuth(behind), 6))
    180.0
    """
    towards = directions_of(*weights.shape)
    area = np.hypot(towards[..., 0], towards[..., 2])
    east, _, south = np.einsum("rc,rck->k", weights * area, towards)
    if np.hypot(east, south) <= _ONE_WAY * float((weights * area).sum()):
        return 0.0
    return float(np.degrees(np.arctan2(-east, -south)))


def mean_pixel_azimuth(weights: Float64) -> float:
    """Return the azimuth, degrees, of the mean column of `weights` (rows, columns), as published; 0 if all are 0."""
    total = float(weights.sum())
    return float((weights.sum(axis=0) * azimuths_of(weights.shape[1])).sum() / total) if total > 0 else 0.0


def views_of(panorama: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return the perspective views (12, height, width, 3) of `panorama` all around, as pictures of homes are taken."""
    return np.stack([crop(panorama, heading, PITCH_DEG, samples=_SAMPLES) for heading in HEADINGS])


def joined_maps(maps: Float64) -> Float64:
    """Return `maps` (12, rows, columns) of the views as one (60, 120) over the panorama, 0 where no view looks."""
    looks = [(float(heading), PITCH_DEG) for heading in HEADINGS]
    return stitched(maps[..., None], Camera(), looks, ROWS, COLUMNS)[..., 0]


@dataclass(frozen=True)
class Pan:
    """Looks where the map of the method `map` is high: the mean direction of its positive values.

    They are divided by the largest one and raised to `sharpness`, so that only the highest count. `checkpoint` and
    `device` are passed on to a trained model. `protocol` is `paper` (the panorama as one picture, the mean pixel,
    sharpness 1) or `best` (views all around, the mean direction, sharpness 16); `looks` and `sharpness` overrule it.
    """

    map: str = "spectral-residual"
    protocol: Literal["paper", "best"] = "paper"
    looks: Literal["", "panorama", "views"] = ""
    sharpness: float | None = None
    checkpoint: str = ""
    device: str = "cpu"
    version: ClassVar[str] = "1"
    tracks: ClassVar[tuple[str, ...]] = ("panning",)

    def __post_init__(self) -> None:
        if self.sharpness is not None and not 0 < self.sharpness <= 1000:
            raise InputError(f"sharpness={self.sharpness:g}: expected more than 0, at most 1000")
        if hasattr(self._mapper, "prepare"):
            raise InputError(f"map={self.map}: it needs the truth or other splits; give a method that looks or listens")

    @cached_property
    def _mapper(self) -> Any:
        """The method that gives maps; a camera looks somewhere, so none says that nothing sounds."""
        given = f":checkpoint={self.checkpoint}" if self.checkpoint else ""
        (loaded,) = load_methods([f"{self.map}{given}"], "sounding-object", ("best",), self.device)
        method: Any = loaded.method
        return replace(method, silent=False) if hasattr(method, "silent") else method

    def files(self) -> Iterator[Path]:
        """Yield the files that the maps depend on."""
        source = inspect.getsourcefile(type(self._mapper))
        if source:
            yield Path(source)
        yield from getattr(self._mapper, "files", tuple)()

    def predict(self, batch: PictureSoundBatch) -> Float64:
        """Return the azimuth of the view centre for each frame (n,), degrees."""
        turn = mean_azimuth if self.protocol == "best" else mean_pixel_azimuth
        return np.array([turn(self._weights(one)) for one in self.maps(batch)])

    def maps(self, batch: PictureSoundBatch) -> Float64:
        """Return the map (n, rows, columns) of each frame over its panorama."""
        by_views = (self.looks or ("views" if self.protocol == "best" else "panorama")) == "views"
        return self._maps_by_views(batch) if by_views else self._answers(batch)

    def _maps_by_views(self, batch: PictureSoundBatch) -> Float64:
        found, views = [], np.empty(0, np.uint8)
        for k, panorama in enumerate(batch.image):
            if k == 0 or not np.array_equal(panorama, batch.image[k - 1]):
                views = views_of(panorama)
            names = [f"{batch.sample_id[k]}/{heading}" for heading in HEADINGS]
            audio = np.repeat(batch.audio[k : k + 1], len(HEADINGS), axis=0)
            found.append(joined_maps(self._answers(replace(batch, image=views, audio=audio, sample_id=names))))
        return np.stack(found)

    def _answers(self, batch: PictureSoundBatch) -> Float64:
        answers = self._mapper.predict(batch)
        maps = np.asarray(answers.prediction if isinstance(answers, Diagnosed) else answers, np.float64)
        if maps.ndim != 3:
            raise InputError(f"map={self.map}: it gives answers of shape {maps.shape[1:]}, not maps")
        return maps

    def _weights(self, one: Float64) -> Float64:
        positive = np.maximum(one, 0.0)
        highest = float(positive.max())
        sharpness = self.sharpness or (SHARPNESS if self.protocol == "best" else 1.0)
        return np.asarray((positive / highest) ** sharpness if highest > 0 else positive)
