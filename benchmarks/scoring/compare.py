"""Which gaps are noise: methods of one or several runs, compared on the same samples."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ...registry import nearest
from ..bench import Run
from ..display.text_table import TextTable
from ..questions.metrics import Metric, digits
from ..report.tables import MISSING, condition_label, group_keys, varying_keys
from .results import cells
from .statistics import Clusters, bootstrap_interval, paired_difference, rank_groups


@dataclass(frozen=True)
class Comparison:
    """One method under one condition: its value, and its difference to the best method with a 95 % interval."""

    condition: Mapping[str, float | None]
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


def comparisons(runs: Sequence[Run], metric_name: str | None = None, *, by_rt60: bool = False) -> list[Comparison]:
    """Return every method of `runs` beside the best one, condition by condition, each RT60 apart if `by_rt60`.

    Raises InputError unless all runs have the same track, dataset and samples.
    """
    first = runs[0]
    for run in runs[1:]:
        _check_comparable(first, run)
    metrics = {metric.name: metric for metric in first.track.metrics}
    metrics |= {metric.label.lower(): metric for metric in first.track.metrics}
    wanted = (metric_name or first.track.metrics[0].name).lower()
    if wanted not in metrics:
        raise InputError(f"--metric {metric_name}: {nearest(wanted, metrics)}")
    shared = _shared_cells(runs)
    everyone = list(dict.fromkeys(name for _, _, methods in shared for name in methods))
    return [
        row
        for condition, keep, methods in shared
        if by_rt60 or not group_keys(condition)
        for row in _compare(first, metrics[wanted], condition, keep, methods, everyone)
    ]


def _check_comparable(first: Run, other: Run) -> None:
    if first.results.track != other.results.track:
        raise InputError(
            f"{other.folder} is of track {other.results.track!r}, {first.folder} of {first.results.track!r}"
        )
    if first.dataset.fingerprint != other.dataset.fingerprint:
        raise InputError(f"{other.folder} and {first.folder} are of different datasets")
    if first.results.dataset["split"] != other.results.dataset["split"]:
        raise InputError(f"{other.folder} and {first.folder} are of different splits of the dataset")
    if len(first.labels) != len(other.labels):
        raise InputError(f"{other.folder} has {len(other.labels)} samples, {first.folder} has {len(first.labels)}")


SharedCell = tuple[Mapping[str, float | None], npt.NDArray[np.intp], dict[str, npt.NDArray[np.float64]]]


def _shared_cells(runs: Sequence[Run]) -> list[SharedCell]:
    """Return the cells of all runs together; a method that two runs share under another value gets its run's name."""
    shared: dict[str, SharedCell] = {}
    for run in runs:
        for cell in cells(run.labels, run.predictions):
            methods = shared.setdefault(str(cell.condition), (cell.condition, cell.keep, {}))[2]
            for name, values in cell.predictions.items():
                known = methods.get(name)
                if known is None:
                    methods[name] = values
                elif not np.array_equal(known, values):
                    methods[f"{name} ({run.folder.name})"] = values
    return list(shared.values())


def _compare(
    run: Run,
    metric: Metric,
    condition: Mapping[str, float | None],
    keep: npt.NDArray[np.intp],
    methods: Mapping[str, npt.NDArray[np.float64]],
    everyone: Sequence[str],
) -> list[Comparison]:
    """Return the methods of one cell, best first; those of `everyone` that miss it come last, with nothing."""
    keep = keep[metric.counted(run.labels.truth[keep])]
    truth, clusters = run.labels.truth[keep], Clusters.of(run.labels.clusters[keep])
    terms = {name: metric.per_sample(truth, values[keep]) for name, values in methods.items()}
    ranks = rank_groups(metric, {**dict.fromkeys(everyone), **terms}, clusters)
    best = next(iter(ranks))
    rows = []
    for name, rank in ranks.items():
        if rank is None:
            nothing = (math.nan,) * 6
            rows.append(Comparison(condition, name, metric.name, metric.label, metric.unit, None, *nothing, 0))
            continue
        own = bootstrap_interval(metric, terms[name], clusters)
        gap = paired_difference(metric, terms[name], terms[best], clusters)
        rows.append(
            Comparison(
                condition, name, metric.name, metric.label, metric.unit, rank,
                own.value, own.low, own.high, gap.value, gap.low, gap.high, len(keep),
            )
        )  # fmt: skip
    return rows


def comparison_table(rows: Sequence[Comparison]) -> TextTable:
    """Return `rows` as a table; methods that share a rank cannot be told from the best of them."""
    keys = varying_keys([row.condition for row in rows])
    body = [_table_row(row, condition_label(row.condition, [k for k in keys if k in row.condition])) for row in rows]
    unit = f"{rows[0].label} ({rows[0].unit})"
    heads = ["method", "condition", "rank", f"{unit} [95 %]", "difference to the best [95 %]", "n"]
    return TextTable(f"{unit}: paired comparison", heads, body)


def _table_row(row: Comparison, condition: str) -> list[str]:
    if row.rank is None:
        return [row.method, condition, "", MISSING, "", "0"]
    shown = digits(row.value, row.unit)
    value = f"{row.value:.{shown}f} [{row.ci_low:.{shown}f}, {row.ci_high:.{shown}f}]"
    gap = f"{row.difference:+.{shown}f} [{row.difference_low:+.{shown}f}, {row.difference_high:+.{shown}f}]"
    return [row.method, condition, str(row.rank), value, gap, str(row.n)]
