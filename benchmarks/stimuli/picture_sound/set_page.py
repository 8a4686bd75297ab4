"""The page of a set of pictures with sounding objects: tables, and pictures with boxes and players."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.patches import Rectangle

from ....datagen.dataset import Dataset
from ....files import written_whole
from ...display.drawing import COLOURS, PAPER, Picture, axes_of, picture, style
from ...display.inspection import describe
from ...display.rendering import render_page
from ...display.sounds import Sound, as_sound
from .set_tables import set_tables

SHOWN = 8
_WIDTH, _HEIGHT = 5.2, 3.9


@dataclass(frozen=True)
class HeardSource:
    """One source of a picture: what it is, where, and its sound; the title of its player."""

    kind: str
    where: str
    sound: Sound
    title: str


@dataclass(frozen=True)
class ShownPicture:
    """One picture with its boxes, and its sources."""

    name: str
    facts: str
    picture: Picture
    sources: Sequence[HeardSource]


def write_set_page(dataset: Dataset, target: Path, shown: int = SHOWN) -> Path:
    """Write the page of `dataset` to `target`, one file without script or network; return `target`."""
    rows = sorted({int(row) for row in np.linspace(0, len(dataset) - 1, shown)})
    with style():
        page = render_page(
            "sounding_objects.html",
            f"dataset {dataset.name}, {dataset.fingerprint[:12]}",
            name=dataset.name,
            rows=len(dataset),
            scenes=len(set(dataset.column("scene").tolist())),
            fingerprint=dataset.fingerprint,
            tables=[*set_tables(dataset), *describe(dataset)],
            pictures=[_shown(dataset, row) for row in rows],
        )
    with written_whole(target) as partial:
        partial.write_text(page, encoding="utf-8")
    return target


def _shown(dataset: Dataset, row: int) -> ShownPicture:
    name, kinds = str(dataset.array("sample_id")[row]), np.asarray(dataset.array("category")[row])
    facts = f"split {dataset.array('split')[row]!s}"
    return ShownPicture(name, facts, _with_boxes(dataset, row, kinds), _sources(dataset, row, kinds))


def _with_boxes(dataset: Dataset, row: int, kinds: np.ndarray) -> Picture:
    image, boxes = np.asarray(dataset.array("image")[row]), np.asarray(dataset.array("box")[row])
    height, width = image.shape[:2]
    drawing, axes = axes_of(_WIDTH, _HEIGHT)
    axes.imshow(image, extent=(0, width, height, 0))
    names = dataset.attributes["categories"]
    for k in np.flatnonzero(kinds[: len(boxes)] >= 0):
        x0, y0, x1, y1 = boxes[k] * [width, height, width, height]
        axes.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, color=COLOURS[k], linewidth=2))
        axes.text(x0 + 3, y0 + 3, names[kinds[k]], va="top", fontsize=8, color=PAPER, backgroundcolor=COLOURS[k])
    axes.set(xlim=(0, width), ylim=(height, 0), xticks=[], yticks=[])
    axes.grid(False)
    seen = ", ".join(names[kind] for kind in kinds[: len(boxes)] if kind >= 0)
    return picture(drawing, f"picture-{row}", f"A home with {seen}")


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
