"""The service: accounts, quotas, uploads, the queue and its worker, what is shown when, and to whom."""

import asyncio
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from fastapi.testclient import TestClient
from service_postgres import cluster
from sqlalchemy import select
from typer.testing import CliRunner

from whence.benchmarks.speed.made_up_board import SLUG, make_board
from whence.commands import leaderboard
from whence.errors import InputError
from whence.leaderboard.boards.service import hosting, jobs, quotas, uploads
from whence.leaderboard.boards.service.app import create_app
from whence.leaderboard.boards.service.database import Database, upgrade
from whence.leaderboard.boards.service.models import AuditRow, Base, Job, Score, SubmissionRow, Token
from whence.leaderboard.boards.service.scoring_process import ScoringError
from whence.leaderboard.boards.service.settings import read_settings
from whence.leaderboard.boards.service.worker import Worker
from whence.leaderboard.standing.scoring import score_submissions
from whence.leaderboard.standing.standing import FEWEST

SUBMIT = f"/api/tracks/{SLUG}/submissions"


@pytest.fixture
def board(tmp_path):
    return make_board(tmp_path / "board", per_day=2)


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


def send(client, board, team="team0", seed=1):
    """Send the submission drawn from `seed`."""
    return client.post(SUBMIT, content=board.payload(seed), headers=board.key(team))


def work_off(worker, limit=30):
    """Let `worker` do all there is to do."""
    for _ in range(limit):
        if not worker.step():
            return
    raise AssertionError("there is still something to do")


def audit(database, action):
    """The details of all lines of the audit log about `action`."""
    with database.reading() as session:
        return list(session.scalars(select(AuditRow.detail).where(AuditRow.action == action).order_by(AuditRow.id)))


class TestAccounts:
    def test_the_database_holds_no_token(self, board, database):
        stored = (board.folder / "board.sqlite").read_bytes() + (board.folder / "board.sqlite-wal").read_bytes()
        for token in board.tokens.values():
            assert token.split("_", 2)[2].encode() not in stored
        with database.reading() as session:
            assert {len(token.digest) for token in session.scalars(select(Token))} == {64}

    @pytest.mark.parametrize("wrong", ["", "whence_x", "whence_000000000000_" + "a" * 43, "é", "Bearer"])
    def test_a_wrong_token_opens_nothing(self, client, wrong):
        for header in (f"Bearer {wrong}", f"Basic {wrong}", wrong):
            answer = client.post(SUBMIT, content=b"PAR1", headers={"Authorization": header.encode()})
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"

    def test_a_token_with_another_secret_opens_nothing(self, client, board):
        token = board.tokens["team0"]
        other = token[:-1] + ("A" if token[-1] != "A" else "B")
        assert client.post(SUBMIT, headers={"Authorization": f"Bearer {other}"}).status_code == 401

    def test_a_revoked_token_opens_nothing(self, client, board):
        assert send(client, board).status_code == 202
        assert hosting.revoke(board.folder, "team0") == 1
        assert send(client, board, seed=2).status_code == 401
        second = hosting.issue_token(board.folder, "team0", None)
        board.tokens["team0"] = second
        assert send(client, board, seed=2).status_code == 202
        assert hosting.revoke(board.folder, second) == 1
        assert send(client, board, seed=2).status_code == 401
        with pytest.raises(InputError, match="neither a team with a token"):
            hosting.revoke(board.folder, second)

    def test_names_and_roles_are_checked(self, board):
        for name in ("", " x", "a/b", "<b>", "x" * 81, "team0\u200b", "\u2800", "team\u00a00"):
            with pytest.raises(InputError, match="team"):
                hosting.issue_token(board.folder, name, None)
        with pytest.raises(InputError, match="choose another name"):
            hosting.issue_token(board.folder, "team0", "host")

    def test_names_that_look_alike_are_one_team(self, board):
        for name in ("Zo\u00eb", "Zoe\u0308"):
            hosting.issue_token(board.folder, name, None)
        assert hosting.revoke(board.folder, "Zoe\u0308") == 2

    def test_too_many_wrong_tokens_are_not_looked_at(self, tmp_path):
        board = make_board(tmp_path / "strict", refusals_per_minute=3)
        with TestClient(create_app(read_settings(board.folder))) as client:
            answers = [client.post(SUBMIT, headers={"Authorization": "Bearer x"}).status_code for _ in range(5)]
        assert answers == [401, 401, 401, 429, 429]


class TestSubmitting:
    def test_the_score_of_a_closed_phase_is_that_of_the_benchmark(self, client, board, worker):
        answer = send(client, board)
        assert answer.status_code == 202
        assert answer.json()["status"] == "queued"
        work_off(worker)
        hosting.close_track(board.folder, SLUG)
        state = client.get(f"/api/submissions/{answer.json()['id']}", headers=board.key("team0")).json()
        assert state["status"] == "scored"
        public, private = state["scores"]
        assert (public["half"], private["half"]) == ("public", "private")
        path = uploads.stored(board.folder / "uploads", answer.json()["sha256"])
        own = score_submissions(board.sealed, {"x": board.sealed.expectation.read(path)}, "public").find(method="x")
        shown = [r for r in own if r.n >= FEWEST or "rt60_nominal" not in r.condition]
        assert 0 < len(shown) < len(own)
        expected = {(str(dict(r.condition)), r.metric): (r.value, r.ci_low, r.ci_high) for r in shown}
        found = {(str(r["condition"]), r["metric"]): (r["value"], r["ci_low"], r["ci_high"]) for r in public["rows"]}
        assert found == expected

    def test_nobody_else_sees_a_submission(self, client, board):
        identifier = send(client, board).json()["id"]
        address = f"/api/submissions/{identifier}"
        assert client.get(address).status_code == 401
        assert client.get(address, headers=board.key("team1")).status_code == 404
        assert client.get(address, headers=board.key("host")).status_code == 200

    def test_sent_twice_it_is_taken_once(self, client, board, database):
        first, second = (send(client, board).json() for _ in range(2))
        assert (first["id"], first["new"], second["new"]) == (second["id"], True, False)
        assert send(client, board, "team1").json()["id"] != first["id"]
        with database.reading() as session:
            assert len(session.scalars(select(SubmissionRow)).all()) == 2

    def test_the_quota_counts_a_team_a_track_and_a_day(self, client, board, database, monkeypatch):
        assert [send(client, board, seed=seed).status_code for seed in (1, 2, 3)] == [202, 202, 429]
        assert send(client, board, "team1", 3).status_code == 202
        assert {send(client, board, "host", seed).status_code for seed in range(1, 6)} == {202}
        monkeypatch.setattr(quotas, "today", lambda: "2999-01-01")
        assert send(client, board, seed=3).status_code == 202
        assert any("quota reached: 2 submissions a day" in line for line in audit(database, "submission refused"))

    def test_what_was_taken_is_taken_once_when_its_answer_was_lost(self, client, board, database):
        first, second = (send(client, board, seed=seed).json() for seed in (1, 2))
        again = send(client, board, seed=2)  # the quota is reached
        assert (again.status_code, again.json()["id"], again.json()["new"]) == (202, second["id"], False)
        hosting.close_track(board.folder, SLUG)
        assert send(client, board, seed=1).json()["id"] == first["id"]
        assert send(client, board, seed=3).status_code == 403

    def test_the_quota_holds_for_requests_at_once(self, board):
        payloads = [board.payload(seed) for seed in range(12)]
        settings, database = hosting.open_board(board.folder)
        with database.reading() as session:
            account = quotas.Account(session.scalars(select(Token).where(Token.id == 2)).one().team.id, "team0", "team")

        def take(content):
            upload = uploads.Upload(settings.uploads / "x", f"{hash(content):x}".strip("-"), len(content))
            try:
                with database.writing() as session:
                    return quotas.take(session, account, SLUG, upload, "m")[1]
            except uploads.RefusedError as error:
                return error.status

        with ThreadPoolExecutor(12) as pool:
            found = list(pool.map(take, payloads))
        database.close()
        assert sorted(found) == [True] * 2 + [429] * 10

    def test_a_file_that_is_too_large_is_refused_while_it_comes(self, tmp_path):
        taken = []

        async def endless():
            yield b"PAR1"
            while True:
                taken.append(65536)
                yield b"\0" * 65536

        with pytest.raises(uploads.RefusedError, match="more than 1000000 bytes") as refusal:
            asyncio.run(uploads.receive(endless(), tmp_path, 10**6))
        assert refusal.value.status == 413
        assert sum(taken) < 10**6 + 2 * 65536
        assert list((tmp_path / "incoming").iterdir()) == []

    def test_a_file_that_says_it_is_too_large_is_not_read(self, client, board):
        assert client.post(SUBMIT, content=b"PAR1" * 10**6, headers=board.key("team0")).status_code == 413
        assert not (board.folder / "uploads" / "incoming").exists()

    @pytest.mark.parametrize("content", [b"", b"PA", b"PK\3\4", b"\x80\x04cos\nsystem\n", b"<!doctype html>"])
    def test_what_is_no_parquet_is_refused(self, client, board, database, content):
        assert client.post(SUBMIT, content=content, headers=board.key("team0")).status_code == 415
        assert "no Parquet file" in audit(database, "submission refused")[0]

    def test_refusals_cost_no_quota(self, client, board):
        assert client.post(SUBMIT, content=b"PAR1" * 9, headers=board.key("team0")).status_code == 422
        assert [send(client, board, seed=seed).status_code for seed in (1, 2)] == [202, 202]

    def test_the_file_is_safe_before_the_row_is_there(self, client, board, monkeypatch):
        def lose(*arguments):
            raise uploads.RefusedError(503, "the power is gone")

        monkeypatch.setattr("whence.leaderboard.boards.service.submitting.take", lose)
        assert send(client, board).status_code == 503
        (left,) = (board.folder / "uploads").glob("??/*.parquet")
        assert left.read_bytes() == board.payload(1)
        assert uploads.remove_orphans(board.folder / "uploads", set()) == 0
        later = time.time() + 2 * uploads.LEFT_OVER_SECONDS
        assert uploads.remove_orphans(board.folder / "uploads", {left.stem}, later) == 0
        assert uploads.remove_orphans(board.folder / "uploads", set(), later) == 1

    def test_unknown_tracks_and_malformed_addresses(self, client, board):
        key = board.key("team0")
        assert client.post("/api/tracks/none/submissions", content=b"PAR1", headers=key).status_code == 404
        assert client.get("/api/tracks/none").status_code == 404
        assert client.get("/api/tracks/A%00").status_code == 422
        assert client.get("/api/submissions/../labels", headers=key).status_code == 404


class TestPhases:
    def test_private_scores_appear_when_the_phase_closes(self, client, board, worker):
        identifier = send(client, board).json()["id"]
        work_off(worker)
        assert client.get(f"/api/tracks/{SLUG}/standing?half=private").status_code == 404
        before = client.get(f"/api/tracks/{SLUG}/standing").json()
        assert (before["half"], before["phase"], before["rows"]) == ("public", "open", [])
        hosting.close_track(board.folder, SLUG)
        work_off(worker)
        after = client.get(f"/api/tracks/{SLUG}/standing").json()
        assert (after["half"], after["phase"]) == ("private", "closed")
        assert client.get(f"/api/tracks/{SLUG}/standing?half=public").json()["half"] == "public"
        state = client.get(f"/api/submissions/{identifier}", headers=board.key("team0")).json()
        assert [score["half"] for score in state["scores"]] == ["public", "private"]
        assert state["rows"] == state["scores"][1]["rows"]
        assert send(client, board, seed=2).status_code == 403
        assert not send(client, board, seed=1).json()["new"]
        with pytest.raises(InputError, match="closed already"):
            hosting.close_track(board.folder, SLUG)

    def test_rescoring_adds_beside(self, client, board, worker, database, monkeypatch):
        identifier = send(client, board).json()["id"]
        work_off(worker)
        assert hosting.rescore(board.folder, SLUG) == 0
        with database.reading() as session:
            old = {(score.id, score.content) for score in session.scalars(select(Score))}
        for module in ("jobs", "standings"):
            monkeypatch.setattr(f"whence.leaderboard.boards.service.{module}.HARNESS_VERSION", "2-next")
        assert hosting.rescore(board.folder, SLUG) == 1
        work_off(worker)
        with database.reading() as session:
            scores = session.scalars(select(Score)).all()
        assert old < {(score.id, score.content) for score in scores}
        assert sorted((score.harness, score.half) for score in scores) == [
            ("2", "private"), ("2", "public"), ("2-next", "private"), ("2-next", "public"),
        ]  # fmt: skip
        hosting.close_track(board.folder, SLUG)
        state = client.get(f"/api/submissions/{identifier}", headers=board.key("team0")).json()
        assert [score["harness"] for score in state["scores"]] == ["2", "2", "2-next", "2-next"]


class TestWithdrawing:
    def test_it_is_in_no_table_and_its_place_stays_taken(self, client, board, worker, database, monkeypatch):
        bad, good = (send(client, board, seed=seed).json()["id"] for seed in (1, 2))
        work_off(worker)
        address = f"/tracks/{SLUG}/entries/{bad}"
        assert client.get(address).status_code == 200
        done = CliRunner().invoke(leaderboard.app, ["withdraw", str(board.folder), bad])
        assert (done.exit_code, done.output.split()[0]) == (0, bad)
        work_off(worker)
        assert list(client.get(f"/api/tracks/{SLUG}/standing").json()["entries"]) == [good]
        assert [list(standing.entries) for standing in hosting.standings(board.folder)] == [[good]]
        assert client.get(address).status_code == 404
        assert "Method 1" not in client.get(f"/tracks/{SLUG}").text
        assert audit(database, "submission withdrawn") == [bad]
        assert send(client, board, seed=3).status_code == 429
        monkeypatch.setattr(quotas, "today", lambda: "2999-01-01")
        again = send(client, board, seed=1).json()
        assert (again["id"], again["new"]) == (bad, False)
        states = [client.get(f"/api/submissions/{one}", headers=board.key("team0")).json() for one in (bad, good)]
        assert [state["withdrawn"] is None for state in states] == [False, True]
        assert [state["status"] for state in states] == ["scored", "scored"]

    def test_it_is_not_scored_anew(self, client, board, worker, monkeypatch):
        bad, good = (send(client, board, seed=seed).json()["id"] for seed in (1, 2))
        work_off(worker)
        hosting.withdraw(board.folder, bad)
        for module in ("jobs", "standings"):
            monkeypatch.setattr(f"whence.leaderboard.boards.service.{module}.HARNESS_VERSION", "2-next")
        assert hosting.rescore(board.folder, SLUG) == 1
        work_off(worker)
        assert list(client.get(f"/api/tracks/{SLUG}/standing").json()["entries"]) == [good]

    def test_only_what_is_there_can_be_withdrawn_and_only_once(self, client, board):
        with pytest.raises(InputError, match="there is no submission 'x'"):
            hosting.withdraw(board.folder, "x")
        identifier = send(client, board).json()["id"]
        hosting.withdraw(board.folder, identifier)
        with pytest.raises(InputError, match="withdrawn already"):
            hosting.withdraw(board.folder, identifier)


class TestQueue:
    def test_a_lease_that_runs_out_is_taken_by_another(self, client, board, database, monkeypatch):
        send(client, board)
        with database.writing() as session:
            first = jobs.claim(session, "first", 3600, 25)
        with database.writing() as session:
            assert jobs.claim(session, "second", 10, 25) is None
        later = time.time() + 3601
        monkeypatch.setattr(jobs.time, "time", lambda: later)
        with database.writing() as session:
            second = jobs.claim(session, "second", 10, 25)
        assert first == second
        scores = {"public": {"rows": [], "overall": []}, "private": {"rows": [], "overall": []}}
        with database.writing() as session:
            assert not jobs.renew(session, first, "first", 10)
            assert not jobs.finish(session, first, "first", scores)
            assert jobs.finish(session, second, "second", scores)
            assert not jobs.finish(session, second, "second", scores)
        with database.reading() as session:
            assert len(session.scalars(select(Score)).all()) == 2

    def test_what_never_ends_is_given_up(self, client, board, database):
        send(client, board)
        for k in range(3):
            with database.writing() as session:
                assert jobs.claim(session, f"w{k}", -1, 3) is not None
        with database.writing() as session:
            assert jobs.claim(session, "w3", -1, 3) is None
        with database.reading() as session:
            assert session.scalars(select(Job)).one().reason == jobs.FAILED
            assert session.scalars(select(SubmissionRow)).one().slot is None
        assert "begun 3 times and never ended" in audit(database, "scoring failed")[0]

    @pytest.mark.parametrize("refused", [False, True])
    def test_a_failure_blocks_nobody_and_a_crash_costs_no_quota(
        self, client, board, database, worker, monkeypatch, refused
    ):
        bad, good = send(client, board, seed=1).json()["id"], send(client, board, seed=2).json()["id"]
        ask = worker.process.ask

        def crash(request, tick):
            if request.get("key") == bad:
                raise ScoringError("terms: 1 of 61 values", final=refused)
            return ask(request, tick)

        monkeypatch.setattr(worker.process, "ask", crash)
        work_off(worker)
        states = [client.get(f"/api/submissions/{i}", headers=board.key("team0")).json() for i in (bad, good)]
        assert [state["status"] for state in states] == ["failed", "scored"]
        assert [state["error"] for state in states] == [jobs.FAILED, ""]
        assert set(audit(database, "scoring failed")) == {f"{bad}: terms: 1 of 61 values"}
        with database.reading() as session:
            failures = {job.submission_id: job.failures for job in session.scalars(select(Job))}
        assert failures == {bad: 1 if refused else 3, good: 0}
        assert send(client, board, seed=3).status_code == (429 if refused else 202)
        assert send(client, board, seed=4).status_code == 429

    def test_the_scoring_process_is_limited(self, board, client, database):
        identifier = send(client, board).json()["id"]
        settings = read_settings(board.folder)
        for limits, reason in (
            ({"scoring_bytes": 2**28}, "code|memory|labels"),
            ({"scoring_seconds": 0.01}, "longer than"),
        ):
            limited = Worker(settings.model_copy(update={**limits, "scoring_failures": 100}))
            try:
                with pytest.raises(ScoringError, match=reason):
                    limited.process.ask({"task": "score", "slug": SLUG, "key": identifier}, lambda: True)
                limited._score()
            finally:
                limited.close()
        state = client.get(f"/api/submissions/{identifier}", headers=board.key("team0")).json()
        assert state["status"] == "queued"
        assert state["error"] == jobs.FAILED
        assert "longer than 0.01 s" in audit(database, "scoring failed")[-1]

    def test_a_scoring_process_that_is_killed_is_started_anew(self, client, board, worker):
        identifier = send(client, board).json()["id"]
        worker.process.start().kill()
        work_off(worker)
        state = client.get(f"/api/submissions/{identifier}", headers=board.key("team0")).json()
        assert state["status"] == "scored"


class TestShown:
    def test_headers(self, client):
        for address in ("/", "/healthz", "/api", "/api/tracks", "/nothing", "/board.css"):
            headers = client.get(address).headers
            assert "default-src 'none'" in headers["content-security-policy"]
            assert "unsafe" not in headers["content-security-policy"]
            assert (headers["x-content-type-options"], headers["x-frame-options"]) == ("nosniff", "DENY")
            assert "set-cookie" not in headers

    def test_only_a_badge_may_stand_on_other_sites(self, client, board, worker):
        identifier = send(client, board).json()["id"]
        work_off(worker)
        for page in (f"/tracks/{SLUG}", f"/tracks/{SLUG}/entries/{identifier}"):
            badge, shown = client.get(f"{page}/badge.svg").headers, client.get(page).headers
            assert badge["cross-origin-resource-policy"] == "cross-origin"
            assert badge["cache-control"] == "max-age=300"
            assert badge["content-security-policy"] == shown["content-security-policy"]
            assert shown["cross-origin-resource-policy"] == "same-origin"
            assert shown["cache-control"] == "no-cache"

    def test_the_description_names_every_operation(self, client):
        page = client.get("/api").text
        for path, operations in client.get("/api/openapi.json").json()["paths"].items():
            for verb in operations:
                assert f"{verb.upper()} {path}" in page
        assert "<script" not in page

    def test_no_request_changes_anything_without_a_token(self, client):
        paths = client.get("/api/openapi.json").json()["paths"]
        changing = [(path, verb) for path, found in paths.items() for verb in found if verb != "get"]
        assert changing == [("/api/tracks/{slug}/submissions", "post")]

    def test_requests_are_limited(self, tmp_path):
        board = make_board(tmp_path / "strict", requests_per_minute=4, submissions_per_minute=1)
        with TestClient(create_app(read_settings(board.folder))) as client:
            assert send(client, board).status_code == 202
            assert send(client, board, seed=2).json()["detail"] == "too many uploads: wait a minute"
            assert [client.get("/").status_code for _ in range(3)] == [200, 200, 429]
            assert client.get("/healthz").status_code == 200

    def test_pages_show_what_was_scored(self, client, board, worker):
        send(client, board, seed=1)
        send(client, board, "host", seed=2)
        work_off(worker)
        assert "Toy" in client.get("/").text
        page = client.get(f"/tracks/{SLUG}").text
        assert "Method 1" in page
        assert "Method 2" in page
        assert "team0" in page

    def test_a_page_is_drawn_once_for_each_state_of_the_table(self, client, board, worker):
        work_off(worker)
        first = client.get(f"/tracks/{SLUG}")
        assert client.get(f"/tracks/{SLUG}").content == first.content
        again = client.get(f"/tracks/{SLUG}", headers={"if-none-match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        send(client, board, seed=1)
        work_off(worker)
        assert "Method 1" in client.get(f"/tracks/{SLUG}", headers={"if-none-match": first.headers["etag"]}).text

    def test_the_application_never_reads_labels(self):
        """The process that answers requests does not even load what reads them."""
        script = (
            "import sys, whence.leaderboard.boards.service.app, whence.leaderboard.boards.service.worker; "
            "print('whence.leaderboard.sealing.labels_file' in sys.modules)"
        )
        assert subprocess.check_output([sys.executable, "-c", script], text=True).strip() == "False"

    def test_only_the_owner_may_read_labels_and_settings(self, board):
        for name in ("labels", f"labels/{SLUG}.parquet", "service.toml"):
            assert os.stat(board.folder / name).st_mode & 0o077 == 0

    def test_tracks_say_what_is_expected(self, client, board):
        (track,) = client.get("/api/tracks").json()["tracks"]
        expectation = board.sealed.expectation
        assert (track["fingerprint"], track["samples"]) == (expectation.fingerprint, len(expectation.sample_ids))
        assert track["conditions"] == [dict(condition) for condition in expectation.conditions]


class TestTables:
    def test_migrations_make_the_tables_of_the_models(self, database):
        with database.engine.connect() as connection:
            assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []

    def test_migrations_make_them_on_postgresql_too(self):
        with cluster() as url:
            database = Database(url.replace("postgresql://", "postgresql+psycopg://"))
            upgrade(database)
            upgrade(database)
            with database.engine.connect() as connection:
                assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
            database.close()

    def test_an_old_database_is_brought_up(self, board, database):
        from alembic import command

        from whence.leaderboard.boards.service.database import migrations

        config = migrations()
        with database.engine.begin() as connection:
            config.attributes["connection"] = connection
            command.downgrade(config, "base")
        with pytest.raises(InputError, match="run `whence leaderboard init"):
            create_app(read_settings(board.folder))
        assert hosting.initialise(board.folder, {}) is None
        create_app(read_settings(board.folder)).state.board.database.close()

    def test_a_board_that_forgot_where_its_data_lay_keeps_its_tracks(self, client, board, database):
        from alembic import command

        from whence.leaderboard.boards.service.database import migrations

        config = migrations()
        with database.engine.begin() as connection:
            config.attributes["connection"] = connection
            command.downgrade(config, "0001")
        assert hosting.initialise(board.folder, {}) is None
        assert [track["slug"] for track in client.get("/api/tracks").json()["tracks"]] == [SLUG]
        assert hosting.samples(board.folder) == {}

    def test_settings_are_checked(self, tmp_path):
        with pytest.raises(InputError, match="holds no service"):
            read_settings(tmp_path)
        with pytest.raises(InputError, match="'titel' is unknown"):
            hosting.initialise(tmp_path / "a", {"titel": "x"})
        with pytest.raises(InputError, match="expected a URL"):
            hosting.initialise(tmp_path / "b", {"database": "no url"})
        with pytest.raises(InputError, match="cannot be opened"):
            hosting.initialise(tmp_path / "c", {"database": "postgresql://x@127.0.0.1:1/none"})
