"""The first of two loops: run every method under every condition and keep finished predictions in files."""

import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from ...errors import InputError
from ...threads import thread_policy
from ..questions.answer import AnswerKind, Answers
from ..questions.source import Source
from ..questions.stimulus import Batch, Condition, private_copy
from .method import Diagnosed, LoadedMethod
from .predictions import Key, PredictionWriter, metadata_of
from .provenance import noting_files, unchanged
from .shared_work import shared_work, spared_seconds

Diagnostics = dict[str, npt.NDArray[np.float64]]


@dataclass(frozen=True)
class Grid:
    """The methods and conditions to run on a source, into the folder `run`; if `fresh`, whatever lies there."""

    source: Source
    methods: Sequence[LoadedMethod]
    conditions: Sequence[Condition]
    run: Path
    fresh: bool = False

    def key(self, method: LoadedMethod, condition: Condition) -> Key:
        """Return the key of the predictions of `method` under `condition`."""
        source = self.source
        return Key(source.track.name, source.dataset.fingerprint, method, condition, len(source.labels), source.split)

    def missing(self, condition: Condition) -> list[LoadedMethod]:
        """Return the methods whose predictions under `condition` are missing from the run folder or out of date."""
        if self.fresh:
            return list(self.methods)
        paths = {method.label: self.key(method, condition).path(self.run) for method in self.methods}
        return [one for one in self.methods if not (one.reusable and _is_there(paths[one.label], one))]

    def files(self) -> list[Path]:
        """Return the existing prediction files of the grid, methods varying fastest."""
        paths = [self.key(method, condition).path(self.run) for condition in self.conditions for method in self.methods]
        return [path for path in paths if path.exists()]


def _is_there(path: Path, method: LoadedMethod) -> bool:
    """Return whether the file `path` holds predictions of the current version of `method`."""
    try:
        return path.exists() and unchanged(method.folder, metadata_of(path).get("read", {}))
    except InputError:
        return False


@dataclass
class Failures:
    """The methods that failed and their exceptions, in order."""

    by_method: dict[str, Exception] = field(default_factory=dict)

    def raise_first(self) -> None:
        """Raise the exception of the first method that failed, naming the others; do nothing if none failed."""
        if not self.by_method:
            return
        first, *others = self.by_method.values()
        if not isinstance(first, InputError):
            raise first
        more = f"; {', '.join(map(repr, list(self.by_method)[1:]))} failed too" if others else ""
        raise InputError(f"{first}{more}; the methods that finished are kept") from first


def predict(grid: Grid, keep_going: bool = False, warn: Callable[[str], None] = tqdm.write) -> Failures:
    """Compute what is missing and write it into the run folder; return the methods that failed.

    If a method fails, the others finish the condition. The remaining conditions are skipped, unless `keep_going`.
    `warn` is called with a message if answers look as if they were in the wrong unit.
    """
    missing = {condition: grid.missing(condition) for condition in grid.conditions}
    total = sum(map(len, missing.values())) * len(grid.source.labels)
    failures = Failures()
    track = grid.source.track
    with tqdm(total=total, unit=track.stimulus.noun, desc=track.name, disable=None if total else True) as bar:
        for condition, methods in missing.items():
            working = [method for method in methods if method.label not in failures.by_method]
            if not working or (failures.by_method and not keep_going):
                continue
            for group in ([m for m in working if not m.is_oracle], [m for m in working if m.is_oracle]):
                if group:
                    _predict_condition(grid, condition, group, bar, failures, warn)
    return failures


@dataclass
class _Progress:
    """One method under one condition: its answers so far and the seconds they took."""

    method: LoadedMethod
    writer: PredictionWriter
    seconds: float = 0.0


def _predict_condition(
    grid: Grid,
    condition: Condition,
    methods: Sequence[LoadedMethod],
    bar: "tqdm[Any]",
    failures: Failures,
    warn: Callable[[str], None],
) -> None:
    """Run `methods`, all of them oracles or none, under `condition`."""
    answer = grid.source.track.answer
    ready = [method for method in methods if _prepared(method, grid.source, failures)]
    progress = [_Progress(method, PredictionWriter(answer, method.label)) for method in ready]
    bar.update(len(grid.source.labels) * (len(methods) - len(ready)))
    if not progress:
        return
    given = grid.source.revealed if methods[0].is_oracle else grid.source.batches
    for batch in given(grid.source.labels, condition):
        with shared_work():
            for one in list(progress):
                try:
                    _answer(one, batch, answer)
                except Exception as error:  # noqa: BLE001 - whatever a method raises, its neighbours go on
                    failures.by_method[one.method.label] = error
                    progress.remove(one)
                bar.update(len(batch))
        if not progress:
            return
    for one in progress:
        try:
            one.writer.write(grid.run, grid.key(one.method, condition), grid.source.labels, one.seconds)
        except InputError as error:
            failures.by_method[one.method.label] = error
            continue
        try:
            answer.check([one.writer.answers()])
        except InputError as doubt:
            warn(f"warning: method {one.method.label!r}, {condition.label()}: {doubt}")


def _prepared(method: LoadedMethod, source: Source, failures: Failures) -> bool:
    """Let `method` see the source, if it wants to; return whether it can go on."""
    prepare = getattr(method.method, "prepare", None)
    if prepare is not None:
        try:
            prepare(source)
        except Exception as error:  # noqa: BLE001 - whatever a method raises, its neighbours go on
            failures.by_method[method.label] = error
            return False
    return True


def _answer(one: _Progress, batch: Batch, answer: AnswerKind) -> None:
    """Run a method on `batch` and keep what it says."""
    answers, diagnostics, seconds = answered(one.method, batch, answer)
    one.seconds += seconds
    one.writer.add(answers, diagnostics)


def answered(
    method: LoadedMethod, batch: Batch, answer: AnswerKind, *, finite: bool = True
) -> tuple[Answers, Diagnostics, float]:
    """Return what `method` says to a private copy of `batch`: answers (n, ...), diagnostics, seconds.

    Raises InputError unless it gives one answer per sample, and, if `finite`, a finite one.
    """
    own = private_copy(batch)
    try:
        with noting_files() as opened, thread_policy():
            started, spared = time.perf_counter(), spared_seconds()
            given = method.method.predict(own)
            seconds = time.perf_counter() - started + spared_seconds() - spared
        method.opened.update(opened)
        answers, diagnostics = _unpacked(given)
    except Exception as error:
        if method.is_ours or isinstance(error, InputError):
            raise
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}, line {place.lineno}"
        raise InputError(f"method {method.label!r} raised {type(error).__name__}: {error} ({where})") from error
    try:
        answers = answer.fit(answers)
    except InputError as error:
        raise InputError(f"method {method.label!r} returned {error}") from None
    shapes = {"": (answers, answer.shape), **{name: (values, ()) for name, values in diagnostics.items()}}
    _check_shapes(method, batch, shapes)
    if not finite:
        return answer.rounded(answers), diagnostics, seconds
    _check_finite(method, batch, answers, "a number that is not finite")
    answers = answer.rounded(answers)
    _check_finite(method, batch, answers, f"a number too large for {answer.stored}, as which files store it,")
    return answers, diagnostics, seconds


def _check_finite(method: LoadedMethod, batch: Batch, answers: Answers, what: str) -> None:
    finite = np.isfinite(answers).reshape(len(batch), -1).all(axis=1)
    if not finite.all():
        name = batch.sample_id[int(np.argmin(finite))]
        raise InputError(f"method {method.label!r} returned {what} for the sample {name}")


def _unpacked(given: Any) -> tuple[Answers, Diagnostics]:
    """Return a method's output as answers and diagnostics, float64."""
    answers = given.prediction if isinstance(given, Diagnosed) else given
    diagnostics = given.diagnostics if isinstance(given, Diagnosed) else {}
    columns = {name: np.asarray(values, dtype=np.float64) for name, values in diagnostics.items()}
    return np.asarray(answers, dtype=np.float64), columns


def _check_shapes(method: LoadedMethod, batch: Batch, columns: Mapping[str, tuple[Answers, tuple[int, ...]]]) -> None:
    for name, (values, shape) in columns.items():
        if values.shape != (len(batch), *shape):
            what = f" for {name!r}" if name else ""
            expected = f"({', '.join(map(str, (len(batch), *shape)))}{'' if shape else ','})"
            raise InputError(f"method {method.label!r} returned shape {values.shape}{what}: expected {expected}")
