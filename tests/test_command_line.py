"""What is typed: completion, help, explanations, swapped words, short options."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import soundfile
from conftest import babble
from test_papers import said

from whence.cli import main
from whence.commands.arguments import spread_lists
from whence.commands.completion import ASKED
from whence.datagen.pipeline import generate
from whence.datagen.tde import plan_tde
from whence.registry import METHODS, TRACKS

MINE = "class Mine:\n    version = '1'\n    tracks = ('tde',)\n\n    def predict(self, batch):\n        {body}\n"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A dataset of six clips."""
    folder, rng = tmp_path_factory.mktemp("typed"), np.random.default_rng(3)
    (folder / "speech").mkdir()
    soundfile.write(folder / "speech/a.wav", babble(1.6, rng), 16_000)
    generate(plan_tde(str(folder / "speech"), clips=2, rt60=(0.1,)), str(folder / "d.zarr"))
    return folder / "d.zarr"


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty folder to work in, in which reports are not written."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("whence.benchmarks.bench.write_pages", lambda _: None)
    return tmp_path


class TestCompletion:
    """The shell is told how a line can go on."""

    @staticmethod
    def suggested(monkeypatch, capsys, *words):
        """What bash is told to replace the last of `words` with, as it splits them."""
        monkeypatch.setenv("COMP_WORDS", "\n".join(words))
        monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
        monkeypatch.setenv(ASKED, "complete_bash")
        return said(capsys).split()

    def test_tracks_and_methods(self, monkeypatch, capsys):
        assert self.suggested(monkeypatch, capsys, "whence", "tracks", "") == list(TRACKS)
        assert self.suggested(monkeypatch, capsys, "whence", "bench", "pro") == ["probe"]
        shown = self.suggested(monkeypatch, capsys, "whence", "bench", "rotation", "d.zarr", "--method", "")
        assert shown == [name for name, one in METHODS.items() if "rotation" in one.tracks]

    def test_the_second_of_a_list(self, monkeypatch, capsys):
        words = ("whence", "bench", "tde", "d.zarr", "-m", "gcc-phat", "sco")
        assert self.suggested(monkeypatch, capsys, *words) == ["scot"]

    def test_parameters_and_values(self, monkeypatch, capsys):
        """Bash splits at colons and equals signs and replaces only the last part."""
        words = ("whence", "bench", "tde", "d.zarr", "--method", "gcc-phat", ":")
        assert "votes=mode" in self.suggested(monkeypatch, capsys, *words)
        assert self.suggested(monkeypatch, capsys, *words, "votes", "=", "mo") == ["mode"]
        joined = ("whence", "bench", "tde", "d.zarr", "--method", "=", "gcc-phat", ":", "vo")
        assert self.suggested(monkeypatch, capsys, *joined) == ["votes=mean", "votes=mode"]

    def test_commands(self, monkeypatch, capsys):
        assert self.suggested(monkeypatch, capsys, "whence", "help", "generate", "t") == ["tde"]

    def test_what_a_file_defines(self, place, monkeypatch, capsys):
        (place / "mine.py").write_text("import os\n" + MINE.format(body="return 0"))
        words = ("whence", "bench", "tde", "d.zarr", "--method", "mine.py", ":", "")
        assert self.suggested(monkeypatch, capsys, *words) == ["Mine"]

    def test_a_line_that_cannot_go_on(self, monkeypatch, capsys):
        assert self.suggested(monkeypatch, capsys, "whence", "bench", "tde", "d", "-m", "nothing", ":", "") == []

    def test_it_is_installed_for_bash(self, tmp_path):
        home = {**os.environ, "HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
        command = f"{sys.executable} -m whence --install-completion; true"  # a shell that stays to be found
        subprocess.run(["bash", "-c", command], env=home, check=True, capture_output=True)
        assert "complete " in (tmp_path / ".bash_completions/whence.sh").read_text()


class TestExplained:
    """`whence methods NAME`, `whence tracks NAME`, `whence help`."""

    def test_a_method(self, capsys):
        shown = json.loads(said(capsys, "methods", "beta", "--json"))
        known = {one["name"]: (one["values"], one["default"]) for one in shown["parameters"]}
        assert known["beta"] == ("number, >= 0, <= 1", "0.7")
        assert known["votes"] == ("mean or mode", "mean")
        text = said(capsys, "methods", "gcc-phat")
        for part in ("Knapp and Carter 1976", "protocol", "paper or best", "baselines/gcc.py", "left-right"):
            assert part in text

    def test_a_track(self, capsys):
        text = said(capsys, "tracks", "tde")
        for part in ("seconds", "mean_absolute_error", "ms", "--snr", "30 20 10 0 -10", "tde, brir", "gcc-phat"):
            assert part in text

    @pytest.mark.parametrize("name", TRACKS)
    def test_every_track(self, name, capsys):
        assert json.loads(said(capsys, "tracks", name, "--json"))["name"] == name

    def test_the_methods_of_a_track(self, capsys):
        shown = json.loads(said(capsys, "methods", "panning", "--json"))
        assert [one["method"] for one in shown] == [name for name, one in METHODS.items() if "panning" in one.tracks]

    def test_a_method_of_a_file(self, place, capsys):
        body = "return 0\n\n    depth: int = 3\n    'How deep.'"
        text = "from dataclasses import dataclass\n\n\n@dataclass\n" + MINE.format(body=body)
        (place / "mine.py").write_text(text)
        shown = json.loads(said(capsys, "methods", "mine.py:Mine", "--json"))["parameters"]
        assert [(one["name"], one["values"], one["default"], one["meaning"]) for one in shown] == [
            ("depth", "whole number", "3", "How deep.")
        ]

    def test_help(self, capsys):
        assert "Usage: whence generate tde" in said(capsys, "help", "generate", "tde")
        assert "quickstart" in said(capsys, "help")

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (("methods", "gcc-phta"), "did you mean 'gcc-phat'"),
            (("tracks", "tdee"), "did you mean 'tde'"),
            (("help", "benhc"), "did you mean 'bench'"),
            (("help", "bench", "tde"), "has no command 'tde'"),
        ],
    )
    def test_wrong_names(self, words, message, capsys):
        assert message in said(capsys, *words, code=2)


class TestMeant:
    """What was meant is done."""

    def test_a_file_without_a_name_says_what_is_in_it(self, data, place, capsys):
        (place / "mine.py").write_text("import numpy\n" + MINE.format(body="return 0"))
        (place / "none.py").write_text("from pathlib import Path\n")
        mistake = said(capsys, "bench", "tde", data, "--method", "mine.py", code=2)
        assert "mine.py:Mine" in mistake
        assert "defines no class" in said(capsys, "bench", "tde", data, "--method", "none.py", code=2)
        assert "does not exist" in said(capsys, "bench", "tde", data, "--method", "gone.py", code=2)

    def test_swapped_words(self, data, place, capsys):
        with pytest.raises(SystemExit) as ended:
            main(["bench", str(data), "tde", "-m=zero", "--snr", "10", "--out", "run"])
        assert ended.value.code == 0
        assert f"read as: tde {data}" in capsys.readouterr().err
        assert (place / "run/results.json").exists()
        assert "unknown track" in said(capsys, "bench", data, "tdee", code=2)

    def test_a_swapped_kind(self, place, capsys):
        with pytest.raises(SystemExit):
            main(["generate", "x.zarr", "tde", "--speech", "nowhere"])
        assert "read as: whence generate tde x.zarr" in capsys.readouterr().err

    def test_short_options(self):
        given = ["bench", "tde", "d", "-m", "a", "b", "-m=c"]
        assert spread_lists(given) == ["bench", "tde", "d", "--method=a", "--method=b", "--method=c"]

    def test_fresh_runs_what_is_cached(self, data, place, capsys, monkeypatch):
        monkeypatch.setenv("CALLS", "")
        body = "import os; os.environ['CALLS'] += 'x'; return [0.0] * len(batch)"
        (place / "mine.py").write_text(MINE.format(body=body))
        counts = []
        for more in ((), (), ("--fresh",)):
            said(capsys, "bench", "tde", data, "-m", "mine.py:Mine", "--snr", "10", "--out", "run", *more)
            counts.append(len(os.environ["CALLS"]))
        assert counts == [1, 1, 2]
