"""Reads lists of clips as people publish them, and matches their names.

Lists are text, CSV or JSON. One names a clip RgyqhpOJFM4_000030, another RgyqhpOJFM4_30000_40000 (milliseconds),
another RgyqhpOJFM4,30 in two cells, frames/RgyqhpOJFM4_000030.jpg or only the video: all these mean one clip.
"""

import codecs
import csv
import io
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import InputError

_EXTENSION = re.compile(
    r"\.(jpe?g|png|webp|wav|flac|mp3|ogg|opus|m4a|aac|mp4|webm|mkv|avi|xml|pkl|npy)$", re.IGNORECASE
)
_WITH_START = re.compile(r"([\w-]{11})_(\d{6})")
_WITH_ENDS = re.compile(r"([\w-]{11})_(\d+)_(\d+)")
_VIDEO = re.compile(r"(?=.*[A-Za-z_-])[\w-]{11}")
_CLIP_SECONDS = 10
CLIP_COLUMNS = ("file", "video", "id", "clip", "name", "image", "youtube_id", "ytid", "video_id", "vid", "path")
START_COLUMNS = ("start", "start_seconds", "start_time")
_KEYS = ("file", "image", "video", "id", "name", "clip", "youtube_id", "ytid")
LARGEST_LIST = 1 << 28


class ClipName(NamedTuple):
    """A clip by its video and the second where it starts; None where a name does not tell."""

    video: str
    start: int | None = None


class Line(NamedTuple):
    """A line of a list: the clip as `written`, its sound if that comes from another clip, and what is said of it."""

    written: str
    sound: str
    label: str = ""


def clip_name(written: str) -> ClipName:
    """Return the clip that `written` means.

    >>> clip_name("frames/RgyqhpOJFM4_000030.jpg") == clip_name("RgyqhpOJFM4_30000_40000")
    True
    >>> clip_name("10000130166.mp4")
    ClipName(video='10000130166', start=None)
    """
    stem = _EXTENSION.sub("", written.strip().replace("\\", "/").rstrip("/").rpartition("/")[2])
    if match := _WITH_START.fullmatch(stem):
        return ClipName(match[1], int(match[2]))
    if (match := _WITH_ENDS.fullmatch(stem)) and len(match[2]) < 10 and len(match[3]) < 10:
        first, last = int(match[2]), int(match[3])
        if last - first in (_CLIP_SECONDS, _CLIP_SECONDS * 1000):
            return ClipName(match[1], first if last - first == _CLIP_SECONDS else first // 1000)
    return ClipName(stem)


@dataclass(frozen=True)
class Clips:
    """Clips by name, in which others are found."""

    names: tuple[str, ...]

    @cached_property
    def _by_video(self) -> Mapping[str, tuple[tuple[int | None, str], ...]]:
        found: dict[str, list[tuple[int | None, str]]] = defaultdict(list)
        for name in self.names:
            video, start = clip_name(name)
            found[video].append((start, name))
        return {video: tuple(clips) for video, clips in found.items()}

    def same(self, name: ClipName) -> tuple[str, ...]:
        """Return the clips that `name` means: of its video, and of its start where both tell one."""
        return tuple(clip for start, clip in self._of(name) if None in (start, name.start) or start == name.start)

    def other_seconds(self, name: ClipName) -> tuple[str, ...]:
        """Return the clips of the video of `name` that start elsewhere."""
        return tuple(clip for start, clip in self._of(name) if None not in (start, name.start) and start != name.start)

    def _of(self, name: ClipName) -> tuple[tuple[int | None, str], ...]:
        return self._by_video.get(name.video, ())


def read_clip_list(path: Path) -> tuple[Line, ...]:
    """Return the lines of a list of clips. Raises InputError if it cannot be read or holds none."""
    text = text_of(path, "a list of clips as txt, CSV or JSON")
    lines = tuple(_json_lines(text, path) if _is_json(path, text) else _table_lines(text, path))
    if not lines:
        raise InputError(f"{path} names no clip: expected one a line, a CSV file or a JSON list")
    strange = next((name for line in lines for name in line if not name.isprintable()), None)
    if strange is not None:
        raise InputError(f"{path}: {strange[:50]!a} is no name of a clip: it holds characters that cannot be shown")
    return lines


def text_of(path: Path, wanted: str) -> str:
    """Return the text in the file at `path`; raises InputError asking for `wanted` if it is none, or too long."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_LIST + 1)  # a device may have no end
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error}): give {wanted}") from None
    if len(content) > LARGEST_LIST:
        raise InputError(f"{path} is larger than {LARGEST_LIST >> 20} MiB: give {wanted}")
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{path} is not text in UTF-8: give {wanted}") from None
    if "\0" in text:
        raise InputError(f"{path} is not text (it holds zero bytes): give {wanted}")
    return text


def _is_json(path: Path, text: str) -> bool:
    return path.suffix.lower() == ".json" or text.lstrip()[:1] in ("[", "{")


def parse_json(text: str, path: Path) -> Any:
    """Return the value in `text`; raises InputError naming `path` if it is no JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else error
        raise InputError(f"{path}: not JSON ({reason}): copy it again") from None


def _json_lines(text: str, path: Path) -> Iterator[Line]:
    found = parse_json(text, path)
    for number, entry in enumerate(found if isinstance(found, list | dict) else [None]):
        yield _json_line(entry, f"{path}, entry {number}")


def _json_line(entry: Any, where: str) -> Line:
    key = next((key for key in _KEYS if isinstance(entry, dict) and isinstance(entry.get(key), str)), None)
    written = entry[key] if key else entry
    if isinstance(written, int) and not isinstance(written, bool):
        written = str(written)
    if not isinstance(written, str) or not written.strip():
        raise InputError(f"{where}: expected the name of a clip, or an object with one of {', '.join(_KEYS)}")
    if key == "video" and isinstance(entry.get("frame"), int):
        written = f"{written}_{entry['frame']}"
    return Line(written.strip(), written.strip())


def _table_lines(text: str, path: Path) -> Iterator[Line]:
    delimiter = next((mark for mark in (",", ";", "\t") if mark in text.partition("\n")[0]), ",")
    try:
        rows = [
            [cell.strip() for cell in row] for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        ]
    except csv.Error as error:
        raise InputError(f"{path}: not a list of clips ({error}): expected txt, CSV or JSON") from None
    rows = [row for row in rows if any(row) and not row[0].startswith("# ")]
    header = [cell.casefold().replace(" ", "_") for cell in rows[0]] if rows else []
    headed = any(cell in CLIP_COLUMNS for cell in header)
    return _headed_lines(header, rows[1:], path) if headed else _plain_lines(rows, path)


def _headed_lines(header: Sequence[str], rows: Iterable[Sequence[str]], path: Path) -> Iterator[Line]:
    """Yield the lines of a table whose first line names its columns."""
    column = next(header.index(name) for name in CLIP_COLUMNS if name in header)
    start = next((header.index(name) for name in START_COLUMNS if name in header), None)
    for number, row in enumerate(rows, 2):
        cells = dict(zip(header, row, strict=False))
        name = row[column] if column < len(row) else ""
        if not name:
            raise InputError(f"{path}, row {number}: the cell of {header[column]} is empty: write a clip's name")
        written = _joined(name, row[start] if start is not None and start < len(row) else "")
        yield Line(written, cells.get("audio") or written, cells.get("label", ""))


def _plain_lines(rows: Iterable[Sequence[str]], path: Path) -> Iterator[Line]:
    for number, row in enumerate(rows, 1):
        if not row[0]:
            raise InputError(f"{path}, row {number}: its first cell is empty: write a clip's name")
        written = _joined(row[0], row[1] if len(row) > 1 else "")
        yield Line(written, written)


def _joined(name: str, start: str) -> str:
    """Return `name` with its start, if that stands in a cell of its own; after other names that cell is a frame."""
    seconds = re.fullmatch(r"(\d{1,6})(\.0*)?", start)
    return f"{name}_{int(seconds[1]):06d}" if seconds and _VIDEO.fullmatch(name) else name
