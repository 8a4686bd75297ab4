"""The tables of the board: when one is to be drawn anew, what it is drawn from, and the one to show.

After an update of the harness none is drawn until it has scored all that others had scored: the old table stays.
"""

import datetime
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, func, select, update
from sqlalchemy.orm import Session, aliased

from ....benchmarks.running.predictions import HARNESS_VERSION
from .audit import record
from .jobs import waiting
from .leases import is_free, lease
from .models import Job, StandingRow, SubmissionRow, TrackRow
from .settings import Settings
from .uploads import stored

if TYPE_CHECKING:
    from ...standing.record import Half

SHARE = 4.0
"""While submissions wait, at most 1 / (1 + SHARE) of a worker's time goes into drawing tables."""
RETRY_SECONDS = 30.0
"""Until a table that could not be drawn is tried again."""


@dataclass(frozen=True)
class Drawing:
    """A table to be drawn: of a track's half, from what `revision` counts; `request` is for the scoring process."""

    track: int
    half: str
    revision: int
    request: Mapping[str, Any]


def claim_drawing(session: Session, settings: Settings, worker: str) -> Drawing | None:
    """Return a table that is behind what is known, held by `worker` for a while; None where none is due."""
    now = time.time()
    tracks = session.scalars(
        select(TrackRow)
        .where(is_free(TrackRow, now))
        .order_by(TrackRow.lease_until, TrackRow.id)
        .with_for_update(skip_locked=True)
    )
    for track in tracks:
        for half in halves_shown(track):
            if _is_due(session, settings, track, half, now):
                track.worker = worker
                track.lease_from, track.lease_until = lease(now, settings.lease_seconds).values()
                return drawing_of(session, settings, track, half)
    return None


def any_due(session: Session, settings: Settings) -> bool:
    """Whether a table is to be drawn anew; asked often, without holding anybody up."""
    now = time.time()
    tracks = session.scalars(select(TrackRow).where(is_free(TrackRow, now)))
    return any(_is_due(session, settings, track, half, now) for track in tracks for half in halves_shown(track))


def halves_shown(track: TrackRow) -> "tuple[Half, ...]":
    """Return the halves whose scores everyone may see: the private one, where there is one, after the phase."""
    return ("public", "private") if track.phase == "closed" and track.has_private else ("public",)


def _is_due(session: Session, settings: Settings, track: TrackRow, half: str, now: float) -> bool:
    last = _row(session, track.id, half)
    if (last is not None and last.revision >= track.revision) or rescoring_is_due(session, track):
        return False
    if last is None:
        return True
    pause = max(settings.standing_seconds, SHARE * last.seconds)
    return abs(now - last.created) > pause or waiting(session, track.id) == 0


def rescoring_is_due(session: Session, track: TrackRow) -> bool:
    """Whether this harness has not tried to score all that others have scored: their table is shown until then."""
    own = aliased(Job)
    tried = exists().where(
        own.submission_id == Job.submission_id, own.harness == HARNESS_VERSION, own.state.in_(("done", "failed"))
    )
    query = (
        select(Job.id)
        .join(SubmissionRow)
        .where(SubmissionRow.track_id == track.id, SubmissionRow.withdrawn.is_(None))
        .where(Job.harness != HARNESS_VERSION, Job.state == "done", ~tried)
    )
    return session.scalar(query.limit(1)) is not None


def _row(session: Session, track: int, half: str) -> StandingRow | None:
    query = select(StandingRow).where(
        StandingRow.track_id == track, StandingRow.half == half, StandingRow.harness == HARNESS_VERSION
    )
    return session.scalar(query)


def drawing_of(session: Session, settings: Settings, track: TrackRow, half: str) -> Drawing:
    """Return how to draw the table of `track`: from all that this harness has scored and nobody has withdrawn.

    They are in the order in which their first scores were there, so that one that comes late changes none that is
    shown, and neither does scoring again.
    """
    first = aliased(Job)
    scored = select(func.min(first.finished)).where(first.submission_id == SubmissionRow.id, first.state == "done")
    query = (
        select(SubmissionRow)
        .join(Job, Job.submission_id == SubmissionRow.id)
        .where(SubmissionRow.track_id == track.id, SubmissionRow.withdrawn.is_(None))
        .where(Job.harness == HARNESS_VERSION, Job.state == "done")
        .order_by(scored.scalar_subquery(), SubmissionRow.created, SubmissionRow.id)
    )
    request = {
        "task": "standing",
        "slug": track.slug,
        "title": track.title,
        "phase": track.phase,
        "half": half,
        "commitment": track.commitment,
        "entries": [entry_of(settings, row) for row in session.scalars(query)],
    }
    return Drawing(track.id, half, track.revision, request)


def entry_of(settings: Settings, row: SubmissionRow) -> dict[str, str]:
    """Return a submission as the scoring process is told of it."""
    return {
        "key": row.id,
        "path": str(stored(settings.uploads, row.sha256)),
        "team": row.team.name,
        "submitted": datetime.datetime.fromtimestamp(row.created, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "kind": "baseline" if row.team.role == "host" else "submission",
    }


def renew_drawing(session: Session, drawing: Drawing, settings: Settings, worker: str) -> bool:
    """Prolong the lease on a table; False if it is no longer held by `worker`."""
    return _hold(session, drawing, worker, settings.lease_seconds)


def _hold(session: Session, drawing: Drawing, worker: str, seconds: float) -> bool:
    """Hold a table for so long from now; False if it is no longer held by `worker`."""
    statement = (
        update(TrackRow)
        .where(TrackRow.id == drawing.track, TrackRow.worker == worker)
        .values(lease(time.time(), seconds))
        .returning(TrackRow.id)
    )
    return session.scalar(statement) is not None


def store_drawing(session: Session, drawing: Drawing, worker: str, standing: Mapping[str, Any], seconds: float) -> None:
    """Keep a table that was drawn in `seconds`, unless `worker` no longer holds it."""
    if not _hold(session, drawing, worker, -1.0):
        return
    row = _row(session, drawing.track, drawing.half)
    if row is None:
        row = StandingRow(track_id=drawing.track, half=drawing.half, harness=HARNESS_VERSION)
        session.add(row)
    row.revision, row.seconds, row.created = drawing.revision, seconds, time.time()
    row.content = json.dumps(standing, allow_nan=False)


def fail_drawing(session: Session, drawing: Drawing, worker: str, reason: str) -> None:
    """Note that a table could not be drawn; it is tried again after a while, and the old one is shown until then."""
    if _hold(session, drawing, worker, RETRY_SECONDS):
        record(session, "drawing failed", reason, track=str(drawing.request["slug"]))


def newest_table(session: Session, track: TrackRow, half: str | None = None) -> StandingRow | None:
    """Return the newest table of `track`, of `half` or else of the one that counts now; None if there is none.

    Of the private half there is none before the phase is closed. The newest is the one that knows of most changes:
    clocks may be set back.
    """
    shown = halves_shown(track)
    for wanted in reversed(shown) if half is None else [half]:
        query = select(StandingRow).where(StandingRow.track_id == track.id, StandingRow.half == wanted)
        row = (
            session.scalar(query.order_by(StandingRow.revision.desc(), StandingRow.id.desc()).limit(1))
            if wanted in shown
            else None
        )
        if row is not None:
            return row
    return None


def kept_content(session: Session, track: TrackRow) -> str | None:
    """Return the table of an older harness that is shown while rescoring is due, as JSON; None where none is."""
    row = newest_table(session, track) if rescoring_is_due(session, track) else None
    return None if row is None else row.content
