"""The page of a track: who leads, by how much, and which entries cannot be told apart."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from typing import Any

from ...benchmarks.scoring.main_table import MISSING, MainTable, MetricLike, ScoreCell
from ...benchmarks.scoring.results import CEILING, CHANCE, Row
from ..standing.record import Entry, MetricInfo, Standing
from .addresses import Address, Addresses, is_exported, live
from .axis import Axis, Bar
from .facts import about, facts, phase_note
from .page_table import Cell, Group, Head, Line, PageTable
from .published_part import axis_of, plain, published_elsewhere, published_table
from .rendering import render
from .view import FIRST_CHOICE, ORDERS, SHOWN, BoardView, Choice, Condition, Option, Order, Switch, view_of
from .words import day, joined, metric_text, milliseconds, number, per_cent, row_interval

UNSCORED = "Without a score of their own so far"
BOUND_NOTES = {CEILING: "knows the truth", CHANCE: "is given nothing"}


def render_board(standing: Standing, choice: Choice = FIRST_CHOICE, addresses: Addresses = live) -> str:
    """Return the page of `standing` as chosen; raises NothingHere where the choice names what is not there."""
    view = view_of(standing)
    chosen = view.tidy(choice)
    condition = view.conditions[chosen.condition]
    measured = (
        (view.measured(condition) or [standing.metric]) if is_exported(addresses) else [view.metric(chosen.metric)]
    )
    return render(
        "board.html",
        Address("board", standing.slug, choice=plain(view, chosen)),
        addresses,
        standing.title,
        crumbs=[("Tracks", Address("index"))],
        standing=standing,
        facts=facts(standing),
        phase=phase_note(standing),
        switches=[_plain_switch(view, switch) for switch in switches(view, chosen)],
        parts=[_part(view, replace(chosen, metric=metric.name)) for metric in measured],
        has_pairs=bool(standing.comparisons),
    )


@dataclass(frozen=True)
class _Part:
    """What a board says by one measure."""

    metric: MetricInfo
    headline: str
    table: PageTable
    published: PageTable
    elsewhere: Sequence[tuple[str, Address]]


def _part(view: BoardView, choice: Choice) -> _Part:
    tables = board_table(view, choice), published_table(view, choice)
    return _Part(view.metric(choice.metric), headline(view, choice), *tables, published_elsewhere(view, choice))


def _plain_switch(view: BoardView, switch: Switch) -> Switch:
    options = [replace(option, choice=plain(view, option.choice)) for option in switch.options]
    return replace(switch, options=options)


def switches(view: BoardView, choice: Choice) -> list[Switch]:
    """Return everything that a reader can change."""
    shown = [Option(text, replace(choice, show=show), show == choice.show) for show, text in SHOWN.items()]
    conditions = [switch for switch in view.condition_switches(choice) if len(switch.options) > 1 or not view.keys]
    together = [switch for switch in view.condition_switches(choice) if switch not in conditions]
    measure = [view.metric_switch(choice)] if len(view.standing.metrics) > 1 else []
    return [*together, *conditions, *measure, Switch("Show", shown, "show")]


def headline(view: BoardView, choice: Choice) -> str:
    """Return who leads, in a sentence or two."""
    condition, metric = view.conditions[choice.condition], view.metric(choice.metric)
    rows = view.scores(condition, metric)
    if not rows:
        return "Nobody has submitted yet."
    best = rows[0]
    leaders = [view.labels[row.method] for row in view.leaders(condition, metric)]
    score = f"{metric.label} {number(best.value, best.unit)} {best.unit}"
    skill = per_cent(best.skill)
    way = f", {skill} % of the way from chance to the ceiling" if skill else ""
    if not leaders:
        return f"{view.labels[best.method]} has the best score, {score}{way}; {view.why_unranked}."
    if len(leaders) == 1:
        return f"{leaders[0]} leads with {score}{way}."
    if view.standing.is_open:
        return f"{joined(leaders)} share first rank: their rounded scores are {score}{way}."
    return f"{joined(leaders)} share first rank: they cannot be told from the best, which has {score}{way}."


@dataclass(frozen=True)
class _Shown:
    """What a board's table shows: a condition by a metric, with other conditions in columns beside it."""

    view: BoardView
    choice: Choice

    @cached_property
    def condition(self) -> Condition:
        """The chosen condition."""
        return self.view.conditions[self.choice.condition]

    @cached_property
    def metric(self) -> MetricInfo:
        """The chosen metric."""
        return self.view.metric(self.choice.metric)

    @cached_property
    def columns(self) -> list[Condition]:
        """The conditions that stand beside the chosen one."""
        return self.view.columns(self.condition)

    @cached_property
    def _others(self) -> dict[str, Sequence[ScoreCell]]:
        return {line.name: line.cells for line in self.view.table(self.columns, self.metric).lines}

    def others(self, name: str) -> Sequence[ScoreCell]:
        """Return the scores of an entry or bound under the columns."""
        return self._others.get(name, [ScoreCell(None)] * len(self.columns))

    @cached_property
    def _together(self) -> MainTable:
        """The table whose other metrics stand beside the chosen one: over all conditions where those are chosen."""
        return self.view.table([self.condition] if self.condition else self.view.pooled, self.metric)

    @property
    def beside(self) -> Sequence[MetricLike]:
        """The metrics that stand beside the chosen one."""
        return self._together.beside

    @cached_property
    def _beside(self) -> dict[str, Sequence[float | None]]:
        return {line.name: line.beside for line in self._together.lines}

    def beside_of(self, name: str) -> Sequence[float | None]:
        """Return their values for an entry or bound."""
        return self._beside.get(name, [None] * len(self.beside))

    @cached_property
    def bounds(self) -> list[Row]:
        """The scores of ceiling and chance."""
        return self.view.bounds(self.condition, self.metric)

    @cached_property
    def every(self) -> list[Row]:
        """The scores of all entries, best first."""
        return self.view.scores(self.condition, self.metric)

    @cached_property
    def rows(self) -> list[Row]:
        """The scores of the entries that are shown, best first."""
        return [row for row in self.every if _is_shown(self.view.entry(row.method), self.choice)]

    @cached_property
    def sharing(self) -> Counter[int | None]:
        """How many entries have each rank, shown or not."""
        return Counter(row.rank for row in self.every)

    @cached_property
    def places(self) -> dict[str, dict[str, int]]:
        """Which row an entry is, from 0, in each order."""
        ordered = {order: _sorted(self.view, self.every, order) for order in ORDERS}
        places = {order: {row.method: k for k, row in enumerate(rows)} for order, rows in ordered.items()}
        return {row.method: {order: places[order][row.method] for order in ORDERS} for row in self.every}

    @cached_property
    def scale(self) -> tuple[Axis, list[tuple[str, float, str]]]:
        """The scale on which intervals are drawn, with its marks; the same one whatever is shown."""
        return axis_of([*self.every, *self.bounds], self.bounds)

    def address(self, **changes: Any) -> Address:
        """Return the page of the board as chosen but for `changes`."""
        target = self.view.tidy(replace(self.choice, **changes))
        return Address("board", self.view.standing.slug, choice=plain(self.view, target))


def board_table(view: BoardView, choice: Choice) -> PageTable:
    """Return the entries as chosen, those that an open phase shows without a score, then chance and ceiling."""
    shown = _Shown(view, view.tidy(choice))
    metric, condition = shown.metric, shown.condition
    bounds = Group([_line(shown, row, Cell("")) for row in shown.bounds], "Bounds, measured on these samples")
    unscored = [entry for entry in view.unscored if _is_shown(entry, shown.choice)]
    heads = _heads(shown)
    waiting = Group([_unscored_line(shown, entry, len(heads)) for entry in unscored], UNSCORED)
    return PageTable(
        name="table",
        caption=f"{metric_text(metric)}: {view.text(condition)}",
        heads=heads,
        groups=[group for group in (*_ordered(shown), waiting, bounds) if group.lines],
        records=[
            *(_record(view, row) for row in shown.rows),
            *({"rank": None, "entry": entry.key, **entry_record(entry)} for entry in unscored),
            *(_record(view, row) for row in shown.bounds),
        ],
        row_head=1,
        about=about(view.standing) | {"condition": dict(condition), "metric": metric.name, "unit": metric.unit},
        place=shown.address(order="rank", show="all"),
    )


def _is_shown(entry: Entry, choice: Choice) -> bool:
    return choice.show == "all" or choice.show == f"{entry.kind}s"


def _heads(shown: _Shown) -> list[Head]:
    metric, order, noun = shown.metric, shown.choice.order, shown.view.standing.noun
    axis, marks = shown.scale
    scale = Bar(None, None, None, tuple((name, axis.at(level), text) for name, level, text in marks))
    return [
        Head("rank", link=shown.address(order="rank"), current=order == "rank", order="rank"),
        Head("method", number=False, link=shown.address(order="name"), current=order == "name", order="name"),
        Head(metric.label, metric.unit),
        Head("95 % interval", number=False, scale=scale),
        *(Head(one.label, one.unit) for one in shown.beside),
        Head("skill", "%"),
        *(
            Head(_column_text(shown.view, c, shown.condition), link=shown.address(condition=shown.view.name(c)))
            for c in shown.columns
        ),
        Head(f"ms a {noun}", "as declared", True, shown.address(order="fastest"), order == "fastest", order="fastest"),
        Head("submitted", link=shown.address(order="newest"), current=order == "newest", order="newest"),
    ]


def _column_text(view: BoardView, column: Condition, condition: Condition) -> str:
    """Return what tells a column from the chosen condition's others; all of it beside all conditions together."""
    if not condition:
        return view.text(column)
    return view.text({key: column[key] for key in view.keys[:1]})


def _ordered(shown: _Shown) -> list[Group]:
    """Return the entries in their order: groups of one rank, or single lines that name their rank."""
    order, sharing = shown.choice.order, shown.sharing
    rows = _sorted(shown.view, shown.rows, order)

    def line(row: Row, span: int) -> Line:
        if row.rank is None:
            return _line(shown, row, Cell(""))
        return _line(shown, row, Cell(str(row.rank), "tied" if sharing[row.rank] > 1 else "", span=span))

    if order == "rank" and None not in sharing:
        found = [list(group) for _, group in groupby(rows, key=lambda row: row.rank)]
        return [Group([line(row, 0 if k else len(group)) for k, row in enumerate(group)]) for group in found]
    return [Group([line(row, 1) for row in rows])]


def _sorted(view: BoardView, rows: Sequence[Row], order: Order) -> list[Row]:
    """Return `rows`, which are by rank, in another order."""
    if order == "name":
        return sorted(rows, key=lambda row: view.labels[row.method].casefold())
    if order == "newest":
        return sorted(rows, key=lambda row: view.entry(row.method).submitted, reverse=True)
    if order == "fastest":
        return sorted(rows, key=lambda row: row.seconds_per_sample if row.seconds_per_sample is not None else 1e9)
    return list(rows)


def _line(shown: _Shown, row: Row, rank: Cell) -> Line:
    view, (axis, marks) = shown.view, shown.scale
    entry = view.standing.entries.get(row.method)
    name = Cell(row.method, BOUND_NOTES.get(row.method, ""), number=False) if entry is None else name_cell(view, entry)
    beside = zip(shown.beside_of(row.method), shown.beside, strict=True)
    return Line(
        [
            rank,
            name,
            Cell(number(row.value, row.unit), strong=view.leads_alone(row, shown.metric)),
            Cell(row_interval(row), number=False, bar=axis.bar(row.value, row.ci_low, row.ci_high, marks)),
            *(Cell(MISSING if value is None else number(value, metric.unit)) for value, metric in beside),
            Cell(per_cent(row.skill)),
            *map(_other, shown.others(row.method)),
            Cell(milliseconds(row.seconds_per_sample)),
            Cell(day(entry.submitted) if entry else ""),
        ],
        entry.kind if entry else "bound",
        shown.places.get(row.method, {}),
    )


def _unscored_line(shown: _Shown, entry: Entry, columns: int) -> Line:
    """Return the line of an entry that has no score of its own, and why, so many `columns` wide."""
    why, blank = Cell(shown.view.why_unscored(entry), number=False), [Cell("")] * (columns - 5)
    cells = [Cell(""), name_cell(shown.view, entry), Cell(""), why, *blank, Cell(day(entry.submitted))]
    return Line(cells, entry.kind)


def name_cell(view: BoardView, entry: Entry) -> Cell:
    """Return the cell that names an entry and leads to its page."""
    tag = "baseline" if entry.kind == "baseline" else ""
    place = Address("entry", view.standing.slug, (entry.key,))
    return Cell(entry.card.name, entry.team, tag, place, number=False)


def _other(cell: ScoreCell) -> Cell:
    if cell.row is None:
        return Cell(MISSING)
    return Cell(number(cell.row.value, cell.row.unit), strong=cell.strong)


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
