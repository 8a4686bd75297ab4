"""What a submission must hold: the track, the dataset, its conditions and samples, every one of them once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...benchmarks.questions.answer import AnswerKind, Answers
from ...benchmarks.questions.labels import Indices
from ...benchmarks.questions.source import is_sealed
from ...benchmarks.running.predictions import HARNESS_VERSION, rows_together
from ...datagen.content import Content
from ...datagen.dataset import Dataset
from ...english import counted
from ...errors import InputError
from ...registry import load_track
from .file import Condition, Rows, Submission, read_submission
from .parquet_guard import Limits
from .twins import no_twin


@dataclass(frozen=True)
class Expectation:
    """The samples (their sealed names, in any order) and conditions of the dataset `fingerprint` for `track`."""

    track: str
    fingerprint: str
    conditions: Sequence[Condition]
    sample_ids: Sequence[str]
    content: Content | None = field(default=None, compare=False)
    """What the dataset recorded of its values, by which a run on a twin is recognised."""

    def refusal(self, fingerprint: str, content: Content | None) -> str:
        """Return in words why the dataset `fingerprint` of this `content` is not this one; empty for it and twins."""
        return "" if fingerprint == self.fingerprint else no_twin(self.content, content)

    @property
    def rows(self) -> int:
        """Rows that a submission has."""
        return len(self.conditions) * len(self.sample_ids)

    @cached_property
    def answer(self) -> AnswerKind:
        """What an answer of the track is."""
        answer: AnswerKind = load_track(self.track).answer
        return answer

    @cached_property
    def limits(self) -> Limits:
        """How large the file of such a submission can be."""
        longest = max((len(name.encode()) for name in self.sample_ids), default=0)
        return Limits.of_rows(self.rows, longest, self.answer.nbytes, self.rows // rows_together(self.answer))

    def read(self, path: Path, *, stored: bool = False) -> Submission:
        """Return the submission in the file `path`, or `stored` there by a board before.

        Raises InputError for any file that cannot be one.
        """
        return read_submission(path, self.answer, self.limits, stored=stored)

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
            **({"content": dict(self.content)} if self.content else {}),
        }


def expectation_from_json(content: Mapping[str, Any]) -> Expectation:
    """Return the expectation that `to_json` gave `content` for."""
    names = ("track", "fingerprint", "conditions", "sample_ids")
    return Expectation(**{name: content[name] for name in names}, content=content.get("content"))


def expectation_of(dataset: Dataset) -> Expectation:
    """Return what a submission for the sealed `dataset` must hold; raises InputError for any other dataset."""
    recipe = dataset.recipe
    if not is_sealed(dataset) or "conditions" not in recipe:
        raise InputError(
            f"{dataset.url} is a dataset of kind {dataset.name!r}: submissions are for sealed ones (`whence seal`)"
        )
    names = dataset.column("sample_id").astype(object).tolist()
    content = dataset.attributes.get("content")
    return Expectation(recipe["track"], dataset.fingerprint, recipe["conditions"], names, content)


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
    if reason := expectation.refusal(header.fingerprint, header.stated_content):
        raise InputError(
            f"the submission is for the dataset {header.fingerprint[:16]}, expected {expectation.fingerprint[:16]} "
            f"({reason}): bench the board's own sealed dataset"
        )
    _check_conditions(header.conditions, expectation.conditions)
    _check_answers(submission, expectation)


def _check_answers(submission: Submission, expectation: Expectation) -> None:
    """Place every answer and see that it is plausible: numbers all together, maps some at a time."""
    answer = expectation.answer
    numbers = np.zeros((len(expectation.conditions), len(expectation.sample_ids)))
    for rows in placed_rows(submission, expectation):
        if answer.shape:
            answer.check([rows.answers])
        else:
            numbers[rows.condition, rows.sample] = rows.answers
    if not answer.shape:
        answer.check(list(numbers))


@dataclass(frozen=True)
class PlacedRows:
    """Some answers (n, *shape), and to which condition (n,) and sample (n,) of an expectation each belongs."""

    condition: Indices
    sample: Indices
    answers: Answers


def placed_rows(submission: Submission, expectation: Expectation) -> Iterator[PlacedRows]:
    """Yield the answers of `submission`, some at a time, with their places.

    Raises InputError for one that does not belong there or is not finite and, at the end, unless every sample was there
    once under every condition.
    """
    _check_conditions(submission.header.conditions, expectation.conditions)
    known = [_place(condition, expectation.conditions) for condition in submission.header.conditions]
    order = np.asarray(known, dtype=np.intp)
    times = np.zeros((len(expectation.conditions), len(expectation.sample_ids)), dtype=np.intp)
    for rows in submission.pieces:
        placed = _placed(rows, order, expectation)
        np.add.at(times, (placed.condition, placed.sample), 1)
        yield placed
    _check_once(times, expectation)


def _placed(rows: Rows, order: Indices, expectation: Expectation) -> PlacedRows:
    """Return `rows` with their places; `order` holds the place of each of the submission's conditions."""
    if rows.condition.size and not (rows.condition.min() >= 0 and rows.condition.max() < len(order)):
        raise InputError(f"column condition: expected 0 to {len(order) - 1}, the place in the list of conditions")
    places = expectation.places(rows.sample_id)
    unknown = rows.sample_id[places < 0]
    if unknown.size:
        raise InputError(f"there are rows of samples that the dataset does not have, such as {shown(unknown[0])}")
    finite = np.isfinite(rows.answers).all(axis=tuple(range(1, rows.answers.ndim)))
    if not finite.all():
        name = shown(rows.sample_id[int(np.argmin(finite))])
        raise InputError(f"there are predictions that are not finite numbers, such as that of {name}")
    return PlacedRows(order[rows.condition], places, rows.answers)


def _check_once(times: npt.NDArray[np.intp], expectation: Expectation) -> None:
    """Check how many `times` (conditions, samples) each prediction was there."""
    for wrong, what in ((times == 0, "are missing"), (times > 1, "are there more than once")):
        if wrong.any():
            condition, sample = np.argwhere(wrong)[0]
            where = f"{shown(expectation.sample_ids[sample])} under condition {condition}"
            raise InputError(f"{np.count_nonzero(wrong)} of {expectation.rows} predictions {what}, such as {where}")


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
        raise InputError(f"{counted(len(unknown), 'condition')} unknown to the board, such as {shown(unknown[0])}")
    if len(found) != len(expected):
        raise InputError(
            f"{len(found)} conditions, of which some are the same: expected {len(expected)} different ones"
        )


def shown(value: object, longest: int = 80) -> str:
    """Return `value` for an error message: printable, in one line, cut where it is long.

    >>> shown("a\\nb")
    "'a\\\\nb'"
    """
    text = ascii(value)
    return text if len(text) <= longest else f"{text[:longest]}..."
