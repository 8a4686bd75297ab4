"""The first of two loops: every method under every condition, predictions to files, what is there already is kept."""

import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from ..datagen.dataset import Dataset
from ..errors import InputError
from .conditions import SKIPPED, Condition, block_names, distractor_rows, stereo_batch
from .method import LoadedMethod, StereoBatch
from .predictions import Key, is_written, write_predictions
from .track import Labels, Track

BATCH = 128
"""Clips in memory at once."""
NOTHING_SKIPPED = ("in-the-wild",)
"""Datasets whose published protocol drops no samples (fact sheet 12)."""


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
        return [method for method in self.methods if not is_written(self.key(method, condition).path(self.run))]


def predict(plan: Plan) -> list[Path]:
    """Compute what is missing and return the prediction files of the whole grid, methods varying fastest."""
    missing = {condition: plan.missing(condition) for condition in plan.conditions}
    open_cells = sum(map(len, missing.values()))
    with tqdm(
        total=open_cells * len(plan.labels), unit="clip", desc=plan.track.name, disable=not open_cells or None
    ) as bar:
        for condition, methods in missing.items():
            _predict_condition(plan, condition, methods, bar)
    return [plan.key(method, condition).path(plan.run) for condition in plan.conditions for method in plan.methods]


def _predict_condition(plan: Plan, condition: Condition, methods: Sequence[LoadedMethod], bar: "tqdm[Any]") -> None:
    if not methods:
        return
    predictions: list[list[npt.NDArray[np.float64]]] = [[] for _ in methods]
    seconds = np.zeros(len(methods))
    for batch in batches(plan.dataset, plan.labels, condition):
        for k, method in enumerate(methods):
            started = time.perf_counter()
            predictions[k].append(_checked(method, batch.copy()))
            seconds[k] += time.perf_counter() - started
            bar.update(len(batch))
    for method, parts, spent in zip(methods, predictions, seconds, strict=True):
        write_predictions(plan.run, plan.key(method, condition), plan.labels, np.concatenate(parts), float(spent))


def batches(dataset: Dataset, labels: Labels, condition: Condition) -> Iterator[StereoBatch]:
    """Yield what methods hear of `dataset` under `condition`, in the order of `labels`."""
    talkers = second_talkers(dataset) if condition.distractor is not None else None
    for start in range(0, len(labels), BATCH):
        yield heard(dataset, labels.take(np.arange(start, min(start + BATCH, len(labels)))), condition, talkers)


def heard(dataset: Dataset, labels: Labels, condition: Condition, talkers: npt.NDArray[np.intp] | None) -> StereoBatch:
    """Return what methods hear of the samples `labels`; `talkers` is what `second_talkers` returned."""
    others = None if talkers is None else dataset.audio(talkers[labels.rows])
    skipped = 0 if dataset.name in NOTHING_SKIPPED else SKIPPED
    return stereo_batch(dataset.audio(labels.rows), labels.sample_id, condition, others, skipped)


def second_talkers(dataset: Dataset) -> npt.NDArray[np.intp]:
    """Return for each row of `dataset` that of its second talker, from the same room and nominal RT60.

    It depends on the dataset alone, not on the track or on which samples are scored.
    """
    rooms = dataset.column("room")
    nominal = dataset.column("rt60_nominal") if "rt60_nominal" in dataset else np.zeros(len(dataset))
    return distractor_rows(dataset.column("sample_id").astype(object), block_names(rooms, nominal))


def _checked(method: LoadedMethod, batch: StereoBatch) -> npt.NDArray[np.float64]:
    """Return the method's predictions; raises InputError unless there is one finite number a clip."""
    try:
        prediction = np.asarray(method.method.predict(batch), dtype=np.float64)
    except Exception as error:
        if method.is_ours or isinstance(error, InputError):
            raise
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}, line {place.lineno}"
        raise InputError(f"method {method.label!r} raised {type(error).__name__}: {error} ({where})") from error
    if prediction.shape != (len(batch),):
        raise InputError(f"method {method.label!r} returned shape {prediction.shape}: expected ({len(batch)},)")
    if not np.isfinite(prediction).all():
        name = batch.sample_id[int(np.flatnonzero(~np.isfinite(prediction))[0])]
        raise InputError(f"method {method.label!r} returned a number that is not finite, for the sample {name}")
    return prediction
