"""A folder that may lie on this machine or behind any fsspec URL."""

from pathlib import Path
from typing import Any

import fsspec
import zarr
from fsspec.implementations.local import LocalFileSystem

from ..errors import InputError
from ..files import written_whole


class Folder:
    """Files below one `url`: a local path, or any URL that fsspec opens (s3://, gs://, memory://, ...)."""

    def __init__(self, url: str) -> None:
        """Open the folder at `url`; raises InputError for an address that fsspec does not understand."""
        self.url = str(url).rstrip("/")
        if not self.url:
            raise InputError("the path of a dataset is empty: give a path or a URL")
        try:
            self.filesystem, self.root = fsspec.core.url_to_fs(self.url)
        except (ImportError, ValueError) as error:
            raise InputError(f"{self.url} cannot be opened: {error}") from None
        self.local = isinstance(self.filesystem, LocalFileSystem)

    @property
    def absolute(self) -> str:
        """The address of this folder from anywhere on this file system."""
        return str(self.root) if self.local else self.url

    def store(self) -> Any:
        """Return the Zarr store of this folder."""
        if self.local:
            return zarr.storage.LocalStore(self.root)
        return zarr.storage.FsspecStore.from_url(self.url)

    def path(self, name: str) -> str:
        """Return the full path of `name` in the file system's own spelling."""
        return f"{self.root}/{name}" if name else self.root

    def exists(self, name: str = "") -> bool:
        """Whether `name`, or the folder itself, exists."""
        return bool(self.filesystem.exists(self.path(name)))

    def is_empty(self) -> bool:
        """Whether nothing is there yet but what a killed writer may have left."""
        return not self.exists() or all(name.endswith(".partial") for name in self.files())

    def read(self, name: str) -> bytes:
        """Return the content of the file `name`."""
        return bytes(self.filesystem.cat_file(self.path(name)))

    def write(self, name: str, content: bytes) -> None:
        """Write the file `name`, which appears whole or not at all."""
        if not self.local:
            self.filesystem.pipe_file(self.path(name), content)
            return
        with written_whole(Path(self.path(name))) as partial:
            partial.write_bytes(content)

    def files(self, name: str = "") -> list[str]:
        """Return the sorted paths, relative to this folder, of every file below `name`."""
        prefix = len(self.root) + 1
        return sorted(path[prefix:] for path in self.filesystem.find(self.path(name)))

    def remove(self, name: str) -> None:
        """Remove the file or folder `name`."""
        if self.exists(name):
            self.filesystem.rm(self.path(name), recursive=True)

    def remove_matching(self, ending: str) -> None:
        """Remove every file whose name ends with `ending`: what a killed writer left behind."""
        for name in self.files():
            if name.endswith(ending):
                self.filesystem.rm_file(self.path(name))
