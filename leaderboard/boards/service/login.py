"""Who sends a request: the token in its header, checked before anything else is read."""

from typing import Annotated

from anyio import to_thread
from fastapi import Depends, HTTPException, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from .accounts import Account, authenticate
from .audit import record
from .board import Board, board_of
from .security import address_of

BEARER = HTTPBearer(auto_error=False, scheme_name="token", description="The token that the host gave your team.")
CHALLENGE = {"www-authenticate": "Bearer"}


async def account_of(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)]
) -> Account:
    """Return the account whose token `request` carries; raises HTTPException 401, or 429 after too many wrong ones."""
    board = board_of(request)
    return await to_thread.run_sync(_account_of, board, request, credentials, limiter=board.logins)


def _account_of(board: Board, request: Request, credentials: HTTPAuthorizationCredentials | None) -> Account:
    address = address_of(request.scope)
    if not board.limiter.may_try(address):
        raise HTTPException(429, "too many wrong tokens: wait a minute", {"retry-after": "60"})
    with board.database.reading() as session:
        account = authenticate(session, credentials.credentials) if credentials else None
    if account is None:
        if board.limiter.refusal(address):
            with board.database.writing() as session:
                record(session, "token refused", request.url.path, address=address)
        raise HTTPException(401, "give the token of your team: Authorization: Bearer TOKEN", CHALLENGE)
    return account


Login = Annotated[Account, Depends(account_of)]
