"""MUSIC duets and solos (Mo and Tian, 2023): boxes are x, y, width, height as fractions.

Its own loader reads them as corners, so that half of the duets and three quarters of the solos become empty.
"""

from pathlib import Path
from typing import Any

from ...errors import InputError
from .boxes import all_corners, boxes_of, corners_of_sizes, refuse_corners, repaired
from .entries import Entry, four_numbers, numbered, read_entries, text_in
from .labelled import Annotations, Box, Labelled, MediaNames, PublicSet, without_last_token

SOURCES = 2


def media(name: str) -> MediaNames:
    """Return where the media of frame `name`, VIDEO_SEGMENT_FRAME, lie; the sound may be cut or that of the video."""
    segment = without_last_token(name)
    return MediaNames((name,), tuple(dict.fromkeys((name, segment, without_last_token(segment)))))


def read(path: Path) -> Annotations:
    """Return the annotations in the JSON file at `path`: objects with file and class and bbox of one or two sources."""
    pictures = []
    for entry, where in numbered(read_entries(path, ("file",)), path):
        name = text_in(entry, "file", where)
        keys = _keys(entry, where)
        categories = tuple(text_in(entry, category, where) for category, _ in keys)
        boxes = [box for source, (_, key) in enumerate(keys) for box in _boxes(entry[key], source, f"{where}, {key}")]
        pictures.append(Labelled(name, name, categories, tuple(boxes), media(name)))
    refuse_corners(all_corners(pictures), path)
    return repaired(pictures)


def _keys(entry: Entry, where: str) -> list[tuple[str, str]]:
    """Return the keys of category and box of each source."""
    duet = [(f"class_src{k}", f"bbox_src{k}") for k in range(1, SOURCES + 1)]
    for keys in (duet, [("class", "bbox")]):
        if all(key in entry for pair in keys for key in pair):
            return keys
    raise InputError(f"{where}: expected class_src1, bbox_src1, class_src2, bbox_src2 (duet), or class, bbox (solo)")


def _boxes(value: Any, source: int, where: str) -> tuple[Box, ...]:
    if isinstance(value, list) and value and isinstance(value[0], list):
        raise InputError(f"{where} is a list of boxes, expected one box x, y, width, height: is the file of VGG-SS?")
    return boxes_of([corners_of_sizes(*four_numbers(value, where))], source=source)


MUSIC = PublicSet(
    title="MUSIC duets or solos: boxes x, y, width, height as fractions",
    frame="VIDEO_SEGMENT_FRAME.jpg",
    sound="VIDEO_SEGMENT_FRAME.wav, VIDEO_SEGMENT.wav or VIDEO.wav (mp3, flac, ...)",
    read=read,
    sources=SOURCES,
)
