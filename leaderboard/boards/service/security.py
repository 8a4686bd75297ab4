"""What protects the board: headers that let a page do nothing but be read, and limits on how often one may ask.

No cookie is ever set and nothing changes without a token in a header, so another site has nothing to forge; the only
forms of the pages ask with GET.
"""

from collections.abc import MutableMapping
from typing import Any

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .settings import Settings

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; media-src 'self' data:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
EMBEDDABLE = HEADERS | {"cross-origin-resource-policy": "cross-origin"}
"""The headers of badges, which other sites show."""
NOT_LIMITED = ("/healthz",)


class Limiter:
    """Counts of the last minute, by who and what: in memory, for this server process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._windows = MovingWindowRateLimiter(MemoryStorage())

    def request(self, address: str) -> bool:
        """Count a request from `address`; return whether it may be answered."""
        return self._windows.hit(RateLimitItemPerMinute(self._settings.requests_per_minute), "request", address)

    def submission(self, team: str) -> bool:
        """Count an upload by `team`; return whether it may be taken."""
        return self._windows.hit(RateLimitItemPerMinute(self._settings.submissions_per_minute), "submission", team)

    def refusal(self, address: str) -> bool:
        """Count a wrong token from `address`; return whether it is to be looked at, and logged."""
        return self._windows.hit(RateLimitItemPerMinute(self._settings.refusals_per_minute), "refusal", address)

    def may_try(self, address: str) -> bool:
        """Whether `address` has not sent too many wrong tokens."""
        return self._windows.test(RateLimitItemPerMinute(self._settings.refusals_per_minute), "refusal", address)


def address_of(scope: MutableMapping[str, Any]) -> str:
    """Return the address that a request comes from."""
    client = scope.get("client")
    return str(client[0])[:64] if client else "unknown"


class Shield:
    """Middleware: adds the headers to every answer, and answers 429 to whoever asks too often."""

    def __init__(self, app: ASGIApp, limiter: Limiter) -> None:
        self.app, self.limiter = app, limiter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        own = EMBEDDABLE if scope["path"].endswith("/badge.svg") else HEADERS

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in own.items():
                    headers[name] = value
            await send(message)

        if scope["path"] in NOT_LIMITED or self.limiter.request(address_of(scope)):
            await self.app(scope, receive, send_guarded)
        else:
            answer = JSONResponse({"detail": "too many requests: wait a minute"}, 429, {"retry-after": "60"})
            await answer(scope, receive, send_guarded)
