"""A folder on this machine or at any fsspec URL."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import fsspec
import zarr
from fsspec.implementations.local import LocalFileSystem

from ..errors import InputError
from ..files import URL_AS_PATH, written_whole
from ..locks import LOCK, one_of_writers, sole_writer

_UNCACHED = {"use_listings_cache": False}
_PACKAGES = {
    "s3": "'whence[s3]'",
    "s3a": "'whence[s3]'",
    "gs": "gcsfs",
    "gcs": "gcsfs",
    "hf": "'whence[hf]'",
    "http": "'whence[http]'",
    "https": "'whence[http]'",
    "abfs": "adlfs",
    "az": "adlfs",
}
"""What fsspec needs for an address, by its beginning."""


class Folder:
    """Files below one `url`: a local path, or any URL that fsspec opens (s3://, gs://, memory://, ...)."""

    def __init__(self, url: str) -> None:
        """Open the folder at `url`; raises InputError if it is empty or fsspec cannot open it.

        Listings are not cached: other processes write too.
        """
        self.url = str(url).rstrip("/")
        if not self.url:
            raise InputError("the path of a dataset is empty: give a path or a URL")
        near = URL_AS_PATH.match(self.url)
        if near and near[1] not in ("file", "local"):
            raise InputError(f"{self.url} is neither a path nor a URL: did you mean {near[1]}://?")
        try:
            self.filesystem, self.root = fsspec.core.url_to_fs(self.url, **_UNCACHED)
        except ImportError as error:
            package = _PACKAGES.get(self.url.partition("://")[0].rpartition("::")[2], "")
            hint = f": run `pip install {package}`" if package else ""
            raise InputError(f"{self.url} cannot be opened ({error}){hint}") from None
        except (ValueError, TypeError) as error:
            raise InputError(f"{self.url} cannot be opened: {error}") from None
        self.local = isinstance(self.filesystem, LocalFileSystem)

    @property
    def absolute(self) -> str:
        """The absolute address of this folder."""
        return str(self.root) if self.local else self.url

    def store(self) -> Any:
        """Return the Zarr store of this folder."""
        if self.local:
            return zarr.storage.LocalStore(self.root)
        return zarr.storage.FsspecStore.from_url(self.url, storage_options=_UNCACHED)

    def path(self, name: str) -> str:
        """Return the full path of `name` as the file system spells it."""
        return f"{self.root}/{name}" if name else self.root

    def exists(self, name: str = "") -> bool:
        """Return whether `name`, or the folder itself, exists."""
        return bool(self.filesystem.exists(self.path(name)))

    def is_empty(self) -> bool:
        """Return whether there is nothing here yet except remains of a killed writer."""
        return not self.exists() or all(name.endswith(".partial") or name == LOCK for name in self.files())

    def refresh(self) -> None:
        """Forget what is known of the folder, so that what other processes did is seen."""
        self.filesystem.invalidate_cache()

    @contextmanager
    def sole_writer(self) -> Iterator[bool]:
        """Hold the folder against other processes inside the block; yields whether it is held (local folders)."""
        if not self.local:
            yield False
            return
        with sole_writer(Path(self.root)) as held:
            yield held

    @contextmanager
    def one_of_writers(self) -> Iterator[bool]:
        """Hold the folder, which is there, together with writers of other parts; yields whether it is held."""
        if not self.local:
            yield False
            return
        with one_of_writers(Path(self.root)) as held:
            yield held

    def read(self, name: str) -> bytes:
        """Return the content of the file `name`."""
        return bytes(self.filesystem.cat_file(self.path(name)))

    def write(self, name: str, content: bytes) -> None:
        """Write the file `name`, which appears completely or not at all."""
        if not self.local:
            self.filesystem.pipe_file(self.path(name), content)
            return
        with written_whole(Path(self.path(name))) as partial:
            partial.write_bytes(content)

    def files(self, name: str = "") -> list[str]:
        """Return the sorted paths, relative to this folder, of every file below `name`."""
        prefix = len(self.root) + 1
        return sorted(path[prefix:] for path in self.filesystem.find(self.path(name)))

    def sizes(self) -> dict[str, int]:
        """Return the bytes of every file below this folder, by its path relative to it."""
        prefix = len(self.root) + 1
        found = self.filesystem.find(self.root, detail=True)
        return {path[prefix:]: int(about["size"] or 0) for path, about in found.items()}

    def remove(self, name: str) -> None:
        """Remove the file or folder `name`."""
        if self.exists(name):
            with suppress(FileNotFoundError):  # another process was quicker
                self.filesystem.rm(self.path(name), recursive=True)

    def remove_matching(self, ending: str) -> None:
        """Remove every file whose name ends with `ending`: remains of a killed writer."""
        for name in self.files():
            if name.endswith(ending):
                self.filesystem.rm_file(self.path(name))
