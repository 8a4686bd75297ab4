"""The tracks of a board: found, closed once, scored anew, rid of a submission.

What a submission must hold is public and in the database.
"""

import json
import time

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from ....english import counted
from ....errors import InputError
from ...submission.expectation import Expectation, expectation_from_json
from .audit import record
from .jobs import enqueue_missing, touch
from .models import SubmissionRow, TrackRow


def find_track(session: Session, slug: str, *, lock: bool = False) -> TrackRow:
    """Return the track `slug`, which nobody can close before the transaction ends if `lock`; raises InputError."""
    query = select(TrackRow).where(TrackRow.slug == slug)
    track = session.scalar(query.with_for_update(read=True) if lock else query)
    if track is None:
        known = ", ".join(session.scalars(select(TrackRow.slug).order_by(TrackRow.id)))
        raise InputError(f"there is no track {slug!r}; this board has {known or 'none yet'}")
    return track


def expectation_for(session: Session, track: TrackRow) -> Expectation:
    """Return what a submission to `track` must hold, read from the database."""
    query = select(TrackRow).where(TrackRow.id == track.id).options(undefer(TrackRow.expectation))
    return expectation_from_json(json.loads(session.scalars(query).one().expectation))


def close_track(session: Session, slug: str) -> None:
    """Close the phase of a track: it takes no submission any more and shows the private half; raises InputError."""
    track = session.scalar(select(TrackRow).where(TrackRow.slug == slug).with_for_update())
    if track is None:
        track = find_track(session, slug)
    if track.phase == "closed":
        raise InputError(f"track {slug!r} is closed already")
    track.phase, track.closed = "closed", time.time()
    track.revision += 1
    record(session, "phase closed", track=slug)


def rescore(session: Session, slug: str) -> int:
    """Queue every submission of a track that this version of the harness has not scored; return how many."""
    count = enqueue_missing(session, find_track(session, slug).id)
    record(session, "rescoring", counted(count, "submission"), track=slug)
    return count


def withdraw(session: Session, identifier: str) -> None:
    """Take a submission out of the tables for good; its scores and its place of the day stay. Raises InputError."""
    row = session.get(SubmissionRow, identifier)
    if row is None:
        raise InputError(f"there is no submission {identifier!r}: its id ends the address of its page")
    if row.withdrawn is not None:
        raise InputError(f"submission {identifier!r} is withdrawn already")
    row.withdrawn = time.time()
    touch(session, row.id)
    record(session, "submission withdrawn", row.id, team=row.team.name, track=row.track.slug)
