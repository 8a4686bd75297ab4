"""The page of a submission: its card, its scores, where its errors lie, and how it compares with the others."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ...benchmarks.scoring.results import Row
from ...benchmarks.scoring.statistics import Interval
from ..standing.record import Entry, Standing
from .addresses import Address, Addresses, live
from .axis import Axis
from .board_page import entry_record, score_record
from .charts import condition_charts, histogram_charts
from .facts import about, phase_note
from .page_table import Cell, Group, Head, Line, PageTable
from .physics_table import physics_caption, physics_groups, physics_heads, physics_records
from .rendering import render
from .samples import Samples, given_under, shown_samples
from .view import BoardView, Condition, view_of
from .words import NOT_MEASURED, day, interval, milliseconds, number, per_cent, row_interval, verdict


def render_entry(
    standing: Standing,
    key: str,
    addresses: Addresses = live,
    samples: Samples | None = None,
    pairings: Sequence[Any] = (),
) -> str:
    """Return the page of the entry `key`, with its worst `samples` and, in an exported site, its `pairings`.

    Raises NothingHere where there is none.
    """
    view = view_of(standing)
    entry = view.entry(key)
    tables = {table.name: table for table in entry_tables(view, entry)}
    return render(
        "entry.html",
        Address("entry", standing.slug, (key,)),
        addresses,
        f"{view.labels[key]} – {standing.title}",
        crumbs=[("Tracks", Address("index")), (standing.title, Address("board", standing.slug))],
        standing=standing,
        entry=entry,
        label=entry.card.name,
        facts=_facts(view, entry),
        phase=phase_note(standing),
        card=_card(entry),
        charts=condition_charts(view, key),
        histograms=histogram_charts(view, entry.errors),
        tables=tables,
        pairings=pairings,
        worst=shown_samples(view, entry, samples),
        given=given_under(view),
    )


def entry_tables(view: BoardView, entry: Entry) -> list[PageTable]:
    """Return the tables of an entry: its scores, its errors where they are known, the others, its report card."""
    found = [_scores(view, entry), _errors(view, entry), _others(view, entry), _physics(view, entry)]
    return [table for table in found if table.records]


def _facts(view: BoardView, entry: Entry) -> list[tuple[str, str]]:
    standing = view.standing
    row = view.row(entry.key, next(iter(view.conditions.values())), standing.metric)
    found = [("team", entry.team), ("kind", entry.kind), ("submitted", day(entry.submitted))]
    if row is not None:
        found = [
            ("rank", _rank_text(view, row)),
            (f"{standing.metric.label}, {view.text(row.condition)}", f"{number(row.value, row.unit)} {row.unit}"),
            ("95 % interval", row_interval(row) or "not known"),
            ("skill", f"{per_cent(row.skill)} %" if per_cent(row.skill) else "–"),
            *found,
        ]
    elif entry in view.unscored:
        found = [("score", f"none of its own: {view.why_unscored(entry)}"), *found]
    return found


def _rank_text(view: BoardView, row: Row) -> str:
    if row.rank is None:
        return view.why_unranked
    tied = sum(other.rank == row.rank for other in view.scores(row.condition, view.standing.metric))
    return f"{row.rank} (tie of {tied})" if tied > 1 else str(row.rank)


def _card(entry: Entry) -> list[tuple[str, str, str]]:
    """Return what the card says: name, text, and web address where the text is one."""
    card = entry.card
    parameters = ", ".join(f"{name} = {value}" for name, value in entry.parameters.items())
    found = [
        ("authors", card.authors, ""),
        ("description", card.description, ""),
        ("training data", card.training_data, ""),
        ("paper", card.paper, card.paper),
        ("code", card.code, card.code),
        ("commit", card.commit, ""),
        ("hardware", card.hardware, ""),
        ("method", f"{entry.method} {entry.version}".strip(), ""),
        ("parameters", parameters, ""),
        ("scored by harness", entry.harness, ""),
    ]
    return [
        (name, text, link if link.startswith(("https://", "http://")) else "") for name, text, link in found if text
    ]


def _scores(view: BoardView, entry: Entry) -> PageTable:
    """Return every score of an entry, a row a condition and a column a metric."""
    metrics = view.standing.metrics
    groups, records = [], []
    for condition in view.conditions.values():
        rows = [view.row(entry.key, condition, metric) for metric in metrics]
        present = [row for row in rows if row is not None]
        if not present:
            continue
        cells = [
            Cell(number(row.value, row.unit), row_interval(row), strong=view.leads_alone(row, metric))
            if row is not None
            else Cell("")
            for row, metric in zip(rows, metrics, strict=True)
        ]
        first = present[0]
        closing = [
            Cell(str(first.rank or "")),
            Cell(per_cent(first.skill)),
            Cell(str(first.n)),
            Cell(milliseconds(first.seconds_per_sample)),
        ]
        groups.append(Line([Cell(view.text(condition), number=False), *cells, *closing]))
        records += [{**dict(condition), "rank": row.rank, **score_record(row)} for row in present]
    noun = view.standing.noun
    heads = [
        Head("condition", number=False),
        *(Head(metric.label, metric.unit) for metric in metrics),
        *(Head("rank"), Head("skill", "%"), Head(f"{noun}s"), Head(f"ms a {noun}", "as declared")),
    ]
    return _table(view, entry, "scores", "Scores with 95 % intervals, by condition", heads, groups, records)


def _errors(view: BoardView, entry: Entry) -> PageTable:
    """Return how many errors lie between which bounds, a column a condition."""
    histograms = entry.errors
    if not histograms:
        return _table(view, entry, "errors", "Errors", [], [], [])
    heads = [Head(f"error ({histograms[0].unit})", number=False), *(Head(view.text(h.condition)) for h in histograms)]
    edges = histograms[0].edges
    lines = [
        Line([Cell(_bin_text(edges, k), number=False), *(Cell(str(h.counts[k])) for h in histograms)])
        for k in range(len(edges) - 1)
        if any(h.counts[k] for h in histograms)
    ]
    records = [
        {**dict(h.condition), "unit": h.unit, "error_from": h.edges[k], "error_to": h.edges[k + 1], "count": count}
        for h in histograms
        for k, count in enumerate(h.counts)
    ]
    return _table(view, entry, "errors", f"Number of {view.standing.noun}s by error", heads, lines, records)


def _bin_text(edges: Sequence[float], k: int) -> str:
    if k == len(edges) - 2:
        return f"above {edges[k]:.3g}"
    return f"{edges[k]:.3g}–{edges[k + 1]:.3g}"


def _others(view: BoardView, entry: Entry) -> PageTable:
    """Return the paired difference to every other entry over all conditions together."""
    condition = next(iter(view.conditions.values()))
    metric = view.standing.metric
    gaps = [
        (key, gap)
        for key in view.standing.ranked
        if key != entry.key and (gap := view.difference(entry.key, key, condition)) is not None
    ]
    axis = Axis.spanning([0.0, *(end for _, gap in gaps for end in (gap.low, gap.high, gap.value))])
    lines = [_other_line(view, entry, key, gap, axis) for key, gap in gaps]
    records = [
        {"entry": entry.key, "other": key, **entry_record(view.entry(key)), **gap_record(view, condition, gap)}
        for key, gap in gaps
    ]
    heads = [
        Head("compared with", number=False),
        Head("difference", metric.unit),
        Head("95 % interval", number=False),
        Head("verdict", number=False),
    ]
    caption = f"{metric.label} minus that of the others, paired on the same samples"
    return _table(view, entry, "others", caption, heads, lines, records)


def _other_line(view: BoardView, entry: Entry, key: str, gap: Interval, axis: Axis) -> Line:
    other, metric = view.entry(key), view.standing.metric
    kind, pair = "baseline" if other.kind == "baseline" else "", comparison_address(view, entry.key, key)
    return Line(
        [
            Cell(other.card.name, other.team, kind, pair, number=False),
            Cell(number(gap.value, metric.unit, signed=True)),
            gap_cell(gap, metric.unit, axis),
            Cell(verdict(gap, metric, "this entry", "the other"), number=False),
        ],
        other.kind,
    )


def _physics(view: BoardView, entry: Entry) -> PageTable:
    """Return the report card that the submitter states."""
    caption = physics_caption(entry) if entry.physics else ""
    found = _table(view, entry, "physics", caption, physics_heads(), [], physics_records(entry))
    return replace(found, groups=physics_groups(view, entry))


def gap_cell(gap: Interval, unit: str, axis: Axis) -> Cell:
    """Return the interval of a difference, drawn about zero."""
    text = interval(gap.low, gap.high, unit, signed=True) or NOT_MEASURED
    return Cell(text, number=False, bar=axis.bar(gap.value, gap.low, gap.high, [("zero", 0.0, "0")]))


def gap_record(view: BoardView, condition: Condition, gap: Interval) -> dict[str, Any]:
    """Return a difference in full precision."""
    metric = view.standing.metric
    own = {"metric": metric.name, "unit": metric.unit}
    return {**dict(condition), **own, "difference": gap.value, "ci_low": gap.low, "ci_high": gap.high}


def comparison_address(view: BoardView, a: str, b: str) -> Address:
    """Return the page that compares two entries, the one that came first on the board as the first."""
    order = list(view.standing.entries)
    first, second = sorted((a, b), key=order.index)
    return Address("comparison", view.standing.slug, (first, second))


def _table(
    view: BoardView,
    entry: Entry,
    name: str,
    caption: str,
    heads: Sequence[Head],
    lines: Sequence[Line],
    records: Sequence[dict[str, Any]],
) -> PageTable:
    own = about(view.standing) | {"entry": entry.key, **entry_record(entry)}
    place = Address("entry", view.standing.slug, (entry.key,))
    return PageTable(name, caption, heads, [Group(lines)], records, about=own, place=place)
