"""One writer for a folder: a lock that names its holder, and that the kernel takes back when the holder ends."""

import errno
import fcntl
import os
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from .files import require_local

LOCK = ".whence.lock"
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EINVAL, errno.EBADF)
_NO_WRITING = (errno.EACCES, errno.EPERM, errno.EROFS)


@contextmanager
def sole_writer(folder: Path) -> Iterator[bool]:
    """Hold `folder`, which is made, against other processes inside the block; where one holds it, say so and wait.

    Yields whether it is held: nothing is where files cannot be locked or written. What a killed process held is free,
    even if its lock file stays.
    """
    require_local(folder, "this folder")
    there = folder.exists()
    lock = _taken(folder / LOCK)
    try:
        yield lock is not None
    finally:
        if lock is not None:
            (folder / LOCK).unlink(missing_ok=True)
            lock.close()
        if not there:
            with suppress(OSError):  # something was written
                folder.rmdir()


@contextmanager
def one_of_writers(folder: Path) -> Iterator[bool]:
    """Hold `folder`, which is there, together with others that write other parts of it, against a `sole_writer`.

    Where a sole writer holds it, say so and wait. Yields whether it is held, as `sole_writer` does.
    """
    lock = _taken(folder / LOCK, fcntl.LOCK_SH)
    try:
        yield lock is not None
    finally:
        if lock is not None:
            with lock, suppress(BlockingIOError):  # others still write
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                (folder / LOCK).unlink(missing_ok=True)


def can_lock(folder: Path) -> bool:
    """Whether files in `folder` can be locked."""
    try:
        with (folder / f"{LOCK}.{os.getpid()}").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.unlink(lock.name)
    except OSError:
        return False
    return True


def _taken(path: Path, how: int = fcntl.LOCK_EX) -> IO[str] | None:
    """Return the lock file `path`, open and locked; None where files cannot be locked or written."""
    try:
        lock = _locked(path, how)
        while not _is_at(lock, path):  # the holder we waited for has removed it
            lock.close()
            lock = _locked(path, how)
    except OSError as error:
        if error.errno in _NO_LOCKS:
            path.unlink(missing_ok=True)
            return None
        if error.errno in _NO_WRITING:
            return None
        raise
    lock.truncate(0)
    lock.write(f"process {os.getpid()} on {platform.node() or 'this machine'} since {time.strftime('%H:%M:%S')}")
    lock.flush()
    return lock


def _locked(path: Path, how: int) -> IO[str]:
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.open("a+", encoding="utf-8")
    try:
        _wait_for(lock, path.parent, how)
    except BaseException:
        lock.close()
        raise
    return lock


def _wait_for(lock: IO[str], folder: Path, how: int) -> None:
    try:
        fcntl.flock(lock, how | fcntl.LOCK_NB)
    except BlockingIOError:
        print(f"{folder} is being written by {_holder(lock)}: waiting until it has ended", file=sys.stderr)
        fcntl.flock(lock, how)


def _holder(lock: IO[str]) -> str:
    """Return who holds `lock`, which the holder writes into it, but a moment after it took it."""
    for _ in range(20):
        lock.seek(0)
        if found := lock.read():
            return found
        time.sleep(0.05)
    return "another process"


def _is_at(lock: IO[str], path: Path) -> bool:
    """Whether the open file `lock` is the one at `path`."""
    try:
        return os.path.samestat(os.fstat(lock.fileno()), path.stat())
    except FileNotFoundError:
        return False
