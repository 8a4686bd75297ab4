"""Paired comparison of the methods of one or several runs on the same samples."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ...datagen.dataset import Dataset
from ...errors import InputError
from ...registry import nearest
from ..questions.labels import Labels
from ..questions.metrics import Metric
from ..questions.settings import Stated
from ..questions.track import Track
from .results import Results, subsets
from .scored import Scored, chosen
from .statistics import UNKNOWN, Clusters, difference, estimate, interval_of, ranks_of, ratio


class Comparable(Protocol):
    """The attributes of a finished run that comparisons need."""

    @property
    def folder(self) -> Path:
        """Its folder."""

    @property
    def track(self) -> Track:
        """The track."""

    @property
    def dataset(self) -> Dataset:
        """The dataset."""

    @property
    def labels(self) -> Labels:
        """The samples."""

    @property
    def scored(self) -> Sequence[Scored]:
        """The methods, under every condition."""

    @property
    def results(self) -> Results:
        """Its scores."""


@dataclass(frozen=True)
class Comparison:
    """One method under one condition: its value, and how it stands to the method `against`, with 95 % intervals.

    `difference` is its value less the other's, `ratio` its value over the other's; both are paired.
    """

    condition: Stated
    method: str
    metric: str
    label: str
    unit: str
    rank: int | None
    value: float
    ci_low: float
    ci_high: float
    difference: float
    difference_low: float
    difference_high: float
    n: int
    against: str = ""
    ratio: float = math.nan
    ratio_low: float = math.nan
    ratio_high: float = math.nan


def comparisons(
    runs: Sequence[Comparable], metric_name: str | None = None, *, by_parts: bool = False, against: str | None = None
) -> list[Comparison]:
    """Compare every method of `runs` with the method `against`, or with the best one if it is None.

    There is a comparison for each condition, and for each part if `by_parts`. Raises InputError unless all runs have
    the same track, dataset and samples, and `against` is one of their methods.
    """
    first = runs[0]
    for run in runs[1:]:
        _check_comparable(first, run)
    metrics = {metric.name: metric for metric in first.track.metrics}
    metrics |= {metric.label.lower(): metric for metric in first.track.metrics}
    wanted = (metric_name or first.track.metrics[0].name).lower()
    if wanted not in metrics:
        raise InputError(f"--metric {metric_name}: {nearest(wanted, metrics)}")
    shared = _shared_subsets(runs, metrics[wanted])
    everyone = list(dict.fromkeys(name for one in shared for name in one.terms))
    if against is not None and against not in everyone:
        raise InputError(f"--against {against}: {nearest(against, everyone)}")
    return [
        row
        for one in shared
        if by_parts or not first.track.wording.part_keys(one.condition)
        for row in _compare(first.labels, metrics[wanted], one, everyone, against)
    ]


def _check_comparable(first: Comparable, other: Comparable) -> None:
    if first.track.name != other.track.name:
        raise InputError(f"{other.folder} is of track {other.track.name!r}, {first.folder} of {first.track.name!r}")
    for differ, what in (
        (not first.dataset.is_twin_of(other.dataset), "datasets"),
        (first.results.dataset["split"] != other.results.dataset["split"], "splits of the dataset"),
    ):
        if differ:
            raise InputError(f"{other.folder} and {first.folder} are of different {what}")
    if len(first.labels) != len(other.labels):
        raise InputError(f"{other.folder} has {len(other.labels)} samples, {first.folder} has {len(first.labels)}")


@dataclass(frozen=True)
class _Shared:
    """The samples `keep` of one condition, and the terms (all samples,) of every method of every run on them."""

    condition: Stated
    keep: npt.NDArray[np.intp]
    terms: dict[str, npt.NDArray[np.float64]]


def _shared_subsets(runs: Sequence[Comparable], metric: Metric) -> list[_Shared]:
    """Return the merged subsets of all runs; a method that two runs score differently is prefixed with its run."""
    shared: dict[str, _Shared] = {}
    names = _short_names([run.folder for run in runs])
    for run, name in zip(runs, names, strict=True):
        for subset in subsets(run.labels, run.scored):
            found = shared.setdefault(str(subset.condition), _Shared(subset.condition, subset.keep, {}))
            for method, one in subset.methods.items():
                terms = one.terms[metric.name]
                known = found.terms.get(method)
                if known is None:
                    found.terms[method] = terms
                elif not np.array_equal(known, terms, equal_nan=True):
                    found.terms[f"{method} ({name})"] = terms
    return list(shared.values())


def _short_names(folders: Sequence[Path]) -> list[str]:
    """Return the shortest trailing part of each folder's path that distinguishes it from the others.

    >>> _short_names([Path("a/run"), Path("b/run"), Path("c/other")])
    ['a/run', 'b/run', 'other']
    """
    parts = [folder.resolve().parts if not folder.parts else folder.parts for folder in folders]
    names = [""] * len(folders)
    for length in range(1, max(map(len, parts)) + 1):
        endings = ["/".join(one[-length:]) for one in parts]
        alone = Counter(endings)
        names = [name or (end if alone[end] == 1 else "") for name, end in zip(names, endings, strict=True)]
    return [name or "/".join(one) for name, one in zip(names, parts, strict=True)]


def _compare(
    labels: Labels, metric: Metric, shared: _Shared, everyone: Sequence[str], against: str | None
) -> list[Comparison]:
    """Return the methods of one subset, best first; those of `everyone` missing from it come last, without values."""
    keep = chosen(metric, labels, shared.keep)
    clusters = Clusters.of(labels.clusters[keep])
    estimates = {name: estimate(metric, values[keep], clusters) for name, values in shared.terms.items()}
    ranks = {**ranks_of(metric, estimates), **{name: None for name in everyone if name not in estimates}}
    other = next(iter(ranks)) if against is None else against
    rows = []
    for name, rank in ranks.items():
        about = (shared.condition, name, metric.name, metric.label, metric.unit, rank)
        if name not in estimates:
            rows.append(Comparison(*about, *(math.nan,) * 6, 0, other))
            continue
        own = interval_of(metric, estimates[name])
        gap = difference(estimates[name], estimates[other]) if other in estimates else UNKNOWN
        part = ratio(estimates[name], estimates[other]) if other in estimates else UNKNOWN
        bounds = (own.value, own.low, own.high, gap.value, gap.low, gap.high)
        rows.append(Comparison(*about, *bounds, len(keep), other, part.value, part.low, part.high))
    return rows
