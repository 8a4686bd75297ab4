"""Predictions on disk: one Parquet file a method and condition, keyed by everything that can change them."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as parquet

from ...digests import digest
from ...errors import InputError
from ...files import written_whole
from ...registry import load_track
from ..questions.labels import Float64, Labels
from ..questions.stimulus import Condition
from .method import LoadedMethod

HARNESS_VERSION = "1"
"""Raised whenever the same method would be given other audio, or its predictions be read otherwise."""


@dataclass(frozen=True)
class Key:
    """Everything that decides the predictions of one method under one condition."""

    track: str
    fingerprint: str
    method: LoadedMethod
    condition: Condition
    samples: int
    split: str | None = None
    """The part of a dataset with splits; None where it has none."""

    def stated(self) -> dict[str, Any]:
        """Return the key as JSON values."""
        split = {} if self.split is None else {"split": self.split}
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
        }

    def path(self, run: Path) -> Path:
        """Return where these predictions lie in the folder `run`."""
        name = re.sub(r"[^A-Za-z0-9.=-]+", "_", f"{self.method.label}--{self.condition.label()}")
        return run / "predictions" / f"{name}--{digest(self.stated())[:12]}.parquet"


@dataclass(frozen=True)
class Answers:
    """What a method said of all samples: its predictions (n,) and its diagnostics by name, each (n,)."""

    prediction: Float64
    diagnostics: Mapping[str, Float64] = field(default_factory=dict)


def write_predictions(run: Path, key: Key, labels: Labels, answers: Answers, seconds: float) -> Path:
    """Write the predictions of one method under one condition; the file appears whole or not at all."""
    frame = pd.DataFrame({"sample_id": labels.sample_id, **labels.groups, **key.condition.columns()})
    frame["prediction"] = answers.prediction
    for name, values in answers.diagnostics.items():
        if name in frame:
            raise InputError(f"method {key.method.label!r}: the diagnostic {name!r} has the name of another column")
        frame[name] = values
    metadata = {**key.stated(), "seconds_per_sample": seconds / max(len(labels), 1)}
    if answers.diagnostics:
        metadata["diagnostics"] = list(answers.diagnostics)
    table = pa.Table.from_pandas(frame, preserve_index=False)
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), b"whence": json.dumps(metadata).encode()})
    path = key.path(run)
    with written_whole(path) as partial:
        parquet.write_table(table, partial)
    return path


@dataclass(frozen=True)
class Predictions:
    """One file of predictions: `frame` with a row a sample, and the metadata it was written with."""

    frame: pd.DataFrame
    metadata: dict[str, Any]

    @property
    def method(self) -> str:
        """The method's label."""
        return str(self.metadata["method"])

    @property
    def condition(self) -> Condition:
        """The condition it was run under."""
        condition: Condition = load_track(self.metadata["track"]).stimulus.condition(**self.metadata["condition"])
        return condition

    @property
    def diagnostics(self) -> dict[str, Float64]:
        """What the method said of each sample besides its prediction, by name, each (n,)."""
        return {name: self.frame[name].to_numpy(dtype=np.float64) for name in self.metadata.get("diagnostics", ())}

    def values(self, labels: Labels) -> Float64:
        """Return the predictions (n,) in the order of `labels`; raises InputError if they are of other samples."""
        if not np.array_equal(self.frame["sample_id"].to_numpy(), labels.sample_id):
            raise InputError(f"predictions of {self.method!r} are of other samples than the dataset's")
        return self.frame["prediction"].to_numpy(dtype=np.float64)


def is_written(path: Path) -> bool:
    """Whether the file `path` holds predictions; one that was damaged is to be computed again."""
    try:
        return path.exists() and bool(read_predictions(path).metadata)
    except InputError:
        return False


def read_predictions(path: Path) -> Predictions:
    """Return the predictions in the file `path`; raises InputError if it is no such file."""
    try:
        table = parquet.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path} cannot be read as predictions: {error}") from None
    metadata = (table.schema.metadata or {}).get(b"whence")
    if metadata is None:
        raise InputError(f"{path} was not written by `whence bench`: its metadata is missing")
    return Predictions(table.to_pandas(), json.loads(metadata))
