"""When leases began, so that a clock set back is noticed; whether a track has a private half; its commitment."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; the tracks that are there have both halves, and say nothing of their commitment."""
    for table in ("jobs", "tracks"):
        op.add_column(table, sa.Column("lease_from", sa.Double(), nullable=False, server_default="0"))
    op.add_column("tracks", sa.Column("has_private", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("tracks", sa.Column("commitment", sa.String(64), nullable=False, server_default=""))


def downgrade() -> None:
    """Drop them."""
    for name in ("commitment", "has_private", "lease_from"):
        op.drop_column("tracks", name)
    op.drop_column("jobs", "lease_from")
