"""A set of pictures with sounding objects in tables: how many, how large, where, and what blind maps score."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ....datagen.dataset import Dataset
from ....datagen.sounding.profiles import VGG_SS_AREAS, VGG_SS_CENTRE_DISTANCE, VGG_SS_MEAN_AREA
from ...display.text_table import TextTable
from .blind import blind_table

Float64 = npt.NDArray[np.float64]

QUANTILES = (5, 25, 50, 75, 95)


def set_tables(dataset: Dataset) -> list[TextTable]:
    """Return the tables of `dataset`, whose rows are pictures with `box` and `category`."""
    return [_splits(dataset), _sizes(dataset), _kinds(dataset), blind_table(dataset)]


def _splits(dataset: Dataset) -> TextTable:
    split, scene, kinds = (dataset.column(name) for name in ("split", "scene", "category"))
    objects = (kinds[:, :-2] >= 0).sum(axis=1)
    rows = [
        [
            str(name),
            str(len(set(scene[split == name]))),
            str(int((split == name).sum())),
            str(int(objects[split == name].sum())),
        ]
        for name in np.unique(split)
    ]
    return TextTable("pictures", ["split", "homes", "pictures", "objects in view"], rows)


def _sizes(dataset: Dataset) -> TextTable:
    boxes = dataset.column("box").astype(np.float64).reshape(-1, 4)
    boxes = boxes[np.isfinite(boxes[:, 0])]
    sides = boxes[:, 2:] - boxes[:, :2]
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    away = np.hypot(*(centre - 0.5).T)
    seen = dataset.column("area").astype(np.float64)
    rows = [
        _row("area of the box", sides.prod(axis=1)),
        ["the same in VGG-SS", f"{VGG_SS_MEAN_AREA:.3f}", *(f"{value:.3f}" for value in VGG_SS_AREAS)],
        _row("visible pixels", seen[np.isfinite(seen)]),
        _row("centre from the middle", away),
        ["the same in VGG-SS", f"{VGG_SS_CENTRE_DISTANCE:.3f}", *[""] * len(QUANTILES)],
        _row("centre across", centre[:, 0]),
        _row("centre down", centre[:, 1]),
    ]
    heads = ["", "mean", *(f"{value} %" for value in QUANTILES)]
    return TextTable("objects in view, in shares of the picture", heads, rows)


def _row(name: str, values: Float64) -> list[str]:
    return [name, f"{values.mean():.3f}", *(f"{value:.3f}" for value in np.percentile(values, QUANTILES))]


def _kinds(dataset: Dataset) -> TextTable:
    names: Sequence[str] = dataset.attributes["categories"]
    kinds = dataset.column("category")
    seen, unseen = (np.bincount(part[part >= 0], minlength=len(names)) for part in (kinds[:, :-2], kinds[:, -2:]))
    rows = [[name, str(int(shown)), str(int(heard))] for name, shown, heard in zip(names, seen, unseen, strict=True)]
    return TextTable("kinds", ["kind", "in view", "out of view"], rows)
