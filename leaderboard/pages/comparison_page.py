"""Two submissions against each other, condition by condition, and the list of such pairs."""

from dataclasses import dataclass

from ..standing.paired import MOST_PAIRED, NEIGHBOURS
from ..standing.record import Entry, Standing
from .addresses import Address, Addresses, live, part_of
from .axis import Axis
from .entry_page import comparison_address, gap_cell, gap_record
from .facts import about, phase_note
from .page_table import Cell, Group, Head, Line, PageTable
from .rendering import render
from .view import BoardView, NothingHere, view_of
from .words import joined, number, row_interval, verdict

COMPARED = (
    f"On a large board, the {MOST_PAIRED} best entries are all compared with each other, and every entry with the "
    f"leader and with {NEIGHBOURS} neighbours above and below. The page of an entry lists its comparisons."
)


def render_comparison(standing: Standing, a: str, b: str, addresses: Addresses = live) -> str:
    """Return the page that compares the entries `a` and `b`.

    Raises NothingHere where one is not there or both are one, and while the phase is open.
    """
    view = view_of(standing)
    table = comparison_table(view, a, b)
    return render(
        "comparison.html",
        Address("comparison", standing.slug, (a, b)),
        addresses,
        f"{view.labels[a]} against {view.labels[b]} – {standing.title}",
        crumbs=[
            ("Tracks", Address("index")),
            (standing.title, Address("board", standing.slug)),
            ("Comparisons", Address("pairs", standing.slug)),
        ],
        standing=standing,
        phase=phase_note(standing),
        pair=[(view.labels[key], Address("entry", standing.slug, (key,)), view.entry(key)) for key in (a, b)],
        headline=comparison_headline(view, a, b),
        table=table,
        compared=COMPARED,
    )


@dataclass(frozen=True)
class Pairing:
    """A comparison as a part of the page of its first entry; `other` is the second one, called `label`."""

    part: str
    label: str
    other: Entry
    headline: str
    table: PageTable


def pairings(view: BoardView, key: str) -> list[Pairing]:
    """Return the comparisons of which `key` is the first entry, which its page holds in an exported site."""
    found = [comparison_address(view, *pair) for pair in view.pairs if key in pair]
    return [_pairing(view, address) for address in found if address.keys[0] == key]


def _pairing(view: BoardView, address: Address) -> Pairing:
    a, b = address.keys
    table, headline = comparison_table(view, a, b), comparison_headline(view, a, b)
    return Pairing(part_of(address), view.labels[b], view.entry(b), headline, table)


def comparison_headline(view: BoardView, a: str, b: str) -> str:
    """Return in words which entry is better, over all conditions and in how many of them."""
    metric, first = view.standing.metric, next(iter(view.conditions.values()))
    names = view.labels[a], view.labels[b]
    gap = view.difference(a, b, first)
    overall = verdict(gap, metric, *names)
    sentence = {
        "cannot be told apart": f"{names[0]} and {names[1]} cannot be told apart by {metric.label}",
        "not compared": f"{names[0]} and {names[1]} have not been compared over all conditions",
    }.get(overall, f"By {metric.label}, {overall}")
    if gap is not None and gap.distinguishable:
        unit = "points" if metric.unit == "%" else metric.unit
        ends = sorted(abs(end) for end in (gap.low, gap.high))
        between = f"{number(ends[0], metric.unit)} to {number(ends[1], metric.unit)}"
        sentence += f" by {number(abs(gap.value), metric.unit)} {unit} ({between})"
    return f"{sentence}. {_tally(view, a, b)}".strip()


def _tally(view: BoardView, a: str, b: str) -> str:
    if len(view.pooled) < 2:
        return ""
    found = [verdict(view.difference(a, b, c), view.standing.metric, a, b) for c in view.pooled]
    better = [(view.labels[key], found.count(f"{key} is better")) for key in (a, b)]
    open_ones = len(found) - sum(count for _, count in better)
    if open_ones == len(found):
        return "They cannot be told apart under any single condition."
    parts = [f"{name} is better in {count}" for name, count in better if count]
    parts += [f"{open_ones} cannot tell them apart"] if open_ones else []
    return f"Of the {len(found)} single conditions, {joined(parts)}."


def comparison_table(view: BoardView, a: str, b: str) -> PageTable:
    """Return both scores and their paired difference under every condition.

    Raises NothingHere where both are one, and while the phase is open.
    """
    if a == b or view.standing.is_open:
        raise NothingHere(a)
    one, other, metric = view.entry(a), view.entry(b), view.standing.metric
    gaps = [(c, gap) for c in view.conditions.values() if (gap := view.difference(a, b, c)) is not None]
    axis = Axis.spanning([0.0, *(end for _, gap in gaps for end in (gap.value, gap.low, gap.high))])
    lines, records = [], []
    for condition, gap in gaps:
        rows = [view.row(key, condition, metric) for key in (a, b)]
        scores = [Cell(number(r.value, r.unit), row_interval(r)) if r is not None else Cell("") for r in rows]
        words = verdict(gap, metric, view.labels[a], view.labels[b])
        difference = Cell(number(gap.value, metric.unit, signed=True), strong=gap.distinguishable)
        bar = gap_cell(gap, metric.unit, axis)
        lines.append(
            Line([Cell(view.text(condition), number=False), *scores, difference, bar, Cell(words, number=False)])
        )
        values = [None if row is None else row.value for row in rows]
        named = {"a": a, "b": b, "value_a": values[0], "value_b": values[1]}
        records.append({**named, **gap_record(view, condition, gap), "verdict": words})
    heads = [
        Head("condition", number=False),
        Head(f"A: {one.card.name}", metric.unit),
        Head(f"B: {other.card.name}", metric.unit),
        Head("A − B", metric.unit),
        Head("95 % interval of A − B", number=False),
        Head("verdict", number=False),
    ]
    better = "above" if metric.higher_is_better else "below"
    caption = (
        f"{metric.label} ({metric.unit}) of {view.labels[a]} (A) and {view.labels[b]} (B), and A minus B on the same "
        f"samples; {better} zero, A is better"
    )
    place = Address("comparison", view.standing.slug, (a, b))
    own = about(view.standing) | {"a": a, "b": b}
    return PageTable("differences", caption, heads, [Group(lines)], records, about=own, place=place)


def render_pairs(standing: Standing, addresses: Addresses = live) -> str:
    """Return the page that lists pairs of entries with their difference over all conditions."""
    view = view_of(standing)
    return render(
        "pairs.html",
        Address("pairs", standing.slug),
        addresses,
        f"Comparisons – {standing.title}",
        crumbs=[("Tracks", Address("index")), (standing.title, Address("board", standing.slug))],
        standing=standing,
        phase=phase_note(standing),
        table=pairs_table(view),
        compared=COMPARED if len(standing.entries) > MOST_PAIRED else "",
    )


def pairs_table(view: BoardView) -> PageTable:
    """Return the pairs among the best entries, better ranks first, with their difference over all conditions."""
    condition, metric = next(iter(view.conditions.values())), view.standing.metric
    best = set(view.standing.ranked[:MOST_PAIRED])
    pairs = [pair for pair in view.pairs if best.issuperset(pair)]
    gaps = [(a, b, gap) for a, b in pairs if (gap := view.difference(a, b, condition)) is not None]
    axis = Axis.spanning([0.0, *(end for *_, gap in gaps for end in (gap.value, gap.low, gap.high))])
    lines = [
        Line(
            [
                Cell(f"{view.labels[a]} and {view.labels[b]}", link=comparison_address(view, a, b), number=False),
                Cell(number(gap.value, metric.unit, signed=True), strong=gap.distinguishable),
                gap_cell(gap, metric.unit, axis),
                Cell(verdict(gap, metric, view.labels[a], view.labels[b]), number=False),
            ]
        )
        for a, b, gap in gaps
    ]
    records = [{"a": a, "b": b, **gap_record(view, condition, gap)} for a, b, gap in gaps]
    heads = [
        Head("first and second", number=False),
        Head("difference", metric.unit),
        Head("95 % interval", number=False),
        Head("verdict", number=False),
    ]
    caption = f"{metric.label} of the first minus that of the second, {view.text(condition)}, on the same samples"
    place = Address("pairs", view.standing.slug)
    return PageTable("pairs", caption, heads, [Group(lines)], records, about=about(view.standing), place=place)
