"""Published numbers next to ours, for the conditions of a run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..questions.metrics import Metric
from ..questions.settings import Stated
from ..scoring.published import PublishedResult, published_for
from .score_tables import Cell, HtmlTable, Line, interval_text, number
from .view import View, capitalised


@dataclass(frozen=True)
class PrintedScores:
    """One method's scores in one paper under one condition, by metric."""

    condition: Stated
    numbers: Mapping[str, PublishedResult]

    @property
    def any(self) -> PublishedResult:
        """One of the numbers, for the fields that they share."""
        return next(iter(self.numbers.values()))


@dataclass(frozen=True)
class PublishedTables:
    """Published numbers of methods run here and of others, and footnotes (mark, text) on unprinted conditions."""

    shared: HtmlTable | None
    others: HtmlTable | None
    footnotes: Sequence[tuple[str, str]]


def published_tables(view: View) -> PublishedTables | None:
    """Return the published numbers for the conditions that were run; None if there are none."""
    printed = printed_scores(view)
    metrics = [m for m in view.run.track.metrics if any(m.name in one.numbers for one in printed)]
    if not metrics:
        return None
    marks = _marks(view, printed)
    shared = [one for one in printed if _is_ours(view, one)]
    others = [one for one in printed if not _is_ours(view, one)]
    caption = "Printed in the papers, not measured here"
    return PublishedTables(
        _table(view, f"{caption}; ours next to them", shared, metrics, marks, ours=True) if shared else None,
        _table(view, caption, others, metrics, marks, ours=False) if others else None,
        [(mark, text) for text, mark in marks.items()],
    )


def printed_scores(view: View) -> list[PrintedScores]:
    """Return the scores that papers first printed for the conditions of a run, on the same kind of dataset."""
    benchmarks = view.run.results.dataset["published"]
    found: dict[tuple[str, ...], tuple[Stated, dict[str, PublishedResult]]] = {}
    for whole in view.pooled:
        for condition in (whole, *view.split(whole)):
            for p in published_for(view.run.track, condition, benchmarks):
                key = (p.source, p.method, p.variant, p.training_data, p.augmented, view.text(condition))
                found.setdefault(key, (condition, {}))[1][p.metric] = p
    return [PrintedScores(condition, numbers) for condition, numbers in found.values()]


def _is_ours(view: View, printed: PrintedScores) -> bool:
    return printed.any.our_method is not None and view.row(printed.any.our_method, printed.condition) is not None


def _marks(view: View, printed: Sequence[PrintedScores]) -> dict[str, str]:
    """Return the mark of each footnote, by text."""
    texts = dict.fromkeys(_footnote(view, one.any) for one in printed if _is_noted(one.any))
    return {text: "*" * (k + 1) for k, text in enumerate(texts)}


def _is_noted(published: PublishedResult) -> bool:
    return bool(published.note) or not published.condition_known


def _footnote(view: View, published: PublishedResult) -> str:
    keys = " and ".join(view.wording.of(key).name for key in published.uncertain_keys)
    note = f"{capitalised(published.note)}." if published.note else ""
    return " ".join(filter(None, (f"The paper does not print {keys}." if keys else "", note)))


def _table(
    view: View,
    caption: str,
    printed: Sequence[PrintedScores],
    metrics: Sequence[Metric],
    marks: Mapping[str, str],
    *,
    ours: bool,
) -> HtmlTable:
    columns = [f"{m.label} ({m.unit}){who}" for m in metrics for who in ((", published", ", ours") if ours else ("",))]
    lines = [_line(view, one, metrics, marks, ours=ours) for one in printed]
    return HtmlTable(caption, ["published method", "trained on", "condition", *columns, "source"], lines)


def _line(view: View, one: PrintedScores, metrics: Sequence[Metric], marks: Mapping[str, str], *, ours: bool) -> Line:
    shown = one.any
    scores: list[Cell] = []
    for metric in metrics:
        found = one.numbers.get(metric.name)
        scores.append(Cell("" if found is None else f"{found.value:g}"))
        row = view.row(shown.our_method, one.condition, metric) if ours and shown.our_method else None
        scores += [Cell(number(row.value, row.unit), interval_text(row))] if row is not None else []
    mark = f" {marks[_footnote(view, shown)]}" if _is_noted(shown) else ""
    condition = Cell(view.text(one.condition) + mark, number=False)
    trained = Cell(_training(shown), number=False)
    head = shown.method + (f" ({shown.variant.lower()})" if shown.variant else "")
    note = f"ours: {shown.our_method}" if ours else ""
    return Line(head, [trained, condition, *scores, Cell(shown.source, number=False)], note=note)


def _training(published: PublishedResult) -> str:
    if published.training_data in ("", "none"):
        return "nothing"
    return published.training_data + (", augmented" if published.augmented == "yes" else "")
