"""The tables of a report as HTML: the main one, and all metrics condition by condition."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..questions.metrics import Metric, digits
from ..questions.settings import Stated
from ..scoring.main_table import MISSING, MainTable, ScoreCell, ScoreLine, main_table, rank_text
from ..scoring.results import CEILING, CHANCE, Row, why_unranked
from .view import View


@dataclass(frozen=True)
class Cell:
    """One cell: its text, its interval (empty: none), and whether it stands out."""

    text: str
    interval: str = ""
    strong: bool = False
    number: bool = True


@dataclass(frozen=True)
class Line:
    """One row of a table: its head and cells. A bound is chance or the ceiling."""

    head: str
    cells: Sequence[Cell]
    bound: bool = False
    note: str = ""


@dataclass(frozen=True)
class HtmlTable:
    """A table: caption, column heads (the first is above the row heads), lines."""

    caption: str
    heads: Sequence[str]
    lines: Sequence[Line]


def number(value: float, unit: str) -> str:
    """Return `value` as tables print it, a dash if it is not finite."""
    return f"{value:.{digits(value, unit)}f}" if np.isfinite(value) else "–"


def interval_text(row: Row) -> str:
    """Return the 95 % interval of `row`; empty if it is unknown."""
    if not (np.isfinite(row.ci_low) and np.isfinite(row.ci_high)):
        return ""
    return f"{number(row.ci_low, row.unit)}–{number(row.ci_high, row.unit)}"


def html_table(view: View) -> HtmlTable:
    """Return the methods in rank order, one column for each condition, with chance and ceiling marked."""
    first = view.metric
    table = main_table(view.run.results.rows, first, view.pooled, view.run.track.beside)
    direction = "higher is better" if first.higher_is_better else "lower is better"
    beside = [f"{metric.label} ({metric.unit})" for metric in table.beside]
    closing = ["rank", "skill (%)", f"{view.noun}s", f"ms a {view.noun}"]
    heads = ["method", *map(view.text, table.conditions), *beside, *closing, *table.diagnostics]
    why = why_unranked(view.run.labels)
    note = f"; {why}" if why else ""
    caption = f"{first.label} ({first.unit}, {direction}) with 95 % intervals, over all {view.noun}s{note}"
    return HtmlTable(caption, heads, [_main_line(view, table, line) for line in table.lines])


def _main_line(view: View, table: MainTable, line: ScoreLine) -> Line:
    notes = {CHANCE: f"{view.run.track.stimulus.sense}s nothing", CEILING: "knows the truth"}
    beside = zip(line.beside, table.beside, strict=True)
    seconds = line.seconds_per_sample
    cells = [
        *map(_score, line.cells),
        *(Cell("" if value is None else number(value, metric.unit)) for value, metric in beside),
        *_standing(line),
        Cell(str(line.samples)),
        Cell("" if seconds is None else f"{1e3 * seconds:.2f}"),
        *(Cell("" if value is None else f"{value:.4g}") for value in line.diagnostics),
    ]
    return Line(line.name, cells, line.is_bound, notes.get(line.name, ""))


def _score(cell: ScoreCell) -> Cell:
    if cell.row is None:
        return Cell(MISSING)
    return Cell(number(cell.row.value, cell.row.unit), interval_text(cell.row), cell.strong)


def _standing(line: ScoreLine) -> list[Cell]:
    """Return the cells of rank and skill."""
    skill = f"{100 * line.skill:.0f}" if np.isfinite(line.skill) else ""
    return [Cell(rank_text(line.ranks, "–")), Cell(skill)]


@dataclass(frozen=True)
class Details:
    """All metrics under one pooled condition: over all samples, then for each of its parts."""

    title: str
    tables: Sequence[HtmlTable]


def details(view: View) -> list[Details]:
    """Return every metric of every method for each condition."""
    return [Details(view.text(c), [_full_table(view, part) for part in (c, *view.split(c))]) for c in view.pooled]


def _full_table(view: View, condition: Stated) -> HtmlTable:
    """Return every metric of every method under one condition, ranked by the first."""
    metrics = view.run.track.metrics
    rows = [row for row in view.run.results.rows if row.condition == condition]
    by_metric = [main_table(rows, metric, [condition]) for metric in metrics]
    lines = [_full_line(line, by_metric) for line in by_metric[0].lines]
    samples = max((line.samples for line in by_metric[0].lines), default=0)
    heads = ["method", *(_head(metric) for metric in metrics), "rank", "skill (%)"]
    return HtmlTable(f"{view.text(condition)}: {samples} {view.noun}s", heads, lines)


def _head(metric: Metric) -> str:
    return f"{metric.label} ({metric.unit})"


def _full_line(line: ScoreLine, tables: Sequence[MainTable]) -> Line:
    found = [{other.name: other.cells[0] for other in table.lines}.get(line.name) for table in tables]
    scores = [Cell(MISSING) if cell is None else _score(cell) for cell in found]
    return Line(line.name, [*scores, *_standing(line)], line.is_bound)
