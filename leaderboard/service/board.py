"""What every request needs: the settings, the database, the limits and the tables of one board."""

import asyncio
from dataclasses import dataclass, field

from fastapi import Request
from sqlalchemy import select

from ..standing_record import Standing
from .database import Database
from .models import StandingRow, TrackRow
from .security import Limiter
from .settings import Settings
from .shown import Standings

UPLOADS_AT_ONCE = 4
"""Files that are opened and stored at once: each may take a few times its size in memory."""


@dataclass(frozen=True)
class Board:
    """A board that is being served."""

    settings: Settings
    database: Database
    limiter: Limiter
    standings: Standings = field(default_factory=Standings)
    turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(UPLOADS_AT_ONCE))

    def all_standings(self) -> list[Standing]:
        """Return the table that counts now of every track that has one, the oldest track first."""
        with self.database.reading() as session:
            tracks = session.scalars(select(TrackRow).order_by(TrackRow.id)).all()
            found = [self.standings.shown(session, track) for track in tracks]
        return [standing for standing in found if standing is not None]

    def state(self) -> tuple[tuple[object, ...], ...]:
        """Return what pages depend on: it changes when a table was drawn anew, and when a track is added or closed."""
        with self.database.reading() as session:
            tables = session.execute(select(StandingRow.id, StandingRow.created).order_by(StandingRow.id)).all()
            tracks = session.execute(select(TrackRow.id, TrackRow.phase).order_by(TrackRow.id)).all()
        return tuple(map(tuple, (*tables, *tracks)))


def board_of(request: Request) -> Board:
    """Return the board that `request` was sent to."""
    board: Board = request.app.state.board
    return board
