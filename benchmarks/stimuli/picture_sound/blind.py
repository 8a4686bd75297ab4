"""What maps that do not listen would score on a set: near nothing over whole pictures, or the set is of no use.

The rules are those of the track `sounding-object`, so `whence bench` gives the same numbers for the same pictures.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ....datagen.dataset import Dataset
from ...display.text_table import TextTable
from ...questions.boxes import boxes_truth, truth_map
from ...questions.labels import arrays_of_truth
from ...questions.map_metrics import SUCCESS, TOLERANCE, Measured, Rule, measured
from ...questions.maps import SIDE, stored_maps
from ...questions.plain_maps import centre_blob, map_of_boxes

Float64 = npt.NDArray[np.float64]

MOST_PICTURES = 300
"""Pictures that are scored, spread evenly over the set."""
RULES: Mapping[Rule, str] = {"half_at_least": "half of the picture", "adaptive": "size of the object"}


class Blind(NamedTuple):
    """Scores of maps that do not listen, %, by rule: of single objects (cIoU) and of whole pictures (IIoU)."""

    single: Mapping[Rule, float]
    pictures: Mapping[Rule, float]


def blind_scores(boxes: Float64) -> Mapping[str, Blind]:
    """Return the scores of each kind of blind map on pictures whose objects have `boxes` (pictures, objects, 4).

    Boxes are [x0, y0, x1, y1], fractions of the picture, NaN where there is no object. The prior is that of these very
    pictures.
    """
    there = np.isfinite(boxes[..., 0])
    truth = arrays_of_truth([boxes_truth(boxes[row, k], picture=row, place=0) for row, k in np.argwhere(there)])
    prior = np.asarray(np.mean([truth_map(one, SIDE) for one in truth], axis=0, dtype=np.float64))
    middle = centre_blob()
    guesses: Mapping[str, Callable[[Float64], Float64]] = {
        "a blob in the middle": lambda own: middle,
        "the mean of all objects": lambda own: prior,
        "the largest object": lambda own: map_of_boxes(max(own, key=_area)),
        "all objects": map_of_boxes,
    }
    pictures = np.argwhere(there)[:, 0]
    found = {}
    for name, guess in guesses.items():
        maps = [guess(own[seen]) for own, seen in zip(boxes, there, strict=True)]
        answers = stored_maps(np.stack([maps[row] for row in pictures]))
        found[name] = _scores(measured(truth, answers, "aligned_bilinear"), pictures)
    return found


def _area(box: Float64) -> float:
    return float((box[2] - box[0]) * (box[3] - box[1]))


def _scores(each: Measured, pictures: npt.NDArray[np.intp]) -> Blind:
    """Return the scores of objects that are in `pictures` (n,)."""
    reached = {rule: each.iou[rule] >= SUCCESS - TOLERANCE for rule in RULES}
    missed = {rule: np.bincount(pictures, ~hits) for rule, hits in reached.items()}
    shown = np.unique(pictures)
    return Blind(
        {rule: 100 * float(hits.mean()) for rule, hits in reached.items()},
        {rule: 100 * float((misses[shown] == 0).mean()) for rule, misses in missed.items()},
    )


def blind_table(dataset: Dataset) -> TextTable:
    """Return the blind scores of `dataset`, a set of pictures with `box`."""
    rows = np.unique(np.linspace(0, len(dataset) - 1, min(len(dataset), MOST_PICTURES)).astype(np.intp))
    scores = blind_scores(dataset.column("box")[rows].astype(np.float64))
    heads = [
        f"{measure}, {words}"
        for measure in ("cIoU \N{GREATER-THAN OR EQUAL TO} 0.5", "IIoU")
        for words in RULES.values()
    ]
    lines = [
        [name, *(f"{part[rule]:.1f}" for part in (one.single, one.pictures) for rule in RULES)]
        for name, one in scores.items()
    ]
    return TextTable(f"what maps score that do not listen (%, {len(rows)} pictures)", ["map", *heads], lines)
