"""The files that a method read from its own folder, hashed so that changes are noticed.

An audit hook reports each file that Python opens, and `sys.modules` each module imported. Native code opens files
unseen, so weights (recognised by file name ending) in the method's folder count as read.
"""

import hashlib
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

WEIGHTS = frozenset(
    (".safetensors", ".pt", ".pth", ".ckpt", ".bin", ".onnx", ".npy", ".npz", ".h5", ".hdf5", ".pkl", ".joblib", ".mat")
)
"""File name endings of weights, which native code may read."""
DEEPEST = 3
"""Depth of subfolders of the method's folder searched for weights."""
_CHUNK = 2**20

_opened: set[str] | None = None
"""The set in which the hook collects files; None if inactive."""
_hooked = False


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, or of the names and contents of all files in a folder, hexadecimal."""
    found = hashlib.sha256()
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    for file in files:
        if path.is_dir():
            found.update(f"{file.relative_to(path).as_posix()}\0{file.stat().st_size}\0".encode())
        with file.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                found.update(chunk)
    return found.hexdigest()


@contextmanager
def noting_files() -> Iterator[set[str]]:
    """Yield a set that collects the path of every file that Python opens for reading in the block."""
    global _opened, _hooked
    if not _hooked:
        sys.addaudithook(_note)
        _hooked = True
    before, _opened = _opened, set()
    try:
        yield _opened
    finally:
        _opened = before


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if _opened is None or event != "open":
        return
    path, mode, flags = arguments
    writes = any(letter in mode for letter in "wxa+") if mode else (flags or 0) & (os.O_WRONLY | os.O_RDWR)
    if isinstance(path, str | bytes) and not writes:
        _opened.add(os.fsdecode(path))


def files_read(folder: Path, opened: Iterable[str], *, opened_only: bool = False) -> dict[str, str]:
    """Return the SHA-256 of all files read from the `folder` of a method, by relative path.

    These are the files in `opened` and, unless `opened_only`, the modules imported from there and the weights there.
    """
    folder = folder.resolve()
    modules = [] if opened_only else [getattr(module, "__file__", None) for module in list(sys.modules.values())]
    candidates = {Path(path).resolve() for path in (*opened, *filter(None, modules))}
    candidates |= set() if opened_only else set(_weights(folder))
    inside = sorted(path for path in candidates if path.is_relative_to(folder) and _counts(path, folder))
    return {path.relative_to(folder).as_posix(): sha256_of(path) for path in inside}


def _counts(path: Path, folder: Path) -> bool:
    parts = path.relative_to(folder).parts
    return path.is_file() and "__pycache__" not in parts and not any(part.endswith(".zarr") for part in parts)


def _weights(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        depth = len(Path(place).relative_to(folder).parts)
        folders[:] = [] if depth >= DEEPEST else [f for f in folders if not f.startswith(".") and ".zarr" not in f]
        yield from (Path(place, file) for file in files if Path(file).suffix.lower() in WEIGHTS)


def unchanged(folder: Path | None, read: Mapping[str, str]) -> bool:
    """Return whether all files of `folder` in `read` (SHA-256 by relative path) are unchanged."""
    if folder is None:
        return not read
    return all((folder / name).is_file() and sha256_of(folder / name) == known for name, known in read.items())
