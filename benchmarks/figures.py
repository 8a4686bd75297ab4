"""The figures of a report: errors over the grid, their distribution, and predicted against true.

Each function returns a `Figure` of the report, or None where the run has nothing of the kind to show.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure as Drawing

from ..conventions import SAMPLE_RATE
from .drawing import (
    BLUE,
    COLOURS,
    DASHES,
    GRID,
    INK,
    MARKERS,
    MUTED,
    Picture,
    axes_of,
    blank,
    picture,
    plain_name,
    save,
)
from .metrics import MS_PER_SECOND, TENTH_MS
from .results import CHANCE, Row
from .view import Stated, View, axis_title, in_order, level_text, stated_text

Float64 = npt.NDArray[np.float64]

_WIDTH = 5.0
_LARGEST_MS, _SMALLEST_MS = 3.0, 2e-3
_MOST_POINTS = 20_000
_AZIMUTH_BIN_DEG = 15.0


@dataclass(frozen=True)
class Figure:
    """One figure of the report: a heading, one or more pictures of the same kind, and a caption."""

    title: str
    caption: str
    pictures: Sequence[Picture]


def all_figures(view: View, folder: Path) -> list[Figure]:
    """Return the figures of the report in order; each is also written to `folder` as PNG and PDF."""
    drawn = [
        *heat_maps(view, folder),
        *scores_over_grid(view, folder),
        error_distribution(view, folder),
        predicted_against_true(view, folder) if view.measures_delay else accuracy_by_azimuth(view, folder),
    ]
    return [figure for figure in drawn if figure is not None]


def _name(view: View) -> str:
    return f"{view.metric.label} ({view.metric.unit})"


def _publish(drawing: Drawing, folder: Path, name: str, alt: str) -> Picture:
    """Write `drawing` to `folder` for papers and return it for the page."""
    save(drawing, folder, name)
    return picture(drawing, name, alt)


# ------------------------------------------------------------------------------------- scores over the grid


@dataclass(frozen=True)
class _Slice:
    """A part of the grid in which one setting varies (`key`, None: nothing does); `fixed` names the others."""

    key: str | None
    conditions: Sequence[Stated]
    fixed: str
    suffix: str

    @property
    def levels(self) -> list[float | None]:
        """The levels of the setting, from low to high."""
        return [] if self.key is None else in_order(self.key, [c.get(self.key) for c in self.conditions])

    def at(self, level: float | None) -> Stated:
        """Return the condition with this level."""
        return next(c for c in self.conditions if self.key is None or c.get(self.key) == level)


def _slices(view: View) -> list[_Slice]:
    """Return the pooled grid as slices along its first varying setting."""
    key = view.varying[0] if view.varying else None
    others = view.varying[1:]
    parts: dict[tuple[float | None, ...], list[Stated]] = {}
    for condition in view.pooled:
        parts.setdefault(tuple(condition.get(name) for name in others), []).append(condition)
    names = [f"-{k}" if len(parts) > 1 else "" for k in range(1, len(parts) + 1)]
    return [
        _Slice(key, part, stated_text(part[0], others), suffix)
        for suffix, part in zip(names, parts.values(), strict=True)
    ]


def heat_maps(view: View, folder: Path) -> list[Figure]:
    """Return the main metric over SNR (or whatever varies) and RT60, a map a method on one shared scale."""
    groups = [key for key, values in view.run.labels.groups.items() if len(np.unique(values)) > 1]
    if not groups or not view.varying:
        return []
    return [_heat_map(view, part, groups[0], folder) for part in _slices(view)]


def _heat_map(view: View, part: _Slice, group: str, folder: Path) -> Figure:
    assert part.key is not None
    heights = in_order(group, [float(level) for level in np.unique(view.run.labels.groups[group])])
    maps = {name: _map_values(view, part, group, heights, name) for name in view.methods}
    finite = np.concatenate([values[np.isfinite(values)] for values in maps.values()])
    scale = Normalize(float(finite.min()), float(finite.max()))
    ticks = [level_text(part.key, x) for x in part.levels], [level_text(group, y) for y in heights]
    titles = axis_title(part.key), axis_title(group)
    pictures = []
    for k, (name, values) in enumerate(maps.items()):
        drawing, axes = axes_of(1.3 + 0.48 * len(ticks[0]), 1.0 + 0.3 * len(ticks[1]))
        _draw_map(view, axes, values, scale, ticks, titles, name)
        alt = f"{_name(view)} of {name} over {titles[0]} and {titles[1]}: {_spoken_map(values, ticks)}"
        pictures.append(picture(drawing, f"heat-map{part.suffix}-{k}", alt))
    save(_heat_map_sheet(view, maps, scale, ticks, titles), folder, f"heat-map{part.suffix}")
    direction = "Brighter is better" if len(maps) else ""
    where = f" {part.fixed}." if part.fixed else ""
    caption = f"{_name(view)} in every cell; one scale from {scale.vmin:.3g} to {scale.vmax:.3g}. {direction}.{where}"
    return Figure(f"{view.metric.label} over {titles[0]} and {titles[1]}", caption, pictures)


def _map_values(view: View, part: _Slice, group: str, heights: Sequence[float | None], name: str) -> Float64:
    """Return the scores (heights, levels) of one method, NaN where they are missing."""
    rows = [[view.row(name, {**part.at(x), group: y}) for x in part.levels] for y in heights]
    return np.array([[np.nan if row is None else row.value for row in line] for line in rows])


def _colours(view: View) -> Colormap:
    return colormaps["cividis" if view.metric.higher_is_better else "cividis_r"]


def _draw_map(
    view: View,
    axes: Axes,
    values: Float64,
    scale: Normalize,
    ticks: tuple[Sequence[str], Sequence[str]],
    titles: tuple[str, str],
    name: str,
) -> None:
    colours = _colours(view)
    axes.pcolormesh(values, cmap=colours, norm=scale, edgecolors="none")
    axes.grid(False)
    digits = 0 if view.metric.unit == "%" else 2
    for (y, x), value in np.ndenumerate(values):
        text = f"{value:.{digits}f}" if np.isfinite(value) else "missing"
        axes.text(
            x + 0.5,
            y + 0.5,
            text,
            ha="center",
            va="center",
            fontsize=8,
            color=_legible(colours(scale(value))),
        )
    axes.set_xticks(np.arange(len(ticks[0])) + 0.5, ticks[0])
    axes.set_yticks(np.arange(len(ticks[1])) + 0.5, ticks[1])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set(xlabel=titles[0], ylabel=titles[1])
    axes.set_title(plain_name(name))


def _legible(background: tuple[float, float, float, float]) -> str:
    """Return near-black or near-white, whichever reads better on `background`; neither follows the page's theme."""
    red, green, blue, opacity = background
    luminance = 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2
    if opacity == 0:
        return MUTED
    return "#000000" if luminance > 0.18 else "#fdfdfd"


def _spoken_map(values: Float64, ticks: tuple[Sequence[str], Sequence[str]]) -> str:
    """Return a map's corners and extremes in words."""
    low = np.unravel_index(np.nanargmin(values), values.shape)
    high = np.unravel_index(np.nanargmax(values), values.shape)

    def at(cell: Sequence[np.intp]) -> str:
        return f"{values[cell[0], cell[1]]:.3g} at {ticks[0][cell[1]]} and {ticks[1][cell[0]]}"

    return f"lowest {at(low)}, highest {at(high)}"


def _heat_map_sheet(
    view: View,
    maps: dict[str, Float64],
    scale: Normalize,
    ticks: tuple[Sequence[str], Sequence[str]],
    titles: tuple[str, str],
) -> Drawing:
    """Return all maps on one sheet, for papers."""
    columns = min(4, len(maps))
    lines = -(-len(maps) // columns)
    drawing = blank((1.3 + 0.48 * len(ticks[0])) * columns, (1.0 + 0.3 * len(ticks[1])) * lines + 0.4)
    grid = drawing.subplots(lines, columns, squeeze=False)
    for axes, (name, values) in zip(grid.flat, maps.items(), strict=False):
        _draw_map(view, axes, values, scale, ticks, titles, name)
    for axes in grid.flat[len(maps) :]:
        axes.set_visible(False)
    shown = grid.flat[0].collections[0]
    drawing.colorbar(shown, ax=grid, shrink=0.6, pad=0.02, label=_name(view)).outline.set_visible(False)
    return drawing


def scores_over_grid(view: View, folder: Path) -> list[Figure]:
    """Return the main metric as lines over the setting that varies, with interval bands; bars where nothing varies."""
    if view.varying:
        return [_lines(view, part, folder) for part in _slices(view)]
    parts = view.split(view.pooled[0])
    if len(parts) > 1:
        group = next(iter(view.run.labels.groups))
        return [_lines(view, _Slice(group, parts, "", ""), folder), _bars(view, folder)]
    return [_bars(view, folder)]


def _lines(view: View, part: _Slice, folder: Path) -> Figure:
    assert part.key is not None
    names = [*view.methods, CHANCE]
    drawing, axes = axes_of(_WIDTH, 3.1 + _legend_height(len(names)))
    for name in names:
        rows = [view.row(name, part.at(level)) for level in part.levels]
        _draw_line(view, axes, name, rows)
    axes.set_xticks(range(len(part.levels)), [level_text(part.key, level) for level in part.levels])
    axes.set(xlabel=axis_title(part.key), ylabel=_name(view))
    _legend(drawing, axes)
    title = f"{view.metric.label} against {axis_title(part.key)}"
    where = f", {part.fixed}" if part.fixed else ""
    alt = f"{title}{where}: one line a method, best first {', '.join(view.methods)}; the numbers are in the tables."
    caption = f"{_name(view)}{where}; bands are 95 % intervals over {_cluster_noun(view)}. Grey: methods that do not listen."
    return Figure(title, caption, [_publish(drawing, folder, f"lines{part.suffix}", alt)])


def _cluster_noun(view: View) -> str:
    return "videos" if "video" in view.run.dataset else "speakers"


def _draw_line(view: View, axes: Axes, name: str, rows: Sequence[Row | None]) -> None:
    """Draw one method's scores in their order, a gap where one is missing, with the band of its intervals."""
    x = np.arange(len(rows))
    value, low, high = (
        np.array([np.nan if row is None else getattr(row, field) for row in rows])
        for field in ("value", "ci_low", "ci_high")
    )
    look = _look(view, name)
    axes.plot(x, value, label=plain_name(name), **look)
    if np.isfinite(low).any():
        axes.fill_between(x, low, high, color=look["color"], alpha=0.14, linewidth=0)


def _look(view: View, name: str) -> dict[str, str | float]:
    """Return the line of a method, the same in all figures: colours go by rank, who does not listen is grey."""
    if name not in view.listening:
        deaf = [*(n for n in view.methods if n not in view.listening), CHANCE]
        return {"color": MUTED, "linestyle": DASHES[1 + deaf.index(name) % 3], "linewidth": 1.2}
    k = view.listening.index(name)
    turn = k // len(COLOURS) % len(DASHES)
    return {
        "color": COLOURS[k % len(COLOURS)],
        "linestyle": DASHES[turn],
        "marker": MARKERS[turn],
        "markersize": 3.5,
        "linewidth": 2.2 if k == 0 else 1.4,
    }


def _legend_height(entries: int) -> float:
    return 0.17 * -(-entries // 2) + 0.1


def _legend(drawing: Drawing, axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    drawing.legend(handles, labels, loc="outside lower center", ncols=2, columnspacing=1.2, handlelength=2.4)


def _bars(view: View, folder: Path) -> Figure:
    names = [*view.methods, CHANCE][::-1]
    drawing, axes = axes_of(_WIDTH, 0.8 + 0.26 * len(names))
    for y, name in enumerate(names):
        row = view.row(name, view.middle)
        if row is not None:
            _draw_bar(axes, y, row, BLUE if name in view.listening else MUTED)
    axes.set_yticks(range(len(names)), [plain_name(name) for name in names])
    axes.set_xlabel(_name(view))
    axes.grid(False, axis="y")
    title = f"{view.metric.label} of every method"
    alt = f"{title}, best first: {', '.join(view.methods)}; the numbers are in the main table."
    caption = f"{_name(view)}, {view.text(view.middle)}; lines are 95 % intervals. Grey: methods that do not listen."
    return Figure(title, caption, [_publish(drawing, folder, "bars", alt)])


def _draw_bar(axes: Axes, y: int, row: Row, colour: str) -> None:
    axes.barh(y, row.value, height=0.66, color=colour, alpha=0.55)
    if np.isfinite(row.ci_low):
        axes.plot([row.ci_low, row.ci_high], [y, y], color=INK, linewidth=1.6, solid_capstyle="butt")


# ------------------------------------------------------------------------------------- at one condition


def error_distribution(view: View, folder: Path) -> Figure | None:
    """Return how the errors are distributed at the middle of the grid: cumulative, a line a method."""
    names = [*view.listening, *(name for name in view.methods if name not in view.listening)]
    drawing, axes = axes_of(_WIDTH, 3.1 + _legend_height(len(names)))
    for name in names:
        terms = view.terms(name, view.middle)
        if terms is not None:
            look = {k: v for k, v in _look(view, name).items() if k != "marker"}
            x, y = _cumulative(view, terms)
            axes.plot(x, y, label=plain_name(name), **look)
    (_error_axis if view.measures_delay else _accuracy_axis)(view, axes)
    _legend(drawing, axes)
    what = "absolute error" if view.measures_delay else f"accuracy within {_cluster_noun(view)}"
    title = f"Distribution of the {what}"
    alt = f"{title}, {view.text(view.middle)}: cumulative, one line a method, best first {', '.join(view.methods)}."
    note = (
        "Share of clips whose error is at most the value below; dotted: one sample, and 0.1 ms"
        if view.measures_delay
        else f"Share of {_cluster_noun(view)} on whose clips a method reaches at most the accuracy below"
    )
    caption = f"{note}. {_capital(view.text(view.middle))}."
    return Figure(title, caption, [_publish(drawing, folder, "error-distribution", alt)])


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _cumulative(view: View, terms: Float64) -> tuple[Float64, Float64]:
    """Return the cumulative distribution of errors (ms), or of the accuracy (%) of each speaker or video."""
    if view.measures_delay:
        values = np.maximum(terms, _SMALLEST_MS)
    else:
        codes = np.unique(view.run.labels.clusters.astype(str), return_inverse=True)[1]
        values = np.bincount(codes, terms) / np.bincount(codes)
    share = np.linspace(0, 100, min(len(values), 300) + 1)
    quantiles = np.quantile(values, share / 100, method="inverted_cdf")
    return np.append(quantiles, max(_LARGEST_MS if view.measures_delay else 100.0, quantiles[-1])), np.append(
        share, 100
    )


def _error_axis(_view: View, axes: Axes) -> None:
    axes.set_xscale("log")
    ticks = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_xticks([], minor=True)
    for mark in (MS_PER_SECOND / SAMPLE_RATE, MS_PER_SECOND * TENTH_MS):
        axes.axvline(mark, color=MUTED, linestyle=":", linewidth=1)
    axes.set(
        xlim=(_SMALLEST_MS, _LARGEST_MS),
        ylim=(0, 101),
        xlabel="absolute error (ms)",
        ylabel="share of clips (%)",
    )


def _accuracy_axis(view: View, axes: Axes) -> None:
    noun = _cluster_noun(view)
    axes.set(
        xlim=(-1, 101),
        ylim=(0, 101),
        xlabel=f"accuracy (%) within the {noun[:-1]}",
        ylabel=f"share of {noun} (%)",
    )


def predicted_against_true(view: View, folder: Path) -> Figure | None:
    """Return predicted against true delays of the best listening method and of gcc-phat; None where none listens."""
    best = view.best(view.middle)
    names = [best, *(n for n in ("gcc-phat",) if n in view.listening and n != best)]
    shown = {name: view.predictions(name, view.middle) for name in names if name is not None}
    drawn = {name: predicted for name, predicted in shown.items() if predicted is not None}
    if not drawn:
        return None
    truth = MS_PER_SECOND * view.run.labels.truth
    reach = 1.08 * max(1e-3, float(np.abs(truth).max()), *(_far(MS_PER_SECOND * p) for p in drawn.values()))
    pictures = []
    for k, (name, predicted) in enumerate(drawn.items()):
        drawing, axes = axes_of(3.7, 3.7)
        _draw_scatter(axes, truth, MS_PER_SECOND * predicted, reach, name)
        within = float(np.mean(np.abs(predicted - view.run.labels.truth) <= TENTH_MS))
        alt = f"Predicted against true delay of {name}: {100 * within:.0f} % of the points lie within 0.1 ms of the diagonal."
        pictures.append(_publish(drawing, folder, f"predicted-{k + 1}", alt))
    caption = f"Each point is a clip, the line is the truth, positive: left leads. {_capital(view.text(view.middle))}."
    return Figure("Predicted against true delay", caption, pictures)


def _far(delay_ms: Float64) -> float:
    """Return the delay within which 99.5 % of the predictions lie, so that one stray does not squeeze the rest."""
    return float(np.quantile(np.abs(delay_ms), 0.995))


def _draw_scatter(axes: Axes, truth: Float64, predicted: Float64, reach: float, name: str) -> None:
    every = slice(None, None, 1 + len(truth) // _MOST_POINTS)
    opacity = float(np.clip(60 / np.sqrt(len(truth)) / 4, 0.15, 0.8))
    axes.plot([-reach, reach], [-reach, reach], color=MUTED, linewidth=1)
    inside = np.clip(predicted[every], -reach, reach)
    axes.scatter(truth[every], inside, s=9, color=BLUE, alpha=opacity, linewidths=0, rasterized=True)
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    axes.set(xlabel="true delay (ms)", ylabel="predicted delay (ms)")
    axes.set_title(plain_name(name))


def accuracy_by_azimuth(view: View, folder: Path) -> Figure | None:
    """Return the accuracy of the listening methods by azimuth; None where the dataset or the run has none."""
    names = [name for name in view.listening if view.terms(name, view.middle) is not None]
    if "azimuth" not in view.run.dataset or not names:
        return None
    azimuth = view.run.dataset.column("azimuth")[view.run.labels.rows].astype(np.float64)
    drawing, axes = axes_of(_WIDTH, 3.1 + _legend_height(len(names)))
    bins = np.floor(azimuth / _AZIMUTH_BIN_DEG)
    levels, codes = np.unique(bins, return_inverse=True)
    for name in names:
        terms = view.terms(name, view.middle)
        assert terms is not None
        means = np.bincount(codes, terms) / np.bincount(codes)
        axes.plot((levels + 0.5) * _AZIMUTH_BIN_DEG, means, label=plain_name(name), **_look(view, name))
    axes.axhline(50, color=GRID, linewidth=1.2)
    axes.invert_xaxis()
    axes.set(xlabel="azimuth (degrees, left is positive)", ylabel=_name(view))
    _legend(drawing, axes)
    alt = f"Accuracy by azimuth, {view.text(view.middle)}: one line a method, best first {', '.join(names)}."
    caption = f"Mean over bins of {_AZIMUTH_BIN_DEG:g} degrees. {_capital(view.text(view.middle))}."
    return Figure("Accuracy by azimuth", caption, [_publish(drawing, folder, "accuracy-by-azimuth", alt)])
