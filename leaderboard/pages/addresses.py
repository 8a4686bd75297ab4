"""Where pages and files lie: one set of addresses for a server, one for a folder of files; links are relative."""

import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal
from urllib.parse import urlencode

from .view import FIRST_CHOICE, Choice

Kind = Literal["index", "board", "conditions", "entry", "pairs", "comparison", "sample", "style"]


@dataclass(frozen=True)
class Address:
    """A page (no `file`), or a file that belongs to it, such as `table.csv` or `badge.svg`.

    `keys` are the entry of an entry page, the two of a comparison, or the condition of a sample, which is a file
    alone. `choice` is whole, or a metric alone for the page of all conditions.
    """

    kind: Kind
    slug: str = ""
    keys: tuple[str, ...] = ()
    choice: Choice = FIRST_CHOICE
    file: str = ""


Addresses = Callable[[Address], str]
"""The path of an address below the root of the site, without a leading slash."""
_PLAIN = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}")


def live(address: Address) -> str:
    """Return the path and query under which a server answers.

    >>> live(Address("board", "delays", choice=Choice(metric="rmse")))
    'tracks/delays?metric=rmse'
    """
    board = f"tracks/{file_name(address.slug)}"
    match address.kind:
        case "index":
            path = ""
        case "style":
            path = "board.css"
        case "board":
            path = board
        case "entry":
            path = f"{board}/entries/{file_name(address.keys[0])}"
        case "pairs" | "comparison":
            path = f"{board}/compare"
        case "conditions":
            path = f"{board}/conditions"
        case "sample":
            path = f"{board}/samples/{address.keys[0]}"
    if address.file:
        path = f"{path}/{address.file}".lstrip("/")
    query = urlencode(_query(address))
    return f"{path}?{query}" if query else path


def _query(address: Address) -> dict[str, str]:
    if address.kind == "comparison":
        return dict(zip("ab", address.keys, strict=True))
    plain = Choice()
    return {name: value for name, value in vars(address.choice).items() if value != getattr(plain, name)}


def file_name(name: str) -> str:
    """Return `name` as part of a file's name: as it is where it is plain, else cleaned with a digest.

    >>> file_name("gcc-phat"), file_name("../A b")
    ('gcc-phat', 'a-b-e3f8e011')
    """
    if _PLAIN.fullmatch(name) and "--" not in name:
        return name
    clean = re.sub(r"[^a-z0-9_]+", "-", name.lower()).strip("-_")[:40]
    return f"{clean or 'entry'}-{sha256(name.encode()).hexdigest()[:8]}"


def static(address: Address) -> str:
    """Return the file that holds what is at `address`.

    >>> static(Address("comparison", "delays", ("a", "b")))
    'tracks/delays/compare/a--b.html'
    """
    if address.kind == "style":
        return "board.css"
    board = f"tracks/{file_name(address.slug)}"
    names = [file_name(key) for key in address.keys]
    folder, page = {
        "index": ("", "index"),
        "board": (board, "index"),
        "conditions": (f"{board}/conditions", "index"),
        "entry": (f"{board}/entries/{'-'.join(names)}", "index"),
        "pairs": (f"{board}/compare", "index"),
        "sample": (f"{board}/samples/{''.join(address.keys)}", "index"),
        "comparison": (f"{board}/compare", "--".join(names)),
    }[address.kind]
    chosen = "--".join(_query(address).values()) if address.kind != "comparison" else ""
    if address.file:
        stem, suffix = address.file.rsplit(".", 1)
        own = "" if page == "index" else page
        return posixpath.join(folder, f"{'--'.join(filter(None, (own, chosen, stem)))}.{suffix}")
    return posixpath.join(folder, f"{chosen or page}.html")


def relative(target: str, here: str) -> str:
    """Return `target` as a link on the page `here`, both paths below the root; a page's folder may be the root's.

    >>> relative("tracks/delays?metric=rmse", "tracks/delays/entries/mine"), relative("board.css", "tracks/delays")
    ('../../delays?metric=rmse', '../board.css')
    >>> relative("index.html", "tracks/delays/index.html"), relative("", "tracks/delays")
    ('../../index.html', '../')
    """
    path, _, query = target.partition("?")
    folder, name = posixpath.split(f"/{path}")
    climb = posixpath.relpath(folder, posixpath.dirname(f"/{here.partition('?')[0]}"))
    link = f"{'' if climb == '.' and name else f'{climb}/'}{name}"
    return f"{link}?{query}" if query else link
