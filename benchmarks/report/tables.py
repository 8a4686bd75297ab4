"""The tables of a run as text: methods against conditions, comparisons, and our numbers next to published ones."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...files import written_whole
from ..display.text_table import TextTable, latex, markdown
from ..questions.labels import Labels
from ..questions.metrics import Metric, digits
from ..questions.settings import Stated, Wording
from ..questions.track import Track
from ..scoring.compare import Comparison
from ..scoring.main_table import MISSING, MainTable, ScoreCell, ScoreLine, main_table, rank_text
from ..scoring.published import CONDITION_KEYS, PublishedResult, published_for
from ..scoring.results import Results, Row, why_unranked


def conditions_of(results: Results, wording: Wording, *, pooled: bool) -> list[Stated]:
    """Return the conditions of `results` in order: over all samples (`pooled`) or over parts of them."""
    found: list[Stated] = []
    for row in results.rows:
        if bool(wording.part_keys(row.condition)) != pooled and row.condition not in found:
            found.append(row.condition)
    return found


def format_value(row: Row) -> str:
    """Return the value of `row` with half the width of its interval."""
    shown = digits(row.value, row.unit)
    if not np.isfinite(row.ci_low):
        return f"{row.value:.{shown}f}"
    return f"{row.value:.{shown}f} ±{(row.ci_high - row.ci_low) / 2:.{shown}f}"


def score_table(results: Results, track: Track, metric: Metric, part: Stated | None = None, why: str = "") -> TextTable:
    """Return methods against conditions by `metric`, over all samples or a `part`, such as one RT60.

    Rank and skill are over the conditions shown; `why` is one line on why there are no ranks.
    """
    part = part or {}
    conditions = [c for c in conditions_of(results, track.wording, pooled=not part) if part.items() <= c.items()]
    beside = track.beside if metric is track.metrics[0] else ()
    table = main_table(results.rows, metric, conditions, beside)
    where = f", {track.wording.text(part, part)}" if part else ""
    better = "" if metric.higher_is_better else ", lower is better"
    note = f" ({why})" if why else ""
    caption = f"{track.name}: {metric.label} ({metric.unit}{better}){where}, ± half of the 95 % interval{note}"
    bold = {(r, c + 1) for r, line in enumerate(table.lines) for c, cell in enumerate(line.cells) if cell.strong}
    rows = [_text_line(table, line) for line in table.lines]
    return TextTable(caption, _heads(table, track, part), rows, frozenset(bold))


def _heads(table: MainTable, track: Track, part: Stated) -> list[str]:
    wording = track.wording
    keys = [key for key in wording.varying(table.conditions) if key not in part]
    keys = keys or [key for key in ("snr_db",) if any(key in condition for condition in table.conditions)]
    columns = [wording.text(condition, keys) or "all" for condition in table.conditions]
    beside = [f"{metric.label} ({metric.unit})" for metric in table.beside]
    return ["method", *columns, *beside, "rank", "skill", "n", f"ms a {track.stimulus.noun}", *table.diagnostics]


def _text_line(table: MainTable, line: ScoreLine) -> list[str]:
    return [
        line.name,
        *map(_text_cell, line.cells),
        *("" if v is None else f"{v:.{digits(v, m.unit)}f}" for v, m in zip(line.beside, table.beside, strict=True)),
        rank_text(line.ranks),
        f"{100 * line.skill:z.0f} %" if np.isfinite(line.skill) else "",
        str(line.samples),
        "" if line.seconds_per_sample is None else f"{1000 * line.seconds_per_sample:.2f}",
        *("" if value is None else f"{value:.4g}" for value in line.diagnostics),
    ]


def _text_cell(cell: ScoreCell) -> str:
    return MISSING if cell.row is None else format_value(cell.row)


def published_table(results: Results, track: Track, *, baselines_only: bool = False) -> TextTable | None:
    """Return the published numbers for the conditions of `results` next to ours, or None if there are none.

    With `baselines_only`, only numbers of methods run here. An asterisk marks an inferred condition that the paper does
    not print.
    """
    benchmarks = results.dataset["published"]
    labels = {metric.name: metric.label for metric in track.metrics}
    conditions = [c for pooled in (True, False) for c in conditions_of(results, track.wording, pooled=pooled)]
    rows = [
        _published_row(results, track.wording, condition, published, labels[published.metric])
        for condition in conditions
        for published in published_for(track, condition, benchmarks)
        if published.metric in labels
    ]
    rows = [row for row in rows if row[4] or not baselines_only]
    heads = ["published method", "condition", "metric", "published", "ours", "our method", "source"]
    return TextTable(f"{track.name}: published numbers (* condition inferred)", heads, rows) if rows else None


def _published_row(
    results: Results, wording: Wording, condition: Stated, published: PublishedResult, label: str
) -> list[str]:
    augmented = "augmented" if published.augmented == "yes" else ""
    details = [published.variant, published.training_data if published.training_data != "none" else "", augmented]
    known = [key for key in CONDITION_KEYS if condition.get(key) is not None and key in published.condition]
    return [
        " ".join([published.method, *(f"({detail})" for detail in details if detail)]),
        (wording.text(condition, known) or "all") + ("*" if published.uncertain_keys else ""),
        label,
        f"{published.value:g} {published.unit}",
        *_ours(results, published, condition),
        published.source,
    ]


def _ours(results: Results, published: PublishedResult, condition: Stated) -> tuple[str, str]:
    found = [
        row
        for row in results.rows
        if row.method == published.our_method and row.metric == published.metric and row.condition == condition
    ]
    return (f"{format_value(found[0])} {found[0].unit}", found[0].method) if found else ("", "")


def all_tables(results: Results, track: Track, labels: Labels) -> list[TextTable]:
    """Return every table of a run: each metric over all samples, the first for each part, and the published numbers."""
    why = why_unranked(labels)
    tables = [score_table(results, track, metric, why=why) for metric in track.metrics]
    tables += [score_table(results, track, track.metrics[0], part, why) for part in _parts(results, track.wording)]
    published = published_table(results, track)
    return [*tables, published] if published else tables


def _parts(results: Results, wording: Wording) -> list[Stated]:
    """Return the parts of the samples, such as each nominal RT60, from low to high."""
    split = conditions_of(results, wording, pooled=False)
    keys = dict.fromkeys(key for condition in split for key in wording.part_keys(condition))
    return [
        {key: level}
        for key in keys
        for level in wording.of(key).in_order(c[key] for c in split if c.get(key) is not None)
    ]


def write_tables(results: Results, track: Track, labels: Labels, folder: Path) -> None:
    """Write `tables.md` and `tables.tex` into `folder`."""
    tables = all_tables(results, track, labels)
    for name, rendered in (("tables.md", markdown), ("tables.tex", latex)):
        with written_whole(folder / name) as partial:
            partial.write_text("\n".join(map(rendered, tables)), encoding="utf-8")


def comparison_table(
    rows: Sequence[Comparison], wording: Wording, why: str = "", against: str | None = None
) -> TextTable:
    """Return `rows` as a table; noise cannot separate methods that share a rank from the best of them.

    If all were compared with one method, `against`, their ratios to it are shown too.
    """
    keys = wording.varying([row.condition for row in rows])
    unit = f"{rows[0].label} ({rows[0].unit})"
    gaps = ["difference to the best"] if against is None else [f"difference to {against}", f"ratio to {against}"]
    heads = ["method", "condition", "rank", f"{unit} [95 %]", *(f"{gap} [95 %]" for gap in gaps), "n"]
    body = [_comparison_row(row, wording, keys, against is not None) for row in rows]
    return TextTable(f"{unit}: paired comparison" + (f" ({why})" if why else ""), heads, body)


def _comparison_row(row: Comparison, wording: Wording, keys: Sequence[str], ratios: bool) -> list[str]:
    condition = wording.text(row.condition, [key for key in keys if key in row.condition]) or "all"
    if row.n == 0:
        return [row.method, condition, "", MISSING, *[""] * (1 + ratios), "0"]
    shown = digits(row.value, row.unit)
    value = f"{row.value:.{shown}f}{_interval(row.ci_low, row.ci_high, shown, '')}"
    gap = f"{row.difference:+.{shown}f}{_interval(row.difference_low, row.difference_high, shown, '+')}"
    part = [f"{row.ratio:.2f}{_interval(row.ratio_low, row.ratio_high, 2, '')}"] if ratios else []
    return [row.method, condition, "" if row.rank is None else str(row.rank), value, gap, *part, str(row.n)]


def _interval(low: float, high: float, shown: int, sign: str) -> str:
    return f" [{low:{sign}.{shown}f}, {high:{sign}.{shown}f}]" if np.isfinite([low, high]).all() else ""
