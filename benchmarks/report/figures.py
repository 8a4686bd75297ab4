"""What the figures of a report share: the looks of each method's line, legends, and where they are written."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from ..display.drawing import COLOURS, DASHES, MARKERS, MUTED, Picture, picture, save
from ..scoring.results import CHANCE
from .view import Stated, View, in_order, stated_text

WIDTH = 5.0
"""Inches: readable on a phone, half a page on a desk."""


@dataclass(frozen=True)
class Figure:
    """One figure of the report: a heading, one or more pictures of the same kind, and a caption."""

    title: str
    caption: str
    pictures: Sequence[Picture]


@dataclass(frozen=True)
class Slice:
    """A part of the grid in which one setting varies (`key`, None: nothing does); `fixed` names the others."""

    key: str | None
    conditions: Sequence[Stated]
    fixed: str
    suffix: str
    """Of the names of its files, where there are several slices."""

    @property
    def levels(self) -> list[float | None]:
        """The levels of the setting, from low to high."""
        return [] if self.key is None else in_order(self.key, [c.get(self.key) for c in self.conditions])

    def at(self, level: float | None) -> Stated:
        """Return the condition with this level."""
        return next(c for c in self.conditions if self.key is None or c.get(self.key) == level)


def slices(view: View) -> list[Slice]:
    """Return the pooled grid as slices along its first varying setting."""
    key, others = (view.varying[0] if view.varying else None), view.varying[1:]
    parts: dict[tuple[float | None, ...], list[Stated]] = {}
    for condition in view.pooled:
        parts.setdefault(tuple(condition.get(name) for name in others), []).append(condition)
    several = len(parts) > 1
    return [
        Slice(key, part, stated_text(part[0], others), f"-{k}" if several else "")
        for k, part in enumerate(parts.values(), start=1)
    ]


def score_name(view: View) -> str:
    """Return the metric that ranks and its unit, for an axis."""
    return f"{view.metric.label} ({view.metric.unit})"


def publish(drawing: Drawing, folder: Path, name: str, alt: str) -> Picture:
    """Write `drawing` into `folder` for papers and return it for the page."""
    save(drawing, folder, name)
    return picture(drawing, name, alt)


def line_style(view: View, name: str) -> dict[str, Any]:
    """Return the looks of a method's line, the same in all figures: colours go by rank, grey answers blindly."""
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
    """Return the inches that a legend of so many entries needs below the axes."""
    return 0.17 * -(-entries // 2) + 0.1


def draw_legend(drawing: Drawing, axes: Axes) -> None:
    """Draw the legend of `axes` below them, in two columns."""
    handles, labels = axes.get_legend_handles_labels()
    drawing.legend(handles, labels, loc="outside lower center", ncols=2, columnspacing=1.2, handlelength=2.4)
