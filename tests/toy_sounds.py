"""A made-up set of sounding objects: coloured squares on noise, and a tone for each colour. For tests of models."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from whence.datagen.shards import Field, Layout
from whence.digests import generator_for

COLOURS = ((220, 40, 40), (40, 200, 40), (60, 60, 230), (230, 220, 40))
TONES_HZ = (300.0, 700.0, 1500.0, 3200.0)
ROWS, COLUMNS, SAMPLES = 60, 80, 8000
SLOTS, SOURCES = 3, 5


@dataclass(frozen=True)
class SquaresAndTones:
    """Pictures of two or three squares of different colours; one home in three is for validation, one for tests."""

    rows: int = 96
    dataset: str = "sounding-objects"

    @property
    def recipe(self) -> Mapping[str, Any]:
        """How many pictures."""
        return {"rows": self.rows}

    @property
    def provenance(self) -> Mapping[str, Any]:
        """The names of the kinds."""
        return {"categories": ["red", "green", "blue", "yellow"]}

    @property
    def layout(self) -> Layout:
        """The arrays that models read."""
        fields = (
            Field("image", "uint8", "sRGB", (ROWS, COLUMNS, 3), ("row", "column", "colour"), chunk_rows=8),
            Field("mask", "uint8", "1 + slot", (ROWS, COLUMNS), ("row", "column"), chunk_rows=8),
            Field("dry", "int16", "sounds", (SOURCES, SAMPLES), ("source", "sample"), chunk_rows=8),
            Field("box", "float32", "fractions", (SLOTS, 4), ("slot", "side")),
            Field("category", "int16", "kind", (SOURCES,), ("source",)),
            Field("sample_id", "str", "name"),
            Field("split", "str", "train, val or test"),
        )
        return Layout("picture", self.rows, 24, fields)

    def render(self, row: int) -> dict[str, Any]:
        """Return one picture; its squares lie in different thirds of it."""
        rng = generator_for(0, f"squares/{row}")
        count, kinds = 2 + row % 2, rng.permutation(len(COLOURS))
        image = rng.integers(60, 160, (ROWS, COLUMNS, 3)).astype(np.uint8)
        mask, box = np.zeros((ROWS, COLUMNS), np.uint8), np.full((SLOTS, 4), np.nan, np.float32)
        dry = np.zeros((SOURCES, SAMPLES))
        for slot, third in enumerate(rng.permutation(SLOTS)[:count]):
            size, low = rng.integers(14, 20), 27 * third
            left, top = low + rng.integers(0, 26 - size + 1), rng.integers(0, ROWS - size)
            image[top : top + size, left : left + size] = COLOURS[kinds[slot]]
            mask[top : top + size, left : left + size] = 1 + slot
            box[slot] = np.array([left, top, left + size, top + size]) / (COLUMNS, ROWS, COLUMNS, ROWS)
            dry[slot] = _tone(kinds[slot], rng)
        dry[3], dry[4] = _tone(kinds[3], rng), _tone(kinds[0], rng)
        category = np.array([*kinds[:count], *[-1] * (SLOTS - count), kinds[3], kinds[0]])
        split = ("train", "train", "val", "test")[row % 4]
        return {
            "image": image,
            "mask": mask,
            "dry": dry,
            "box": box,
            "category": category,
            "sample_id": f"squares/{row:05d}",
            "split": split,
        }


def _tone(kind: int, rng: np.random.Generator) -> np.ndarray:
    """Return a tone of the kind's frequency, a little off, with noise."""
    turns = TONES_HZ[kind] * rng.uniform(0.97, 1.03) * np.arange(SAMPLES) / 16_000 + rng.random()
    return np.rint(6000 * rng.uniform(0.3, 1) * (np.sin(2 * np.pi * turns) + 0.1 * rng.standard_normal(SAMPLES)))
