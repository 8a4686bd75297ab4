"""The figure of a training report: answers on validation clips against the truth."""

from matplotlib.figure import Figure

from ...benchmarks.display.drawing import BLUE, MUTED, WIDTH, axes_of, style

SHOWN_CLIPS = 250
LARGEST_MS = 1.6


def answers_figure(truth: list[float], answers: list[float], classical: list[float]) -> Figure:
    """Return a scatter of the `answers` of the model and of GCC-PHAT against `truth`, all in ms."""
    with style():
        figure, axes = axes_of(WIDTH, WIDTH)
        axes.plot([-LARGEST_MS, LARGEST_MS], [-LARGEST_MS, LARGEST_MS], color=MUTED, linewidth=0.8)
        axes.scatter(truth, classical, s=9, color=MUTED, marker="x", linewidths=0.8, label="GCC-PHAT")
        axes.scatter(truth, answers, s=9, color=BLUE, label="the model")
        axes.set_xlabel("true delay (ms)")
        axes.set_ylabel("answer (ms)")
        axes.legend()
    return figure
