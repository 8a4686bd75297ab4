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


def router(
    get_standings: Callable[[], Sequence[Standing]], title: str = TITLE, samples: FindSamples = no_samples
) -> APIRouter:
    """Return the routes of all pages and files.

    `get_standings` and `samples` are asked anew for every request, in a thread.
    """
    routes = APIRouter(include_in_schema=False)

    def answer(request: Request, kind: Kind, slug: str = "", keys: Sequence[str] = (), file: str = "") -> Response:
        site = Site(get_standings(), live, title, samples)
        try:
            address = Address(kind, slug, tuple(keys), _choice(request), file)
            return _response(request, site.data(address), file if kind != "style" else "board.css")
        except (NothingHere, InputError):
            return _missing(site, request)

    def add(path: str, handler: Callable[..., Response]) -> None:
        routes.add_api_route(path, handler, methods=["GET", "HEAD"], response_class=Response)

    _add_site(add, answer)
    _add_tracks(add, answer)
    return routes


Add = Callable[[str, Callable[..., Response]], None]
Answer = Callable[..., Response]


def _add_site(add: Add, answer: Answer) -> None:
    """Add the first page, its files, and the style sheet."""

    def index(request: Request) -> Response:
        return answer(request, "index")

    def style(request: Request) -> Response:
        return answer(request, "style")

    def index_file(request: Request, suffix: str) -> Response:
        return answer(request, "index", file=f"tracks.{suffix}")

    add("/", index)
    add("/board.css", style)
    add("/tracks.{suffix}", index_file)


def _add_tracks(add: Add, answer: Answer) -> None:
    """Add the pages of each track and their files."""

    def board(request: Request, slug: str) -> Response:
        return answer(request, "board", slug)

    def conditions(request: Request, slug: str) -> Response:
        return answer(request, "conditions", slug)

    def conditions_file(request: Request, slug: str, file: str) -> Response:
        return answer(request, "conditions", slug, file=file)

    def compare(request: Request, slug: str, a: str = "", b: str = "") -> Response:
        return answer(request, "comparison", slug, (a, b)) if a or b else answer(request, "pairs", slug)

    def compare_file(request: Request, slug: str, file: str, a: str = "", b: str = "") -> Response:
        both = a or b
        return answer(request, "comparison" if both else "pairs", slug, (a, b) if both else (), file)

    def entry(request: Request, slug: str, key: str) -> Response:
        return answer(request, "entry", slug, (key,))

    def entry_file(request: Request, slug: str, key: str, file: str) -> Response:
        return answer(request, "entry", slug, (key,), file)

    def board_file(request: Request, slug: str, file: str) -> Response:
        return answer(request, "board", slug, file=file)

    def sample(request: Request, slug: str, condition: str, file: str) -> Response:
        return answer(request, "sample", slug, (condition,), file)

    add("/tracks/{slug}", board)
    add("/tracks/{slug}/conditions", conditions)
    add("/tracks/{slug}/conditions/{file}", conditions_file)
    add("/tracks/{slug}/compare", compare)
    add("/tracks/{slug}/compare/{file}", compare_file)
    add("/tracks/{slug}/entries/{key}", entry)
    add("/tracks/{slug}/entries/{key}/{file}", entry_file)
    add("/tracks/{slug}/samples/{condition}/{file}", sample)
    add("/tracks/{slug}/{file}", board_file)


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
