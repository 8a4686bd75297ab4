"""The submitter's side of a board on a server: its JSON API, with every refusal as one line.

The token stands in the header `Authorization: Bearer` and nowhere else: it is neither logged nor part of an address.
"""

import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
from tqdm import tqdm

from ...datagen.content import Content
from ...errors import InputError
from .parquet_guard import one_line
from .twins import content_stated, no_twin

PIECE = 1 << 16
"""Bytes sent at once."""
POLL_SECONDS, SLOWER, SLOWEST_POLL_SECONDS = 0.5, 1.3, 10.0
BUSY = (429, 502, 503, 504)
PATIENCE_SECONDS = 600.0
TIMEOUT = httpx.Timeout(30.0, write=120.0)
SCORED, FAILED = "scored", "failed"

_REASONS = {
    401: "the token is not known to the board, or was revoked: give --token, or set WHENCE_TOKEN",
    403: "this token may not submit here",
    404: "the board has no such track or submission",
    409: "the board does not take it now",
    413: "the file is larger than the board takes",
    415: "the board takes Parquet files alone",
    422: "the board refused the submission",
    429: "too many submissions or requests",
    503: "the board is busy: try again later",
}


class UnansweredError(InputError):
    """No answer for now, from a board that is out of reach or too busy: the same may be asked again."""


@dataclass(frozen=True)
class Receipt:
    """What the board says of a submission: its id, its status, and, once there, its scores or what went wrong."""

    identifier: str
    status: str
    content: Mapping[str, Any]

    @property
    def finished(self) -> bool:
        """Whether nothing more will come."""
        return self.status in (SCORED, FAILED)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The scores that may be seen now, as results in JSON."""
        return list(self.content.get("rows") or [])

    @property
    def is_open(self) -> bool:
        """Whether the phase is open, so that the score is a rounded one."""
        return self.content.get("phase") == "open"

    @property
    def half(self) -> str:
        """The half of the samples that `rows` are of, empty where the board does not say."""
        scores = self.content.get("scores") or [{}]
        return str(scores[-1].get("half", ""))


class BoardClient:
    """A connection to the board at the address `url`; use it in a `with` block."""

    def __init__(self, url: str, token: str | None = None, transport: httpx.BaseTransport | None = None) -> None:
        """Open a client; raises InputError for what is no web address."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InputError(f"--board {url}: expected an address such as https://board.example.org, or a folder")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise InputError("--board: the address may hold neither a name nor a token: give --token")
        if token is not None and not (token.isascii() and token.isprintable() and " " not in token):
            raise InputError("--token: expected letters, digits and signs without spaces: copy it again")
        self.url = url.rstrip("/")
        self.token = token
        headers = {"Accept": "application/json"}
        try:
            self._http = httpx.Client(
                base_url=self.url, headers=headers, timeout=TIMEOUT, transport=transport, follow_redirects=False
            )
        except (httpx.InvalidURL, ValueError) as error:
            raise InputError(f"--board {url}: {one_line(error)}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    @property
    def private(self) -> bool:
        """Whether nobody on the way can read what is sent: encrypted, or to this very machine."""
        parts = urlsplit(self.url)
        return parts.scheme == "https" or parts.hostname in ("localhost", "127.0.0.1", "::1")

    def track_of(self, fingerprint: str, content: Content | None = None) -> str:
        """Return the slug of the track on the dataset `fingerprint`, or on a twin of its `content`.

        Raises InputError where the board has none.
        """
        answer = self._json(self._send("GET", "/api/tracks"))
        tracks = answer.get("tracks") if isinstance(answer, dict) else None
        if not isinstance(tracks, list) or not all(isinstance(track, dict) for track in tracks):
            raise InputError(f"{self.url} answered without a list of tracks: is it a board of Whence?")
        for track in tracks:
            if track.get("fingerprint") == fingerprint:
                return str(track["slug"])
        reasons = [no_twin(content_stated(track.get("content")), content) for track in tracks]
        if "" in reasons:
            return str(tracks[reasons.index("")]["slug"])
        known = ", ".join(
            f"{one_line(track.get('slug'), 60)} ({str(track.get('fingerprint'))[:16]}, {reason})"
            for track, reason in zip(tracks, reasons, strict=True)
        )
        raise InputError(f"{self.url} has no track on the dataset {fingerprint[:16]}; its tracks: {known or 'none'}")

    def submit(self, slug: str, path: Path) -> Receipt:
        """Send the file `path` to the track `slug`, piece by piece with a progress bar, and return the receipt."""
        size = path.stat().st_size
        headers = {"Content-Type": "application/vnd.apache.parquet", "Content-Length": str(size)}
        with tqdm(total=size, unit="B", unit_scale=True, desc="sending", disable=None) as bar:
            answer = self._send("POST", f"/api/tracks/{slug}/submissions", content=_pieces(path, bar), headers=headers)
        return _receipt(self._json(answer))

    def look_up(self, identifier: str) -> Receipt:
        """Return what the board says of a submission now."""
        return _receipt(self._json(self._send("GET", f"/api/submissions/{identifier}")))

    def wait(self, receipt: Receipt, patience: float = PATIENCE_SECONDS, poll: float = POLL_SECONDS) -> Receipt:
        """Return the receipt once the submission is scored or failed, or as it stands after `patience` seconds."""
        deadline = time.monotonic() + patience
        with tqdm(bar_format="{desc} {elapsed}", desc=receipt.status, disable=None, leave=False) as bar:
            while not receipt.finished and time.monotonic() < deadline:
                time.sleep(min(poll, max(deadline - time.monotonic(), 0)))
                poll = min(SLOWER * poll, SLOWEST_POLL_SECONDS)
                with contextlib.suppress(UnansweredError):  # it was received: its score can wait for the network
                    receipt = self.look_up(receipt.identifier)
                bar.set_description_str(_progress(receipt))
                bar.update()
        return receipt

    def _send(
        self, verb: str, path: str, *, content: Iterator[bytes] | None = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Return the answer to a request; raises InputError, one line, for any that is no success."""
        credentials = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        try:
            answer = self._http.request(verb, path, content=content, headers={**(headers or {}), **credentials})
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise UnansweredError(f"{self.url} cannot be reached ({one_line(error)}): check the address") from None
        except httpx.HTTPError as error:
            raise UnansweredError(
                f"{self.url} broke off ({type(error).__name__} {one_line(error)}): try again"
            ) from None
        except (httpx.InvalidURL, UnicodeEncodeError, ValueError) as error:
            raise InputError(f"the request to {self.url} cannot be made: {one_line(error)}") from None
        if not answer.is_success:
            kind = UnansweredError if answer.status_code in BUSY else InputError
            raise kind(_refusal(self.url, answer))
        return answer

    def _json(self, answer: httpx.Response) -> Any:
        try:
            return answer.json()
        except (ValueError, RecursionError):
            raise InputError(f"{self.url} answered with no JSON: is it a board of Whence?") from None


def _pieces(path: Path, bar: "tqdm[Any]") -> Iterator[bytes]:
    with path.open("rb") as stream:
        while piece := stream.read(PIECE):
            yield piece
            bar.update(len(piece))


def _receipt(content: Any) -> Receipt:
    try:
        return Receipt(str(content["id"]), str(content["status"]), dict(content))
    except (KeyError, TypeError, ValueError):
        raise InputError("the board answered without an id and a status: is it a board of Whence?") from None


def _progress(receipt: Receipt) -> str:
    ahead = receipt.content.get("ahead")
    return f"{receipt.status} ({ahead} ahead)" if isinstance(ahead, int) and ahead else receipt.status


def _refusal(url: str, answer: httpx.Response) -> str:
    """Return one line for an answer that is no success: what it means, and the board's own words."""
    if answer.is_redirect:
        return f"{url} has moved to {one_line(answer.headers.get('location', '?'))}: give that address"
    meaning = _REASONS.get(answer.status_code, f"the board answered {answer.status_code} {answer.reason_phrase}")
    said = _words(answer)
    wait = answer.headers.get("retry-after")
    again = f"; try again in {int(wait)} s" if wait and wait.isascii() and wait.isdecimal() and len(wait) < 9 else ""
    return f"{url}: {meaning}{f': {said}' if said else ''}{again}"


def _words(answer: httpx.Response) -> str:
    """Return the board's own words: `detail` as FastAPI gives it, empty where there are none."""
    try:
        content = answer.json()
    except (ValueError, RecursionError):
        return ""
    detail = content.get("detail", "") if isinstance(content, dict) else ""
    if isinstance(detail, list) and detail and isinstance(detail[0], dict):
        detail = detail[0].get("msg", "")
    return one_line(detail, 300) if isinstance(detail, str) else ""
