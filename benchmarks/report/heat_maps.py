"""Heat maps of a report: the main metric over SNR (or another setting) and RT60, one map for each method."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure as Drawing

from ..display.drawing import MUTED, axes_of, blank, fitted, picture, plain_name, save
from ..questions.settings import Setting
from .figures import Figure, Slice, score_name, slices
from .view import View, capitalised

Float64 = npt.NDArray[np.float64]

_COLUMNS = 4
"""Maps side by side on the sheet for papers."""
_BESIDE = 0.75
"""Width of what lies beside the cells of a map: its labels and a gap, inches."""


@dataclass(frozen=True)
class _Maps:
    """The maps of one slice of the grid: its setting to the right, the dataset's own group upwards."""

    view: View
    part: Slice
    group: Setting

    @cached_property
    def heights(self) -> list[float | None]:
        """The levels of the group, from low to high."""
        return self.group.in_order(map(float, np.unique(self.view.run.labels.groups[self.group.key])))

    @cached_property
    def values(self) -> dict[str, Float64]:
        """The scores (heights, levels) of each method, NaN if they are missing."""
        return {name: self._values_of(name) for name in self.view.methods}

    def _values_of(self, name: str) -> Float64:
        part, row = self.part, self.view.row
        rows = [[row(name, {**part.at(x), self.group.key: y}) for x in part.levels] for y in self.heights]
        return np.array([[np.nan if row is None else row.value for row in line] for line in rows])

    @cached_property
    def scale(self) -> Normalize:
        """The colour scale of all maps."""
        values = np.concatenate([v.ravel() for v in self.values.values()])
        return Normalize(float(np.nanmin(values)), float(np.nanmax(values)))

    @property
    def colours(self) -> Colormap:
        """Brighter is better; readable by colour-blind people."""
        return colormaps["cividis" if self.view.metric.higher_is_better else "cividis_r"]

    @property
    def titles(self) -> tuple[str, str]:
        """Titles of the horizontal and the vertical axis."""
        assert self.part.setting is not None
        return self.part.setting.axis, self.group.axis

    @property
    def ticks(self) -> tuple[list[str], list[str]]:
        """The levels in words, to the right and upwards."""
        assert self.part.setting is not None
        right = [self.part.setting.level_text(x) for x in self.part.levels]
        return right, [self.group.level_text(y) for y in self.heights]

    @cached_property
    def size(self) -> tuple[float, float]:
        """Size of one map, inches."""
        lines = max(heading.count("\n") for heading in self.headings.values())
        return self._width, 1.0 + 0.3 * len(self.heights) + 0.15 * lines

    @property
    def _width(self) -> float:
        return 1.3 + 0.48 * len(self.part.levels)

    @cached_property
    def headings(self) -> dict[str, str]:
        """The title of each method's map, which must not run into the next one."""
        return {method: fitted(plain_name(method), self._width - _BESIDE) for method in self.values}


def heat_maps(view: View, folder: Path) -> list[Figure]:
    """Return the heat maps of `view`, one figure for each slice; none if the grid has no second axis."""
    groups = [key for key, values in view.run.labels.groups.items() if len(np.unique(values)) > 1]
    if not groups or not view.varying or not view.methods:
        return []
    return [_figure(_Maps(view, part, view.wording.of(groups[0])), folder) for part in slices(view)]


def _figure(maps: _Maps, folder: Path) -> Figure:
    name = f"heat-map{maps.part.suffix}"
    save(_sheet(maps), folder, name)
    pictures = []
    for k, method in enumerate(maps.values):
        drawing, axes = axes_of(*maps.size)
        _draw_map(maps, axes, method)
        alt = f"{score_name(maps.view)} of {method} over {' and '.join(maps.titles)}: {_extremes(maps, method)}"
        pictures.append(replace(picture(drawing, f"{name}-{k}", alt), file="" if k else name))
    scale = f"one scale from {maps.scale.vmin:.3g} (least) to {maps.scale.vmax:.3g}"
    where = f" {capitalised(maps.part.fixed)}." if maps.part.fixed else ""
    caption = f"{score_name(maps.view)} in every cell, {scale}. Brighter is better.{where}"
    return Figure(f"{maps.view.metric.label} over {' and '.join(maps.titles)}", caption, pictures)


def _draw_map(maps: _Maps, axes: Axes, method: str) -> None:
    values, ticks = maps.values[method], maps.ticks
    axes.pcolormesh(values, cmap=maps.colours, norm=maps.scale, edgecolors="face", linewidth=0.5)
    axes.grid(False)
    digits = 0 if maps.view.metric.unit == "%" else 2
    for (y, x), value in np.ndenumerate(values):
        text = f"{value:.{digits}f}" if np.isfinite(value) else "missing"
        colour = _legible(maps.colours(maps.scale(value))) if np.isfinite(value) else MUTED
        axes.text(x + 0.5, y + 0.5, text, ha="center", va="center", fontsize=8, color=colour)
    axes.set_xticks(np.arange(len(ticks[0])) + 0.5, ticks[0])
    axes.set_yticks(np.arange(len(ticks[1])) + 0.5, ticks[1])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set(xlabel=maps.titles[0], ylabel=maps.titles[1])
    axes.set_title(maps.headings[method])


def _legible(background: tuple[float, float, float, float]) -> str:
    """Return near-black or near-white, whichever is more readable on `background`, regardless of the page's theme."""
    red, green, blue, _ = background
    luminance = 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2
    return "#000000" if luminance > 0.18 else "#fdfdfd"


def _extremes(maps: _Maps, method: str) -> str:
    """Return the lowest and the highest score of a map, in words."""
    values = maps.values[method]
    if not np.isfinite(values).any():
        return "missing"

    def at(cell: int) -> str:
        y, x = np.unravel_index(cell, values.shape)
        return f"{values[y, x]:.3g} at {maps.ticks[0][x]} and {maps.ticks[1][y]}"

    return f"lowest {at(int(np.nanargmin(values)))}, highest {at(int(np.nanargmax(values)))}"


def _sheet(maps: _Maps) -> Drawing:
    """Return all maps on one sheet, for papers."""
    columns = min(_COLUMNS, len(maps.values))
    lines = -(-len(maps.values) // columns)
    drawing = blank(maps.size[0] * columns + 0.6, maps.size[1] * lines)
    grid = drawing.subplots(lines, columns, squeeze=False)
    for axes, method in zip(grid.flat, maps.values, strict=False):
        _draw_map(maps, axes, method)
    for axes in grid.flat[len(maps.values) :]:
        axes.set_visible(False)
    bar = drawing.colorbar(grid.flat[0].collections[0], ax=grid, shrink=0.6, pad=0.02, label=score_name(maps.view))
    bar.outline.set_visible(False)
    return drawing
