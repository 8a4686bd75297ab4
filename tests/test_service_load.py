"""Many submissions at once, on SQLite and PostgreSQL: none lost, none scored twice, quotas exact, also when killed."""

import asyncio
import json
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import settings
from service_postgres import cluster
from sqlalchemy import select

from whence.benchmarks.speed.made_up_board import SLUG, Server, ToyBoard, make_board, start_server, submission
from whence.leaderboard.boards.service import hosting
from whence.leaderboard.boards.service.models import Job, Score, SubmissionRow
from whence.leaderboard.standing.record import BoardInfo, EntryInfo
from whence.leaderboard.standing.standing import standing_of

TEAMS, QUOTA, TRIES = 20, 10, 12
KILLS = settings().max_examples // 10
TIMEOUT = httpx.Timeout(60.0)


@pytest.fixture(scope="module")
def postgres():
    """The URL of a private PostgreSQL database."""
    with cluster() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    """Settings that choose a database: SQLite in the board's folder, or PostgreSQL."""
    if request.param == "sqlite":
        return {}
    return {"database": request.getfixturevalue("postgres")}


def clear(url: str | None) -> None:
    """Empty a PostgreSQL database that another test has used."""
    if url:
        import psycopg

        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")


async def send_all(board: ToyBoard, url: str, payloads: dict[tuple[int, int], bytes]) -> Counter:
    """Send every payload at once, each again until the board answers, and return how often it gave which status."""
    statuses: Counter = Counter()
    limits = httpx.Limits(max_connections=len(payloads))
    async with httpx.AsyncClient(base_url=url, timeout=TIMEOUT, limits=limits) as client:

        async def send(team: int, content: bytes) -> None:
            while True:
                try:
                    answer = await client.post(
                        f"/api/tracks/{SLUG}/submissions", content=content, headers=board.key(f"team{team}")
                    )
                except httpx.TransportError:
                    await asyncio.sleep(random.uniform(0.1, 0.5))
                    continue
                if answer.status_code != 503:
                    statuses[answer.status_code] += 1
                    return
                await asyncio.sleep(0.2)

        await asyncio.gather(*(send(team, content) for (team, _), content in payloads.items()))
    return statuses


def wait_until_scored(url: str, seconds: float = 120.0) -> None:
    """Wait until no submission waits and the table holds all of them."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            queued = httpx.get(f"{url}/healthz", timeout=TIMEOUT).json()["queued"]
            table = httpx.get(f"{url}/api/tracks/{SLUG}/standing", timeout=TIMEOUT)
            if queued == 0 and table.status_code == 200 and len(table.json()["entries"]) == TEAMS * QUOTA:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.5)
    raise AssertionError("the queue was not worked off")


def check_facts(board: ToyBoard) -> None:
    """Every team has its quota of submissions, each in a place of its own, each scored once on each half."""
    _, database = hosting.open_board(board.folder)
    with database.reading() as session:
        rows = session.scalars(select(SubmissionRow)).all()
        assert len(rows) == TEAMS * QUOTA
        for name in {row.team.name for row in rows}:
            assert sorted(row.slot for row in rows if row.team.name == name) == list(range(1, QUOTA + 1))
        assert len({row.team.name for row in rows}) == TEAMS
        jobs = session.scalars(select(Job)).all()
        assert Counter(job.state for job in jobs) == {"done": TEAMS * QUOTA}
        assert len({job.submission_id for job in jobs}) == TEAMS * QUOTA
        scores = Counter((score.submission_id, score.half) for score in session.scalars(select(Score)))
        assert len(scores) == 2 * TEAMS * QUOTA
        assert set(scores.values()) == {1}
    database.close()
    stored = {path.stem for path in (board.folder / "uploads").glob("??/*.parquet")}
    assert {row.sha256 for row in rows} <= stored


def expected_standing(board: ToyBoard, shown: Mapping[str, Any]) -> dict[str, Any]:
    """The standing of the same submissions as the scoring code gives it at once, without any service."""
    made = {f"Method {100 * team + k}": 100 * team + k for team in range(TEAMS) for k in range(QUOTA)}
    seeds = {key: made.pop(entry["card"]["name"]) for key, entry in shown["entries"].items()}
    assert not made
    submissions = {key: submission(board.sealed, seed) for key, seed in seeds.items()}
    entries = {key: EntryInfo(f"team{seed // 100}", shown["entries"][key]["submitted"]) for key, seed in seeds.items()}
    return standing_of(BoardInfo(SLUG, "Toy"), board.sealed, submissions, entries, "public").to_json()


def payloads_of(board: ToyBoard, tries: int) -> dict[tuple[int, int], bytes]:
    """`tries` different submissions by each team."""
    return {(team, k): board.payload(100 * team + k) for team in range(TEAMS) for k in range(tries)}


def test_two_hundred_at_once(tmp_path, database):
    """240 requests of 20 teams with a quota of 10: exactly 200 are taken, and scored, once."""
    clear(database.get("database"))
    board = make_board(tmp_path / "board", TEAMS, QUOTA, conditions=1, **database)
    server = start_server(board.folder)
    try:
        statuses = asyncio.run(send_all(board, server.url, payloads_of(board, TRIES)))
        assert statuses == {202: TEAMS * QUOTA, 429: TEAMS * (TRIES - QUOTA)}
        wait_until_scored(server.url)
    finally:
        server.kill()
    check_facts(board)


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Killer(threading.Thread):
    """Starts the server again and again, kills it at random moments, and leaves it running after the last kill."""

    def __init__(self, folder: Path, port: int, rng: random.Random) -> None:
        super().__init__()
        self.folder, self.port, self.rng = folder, port, rng
        self.server: Server | None = None
        self.kills = 0

    def run(self) -> None:
        for _ in range(KILLS):
            server = start_server(self.folder, self.port)
            time.sleep(self.rng.uniform(0, 1.0))
            server.kill()
            self.kills += 1
        self.server = start_server(self.folder, self.port)


def test_kills_change_nothing(tmp_path, database):
    """The same 200 submissions, with the server killed again and again, give the table of one that nobody kills."""
    seed = random.SystemRandom().randrange(10**9)
    clear(database.get("database"))
    board = make_board(tmp_path / "board", TEAMS, QUOTA, conditions=1, lease_seconds=3.0, **database)
    payloads = payloads_of(board, QUOTA)
    killer = Killer(board.folder, free_port(), random.Random(seed))
    url = f"http://127.0.0.1:{killer.port}"
    killer.start()
    try:
        statuses = asyncio.run(send_all(board, url, payloads))
        killer.join()
        assert statuses == {202: TEAMS * QUOTA}
        assert killer.kills == KILLS
        wait_until_scored(url)
        shown = httpx.get(f"{url}/api/tracks/{SLUG}/standing", timeout=TIMEOUT).json()
    finally:
        killer.join()
        if killer.server:
            killer.server.kill()
    check_facts(board)
    assert shown == json.loads(json.dumps(expected_standing(board, shown))), f"seed {seed}"
