"""Every score of a board by one metric: methods against conditions, and against the parts of the samples."""

from collections.abc import Sequence
from typing import Any

from ...benchmarks.scoring.main_table import ScoreCell, ScoreLine
from ...benchmarks.scoring.results import CEILING, Row
from ..standing.record import MetricInfo, Standing
from .addresses import Address, Addresses, is_exported, live
from .board_page import BOUND_NOTES, entry_record, name_cell, score_record
from .facts import about, phase_note
from .page_table import Cell, Group, Head, Line, PageTable
from .rendering import render
from .view import BoardView, Choice, Condition, NothingHere, Option, Switch, view_of
from .words import NOT_MEASURED, metric_text, number, row_interval


def render_conditions(standing: Standing, metric_name: str = "", addresses: Addresses = live) -> str:
    """Return the page of all conditions by one metric; raises NothingHere for an unknown one."""
    view = view_of(standing)
    metric = view.metric(metric_name)
    shown = standing.metrics if is_exported(addresses) else [metric]
    options = [Option(m.label, place(view, m).choice, m is metric) for m in standing.metrics]
    return render(
        "conditions.html",
        place(view, metric),
        addresses,
        f"All conditions – {standing.title}",
        crumbs=[("Tracks", Address("index")), (standing.title, Address("board", standing.slug))],
        standing=standing,
        phase=phase_note(standing),
        switches=[Switch("Measure", options, "metric")] if len(options) > 1 else [],
        parts=[(one, conditions_tables(view, one)) for one in shown],
    )


def place(view: BoardView, metric: MetricInfo) -> Address:
    """Return the address of the page for `metric`."""
    name = "" if metric is view.standing.metric else metric.name
    return Address("conditions", view.standing.slug, choice=Choice(metric=name))


def conditions_tables(view: BoardView, metric: MetricInfo) -> list[PageTable]:
    """Return the table over all samples, and for each condition one over the parts of the samples.

    Raises NothingHere while the phase is open.
    """
    if not view.pooled:
        raise NothingHere("conditions")
    split = [(c, parts) for c in view.pooled if (parts := view.split(c))]
    tables = [] if len(view.pooled) == 1 and split else [_table(view, metric, "conditions", "", view.pooled)]
    for condition, parts in split:
        where = view.text(condition) if len(view.pooled) > 1 else ""
        tables.append(_table(view, metric, f"parts-{view.name(condition)}", where, [condition, *parts]))
    return tables


def _table(view: BoardView, metric: MetricInfo, name: str, where: str, columns: Sequence[Condition]) -> PageTable:
    table = view.table(columns, metric)
    bounds = [line for line in table.lines if line.is_bound]
    entries = [line for line in table.lines if not line.is_bound]
    caption = metric_text(metric) + (f": {where}" if where else "")
    heads = [Head("method", number=False), *(Head(_head(view, c, columns)) for c in columns)]
    groups = [
        Group([_line(view, line) for line in entries]),
        Group([_line(view, line) for line in bounds], "Bounds, measured on these samples"),
    ]
    cells = [(c, cell) for line in (*entries, *bounds) for c, cell in zip(columns, line.cells, strict=True)]
    records = [_record(view, condition, cell.row) for condition, cell in cells if cell.row is not None]
    own = about(view.standing) | {"metric": metric.name, "unit": metric.unit}
    filled = [group for group in groups if group.lines]
    return PageTable(name, caption, heads, filled, records, about=own, place=place(view, metric))


def _head(view: BoardView, condition: Condition, columns: Sequence[Condition]) -> str:
    """Return what tells a column from the others; the whole of split samples is called so."""
    differing = [key for key in view.keys if key in condition and len({c.get(key, "absent") for c in columns}) > 1]
    if not differing:
        return f"all {view.standing.noun}s"
    return view.text({key: condition[key] for key in differing})


def _line(view: BoardView, line: ScoreLine) -> Line:
    entry = view.standing.entries.get(line.name)
    name = Cell(line.name, BOUND_NOTES[line.name], number=False) if entry is None else name_cell(view, entry)
    return Line([name, *map(_cell, line.cells)], entry.kind if entry else "bound")


def _cell(cell: ScoreCell) -> Cell:
    row = cell.row
    if row is None:
        return Cell(NOT_MEASURED)
    return Cell(number(row.value, row.unit), "" if row.method == CEILING else row_interval(row), strong=cell.strong)


def _record(view: BoardView, condition: Condition, row: Row) -> dict[str, Any]:
    entry = view.standing.entries.get(row.method)
    own = {"entry": row.method, **entry_record(entry), **dict(condition)}
    return {**own, "rank": row.rank, **score_record(row)}
