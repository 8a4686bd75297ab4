"""The audit log: who did what, and what was refused and why."""

import time

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from .models import AuditRow

LONGEST_DETAIL = 400


def one_line(text: object, longest: int = LONGEST_DETAIL) -> str:
    """Return `text` as one line of printable ASCII, cut to `longest` characters.

    >>> one_line("a\\nb \\u202e")
    'a b \\\\u202e'
    """
    return " ".join(str(text).split()).encode("ascii", "backslashreplace").decode().replace("\x00", "\\x00")[:longest]


def record(
    session: Session,
    action: str,
    detail: object = "",
    *,
    team: str | None = None,
    track: str | None = None,
    address: str | None = None,
) -> None:
    """Add a line to the audit log, in the transaction of `session`."""
    session.add(
        AuditRow(at=time.time(), action=action, team=team, track=track, address=address, detail=one_line(detail))
    )


def trim(session: Session, most: int) -> None:
    """Remove the oldest lines of every action of which there are more than `most`: each kind has a room of its own."""
    for action in session.scalars(select(AuditRow.action).distinct()).all():
        newest = select(AuditRow.id).where(AuditRow.action == action).order_by(AuditRow.id.desc())
        last = session.scalar(newest.offset(most).limit(1))
        if last is not None:
            session.execute(delete(AuditRow).where(AuditRow.action == action, AuditRow.id <= last))
