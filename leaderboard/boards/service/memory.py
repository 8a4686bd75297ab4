"""What the scoring process remembers, so that a table is drawn anew without scoring every submission anew."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from hashlib import sha256
from typing import Generic, TypeVar

from ....benchmarks.questions.metrics import Metric, Vector
from ....benchmarks.scoring.statistics import Clusters, Estimate, estimate

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Memory(Generic[Key, Value]):
    """Values by what they were made of: those used last, as many as `most_bytes` hold by their `size`."""

    def __init__(self, most_bytes: int, size: Callable[[Value], int]) -> None:
        self._most, self._size = most_bytes, size
        self._kept: OrderedDict[Key, Value] = OrderedDict()
        self._bytes = 0

    def get(self, key: Key, make: Callable[[], Value]) -> Value:
        """Return the value of `key`, made unless it is remembered."""
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        value = self._kept[key] = make()
        self._bytes += self._size(value)
        while self._bytes > self._most:
            self._bytes -= self._size(self._kept.popitem(last=False)[1])
        return value


class Estimates:
    """`statistics.estimate`, which resamples the same terms on the same clusters once."""

    def __init__(self, most_bytes: int) -> None:
        self._memory: Memory[tuple[str, bytes, bytes], Estimate] = Memory(most_bytes, lambda one: one.draws.nbytes)

    def __call__(self, metric: Metric, terms: Vector, clusters: Clusters) -> Estimate:
        """Return the metric of `terms` (n,), and on each resample of `clusters`."""
        key = metric.summary, sha256(terms.tobytes()).digest(), sha256(clusters.codes.tobytes()).digest()
        return self._memory.get(key, lambda: estimate(metric, terms, clusters))
