"""Times shuffled training reads: our shards beside tar files, HDF5, Arrow and memory maps of the same rows.

    python -m whence.benchmarks.speed.reads data/tde.zarr

Rows a second of processor time, in batches of 32, from a warm cache, in one thread. The stores take turns in every
round; the ratio is the median over the rounds. For homes, a row is a place: all its views, and both parts of all its
responses. `--layouts` writes the rows again in shards of other sizes, by other codecs and as half-precision numbers. A
last line says how many clips of the track `azimuth` are rendered a second. Exit code 1 if a store gives another row
than was written.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from zarr.codecs import BloscCodec

from ...datagen.dataset import Dataset, read_rows
from ...errors import InputError, MissingPackage
from ...registry import load_track
from ..questions.source import open_source
from . import stores as stores_of_others
from .script import machine, run_in_one_thread, speed_parser
from .stores import Arrays, Store, arrow, hdf5, memory_map, shards, single_rows, tar, webdataset

READ = {"hm3d-ss": ("image", "impulse_response_direct", "impulse_response_indirect")}
"""The arrays that trainings read, by kind of set; of others, the audio."""
OURS = "shards, shuffled in memory"
RIVALS: Mapping[str, Callable[[Arrays, Path], Store]] = {
    "tar files, by tarfile": tar,
    "tar files, by WebDataset": webdataset,
    "HDF5, not compressed": hdf5,
    "Arrow file, mapped": arrow,
    "NumPy files, mapped": memory_map,
}
CODECS: Mapping[str, Mapping[str, Any]] = {
    "zstd": {"cname": "zstd", "clevel": 3},
    "lz4": {"cname": "lz4", "clevel": 5},
    "lz4hc": {"cname": "lz4hc", "clevel": 2},
    "not compressed": {"cname": "lz4", "clevel": 0},
}


def main(arguments: Sequence[str]) -> int:
    """Print a table for each set; return 1 if a store gives another row than was written."""
    options = _parse(arguments)
    print(f"{machine()}; medians of {options.rounds} rounds")
    return max(_table(Dataset(url), options) for url in options.data)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = speed_parser(__doc__)
    parser.add_argument("data", nargs="+", metavar="DATA.zarr")
    parser.add_argument("--rows", type=int, default=2000, help="rows that are read, at most")
    parser.add_argument("--rounds", type=int, default=5, help="times that each is repeated")
    parser.add_argument("--clips", type=int, default=128, help="clips that are rendered, at most")
    parser.add_argument("--layouts", action="store_true", help="write the rows again in other layouts, too")
    parser.add_argument("--folder", help="where the stores are written, for a while")
    return parser.parse_args(arguments)


def _table(dataset: Dataset, options: argparse.Namespace) -> int:
    """Print the table of one set; return whether a row was wrong."""
    arrays = {name: dataset.array(name) for name in READ.get(dataset.name, ("audio",))}
    count = min(len(dataset), options.rows)
    if count < stores_of_others.BATCH:
        raise InputError(
            f"{dataset.url}: {count} rows, less than a batch of {stores_of_others.BATCH}: give a larger set"
        )
    print(f"\n{dataset.url}: {dataset.name}, {count} rows of {', '.join(arrays)}")
    values = {name: read_rows(array, np.arange(count), dataset.url) for name, array in arrays.items()}
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        stores = {OURS: shards(arrays, count, _size(dataset, arrays, count))}
        stores["shards, row by row"] = single_rows(arrays, count, stores[OURS].size)
        stores |= _rivals(values, Path(folder)) | (_layouts(values, Path(folder)) if options.layouts else {})
        wrong = [name for name, store in stores.items() if not _is_true(store, values)]
        _print(stores, count, _rounds(stores, options.rounds))
    for name in wrong:
        print(f"{name}: gives other rows than were written")
    if dataset.name == "hm3d-ss":
        print(f"clips of `azimuth`, rendered: {_rendered(dataset, options.clips):.0f} a second")
    return int(bool(wrong))


def _rivals(values: Arrays, folder: Path) -> dict[str, Store]:
    """Write `values` in every store of others; those that are not installed are named."""
    found = {}
    for number, (name, write) in enumerate(RIVALS.items()):
        own = folder / str(number)
        own.mkdir()
        try:
            found[name] = write(values, own)
        except MissingPackage as error:
            print(error)
    return found


def _layouts(values: Arrays, folder: Path) -> dict[str, Store]:
    """Write `values` in shards of other sizes, by other codecs, and as half-precision numbers."""
    halves = {name: array.astype(np.float16) if array.dtype == np.float32 else array for name, array in values.items()}
    asked = {
        f"{name}, {each} a shard": (values, codec, each) for name, codec in CODECS.items() for each in (5, 50, 500)
    }
    if any(array.dtype == np.float16 for array in halves.values()):
        asked |= {f"float16, {name}, 50 a shard": (halves, codec, 50) for name, codec in CODECS.items()}
    return {name: _written(*how, folder / f"layout-{k}") for k, (name, how) in enumerate(asked.items())}


def _written(values: Arrays, codec: Mapping[str, Any], each: int, folder: Path) -> Store:
    """Write `values` in shards of `each` rows, compressed by `codec`: chunks are as large as ours."""
    group, count = zarr.create_group(folder), len(next(iter(values.values())))
    each = min(each, count)
    written = count // each * each
    for name, array in values.items():
        rows = max(min(each, 640_000 // array[0].nbytes), 1)
        compressor = BloscCodec(**codec, shuffle="shuffle", typesize=array.itemsize)
        chunks, shard = (np.gcd(rows, each), *array.shape[1:]), (each, *array.shape[1:])
        group.create_array(name, data=array[:written], chunks=chunks, shards=shard, compressors=compressor)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return shards({name: group[name] for name in values}, written, size * count // written)


def _size(dataset: Dataset, arrays: Mapping[str, Any], count: int) -> int:
    """Return the bytes on disk of `count` rows of `arrays`."""
    sizes = dataset.folder.sizes().items()
    return sum(size for path, size in sizes if path.split("/")[0] in arrays) * count // len(dataset)


def _is_true(store: Store, values: Arrays) -> bool:
    """Whether `store` gives the rows of `values`, none of them twice; half-precision numbers are rounded ones."""
    seen: list[int] = []
    for rows, found in store.read(0):
        seen += rows.tolist()
        if any((found[name] != array[rows].astype(found[name].dtype)).any() for name, array in values.items()):
            return False
    return 0 < len(seen) == len(set(seen))


def _rounds(stores: Mapping[str, Store], rounds: int) -> dict[str, list[float]]:
    """Return the rows a second of each store in every round."""
    rates: dict[str, list[float]] = {name: [] for name in stores}
    for seed in range(rounds):
        for name, store in stores.items():
            started = time.process_time()
            read = sum(len(rows) for rows, _ in store.read(seed))
            rates[name].append(read / (time.process_time() - started))
    return rates


def _print(stores: Mapping[str, Store], count: int, rates: Mapping[str, Sequence[float]]) -> None:
    print(f"{'':28} {'kB a row':>9} {'rows/s':>9} {'of ours':>8}")
    for name, store in stores.items():
        ratio = np.median(np.divide(rates[name], rates[OURS]))
        print(f"{name:28} {store.size / count / 1000:9.0f} {np.median(rates[name]):9.0f} {ratio:7.2f}x")


def _rendered(dataset: Dataset, most: int) -> float:
    """Return how many clips a second are rendered exactly as for a bench of the track `azimuth`."""
    source = open_source(load_track("azimuth"), dataset, None)
    labels, condition = source.labels.first(most), source.conditions()[0]
    for _ in range(2):  # the first pass compiles and warms up
        started = time.process_time()
        for _ in source.batches(labels, condition):
            pass
    return len(labels) / (time.process_time() - started)


if __name__ == "__main__":
    run_in_one_thread(main)
