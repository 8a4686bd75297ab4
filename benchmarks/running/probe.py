"""Ask a method again about changed inputs, and compare its answers with what physics expects of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...errors import InputError
from ..questions.answer import Answers
from ..questions.labels import Labels
from ..questions.physics import Asked, Check
from ..questions.source import Source
from ..questions.stimulus import Condition
from ..scoring.findings import Finding, Outcome, finding_of, joined, outcome_of, refused, without_trivial
from .harness import answered
from .method import LoadedMethod


@dataclass(frozen=True)
class Probed:
    """The findings on one method under one condition."""

    method: LoadedMethod
    condition: Condition
    findings: Sequence[Finding]


def probe(
    source: Source, labels: Labels, method: LoadedMethod, condition: Condition, checks: Sequence[Check]
) -> Probed:
    """Return what `checks` find on `method`, asked about the samples `labels` of `source` under `condition`.

    Raises InputError for oracles, and for a method that does not answer to the unchanged input.
    """
    if method.is_oracle:
        raise InputError(f"method {method.label!r} is an oracle: what it knows of the truth would have to change too")
    getattr(method.method, "prepare", lambda _: None)(source)
    progress = [_Progress(check) for check in checks]
    first = 0
    for batch in source.batches(labels, condition):
        part = labels.take(np.arange(first, first + len(batch)))
        before = answered(method, batch, source.track.answer)[0]
        for one in progress:
            one.ask(source, method, batch, part, before)
        first += len(batch)
    return Probed(method, condition, without_trivial([one.finding(labels) for one in progress]))


@dataclass
class _Progress:
    """One check: its outcomes so far, or why there are none."""

    check: Check
    outcomes: list[Outcome] = field(default_factory=list)
    reason: str = ""

    def ask(self, source: Source, method: LoadedMethod, batch: Any, labels: Labels, before: Answers) -> None:
        """Ask `method` about the changed `batch`, unless it failed on an earlier one."""
        if self.reason:
            return
        changed, strict = self.check.change(batch, labels), self.check.rule != "answers"
        try:
            after = answered(method, changed, source.track.answer, finite=strict)[0]
        except Exception as error:  # noqa: BLE001 - whatever a method raises on a changed input is a finding
            self.reason = str(error) if isinstance(error, InputError) else f"{type(error).__name__}: {error}"
            return
        self.outcomes.append(outcome_of(self.check, Asked(batch, labels, before, after)))

    def finding(self, labels: Labels) -> Finding:
        """Return the line of the card."""
        return (
            refused(self.check, self.reason) if self.reason else finding_of(self.check, joined(self.outcomes), labels)
        )
