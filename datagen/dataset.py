"""Opens complete datasets for reading: columns on demand, large arrays row by row."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import zarr

from ..digests import digest, sha256
from ..errors import InputError
from .content import Content, added, are_twins, content, sketch
from .direct_reading import direct_reader, places_of_each
from .shards import COPYING, FORMAT_VERSION, MANIFEST, OUTLINE, describe_array, root_attributes
from .storage import Folder

_HINT_OF_HTTP = ", unless the server answers no range requests: then `whence copy` the set first"
Elsewhere = Mapping[str, str | None]
"""Where sources of a dataset are now, by option (speech, sounds, responses, scenes, images, hrtf); None: unmoved."""


class Dataset:
    """A complete dataset, open for reading. Columns are read on demand, large arrays row by row."""

    def __init__(self, url: str) -> None:
        """Open the dataset at `url` (a path or an fsspec URL); raises InputError if it is incomplete or damaged."""
        self.folder = Folder(url)
        self.url = url
        found = root_attributes(self.folder) if self.folder.exists() else None
        if self.folder.exists(COPYING):
            raise InputError(f"{url} is half copied: run its `whence copy` command again")
        if found is None:
            what = "is not a Whence dataset" if self.folder.exists() else "does not exist"
            raise InputError(f"{url} {what}: give the .zarr folder that `whence generate` wrote")
        if not (found.get("complete") and self.folder.exists(MANIFEST)):
            how = "`whence finish` closes it or names the parts that it lacks"
            how = how if self.folder.exists(OUTLINE) else "run its `whence generate` command again to resume it"
            raise InputError(f"{url} is not finished: {how}")
        if found["format"] > FORMAT_VERSION:
            raise InputError(f"{url} has format {found['format']}, this Whence reads {FORMAT_VERSION}: upgrade whence")
        self._arrays: dict[str, zarr.Array[Any]] = {}
        self._columns: dict[str, npt.NDArray[Any]] = {}
        self._parts: dict[str, Dataset] = {}
        self.attributes: dict[str, Any] = found
        self.name: str = found["dataset"]
        self.recipe: dict[str, Any] = found["recipe"]
        self.manifest: dict[str, Any] = self._read_manifest()
        self.fingerprint: str = digest(self.manifest)
        missing = sorted(set(self.manifest["files"]) - set(self.folder.files()))
        if missing:
            raise InputError(
                f"{url} lacks {len(missing)} of its files, such as {missing[0]}: copy it again, "
                "or remove it and run its `whence generate` command"
            )
        try:
            self.group = zarr.open_group(self.folder.store(), mode="r", use_consolidated=True)
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{url}/zarr.json is damaged ({error}): copy or generate the dataset again") from None

    def _read_manifest(self) -> dict[str, Any]:
        try:
            manifest = dict(json.loads(self.folder.read(MANIFEST)))
            return {key: manifest[key] for key in manifest.keys() | {"rows", "files", "arrays", "recipe"}}
        except (ValueError, TypeError, KeyError) as error:
            raise InputError(
                f"{self.url}/{MANIFEST} is damaged ({error}): copy or generate the dataset again"
            ) from None

    def __len__(self) -> int:
        return int(self.manifest["rows"])

    def __contains__(self, name: str) -> bool:
        return name in self.group

    def column(self, name: str) -> npt.NDArray[Any]:
        """Return the whole array `name`; small ones are read once."""
        if name not in self._columns:
            with _damage_named(self.array(name), self.url):
                values = np.asarray(self.array(name)[...])
            if self.array(name).shards is not None:
                return values
            self._columns[name] = values
        return self._columns[name].copy()

    def array(self, name: str) -> "zarr.Array[Any]":
        """Return the Zarr array `name`; raises InputError listing the arrays if there is none of that name."""
        if name not in self._arrays:
            found = self.group.get(name)
            if not isinstance(found, zarr.Array):
                there = ", ".join(sorted(self.group.array_keys()))
                raise InputError(f"{self.url} has no array {name!r}; it has {there}")
            self._arrays[name] = found
        return self._arrays[name]

    @property
    def parts(self) -> list[str]:
        """Names of the datasets inside this one."""
        return sorted(self.manifest.get("parts", {}))

    def part(self, name: str) -> "Dataset":
        """Return the dataset `name` inside this one; raises InputError if it is not the one in the manifest."""
        if name not in self._parts:
            found = Dataset(f"{self.url}/{name}")
            if found.fingerprint != self.manifest["parts"][name]:
                raise InputError(f"{found.url} belongs to another dataset: copy or generate {self.url} again")
            self._parts[name] = found
        return self._parts[name]

    @cached_property
    def content(self) -> Content:
        """What the dataset holds apart from the last step of its values: as recorded, or read in older datasets."""
        return dict(self.attributes["content"]) if "content" in self.attributes else self.read_content()

    def read_content(self) -> Content:
        """Return what the dataset holds apart from the last step of its values, whatever it says of itself."""
        large = [name for name in self.manifest["arrays"] if self.array(name).shards is not None]
        columns = {name: self.column(name) for name in self.manifest["arrays"] if name not in large}
        columns = {name: c if c.dtype.kind in "biuf" else c.astype(object) for name, c in columns.items()}
        return content(self.manifest, columns, {name: self._sketch(name) for name in large})

    def _sketch(self, name: str) -> list[float]:
        array = self.array(name)
        assert array.shards is not None
        starts = range(0, len(self), array.shards[0])
        rows = (np.arange(start, min(start + array.shards[0], len(self))) for start in starts)
        return added(sketch(read_rows(array, some, self.url), int(some[0])) for some in rows)

    def is_twin_of(self, other: "Dataset") -> bool:
        """Whether `other` holds the same as this dataset, up to the last step of its values."""
        return self.fingerprint == other.fingerprint or are_twins(self.content, other.content)

    def audio(self, rows: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Return the audio of `rows` (n,), float32 (n, 2, samples) in [-1, 1]."""
        return as_floats(read_rows(self.array("audio"), np.asarray(rows, dtype=np.intp), self.url))


def as_floats(stored: npt.NDArray[np.int16]) -> npt.NDArray[np.float32]:
    """Return the samples `stored` as numbers, full scale 1."""
    samples = stored.astype(np.float32)
    samples *= np.float32(1 / 32768)  # in place, and exact: memory that is new costs more than the product
    return samples


def read_rows(array: "zarr.Array[Any]", rows: npt.NDArray[np.intp], url: str) -> npt.NDArray[Any]:
    """Return `rows` of `array`; raises InputError naming the dataset if a shard is missing or damaged."""
    reader = direct_reader(array)
    with _damage_named(array, url):
        if reader is not None and rows.size and rows.min() >= 0 and rows.max() < array.shape[0]:
            return reader.read(rows)
        return _read_by_zarr(array, rows)


def _read_by_zarr(array: "zarr.Array[Any]", rows: npt.NDArray[np.intp]) -> npt.NDArray[Any]:
    """Return `rows` of `array`, in any order: a span of each shard is read, ten times as fast as a choice of rows."""
    if array.shards is None:
        return np.asarray(array.oindex[rows])
    found = np.empty((len(rows), *array.shape[1:]), array.dtype)
    for places in places_of_each(rows // array.shards[0]):
        asked = rows[places]
        first = int(asked.min())
        found[places] = np.asarray(array[first : int(asked.max()) + 1])[asked - first]
    return found


@contextmanager
def _damage_named(array: "zarr.Array[Any]", url: str) -> Iterator[None]:
    """Turn any error from reading a damaged `array` into InputError."""
    try:
        yield
    except (OSError, RuntimeError, ValueError, KeyError, zarr.errors.BaseZarrError) as error:
        raise InputError(
            f"{url}: array {array.basename!r} cannot be read ({type(error).__name__}: {error}): "
            f"a shard is missing or damaged; `whence verify` names it{_HINT_OF_HTTP if url.startswith('http') else ''}"
        ) from error


ShardState = Literal["whole", "missing", "changed"]


def check_metadata(dataset: Dataset) -> list[str]:
    """Return the differences between the metadata of `dataset` and its manifest, one line each."""
    faults = [] if dataset.recipe == dataset.manifest["recipe"] else ["zarr.json: the recipe differs from the manifest"]
    for name, expected in dataset.manifest["arrays"].items():
        if name not in dataset or describe_array(dataset.array(name)) != expected:
            faults.append(f"{name}/zarr.json: the array differs from the manifest")
    return faults


def check_files(dataset: Dataset) -> dict[str, ShardState]:
    """Return the state of every data file of `dataset`, compared with its manifest."""
    return {path: _file_state(dataset.folder, path, value) for path, value in dataset.manifest["files"].items()}


def _file_state(folder: Folder, path: str, expected: str) -> ShardState:
    if not folder.exists(path):
        return "missing"
    return "whole" if sha256(folder.read(path)) == expected else "changed"
