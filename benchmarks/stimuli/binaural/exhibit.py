"""Single binaural clips for a report."""

from collections.abc import Sequence

from ...display.exhibit import Exhibit
from ...display.sounds import as_sound
from ...questions.answer import Answers
from ...questions.labels import Labels
from ...questions.source import Source
from .batch import heard
from .condition import BinauralCondition


def clips(source: Source, labels: Labels, answers: Answers, condition: BinauralCondition) -> Sequence[Exhibit]:
    """Return the audio that methods heard of each of `labels`."""
    batch = heard(source.dataset, labels, condition)
    return [Exhibit([("what the method heard", as_sound(audio))]) for audio in batch.audio]
