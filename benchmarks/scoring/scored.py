"""Per-sample terms of one method under one condition; the answers themselves are not kept in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ..questions.answer import Answers
from ..questions.labels import Labels
from ..questions.metrics import Metric, Vector
from ..questions.settings import Stated

Metrics = tuple[Metric, ...]


@dataclass(frozen=True)
class Scored:
    """One method under one condition: its terms (n,) by metric, in the order of the labels.

    `diagnostics`, by name, each (n,), are the method's outputs besides its answers. `listens` is False for a method
    that declares that it ignores its input or gives every sample the same answer. `file` holds the answers.
    """

    method: str
    condition: Stated
    terms: Mapping[str, Vector]
    seconds_per_sample: float
    diagnostics: Mapping[str, Vector] = field(default_factory=dict)
    listens: bool = True
    file: Path | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_oracle(self) -> bool:
        """Whether the method was given parts of the truth."""
        return bool(self.metadata.get("oracle"))


def metric_terms(metric: Metric, labels: Labels, answers: Answers) -> Vector:
    """Return the terms (n,) of `answers` (n, ...); raises InputError if the labels lack what the metric needs."""
    for name in metric.needs:
        if name not in labels.known:
            raise InputError(f"{metric.label}: these labels lack {name}; make or seal the dataset again")
    return metric.per_sample(labels.truth, answers, *(labels.known[name] for name in metric.needs))


def terms_of(metrics: Metrics, labels: Labels, answers: Answers) -> dict[str, Vector]:
    """Return the terms (n,) of `answers` (n, ...) by metric, not yet `settled`; NaN for samples that need none.

    Metrics of the same samples get the same arrays, so that they can share what they compute.
    """
    together: dict[bytes, list[Metric]] = {}
    for metric in metrics:
        together.setdefault(metric.measured(labels.truth).tobytes(), []).append(metric)
    terms = {metric.name: np.full(len(labels), np.nan) for metric in metrics}
    for key, some in together.items():
        measured = np.frombuffer(key, dtype=np.intp)
        if measured.size:
            given = labels.take(measured), answers[measured]
            for metric in some:
                terms[metric.name][measured] = metric_terms(metric, *given)
    return terms


def settled(metrics: Metrics, truth: npt.NDArray[Any], terms: Mapping[str, Vector]) -> dict[str, Vector]:
    """Return the `terms` (..., n) of all samples of `truth` (n,), those of groups being the worst of each."""
    return {
        metric.name: np.apply_along_axis(partial(metric.grouped, truth), -1, terms[metric.name])
        if metric.worst_of
        else terms[metric.name]
        for metric in metrics
    }


def joined(parts: list[dict[str, Vector]], metrics: Metrics) -> dict[str, Vector]:
    """Return the terms of consecutive samples, concatenated for each metric."""
    return {metric.name: np.concatenate([part[metric.name] for part in parts]) for metric in metrics}


def chosen(metric: Metric, labels: Labels, keep: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Return the samples among `keep` (indices) that count for `metric`."""
    return keep[metric.counted(labels.truth[keep])]
