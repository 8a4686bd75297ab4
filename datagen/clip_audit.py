"""Finds the clips of a test list in training lists.

The public 144k training lists of VGGSound hold 3,709 of the 5,158 clips of VGG-SS, under the same names.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..english import counted
from ..errors import InputError
from ..files import written_whole
from .clip_names import Clips, clip_name, read_clip_list

COLUMNS = ("clip", "list", "entry", "overlap")


@dataclass(frozen=True)
class Overlap:
    """What a training list shares with the test clips, each pair as (test clip, entry of the list)."""

    list: str
    entries: int
    same: tuple[tuple[str, str], ...]
    """Entries that are a test clip."""
    other_seconds: tuple[tuple[str, str], ...]
    """Entries from the video of a test clip that start at another second."""

    @property
    def leaked(self) -> int:
        """Number of test clips in the list."""
        return len({clip for clip, _ in self.same})


@dataclass(frozen=True)
class Audit:
    """The number of distinct test `clips`, and what each training list shares with them."""

    test: str
    clips: int
    overlaps: tuple[Overlap, ...]
    remarks: tuple[str, ...]

    @property
    def leaked(self) -> int:
        """Number of test clips in any of the lists."""
        return len({clip for overlap in self.overlaps for clip, _ in overlap.same})


def audit(test: Path, against: Sequence[Path]) -> Audit:
    """Return which clips of the list `test` are in the lists `against`. Raises InputError if one cannot be read."""
    if not against:
        raise InputError("--against: give at least one training list")
    names = _names(test)
    distinct = {clip_name(name): name for name in reversed(names)}
    clips = Clips(tuple(reversed(distinct.values())))
    overlaps, remarks = [], []
    if len(distinct) < len(names):
        remarks.append(f"{test} names {counted(len(names) - len(distinct), 'clip')} more than once: each counts once")
    for path in against:
        found = list(dict.fromkeys(_names(path)))
        overlaps.append(_overlap(clips, path, found))
        if _form(clips.names) != _form(found) and not overlaps[-1].same:
            remarks.append(f"{path} names clips like {found[0]!r}, {test} like {names[0]!r}: are these the same set's?")
    return Audit(str(test), len(distinct), tuple(overlaps), tuple(remarks))


def _names(path: Path) -> list[str]:
    """Return the names in a list; a line that pairs a picture with another clip's sound names both."""
    return [name for line in read_clip_list(path) for name in dict.fromkeys((line.written, line.sound))]


def _overlap(clips: Clips, path: Path, entries: Sequence[str]) -> Overlap:
    read = [(entry, clip_name(entry)) for entry in entries]
    same = tuple((clip, entry) for entry, name in read for clip in clips.same(name))
    other = tuple((clip, entry) for entry, name in read for clip in clips.other_seconds(name))
    return Overlap(str(path), len(entries), same, other)


def _form(names: Sequence[str]) -> str:
    """Return how most of `names` look: numbers as in Flickr, clips with a start, or others."""
    read = [clip_name(name) for name in names]
    if 2 * sum(name.video.isdigit() for name in read) > len(read):
        return "numbers"
    return "starts" if 2 * sum(name.start is not None for name in read) > len(read) else "others"


def write_audit(found: Audit, path: Path) -> None:
    """Write every pair of a test clip and an entry as CSV."""
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    for overlap in found.overlaps:
        rows.writerows((clip, overlap.list, entry, "same clip") for clip, entry in overlap.same)
        rows.writerows(
            (clip, overlap.list, entry, "same video, other seconds") for clip, entry in overlap.other_seconds
        )
    with written_whole(path) as partial:
        partial.write_text(text.getvalue(), encoding="utf-8")
