"""From the answers to changed inputs to the lines of an equivariance report card, with intervals and verdicts."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from ..questions.answer import Answers
from ..questions.labels import Float64, Labels
from ..questions.metrics import Metric, Vector
from ..questions.physics import Asked, Check, Mask
from .statistics import UNKNOWN, Interval, bootstrap_interval

Verdict = Literal["holds", "trivial", "undecided", "unmoved", "fails", "finite", "no-answer", "unchecked"]
VERDICTS: Mapping[Verdict, str] = dict(
    zip(
        get_args(Verdict),
        (
            "holds",
            "holds trivially: answers never move",
            "undecided",
            "FAILS: does not move",
            "FAILS",
            "finite",
            "FAILS: no answer",
            "not checked",
        ),
        strict=True,
    )
)
"""Verdicts in words."""
REQUIRED = 95.0
"""Per cent of samples that must be within the tolerance."""
MOVING = 5.0
"""Per cent of samples: answers of which fewer move do not move."""
ROUNDING = 1e-6
"""Of a tolerance; that of answers stored in 32 bits."""


@dataclass(frozen=True)
class Outcome:
    """A check on n samples: which count, how far off they are, which are right and which moved, each (n,).

    `deviation` is NaN where the answer is not finite. `after` (n, *shape) are the answers to the changed input.
    """

    counts: Mask
    deviation: Float64
    right: Mask
    moved: Mask
    after: Answers


@dataclass(frozen=True)
class Finding:
    """A line of the card: the mean deviation (unit of the check) and the share of right samples (%), and a verdict.

    Of a check that expects no certain answer, `deviation` is from the answers before the change. `n` samples count, of
    which `moved` per cent moved. `note` describes the answers, or says why there is none.
    """

    check: Check
    n: int
    deviation: Interval
    share: Interval
    moved: float
    verdict: Verdict
    note: str = ""


def outcome_of(check: Check, asked: Asked) -> Outcome:
    """Return the outcome of `check` on all samples `asked`; only by the rule `answers` may one not be finite."""
    count = len(asked.labels)
    finite = np.isfinite(asked.after).reshape(count, -1).all(axis=1)
    deviation, apart = np.full(count, math.nan), np.full(count, math.nan)
    apart[finite] = check.distance.between(asked.after[finite], asked.before[finite])
    deviation[finite] = check.deviation(asked) if check.expected else apart[finite]
    near, moved = np.less_equal(deviation, check.tolerance * (1 + ROUNDING)), np.greater(apart, check.tolerance)
    right: Mask = {"equals": near, "moves": moved, "answers": finite}[check.rule]
    return Outcome(check.counted(asked), deviation, right, moved, asked.after)


def joined(outcomes: Sequence[Outcome]) -> Outcome:
    """Return the outcomes of one check on batches as one."""
    return Outcome(*(np.concatenate(parts) for parts in zip(*map(_parts, outcomes), strict=True)))


def _parts(one: Outcome) -> tuple[Mask, Float64, Mask, Mask, Answers]:
    return one.counts, one.deviation, one.right, one.moved, one.after


def finding_of(check: Check, outcome: Outcome, labels: Labels) -> Finding:
    """Return the line of `check` with 95 % intervals over the clusters of `labels`."""
    counted = np.flatnonzero(outcome.counts)
    if not counted.size:
        return Finding(check, 0, UNKNOWN, UNKNOWN, math.nan, "unchecked", "no sample of this set can be checked")
    clusters = labels.clusters[counted]
    share = bootstrap_interval(_mean("%"), 100.0 * outcome.right[counted], clusters)
    known = counted[np.isfinite(outcome.deviation[counted])]
    deviation = UNKNOWN
    if known.size:
        deviation = bootstrap_interval(_mean(check.distance.unit), outcome.deviation[known], labels.clusters[known])
    moved = 100.0 * float(outcome.moved[counted].mean())
    note = check.distance.described(outcome.after[known]) if check.rule == "answers" and known.size else ""
    return Finding(check, counted.size, deviation, share, moved, _verdict(check, share, moved), note)


def refused(check: Check, reason: str) -> Finding:
    """Return the line of a `check` whose changed input raised an error."""
    return Finding(check, 0, UNKNOWN, UNKNOWN, math.nan, "no-answer", reason)


def without_trivial(findings: Sequence[Finding]) -> list[Finding]:
    """Return all `findings` on one method under one condition; if its answers never move, nothing holds but trivially.

    A constant answer is its own negative if it is zero, and what ignores its input is not changed by any gain.
    """
    asked = [one for one in findings if one.check.rule != "answers" and one.n]
    if any(one.moved >= MOVING for one in asked):
        return list(findings)
    return [_trivial(one) if one.verdict == "holds" else one for one in findings]


def _trivial(one: Finding) -> Finding:
    return Finding(one.check, one.n, one.deviation, one.share, one.moved, "trivial", one.note)


def _verdict(check: Check, share: Interval, moved: float) -> Verdict:
    if check.rule == "answers":
        return "finite" if share.value == 100 else "no-answer"
    if share.value >= REQUIRED:
        return "holds"
    if share.high >= REQUIRED:
        return "undecided"
    return "unmoved" if moved < MOVING else "fails"


def _mean(unit: str) -> Metric:
    def terms(truth: Vector, answers: Vector) -> Vector:
        return answers - truth

    return Metric("mean", "mean", unit, unit == "%", terms, "mean")
