"""A table for a paper in LaTeX (booktabs), Markdown or CSV."""

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

import numpy as np

from ..display.text_table import BEGIN, TextTable, escaped, markdown
from ..questions.metrics import Metric, digits
from ..scoring.main_table import MISSING
from ..scoring.results import Row
from .paper_names import PaperName
from .paper_table import METHOD, METRIC, Interval, PaperCell, PaperTable, Place, Value

_OPTION = re.compile(r"^\s*(?=[\[*])")
"""What LaTeX would take for an option of the end of the row before."""
_MINUS = re.compile(r"(?<!\S)-(?=\d)")
_SHOWN = {"half": "± half of the 95 % interval", "ends": "[95 % interval]", "none": ""}


def name_of(table: PaperTable, key: str, value: Value, short: bool = False) -> PaperName:
    """Return what the head of `value` says; `short` leaves out the name of a setting, as in "10" for "SNR 10 dB"."""
    if key == METHOD:
        return table.names.of(key, str(value), str(value))
    if key == METRIC:
        metric = table.metric(value)
        return _metric_name(table, metric, f"{metric.label} ({metric.unit}) {'↑' if metric.higher_is_better else '↓'}")
    assert not isinstance(value, str)
    setting = table.setting(key)
    return table.names.of(key, setting.level_text(value), setting.level_text(value) if short else setting.text(value))


def _metric_name(table: PaperTable, metric: Metric, default: str) -> PaperName:
    """Return the name of `metric`, which a file of names may call by its name or its label."""
    names = [one for one in (metric.name, metric.label.lower()) if one in table.names.by_key.get(METRIC, {})]
    return table.names.of(METRIC, names[0], default) if names else PaperName(default)


def key_name(table: PaperTable, key: str) -> str:
    """Return the head above the values of `key`."""
    return key.capitalize() if key in (METHOD, METRIC) else table.setting(key).axis


def default_caption(table: PaperTable, interval: Interval) -> str:
    """Return the caption: the track, the metric, and how to read the cells."""
    about = table.track.name
    if METRIC not in (*table.rows.keys, *table.columns.keys):
        metric = table.metrics[0]
        label = _metric_name(table, metric, metric.label).text
        about += f": {label} ({metric.unit}, {'higher' if metric.higher_is_better else 'lower'} is better)"
    return "; ".join(filter(None, [about, table.note, _SHOWN[interval]]))


def default_label(table: PaperTable) -> str:
    r"""Return the name for `\ref`, such as tab:tde-mean-absolute-error."""
    return f"tab:{table.track.name}-{'-'.join(one.name.replace('_', '-') for one in table.metrics)}"


def as_markdown(table: PaperTable, caption: str, label: str, interval: Interval) -> str:
    """Return `table` in Markdown, which has no labels."""
    heads = [key_name(table, key) for key in table.rows.keys]
    heads += [_joined(table, table.columns.keys, place) for place in table.columns.places]
    rows, bold = [], set()
    for r, row in enumerate(table.rows.places):
        cells = [table.cell(row, column) for column in table.columns.places]
        names = [name_of(table, key, value, short=True).text for key, value in zip(table.rows.keys, row, strict=True)]
        bold |= {(r, len(names) + c) for c, cell in enumerate(cells) if cell.strong}
        rows.append([*names, *(" ".join(filter(None, _numbers(cell, interval))) for cell in cells)])
    return markdown(TextTable(caption, heads, rows, frozenset(bold)))


def _joined(table: PaperTable, keys: Sequence[str], place: Place) -> str:
    texts = (name_of(table, key, value).text or "all" for key, value in zip(keys, place, strict=True))
    return ", ".join(texts)


def _numbers(cell: PaperCell, interval: Interval) -> tuple[str, str]:
    """Return the value of `cell` and its interval as text; the interval is empty if it is unknown."""
    row = cell.row
    if row is None or not np.isfinite(row.value):
        return MISSING, ""
    shown = digits(row.value, row.unit)
    value = f"{row.value:.{shown}f}"
    if interval == "none" or not np.isfinite([row.ci_low, row.ci_high]).all():
        return value, ""
    if interval == "ends":
        return value, f"[{row.ci_low:.{shown}f}, {row.ci_high:.{shown}f}]"
    return value, f"±{(row.ci_high - row.ci_low) / 2:.{shown}f}"


def as_csv(table: PaperTable, caption: str, label: str, interval: Interval) -> str:
    """Return `table` as CSV in full precision: for each column the value and, unless `interval` is none, both ends.

    Missing scores are empty.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    ends = ("",) if interval == "none" else ("", " low", " high")
    heads = [_joined(table, table.columns.keys, place) for place in table.columns.places]
    writer.writerow([*map(str, table.rows.keys), *(f"{head}{end}" for head in heads for end in ends)])
    for row in table.rows.places:
        names = [name_of(table, key, value, short=True).text for key, value in zip(table.rows.keys, row, strict=True)]
        cells = (_exact(table.cell(row, column).row)[: len(ends)] for column in table.columns.places)
        writer.writerow([*names, *(one for cell in cells for one in cell)])
    return text.getvalue()


def _exact(row: Row | None) -> tuple[str, str, str]:
    if row is None:
        return "", "", ""
    value, low, high = (repr(float(v)) if np.isfinite(v) else "" for v in (row.value, row.ci_low, row.ci_high))
    return value, low, high


def as_latex(table: PaperTable, caption: str, label: str, interval: Interval) -> str:
    """Return `table` as a LaTeX table for the package booktabs."""
    lines = [
        BEGIN,
        r"\centering",
        rf"\caption{{{escaped(caption)}}}",
        rf"\label{{{label}}}",
        rf"\begin{{tabular}}{{{'l' * len(table.rows.keys)}{'r' * len(table.columns.places)}}}",
        r"\toprule",
        *_latex_heads(table),
        r"\midrule",
        *_latex_rows(table, interval),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _latex_name(name: PaperName) -> str:
    return _MINUS.sub("$-$", escaped(name.text)) if name.latex is None else name.latex


def _latex_heads(table: PaperTable) -> Iterator[str]:
    """Yield a line for each key of the columns; equal neighbours of the outer ones share a head."""
    keys, places = table.columns.keys, table.columns.places
    first, beside = len(table.rows.keys), " & " * len(table.rows.keys)
    alone = len(keys) == 1 and keys[0] not in (METHOD, METRIC)
    if alone:
        yield rf"{beside}\multicolumn{{{len(places)}}}{{c}}{{{escaped(key_name(table, keys[0]))}}} \\"
        yield rf"\cmidrule(lr){{{first + 1}-{first + len(places)}}}"
    for k, key in enumerate(keys[:-1]):
        spans = [(place, len(list(some))) for place, some in groupby(one[: k + 1] for one in places)]
        heads = [rf"\multicolumn{{{n}}}{{c}}{{{_latex_name(name_of(table, key, place[k]))}}}" for place, n in spans]
        yield rf"{beside}{' & '.join(heads)} \\"
        ends = np.cumsum([n for _, n in spans]) + first
        yield " ".join(rf"\cmidrule(lr){{{end - n + 1}-{end}}}" for end, (_, n) in zip(ends, spans, strict=True))
    rows = [escaped(key_name(table, key)) for key in table.rows.keys]
    heads = [_latex_name(name_of(table, keys[-1], place[-1], short=alone)) or "all" for place in places]
    yield rf"{' & '.join([*rows, *heads])} \\"


def _latex_rows(table: PaperTable, interval: Interval) -> Iterator[str]:
    """Yield the rows; a rule sets off chance and the ceiling."""
    before = None
    for row in table.rows.places:
        if before not in (None, table.is_bound(row)):
            yield r"\midrule"
        before = table.is_bound(row)
        names = [
            _latex_name(name_of(table, key, value, short=True)) for key, value in zip(table.rows.keys, row, strict=True)
        ]
        cells = [_latex_cell(table.cell(row, column), interval) for column in table.columns.places]
        yield _OPTION.sub("{}", rf"{' & '.join([*names, *cells])} \\")


def _latex_cell(cell: PaperCell, interval: Interval) -> str:
    value, beside = _numbers(cell, interval)
    value = value.replace("-", "$-$")
    shown = rf"\textbf{{{value}}}" if cell.strong else value
    return " ".join(filter(None, [shown, beside.replace("-", "$-$").replace("±", r"$\pm$ ")]))


WRITERS: dict[str, Callable[[PaperTable, str, str, Interval], str]] = {
    "latex": as_latex,
    "markdown": as_markdown,
    "csv": as_csv,
}
"""By format: (table, caption, label, interval) -> text."""
