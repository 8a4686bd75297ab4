"""The private file of a sealed set: the ground truth of every sample, its other name, and which half it counts for.

A Parquet file with a row a sample, in the order of the set it was made of: `sample_id` (in the sealed set), `row`
(there), `source_sample_id`, `truth`, `cluster`, `half` (`public` or `private`), and a column `group_NAME` for each of
`Labels.groups`. Where the truth of a sample is an array, such as its boxes, `truth` holds its elements in row order
and `truth_shape` its shape. Its metadata, under the key `whence`, is {track, fingerprint (of the sealed set), source
{name, fingerprint, split, published (benchmarks whose printed numbers compare)}, cluster_name, conditions, salt,
commitment, content (of the sealed set, by which its twins are recognised; older files lack it)}.

The commitment is the SHA-256 of the salt (32 random bytes) and of everything in the file but the fingerprint and the
content, as canonical JSON. It stands in the public copy: whoever publishes this file when the set retires proves by it
that no label was changed in between, while nobody without the salt can try labels against it.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as parquet

from ...benchmarks.questions.labels import Labels, Truth, arrays_of_truth
from ...benchmarks.questions.source import is_sealed
from ...datagen.content import Content
from ...datagen.dataset import Dataset
from ...digests import canonical_json, sha256
from ...errors import InputError, VerificationError
from ...files import written_whole
from ..submission.expectation import Expectation
from ..submission.parquet_guard import Limits, check_parquet
from ..submission.twins import content_stated, no_twin

if TYPE_CHECKING:
    from ...datagen.verification import Check

Names = npt.NDArray[np.object_]

PUBLIC, PRIVATE = "public", "private"
"""The halves: scores on the first are shown at once, those on the second when the phase closes."""
SEAL_ANOTHER = "each track has a ladder and an end of its own, and together they show more: seal another set"
"""Why no board has two tracks with the same labels."""
_KEY = b"whence"
_GROUP, _KNOWN = "group_", "known_"
_SHAPE = "truth_shape"
_WORDS = ("sample_id", "source_sample_id", "cluster", "half")
"""The columns that hold words; all others hold numbers, or lists of them."""
LIMITS = Limits(file_bytes=2**29, rows=2**22, row_groups=2**12, column_bytes=2**30)
"""Labels may come from strangers: those of a set that retired, or a file beside one's own."""
MOST_LETTERS = 2**28
"""Letters of the longest word of a column times its rows."""


@dataclass(frozen=True)
class SealedLabels:
    """Everything that only the host knows of a sealed set.

    `labels` (n) are in the order of the set it was made of, so that a bench of that one gives the same intervals;
    their names and rows are those of the sealed set. `source_sample_id` (n,), `half` (n,): `public` or `private`.
    `conditions` are as stated, `salt` is hexadecimal; `fingerprint` and `content` are those of the sealed set.
    """

    track: str
    fingerprint: str
    labels: Labels
    source_sample_id: Names
    half: Names
    conditions: Sequence[Mapping[str, Any]]
    source: Mapping[str, Any]
    salt: str
    content: Content | None = field(default=None, compare=False)

    @property
    def commitment(self) -> str:
        """The salted SHA-256 of everything that is to stay as it is."""
        return commitment_of(self)

    @cached_property
    def expectation(self) -> Expectation:
        """What a submission for the sealed dataset must hold."""
        return Expectation(self.track, self.fingerprint, self.conditions, [str(name) for name in self.labels.sample_id])

    def for_dataset(self, fingerprint: str, content: Content | None, commitment: str | None) -> "SealedLabels | None":
        """Return these labels as those of the dataset `fingerprint`, None if it is another one.

        It is the sealed set, or a twin of its `content` that carries the same `commitment`: only that is proof.
        """
        if fingerprint == self.fingerprint:
            return self
        twin = commitment == self.commitment and not self.no_twin(content)
        return replace(self, fingerprint=fingerprint, content=content) if twin else None

    def no_twin(self, content: Content | None) -> str:
        """Return in words why a dataset of this `content` is no twin of the sealed set; empty where it is one."""
        if self.content is None:
            return "maybe a twin, but the labels record no content to compare"
        return no_twin(self.content, content)


def commitment_of(sealed: SealedLabels) -> str:
    """Return the commitment to `sealed`: SHA-256 of its salt followed by its content, hexadecimal."""
    labels = sealed.labels
    content = {
        "track": sealed.track,
        "source": dict(sealed.source),
        "cluster_name": labels.cluster_name,
        "conditions": [dict(condition) for condition in sealed.conditions],
        "samples": {name: [_text(value) for value in values] for name, values in _columns(sealed).items()},
    }
    return sha256(bytes.fromhex(sealed.salt) + canonical_json(content).encode())


def _columns(sealed: SealedLabels) -> dict[str, npt.NDArray[Any]]:
    """Return what is sealed of each sample, by column, each (n,)."""
    labels = sealed.labels
    return {
        "sample_id": labels.sample_id.astype(str),
        "row": labels.rows.astype(np.int64),
        "source_sample_id": sealed.source_sample_id.astype(str),
        "truth": _truth(labels.truth),
        "cluster": labels.clusters.astype(str),
        "half": sealed.half.astype(str),
        **{f"{_GROUP}{name}": np.asarray(values, dtype=np.float64) for name, values in labels.groups.items()},
        **{f"{_KNOWN}{name}": np.asarray(values, dtype=np.float64) for name, values in labels.known.items()},
    }


def _truth(truth: Truth) -> npt.NDArray[Any]:
    """Return the truth (n,) as float64 or, where it is one array a sample, as arrays in row order, little-endian."""
    if truth.dtype != object:
        return truth.astype(np.float64)
    arrays = [np.asarray(one) for one in truth]
    types = {one.dtype.newbyteorder("<") for one in arrays}
    if len(types) > 1 or any(kind.kind not in "biuf" for kind in types):
        raise InputError(f"the truth holds arrays of {', '.join(map(str, types))}: expected numbers of one type")
    return arrays_of_truth([np.ascontiguousarray(one, dtype=one.dtype.newbyteorder("<")) for one in arrays])


def _text(value: Any) -> str:
    """Return `value` as text that differs where any bit of it does."""
    if isinstance(value, np.ndarray):
        return f"{value.dtype.str} {value.shape} {sha256(value.tobytes())}"
    return float(value).hex() if isinstance(value, float) else str(value)


def write_labels_file(path: Path, sealed: SealedLabels) -> None:
    """Write `sealed` to the file `path`, which appears whole or not at all and which its owner alone may read.

    Raises InputError for more labels than `read_labels_file` takes.
    """
    about = {
        "track": sealed.track,
        "fingerprint": sealed.fingerprint,
        "source": dict(sealed.source),
        "cluster_name": sealed.labels.cluster_name,
        "conditions": [dict(condition) for condition in sealed.conditions],
        "salt": sealed.salt,
        "commitment": sealed.commitment,
        **({"content": dict(sealed.content)} if sealed.content else {}),
    }
    columns = {name: _stored(part) for column in _columns(sealed).items() for name, part in _parts(*column).items()}
    table = pa.table(columns).replace_schema_metadata({_KEY: json.dumps(about).encode()})
    with written_whole(path) as partial:
        partial.touch(mode=0o600)
        parquet.write_table(table, partial)
        _require_readable(partial)


def _require_readable(partial: Path) -> None:
    try:
        check_parquet(partial, LIMITS)
    except InputError as error:
        partial.unlink()
        raise InputError(f"too many labels for a board ({error}): seal fewer samples") from None


def _parts(name: str, values: npt.NDArray[Any]) -> dict[str, npt.NDArray[Any]]:
    """Return a column of arrays as two: their elements and their shapes; any other column as it is."""
    if values.dtype != object:
        return {name: values}
    shapes = arrays_of_truth([np.array(one.shape, dtype=np.int64) for one in values])
    return {name: arrays_of_truth([one.ravel() for one in values]), _SHAPE: shapes}


def _stored(values: npt.NDArray[Any]) -> pa.Array:
    """Return a column (n,) of numbers, words, or one array (k,) a sample as the file holds it."""
    if values.dtype != object:
        return pa.array(values)
    element = values[0].dtype if len(values) else np.dtype(np.float64)
    return pa.array(list(values), pa.list_(pa.from_numpy_dtype(element)))


def read_labels_file(path: Path) -> SealedLabels:
    """Return what the file `path` holds.

    Raises InputError where it is no label file, or would take too much memory, and VerificationError where it is not
    what its commitment says.
    """
    try:
        table = _read_table(path.resolve())
        about = json.loads((table.schema.metadata or {})[_KEY])
        sealed = _from_columns({name: _values(table[name].combine_chunks()) for name in table.column_names}, about)
        commitment, stated = sealed.commitment, str(about["commitment"])
    except (OSError, pa.ArrowException, LookupError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(
            f"{path} is no label file that `whence seal` wrote ({type(error).__name__}: {error})"
        ) from None
    if commitment != stated:
        raise VerificationError(f"{path} was changed after it was sealed: its content is not what its commitment says")
    return sealed


def _read_table(path: Path) -> pa.Table:
    """Return the columns of the file `path`, words as dictionaries: a short file may repeat a long word.

    Raises InputError for a file that would take too much memory, and for words where numbers belong.
    """
    check_parquet(path, LIMITS)
    with parquet.ParquetFile(path, read_dictionary=list(_WORDS)) as file:
        for column in file.schema_arrow:
            kind = column.type.value_type if pa.types.is_list(column.type) else column.type
            if not (pa.types.is_dictionary(kind) if column.name in _WORDS else pa.types.is_primitive(kind)):
                raise InputError(f"column {column.name[:40]!a} holds {str(column.type)[:60]}")
        return file.read()


def _values(column: pa.Array) -> npt.NDArray[Any]:
    """Return a column of the file as an array (n,), of lists as one array a sample."""
    if pa.types.is_dictionary(column.type):
        return _decoded(column)
    if not pa.types.is_list(column.type):
        return np.asarray(column.to_numpy(zero_copy_only=False))
    elements = column.flatten().to_numpy(zero_copy_only=False)
    ends = np.cumsum(column.value_lengths().to_numpy())
    return arrays_of_truth(np.split(elements, ends[:-1]) if len(ends) else [])


def _decoded(column: pa.DictionaryArray) -> Names:
    """Return a column of words (n,), each held once; raises InputError for missing ones and too many long ones."""
    words = np.array(column.dictionary.to_pylist(), dtype=object)
    if column.null_count or max(map(len, words), default=0) * len(column) > MOST_LETTERS:
        raise InputError("there are words that are missing, or so many long ones that no seal wrote them")
    return np.asarray(words[column.indices.to_numpy(zero_copy_only=False)], dtype=object)


def _restored(columns: Mapping[str, npt.NDArray[Any]]) -> Truth:
    """Return the truth (n,): numbers, or one array a sample in its shape."""
    truth, shapes = columns["truth"], columns.get(_SHAPE)
    if shapes is None:
        return truth.astype(np.float64)
    return arrays_of_truth([one.reshape(shape) for one, shape in zip(truth, shapes, strict=True)])


def _from_columns(columns: Mapping[str, npt.NDArray[Any]], about: Mapping[str, Any]) -> SealedLabels:
    groups, known = (
        {name.removeprefix(prefix): values for name, values in columns.items() if name.startswith(prefix)}
        for prefix in (_GROUP, _KNOWN)
    )
    labels = Labels(
        rows=columns["row"].astype(np.intp),
        sample_id=columns["sample_id"].astype(object),
        truth=_restored(columns),
        clusters=columns["cluster"].astype(object),
        groups=groups,
        known=known,
        cluster_name=about["cluster_name"],
    )
    return SealedLabels(
        track=about["track"],
        fingerprint=about["fingerprint"],
        labels=labels,
        source_sample_id=columns["source_sample_id"].astype(object),
        half=columns["half"].astype(object),
        conditions=about["conditions"],
        source=about["source"],
        salt=about["salt"],
        content=content_stated(about.get("content")),
    )


def check_commitment(path: Path, dataset: Dataset) -> "Check":
    """Return whether the labels in the file `path` are those that the public copy `dataset` was sealed with.

    A twin of the sealed set carries the same commitment; its values are read, as what it says of them may be false.
    Raises InputError where the file holds no labels, or `dataset` is no sealed set.
    """
    from ...datagen.verification import Check  # knows every generator: not for the process that scores

    if not is_sealed(dataset):
        raise InputError(f"{dataset.url} is a dataset of kind {dataset.name!r}: labels go with a sealed one")
    try:
        faults = tuple(_differences(read_labels_file(path), dataset))
    except VerificationError as error:
        faults = (str(error),)
    return Check("the labels are those that the set was sealed with", faults)


def _differences(sealed: SealedLabels, dataset: Dataset) -> Iterator[str]:
    if dataset.recipe["commitment"] != sealed.commitment:
        yield f"{dataset.url} carries the commitment {dataset.recipe['commitment']}, the labels {sealed.commitment}"
    if dataset.fingerprint != sealed.fingerprint and (reason := sealed.no_twin(dataset.read_content())):
        own = f"the labels are of {sealed.fingerprint} ({reason})"
        yield f"{dataset.url} has the fingerprint {dataset.fingerprint}, {own}"
    if dataset.column("sample_id").tolist() != sorted(sealed.labels.sample_id.tolist()):
        yield f"{dataset.url} holds other samples than the labels"
