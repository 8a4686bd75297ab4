"""How much of an azimuth's error is the elevation of the source, on the track `azimuth` of homes.

A head without pinnae hears the lateral angle alone: all directions of a cone around the axis of the ears sound alike. A
listener who knows this angle exactly mistakes the azimuth of a source above or below the ears. Reads a run of
`whence bench azimuth` and prints that error beside those of its methods: MAE, degrees, of sources in front, all answers
folded to the front, by how far the source is above or below the ears.

    python -m whence.benchmarks.studies.elevation runs/azimuth
"""

import argparse
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...datagen.dataset import Dataset
from ...errors import InputError
from ..questions.labels import Labels
from ..questions.metrics import folded_azimuth
from ..running.run import Run, open_run

Float64 = npt.NDArray[np.float64]
BANDS_DEG = (0, 10, 20, 40, 90)


def elevations(dataset: Dataset, labels: Labels) -> Float64:
    """Return the elevation (n,), degrees, up positive, of the source that each sample asks for, seen from the head.

    Raises InputError for sets without positions.
    """
    if "source_position" not in dataset or "camera_position" not in dataset:
        raise InputError(f"{dataset.url}: has no positions of sources; give a run on a set of homes")
    source, view = labels.within.T
    head = dataset.column("camera_position")[labels.rows, view]
    towards = dataset.column("source_position")[labels.rows, source] - head
    return np.asarray(np.degrees(np.arctan2(towards[:, 1], np.hypot(towards[:, 0], towards[:, 2]))))


def lateral(azimuth: Float64, elevation: Float64) -> Float64:
    """Return the angle (n,), degrees, left positive, from the plane in which both ears hear the same.

    >>> lateral(np.array([90.0, 90.0]), np.array([0.0, 60.0])).round(6).tolist()
    [90.0, 30.0]
    """
    return np.asarray(np.degrees(np.arcsin(np.sin(np.radians(azimuth)) * np.cos(np.radians(elevation)))))


def rows(run: Run) -> Iterator[dict[str, object]]:
    """Yield the mean errors of each method and condition of a run, and those of a known lateral angle."""
    truth = np.asarray(run.labels.truth, dtype=np.float64)
    elevation = elevations(run.dataset, run.labels)
    front = np.abs(truth) <= 90
    yield {"method": "known lateral angle", **by_band((lateral(truth, elevation) - truth)[front], elevation[front])}
    for scored in run.scored:
        if scored.file is not None:
            answers = folded_azimuth(pd.read_parquet(scored.file)["prediction"].to_numpy(np.float64))
            name = f"{scored.method}, reverberation {scored.condition['reverberation']:g}"
            yield {"method": name, **by_band((answers - truth)[front], elevation[front])}


def by_band(error: Float64, elevation: Float64) -> dict[str, float]:
    """Return the mean |error| overall and in each band of |elevation| that has samples."""
    found = {"all": float(np.abs(error).mean())}
    for low, high in pairwise(BANDS_DEG):
        own = (np.abs(elevation) >= low) & (np.abs(elevation) < high)
        if own.any():
            found[f"{low} to {high} deg, n = {own.sum()}"] = float(np.abs(error[own]).mean())
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the errors of a run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="folder of a bench of the track azimuth")
    print(pd.DataFrame(rows(open_run(parser.parse_args(arguments).run))).to_markdown(index=False, floatfmt=".2f"))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
