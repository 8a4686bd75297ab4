"""How much memory scoring takes: 10 methods under 5 conditions, 5,000 maps of 56 x 56 each, and their true boxes.

The prediction files are written first, by another process; then they are scored as `whence bench` does it. Exit code 1
if the scoring process needs more than 1 GB.

    python -m whence.benchmarks.speed.score_maps
"""

import argparse
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ...script import run_script
from ..questions.answer import AnswerKind, Answers
from ..questions.labels import Labels, arrays_of_truth
from ..questions.metrics import Metric, Vector
from ..questions.stimulus import Stimulus
from ..questions.track import Track
from ..running.method import LoadedMethod
from ..running.predictions import Key, PredictionWriter, score_file
from ..scoring.results import score
from ..stimuli.view_pairs.batch import ViewPairBatch
from ..stimuli.view_pairs.condition import AsStored
from .script import speed_parser

SIZE, TOGETHER = 56, 500
LIMIT_MEGABYTES = 1000


@dataclass(frozen=True)
class Numbered(AsStored):
    """One of several conditions."""

    number: int = 0

    def stated(self) -> dict[str, float | int | None]:
        """Return the number."""
        return {"number": self.number}

    def label(self) -> str:
        """Return the number."""
        return f"condition {self.number}"


def _mass_in_boxes(truth: Any, answers: Answers) -> Vector:
    """Return the share (n,) of each map that lies inside its boxes, in per cent."""
    inside = box_maps(truth)
    return np.asarray(100 * (inside * answers).sum(axis=(1, 2)) / answers.sum(axis=(1, 2)))


def box_maps(truth: Any) -> Answers:
    """Return maps (n, 56, 56), 1 inside the boxes of `truth` (n,) and 0 outside."""
    maps = np.zeros((len(truth), SIZE, SIZE))
    for one, boxes in zip(maps, truth, strict=True):
        for x0, y0, x1, y1 in np.rint(boxes * SIZE).astype(int):
            one[y0:y1, x0:x1] = 1
    return maps


def everywhere(labels: Labels) -> Answers:
    """Return the same even map for every sample."""
    return np.ones((len(labels), SIZE, SIZE))


def true_maps(labels: Labels) -> Answers:
    """Return the maps of the true boxes."""
    return box_maps(labels.truth)


MASS = Metric("mass_in_boxes", "mass in boxes", "%", True, _mass_in_boxes, "mean")
TRACK = Track(
    name="score-maps",
    question="Where?",
    datasets=(),
    stimulus=Stimulus("map", "see", "look", Numbered, ViewPairBatch, TOGETHER, (), (), lambda *_: iter(())),
    answer=AnswerKind("a map", (SIZE, SIZE), "float16"),
    metrics=(MASS,),
    read_labels=lambda _: labels_of(1),
    chance=everywhere,
    ceiling=true_maps,
    default_conditions=(Numbered(),),
    default_methods=(),
)


class Nobody:
    """A method whose answers are drawn."""

    version: ClassVar[str] = "1"
    tracks: ClassVar[tuple[str, ...]] = ("score-maps",)
    ignores_input = True

    def predict(self, batch: Any) -> Answers:
        """Return nothing: the files are written without it."""
        raise NotImplementedError


def labels_of(samples: int) -> Labels:
    """Return as many samples of fifty scenes, each with one or two boxes."""
    rng = np.random.default_rng(0)
    names = np.array([f"sample-{k}" for k in range(samples)], dtype=object)
    corners = rng.uniform(0, 0.5, (samples, 2, 2))
    boxes = np.concatenate([corners, corners + 0.3], axis=2)
    truth = arrays_of_truth([one[: 1 + k % 2] for k, one in enumerate(boxes)])
    scenes = np.array([f"scene-{k % 50}" for k in range(samples)], dtype=object)
    return Labels(np.arange(samples), names, truth, scenes, {}, cluster_name="scene")


def write_files(folder: Path, samples: int, methods: int, conditions: int) -> None:
    """Write a file of drawn maps for every method and condition."""
    labels, rng = labels_of(samples), np.random.default_rng(1)
    for name in range(methods):
        for number in range(conditions):
            loaded = LoadedMethod(f"method-{name}", Nobody(), {}, "")
            writer = PredictionWriter(TRACK.answer, loaded.label)
            for start in range(0, samples, TOGETHER):
                writer.add(rng.uniform(0.1, 1, (min(TOGETHER, samples - start), SIZE, SIZE)), {})
            writer.write(folder, Key(TRACK.name, "0" * 64, loaded, Numbered(number), samples), labels, 1.0)


def main(arguments: Sequence[str]) -> int:
    """Print time and memory; return 1 where they are too much."""
    options = parse(arguments)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        sizes = (options.samples, options.methods, options.conditions)
        writer = multiprocessing.get_context("spawn").Process(target=write_files, args=(Path(folder), *sizes))
        writer.start()
        writer.join()
        files = sorted((Path(folder) / "predictions").iterdir())
        size = sum(file.stat().st_size for file in files)
        started = time.perf_counter()
        labels = labels_of(options.samples)
        results = score(TRACK, labels, [score_file(file, TRACK, labels) for file in files], {}, "paper")
        seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{len(files)} files, {size / 1e6:,.0f} MB: {len(results.rows)} scores in {seconds:.1f} s, peak {peak:.0f} MB"
    )
    return 1 if peak > LIMIT_MEGABYTES else 0


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options."""
    parser = speed_parser(__doc__)
    parser.add_argument("--samples", type=int, default=5000, help="maps in a file")
    parser.add_argument("--methods", type=int, default=10, help="how many")
    parser.add_argument("--conditions", type=int, default=5, help="how many")
    parser.add_argument("--folder", help="where the files are written for the time being")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    run_script(main)
