"""A small dataset with the arrays of `sounding-objects`: coloured rectangles that hum, for tests."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from whence.datagen.shards import Field, Layout
from whence.digests import generator_for

HEIGHT, WIDTH, SAMPLES, TAPS = 240, 320, 4000, 64
SLOTS = 3
SPLITS = ("train", "val", "test", "test")
"""Splits of the homes, over and over."""

_PLACED = (
    Field("azimuth", "float64", "of the source", (SLOTS + 2,), ("source",)),
    Field("elevation", "float64", "of the source", (SLOTS + 2,), ("source",)),
    Field("distance", "float64", "of the source", (SLOTS + 2,), ("source",)),
    Field("direct_to_reverberant", "float64", "mean of the ears", (SLOTS + 2,), ("source",)),
)
FIELDS = (
    Field("image", "uint8", "sRGB", (HEIGHT, WIDTH, 3), ("row", "column", "colour"), chunk_rows=4),
    Field("mask", "uint8", "visible objects", (HEIGHT, WIDTH), ("row", "column"), chunk_rows=4),
    Field("dry", "int16", "sounds", (SLOTS + 2, SAMPLES), ("source", "sample"), chunk_rows=4),
    Field("box", "float32", "around the visible pixels", (SLOTS, 4), ("object", "side")),
    Field("area", "float32", "share of the picture", (SLOTS,), ("object",)),
    Field("category", "int16", "kind of each source", (SLOTS + 2,), ("source",)),
    Field("sound_id", "int64", "seed of each sound", (SLOTS + 2,), ("source",)),
    *_PLACED,
    Field("sample_id", "str", "name"),
    Field("scene", "str", "home"),
    Field("split", "str", "train, val or test"),
)
RESPONSES = Field(
    "impulse_response", "float32", "at both ears", (SLOTS + 2, 2, TAPS), ("source", "ear", "tap"), chunk_rows=4
)
DRAWN = Field("annotator_box", "float32", "by simulated annotators", (3, SLOTS, 4), ("annotator", "object", "side"))


@dataclass(frozen=True)
class ToySounding:
    """Rows of pictures with two or three rectangles, two rows a home."""

    rows: int = 24
    room: bool = False
    annotators: bool = False
    seed: int = 2**70
    dataset: str = "sounding-objects"

    @property
    def recipe(self) -> Mapping[str, Any]:
        return {"seed": self.seed, "rows": self.rows}

    @property
    def provenance(self) -> Mapping[str, Any]:
        return {"categories": ["kettle", "dog", "fan", "radio"]}

    @property
    def layout(self) -> Layout:
        more = (*((RESPONSES,) if self.room else ()), *((DRAWN,) if self.annotators else ()))
        return Layout("row", self.rows, 8, (*FIELDS, *more))

    def render(self, row: int) -> dict[str, Any]:
        rng = generator_for(0, f"sounding/{row}")
        objects = 2 + row % 2
        boxes = placed(objects, rng)
        image = rng.integers(0, 60, (HEIGHT, WIDTH, 3))
        mask = np.zeros((HEIGHT, WIDTH), np.uint8)
        for k, (x0, y0, x1, y1) in enumerate(np.rint(boxes[:objects] * [WIDTH, HEIGHT, WIDTH, HEIGHT]).astype(int)):
            image[y0:y1, x0:x1] = 80 + 80 * np.eye(3)[k]
            mask[y0:y1, x0:x1] = k + 1
        home = row // 2
        there = np.array([k < objects or k >= SLOTS for k in range(SLOTS + 2)])
        found = {
            "image": image,
            "mask": mask,
            "dry": np.where(there[:, None], rng.integers(-9000, 9000, (SLOTS + 2, SAMPLES)), 0),
            "box": boxes,
            "area": np.array([(mask == k + 1).mean() if there[k] else np.nan for k in range(SLOTS)]),
            "category": np.where(there, [0, 1, 2, 3, 0], -1),
            "sound_id": 1000 * row + np.arange(SLOTS + 2),
            **{field.name: np.where(there, rng.uniform(-40, 40, SLOTS + 2), np.nan) for field in _PLACED},
            "sample_id": f"toy-{home:05d}/{row % 2:05d}",
            "scene": f"toy-{home:05d}",
            "split": SPLITS[home % len(SPLITS)],
        }
        if self.room:
            found["impulse_response"] = rng.standard_normal((SLOTS + 2, 2, TAPS)) / 20
        if self.annotators:
            found["annotator_box"] = np.clip(boxes + rng.uniform(-0.02, 0.02, (3, SLOTS, 4)), 0, 1)
        return found


def placed(objects: int, rng: np.random.Generator) -> np.ndarray:
    """Boxes (3, 4) on whole pixels, one a third of the picture's width; NaN in an empty slot."""
    boxes = np.full((SLOTS, 4), np.nan)
    for k in range(objects):
        left, top = 100 * k + 10 * rng.integers(0, 4), 10 * rng.integers(2, 14)
        width, height = 10 * rng.integers(4, 7), 10 * rng.integers(5, 9)
        boxes[k] = np.array([left, top, left + width, top + height]) / [WIDTH, HEIGHT, WIDTH, HEIGHT]
    return boxes


@dataclass(frozen=True)
class ToyImported:
    """Clips as an imported public set holds them: two sounds a picture, the last clip not sounding."""

    rows: int = 6
    annotators: int = 3
    reverse: bool = False
    """Name the pictures in descending order."""
    dataset: str = "sounding-objects-import"

    @property
    def recipe(self) -> Mapping[str, Any]:
        return {"set": "flickr-soundnet", "clips": self.rows}

    @property
    def provenance(self) -> Mapping[str, Any]:
        return {"categories": []}

    @property
    def layout(self) -> Layout:
        boxes = (self.annotators, 2)
        fields = (
            Field("image", "uint8", "sRGB", (HEIGHT, WIDTH, 3), ("row", "column", "colour"), chunk_rows=1),
            Field("dry", "int16", "sound", (1, SAMPLES), ("source", "sample"), chunk_rows=1),
            Field("annotator_box", "float32", "drawn", (*boxes, 4), ("annotator", "box", "side")),
            Field("box_source", "int8", "of each box", boxes, ("annotator", "box")),
            Field("sounding", "int8", "0 if nothing in the picture sounds"),
            Field("picture", "str", "shared by clips"),
            Field("sample_id", "str", "name"),
        )
        return Layout("clip", self.rows, 3, fields)

    def render(self, row: int) -> dict[str, Any]:
        rng = generator_for(0, f"imported/{row}")
        drawn = np.full((self.annotators, 2, 4), np.nan)
        source = np.full((self.annotators, 2), -1)
        if row not in (2, self.rows - 1):
            drawn[:, 0] = np.array([0.1, 0.1, 0.6, 0.6]) + 0.01 * np.arange(self.annotators)[:, None]
            source[:, 0] = 0
        if row == 3:
            drawn[:, 1], source[:, 1] = [0.7, 0.7, 0.9, 0.9], 1
        return {
            "image": rng.integers(0, 255, (HEIGHT, WIDTH, 3)),
            "dry": rng.integers(-9000, 9000, (1, SAMPLES)),
            "annotator_box": drawn,
            "box_source": source,
            "sounding": int(row != self.rows - 1),
            "picture": f"picture-{9 - row // 2 if self.reverse else row // 2}",
            "sample_id": f"clip-{row}",
        }
