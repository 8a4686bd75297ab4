"""Files of a folder that strangers may have written to: plain files inside it, none too large, and no links.

Messages name the file and what is wrong with it, and show nothing of its content.
"""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from ....errors import InputError
from ...submission.parquet_guard import open_regular

PIECE = 1 << 20


def shown(path: object) -> str:
    """Return the name of a file for a message: printable, whatever its bytes are."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in str(path))


def inside(root: Path, path: Path) -> Path:
    """Return `path`, which lies below `root`; raises InputError where it, or a folder on the way to it, is a link."""
    for part in (path, *path.parents):
        if part == root:
            return path
        if part.is_symlink():
            raise InputError(f"{shown(part)} is a link: expected a file or folder of the board's own")
    raise InputError(f"{shown(path)} lies outside of {shown(root)}")


def read_json(root: Path, path: Path, most_bytes: int) -> Any:
    """Return what the JSON file `path` below `root` holds; raises InputError for any other and for a larger one."""
    try:
        with open_regular(inside(root, path)) as stream:
            content = stream.read(most_bytes + 1)
    except InputError as error:
        raise InputError(f"{shown(path.parent)}: {error}") from None
    if len(content) > most_bytes:
        raise InputError(f"{shown(path)} has more than {most_bytes} bytes")
    try:
        return json.loads(content.decode("utf-8"), parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise InputError(f"{shown(path)} is no JSON: see line {error.lineno}, column {error.colno}") from None
    except (ValueError, RecursionError):
        raise InputError(f"{shown(path)} is no JSON that can be read") from None


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")


def digest_of(root: Path, path: Path, most_bytes: int) -> str:
    """Return the SHA-256 of the file `path` below `root`; raises InputError for a larger one and what is no file."""
    digest = hashlib.sha256()
    with open_regular(inside(root, path)) as stream:
        if os.fstat(stream.fileno()).st_size > most_bytes:
            raise InputError(f"{shown(path.name)} has more than {most_bytes} bytes")
        while piece := stream.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()
