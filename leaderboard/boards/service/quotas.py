"""Places of a day: each team may send so many submissions to a track between midnights (UTC).

A place is a number from 1 to the quota that at most one submission of that team, track and day can hold, which the
database itself guarantees. It is taken with the team's row locked, so that two requests never look for one at once.
"""

import datetime
import secrets
import time

from sqlalchemy import select
from sqlalchemy.orm import Session

from ....english import counted
from .accounts import Account
from .audit import record
from .jobs import enqueue, newest
from .models import SubmissionRow, Team, TrackRow
from .tracks import find_track
from .uploads import RefusedError, Upload


def today() -> str:
    """Return the day (UTC), such as "2026-11-21"."""
    return datetime.datetime.now(datetime.UTC).date().isoformat()


def free_slot(session: Session, team: int, track: TrackRow, day: str) -> int | None:
    """Return the first free place of the day, None where all are taken."""
    taken = set(
        session.scalars(
            select(SubmissionRow.slot).where(
                SubmissionRow.team_id == team, SubmissionRow.track_id == track.id, SubmissionRow.day == day
            )
        )
    )
    return next((slot for slot in range(1, track.per_day + 1) if slot not in taken), None)


def _full(track: TrackRow) -> str:
    quota = counted(track.per_day, "submission")
    return f"quota reached: {quota} a day to {track.slug!r}; the next day begins at 00:00 UTC"


def take(session: Session, account: Account, slug: str, upload: Upload, method: str) -> tuple[SubmissionRow, bool]:
    """Return the submission of `upload` and whether it is new; what was sent twice is taken once.

    It is queued for scoring in the same transaction. Raises RefusedError where the phase is closed or the quota
    reached.
    """
    session.execute(select(Team.id).where(Team.id == account.id).with_for_update())
    track = find_track(session, slug, lock=True)
    known = session.scalar(
        select(SubmissionRow).where(
            SubmissionRow.team_id == account.id,
            SubmissionRow.track_id == track.id,
            SubmissionRow.sha256 == upload.sha256,
        )
    )
    if known is not None and (known.withdrawn is not None or newest(session, known.id).state != "failed"):
        return known, False
    if track.phase != "open":
        raise RefusedError(403, f"the phase of {slug!r} is closed: it takes no more submissions")
    day = today()
    slot = None if account.is_host else free_slot(session, account.id, track, day)
    if slot is None and not account.is_host:
        raise RefusedError(429, _full(track))
    row = known or _new(account, track, upload, method)
    row.day, row.slot = day, slot
    session.add(row)
    session.flush()
    enqueue(session, row.id)
    record(session, "submission taken", f"{row.id}, {upload.size} bytes", team=account.name, track=slug)
    return row, True


def _new(account: Account, track: TrackRow, upload: Upload, method: str) -> SubmissionRow:
    return SubmissionRow(
        id=secrets.token_hex(6),
        track_id=track.id,
        team_id=account.id,
        sha256=upload.sha256,
        size=upload.size,
        method=method,
        created=time.time(),
    )
