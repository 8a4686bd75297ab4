"""Runs migrations on the connection that `database.upgrade` gives, in its transaction."""

from alembic import context

from whence.leaderboard.boards.service.models import Base

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Base.metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
