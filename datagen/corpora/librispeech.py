"""Downloads LibriSpeech (Panayotov et al. 2015) from OpenSLR once, resumable and checksummed."""

import difflib
import fcntl
import hashlib
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import requests
from tqdm import tqdm

from ...errors import InputError
from ...places import cache_folder

BASE_URL = "https://www.openslr.org/resources/12"
LICENCE = "CC BY 4.0"
DEFAULT_SUBSET = "test-clean"

# From https://www.openslr.org/resources/12/md5sum.txt, as recorded by several public loaders of the corpus.
MD5 = {
    "dev-clean": "42e2234ba48799c1f50f24a7926300a1",
    "dev-other": "c8d0bcc9cca99d4f8b62fcc847357931",
    "test-clean": "32fa31d27d2e1cad72775fee3f4849a9",
    "test-other": "fb5a50374b501bb3bac4815ee91d3135",
    "train-clean-100": "2a93770f6d5c6c964bc36631d331a522",
    "train-clean-360": "c0e676e450a7ff2f54aeade5171606fa",
    "train-other-500": "d1a0fd59409feb2c614ce4d30c387708",
}

_ATTEMPTS = 5
_CHUNK_BYTES = 1 << 16  # lost at most when a transfer breaks
_TIMEOUT_SECONDS = (10, 60)


def is_cached(subset: str) -> bool:
    """Whether `subset` was downloaded before."""
    return subset in MD5 and (cache_folder() / "librispeech" / subset).is_dir()


def fetch(
    subset: str,
    *,
    cache: Path | None = None,
    base_url: str = BASE_URL,
    md5: str | None = None,
    pause_seconds: float = 2.0,
) -> Path:
    """Return the folder of `subset`, downloading and unpacking it if it is not cached yet.

    `md5` is that of the archive, by default the official one; `pause_seconds` is the wait before each new attempt.
    Raises InputError for an unknown subset or a failed download.
    """
    if subset not in MD5:
        near = difflib.get_close_matches(subset, MD5, n=1, cutoff=0.0)[0]
        raise InputError(f"librispeech:{subset}: no such subset, nearest is {near}; known: {', '.join(MD5)}")
    home = (cache or cache_folder()) / "librispeech"
    folder = home / subset
    if folder.is_dir():
        return folder
    url = f"{base_url}/{subset}.tar.gz"
    try:
        home.mkdir(parents=True, exist_ok=True)
        with _locked(home / f"{subset}.tar.gz.part") as part:
            if not folder.is_dir():  # another process may have finished first
                _download(url, part, pause_seconds)
                _require_md5(part, md5 or MD5[subset], url)
                _unpack(part, subset, folder)
                part.unlink()
    except requests.RequestException as error:
        raise InputError(_no_download(url, home, subset, error)) from error
    except OSError as error:
        raise InputError(
            f"{error.filename or home}: {error.strerror or error}; free some space or set WHENCE_CACHE to a "
            "writable folder, then run this again: what was downloaded is kept"
        ) from error
    return folder


def _no_download(url: str, home: Path, subset: str, error: requests.RequestException) -> str:
    reason = f"HTTP {error.response.status_code}" if error.response is not None else type(error).__name__
    return (
        f"{url}: cannot be downloaded ({reason}); run this again to resume, or unpack the archive "
        f"yourself so that {home / subset} exists, or give a folder of audio or espeak instead"
    )


@contextmanager
def _locked(part: Path) -> Iterator[Path]:
    """Lock `part` against other processes: two appending to one file would corrupt it."""
    with part.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(f"{part}: another process is downloading it; wait for it to finish") from error
        yield part


def _download(url: str, part: Path, pause_seconds: float) -> None:
    """Complete `part`; an attempt that makes progress resets the count of attempts."""
    failures = 0
    while True:
        before = _size(part)
        try:
            _append(url, part)
            return
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError):
            failures = 1 if _size(part) > before else failures + 1
            if failures >= _ATTEMPTS:
                raise
            time.sleep(pause_seconds)


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _append(url: str, part: Path) -> None:
    """Request the missing bytes of `part` and append them."""
    have = _size(part)
    # "identity", because a server may declare .gz an encoding and requests would decompress it
    headers = {"Range": f"bytes={have}-", "Accept-Encoding": "identity"}
    with requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT_SECONDS) as response:
        if have and response.status_code == requests.codes.requested_range_not_satisfiable:
            return  # nothing is missing; the checksum verifies that
        response.raise_for_status()
        resumed = response.status_code == requests.codes.partial_content
        total = (have if resumed else 0) + int(response.headers.get("Content-Length", 0))
        with part.open("ab" if resumed else "wb") as file:
            _write(response, file, total)
    if _size(part) < total:  # old versions of urllib3 do not check this
        raise requests.ConnectionError(f"{part.name} ended early")


def _write(response: requests.Response, file: BinaryIO, total: int) -> None:
    with tqdm(
        desc=Path(response.url).name,
        initial=file.tell(),
        total=total or None,
        unit="B",
        unit_scale=True,
        disable=not sys.stderr.isatty(),
    ) as bar:
        for chunk in response.iter_content(_CHUNK_BYTES):
            file.write(chunk)
            bar.update(len(chunk))


def _require_md5(part: Path, expected: str, url: str) -> None:
    with part.open("rb") as file:
        found = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    if found != expected:
        part.unlink()
        raise InputError(f"{url}: the download has MD5 {found}, expected {expected}; it was deleted, run this again")


def _unpack(archive: Path, subset: str, folder: Path) -> None:
    """Unpack `LibriSpeech/SUBSET` of `archive` as `folder`, completely or not at all."""
    with tempfile.TemporaryDirectory(prefix=f".{subset}-", dir=folder.parent) as scratch:
        try:
            with tarfile.open(archive, "r:gz") as tar:
                tar.extractall(scratch, filter="data")
        except (tarfile.TarError, EOFError) as error:
            raise InputError(f"{archive}: cannot be unpacked ({error}); delete it and run this again") from error
        unpacked = Path(scratch) / "LibriSpeech" / subset
        if not unpacked.is_dir():
            raise InputError(f"{archive}: holds no LibriSpeech/{subset}; delete it and run this again")
        unpacked.rename(folder)
