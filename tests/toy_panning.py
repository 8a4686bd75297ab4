"""A small dataset with the arrays of `panning`: coloured squares around a camera that hum in turn, for tests."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from whence.conventions import SAMPLE_RATE
from whence.datagen.panning import FRAMES, OBJECTS, SAMPLES
from whence.datagen.shards import Field, Layout
from whence.datagen.sounding.timeline import TURN_SECONDS, loudest
from whence.digests import generator_for

HEIGHT, WIDTH, SIDE = 96, 192, 8
COLOURS = np.array([[220, 40, 40], [40, 220, 40], [40, 40, 220], [220, 220, 40]])
HUMS = np.array([250.0, 500.0, 1000.0, 2000.0])
"""Hz, of the square with each colour."""
FIELDS = (
    Field("image", "uint8", "equirectangular", (HEIGHT, WIDTH, 3), ("row", "column", "channel"), chunk_rows=1),
    Field("mask", "uint8", "objects", (HEIGHT, WIDTH), ("row", "column"), chunk_rows=1),
    Field("mixture", "int16", "all sounds", (SAMPLES,), ("sample",), chunk_rows=1),
    Field("sounding", "int16", "the loudest source", (FRAMES,), ("frame",)),
    Field("category", "int16", "kind of each source", (OBJECTS,), ("source",)),
    Field("azimuth", "float64", "of each source", (OBJECTS,), ("source",)),
    Field("distance", "float64", "of each source", (OBJECTS,), ("source",)),
    Field("start", "float64", "of each source", (OBJECTS,), ("source",)),
    Field("stop", "float64", "of each source", (OBJECTS,), ("source",)),
    Field("sample_id", "str", "name"),
    Field("scene", "str", "home"),
)


@dataclass(frozen=True)
class ToyPanning:
    """A clip in each of `rows` homes."""

    rows: int = 8
    seed: int = 2**70
    dataset: str = "panning"

    @property
    def recipe(self) -> Mapping[str, Any]:
        return {"seed": self.seed, "rows": self.rows}

    @property
    def provenance(self) -> Mapping[str, Any]:
        return {"categories": ["kettle", "dog", "fan", "radio"]}

    @property
    def layout(self) -> Layout:
        return Layout("clip", self.rows, 4, FIELDS)

    def render(self, row: int) -> dict[str, Any]:
        rng = generator_for(0, f"panning/{row}")
        columns = (rng.permutation(OBJECTS) * (WIDTH // OBJECTS) + rng.integers(0, 24) + 6) % WIDTH
        image, mask = rng.integers(90, 110, (HEIGHT, WIDTH, 3)), np.zeros((HEIGHT, WIDTH), np.uint8)
        top = HEIGHT // 2 + 8  # below the horizon, where the views look
        for k, column in enumerate(columns):
            across = np.arange(column - SIDE // 2, column + SIDE // 2) % WIDTH
            image[top : top + SIDE, across], mask[top : top + SIDE, across] = COLOURS[k], k + 1
        heard = np.zeros((OBJECTS, SAMPLES))
        turn, time = round(TURN_SECONDS * SAMPLE_RATE), np.arange(SAMPLES) / SAMPLE_RATE
        places = rng.permutation(OBJECTS)
        for k, place in enumerate(places):
            part = slice(place * turn, (place + 1) * turn - SAMPLE_RATE)  # then a second of silence
            heard[k, part] = 0.3 * np.sin(2 * np.pi * HUMS[k] * time[part])
        return {
            "image": image,
            "mask": mask,
            "mixture": np.rint(heard.sum(axis=0) * 32767),
            "sounding": loudest(heard),
            "category": np.arange(OBJECTS),
            "azimuth": (0.5 - columns / WIDTH) * 360,
            "distance": np.full(OBJECTS, 2.0),
            "start": places * TURN_SECONDS,
            "stop": (places + 1) * TURN_SECONDS - 1,
            "sample_id": f"toy-{row:05d}/00000",
            "scene": f"toy-{row:05d}",
        }


@dataclass(frozen=True)
class Listener:
    """A map method that knows which colour hums how."""

    version = "1"
    tracks = ("sounding-object",)

    def predict(self, batch: Any) -> np.ndarray:
        """Return maps of pixels with the colour of what is heard."""
        spectrum = np.abs(np.fft.rfft(batch.audio[:, 0], axis=1))
        heard = np.fft.rfftfreq(batch.audio.shape[2], 1 / batch.sample_rate)[spectrum.argmax(axis=1)]
        kinds = np.abs(heard[:, None] - HUMS).argmin(axis=1)
        away = np.abs(batch.image.astype(int) - COLOURS[kinds][:, None, None]).sum(axis=3)
        return np.clip(1 - away / 90, 0, 1)
