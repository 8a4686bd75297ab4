"""Taking a submission: streamed to disk, checked, kept, and only then written into the database."""

import asyncio
import errno
from functools import partial

from anyio import to_thread
from fastapi import HTTPException, Request
from starlette.requests import ClientDisconnect

from ....errors import InputError
from ...submission.expectation import Expectation
from .accounts import Account
from .answers import STATUS, Accepted
from .audit import record
from .board import Board, Expected, board_of
from .jobs import newest
from .quotas import take
from .security import address_of
from .tracks import find_track
from .uploads import RefusedError, Upload, keep, receive

FULL = (errno.ENOSPC, errno.EDQUOT)
AGAIN = {"retry-after": "60"}


async def submit_file(request: Request, slug: str, account: Account) -> Accepted:
    """Return the receipt of the file in the body of `request`; raises HTTPException, and the refusal is logged."""
    board = board_of(request)
    try:
        if not board.limiter.submission(account.name):
            raise RefusedError(429, "too many uploads: wait a minute")
        expected = await to_thread.run_sync(_expected, board, slug)
        upload = await _received(board, request, expected.expectation)
        try:
            async with board.turn(account.id):
                take = partial(_taken, board, account, slug, upload, expected)
                return await to_thread.run_sync(take, limiter=board.uploads)
        finally:
            upload.path.unlink(missing_ok=True)
    except RefusedError as error:
        await to_thread.run_sync(_log, board, request, account, slug, error, limiter=board.refusals)
        raise HTTPException(error.status, error.reason, AGAIN if error.status == 429 else None) from None


def _expected(board: Board, slug: str) -> Expected:
    """Return what the file must hold; raises RefusedError for an unknown track."""
    with board.database.reading() as session:
        try:
            track = find_track(session, slug)
        except InputError as error:
            raise RefusedError(404, str(error)) from None
        return board.expected(session, track)


async def _received(board: Board, request: Request, expectation: Expectation) -> Upload:
    """Return the uploaded file; raises RefusedError for one that is too large, too slow, no Parquet, or cut short."""
    most = most_bytes(board, expectation)
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > most:
        raise RefusedError(413, f"the file has {length} bytes: this track takes at most {most}")
    try:
        async with asyncio.timeout(board.settings.upload_seconds):
            return await receive(request.stream(), board.settings.uploads, most)
    except TimeoutError:
        raise RefusedError(408, f"the upload took longer than {board.settings.upload_seconds:g} s") from None
    except ClientDisconnect:
        raise RefusedError(400, "the upload was broken off") from None
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise RefusedError(507, "the board's disk is full: tell its host") from None


def most_bytes(board: Board, expectation: Expectation) -> int:
    """Return the bytes of the largest file that a track takes."""
    return min(board.settings.upload_bytes, expectation.limits.file_bytes)


def _checked(board: Board, upload: Upload, expected: Expected) -> str:
    """Return the method's name of a submission that holds what it must; raises RefusedError."""
    try:
        return board.checkers.method_of(upload.path, expected.expectation, expected.name)
    except InputError as error:
        raise RefusedError(422, str(error)) from None


def _taken(board: Board, account: Account, slug: str, upload: Upload, expected: Expected) -> Accepted:
    """Check and keep the file, then commit the submission; the answer may be sent once this has returned."""
    method = _checked(board, upload, expected)
    keep(upload, board.settings.uploads)
    with board.database.writing() as session:
        row, new = take(session, account, slug, upload, method)
        state = newest(session, row.id).state
    return Accepted(id=row.id, status=STATUS[state], track=slug, new=new, sha256=row.sha256)


def _log(board: Board, request: Request, account: Account, slug: str, error: RefusedError) -> None:
    """Write a refusal into the audit log."""
    with board.database.writing() as session:
        record(
            session,
            "submission refused",
            f"{error.status} {error.reason}",
            team=account.name,
            track=slug,
            address=address_of(request.scope),
        )
