"""Paired comparison of the methods of one or several runs on the same samples."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...datagen.dataset import Dataset
from ...errors import InputError
from ...registry import nearest
from ...threads import thread_policy
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


@thread_policy()
def comparisons(
    runs: Sequence[Comparable], metric_name: str | None = None, *, by_parts: bool = False, against: str | None = None
) -> list[Comparison]:
    """Compare every method of `runs` with the method `against`, or with the best one if it is None.

    There is a comparison for each condition, and for each part if `by_parts`. Raises InputError unless all runs have
    the same track, dataset and samples, and `against` is one of their methods.
    """
    first = runs[0]
    check_comparable(runs)
    metric = metric_named(first.track, metric_name or first.track.metrics[0].name)
    shared = _shared_subsets(runs, metric)
    everyone = list(dict.fromkeys(name for one in shared for name in one.terms))
    if against is not None and against not in everyone:
        raise InputError(f"--against {against}: {nearest(against, everyone)}")
    return [
        row
        for one in shared
        if by_parts or not first.track.wording.part_keys(one.condition)
        for row in _compare(first.labels, metric, one, everyone, against)
    ]


def comparison_frame(found: Sequence[Comparison]) -> pd.DataFrame:
    """Return comparisons as a table, in full precision, with a column for each setting."""
    return pd.DataFrame([{**one.condition, **vars(one)} for one in found]).drop(columns="condition")


def metric_named(track: Track, name: str) -> Metric:
    """Return the metric of `track` with this name or label, in any case; raises InputError naming the nearest."""
    known = {metric.name: metric for metric in track.metrics}
    known |= {metric.label.lower(): metric for metric in track.metrics}
    if name.lower() not in known:
        raise InputError(f"--metric {name}: {nearest(name.lower(), known)}")
    return known[name.lower()]


def check_comparable(runs: Sequence[Comparable]) -> None:
    """Raise InputError unless all `runs` have the same track, dataset and samples."""
    for run in runs[1:]:
        _check_comparable(runs[0], run)


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
    """Return the merged subsets of all runs."""
    return [
        _Shared(one.condition, one.keep, {name: scored.terms[metric.name] for name, scored in one.methods.items()})
        for one in subsets(runs[0].labels, merged(runs, [metric]))
    ]


def merged(runs: Sequence[Comparable], metrics: Sequence[Metric]) -> list[Scored]:
    """Return the methods of all runs, each once; one that two runs score differently is suffixed with its run."""
    known: dict[tuple[str, str], Scored] = {}
    for run, name in zip(runs, _short_names([run.folder for run in runs]), strict=True):
        for one in run.scored:
            condition = str(one.condition)
            other = known.setdefault((one.method, condition), one)
            if not all(np.array_equal(other.terms[m.name], one.terms[m.name], equal_nan=True) for m in metrics):
                known[f"{one.method} ({name})", condition] = replace(one, method=f"{one.method} ({name})")
    return list(known.values())


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
