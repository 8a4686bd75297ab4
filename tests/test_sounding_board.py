"""Maps of where a sound comes from, on a server, as a reader sees them in a browser: submit, rank, close, look."""

import time
from pathlib import Path

import httpx
import pytest
from chromium import PLAY, chromium
from toy_sounding import SAMPLES, ToySounding

from whence.benchmarks.bench import bench
from whence.benchmarks.speed.made_up_board import GENEROUS, running
from whence.cli import main
from whence.datagen.pipeline import generate
from whence.leaderboard.boards.service import accounts, hosting
from whence.leaderboard.sealing.seal import seal

METHODS = ("centre-blob", "spectral-residual")
TRACK = "sounding-object"


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A set of sounding objects, sealed, a run of two methods on it, a board, and its team's token, as files."""
    folder = tmp_path_factory.mktemp("sounding-board")
    generate(ToySounding(rows=16), str(folder / "s.zarr"))
    seal(str(folder / "s.zarr"), track=TRACK, labels_path=folder / "l.parquet", out=str(folder / "p.zarr"))
    bench(TRACK, str(folder / "p.zarr"), folder / "run", methods=METHODS, report=False)
    (folder / "token").write_text(hosted(folder))
    return folder


def hosted(folder: Path) -> str:
    hosting.initialise(folder / "board", {**GENEROUS, "title": "Maps"})
    place = {"data": str(folder / "p.zarr"), "labels": folder / "l.parquet"}
    hosting.add_track(folder / "board", "maps", title="Where it sounds", per_day=5, **place)
    _, database = hosting.open_board(folder / "board")
    with database.writing() as session:
        token = accounts.issue_token(session, "Team Ada")
    database.close()
    return token


def whence(*words: object) -> None:
    with pytest.raises(SystemExit) as done:
        main([*map(str, words)])
    assert done.value.code == 0


def standing(url: str, done) -> dict:
    """The table of the board, as soon as `done` is true of it."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        answer = httpx.get(f"{url}/api/tracks/maps/standing", timeout=60)
        if answer.status_code == 200 and done(answer.json()):
            return answer.json()
        time.sleep(0.2)
    raise AssertionError("no such table within two minutes")


def test_maps_are_submitted_ranked_and_shown(place, tmp_path):
    with chromium(tmp_path / "profile") as browser, running(place / "board") as server:
        for method in METHODS:
            words = ["--method", method, "--board", server.url, "--token", (place / "token").read_text()]
            whence("submit", place / "run", *words)
        standing(server.url, lambda one: len(one["entries"]) == 2)
        browser.get(f"{server.url}/tracks/maps")
        assert "While the phase is open, one rounded score is shown: cIoU" in browser.page_source
        assert {link.text for link in browser.find_elements("css selector", "#table th a")} >= set(METHODS)
        whence("leaderboard", "close", place / "board", "maps")
        closed = standing(server.url, lambda one: one["half"] == "private")
        check_entry(browser, server.url, closed)
        assert [line for line in browser.get_log("browser") if line["level"] == "SEVERE"] == []


def check_entry(browser, url: str, closed: dict) -> None:
    """The entry's page has every metric, and the pictures and sounds that its maps get most wrong."""
    key = next(key for key, entry in closed["entries"].items() if entry["card"]["name"] == "spectral-residual")
    browser.get(f"{url}/tracks/maps/entries/{key}")
    assert browser.find_element("tag name", "h1").text == "spectral-residual"
    heads = browser.find_element("css selector", "section[aria-labelledby=scores-title]").text
    assert "cIoU ≥ 0.5 (size of the object" in heads
    pictures = browser.find_elements("css selector", "ol.worst img")
    assert pictures
    browser.execute_script("arguments[0].scrollIntoView()", pictures[0])
    deadline = time.monotonic() + 30
    while not (width := browser.execute_script("return arguments[0].naturalWidth", pictures[0])):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert width == 320
    assert browser.execute_async_script(PLAY) == pytest.approx(SAMPLES / 16_000, abs=1e-3)
