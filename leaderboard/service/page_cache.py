"""Pages that were drawn already: a page depends on the tables alone, so it is drawn once for each state of them."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

NOT_PAGES = ("/api", "/healthz")
KEPT_BYTES = 128 * 2**20
LONGEST_QUERY = 500


@dataclass(frozen=True)
class _Page:
    status: int
    headers: dict[str, str]
    body: bytes


class PageCache:
    """Middleware that answers GET requests for pages; `state` says what the tables are at, each time."""

    def __init__(self, app: ASGIApp, state: Callable[[], object]) -> None:
        self.app, self.state = app, state
        self._at: object = None
        self._pages: OrderedDict[tuple[str, bytes], _Page] = OrderedDict()
        self._size = 0
        self._drawing = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] != "GET" or scope["path"].startswith(NOT_PAGES):
            await self.app(scope, receive, send)
            return
        page = await self._page(scope, receive)
        tag = page.headers.get("etag")
        if tag and tag in Headers(scope=scope).get("if-none-match", ""):
            kept: dict[str, str] = {
                name: page.headers[name] for name in ("etag", "cache-control") if name in page.headers
            }
            await Response(status_code=304, headers=kept)(scope, receive, send)
        else:
            await Response(page.body, page.status, page.headers)(scope, receive, send)

    async def _page(self, scope: Scope, receive: Receive) -> _Page:
        """Return the page at an address, drawn unless it was drawn of the same tables; one is drawn at a time."""
        key, state = (scope["path"], scope["query_string"][:LONGEST_QUERY]), await run_in_threadpool(self.state)
        if state == self._at and key in self._pages:
            return self._pages[key]
        async with self._drawing:
            if state == self._at and key in self._pages:
                return self._pages[key]
            page = await self._draw(scope, receive)
            if len(scope["query_string"]) <= LONGEST_QUERY:
                self._keep(key, state, page)
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

    def _keep(self, key: tuple[str, bytes], state: object, page: _Page) -> None:
        """Remember a page of `state`; those of an older state are forgotten, and the oldest where space runs out."""
        if state != self._at:
            self._pages.clear()
            self._at, self._size = state, 0
        if page.status == 200:
            self._pages[key] = page
            self._size += len(page.body)
        while self._size > KEPT_BYTES:
            self._size -= len(self._pages.popitem(last=False)[1].body)
