"""Figures of single samples under one condition: error distribution, predicted against true, azimuth."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from ..display.drawing import GRID, MUTED, POINT, WIDTH, axes_of, fitted, plain_name
from ..questions.quantities import Quantity
from .figures import Figure, draw_legend, legend_height, line_style, publish, score_name
from .view import View, capitalised

Float64 = npt.NDArray[np.float64]

_MOST_POINTS = 20_000
_AZIMUTH_BIN_DEG = 15.0
_SIDE = 3.7
"""Side of a scatter plot, inches."""


def error_distribution(view: View, folder: Path) -> Figure | None:
    """Return the cumulative error distribution under the middle condition, one line for each method."""
    names = [*view.listening, *(name for name in view.methods if name not in view.listening)]
    drawing, axes = axes_of(WIDTH, 3.1 + legend_height(len(names)))
    for name in names:
        terms = view.terms(name, view.middle)
        if terms is not None:
            look = {k: v for k, v in line_style(view, name).items() if k != "marker"}
            x, y = _cumulative(view, terms)
            axes.plot(x, y, label=plain_name(name), **look)
    if view.quantity is None:
        _accuracy_axis(view, axes)
    else:
        _error_axis(view, view.quantity, axes)
    draw_legend(drawing, axes)
    what = f"accuracy within {view.cluster_noun}" if view.quantity is None else "absolute error"
    title = f"Distribution of the {what}"
    alt = f"{title}, {view.text(view.middle)}: cumulative, one line per method, best first {', '.join(view.methods)}."
    note = (
        f"Share of {view.cluster_noun} on whose {view.noun}s a method reaches at most the accuracy below"
        if view.quantity is None
        else f"Share of {view.noun}s whose error is at most the value below; dotted: {view.quantity.marks_text}"
    )
    caption = f"{note}. {capitalised(view.text(view.middle))}."
    return Figure(title, caption, [publish(drawing, folder, "error-distribution", alt)])


def _cumulative(view: View, terms: Float64) -> tuple[Float64, Float64]:
    """Return the cumulative distribution of errors, or of the accuracy (%) of each speaker or video."""
    if view.quantity is not None:
        values = np.maximum(terms[np.isfinite(terms)], view.quantity.error_range[0])
    else:
        counted = np.isfinite(terms)
        codes = np.unique(view.run.labels.clusters[counted].astype(str), return_inverse=True)[1]
        values = np.bincount(codes, terms[counted]) / np.bincount(codes)
    share = np.linspace(0, 100, min(len(values), 300) + 1)
    quantiles = np.quantile(values, share / 100, method="inverted_cdf")
    end = 100.0 if view.quantity is None else view.quantity.error_range[1]
    return np.append(quantiles, max(end, quantiles[-1])), np.append(share, 100)


def _error_axis(view: View, quantity: Quantity, axes: Axes) -> None:
    axes.set_xscale("log")
    axes.set_xticks(quantity.error_ticks, [f"{tick:g}" for tick in quantity.error_ticks])
    axes.set_xticks([], minor=True)
    for mark in quantity.error_marks:
        axes.axvline(mark, color=MUTED, linestyle=":", linewidth=1)
    axes.set(
        xlim=quantity.error_range,
        ylim=(0, 101),
        xlabel=f"absolute error ({quantity.unit})",
        ylabel=f"share of {view.noun}s (%)",
    )


def _accuracy_axis(view: View, axes: Axes) -> None:
    noun = view.cluster_noun
    axes.set(
        xlim=(-1, 101),
        ylim=(0, 101),
        xlabel=f"accuracy (%) within the {noun[:-1]}",
        ylabel=f"share of {noun} (%)",
    )


def predicted_against_true(view: View, quantity: Quantity, folder: Path) -> Figure | None:
    """Return predicted against true for the best listening method and the reference; None if none listens."""
    best, reference = view.best(view.middle), view.run.track.reference
    names = [best, *(n for n in (reference,) if n in view.listening and n != best)]
    shown = {name: view.answers(name, view.middle) for name in names if name is not None}
    drawn = {name: quantity.in_unit(predicted) for name, predicted in shown.items() if predicted is not None}
    if not drawn:
        return None
    truth = quantity.in_unit(view.run.labels.truth)
    reach = 1.08 * max(1e-3, float(np.abs(truth).max()), *map(_far, drawn.values()))
    pictures = []
    for k, (name, predicted) in enumerate(drawn.items()):
        drawing = _scatter(quantity, truth, predicted, min(reach, 185.0) if quantity.circular else reach, name)
        within = float(np.mean(np.abs(quantity.in_unit(shown[name] - view.run.labels.truth)) <= quantity.good))
        alt = (
            f"Predicted against true {quantity.name} of {name}: "
            f"{100 * within:.0f} % lie within {quantity.good:g} {quantity.unit} of the diagonal."
        )
        pictures.append(publish(drawing, folder, f"predicted-{k + 1}", alt))
    where = capitalised(view.text(view.middle))
    caption = f"Each point is a {view.noun}, the line is the truth, positive: {quantity.sides[0]}. {where}."
    return Figure(f"Predicted against true {quantity.name}", caption, pictures)


def _far(values: Float64) -> float:
    """Return the range of 99.5 % of the predictions, so that outliers do not squeeze the plot."""
    return float(np.quantile(np.abs(values), 0.995))


def _scatter(quantity: Quantity, truth: Float64, predicted: Float64, reach: float, name: str) -> Drawing:
    drawing, axes = axes_of(_SIDE, _SIDE)
    every = slice(None, None, 1 + len(truth) // _MOST_POINTS)
    opacity = float(np.clip(60 / np.sqrt(len(truth)) / 4, 0.2, 0.8))
    axes.plot([-reach, reach], [-reach, reach], color=MUTED, linewidth=1)
    inside = np.clip(predicted[every], -reach, reach)
    axes.scatter(truth[every], inside, s=9, color=POINT, alpha=opacity, linewidths=0, rasterized=True)
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    unit = f"{quantity.name} ({quantity.unit})"
    axes.set(xlabel=f"true {unit}", ylabel=f"predicted {unit}")
    axes.set_title(fitted(plain_name(name), _SIDE - 0.7))
    return drawing


def accuracy_by_azimuth(view: View, folder: Path) -> Figure | None:
    """Return the accuracy of the listening methods by azimuth; None if there are no methods or azimuths."""
    names = [name for name in view.listening if view.terms(name, view.middle) is not None]
    if "azimuth" not in view.run.dataset or not names:
        return None
    azimuth = view.run.dataset.column("azimuth")[view.run.labels.rows].astype(np.float64)
    drawing, axes = axes_of(WIDTH, 3.1 + legend_height(len(names)))
    bins = np.floor(azimuth / _AZIMUTH_BIN_DEG)
    levels, codes = np.unique(bins, return_inverse=True)
    for name in names:
        terms = view.terms(name, view.middle)
        assert terms is not None
        means = np.bincount(codes, terms) / np.bincount(codes)
        axes.plot((levels + 0.5) * _AZIMUTH_BIN_DEG, means, label=plain_name(name), **line_style(view, name))
    axes.axhline(50, color=GRID, linewidth=1.2)
    axes.invert_xaxis()
    axes.set(xlabel="azimuth (degrees, left is positive)", ylabel=score_name(view))
    draw_legend(drawing, axes)
    alt = f"Accuracy by azimuth, {view.text(view.middle)}: one line per method, best first {', '.join(names)}."
    caption = f"Mean over bins of {_AZIMUTH_BIN_DEG:g} degrees. {capitalised(view.text(view.middle))}."
    return Figure("Accuracy by azimuth", caption, [publish(drawing, folder, "accuracy-by-azimuth", alt)])
