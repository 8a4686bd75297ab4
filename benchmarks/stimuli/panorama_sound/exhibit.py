"""Single frames for a report: the panorama with the view that the answer turns to, and the sound."""

from collections.abc import Sequence

from ...display.exhibit import Exhibit
from ...display.sounds import as_sound
from ...questions.answer import Answers
from ...questions.labels import Labels
from ...questions.source import Source
from .batch import given
from .condition import PanoramaSoundCondition
from .picture import draw_frames


def panoramas(source: Source, labels: Labels, answers: Answers, condition: PanoramaSoundCondition) -> Sequence[Exhibit]:
    """Return each panorama with the view of its answer (n,) and the true source, and the sound."""
    batch = given(source.dataset, labels, condition)
    return [
        Exhibit(
            [("what the method heard", as_sound(audio))],
            draw_frames([batch.image[k]], [float(answers[k])], [float(labels.truth[k])], [""]),
            "The panorama with the view that the answer turns to, and the source that sounds.",
        )
        for k, audio in enumerate(batch.audio)
    ]
