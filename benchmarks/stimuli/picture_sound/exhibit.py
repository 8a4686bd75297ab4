"""Single pictures with their sounds for a report: the answer over the picture, and the answers to its other sounds."""

from collections.abc import Sequence

import numpy as np

from ...display.exhibit import Exhibit
from ...display.sounds import as_sound
from ...questions.answer import Answers
from ...questions.labels import Indices, Labels
from ...questions.source import Source
from .batch import OBJECT, SOUNDS, given
from .condition import PictureSoundCondition
from .picture import draw_map, draw_maps

GALLERY = 2
"""Pictures shown with all of their sounds."""


def pictures(source: Source, labels: Labels, answers: Answers, condition: PictureSoundCondition) -> Sequence[Exhibit]:
    """Return each picture with the map of its answer (n, 3138) and the true boxes, and the sound."""
    batch = given(source.dataset, labels, condition)
    heard = [SOUNDS[int(sound)] for sound in labels.within[:, 0]]
    return [
        Exhibit(
            [(f"what the method heard ({heard[k]})", as_sound(audio))],
            draw_map(batch.image[k], answers[k], labels.truth[k]),
            "The picture with the map over it; the true boxes are solid.",
        )
        for k, audio in enumerate(batch.audio)
    ]


def gallery(source: Source, labels: Labels, answers: Answers, condition: PictureSoundCondition) -> Sequence[Exhibit]:
    """Return a few pictures, each with the answers (n, 3138) to all of its sounds side by side."""
    rows, counts = np.unique(labels.rows, return_counts=True)
    several = rows[counts > 1]
    shown = several[np.unique(np.linspace(0, len(several) - 1, GALLERY).astype(int))] if len(several) else several
    return [_all_sounds(source, labels, answers, condition, np.flatnonzero(labels.rows == row)) for row in shown]


def _all_sounds(
    source: Source, labels: Labels, answers: Answers, condition: PictureSoundCondition, keep: Indices
) -> Exhibit:
    own = labels.take(keep)
    picture = given(source.dataset, own.take(np.arange(1)), condition).image[0]
    titles = [
        f"{SOUNDS[sound]} {which + 1}" if sound == OBJECT else SOUNDS[sound] for sound, which in own.within.tolist()
    ]
    alt = f"One picture with the map for each of its sounds: {', '.join(titles)}."
    return Exhibit(drawing=draw_maps(picture, answers[keep], own.truth, titles), alt=alt)
