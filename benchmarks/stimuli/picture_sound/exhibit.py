"""Single pictures with their sounds for a report: the answer over the picture, and the answers to its other sounds."""

from collections.abc import Sequence

from ...display.exhibit import Exhibit
from ...display.sounds import as_sound
from ...questions.answer import Answers
from ...questions.labels import Labels
from ...questions.source import Source
from .batch import SOUNDS, given
from .condition import PictureSoundCondition
from .picture import draw_map


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
