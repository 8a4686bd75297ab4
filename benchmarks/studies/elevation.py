"""How much of an azimuth's error is the elevation of the source, on the track `azimuth` of homes.

A head without pinnae hears the lateral angle alone: all directions of a cone around the axis of the ears sound alike. A
listener who knows this angle exactly mistakes the azimuth of a source above or below the ears. Reads a run of
`whence bench azimuth` and prints that error beside those of its methods: MAE, degrees, of sources in front, all answers
folded to the front, by how far the source is above or below the ears. Where the set has homes to train on, it also
prints the least error that the lateral angle allows: of the median azimuth that it has in those homes.

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
from ...script import run_script
from ..questions.labels import Labels
from ..questions.metrics import folded_azimuth
from ..questions.source import open_source
from ..running.run import Run, open_run

Float64 = npt.NDArray[np.float64]
BANDS_DEG = (0, 10, 20, 40, 90)
FRONT_DEG, NEAR_DEG = 90.0, 1.5


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


def best_guess(angle: Float64, known: Float64, azimuth: Float64) -> Float64:
    """Return the median azimuth of sources whose lateral angle is about `angle` (n,), degrees, all in front.

    `known` and `azimuth` (m,) are both angles of the sources to learn from; left and right are alike. Where none is
    near, the answer is the angle itself.

    >>> best_guess(np.array([-31.0, 80.0]), np.array([30.0, -30.5, 32.0]), np.array([35.0, -38.0, 70.0])).tolist()
    [-38.0, 80.0]
    """

    def size(one: float) -> float:
        near = np.abs(azimuth[np.abs(np.abs(known) - one) <= NEAR_DEG])
        return float(np.median(near)) if len(near) else one

    return np.asarray(np.sign(angle) * [size(one) for one in np.abs(angle)])


def learned(run: Run) -> tuple[Float64, Float64] | None:
    """Return lateral angle and azimuth (m,), degrees, of the sources in front in the homes to train on, if any."""
    if "split" not in run.dataset or "train" not in run.dataset.column("split").tolist():
        return None
    labels = open_source(run.track, run.dataset, "train").labels
    azimuth = np.asarray(labels.truth, dtype=np.float64)
    front = np.abs(azimuth) <= FRONT_DEG
    return lateral(azimuth, elevations(run.dataset, labels))[front], azimuth[front]


def rows(run: Run) -> Iterator[dict[str, object]]:
    """Yield the mean errors of each method and condition of a run, and those of a known lateral angle."""
    truth = np.asarray(run.labels.truth, dtype=np.float64)
    elevation = elevations(run.dataset, run.labels)
    front = np.abs(truth) <= FRONT_DEG
    known, homes = lateral(truth, elevation), learned(run)
    yield {"method": "known lateral angle", **by_band((known - truth)[front], elevation[front])}
    if homes is not None:
        guess = best_guess(known[front], *homes)
        yield {"method": "best guess from it", **by_band(guess - truth[front], elevation[front])}
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
    run_script(main)
