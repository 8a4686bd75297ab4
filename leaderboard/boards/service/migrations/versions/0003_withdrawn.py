"""When the host withdrew a submission, which then stands in no table."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; of the submissions that are there none is withdrawn."""
    op.add_column("submissions", sa.Column("withdrawn", sa.Double(), nullable=True))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("submissions", "withdrawn")
