"""Every score of a board by one metric: methods against conditions, and against the parts of the samples."""

from collections.abc import Sequence
from typing import Any

from ...benchmarks.scoring.results import CEILING, CHANCE, Row
from ..standing.record import MetricInfo, Standing
from .addresses import Address, Addresses, live
from .board_page import BOUND_NOTES, entry_record, name_cell, score_record
from .facts import about, phase_note
from .page_table import Cell, Group, Head, Line, PageTable
from .rendering import render
from .view import BoardView, Choice, Condition, Option, Switch, view_of
from .words import NOT_MEASURED, metric_text, number, row_interval


def render_conditions(standing: Standing, metric_name: str = "", addresses: Addresses = live) -> str:
    """Return the page of all conditions by one metric; raises NothingHere for an unknown one."""
    view = view_of(standing)
    metric = view.metric(metric_name)
    options = [Option(m.label, place(view, m).choice, m is metric) for m in standing.metrics]
    return render(
        "conditions.html",
        place(view, metric),
        addresses,
        f"All conditions – {standing.title}",
        crumbs=[("Tracks", Address("index")), (standing.title, Address("board", standing.slug))],
        standing=standing,
        phase=phase_note(standing),
        switches=[Switch("Measure", options)] if len(options) > 1 else [],
        tables=conditions_tables(view, metric),
    )


def place(view: BoardView, metric: MetricInfo) -> Address:
    """Return the address of the page for `metric`."""
    name = "" if metric is view.standing.metric else metric.name
    return Address("conditions", view.standing.slug, choice=Choice(metric=name))


def conditions_tables(view: BoardView, metric: MetricInfo) -> list[PageTable]:
    """Return the table over all samples, and for each condition one over the parts of the samples."""
    split = [(c, parts) for c in view.pooled if (parts := view.split(c))]
    tables = [] if len(view.pooled) == 1 and split else [_table(view, metric, "conditions", "", view.pooled)]
    for condition, parts in split:
        where = view.text(condition) if len(view.pooled) > 1 else ""
        tables.append(_table(view, metric, f"parts-{view.name(condition)}", where, [condition, *parts]))
    return tables


def _table(view: BoardView, metric: MetricInfo, name: str, where: str, columns: Sequence[Condition]) -> PageTable:
    keys = _best_first(view, metric, columns)
    lines = [_line(view, metric, key, columns) for key in keys]
    bounds = [_line(view, metric, key, columns) for key in (CEILING, CHANCE)]
    rows = [(c, row) for key in (*keys, CEILING, CHANCE) for c in columns if (row := view.row(key, c, metric))]
    caption = metric_text(metric) + (f": {where}" if where else "")
    heads = [Head("method", number=False), *(Head(_head(view, c, columns)) for c in columns)]
    groups = [Group(lines), Group(bounds, "Bounds, measured on these samples")]
    records = [_record(view, condition, row) for condition, row in rows]
    own = about(view.standing) | {"metric": metric.name, "unit": metric.unit}
    filled = [group for group in groups if group.lines]
    return PageTable(name, caption, heads, filled, records, about=own, place=place(view, metric))


def _best_first(view: BoardView, metric: MetricInfo, columns: Sequence[Condition]) -> list[str]:
    """Return the entries from best to worst by their mean over `columns`."""
    sign = -1 if metric.higher_is_better else 1

    def mean(key: str) -> tuple[int, float]:
        values = [row.value for c in columns if (row := view.row(key, c, metric)) is not None]
        return -len(values), sign * sum(values) / max(len(values), 1)

    return sorted(view.standing.entries, key=mean)


def _head(view: BoardView, condition: Condition, columns: Sequence[Condition]) -> str:
    """Return what tells a column from the others; the whole of split samples is called so."""
    differing = [key for key in view.keys if key in condition and len({c.get(key, "absent") for c in columns}) > 1]
    if not differing:
        return f"all {view.standing.noun}s"
    return view.text({key: condition[key] for key in differing})


def _line(view: BoardView, metric: MetricInfo, key: str, columns: Sequence[Condition]) -> Line:
    entry = view.standing.entries.get(key)
    name = Cell(key, BOUND_NOTES[key], number=False) if entry is None else name_cell(view, entry)
    cells = [_cell(view, metric, view.row(key, c, metric)) for c in columns]
    return Line([name, *cells], entry.kind if entry else "bound")


def _cell(view: BoardView, metric: MetricInfo, row: Row | None) -> Cell:
    if row is None:
        return Cell(NOT_MEASURED)
    note = "" if row.method == CEILING else row_interval(row)
    return Cell(number(row.value, row.unit), note, strong=view.leads_alone(row, metric))


def _record(view: BoardView, condition: Condition, row: Row) -> dict[str, Any]:
    entry = view.standing.entries.get(row.method)
    own = {"entry": row.method, **entry_record(entry), **dict(condition)}
    return {**own, "rank": row.rank, **score_record(row)}
