"""Files that come in: streamed to disk, never held in memory, named by the sha256 of their bytes.

A file lies whole and safe on disk before the database knows of it. What an interrupted upload leaves is removed
after an hour.
"""

import contextlib
import hashlib
import os
import secrets
import time
from collections.abc import AsyncIterator, Container
from dataclasses import dataclass
from pathlib import Path

from ...submission.parquet_guard import MAGIC

LEFT_OVER_SECONDS = 3600.0
"""Age after which a file that no submission refers to is removed; far longer than any upload may take."""


class RefusedError(Exception):
    """A submission that is not taken: an HTTP status and one line that says why."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


@dataclass(frozen=True)
class Upload:
    """A file that came in whole: where it lies for now, its sha256 and its size in bytes."""

    path: Path
    sha256: str
    size: int


async def receive(chunks: AsyncIterator[bytes], folder: Path, most_bytes: int) -> Upload:
    """Return what `chunks` hold as a file in `folder/incoming`; raises RefusedError and leaves nothing behind.

    It is refused as soon as it is too large, or its first bytes are not those of a Parquet file.
    """
    path = folder / "incoming" / f"{secrets.token_hex(16)}.partial"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            start = b""
            async for chunk in chunks:
                size += len(chunk)
                if size > most_bytes:
                    raise RefusedError(413, f"the file has more than {most_bytes} bytes: this track takes no more")
                start = start if len(start) >= len(MAGIC) else (start + chunk)[: len(MAGIC)]
                if not MAGIC.startswith(start):
                    raise RefusedError(415, "the file is no Parquet file: send what `whence submit` builds")
                digest.update(chunk)
                stream.write(chunk)
        if start != MAGIC:
            raise RefusedError(415, "the file is no Parquet file: send what `whence submit` builds")
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Upload(path, digest.hexdigest(), size)


def stored(folder: Path, sha256: str) -> Path:
    """Return where the submission with these bytes lies."""
    return folder / sha256[:2] / f"{sha256}.parquet"


def keep(upload: Upload, folder: Path) -> None:
    """Move `upload` to its place, whole and safe from a power cut, whether or not the same bytes lie there."""
    target = stored(folder, upload.sha256)
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _synchronise(upload.path)
    upload.path.replace(target)
    os.utime(target)
    _synchronise(target.parent)
    _synchronise(folder)


def _synchronise(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove_orphans(folder: Path, known: Container[str], now: float | None = None) -> int:
    """Remove files that no submission refers to, `known` by sha256, and that are old enough; return how many."""
    oldest, removed = (now or time.time()) - LEFT_OVER_SECONDS, 0
    for path in [*folder.glob("incoming/*.partial"), *folder.glob("??/*.parquet")]:
        if path.stem in known:
            continue
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime < oldest:
                path.unlink()
                removed += 1
    return removed
