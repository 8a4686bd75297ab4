"""The first of two loops: every method under every condition, predictions to files, what is there already is kept."""

import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from ...datagen.dataset import Dataset
from ...errors import InputError
from ..questions.labels import Labels
from ..questions.stimulus import Batch, Condition
from ..questions.track import Track
from .method import Diagnosed, LoadedMethod
from .predictions import Answers, Key, is_written, write_predictions


@dataclass(frozen=True)
class Plan:
    """What is to be run: a track on a dataset, methods under conditions, into the folder `run`."""

    track: Track
    dataset: Dataset
    labels: Labels
    methods: Sequence[LoadedMethod]
    conditions: Sequence[Condition]
    run: Path
    split: str | None = None

    def key(self, method: LoadedMethod, condition: Condition) -> Key:
        """Return what names the predictions of `method` under `condition`."""
        return Key(self.track.name, self.dataset.fingerprint, method, condition, len(self.labels), self.split)

    def missing(self, condition: Condition) -> list[LoadedMethod]:
        """Return the methods whose predictions under `condition` are not in the run folder yet."""
        return [method for method in self.methods if not is_written(self.key(method, condition).path(self.run))]


def predict(plan: Plan) -> list[Path]:
    """Compute what is missing and return the prediction files of the whole grid, methods varying fastest."""
    missing = {condition: plan.missing(condition) for condition in plan.conditions}
    open_cells = sum(map(len, missing.values()))
    total, unit = open_cells * len(plan.labels), plan.track.stimulus.noun
    with tqdm(total=total, unit=unit, desc=plan.track.name, disable=not open_cells or None) as bar:
        for condition, methods in missing.items():
            _predict_condition(plan, condition, methods, bar)
    return [plan.key(method, condition).path(plan.run) for condition in plan.conditions for method in plan.methods]


def _predict_condition(plan: Plan, condition: Condition, methods: Sequence[LoadedMethod], bar: "tqdm[Any]") -> None:
    if not methods:
        return
    answers: list[list[Diagnosed]] = [[] for _ in methods]
    seconds = np.zeros(len(methods))
    for batch in plan.track.batches(plan.dataset, plan.labels, condition):
        for k, method in enumerate(methods):
            started = time.perf_counter()
            answers[k].append(_checked(method, batch.copy()))
            seconds[k] += time.perf_counter() - started
            bar.update(len(batch))
    for method, parts, spent in zip(methods, answers, seconds, strict=True):
        write_predictions(plan.run, plan.key(method, condition), plan.labels, _joined(method, parts), float(spent))


def _joined(method: LoadedMethod, parts: Sequence[Diagnosed]) -> Answers:
    """Return the answers to all batches as one."""
    names = [tuple(part.diagnostics) for part in parts]
    if len(set(names)) > 1:
        raise InputError(
            f"method {method.label!r} returned other diagnostics for other batches: {names[0]}, {names[-1]}"
        )
    diagnostics = {name: np.concatenate([np.asarray(p.diagnostics[name]) for p in parts]) for name in names[0]}
    return Answers(np.concatenate([part.prediction for part in parts]), diagnostics)


def _checked(method: LoadedMethod, batch: Batch) -> Diagnosed:
    """Return the method's answer; raises InputError unless there is one finite number a sample."""
    try:
        answer = method.method.predict(batch)
        diagnostics = answer.diagnostics if isinstance(answer, Diagnosed) else {}
        predicted = answer.prediction if isinstance(answer, Diagnosed) else answer
        prediction = np.asarray(predicted, dtype=np.float64)
        columns = {name: np.asarray(values, dtype=np.float64) for name, values in diagnostics.items()}
    except Exception as error:
        if method.is_ours or isinstance(error, InputError):
            raise
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}, line {place.lineno}"
        raise InputError(f"method {method.label!r} raised {type(error).__name__}: {error} ({where})") from error
    _check_shapes(method, batch, {"": prediction, **columns})
    if not np.isfinite(prediction).all():
        name = batch.sample_id[int(np.flatnonzero(~np.isfinite(prediction))[0])]
        raise InputError(f"method {method.label!r} returned a number that is not finite, for the sample {name}")
    return Diagnosed(prediction, columns)


def _check_shapes(method: LoadedMethod, batch: Batch, columns: Mapping[str, npt.NDArray[np.float64]]) -> None:
    for name, values in columns.items():
        if values.shape != (len(batch),):
            what = f" for {name!r}" if name else ""
            raise InputError(f"method {method.label!r} returned shape {values.shape}{what}: expected ({len(batch)},)")
