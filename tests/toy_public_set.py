"""A real sealed set of made-up sounds or pictures under given names, for the tests of what pages play and show."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from whence.benchmarks.questions.stimulus import Stimulus
from whence.datagen import shards
from whence.datagen.dataset import Dataset
from whence.datagen.shards import Field, Layout
from whence.digests import generator_for
from whence.registry import load_track

SHAPES = {"audio": (2, 1600), "images_0": (24, 32, 3), "images_1": (24, 32, 3)}


def write_public_set(
    url: str, names: Sequence[str], conditions: Sequence[Mapping[str, Any]], track="tde", gain=1.0, commitment="00" * 32
) -> Dataset:
    """Write and open a sealed set of `track` whose samples have these names, sounds times `gain`."""
    stimulus = load_track(track).stimulus
    layout = Layout("sample", len(names), len(names), tuple(_fields(stimulus, len(conditions))))
    recipe = {"track": track, "source": "toy", "conditions": [*map(dict, conditions)], "commitment": commitment}
    shards.begin(url, layout, {"dataset": "sealed", "recipe": recipe})
    shards.write_shard(url, layout, 0, list(_rows(stimulus, names, len(conditions), gain)))
    shards.finish(url, layout)
    return Dataset(url)


def _shown(stimulus: Stimulus, conditions: int) -> Iterable[tuple[str, int, str]]:
    """The arrays that are heard or seen: name, condition, stored name."""
    known = [array for array in stimulus.arrays if array.name in SHAPES]
    return [(array.name, k, array.stored_name(k)) for k in range(conditions) for array in known]


def _fields(stimulus: Stimulus, conditions: int) -> Iterator[Field]:
    yield Field("sample_id", "str", "name")
    for name, _, stored in _shown(stimulus, conditions):
        axes = tuple(f"{axis}_{stored}" for axis in ("a", "b", "c")[: len(SHAPES[name])])
        yield Field(stored, "float32" if name == "audio" else "uint8", "made up", SHAPES[name], axes, chunk_rows=4)


def _rows(stimulus: Stimulus, names: Sequence[str], conditions: int, gain: float) -> Iterator[dict[str, Any]]:
    for sample in names:
        row: dict[str, Any] = {"sample_id": sample}
        for name, k, stored in _shown(stimulus, conditions):
            noise = generator_for(k, sample).standard_normal(SHAPES[name])
            row[stored] = (gain * noise).astype(np.float32) if name == "audio" else (128 + 40 * noise).clip(0, 255)
        yield row
