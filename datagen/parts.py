"""One part of the shards of a dataset, as an array job renders it, and closing the dataset once all parts are there.

Parts need nothing of each other: they may run at the same time, in any order and more than once. `progress/parts.json`
holds what closing needs, so that it needs neither the recipe's sources nor their options.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from ..errors import InputError, VerificationError
from . import shards
from .pipeline import Accompanied, Checked, Plan, attributes_of, generate, render_shards
from .shards import MANIFEST, OUTLINE, Field, Layout
from .storage import Folder

_PART = re.compile(r"(\d+)/(\d+)")
_NAMED = 8
"""Most parts that a message names."""


@dataclass(frozen=True)
class Part:
    """Part `number` of `count`, counted from 1, of the shards of a dataset."""

    number: int
    count: int

    @classmethod
    def parse(cls, text: str) -> "Part":
        """Return the part that `text` names; raises InputError unless it is one such as 3/64.

        >>> Part.parse("3/64")
        Part(number=3, count=64)
        """
        found = _PART.fullmatch(text.strip())
        number, count = map(int, found.groups()) if found else (0, 0)
        if not 1 <= number <= count:
            raise InputError(f"--shards {text}: expected K/N with K from 1 to N, such as 3/64 for the third part of 64")
        return cls(number, count)

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    def shards_of(self, layout: Layout) -> range:
        """Return the shards of this part: neighbours, as many as in any other part or one fewer.

        >>> [list(Part(k, 3).shards_of(Layout("row", 50, 10, ()))) for k in (1, 2, 3)]
        [[0], [1, 2], [3, 4]]
        """
        total = layout.shard_count
        return range(total * (self.number - 1) // self.count, total * self.number // self.count)


@dataclass(frozen=True)
class Outline:
    """What closes a dataset: its `layout`, in how many parts (`count`) it is made, and names of datasets `inside`."""

    layout: Layout
    count: int
    inside: tuple[str, ...]


def generate_part(plan: Plan, url: str, part: Part, *, workers: int = 1, command: str = "") -> range:
    """Render the missing shards of `part` of `plan` into the dataset at `url`; return all shards of the part.

    `command`, which the user typed, is recorded beside the recipe. The first part also makes the datasets inside.
    Raises InputError if a row cannot be rendered, or if `url` holds anything but this recipe's dataset.
    """
    attributes, folder = attributes_of(plan, command), Folder(url)
    url, own = folder.absolute, part.shards_of(plan.layout)
    if shards.is_whole(url, attributes):
        return own
    inside = plan.parts if isinstance(plan, Accompanied) else {}
    with folder.sole_writer():  # other parts start at the same moment
        if isinstance(plan, Checked) and folder.is_empty():
            plan.check()
        shards.begin(url, plan.layout, attributes, ())
        if not shards.is_whole(url, attributes):
            _write_outline(folder, Outline(plan.layout, part.count, tuple(inside)))
    with folder.one_of_writers():
        pending = shards.begin(url, plan.layout, attributes, own)
        for name in inside if part.number == 1 else ():
            generate(inside[name], f"{url}/{name}")
        render_shards(plan, url, pending, workers=workers, among=own)
    return own


def finish(url: str) -> str:
    """Close the dataset at `url`, made part by part; return its fingerprint, that of a dataset made in one run.

    Raises InputError that names the parts that are missing or damaged. A finished dataset is left as it is.
    """
    folder = Folder(url)
    found = shards.root_attributes(folder) if folder.exists() else None
    if found is None:
        what = "is not a Whence dataset" if folder.exists() else "does not exist"
        raise InputError(f"{url} {what}: give the .zarr folder that `whence generate --shards` wrote")
    if found.get("complete") and folder.exists(MANIFEST):
        return str(found["fingerprint"])
    outline = _read_outline(folder)
    everything = range(outline.layout.shard_count)
    _check_all_there(folder, outline, shards.unbegun(folder, everything), "missing")
    inside = {name: _fingerprint_inside(folder, name) for name in outline.inside}
    with folder.sole_writer() as alone:
        try:
            return shards.finish(folder.absolute, outline.layout, inside, alone=alone)
        except VerificationError:
            _check_all_there(folder, outline, shards.unwritten(folder, everything), "missing or damaged")
            raise


def _check_all_there(folder: Folder, outline: Outline, lacking: Sequence[int], what: str) -> None:
    """Raise InputError that names the parts of the shards that are `lacking`, if there are any."""
    if not lacking:
        return
    parts = [Part(number, outline.count) for number in range(1, outline.count + 1)]
    named = [str(part) for part in parts if set(part.shards_of(outline.layout)) & set(lacking)]
    some = ", ".join(named[:_NAMED]) + (f" and {len(named) - _NAMED} more" if len(named) > _NAMED else "")
    raise InputError(
        f"{folder.url} is not finished: {len(lacking)} of {outline.layout.shard_count} shards ({_ranges(lacking)}) are "
        f"{what}; run its `whence generate` command with --shards {some}"
    )


def _ranges(numbers: Sequence[int]) -> str:
    """Return rising `numbers` in words, the first few ranges of them.

    >>> _ranges([0, 1, 2, 5, 7, 8])
    '0-2, 5, 7-8'
    """
    breaks = [k for k, (one, next_one) in enumerate(pairwise(numbers), 1) if next_one != one + 1]
    runs = [numbers[i:k] for i, k in pairwise([0, *breaks, len(numbers)])]
    words = [f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs]
    return ", ".join(words[:_NAMED]) + (", ..." if len(words) > _NAMED else "")


def _fingerprint_inside(folder: Folder, name: str) -> str:
    """Return the fingerprint of the dataset `name` inside; raises InputError if it is not finished."""
    inside = Folder(f"{folder.url}/{name}")
    found = shards.root_attributes(inside) or {}
    if not (found.get("complete") and inside.exists(MANIFEST)):
        raise InputError(
            f"{folder.url} is not finished: the dataset {name!r} inside is missing; "
            "run its `whence generate` command with the first of its --shards"
        )
    return str(found["fingerprint"])


def _write_outline(folder: Folder, outline: Outline) -> None:
    folder.write(OUTLINE, json.dumps(asdict(outline)).encode())


def _read_outline(folder: Folder) -> Outline:
    """Return the outline of the unfinished dataset in `folder`; raises InputError if it was not made in parts."""
    if not folder.exists(OUTLINE):
        raise InputError(
            f"{folder.url} was not made in parts (--shards): run its `whence generate` command again to finish it"
        )
    try:
        found = json.loads(folder.read(OUTLINE))
        return Outline(_layout(found["layout"]), found["count"], tuple(found["inside"]))
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{folder.url}/{OUTLINE} is damaged ({error}): run its `whence generate` command with any of its --shards"
        ) from None


def _layout(found: dict[str, Any]) -> Layout:
    """Return the layout that `found` holds as JSON values."""
    fields = [
        Field(**each | {"shape": tuple(each["shape"]), "dimensions": tuple(each["dimensions"])})
        for each in found["fields"]
    ]
    return Layout(**found | {"fields": tuple(fields)})
