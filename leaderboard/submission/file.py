"""A submission: one Parquet file with a method's predictions for every sample under every condition, and its card.

Columns: `condition` (int32, the place in the metadata's `conditions`), `sample_id` (string), `prediction` (double).
Metadata, under the key `whence`: a `Header` as JSON. The file comes from strangers: it is read through
`parquet_guard`, and nothing in it is ever executed or unpickled.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as parquet
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from ...benchmarks.running.predictions import HARNESS_VERSION
from ...errors import InputError
from ...files import written_whole
from .card import Card, ShortText, first_fault, plain_name
from .parquet_guard import Limits, one_line, open_guarded

FORMAT = 1
KEY = b"whence"
COLUMNS = {"condition": "INT32", "sample_id": "BYTE_ARRAY", "prediction": "DOUBLE"}
"""The columns of a submission and their physical types in Parquet."""
SCHEMA = pa.schema([("condition", pa.int32()), ("sample_id", pa.string()), ("prediction", pa.float64())])
HEADER_BYTES = 65_536
"""Bytes of the longest header."""
MOST_CONDITIONS = 200
LONGEST_NAME = 400
"""Characters of the longest name of a sample."""

Finite = Annotated[float, Field(allow_inf_nan=False)]
Whole = Annotated[int, Field(ge=-(2**53), le=2**53)]
Number = Whole | Finite | None
Scalar = bool | Whole | Finite | ShortText | None
Identifier = Annotated[str, StringConstraints(min_length=1, max_length=60), AfterValidator(plain_name)]
Condition = Mapping[str, float | None]


class Header(BaseModel):
    """What a submission says of itself."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    format: Literal[1]
    track: Identifier
    fingerprint: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    conditions: Annotated[
        list[Annotated[dict[Identifier, Number], Field(max_length=20)]], Field(min_length=1, max_length=MOST_CONDITIONS)
    ]
    method: Annotated[
        str, StringConstraints(min_length=1, max_length=200), AfterValidator(plain_name), Field(max_length=200)
    ]
    version: Annotated[str, StringConstraints(max_length=60), AfterValidator(plain_name)]
    parameters: Annotated[dict[Identifier, Scalar], Field(max_length=60)]
    seconds_per_sample: list[Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]]
    harness: Identifier
    card: Card

    @model_validator(mode="after")
    def _one_duration_a_condition(self) -> "Header":
        if len(self.seconds_per_sample) != len(self.conditions):
            raise ValueError("seconds_per_sample: expected one number a condition")
        return self


@dataclass(frozen=True)
class Submission:
    """A read submission; row k says that `sample_id[k]`, under the condition number `condition[k]`, is `prediction[k]`.

    `condition` is int32 (n,), `sample_id` object (n,), `prediction` float64 (n,) in the unit of the track.
    """

    header: Header
    condition: npt.NDArray[np.int32]
    sample_id: npt.NDArray[np.object_]
    prediction: npt.NDArray[np.float64]

    @property
    def card(self) -> Card:
        """The method card."""
        return self.header.card

    def __len__(self) -> int:
        return len(self.condition)


def header_of(content: Any) -> Header:
    """Return `content` (JSON values) as a header; raises InputError that names the first fault."""
    try:
        return Header.model_validate(content)
    except ValidationError as error:
        raise InputError(f"the metadata of the submission: {first_fault(error, Header.model_fields)}") from None


def read_submission(path: Path, limits: Limits | None = None) -> Submission:
    """Return the submission in the file `path`; raises InputError for any file that is not one, or that is too large.

    Nothing is decompressed before the size, rows, types and pages of the file were found to be within `limits`.
    """
    opened, metadata = open_guarded(path, COLUMNS, limits or Limits())
    with opened as file:
        header = _read_header(metadata)
        try:
            table = file.read(columns=list(COLUMNS), use_threads=False)
            table.validate(full=True)
            return Submission(header, *_columns(table))
        except (OSError, pa.ArrowException, ValueError, OverflowError, MemoryError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(f"the file cannot be read: {one_line(error)}") from None


def _read_header(metadata: Mapping[bytes, bytes]) -> Header:
    text = metadata.get(KEY)
    if text is None:
        raise InputError("the file has no metadata `whence`: build it with `whence submit`")
    if len(text) > HEADER_BYTES:
        raise InputError(f"the metadata has {len(text)} bytes: expected at most {HEADER_BYTES}")
    try:
        content = json.loads(text.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InputError(f"the metadata is no JSON: {one_line(error)}") from None
    return header_of(content)


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")


def _columns(table: pa.Table) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.object_], npt.NDArray[np.float64]]:
    """Return condition (n,), sample_id (n,) and prediction (n,) of a file; raises InputError for missing values."""
    for name in COLUMNS:
        if table[name].null_count:
            raise InputError(f"column {name}: {table[name].null_count} values are missing")
    names = table["sample_id"]
    if not (pa.types.is_dictionary(names.type) and pa.types.is_string(names.type.value_type)):
        raise InputError(f"column sample_id holds {one_line(names.type, 60)}: expected strings")
    if table["condition"].type != pa.int32() or table["prediction"].type != pa.float64():
        raise InputError("expected condition as 32-bit integers and prediction as 64-bit numbers")
    return (
        table["condition"].to_numpy().astype(np.int32, copy=False),
        _decoded(names),
        table["prediction"].to_numpy().astype(np.float64, copy=False),
    )


def _decoded(names: pa.ChunkedArray) -> npt.NDArray[np.object_]:
    """Return dictionary-coded strings as objects (n,), each held once; raises InputError for one that is too long."""
    parts = [np.empty(0, dtype=object)]
    for chunk in names.chunks:
        words = np.array(chunk.dictionary.to_pylist(), dtype=object)
        longest = max(map(len, words), default=0)
        if longest > LONGEST_NAME:
            raise InputError(f"a sample_id has {longest} characters: expected at most {LONGEST_NAME}")
        parts.append(words[chunk.indices.to_numpy(zero_copy_only=False)])
    return np.concatenate(parts)


def write_submission(submission: Submission, path: Path) -> None:
    """Write `submission` to the file `path`, which appears whole; the same submission gives the same bytes."""
    text = json.dumps(submission.header.model_dump(), sort_keys=True, allow_nan=False)
    table = pa.table(
        [submission.condition, pa.array(submission.sample_id, pa.string()), submission.prediction],
        schema=SCHEMA.with_metadata({KEY: text.encode()}),
    )
    with written_whole(path) as partial:
        parquet.write_table(
            table, partial, compression="zstd", use_dictionary=["sample_id"], row_group_size=max(len(submission), 1)
        )


def header(
    *,
    track: str,
    fingerprint: str,
    conditions: list[dict[str, float | None]],
    method: str,
    version: str,
    parameters: Mapping[str, Any],
    seconds_per_sample: list[float],
    card: Card,
    harness: str = HARNESS_VERSION,
) -> Header:
    """Return the header with these fields; raises InputError for one that no board takes."""
    return header_of(
        {
            "format": FORMAT,
            "track": track,
            "fingerprint": fingerprint,
            "conditions": conditions,
            "method": method,
            "version": version,
            "parameters": {key: _plain(value) for key, value in parameters.items()},
            "seconds_per_sample": seconds_per_sample,
            "harness": harness,
            "card": card,
        }
    )


def _plain(value: Any) -> Any:
    """Return a parameter as a scalar: lists and mappings as JSON text, numbers that JSON lacks as words."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, (str, int, float, bool)) else json.dumps(value, sort_keys=True)
