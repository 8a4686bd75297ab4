"""From a dataset to a closed board, by the commands that a user types, against a real server."""

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from service_boards import running

from whence.datagen.pipeline import generate
from whence.datagen.tde import TdePlan, TdeRecipe

CARD = 'name = "{name}"\nauthors = "Ada Lovelace"\ntraining_data = "none"\n'
GUESSABLE = "--allow-guessable-seed"


def whence(*arguments: object, code: int = 0) -> str:
    """Run `whence` with these arguments and return what it prints."""
    command = [sys.executable, "-m", "whence", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout if code == 0 else done.stderr


@pytest.fixture(scope="module")
def place(tmp_path_factory, corpus) -> Path:
    """A folder with a sealed set of 72 clips, its labels, a run of three methods on it, and one on the open set."""
    folder = tmp_path_factory.mktemp("end-to-end")
    url = folder / "tde.zarr"
    generate(TdePlan(TdeRecipe(clips=12, rt60=(0.1, 0.5), corpus=corpus.digest), corpus), str(url))
    sealed = ["--labels", folder / "labels.parquet", "--out", folder / "public.zarr", "--snr", "20", "0"]
    whence("seal", url, "--track", "tde", *sealed, GUESSABLE)
    methods = ["--method", "zero", "gcc-phat", "ml"]
    whence("bench", "tde", folder / "public.zarr", *methods, "--out", folder / "run")
    whence("bench", "tde", url, *methods, "--snr", "20", "0", "--out", folder / "open-run")
    for name in ("zero", "gcc-phat", "ml"):
        (folder / f"{name}.toml").write_text(CARD.format(name=f"Our {name}"))
    return folder


def submit(place: Path, url: str, method: str, token: str, code: int = 0) -> str:
    """Submit `method` of the run and return what the command says."""
    options = ["--method", method, "--board", url, "--card", place / f"{method}.toml", "--token", token]
    return whence("submit", place / "run", *options, code=code)


def overall(url: str) -> dict:
    """The standing of the track."""
    return httpx.get(f"{url}/api/tracks/tde-2026/standing", timeout=30).json()


def test_host_a_board(place):
    board = place / "board"
    host_token = whence("leaderboard", "init", board, "--title", "Ours").split()[-1]
    labels = ["--labels", place / "labels.parquet", "--title", "Delays", "--per-day", 2]
    whence("leaderboard", "add-track", board, "tde-2026", place / "public.zarr", *labels)
    token = whence("leaderboard", "token", board, "Team Ada").strip()
    with running(board) as server:
        submit(place, server.url, "zero", host_token)
        assert "mean absolute error" in submit(place, server.url, "gcc-phat", token)
        submit(place, server.url, "ml", token)
        wait_for_entries(server.url, 3)
        shown = overall(server.url)
        assert {(e["team"], e["kind"]) for e in shown["entries"].values()} == {
            ("host", "baseline"),
            ("Team Ada", "submission"),
        }
        assert shown["half"] == "public"
        (place / "zero.toml").write_text(CARD.format(name="Another card"))
        assert "quota reached: 2 submissions a day" in submit(place, server.url, "zero", token, code=2)
        whence("leaderboard", "revoke", board, "Team Ada")
        assert "token" in submit(place, server.url, "zero", token, code=2)
        whence("leaderboard", "close", board, "tde-2026")
        assert "closed" in submit(place, server.url, "zero", host_token, code=2)
        wait_for_half(server.url, "private")
        live = overall(server.url)
    whence("leaderboard", "export", board, place / "site")
    exported = json.loads((place / "site" / "tracks" / "tde-2026" / "standing.json").read_text())
    assert exported == live


def wait_for_entries(url: str, count: int) -> None:
    """Wait until the table holds `count` entries."""
    wait(lambda: len(overall(url).get("entries", {})) == count)


def wait_for_half(url: str, half: str) -> None:
    """Wait until the table of `half` is shown."""
    wait(lambda: overall(url).get("half") == half)


def wait(done) -> None:
    """Wait until `done` says so."""
    import time

    deadline = time.monotonic() + 60
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.2)


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
