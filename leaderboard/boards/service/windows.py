"""Counts of the last minute: in memory, by a clock that nobody can set back."""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable

SECONDS = 60.0


class Windows:
    """How often something happened in the last minute, by what and whose it was."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._times: OrderedDict[Hashable, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def hit(self, key: Hashable, most: int) -> bool:
        """Count one more of `key`, and return True, unless there were `most` in the last minute."""
        with self._lock:
            now = self._clock()
            self._forget(now - SECONDS)
            times = self._times.setdefault(key, deque())
            self._times.move_to_end(key)
            while times and times[0] <= now - SECONDS:
                times.popleft()
            if len(times) >= most:
                return False
            times.append(now)
            return True

    def _forget(self, start: float) -> None:
        """Drop what has no count since `start`; what was asked for last lies at the end."""
        while self._times and (not (times := next(iter(self._times.values()))) or times[-1] <= start):
            self._times.popitem(last=False)
