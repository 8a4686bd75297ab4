"""Imports a public set of pictures with sounding objects: one row is a picture, its sound and its boxes.

Nothing is replaced: a clip whose media are missing or unusable is left out and named, and the digest of the clips that
are there is part of the recipe, hence of the fingerprint and of every result.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict
from pydantic import Field as Setting

from ..conventions import SAMPLE_RATE
from ..digests import digest, sha256
from ..errors import InputError
from .recording_files import recorded_at
from .shards import Field, Layout
from .sounding_sets.avsbench import AVSBENCH
from .sounding_sets.boxes import boxes_around
from .sounding_sets.epic import EPIC
from .sounding_sets.flickr import FLICKR
from .sounding_sets.is3 import IS3
from .sounding_sets.labelled import Labelled, PublicSet
from .sounding_sets.media import Found, find_media, open_media
from .sounding_sets.music import MUSIC
from .sounding_sets.reading import HEIGHT, WIDTH, Unreadable, read_frame, read_mask, read_sound
from .sounding_sets.subsets import choose, without_twins
from .sounding_sets.vgg_ss import VGG_SS

PUBLIC_SETS: Mapping[str, PublicSet] = {
    "flickr-soundnet": FLICKR,
    "vgg-ss": VGG_SS,
    "is3": IS3,
    "avsbench": AVSBENCH,
    "music-duet": MUSIC,
    "epic-sounding-object": EPIC,
}
ROWS_PER_SHARD = 25


class SoundingImportRecipe(BaseModel):
    """Everything that affects the bytes of the dataset."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    set: str
    subset: str
    """Digest of the names of the clips that are there."""
    clips: int = Setting(ge=1)
    missing: int = Setting(ge=0)
    """Clips that the annotations (and the lists) name but whose media are missing or unusable."""
    annotations: str
    """Digest of boxes, masks, categories and groups."""
    media: str
    """Digest of the files of pictures and sounds."""
    picture: str
    frame: str
    sound: str
    """The rules by which picture, frame and sound are taken."""
    sound_samples: int = Setting(ge=1)
    boxes: int = Setting(ge=1)
    """Longest sound, and most boxes of one annotator."""


@dataclass(frozen=True)
class Row:
    """A picture of the dataset, its files, and the number of samples of its sound."""

    labelled: Labelled
    files: Found
    samples: int
    digest: str


@dataclass(frozen=True)
class SoundingImportPlan:
    """Reads any clip into a row."""

    settings: SoundingImportRecipe
    rows: tuple[Row, ...]
    location: str
    licence: str
    absent: Mapping[str, str]
    """What is not there of each clip whose media are missing, by its name."""
    unusable: Mapping[str, str]
    """The fault of each clip whose media or annotations cannot be used, by its name."""
    remarks: tuple[str, ...] = ()
    dataset: str = field(default="sounding-objects-import", init=False)

    @property
    def recipe(self) -> Mapping[str, Any]:
        """The recipe as JSON values."""
        return self.settings.model_dump(mode="json")

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Categories, location, licence, the clips that were left out, and what was repaired."""
        return {
            "categories": list(self.categories),
            **recorded_at(self.location, self.licence, len(self.rows)),
            "missing": dict(self.missing),
            "remarks": list(self.remarks),
        }

    @property
    def missing(self) -> Mapping[str, str]:
        """Why each clip that is left out is, by its name."""
        return {**self.absent, **self.unusable}

    @cached_property
    def categories(self) -> tuple[str, ...]:
        """The categories of the set, sorted."""
        return tuple(sorted({name for row in self.rows for name in row.labelled.categories if name}))

    @property
    def _set(self) -> PublicSet:
        return PUBLIC_SETS[self.settings.set]

    @cached_property
    def layout(self) -> Layout:
        """One row per clip, in the order of the annotations."""
        mask = self.rows[0].labelled.mask
        fields = tuple(_fields(self._set, self.settings, read_mask(Path(mask)).shape if mask else None))
        return Layout("clip", len(self.rows), ROWS_PER_SHARD, fields)

    def render(self, row: int) -> dict[str, Any]:
        """Return every field of row `row`. Raises InputError if a file has changed since the import began."""
        chosen = self.rows[row]
        try:
            image, size = read_frame(chosen.files.picture, chosen.files.second)
            sound = read_sound(chosen.files.sound)
            mask = {"mask": read_mask(Path(chosen.labelled.mask))} if chosen.labelled.mask else {}
        except Unreadable as fault:
            raise InputError(f"{fault}: it has changed since the import began; run the command again") from None
        dry = np.zeros((1, self.settings.sound_samples), np.int16)
        dry[0, : len(sound)] = sound[: self.settings.sound_samples]
        return {
            "image": image,
            "dry": dry,
            **mask,
            **self._boxes(chosen.labelled),
            "category": self._categories(chosen.labelled),
            "sounding": int(chosen.labelled.sounding),
            "sound_samples": chosen.samples,
            "original_size": np.array(size, np.int32),
            "picture": chosen.labelled.group,
            "sample_id": chosen.labelled.name,
        }

    def _boxes(self, labelled: Labelled) -> dict[str, Any]:
        """Return the boxes of each annotator, NaN where there is none, and the source of each."""
        corners = np.full((self._set.annotators, self.settings.boxes, 4), np.nan, np.float32)
        source = np.full(corners.shape[:2], -1, np.int8)
        count: Counter[int] = Counter()
        for box in labelled.boxes:
            corners[box.annotator, count[box.annotator]] = box.corners
            source[box.annotator, count[box.annotator]] = box.source
            count[box.annotator] += 1
        return {"annotator_box": corners, "box_source": source}

    def _categories(self, labelled: Labelled) -> Any:
        known = [self.categories.index(name) if name else -1 for name in labelled.categories]
        return np.array([*known, *[-1] * (self._set.sources - len(known))], np.int16)


def _fields(public: PublicSet, settings: SoundingImportRecipe, mask: tuple[int, ...] | None) -> Iterable[Field]:
    """Yield the arrays of a dataset; `mask` is the shape of its masks if it has any."""
    rate = {"sample_rate_hz": SAMPLE_RATE, "scale_factor": 1 / 32768}
    boxes = (public.annotators, settings.boxes)
    yield Field("image", "uint8", "the picture, sRGB", (HEIGHT, WIDTH, 3), ("row", "column", "channel"), None, 1)
    heard = "the sound of the clip, then zeros; divide by 32768"
    yield Field("dry", "int16", heard, (1, settings.sound_samples), ("sound", "sample"), rate, 1)
    if mask:
        about = {"may_be_blank": True}
        yield Field("mask", "uint8", "1 where something sounds, else 0", mask, ("mask_row", "mask_column"), about, 1)
    edges = "[x0, y0, x1, y1], fractions of the picture, half-open; NaN where there is none"
    yield Field(
        "annotator_box", "float32", f"boxes of each annotator, {edges}", (*boxes, 4), ("annotator", "box", "edge")
    )
    yield Field(
        "box_source", "int8", "source that each box surrounds, -1 where there is none", boxes, ("annotator", "box")
    )
    kind = "kind of each source, index into `categories`; -1 if unknown or empty"
    yield Field("category", "int16", kind, (public.sources,), ("source",))
    yield Field("sounding", "int8", "0 where a list says that nothing in the picture sounds, else 1")
    yield Field("sound_samples", "int32", "length of the sound before the zeros", (), (), {"units": "samples"})
    yield Field(
        "original_size", "int32", "width and height of the picture as found", (2,), ("side",), {"units": "pixels"}
    )
    yield Field("picture", "str", "the picture, or video, that several sounds, or frames, share")
    yield Field("sample_id", "str", "name of the clip as annotated")


# Planning -----------------------------------------------------------------------------------------------------------


def plan_import(
    name: str, media: str, annotations: Path, lists: Sequence[Path] = (), licence: str = "unknown"
) -> SoundingImportPlan:
    """Return the plan that imports the public set `name` from its `annotations` and the folder `media`.

    `lists` restrict it to the clips that they name. Every file is read now, so that what cannot be used is known before
    anything is written. Raises InputError if the annotations are of another set, and if no clip is left.
    """
    public, place = PUBLIC_SETS[name], open_media(media)
    if not annotations.exists():
        raise InputError(f"--annotations {annotations} does not exist: give {public.title.partition(': ')[2]}")
    known = public.read(annotations)
    pictures, unlisted = choose(public, without_twins(known, annotations), lists)
    found, absent = find_media(place, pictures)
    if not found:
        first, what = next(iter(absent.items()))
        raise InputError(
            f"--media {media} holds none of the {len(absent)} clips of {annotations}, such as {first} ({what}): "
            f"expected as picture {public.frame}; as sound {public.sound}"
        )
    rows, unusable = _examined(found)
    if not rows:
        raise InputError(f"no clip of {annotations} can be used: {next(iter(unusable.values()))}")
    _check_masks(rows)
    _check_boxes(rows, annotations)
    recipe = _recipe(name, public, rows, len(absent) + len(unusable))
    remarks = (*known.remarks, *unlisted)
    return SoundingImportPlan(recipe, rows, str(place.folder.resolve()), licence, absent, unusable, remarks)


def _examined(found: Iterable[tuple[Labelled, Found]]) -> tuple[tuple[Row, ...], dict[str, str]]:
    """Return the clips whose files are usable, and the fault of each other one by its name."""
    rows, faults = [], {}
    for labelled, files in found:
        try:
            if labelled.fault:
                raise Unreadable(labelled.fault)
            read_frame(files.picture, files.second)
            samples = len(read_sound(files.sound))
            content = [sha256(file.read_bytes()) for file in (files.picture, files.sound)]
            mask = read_mask(Path(labelled.mask)) if labelled.mask else None
        except (Unreadable, OSError) as fault:
            faults[labelled.name] = str(fault)
            continue
        drawn = labelled if mask is None else replace(labelled, boxes=boxes_around(mask))
        truth = "" if mask is None else sha256(mask.tobytes())
        rows.append(Row(drawn, files, samples, digest([*content, truth])))
    return tuple(rows), faults


def _check_masks(rows: Sequence[Row]) -> None:
    sizes = {read_mask(Path(row.labelled.mask)).shape: row.labelled.mask for row in rows if row.labelled.mask}
    if len(sizes) > 1:
        (one, first), (other, second) = list(sizes.items())[:2]
        raise InputError(
            f"masks differ in size: {first} has {one[1]} x {one[0]}, {second} {other[1]} x {other[0]} pixels"
        )


def _check_boxes(rows: Sequence[Row], annotations: Path) -> None:
    """Raise InputError if no clip has a box: one or a few may have lost theirs, but nothing can be scored then."""
    sounding = [row.labelled.name for row in rows if row.labelled.sounding]
    if sounding and not any(row.labelled.boxes for row in rows):
        raise InputError(
            f"{annotations}: none of {len(sounding)} clips, such as {sounding[0]}, has a box with an area inside its "
            "picture: give the annotations of these media"
        )


def _recipe(name: str, public: PublicSet, rows: Sequence[Row], missing: int) -> SoundingImportRecipe:
    counts = [Counter(box.annotator for box in row.labelled.boxes) for row in rows]
    labels = [
        [each.name, each.group, each.categories, [[*box.corners, box.annotator, box.source] for box in each.boxes]]
        for each in (row.labelled for row in rows)
    ]
    return SoundingImportRecipe(
        set=name,
        subset=digest(sorted(row.labelled.name for row in rows)),
        clips=len(rows),
        missing=missing,
        annotations=digest([labels, [row.labelled.sounding for row in rows]]),
        media=digest([[row.labelled.name, row.files.second, row.digest] for row in rows]),
        picture=f"all of it, resized to {WIDTH} x {HEIGHT} by bicubic interpolation",
        frame=public.frame,
        sound=f"{public.sound}: its middle 10 s, mono, at {SAMPLE_RATE} Hz",
        sound_samples=max(row.samples for row in rows),
        boxes=max([1, *(most for count in counts for most in count.values())]),
    )
