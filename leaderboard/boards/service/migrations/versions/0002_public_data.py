"""Where the public dataset of a track lies, from which pages play samples."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; of the tracks that are there it is not known."""
    op.add_column("tracks", sa.Column("data", sa.Text(), nullable=True))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("tracks", "data")
