"""Work that several methods do on the same batch, such as its correlations: done once while they are asked about it."""

import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

T = TypeVar("T", npt.NDArray[Any], tuple[npt.NDArray[Any], ...])


@dataclass(frozen=True)
class _Done:
    """What was computed of `given`, and the seconds that it took."""

    key: Hashable
    given: npt.NDArray[Any]
    found: Any
    seconds: float


@dataclass
class _Work:
    """All that was computed of a batch, and the seconds that those who found it there would have needed."""

    done: list[_Done] = field(default_factory=list)
    spared: float = 0.0


_work: ContextVar[_Work | None] = ContextVar("work", default=None)


@contextmanager
def shared_work() -> Iterator[None]:
    """Let the methods that are asked inside the block share their work; it is forgotten afterwards."""
    token = _work.set(_Work())
    try:
        yield
    finally:
        _work.reset(token)


def once(key: Hashable, given: npt.NDArray[Any], compute: Callable[[], T]) -> T:
    """Return `compute()`, a function of `given` and `key` alone, or what it was for the same two before in this block.

    Compares `given` value by value, so a method that changes its input gets no stale answer. Arrays are read-only.
    """
    work = _work.get()
    if work is None:
        return compute()
    for done in work.done:
        if done.key == key and np.array_equal(done.given, given):
            work.spared += done.seconds
            found: T = done.found
            return found
    started = time.perf_counter()
    found = compute()
    for array in found if isinstance(found, tuple) else (found,):
        array.flags.writeable = False
    work.done.append(_Done(key, given.copy(), found, time.perf_counter() - started))
    return found


def spared_seconds() -> float:
    """Return the seconds that sharing has saved in this block: what a method alone would take counts them too."""
    work = _work.get()
    return work.spared if work else 0.0
