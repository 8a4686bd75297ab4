"""What a host decides about a board, in the file `service.toml` of the board's folder.

The folder holds `uploads/` (submissions, by the sha256 of their bytes), `labels/` (opened by the scoring process
alone) and, unless `database` names another one, `board.sqlite`.
"""

import json
import os
import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ....errors import InputError
from ...submission.card import first_fault

FILE = "service.toml"
OWNER_ONLY = 0o077
"""The umask of all that serves a board: nobody else reads or changes what it writes."""
Positive = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0)]


class Settings(BaseModel):
    """The settings of a board; `folder` is where they were read from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path
    title: Annotated[str, Field(min_length=1, max_length=120)] = "Leaderboard"
    database: str = ""
    """An SQLAlchemy URL; `board.sqlite` in the folder where it is empty."""
    hosts: tuple[Annotated[str, Field(pattern=r"^(\*|(\*\.)?[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])$")], ...] = ("*",)
    """Names under which the board may be asked for, without a port, such as board.example.org; `*`: any."""
    idle_seconds: Positive = 30
    """How long a connection may stay open without a whole request."""
    upload_bytes: Positive = 64 * 2**20
    """Bytes of the largest upload; a track may allow less, never more."""
    upload_seconds: Seconds = 300.0
    """How long an upload may take."""
    requests_per_minute: Positive = 600
    """Requests answered to one address."""
    submissions_per_minute: Positive = 20
    """Uploads taken from one team, the refused ones too."""
    refusals_per_minute: Positive = 30
    """Wrong tokens from one address."""
    checking_seconds: Seconds = 30.0
    """How long the check of one upload may take."""
    scoring_seconds: Seconds = 600.0
    """How long the scoring of one submission may take."""
    scoring_bytes: Annotated[int, Field(ge=2**28)] = 4 * 2**30
    """Address space of a process that scores or checks."""
    scoring_failures: Positive = 3
    """After so many crashes, a submission is marked as failed."""
    scoring_claims: Positive = 25
    """After so many starts without an end, such as power cuts, too."""
    lease_seconds: Seconds = 15.0
    """A submission whose worker was silent for so long is taken by another."""
    standing_seconds: Seconds = 2.0
    """A table is drawn anew at most so often while submissions wait."""
    audit_lines: Positive = 100_000
    """Lines of the audit log that are kept of each action, the newest ones."""

    @property
    def uploads(self) -> Path:
        """Where submissions lie."""
        return self.folder / "uploads"

    @property
    def url(self) -> str:
        """The URL of the database, with its driver."""
        if not self.database:
            return f"sqlite:///{self.folder / 'board.sqlite'}"
        for plain in ("postgresql://", "postgres://"):
            if self.database.startswith(plain):
                return f"postgresql+psycopg://{self.database.removeprefix(plain)}"
        return self.database


def read_settings(folder: Path) -> Settings:
    """Return the settings of the board in `folder`; raises InputError where there is none, or for a wrong setting."""
    path = folder / FILE
    if not path.is_file():
        raise InputError(f"{folder} holds no {FILE}: make a board with `whence leaderboard init {folder}`")
    try:
        return settings_of(folder, tomllib.loads(path.read_text(encoding="utf-8")))
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path} is no TOML file: {error}") from None


def settings_of(folder: Path, content: dict[str, Any]) -> Settings:
    """Return `content` as the settings of the board in `folder`; raises InputError for a wrong or unknown one."""
    try:
        return Settings(folder=folder.resolve(), **content)
    except ValidationError as error:
        raise InputError(f"{folder / FILE}: {first_fault(error, Settings.model_fields)}") from None


def make_private(settings: Settings) -> None:
    """Let only the owner read and change the board's folder, what lies in it, and its database if that is a file."""
    for part in (settings.folder, settings.uploads, settings.folder / "labels"):
        if part.is_dir():
            part.chmod(0o700)
    for path in _database_files(settings.url):
        path.chmod(0o600)


def _database_files(url: str) -> list[Path]:
    """Return the files of an SQLite database, wherever it lies, that are there; none of one on a server."""
    kind, _, name = url.partition(":///")
    files = [Path(name + end) for end in ("", "-wal", "-shm", "-journal")] if kind.startswith("sqlite") else []
    return [path for path in files if path.is_file()]


def write_settings(folder: Path, content: dict[str, Any]) -> Settings:
    """Write `content` as the settings of a new board in `folder` and return them; the folder is its owner's alone."""
    settings = settings_of(folder, content)
    folder.mkdir(parents=True, exist_ok=True)
    settings.uploads.mkdir(exist_ok=True)
    make_private(settings)
    lines = [f"{name} = {json.dumps(value)}\n" for name, value in content.items()]
    handle = os.open(folder / FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write("# What each setting means: `Settings` in leaderboard/boards/service/settings.py\n")
        stream.writelines(lines)
    return settings
