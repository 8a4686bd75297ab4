"""Real stereo recordings with the published left/right labels (StereoCRW, Sec. 4.2) as a dataset.

The label file has the columns `path,start_time,itd_label,if_flip`: `start_time` is a frame at 30 frames a second;
labels 0 and 1 are left, 2 and 3 right, already turned round in the rows whose channels are to be swapped.
"""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
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
    """One row of the label file, and the file it was found in."""

    path: str
    file: str
    start_frame: int
    label: int
    swapped: bool

    @property
    def video(self) -> str:
        """The recording's name: the last part of the path without the two numbers that say which cut it is."""
        return re.sub(r"_\d+_\d+$", "", Path(self.path).name)

    @property
    def sample_id(self) -> str:
        """Name of the clip; a swapped clip is another sample."""
        return f"{Path(self.path).name}/{self.start_frame:06d}/{'swapped' if self.swapped else 'as-recorded'}"


class InTheWildRecipe(BaseModel):
    """Everything that decides the bytes of the dataset."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    labels: str
    """Digest of the labels that were found."""
    recordings: str
    """Digest of the recordings."""
    rows_per_shard: int = Field(default=50, ge=1)


def read_labels(labels: str, clips: str) -> tuple[tuple[LabelledClip, ...], list[str]]:
    """Return the rows of the file `labels` whose recording lies below the folder `clips`, and the paths missing there.

    A recording is found by the last part of its path, as NAME.wav (flac, ogg, mp3) or as an audio file in a folder
    NAME. Raises InputError for a malformed row, or where no recording at all is found.
    """
    folder = Path(clips)
    if not folder.is_dir():
        raise InputError(f"{clips} is no folder: give the folder that holds the recordings")
    found = _recordings(folder)
    known, missing = [], []
    for row in _label_rows(Path(labels)):
        name = Path(row["path"]).name
        if name in found:
            known.append(_labelled_clip(row, str(found[name]), labels))
        else:
            missing.append(row["path"])
    if not known:
        raise InputError(f"{clips} holds none of the {len(missing)} recordings of {labels}, such as {missing[0]!r}")
    return tuple(known), sorted(set(missing))


def _recordings(folder: Path) -> dict[str, Path]:
    """Return every recording below `folder` by its name: the file's, or its folder's for files called audio."""
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in EXTENSIONS)
    return {_recording_name(path): path for path in files}


def _recording_name(path: Path) -> str:
    while path.stem == "audio":
        path = path.parent
    return path.stem


def _label_rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        raise InputError(f"{path} does not exist: give the label file ({','.join(COLUMNS)})")
    with path.open(newline="", encoding="utf-8-sig") as lines:
        rows = list(csv.DictReader(lines))
    if not rows or not set(COLUMNS) <= set(rows[0]):
        raise InputError(f"{path}: expected the columns {','.join(COLUMNS)} and at least one row")
    return rows


def _labelled_clip(row: Mapping[str, str], file: str, labels: str) -> LabelledClip:
    try:
        clip = LabelledClip(
            row["path"],
            file,
            int(row["start_time"]),
            int(row["itd_label"]),
            {"0": False, "1": True}[row["if_flip"]],
        )
    except (TypeError, ValueError, KeyError):
        raise InputError(f"{labels}: cannot read the row {dict(row)}: expected whole numbers, if_flip 0 or 1") from None
    if clip.label not in (0, 1, 2, 3):
        raise InputError(f"{labels}: itd_label {clip.label} in the row of {clip.path!r}: expected 0, 1, 2 or 3")
    return clip


@dataclass(frozen=True)
class InTheWildPlan:
    """Cuts any labelled clip out of its recording."""

    clips: tuple[LabelledClip, ...]
    location: str
    missing: int
    dataset: str = field(default="in-the-wild", init=False)

    @cached_property
    def recipe(self) -> Mapping[str, Any]:
        """Digests of labels and recordings, as JSON values."""
        labels = [[clip.sample_id, clip.label] for clip in self.clips]
        files = sorted({(Path(clip.file).name, clip.file) for clip in self.clips})
        recordings = [[name, sha256(Path(file).read_bytes())] for name, file in files]
        return InTheWildRecipe(labels=digest(labels), recordings=digest(recordings), rows_per_shard=50).model_dump()

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Where the recordings lie, and how many of the label file's rows were not found."""
        return {
            "engine": {"name": "recorded", "location": self.location, "rows_without_recording": self.missing},
            "speech": {
                "kind": "recorded",
                "location": self.location,
                "licences": {"unknown": len(self.clips)},
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
    """Return the second that begins at the clip's frame, int16 (2, 16000); a recording that ends sooner is repeated."""
    try:
        with soundfile.SoundFile(clip.file) as recording:
            recording.seek(min(clip.start_frame * recording.samplerate // FRAMES_PER_SECOND, recording.frames))
            audio = recording.read(recording.samplerate, dtype="float32", always_2d=True)
            rate = recording.samplerate
    except soundfile.LibsndfileError as error:
        raise InputError(f"{clip.file}: {error}") from None
    resampled = np.nan_to_num(soxr.resample(audio, rate, SAMPLE_RATE)).T
    if resampled.shape[0] != 2 or resampled.shape[1] == 0:
        raise InputError(f"{clip.file}: expected stereo audio at frame {clip.start_frame} ({clip.path})")
    repeats = -(-stereo.CLIP_SAMPLES // resampled.shape[1])
    second = np.tile(resampled, repeats)[:, : stereo.CLIP_SAMPLES]
    return stereo.as_int16(second[::-1] if clip.swapped else second)
