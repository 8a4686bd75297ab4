"""Boards with made-up labels, teams and submissions on a real server, for timing and testing the service."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ...leaderboard.boards.service import accounts, hosting, new_track
from ...leaderboard.sealing.labels_file import SealedLabels, write_labels_file
from ...leaderboard.submission.card import Card
from ...leaderboard.submission.file import Rows, Submission, header, write_submission
from ..questions.labels import Labels
from ..stimuli.stereo.condition import StereoCondition

SLUG = "tde-toy"
CONDITIONS = [StereoCondition(snr_db=snr).stated() for snr in (20.0, 0.0)]


def sealed_labels(samples: int = 40, conditions: int = 2, seed: int = 0, speakers: int = 8) -> SealedLabels:
    """Return labels of `samples` clips by so many `speakers`, half of them private, under `conditions` conditions."""
    rng = np.random.default_rng(seed)
    names = np.array([f"s{k:06d}" for k in rng.permutation(samples)], dtype=object)
    spoken_by = np.arange(samples) % speakers
    labels = Labels(
        rows=np.arange(samples),
        sample_id=names,
        truth=np.round(rng.uniform(-6e-4, 6e-4, samples), 7),
        clusters=np.array([f"speaker{k}" for k in spoken_by], dtype=object),
        groups={"rt60_nominal": np.where(np.arange(samples) < samples // 2, 0.1, 0.5)},
    )
    half = np.where(spoken_by < speakers // 2, "public", "private").astype(object)
    source = {"name": "tde", "fingerprint": "0" * 64, "split": None}
    fingerprint = f"{seed:x}" * 64
    source_ids = np.array([f"clip{k}" for k in range(samples)], dtype=object)
    return SealedLabels("tde", fingerprint[:64], labels, source_ids, half, CONDITIONS[:conditions], source, "ab" * 32)


def submission(sealed: SealedLabels, seed: int, name: str = "") -> Submission:
    """Return a submission with errors and row order drawn from `seed`."""
    rng = np.random.default_rng([seed, 1])
    samples, conditions = len(sealed.labels), len(sealed.conditions)
    truth = np.tile(sealed.labels.truth, conditions)
    order = rng.permutation(len(truth))
    return Submission(
        header(
            track="tde",
            fingerprint=sealed.fingerprint,
            conditions=[dict(condition) for condition in sealed.conditions],
            method=f"method-{seed}",
            version="1",
            parameters={"seed": seed},
            seconds_per_sample=[0.001] * conditions,
            card=Card.model_validate({"name": name or f"Method {seed}", "authors": "Nobody", "training_data": "none"}),
        ),
        [
            Rows(
                np.repeat(np.arange(conditions), samples).astype(np.int32)[order],
                np.tile(sealed.labels.sample_id, conditions)[order],
                (truth + rng.normal(0, 1e-5 * (1 + seed % 7), len(truth)))[order],
            )
        ],
    )


@dataclass
class ToyBoard:
    """A board in a folder, its labels, and the token of each team."""

    folder: Path
    sealed: SealedLabels
    tokens: dict[str, str] = field(default_factory=dict)

    def payload(self, seed: int) -> bytes:
        """The bytes of the submission drawn from `seed`."""
        path = self.folder / f"payload-{seed}.parquet"
        write_submission(submission(self.sealed, seed), path)
        content = path.read_bytes()
        path.unlink()
        return content

    def key(self, team: str) -> dict[str, str]:
        """The header that opens the board to `team`."""
        return {"Authorization": f"Bearer {self.tokens[team]}"}


GENEROUS = {"requests_per_minute": 10**6, "submissions_per_minute": 10**6, "refusals_per_minute": 10**6}


def make_board(
    folder: Path, teams: int = 2, per_day: int = 5, samples: int = 40, conditions: int = 2, **content: object
) -> ToyBoard:
    """Make a board with one track, a host and `teams` teams, named team0 and so on."""
    board = ToyBoard(folder, sealed_labels(samples, conditions))
    token = hosting.initialise(folder, {**GENEROUS, **content})
    assert token is not None
    board.tokens["host"] = token
    settings, database = hosting.open_board(folder)
    labels = folder.parent / f"{folder.name}-labels.parquet"
    write_labels_file(labels, board.sealed)
    with database.writing() as session:
        expectation = board.sealed.expectation
        new_track.add_track(session, settings.folder, SLUG, expectation, labels, title="Toy", per_day=per_day)
        for k in range(teams):
            board.tokens[f"team{k}"] = accounts.issue_token(session, f"team{k}")
    database.close()
    return board


@dataclass
class Server:
    """A running `whence leaderboard serve` and its workers, in their own process group."""

    process: "subprocess.Popen[str]"
    url: str

    def kill(self) -> None:
        """Kill the server and all processes it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        assert self.process.stdout
        self.process.stdout.close()


def start_server(folder: Path, port: int = 0, workers: int = 1) -> Server:
    """Start a server on the board in `folder` and wait until it listens."""
    arguments = ["leaderboard", "serve", str(folder), "--port", str(port), "--workers", str(workers)]
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "whence", *arguments], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout
    line = process.stdout.readline()
    found = re.search(r"http://\S+", line)
    assert found, f"the server said {line!r}"
    return Server(process, found[0])


@contextlib.contextmanager
def running(folder: Path, workers: int = 1) -> Iterator[Server]:
    """A server that runs inside the block."""
    server = start_server(folder, workers=workers)
    try:
        yield server
    finally:
        server.kill()
