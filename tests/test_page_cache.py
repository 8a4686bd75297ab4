"""Pages are drawn once for each state of the tables, and a slow drawing holds nobody up who has seen an older one."""

import asyncio

import httpx
import pytest
from fastapi.testclient import TestClient
from sqlalchemy.exc import OperationalError
from starlette.responses import Response

from whence.benchmarks.speed.made_up_board import make_board
from whence.leaderboard.boards.service import page_cache
from whence.leaderboard.boards.service.app import create_app
from whence.leaderboard.boards.service.page_cache import PageCache
from whence.leaderboard.boards.service.settings import read_settings
from whence.leaderboard.pages.router import query_read


class Tables:
    """An application whose pages say what the tables are at; drawing takes until `may_end` is set."""

    def __init__(self):
        self.state, self.drawn = 1, []
        self.may_end = asyncio.Event()
        self.may_end.set()

    async def __call__(self, scope, receive, send):
        state = self.state
        await self.may_end.wait()
        if isinstance(state, Exception):
            await Response("away", 503)(scope, receive, send)
            return
        self.drawn.append((scope["path"], state))
        await Response(f"{scope['path']} at {state}")(scope, receive, send)

    def stated(self):
        """The state, or the error that asking for it raises."""
        if isinstance(self.state, Exception):
            raise self.state
        return self.state

    def client(self) -> httpx.AsyncClient:
        app = PageCache(self, self.stated, query_read)
        return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://board")


def test_a_page_is_drawn_once_for_each_state():
    async def read():
        tables = Tables()
        async with tables.client() as client:
            answers = await asyncio.gather(*(client.get("/a") for _ in range(5)))
            assert {answer.text for answer in answers} == {"/a at 1"}
            tables.state = 2
            assert (await client.get("/a")).text == "/a at 2"
        assert tables.drawn == [("/a", 1), ("/a", 2)]

    asyncio.run(read())


def test_while_a_newer_page_is_drawn_the_older_one_is_shown(monkeypatch):
    monkeypatch.setattr(page_cache, "PATIENCE_SECONDS", 0.01)

    async def read():
        tables = Tables()
        async with tables.client() as client:
            await client.get("/a")
            tables.state = 2
            tables.may_end.clear()
            older = await asyncio.gather(*(client.get("/a") for _ in range(3)))
            assert {answer.text for answer in older} == {"/a at 1"}
            never_drawn = asyncio.create_task(client.get("/b"))
            tables.may_end.set()
            assert (await never_drawn).text == "/b at 2"
            assert (await client.get("/a")).text == "/a at 2"
        assert tables.drawn == [("/a", 1), ("/a", 2), ("/b", 2)]

    asyncio.run(read())


def test_where_space_runs_out_the_page_not_asked_for_the_longest_goes(monkeypatch):
    monkeypatch.setattr(page_cache, "KEPT_BYTES", 15)

    async def read():
        tables = Tables()
        async with tables.client() as client:
            for path in ("/a", "/b", "/a", "/c", "/a", "/b"):
                await client.get(path)
        assert [path for path, _ in tables.drawn] == ["/a", "/b", "/c", "/b"]

    asyncio.run(read())


@pytest.mark.parametrize("path", ["/api/tracks", "/healthz"])
def test_what_is_no_page_is_asked_for_each_time(path):
    async def read():
        tables = Tables()
        async with tables.client() as client:
            for _ in range(2):
                await client.get(path)
        assert len(tables.drawn) == 2

    asyncio.run(read())


def test_while_the_database_is_away_pages_drawn_before_are_shown():
    async def read():
        tables = Tables()
        async with tables.client() as client:
            await client.get("/a")
            tables.state = OperationalError("select", {}, Exception("gone"))
            assert (await client.get("/a")).text == "/a at 1"
            assert [(await client.get("/b")).status_code for _ in range(2)] == [503, 503]
            tables.state = 2
            assert [(await client.get(path)).text for path in ("/a", "/b")] == ["/a at 2", "/b at 2"]

    asyncio.run(read())


@pytest.mark.parametrize(
    ("path", "query", "read"),
    [
        ("/", "x=1&metric=mae", ""),
        ("/tracks/t", "utm_source=x&metric=&show=all&show=submissions", "show=submissions"),
        ("/tracks/t", "show=all&condition=snr%5Fdb-10", "condition=snr_db-10&show=all"),
        ("/tracks/t/table.csv", "metric=mae&b=2", "metric=mae"),
        ("/tracks/t/badge.svg", "metric=mae", ""),
        ("/tracks/t/conditions", "metric=mae&order=name", "metric=mae"),
        ("/tracks/t/compare/differences.csv", "b=2&a=1%C3%BC&order=name", "a=1%C3%BC&b=2"),
        ("/tracks/t/entries/e", "metric=mae", ""),
    ],
)
def test_what_no_page_reads_of_a_query_makes_no_other_page(path, query, read):
    async def ask():
        tables = Tables()
        async with tables.client() as client:
            for asked in (query, read):
                await client.get(f"{path}?{asked}")
            await client.head(f"{path}?{query}")
        assert tables.drawn == [(path, 1)]

    assert query_read(path, query.encode()).decode() == read
    asyncio.run(ask())


def test_pages_of_long_queries_are_neither_kept_nor_mixed_up():
    async def read():
        tables = Tables()
        async with tables.client() as client:
            for end in "xyx":
                await client.get("/tracks/t", params={"condition": "a" * page_cache.LONGEST_QUERY + end})
        assert len(tables.drawn) == 3

    asyncio.run(read())


@pytest.mark.parametrize(("error", "status"), [(OperationalError("", {}, Exception("gone")), 503), (ValueError(), 500)])
def test_answers_of_a_board_in_trouble_are_guarded_too(tmp_path, monkeypatch, error, status):
    app = create_app(read_settings(make_board(tmp_path / "board").folder))
    with TestClient(app, raise_server_exceptions=False) as client:
        shown = client.get("/")

        def reading(self):
            raise error

        monkeypatch.setattr(type(app.state.board.database), "reading", reading)
        answers = [client.get(path) for path in ("/tracks/tde-toy", "/healthz", "/api/tracks")]
        assert [answer.status_code for answer in answers] == [status] * 3
        for name in ("content-security-policy", "x-content-type-options"):
            assert {answer.headers[name] for answer in answers} == {shown.headers[name]}
        if status == 503:
            assert client.get("/").content == shown.content
