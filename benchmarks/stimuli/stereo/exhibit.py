"""Single stereo clips for a report."""

from collections.abc import Sequence

from ...display.exhibit import Exhibit
from ...display.sounds import as_sound
from ...questions.answer import Answers
from ...questions.labels import Labels
from ...questions.source import Source
from .batch import heard, second_talkers, skipped_samples
from .condition import StereoCondition
from .picture import Delay, draw_clip


def clips(source: Source, labels: Labels, answers: Answers, condition: StereoCondition) -> Sequence[Exhibit]:
    """Return the stored second of each of `labels`, what methods heard of it, and both as a picture.

    `answers` (n,) are the predictions of the method shown.
    """
    dataset, delays = source.dataset, source.track.quantity is not None
    talkers = second_talkers(dataset, condition) if condition.distractor is not None else None
    stored, sounds = dataset.audio(labels.rows), heard(dataset, labels, condition, talkers).audio
    skipped = skipped_samples(dataset)
    return [
        Exhibit(
            [("what the method heard", as_sound(sounds[k])), ("the stored clip, clean", as_sound(stored[k]))],
            draw_clip(Delay(float(truth), float(answers[k]), delays), stored[k], sounds[k], skipped),
            "Waveforms and PHAT correlation.",
        )
        for k, truth in enumerate(labels.truth)
    ]
