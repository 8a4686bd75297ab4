"""The application: the JSON interface, the pages, and a description of both."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.middleware.trustedhost import TrustedHostMiddleware

from .... import __version__
from ...pages.router import query_read
from ...pages.router import router as pages_router
from . import api
from .board import Board
from .checking import checkers
from .database import AWAY, Database, check_is_current
from .description import description_page
from .page_cache import PageCache
from .ranges import Ranges
from .security import HEADERS, Limiter, Shield, Slashes
from .settings import Settings

OPENAPI = "/api/openapi.json"
DESCRIPTION = "/api"


def create_app(settings: Settings) -> FastAPI:
    """Return the application that serves the board with these settings; raises InputError for an old database."""
    board = Board(settings, Database(settings.url), Limiter(settings), checkers(settings))
    check_is_current(board.database, settings.folder)

    @asynccontextmanager
    async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        board.database.close()

    app = FastAPI(
        title=settings.title,
        version=__version__,
        summary="Submissions scored against labels that nobody sees.",
        openapi_url=OPENAPI,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        redirect_slashes=False,
    )
    app.state.board = board
    app.include_router(api.router)
    app.include_router(pages_router(board.all_standings, settings.title, board.samples))
    app.add_api_route(DESCRIPTION, _describe, include_in_schema=False, response_class=HTMLResponse)
    app.add_middleware(PageCache, state=board.state, query_read=query_read)
    app.add_middleware(Ranges)
    app.add_middleware(Slashes)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(settings.hosts), www_redirect=False)
    app.add_middleware(Shield, limiter=board.limiter)
    app.add_exception_handler(RequestValidationError, _malformed)
    for error in AWAY:
        app.add_exception_handler(error, _busy)
    app.add_exception_handler(Exception, _failed)
    return app


def _describe(request: Request) -> HTMLResponse:
    return HTMLResponse(description_page(request.app.openapi()))


def _malformed(request: Request, error: Exception) -> JSONResponse:
    """Return 422 for an address or query that cannot be; what was sent is not sent back."""
    faults = error.errors() if isinstance(error, RequestValidationError) else []
    place = ".".join(str(part) for part in faults[0]["loc"]) if faults else "request"
    message = faults[0]["msg"] if faults else "malformed"
    return JSONResponse({"detail": f"{place}: {message}"}, 422)


def _busy(request: Request, error: Exception) -> JSONResponse:
    """Return 503 while the database does not answer; nothing was written."""
    return JSONResponse({"detail": "the board is busy: try again in a moment"}, 503, {"retry-after": "2"})


def _failed(request: Request, error: Exception) -> JSONResponse:
    """Return 500 for a mistake of ours, which the log shows; this answer passes by the `Shield`."""
    return JSONResponse({"detail": "the board made a mistake"}, 500, HEADERS)
