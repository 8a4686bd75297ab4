"""Datasets on disk: one Zarr v3 group with sharded arrays, one row per sample, one writer per shard.

While a dataset is being written, its root attribute says `complete: false`, and each finished shard leaves a small file
under `progress/` with its checksum and its rows of the small columns. `finish` checks every shard, writes the columns,
then `manifest.json` (a sha256 of every data file), and only then sets `complete: true`.
"""

import json
import math
import time
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import zarr
from zarr.codecs import BloscCodec

from ..digests import canonical_json, digest, sha256
from ..errors import InputError, VerificationError
from .content import added, content, sketch
from .storage import Folder

FORMAT_VERSION = 1
MANIFEST = "manifest.json"
OUTLINE = "progress/parts.json"
"""What closes a dataset made in parts, while it is not closed."""
COPYING = "copying.json"
"""Lies in a copy until it is whole."""
_PAUSES_SECONDS = (0.2, 1.0, 5.0)


@dataclass(frozen=True)
class Field:
    """One array of a dataset: `shape` and `dimensions` are those of one row."""

    name: str
    dtype: str
    description: str
    shape: tuple[int, ...] = ()
    dimensions: tuple[str, ...] = ()
    attributes: Mapping[str, Any] | None = None
    chunk_rows: int = 0
    """Rows per chunk of a sharded array; 0 for a column, which is one small chunk written at the end."""


@dataclass(frozen=True)
class Layout:
    """The arrays of a dataset: `rows` rows along `row_dimension`, `rows_per_shard` in each shard but the last."""

    row_dimension: str
    rows: int
    rows_per_shard: int
    fields: tuple[Field, ...]

    @classmethod
    def by_home(cls, row_dimension: str, homes: int, rows_each: int, most: int, fields: tuple[Field, ...]) -> "Layout":
        """Return the layout of `homes` with `rows_each` rows, one after the other: a shard has at most `most`, of one.

        >>> Layout.by_home("example", homes=3, rows_each=40, most=25, fields=()).rows_per_shard
        20
        """
        rows_per_shard = max(k for k in range(1, most + 1) if rows_each % k == 0)
        return cls(row_dimension, homes * rows_each, rows_per_shard, fields)

    @property
    def sharded(self) -> list[Field]:
        """The large arrays, written shard by shard."""
        return [field for field in self.fields if field.chunk_rows]

    @property
    def columns(self) -> list[Field]:
        """The small arrays, gathered and written at the end."""
        return [field for field in self.fields if not field.chunk_rows]

    @property
    def shard_count(self) -> int:
        """Number of shards."""
        return -(-self.rows // self.rows_per_shard)

    def rows_of(self, shard: int) -> range:
        """Return the rows of `shard`."""
        first = shard * self.rows_per_shard
        return range(first, min(first + self.rows_per_shard, self.rows))

    def shard_file(self, field: Field, shard: int) -> str:
        """Return the path, inside the group, of one shard of a sharded array."""
        return "/".join([field.name, "c", str(shard), *["0"] * len(field.shape)])


def is_whole(url: str, attributes: Mapping[str, Any]) -> bool:
    """Whether the dataset at `url` is finished; raises InputError where `url` holds anything but this recipe's."""
    folder = Folder(url)
    folder.refresh()
    return not folder.is_empty() and _is_complete(folder, _check_same_recipe(folder, attributes))


def _is_complete(folder: Folder, found: Mapping[str, Any]) -> bool:
    return bool(found.get("complete")) and folder.exists(MANIFEST)


def begin(url: str, layout: Layout, attributes: Mapping[str, Any], among: Sequence[int] | None = None) -> list[int]:
    """Create the dataset at `url`, or resume one begun with the same recipe; return the shards still to render.

    Only shards `among` are looked at (default: all). `attributes` must hold `dataset` and `recipe`. A complete dataset
    returns no shards and is left untouched. Raises InputError if `url` holds anything else.
    """
    if is_whole(url, attributes):
        return []
    folder = Folder(url)
    if folder.is_empty():
        root = {"whence": {"format": FORMAT_VERSION, "complete": False, **attributes}}
        with suppress(zarr.errors.ContainsGroupError):  # another process was quicker
            zarr.create_group(folder.store(), zarr_format=3, attributes=root)
    group = zarr.open_group(folder.store(), mode="r+", use_consolidated=False)
    for field in layout.sharded:
        if field.name not in group:
            with suppress(zarr.errors.ContainsArrayError):
                _create_sharded(group, layout, field)
    pending = unwritten(folder, range(layout.shard_count) if among is None else among)
    return [] if is_whole(url, attributes) else pending  # another process may have finished it meanwhile


def _create_sharded(group: zarr.Group, layout: Layout, field: Field) -> None:
    group.create_array(
        field.name,
        shape=(layout.rows, *field.shape),
        dtype=field.dtype,
        chunks=(math.gcd(field.chunk_rows, layout.rows_per_shard), *field.shape),
        shards=(layout.rows_per_shard, *field.shape),
        compressors=compressor(field.dtype),
        dimension_names=(layout.row_dimension, *field.dimensions),
        attributes=_attributes_of(field),
    )


def compressor(dtype: npt.DTypeLike) -> BloscCodec:
    """Return the codec of large arrays: it is read twice as fast as Zstandard and takes 4 to 25 percent more room."""
    return BloscCodec(cname="lz4hc", clevel=2, shuffle="shuffle", typesize=np.dtype(dtype).itemsize)


def _attributes_of(field: Field) -> dict[str, Any]:
    return {"description": field.description, **(field.attributes or {})}


def _check_same_recipe(folder: Folder, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the root attribute of the dataset in `folder`; raises InputError if its recipe differs."""
    found = root_attributes(folder)
    if found is None:
        raise InputError(f"{folder.url} exists and is not a Whence dataset: choose another path or remove it")
    difference = _first_difference(found.get("recipe", {}), attributes["recipe"])
    if found.get("dataset") != attributes["dataset"] or difference:
        raise InputError(
            f"{folder.url} was begun with another recipe ({difference or found.get('dataset')}): "
            "repeat its options to resume it, or choose another path"
        )
    return found


def root_attributes(folder: Folder) -> dict[str, Any] | None:
    """Return the root attribute `whence`, None if `folder` is not a Whence dataset."""
    if not folder.exists("zarr.json"):
        return None
    try:
        attributes = json.loads(folder.read("zarr.json"))["attributes"]
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(f"{folder.url}/zarr.json is damaged ({error}): remove the folder and begin again") from None
    found = attributes.get("whence") if isinstance(attributes, dict) else None
    return found if isinstance(found, dict) and {"format", "dataset", "recipe"} <= set(found) else None


def _first_difference(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    for key in sorted({*found, *wanted}):
        there, here = found.get(key), wanted.get(key)
        if canonical_json(there) != canonical_json(here):
            return f"{key}: {_short(there)} there, {_short(here)} here"
    return ""


def _short(value: Any) -> str:
    text = canonical_json(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _progress_file(shard: int) -> str:
    return f"progress/{shard:06d}.json"


def unwritten(folder: Folder, among: Sequence[int]) -> list[int]:
    """Return those `among` the shards of an unfinished dataset that are missing or damaged."""
    return [shard for shard in among if not _is_written(folder, shard)]


def unbegun(folder: Folder, among: Sequence[int]) -> list[int]:
    """Return those `among` the shards of an unfinished dataset that nobody has written, by names alone."""
    names = set(folder.files("progress"))
    return [shard for shard in among if _progress_file(shard) not in names]


def _is_written(folder: Folder, shard: int) -> bool:
    if not folder.exists(_progress_file(shard)):
        return False
    try:
        hashes = json.loads(folder.read(_progress_file(shard)))["sha256"]
    except (ValueError, KeyError):  # torn by a machine crash
        return False
    return all(folder.exists(path) and sha256(folder.read(path)) == value for path, value in hashes.items())


def write_shard(url: str, layout: Layout, shard: int, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the rendered `rows` of one shard: large arrays to their files, small columns to `progress/`.

    The progress file comes last and appears completely or not at all, so a killed shard is rendered again.
    """
    folder = Folder(url)
    if _is_complete(folder, root_attributes(folder) or {}) or _is_written(folder, shard):
        return  # another process was quicker
    group = zarr.open_group(folder.store(), mode="r+", use_consolidated=False)
    span = layout.rows_of(shard)
    hashes, sketches = {}, {}
    for field in layout.sharded:
        block = np.stack([row[field.name] for row in rows]).astype(field.dtype, copy=False)
        path = layout.shard_file(field, shard)
        folder.remove(path)  # Zarr would read the torn file of a killed writer
        with zarr.config.set({"array.write_empty_chunks": True}):  # a silent shard needs a file too
            array = group[field.name]
        assert isinstance(array, zarr.Array)
        array[span.start : span.stop] = block
        hashes[path], sketches[field.name] = _hash_of(folder, path), sketch(block, span.start)
    columns = {f.name: [np.asarray(row[f.name]).tolist() for row in rows] for f in layout.columns}
    folder.write(_progress_file(shard), json.dumps({"sha256": hashes, "columns": columns, "sketch": sketches}).encode())


def _hash_of(folder: Folder, path: str) -> str:
    """Return the sha256 of a file just written, which another process may be about to write again."""
    for pause in _PAUSES_SECONDS:
        try:
            return sha256(folder.read(path))
        except FileNotFoundError:
            time.sleep(pause)
    return sha256(folder.read(path))


def finish(url: str, layout: Layout, parts: Mapping[str, str] | None = None, *, alone: bool = True) -> str:
    """Check every shard, write the columns and the manifest, mark the dataset complete; return its fingerprint.

    `parts` are the fingerprints of the datasets inside this one, by folder name. `alone` says that nobody else can be
    writing; otherwise the function waits for others. Raises VerificationError if shards are missing or damaged.
    """
    folder = Folder(url)
    for pause in () if alone else _PAUSES_SECONDS:
        try:
            return _finished(folder, layout, parts, alone)
        except (FileNotFoundError, VerificationError, zarr.errors.BaseZarrError):
            time.sleep(pause)
    return _finished(folder, layout, parts, alone)


def _finished(folder: Folder, layout: Layout, parts: Mapping[str, str] | None, alone: bool) -> str:
    folder.refresh()
    if _is_complete(folder, root_attributes(folder) or {}):
        folder.remove("progress")
        return digest(json.loads(folder.read(MANIFEST)))
    unfinished = unwritten(folder, range(layout.shard_count))
    if unfinished:
        raise VerificationError(
            f"{folder.url}: {len(unfinished)} shards are missing or damaged; run the same command again"
        )
    group = zarr.open_group(folder.store(), mode="r+", use_consolidated=False)
    progress = [json.loads(folder.read(_progress_file(shard))) for shard in range(layout.shard_count)]
    columns = {field.name: _column(field, progress) for field in layout.columns}
    for field in layout.columns:
        _write_column(group, layout, field, columns[field.name], alone)
    if alone:
        folder.remove_matching(".partial")
    files = {path: value for part in progress for path, value in part["sha256"].items()}
    for field in layout.columns:
        files |= _column_files(folder, field)
    manifest = _manifest(layout, group, files) | ({"parts": dict(parts)} if parts else {})
    folder.write(MANIFEST, json.dumps(manifest, indent=1, sort_keys=True).encode())
    fingerprint = digest(manifest)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", zarr.errors.ZarrUserWarning)  # about our manifest, and consolidation in v3
        zarr.consolidate_metadata(folder.store())
    root = json.loads(folder.read("zarr.json"))
    root["attributes"]["whence"] |= {"complete": True, "fingerprint": fingerprint}
    if all("sketch" in part for part in progress):  # shards of older versions have none
        large = {field.name: added(part["sketch"][field.name] for part in progress) for field in layout.sharded}
        root["attributes"]["whence"]["content"] = content(manifest, columns, large)
    folder.write("zarr.json", json.dumps(root, indent=2).encode())
    folder.remove("progress")
    return fingerprint


def _column_files(folder: Folder, field: Field) -> dict[str, str]:
    """Return the sha256 of each file of a column; raises FileNotFoundError while another process replaces it."""
    paths = folder.files(f"{field.name}/c")
    if not paths:
        raise FileNotFoundError(f"{folder.url}/{field.name} has no data")
    return {path: sha256(folder.read(path)) for path in paths}


def _manifest(layout: Layout, group: zarr.Group, files: Mapping[str, str]) -> dict[str, Any]:
    """Return the manifest that identifies the dataset: recipe, arrays, and the sha256 of every data file."""
    attributes = dict(group.attrs)["whence"]
    assert isinstance(attributes, dict)
    return {
        "format": FORMAT_VERSION,
        "dataset": attributes["dataset"],
        "recipe": attributes["recipe"],
        "rows": layout.rows,
        "arrays": {name: describe_array(group[name]) for name in sorted(f.name for f in layout.fields)},
        "files": dict(sorted(files.items())),
    }


def describe_array(array: Any) -> dict[str, Any]:
    """Return the manifest entry of a Zarr `array`: shape, type, dimensions and attributes."""
    dimensions = list(array.metadata.dimension_names or ())
    kind = "str" if array.dtype.kind == "T" else str(array.dtype)
    return {"shape": list(array.shape), "dtype": kind, "dimensions": dimensions, "attributes": dict(array.attrs)}


def _column(field: Field, progress: Sequence[Mapping[str, Any]]) -> npt.NDArray[Any]:
    """Return the whole column `field`, gathered from the progress of all shards."""
    values = [value for part in progress for value in part["columns"][field.name]]
    return np.array(values, dtype=object if field.dtype == "str" else field.dtype)


def _write_column(group: zarr.Group, layout: Layout, field: Field, data: npt.NDArray[Any], alone: bool) -> None:
    if not alone and _holds(group, field.name, data):
        return
    array = group.create_array(
        field.name,
        shape=(layout.rows, *field.shape),
        dtype=str if field.dtype == "str" else field.dtype,
        chunks=(layout.rows, *field.shape),
        dimension_names=(layout.row_dimension, *field.dimensions),
        attributes=_attributes_of(field),
        overwrite=True,
        config={"write_empty_chunks": True},
    )
    array[...] = data


def _holds(group: zarr.Group, name: str, data: npt.NDArray[Any]) -> bool:
    """Whether another process has written the column `name` already."""
    array = group.get(name)
    if not isinstance(array, zarr.Array) or array.shape != data.shape:
        return False
    there = np.asarray(array[...]).astype(data.dtype)
    return bool(np.array_equal(there, data, equal_nan=data.dtype.kind == "f"))
