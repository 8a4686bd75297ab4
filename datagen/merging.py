"""Merging datasets of one kind: the rows of each, one set after the other, as one dataset.

A merged dataset is rendered like any other, from stored rows: resumable, with the same bytes each time. Its recipe has
what the recipes of its sources share, what differs as a list, and `merged`: {fingerprint, rows, recipe, tag, inside:
rows of each dataset inside} of every source. So its fingerprint, the sha256 of its manifest, depends on the sources, on
their order and on every byte. A source that was merged itself counts as its own sources: merging A and B, then C, gives
the dataset that merging A, B and C gives.

Names that several sources could share get the first digits of the source's fingerprint in front: `sample_id`, and
`scene` of homes made here. Whatever counts rows of a dataset inside (`dry_clip`) is shifted.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..registry import load_replanner
from .dataset import Dataset, Elsewhere, read_rows
from .merge_checks import PROCEDURAL, check_mergeable, torn_between_splits
from .pipeline import Plan
from .recorded import common_recipe, common_record
from .shards import Field, Layout

MERGED = "merged"
INSIDE = {"dry_clip": "dry"}
"""Columns that count rows of a dataset inside, and the name of that dataset."""
_NOT_RECORDED = frozenset(
    ("format", "complete", "dataset", "recipe", "software", "fingerprint", "content", "command", MERGED)
)
_TAG_DIGITS = 8


def plan_merge(urls: Sequence[str]) -> "MergedPlan":
    """Return the plan of the datasets at `urls`, at least two, as one; raises InputError if they do not fit."""
    if len(urls) < 2:
        raise InputError("merging takes two datasets or more, and then the name of the new one: A.zarr B.zarr OUT.zarr")
    datasets = tuple(Dataset(url) for url in urls)
    check_mergeable(datasets, [[leaf["fingerprint"] for leaf in leaves_of(one)] for one in datasets])
    return MergedPlan(tuple(_Stored(one) for one in datasets))


def leaves_of(dataset: Dataset, tag: str | None = None) -> list[dict[str, Any]]:
    """Return what the recipe of a merged dataset says of `dataset`: of itself, or of its own sources.

    `tag` comes before the names of a dataset that was not merged (default: the first digits of its fingerprint).
    """
    if MERGED in dataset.recipe:
        return list(dataset.recipe[MERGED])
    inside = {name: len(dataset.part(name)) for name in dataset.parts}
    about = {"fingerprint": dataset.fingerprint, "rows": len(dataset), "recipe": dataset.recipe}
    return [about | {"tag": tag or dataset.fingerprint[:_TAG_DIGITS]} | ({"inside": inside} if inside else {})]


def records_of(dataset: Dataset) -> list[Mapping[str, Any]]:
    """Return what `dataset` records of where it is from: once, or for each of its own sources."""
    if MERGED in dataset.attributes:
        return list(dataset.attributes[MERGED])
    return [{key: value for key, value in dataset.attributes.items() if key not in _NOT_RECORDED}]


def _placed(
    fields: Mapping[str, Any], tag: str, record: Mapping[str, Any], shifts: Mapping[str, int]
) -> dict[str, Any]:
    """Return the `fields` of a row as the merged dataset has them, of a source with `tag` and `record`."""
    made_here = (record.get("scenes") or {}).get("location") == PROCEDURAL
    names = ("sample_id", "scene") if made_here else ("sample_id",)
    renamed = {name: f"{tag}/{fields[name]}" for name in names if name in fields}
    return {**fields, **renamed, **{name: np.asarray(fields[name]) + shift for name, shift in shifts.items()}}


@dataclass(frozen=True)
class _Stored:
    """Reads the rows of a source, a stretch of a large array at a time; `tag` comes before its names."""

    stored: Dataset
    tag: str | None = None

    @cached_property
    def leaves(self) -> list[dict[str, Any]]:
        """This source, or its own sources."""
        return leaves_of(self.stored, self.tag)

    @cached_property
    def _layout(self) -> Layout:
        return layout_of(self.stored)

    @cached_property
    def _columns(self) -> dict[str, npt.NDArray[Any]]:
        return {each.name: self.stored.column(each.name) for each in self._layout.columns}

    @cached_property
    def _stretches(self) -> dict[str, tuple[int, npt.NDArray[Any]]]:
        return {}

    def render(self, row: int, shifts: Mapping[str, int]) -> dict[str, Any]:
        """Return every field of `row`; counts of rows inside are shifted by `shifts`."""
        fields: dict[str, Any] = {name: values[row] for name, values in self._columns.items()}
        fields |= {each.name: self._large(each.name, row) for each in self._layout.sharded}
        if MERGED in self.stored.recipe:  # its names are told apart already
            return fields | {name: fields[name] + shift for name, shift in shifts.items()}
        return _placed(fields, self.leaves[0]["tag"], self.stored.attributes, shifts)

    def _large(self, name: str, row: int) -> npt.NDArray[Any]:
        array = self.stored.array(name)
        first = row // array.chunks[0] * array.chunks[0]
        if self._stretches.get(name, (-1,))[0] != first:
            rows = np.arange(first, min(first + array.chunks[0], len(self.stored)))
            self._stretches[name] = first, read_rows(array, rows, self.stored.url)
        return np.asarray(self._stretches[name][1][row - first])

    def with_speakers(self) -> "Iterator[_Stored]":
        """Yield the dry clips inside, or this source if it is dry clips."""
        if self.stored.name == "dry-clips":
            yield self
        yield from (self.inside(name) for name in self.stored.parts)

    def inside(self, name: str) -> "_Stored":
        """Return the dataset `name` inside, whose names get the same tag."""
        return _Stored(self.stored.part(name), self.leaves[0]["tag"])


@dataclass(frozen=True)
class MergedPlan:
    """Renders any row of merged datasets, from the stored rows of its `sources`."""

    sources: tuple[_Stored, ...]

    @property
    def dataset(self) -> str:
        """Kind of the sources."""
        return self.sources[0].stored.name

    @property
    def recipe(self) -> Mapping[str, Any]:
        """What the recipes share, and every source's own."""
        leaves = [leaf for source in self.sources for leaf in source.leaves]
        return common_recipe([leaf["recipe"] for leaf in leaves]) | {MERGED: leaves}

    @property
    def provenance(self) -> Mapping[str, Any]:
        """What the sources record of where they are from, together, and `merged`: each source's own record."""
        records = [record for source in self.sources for record in records_of(source.stored)]
        together = common_record(records)
        if self.torn_speakers:
            together["speech"] = together["speech"] | {"speakers_shared_by_splits": True}
        return together | {MERGED: records}

    @cached_property
    def torn_speakers(self) -> list[str]:
        """The speakers of dry clips that are in one split of a source and in another of another."""
        clips = [part.stored for source in self.sources for part in source.with_speakers()]
        pairs = combinations(clips, 2)
        return sorted({name for one, other in pairs for name in torn_between_splits("speaker", one, other)})

    @cached_property
    def layout(self) -> Layout:
        """The layout of the first source, with the rows of all."""
        first = layout_of(self.sources[0].stored)
        rows = sum(len(source.stored) for source in self.sources)
        return Layout(first.row_dimension, rows, first.rows_per_shard, first.fields)

    @property
    def parts(self) -> Mapping[str, Plan]:
        """The datasets inside, merged."""
        names = self.sources[0].stored.parts
        return {name: MergedPlan(tuple(source.inside(name) for source in self.sources)) for name in names}

    @cached_property
    def _starts(self) -> list[int]:
        return list(accumulate((len(source.stored) for source in self.sources), initial=0))

    @cached_property
    def _shifts(self) -> list[dict[str, int]]:
        return _shifts([{name: len(one.stored.part(name)) for name in one.stored.parts} for one in self.sources])

    def render(self, row: int) -> dict[str, Any]:
        """Return every field of row `row`."""
        k = bisect_right(self._starts, row) - 1
        return self.sources[k].render(row - self._starts[k], self._shifts[k])


def _shifts(inside: Sequence[Mapping[str, int]]) -> list[dict[str, int]]:
    """Return how far each source's counts of rows inside are shifted, by the rows of those `inside` of it.

    >>> _shifts([{"dry": 8}, {"dry": 5}, {"dry": 8}])
    [{'dry_clip': 0}, {'dry_clip': 8}, {'dry_clip': 13}]
    """
    return [
        {column: sum(one[name] for one in inside[:k]) for column, name in INSIDE.items() if name in here}
        for k, here in enumerate(inside)
    ]


# Rendering again --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Recorded:
    """How a source of a merged dataset was made, as its replanner wants it."""

    url: str
    name: str
    recipe: Mapping[str, Any]
    attributes: Mapping[str, Any]


@dataclass(frozen=True)
class MergedAgain:
    """Renders any row of the merged set `stored` from the `plans` of its sources, in place of their stored rows."""

    stored: Dataset
    plans: Sequence[Plan]

    @property
    def dataset(self) -> str:
        """Kind of the sources."""
        return self.stored.name

    @property
    def recipe(self) -> Mapping[str, Any]:
        """The recipe of the merged set."""
        return self.stored.recipe

    @property
    def provenance(self) -> Mapping[str, Any]:
        """What the merged set records, with each source's own record."""
        return self.stored.attributes

    @cached_property
    def layout(self) -> Layout:
        """The layout of the merged set."""
        return layout_of(self.stored)

    def render(self, row: int) -> dict[str, Any]:
        """Return every field of row `row`."""
        leaves = self.recipe[MERGED]
        starts = list(accumulate((leaf["rows"] for leaf in leaves), initial=0))
        k = bisect_right(starts, row) - 1
        shifts = _shifts([leaf.get("inside", {}) for leaf in leaves])[k]
        return _placed(self.plans[k].render(row - starts[k]), leaves[k]["tag"], self.provenance[MERGED][k], shifts)


def replan_merged(dataset: Dataset, elsewhere: Elsewhere) -> MergedAgain | None:
    """Return the plan that renders rows of the merged `dataset` again; None if a source cannot be.

    Raises InputError if a source of one of them is missing or changed.
    """
    replan, records = load_replanner(dataset.name), dataset.attributes[MERGED]
    if replan is None:
        return None
    pairs = zip(dataset.recipe[MERGED], records, strict=True)
    plans = [replan(_Recorded(dataset.url, dataset.name, leaf["recipe"], about), elsewhere) for leaf, about in pairs]
    return MergedAgain(dataset, plans) if all(plans) else None


# Layouts ----------------------------------------------------------------------------------------------------------


def layout_of(dataset: Dataset) -> Layout:
    """Return the layout of `dataset`, as its arrays tell."""
    arrays = {name: dataset.array(name) for name in sorted(dataset.manifest["arrays"])}
    fields = tuple(_field(name, array, dataset.manifest["arrays"][name]) for name, array in arrays.items())
    per_shard = next((array.shards[0] for array in arrays.values() if array.shards), len(dataset))
    dimension = next(iter(dataset.manifest["arrays"].values()))["dimensions"][0]
    return Layout(dimension, len(dataset), per_shard, fields)


def _field(name: str, array: Any, about: Mapping[str, Any]) -> Field:
    attributes = {key: value for key, value in about["attributes"].items() if key != "description"}
    return Field(
        name,
        about["dtype"],
        about["attributes"].get("description", ""),
        tuple(about["shape"][1:]),
        tuple(about["dimensions"][1:]),
        attributes,
        array.chunks[0] if array.shards else 0,
    )
