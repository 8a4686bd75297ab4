"""Files that appear whole or not at all."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import InputError

URL_AS_PATH = re.compile(r"([a-z][a-z0-9+.-]+):(/(?!/)|$)", re.IGNORECASE)
"""How a URL begins that was made a path: with one slash, or none, where a URL has two."""


def require_local(path: Path, what: str = "it") -> None:
    """Raise InputError where `path` is a URL that was made a path: nobody wants a local folder of such a name."""
    near = URL_AS_PATH.match(str(path))
    if near:
        url = str(path).replace(near[0], f"{near[1]}://", 1)
        raise InputError(
            f"{url} is a URL, but {what} must be local (only datasets may lie behind a URL; `whence copy` takes runs "
            "there and back): give a path"
        )


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Yield a temporary path that replaces `path` when the block ends; creates the folder.

    Readers see the old file or the new one, even if the writer is killed, which leaves a `.partial` file behind.
    Nothing is written through a link of that name, or of the name of `path`.
    """
    require_local(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    partial.unlink(missing_ok=True)
    yield partial
    partial.replace(path)
