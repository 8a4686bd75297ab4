"""Parts of sounds: Safari plays a sound only where it is sent the range of bytes that it asks for."""

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


class Ranges:
    """Middleware that answers with one range of bytes of a sound; any other range is answered with the whole."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        sound = scope["type"] == "http" and scope["path"].endswith(".wav")
        asked = _RANGE.fullmatch(Headers(scope=scope).get("range", "")) if sound else None
        if asked is None:
            await self.app(scope, receive, send)
            return
        start: Message = {}

        async def send_part(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            body = message.get("body", b"")
            first, last = _ends(asked[1], asked[2], len(body))
            if start["status"] == 200 and first <= last:
                _make_partial(start, first, last, len(body))
                message = {**message, "body": body[first : last + 1]}
            await send(start)
            await send(message)

        await self.app(scope, receive, send_part)


def _ends(first: str, last: str, size: int) -> tuple[int, int]:
    """Return the first and the last byte of a range as asked for; without `first`, `last` counts bytes of the end."""
    if not first:
        return size - min(int(last or 0), size), size - 1
    return int(first), min(int(last or size), size - 1)


def _make_partial(start: Message, first: int, last: int, size: int) -> None:
    """Make `start` the head of an answer that holds the bytes `first` to `last` of `size`."""
    start["status"] = 206
    headers = MutableHeaders(scope=start)
    headers["content-range"] = f"bytes {first}-{last}/{size}"
    headers["content-length"] = str(last + 1 - first)
