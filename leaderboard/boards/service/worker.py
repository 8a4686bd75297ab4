"""The worker: takes submissions from the queue, has them scored, keeps the tables up to date.

It may be killed at any moment: what it had not finished is taken by another one when its lease runs out. It ends when
the server that started it is gone.
"""

import os
import secrets
import sys
import time
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from . import jobs, standings
from .audit import trim
from .database import Database
from .models import SubmissionRow
from .scoring_process import ScoringError, ScoringProcess
from .settings import OWNER_ONLY, Settings, read_settings
from .uploads import remove_orphans

IDLE_SECONDS = 0.2
NICENESS = 10
"""Readers come first where processors are few."""
TIDY_SECONDS = 600.0
RENEWALS = 4
"""Times that a lease is prolonged before it could run out."""


class Worker:
    """A worker on the board with these settings; `parent` is the process that it serves, None for one of its own."""

    def __init__(self, settings: Settings, parent: int | None = None) -> None:
        self.settings, self.parent = settings, parent
        self.name = secrets.token_hex(8)
        self.database = Database(settings.url)
        self.process = ScoringProcess(settings)
        self._renewed = self._tidied = 0.0

    def run(self) -> None:
        """Work until the parent is gone; a database that is away for a while is waited for."""
        self.process.start()
        while not self.is_orphan():
            try:
                busy = self.step()
            except OperationalError as error:
                print(f"worker: the database does not answer: {error.orig}", file=sys.stderr)
                busy = False
            if not busy:
                time.sleep(IDLE_SECONDS)

    def close(self) -> None:
        """End the scoring process and give the connections back."""
        self.process.stop()
        self.database.close()

    def is_orphan(self) -> bool:
        """Whether the server that started this worker is gone."""
        return self.parent is not None and os.getppid() != self.parent

    def step(self) -> bool:
        """Draw a table that is due, or else score a submission; return whether there was anything to do."""
        self._tidy()
        return self._draw() or self._score()

    def _score(self) -> bool:
        with self.database.writing() as session:
            claim = jobs.claim(session, self.name, self.settings.lease_seconds, self.settings.scoring_claims)
            if claim is None:
                return False
            row = session.get_one(SubmissionRow, claim.submission)
            entry, commitment = standings.entry_of(self.settings, row), row.track.commitment
        request = {"task": "score", "slug": claim.slug, "commitment": commitment, **entry}
        try:
            answer = self.process.ask(request, lambda: self._holds(claim))
        except ScoringError as error:
            if not self.is_orphan():
                most = self.settings.scoring_failures
                with self.database.writing() as session:
                    jobs.fail(session, claim, self.name, error.reason, most, refused=error.final)
            return True
        with self.database.writing() as session:
            jobs.finish(session, claim, self.name, answer["halves"])
        return True

    def _draw(self) -> bool:
        with self.database.reading() as session:
            if not standings.any_due(session, self.settings):
                return False
        with self.database.writing() as session:
            drawing = standings.claim_drawing(session, self.settings, self.name)
        if drawing is None:
            return False
        try:
            answer = self.process.ask(drawing.request, lambda: self._holds(drawing))
        except ScoringError as error:
            with self.database.writing() as session:
                standings.fail_drawing(session, drawing, self.name, error.reason)
            return True
        with self.database.writing() as session:
            standings.store_drawing(session, drawing, self.name, answer["standing"], answer["seconds"])
        return True

    def _holds(self, held: "jobs.Claim | standings.Drawing") -> bool:
        """Prolong the lease on what is worked on, now and then; False if it was lost, or the server is gone."""
        now, lease = time.monotonic(), self.settings.lease_seconds
        if self.is_orphan():
            return False
        if now - self._renewed < lease / RENEWALS:
            return True
        self._renewed = now
        with self.database.writing() as session:
            if isinstance(held, jobs.Claim):
                return jobs.renew(session, held, self.name, lease)
            return standings.renew_drawing(session, held, self.settings, self.name)

    def _tidy(self) -> None:
        """Remove what interrupted uploads left, and the oldest lines of a long audit log, every ten minutes."""
        now = time.monotonic()
        if self._tidied and now - self._tidied < TIDY_SECONDS:
            return
        self._tidied = now
        with self.database.reading() as session:
            known = set(session.scalars(select(SubmissionRow.sha256)))
        remove_orphans(self.settings.uploads, known)
        with self.database.writing() as session:
            trim(session, self.settings.audit_lines)


def main() -> None:
    """Work for the process that started this one, on the board in the folder on the command line."""
    os.nice(NICENESS)
    os.umask(OWNER_ONLY)
    worker = Worker(read_settings(Path(sys.argv[1])), parent=os.getppid())
    try:
        worker.run()
    except KeyboardInterrupt:
        print("worker: stopped", file=sys.stderr)
    finally:
        worker.close()


if __name__ == "__main__":
    main()
