"""The page of a panning set: panoramas with their objects outlined, what sounds when, and the mixture."""

from pathlib import Path

import numpy as np

from ....datagen.dataset import Dataset
from ....english import counted
from ...display.drawing import COLOURS, PAPER, Picture, axes_of, picture
from ...display.pictures_page import HeardSource, PageWords, ShownPicture, write_pictures_page
from ...display.sounds import as_sound

_WIDTH, _HEIGHT = 8.0, 4.0
_NOTE = (
    "Lines surround the visible pixels of each object. Angles are positive to the left, 0 in the middle. The sound is "
    "the mixture of all objects, which start and stop in turn."
)


def write_panning_page(dataset: Dataset, target: Path) -> Path:
    """Write the page of `dataset` to `target`, one file without script or network; return `target`."""
    homes = len(set(dataset.column("scene").tolist()))
    words = PageWords(f"{dataset.name}: {counted(len(dataset), 'clip')} in {counted(homes, 'home')}", _NOTE)
    return write_pictures_page(dataset, target, words, _shown)


def _shown(dataset: Dataset, row: int) -> ShownPicture:
    kinds = [dataset.attributes["categories"][kind] for kind in np.asarray(dataset.array("category")[row])]
    azimuth, distance, start, stop = (
        np.asarray(dataset.array(name)[row]) for name in ("azimuth", "distance", "start", "stop")
    )
    turns = [
        f"{start[k]:.1f} to {stop[k]:.1f} s {kinds[k]} ({azimuth[k]:+.0f}°, {distance[k]:.1f} m)"
        for k in np.argsort(start)
    ]
    sound = as_sound(np.asarray(dataset.array("mixture")[row])[None] / 32768)
    heard = HeardSource("all objects", "; ".join(turns), sound, f"mixture of clip {row}")
    return ShownPicture(str(dataset.array("sample_id")[row]), "", _outlined(dataset, row, kinds, azimuth), [heard])


def _outlined(dataset: Dataset, row: int, kinds: list[str], azimuth: np.ndarray) -> Picture:
    image, mask = (np.asarray(dataset.array(name)[row]) for name in ("image", "mask"))
    drawing, axes = axes_of(_WIDTH, _HEIGHT)
    axes.imshow(image, extent=(180, -180, -90, 90), aspect="auto")
    for k, kind in enumerate(kinds):
        own = mask == k + 1
        axes.contour(own, levels=[0.5], colors=[COLOURS[k]], extent=(180, -180, -90, 90), origin="upper")
        highest = 90 - 180 * float(np.flatnonzero(own.any(axis=1))[0]) / len(own)
        axes.text(
            azimuth[k], highest + 3, kind, ha="center", va="bottom", fontsize=8, color=PAPER, backgroundcolor=COLOURS[k]
        )
    axes.set(xlim=(180, -180), ylim=(-90, 90), xticks=[], yticks=[])
    axes.grid(False)
    return picture(drawing, f"clip-{row}", f"A panorama with {', '.join(kinds)}")
