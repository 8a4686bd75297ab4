"""The page of a set of pictures with sounding objects: tables, and pictures with boxes and players."""

from pathlib import Path

import numpy as np

from ....datagen.dataset import Dataset
from ....english import counted
from ...display.drawing import Picture
from ...display.pictures_page import HeardSource, PageWords, ShownPicture, write_pictures_page
from ...display.sounds import as_sound
from .boxed import DrawnBox, with_boxes
from .set_tables import set_tables

_NOTE = (
    "Boxes enclose the visible pixels of each object. Angles are positive to the left. Sounds are dry and at the same "
    "peak; the last two sources are out of view, the very last of the kind of a visible object."
)


def write_set_page(dataset: Dataset, target: Path) -> Path:
    """Write the page of `dataset` to `target`, one file without script or network; return `target`."""
    homes = len(set(dataset.column("scene").tolist()))
    words = PageWords(f"{dataset.name}: {counted(len(dataset), 'picture')} of {counted(homes, 'home')}", _NOTE)
    return write_pictures_page(dataset, target, words, _shown, set_tables(dataset))


def _shown(dataset: Dataset, row: int) -> ShownPicture:
    name, kinds = str(dataset.array("sample_id")[row]), np.asarray(dataset.array("category")[row])
    facts = f"split {dataset.array('split')[row]!s}"
    return ShownPicture(name, facts, _with_boxes(dataset, row, kinds), _sources(dataset, row, kinds))


def _with_boxes(dataset: Dataset, row: int, kinds: np.ndarray) -> Picture:
    boxes, names = np.asarray(dataset.array("box")[row]), dataset.attributes["categories"]
    drawn = [DrawnBox(boxes[k], int(k), names[kinds[k]]) for k in np.flatnonzero(kinds[: len(boxes)] >= 0)]
    seen = ", ".join(box.label for box in drawn)
    return with_boxes(np.asarray(dataset.array("image")[row]), drawn, f"picture-{row}", f"A home with {seen}")


def _sources(dataset: Dataset, row: int, kinds: np.ndarray) -> list[HeardSource]:
    dry = np.asarray(dataset.array("dry")[row])
    azimuth, distance = (np.asarray(dataset.array(name)[row]) for name in ("azimuth", "distance"))
    places = ["in view"] * (len(kinds) - 2) + ["off screen", "elsewhere"]
    return [
        HeardSource(
            dataset.attributes["categories"][kinds[k]],
            f"{places[k]}, {azimuth[k]:+.0f}°, {distance[k]:.1f} m",
            as_sound(dry[k : k + 1] / 32768),
            f"source {k} of picture {row}",
        )
        for k in np.flatnonzero(kinds >= 0)
    ]
