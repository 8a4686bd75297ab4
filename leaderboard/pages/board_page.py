"""The page of a track: who leads, by how much, and between which ranks noise decides."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from ...benchmarks.scoring.results import CEILING, CHANCE, Row
from ..standing.record import Entry, MetricInfo, Standing
from .addresses import Address, Addresses, live
from .axis import Axis, Bar
from .facts import about, facts, phase_note
from .page_table import Cell, Group, Head, Line, PageTable
from .published_part import axis_of, plain, published_elsewhere, published_table
from .rendering import render
from .view import FIRST_CHOICE, SHOWN, BoardView, Choice, Condition, Option, Order, Switch, view_of
from .words import NOT_MEASURED, day, joined, metric_text, milliseconds, number, per_cent, row_interval

BOUND_NOTES = {CEILING: "knows the truth", CHANCE: "is given nothing"}


def render_board(standing: Standing, choice: Choice = FIRST_CHOICE, addresses: Addresses = live) -> str:
    """Return the page of `standing` as chosen; raises NothingHere where the choice names what is not there."""
    view = view_of(standing)
    chosen = view.tidy(choice)
    here = Address("board", standing.slug, choice=plain(view, chosen))
    table = board_table(view, chosen)
    return render(
        "board.html",
        here,
        addresses,
        standing.title,
        crumbs=[("Tracks", Address("index"))],
        standing=standing,
        facts=facts(standing),
        phase=phase_note(standing),
        headline=headline(view, chosen),
        switches=[_plain_switch(view, switch) for switch in switches(view, chosen)],
        table=table,
        empty=not standing.entries,
        condition=view.text(view.conditions[chosen.condition]),
        has_pairs=bool(standing.comparisons),
        published=published_table(view, chosen),
        elsewhere=published_elsewhere(view, chosen),
    )


def _plain_switch(view: BoardView, switch: Switch) -> Switch:
    options = [replace(option, choice=plain(view, option.choice)) for option in switch.options]
    return Switch(switch.title, options)


def switches(view: BoardView, choice: Choice) -> list[Switch]:
    """Return everything that a reader can change."""
    shown = [Option(text, replace(choice, show=show), show == choice.show) for show, text in SHOWN.items()]
    conditions = [switch for switch in view.condition_switches(choice) if len(switch.options) > 1 or not view.keys]
    together = [switch for switch in view.condition_switches(choice) if switch not in conditions]
    measure = [view.metric_switch(choice)] if len(view.standing.metrics) > 1 else []
    return [*together, *conditions, *measure, Switch("Show", shown)]


def headline(view: BoardView, choice: Choice) -> str:
    """Return who leads, in a sentence or two."""
    condition, metric = view.conditions[choice.condition], view.metric(choice.metric)
    rows = view.scores(condition, metric)
    if not rows:
        return "Nobody has submitted yet."
    best = rows[0]
    leaders = [view.labels[row.method] for row in rows if row.rank == best.rank]
    score = f"{metric.label} {number(best.value, best.unit)} {best.unit}"
    skill = per_cent(best.skill)
    way = f", {skill} % of the way from chance to the ceiling" if skill else ""
    if len(leaders) == 1:
        return f"{leaders[0]} leads with {score}{way}."
    return f"{joined(leaders)} share the first rank: noise cannot tell them from the best, which has {score}{way}."


def board_table(view: BoardView, choice: Choice) -> PageTable:
    """Return the entries as chosen, then chance and ceiling, then what papers print for the condition."""
    choice = view.tidy(choice)
    condition, metric = view.conditions[choice.condition], view.metric(choice.metric)
    rows = [row for row in view.scores(condition, metric) if _is_shown(view.entry(row.method), choice)]
    bounds = view.bounds(condition, metric)
    axis, marks = axis_of([*rows, *bounds], bounds)
    columns = view.columns(condition)
    groups = _ordered(view, choice, rows, columns, axis, marks)
    bound_lines = [_line(view, row, Cell(""), columns, metric, axis, marks) for row in bounds]
    groups.append(Group(bound_lines, "Bounds, measured on these samples"))
    return PageTable(
        name="table",
        caption=f"{metric_text(metric)}: {view.text(condition)}",
        heads=_heads(view, choice, columns, Bar(None, None, None, tuple((n, axis.at(v), t) for n, v, t in marks))),
        groups=[group for group in groups if group.lines],
        records=[_record(view, row) for row in (*rows, *bounds)],
        row_head=1,
        about=about(view.standing) | {"condition": dict(condition), "metric": metric.name, "unit": metric.unit},
        place=Address("board", view.standing.slug, choice=plain(view, Choice(choice.condition, choice.metric))),
    )


def _is_shown(entry: Entry, choice: Choice) -> bool:
    return choice.show == "all" or choice.show == f"{entry.kind}s"


def _heads(view: BoardView, choice: Choice, columns: Sequence[Condition], scale: Bar) -> list[Head]:
    metric, condition = view.metric(choice.metric), view.conditions[choice.condition]

    def by(order: Order) -> Address:
        return Address("board", view.standing.slug, choice=plain(view, replace(choice, order=order)))

    def under(column: Condition) -> Address:
        target = view.tidy(replace(choice, condition=view.name(column)))
        return Address("board", view.standing.slug, choice=plain(view, target))

    return [
        Head("rank", link=by("rank"), current=choice.order == "rank"),
        Head("method", number=False, link=by("name"), current=choice.order == "name"),
        Head(metric.label, metric.unit),
        Head("95 % interval", number=False, scale=scale),
        Head("skill", "%"),
        *(Head(_column_text(view, c, condition), link=under(c), current=False) for c in columns),
        Head("ms a " + view.standing.noun, "as declared", link=by("fastest"), current=choice.order == "fastest"),
        Head("submitted", link=by("newest"), current=choice.order == "newest"),
    ]


def _column_text(view: BoardView, column: Condition, condition: Condition) -> str:
    """Return what tells a column from the chosen condition's others; all of it beside all conditions together."""
    if not condition:
        return view.text(column)
    return view.text({key: column[key] for key in view.keys[:1]})


def _ordered(
    view: BoardView,
    choice: Choice,
    rows: Sequence[Row],
    columns: Sequence[Condition],
    axis: Axis,
    marks: Sequence[tuple[str, float, str]],
) -> list[Group]:
    """Return the entries in their order: groups of one rank, or single lines that name their rank."""
    metric = view.metric(choice.metric)
    sharing = Counter(row.rank for row in rows)

    def line(row: Row, span: int) -> Line:
        rank = Cell(str(row.rank or ""), "tied" if sharing[row.rank] > 1 else "", span=span)
        return _line(view, row, rank, columns, metric, axis, marks)

    if choice.order == "rank":
        found = [list(group) for _, group in groupby(rows, key=lambda row: row.rank)]
        return [Group([line(row, 0 if k else len(group)) for k, row in enumerate(group)]) for group in found]
    if choice.order == "name":
        rows = sorted(rows, key=lambda row: view.labels[row.method].casefold())
    elif choice.order == "newest":
        rows = sorted(rows, key=lambda row: view.entry(row.method).submitted, reverse=True)
    else:
        rows = sorted(rows, key=lambda row: row.seconds_per_sample if row.seconds_per_sample is not None else 1e9)
    return [Group([line(row, 1) for row in rows])]


def _line(
    view: BoardView,
    row: Row,
    rank: Cell,
    columns: Sequence[Condition],
    metric: MetricInfo,
    axis: Axis,
    marks: Sequence[tuple[str, float, str]],
) -> Line:
    entry = view.standing.entries.get(row.method)
    name = Cell(row.method, BOUND_NOTES.get(row.method, ""), number=False) if entry is None else name_cell(view, entry)
    others = [view.row(row.method, column, metric) for column in columns]
    return Line(
        [
            rank,
            name,
            Cell(number(row.value, row.unit), strong=view.leads_alone(row, metric)),
            Cell(row_interval(row), number=False, bar=axis.bar(row.value, row.ci_low, row.ci_high, marks)),
            Cell(per_cent(row.skill)),
            *(_other(view, other, metric) for other in others),
            Cell(milliseconds(row.seconds_per_sample)),
            Cell(day(entry.submitted) if entry else ""),
        ],
        entry.kind if entry else "bound",
    )


def name_cell(view: BoardView, entry: Entry) -> Cell:
    """Return the cell that names an entry and leads to its page."""
    tag = "baseline" if entry.kind == "baseline" else ""
    place = Address("entry", view.standing.slug, (entry.key,))
    return Cell(entry.card.name, entry.team, tag, place, number=False)


def _other(view: BoardView, row: Row | None, metric: MetricInfo) -> Cell:
    if row is None:
        return Cell(NOT_MEASURED)
    return Cell(number(row.value, row.unit), strong=view.leads_alone(row, metric))


def _record(view: BoardView, row: Row) -> dict[str, Any]:
    entry = view.standing.entries.get(row.method)
    return {
        "rank": row.rank,
        "entry": row.method,
        **entry_record(entry),
        **dict(row.condition),
        **score_record(row),
    }


def entry_record(entry: Entry | None) -> dict[str, Any]:
    """Return what names an entry in a file."""
    if entry is None:
        return {"method": "", "team": "", "kind": "bound", "submitted": ""}
    return {"method": entry.card.name, "team": entry.team, "kind": entry.kind, "submitted": entry.submitted}


def score_record(row: Row) -> dict[str, Any]:
    """Return a score in full precision."""
    names = ("metric", "unit", "value", "ci_low", "ci_high", "n", "skill", "seconds_per_sample")
    return {name: getattr(row, name) for name in names}
