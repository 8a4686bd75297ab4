"""Submissions to scores, by the very code of `whence bench`: a leaderboard has no scoring of its own.

A submission is reduced to per-sample terms as it is read, so answers themselves never stay in memory.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...benchmarks.questions.labels import Indices, Labels
from ...benchmarks.questions.metrics import Vector
from ...benchmarks.questions.track import Track
from ...benchmarks.running.method import RESERVED
from ...benchmarks.scoring.results import Results, score
from ...benchmarks.scoring.scored import Scored, settled, terms_of
from ...benchmarks.scoring.statistics import Estimator, estimate
from ...errors import InputError
from ...registry import load_track
from ..sealing.labels_file import SealedLabels
from ..submission.expectation import placed_rows, seconds_in_order
from ..submission.file import Header, Submission
from .record import HALVES, Half

PROTOCOL = "board"
"""What results say of themselves instead of the protocol of a bench: each method has chosen its own."""


def halves_of(sealed: SealedLabels) -> tuple[Half, ...]:
    """Return the halves of these labels: of a set that was sealed without a private one, the public half alone."""
    return ("public", "private") if (sealed.half == "private").any() else ("public",)


def indices_of(sealed: SealedLabels, half: Half) -> Indices:
    """Return which of the labels (indices) are of `half`; raises InputError where it is empty."""
    if half not in HALVES:
        raise InputError(f"half {half!r}: expected {', '.join(HALVES)}")
    keep = np.arange(len(sealed.labels)) if half == "all" else np.flatnonzero(sealed.half == half)
    if not keep.size:
        raise InputError(f"the labels hold no {half} half: seal the dataset with another --private-share")
    return keep


def labels_of(sealed: SealedLabels, half: Half) -> Labels:
    """Return the labels of `half`, in the order of the dataset that was sealed; raises InputError where it is empty."""
    return sealed.labels.take(indices_of(sealed, half))


@dataclass(frozen=True)
class Reduced:
    """What scoring keeps of a submission: what it says of itself, and its terms.

    `terms` holds for each metric, by name, an array (conditions, samples) in the order of the labels, NaN for samples
    that do not count. `seconds` a sample are in the order of the labels' conditions.
    """

    header: Header
    terms: Mapping[str, Vector]
    seconds: Sequence[float]

    @property
    def nbytes(self) -> int:
        """Bytes of the terms."""
        return sum(values.nbytes for values in self.terms.values())


def reduce_submission(sealed: SealedLabels, submission: Submission) -> Reduced:
    """Return the terms of `submission`, whose rows are read some at a time.

    Raises InputError unless it fits and is whole.
    """
    track: Track = load_track(sealed.track)
    shape = len(sealed.conditions), len(sealed.labels)
    terms = {metric.name: np.full(shape, np.nan) for metric in track.metrics}
    for rows in placed_rows(submission, sealed.expectation):
        for name, some in terms_of(track.metrics, sealed.labels.take(rows.sample), rows.answers).items():
            terms[name][rows.condition, rows.sample] = some
    terms = settled(track.metrics, sealed.labels.truth, terms)
    return Reduced(submission.header, terms, seconds_in_order(submission, sealed.expectation))


def reduce_all(sealed: SealedLabels, submissions: Mapping[str, Submission]) -> dict[str, Reduced]:
    """Return the terms of all `submissions` by key; raises InputError for one that does not fit or is not whole."""
    return {key: reduce_submission(sealed, found) for key, found in submissions.items()}


def score_submissions(sealed: SealedLabels, submissions: Mapping[str, Submission], half: Half) -> Results:
    """Return the scores of `submissions`, by key, on one half of the samples, or on all.

    Raises InputError for a submission that is not of this dataset or not whole, and for a reserved key.
    """
    return score_reduced(sealed, reduce_all(sealed, submissions), half)


def score_reduced(
    sealed: SealedLabels, reduced: Mapping[str, Reduced], half: Half, estimator: Estimator = estimate
) -> Results:
    """Return the scores of the submissions `reduced`, by key, on one half of the samples, or on all.

    The samples keep the order of the dataset that was sealed: it decides the last digit of a mean, nothing else.
    """
    check_keys(reduced)
    keep = indices_of(sealed, half)
    scored = [one for key, found in reduced.items() for one in _as_benched(sealed, keep, key, found)]
    about = {"fingerprint": sealed.fingerprint, "name": sealed.source["name"], "recipe": {}}
    return score(load_track(sealed.track), sealed.labels.take(keep), scored, about, PROTOCOL, estimator)


def check_keys(keys: Iterable[str]) -> None:
    """Raise InputError where one of `keys` is the name of a row of the table, such as chance."""
    for key in keys:
        if key in RESERVED:
            raise InputError(f"entry {key!r}: the name is reserved for a row of the table")


def _as_benched(sealed: SealedLabels, keep: Indices, key: str, reduced: Reduced) -> list[Scored]:
    """Return the samples `keep` of a submission as `whence bench` scores a method called `key`, one a condition."""
    return [
        Scored(key, condition, {name: values[k, keep] for name, values in reduced.terms.items()}, seconds)
        for k, (condition, seconds) in enumerate(zip(sealed.conditions, reduced.seconds, strict=True))
    ]
