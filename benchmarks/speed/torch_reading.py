"""Times how many samples a second `whence.torch` gives, beside how fast Zarr alone reads the same rows.

    python -m whence.benchmarks.speed.torch_reading tde data/tde.zarr --workers 0 2

`Zarr alone` reads the large arrays shard by shard and makes nothing of them; its samples are those of the rows.
"""

import argparse
import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from torch.utils.data import DataLoader

from ... import torch as whence_torch
from ...datagen.dataset import Dataset, read_rows
from ...script import run_script
from .script import speed_parser

BATCH = 64


def main(arguments: Sequence[str]) -> int:
    """Print the table; return 1 if the stream misses a sample."""
    options = _parse(arguments)
    stream = whence_torch.Stream(options.track, options.data)
    rates = {"Zarr alone": _rate(lambda: _raw(options.data), len(stream), options.least)}
    for workers in options.workers:
        loader = DataLoader(stream, batch_size=BATCH, num_workers=workers, collate_fn=whence_torch.collate)
        rates[f"Stream, {workers} workers"] = _rate(lambda one=loader: _count(one), len(stream), options.least)  # type: ignore[misc]
    samples = whence_torch.Samples(options.track, options.data)
    shuffled = DataLoader(samples, batch_size=BATCH, shuffle=True, collate_fn=whence_torch.collate)
    rates["Samples, shuffled"] = _rate(lambda: _count(shuffled), len(samples), options.least)
    for name, rate in rates.items():
        print(f"{name:20} {rate:10.0f} samples/s")
    return int(sum(len(batch["sample_id"]) for batch in loader) != len(stream))


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = speed_parser(__doc__)
    parser.add_argument("track")
    parser.add_argument("data", metavar="DATA.zarr")
    parser.add_argument("--workers", type=int, nargs="+", default=[0], help="numbers of worker processes")
    parser.add_argument("--least", type=float, default=2.0, help="seconds that each is repeated for, at least")
    return parser.parse_args(arguments)


def _raw(url: str) -> int:
    """Read every large array of the dataset at `url`, a shard at a time; return the number of rows."""
    dataset = Dataset(url)
    for name in dataset.manifest["arrays"]:
        array = dataset.array(name)
        for rows in _shards(len(dataset), 0 if array.shards is None else array.shards[0]):
            read_rows(array, rows, url)
    return len(dataset)


def _shards(rows: int, each: int) -> Iterator[np.ndarray]:
    for first in range(0, rows, each) if each else ():
        yield np.arange(first, min(first + each, rows))


def _count(loader: "DataLoader[whence_torch.Sample]") -> int:
    return sum(len(batch["sample_id"]) for batch in loader)


def _rate(once: Callable[[], int], samples: int, least: float) -> float:
    """Return samples a second of `once`, which goes through all, after a first pass that warms the caches."""
    once()
    started, passes = time.perf_counter(), 0
    while passes == 0 or time.perf_counter() - started < least:
        once()
        passes += 1
    return passes * samples / (time.perf_counter() - started)


if __name__ == "__main__":
    run_script(main)
