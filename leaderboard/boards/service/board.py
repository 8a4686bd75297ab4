"""What every request needs: the settings, the database, the limits and the tables of one board."""

from dataclasses import dataclass, field

from anyio import CapacityLimiter
from fastapi import Request
from sqlalchemy import select

from ...pages.samples import Samples, lies_at, samples_at
from ...standing.record import Standing
from .database import Database
from .models import StandingRow, TrackRow
from .security import Limiter
from .settings import Settings
from .shown import Standings

UPLOADS_AT_ONCE = 2
"""Files that are opened and stored at once: each may take a few times its size in memory."""
LOGINS_AT_ONCE = 2


@dataclass(frozen=True)
class Board:
    """A board that is being served. `uploads` and `logins` have threads of their own, so that readers never queue."""

    settings: Settings
    database: Database
    limiter: Limiter
    standings: Standings = field(default_factory=Standings)
    uploads: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(UPLOADS_AT_ONCE))
    logins: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(LOGINS_AT_ONCE))

    def all_standings(self) -> list[Standing]:
        """Return the table that counts now of every track that has one, the oldest track first."""
        with self.database.reading() as session:
            tracks = session.scalars(select(TrackRow).order_by(TrackRow.id)).all()
            found = [self.standings.shown(session, track) for track in tracks]
        return [standing for standing in found if standing is not None]

    def samples(self, standing: Standing) -> Samples | None:
        """Return the samples of a track's public dataset; None where it lies no longer where it did."""
        with self.database.reading() as session:
            place = session.scalar(select(TrackRow.data).where(TrackRow.slug == standing.slug))
        return samples_at(place, standing.fingerprint)

    def state(self) -> tuple[tuple[object, ...], ...]:
        """Return what pages depend on: it changes with the tables, the tracks and where their data lie."""
        with self.database.reading() as session:
            tables = session.execute(select(StandingRow.id, StandingRow.created).order_by(StandingRow.id)).all()
            tracks = session.execute(select(TrackRow.id, TrackRow.phase, TrackRow.data).order_by(TrackRow.id)).all()
        return (*map(tuple, (*tables, *tracks)), tuple(lies_at(track.data) for track in tracks))


def board_of(request: Request) -> Board:
    """Return the board that `request` was sent to."""
    board: Board = request.app.state.board
    return board
