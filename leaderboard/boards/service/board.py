"""What every request needs: the settings, the database, the limits and the tables of one board."""

import asyncio
from dataclasses import dataclass, field

from anyio import CapacityLimiter
from fastapi import Request
from sqlalchemy import select
from sqlalchemy.orm import Session

from ...pages.samples import Samples, lies_at, samples_at
from ...standing.record import Standing
from ...submission.expectation import Expectation
from .checking import AT_ONCE, Checkers, name_of
from .database import Database
from .models import StandingRow, TrackRow
from .security import Limiter
from .settings import Settings
from .shown import Standings
from .tracks import expectation_for

LOGINS_AT_ONCE = 2


@dataclass(frozen=True)
class Expected:
    """What a submission to a track must hold, and the name by which checkers remember it."""

    expectation: Expectation
    name: str


@dataclass(frozen=True)
class Board:
    """A board that is being served.

    `uploads`, `logins` and `refusals` (which wait for the log) have threads of their own, so that nobody else queues.
    `turns` holds by team who checks an upload of it now: the uploads of a team wait for each other, not for others.
    """

    settings: Settings
    database: Database
    limiter: Limiter
    checkers: Checkers
    standings: Standings = field(default_factory=Standings)
    uploads: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(AT_ONCE))
    logins: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(LOGINS_AT_ONCE))
    refusals: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(1))
    turns: dict[int, asyncio.Lock] = field(default_factory=dict)
    _expected: dict[int, Expected] = field(default_factory=dict)

    def turn(self, team: int) -> asyncio.Lock:
        """Return the lock that whoever checks an upload of `team` holds."""
        return self.turns.setdefault(team, asyncio.Lock())

    def expected(self, session: Session, track: TrackRow) -> Expected:
        """Return what a submission to `track` must hold: it never changes, so it is read once."""
        if track.id not in self._expected:
            expectation = expectation_for(session, track)
            self._expected[track.id] = Expected(expectation, name_of(expectation))
        return self._expected[track.id]

    def all_standings(self) -> list[Standing]:
        """Return the table that counts now of every track that has one, the oldest track first."""
        with self.database.reading() as session:
            tracks = session.scalars(select(TrackRow).order_by(TrackRow.id)).all()
            found = [self.standings.shown(session, track) for track in tracks]
        return [standing for standing in found if standing is not None]

    def samples(self, standing: Standing) -> Samples | None:
        """Return the samples of a track's public dataset; None where it lies no longer where it did."""
        with self.database.reading() as session:
            track = session.scalar(select(TrackRow).where(TrackRow.slug == standing.slug))
            if track is None:
                return None
            content = self.expected(session, track).expectation.content
        return samples_at(track.data, standing.fingerprint, content)

    def state(self) -> tuple[tuple[object, ...], ...]:
        """Return what pages depend on: it changes with the tables, the tracks and where their data lie."""
        with self.database.reading() as session:
            columns = StandingRow.id, StandingRow.revision, StandingRow.created
            tables = session.execute(select(*columns).order_by(StandingRow.id)).all()
            tracks = session.execute(select(TrackRow.id, TrackRow.phase, TrackRow.data).order_by(TrackRow.id)).all()
        return (*map(tuple, (*tables, *tracks)), tuple(lies_at(track.data) for track in tracks))


def board_of(request: Request) -> Board:
    """Return the board that `request` was sent to."""
    board: Board = request.app.state.board
    return board
