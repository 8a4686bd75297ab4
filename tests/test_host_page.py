"""The commands of docs/host.md, run as they are written."""

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "docs" / "host.md"
HOST, CHECK, SERVICE, FOLDER = re.findall(r"^```bash\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.S | re.M)
BASELINES = {"zero", "gcc-phat", "ml"}


def shell(script: str, folder: Path) -> str:
    """Run `script` in `folder`, up to the first command that fails, and return what it prints."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-euc", script], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=400
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def shown(site: Path) -> dict:
    """The table of the only track of an exported site."""
    return json.loads((site / "tracks" / "delays" / "standing.json").read_text())


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A folder in which the first block was run, its service ended and its pages exported to `first`."""
    folder = tmp_path_factory.mktemp("host")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    shell(
        "trap 'kill $(jobs -p)' EXIT\n" + HOST.replace("8000", port) + "whence leaderboard export board first", folder
    )
    return folder


def test_a_board_with_three_baselines(place):
    assert len(HOST.splitlines()) < 10
    table = shown(place / "first")
    assert {entry["method"] for entry in table["entries"].values()} == BASELINES
    assert {entry["kind"] for entry in table["entries"].values()} == {"baseline"}
    assert table["half"] == "public"


def test_the_other_commands(place):
    assert "whence_" in shell(SERVICE, place)
    table = shown(place / "site")
    assert table["half"] == "private"
    assert {entry["method"] for entry in table["entries"].values()} == BASELINES
    shell(CHECK, place)


def test_a_board_without_a_server(place, tmp_path):
    for name in ("public.zarr", "labels.parquet", "runs"):
        (tmp_path / name).symlink_to(place / name)
    shell(FOLDER, tmp_path)
    (entry,) = shown(tmp_path / "site")["entries"].values()
    assert (entry["method"], entry["kind"], entry["team"]) == ("gcc-phat", "baseline", "host")
