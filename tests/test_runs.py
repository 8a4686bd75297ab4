"""Runs that lose nothing and never lie: caches that notice every change, failures and kills that cost nothing else."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import toy_maps
from toy_maps import ToyPictures

from whence import registry
from whence.benchmarks.bench import bench, open_run
from whence.benchmarks.running import harness
from whence.benchmarks.running.predictions import read_predictions
from whence.benchmarks.running.shared_work import once
from whence.benchmarks.scoring.compare import comparisons
from whence.commands.arguments import spread_lists
from whence.datagen.pipeline import generate
from whence.errors import InputError

MODULE = Path(toy_maps.__file__)
BRIGHT, BLOB = f"{MODULE}:Bright", f"{MODULE}:Blob"

METHOD = """
from dataclasses import dataclass
from pathlib import Path
import json
import numpy as np
{imports}

HERE = Path(__file__).parent

@dataclass(frozen=True)
class Mine:
    weights: Path = Path("none")
    words: str = ""
    version = "1"
    tracks = ("toy-maps",)

    def predict(self, batch):
        return np.full((len(batch), 56, 56), {value})
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> str:
    url = str(tmp_path_factory.mktemp("data") / "pictures.zarr")
    generate(ToyPictures(), url)
    return url


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    entry = registry.Registration("toy_maps:TRACK", ("toy-maps",), "where it is bright")
    monkeypatch.setitem(registry.TRACKS, "toy-maps", entry)


@pytest.fixture(autouse=True)
def no_pages(monkeypatch, request):
    """Reports take longer than all else here."""
    if "pages" not in request.keywords:
        monkeypatch.setattr("whence.benchmarks.bench.write_pages", lambda run: None)


def answer(data: str, folder: Path, method: str) -> float:
    """Bench one method and return what it says."""
    run = bench("toy-maps", data, folder, methods=[method], report=False)
    return float(read_predictions(run.files[-1]).answers[0, 0, 0])


CHANGES = {
    "module": ("beside.py", "VALUE = {}", "from beside import VALUE", "VALUE"),
    "text": ("value.txt", "{}", "", "float((HERE / 'value.txt').read_text())"),
    "json": ("deep/er/settings", '{{"value": {}}}', "", "json.loads((HERE / 'deep/er/settings').read_text())['value']"),
    "late module": ("late.py", "VALUE = {}", "import runpy", "runpy.run_path(str(HERE / 'late.py'))['VALUE']"),
    "parameter": ("elsewhere/w.bin", "{}", "", "float(self.weights.read_text())"),
    "word": ("elsewhere/w.any", "{}", "", "float(Path(self.words).read_text())"),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_whatever_a_method_reads_changes_its_answers(data, tmp_path, kind):
    name, content, imports, value = CHANGES[kind]
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "mine.py").write_text(METHOD.format(imports=imports, value=value))
    parameter = {"parameter": f":weights={file}", "word": f":words={file}"}.get(kind, "")
    for number in ("0.25", "0.5", "0.5", "0.25"):
        file.write_text(content.format(number))
        assert answer(data, tmp_path / "run", f"{tmp_path}/mine.py:Mine{parameter}") == float(number)


def test_weights_that_native_code_reads_count(data, tmp_path):
    """NumPy maps its file without a word to Python's audit hooks."""
    (tmp_path / "mine.py").write_text(
        METHOD.format(imports="", value="np.memmap(HERE / 'w.npy', dtype='<f8', mode='r')[0]")
    )
    for number in (0.25, 0.5):
        np.array([number]).tofile(tmp_path / "w.npy")
        assert answer(data, tmp_path / "run", f"{tmp_path}/mine.py:Mine") == number


def test_a_checkpoint_that_a_method_lists_counts(data, tmp_path):
    text = METHOD.format(imports="", value="float(Path(self.files()[0]).read_text())")
    far = tmp_path / "far" / "checkpoint"
    far.parent.mkdir()
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "mine.py").write_text(text + f"\n    def files(self):\n        return [{str(far)!r}]\n")
    for number in ("0.25", "0.5"):
        far.write_text(number)
        assert answer(data, tmp_path / "run", f"{tmp_path}/here/mine.py:Mine") == float(number)


def test_nothing_is_computed_again_when_nothing_changed(data, tmp_path):
    (tmp_path / "mine.py").write_text(METHOD.format(imports="", value="float((HERE / 'value.txt').read_text())"))
    (tmp_path / "value.txt").write_text("0.5")
    run = bench("toy-maps", data, tmp_path / "run", methods=[f"{tmp_path}/mine.py:Mine"], report=False)
    times = [file.stat().st_mtime_ns for file in run.files]
    (tmp_path / "notes.txt").write_text("what the method never reads")
    again = bench("toy-maps", data, tmp_path / "run", methods=[f"{tmp_path}/mine.py:Mine"], report=False)
    assert [file.stat().st_mtime_ns for file in again.files] == times


FAILING = METHOD.format(imports="", value="1 / 0 if batch.sample_id[0] != 'picture/000' else 0.5")


def test_methods_share_work_on_a_batch_and_on_no_other(data, tmp_path):
    given = []

    def loud(batch):
        total = once("sum", batch.picture, lambda: given.append(batch.picture) or batch.picture.sum(keepdims=True))
        return np.full((len(batch), 56, 56), float(np.isfinite(total).all()))

    def loud_too(batch):
        return loud(batch)

    bench("toy-maps", data, tmp_path / "run", methods={"loud": loud, "loud too": loud_too}, report=False)
    assert len(given) == len({one.tobytes() for one in given}) == 6, "three batches under two conditions"


class TestFailures:
    def test_neighbours_are_kept_and_the_failing_one_is_named(self, data, tmp_path):
        (tmp_path / "mine.py").write_text(FAILING)
        mine = f"{tmp_path}/mine.py:Mine"
        with pytest.raises(InputError, match=r"mine.py:Mine' raised ZeroDivisionError.*the methods that finished are"):
            bench("toy-maps", data, tmp_path / "run", methods=[mine, BRIGHT])
        run = open_run(tmp_path / "run")
        assert {(one.method, one.condition["snr_db"]) for one in run.scored} == {(BRIGHT, 0.0)}, "the rest is left out"
        assert run.results.find(method=BRIGHT)

    def test_keep_going_runs_the_rest(self, data, tmp_path):
        (tmp_path / "mine.py").write_text(FAILING)
        with pytest.raises(InputError, match="ZeroDivisionError"):
            bench(
                "toy-maps",
                data,
                tmp_path / "run",
                methods=[f"{tmp_path}/mine.py:Mine", BRIGHT],
                keep_going=True,
            )
        run = open_run(tmp_path / "run")
        assert {(one.method, one.condition["snr_db"]) for one in run.scored} == {(BRIGHT, 0.0), (BRIGHT, None)}

    def test_answers_that_cannot_be_written_cost_no_neighbour(self, data, tmp_path):
        value = "0.5), {'sample_id': np.zeros(len(batch))}"
        text = METHOD.format(imports="from whence.benchmarks.running.method import Diagnosed", value=value)
        (tmp_path / "mine.py").write_text(text.replace("return np.full", "return Diagnosed(np.full"))
        with pytest.raises(InputError, match="diagnostic 'sample_id' has the name of another column"):
            bench("toy-maps", data, tmp_path / "run", methods=[f"{tmp_path}/mine.py:Mine", BRIGHT])
        assert {one.method for one in open_run(tmp_path / "run").scored} == {BRIGHT}

    def test_a_method_that_fails_alone_leaves_no_run(self, data, tmp_path):
        (tmp_path / "mine.py").write_text(FAILING)
        with pytest.raises(InputError, match="ZeroDivisionError"):
            bench("toy-maps", data, tmp_path / "run", methods=[f"{tmp_path}/mine.py:Mine"])
        assert not (tmp_path / "run" / "results.json").exists()

    def test_answers_that_overflow_what_is_stored_are_refused(self, data, tmp_path):
        (tmp_path / "mine.py").write_text(METHOD.format(imports="", value="6e4 * 1e3"))
        with pytest.raises(InputError, match="too large for float16"):
            bench("toy-maps", data, tmp_path / "run", methods=[f"{tmp_path}/mine.py:Mine"])


class TestRunFolder:
    def test_one_more_method_adds_a_row(self, data, tmp_path):
        bench("toy-maps", data, tmp_path, methods=[BRIGHT], report=False)
        run = bench("toy-maps", data, tmp_path, methods=[BLOB], report=False)
        assert {row.method for row in run.results.rows} == {"chance", "ceiling", BRIGHT, BLOB}
        listed = json.loads((tmp_path / "run.json").read_text())["predictions"]
        assert len(listed) == 4
        assert {one.method for one in open_run(tmp_path).scored} == {BRIGHT, BLOB}

    def test_a_changed_method_replaces_its_older_predictions(self, data, tmp_path):
        for value in ("0.25", "0.75"):
            (tmp_path / "mine.py").write_text(METHOD.format(imports="", value=value))
            run = bench("toy-maps", data, tmp_path / "run", methods=[f"{tmp_path}/mine.py:Mine"], report=False)
            assert len(run.scored) == 2
        assert len(list((tmp_path / "run" / "predictions").glob("*"))) == 4
        assert {float(read_predictions(file).answers[0, 0, 0]) for file in open_run(tmp_path / "run").files} == {0.75}

    def test_files_of_another_run_do_not_belong(self, data, tmp_path):
        bench("toy-maps", data, tmp_path, methods=[BRIGHT], max_samples=8, report=False)
        run = bench("toy-maps", data, tmp_path, methods=[BLOB], report=False)
        assert {one.method for one in run.scored} == {BLOB}

    def test_runs_of_one_name_are_told_apart(self, data, tmp_path):
        for folder, value in (("a", "0.25"), ("b", "0.75")):
            (tmp_path / "mine.py").write_text(METHOD.format(imports="", value=value))
            bench("toy-maps", data, tmp_path / folder / "run", methods=[f"{tmp_path}/mine.py:Mine"], report=False)
        runs = [open_run(tmp_path / folder / "run") for folder in ("a", "b")]
        assert {row.method.rpartition(" ")[2] for row in comparisons(runs)} == {f"{tmp_path}/mine.py:Mine", "(b/run)"}

    def test_only_the_method_is_timed(self, data, tmp_path, monkeypatch):
        clock = [0.0]

        def copied(batch):
            clock[0] += 1.0
            return batch

        monkeypatch.setattr(harness, "private_copy", copied)
        monkeypatch.setattr(harness.time, "perf_counter", lambda: clock[0])
        run = bench("toy-maps", data, tmp_path, methods=[BRIGHT], report=False)
        assert {one.seconds_per_sample for one in run.scored} == {0.0}


KILLED = """
import os, random, signal, sys, time, warnings
sys.path.insert(0, {tests!r})
import numpy as np
from pathlib import Path
from whence import registry
registry.TRACKS["toy-maps"] = registry.Registration("toy_maps:TRACK", ("toy-maps",), "toy")
from whence.benchmarks import bench as benching
from whence.benchmarks.scoring.results import read_results
benching.write_pages = lambda run: benching.write_tables(run.results, run.track, run.labels, run.folder)
data, folder, methods = {data!r}, Path({folder!r}), {methods!r}
started = time.perf_counter()
benching.bench("toy-maps", data, folder / "whole", methods=methods)
length, chance = time.perf_counter() - started, random.Random(0)
for kill in range(20):
    run = folder / f"killed-{{kill % 4}}"
    child = os.fork()
    if not child:
        benching.bench("toy-maps", data, run, methods=methods)
        os._exit(0)
    time.sleep(chance.uniform(0, length))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    if (run / "results.json").exists():
        read_results(run)
    for name in ("run.json", "tables.md", "tables.tex", "results.csv"):
        assert not (run / name).exists() or (run / name).read_text().endswith("\\n"), name
for k in range(4):
    benching.bench("toy-maps", data, folder / f"killed-{{k}}", methods=methods)
"""


def test_twenty_kills_change_no_score(data, tmp_path):
    """Every file of a killed run is whole or absent, and running it again gives what an undisturbed run gives."""
    code = KILLED.format(tests=str(MODULE.parent), data=data, folder=str(tmp_path), methods=[BRIGHT, BLOB])
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert answer.returncode == 0, answer.stderr[-2000:]

    def scores(folder: Path) -> list[tuple[str, str, float, float]]:
        rows = json.loads((folder / "results.json").read_text())["rows"]
        return [(row["method"], str(row["condition"]), row["value"], row["ci_low"]) for row in rows]

    expected = scores(tmp_path / "whole")
    for k in range(4):
        assert sorted(scores(tmp_path / f"killed-{k}")) == sorted(expected)


def test_the_method_option_of_submit_takes_one_name():
    assert spread_lists(["submit", "--method", "a", "RUN"]) == ["submit", "--method", "a", "RUN"]
    assert spread_lists(["bench", "t", "d", "--method", "a", "b"])[3:] == ["--method=a", "--method=b"]
