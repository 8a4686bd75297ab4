"""The queue: a row a submission and version of the harness, claimed under a lease, finished exactly once.

A worker that is killed says nothing more, its lease runs out, and another takes the job. One that comes back late
finds that the job is no longer its own and writes nothing. Scores and the end of the job are one transaction.
"""

import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, func, or_, select, update
from sqlalchemy.orm import Session

from ....benchmarks.running.predictions import HARNESS_VERSION
from .audit import record
from .leases import is_free, lease
from .models import Job, Score, SubmissionRow, TrackRow

FAILED = "scoring failed; the host's log says why"
"""All that submitters are told: a reason may tell of the labels that scoring met."""


@dataclass(frozen=True)
class Claim:
    """A job that a worker holds: the submission `sha256` of the track `slug`."""

    job: int
    submission: str
    slug: str
    sha256: str


def enqueue(session: Session, submission: str) -> None:
    """Queue the scoring of `submission` by this version of the harness; one that failed begins anew."""
    job = session.scalar(select(Job).where(Job.submission_id == submission, Job.harness == HARNESS_VERSION))
    if job is None:
        job = Job(submission_id=submission, harness=HARNESS_VERSION, created=time.time())
        session.add(job)
    elif job.state != "failed":
        return
    job.state, job.worker, job.reason = "queued", None, ""
    job.lease_from, job.lease_until, job.claims, job.failures = 0.0, 0.0, 0, 0


def enqueue_missing(session: Session, track: int) -> int:
    """Queue all submissions of `track` without a score by this harness; return how many there were."""
    waiting = select(Job.id).where(
        Job.submission_id == SubmissionRow.id, Job.harness == HARNESS_VERSION, Job.state != "failed"
    )
    missing = session.scalars(
        select(SubmissionRow.id)
        .where(SubmissionRow.track_id == track, SubmissionRow.withdrawn.is_(None), ~exists(waiting))
        .order_by(SubmissionRow.created)
    ).all()
    for submission in missing:
        enqueue(session, submission)
    return len(missing)


def claim(session: Session, worker: str, lease_seconds: float, most_claims: int) -> Claim | None:
    """Return the oldest job that nobody works on, now held by `worker`; None where there is none.

    One that was begun `most_claims` times and never ended is marked as failed instead.
    """
    now = time.time()
    query = (
        select(Job)
        .where(
            Job.harness == HARNESS_VERSION,
            or_(Job.state == "queued", (Job.state == "running") & is_free(Job, now)),
        )
        .order_by(Job.claims, Job.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=Job)
    )
    job = session.scalar(query)
    if job is None:
        return None
    if job.claims >= most_claims:
        _log_failure(session, job, f"its scoring was begun {job.claims} times and never ended")
        _give_up(job)
        return None
    job.state, job.worker, job.claims = "running", worker, job.claims + 1
    job.lease_from, job.lease_until = lease(now, lease_seconds).values()
    return Claim(job.id, job.submission_id, job.submission.track.slug, job.submission.sha256)


def renew(session: Session, claim: Claim, worker: str, lease_seconds: float) -> bool:
    """Prolong the lease on a job; False if it is no longer the job of `worker`."""
    return _changed(session, claim, worker, lease(time.time(), lease_seconds))


def _changed(session: Session, claim: Claim, worker: str, values: Mapping[str, Any]) -> bool:
    """Change the job if it is still `worker`'s; return whether it is."""
    held = (Job.id == claim.job) & (Job.worker == worker) & (Job.state == "running")
    return session.scalar(update(Job).where(held).values(values).returning(Job.id)) is not None


def finish(session: Session, claim: Claim, worker: str, halves: Mapping[str, Mapping[str, Any]]) -> bool:
    """Add the scores of a job, by half, and end it; False, and nothing is written, if it is another's by now."""
    if not _changed(session, claim, worker, {"state": "done", "worker": None, "finished": _now_or_later(session)}):
        return False
    for half, content in halves.items():
        session.add(
            Score(
                submission_id=claim.submission,
                harness=HARNESS_VERSION,
                half=half,
                content=json.dumps(content, allow_nan=False),
                created=time.time(),
            )
        )
    touch(session, claim.submission)
    return True


def _now_or_later(session: Session) -> float:
    """Return the time, later than the end of every other job although a clock may have been set back.

    Tables are drawn in this order: what came first decides whether a later score of a team is shown.
    """
    last = session.scalar(select(func.max(Job.finished)).where(Job.state == "done"))
    return time.time() if last is None else max(time.time(), math.nextafter(last, math.inf))


def fail(
    session: Session, claim: Claim, worker: str, reason: str, most_failures: int, *, refused: bool = False
) -> None:
    """Count a failure of a job; it is queued again, or marked as failed after `most_failures` of them.

    The last of these gives its place of the day back. One that scoring `refused` fails at once and keeps its place:
    no question is free.
    """
    job = session.scalar(select(Job).where(Job.id == claim.job, Job.worker == worker).with_for_update(of=Job))
    if job is None or job.state != "running":
        return
    job.failures += 1
    job.state, job.worker, job.reason = "queued", None, FAILED
    _log_failure(session, job, reason)
    if refused or job.failures >= most_failures:
        _give_up(job, keep_slot=refused)


def _give_up(job: Job, *, keep_slot: bool = False) -> None:
    """Mark a job as failed; its place of the day is given back unless `keep_slot`."""
    if not keep_slot:
        job.submission.slot = None
    job.state, job.worker, job.reason, job.finished = "failed", None, FAILED, time.time()


def _log_failure(session: Session, job: Job, reason: str) -> None:
    """Write into the audit log what submitters are not told."""
    submission = job.submission
    record(
        session, "scoring failed", f"{submission.id}: {reason}", team=submission.team.name, track=submission.track.slug
    )


def touch(session: Session, submission: str) -> None:
    """Say that the table of the submission's track is to be drawn anew."""
    track = select(SubmissionRow.track_id).where(SubmissionRow.id == submission).scalar_subquery()
    session.execute(update(TrackRow).where(TrackRow.id == track).values(revision=TrackRow.revision + 1))


def newest(session: Session, submission: str) -> Job:
    """Return the newest scoring of `submission`."""
    query = select(Job).where(Job.submission_id == submission).order_by(Job.id.desc()).limit(1)
    return session.scalars(query).one()


def waiting(session: Session, track: int) -> int:
    """Return how many submissions of `track` wait for their score by this harness."""
    query = (
        select(func.count(Job.id))
        .join(SubmissionRow)
        .where(SubmissionRow.track_id == track, Job.harness == HARNESS_VERSION, Job.state.in_(("queued", "running")))
    )
    return session.scalar(query) or 0
