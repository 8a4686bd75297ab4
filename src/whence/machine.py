"""What this machine grants: cores, folders, locks, sockets, letters. `whence doctor` shows it."""

import importlib.util
import multiprocessing
import os
import socket
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from .cores import allowed_cores, cpu_quota
from .locks import can_lock
from .places import home, is_writable, matplotlib_folder, numba_cache, private_folder
from .spelling import is_plain

Fact = tuple[str, bool, str, str]
"""What, whether it is as it should be, what was found, and what to do where it is not."""


def workers_fault() -> str:
    """Return why worker processes cannot be used here, empty where they can: they talk through the loopback."""
    try:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(1)
            with socket.create_connection(listener.getsockname(), timeout=5):
                pass
    except OSError as error:
        return f"no loopback: {error.strerror or error}"
    try:
        multiprocessing.get_context("spawn").Lock()
    except (OSError, ImportError) as error:
        return f"no semaphores: {getattr(error, 'strerror', None) or error}"
    return ""


def facts() -> Sequence[Fact]:
    """Return what this machine grants this user."""
    return [_cores(), _home(), _temporary(), _numba(), _matplotlib(), _backend(), _locks(), _workers(), _letters()]


def _cores() -> Fact:
    cores, there, quota = allowed_cores(), os.cpu_count() or 1, cpu_quota()
    limit = "" if quota == float("inf") else f", CPU quota {quota:g}"
    return "cores allowed", True, f"{cores} of {there}{limit}", ""


def _home() -> Fact:
    found = home()
    if found is None or found == private_folder():
        return (
            "home folder",
            False,
            f"HOME is not set, user {os.getuid()} is unknown; {found or 'nothing'} is used",
            "set HOME",
        )
    good = is_writable(found)
    what = f"{found}, {'writable' if good else 'not writable'}"
    return "home folder", good, what, "" if good else "set HOME to a folder that can be written"


def _temporary() -> Fact:
    try:
        return "temporary folder", True, f"{tempfile.gettempdir()}, writable", ""
    except OSError:
        return "temporary folder", False, "none can be written", "set TMPDIR"


def _numba() -> Fact:
    return _cache("numba cache", numba_cache(), "set NUMBA_CACHE_DIR", "off: functions are compiled at each start")


def _matplotlib() -> Fact:
    return _cache("matplotlib folder", matplotlib_folder(), "set MPLCONFIGDIR", "none can be written")


def _cache(name: str, found: Path | None, fix: str, without: str) -> Fact:
    if found is None:
        return name, False, without, f"{fix} to a folder that can be written"
    stopgap = found == private_folder()
    return name, True, f"{found}, writable" + (", since the usual folders are not" if stopgap else ""), ""


def _backend() -> Fact:
    backend = os.environ.get("MPLBACKEND", "")
    package = backend.partition("module://")[2].partition(".")[0]
    absent = bool(package) and importlib.util.find_spec(package) is None
    detail = f"MPLBACKEND={backend}{', which is not here' if absent else ''}; " if backend else ""
    return "matplotlib backend", True, f"{detail}pictures are drawn without one", ""


def _locks() -> Fact:
    good = can_lock(Path.cwd())
    what = f"{Path.cwd()}: {'files can be locked' if good else 'files cannot be locked or written'}"
    return "file locks", good, what, "" if good else "do not start two commands at once that write one folder"


def _workers() -> Fact:
    fault = workers_fault()
    fix = "allow it, or everything runs in one process" if fault else ""
    return "worker processes", not fault, fault or "loopback and semaphores work", fix


def _letters() -> Fact:
    encoding = getattr(sys.stdout, "encoding", None) or "unknown"
    return "terminal letters", True, "ASCII" if is_plain() else encoding, ""
