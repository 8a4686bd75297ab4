"""Datasets from Python: generate, import, open, and read them row by row."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from os import PathLike, fspath
from typing import Any, overload

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..benchmarks.display.notebook import dataset_html, fields_html
from ..datagen.dataset import Dataset as StoredDataset
from ..datagen.dataset import read_rows
from ..english import counted
from ..errors import InputError
from .command import call

Place = str | PathLike[str] | StoredDataset
"""A dataset: open, or its path or fsspec URL."""
ROWS_TOGETHER = 16
"""Rows read at once while iterating, at most those of a shard."""


def generate(kind: str, path: str | PathLike[str], **options: Any) -> "Dataset":
    """Render a dataset of this `kind` to `path` (a path or an fsspec URL that ends in .zarr) and return it, open.

    `kind` and `options` are those of `whence generate`, with underscores for hyphens: `whence generate tde --help`
    lists them with their defaults. Called again with the same options, it resumes, or opens what is there.

        data = whence.generate("tde", "data/tde.zarr", preset="tiny", rt60=[0.1, 0.5], seed=1)

    Progress goes to stderr. Raises InputError for an unknown kind or option, naming the nearest, and for whatever the
    command refuses.
    """
    if kind == "scenes":
        raise InputError("scenes are no dataset: write them with `whence generate scenes DIR`")
    call(("generate", kind), path, **options)
    return Dataset(fspath(path))


def import_data(kind: str, path: str | PathLike[str], **options: Any) -> "Dataset":
    """Bring other people's files into a dataset at `path` and return it, open.

    `kind` and `options` are those of `whence import`, with underscores for hyphens, and `from_` for `--from`.

        data = whence.import_data("hm3d-ss", "views.zarr", from_="path/to/hm3d-4view-rotation")
    """
    if kind == "checkpoint":
        raise InputError("a checkpoint is no dataset: use `whence import checkpoint FILE OUT.safetensors --model NAME`")
    call(("import", kind), path, **options)
    return Dataset(fspath(path))


def open(path: str | PathLike[str]) -> "Dataset":
    """Return the complete dataset at `path`, a path or an fsspec URL; raises InputError if there is none."""
    return Dataset(fspath(path))


def place_of(data: Place) -> str:
    """Return the path or URL of a dataset."""
    return data.url if isinstance(data, StoredDataset) else fspath(data)


class Row(Mapping[str, Any]):
    """One row of a dataset: arrays and labels by name, also as attributes.

    Sounds are float32 in [-1, 1], pictures uint8 (height, width, 3); a label is a Python number or a string.
    """

    def __init__(self, values: Mapping[str, Any], title: str) -> None:
        self._values, self._title = dict(values), title

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["_values"][name]
        except KeyError:
            raise AttributeError(f"{self.__dict__.get('_title', 'the row')} has no {name!r}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._values]

    def __repr__(self) -> str:
        return f"{self._title}: " + ", ".join(f"{name}={_short(value)}" for name, value in self._values.items())

    def _repr_html_(self) -> str:
        return fields_html(self._title, self._values)


def _short(value: Any) -> str:
    return f"{value.dtype}{list(value.shape)}" if isinstance(value, np.ndarray) else repr(value)


@dataclass(frozen=True)
class _Reader:
    """Reads rows of a dataset: its columns are in memory, its large arrays are read on demand."""

    dataset: StoredDataset

    @cached_property
    def columns(self) -> dict[str, npt.NDArray[Any]]:
        """The small arrays by name, whole."""
        return {name: self.dataset.column(name) for name in self._names if name not in self.large}

    @cached_property
    def large(self) -> dict[str, Any]:
        """The sharded Zarr arrays by name."""
        arrays = {name: self.dataset.array(name) for name in self._names}
        return {name: array for name, array in arrays.items() if array.shards is not None}

    @property
    def _names(self) -> list[str]:
        return list(self.dataset.manifest["arrays"])

    def rows(self, numbers: npt.NDArray[np.intp]) -> Iterator[Row]:
        """Yield the rows `numbers` (n,), read together."""
        read = {name: self._read(array, numbers) for name, array in self.large.items()}
        for k, number in enumerate(numbers):
            values = {
                name: read[name][k] if name in read else _label(self.columns[name][number]) for name in self._names
            }
            yield Row(values, f"row {number} of {self.dataset.url}")

    def _read(self, array: Any, numbers: npt.NDArray[np.intp]) -> npt.NDArray[Any]:
        values = read_rows(array, numbers, self.dataset.url)
        scale = array.attrs.get("scale_factor")
        return values if scale is None else values.astype(np.float32) * np.float32(scale)


def _label(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


class Dataset(StoredDataset):
    """A complete dataset, open for reading: `len(data)`, `data[0]`, `data["azimuth"]`, `for row in data`.

    Iterating streams: only a few rows are in memory. `data.frame()` has all labels, `data.recipe` says how it was made,
    `data.fingerprint` names its content.
    """

    @cached_property
    def _reader(self) -> _Reader:
        return _Reader(self)

    @overload
    def __getitem__(self, key: int) -> Row: ...
    @overload
    def __getitem__(self, key: slice) -> list[Row]: ...
    @overload
    def __getitem__(self, key: str) -> npt.NDArray[Any]: ...
    def __getitem__(self, key: int | slice | str) -> Row | list[Row] | npt.NDArray[Any]:
        """Return a row, a list of rows, or the whole array of that name as it is stored."""
        if isinstance(key, str):
            return self.column(key)
        if isinstance(key, slice):
            return list(self._reader.rows(np.arange(len(self))[key]))
        if not -len(self) <= key < len(self):
            raise IndexError(f"row {key}: {self.url} has {counted(len(self), 'row')}")
        return next(self._reader.rows(np.array([key % len(self)])))

    def __iter__(self) -> Iterator[Row]:
        """Yield every row in order, reading a few at a time."""
        shards = [array.shards[0] for array in self._reader.large.values()]
        together = min([ROWS_TOGETHER, *shards])
        for first in range(0, len(self), together):
            yield from self._reader.rows(np.arange(first, min(first + together, len(self))))

    def frame(self) -> pd.DataFrame:
        """Return the labels as a table: one row a row, one column for each array of numbers or words."""
        flat = {name: column for name, column in self._reader.columns.items() if column.ndim == 1}
        return pd.DataFrame(flat)

    def __repr__(self) -> str:
        return f"<{self.name} dataset of {counted(len(self), 'row')} at {self.url}>"

    def _repr_html_(self) -> str:
        return dataset_html(self, self[0])
