"""A new version of the harness: the old table stays on the board and in the export until all is scored anew."""

import pytest
from fastapi.testclient import TestClient

from whence.benchmarks.speed.made_up_board import SLUG, make_board
from whence.leaderboard.boards.service import hosting, jobs, standings
from whence.leaderboard.boards.service.app import create_app
from whence.leaderboard.boards.service.models import Job
from whence.leaderboard.boards.service.settings import read_settings
from whence.leaderboard.boards.service.standings import newest_table
from whence.leaderboard.boards.service.tracks import find_track
from whence.leaderboard.boards.service.worker import Worker


@pytest.fixture
def board(tmp_path):
    return make_board(tmp_path / "board")


@pytest.fixture
def client(board):
    with TestClient(create_app(read_settings(board.folder))) as client:
        yield client


@pytest.fixture
def worker(board):
    worker = Worker(read_settings(board.folder))
    yield worker
    worker.close()


def send(client, board, seed):
    """Send the submission drawn from `seed`, and return its name on the board."""
    address = f"/api/tracks/{SLUG}/submissions"
    answer = client.post(address, content=board.payload(seed), headers=board.key("team0"))
    assert answer.status_code == 202
    return answer.json()["id"]


def work_off(worker):
    while worker.step():
        pass


def update(monkeypatch):
    """Raise the version of the harness."""
    for module in ("jobs", "standings"):
        monkeypatch.setattr(f"whence.leaderboard.boards.service.{module}.HARNESS_VERSION", "2-next")


def shown(client, board, worker):
    """What the board shows and exports alike: the entries, and the version that drew the table."""
    entries = set(client.get(f"/api/tracks/{SLUG}/standing").json()["entries"])
    page = client.get(f"/tracks/{SLUG}/table.csv").text
    assert page.count(",submission,") == len(entries)
    assert [set(standing.entries) for standing in hosting.standings(board.folder)] == [entries]
    with worker.database.reading() as session:
        return entries, newest_table(session, find_track(session, SLUG)).harness


def test_the_old_table_stays_until_all_is_scored_anew(client, board, worker, monkeypatch):
    old = {send(client, board, seed) for seed in (1, 2)}
    work_off(worker)
    assert shown(client, board, worker) == (old, "2")
    update(monkeypatch)
    work_off(worker)
    assert shown(client, board, worker) == (old, "2")
    late = send(client, board, 3)
    work_off(worker)
    assert shown(client, board, worker) == (old, "2")
    assert hosting.rescore(board.folder, SLUG) == 2
    assert worker.step()
    assert shown(client, board, worker) == (old, "2")
    work_off(worker)
    assert shown(client, board, worker) == ({*old, late}, "2-next")


def test_what_cannot_be_scored_anew_holds_nothing_back(client, board, worker, monkeypatch):
    first, second = (send(client, board, seed) for seed in (1, 2))
    work_off(worker)
    update(monkeypatch)
    hosting.rescore(board.folder, SLUG)
    with worker.database.writing() as session:
        session.query(Job).filter_by(harness="2-next", submission_id=first).update({"state": "failed"})
    work_off(worker)
    assert shown(client, board, worker) == ({second}, "2-next")


def test_what_was_withdrawn_holds_nothing_back(client, board, worker, monkeypatch):
    first, second = (send(client, board, seed) for seed in (1, 2))
    work_off(worker)
    update(monkeypatch)
    hosting.withdraw(board.folder, first)
    assert hosting.rescore(board.folder, SLUG) == 1
    work_off(worker)
    assert shown(client, board, worker) == ({second}, "2-next")


def test_a_track_without_submissions_is_drawn_by_the_new_version(client, board, worker, monkeypatch):
    work_off(worker)
    update(monkeypatch)
    work_off(worker)
    assert shown(client, board, worker) == (set(), "2-next")


def order(board, worker):
    """The submissions in the order in which their table is drawn."""
    with worker.database.reading() as session:
        track, settings = find_track(session, SLUG), read_settings(board.folder)
        request = standings.drawing_of(session, settings, track, "public").request
    return [entry["key"] for entry in request["entries"]]


def test_several_workers_that_score_again_leave_the_order(client, board, worker, monkeypatch):
    """They end in any order, while the ladder goes by which score of a team was there first."""
    sent = []
    for seed in (1, 2, 3):
        sent.append(send(client, board, seed))
        work_off(worker)
    assert order(board, worker) == sent
    update(monkeypatch)
    late = send(client, board, 4)
    hosting.rescore(board.folder, SLUG)
    with worker.database.writing() as session:
        claims = [jobs.claim(session, f"worker {k}", 15, 25) for k in range(4)]
    for k in (2, 0, 3, 1):
        with worker.database.writing() as session:
            assert jobs.finish(session, claims[k], f"worker {k}", {})
    assert order(board, worker) == [*sent, late]
