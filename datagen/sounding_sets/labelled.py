"""What the annotations of a public set say: a picture, its sound, and the boxes that people drew."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

Corners = tuple[float, float, float, float]
"""x0, y0, x1, y1 as fractions of the picture, half-open, y down."""


@dataclass(frozen=True)
class Box:
    """A box, who drew it, and which source of the picture it surrounds, both counted from 0."""

    corners: Corners
    annotator: int = 0
    source: int = 0


@dataclass(frozen=True)
class MediaNames:
    """Where the picture and the sound may lie: ends of paths without extension, the most telling first.

    `folders` hold the frames of one clip each, of which the first is meant. `video_second` is the time of the frame in
    a video that is named as the sound is; None if the set does not say.
    """

    pictures: tuple[str, ...]
    sounds: tuple[str, ...]
    folders: tuple[str, ...] = ()
    video_second: float | None = None


@dataclass(frozen=True)
class Labelled:
    """A picture with its sound: `name` as annotated, `group` shared by the sounds of one picture (or the frames of one
    video), the category of each source ("" if unknown), boxes, media, and the file of the mask ("" if none)."""

    name: str
    group: str
    categories: tuple[str, ...]
    boxes: tuple[Box, ...]
    media: MediaNames
    mask: str = ""
    sounding: bool = True
    fault: str = ""
    """Why its annotations cannot be read; empty if they can."""


@dataclass(frozen=True)
class Annotations:
    """The pictures of an annotation file, and remarks on what was repaired."""

    pictures: tuple[Labelled, ...]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class PublicSet:
    """How a set is read: its number of annotators and of sources at once, and its rules in words."""

    title: str
    frame: str
    sound: str
    read: Callable[[Path], Annotations]
    annotators: int = 1
    sources: int = 1
    media: Callable[[str], MediaNames] | None = field(default=None)
    """Where the media of a clip lie, if its name alone says so; then lists may pair pictures with other sounds."""


def path_ends(path: str, longest: int) -> tuple[str, ...]:
    """Return the ends of `path` without its extension, the longest first.

    >>> path_ends("/data/test/cat/v/v_1.png", 3)
    ('cat/v/v_1', 'v/v_1', 'v_1')
    """
    parts = PurePosixPath(path).with_suffix("").parts
    return tuple("/".join(parts[-k:]) for k in range(min(longest, len(parts)), 0, -1))


def without_last_token(name: str) -> str:
    """Return `name` up to its last underscore.

    >>> without_last_token("cat_alarmclock_1828_cat")
    'cat_alarmclock_1828'
    """
    return name.rpartition("_")[0] or name


def told(what: str, names: Iterable[str]) -> tuple[str, ...]:
    """Return one remark that counts `names` and gives the first, none if there are none.

    >>> told("boxes without area, left out", ["cat", "dog"])
    ('boxes without area, left out: 2, the first in cat',)
    """
    found: Sequence[str] = tuple(names)
    return (f"{what}: {len(found)}, the first in {found[0]}",) if found else ()
