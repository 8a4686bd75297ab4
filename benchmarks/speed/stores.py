"""The same rows in stores that others train from. Each writes them once, and reads them in random order, in batches."""

import io
import tarfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ...datagen.dataset import read_rows
from ...errors import MissingPackage
from ...models.data.reading import BufferedReader, ShuffledRows

Rows = npt.NDArray[np.intp]
Arrays = Mapping[str, Any]
"""Values by name, each (rows, ...)."""
Batches = Iterator[tuple[Rows, Arrays]]

BATCH = 32
TOGETHER = 1000
"""Rows that are in memory at once to be shuffled, where a store is read in its order."""
_ROWS_PER_TAR = 100


@dataclass(frozen=True)
class Store:
    """Rows on disk: their bytes, and what reads all of them in the random order of a seed."""

    size: int
    read: Callable[[int], Batches]


def shards(arrays: Mapping[str, Any], count: int, size: int) -> Store:
    """Return the store of the first `count` rows of Zarr `arrays`, read whole shards at a time as trainings do."""
    each = min(array.shards[0] for array in arrays.values())

    def read(seed: int) -> Batches:
        order = ShuffledRows(np.arange(count), each, seed, buffered_shards=max(TOGETHER // each, 1))
        readers = {name: BufferedReader(order, _reading(array)) for name, array in arrays.items()}
        for step in range(count // BATCH):
            read = {name: reader.rows_of(step, BATCH) for name, reader in readers.items()}
            rows, _ = next(iter(read.values()))
            yield rows, {name: values for name, (_, values) in read.items()}

    return Store(size, read)


def _reading(array: Any) -> Callable[[Rows], npt.NDArray[Any]]:
    """Return what reads rows of a Zarr `array`."""
    return lambda rows: read_rows(array, rows, "the set")


def single_rows(arrays: Mapping[str, Any], count: int, size: int) -> Store:
    """Return the store of the first `count` rows of Zarr `arrays`, read one by one, which is what to avoid."""

    def read(seed: int) -> Batches:
        for rows in _permuted(count, seed):
            ones = {name: [read_rows(array, row[None], "the set") for row in rows] for name, array in arrays.items()}
            yield rows, {name: np.concatenate(values) for name, values in ones.items()}

    return Store(size, read)


def memory_map(values: Arrays, folder: Path) -> Store:
    """Write `values` as plain files; return their store, read through memory maps."""
    for name, array in values.items():
        np.save(folder / f"{name}.npy", array)

    def read(seed: int) -> Batches:
        maps = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in values}
        for rows in _permuted(_count(values), seed):
            yield rows, {name: array[rows] for name, array in maps.items()}

    return Store(_size(folder), read)


def hdf5(values: Arrays, folder: Path) -> Store:
    """Write `values` as one HDF5 file without compression; return its store, read row by row."""
    with h5py.File(folder / "rows.h5", "w") as file:
        for name, array in values.items():
            file.create_dataset(name, data=array)

    def read(seed: int) -> Batches:
        with h5py.File(folder / "rows.h5") as file:
            for rows in _permuted(_count(values), seed):
                yield rows, {name: np.stack([file[name][row] for row in rows]) for name in values}

    return Store(_size(folder), read)


def arrow(values: Arrays, folder: Path) -> Store:
    """Write `values` as one Arrow file; return its store, read through a memory map."""
    table = pa.table({name: _as_binary(array) for name, array in values.items()})
    with pa.ipc.new_file(str(folder / "rows.arrow"), table.schema) as file:
        file.write_table(table)

    def read(seed: int) -> Batches:
        mapped = pa.ipc.open_file(pa.memory_map(str(folder / "rows.arrow"))).read_all()
        columns = {name: _from_binary(mapped[name], values[name]) for name in values}
        for rows in _permuted(_count(values), seed):
            yield rows, {name: column[rows] for name, column in columns.items()}

    return Store(_size(folder), read)


def _as_binary(array: npt.NDArray[Any]) -> pa.Array:
    width = array[0].nbytes
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), len(array), [None, pa.py_buffer(array)])


def _from_binary(column: pa.ChunkedArray, like: npt.NDArray[Any]) -> npt.NDArray[Any]:
    (chunk,) = column.chunks
    assert chunk.offset == 0
    found = np.frombuffer(chunk.buffers()[1], np.uint8)[: len(chunk) * like[0].nbytes]
    return found.view(like.dtype).reshape(len(chunk), *like.shape[1:])


def tar(values: Arrays, folder: Path) -> Store:
    """Write `values` as tar files, a member a row and array, as WebDataset has them; return their store."""
    for first in range(0, _count(values), _ROWS_PER_TAR):
        with tarfile.open(folder / f"{first:08d}.tar", "w") as file:
            for row in range(first, min(first + _ROWS_PER_TAR, _count(values))):
                for name, array in values.items():
                    _add(file, f"{row:08d}.{name}.npy", array[row])
    return Store(_size(folder), lambda seed: _from_tars(folder, seed))


def _add(file: tarfile.TarFile, name: str, value: npt.NDArray[Any]) -> None:
    content = io.BytesIO()
    np.save(content, value)
    about = tarfile.TarInfo(name)
    about.size = content.tell()
    content.seek(0)
    file.addfile(about, content)


def _from_tars(folder: Path, seed: int) -> Batches:
    """Yield rows of tar files in random order, shuffled in memory: Python's `tarfile`, with nothing around it."""
    rng, held = np.random.default_rng(seed), []
    for path in rng.permutation(sorted(folder.glob("*.tar"))):
        for row in _members(path):
            held.append(row)
            if len(held) >= TOGETHER:
                yield from _drawn(held, rng, BATCH)
    yield from _drawn(held, rng, len(held) // BATCH * BATCH)


def _members(path: Path) -> Iterator[tuple[int, Arrays]]:
    """Yield the rows of one tar file in their order."""
    with tarfile.open(path, "r|") as file:
        values: dict[str, dict[str, Any]] = {}
        for member in file:
            key, name, _ = member.name.split(".")
            content = file.extractfile(member)
            assert content is not None, "every member is a file"
            values.setdefault(key, {})[name] = np.load(io.BytesIO(content.read()))
    return ((int(key), row) for key, row in values.items())


def _drawn(held: list[tuple[int, Arrays]], rng: np.random.Generator, count: int) -> Batches:
    """Yield `count` rows of those `held`, drawn at random, in batches: they are held no longer."""
    for _ in range(0, count, BATCH):
        rows, values = zip(*(held.pop(int(rng.integers(len(held)))) for _ in range(BATCH)), strict=True)
        yield np.array(rows), {name: np.stack([one[name] for one in values]) for name in values[0]}


def webdataset(values: Arrays, folder: Path) -> Store:
    """Write `values` as `tar` does; return their store, read by WebDataset. Raises MissingPackage without it."""
    try:
        from webdataset import WebDataset
    except ModuleNotFoundError:
        raise MissingPackage("WebDataset is not installed: pip install webdataset") from None

    def read(seed: int) -> Batches:
        urls = [str(path) for path in np.random.default_rng(seed).permutation(sorted(folder.glob("*.tar")))]
        rows = WebDataset(urls, shardshuffle=False).shuffle(TOGETHER, seed=seed).decode()
        for batch in rows.batched(BATCH, partial=False):
            yield np.array(batch["__key__"]).astype(np.intp), {name: batch[f"{name}.npy"] for name in values}

    return Store(tar(values, folder).size, read)


def _permuted(count: int, seed: int) -> Iterator[Rows]:
    order = np.random.default_rng(seed).permutation(count)
    return (order[k : k + BATCH] for k in range(0, count - BATCH + 1, BATCH))


def _count(values: Arrays) -> int:
    return len(next(iter(values.values())))


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())
