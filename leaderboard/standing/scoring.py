"""Submissions to scores, by the very code of `whence bench`: a leaderboard has no scoring of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from ...benchmarks.questions.labels import Float64, Indices, Labels
from ...benchmarks.running.method import RESERVED
from ...benchmarks.running.predictions import Predictions
from ...benchmarks.scoring.results import Results, score
from ...benchmarks.scoring.statistics import Estimator, estimate
from ...datagen.dataset import Dataset
from ...errors import InputError
from ...registry import load_track
from ..submission.expectation import Expectation, Submission, placed, seconds_in_order
from ..submission.file import Header
from .record import HALVES, Half

if TYPE_CHECKING:
    from ..sealing.labels_file import SealedLabels

PROTOCOL = "board"
"""What results say of themselves instead of the protocol of a bench: each method has chosen its own."""


@dataclass(frozen=True)
class _Scored:
    """What results say of the dataset that they are of; the dataset itself need not be at hand."""

    fingerprint: str
    name: str
    recipe: Mapping[str, Any] = field(default_factory=dict)


def expectation_of_labels(sealed: "SealedLabels") -> Expectation:
    """Return what a submission for the sealed dataset of these labels must hold."""
    names = [str(name) for name in sealed.labels.sample_id]
    return Expectation(sealed.track, sealed.fingerprint, sealed.conditions, names)


def indices_of(sealed: "SealedLabels", half: Half) -> Indices:
    """Return which of the labels (indices) are of `half`; raises InputError where it is empty."""
    if half not in HALVES:
        raise InputError(f"half {half!r}: expected {', '.join(HALVES)}")
    keep = np.arange(len(sealed.labels)) if half == "all" else np.flatnonzero(sealed.half == half)
    if not keep.size:
        raise InputError(f"the labels hold no {half} half: seal the dataset with another --private-share")
    return keep


def labels_of(sealed: "SealedLabels", half: Half) -> Labels:
    """Return the labels of `half`, in the order of the dataset that was sealed; raises InputError where it is empty."""
    return sealed.labels.take(indices_of(sealed, half))


@dataclass(frozen=True)
class Answers:
    """What a submission predicts, (conditions, samples) in the order of the labels, and what it says of itself.

    `seconds` a sample are in the order of the labels' conditions.
    """

    header: Header
    values: Float64
    seconds: Sequence[float]


def answers_of(sealed: "SealedLabels", submissions: Mapping[str, Submission]) -> dict[str, Answers]:
    """Return the answers of all `submissions` by key; raises InputError for one that does not fit or is not whole."""
    return {key: answers_in(sealed, found) for key, found in submissions.items()}


def answers_in(sealed: "SealedLabels", submission: Submission) -> Answers:
    """Return the answers of one submission; raises InputError unless it fits and is whole."""
    expectation = expectation_of_labels(sealed)
    return Answers(submission.header, placed(submission, expectation), seconds_in_order(submission, expectation))


def score_submissions(sealed: "SealedLabels", submissions: Mapping[str, Submission], half: Half) -> Results:
    """Return the scores of `submissions`, by key, on one half of the samples, or on all.

    Raises InputError for a submission that is not of this dataset or not whole, and for a reserved key.
    """
    return score_answers(sealed, answers_of(sealed, submissions), half)


def score_answers(
    sealed: "SealedLabels", answers: Mapping[str, Answers], half: Half, estimator: Estimator = estimate
) -> Results:
    """Return the scores of `answers`, by key, on one half of the samples, or on all.

    The samples keep the order of the dataset that was sealed: it decides the last digit of a mean, nothing else.
    """
    for key in answers:
        if key in RESERVED:
            raise InputError(f"entry {key!r}: the name is reserved for a row of the table")
    track, keep = load_track(sealed.track), indices_of(sealed, half)
    labels = labels_of(sealed, half)
    predictions = [one for key, found in answers.items() for one in _as_benched(sealed, labels, keep, key, found)]
    scored = _Scored(sealed.fingerprint, str(sealed.source["name"]))
    return score(track, cast(Dataset, scored), labels, predictions, PROTOCOL, estimator=estimator)


def _as_benched(sealed: "SealedLabels", labels: Labels, keep: Indices, key: str, answers: Answers) -> list[Predictions]:
    """Return `answers` as `whence bench` would have written them: one `Predictions` a condition, named `key`."""
    return [
        Predictions(
            pd.DataFrame({"sample_id": labels.sample_id, "prediction": answers.values[k, keep]}),
            {"track": sealed.track, "method": key, "condition": dict(condition), "seconds_per_sample": seconds},
        )
        for k, (condition, seconds) in enumerate(zip(sealed.conditions, answers.seconds, strict=True))
    ]
