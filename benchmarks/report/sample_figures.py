"""The figures of a report clip by clip, at one condition: error distribution, predicted against true, azimuth."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from ...conventions import SAMPLE_RATE
from ..metrics import MS_PER_SECOND, TENTH_MS
from .drawing import GRID, MUTED, POINT, axes_of, plain_name
from .figures import WIDTH, Figure, cluster_noun, draw_legend, legend_height, line_style, publish, score_name
from .view import View, capitalised

Float64 = npt.NDArray[np.float64]

_LARGEST_MS, _SMALLEST_MS = 3.0, 2e-3
_MOST_POINTS = 20_000
_AZIMUTH_BIN_DEG = 15.0


def error_distribution(view: View, folder: Path) -> Figure | None:
    """Return how the errors are distributed at the middle of the grid: cumulative, a line a method."""
    names = [*view.listening, *(name for name in view.methods if name not in view.listening)]
    drawing, axes = axes_of(WIDTH, 3.1 + legend_height(len(names)))
    for name in names:
        terms = view.terms(name, view.middle)
        if terms is not None:
            look = {k: v for k, v in line_style(view, name).items() if k != "marker"}
            x, y = _cumulative(view, terms)
            axes.plot(x, y, label=plain_name(name), **look)
    (_error_axis if view.measures_delay else _accuracy_axis)(view, axes)
    draw_legend(drawing, axes)
    what = "absolute error" if view.measures_delay else f"accuracy within {cluster_noun(view)}"
    title = f"Distribution of the {what}"
    alt = f"{title}, {view.text(view.middle)}: cumulative, one line a method, best first {', '.join(view.methods)}."
    note = (
        "Share of clips whose error is at most the value below; dotted: one sample, and 0.1 ms"
        if view.measures_delay
        else f"Share of {cluster_noun(view)} on whose clips a method reaches at most the accuracy below"
    )
    caption = f"{note}. {capitalised(view.text(view.middle))}."
    return Figure(title, caption, [publish(drawing, folder, "error-distribution", alt)])


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
    noun = cluster_noun(view)
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
        alt = f"Predicted against true delay of {name}: {100 * within:.0f} % lie within 0.1 ms of the diagonal."
        pictures.append(publish(drawing, folder, f"predicted-{k + 1}", alt))
    where = capitalised(view.text(view.middle))
    caption = f"Each point is a clip, the line is the truth, positive: left leads. {where}."
    return Figure("Predicted against true delay", caption, pictures)


def _far(delay_ms: Float64) -> float:
    """Return the delay within which 99.5 % of the predictions lie, so that one stray does not squeeze the rest."""
    return float(np.quantile(np.abs(delay_ms), 0.995))


def _draw_scatter(axes: Axes, truth: Float64, predicted: Float64, reach: float, name: str) -> None:
    every = slice(None, None, 1 + len(truth) // _MOST_POINTS)
    opacity = float(np.clip(60 / np.sqrt(len(truth)) / 4, 0.2, 0.8))
    axes.plot([-reach, reach], [-reach, reach], color=MUTED, linewidth=1)
    inside = np.clip(predicted[every], -reach, reach)
    axes.scatter(truth[every], inside, s=9, color=POINT, alpha=opacity, linewidths=0, rasterized=True)
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    axes.set(xlabel="true delay (ms)", ylabel="predicted delay (ms)")
    axes.set_title(plain_name(name))


def accuracy_by_azimuth(view: View, folder: Path) -> Figure | None:
    """Return the accuracy of the listening methods by azimuth; None where the dataset or the run has none."""
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
    alt = f"Accuracy by azimuth, {view.text(view.middle)}: one line a method, best first {', '.join(names)}."
    caption = f"Mean over bins of {_AZIMUTH_BIN_DEG:g} degrees. {capitalised(view.text(view.middle))}."
    return Figure("Accuracy by azimuth", caption, [publish(drawing, folder, "accuracy-by-azimuth", alt)])
