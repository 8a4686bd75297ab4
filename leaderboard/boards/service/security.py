"""What protects the board: headers that let a page do nothing but be read, and limits on how often one may ask.

No cookie is ever set and nothing changes without a token in a header, so another site has nothing to forge; the only
forms of the pages ask with GET.
"""

import re
from collections.abc import MutableMapping
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .settings import Settings
from .windows import Windows

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
REFUSED_EVERYWHERE = 20
"""Wrong tokens are logged at this many times the rate of one address, however many addresses they come from."""
WITHIN_LIMIT = "whence.within_limit"
"""What the `Shield` tells those who check tokens, in the scope of a request."""
_ASKS_FOR_TOKEN = re.compile(r"/api/(submissions/[^/]+|tracks/[^/]+/submissions)")
SITE_BITS = 64
"""Bits of an IPv6 address that name a site; the others are its own to choose."""


class Limiter:
    """Counts of the last minute, by who and what: in memory, for this server process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._windows = Windows()

    def request(self, address: str) -> bool:
        """Count a request from `address`; return whether it may be answered."""
        return self._windows.hit(("request", network_of(address)), self._settings.requests_per_minute)

    def team_request(self, team: str) -> bool:
        """Count a request with a token of `team`; return whether it may be answered."""
        return self._windows.hit(("team", team), self._settings.requests_per_minute)

    def submission(self, team: str) -> bool:
        """Count an upload by `team`; return whether it may be taken."""
        return self._windows.hit(("submission", team), self._settings.submissions_per_minute)

    def refusal(self, address: str) -> bool:
        """Count a wrong token from `address`; return whether there were not too many."""
        return self._windows.hit(("refusal", network_of(address)), self._settings.refusals_per_minute)

    def may_log_refusal(self) -> bool:
        """Count a wrong token from anywhere; return whether it is to be logged."""
        return self._windows.hit("refusals", REFUSED_EVERYWHERE * self._settings.refusals_per_minute)


def address_of(scope: MutableMapping[str, Any]) -> str:
    """Return the address that a request comes from."""
    client = scope.get("client")
    return str(client[0])[:64] if client else "unknown"


def network_of(address: str) -> str:
    """Return whose address it is, for counting: of IPv6 the site, which has 2^64 addresses.

    >>> network_of("2001:db8::1:2"), network_of("::ffff:192.0.2.1"), network_of("192.0.2.1")
    ('2001:db8::/64', '192.0.2.1', '192.0.2.1')
    """
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return address
    return str(found.ipv4_mapped or ip_network((found.packed, SITE_BITS), strict=False))


class Shield:
    """Middleware: adds the headers to every answer, and answers 429 to whoever asks too often.

    Who carries a token to where one is asked for is counted, but let through: a good token is not locked out by
    others at its address, and `login` turns wrong ones away.
    """

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

        within = scope["path"] in NOT_LIMITED or self.limiter.request(address_of(scope))
        if within or _carries_token(scope):
            await self.app({**scope, WITHIN_LIMIT: within}, receive, send_guarded)
        else:
            answer = JSONResponse({"detail": "too many requests: wait a minute"}, 429, {"retry-after": "60"})
            await answer(scope, receive, send_guarded)


def _carries_token(scope: Scope) -> bool:
    return bool(_ASKS_FOR_TOKEN.fullmatch(scope["path"])) and "authorization" in Headers(scope=scope)


class Slashes:
    """Middleware that sends a path with slashes at its end to the one without, by a link relative to it.

    Nothing in the answer comes from the request's headers, and it reaches no cache.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path = scope["path"] if scope["type"] == "http" else ""
        bare = path.rstrip("/")
        if not bare or bare == path:
            await self.app(scope, receive, send)
            return
        climb = "../" * (len(path) - len(bare))
        query = scope["query_string"].decode("latin-1")
        target = f"{climb}{quote(bare.rpartition('/')[2], safe='')}" + (f"?{query}" if query else "")
        headers = {"location": target, "cache-control": "no-store"}
        await Response(status_code=307, headers=headers)(scope, receive, send)
