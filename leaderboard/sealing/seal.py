"""Sealing: a dataset becomes a public copy without any answer in it, and a private label file.

The public copy holds, for every condition, exactly what methods are given (noise and second talkers are in it), under
random names and in a random order. Names, order and halves come from a fresh secret, the salt, which stands in the
label file alone. What would lead back to the rows of the source stays out: positions, rooms, responses, depth, speech,
names, seeds, paths, fingerprints.
"""

import hashlib
import hmac
import os
import platform
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from ...benchmarks.questions.labels import Labels
from ...benchmarks.questions.source import SEALED, Source, is_sealed, open_source
from ...benchmarks.questions.stimulus import Batch, Condition, GivenArray, Stimulus
from ...datagen import shards
from ...datagen.dataset import Dataset
from ...datagen.licences import licences_of
from ...datagen.merging import leaves_of
from ...datagen.shards import Field, Layout
from ...datagen.storage import Folder
from ...digests import generator_for
from ...english import counted
from ...errors import InputError
from ...registry import load_track
from .labels_file import PRIVATE, PUBLIC, Names, SealedLabels, commitment_of, write_labels_file

ROWS_PER_SHARD, ROWS_PER_CHUNK = 128, 16
LEAST_SEED = 2**64
"""A seed below this can be found by trying: of a set rendered from it, everything follows, its noise too."""
PUBLIC_KINDS = ("sounding-objects-import", "in-the-wild")
"""Imports of public sets, which come with their labels."""
SALT_BYTES = 32
LARGEST_SHARE = 0.9
_SOFTWARE = ("whence", "numpy", "scipy", "zarr")

Batches = tuple[Batch, ...]
"""One batch of the same samples under every condition."""


@dataclass(frozen=True)
class Sealed:
    """What came of sealing: the public copy at `url`, the private file, and how many samples count for which half."""

    url: str
    fingerprint: str
    commitment: str
    labels_path: Path
    public: int
    private: int
    conditions: tuple[Condition, ...]


def seal(
    url: str,
    *,
    track: str,
    labels_path: Path,
    out: str,
    conditions: Sequence[Condition] = (),
    split: str | None = None,
    private_share: float = 0.5,
    allow_guessable_seed: bool = False,
    allow_public_labels: bool = False,
    salt: bytes | None = None,
) -> Sealed:
    """Write the public copy of the dataset at `url` to `out`, and its labels to the new file `labels_path`.

    It holds `conditions` (by default the track's) of the samples of `split` (`test` where the dataset has splits);
    `private_share` of them count for the private half. `salt` (32 random bytes) is drawn where it is None. Raises
    InputError for what cannot be sealed.
    """
    dataset = _ReadOnce(url)
    _check_dataset(dataset, allow_guessable_seed, allow_public_labels)
    _check_places(out, labels_path)
    if not 0 <= private_share <= LARGEST_SHARE:
        raise InputError(f"private share {private_share:g}: expected 0 (none) to {LARGEST_SHARE:g}")
    salt = secrets.token_bytes(SALT_BYTES) if salt is None else salt
    source = open_source(load_track(track), dataset, split)
    labels = source.track.sealable(source.labels, generator_for(int.from_bytes(salt, "big"), "sealable"))
    grid = _distinct(source.conditions(conditions))
    names = _secret_names(salt, "name", labels.sample_id)
    order = np.argsort(names)
    sealed = SealedLabels(
        track=track,
        fingerprint="",
        labels=replace(labels, sample_id=names, rows=np.argsort(order), within=np.empty((0, 0), np.intp)),
        source_sample_id=labels.sample_id,
        half=halves(labels, private_share, salt),
        conditions=[condition.stated() for condition in grid],
        source={
            "name": dataset.name,
            "fingerprint": dataset.fingerprint,
            "split": source.split,
            "published": source.track.benchmarks(dataset),
        },
        salt=salt.hex(),
    )
    batches = zip(*(source.batches(labels.take(order), condition) for condition in grid), strict=True)
    with _removed_on_failure(Folder(out)):
        fingerprint = _write_public(out, source, sealed, batches)
        sealed = replace(sealed, fingerprint=fingerprint, content=Dataset(out).content)
        write_labels_file(labels_path, sealed)
    private = int((sealed.half == PRIVATE).sum())
    return Sealed(out, fingerprint, sealed.commitment, labels_path, len(labels) - private, private, tuple(grid))


# What is refused ------------------------------------------------------------------------------------------------


def _check_dataset(source: Dataset, allow_guessable_seed: bool, allow_public_labels: bool) -> None:
    """Raise InputError where the labels of `source` are not there, or can be found by everyone."""
    if is_sealed(source):
        raise InputError(f"{source.url} is sealed already: give the dataset that it was made of")
    if source.name in PUBLIC_KINDS and not allow_public_labels:
        raise InputError(
            f"{source.url} was imported from {source.recipe.get('set', source.name)}, whose labels everybody has: "
            "seal a generated set, or give --allow-public-labels if these labels are your own"
        )
    for recipe in () if allow_guessable_seed else [source.recipe, *(one["recipe"] for one in leaves_of(source))]:
        _check_secret(source, recipe)


def _check_secret(source: Dataset, recipe: Mapping[str, Any]) -> None:
    """Raise InputError where the answers in `source`, of this `recipe`, follow from what can be guessed."""
    seed = recipe.get("seed")
    if seed is None:
        return
    if recipe.get("protocol") == "paper":
        raise InputError(
            f"{source.url} was made by the published protocol, whose answers follow from a seed of 32 bits: "
            "generate a set without --protocol paper"
        )
    if seed < LEAST_SEED:
        raise InputError(
            f"{source.url} was made from seed {seed}, which anyone can guess, and all answers follow from it: "
            f"generate a set with a secret --seed of at least 2^64, such as {secrets.randbits(127) | 1 << 127}"
        )


def _check_places(out: str, labels_path: Path) -> None:
    """Raise InputError unless the public copy and the labels go to new places, neither inside a dataset."""
    if not out.rstrip("/").endswith(".zarr"):
        raise InputError(f"--out {out}: expected a name that ends in .zarr")
    folder = Folder(out)
    if folder.exists():
        raise InputError(f"--out {out} exists: choose another path or remove it")
    if folder.local and any(part.endswith(".zarr") for part in Path(folder.absolute).resolve().parts[:-1]):
        raise InputError(f"--out {out} lies inside a dataset: choose another path")
    if labels_path.exists():
        raise InputError(f"--labels {labels_path} exists: choose another path; labels once sealed are never replaced")
    if any(part.endswith(".zarr") for part in labels_path.resolve().parts):
        raise InputError(f"--labels {labels_path} lies inside a dataset, which may become public: choose another path")


def _distinct(conditions: Sequence[Condition]) -> list[Condition]:
    """Return `conditions`; raises InputError where one is there twice."""
    stated = [condition.stated() for condition in conditions]
    for k, one in enumerate(stated):
        if one in stated[:k]:
            raise InputError(f"the condition {conditions[k].label()!r} is asked for twice: name it once")
    return list(conditions)


# What the secret decides ----------------------------------------------------------------------------------------


def _keyed(salt: bytes, purpose: str, name: object) -> str:
    """Return what the secret makes of `name`: 20 hexadecimal digits that say nothing to whoever lacks the salt."""
    return hmac.new(salt, f"{purpose}/{name}".encode(), hashlib.sha256).hexdigest()[:20]


def _secret_names(salt: bytes, purpose: str, names: Names) -> Names:
    return np.array([_keyed(salt, purpose, name) for name in names], dtype=object)


def halves(labels: Labels, private_share: float, salt: bytes) -> Names:
    """Return for each of `labels` (n,) its half, `private_share` of the samples being private.

    Whole clusters go to one half, in an order that the secret decides; single samples where there is one cluster
    only, so that samples of a half tell nothing of the other half.
    """
    single = len(set(labels.clusters.tolist())) < 2
    clusters = labels.sample_id if single else labels.clusters
    names, place, sizes = np.unique(clusters.astype(str), return_inverse=True, return_counts=True)
    wanted, private = private_share * len(labels), np.zeros(len(names), dtype=bool)
    for k in np.argsort(_secret_names(salt, "half", names)):
        have = int(sizes[private].sum())
        private[k] = abs(have + sizes[k] - wanted) < abs(have - wanted) and have + sizes[k] < len(labels)
    if private_share and not private.any():
        raise InputError(
            f"private share {private_share:g}: {counted(len(labels), 'sample')} of "
            f"{counted(len(names), labels.cluster_name)} cannot be parted so; give another share, 0 for none"
        )
    return np.array([PUBLIC, PRIVATE], dtype=object)[private[place].astype(np.intp)]


# What is written ------------------------------------------------------------------------------------------------


class _ReadOnce(Dataset):
    """A dataset that keeps the audio it read last: all conditions ask for the same clips, one after the other."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._last: tuple[bytes, npt.NDArray[np.float32]] | None = None

    def audio(self, rows: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Return the audio of `rows` (n,), as `Dataset.audio` does."""
        key = np.asarray(rows, dtype=np.intp).tobytes()
        if self._last is None or self._last[0] != key:
            self._last = key, super().audio(rows)
        return self._last[1].copy()


def _write_public(out: str, source: Source, sealed: SealedLabels, batches: Iterator[Batches]) -> str:
    """Write the public copy to `out`, a shard in memory at a time; return its fingerprint."""
    stimulus, first = source.track.stimulus, next(batches)
    names = np.sort(sealed.labels.sample_id)
    layout = Layout(stimulus.noun, len(names), ROWS_PER_SHARD, tuple(_fields(stimulus, first)))
    shards.begin(out, layout, _attributes(stimulus, first, source.dataset, sealed))
    rows = _rows(stimulus, chain([first], batches), iter(names))
    for shard in tqdm(range(layout.shard_count), desc="seal", unit="shard", disable=None):
        shards.write_shard(out, layout, shard, list(islice(rows, ROWS_PER_SHARD)))
    fingerprint = shards.finish(out, layout)
    _set_same_times(Folder(out))
    return fingerprint


@contextmanager
def _removed_on_failure(folder: Folder) -> Iterator[None]:
    """Remove `folder` where the block does not end: a public copy without its labels is of no use."""
    try:
        yield
    except BaseException:
        folder.remove("")
        raise


def _fields(stimulus: Stimulus[Any], batches: Batches) -> Iterator[Field]:
    """Yield the arrays of the public copy, their shapes and types being those of `batches`."""
    yield Field("sample_id", "str", "random name of the sample")
    for k, batch in enumerate(batches):
        for array in stimulus.arrays:
            yield _field(array, k, np.asarray(getattr(batch, array.name)))


def _field(array: GivenArray, condition: int, values: np.ndarray) -> Field:
    dimensions = tuple(f"{name}_{condition}" for name in array.dimensions)
    chunk = ROWS_PER_CHUNK if dimensions else 0
    name, what = array.stored_name(condition), f"{array.description}, under condition {condition}"
    return Field(name, str(values.dtype), what, values.shape[1:], dimensions, chunk_rows=chunk)


def _rows(stimulus: Stimulus[Any], batches: Iterator[Batches], names: Iterator[str]) -> Iterator[dict[str, Any]]:
    """Yield the rows of the public copy."""
    for together in batches:
        for k in range(len(together[0])):
            row: dict[str, Any] = {"sample_id": next(names)}
            for number, batch in enumerate(together):
                row |= {array.stored_name(number): getattr(batch, array.name)[k] for array in stimulus.arrays}
            yield row


def _attributes(stimulus: Stimulus[Any], batches: Batches, source: Dataset, sealed: SealedLabels) -> dict[str, Any]:
    """Return the root attributes of the public copy: what a method or a reader needs, and nothing more."""
    software = {name: version(name) for name in _SOFTWARE} | {"python": platform.python_version()}
    constants = [{name: np.asarray(getattr(one, name)).tolist() for name in stimulus.constants} for one in batches]
    recipe = {
        "track": sealed.track,
        "source": source.name,
        "conditions": list(sealed.conditions),
        "constants": constants,
        "commitment": commitment_of(sealed),
    }
    return {"dataset": SEALED, "recipe": recipe, "software": software, "licences": licences_of(source)}


def _set_same_times(folder: Folder) -> None:
    """Give all files of a local `folder` the same time, so that none says when it was written."""
    if not folder.local:
        return
    root = Path(folder.absolute)
    now = int(root.stat().st_mtime)
    for path in [*root.rglob("*"), root]:
        os.utime(path, (now, now))
