"""An answer of a track: its shape, its storage type, its meaning and its plausibility check.

Methods, prediction files, terms, tables, submissions and boards handle numbers and maps alike.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ...errors import InputError
from .plausibility import check_scores
from .quantities import Quantity

Answers = npt.NDArray[Any]
"""Answers (n, *shape) of a track, float64."""


def _plain_texts(truth: Any, answer: Any) -> tuple[str, str]:
    return str(truth), f"{answer:.4g}" if np.ndim(answer) == 0 else f"a map of {' x '.join(map(str, np.shape(answer)))}"


def _unchanged(given: Answers) -> Answers:
    return given


@dataclass(frozen=True)
class AnswerKind:
    """The kind of answer a track takes: one array of `shape` for each sample; () is a number.

    `words` give the quantity, unit and sign. Files store it as `stored` (a NumPy dtype: "float64" for numbers,
    "float16" for maps), so answers are rounded to that type before scoring, here and on a board. `quantity` says what a
    number means; None for a side or a map. `check` takes the answers of one method, an array (n, *shape) for each
    condition, and raises InputError if they cannot be in the required unit. `texts` returns the ground truth and the
    answer of one sample in words. `fit` brings what methods return for n samples into the shape (n, *shape), or raises
    InputError.
    """

    words: str
    shape: tuple[int, ...] = ()
    stored: str = "float64"
    quantity: Quantity | None = None
    check: Callable[[Sequence[Answers]], None] = check_scores
    texts: Callable[[Any, Any], tuple[str, str]] = _plain_texts
    fit: Callable[[Answers], Answers] = _unchanged

    @property
    def dtype(self) -> np.dtype[Any]:
        """The stored type, little-endian."""
        return np.dtype(self.stored).newbyteorder("<")

    @property
    def nbytes(self) -> int:
        """Bytes of one stored answer."""
        return self.dtype.itemsize * math.prod(self.shape)

    @property
    def column_type(self) -> pa.DataType:
        """The Parquet type of a column of answers: a double, or the bytes of a map in row order."""
        return pa.binary(self.nbytes) if self.shape else pa.float64()

    def column(self, answers: Answers) -> pa.Array:
        """Return `answers` (n, *shape) as a column of a Parquet file."""
        if not self.shape:
            return pa.array(answers, pa.float64())
        stored = np.ascontiguousarray(answers, dtype=self.dtype)
        return pa.FixedSizeBinaryArray.from_buffers(self.column_type, len(stored), [None, pa.py_buffer(stored.data)])

    def values(self, column: pa.Array) -> Answers:
        """Return a `column` of a file as answers (n, *shape), float64; raises InputError if its type is wrong."""
        if column.type != self.column_type or column.null_count:
            raise InputError(f"answers are stored as {column.type}: expected {self.column_type} and none missing")
        if not self.shape:
            return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64)
        raw = column.buffers()[1]
        start = column.offset * self.nbytes
        flat = np.frombuffer(raw, self.dtype, len(column) * math.prod(self.shape), start)
        return flat.reshape(len(column), *self.shape).astype(np.float64)

    def rounded(self, answers: Answers) -> Answers:
        """Return `answers` (n, *shape) rounded as files store them; values too large for that become infinite."""
        with np.errstate(over="ignore"):
            return np.asarray(answers, dtype=self.dtype).astype(np.float64)


def answer_in(quantity: Quantity, words: str, check: Callable[[Sequence[Answers]], None]) -> AnswerKind:
    """Return the kind of answer that is one number, a `quantity`."""

    def texts(truth: Any, answer: Any) -> tuple[str, str]:
        return quantity.text(truth), f"{quantity.text(answer)}, {quantity.error_text(truth, answer)}"

    return AnswerKind(words, quantity=quantity, check=check, texts=texts)
