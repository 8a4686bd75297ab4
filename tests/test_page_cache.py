"""Pages are drawn once for each state of the tables, and a slow drawing holds nobody up who has seen an older one."""

import asyncio

import httpx
import pytest
from starlette.responses import Response

from whence.leaderboard.service import page_cache
from whence.leaderboard.service.page_cache import PageCache


class Tables:
    """An application whose pages say what the tables are at; drawing takes until `may_end` is set."""

    def __init__(self):
        self.state, self.drawn = 1, []
        self.may_end = asyncio.Event()
        self.may_end.set()

    async def __call__(self, scope, receive, send):
        state = self.state
        await self.may_end.wait()
        self.drawn.append((scope["path"], state))
        await Response(f"{scope['path']} at {state}")(scope, receive, send)

    def client(self) -> httpx.AsyncClient:
        app = PageCache(self, state=lambda: self.state)
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
