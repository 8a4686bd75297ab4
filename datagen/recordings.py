"""Imports own stereo recordings, labelled by side, azimuth or delay, as a dataset of one-second clips."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from ..digests import digest
from ..errors import InputError
from . import stereo
from .recording_checks import Heard, hear, remarks_on
from .recording_files import content_of, none_found, recorded_at, second_of
from .recording_labels import LabelFile, LabelledSecond, read_labels
from .shards import Field as ArrayField
from .shards import Layout

ROWS_PER_SHARD = 50

_ALWAYS = (
    stereo.AUDIO,
    ArrayField("sample_id", "str", "name of the clip"),
    ArrayField("video", "str", "the recording it was cut from, or what the labels call it"),
    ArrayField("room", "str", "the same: where it was recorded"),
)
_LABELS = {
    "side": ArrayField("side", "int8", "+1 left, -1 right, 0 unlabelled"),
    "azimuth_deg": ArrayField(
        "azimuth", "float64", "0 ahead, positive to the left, NaN unlabelled", attributes={"units": "degrees"}
    ),
    "delay_ms": ArrayField(
        "interaural_time_difference",
        "float64",
        "t_right - t_left, positive when the source is on the left, NaN unlabelled",
        attributes={"units": "s"},
    ),
    "speaker": ArrayField("speaker", "str", "who speaks"),
}
"""The array of each column, which is there if the column is."""


class RecordingsRecipe(BaseModel):
    """Everything that affects the bytes of the dataset."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    labels: str
    """Digest of the labels whose recordings can be used."""
    recordings: str
    """Digest of the recordings."""
    channels: tuple[int, int] | None = None
    """Those of the left and the right ear; None: the only two."""
    rows_per_shard: int = Field(default=ROWS_PER_SHARD, ge=1)


@dataclass(frozen=True)
class RecordingsPlan:
    """Cuts any labelled second from its recording.

    `missing` are the recordings that were not found, `skipped` the seconds that cannot be used, each with the reason,
    and `remarks` what looks wrong, one line each.
    """

    seconds: tuple[LabelledSecond, ...]
    columns: tuple[str, ...]
    location: str
    channels: tuple[int, int] | None = None
    licence: str = "unknown"
    missing: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    dataset: str = field(default="recordings", init=False)

    @cached_property
    def recipe(self) -> Mapping[str, Any]:
        """Digests of labels and recordings, as JSON values."""
        labels = [
            [s.sample_id, str(s.start), s.side, str(s.azimuth), str(s.delay_ms), s.speaker, s.video]
            for s in self.seconds
        ]
        recordings = content_of((s.name, s.file) for s in self.seconds)
        recipe = RecordingsRecipe(labels=digest(labels), recordings=recordings, channels=self.channels)
        return recipe.model_dump(mode="json")

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Location of the recordings, how many rows could not be used, and what looks wrong."""
        lost = len(self.missing) + len(self.skipped)
        remarks = {"remarks": list(self.remarks)} if self.remarks else {}
        return recorded_at(self.location, self.licence, len(self.seconds), rows_without_recording=lost, **remarks)

    @property
    def layout(self) -> Layout:
        """One row per labelled second, in the order of the label file; labels as the columns have them."""
        labels = tuple(_LABELS[name] for name in self.columns if name in _LABELS)
        return Layout("clip", len(self.seconds), ROWS_PER_SHARD, (*_ALWAYS, *labels))

    def render(self, row: int) -> dict[str, Any]:
        """Return every field of row `row`."""
        second = self.seconds[row]
        values = {
            "audio": stereo.as_int16(second_of(second.file, second.start, second.where, self.channels).audio),
            "sample_id": second.sample_id,
            "video": second.video,
            "room": second.video,
            "side": second.side,
            "azimuth": second.azimuth,
            "interaural_time_difference": second.delay_ms / 1e3,
            "speaker": second.speaker,
        }
        return {each.name: values[each.name] for each in self.layout.fields}


def plan_recordings(
    folder: str, labels: str, channels: tuple[int, int] | None = None, licence: str = "unknown"
) -> RecordingsPlan:
    """Return the plan of a dataset of what the file `labels` says of the recordings below `folder`.

    Every cut is tried. Raises InputError for labels that make no sense or contradict what is heard, and if nothing can
    be cut.
    """
    read = read_labels(labels, folder)
    heard = [hear(second, channels) for second in read.seconds if second.file]
    missing = Counter(second.path for second in read.seconds if not second.file)
    kept = [one for one in heard if isinstance(one, Heard)]
    skipped = tuple(one for one in heard if isinstance(one, str))
    if not kept:
        raise InputError(_nothing_left(read, skipped, labels, folder))
    remarks = (*_unused(read, labels), *remarks_on(kept, labels), *_clusters(read, labels))
    seconds, place = tuple(one.second for one in kept), str(Path(folder).resolve())
    return RecordingsPlan(seconds, read.columns, place, channels, licence, tuple(missing.elements()), skipped, remarks)


def _nothing_left(read: LabelFile, skipped: tuple[str, ...], labels: str, folder: str) -> str:
    """Return the error message for a label file of which no row can be used."""
    if skipped:
        return f"no row of {labels} can be used: {skipped[0]}"
    return none_found(folder, (second.path for second in read.seconds), labels)


def _unused(read: LabelFile, labels: str) -> list[str]:
    return [f"{labels}: columns not used: {', '.join(read.unused)}"] if read.unused else []


def _clusters(read: LabelFile, labels: str) -> list[str]:
    if {"speaker", "video"} & {*read.columns}:
        return []
    return [f"{labels} has no column speaker or video: each recording counts as one of its own in intervals"]
