"""Pages that were drawn already: a page depends on the tables alone, so it is drawn once for each state of them."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .database import AWAY

NOT_PAGES = ("/api", "/healthz")
KEPT_BYTES = 128 * 2**20
LONGEST_QUERY = 500
PATIENCE_SECONDS = 0.2
"""How long a reader waits for a page of newer tables, where there is one of older ones."""


@dataclass(frozen=True)
class _Page:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class _Kept:
    """A page, and what the tables were at when it was drawn."""

    state: object
    page: _Page


_Key = tuple[str, bytes]


class PageCache:
    """Middleware that answers requests for pages; `state` says what the tables are at, each time.

    `query_read` returns what of a query the page at a path depends on: the rest makes no other page.
    """

    def __init__(self, app: ASGIApp, state: Callable[[], object], query_read: Callable[[str, bytes], bytes]) -> None:
        self.app, self.state, self.query_read = app, state, query_read
        self._pages: OrderedDict[_Key, _Kept] = OrderedDict()
        self._size = 0
        self._drawings: dict[_Key, asyncio.Task[_Page]] = {}
        self._turn = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD") or scope["path"].startswith(NOT_PAGES):
            await self.app(scope, receive, send)
            return
        query = self.query_read(scope["path"], scope["query_string"])
        page = await self._page({**scope, "method": "GET", "query_string": query}, receive)
        tag = page.headers.get("etag")
        if tag and tag in Headers(scope=scope).get("if-none-match", ""):
            kept: dict[str, str] = {
                name: page.headers[name] for name in ("etag", "cache-control") if name in page.headers
            }
            await Response(status_code=304, headers=kept)(scope, receive, send)
        else:
            await Response(page.body, page.status, page.headers)(scope, receive, send)

    async def _page(self, scope: Scope, receive: Receive) -> _Page:
        """Return the page at an address, drawn unless it was drawn of the same tables.

        Where that takes long, or the database does not answer, the one drawn last is returned; the new one is there
        for the next reader.
        """
        key, state = (scope["path"], scope["query_string"]), await self._state()
        kept = self._pages.get(key)
        if kept is not None and state in (None, kept.state):
            self._pages.move_to_end(key)
            return kept.page
        drawing = self._drawings.get(key)
        if drawing is None:
            drawing = self._drawings[key] = asyncio.create_task(self._drawn(key, scope, receive))
            drawing.add_done_callback(lambda _: self._drawings.pop(key))
        await asyncio.wait([drawing], timeout=PATIENCE_SECONDS if kept else None)
        return kept.page if kept and not drawing.done() else drawing.result()

    async def _state(self) -> object:
        """Return what the tables are at; None while the database does not answer."""
        try:
            return await run_in_threadpool(self.state)
        except AWAY:
            return None

    async def _drawn(self, key: _Key, scope: Scope, receive: Receive) -> _Page:
        """Return the page at an address drawn anew; one is drawn at a time."""
        async with self._turn:
            state = await self._state()
            page = await self._draw(scope, receive)
        if page.status == 200 and state is not None and len(scope["query_string"]) <= LONGEST_QUERY:
            self._keep(key, _Kept(state, page))
        return page

    async def _draw(self, scope: Scope, receive: Receive) -> _Page:
        """Return what the application answers to a reader who has nothing yet."""
        headers = MutableHeaders(raw=list(scope["headers"]))
        del headers["if-none-match"]
        started: list[Message] = []
        pieces: list[bytes] = []

        async def collect(message: Message) -> None:
            if message["type"] == "http.response.start":
                started.append(message)
            else:
                pieces.append(message.get("body", b""))

        await self.app({**scope, "headers": headers.raw}, receive, collect)
        return _Page(started[0]["status"], dict(Headers(raw=started[0]["headers"])), b"".join(pieces))

    def _keep(self, key: _Key, kept: _Kept) -> None:
        """Remember a page instead of an older one; where space runs out, those not asked for the longest go."""
        older = self._pages.pop(key, None)
        self._size += len(kept.page.body) - (len(older.page.body) if older else 0)
        self._pages[key] = kept
        while self._size > KEPT_BYTES:
            self._size -= len(self._pages.popitem(last=False)[1].page.body)
