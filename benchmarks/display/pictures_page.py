"""The page of a set of pictures with sounds: pictures with what is drawn over them, players and tables."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...datagen.dataset import Dataset
from ...files import written_whole
from .drawing import Picture, style
from .inspection import describe
from .rendering import render_page
from .sounds import Sound
from .text_table import TextTable

SHOWN = 8


@dataclass(frozen=True)
class HeardSource:
    """One sound of a picture: what it is, where or when, and its player's title."""

    kind: str
    where: str
    sound: Sound
    title: str


@dataclass(frozen=True)
class ShownPicture:
    """One picture with what is drawn over it, and its sounds."""

    name: str
    facts: str
    picture: Picture
    sources: Sequence[HeardSource]


@dataclass(frozen=True)
class PageWords:
    """What a page says of its pictures: its heading, and a note on what is drawn and played."""

    heading: str
    note: str


def write_pictures_page(
    dataset: Dataset,
    target: Path,
    words: PageWords,
    show: Callable[[Dataset, int], ShownPicture],
    tables: Sequence[TextTable] = (),
    shown: int = SHOWN,
) -> Path:
    """Write the page of `dataset` to `target`, one file without script or network; return `target`.

    `show` gives each of `shown` rows spread over the set; `tables` stand before those that every dataset has.
    """
    rows = sorted({int(row) for row in np.linspace(0, len(dataset) - 1, shown)})
    with style():
        page = render_page(
            "pictures.html",
            f"dataset {dataset.name}, {dataset.fingerprint[:12]}",
            heading=words.heading,
            note=words.note,
            fingerprint=dataset.fingerprint,
            tables=[*tables, *describe(dataset)],
            pictures=[show(dataset, row) for row in rows],
        )
    with written_whole(target) as partial:
        partial.write_text(page, encoding="utf-8")
    return target
