"""Published numbers beside ours, for the conditions of a run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..questions.metrics import Metric
from ..scoring.published import PublishedResult, published_under
from .score_tables import Cell, HtmlTable, Line, interval_text, number
from .view import Stated, View, axis_title, capitalised


@dataclass(frozen=True)
class Entry:
    """What one method scored in one paper under one condition: its number by each metric."""

    condition: Stated
    numbers: Mapping[str, PublishedResult]

    @property
    def any(self) -> PublishedResult:
        """One of the numbers, for what they share."""
        return next(iter(self.numbers.values()))


@dataclass(frozen=True)
class PublishedTables:
    """Published numbers of methods that we have, of others, and the footnotes (mark, text) on unprinted conditions."""

    shared: HtmlTable | None
    others: HtmlTable | None
    footnotes: Sequence[tuple[str, str]]


def published_tables(view: View) -> PublishedTables | None:
    """Return the published numbers for the conditions that were run; None where there are none."""
    entries = published_entries(view)
    metrics = [m for m in view.run.track.metrics if any(m.name in entry.numbers for entry in entries)]
    if not metrics:
        return None
    marks = _marks(entries)
    shared = [entry for entry in entries if _is_ours(view, entry)]
    others = [entry for entry in entries if not _is_ours(view, entry)]
    caption = "Printed in the papers, not measured here"
    return PublishedTables(
        _table(view, f"{caption}; beside it our own", shared, metrics, marks, ours=True) if shared else None,
        _table(view, caption, others, metrics, marks, ours=False) if others else None,
        [(mark, text) for text, mark in marks.items()],
    )


def published_entries(view: View) -> list[Entry]:
    """Return what papers first printed for the conditions of a run, on the same kind of dataset."""
    benchmarks = view.run.track.benchmarks(view.run.dataset.name, view.run.dataset.recipe)
    found: dict[tuple[str, ...], tuple[Stated, dict[str, PublishedResult]]] = {}
    for whole in view.pooled:
        for condition in (whole, *view.split(whole)):
            for p in published_under(view.run.track.name, condition, benchmarks):
                key = (p.source, p.method, p.variant, p.training_data, p.augmented, view.text(condition))
                found.setdefault(key, (condition, {}))[1][p.metric] = p
    return [Entry(condition, numbers) for condition, numbers in found.values()]


def _is_ours(view: View, entry: Entry) -> bool:
    return entry.any.our_method is not None and view.row(entry.any.our_method, entry.condition) is not None


def _marks(entries: Sequence[Entry]) -> dict[str, str]:
    """Return the mark of each footnote by its text."""
    texts = dict.fromkeys(_footnote(entry.any) for entry in entries if not entry.any.condition_known)
    return {text: "*" * (k + 1) for k, text in enumerate(texts)}


def _footnote(published: PublishedResult) -> str:
    keys = " and ".join(axis_title(key).split(" (")[0] for key in published.uncertain_keys)
    note = f" {capitalised(published.note)}." if published.note else ""
    return f"The paper does not print {keys}.{note}"


def _table(
    view: View,
    caption: str,
    entries: Sequence[Entry],
    metrics: Sequence[Metric],
    marks: Mapping[str, str],
    *,
    ours: bool,
) -> HtmlTable:
    columns = [f"{m.label} ({m.unit}){who}" for m in metrics for who in ((", published", ", ours") if ours else ("",))]
    lines = [_line(view, entry, metrics, marks, ours=ours) for entry in entries]
    return HtmlTable(caption, ["published method", "trained on", "condition", *columns, "source"], lines)


def _line(view: View, entry: Entry, metrics: Sequence[Metric], marks: Mapping[str, str], *, ours: bool) -> Line:
    shown = entry.any
    scores: list[Cell] = []
    for metric in metrics:
        printed = entry.numbers.get(metric.name)
        scores.append(Cell("" if printed is None else f"{printed.value:g}"))
        row = view.row(shown.our_method, entry.condition, metric) if ours and shown.our_method else None
        scores += [Cell(number(row.value, row.unit), interval_text(row))] if row is not None else []
    mark = "" if shown.condition_known else f" {marks[_footnote(shown)]}"
    condition = Cell(view.text(entry.condition) + mark, number=False)
    trained = Cell(_training(shown), number=False)
    head = shown.method + (f" ({shown.variant.lower()})" if shown.variant else "")
    note = f"ours: {shown.our_method}" if ours else ""
    return Line(head, [trained, condition, *scores, Cell(shown.source, number=False)], note=note)


def _training(published: PublishedResult) -> str:
    if published.training_data in ("", "none"):
        return "nothing"
    return published.training_data + (", augmented" if published.augmented == "yes" else "")
