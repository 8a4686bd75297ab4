"""Scores over the grid: lines with interval bands, or bars if nothing varies."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from ..display.drawing import BLUE, INK, MUTED, WIDTH, axes_of, blank, fitted, plain_name
from ..scoring.results import CHANCE, Row
from .figures import Figure, Slice, draw_legend, legend_height, line_style, publish, score_name, slices
from .view import View

PANEL_WIDTH, PANEL_HEIGHT = 4.0, 3.1


def scores_over_grid(view: View, folder: Path) -> list[Figure]:
    """Return the main metric as lines over the varying setting, with interval bands, or as bars if none varies."""
    if view.varying:
        return [_lines(view, part, folder) for part in slices(view)]
    bars = _bars(view, folder)
    parts = view.split(view.pooled[0])
    if len(parts) < 2:
        return [bars]
    return [bars, _lines(view, Slice(view.wording.of(next(iter(view.run.labels.groups))), parts, "", ""), folder)]


def _lines(view: View, part: Slice, folder: Path) -> Figure:
    setting = part.setting
    assert setting is not None
    names = _drawn(view)
    drawing, axes = axes_of(WIDTH, PANEL_HEIGHT + legend_height(len(names)))
    _draw_lines(view, axes, part)
    draw_legend(drawing, axes)
    where = f", {part.fixed}" if part.fixed else ""
    title = f"{view.metric.label} against {setting.axis}"
    alt = f"{title}{where}: one line per method, best first {', '.join(names)}; the numbers are in the tables."
    caption = f"{score_name(view)}{where}; bands are 95 % intervals over {view.cluster_noun}."
    return Figure(title, caption, [publish(drawing, folder, f"lines{part.suffix}", alt)])


def _drawn(view: View) -> list[str]:
    return [*(view.listening or view.methods), CHANCE]


def _draw_lines(view: View, axes: Axes, part: Slice) -> None:
    """Draw the scores along `part`, one line a method."""
    setting = part.setting
    assert setting is not None
    for name in _drawn(view):
        _draw_line(view, axes, name, [view.row(name, part.at(level)) for level in part.levels])
    axes.set_xticks(range(len(part.levels)), [setting.level_text(level) for level in part.levels])
    axes.set(xlabel=setting.axis, ylabel=score_name(view))


def score_panels(view: View, key: str) -> Drawing:
    """Return the view's metric along the setting or part `key`: a panel for each combination of all others."""
    if key in view.wording.parts:
        wording, setting, varying = view.wording, view.wording.of(key), view.varying
        found = {wording.text(c, varying): [p for p in view.split(c) if key in p] for c in view.pooled}
        parts = [Slice(setting, conditions, fixed, "") for fixed, conditions in found.items() if conditions]
    else:
        parts = slices(view, key)
    drawing = blank(max(WIDTH, PANEL_WIDTH * len(parts)), PANEL_HEIGHT + legend_height(len(_drawn(view))))
    for k, part in enumerate(parts, start=1):
        axes = drawing.add_subplot(1, len(parts), k)
        _draw_lines(view, axes, part)
        axes.set_title(fitted(part.fixed, drawing.get_figwidth() / len(parts) - 0.7))
    draw_legend(drawing, axes)
    return drawing


def score_bars(view: View) -> Drawing:
    """Return the view's metric of every method under the middle condition."""
    names = [*view.methods, CHANCE][::-1]
    drawing, axes = axes_of(WIDTH, 0.8 + 0.26 * len(names))
    for y, name in enumerate(names):
        row = view.row(name, view.middle)
        if row is not None:
            _draw_bar(axes, y, row, BLUE if name in view.listening else MUTED)
    axes.set_yticks(range(len(names)), [plain_name(name) for name in names])
    axes.set_xlabel(score_name(view))
    axes.grid(False, axis="y")
    return drawing


def _draw_line(view: View, axes: Axes, name: str, rows: Sequence[Row | None]) -> None:
    """Draw one method's scores in order, with a band of intervals and gaps for missing scores."""
    x = np.arange(len(rows))
    value, low, high = (
        np.array([np.nan if row is None else getattr(row, field) for row in rows])
        for field in ("value", "ci_low", "ci_high")
    )
    look = line_style(view, name)
    axes.plot(x, value, label=plain_name(name), **look)
    if np.isfinite(low).any():
        axes.fill_between(x, low, high, color=look["color"], alpha=0.12, linewidth=0)


def _bars(view: View, folder: Path) -> Figure:
    title = f"{view.metric.label} of every method"
    alt = f"{title}, best first: {', '.join(view.methods)}; the numbers are in the main table."
    grey = f"Grey: does not {view.attention}."
    caption = f"{score_name(view)}, {view.text(view.middle)}; lines are 95 % intervals. {grey}"
    return Figure(title, caption, [publish(score_bars(view), folder, "bars", alt)])


def _draw_bar(axes: Axes, y: int, row: Row, colour: str) -> None:
    axes.barh(y, row.value, height=0.66, color=colour, alpha=0.55)
    if np.isfinite(row.ci_low):
        axes.plot([row.ci_low, row.ci_high], [y, y], color=INK, linewidth=1.6, solid_capstyle="butt")
