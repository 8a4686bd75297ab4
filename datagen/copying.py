"""Copies of datasets and run folders between any two places, resumable; what is half copied never looks whole.

What makes a copy whole comes last: the root `zarr.json` of a dataset, `run.json` of a run. Until then `copying.json`
lies in the copy and says what is being copied. Every file is hashed where it lands; the data files of a dataset must
also have the sha256 of its manifest where they are read.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os.path import realpath
from typing import Any

from tqdm import tqdm

from ..digests import digest, sha256
from ..errors import InputError
from ..locks import LOCK
from .dataset import Dataset
from .shards import COPYING, MANIFEST, root_attributes
from .storage import Folder

RUN, ROOT = "run.json", "zarr.json"
_OF_A_RUN = ("track", "fingerprint", "split", "samples", "harness")
_AT_ONCE = 8
"""Files in flight: most of the time goes into waiting for the other side."""
_ONLY_READ = ("http", "https")


@dataclass(frozen=True)
class Contents:
    """What is copied: sha256 of each file by path ("" where nothing states it), and what comes `last`, in order."""

    identity: str
    files: Mapping[str, str]
    last: Sequence[str]


@dataclass(frozen=True)
class Copied:
    """One file, or all of a copy: how many were `fresh`, how many `there` already, and their bytes together."""

    fresh: int
    there: int
    size: int


def copy(source: str, target: str) -> Copied:
    """Copy the dataset or run folder at `source` to `target`, paths or fsspec URLs; a rerun copies what is missing.

    Raises InputError if `source` is unfinished or damaged, if `target` holds anything else, or if a file arrives
    changed.
    """
    here, there = Folder(source), Folder(target)
    _check_apart(here, there)
    contents = contents_of(here)
    with there.sole_writer():
        there.refresh()
        _claim(there, here, contents)
        done = [*_files_copied(here, there, contents)]
        done += [_copied(here, there, path) for path in contents.last]
        there.remove(COPYING)
    return Copied(sum(one.fresh for one in done), sum(one.there for one in done), sum(one.size for one in done))


# What there is to copy --------------------------------------------------------------------------------------------


def contents_of(folder: Folder) -> Contents:
    """Return what a copy of the dataset or run in `folder` consists of; raises InputError if it is neither."""
    if folder.exists(RUN) and not folder.exists(ROOT):
        names = [name for name in folder.files() if name not in (RUN, LOCK, COPYING) and not name.endswith(".partial")]
        return Contents(_identity(folder), dict.fromkeys(names, ""), [RUN])
    if folder.exists() and root_attributes(folder) is None and not folder.exists(COPYING):
        raise InputError(f"{folder.url} is neither a dataset nor a run folder: give the .zarr folder, or a run's --out")
    dataset = Dataset(folder.url)
    return Contents(dataset.fingerprint, dict(_files_of(dataset)), [*_roots_inside(dataset), ROOT])


def _files_of(dataset: Dataset, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield path and sha256 of every file but the roots of `dataset` and of the datasets inside."""
    for name in dataset.parts:
        yield from _files_of(dataset.part(name), f"{prefix}{name}/")
    yield from ((f"{prefix}{path}", value) for path, value in dataset.manifest["files"].items())
    yield from ((f"{prefix}{name}/{ROOT}", "") for name in dataset.manifest["arrays"])
    yield f"{prefix}{MANIFEST}", ""


def _roots_inside(dataset: Dataset, prefix: str = "") -> Iterator[str]:
    for name in dataset.parts:
        yield from _roots_inside(dataset.part(name), f"{prefix}{name}/")
        yield f"{prefix}{name}/{ROOT}"


def _identity(folder: Folder) -> str:
    """Return what lies in `folder`: a dataset or a run, finished or half copied; empty if nothing tells."""
    if folder.exists(COPYING):
        return str(_json(folder, COPYING).get("identity", ""))
    if folder.exists(ROOT) and folder.exists(MANIFEST):
        return digest(_json(folder, MANIFEST))
    if folder.exists(RUN):
        listing = _json(folder, RUN)
        return digest([listing.get(key) for key in _OF_A_RUN])
    return ""


def _json(folder: Folder, name: str) -> dict[str, Any]:
    try:
        return dict(json.loads(folder.read(name)))
    except (ValueError, TypeError):
        raise InputError(f"{folder.url}/{name} is damaged: remove the folder, or choose another place") from None


# Where it goes ----------------------------------------------------------------------------------------------------


def _check_apart(source: Folder, target: Folder) -> None:
    """Raise InputError if one place lies in the other, or if nothing can be written to `target`."""
    one, other = (f"{realpath(place.root) if place.local else place.url}/" for place in (source, target))
    if one.startswith(other) or other.startswith(one):
        raise InputError(f"{source.url} and {target.url} lie inside one another: choose another place for the copy")
    if target.url.partition("://")[0] in _ONLY_READ:
        raise InputError(f"{target.url}: http can only be read: copy to a path, or to storage such as s3://")


def _claim(target: Folder, source: Folder, contents: Contents) -> None:
    """Mark `target` as half copied unless it is a copy already; raises InputError if it holds anything else."""
    root = contents.last[-1]
    if not target.is_empty() and _identity(target) != contents.identity:
        raise InputError(
            f"{target.url} holds something else than a copy of {source.url}: choose another place, or remove it first"
        )
    if not target.exists(root) or target.read(root) != source.read(root):
        target.write(COPYING, json.dumps({"source": source.url, "identity": contents.identity}).encode())
        target.remove(root)


# Copying ----------------------------------------------------------------------------------------------------------


def _files_copied(source: Folder, target: Folder, contents: Contents) -> Iterator[Copied]:
    """Copy all files but the last, several at once."""
    present = set(target.files())

    def one(path: str) -> Copied:
        return _copied(source, target, path, contents.files[path], path in present)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        done = pool.map(one, contents.files)
        yield from tqdm(done, total=len(contents.files), unit="file", desc="copying", disable=None)


def _copied(source: Folder, target: Folder, path: str, expected: str = "", present: bool = True) -> Copied:
    """Copy one file, unless it is `present` and the same; raises InputError if it is damaged or arrives changed."""
    stored = _read(target, path) if present else None
    if stored is not None and sha256(stored) == expected:
        return Copied(0, 1, len(stored))
    data = _read(source, path)
    if data is None or sha256(data) != (expected or sha256(data)):
        what = "has disappeared" if data is None else "is damaged: its sha256 is not that of the manifest"
        raise InputError(f"{source.url}/{path} {what}; `whence verify {source.url}` checks the rest")
    if stored == data:
        return Copied(0, 1, len(data))
    target.write(path, data)
    if _read(target, path) != data:
        raise InputError(f"{target.url}/{path} arrived changed: check the storage and run the same command again")
    return Copied(1, 0, len(data))


def _read(folder: Folder, path: str) -> bytes | None:
    try:
        return folder.read(path)
    except FileNotFoundError:
        return None
