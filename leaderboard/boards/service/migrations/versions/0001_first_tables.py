"""The first tables of a board."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = ("teams", "tokens", "tracks", "submissions", "jobs", "scores", "standings", "audit")


def upgrade() -> None:
    """Make all tables."""
    _make_accounts()
    _make_tracks()
    _make_submissions()
    _make_queue()
    _make_audit()


def downgrade() -> None:
    """Drop all tables."""
    for table in reversed(TABLES):
        op.drop_table(table)


def _number(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=null)


def _time(name: str, *, null: bool = False) -> sa.Column[float]:
    return sa.Column(name, sa.Double(), nullable=null)


def _text(name: str, longest: int | None = None, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(longest) if longest else sa.Text(), nullable=null)


def _key(table: str, name: str = "id") -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(name, name=f"pk_{table}")


def _refers(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [other], name=f"fk_{table}_{column}")


def _once(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=f"uq_{table}_{'_'.join(columns)}")


def _make_accounts() -> None:
    op.create_table(
        "teams",
        _number("id"),
        _text("name", 80),
        _text("role", 10),
        _time("created"),
        _key("teams"),
        _once("teams", "name"),
    )
    op.create_table(
        "tokens",
        _number("id"),
        _number("team_id"),
        _text("name", 12),
        _text("digest", 64),
        _time("created"),
        _time("revoked", null=True),
        _key("tokens"),
        _refers("tokens", "team_id", "teams.id"),
        _once("tokens", "name"),
    )
    op.create_index("ix_tokens_team_id", "tokens", ["team_id"])


def _make_tracks() -> None:
    op.create_table(
        "tracks",
        _number("id"),
        _text("slug", 60),
        _text("title", 120),
        _text("track", 60),
        _text("fingerprint", 64),
        _number("per_day"),
        _text("phase", 10),
        _time("created"),
        _time("closed", null=True),
        _text("expectation"),
        _number("revision"),
        _text("worker", 40, null=True),
        _time("lease_until"),
        _key("tracks"),
        _once("tracks", "slug"),
    )
    op.create_table(
        "standings",
        _number("id"),
        _number("track_id"),
        _text("half", 10),
        _text("harness", 60),
        _number("revision"),
        _time("seconds"),
        _text("content"),
        _time("created"),
        _key("standings"),
        _refers("standings", "track_id", "tracks.id"),
        _once("standings", "track_id", "half", "harness"),
    )


def _make_submissions() -> None:
    op.create_table(
        "submissions",
        _text("id", 16),
        _number("track_id"),
        _number("team_id"),
        _text("day", 10),
        _number("slot", null=True),
        _text("sha256", 64),
        _number("size"),
        _text("method", 200),
        _time("created"),
        _key("submissions"),
        _refers("submissions", "track_id", "tracks.id"),
        _refers("submissions", "team_id", "teams.id"),
        _once("submissions", "team_id", "track_id", "day", "slot"),
        _once("submissions", "team_id", "track_id", "sha256"),
    )
    op.create_index("ix_submissions_sha256", "submissions", ["sha256"])
    op.create_index("ix_submissions_track_id", "submissions", ["track_id"])


def _make_queue() -> None:
    op.create_table(
        "jobs",
        _number("id"),
        _text("submission_id", 16),
        _text("harness", 60),
        _text("state", 10),
        _text("worker", 40, null=True),
        _time("lease_until"),
        _number("claims"),
        _number("failures"),
        _text("reason", 400),
        _time("created"),
        _time("finished", null=True),
        _key("jobs"),
        _refers("jobs", "submission_id", "submissions.id"),
        _once("jobs", "submission_id", "harness"),
    )
    op.create_index("ix_jobs_state_id", "jobs", ["state", "id"])
    op.create_table(
        "scores",
        _number("id"),
        _text("submission_id", 16),
        _text("harness", 60),
        _text("half", 10),
        _text("content"),
        _time("created"),
        _key("scores"),
        _refers("scores", "submission_id", "submissions.id"),
        _once("scores", "submission_id", "harness", "half"),
    )


def _make_audit() -> None:
    op.create_table(
        "audit",
        _number("id"),
        _time("at"),
        _text("action", 40),
        _text("team", 80, null=True),
        _text("track", 60, null=True),
        _text("address", 64, null=True),
        _text("detail", 400),
        _key("audit"),
    )
    op.create_index("ix_audit_at", "audit", ["at"])
