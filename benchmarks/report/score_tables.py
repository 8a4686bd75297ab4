"""The tables of a report: the main one, and all metrics condition by condition."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..questions.metrics import Metric, digits
from ..scoring.results import CEILING, CHANCE, Row
from .tables import diagnostic_text
from .view import Stated, View

MISSING = "missing"


@dataclass(frozen=True)
class Cell:
    """One cell: its text, its interval (empty: none), and whether it stands out."""

    text: str
    interval: str = ""
    strong: bool = False
    number: bool = True


@dataclass(frozen=True)
class Line:
    """One row of a table: its head and cells. A bound (chance, ceiling) is no method."""

    head: str
    cells: Sequence[Cell]
    bound: bool = False
    note: str = ""


@dataclass(frozen=True)
class HtmlTable:
    """A table: caption, heads (the first is that of the row heads), lines."""

    caption: str
    heads: Sequence[str]
    lines: Sequence[Line]


def number(value: float, unit: str) -> str:
    """Return `value` as tables print it, a dash where there is none."""
    return f"{value:.{digits(value, unit)}f}" if np.isfinite(value) else "–"


def interval_text(row: Row) -> str:
    """Return the 95 % interval of `row`; empty where it is not known."""
    if not (np.isfinite(row.ci_low) and np.isfinite(row.ci_high)):
        return ""
    return f"{number(row.ci_low, row.unit)}–{number(row.ci_high, row.unit)}"


def main_table(view: View) -> HtmlTable:
    """Return the methods in rank order by the metric that ranks, a column a condition, chance and ceiling marked."""
    first = view.metric
    direction = "higher is better" if first.higher_is_better else "lower is better"
    said = _said(view)
    columns = [view.text(c) for c in view.pooled]
    heads = ["method", *columns, "rank", "skill (%)", f"{view.noun}s", f"ms a {view.noun}", *said]
    names = [CEILING, *view.methods, CHANCE]
    caption = f"{first.label} ({first.unit}, {direction}) with 95 % intervals, over all {view.noun}s"
    return HtmlTable(caption, heads, [_main_line(view, name, said) for name in names])


def _said(view: View) -> list[str]:
    """Return what methods say of their answers besides: the names of all diagnostics."""
    return list(dict.fromkeys(key for row in view.run.results.rows for key in row.diagnostics))


def _main_line(view: View, name: str, said: Sequence[str]) -> Line:
    rows = [view.row(name, c) for c in view.pooled]
    cells = [_score(view, row) for row in rows]
    bound = name in (CHANCE, CEILING)
    diagnostics = [Cell(diagnostic_text([row for row in rows if row is not None], key)) for key in said]
    notes = {CHANCE: f"{view.run.track.stimulus.sense}s nothing", CEILING: "knows the truth"}
    return Line(name, [*cells, *_closing(rows), *diagnostics], bound, notes[name] if bound else "")


def _score(view: View, row: Row | None) -> Cell:
    if row is None:
        return Cell(MISSING)
    return Cell(number(row.value, row.unit), interval_text(row), _is_alone_first(view, row))


def _is_alone_first(view: View, row: Row) -> bool:
    """Return whether noise cannot have put `row` first: it has rank 1, alone, among two methods or more."""
    others = [r for r in view.run.results.rows if r.metric == row.metric and r.condition == row.condition]
    ranks = [r.rank for r in others if r.rank is not None]
    return row.rank == 1 and ranks.count(1) == 1 and len(ranks) > 1


def _closing(rows: Sequence[Row | None]) -> Iterator[Cell]:
    """Yield rank, mean skill, samples, and milliseconds a sample over the conditions."""
    present = [row for row in rows if row is not None]
    ranks = sorted({row.rank for row in present if row.rank is not None})
    yield Cell("" if not ranks else f"{ranks[0]}" if len(ranks) == 1 else f"{ranks[0]}–{ranks[-1]}")
    yield Cell(_mean_text([100 * row.skill for row in present], ".0f"))
    yield Cell(str(max((row.n for row in present), default=0)))
    yield Cell(_mean_text([1e3 * s for row in present if (s := row.seconds_per_sample) is not None], ".2f"))


def _mean_text(values: Sequence[float], pattern: str) -> str:
    return format(float(np.mean(values)), pattern) if values and np.isfinite(values).all() else ""


@dataclass(frozen=True)
class Details:
    """All metrics under one pooled condition: over all samples, then for each of its parts."""

    title: str
    tables: Sequence[HtmlTable]


def details(view: View) -> list[Details]:
    """Return every metric of every method for each condition."""
    return [Details(view.text(c), [_full_table(view, part) for part in (c, *view.split(c))]) for c in view.pooled]


def _full_table(view: View, condition: Stated) -> HtmlTable:
    metrics = view.run.track.metrics
    names = [name for name in (CEILING, *view.methods, CHANCE) if view.row(name, condition) is not None]
    counts = [row.n for name in names if (row := view.row(name, condition)) is not None]
    heads = ["method", *(f"{m.label} ({m.unit})" for m in metrics), "rank", "skill (%)"]
    lines = [_full_line(view, name, condition, metrics) for name in names]
    return HtmlTable(f"{view.text(condition)}: {max(counts, default=0)} {view.noun}s", heads, lines)


def _full_line(view: View, name: str, condition: Stated, metrics: Sequence[Metric]) -> Line:
    rows = [view.row(name, condition, metric) for metric in metrics]
    closing = list(_closing(rows[:1]))[:2]
    return Line(name, [*(_score(view, row) for row in rows), *closing], name in (CHANCE, CEILING))
