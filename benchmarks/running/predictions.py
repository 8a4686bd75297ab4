"""Predictions on disk: one Parquet file for each method and condition, keyed by everything that can change them."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as parquet

from ...digests import digest
from ...errors import InputError
from ...files import written_whole
from ...registry import load_track
from ..questions.answer import AnswerKind, Answers
from ..questions.labels import Labels
from ..questions.stimulus import Condition, columns_of
from ..questions.track import Track
from ..scoring.scored import Scored, joined, settled, terms_of
from .method import LoadedMethod

HARNESS_VERSION = "2"
"""Incremented when a method's input or the reading of its predictions changes."""
GROUP_BYTES = 2**24
"""Bytes of answers written and read at once."""


@dataclass(frozen=True)
class Key:
    """Everything that decides the predictions of one method under one condition."""

    track: str
    fingerprint: str
    method: LoadedMethod
    condition: Condition
    samples: int
    split: str | None = None
    """The split of the dataset; None if it has no splits."""

    def stated(self) -> dict[str, Any]:
        """Return the key as JSON values."""
        split = {} if self.split is None else {"split": self.split}
        files = {"files": dict(self.method.files)} if self.method.files else {}
        return {
            "harness": HARNESS_VERSION,
            "track": self.track,
            "fingerprint": self.fingerprint,
            "method": self.method.label,
            "version": self.method.version,
            "parameters": dict(self.method.parameters),
            "source": self.method.source,
            "condition": self.condition.stated(),
            "samples": self.samples,
            **split,
            **files,
        }

    def path(self, run: Path) -> Path:
        """Return the path of these predictions in the folder `run`."""
        name = re.sub(r"[^A-Za-z0-9.=-]+", "_", f"{self.method.label}--{self.condition.label()}")
        return run / "predictions" / f"{name[:160]}--{digest(self.stated())[:12]}.parquet"


class PredictionWriter:
    """Collects the answers of one method under one condition, in the stored type, and writes them at the end."""

    def __init__(self, answer: AnswerKind, method: str) -> None:
        """Collect answers of this kind from the method `method`."""
        self._answer, self._method = answer, method
        self._answers: list[pa.Array] = []
        self._diagnostics: list[Mapping[str, npt.NDArray[np.float64]]] = []

    def add(self, answers: Answers, diagnostics: Mapping[str, npt.NDArray[np.float64]]) -> None:
        """Add the `answers` (n, *shape) to a batch and its `diagnostics`, by name, each (n,)."""
        known = self._diagnostics[:1]
        if known and tuple(known[0]) != tuple(diagnostics):
            raise InputError(
                f"method {self._method!r} returned different diagnostics for different batches: "
                f"{tuple(known[0])}, {tuple(diagnostics)}"
            )
        self._answers.append(self._answer.column(answers))
        self._diagnostics.append(diagnostics)

    def answers(self) -> Answers:
        """Return all answers so far (n, *shape), as a file would return them."""
        return np.concatenate([self._answer.values(part) for part in self._answers])

    def write(self, run: Path, key: Key, labels: Labels, seconds: float) -> Path:
        """Write the file, whole or not at all; `seconds` is the total time of all answers."""
        columns: dict[str, Any] = {"sample_id": pa.array(labels.sample_id, pa.string())}
        columns |= {name: np.asarray(values) for name, values in labels.groups.items()}
        columns |= {name: np.full(len(labels), value) for name, value in columns_of(key.condition).items()}
        columns["prediction"] = pa.chunked_array(self._answers, self._answer.column_type)
        names = tuple(self._diagnostics[0]) if self._diagnostics else ()
        for name in names:
            if name in columns:
                raise InputError(f"method {key.method.label!r}: the diagnostic {name!r} has the name of another column")
            columns[name] = np.concatenate([part[name] for part in self._diagnostics])
        metadata = {
            **key.stated(),
            "seconds_per_sample": seconds / max(len(labels), 1),
            "ignores_input": key.method.ignores_input,
            **({"oracle": True} if key.method.is_oracle else {}),
            "read": key.method.files_read(),
        }
        if names:
            metadata["diagnostics"] = list(names)
        table = pa.table(columns).replace_schema_metadata({b"whence": json.dumps(metadata).encode()})
        path = key.path(run)
        with written_whole(path) as partial:
            parquet.write_table(table, partial, use_dictionary=False, row_group_size=rows_together(self._answer))
        return path


def rows_together(answer: AnswerKind) -> int:
    """Return how many rows are written and read at once."""
    return max(1, GROUP_BYTES // answer.nbytes)


@dataclass(frozen=True)
class Predictions:
    """One file of predictions: `frame` with a row a sample, its answers (n, *shape), and its metadata."""

    frame: pd.DataFrame
    answers: Answers
    metadata: Mapping[str, Any]

    @property
    def method(self) -> str:
        """The method's label."""
        return str(self.metadata["method"])


def metadata_of(path: Path) -> dict[str, Any]:
    """Return the metadata of the predictions file `path`; raises InputError if it is not one."""
    try:
        metadata = (parquet.read_schema(path).metadata or {}).get(b"whence")
        if metadata is None:
            raise InputError(f"{path} was not written by `whence bench`: its metadata is missing")
        content = dict(json.loads(metadata))
        return content | {key: content[key] for key in ("track", "fingerprint", "method", "condition", "samples")}
    except (OSError, pa.ArrowException, TypeError, KeyError) as error:
        raise InputError(f"{path} cannot be read as predictions: {error}") from None
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path} cannot be read as predictions: {error}") from None


def read_predictions(path: Path) -> Predictions:
    """Return everything in the file `path`; raises InputError if it holds no predictions."""
    metadata = metadata_of(path)
    answer: AnswerKind = load_track(metadata["track"]).answer
    table = pa.Table.from_batches(list(_batches(path, answer)))
    answers = answer.values(table["prediction"].combine_chunks())
    frame = table.to_pandas() if not answer.shape else table.drop_columns("prediction").to_pandas()
    return Predictions(frame, answers, metadata)


def score_file(path: Path, track: Track, labels: Labels) -> Scored:
    """Return the terms of the answers in the file `path`, which is read in chunks.

    Raises InputError if it holds no predictions, predictions for other labels, or answers that are not finite.
    """
    metadata, answer = metadata_of(path), track.answer
    said = tuple(metadata.get("diagnostics", ()))
    parts, diagnostics, start, first = [], {name: [np.empty(0)] for name in said}, 0, None
    varies = False
    for batch in _batches(path, answer):
        stop = start + batch.num_rows
        if not np.array_equal(batch["sample_id"].to_numpy(zero_copy_only=False), labels.sample_id[start:stop]):
            raise InputError(f"{path} holds predictions for other samples than the dataset's")
        answers = finite_answers(answer.values(batch["prediction"]), path)
        parts.append(terms_of(track.metrics, labels.take(np.arange(start, stop)), answers))
        for name in said:
            diagnostics[name].append(batch[name].to_numpy(zero_copy_only=False))
        first = answers[:1] if first is None else first
        varies = varies or bool((answers != first).any())
        start = stop
    if start != len(labels):
        raise InputError(f"{path} holds predictions for {start} of {len(labels)} samples: remove it, bench again")
    return Scored(
        method=str(metadata["method"]),
        condition=metadata["condition"],
        terms=settled(track.metrics, labels.truth, joined(parts, track.metrics)),
        seconds_per_sample=float(metadata["seconds_per_sample"]),
        diagnostics={name: np.concatenate(values) for name, values in diagnostics.items()},
        listens=not metadata.get("ignores_input") and (varies or len(labels) == 1),
        file=path,
        metadata=metadata,
    )


def finite_answers(answers: Answers, where: object) -> Answers:
    """Return `answers` (n, ...); raises InputError if one is not finite."""
    finite = np.isfinite(answers).reshape(len(answers), -1).all(axis=1)
    if not finite.all():
        raise InputError(f"{where}: {np.count_nonzero(~finite)} answers are not finite numbers")
    return answers


def _batches(path: Path, answer: AnswerKind) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a file in chunks; raises InputError if it is damaged or holds another kind of answer."""
    try:
        with parquet.ParquetFile(path) as file:
            if "prediction" not in file.schema_arrow.names or "sample_id" not in file.schema_arrow.names:
                raise InputError(f"{path} lacks the columns sample_id and prediction: remove it, bench again")
            found = file.schema_arrow.field("prediction").type
            if found != answer.column_type:
                raise InputError(f"{path} holds answers of type {found}: expected {answer.column_type}")
            yield from file.iter_batches(batch_size=rows_together(answer))
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path} cannot be read as predictions: {error}") from None
