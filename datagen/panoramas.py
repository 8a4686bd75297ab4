"""Pairs of views with a known rotation between them, cut from equirectangular photographs (SLfM, Sec. 4.4).

The Stanford2D3D protocol: two perspective crops of one panorama, by a camera that turns about its vertical axis. The
paper prints neither field of view nor tilt nor range of angles, so the camera is that of HM3D-SS (320 x 240, 60
degrees), held within 10 degrees of level (one pitch a pair), and it turns by 10 to 60
degrees to either side: beyond its field of view nothing is seen twice.

A panorama is twice as wide as high; its centre has longitude 0, longitude grows to the right, its upper edge is
straight up. A heading is left-positive, so it is the negative longitude.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit
from PIL import Image, UnidentifiedImageError
from pydantic import BaseModel, ConfigDict, Field

from ..conventions import wrap_degrees
from ..digests import digest, generator_for, sha256
from ..errors import InputError
from .cameras import Camera, image_plane, orientation
from .shards import Field as ArrayField
from .shards import Layout

Picture = npt.NDArray[np.uint8]

CAMERA = Camera()
PRESETS = {"tiny": 10, "small": 100, "paper": 1_000}
"""Pairs for each photograph; the paper does not print how many it has."""
EXTENSIONS = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp")
SMALLEST_ROTATION, LARGEST_ROTATION = 10.0, 60.0
LARGEST_PITCH = 10.0
SAMPLES = 4
"""Rays across a pixel and down: 16 a pixel, so that also 4096 x 2048 photographs leave no pixel out."""

_VIEW, _PIXELS = ("view",), ("height", "width", "channel")
_FIELDS = (
    ArrayField(
        "image",
        "uint8",
        "view 0 and view 1, red first",
        (2, CAMERA.height, CAMERA.width, 3),
        _VIEW + _PIXELS,
        {"horizontal_field_of_view_deg": CAMERA.horizontal_field_of_view},
        chunk_rows=1,
    ),
    ArrayField("sample_id", "str", "name of the pair"),
    ArrayField("panorama", "str", "photograph that both views were cut from"),
    ArrayField("heading", "float64", "of the camera, left positive", (2,), _VIEW, {"units": "degrees"}),
    ArrayField("rotation", "float64", "heading less that of view 0", (2,), _VIEW, {"units": "degrees"}),
    ArrayField("pitch", "float64", "of the camera in both views, up positive", attributes={"units": "degrees"}),
)


class PanoramaRecipe(BaseModel):
    """Everything that decides the bytes of a panoramas dataset."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Field(default=0, ge=0)
    pairs: int = Field(ge=1)
    """For each photograph."""
    smallest_rotation: float = SMALLEST_ROTATION
    largest_rotation: float = LARGEST_ROTATION
    largest_pitch: float = LARGEST_PITCH
    images: str
    """Digest of the photographs."""
    rows_per_shard: int = Field(default=50, ge=1)


@dataclass(frozen=True)
class PanoramaPlan:
    """Renders any pair of a panoramas dataset from the `photographs` (names) in `folder`."""

    settings: PanoramaRecipe
    folder: str
    photographs: tuple[str, ...]
    dataset: str = field(default="panoramas", init=False)

    @property
    def recipe(self) -> Mapping[str, Any]:
        """The recipe as JSON values."""
        return self.settings.model_dump(mode="json")

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Where the photographs lie and how they are cut."""
        location = str(Path(self.folder).resolve())
        return {
            "engine": {"name": "perspective crops", "location": location, "samples_per_pixel": SAMPLES**2},
            "images": {"photographs": len(self.photographs), "location": location},
        }

    @property
    def layout(self) -> Layout:
        """One row a pair; the photographs take turns."""
        rows = self.settings.pairs * len(self.photographs)
        return Layout("pair", rows, self.settings.rows_per_shard, _FIELDS)

    def render(self, row: int) -> dict[str, Any]:
        """Return every field of row `row`."""
        name = self.photographs[row % len(self.photographs)]
        sample_id = f"{Path(name).with_suffix('').as_posix()}/{row // len(self.photographs):05d}"
        rng = generator_for(self.settings.seed, sample_id)
        start = rng.uniform(0, 360)
        turn = rng.uniform(self.settings.smallest_rotation, self.settings.largest_rotation) * rng.choice([-1, 1])
        pitch = rng.uniform(-self.settings.largest_pitch, self.settings.largest_pitch)
        heading = np.mod([start, start + turn], 360)
        panorama = _read(str(Path(self.folder) / name))
        return {
            "image": np.stack([crop(panorama, h, pitch) for h in heading]),
            "sample_id": sample_id,
            "panorama": name,
            "heading": heading,
            "rotation": wrap_degrees(heading - heading[0]),
            "pitch": pitch,
        }


def plan_panoramas(
    images: str, *, pairs: int, seed: int = 0, largest_rotation: float = LARGEST_ROTATION
) -> PanoramaPlan:
    """Return the plan of `pairs` pairs from each of the equirectangular photographs in the folder `images`.

    The camera turns by 10 to `largest_rotation` degrees. Raises InputError for a folder without photographs, one that
    cannot be read or is not twice as wide as high.
    """
    if pairs < 1:
        raise InputError(f"pairs={pairs}: expected 1 or more")
    if not SMALLEST_ROTATION < largest_rotation <= 180:
        raise InputError(f"largest rotation {largest_rotation:g} deg: expected more than {SMALLEST_ROTATION:g} to 180")
    photographs = find_photographs(images)
    return PanoramaPlan(
        PanoramaRecipe(
            seed=seed, pairs=pairs, largest_rotation=largest_rotation, images=photographs_digest(images, photographs)
        ),
        images,
        photographs,
    )


def find_photographs(images: str) -> tuple[str, ...]:
    """Return the names of the photographs in the folder `images` and below; raises InputError unless all can serve."""
    folder = Path(images)
    if not folder.is_dir():
        raise InputError(f"{images} is no folder: give the folder that holds equirectangular photographs")
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in EXTENSIONS and path.is_file())
    if not found:
        raise InputError(f"{images} holds no photograph ({', '.join(EXTENSIONS)}): give equirectangular ones")
    for path in found:
        _check(path)
    names = tuple(path.relative_to(folder).as_posix() for path in found)
    stems = [Path(name).with_suffix("").as_posix() for name in names]
    twice = next((name for name, stem in zip(names, stems, strict=True) if stems.count(stem) > 1), None)
    if twice:
        raise InputError(f"{images}/{twice}: another photograph differs in its ending only; rename one")
    return names


def photographs_digest(images: str, photographs: tuple[str, ...]) -> str:
    """Return the digest of the names and bytes of `photographs` in the folder `images`."""
    return digest({name: sha256((Path(images) / name).read_bytes()) for name in photographs})


def _check(path: Path) -> None:
    try:
        with Image.open(path) as picture:
            width, height = picture.size
            picture.load()
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise InputError(f"{path} cannot be read as a picture ({error}): remove it or replace it") from None
    if width != 2 * height:
        raise InputError(
            f"{path} is {width} x {height} pixels: an equirectangular photograph is twice as wide as high; "
            "remove it or convert it"
        )


@lru_cache(maxsize=4)
def _read(path: str) -> Picture:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def crop(panorama: Picture, heading: float, pitch: float, camera: Camera = CAMERA, samples: int = SAMPLES) -> Picture:
    """Return what `camera` sees of `panorama` (h, 2 h, 3) at `heading` and `pitch` (deg), uint8 (height, width, 3).

    A pixel is the mean of `samples` x `samples` rays spread evenly over its area.
    """
    corner, right, down = image_plane(camera, orientation(heading, pitch))
    seen = _mean_colours(panorama, np.stack([corner, right, down]), camera.height, camera.width, samples)
    return np.asarray(np.rint(seen), dtype=np.uint8)


@njit(cache=True, error_model="numpy", nogil=True)
def _mean_colours(panorama, plane, height, width, samples):  # type: ignore[no-untyped-def]
    """Return the mean colours (height, width, 3) of the pixels of a `plane`: its corner, steps right and down."""
    seen = np.zeros((height, width, 3))
    for i in range(height):
        for j in range(width):
            for k in range(samples * samples):
                y, x = i + (k // samples + 0.5) / samples, j + (k % samples + 0.5) / samples
                east = plane[0, 0] + x * plane[1, 0] + y * plane[2, 0]
                up = plane[0, 1] + x * plane[1, 1] + y * plane[2, 1]
                south = plane[0, 2] + x * plane[1, 2] + y * plane[2, 2]
                _add_colour(panorama, east, up, south, seen[i, j])
    return seen / samples**2


@njit(cache=True, error_model="numpy", nogil=True)
def _add_colour(panorama, east, up, south, colour):  # type: ignore[no-untyped-def]
    """Add to `colour` (3,) what `panorama` shows in a direction of the world, between its pixels' centres."""
    rows, columns, _ = panorama.shape
    across = (np.arctan2(east, -south) / (2 * np.pi) + 0.5) * columns - 0.5
    below = (0.5 - np.arctan2(up, np.sqrt(east * east + south * south)) / np.pi) * rows - 0.5
    left, top = int(np.floor(across)), int(np.floor(below))
    right_share, low_share = across - left, below - top
    upper, lower = min(max(top, 0), rows - 1), min(max(top + 1, 0), rows - 1)
    left, right = left % columns, (left + 1) % columns
    for channel in range(3):
        high = (1 - right_share) * panorama[upper, left, channel] + right_share * panorama[upper, right, channel]
        low = (1 - right_share) * panorama[lower, left, channel] + right_share * panorama[lower, right, channel]
        colour[channel] += (1 - low_share) * high + low_share * low
