"""A made-up HM3D-SS that renders in no time, for the tests of binaural sound: a sphere hears, noise is the echo."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from conftest import babble

from whence.conventions import wrap_degrees
from whence.datagen.acoustics.sphere_head import SphereHead
from whence.datagen.cameras import PITCH_DEG, Camera, orientation, ray_directions
from whence.datagen.shards import Field, Layout
from whence.digests import generator_for

SOURCES, VIEWS, DRY = 3, 4, 5
SPLITS = ("train", "val", "test", "test")


def direction(azimuth: np.ndarray) -> np.ndarray:
    """Unit vectors (..., 3) in head axes towards `azimuth` (degrees, left positive)."""
    angle = np.radians(azimuth)
    return np.stack([-np.sin(angle), np.zeros_like(angle), -np.cos(angle)], axis=-1)


@dataclass(frozen=True)
class ToyDry:
    """Five dry clips of 7.65 s."""

    dataset: str = "dry-clips"

    @property
    def recipe(self) -> Mapping[str, Any]:
        return {"clips": DRY}

    @property
    def provenance(self) -> Mapping[str, Any]:
        return {}

    @property
    def layout(self) -> Layout:
        return Layout("clip", DRY, DRY, (Field("audio", "int16", "dry", (122_400,), ("sample",), chunk_rows=1),))

    def render(self, row: int) -> dict[str, Any]:
        return {"audio": np.rint(20_000 * babble(7.65, np.random.default_rng(row)))}


@dataclass(frozen=True)
class ToyHomes:
    """Examples in four scenes, one after the other: three sources at random azimuths in four views each."""

    rows: int = 8
    echo: float = 1.0
    dataset: str = "hm3d-ss"

    @property
    def recipe(self) -> Mapping[str, Any]:
        return {"rows": self.rows, "echo": self.echo}

    @property
    def provenance(self) -> Mapping[str, Any]:
        return {}

    @property
    def parts(self) -> Mapping[str, Any]:
        return {"dry": ToyDry()}

    @property
    def layout(self) -> Layout:
        pair = (SOURCES, VIEWS)
        fields = (
            Field("impulse_response_direct", "float32", "direct", (*pair, 2, 512), ("source", "view", "ear", "d")),
            Field("impulse_response_indirect", "float32", "rest", (*pair, 2, 4000), ("source", "view", "ear", "i")),
            Field("sample_id", "str", "name"),
            Field("scene", "str", "home"),
            Field("split", "str", "by scene"),
            Field("azimuth", "float64", "left positive", pair, ("source", "view")),
            Field("dry_clip", "int64", "row of dry", (SOURCES,), ("source",)),
        )
        return Layout("example", self.rows, 2, fields)

    def render(self, row: int) -> dict[str, Any]:
        rng = generator_for(3, f"home/{row}")
        azimuth = self._azimuth(row, rng)
        direct = np.zeros((SOURCES, VIEWS, 2, 512), np.float32)
        direct[..., 100:228] = SphereHead().responses(direction(azimuth).reshape(-1, 3)).reshape(SOURCES, VIEWS, 2, 128)
        noise = rng.standard_normal((SOURCES, VIEWS, 2, 4000)) * np.exp(-np.arange(4000) / 600)
        noise[..., :300] = 0
        scene = row * len(SPLITS) // self.rows
        return {
            "impulse_response_direct": direct,
            "impulse_response_indirect": 0.05 * self.echo * noise,
            "sample_id": f"home-{scene}/{row:05d}",
            "scene": f"home-{scene}",
            "split": SPLITS[scene],
            "azimuth": azimuth,
            "dry_clip": rng.choice(DRY, SOURCES, replace=False),
        }

    def _azimuth(self, row: int, rng: np.random.Generator) -> np.ndarray:
        return rng.uniform(-180, 180, (SOURCES, VIEWS))


CAMERA = Camera(80, 60)


@dataclass(frozen=True)
class SeenHomes(ToyHomes):
    """The same with pictures: the colour is a smooth function of the direction, another one in each example.

    Homes to train on play the dry clips 0 to 2, others 2 to 4.
    """

    rows: int = 24
    splits: tuple[str, ...] = SPLITS

    @property
    def layout(self) -> Layout:
        seen = {"horizontal_field_of_view_deg": CAMERA.horizontal_field_of_view, "pitch_deg": PITCH_DEG}
        picture = (VIEWS, CAMERA.height, CAMERA.width, 3)
        fields = (
            Field("image", "uint8", "seen", picture, ("view", "row", "column", "channel"), seen, 1),
            Field("heading", "float64", "left positive", (VIEWS,), ("view",)),
        )
        return Layout("example", self.rows, 2, (*super().layout.fields, *fields))

    def render(self, row: int) -> dict[str, Any]:
        found, heading = super().render(row), headings(row)
        split = self.splits[row * len(SPLITS) // self.rows]
        clips = np.arange(SOURCES) if split == "train" else np.arange(DRY - SOURCES, DRY)
        return found | {
            "image": np.stack([picture(row, turn) for turn in heading]),
            "heading": heading,
            "split": split,
            "dry_clip": np.roll(clips, row),
        }

    def _azimuth(self, row: int, rng: np.random.Generator) -> np.ndarray:
        heading = headings(row)
        return wrap_degrees(rng.uniform(-180, 180, (SOURCES, 1)) - heading + heading[0])


def headings(row: int) -> np.ndarray:
    """Headings (VIEWS,), degrees: the first anywhere, the others up to 60 from it."""
    rng = generator_for(4, f"heading/{row}")
    return np.mod(rng.uniform(0, 360) + np.append(0, rng.uniform(-60, 60, VIEWS - 1)), 360)


def picture(row: int, heading: float) -> np.ndarray:
    """What a camera sees that looks towards `heading` (degrees) in example `row`: uint8 (60, 80, 3)."""
    rng = generator_for(5, f"pattern/{row}")
    rays = ray_directions(CAMERA, orientation(heading))
    waves = np.einsum("hwa,kca->hwkc", rays, 4 * rng.standard_normal((4, 3, 3))) + rng.uniform(0, 6, (4, 3))
    return np.uint8(128 + 120 * np.cos(waves).mean(axis=2))
