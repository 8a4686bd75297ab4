"""Rows in random order, read whole shards at a time: one buffer of shards is in memory, shuffled, while it is used.

The order is a function of the seed and the step alone, so a training that was killed goes on with the same examples.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ...datagen.direct_reading import places_of_each
from ...digests import generator_for

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True)
class ShuffledRows:
    """`rows` of a sharded dataset in an order that changes every epoch.

    Shards are shuffled, and `buffered_shards` of them are shuffled together row by row.
    """

    rows: Rows
    rows_per_shard: int
    seed: int
    buffered_shards: int = 40

    @cached_property
    def _shards(self) -> list[Rows]:
        return [self.rows[places] for places in places_of_each(self.rows // self.rows_per_shard)]

    def buffers(self, epoch: int) -> list[Rows]:
        """Return the rows of each buffer of `epoch`, shuffled."""
        rng = generator_for(self.seed, f"epoch/{epoch}")
        order = rng.permutation(len(self._shards))
        groups = [order[k : k + self.buffered_shards] for k in range(0, len(order), self.buffered_shards)]
        return [rng.permutation(np.concatenate([self._shards[shard] for shard in group])) for group in groups]


@dataclass
class BufferedReader:
    """Reads the rows of any step: `read(rows)` returns the array (n, ...) of those `rows`, in their order, from disk.

    While one buffer is used, a thread reads the next, so two are in memory. Batches are views of a buffer: copy what
    you change or keep.
    """

    order: ShuffledRows
    read: Callable[[Rows], npt.NDArray[Any]]
    _epoch: int = field(default=-1, init=False)
    _buffers: list[Rows] = field(default_factory=list, init=False)
    _held: dict[int, Future[npt.NDArray[Any]]] = field(default_factory=dict, init=False)
    _ahead: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1), init=False)

    def rows_of(self, step: int, batch: int) -> tuple[Rows, npt.NDArray[Any]]:
        """Return `batch` rows for `step`, and what `read` returned for them; an epoch's incomplete batch is dropped.

        Fewer rows are all returned at every step, which is said once.
        """
        count = len(self.order.rows)
        steps = max(count // batch, 1)
        if count < batch and self._epoch == -1:
            print(f"batch={batch}: the data have {count} rows to learn from, so a step has {count}", file=sys.stderr)
        epoch, within = divmod(step, steps)
        if epoch != self._epoch:
            self._epoch, self._buffers, self._held = epoch, self.order.buffers(epoch), {}
        rows, values = zip(*self._pieces(within * batch, batch), strict=True)
        return _joined(rows), _joined(values)

    def _pieces(self, start: int, count: int) -> Iterator[tuple[Rows, npt.NDArray[Any]]]:
        """Yield rows and values from position `start` of the epoch on, one piece a buffer."""
        first = 0
        for number, buffer in enumerate(self._buffers):
            low, high = max(start - first, 0), min(start + count - first, len(buffer))
            if low < high:
                yield buffer[low:high], self._held_buffer(number)[low:high]
            first += len(buffer)

    def _held_buffer(self, number: int) -> npt.NDArray[Any]:
        """Return a buffer; let earlier ones go and begin to read the next."""
        wanted = range(max(number - 1, 0), min(number + 2, len(self._buffers)))
        self._held = {k: held for k, held in self._held.items() if k in wanted}
        for k in (number, number + 1):
            if k in wanted and k not in self._held:
                self._held[k] = self._ahead.submit(self.read, self._buffers[k])
        return self._held[number].result()


def _joined(pieces: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
