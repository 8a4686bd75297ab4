"""Shared parts of a report's figures: line styles, legends and output files."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from ..display.drawing import COLOURS, DASHES, MARKERS, MUTED, Picture, picture
from ..questions.settings import Setting, Stated
from ..scoring.results import CHANCE
from .view import View


@dataclass(frozen=True)
class Figure:
    """One figure of the report: a heading, one or more pictures of the same kind, and a caption."""

    title: str
    caption: str
    pictures: Sequence[Picture]


@dataclass(frozen=True)
class Slice:
    """A slice of the grid along one `setting` (None if nothing varies); `fixed` names the others."""

    setting: Setting | None
    conditions: Sequence[Stated]
    fixed: str
    suffix: str
    """Suffix of its file names if there are several slices."""

    @property
    def key(self) -> str | None:
        """The key of the setting that varies."""
        return None if self.setting is None else self.setting.key

    @property
    def levels(self) -> list[float | None]:
        """The levels of the setting, from low to high."""
        setting = self.setting
        return [] if setting is None else setting.in_order(c.get(setting.key) for c in self.conditions)

    def at(self, level: float | None) -> Stated:
        """Return the condition with this level."""
        return next(c for c in self.conditions if self.key is None or c.get(self.key) == level)


def slices(view: View, key: str | None = None) -> list[Slice]:
    """Return the pooled grid as slices along the setting `key`, by default the first that varies."""
    key = key or next(iter(view.varying), None)
    setting = None if key is None else view.wording.of(key)
    others = [name for name in view.varying if name != key]
    parts: dict[tuple[float | None, ...], list[Stated]] = {}
    for condition in view.pooled:
        parts.setdefault(tuple(condition.get(name) for name in others), []).append(condition)
    several = len(parts) > 1
    return [
        Slice(setting, part, view.wording.text(part[0], others), f"-{k}" if several else "")
        for k, part in enumerate(parts.values(), start=1)
    ]


def score_name(view: View) -> str:
    """Return the ranking metric and its unit, for an axis."""
    return f"{view.metric.label} ({view.metric.unit})"


def publish(drawing: Drawing, folder: Path, name: str, alt: str) -> Picture:
    """Write `drawing` into `folder` for papers and return it for the page."""
    return picture(drawing, name, alt, folder)


def line_style(view: View, name: str) -> dict[str, Any]:
    """Return a method's line style, the same in all figures: coloured by rank, grey if it ignores its input."""
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


def legend_height(entries: int) -> float:
    """Return the height (inches) of a legend with so many entries below the axes."""
    return 0.17 * -(-entries // 2) + 0.1


def draw_legend(drawing: Drawing, axes: Axes) -> None:
    """Draw the legend of `axes` below them, in two columns."""
    handles, labels = axes.get_legend_handles_labels()
    drawing.legend(handles, labels, loc="outside lower center", ncols=2, columnspacing=1.2, handlelength=2.4)
