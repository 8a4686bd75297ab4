"""The database of a board: SQLite or PostgreSQL, with short transactions that read and ones that write."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionError
from sqlalchemy.orm import Session

from ....errors import InputError

SUPPORTED = ("sqlite", "sqlite+pysqlite", "postgresql+psycopg")
BUSY_SECONDS = 60
"""How long a transaction waits for the others."""
AWAY = (OperationalError, NoConnectionError)
"""What is raised while the database does not answer."""


def checked_url(url: str) -> URL:
    """Return the parts of the URL of a database; raises InputError for a kind that is not supported."""
    try:
        found = make_url(url)
    except (ArgumentError, ValueError):
        raise InputError("database: expected a URL such as postgresql://user@host/name") from None
    if found.drivername not in SUPPORTED:
        raise InputError(
            f"database: {found.drivername}:// is not supported; leave it out (SQLite, a file in the board's folder) "
            "or give postgresql://user@host/name"
        )
    if found.drivername.startswith("sqlite") and (found.database or ":memory:").startswith((":", "file:")):
        raise InputError("database: a board outlives its process: give a file, sqlite:////folder/board.sqlite")
    if found.drivername.startswith("sqlite") and found.query:
        raise InputError(f"database: {next(iter(found.query))}= after the name of an SQLite file: leave it out")
    if found.drivername.startswith("postgresql") and find_spec("psycopg") is None:
        raise InputError("database: PostgreSQL needs the package psycopg: pip install 'whence[postgresql]'")
    return found


class Database:
    """Transactions on the database at `url`.

    SQLite has one writer at a time: writers of a process stand in line for their one connection and begin with the
    write lock in hand, so what they read cannot change before they commit; readers are never held up (WAL).
    PostgreSQL locks rows, which those who write ask for.
    """

    def __init__(self, url: str) -> None:
        self.is_sqlite = checked_url(url).get_backend_name() == "sqlite"
        if self.is_sqlite:
            self._reader = _sqlite_engine(url, "BEGIN", pool_size=10, max_overflow=20)
            self._writer = _sqlite_engine(url, "BEGIN IMMEDIATE", pool_size=1, max_overflow=0)
        else:
            self._reader = self._writer = create_engine(
                url, pool_size=10, max_overflow=20, pool_timeout=BUSY_SECONDS, pool_pre_ping=True
            )

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Yield a session that sees one state of the database."""
        with Session(self._reader, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Yield a session that is committed when the block ends, and rolled back when it raises."""
        with Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    @property
    def engine(self) -> Engine:
        """The engine that writes, for migrations."""
        return self._writer

    def close(self) -> None:
        """Give all connections back."""
        self._reader.dispose()
        self._writer.dispose()


def _sqlite_engine(url: str, begin: str, **pool: int) -> Engine:
    engine = create_engine(url, pool_timeout=BUSY_SECONDS, connect_args={"timeout": BUSY_SECONDS}, **pool)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, record: object) -> None:
        connection.isolation_level = None
        for setting in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {setting}").close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine


def migrations() -> Config:
    """Return what Alembic needs to find the migrations, which are installed with the package."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config


def upgrade(database: Database) -> None:
    """Bring the tables of `database` to the newest form, from whatever form they have; raises InputError."""
    config = migrations()
    try:
        with database.engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except DBAPIError as error:
        raise InputError(f"the database cannot be opened: {' '.join(str(error.orig).split())}") from None


def check_is_current(database: Database, folder: Path) -> None:
    """Raise InputError unless the tables of `database` have the newest form."""
    newest = ScriptDirectory.from_config(migrations()).get_current_head()
    try:
        with database.engine.connect() as connection:
            found = MigrationContext.configure(connection).get_current_revision()
    except DBAPIError as error:
        raise InputError(f"the database cannot be opened: {' '.join(str(error.orig).split())}") from None
    if found != newest:
        raise InputError(f"the database has form {found}, expected {newest}: run `whence leaderboard init {folder}`")
