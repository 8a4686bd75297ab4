"""Threads: the one policy for every library, in commands, workers and calls from Python.

BLAS gets one thread: our products are small, and threads that wait for the next one spin, the more the busier a machine
is. torch, OpenCV, numba and our own loops over clips get at most `thread_count()` threads. Nobody has to set an
environment variable; those that are set win. When a block ends, every library has as many threads as before.
"""

import os
import re
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar

from .cores import allowed_cores

T = TypeVar("T")
R = TypeVar("R")

BLAS_VARIABLES = {
    "openblas": ("OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS"),
    "mkl": ("MKL_NUM_THREADS",),
    "blis": ("BLIS_NUM_THREADS",),
    "flexiblas": ("FLEXIBLAS_NUM_THREADS",),
}
"""For each BLAS, the variables by which a user chooses its threads."""
ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "BLIS_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMBA_NUM_THREADS",
    ),
    "1",
)
"""The environment of a process that gets one core."""
MOST_LOOPING = 16
"""Threads of `map_threads`: more would wait for Python's lock."""
_LATE = ("scipy.linalg", "torch", "cv2", "numba")
"""Modules that bring threads with them."""


def thread_count() -> int:
    """Return how many threads a library may use here: OMP_NUM_THREADS if the user has set it, else the cores allowed.

    That is also right on a busy machine: what is shared out in small pieces goes to the cores that are free.
    """
    chosen = re.match(r"\s*([1-9]\d*)\s*(,|$)", os.environ.get("OMP_NUM_THREADS", ""))  # a list is for nested loops
    return int(chosen[1]) if chosen else allowed_cores()


def map_threads(task: Callable[[T], R], pieces: Sequence[T]) -> list[R]:
    """Return `task` of each of `pieces`, in order. Threads take the next piece when they are free."""
    threads = min(thread_count(), len(pieces), MOST_LOOPING)
    if threads < 2:
        return [task(piece) for piece in pieces]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(task, pieces))


class _Shared:
    """What holds in the whole process as long as any thread is inside a block; the last one out undoes it."""

    def __init__(self, settle: Callable[[ExitStack], None]) -> None:
        self._settle, self._lock = settle, threading.Lock()
        self._inside, self._undo = 0, ExitStack()
        self._loaded: list[str] = []

    @contextmanager
    def block(self) -> Iterator[None]:
        """Hold it inside the block, and for what has been loaded since an outer block began."""
        with self._lock:
            self._inside += 1
            if self._inside == 1 or _loaded() != self._loaded:
                self._settle(self._undo)
                self._loaded = _loaded()
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
                if self._inside == 0:
                    self._undo.close()


def _loaded() -> list[str]:
    return [name for name in _LATE if name in sys.modules]


def _settle_all(undo: ExitStack) -> None:
    """Give BLAS one thread and the others at most `thread_count()`, unless a variable says otherwise."""
    free = [name for name, variables in BLAS_VARIABLES.items() if not any(map(os.environ.get, variables))]
    _limit_to_one(_controller().select(internal_api=free), undo)
    if torch := sys.modules.get("torch"):
        _lower(torch.get_num_threads, torch.set_num_threads, undo)
    if cv2 := sys.modules.get("cv2"):
        _lower(cv2.getNumThreads, cv2.setNumThreads, undo)
    numba = sys.modules.get("numba")
    if numba and not os.environ.get("NUMBA_NUM_THREADS") and thread_count() < numba.config.NUMBA_NUM_THREADS:
        _lower(numba.get_num_threads, numba.set_num_threads, undo)


def _lower(get: Callable[[], int], use: Callable[[int], Any], undo: ExitStack) -> None:
    """Lower a library's threads to `thread_count()`; fewer are the user's choice."""
    before = get()
    if before > thread_count():
        undo.callback(use, before)
        use(thread_count())


def _settle_one(undo: ExitStack) -> None:
    """Give BLAS and OpenMP one thread, whatever the variables say: bytes may depend on it."""
    _limit_to_one(_controller(), undo)


def _limit_to_one(controller: Any, undo: ExitStack) -> None:
    _let_any_thread_limit()
    limited = controller.limit(limits=1)
    for step in (_let_any_thread_limit, limited.restore_original_limits, _let_any_thread_limit):
        undo.callback(step)
    _let_any_thread_limit()


def _let_any_thread_limit() -> None:
    """Let threadpoolctl 3.8 obey whichever thread leaves a block last, not only the one that entered first."""
    from threadpoolctl import OpenBLASController

    if hasattr(OpenBLASController, "clear_controlling_thread"):
        OpenBLASController.clear_controlling_thread(force=True)


def _controller() -> Any:
    import scipy.linalg  # noqa: F401 - brings a BLAS of its own, which cannot be limited before it is loaded
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


thread_policy = _Shared(_settle_all).block
"""A block, or a decorator, in which the policy holds. An inner block includes libraries loaded meanwhile."""
single_threaded = _Shared(_settle_one).block
"""A block in which BLAS and OpenMP have one thread, for what must have the same bytes everywhere."""
