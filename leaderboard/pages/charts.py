"""The drawings of an entry: its error against each condition, and how its errors are distributed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ...benchmarks.scoring.results import CEILING, CHANCE, Row
from ..standing.record import ErrorHistogram
from .axis import Axis
from .view import BoardView, Condition
from .words import number

MOST_OTHERS = 12
"""Faint lines of other entries in a drawing."""


@dataclass(frozen=True)
class Point:
    """A place in a drawing in per cent of its width and height, with its interval's ends where they are known."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Curve:
    """Points joined by a line; `kind` is own, other, chance or ceiling."""

    kind: str
    points: Sequence[Point]


@dataclass(frozen=True)
class Tick:
    """A place on an axis in per cent, and its text."""

    place: float
    text: str


@dataclass(frozen=True)
class Chart:
    """A drawing of curves with what it shows in words."""

    title: str
    x_title: str
    y_title: str
    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]
    curves: Sequence[Curve]
    words: str


@dataclass(frozen=True)
class Column:
    """A bar of a histogram in per cent, and what it says."""

    x: float
    width: float
    height: float


@dataclass(frozen=True)
class HistogramChart:
    """How errors are distributed under one condition."""

    title: str
    unit: str
    columns: Sequence[Column]
    ticks: Sequence[Tick]
    words: str


def condition_charts(view: BoardView, key: str) -> list[Chart]:
    """Return the error of the entry `key` against each setting that varies, the others at their middle."""
    found = [_chart(view, key, setting, _levels(view, setting)) for setting in view.keys]
    return [chart for chart in found if chart is not None]


def _levels(view: BoardView, setting: str) -> list[Condition]:
    """Return the conditions along `setting` from low to high."""
    middle = view.middle
    if setting in view.part_keys:
        along = [c for c in view.split(middle) if setting in c]
    else:
        along = [c for c in view.pooled if all(c.get(k) == middle.get(k) for k in view.keys if k != setting)]
    order = view.wording.of(setting).in_order([c[setting] for c in along])
    return sorted(along, key=lambda c: order.index(c[setting]))


def _chart(view: BoardView, key: str, setting: str, along: Sequence[Condition]) -> Chart | None:
    metric, wording = view.standing.metric, view.wording.of(setting)
    own = [view.row(key, condition, metric) for condition in along]
    if sum(row is not None for row in own) < 2:
        return None
    others = [k for k in view.standing.ranked if k != key][:MOST_OTHERS]
    lines = [("other", k) for k in others] + [("chance", CHANCE), ("ceiling", CEILING), ("own", key)]
    rows = {(kind, k): [view.row(k, condition, metric) for condition in along] for kind, k in lines}
    chance, ceiling = (_mean(rows[name, name]) for name in (CHANCE, CEILING))
    ends = [e for row in own if row is not None for e in (row.value, row.ci_low, row.ci_high)]
    others_ends = [row.value for (kind, _), found in rows.items() if kind != "own" for row in found if row is not None]
    axis = Axis.spanning([*ends, *_near(others_ends, ends, chance, ceiling)], 0.06)
    places = [round(100 * (k + 0.5) / len(along), 2) for k in range(len(along))]
    levels = [wording.level_text(condition[setting]).replace("-", "−") for condition in along]
    said = [f"{text}: {number(row.value, row.unit)}" for text, row in zip(levels, own, strict=True) if row is not None]
    return Chart(
        title=f"{metric.label} against {wording.axis}",
        x_title=wording.axis,
        y_title=f"{metric.label} ({metric.unit})",
        x_ticks=[Tick(x, text) for x, text in zip(places, levels, strict=True)],
        y_ticks=[Tick(round(100 - axis.at(v), 2), f"{v:g}".replace("-", "−")) for v in axis.ticks(4)],
        curves=[Curve(kind, _points(found, places, axis, kind == "own")) for (kind, _), found in rows.items()],
        words=f"{metric.label} in {metric.unit} by {wording.axis}: {', '.join(said)}.",
    )


def _mean(rows: Sequence[Row | None]) -> float:
    values = [row.value for row in rows if row is not None]
    return sum(values) / len(values) if values else math.nan


def _near(values: Sequence[float], own: Sequence[float], chance: float, ceiling: float) -> list[float]:
    """Return `values` but those of entries so far off that they would squeeze the drawing flat."""
    edge = chance + 0.5 * (chance - ceiling)
    low, high = min(ceiling, edge, *own), max(ceiling, edge, *own)
    return [value for value in values if low <= value <= high]


def _points(rows: Sequence[Row | None], places: Sequence[float], axis: Axis, whiskers: bool) -> list[Point]:
    points = []
    for row, x in zip(rows, places, strict=True):
        if row is None or not axis.low <= row.value <= axis.high:
            continue
        ends = (100 - axis.at(e) if whiskers and math.isfinite(e) else None for e in (row.ci_low, row.ci_high))
        points.append(Point(x, round(100 - axis.at(row.value), 2), *ends))
    return points


def histogram_charts(view: BoardView, histograms: Sequence[ErrorHistogram]) -> list[HistogramChart]:
    """Return the error distribution under each condition, all to one scale."""
    filled = [k for one in histograms for k, count in enumerate(one.counts) if count]
    if not filled:
        return []
    first, last = max(min(filled) - 1, 0), min(max(filled) + 2, len(histograms[0].counts))
    tallest = max(count / sum(one.counts) for one in histograms for count in one.counts if sum(one.counts))
    return [_histogram(view, one, first, last, tallest) for one in histograms]


def _histogram(view: BoardView, one: ErrorHistogram, first: int, last: int, tallest: float) -> HistogramChart:
    total, width = max(sum(one.counts), 1), 100 / (last - first)
    columns = [
        Column(round((k - first) * width, 3), round(width, 3), round(100 * one.counts[k] / total / tallest, 2))
        for k in range(first, last)
        if one.counts[k]
    ]
    half = _middle_edge(one)
    words = f"{total} errors; half of them below {half:.3g} {one.unit}."
    return HistogramChart(view.text(one.condition), one.unit, columns, _decades(one, first, last), words)


def _middle_edge(one: ErrorHistogram) -> float:
    """Return the upper edge of the bin that holds the middle error."""
    reached = 0
    for count, edge in zip(one.counts, one.edges[1:], strict=True):
        reached += count
        if 2 * reached >= sum(one.counts):
            return edge
    return one.edges[-1]


def _decades(one: ErrorHistogram, first: int, last: int) -> list[Tick]:
    """Return the powers of ten between the edges `first` and `last`, whose bins are equally wide in the logarithm."""
    start = max(first, 1)
    low, high = math.log10(one.edges[start]), math.log10(one.edges[last])
    width = 100 / (last - first)
    span = 100 - (start - first) * width
    ticks = []
    for power in range(math.ceil(low - 1e-9), math.floor(high + 1e-9) + 1):
        place = (start - first) * width + span * (power - low) / (high - low)
        ticks.append(Tick(round(place, 2), f"{10.0**power:g}"))
    return ticks
