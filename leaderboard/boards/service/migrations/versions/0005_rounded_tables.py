"""Tables of open phases hold rounded scores: those drawn before, at full precision, go and are drawn anew."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Remove the tables of open phases."""
    op.execute("DELETE FROM standings WHERE track_id IN (SELECT id FROM tracks WHERE phase = 'open')")


def downgrade() -> None:
    """Leave them away: they are drawn anew."""
