"""What cannot be merged: other kinds or layouts, sets that hold the same rows, and sets whose splits contradict."""

from collections.abc import Mapping, Sequence
from itertools import combinations, product
from typing import Any

import numpy as np

from ..digests import canonical_json, sha256
from ..english import counted
from ..errors import InputError
from ..registry import load_replanner
from .dataset import Dataset

PROCEDURAL = "procedural"
"""Where homes made here are said to be."""
_GROUPS = ("scene", "speaker")
"""Columns by whose values datasets are split."""
_NAMES = frozenset(("sample_id", "scene", "split", "dry_clip"))
"""Columns that differ where rows are the same: names, and counts of rows inside."""
_MUST_AGREE = ("categories",)
"""Root attributes by which columns are read."""


def check_mergeable(datasets: Sequence[Dataset], fingerprints: Sequence[Sequence[str]]) -> None:
    """Raise InputError unless `datasets`, made of sets with `fingerprints`, can be one."""
    first = datasets[0]
    for other in datasets:
        if load_replanner(other.name) is None:
            raise InputError(f"{other.url} is of kind {other.name}: only generated sets can be merged")
        _check_layout(first, other)
    for (k, one), (m, other) in combinations(enumerate(datasets), 2):
        if set(fingerprints[k]) & set(fingerprints[m]) or one.recipe == other.recipe:
            raise InputError(f"{other.url} holds what {one.url} holds: give sets of different seeds or parts")
        _check_rows(one, other)
    _check_splits(datasets)


def _check_layout(first: Dataset, other: Dataset) -> None:
    if other.name != first.name:
        raise InputError(
            f"{other.url} is of kind {other.name}, {first.url} of kind {first.name}: merge sets of one kind"
        )
    one, two = _arrays(first), _arrays(other)
    differing = sorted(name for name in {*one, *two} if one.get(name) != two.get(name))
    differing += [name for name in _MUST_AGREE if first.attributes.get(name) != other.attributes.get(name)]
    if first.parts != other.parts:
        differing.append("what is inside")
    if differing:
        name = differing[0]
        what = (
            f": {two.get(name, 'none')} there, {one.get(name, 'none')} in {first.url}" if name in {*one, *two} else ""
        )
        raise InputError(f"{other.url} has another layout than {first.url} ({', '.join(differing)}){what}")


def _arrays(dataset: Dataset) -> dict[str, str]:
    """Return what must be the same of each array, in words."""
    return {name: _in_words(dataset, name, about) for name, about in dataset.manifest["arrays"].items()}


def _in_words(dataset: Dataset, name: str, about: Mapping[str, Any]) -> str:
    shards = dataset.array(name).shards
    shape = "x".join(map(str, about["shape"][1:])) or "one"
    words = f"{about['dtype']} {shape} ({', '.join(about['dimensions'])})"
    words += f", {shards[0]} rows a shard" if shards else ""
    attributes = {key: value for key, value in about["attributes"].items() if key != "description"}
    return f"{words}, {canonical_json(attributes)}" if attributes else words


def _check_rows(one: Dataset, other: Dataset) -> None:
    """Raise InputError if a row of `other` is one of `one`: the same labels, and then the same large arrays."""
    known = {digest: row for row, digest in enumerate(_row_digests(one))}
    pairs = [(known[digest], row) for row, digest in enumerate(_row_digests(other)) if digest in known]
    if any(_same_arrays(one, other, pair) for pair in pairs):
        raise InputError(
            f"{other.url} holds {counted(len(pairs), 'row')} that {one.url} holds, such as row {pairs[0][1]}: "
            "give sets of different seeds or parts"
        )


def _row_digests(dataset: Dataset) -> list[str]:
    """Return a digest of the labels of each row."""
    names = [n for n in sorted(dataset.manifest["arrays"]) if dataset.array(n).shards is None and n not in _NAMES]
    columns = [dataset.column(name) for name in names]
    return [sha256(b"\0".join(_bytes(column[row]) for column in columns)) for row in range(len(dataset))]


def _bytes(value: Any) -> bytes:
    values = np.asarray(value)
    return "\0".join(map(str, values.ravel())).encode() if values.dtype.kind in "TUO" else values.tobytes()


def _same_arrays(one: Dataset, other: Dataset, rows: tuple[int, int]) -> bool:
    large = [name for name in one.manifest["arrays"] if one.array(name).shards]
    pairs = ((np.asarray(one.array(name)[rows[0]]), np.asarray(other.array(name)[rows[1]])) for name in large)
    return all(a.tobytes() == b.tobytes() for a, b in pairs)


def _check_splits(datasets: Sequence[Dataset]) -> None:
    """Raise InputError if a home or a speaker would be trained on and tested on, which it is in no source."""
    for name, (one, other) in product(_GROUPS, combinations(datasets, 2)):
        torn = torn_between_splits(name, one, other) if _name_the_same(name, one, other) else ()
        if torn:
            raise InputError(
                f"{name} {torn[0]!r} has another split in {other.url} than in {one.url}: "
                "merge sets made of the same scenes and speakers, or learn from them apart"
            )


def torn_between_splits(name: str, one: Dataset, other: Dataset) -> list[str]:
    """Return the values of the column `name` that have one split in `one` and another in `other`."""
    if not all(name in each and "split" in each and each.array(name).ndim == 1 for each in (one, other)):
        return []
    first, second = _split_of(one, name), _split_of(other, name)
    if any(len(splits) > 1 for splits in (*first.values(), *second.values())):  # splits are not by this column
        return []
    return sorted(value for value in first.keys() & second.keys() if first[value] != second[value])


def _name_the_same(name: str, one: Dataset, other: Dataset) -> bool:
    """Whether equal values of the column `name` mean the same thing: homes made here have the same names everywhere."""
    made = [(each.attributes.get("scenes") or {}).get("location") == PROCEDURAL for each in (one, other)]
    return name != "scene" or not any(made) or one.recipe.get("scenes") == other.recipe.get("scenes")


def _split_of(dataset: Dataset, name: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for value, split in zip(dataset.column(name), dataset.column("split"), strict=True):
        found.setdefault(str(value), set()).add(str(split))
    return found
