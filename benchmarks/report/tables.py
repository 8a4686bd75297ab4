"""The tables of a run: methods against conditions, and our numbers beside the published ones.

Rows are methods in rank order, between chance and ceiling; a column is a condition. A value is bold where its paired
interval against the runner-up excludes zero.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ...conventions import SAMPLE_RATE
from ..display.text_table import TextTable, latex, markdown
from ..questions.metrics import Metric, digits
from ..questions.track import Track
from ..scoring.published import CONDITION_KEYS, GROUP_KEYS, PublishedResult, published_under
from ..scoring.results import CEILING, CHANCE, Results, Row

MISSING = "missing"
Condition = Mapping[str, float | None]


def conditions_of(results: Results, *, pooled: bool) -> list[Condition]:
    """Return the conditions of `results` in order: those over all samples, or those of a part of them."""
    found: list[Condition] = []
    for row in results.rows:
        if bool(group_keys(row.condition)) != pooled and row.condition not in found:
            found.append(row.condition)
    return found


def group_keys(condition: Condition) -> list[str]:
    """Return the keys by which `condition` takes a part of the samples; empty where it takes all."""
    return [key for key in GROUP_KEYS if key in condition]


def varying_keys(conditions: Sequence[Condition]) -> list[str]:
    """Return the keys whose values differ among `conditions`; a window as long as the clip goes without saying."""
    keys = list(dict.fromkeys(key for condition in conditions for key in condition))
    whole = [c.get("window") == round((c.get("clip_seconds") or 0) * SAMPLE_RATE) for c in conditions]
    if all(whole):
        keys = [key for key in keys if key != "window"]
    return [key for key in keys if len({condition.get(key) for condition in conditions}) > 1]


_LABELS = {
    "snr_db": ("SNR {:g} dB", "clean"),
    "rt60_nominal": ("RT60 {:g} s", "all RT60"),
    "distractor": ("distractor {:g}", "one talker"),
    "clip_seconds": ("{:g} s", ""),
    "reverberation": ("reverberation {:g}", ""),
    "sources": ("sources: {:g}", ""),
    "dominance_db": ("others {:g} dB below", ""),
    "rotation_up_to": ("rotation up to {:g} deg", "all rotations"),
}
"""How a setting reads, and how its absence does."""


def condition_label(condition: Condition, keys: Sequence[str]) -> str:
    """Return the settings `keys` of `condition` for a column's head."""
    shown = []
    for key in keys:
        present, absent = _LABELS.get(key, (f"{key} {{:g}}", f"no {key}"))
        value = condition.get(key)
        shown.append(absent if value is None else present.format(value))
    return ", ".join(filter(None, shown)) or "all"


def format_value(row: Row) -> str:
    """Return the value of `row` with half the width of its interval."""
    shown = digits(row.value, row.unit)
    if not np.isfinite(row.ci_low):
        return f"{row.value:.{shown}f}"
    return f"{row.value:.{shown}f} ±{(row.ci_high - row.ci_low) / 2:.{shown}f}"


def main_table(results: Results, track: Track, metric: Metric, part: Condition | None = None) -> TextTable:
    """Return methods against conditions by `metric`, over all samples or the `part` with one RT60 (or the like).

    Rank and skill are those of the first metric's mean over the conditions shown.
    """
    part, noun = part or {}, track.stimulus.noun
    conditions = [c for c in conditions_of(results, pooled=not part) if part.items() <= c.items()]
    keys = [key for key in varying_keys(conditions) if key not in part] or _usual_keys(conditions)
    by_cell = {(row.method, tuple(row.condition.items())): row for row in results.rows if row.metric == metric.name}
    names = _ordered_methods(results, metric, conditions)
    cells = {name: [by_cell.get((name, tuple(c.items()))) for c in conditions] for name in names}
    said = list(dict.fromkeys(key for row in results.rows for key in row.diagnostics))
    rows = [[name, *map(_cell, cells[name]), *_closing_cells(cells[name], said)] for name in names]
    bold = {
        (r, c + 1)
        for c, condition in enumerate(conditions)
        for r, name in enumerate(names)
        if _is_alone_first(by_cell, names, name, condition)
    }
    where = f", {condition_label(part, list(part))}" if part else ""
    better = "" if metric.higher_is_better else ", lower is better"
    caption = f"{track.name}: {metric.label} ({metric.unit}{better}){where}, ± half of the 95 % interval"
    heads = ["method", *(condition_label(c, keys) for c in conditions), "rank", "skill", "n", f"ms a {noun}", *said]
    return TextTable(caption, heads, rows, frozenset(bold))


def _usual_keys(conditions: Sequence[Condition]) -> list[str]:
    """Return what names a condition where nothing varies: the noise, where there can be any."""
    return ["snr_db"] if any("snr_db" in condition for condition in conditions) else []


def _ordered_methods(results: Results, metric: Metric, conditions: Sequence[Condition]) -> list[str]:
    """Return chance, the methods from best to worst by their mean over `conditions`, and the ceiling."""
    values: dict[str, list[float]] = {}
    for row in results.rows:
        if row.metric == metric.name and row.condition in conditions:
            values.setdefault(row.method, []).append(row.value)
    complete = max((len(v) for v in values.values()), default=0)
    sign = -1 if metric.higher_is_better else 1
    methods = [name for name in values if name not in (CHANCE, CEILING)]
    methods.sort(key=lambda name: (len(values[name]) < complete, sign * float(np.mean(values[name]))))
    return [
        *(name for name in (CEILING,) if name in values),
        *methods,
        *(n for n in (CHANCE,) if n in values),
    ]


def _cell(row: Row | None) -> str:
    return MISSING if row is None else format_value(row)


def _closing_cells(rows: Sequence[Row | None], said: Sequence[str]) -> list[str]:
    """Return rank (over the conditions), mean skill, samples, milliseconds a sample, and the diagnostics `said`."""
    present = [row for row in rows if row is not None]
    ranks = [row.rank for row in present if row.rank is not None]
    rank = "" if not ranks else (str(ranks[0]) if min(ranks) == max(ranks) else f"{min(ranks)}-{max(ranks)}")
    skills = [row.skill for row in present]
    seconds = [row.seconds_per_sample for row in present if row.seconds_per_sample is not None]
    return [
        rank,
        f"{100 * float(np.mean(skills)):z.0f} %" if skills and np.isfinite(skills).all() else "",
        str(max((row.n for row in present), default=0)),
        f"{1000 * float(np.mean(seconds)):.2f}" if seconds else "",
        *(diagnostic_text(present, name) for name in said),
    ]


def diagnostic_text(rows: Sequence[Row], name: str) -> str:
    """Return the median of the diagnostic `name`, averaged over `rows`; empty where no row has it."""
    known = [value for row in rows if (value := row.diagnostics.get(name)) is not None]
    return f"{float(np.mean(known)):.4g}" if known else ""


def _is_alone_first(
    by_cell: Mapping[tuple[str, tuple[tuple[str, float | None], ...]], Row],
    names: Sequence[str],
    name: str,
    condition: Condition,
) -> bool:
    ranks = {n: r.rank for n in names if (r := by_cell.get((n, tuple(condition.items())))) is not None}
    return ranks.get(name) == 1 and sum(rank == 1 for rank in ranks.values()) == 1 and len(ranks) > 3


def published_table(results: Results, track: Track, *, baselines_only: bool = False) -> TextTable | None:
    """Return the published numbers for the conditions of `results` beside ours, None where there are none.

    With `baselines_only`, only numbers of methods that were run here. An asterisk marks a condition that the paper
    does not print but that was inferred.
    """
    benchmarks = track.benchmarks(results.dataset["name"], results.dataset["recipe"])
    labels = {metric.name: metric.label for metric in track.metrics}
    conditions = [*conditions_of(results, pooled=True), *conditions_of(results, pooled=False)]
    rows = [
        _published_row(results, condition, published, labels[published.metric])
        for condition in conditions
        for published in published_under(track.name, condition, benchmarks)
        if published.metric in labels
    ]
    rows = [row for row in rows if row[4] or not baselines_only]
    heads = ["published method", "condition", "metric", "published", "ours", "our method", "source"]
    return TextTable(f"{track.name}: published numbers (* condition inferred)", heads, rows) if rows else None


def _published_row(results: Results, condition: Condition, published: PublishedResult, label: str) -> list[str]:
    details = [published.variant, published.training_data if published.training_data != "none" else ""]
    known = [key for key in CONDITION_KEYS if condition.get(key) is not None and key in published.condition]
    return [
        " ".join([published.method, *(f"({detail})" for detail in details if detail)]),
        condition_label(condition, known) + ("*" if published.uncertain_keys else ""),
        label,
        f"{published.value:g} {published.unit}",
        *_ours(results, published, condition),
        published.source,
    ]


def _ours(results: Results, published: PublishedResult, condition: Condition) -> tuple[str, str]:
    found = [
        row
        for row in results.rows
        if row.method == published.our_method and row.metric == published.metric and row.condition == condition
    ]
    return (f"{format_value(found[0])} {found[0].unit}", found[0].method) if found else ("", "")


def all_tables(results: Results, track: Track) -> list[TextTable]:
    """Return every table of a run: each metric over all samples, the first for each part, and the published numbers."""
    tables = [main_table(results, track, metric) for metric in track.metrics]
    tables += [main_table(results, track, track.metrics[0], part) for part in _parts(results)]
    published = published_table(results, track)
    return [*tables, published] if published else tables


def _parts(results: Results) -> list[Condition]:
    """Return the parts of the samples, such as each nominal RT60, from low to high."""
    found = {(key, c[key]) for c in conditions_of(results, pooled=False) for key in group_keys(c)}
    levels = sorted((GROUP_KEYS.index(key), level, key) for key, level in found if level is not None)
    return [{key: level} for _, level, key in levels]


def write_tables(results: Results, track: Track, folder: Path) -> None:
    """Write `tables.md` and `tables.tex` into `folder`."""
    tables = all_tables(results, track)
    (folder / "tables.md").write_text("\n".join(map(markdown, tables)), encoding="utf-8")
    (folder / "tables.tex").write_text("\n".join(map(latex, tables)), encoding="utf-8")
