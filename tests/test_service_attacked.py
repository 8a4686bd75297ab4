"""What attackers did to a board in an hour, and what it does now: uploads, redirects, connections, tokens, clocks."""

import asyncio
import contextlib
import os
import socket
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import uvicorn
from fastapi.testclient import TestClient
from sqlalchemy import select
from uvicorn.server import ServerState

from whence.benchmarks.speed.hostile_parquet import slow_pages
from whence.benchmarks.speed.made_up_board import SLUG, make_board, running, submission
from whence.errors import InputError
from whence.leaderboard.boards.service import audit, checking, hosting, jobs, new_track, scorer, standings, tracks
from whence.leaderboard.boards.service.app import create_app
from whence.leaderboard.boards.service.connections import TimedProtocol
from whence.leaderboard.boards.service.models import AuditRow, Job, StandingRow, TrackRow
from whence.leaderboard.boards.service.security import Limiter, network_of
from whence.leaderboard.boards.service.settings import make_private, read_settings, settings_of
from whence.leaderboard.boards.service.windows import Windows
from whence.leaderboard.boards.service.worker import Worker
from whence.leaderboard.sealing.labels_file import write_labels_file
from whence.leaderboard.submission import expectation
from whence.leaderboard.submission.file import write_submission

SUBMIT = f"/api/tracks/{SLUG}/submissions"


@pytest.fixture
def board(tmp_path):
    return make_board(tmp_path / "board")


@pytest.fixture
def client(board):
    with TestClient(create_app(read_settings(board.folder))) as client:
        yield client


@pytest.fixture
def database(board):
    _, database = hosting.open_board(board.folder)
    yield database
    database.close()


@pytest.fixture
def worker(board):
    worker = Worker(read_settings(board.folder))
    yield worker
    worker.close()


def work_off(worker):
    for _ in range(30):
        if not worker.step():
            return
    raise AssertionError("there is still something to do")


class TestUploads:
    def test_a_slow_file_is_refused_outside_the_serving_process(self, client, board, monkeypatch):
        """Nothing of a file is read in the process that answers readers."""

        def never(*arguments):
            raise AssertionError("the serving process reads an upload")

        monkeypatch.setattr("whence.leaderboard.submission.parquet_guard.read_struct", never)
        answer = client.post(SUBMIT, content=slow_pages(pages=0), headers=board.key("team0"))
        assert (answer.status_code, "holds too many values" in answer.text) == (422, True)
        assert client.post(SUBMIT, content=board.payload(1), headers=board.key("team0")).status_code == 202

    def test_a_check_has_its_seconds_and_its_memory(self, board):
        (board.folder / "upload").write_bytes(board.payload(1))
        expectation = board.sealed.expectation
        for memory, seconds, match in ((2**32, 1e-3, "checking took longer than 0.001 s"), (2**26, 60, "checking")):
            limited = checking.Checkers(memory, seconds)
            try:
                with pytest.raises(InputError, match=match):
                    limited.method_of(board.folder / "upload", expectation, "x")
            finally:
                limited.close()

    def test_one_team_holds_one_place(self, client, board):
        """While a file of one team is looked at, that of another is looked at too, the next of its own waits."""
        kept = client.app.state.board
        assert kept.turn(1) is kept.turn(1)
        assert kept.turn(1) is not kept.turn(2)
        assert kept.uploads.total_tokens >= 2
        with ThreadPoolExecutor(6) as pool:
            sent = [
                pool.submit(client.post, SUBMIT, content=board.payload(seed), headers=board.key(f"team{seed % 2}"))
                for seed in range(6)
            ]
            assert {one.result().status_code for one in sent} == {202}


class TestRedirects:
    @pytest.mark.parametrize("path", [f"/tracks/{SLUG}/", "/api/tracks//", "//evil.example/", "/\\evil.example/"])
    def test_they_are_relative_and_never_kept(self, client, path):
        headers = {"host": "evil.example", "x-forwarded-host": "evil.example"}
        answer = client.get(f"http://testserver{path}", headers=headers, follow_redirects=False)
        assert answer.status_code == 307
        assert answer.headers["location"].startswith("../")
        assert answer.headers["cache-control"] == "no-store"
        assert answer.url.join(answer.headers["location"]).host == answer.url.host

    def test_they_lead_to_the_page(self, client, board, worker):
        work_off(worker)
        answer = client.get(f"/tracks/{SLUG}/?show=all")
        assert (answer.status_code, str(answer.url)) == (200, f"http://testserver/tracks/{SLUG}?show=all")

    def test_only_the_names_of_the_board_are_answered(self, tmp_path):
        board = make_board(tmp_path / "board", hosts=["board.example.org"])
        with TestClient(create_app(read_settings(board.folder)), base_url="http://board.example.org") as client:
            assert client.get("/").status_code == 200
            assert client.get("/", headers={"host": "evil.example"}).status_code == 400
            assert client.get("/", headers={"host": "www.board.example.org"}).status_code == 400


def test_connections_without_a_whole_request_are_closed(tmp_path):
    """Silent, stopped in a head, silent after an answer, a trickle of one byte after it, a body that never comes."""
    board = make_board(tmp_path / "board", idle_seconds=1)
    whole = b"GET /healthz HTTP/1.1\r\nHost: board\r\n\r\n"
    unsent = b"POST " + SUBMIT.encode() + b" HTTP/1.1\r\nHost: board\r\nContent-Length: 1000\r\n\r\n"
    with running(board.folder, workers=0) as server:
        address = ("127.0.0.1", int(server.url.rpartition(":")[2]))
        sockets = [socket.create_connection(address, timeout=60) for _ in range(5)]
        for one, content in zip(sockets, (b"", whole[:-2], whole, whole + b"G", unsent), strict=True):
            one.sendall(content)
        for one in sockets:
            while one.recv(65536):
                pass
            one.close()


async def _answered_among_silent(silent: int, most: int) -> tuple[bytes, int]:
    """Return the answer to a request after so many silent connections, and how many of these are still open."""

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})

    config = uvicorn.Config(app, limit_concurrency=most, timeout_keep_alive=30, lifespan="off")
    state = ServerState()
    protocol = partial(TimedProtocol, config=config, server_state=state, app_state={})
    async with await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        pairs = [await asyncio.open_connection("127.0.0.1", port) for _ in range(silent + 1)]
        pairs[-1][1].write(b"GET / HTTP/1.1\r\nHost: board\r\n\r\n")
        answer = await pairs[-1][0].readline()
        left = len(state.connections) - 1
        for _, writer in pairs:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
        while state.connections:  # the server's ends, which nobody else closes
            await asyncio.sleep(0.01)
    return answer, left


def test_silent_connections_never_take_the_place_of_a_request():
    """One address that opened them anew every 30 s filled the limit for all."""
    answer, left = asyncio.run(_answered_among_silent(silent=20, most=8))
    assert answer.startswith(b"HTTP/1.1 200")
    assert left < 4


class TestTokens:
    def test_a_good_token_is_not_locked_out_by_its_neighbours(self, tmp_path):
        board = make_board(tmp_path / "board", refusals_per_minute=2, requests_per_minute=5)
        with TestClient(create_app(read_settings(board.folder))) as client:
            wrong = [client.post(SUBMIT, headers={"Authorization": "Bearer x"}).status_code for _ in range(8)]
            assert wrong == [401, 401] + [429] * 6
            assert client.get("/").status_code == 429
            assert client.post(SUBMIT, content=board.payload(1), headers=board.key("team0")).status_code == 202
            codes = [
                client.get("/api/submissions/" + "0" * 12, headers=board.key("team0")).status_code for _ in "12345"
            ]
            assert codes == [404] * 4 + [429]
            assert client.get("/api/submissions/" + "0" * 12, headers=board.key("team1")).status_code == 404

    def test_a_good_token_is_not_locked_out_by_a_locked_database(self, client, board):
        wrong = {"Authorization": "Bearer x"}
        lock = sqlite3.connect(board.folder / "board.sqlite", isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor(6) as pool:
            waiting = [pool.submit(client.post, SUBMIT, headers=wrong) for _ in range(6)]
            try:
                answer = client.get("/api/submissions/" + "0" * 12, headers=board.key("team0"))
                pages = client.get("/")
            finally:
                lock.execute("ROLLBACK")
                lock.close()
            assert (answer.status_code, pages.status_code) == (404, 200)
            assert {one.result().status_code for one in waiting} == {401}

    def test_limits_count_a_site_of_ipv6(self, board):
        limiter = Limiter(read_settings(board.folder).model_copy(update={"requests_per_minute": 3}))
        asked = [limiter.request(f"2001:db8:0:1::{k:x}") for k in range(5)]
        assert asked == [True] * 3 + [False] * 2
        assert limiter.request("2001:db8:0:2::1")
        assert network_of("fe80::1%eth0") == "fe80::/64"
        assert [limiter.request(a) for a in ("::ffff:192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.1")][-1] is False

    def test_the_audit_log_is_bounded(self, database, board, worker):
        with database.writing() as session:
            for k in range(50):
                audit.record(session, "token refused", k)
        worker.settings = worker.settings.model_copy(update={"audit_lines": 10})
        worker.step()
        with database.reading() as session:
            rows = session.execute(select(AuditRow.action, AuditRow.detail)).all()
        assert [detail for action, detail in rows if action == "token refused"] == [str(k) for k in range(40, 50)]
        assert "track added" in {action for action, _ in rows}

    def test_teams_do_not_imitate_each_other(self, board):
        for name, match in (
            ("TEAM0", "looks like the team 'team0'"),
            ("teamO", "looks like the team 'team0'"),
            ("te\u0430m0", "mixes CYRILLIC and LATIN"),
            ("Ceiling", "reads as 'ceiling'"),
        ):
            with pytest.raises(InputError, match=match):
                hosting.issue_token(board.folder, name, None)
        assert hosting.issue_token(board.folder, "team0", None)


class TestFiles:
    def test_only_the_owner_reads_the_board(self, client, board):
        client.post(SUBMIT, content=board.payload(1), headers=board.key("team0"))
        paths = [board.folder, *board.folder.rglob("*")]
        assert len([path for path in paths if path.suffix == ".parquet"]) == 2
        assert [path for path in paths if path.stat().st_mode & 0o077 and path.is_dir()] == []
        assert [path.name for path in paths if path.stat().st_mode & 0o044 and path.is_file()] == []

    def test_an_old_board_is_closed_to_others(self, board):
        board.folder.chmod(0o755)
        (board.folder / "board.sqlite").chmod(0o644)
        hosting.initialise(board.folder, {})
        assert {os.stat(path).st_mode & 0o077 for path in (board.folder, board.folder / "board.sqlite")} == {0}

    def test_a_database_elsewhere_is_its_owners_too(self, tmp_path):
        elsewhere = tmp_path / "far.sqlite"
        hosting.initialise(tmp_path / "board", {"database": f"sqlite:///{elsewhere}"})
        assert elsewhere.stat().st_mode & 0o077 == 0
        elsewhere.chmod(0o644)
        make_private(read_settings(tmp_path / "board"))
        assert elsewhere.stat().st_mode & 0o077 == 0


class TestClocks:
    def test_a_clock_set_back_holds_no_job(self, client, board, database, monkeypatch):
        client.post(SUBMIT, content=board.payload(1), headers=board.key("team0"))
        with database.writing() as session:
            assert jobs.claim(session, "first", 15, 25)
        monkeypatch.setattr(jobs.time, "time", lambda now=time.time(): now - 3600)  # noqa: B008
        with database.writing() as session:
            assert jobs.claim(session, "second", 15, 25)
            assert jobs.claim(session, "third", 15, 25) is None

    def test_a_clock_set_back_holds_no_table(self, board, database, monkeypatch):
        settings = read_settings(board.folder)
        with database.writing() as session:
            assert standings.claim_drawing(session, settings, "first")
            assert standings.claim_drawing(session, settings, "second") is None
        monkeypatch.setattr(standings.time, "time", lambda now=time.time(): now - 3600)  # noqa: B008
        with database.writing() as session:
            assert standings.claim_drawing(session, settings, "second")

    def test_a_clock_set_back_hides_no_later_score(self, client, board, worker, database, monkeypatch):
        """The table of a newer harness is shown although it seems to have been drawn before that of the older."""
        client.post(SUBMIT, content=board.payload(1), headers=board.key("team0"))
        work_off(worker)
        for module in ("jobs", "standings"):
            monkeypatch.setattr(f"whence.leaderboard.boards.service.{module}.HARNESS_VERSION", "2-next")
        with database.writing() as session:
            for row in session.scalars(select(StandingRow)):
                row.created += 3600
        hosting.rescore(board.folder, SLUG)
        work_off(worker)
        with database.reading() as session:
            track = session.scalars(select(TrackRow)).one()
            assert standings.newest_table(session, track).harness == "2-next"
            assert {job.state for job in session.scalars(select(Job))} == {"done"}

    def test_a_clock_set_back_changes_no_order(self, client, board, worker, database, monkeypatch):
        """The ladder goes by it: a score that comes later would be the team's first, and be shown."""
        sent = []
        for number, hours in enumerate((0, 1, 2), start=1):
            monkeypatch.setattr(jobs.time, "time", lambda now=time.time() - 3600 * hours: now)  # noqa: B008
            sent.append(client.post(SUBMIT, content=board.payload(number), headers=board.key("team0")).json()["id"])
            work_off(worker)
        with database.reading() as session:
            track = session.scalars(select(TrackRow)).one()
            drawing = standings.drawing_of(session, read_settings(board.folder), track, "public")
        assert [entry["key"] for entry in drawing.request["entries"]] == sent

    def test_limits_count_by_a_clock_that_nobody_sets(self):
        now = [1000.0]
        windows = Windows(lambda: now[0])
        assert [windows.hit("a", 2) for _ in range(3)] == [True, True, False]
        now[0] += 59
        assert not windows.hit("a", 2)
        now[0] += 1
        assert [windows.hit(key, 2) for key in "aab"] == [True, True, True]
        now[0] += 61
        windows.hit("c", 2)
        assert list(windows._times) == ["c"]


def test_the_list_of_tracks_reads_what_they_expect_once(client, monkeypatch):
    read = []
    parse = tracks.expectation_from_json
    monkeypatch.setattr(tracks, "expectation_from_json", lambda content: read.append(1) or parse(content))
    assert {len(client.get("/api/tracks").json()["tracks"]) for _ in range(5)} == {1}
    assert client.get(f"/api/tracks/{SLUG}").status_code == 200
    assert read == [1]


class TestPrivateShare:
    """`seal --private-share 0`: all samples count, while the track is open and after."""

    @pytest.fixture
    def board(self, tmp_path):
        board = make_board(tmp_path / "board", per_day=5)
        sealed = replace(board.sealed, half=np.full(40, "public", dtype=object))
        write_labels_file(tmp_path / "whole.parquet", sealed)
        settings, database = hosting.open_board(board.folder)
        with database.writing() as session:
            tracks.find_track(session, SLUG).fingerprint = "12" * 32  # else both were tracks on one set
            new_track.add_track(
                session,
                settings.folder,
                "whole",
                sealed.expectation,
                tmp_path / "whole.parquet",
                title="W",
                per_day=5,
            )
        database.close()
        return board

    def test_a_service_shows_the_whole_set_open_and_closed(self, client, board, worker):
        answer = client.post("/api/tracks/whole/submissions", content=board.payload(1), headers=board.key("team0"))
        work_off(worker)
        before = client.get("/api/tracks/whole/standing").json()
        assert (before["half"], before["phase"], before["samples"]) == ("all", "open", 40)
        hosting.close_track(board.folder, "whole")
        work_off(worker)
        after = client.get("/api/tracks/whole/standing").json()
        assert (after["half"], after["phase"]) == ("all", "closed")
        assert len(after["rows"]) > len(before["rows"]) == 0
        state = client.get(f"/api/submissions/{answer.json()['id']}", headers=board.key("team0")).json()
        assert (state["status"], [one["half"] for one in state["scores"]]) == ("scored", ["public"])
        assert [one.half for one in hosting.standings(board.folder)] == ["public", "all"]
        assert "Scores are over all samples." in client.get("/tracks/whole").text

    def test_labels_that_were_replaced_score_nothing(self, client, board, worker, database):
        sealed = replace(board.sealed, labels=replace(board.sealed.labels, truth=-board.sealed.labels.truth))
        write_labels_file(new_track.labels_path(board.folder, SLUG), sealed)
        client.post(SUBMIT, content=board.payload(1), headers=board.key("team0"))
        work_off(worker)
        with database.reading() as session:
            assert [job.state for job in session.scalars(select(Job))] == ["failed"]


def test_no_labels_are_in_two_tracks(board):
    """Closing one would show the labels of both, and a team would climb two ladders to them."""
    settings, database = hosting.open_board(board.folder)
    labels, own = new_track.labels_path(board.folder, SLUG), board.sealed.expectation
    for expected in (own, replace(own, fingerprint="12" * 32)):
        with pytest.raises(InputError, match=f"these labels in the track '{SLUG}' already"), database.writing() as one:
            new_track.add_track(one, settings.folder, "again", expected, labels, title="T", per_day=5)
    database.close()
    assert [path.stem for path in labels.parent.iterdir()] == [SLUG]


def test_what_an_upload_may_hold_can_be_scored(tmp_path, monkeypatch):
    """The scorer's limits are the track's, which may be larger than those of a file of which nothing is known."""
    board = make_board(tmp_path / "board")
    path = tmp_path / "a.parquet"
    write_submission(submission(board.sealed, 1), path)
    used = []
    read = expectation.read_submission
    monkeypatch.setattr(
        expectation,
        "read_submission",
        lambda path, answer, limits, **o: used.append(limits) or read(path, answer, limits, **o),
    )
    request = {"task": "score", "slug": SLUG, "key": "x", "path": str(path)}
    assert "halves" in scorer.Scorer(board.folder, 2**30).answer(request)
    assert used == [board.sealed.expectation.limits]


class TestInit:
    @pytest.mark.parametrize(
        ("url", "match"),
        [
            ("mysql://x@host/name", r"mysql:// is not supported; leave it out \(SQLite.* or give postgresql://"),
            ("mssql+pyodbc://x@host/name", "is not supported"),
            ("oracle://x@host/name", "is not supported"),
            ("postgresql+asyncpg://x@host/name", "is not supported"),
            ("sqlite://", "a board outlives its process"),
            ("sqlite:///:memory:", "a board outlives its process"),
            ("postgresql://x@127.0.0.1:1/none", "the database cannot be opened"),
            ("sqlite:////absent/folder/x.sqlite", "the database cannot be opened"),
            ("no url", "expected a URL"),
            ("postgresql://u:p@127.0.0.1:port/x", "expected a URL"),
            ("sqlite:///a?mode=memory", "mode= after the name of an SQLite file: leave it out"),
            ("sqlite:////tmp/a?uri=true&mode=ro", "uri= after the name"),
            ("sqlite:///x.sqlite", "'x.sqlite' depends on where commands run: give sqlite:////folder/name"),
        ],
    )
    def test_a_database_that_cannot_be_leaves_nothing_behind(self, tmp_path, url, match):
        (tmp_path / "there").mkdir()
        for folder in (tmp_path / "new" / "board", tmp_path / "there"):
            with pytest.raises(InputError, match=match) as caught:
                hosting.initialise(folder, {"database": url})
            assert "\n" not in str(caught.value)
        assert sorted(tmp_path.rglob("*")) == [tmp_path / "there"]

    def test_a_host_with_a_port_would_answer_nobody(self, tmp_path):
        assert settings_of(tmp_path, {"hosts": ["*.example.org", "[::1]", "127.0.0.1"]}).hosts
        with pytest.raises(InputError, match=r"'hosts\.0': string should match"):
            settings_of(tmp_path, {"hosts": ["board.example.org:8000"]})

    def test_a_file_in_the_way(self, tmp_path):
        (tmp_path / "file").write_text("x")
        for folder in (tmp_path / "file", tmp_path / "file" / "board"):
            with pytest.raises(InputError, match="cannot be made a board"):
                hosting.initialise(folder, {})
