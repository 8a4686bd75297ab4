"""The JSON interface: tracks, submissions, tables. Nothing that it reads holds a label."""

import json
import time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request, Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from .... import __version__
from ....benchmarks.running.predictions import HARNESS_VERSION
from ....errors import InputError
from ...pages.view import view_of
from ...standing.record import Standing, row_json
from .answers import STATUS, Accepted, HalfScore, Health, Problem, SubmissionState, Tracks, TrackState
from .board import Board, board_of
from .jobs import newest
from .login import Login
from .models import Job, Score, SubmissionRow, TrackRow
from .standings import halves_shown, newest_table, rescoring_is_due
from .submitting import most_bytes, submit_file
from .tracks import find_track

TheBoard = Annotated[Board, Depends(board_of)]
Slug = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,60}$", description="Name of the track.")]
Identifier = Annotated[str, Path(pattern=r"^[0-9a-f]{12}$", description="The submission's id.")]
Half = Annotated[str | None, Query(pattern="^(public|private)$", description="Default: the one that counts now.")]

REFUSALS: dict[int | str, dict[str, Any]] = {
    code: {"model": Problem} for code in (400, 401, 403, 404, 408, 413, 415, 422, 429, 503, 507)
}
PARQUET = {"requestBody": {"required": True, "content": {"application/vnd.apache.parquet": {"schema": {}}}}}

router = APIRouter()


@router.get("/healthz", tags=["health"])
def healthz(board: TheBoard) -> Health:
    """Say that the board answers, its versions, and how long submissions wait."""
    unfinished = Job.state.in_(("queued", "running"))
    with board.database.reading() as session:
        queued, oldest = session.execute(select(func.count(Job.id), func.min(Job.created)).where(unfinished)).one()
    waited = max(time.time() - oldest, 0.0) if oldest else 0.0
    return Health(status="ok", version=__version__, harness=HARNESS_VERSION, queued=queued, oldest_seconds=waited)


@router.get("/api/tracks", tags=["tracks"])
def tracks(board: TheBoard) -> Tracks:
    """List the tracks."""
    with board.database.reading() as session:
        found = session.scalars(select(TrackRow).order_by(TrackRow.id)).all()
        return Tracks(title=board.settings.title, tracks=[_track_state(board, session, track) for track in found])


@router.get("/api/tracks/{slug}", tags=["tracks"], responses={404: {"model": Problem}})
def track(board: TheBoard, slug: Slug) -> TrackState:
    """Say what a submission to a track must hold."""
    with board.database.reading() as session:
        return _track_state(board, session, _track(session, slug))


@router.get("/api/tracks/{slug}/standing", tags=["tracks"], responses={404: {"model": Problem}})
def standing(board: TheBoard, slug: Slug, half: Half = None) -> Response:
    """Give the table of a track: all that its page shows. The private half is there once the phase is closed."""
    with board.database.reading() as session:
        row = newest_table(session, _track(session, slug), half)
        if row is None:
            raise HTTPException(404, "there is no such table (yet)")
        return Response(row.content, media_type="application/json")


@router.post(
    "/api/tracks/{slug}/submissions",
    status_code=202,
    tags=["submissions"],
    responses=REFUSALS,
    openapi_extra=PARQUET,
)
async def submit(request: Request, slug: Slug, account: Login) -> Accepted:
    """Take a submission, the Parquet file that `whence submit` builds, as the body of the request."""
    return await submit_file(request, slug, account)


@router.get(
    "/api/submissions/{identifier}",
    tags=["submissions"],
    responses={code: REFUSALS[code] for code in (401, 404, 429)},
)
def submission(board: TheBoard, identifier: Identifier, account: Login) -> SubmissionState:
    """Say where a submission of your team stands, and its scores."""
    with board.database.reading() as session:
        row = session.get(SubmissionRow, identifier)
        if row is None or not (account.is_host or row.team_id == account.id):
            raise HTTPException(404, "your team has no such submission")
        return _submission_state(session, row, board.standings.shown(session, row.track))


def _track(session: Session, slug: str) -> TrackRow:
    try:
        return find_track(session, slug)
    except InputError as error:
        raise HTTPException(404, str(error)) from None


def _track_state(board: Board, session: Session, track: TrackRow) -> TrackState:
    expectation = board.expected(session, track).expectation
    return TrackState(
        slug=track.slug,
        title=track.title,
        track=track.track,
        phase="closed" if track.phase == "closed" else "open",
        fingerprint=track.fingerprint,
        per_day=track.per_day,
        samples=len(expectation.sample_ids),
        conditions=[dict(condition) for condition in expectation.conditions],
        content=dict(expectation.content) if expectation.content else None,
        upload_bytes=most_bytes(board, expectation),
    )


def _submission_state(session: Session, row: SubmissionRow, table: Standing | None) -> SubmissionState:
    """Return where a submission stands by its newest scoring, with the scores that may be shown now.

    While the phase is open those are the ones of the `table`, and it counts as running until it is in there.
    """
    job = newest(session, row.id)
    found = _in_table(row, table) if row.track.phase == "open" else _scores(session, row)
    now = [one.rows or one.overall for one in found if one.harness == job.harness]
    waits = row.track.phase == "open" and not (found or row.withdrawn or rescoring_is_due(session, row.track))
    return SubmissionState.model_validate(
        {
            "id": row.id,
            "status": STATUS["running" if waits and job.state == "done" else job.state],
            "track": row.track.slug,
            "phase": row.track.phase,
            "method": row.method,
            "day": row.day,
            "submitted": row.created,
            "harness": job.harness,
            "error": job.reason,
            "withdrawn": row.withdrawn,
            "ahead": _ahead(session, job),
            "rows": now[-1] if now else [],
            "scores": found,
        }
    )


def _scores(session: Session, row: SubmissionRow) -> list[HalfScore]:
    """Return all scores of a submission, of the half that counts last."""
    query = select(Score).where(Score.submission_id == row.id, Score.half.in_(halves_shown(row.track)))
    return [
        HalfScore(half=one.half, harness=one.harness, scored=one.created, **json.loads(one.content))
        for one in session.scalars(query.order_by(Score.id))
    ]


def _in_table(row: SubmissionRow, table: Standing | None) -> list[HalfScore]:
    """Return what the table of an open phase shows of a submission: its own score or else the best of its team."""
    entry = table.entries.get(row.id) if table else None
    if table is None or entry is None:
        return []
    best = view_of(table).score_for(entry)
    rows = [] if best is None else [row_json(best)]
    return [HalfScore(half=table.half, harness=table.harness, scored=row.created, rows=[], overall=rows)]


def _ahead(session: Session, job: Job) -> int:
    """Return how many submissions are scored before that of `job`."""
    if job.state != "queued":
        return 0
    earlier = select(func.count(Job.id)).where(Job.state.in_(("queued", "running")), Job.id < job.id)
    return session.scalar(earlier) or 0
