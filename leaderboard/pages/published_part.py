"""What papers print for a condition of a board, on the scale of its own scores but never ranked among them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ...benchmarks.scoring.results import CEILING, CHANCE, Row
from ..standing.record import MetricInfo, PublishedNumber
from .addresses import Address
from .axis import Axis, Bar
from .facts import about
from .page_table import Cell, Group, Head, Line, PageTable
from .view import BoardView, Choice, Condition
from .words import metric_text, number


def plain(view: BoardView, choice: Choice) -> Choice:
    """Return `choice` as addresses hold it: what is the board's own first choice is left empty."""
    first = view.tidy(Choice())
    condition = "" if choice.condition == first.condition else choice.condition
    return replace(choice, condition=condition, metric="" if choice.metric == first.metric else choice.metric)


def axis_of(
    rows: Sequence[Row], bounds: Sequence[Row], more: Sequence[float] = ()
) -> tuple[Axis, list[tuple[str, float, str]]]:
    """Return the scale of `rows`, and the marks of chance and ceiling on it."""
    levels = {row.method: row.value for row in bounds}
    ends = [end for row in rows for end in (row.value, row.ci_low, row.ci_high)]
    axis = Axis.between(levels.get(CHANCE, float("nan")), levels.get(CEILING, float("nan")), [*ends, *more])
    return axis, [(row.method, row.value, number(row.value, row.unit)) for row in bounds]


def published_table(view: BoardView, choice: Choice) -> PageTable:
    """Return the printed numbers for the chosen condition and metric, best first; without rows where there are none."""
    condition, metric = view.conditions[choice.condition], view.metric(choice.metric)
    found = _printed(view, condition, metric)
    rows, bounds = view.scores(condition, metric), view.bounds(condition, metric)
    axis, marks = axis_of([*rows, *bounds], bounds, [one.value for one in found])
    scale = Bar(None, None, None, tuple((name, axis.at(level), text) for name, level, text in marks))
    heads = [
        Head("published method", number=False),
        Head("trained on", number=False),
        Head(metric.label, metric.unit),
        Head("between ceiling and chance here", number=False, scale=scale),
        Head("source", number=False),
    ]
    return PageTable(
        name="published",
        caption=f"Reported in papers, {metric_text(metric)}: {view.text(condition)}",
        heads=heads,
        groups=[Group([_line(one, axis, marks) for one in found])],
        records=[_record(one) for one in found],
        about=about(view.standing) | {"condition": dict(condition), "metric": metric.name, "unit": metric.unit},
        place=Address("board", view.standing.slug, choice=plain(view, Choice(choice.condition, choice.metric))),
    )


def published_elsewhere(view: BoardView, choice: Choice) -> list[tuple[str, Address]]:
    """Return the other conditions for which papers print numbers by the chosen metric, with their pages."""
    found = []
    for name, condition in view.conditions.items():
        if name != choice.condition and _printed(view, condition, view.metric(choice.metric)):
            target = plain(view, replace(choice, condition=name))
            found.append((view.text(condition), Address("board", view.standing.slug, choice=target)))
    return found


def _printed(view: BoardView, condition: Condition, metric: MetricInfo) -> list[PublishedNumber]:
    found = [one for one in view.published_under(condition) if one.metric == metric.name]
    return sorted(found, key=lambda one: -one.value if metric.higher_is_better else one.value)


def _line(found: PublishedNumber, axis: Axis, marks: Sequence[tuple[str, float, str]]) -> Line:
    unknown = float("nan")
    cells = [
        Cell(found.method, found.variant.lower(), number=False),
        Cell("nothing" if found.training_data in ("", "none") else found.training_data, number=False),
        Cell(f"{found.value:g}{'*' if found.uncertain else ''}"),
        Cell("", number=False, bar=axis.bar(found.value, unknown, unknown, marks)),
        Cell(found.source, number=False),
    ]
    return Line(cells, "published")


def _record(found: PublishedNumber) -> dict[str, Any]:
    return {
        "method": found.method,
        "variant": found.variant,
        "training_data": found.training_data,
        **dict(found.condition),
        "metric": found.metric,
        "unit": found.unit,
        "value": found.value,
        "source": found.source,
        "condition_inferred": found.uncertain,
        "note": found.note,
    }
