"""The pages as routes of a FastAPI application; the application mounts them and says what the standings are."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from hashlib import sha256
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Request, Response

from ...errors import InputError
from ..standing.record import Standing
from .addresses import Address, Kind, live
from .index_page import TITLE
from .rendering import render
from .site import BADGE, STANDING, FindSamples, Site, no_samples
from .view import ORDERS, SHOWN, Choice, NothingHere

_TYPES = {
    "": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "tex": "application/x-tex; charset=utf-8",
    "svg": "image/svg+xml",
    "wav": "audio/wav",
    "jpg": "image/jpeg",
}
BADGE_CACHE = "max-age=300"
"""Badges are asked for by the readers of other sites: a few minutes late is soon enough."""
_LONGEST = 200
"""Characters of the longest query value that is looked up."""
_CHOICE = tuple(field.name for field in fields(Choice))
_READ: dict[str, tuple[str, ...]] = {
    "conditions": ("metric",),
    "compare": ("a", "b"),
    **dict.fromkeys(("entries", "samples", BADGE, STANDING), ()),
}
"""The query names that what lies below a track depends on; its table, with its files, depends on the whole choice."""


def query_read(path: str, query: bytes) -> bytes:
    """Return what of `query` the page or file at `path` depends on, always written the same way.

    >>> query_read("/tracks/delays", b"show=all&x=1&metric=mae&show=baselines")
    b'metric=mae&show=baselines'
    """
    section = "".join(path.split("/")[3:4])
    names = _READ.get(section, _CHOICE) if path.startswith("/tracks/") else ()
    given = dict(parse_qsl(query.decode("latin-1")))
    return urlencode([(name, given[name]) for name in names if name in given]).encode()


PAGES: dict[str, Kind] = {
    "/": "index",
    "/board.css": "style",
    "/tracks.{suffix}": "index",
    "/tracks/{slug}": "board",
    "/tracks/{slug}/conditions": "conditions",
    "/tracks/{slug}/conditions/{file}": "conditions",
    "/tracks/{slug}/compare": "comparison",
    "/tracks/{slug}/compare/{file}": "comparison",
    "/tracks/{slug}/entries/{key}": "entry",
    "/tracks/{slug}/entries/{key}/{file}": "entry",
    "/tracks/{slug}/samples/{key}/{file}": "sample",
    "/tracks/{slug}/{file}": "board",
}
"""What lies at which path; the first that fits counts."""


def router(
    get_standings: Callable[[], Sequence[Standing]], title: str = TITLE, samples: FindSamples = no_samples
) -> APIRouter:
    """Return the routes of all pages and files.

    `get_standings` and `samples` are asked anew for every request, in a thread.
    """
    routes = APIRouter(include_in_schema=False)

    def shows(kind: Kind) -> Callable[[Request], Response]:
        return lambda request: _answer(request, kind, Site(get_standings(), live, title, samples))

    for path, kind in PAGES.items():
        routes.add_route(path, shows(kind), methods=["GET", "HEAD"], include_in_schema=False)
    return routes


def _answer(request: Request, kind: Kind, site: Site) -> Response:
    """Return what lies at the address of `request`, or a page that says that there is nothing."""
    try:
        address = _address(request, kind)
        return _response(request, site.data(address), "board.css" if kind == "style" else address.file)
    except (NothingHere, InputError):
        return _missing(site, request)


def _address(request: Request, kind: Kind) -> Address:
    """Return the address of a request; a comparison without entries is the page of all pairs.

    Raises NothingHere for a choice that is not there.
    """
    given = request.path_params
    keys: tuple[str, ...] = (given["key"],) if "key" in given else ()
    if kind == "comparison":
        keys = tuple(request.query_params.get(name, "") for name in "ab")
        kind, keys = ("comparison", keys) if any(keys) else ("pairs", ())
    file = f"tracks.{given['suffix']}" if "suffix" in given else given.get("file", "")
    return Address(kind, given.get("slug", ""), keys, _choice(request), file)


def _choice(request: Request) -> Choice:
    """Return what the query chooses; raises NothingHere for an order or filter that is not there."""
    given = {name: value[:_LONGEST] for name, value in request.query_params.items() if name in _CHOICE and value}
    if given.get("order", "rank") not in ORDERS or given.get("show", "all") not in SHOWN:
        raise NothingHere("order")
    return Choice(**given)  # type: ignore[arg-type]


def _response(request: Request, content: bytes, file: str) -> Response:
    """Return `content` as what its file is, or 304 where the reader has it already."""
    tag = f'"{sha256(content).hexdigest()[:20]}"'
    headers = {"ETag": tag, "Cache-Control": BADGE_CACHE if file == BADGE else "no-cache"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=_TYPES[file.rpartition(".")[2] if file else ""])


def _missing(site: Site, request: Request) -> Response:
    """Return the page that says that there is nothing here."""
    path = request.scope["path"].removeprefix(request.scope.get("root_path", "")).lstrip("/")
    tracks = [(standing.title, Address("board", standing.slug)) for standing in site.standings]
    crumbs = [("Tracks", Address("index"))]
    content = render("missing.html", path, live, "Nothing here", tracks=tracks, crumbs=crumbs)
    return Response(content, status_code=404, media_type=_TYPES[""])
