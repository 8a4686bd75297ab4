"""A submission: one Parquet file with a method's predictions for every sample under every condition, and its card.

Columns: `condition` (int32, the place in the metadata's `conditions`), `sample_id` (string), `prediction` (double, or
for maps the bytes of each in row order, fixed-size and plain). Metadata, under the key `whence`: a `Header` as JSON.
The file comes from strangers: it is read through `parquet_guard`, some rows at a time, and nothing in it is ever
executed or unpickled.
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as parquet
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    StringConstraints,
    ValidationError,
    model_serializer,
    model_validator,
)

from ...benchmarks.questions.answer import AnswerKind, Answers
from ...benchmarks.running.predictions import HARNESS_VERSION, rows_together
from ...datagen.content import Content
from ...errors import InputError
from ...files import written_whole
from ...registry import load_track
from .card import STORED, Card, ShortText, first_fault, plain_name
from .parquet_guard import FIXED, Limits, one_line, open_guarded
from .physics import StatedPhysics
from .twins import StatedContent

FORMAT = 1
KEY = b"whence"
COLUMNS = ("condition", "sample_id", "prediction")
HEADER_BYTES = 98_304
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


_MAY_MISS = ("content", "physics")


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
    content: StatedContent | None = None
    physics: StatedPhysics | None = None

    @model_serializer(mode="wrap")
    def _without_unstated(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out a content and a report card that are not stated, so that older files keep their keys."""
        return {name: value for name, value in dump(self).items() if name not in _MAY_MISS or value is not None}

    @property
    def stated_content(self) -> Content | None:
        """The content of the dataset that the predictions are for, where it is stated."""
        return self.content.model_dump() if self.content else None

    @model_validator(mode="after")
    def _one_duration_a_condition(self) -> "Header":
        if len(self.seconds_per_sample) != len(self.conditions):
            raise ValueError("seconds_per_sample: expected one number a condition")
        return self


@dataclass(frozen=True)
class Rows:
    """Some rows of a submission: `answers[k]` is for `sample_id[k]` under the condition number `condition[k]`.

    `condition` is int32 (n,), `sample_id` object (n,), `answers` float64 (n, *shape) in the unit of the track.
    """

    condition: npt.NDArray[np.int32]
    sample_id: npt.NDArray[np.object_]
    answers: Answers


@dataclass(frozen=True)
class Submission:
    """A submission: its header, and its rows in `pieces`, which are read from where they lie each time they are used.

    Iterating over the pieces of a file raises InputError where the file is damaged.
    """

    header: Header
    pieces: Iterable[Rows]

    @property
    def card(self) -> Card:
        """The method card."""
        return self.header.card


def header_of(content: Any, *, stored: bool = False) -> Header:
    """Return `content` (JSON values) as a header; raises InputError that names the first fault."""
    try:
        return Header.model_validate(content, context=STORED if stored else None)
    except ValidationError as error:
        raise InputError(f"the metadata of the submission: {first_fault(error, Header.model_fields)}") from None


def read_submission(
    path: Path, answer: AnswerKind, limits: Limits | None = None, *, stored: bool = False
) -> Submission:
    """Return the submission of answers of the kind `answer` in the file `path`.

    Raises InputError for any file that is not one, or that is too large: nothing is decompressed before its size, rows,
    types and pages were found to be within `limits`. The name on the card of one that a board has `stored` was checked
    when it was taken.
    """
    pieces = _RowsInFile(path, answer, limits or Limits())
    opened, metadata = pieces.open()
    opened.close()
    return Submission(_read_header(metadata, stored=stored), pieces)


@dataclass(frozen=True)
class _RowsInFile:
    """The rows in the file `path`, as many at a time as are written together."""

    path: Path
    answer: AnswerKind
    limits: Limits

    def open(self) -> tuple[parquet.ParquetFile, dict[bytes, bytes]]:
        """Return the open file and its metadata; raises InputError where it is hostile."""
        kinds = {
            "condition": "INT32",
            "sample_id": "BYTE_ARRAY",
            "prediction": FIXED if self.answer.shape else "DOUBLE",
        }
        lengths = {"prediction": self.answer.nbytes} if self.answer.shape else {}
        return open_guarded(self.path, kinds, self.limits, lengths)

    def __iter__(self) -> Iterator[Rows]:
        opened, _ = self.open()
        with opened as file, _one_line_where_damaged():
            for batch in file.iter_batches(rows_together(self.answer), columns=list(COLUMNS), use_threads=False):
                batch.validate(full=True)
                yield _rows(batch, self.answer)


@contextmanager
def _one_line_where_damaged() -> Iterator[None]:
    """Raise InputError for whatever reading a damaged file raises in the block."""
    try:
        yield
    except InputError:
        raise
    except (OSError, pa.ArrowException, ValueError, OverflowError, MemoryError) as error:
        raise InputError(f"the file cannot be read: {one_line(error)}") from None


def _read_header(metadata: Mapping[bytes, bytes], *, stored: bool) -> Header:
    text = metadata.get(KEY)
    if text is None:
        raise InputError("the file has no metadata `whence`: build it with `whence submit`")
    if len(text) > HEADER_BYTES:
        raise InputError(f"the metadata has {len(text)} bytes: expected at most {HEADER_BYTES}")
    try:
        content = json.loads(text.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InputError(f"the metadata is no JSON: {one_line(error)}") from None
    return header_of(content, stored=stored)


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")


def _rows(batch: pa.RecordBatch, answer: AnswerKind) -> Rows:
    """Return the rows of a file that are in `batch`; raises InputError for missing values and wrong types."""
    for name in COLUMNS:
        if batch[name].null_count:
            raise InputError(f"column {name}: {batch[name].null_count} values are missing")
    names = batch["sample_id"]
    if not (pa.types.is_dictionary(names.type) and pa.types.is_string(names.type.value_type)):
        raise InputError(f"column sample_id holds {one_line(names.type, 60)}: expected strings")
    if batch["condition"].type != pa.int32():
        raise InputError("expected condition as 32-bit integers")
    condition = batch["condition"].to_numpy().astype(np.int32, copy=False)
    return Rows(condition, _decoded(names), answer.values(batch["prediction"]))


def _decoded(names: pa.DictionaryArray) -> npt.NDArray[np.object_]:
    """Return dictionary-coded strings as objects (n,), each held once; raises InputError for one that is too long."""
    words = np.array(names.dictionary.to_pylist(), dtype=object)
    longest = max(map(len, words), default=0)
    if longest > LONGEST_NAME:
        raise InputError(f"a sample_id has {longest} characters: expected at most {LONGEST_NAME}")
    return np.asarray(words[names.indices.to_numpy(zero_copy_only=False)], dtype=object)


def write_submission(submission: Submission, path: Path) -> None:
    """Write `submission` to the file `path`, which appears whole; the same submission gives the same bytes."""
    answer: AnswerKind = load_track(submission.header.track).answer
    text = json.dumps(submission.header.model_dump(), sort_keys=True, allow_nan=False)
    schema = schema_of(answer).with_metadata({KEY: text.encode()})
    tables = (_table(rows, answer, schema) for rows in submission.pieces)
    with (
        written_whole(path) as partial,
        parquet.ParquetWriter(partial, schema, compression="zstd", use_dictionary=["sample_id"]) as file,
    ):
        for table in _grouped(tables, rows_together(answer)):
            file.write_table(table.combine_chunks(), row_group_size=max(len(table), 1))


def schema_of(answer: AnswerKind) -> pa.Schema:
    """Return the columns of a submission of answers of the kind `answer`."""
    return pa.schema([("condition", pa.int32()), ("sample_id", pa.string()), ("prediction", answer.column_type)])


def _table(rows: Rows, answer: AnswerKind, schema: pa.Schema) -> pa.Table:
    columns = [rows.condition, pa.array(rows.sample_id, pa.string()), answer.column(rows.answers)]
    return pa.table(columns, schema=schema)


def _grouped(tables: Iterable[pa.Table], most: int) -> Iterator[pa.Table]:
    """Yield the rows of `tables` as tables of `most` rows, the last one of fewer: what is written as a row group."""
    waiting: list[pa.Table] = []
    for table in tables:
        waiting.append(table)
        while sum(map(len, waiting)) > most:
            joined = pa.concat_tables(waiting)
            yield joined.slice(0, most)
            waiting = [joined.slice(most)]
    yield from [pa.concat_tables(waiting)] if waiting else []


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
    content: Content | None = None,
    physics: StatedPhysics | None = None,
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
            "content": content,
            "physics": physics,
        }
    )


def _plain(value: Any) -> Any:
    """Return a parameter as a scalar: lists and mappings as JSON text, numbers that JSON lacks as words."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, (str, int, float, bool)) else json.dumps(value, sort_keys=True)
