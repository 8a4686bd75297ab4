"""Pairs of views with a known rotation, cropped from equirectangular photographs (SLfM, Sec. 4.4).

Follows the Stanford2D3D protocol: two perspective crops of one panorama, from a camera that turns about the vertical
axis. The paper gives no field of view, tilt or range of angles. We use the camera of HM3D-SS (320 x 240, 60 degrees)
with one pitch per pair, within 10 degrees of level, and rotations of 10 to 60 degrees left or right: beyond the field
of view the crops do not overlap.

A panorama is twice as wide as high. Its centre has longitude 0, longitude grows to the right, and its upper edge is
straight up. Headings are positive to the left, so a heading is the negative longitude.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from ..compiled import njit
from ..conventions import wrap_degrees
from ..digests import generator_for
from ..errors import InputError
from .bilinear import add_bilinear
from .cameras import Camera, image_plane, orientation
from .dataset import Dataset, Elsewhere
from .photographs import Photographs, find_photographs
from .pictures import Picture, read_picture
from .shards import Field as ArrayField
from .shards import Layout
from .sources import Recorded, place_of

CAMERA = Camera()
PRESETS = {"tiny": 10, "small": 100, "paper": 1_000}
"""Pairs per photograph, by preset; the paper does not give a number."""
SMALLEST_ROTATION, LARGEST_ROTATION = 10.0, 60.0
LARGEST_PITCH = 10.0
SAMPLES = 4
"""Rays per pixel across and down: 16 in total, so that even 4096 x 2048 photographs are sampled without gaps."""

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
    """Everything that affects the bytes of a panoramas dataset."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Field(default=0, ge=0)
    pairs: int = Field(ge=1)
    """Per photograph."""
    smallest_rotation: float = SMALLEST_ROTATION
    largest_rotation: float = LARGEST_ROTATION
    largest_pitch: float = LARGEST_PITCH
    images: str
    """Digest of the photographs."""
    rows_per_shard: int = Field(default=50, ge=1)


@dataclass(frozen=True)
class PanoramaPlan:
    """Renders any pair of a panoramas dataset from `photographs`."""

    settings: PanoramaRecipe
    photographs: Photographs
    dataset: str = field(default="panoramas", init=False)

    @property
    def recipe(self) -> Mapping[str, Any]:
        """The recipe as JSON values."""
        return self.settings.model_dump(mode="json")

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Location of the photographs and how they are cropped."""
        location = str(Path(self.photographs.folder).resolve())
        return {
            "engine": {"name": "perspective crops", "location": location, "samples_per_pixel": SAMPLES**2},
            "images": {
                "photographs": len(self.photographs.names),
                "location": location,
                "left_out": dict(self.photographs.left_out),
            },
        }

    @property
    def layout(self) -> Layout:
        """One row per pair, cycling through the photographs."""
        rows = self.settings.pairs * len(self.photographs.names)
        return Layout("pair", rows, self.settings.rows_per_shard, _FIELDS)

    def render(self, row: int) -> dict[str, Any]:
        """Return every field of row `row`."""
        number, which = divmod(row, len(self.photographs.names))
        name = self.photographs.names[which]
        sample_id = f"{Path(name).with_suffix('').as_posix()}/{number:05d}"
        rng = generator_for(self.settings.seed, sample_id)
        start = rng.uniform(0, 360)
        turn = rng.uniform(self.settings.smallest_rotation, self.settings.largest_rotation) * rng.choice([-1, 1])
        pitch = rng.uniform(-self.settings.largest_pitch, self.settings.largest_pitch)
        heading = np.mod([start, start + turn], 360)
        panorama = _read(str(Path(self.photographs.folder) / name))
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

    The camera turns by 10 to `largest_rotation` degrees. Raises InputError for a folder without photographs, and for a
    picture that cannot be read, is not twice as wide as high, or is not a photograph.
    """
    if pairs < 1:
        raise InputError(f"pairs={pairs}: expected 1 or more")
    if not SMALLEST_ROTATION < largest_rotation <= 180:
        raise InputError(f"largest rotation {largest_rotation:g} deg: expected more than {SMALLEST_ROTATION:g} to 180")
    found = find_photographs(images)
    recipe = PanoramaRecipe(seed=seed, pairs=pairs, largest_rotation=largest_rotation, images=found.digest)
    return PanoramaPlan(recipe, found)


def replan(dataset: Recorded, elsewhere: Elsewhere) -> PanoramaPlan:
    """Return the plan that made `dataset`; raises InputError if its photographs are missing or changed."""
    recipe = PanoramaRecipe(**dataset.recipe)
    folder = place_of(dataset, elsewhere, "images")
    if isinstance(dataset, Dataset):  # which names them, so others may have come since
        photographs = Photographs(folder, tuple(dict.fromkeys(dataset.column("panorama").tolist())))
    else:
        photographs = find_photographs(folder)
    if photographs.digest != recipe.images:
        raise InputError(f"{folder} holds other photographs than the dataset was made from: give --images DIR")
    return PanoramaPlan(recipe, photographs)


@lru_cache(maxsize=4)
def _read(path: str) -> Picture:
    return read_picture(Path(path))


def crop(panorama: Picture, heading: float, pitch: float, camera: Camera = CAMERA, samples: int = SAMPLES) -> Picture:
    """Return the crop of `panorama` (h, 2 h, 3) that `camera` sees at `heading` and `pitch` (degrees).

    It is uint8 (height, width, 3). A pixel is the mean of `samples` x `samples` rays spread evenly over its area.
    """
    corner, right, down = image_plane(camera, orientation(heading, pitch))
    seen = _mean_colours(panorama, np.stack([corner, right, down]), camera.height, camera.width, samples)
    return np.asarray(np.rint(seen), dtype=np.uint8)


@njit(cache=True, error_model="numpy", nogil=True)
def _mean_colours(panorama, plane, height, width, samples):  # type: ignore[no-untyped-def]
    """Return the mean colours (height, width, 3) of the pixels of a `plane`, given as its corner and pixel steps."""
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
    """Add to `colour` (3,) the bilinear sample of `panorama` in a world direction."""
    rows, columns, _ = panorama.shape
    across = (np.arctan2(east, -south) / (2 * np.pi) + 0.5) * columns - 0.5
    below = (0.5 - np.arctan2(up, np.sqrt(east * east + south * south)) / np.pi) * rows - 0.5
    left, top = int(np.floor(across)), int(np.floor(below))
    upper, lower = min(max(top, 0), rows - 1), min(max(top + 1, 0), rows - 1)
    shares = below - top, across - left
    add_bilinear(panorama, (upper, lower), (left % columns, (left + 1) % columns), shares, colour)
