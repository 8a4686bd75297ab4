"""Where pages and files lie: one set of addresses for a server, one for a folder of files; links are relative.

A server has a page for each choice of a reader. An exported site has one for each condition, with a part for each
measure, and one for each entry, with a part for each comparison: it is a few files that a script orders and filters.
"""

import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal
from urllib.parse import urlencode

from .view import FIRST_CHOICE, Choice

Kind = Literal["index", "board", "conditions", "entry", "pairs", "comparison", "sample", "style", "script"]


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
        case "script":
            path = "board.js"
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
    """Return the file that holds what is at `address`, and after a # the part of the page.

    >>> static(Address("comparison", "delays", ("a", "b")))
    'tracks/delays/entries/a/index.html#against-b'
    >>> static(Address("board", "delays", choice=Choice("snr_db-10", "rmse")))
    'tracks/delays/snr_db-10.html#by-rmse'
    """
    if address.kind in ("style", "script"):
        return live(address)
    board = f"tracks/{file_name(address.slug)}"
    folder = {
        "index": "",
        "board": board,
        "conditions": f"{board}/conditions",
        "entry": f"{board}/entries/{file_name(''.join(address.keys[:1]))}",
        "comparison": f"{board}/entries/{file_name(''.join(address.keys[:1]))}",
        "pairs": f"{board}/compare",
        "sample": f"{board}/samples/{''.join(address.keys)}",
    }[address.kind]
    part = part_of(address)
    page = f"{address.choice.condition or 'index'}.html"
    return posixpath.join(folder, address.file or page) + (f"#{part}" if part else "")


def file_title(address: Address) -> str:
    """Return the name under which a reader keeps the file at `address`.

    >>> file_title(Address("board", "delays", choice=Choice("snr_db-10", "rmse"), file="table.csv"))
    'delays--snr_db-10--rmse--table.csv'
    """
    names = [file_name(name) for name in (address.slug, *address.keys) if name]
    chosen = [] if address.kind == "comparison" else _query(address).values()
    return "--".join([*names, *chosen, address.file])


def part_of(address: Address) -> str:
    """Return the name of the part of an exported page where `address` lies; empty for the whole page.

    >>> part_of(Address("conditions", "delays", choice=Choice(metric="rmse")))
    'by-rmse'
    """
    if address.kind == "comparison":
        return f"against-{file_name(address.keys[1])}"
    return f"by-{address.choice.metric}" if address.choice.metric else ""


def is_exported(addresses: Addresses) -> bool:
    """Return whether pages with these `addresses` are those of an exported site."""
    return addresses is static


def relative(target: str, here: str) -> str:
    """Return `target` as a link on the page `here`, both paths below the root; a page's folder may be the root's.

    >>> relative("tracks/delays?metric=rmse", "tracks/delays/entries/mine"), relative("board.css", "tracks/delays")
    ('../../delays?metric=rmse', '../board.css')
    >>> relative("index.html", "tracks/delays/index.html"), relative("", "tracks/delays")
    ('../../index.html', '../')
    >>> relative("tracks/delays/index.html#by-rmse", "tracks/delays/compare/index.html")
    '../index.html#by-rmse'
    """
    whole, _, part = target.partition("#")
    path, _, query = whole.partition("?")
    folder, name = posixpath.split(f"/{path}")
    climb = posixpath.relpath(folder, posixpath.dirname(f"/{here.partition('?')[0]}"))
    link = f"{'' if climb == '.' and name else f'{climb}/'}{name}"
    return f"{link}{f'?{query}' if query else ''}{f'#{part}' if part else ''}"
