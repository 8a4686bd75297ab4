"""How a training keeps its memory."""

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
"""Numbers of glibc's `mallopt` (man mallopt)."""
_NEVER = 2**31 - 1


def keep_freed_memory() -> None:
    """Keep freed memory in the process instead of returning it to the system; elsewhere than on glibc, do nothing.

    Each step needs the same large tensors again. glibc maps and clears fresh pages for each of them, which took half
    of the time of a step of `stereocrw` on a CPU.
    """
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    if library is not None and hasattr(library, "mallopt"):
        library.mallopt(_MMAP_MAX, 0)
        library.mallopt(_TRIM_THRESHOLD, _NEVER)
