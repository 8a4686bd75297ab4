"""The page of an imported public set of sounding objects: pictures with the boxes that people drew, and players."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ....datagen.dataset import Dataset
from ...display.pictures_page import HeardSource, PageWords, ShownPicture, write_pictures_page
from ...display.sounds import as_sound
from .boxed import DrawnBox, with_boxes

_NOTE = (
    "Boxes are those of the set: colours tell sources, dashes tell annotators. Pictures are resized to 4:3, "
    "sounds are at the same peak."
)


def write_import_page(dataset: Dataset, target: Path) -> Path:
    """Write the page of `dataset` to `target`, one file without script or network; return `target`."""
    pictures = len(set(dataset.column("picture").tolist()))
    words = PageWords(f"{dataset.recipe['set']}: {len(dataset)} clips of {pictures} pictures or videos", _NOTE)
    return write_pictures_page(dataset, target, words, _shown)


def _shown(dataset: Dataset, row: int) -> ShownPicture:
    name, names = str(dataset.array("sample_id")[row]), _names(dataset, row)
    what = ", ".join(filter(None, names)) or "no category"
    sounding = bool(dataset.array("sounding")[row])
    facts = what if sounding else f"{what}; a list says that nothing in the picture sounds"
    image, boxes = np.asarray(dataset.array("image")[row]), list(_boxes(dataset, row, names))
    drawn = with_boxes(image, boxes, f"picture-{row}", f"A picture with {len(boxes)} boxes: {what}")
    length = int(dataset.column("sound_samples")[row])
    sound = np.asarray(dataset.array("dry")[row])[:, :length]
    where = "of the boxed sources" if sounding and boxes else "of nothing that is boxed"
    return ShownPicture(name, facts, drawn, [HeardSource(what, where, as_sound(sound / 32768), f"sound of clip {row}")])


def _names(dataset: Dataset, row: int) -> list[str]:
    """Return the name of each source's category, "" where it is unknown."""
    known = dataset.attributes["categories"]
    return [known[kind] if kind >= 0 else "" for kind in np.asarray(dataset.array("category")[row])]


def _boxes(dataset: Dataset, row: int, names: list[str]) -> Iterator[DrawnBox]:
    drawn, sources = (np.asarray(dataset.array(name)[row]) for name in ("annotator_box", "box_source"))
    labelled = set[int]()
    for annotator, place in zip(*np.nonzero(np.isfinite(drawn).all(axis=2)), strict=True):
        source = int(sources[annotator, place])
        label = names[source] if source < len(names) and source not in labelled else ""
        labelled.add(source)
        yield DrawnBox(drawn[annotator, place], source, label, int(annotator))
