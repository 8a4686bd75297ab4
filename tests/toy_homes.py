"""A made-up HM3D-SS that renders in no time, for the tests of binaural sound: a sphere hears, noise is the echo."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from conftest import babble

from whence.conventions import wrap_degrees
from whence.datagen.acoustics.sphere_head import SphereHead
from whence.datagen.cameras import PITCH_DEG, Camera
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
        azimuth = rng.uniform(-180, 180, (SOURCES, VIEWS))
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


@dataclass(frozen=True)
class SeeingHomes(ToyHomes):
    """Toy homes with pictures: noise on a wall all around, one pixel a degree."""

    @property
    def layout(self) -> Layout:
        camera = {"horizontal_field_of_view_deg": Camera().horizontal_field_of_view, "pitch_deg": PITCH_DEG}
        picture = (VIEWS, 60, 80, 3)
        seen = (
            Field("image", "uint8", "sRGB", picture, ("view", "row", "column", "colour"), camera, 1),
            Field("heading", "float64", "left positive", (VIEWS,), ("view",)),
        )
        known = super().layout
        return replace(known, fields=(*seen, *known.fields))

    def render(self, row: int) -> dict[str, Any]:
        rng = generator_for(4, f"seen/{row}")
        turns = np.append(0.0, rng.uniform(10, 90, VIEWS - 1) * rng.choice([-1, 1], VIEWS - 1))
        wall = np.kron(rng.integers(0, 256, (15, 90, 3)), np.ones((4, 4, 1))).astype(np.uint8)
        image = np.stack([np.roll(wall, round(turn), axis=1)[:, :80] for turn in turns])
        return {"image": image, "heading": wrap_degrees(30 + turns), **super().render(row)}
