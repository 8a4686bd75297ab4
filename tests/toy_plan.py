"""A made-up dataset that renders in no time, for the tests of shards and pipeline."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from whence.datagen.dataset import Dataset, Elsewhere
from whence.datagen.shards import Field, Layout
from whence.digests import generator_for

FIELDS = (
    Field("audio", "int16", "noise", (2, 50), ("channel", "sample"), {"sample_rate_hz": 16_000}, chunk_rows=2),
    Field("image", "uint8", "more noise", (3,), ("pixel",), chunk_rows=4),
    Field("sample_id", "str", "name"),
    Field("azimuth", "float64", "0 ahead", attributes={"units": "degrees"}),
    Field("rt60", "float32", "realised", (2,), ("channel",)),
    Field("count", "int8", "always zero"),
)


@dataclass(frozen=True)
class ToyPlan:
    """Eleven rows in shards of four."""

    seed: int = 1
    rows: int = 11
    rows_per_shard: int = 4
    silent: bool = False
    dataset: str = "toy"
    origin: str = "here"

    @property
    def recipe(self) -> Mapping[str, Any]:
        return {"seed": self.seed, "rows": self.rows, "silent": self.silent}

    @property
    def provenance(self) -> Mapping[str, Any]:
        return {"engine": {"name": "toy", "origin": self.origin}}

    @property
    def layout(self) -> Layout:
        return Layout("row", self.rows, self.rows_per_shard, FIELDS)

    def render(self, row: int) -> dict[str, Any]:
        rng = generator_for(self.seed, f"toy/{row}")
        loudness = 0 if self.silent else 1
        return {
            "audio": np.rint(loudness * 1_000 * rng.standard_normal((2, 50))),
            "image": loudness * rng.integers(0, 256, 3),
            "sample_id": f"toy/{row:03d} ä",
            "azimuth": rng.uniform(-90, 90),
            "rt60": [rng.uniform(), np.nan],
            "count": 0,
        }


def replan(dataset: Dataset, elsewhere: Elsewhere) -> ToyPlan:
    """Return the plan that `dataset` was made by."""
    return ToyPlan(**dataset.recipe, origin=elsewhere.get("origin") or dataset.attributes["engine"]["origin"])
