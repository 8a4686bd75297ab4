"""From a dataset to a closed board, by the commands that a user types, against a real server and in a real browser."""

import csv
import io
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile
from chromium import PLAY, chromium
from conftest import babble
from test_pages import check_content, served_from
from warm_process import run_whence

from whence.benchmarks.speed.made_up_board import running
from whence.datagen.corpora import Corpus, open_corpus
from whence.datagen.pipeline import generate
from whence.datagen.tde import TdePlan, TdeRecipe
from whence.leaderboard.pages.addresses import Address, live, static
from whence.leaderboard.pages.view import Choice

CARD = 'name = "{name}"\nauthors = "Ada Lovelace"\ntraining_data = "none"\n'
GUESSABLE = "--allow-guessable-seed"
TABLE = """let rank = '';
    const rows = [...document.querySelectorAll('#table tbody:not(.apart) tr')];
    return rows.filter(row => row.querySelector('th a')).map(row => {
        const cells = [...row.querySelectorAll('th ~ td')], name = row.querySelector('th');
        const first = row.firstElementChild;
        if (first !== name && first.checkVisibility()) rank = parseInt(first.innerText);
        return {kind: row.className, rank, name: name.querySelector('a').innerText,
            tag: name.querySelector('.tag')?.innerText, value: cells[0].innerText,
            interval: cells[1].innerText.split('\\n')[0]};
    })"""
"""The entries of a board's page as a reader sees them, from the best on."""


def whence(*arguments: object, code: int = 0) -> str:
    """Run `whence` with these arguments and return what it prints."""
    done = run_whence(*arguments)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout if code == 0 else done.stderr


def write_speech(folder: Path) -> Corpus:
    """Make a corpus of sixteen utterances by eight speakers: enough of them in either half for intervals."""
    rng = np.random.default_rng(5)
    for k in range(16):
        path = folder / f"speaker{k % 8}" / f"utterance{k}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, babble(2.0, rng), 16_000)
    return open_corpus(str(folder), minimum_seconds=1.5)


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A folder with a sealed set of 72 clips, its labels, and a run of three methods on it."""
    folder = tmp_path_factory.mktemp("end-to-end")
    url, corpus = folder / "tde.zarr", write_speech(folder / "speech")
    generate(TdePlan(TdeRecipe(clips=12, rt60=(0.1, 0.5), corpus=corpus.digest), corpus), str(url))
    sealed = ["--labels", folder / "labels.parquet", "--out", folder / "public.zarr", "--snr", "10", "-10"]
    whence("seal", url, "--track", "tde", *sealed, GUESSABLE)
    methods = ["--method", "zero", "gcc-phat", "ml"]
    whence("bench", "tde", folder / "public.zarr", *methods, "--out", folder / "run")
    for name in ("zero", "gcc-phat", "ml"):
        (folder / f"{name}.toml").write_text(CARD.format(name=f"Our {name}"))
    return folder


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """Chromium."""
    with chromium(tmp_path_factory.mktemp("chromium")) as driver:
        yield driver


def submit(place: Path, url: str, method: str, token: str, code: int = 0) -> str:
    """Submit `method` of the run and return what the command says."""
    options = ["--method", method, "--board", url, "--card", place / f"{method}.toml", "--token", token]
    return whence("submit", place / "run", *options, code=code)


@dataclass
class Reader:
    """Somebody at a browser, who checks what it shows against what the server says."""

    browser: Any
    url: str

    def open(self, path: str) -> None:
        """Open a page of the server."""
        self.browser.get(f"{self.url}/{path}")

    def follow(self, selector: str) -> None:
        """Follow the first link of those that match."""
        self.browser.get(self.browser.find_element("css selector", selector).get_attribute("href"))

    def text(self, selector: str = "main") -> str:
        """Return what is written in the first element of those that match."""
        return self.browser.find_element("css selector", selector).text

    def standing(self) -> dict:
        """Return the table that counts now, as JSON; empty while there is none."""
        answer = httpx.get(f"{self.url}/api/tracks/tde-2026/standing", timeout=30)
        return answer.json() if answer.status_code == 200 else {"entries": {}, "half": ""}

    def wait(self, done) -> None:
        """Wait until `done` is true of the table."""
        deadline = time.monotonic() + 60
        while not done(self.standing()):
            assert time.monotonic() < deadline
            time.sleep(0.2)

    def check_table(self, condition: dict) -> None:
        """Check the table that is shown, and its downloads, against the scores under `condition` ({}: all)."""
        standing = self.standing()
        known, metric = standing["entries"], standing["metrics"][0]["name"]
        every = [row for row in standing["rows"] + standing["overall"] if row["condition"] == condition]
        wanted = [row for row in every if row["method"] in known and row["metric"] == metric]
        shown = self.browser.execute_script(TABLE)
        assert {one["name"] for one in shown} == {known[row["method"]]["card"]["name"] for row in wanted}
        by_name = {known[row["method"]]["card"]["name"]: row for row in wanted}
        in_order = [(by_name[one["name"]]["rank"], by_name[one["name"]]["value"]) for one in shown]
        assert in_order == sorted(in_order)
        for one, row in ((one, by_name[one["name"]]) for one in shown):
            entry = known[row["method"]]
            assert (one["name"], one["kind"], one["rank"]) == (entry["card"]["name"], entry["kind"], row["rank"])
            assert one["tag"] == ("baseline" if entry["kind"] == "baseline" else None)
            numbers = [float(text) for text in (one["value"], *one["interval"].split("–"))]
            assert numbers == pytest.approx([row["value"], row["ci_low"], row["ci_high"]], abs=6e-4)
        self.check_downloads(shown, wanted)

    def check_downloads(self, shown: list[dict], wanted: list[dict]) -> None:
        """Check that the three files of the table hold what it shows."""
        links = self.browser.find_elements("css selector", "#ranking ~ .downloads a")
        csv_text, json_text, tex = (httpx.get(link.get_attribute("href"), timeout=30) for link in links)
        values = {row["method"]: row["value"] for row in wanted}
        rows = list(csv.DictReader(io.StringIO(csv_text.text)))
        assert {row["entry"]: float(row["value"]) for row in rows if row["entry"] in values} == values
        assert {row["entry"]: row["value"] for row in json_text.json()["rows"] if row["entry"] in values} == values
        lines = [line for line in tex.text.splitlines() if line.endswith(r"\\")]
        for one in shown:
            assert any(one["name"] in line and one["value"] in line for line in lines), one


def test_host_a_board(place, browser):
    board = place / "board"
    host_token = whence("leaderboard", "init", board, "--title", "Ours").split()[-1]
    with (board / "service.toml").open("a") as settings:
        settings.write("requests_per_minute = 1000000\n")
    labels = ["--labels", place / "labels.parquet", "--title", "Delays", "--per-day", 2]
    whence("leaderboard", "add-track", board, "tde-2026", place / "public.zarr", *labels)
    token = whence("leaderboard", "token", board, "Team Ada").strip()
    with running(board) as server:
        reader = Reader(browser, server.url)
        submit(place, server.url, "zero", host_token)
        assert "mean absolute error" in submit(place, server.url, "gcc-phat", token)
        submit(place, server.url, "ml", token)
        reader.wait(lambda standing: len(standing["entries"]) == 3)
        check_open_board(reader)
        (place / "zero.toml").write_text(CARD.format(name="Another card"))
        assert "quota reached: 2 submissions a day" in submit(place, server.url, "zero", token, code=2)
        whence("leaderboard", "revoke", board, "Team Ada")
        assert "token" in submit(place, server.url, "zero", token, code=2)
        whence("leaderboard", "close", board, "tde-2026")
        assert "closed" in submit(place, server.url, "zero", host_token, code=2)
        reader.wait(lambda standing: standing["half"] == "private")
    with running(board) as server:
        reader = Reader(browser, server.url)
        check_closed_board(reader)
        check_conditions(reader)
        check_entries(reader)
        whence("leaderboard", "export", board, place / "site")
        check_export(reader, place / "site")
    assert [line for line in browser.get_log("browser") if line["level"] == "SEVERE"] == []


def check_open_board(reader: Reader) -> None:
    """From the first page to the board: ranked by rounded scores, and nothing more."""
    reader.open("")
    assert reader.text("h1") == "Ours"
    reader.follow("#tracks tbody a")
    assert reader.text("h1") == "Delays"
    assert "While the phase is open, one rounded score is shown: MAE over the public clips." in reader.text()
    reader.check_table({})
    assert reader.standing()["rows"] == []
    assert reader.browser.find_elements("link text", "All conditions") == []


def check_conditions(reader: Reader) -> None:
    """The closed board: ranked under all conditions and under one, published numbers apart."""
    reader.open("tracks/tde-2026")
    for level, stated in zip(("10", "−10"), reader.standing()["conditions"], strict=True):
        reader.browser.find_element("link text", level).click()
        assert f"SNR {level} dB" in reader.text("#table caption")
        reader.check_table(stated)
    reader.browser.find_element("xpath", "//p[contains(., 'Papers report numbers for')]/a").click()
    reader.browser.find_element("css selector", "#published-numbers summary").click()
    rows = reader.browser.find_elements("css selector", "#published tr.published")
    printed = {one["method"] for one in reader.standing()["published"]}
    assert {row.find_element("tag name", "th").text.split("\n")[0] for row in rows} <= printed
    assert len(rows) > 0
    assert "so they are not ranked" in reader.text("#published-numbers")


def check_entries(reader: Reader) -> None:
    """Two entries: the clips that one gets most wrong are played, and both are compared."""
    reader.open("tracks/tde-2026")
    reader.browser.find_element("link text", "Our gcc-phat").click()
    assert reader.text("h1") == "Our gcc-phat"
    assert len(reader.browser.find_elements("css selector", "ol.worst audio")) == 10
    assert reader.browser.execute_async_script(PLAY) == pytest.approx(1151 / 16_000, abs=1e-3)
    reader.browser.find_element("link text", "Our zero").click()
    assert reader.text("h1") == "Our zero against Our gcc-phat"
    keys = {entry["method"]: key for key, entry in reader.standing()["entries"].items()}
    assert f"entries/{keys['zero']}" in reader.browser.page_source
    assert "By MAE, Our gcc-phat is better by" in reader.text(".headline")


def check_closed_board(reader: Reader) -> None:
    """The private scores are shown, and are other ones."""
    public = httpx.get(f"{reader.url}/api/tracks/tde-2026/standing?half=public", timeout=30).json()
    assert {row["value"] for row in public["overall"]} != {row["value"] for row in reader.standing()["overall"]}
    reader.open("tracks/tde-2026")
    assert "scores are over the private half" in reader.text()
    reader.check_table({})


def check_export(reader: Reader, site: Path) -> None:
    """The exported site has all that is served, and the browser shows the same rankings."""
    with httpx.Client(base_url=reader.url, timeout=30) as client:
        served = served_from(client.get, "/")
    assert any(address.endswith(".wav") for address in served)
    check_content(served, site)
    for condition in ("", "snr_db-10", "snr_db--10"):
        board = Address("board", "tde-2026", choice=Choice(condition))
        reader.open(live(board))
        shown = reader.browser.execute_script(TABLE)
        reader.browser.get((site / static(board)).as_uri())
        assert reader.browser.execute_script(TABLE) == shown != []


def test_mistakes_are_one_line(place, tmp_path):
    assert "holds no service.toml" in whence("leaderboard", "serve", tmp_path, code=2)
    whence("leaderboard", "init", tmp_path / "b")
    wrong = ["add-track", tmp_path / "b", "x", place / "tde.zarr", "--labels", place / "labels.parquet"]
    assert "submissions are for sealed ones" in whence("leaderboard", *wrong, code=2)
    assert "expected small letters" in whence(
        "leaderboard",
        "add-track",
        tmp_path / "b",
        "X!",
        place / "public.zarr",
        "--labels",
        place / "labels.parquet",
        code=2,
    )
    assert "there is no track" in whence("leaderboard", "close", tmp_path / "b", "x", code=2)
