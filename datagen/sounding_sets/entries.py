"""Reads annotation files in JSON: lists of objects, of which each set has its own."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from ...errors import InputError
from ..clip_names import parse_json, text_of
from .labelled import Corners

Entry = Mapping[str, Any]
LARGEST_NUMBER = 10**10
_WRITTEN_BY = (
    ({"image", "audio", "gt_box"}, "IS3, VPO or AVSBench"),
    ({"image", "audio"}, "IS3, VPO or AVSBench, but with segments instead of boxes"),
    ({"file", "class", "bbox"}, "VGG-SS, or MUSIC if its boxes are single lists of four numbers"),
    ({"file", "class_src1", "bbox_src1"}, "MUSIC duets"),
    ({"video", "frame", "bbox"}, "Epic Sounding Object"),
)


def read_entries(path: Path, keys: Sequence[str]) -> list[Entry]:
    """Return the objects in the JSON file at `path`; raises InputError unless each has the `keys`."""
    if path.is_dir():
        raise InputError(f"{path} is a folder: give the JSON file of this set")
    found = parse_json(text_of(path, "the JSON file of this set"), path)
    if not isinstance(found, list) or not found:
        raise InputError(f"{path}: expected a JSON list of objects with {', '.join(keys)}, found {_said(found)}")
    for number, entry in enumerate(found):
        if not isinstance(entry, dict) or not set(keys) <= entry.keys():
            raise InputError(
                f"{path}, entry {number}: expected an object with {', '.join(keys)}, found {_said(entry)}{_hint(entry)}"
            )
    return found


def _said(found: Any) -> str:
    if isinstance(found, dict):
        return f"one with {', '.join(map(str, found))[:100] or 'nothing'}"
    return "an empty list" if found == [] else f"a {type(found).__name__}"


def _hint(entry: Any) -> str:
    known = next((name for keys, name in _WRITTEN_BY if isinstance(entry, dict) and keys <= entry.keys()), None)
    return f": this is a file of {known}" if known else ""


def text_in(entry: Entry, key: str, where: str) -> str:
    """Return the text under `key`; raises InputError if there is none."""
    value = entry[key]
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{where}: {key} is {str(value)[:50]!r}, expected a name")
    return value.strip()


def path_in(entry: Entry, key: str, where: str) -> str:
    """Return the path under `key`, with slashes; raises InputError if it names no file."""
    value = text_in(entry, key, where).replace("\\", "/")
    if PurePosixPath(value).stem in ("", ".."):
        raise InputError(f"{where}: {key} is {value[:50]!r}, expected the path of a file")
    return value


def whole_number_in(entry: Entry, key: str, where: str) -> int:
    """Return the number under `key`; raises InputError if it is no whole one, negative or too large."""
    value = entry[key]
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < LARGEST_NUMBER:
        raise InputError(f"{where}: {key} is {str(value)[:50]!r}, expected a whole number")
    return value


def four_numbers(value: Any, where: str) -> Corners:
    """Return `value` as four numbers; raises InputError if it is anything else."""
    if not isinstance(value, list) or len(value) != 4 or not all(_is_number(each) for each in value):
        raise InputError(f"{where}: expected a box of four numbers, found {str(value)[:60]}")
    try:
        x0, y0, x1, y1 = (float(each) for each in value)
    except OverflowError:
        raise InputError(f"{where}: expected a box of four numbers, found one that is too large") from None
    return x0, y0, x1, y1


def boxes_in(entry: Entry, where: str) -> list[Corners]:
    """Return the boxes under `bbox`, a list of lists of four numbers; raises InputError if it is anything else."""
    value = entry["bbox"]
    if isinstance(value, list) and len(value) == 4 and all(_is_number(each) for each in value):
        raise InputError(f"{where}: bbox is a single box, expected a list of boxes: this is how MUSIC is written")
    if not isinstance(value, list):
        raise InputError(f"{where}: bbox is {str(value)[:60]}, expected a list of boxes")
    return [four_numbers(each, where) for each in value]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def numbered(entries: Iterable[Entry], path: Path) -> Iterable[tuple[Entry, str]]:
    """Yield each entry with the words that locate it in errors."""
    return ((entry, f"{path}, entry {number}") for number, entry in enumerate(entries))
