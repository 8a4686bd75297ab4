"""What a host does to a board: each command of `whence leaderboard` as one call."""

import json
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, select
from sqlalchemy.orm import Session

from ....errors import InputError
from ...pages.samples import Samples, samples_at
from ...standing.record import Standing, standing_from_json
from ...submission.expectation import Expectation
from . import accounts, new_track, tracks
from .database import Database, check_is_current, checked_url, upgrade
from .models import TrackRow
from .scoring_process import ScoringError, ScoringProcess
from .settings import FILE, Settings, make_private, read_settings, settings_of, write_settings
from .standings import drawing_of, halves_shown, kept_content

HOST = "host"
"""The team that a new board begins with."""


def initialise(folder: Path, content: dict[str, Any]) -> str | None:
    """Make a board in `folder`, and return the token of its host.

    Where there is one, its database is brought to the newest form, and None is returned; the settings stay.
    """
    if (folder / FILE).is_file():
        if content:
            raise InputError(f"{folder} holds a board already: change its settings in {folder / FILE}")
        settings = read_settings(folder)
        with closing(Database(settings.url)) as database:
            upgrade(database)
        make_private(settings)
        return None
    _check_place(checked_url(settings_of(folder, content).url))
    with _all_or_nothing(folder):
        settings = write_settings(folder, content)
        with closing(Database(settings.url)) as database:
            upgrade(database)
            with database.writing() as session:
                token = accounts.issue_token(session, HOST, "host")
        make_private(settings)
    return token


def _check_place(url: URL) -> None:
    """Raise InputError for a file whose place depends on where commands are run."""
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_absolute():
        raise InputError(f"database: {url.database!a} depends on where commands run: give sqlite:////folder/name")


@contextmanager
def _all_or_nothing(folder: Path) -> Iterator[None]:
    """Remove whatever the block has put into `folder`, and the folders that it has made, where it does not end."""
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        before = set(folder.iterdir()) if folder.exists() else set()
        yield
    except BaseException as error:
        for path in set(folder.iterdir()) - before if folder.is_dir() else ():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        for path in filter(Path.is_dir, made):
            path.rmdir()
        if isinstance(error, OSError):
            raise InputError(f"{folder} cannot be made a board: {error.strerror or error}") from None
        raise


def open_board(folder: Path) -> tuple[Settings, Database]:
    """Return settings and database of the board in `folder`; raises InputError where there is none."""
    settings = read_settings(folder)
    database = Database(settings.url)
    check_is_current(database, folder)
    return settings, database


@contextmanager
def _changing(folder: Path) -> Iterator[Session]:
    """Yield a session on the board in `folder`, committed when the block ends; raises InputError."""
    _, database = open_board(folder)
    with closing(database), database.writing() as session:
        yield session


def add_track(folder: Path, slug: str, *, data: str, labels: Path, title: str, per_day: int) -> None:
    """Add a track to the board in `folder`; raises InputError."""
    settings, database = open_board(folder)
    with closing(database):
        expectation = new_track.checked_expectation(data, labels)
        new_track.check_room(settings, expectation)
        with database.writing() as session:
            new_track.add_track(
                session, settings.folder, slug, expectation, labels, title=title or slug, per_day=per_day, data=data
            )


def move_data(folder: Path, slug: str, data: str) -> None:
    """Let a track find its public dataset, which has moved, at `data`; raises InputError for another dataset."""
    with _changing(folder) as session:
        new_track.move_data(session, slug, data)


def issue_token(folder: Path, team: str, role: str | None) -> str:
    """Return a new token for `team`, which is made if there is none; raises InputError."""
    with _changing(folder) as session:
        return accounts.issue_token(session, team, role)


def revoke(folder: Path, name: str) -> int:
    """Revoke the tokens of the team `name`, or the token of that name; return how many. Raises InputError."""
    with _changing(folder) as session:
        return accounts.revoke(session, name)


def close_track(folder: Path, slug: str) -> None:
    """Close the phase of a track; raises InputError."""
    with _changing(folder) as session:
        tracks.close_track(session, slug)


def rescore(folder: Path, slug: str) -> int:
    """Queue what this version of the harness has not scored, and return how many submissions that are."""
    with _changing(folder) as session:
        return tracks.rescore(session, slug)


def withdraw(folder: Path, identifier: str) -> None:
    """Take a submission out of the tables for good; raises InputError."""
    with _changing(folder) as session:
        tracks.withdraw(session, identifier)


def title(folder: Path) -> str:
    """Return the title of the board in `folder`; raises InputError where there is none."""
    return read_settings(folder).title


def standings(folder: Path) -> list[Standing]:
    """Return the table of every track as it is now, drawn anew; raises InputError where that fails.

    While rescoring is due, that is the table of the older harness, as it was drawn last.
    """
    settings, database = open_board(folder)
    process = ScoringProcess(settings)
    found = []
    with database.reading() as session:
        rows = session.scalars(select(TrackRow).order_by(TrackRow.id)).all()
        kept = {row.slug: kept_content(session, row) for row in rows}
        requests = [drawing_of(session, settings, row, halves_shown(row)[-1]).request for row in rows]
    try:
        for request in requests:
            old = kept[request["slug"]]
            content = json.loads(old) if old else process.ask(request, lambda: True)["standing"]
            found.append(standing_from_json(content))
    except ScoringError as error:
        raise InputError(f"track {request['slug']!r}: {error.reason}") from None
    finally:
        process.stop()
        database.close()
    return found


def samples(folder: Path) -> dict[str, Samples]:
    """Return the samples of those public datasets that lie where they did, by fingerprint; raises InputError."""
    _, database = open_board(folder)
    with database.reading() as session:
        rows = session.scalars(select(TrackRow).order_by(TrackRow.id)).all()
        expected = [(row.data, row.fingerprint, tracks.expectation_for(session, row).content) for row in rows]
    database.close()
    found = {fingerprint: samples_at(place, fingerprint, content) for place, fingerprint, content in expected}
    return {fingerprint: one for fingerprint, one in found.items() if one is not None}


def expectations(folder: Path) -> list[Expectation]:
    """Return what a submission to each track must hold; raises InputError."""
    _, database = open_board(folder)
    with closing(database), database.reading() as session:
        rows = session.scalars(select(TrackRow).order_by(TrackRow.id)).all()
        return [tracks.expectation_for(session, row) for row in rows]
