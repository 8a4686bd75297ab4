"""Single pairs of views for a report."""

from collections.abc import Sequence

from ...display.exhibit import Exhibit
from ...questions.answer import Answers
from ...questions.labels import Labels
from ...questions.source import Source
from .batch import seen
from .condition import AsStored
from .picture import draw_pair


def pairs(source: Source, labels: Labels, answers: Answers, condition: AsStored) -> Sequence[Exhibit]:
    """Return both pictures of each pair, with the headings by ground truth and by `answers` (n,)."""
    batch = seen(source.dataset, labels)
    return [
        Exhibit(drawing=draw_pair(batch, k, float(truth), float(answers[k])), alt="Both views of the pair.")
        for k, truth in enumerate(labels.truth)
    ]
