"""Imports real stereo recordings with the published left/right labels (StereoCRW, Sec. 4.2) as a dataset.

The label file has the columns `path,start_time,itd_label,if_flip`. `start_time` is a frame number at 30 frames per
second. Labels 0 and 1 are left, 2 and 3 right; in rows whose channels are to be swapped they are already swapped.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from ..digests import digest
from ..errors import InputError
from . import stereo
from .csv_tables import Row, posix_path, read_table
from .recording_files import (
    Parts,
    content_of,
    find_recordings,
    none_found,
    parts_of,
    recorded_at,
    second_of,
    short_names,
)
from .shards import Field as ArrayField
from .shards import Layout

COLUMNS = ("path", "start_time", "itd_label", "if_flip")
FRAMES_PER_SECOND = 30

_FIELDS = (
    stereo.AUDIO,
    ArrayField("sample_id", "str", "name of the clip"),
    ArrayField("side", "int8", "+1 left, -1 right, as labelled for the channels stored here"),
    ArrayField("itd_label", "int8", "0 left, 1 centre-left, 2 centre-right, 3 right"),
    ArrayField("video", "str", "the recording it was cut from"),
    ArrayField("room", "str", "the recording it was cut from"),
)


@dataclass(frozen=True)
class LabelledClip:
    """A row of the label file, with the short name of its recording and the file that holds it."""

    path: str
    name: str
    file: str
    start_frame: int
    label: int
    swapped: bool

    @property
    def video(self) -> str:
        """Name of the recording without the two numbers that identify the cut."""
        return re.sub(r"_\d+_\d+$", "", self.name)

    @property
    def sample_id(self) -> str:
        """Name of the clip; a swapped clip is a separate sample."""
        return f"{self.name}/{self.start_frame:06d}/{'swapped' if self.swapped else 'as-recorded'}"


@dataclass(frozen=True)
class SkippedRow:
    """An unusable row of the label file: its path, the reason, and whether its recording was found."""

    path: str
    reason: str
    found: bool


class InTheWildRecipe(BaseModel):
    """Everything that affects the bytes of the dataset."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    labels: str
    """Digest of the labels whose recordings were found."""
    recordings: str
    """Digest of the recordings."""
    rows_per_shard: int = Field(default=50, ge=1)


def read_labels(labels: str, clips: str) -> tuple[tuple[LabelledClip, ...], tuple[SkippedRow, ...]]:
    """Return the rows of the file `labels` that can be cut from recordings below the folder `clips`, and the others.

    A recording is NAME.wav (flac, ogg, mp3) or an audio file named audio in a folder NAME. Each row gets the recording
    whose path shares the longest ending with its own. Every cut is tried. Raises InputError for a malformed or
    repeated row, for ambiguous recordings, and if nothing can be cut.
    """
    folder = Path(clips)
    if not folder.is_dir():
        raise InputError(f"{clips} is not a folder: give the folder that holds the recordings")
    rows = _label_rows(Path(labels))
    for row in rows:
        _check_row(row, labels)
    paths = {parts_of(PurePath(row["path"])) for row in rows}
    names, files = short_names(paths), find_recordings(paths, folder, labels)
    every = [_labelled_clip(row, names, files) for row in rows]
    _refuse_repeats(every, labels)
    tried = [(clip, _fault(clip, clips)) for clip in every]
    skipped = tuple(fault for _, fault in tried if fault)
    if len(skipped) == len(every):
        raise InputError(_nothing_left(skipped, labels, clips))
    return tuple(clip for clip, fault in tried if not fault), skipped


def _nothing_left(skipped: tuple[SkippedRow, ...], labels: str, clips: str) -> str:
    """Return the error message for a label file whose rows were all skipped."""
    unusable = [row for row in skipped if row.found]
    if unusable:
        return f"no row of {labels} can be cut from {clips}: {unusable[0].reason}"
    return none_found(clips, (row.path for row in skipped), labels)


# Rows -----------------------------------------------------------------------------------------------------------


def _label_rows(path: Path) -> list[Row]:
    """Return the rows of the label file, with at least the columns `COLUMNS` and slashes in their paths."""
    if not path.is_file():
        raise InputError(f"{path} does not exist: give the label file ({','.join(COLUMNS)})")
    return [{**row, "path": posix_path(row["path"], path.parent)} for row in read_table(path, COLUMNS)]


def _check_row(row: Row, labels: str) -> None:
    """Raise InputError unless `row` has a recording, a frame, a label and a swap flag."""
    try:
        named = bool(PurePath(row["path"]).parts)
        _, label = int(row["start_time"]), int(row["itd_label"])
    except (TypeError, ValueError):
        named = False
    if not named or row["if_flip"] not in ("0", "1"):
        raise InputError(f"{labels}: cannot read the row {dict(row)}: expected whole numbers, if_flip 0 or 1")
    if label not in (0, 1, 2, 3):
        raise InputError(f"{labels}: itd_label {label} in the row of {row['path']!r}: expected 0, 1, 2 or 3")


def _labelled_clip(row: Row, names: Mapping[Parts, str], files: Mapping[Parts, Path]) -> LabelledClip:
    """Return the clip of a checked `row`; its file is "" if none was found."""
    parts = parts_of(PurePath(row["path"]))
    file = str(files.get(parts, ""))
    swapped = row["if_flip"] == "1"
    return LabelledClip(row["path"], names[parts], file, int(row["start_time"]), int(row["itd_label"]), swapped)


def _refuse_repeats(clips: Iterable[LabelledClip], labels: str) -> None:
    """Raise InputError if two of `clips` have the same path, start and swap."""
    seen: set[str] = set()
    for clip in clips:
        if clip.sample_id in seen:
            which = f"start_time {clip.start_frame}, if_flip {clip.swapped:d}"
            raise InputError(f"{labels}: the row of {clip.path!r}, {which}, appears twice: keep one of them")
        seen.add(clip.sample_id)


def _fault(clip: LabelledClip, clips: str) -> SkippedRow | None:
    """Return why `clip` cannot be cut from its recording below `clips`, None if it can."""
    if not clip.file:
        return SkippedRow(clip.path, f"{clip.path} is not in {clips}", False)
    try:
        _cut(clip)
    except InputError as error:
        return SkippedRow(clip.path, str(error), True)
    return None


@dataclass(frozen=True)
class InTheWildPlan:
    """Cuts any labelled clip from its recording."""

    clips: tuple[LabelledClip, ...]
    location: str
    missing: int
    licence: str = "unknown"
    dataset: str = field(default="in-the-wild", init=False)

    @cached_property
    def recipe(self) -> Mapping[str, Any]:
        """Digests of labels and recordings, as JSON values."""
        labels = [[clip.sample_id, clip.label] for clip in self.clips]
        recordings = content_of((clip.name, clip.file) for clip in self.clips)
        return InTheWildRecipe(labels=digest(labels), recordings=recordings, rows_per_shard=50).model_dump()

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Location of the recordings, and the number of label rows that could not be cut."""
        return recorded_at(self.location, self.licence, len(self.clips), rows_without_recording=self.missing)

    @property
    def layout(self) -> Layout:
        """One row per labelled clip, in the order of the label file."""
        return Layout("clip", len(self.clips), 50, _FIELDS)

    def render(self, row: int) -> dict[str, Any]:
        """Return every field of row `row`."""
        clip = self.clips[row]
        return {
            "audio": _cut(clip),
            "sample_id": clip.sample_id,
            "side": 1 if clip.label in (0, 1) else -1,
            "itd_label": clip.label,
            "video": clip.video,
            "room": clip.video,
        }


def _cut(clip: LabelledClip) -> npt.NDArray[np.int16]:
    """Return one second from the clip's start frame, int16 (2, 16000); a recording that ends sooner is repeated.

    Raises InputError if the recording has no usable sound there.
    """
    if clip.start_frame < 0:
        raise InputError(f"{clip.file}: start_time {clip.start_frame} is before its beginning")
    where = f"{clip.file}: the second from frame {clip.start_frame} on"
    second = second_of(clip.file, Fraction(clip.start_frame, FRAMES_PER_SECOND), where).audio
    return stereo.as_int16(second[::-1] if clip.swapped else second)
