"""Who sends a request: the token in its header, checked before anything else is read."""

import sys
from typing import Annotated

from anyio import to_thread
from fastapi import Depends, HTTPException, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from .accounts import Account, authenticate
from .audit import record
from .board import Board, board_of
from .database import AWAY
from .security import WITHIN_LIMIT, address_of

BEARER = HTTPBearer(auto_error=False, scheme_name="token", description="The token that the host gave your team.")
CHALLENGE = {"www-authenticate": "Bearer"}
AGAIN = {"retry-after": "60"}


async def account_of(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)]
) -> Account:
    """Return the account whose token `request` carries; raises HTTPException 401, or 429 after too many.

    The token is looked up first: what others at the same address did, or a log that cannot be written, holds up
    nobody who has a good one.
    """
    board = board_of(request)
    token = credentials.credentials if credentials else ""
    account = await to_thread.run_sync(_account_of, board, token, limiter=board.logins)
    if account is None:
        raise await _refusal(board, request)
    if not board.limiter.team_request(account.name):
        raise HTTPException(429, "too many requests of your team: wait a minute", AGAIN)
    return account


def _account_of(board: Board, token: str) -> Account | None:
    with board.database.reading() as session:
        return authenticate(session, token)


async def _refusal(board: Board, request: Request) -> HTTPException:
    """Return the answer to a wrong token, which is logged unless there are too many."""
    address = address_of(request.scope)
    if not request.scope.get(WITHIN_LIMIT, True):
        return HTTPException(429, "too many requests: wait a minute", AGAIN)
    if not board.limiter.refusal(address):
        return HTTPException(429, "too many wrong tokens: wait a minute", AGAIN)
    if board.limiter.may_log_refusal():
        await to_thread.run_sync(_log, board, request.url.path, address, limiter=board.refusals)
    return HTTPException(401, "give the token of your team: Authorization: Bearer TOKEN", CHALLENGE)


def _log(board: Board, path: str, address: str) -> None:
    try:
        with board.database.writing() as session:
            record(session, "token refused", path, address=address)
    except AWAY as error:
        print(f"a wrong token from {address} was not logged: {error}", file=sys.stderr)


Login = Annotated[Account, Depends(account_of)]
