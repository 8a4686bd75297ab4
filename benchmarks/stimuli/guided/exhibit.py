"""Single clips with two talkers for a report."""

from collections.abc import Sequence

import numpy as np

from ...display.exhibit import Exhibit
from ...display.sounds import as_sound
from ...questions.answer import Answers
from ...questions.labels import Labels
from ...questions.source import Source
from ..stereo.condition import SKIPPED
from ..stereo.picture import Delay, draw_clip
from .batch import revealed
from .condition import GuidedCondition


def clips(source: Source, labels: Labels, answers: Answers, condition: GuidedCondition) -> Sequence[Exhibit]:
    """Return the mixture, the query and the talker pointed at alone of each of `labels`, and the mixture's picture.

    `answers` (n,) are the predictions of the method shown.
    """
    stored = source.dataset.audio(labels.rows)[np.arange(len(labels)), labels.within[:, 0]]
    heard = [
        (one.audio[k], one.query[k], one.target[k])
        for one in revealed(source.dataset, labels, condition)
        for k in range(len(one))
    ]
    return [
        Exhibit(
            [
                ("what the method heard", as_sound(audio)),
                ("the voice pointed at", as_sound(np.stack([query, query]))),
                ("that talker alone", as_sound(target)),
            ],
            draw_clip(Delay(float(truth), float(answer), True), clip, audio, SKIPPED),
            "Waveforms of the talker pointed at, and the PHAT correlation of the mixture.",
        )
        for truth, answer, clip, (audio, query, target) in zip(labels.truth, answers, stored, heard, strict=True)
    ]
