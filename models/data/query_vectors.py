"""Vectors that point at voices, one a sample, from a file: embeddings of faces or of voices made elsewhere."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as parquet

from ...errors import InputError

WIDTHS = (128, 256)
Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class QueryVectors:
    """Vectors of unit length by sample_id, from the file `path`."""

    path: Path
    vectors: Mapping[str, Float32]

    @property
    def width(self) -> int:
        """Numbers in a vector."""
        return len(next(iter(self.vectors.values())))

    def of(self, names: Sequence[str]) -> Float32:
        """Return the vectors (n, width) of the samples `names`; raises InputError if one has none."""
        missing = [name for name in names if name not in self.vectors]
        if missing:
            raise InputError(f"{self.path}: no vector for {missing[0]} ({len(missing)} of {len(names)} lack one)")
        return np.stack([self.vectors[name] for name in names])


def read_query_vectors(path: Path) -> QueryVectors:
    """Return the vectors in `path`: a Parquet or .npz file with `sample_id` (n,) and `vector` (n, 128 or 256).

    They are scaled to unit length. Raises InputError for a file that is missing, damaged or of another form, for names
    that occur twice, and for vectors that are not finite, zero, or all the same.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file; give a .parquet or .npz file with sample_id and vector")
    names, vectors = (_from_npz if path.suffix == ".npz" else _from_parquet)(path)
    _check(path, names, vectors)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return QueryVectors(path, dict(zip(names, (vectors / lengths).astype(np.float32), strict=True)))


def _from_npz(path: Path) -> tuple[list[str], npt.NDArray[np.float64]]:
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            return list(map(str, file["sample_id"])), file["vector"].astype(np.float64)
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
        raise InputError(f"{path}: cannot be read ({error}); it needs the arrays sample_id and vector") from None


def _from_parquet(path: Path) -> tuple[list[str], npt.NDArray[np.float64]]:
    try:
        table = parquet.read_table(path, columns=["sample_id", "vector"])
        vectors = np.array(table["vector"].to_pylist(), dtype=np.float64)
        return list(map(str, table["sample_id"].to_pylist())), vectors
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise InputError(f"{path}: cannot be read ({error}); it needs the columns sample_id and vector") from None


def _check(path: Path, names: list[str], vectors: npt.NDArray[np.float64]) -> None:
    if vectors.ndim != 2 or len(vectors) != len(names) or not names or vectors.shape[1] not in WIDTHS:
        raise InputError(f"{path}: vectors of shape {vectors.shape} for {len(names)} samples: expected (n, 128 or 256)")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"{path}: the sample {twice} occurs twice")
    useless = ~np.isfinite(vectors).all(axis=1) | ~vectors.any(axis=1)
    if useless.any():
        raise InputError(f"{path}: the vector of {names[int(useless.argmax())]} is zero or not finite")
    if len(names) > 1 and (vectors == vectors[0]).all():
        raise InputError(f"{path}: all {len(names)} vectors are the same, so they point at nobody")
