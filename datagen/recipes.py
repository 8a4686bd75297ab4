"""Recipes that travel: how a dataset was made, without its files, read from wherever it is written.

A travelling recipe is {name: the kind of dataset, recipe, fingerprint, sources, software, content, command}. Its
`sources` are named by kind, layout and digest, never by place: whoever renders the set again says where they are.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..digests import digest
from ..errors import InputError
from ..registry import load_replanner
from .dataset import Dataset, Elsewhere
from .merging import MERGED
from .pipeline import Plan
from .shards import MANIFEST, root_attributes
from .sources import GENERATED, SOURCES, Recorded, digest_in
from .storage import Folder

RESULTS = "results.json"
IN_PAGE = re.compile(r'<pre id="recipe">(.*?)</pre>', re.DOTALL)
"""Where a report holds the recipe."""
_WANTED = "give a dataset (.zarr), its manifest.json, a run folder, its results.json or its report.html"
_FILES = (".json", ".html")
_OF_PLACES = frozenset(("location", "hrtf", "remarks"))
"""What a dataset records of its sources that holds paths."""


@dataclass(frozen=True)
class Record:
    """How a dataset was made, as read at `url`; `fingerprint` is empty and `content` None where they are not told."""

    url: str
    name: str
    recipe: Mapping[str, Any]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    fingerprint: str = ""
    content: Mapping[str, Any] | None = None


# Writing ------------------------------------------------------------------------------------------------------------


def travelling(dataset: Dataset) -> dict[str, Any]:
    """Return the recipe of `dataset` as it travels, as JSON values that name no place."""
    return {
        "name": dataset.name,
        "recipe": dataset.recipe,
        "fingerprint": dataset.fingerprint,
        "sources": sources_told(dataset),
        "software": dataset.attributes.get("software", {}),
        "content": dataset.attributes.get("content"),
        "command": dataset.attributes.get("command", ""),
    }


def sources_told(dataset: Recorded) -> dict[str, dict[str, Any]]:
    """Return the description of each source without its place, under the key of the dataset's own record."""
    keys = dict.fromkeys(kind.record for kind in SOURCES.values())
    records = {key: dataset.attributes.get(key) for key in keys}
    return {
        key: _without_place(key, about) | _digest(dataset, key)
        for key, about in records.items()
        if isinstance(about, Mapping)
    }


def _without_place(key: str, about: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record without paths; scenes keep whether they were made or files, LibriSpeech its subset."""
    kept = {name: value for name, value in about.items() if name not in _OF_PLACES}
    place = str(about.get("location") or "")
    if key == "scenes":
        kept["kind"] = place if place == GENERATED["scenes"] else "folder"
    if kept.get("kind") == "librispeech" and place:
        kept["subset"] = Path(place).name
    return kept


def _digest(dataset: Recorded, key: str) -> dict[str, str]:
    found = digest_in(dataset.recipe, key) if key in SOURCES else ""
    return {"digest": found} if found else {}


# Reading ------------------------------------------------------------------------------------------------------------


def read_record(place: str) -> Record:
    """Return the recipe at `place`: a dataset, its manifest, a run folder, its results, a report, or a recipe's JSON.

    A dataset that is still being written has one too. Raises InputError if there is none.
    """
    parent, _, name = place.rpartition("/")
    if os.path.isdir(place) or ("://" in place and not name.endswith(_FILES)):
        return _in_folder(place)
    if name == MANIFEST and Folder(parent or ".").exists("zarr.json"):  # which says more of the sources
        return _in_folder(parent or ".")
    text = _text(place)
    found = IN_PAGE.search(text)
    return _in_json(unescape(found[1]) if found else text, place)


def _text(place: str) -> str:
    """Return the text of the file at a path or URL; raises InputError if there is none."""
    parent, _, name = place.rpartition("/")
    try:
        return (Folder(parent).read(name) if "://" in place else Path(place).read_bytes()).decode("utf-8")
    except UnicodeDecodeError:
        raise InputError(f"{place} holds no recipe: {_WANTED}") from None
    except OSError as error:
        raise InputError(f"{place}: {error.strerror or 'cannot be read'}; {_WANTED}") from None


def _in_folder(place: str) -> Record:
    folder = Folder(place)
    attributes = root_attributes(folder) if folder.exists() else None
    if attributes is not None:
        return _record(place, attributes, attributes["dataset"], attributes)
    if folder.local and (Path(place) / RESULTS).is_file():
        return read_record(os.path.join(place, RESULTS))
    what = "holds no recipe" if folder.exists() else "does not exist"
    raise InputError(f"{place} {what}: {_WANTED}")


def _in_json(text: str, place: str) -> Record:
    """Return the recipe in the JSON `text`: root attributes, a manifest, results, or a recipe alone."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise InputError(f"{place} holds no recipe: {_WANTED}") from None
    found = found if isinstance(found, dict) else {}
    about = found.get("dataset")
    if isinstance(about, dict):
        return _record(place, about, about.get("name"), about.get("sources"))
    if isinstance(about, str):
        return _record(place, found | {"fingerprint": digest(found)}, about, {})
    return _record(place, found, found.get("name"), found.get("sources"))


def _record(place: str, found: Mapping[str, Any], name: Any, attributes: Any) -> Record:
    recipe = found.get("recipe")
    if not isinstance(name, str) or not isinstance(recipe, dict) or not isinstance(attributes or {}, Mapping):
        raise InputError(f"{place} holds no recipe: {_WANTED}")
    content = found.get("content")
    stated = content if isinstance(content, dict) else None
    return Record(place, name, recipe, attributes or {}, str(found.get("fingerprint") or ""), stated)


# Planning -----------------------------------------------------------------------------------------------------------


def plan_again(record: Record, elsewhere: Elsewhere) -> Plan:
    """Return the plan of the set that `record` describes, with its sources where `elsewhere` says they are.

    Raises InputError if a source is missing or has another digest, if `elsewhere` names one that the recipe has not,
    and for sets that were imported, sealed or merged, which cannot be rendered.
    """
    if MERGED in record.recipe:
        raise InputError(
            f"{record.url}: a merged set has no recipe of its own: render each set that it was merged from, then "
            "`whence merge A.zarr B.zarr OUT.zarr`"
        )
    replan = load_replanner(record.name)
    if replan is None:
        raise InputError(
            f"{record.url}: a {record.name} set was not rendered, so its recipe makes none; copy it, or import it again"
        )
    for source, place in elsewhere.items():
        if place and not digest_in(record.recipe, source):
            raise InputError(f"{SOURCES[source].option.split()[0]}: the recipe in {record.url} has no {source}")
    try:
        plan: Plan | None = replan(record, elsewhere)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise InputError(f"{record.url}: its recipe is not one of {record.name} ({where}: {first['msg']})") from None
    if plan is None:
        raise InputError(f"{record.url}: an imported set has no recipe to render: import its files again")
    return plan
