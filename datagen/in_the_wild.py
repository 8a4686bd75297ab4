"""Real stereo recordings with the published left/right labels (StereoCRW, Sec. 4.2) as a dataset.

The label file has the columns `path,start_time,itd_label,if_flip`: `start_time` is a frame at 30 frames a second;
labels 0 and 1 are left, 2 and 3 right, already turned round in the rows whose channels are to be swapped.
"""

import csv
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile
import soxr
from pydantic import BaseModel, ConfigDict, Field

from ..conventions import SAMPLE_RATE
from ..digests import digest, sha256
from ..errors import InputError
from . import stereo
from .shards import Field as ArrayField
from .shards import Layout

COLUMNS = ("path", "start_time", "itd_label", "if_flip")
FRAMES_PER_SECOND = 30
EXTENSIONS = (".wav", ".flac", ".ogg", ".mp3")
SILENCE = 2.0**-24
"""A peak below this, half a step of 24-bit audio, is silence."""

Parts = tuple[str, ...]
"""The parts of a path that name a recording."""

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
    """One row of the label file, the recording's short name, and the file it was found in."""

    path: str
    name: str
    file: str
    start_frame: int
    label: int
    swapped: bool

    @property
    def video(self) -> str:
        """The recording's name without the two numbers that say which cut it is."""
        return re.sub(r"_\d+_\d+$", "", self.name)

    @property
    def sample_id(self) -> str:
        """Name of the clip; a swapped clip is another sample."""
        return f"{self.name}/{self.start_frame:06d}/{'swapped' if self.swapped else 'as-recorded'}"


@dataclass(frozen=True)
class SkippedRow:
    """A row of the label file that cannot be used: its path, why, and whether its recording was found at all."""

    path: str
    reason: str
    found: bool


class InTheWildRecipe(BaseModel):
    """Everything that decides the bytes of the dataset."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    labels: str
    """Digest of the labels that were found."""
    recordings: str
    """Digest of the recordings."""
    rows_per_shard: int = Field(default=50, ge=1)


def read_labels(labels: str, clips: str) -> tuple[tuple[LabelledClip, ...], tuple[SkippedRow, ...]]:
    """Return the rows of the file `labels` that can be cut from recordings below the folder `clips`, and the others.

    A recording is NAME.wav (flac, ogg, mp3) or an audio file called audio in a folder NAME; the one is taken whose
    path has the longest end in common with the row's. Every cut is tried. Raises InputError for a malformed or
    repeated row, for recordings that cannot be told apart, and where nothing at all can be cut.
    """
    folder = Path(clips)
    if not folder.is_dir():
        raise InputError(f"{clips} is no folder: give the folder that holds the recordings")
    rows = _label_rows(Path(labels))
    for row in rows:
        _check_row(row, labels)
    paths = {_parts(PurePath(row["path"])) for row in rows}
    names, files = _short_names(paths), _matches(paths, _recordings(folder), labels)
    every = [_labelled_clip(row, names, files) for row in rows]
    _refuse_repeats(every, labels)
    tried = [(clip, _fault(clip, clips)) for clip in every]
    skipped = tuple(fault for _, fault in tried if fault)
    if len(skipped) == len(every):
        raise InputError(_nothing_left(skipped, labels, clips))
    return tuple(clip for clip, fault in tried if not fault), skipped


def _nothing_left(skipped: tuple[SkippedRow, ...], labels: str, clips: str) -> str:
    """Return the message for a label file of which every row was skipped."""
    unusable = [row for row in skipped if row.found]
    if unusable:
        return f"no row of {labels} can be cut from {clips}: {unusable[0].reason}"
    paths = sorted({row.path for row in skipped})
    return f"{clips} holds none of the {len(paths)} recordings of {labels}, such as {paths[0]!r}"


# Which file a row means -----------------------------------------------------------------------------------------


def _parts(path: PurePath) -> Parts:
    """Return the parts of `path` that name a recording: without extension and without any audio at its end.

    >>> _parts(PurePath("./x/a_0001_0002/audio/audio.wav"))
    ('x', 'a_0001_0002')
    """
    parts = (path.with_suffix("") if path.suffix.lower() in EXTENSIONS else path).parts
    while len(parts) > 1 and parts[-1] == "audio":
        parts = parts[:-1]
    return parts


def _recordings(folder: Path) -> dict[str, list[tuple[Parts, Path]]]:
    """Return every recording below `folder` with the parts of its full path, by the last of them."""
    found = defaultdict(list)
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in EXTENSIONS and path.is_file():
            parts = _parts(Path(os.path.abspath(path)))
            found[parts[-1]].append((parts, path))
    return dict(found)


def _matches(paths: Iterable[Parts], found: Mapping[str, list[tuple[Parts, Path]]], labels: str) -> dict[Parts, Path]:
    """Return for each of `paths` the recording whose path ends most like it; none for a path without one.

    A recording that ends most like two of `paths` belongs to the one it is more like.
    """
    claims: dict[Path, list[tuple[int, Parts]]] = defaultdict(list)
    for path in sorted(paths):
        candidates = sorted((-_common_end(path, parts), file) for parts, file in found.get(path[-1], []))
        if len(candidates) > 1 and candidates[0][0] == candidates[1][0]:
            one, other = candidates[0][1], candidates[1][1]
            raise InputError(f"{labels}: {'/'.join(path)!r} may be {one} or {other}: keep one, or its whole path")
        for depth, file in candidates[:1]:
            claims[file].append((depth, path))
    return {_owner(file, claimed, labels): file for file, claimed in claims.items()}


def _owner(file: Path, claimed: list[tuple[int, Parts]], labels: str) -> Parts:
    """Return the path in `claimed` (minus the parts in common, path) that has most in common with `file`."""
    first, *others = sorted(claimed)
    if others and others[0][0] == first[0]:
        one, other = ("/".join(path) for _, path in (first, others[0]))
        raise InputError(f"{labels}: {file} may be {one!r} or {other!r}: put it in the folder that its path names")
    return first[1]


def _common_end(one: Parts, other: Parts) -> int:
    """Return how many parts the ends of two paths have in common.

    >>> _common_end(("data", "a", "v"), ("home", "a", "v"))
    2
    """
    pairs = zip(reversed(one), reversed(other), strict=False)
    return next((k for k, (x, y) in enumerate(pairs) if x != y), min(len(one), len(other)))


def _short_names(paths: Iterable[Parts]) -> dict[Parts, str]:
    """Return the name of each of `paths`: its last part, or all of them where others end in the same part.

    >>> sorted(_short_names([("x", "a", "v"), ("x", "b", "v"), ("x", "w")]).values())
    ['w', 'x/a/v', 'x/b/v']
    """
    paths = list(paths)
    count = Counter(path[-1] for path in paths)
    return {path: path[-1] if count[path[-1]] == 1 else "/".join(path) for path in paths}


# Rows -----------------------------------------------------------------------------------------------------------


def _label_rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of the label file, with at least the columns `COLUMNS`."""
    if not path.is_file():
        raise InputError(f"{path} does not exist: give the label file ({','.join(COLUMNS)})")
    try:
        with path.open(newline="", encoding="utf-8-sig") as lines:
            rows = list(csv.DictReader(lines))
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: not a CSV file in UTF-8 ({error}); save it as one") from None
    if not rows or not set(COLUMNS) <= set(rows[0]):
        raise InputError(f"{path}: expected the columns {','.join(COLUMNS)} and at least one row")
    return rows


def _check_row(row: Mapping[str, str], labels: str) -> None:
    """Raise InputError unless `row` names a recording, a frame, a label and whether to swap."""
    try:
        named = bool(PurePath(row["path"]).parts)
        _, label = int(row["start_time"]), int(row["itd_label"])
    except (TypeError, ValueError):
        named = False
    if not named or row["if_flip"] not in ("0", "1"):
        raise InputError(f"{labels}: cannot read the row {dict(row)}: expected whole numbers, if_flip 0 or 1")
    if label not in (0, 1, 2, 3):
        raise InputError(f"{labels}: itd_label {label} in the row of {row['path']!r}: expected 0, 1, 2 or 3")


def _labelled_clip(row: Mapping[str, str], names: Mapping[Parts, str], files: Mapping[Parts, Path]) -> LabelledClip:
    """Return the clip of a checked `row`; its file is "" where none was found."""
    parts = _parts(PurePath(row["path"]))
    file = str(files.get(parts, ""))
    swapped = row["if_flip"] == "1"
    return LabelledClip(row["path"], names[parts], file, int(row["start_time"]), int(row["itd_label"]), swapped)


def _refuse_repeats(clips: Iterable[LabelledClip], labels: str) -> None:
    """Raise InputError where two of `clips` have the same path, start and swap."""
    seen: set[str] = set()
    for clip in clips:
        if clip.sample_id in seen:
            which = f"start_time {clip.start_frame}, if_flip {clip.swapped:d}"
            raise InputError(f"{labels}: the row of {clip.path!r}, {which}, is there twice: keep one of them")
        seen.add(clip.sample_id)


def _fault(clip: LabelledClip, clips: str) -> SkippedRow | None:
    """Return why `clip` cannot be cut from its recording below `clips`, None where it can."""
    if not clip.file:
        return SkippedRow(clip.path, f"{clip.path} is not in {clips}", False)
    try:
        _cut(clip)
    except InputError as error:
        return SkippedRow(clip.path, str(error), True)
    return None


@dataclass(frozen=True)
class InTheWildPlan:
    """Cuts any labelled clip out of its recording."""

    clips: tuple[LabelledClip, ...]
    location: str
    missing: int
    licence: str = "unknown"
    dataset: str = field(default="in-the-wild", init=False)

    @cached_property
    def recipe(self) -> Mapping[str, Any]:
        """Digests of labels and recordings, as JSON values."""
        labels = [[clip.sample_id, clip.label] for clip in self.clips]
        files = sorted({(clip.name, clip.file) for clip in self.clips})
        recordings = [[name, sha256(Path(file).read_bytes())] for name, file in files]
        return InTheWildRecipe(labels=digest(labels), recordings=digest(recordings), rows_per_shard=50).model_dump()

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Where the recordings lie, and how many of the label file's rows could not be cut."""
        return {
            "engine": {"name": "recorded", "location": self.location, "rows_without_recording": self.missing},
            "speech": {
                "kind": "recorded",
                "location": self.location,
                "licences": {self.licence: len(self.clips)},
            },
        }

    @property
    def layout(self) -> Layout:
        """One row a labelled clip, in the order of the label file."""
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
    """Return the second that begins at the clip's frame, int16 (2, 16000); a recording that ends sooner is repeated.

    Raises InputError where the recording holds no usable sound there.
    """
    audio, rate = _read_second(clip.file, clip.start_frame)
    sound = soxr.resample(audio, rate, SAMPLE_RATE).T
    where = f"{clip.file}: the second from frame {clip.start_frame} on"
    if sound.shape[1] == 0:
        raise InputError(f"{where} lies beyond its end")
    if not (np.isfinite(audio).all() and np.isfinite(sound).all()):
        raise InputError(f"{where} holds values that are no finite numbers")
    if np.abs(sound).max() < SILENCE:
        raise InputError(f"{where} is silent")
    repeats = -(-stereo.CLIP_SAMPLES // sound.shape[1])
    second = np.tile(sound, repeats)[:, : stereo.CLIP_SAMPLES]
    return stereo.as_int16(second[::-1] if clip.swapped else second)


def _read_second(file: str, start_frame: int) -> tuple[npt.NDArray[np.float32], int]:
    """Return up to a second of the stereo `file` from frame `start_frame` on, (samples, 2), and its sample rate."""
    if start_frame < 0:
        raise InputError(f"{file}: start_time {start_frame} lies before its beginning")
    try:
        with soundfile.SoundFile(file) as recording:
            if recording.channels != 2:
                raise InputError(f"{file}: expected two channels, found {recording.channels}")
            recording.seek(min(start_frame * recording.samplerate // FRAMES_PER_SECOND, recording.frames))
            return recording.read(recording.samplerate, dtype="float32", always_2d=True), recording.samplerate
    except (soundfile.SoundFileError, OSError) as error:
        raise InputError(f"{file}: {error}") from None
