"""The tables of a board. All times are seconds since 1970, UTC; nothing here is a label.

Scores are facts that are added and never changed: a submission has one for each version of the harness and half.
"""

from sqlalchemy import ForeignKey, Index, MetaData, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The base of all tables."""

    metadata = MetaData(naming_convention=NAMES)


class Team(Base):
    """An account. `role` is "team", or "host", whose submissions are baselines and take no quota."""

    __tablename__ = "teams"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    role: Mapped[str] = mapped_column(String(10))
    created: Mapped[float]


class Token(Base):
    """A key to an account, of which only the sha256 of its secret part is kept."""

    __tablename__ = "tokens"

    id: Mapped[int] = mapped_column(primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"), index=True)
    name: Mapped[str] = mapped_column(String(12), unique=True)
    digest: Mapped[str] = mapped_column(String(64))
    created: Mapped[float]
    revoked: Mapped[float | None]
    team: Mapped[Team] = relationship(lazy="joined", innerjoin=True)


class TrackRow(Base):
    """A track of the board. `revision` counts what changed its table; a lease says who draws that table.

    `data` is where its public dataset lies, where that is known: pages play samples from there. `commitment` is what
    its labels must keep, empty for a track of an older board. Where `has_private` is false, all samples are public.
    """

    __tablename__ = "tracks"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    title: Mapped[str] = mapped_column(String(120))
    track: Mapped[str] = mapped_column(String(60))
    fingerprint: Mapped[str] = mapped_column(String(64))
    per_day: Mapped[int]
    phase: Mapped[str] = mapped_column(String(10))
    created: Mapped[float]
    closed: Mapped[float | None]
    expectation: Mapped[str] = mapped_column(Text, deferred=True)
    data: Mapped[str | None] = mapped_column(Text)
    revision: Mapped[int]
    worker: Mapped[str | None] = mapped_column(String(40))
    lease_from: Mapped[float]
    lease_until: Mapped[float]
    has_private: Mapped[bool]
    commitment: Mapped[str] = mapped_column(String(64))


class SubmissionRow(Base):
    """A file that was taken.

    `slot` is which of the day's places it holds: None for a host, and where its scoring crashed. One that the host has
    `withdrawn` stands in no table.
    """

    __tablename__ = "submissions"
    __table_args__ = (
        UniqueConstraint("team_id", "track_id", "day", "slot"),
        UniqueConstraint("team_id", "track_id", "sha256"),
    )

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    track_id: Mapped[int] = mapped_column(ForeignKey("tracks.id"), index=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))
    day: Mapped[str] = mapped_column(String(10))
    slot: Mapped[int | None]
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    size: Mapped[int]
    method: Mapped[str] = mapped_column(String(200))
    created: Mapped[float]
    withdrawn: Mapped[float | None]
    team: Mapped[Team] = relationship(lazy="joined", innerjoin=True)
    track: Mapped[TrackRow] = relationship(lazy="joined", innerjoin=True)


class Job(Base):
    """The scoring of a submission by one version of the harness: queued, running, done or failed."""

    __tablename__ = "jobs"
    __table_args__ = (UniqueConstraint("submission_id", "harness"), Index(None, "state", "id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[str] = mapped_column(ForeignKey("submissions.id"))
    harness: Mapped[str] = mapped_column(String(60))
    state: Mapped[str] = mapped_column(String(10))
    worker: Mapped[str | None] = mapped_column(String(40))
    lease_from: Mapped[float]
    lease_until: Mapped[float]
    claims: Mapped[int]
    failures: Mapped[int]
    reason: Mapped[str] = mapped_column(String(400))
    created: Mapped[float]
    finished: Mapped[float | None]
    submission: Mapped[SubmissionRow] = relationship(lazy="joined", innerjoin=True)


class Score(Base):
    """The scores of a submission on one half of the samples, as JSON: {"rows", "overall"} as in a standing."""

    __tablename__ = "scores"
    __table_args__ = (UniqueConstraint("submission_id", "harness", "half"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[str] = mapped_column(ForeignKey("submissions.id"))
    harness: Mapped[str] = mapped_column(String(60))
    half: Mapped[str] = mapped_column(String(10))
    content: Mapped[str] = mapped_column(Text)
    created: Mapped[float]


class StandingRow(Base):
    """The table of a track on one half as JSON, drawn by one version of the harness from what `revision` counts."""

    __tablename__ = "standings"
    __table_args__ = (UniqueConstraint("track_id", "half", "harness"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    track_id: Mapped[int] = mapped_column(ForeignKey("tracks.id"))
    half: Mapped[str] = mapped_column(String(10))
    harness: Mapped[str] = mapped_column(String(60))
    revision: Mapped[int]
    seconds: Mapped[float]
    content: Mapped[str] = mapped_column(Text, deferred=True)
    created: Mapped[float]


class AuditRow(Base):
    """Something that somebody did, or was refused."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[float] = mapped_column(index=True)
    action: Mapped[str] = mapped_column(String(40))
    team: Mapped[str | None] = mapped_column(String(80))
    track: Mapped[str | None] = mapped_column(String(60))
    address: Mapped[str | None] = mapped_column(String(64))
    detail: Mapped[str] = mapped_column(String(400))
