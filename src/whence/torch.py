"""Datasets for torch: the samples of any track, exactly as `whence bench` gives them to methods.

`Samples` is map-style, for `DataLoader(shuffle=True)`; `Stream` is iterable and reads whole shards, which is faster on
large sets. Both may be used with `num_workers`: every process opens the dataset for itself. A sample is a dictionary:
the arrays of the track's batches, such as `audio` (2, samples), as tensors, its `sample_id`, and its `truth`.

    from torch.utils.data import DataLoader
    loader = DataLoader(whence.torch.Stream("tde", "tde.zarr", {"snr_db": 10}), batch_size=32, num_workers=2)

`Rooms` renders clips of random rooms as training goes, on a CPU or a GPU, with `impulse_responses`, `auralize` and
`add_noise`, which take a batch each.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from os import PathLike
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import InputError, MissingPackage

try:
    import torch
    from torch.utils.data import Dataset, IterableDataset, default_collate, get_worker_info
except ModuleNotFoundError as error:
    raise MissingPackage("whence.torch needs torch: pip install '.[learned]'") from error

from .benchmarks.questions.labels import Labels
from .benchmarks.questions.settings import given_levels
from .benchmarks.questions.source import Source, open_source
from .benchmarks.questions.stimulus import Batch, Condition
from .datagen.acoustics.batched_sound import add_noise, auralize, impulse_responses
from .datagen.acoustics.shoebox import ShoeboxRoom
from .datagen.dataset import Dataset as StoredDataset
from .digests import generator_for
from .models.data.fresh_rooms import Rooms
from .registry import load_track

__all__ = ["Rooms", "Samples", "ShoeboxRoom", "Stream", "add_noise", "auralize", "collate", "impulse_responses"]
Sample = dict[str, Any]
Asked = Mapping[str, Any] | Condition | None
"""One condition: a level for some settings, such as {"snr_db": 10}, or a condition object."""


class _Rendered:
    """The samples of a track under one condition, opened anew in every process."""

    def __init__(self, track: str, data: str | PathLike[str] | StoredDataset, condition: Asked, split: str | None):
        self._track, self._split = track, split
        self._url = data.url if isinstance(data, StoredDataset) else os.fspath(data)
        self._opened: tuple[int, Source] | None = None
        self.condition: Any = _chosen(self._source, condition)

    @property
    def _source(self) -> Source:
        if self._opened is None or self._opened[0] != os.getpid():
            self._opened = os.getpid(), open_source(load_track(self._track), StoredDataset(self._url), self._split)
        return self._opened[1]

    @property
    def labels(self) -> Labels:
        """The samples: their truth, rows and clusters."""
        return self._source.labels

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_opened": None}

    def __len__(self) -> int:
        return len(self.labels)

    def _samples(self, indices: npt.NDArray[np.intp]) -> Iterator[Sample]:
        """Yield the samples `indices` in their order."""
        labels, source = self.labels.take(indices), self._source
        names, first = [array.name for array in source.track.stimulus.arrays], 0
        for batch in source.batches(labels, self.condition):
            yield from _separate(batch, labels.truth[first : first + len(batch)], names)
            first += len(batch)


class Samples(_Rendered, Dataset[Sample]):
    """The samples of a `track` on `data` under one `condition`, by index (map-style)."""

    def __init__(
        self,
        track: str,
        data: str | PathLike[str] | StoredDataset,
        condition: Asked = None,
        *,
        split: str | None = None,
    ) -> None:
        """Open the samples of `split` (default: test, if the data have splits).

        `condition` gives one level for some settings, such as {"snr_db": 10}; by default it is the track's own, with
        noise at 10 dB where it has noise. Raises InputError for data of another kind and unknown settings.
        """
        super().__init__(track, data, condition, split)

    def __getitem__(self, index: int) -> Sample:
        return self.__getitems__([index])[0]

    def __getitems__(self, indices: Sequence[int]) -> list[Sample]:
        """Return several samples, rendered together; a DataLoader calls this for a batch."""
        if not all(-len(self) <= index < len(self) for index in indices):
            raise IndexError(f"samples {list(indices)}: there are {len(self)}")
        return list(self._samples(np.asarray(indices, dtype=np.intp) % len(self)))


class Stream(_Rendered, IterableDataset[Sample]):
    """The samples of a `track` on `data` under one `condition`, shuffled by shard (iterable).

    Shards come in random order, and a few of them at a time are shuffled together; the order is a function of `seed`
    and the epoch. Workers share the shards, so every sample comes once an epoch.
    """

    def __init__(
        self,
        track: str,
        data: str | PathLike[str] | StoredDataset,
        condition: Asked = None,
        *,
        split: str | None = None,
        shuffle: bool = True,
        seed: int = 0,
        shards_together: int = 4,
    ) -> None:
        """Open the samples of `split` (default: test, if the data have splits); `condition` is as for `Samples`.

        `shards_together` are in memory at once, in every worker. Without `shuffle`, samples come as they are stored.
        """
        super().__init__(track, data, condition, split)
        self.shuffle, self.seed, self.shards_together, self.epoch = shuffle, seed, shards_together, 0

    def set_epoch(self, epoch: int) -> None:
        """Let the next pass be that of `epoch`, which decides the order; call it before every pass."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[Sample]:
        for shards in self._buffers():
            samples = (sample for indices in shards for sample in self._samples(indices))
            if not self.shuffle:
                yield from samples
                continue
            held = list(samples)
            rng = generator_for(self.seed, f"stream/{self.epoch}/{shards[0][0]}")
            yield from (held[k] for k in rng.permutation(len(held)))

    def _buffers(self) -> Iterator[list[npt.NDArray[np.intp]]]:
        """Yield the samples of the shards that this process has in memory together, each as stored: read in one go."""
        shard = self.labels.rows // _rows_per_shard(self._source.dataset)
        shards = np.unique(shard)
        if self.shuffle:
            shards = generator_for(self.seed, f"shards/{self.epoch}").permutation(shards)
        worker = get_worker_info()
        mine = shards if worker is None else shards[worker.id :: worker.num_workers]
        for k in range(0, len(mine), self.shards_together):
            yield [np.flatnonzero(shard == one) for one in mine[k : k + self.shards_together]]


def collate(samples: Sequence[Sample]) -> dict[str, Any]:
    """Return `samples` as one batch; what differs in shape, such as the boxes of pictures, stays a list.

    Give it to a DataLoader as `collate_fn`.
    """
    columns = {name: [sample[name] for sample in samples] for name in samples[0]}
    return {name: default_collate(values) if _stackable(values) else values for name, values in columns.items()}


def _stackable(values: Sequence[Any]) -> bool:
    return len({tuple(getattr(value, "shape", ())) for value in values}) == 1


def _separate(batch: Batch, truth: npt.NDArray[Any], names: Sequence[str]) -> Iterator[Sample]:
    """Yield the samples of a `batch` as tensors."""
    arrays = {name: torch.from_numpy(np.ascontiguousarray(getattr(batch, name))) for name in names}
    for k, sample_id in enumerate(batch.sample_id):
        own = torch.as_tensor(np.asarray(truth[k], dtype=np.float32))
        yield {**{name: values[k] for name, values in arrays.items()}, "truth": own, "sample_id": sample_id}


def _rows_per_shard(dataset: StoredDataset) -> int:
    shards = (dataset.array(name).shards for name in dataset.manifest["arrays"])
    return next((shard[0] for shard in shards if shard is not None), len(dataset))


def _chosen(source: Source, asked: Asked) -> Any:
    """Return the condition `asked` for, adapted to the dataset."""
    if asked is not None and not isinstance(asked, Mapping):
        return source.conditions([asked])[0]
    levels = given_levels(source.track.stimulus.condition, asked or {})
    several = [name for name, given in levels.items() if len(given) != 1]
    if several:
        raise InputError(f"condition: give {several[0].removeprefix('--')} one level, not {len(levels[several[0]])}")
    grid = source.grid(levels)
    middle = source.track.wording.middle([one.stated() for one in grid])
    return next(one for one in grid if one.stated() == middle)
