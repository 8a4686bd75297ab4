"""What a submission must hold: the track, the dataset, its conditions and samples, every one of them once.

The file itself is read and written by `submission_file`, whose names can be had from here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...benchmarks.running.predictions import HARNESS_VERSION
from ...datagen.dataset import Dataset
from ...errors import InputError
from .file import Condition, Submission, read_submission, write_submission
from .parquet_guard import Limits
from .plausibility import check_plausible

__all__ = [
    "Expectation",
    "Limits",
    "Submission",
    "check_fit",
    "check_submission",
    "expectation_from_json",
    "expectation_of",
    "placed",
    "read_submission",
    "seconds_in_order",
    "write_submission",
]


@dataclass(frozen=True)
class Expectation:
    """The samples (their sealed names, in any order) and conditions of the dataset `fingerprint` for `track`."""

    track: str
    fingerprint: str
    conditions: Sequence[Condition]
    sample_ids: Sequence[str]

    @property
    def rows(self) -> int:
        """Rows that a submission has."""
        return len(self.conditions) * len(self.sample_ids)

    @cached_property
    def limits(self) -> Limits:
        """How large the file of such a submission can be."""
        longest = max((len(name.encode()) for name in self.sample_ids), default=0)
        return Limits.of_rows(self.rows, longest)

    @cached_property
    def _index(self) -> pd.Index:
        return pd.Index(self.sample_ids, dtype=object)

    def places(self, names: npt.NDArray[np.object_]) -> npt.NDArray[np.intp]:
        """Return the place of each of `names` (n,) among `sample_ids`, -1 for those that are not there."""
        return np.asarray(self._index.get_indexer(pd.Index(names, dtype=object)), dtype=np.intp)

    def to_json(self) -> dict[str, Any]:
        """Return the expectation as JSON values, which `expectation_from_json` takes."""
        return {
            "track": self.track,
            "fingerprint": self.fingerprint,
            "conditions": [dict(condition) for condition in self.conditions],
            "sample_ids": list(self.sample_ids),
        }


def expectation_from_json(content: Mapping[str, Any]) -> Expectation:
    """Return the expectation that `to_json` gave `content` for."""
    return Expectation(content["track"], content["fingerprint"], content["conditions"], content["sample_ids"])


def expectation_of(dataset: Dataset) -> Expectation:
    """Return what a submission for the sealed `dataset` must hold; raises InputError for any other dataset."""
    recipe = dataset.recipe
    if dataset.name != "sealed" or "conditions" not in recipe:
        raise InputError(
            f"{dataset.url} is a dataset of kind {dataset.name!r}: submissions are for sealed ones (`whence seal`)"
        )
    names = dataset.column("sample_id").astype(object).tolist()
    return Expectation(recipe["track"], dataset.fingerprint, recipe["conditions"], names)


def check_submission(submission: Submission, expectation: Expectation) -> None:
    """Raise InputError, one line, unless the new `submission` is of this harness and `check_fit` finds no fault."""
    harness = submission.header.harness
    if harness != HARNESS_VERSION:
        raise InputError(
            f"the predictions were made with harness {harness!r}, this board takes {HARNESS_VERSION!r}: "
            "install the same Whence and bench again"
        )
    check_fit(submission, expectation)


def check_fit(submission: Submission, expectation: Expectation) -> None:
    """Raise InputError, one line, unless `submission` is whole, fits `expectation` and is plausible in its unit."""
    header = submission.header
    if header.track != expectation.track:
        raise InputError(f"the submission is for the track {header.track!r}: expected {expectation.track!r}")
    if header.fingerprint != expectation.fingerprint:
        raise InputError(
            f"the submission is for the dataset {header.fingerprint[:16]}, expected {expectation.fingerprint[:16]}: "
            "bench the board's own sealed dataset"
        )
    _check_conditions(header.conditions, expectation.conditions)
    _check_samples(submission, expectation)
    _check_finite(submission)
    check_plausible(header.track, submission.condition, submission.prediction)


def placed(submission: Submission, expectation: Expectation) -> npt.NDArray[np.float64]:
    """Return the predictions (conditions, samples) in the order of `expectation`; raises InputError unless all fit."""
    _check_conditions(submission.header.conditions, expectation.conditions)
    _check_samples(submission, expectation)
    order = [_place(condition, expectation.conditions) for condition in submission.header.conditions]
    rows = np.asarray(order, dtype=np.intp)[submission.condition]
    values = np.full((len(expectation.conditions), len(expectation.sample_ids)), np.nan)
    values[rows, expectation.places(submission.sample_id)] = submission.prediction
    return values


def seconds_in_order(submission: Submission, expectation: Expectation) -> list[float]:
    """Return the seconds a sample of each condition, in the order of `expectation`."""
    order = [_place(condition, submission.header.conditions) for condition in expectation.conditions]
    return [submission.header.seconds_per_sample[k] for k in order]


def _place(condition: Condition, known: Sequence[Condition]) -> int:
    return next(k for k, other in enumerate(known) if dict(other) == dict(condition))


def _check_conditions(found: Sequence[Condition], expected: Sequence[Condition]) -> None:
    """Check that both hold the same conditions, each once, in whatever order."""
    missing = [dict(c) for c in expected if c not in found]
    unknown = [dict(c) for c in found if c not in expected]
    if missing:
        raise InputError(f"{len(missing)} of {len(expected)} conditions are missing, such as {shown(missing[0])}")
    if unknown:
        raise InputError(f"{len(unknown)} conditions are not the board's, such as {shown(unknown[0])}")
    if len(found) != len(expected):
        raise InputError(
            f"{len(found)} conditions, of which some are the same: expected {len(expected)} different ones"
        )


def _check_samples(submission: Submission, expectation: Expectation) -> None:
    """Check that every sample is there once under every condition, and no other."""
    count = len(expectation.conditions)
    if submission.condition.size and not (submission.condition.min() >= 0 and submission.condition.max() < count):
        raise InputError(f"column condition: expected 0 to {count - 1}, the place in the list of conditions")
    places = expectation.places(submission.sample_id)
    unknown = submission.sample_id[places < 0]
    if unknown.size:
        raise InputError(f"{len(unknown)} rows are of samples that the dataset has not, such as {shown(unknown[0])}")
    times = np.zeros((count, len(expectation.sample_ids)), dtype=np.intp)
    np.add.at(times, (submission.condition, places), 1)
    for wrong, what in ((times == 0, "are missing"), (times > 1, "are there more than once")):
        if wrong.any():
            condition, sample = np.argwhere(wrong)[0]
            where = f"{shown(expectation.sample_ids[sample])} under condition {condition}"
            raise InputError(f"{np.count_nonzero(wrong)} of {expectation.rows} predictions {what}, such as {where}")


def _check_finite(submission: Submission) -> None:
    wrong = np.flatnonzero(~np.isfinite(submission.prediction))
    if wrong.size:
        name = shown(submission.sample_id[wrong[0]])
        raise InputError(f"{wrong.size} predictions are not finite numbers, such as that of {name}")


def shown(value: object, longest: int = 80) -> str:
    """Return `value` for an error message: printable, in one line, cut where it is long.

    >>> shown("a\\nb")
    "'a\\\\nb'"
    """
    text = ascii(value)
    return text if len(text) <= longest else f"{text[:longest]}..."
