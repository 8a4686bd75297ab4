"""The figure of a training report: spectrograms that were true, predicted and given."""

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from ...benchmarks.display.drawing import WIDTH, blank, style
from ...conventions import SAMPLE_RATE

RANGE_DB = 80.0
"""Levels shown below the loudest that is true or given."""


def spectrogram_figure(
    truth: npt.NDArray[np.float32], predicted: npt.NDArray[np.float32], given: npt.NDArray[np.float32]
) -> Figure:
    """Return three levels (bins, frames), dB, side by side on one scale."""
    loudest = float(max(truth.max(), given.max()))
    with style():
        figure = blank(WIDTH, WIDTH * 0.45)
        first = None
        for k, (name, level) in enumerate({"true": truth, "predicted": predicted, "given": given}.items()):
            first = axes = figure.add_subplot(1, 3, k + 1, sharey=first)
            axes.imshow(
                level, origin="lower", aspect="auto", extent=(0, level.shape[1], 0, SAMPLE_RATE / 2000),
                vmin=loudest - RANGE_DB, vmax=loudest, cmap="inferno",
            )  # fmt: skip
            axes.grid(visible=False)
            axes.set_title(name)
            axes.set_xlabel("frame")
            axes.tick_params(labelleft=k == 0)
        figure.axes[0].set_ylabel("frequency (kHz)")
    return figure
