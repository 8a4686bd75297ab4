"""The first of two loops: every method under every condition, predictions to files, what is there already is kept."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from ..datagen.dataset import Dataset
from ..errors import InputError
from .conditions import Condition, distractor_rows, stereo_batch
from .method import LoadedMethod, StereoBatch
from .predictions import Key, write_predictions
from .track import Labels, Track

BATCH = 128
"""Clips in memory at once."""


@dataclass(frozen=True)
class Plan:
    """What is to be run: a track on a dataset, methods under conditions, into the folder `run`."""

    track: Track
    dataset: Dataset
    labels: Labels
    methods: Sequence[LoadedMethod]
    conditions: Sequence[Condition]
    run: Path

    def key(self, method: LoadedMethod, condition: Condition) -> Key:
        """Return what names the predictions of `method` under `condition`."""
        return Key(self.track.name, self.dataset.fingerprint, method, condition, len(self.labels))

    def missing(self, condition: Condition) -> list[LoadedMethod]:
        """Return the methods whose predictions under `condition` are not in the run folder yet."""
        return [method for method in self.methods if not self.key(method, condition).path(self.run).exists()]


def predict(plan: Plan) -> list[Path]:
    """Compute what is missing and return the prediction files of the whole grid, methods varying fastest."""
    open_cells = sum(len(plan.missing(condition)) for condition in plan.conditions)
    with tqdm(
        total=open_cells * len(plan.labels), unit="clip", desc=plan.track.name, disable=not open_cells or None
    ) as bar:
        for condition in plan.conditions:
            _predict_condition(plan, condition, plan.missing(condition), bar)
    return [plan.key(method, condition).path(plan.run) for condition in plan.conditions for method in plan.methods]


def _predict_condition(plan: Plan, condition: Condition, methods: Sequence[LoadedMethod], bar: "tqdm[Any]") -> None:
    if not methods:
        return
    predictions: list[list[npt.NDArray[np.float64]]] = [[] for _ in methods]
    seconds = np.zeros(len(methods))
    for batch in batches(plan.dataset, plan.labels, condition):
        for k, method in enumerate(methods):
            started = time.perf_counter()
            predictions[k].append(_checked(method, batch))
            seconds[k] += time.perf_counter() - started
            bar.update(len(batch))
    for method, parts, spent in zip(methods, predictions, seconds, strict=True):
        write_predictions(plan.run, plan.key(method, condition), plan.labels, np.concatenate(parts), float(spent))


def batches(dataset: Dataset, labels: Labels, condition: Condition) -> Iterator[StereoBatch]:
    """Yield what methods hear of `dataset` under `condition`, in the order of `labels`."""
    talkers = distractor_rows(labels.sample_id, labels.blocks) if condition.distractor is not None else None
    for start in range(0, len(labels), BATCH):
        chosen = slice(start, start + BATCH)
        clips = dataset.audio(labels.rows[chosen])
        others = None if talkers is None else dataset.audio(labels.rows[talkers[chosen]])
        yield stereo_batch(clips, labels.sample_id[chosen], condition, others)


def _checked(method: LoadedMethod, batch: StereoBatch) -> npt.NDArray[np.float64]:
    """Return the method's predictions; raises InputError unless there is one finite number a clip."""
    prediction = np.asarray(method.method.predict(batch), dtype=np.float64)
    if prediction.shape != (len(batch),):
        raise InputError(f"method {method.label!r} returned shape {prediction.shape}: expected ({len(batch)},)")
    if not np.isfinite(prediction).all():
        name = batch.sample_id[int(np.flatnonzero(~np.isfinite(prediction))[0])]
        raise InputError(f"method {method.label!r} returned a number that is not finite, for the sample {name}")
    return prediction
