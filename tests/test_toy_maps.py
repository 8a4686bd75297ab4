"""Maps go the same way as numbers: bench, compare, report, seal, submit, score on a board, export."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
import toy_maps
from toy_board import toy_submission
from toy_maps import SIZE, TRACK, ToyPictures, box_map
from warm_process import run_whence

from whence.benchmarks.bench import bench, open_run, write_pages
from whence.benchmarks.questions.answer import AnswerKind
from whence.benchmarks.questions.source import open_source
from whence.benchmarks.running.predictions import read_predictions, score_file
from whence.benchmarks.scoring.compare import comparisons
from whence.datagen.dataset import Dataset
from whence.datagen.pipeline import generate
from whence.errors import InputError
from whence.leaderboard.boards.service.checking import Checkers
from whence.leaderboard.boards.service.settings import Settings
from whence.leaderboard.submission.expectation import Expectation
from whence.leaderboard.submission.file import write_submission

MODULE = Path(toy_maps.__file__)
BRIGHT, BLOB = f"{MODULE}:Bright", f"{MODULE}:Blob"


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """The environment of a machine on which the track is installed."""
    path = toy_maps.register(tmp_path_factory.mktemp("site"))
    return {**os.environ, "PYTHONPATH": path}


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> str:
    url = str(tmp_path_factory.mktemp("data") / "pictures.zarr")
    generate(ToyPictures(), url)
    return url


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    """The track, in this process."""
    from whence import registry

    entry = registry.Registration("toy_maps:TRACK", ("toy-maps",), "where it is bright")
    monkeypatch.setitem(registry.TRACKS, "toy-maps", entry)


@pytest.fixture
def run(data, tmp_path):
    return bench("toy-maps", data, tmp_path / "run", methods=[BRIGHT, BLOB], report=False)


def whence(*words: object, env: dict[str, str]) -> str:
    """Return what the program prints."""
    answer = run_whence(*words, environment=env)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def test_scores_are_those_of_plain_numpy(run):
    rows = {(r.method, r.condition["snr_db"]): r for r in run.results.find(metric="box_overlap", boxes=None)}
    clean = rows[BRIGHT, None]
    assert clean.value == pytest.approx(100.0), "boxes lie on whole pixels"
    assert rows["ceiling", None].value == 100.0
    stored = read_predictions(next(one.file for one in run.scored if one.condition["snr_db"] == 0.0)).answers
    expected = []
    for answer, boxes in zip(stored, run.labels.truth, strict=True):
        true, said = box_map(boxes) > 0.5, answer > 0.5
        expected.append(100 * (true & said).sum() / (true | said).sum())
    assert rows[BRIGHT, 0.0].value == pytest.approx(np.mean(expected))
    assert rows[BLOB, None].value == rows["chance", None].value
    halves = run.results.find(metric="box_overlap", method=BRIGHT, snr_db=0.0)
    assert {row.condition.get("boxes"): row.n for row in halves} == {None: 48, 1.0: 24, 2.0: 24}


def test_answers_are_stored_as_declared_and_read_back(run):
    table = parquet.read_table(run.files[0])
    assert table.schema.field("prediction").type == pa.binary(SIZE * SIZE * 2)
    again = open_run(run.folder)
    assert [one.method for one in again.scored] == [one.method for one in run.scored]
    assert [row.value for row in again.results.rows] == [row.value for row in run.results.rows]


def test_methods_are_compared_and_the_page_shows_maps(run):
    rows = comparisons([run])
    assert rows[0].method == BRIGHT
    assert rows[0].rank == 1
    write_pages(run)
    page = (run.folder / "report.html").read_text()
    assert "Where is it bright?" in page
    assert "Worst pictures" in page
    assert "a map of 56 x 56" in page
    assert (run.folder / "figures" / "worst-01.png").exists()
    (said,) = {one.listens for one in run.scored if one.method == BLOB}
    assert said is False, "it says itself that it ignores its input"


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (pa.array([0.5] * 48), "answers of type double: expected fixed_size_binary"),
        (pa.array([b"\0" * 8] * 48, pa.binary(8)), r"fixed_size_binary\[8\]"),
        (np.full((48, SIZE, SIZE), np.nan), "answers are not finite"),
        (np.zeros((47, SIZE, SIZE)), "47 of 48 samples"),
    ],
    ids=["numbers", "small", "nan", "short"],
)
def test_a_predictions_file_of_other_maps_is_refused(run, tmp_path, column, message):
    table = parquet.read_table(run.files[0])
    if isinstance(column, np.ndarray):
        column = TRACK.answer.column(column)
    table = table.slice(0, len(column)).set_column(table.schema.get_field_index("prediction"), "prediction", column)
    path = tmp_path / "hostile.parquet"
    parquet.write_table(table, path)
    with pytest.raises(InputError, match=message):
        score_file(path, TRACK, run.labels)


def test_a_method_that_returns_another_shape_is_refused(data, tmp_path):
    (tmp_path / "mine.py").write_text(
        "import numpy as np\nclass Mine:\n    version, tracks = '1', ('toy-maps',)\n"
        "    def predict(self, batch):\n        return np.zeros((len(batch), 28, 28))\n"
    )
    with pytest.raises(InputError, match=r"returned shape \(16, 28, 28\): expected \(16, 56, 56\)"):
        bench("toy-maps", data, tmp_path / "run", methods=[f"{tmp_path}/mine.py:Mine"])


@pytest.mark.parametrize("stored", ["float16", "float32", "uint8"])
def test_columns_give_every_answer_back(stored):
    kind = AnswerKind("maps", (3, 5), stored)
    answers = np.arange(60.0).reshape(4, 3, 5)
    column = kind.column(answers)
    np.testing.assert_array_equal(kind.values(column), answers)
    np.testing.assert_array_equal(kind.values(column.slice(1, 2)), answers[1:3])


def test_the_truth_of_a_sealed_set_is_not_there(data, environment, tmp_path):
    out, labels = tmp_path / "public.zarr", tmp_path / "labels.parquet"
    whence("seal", data, "--track", "toy-maps", "--labels", labels, "--out", out, env=environment)
    source = open_source(TRACK, Dataset(str(out)))
    assert np.isnan(source.labels.truth).all()
    assert "boxes" not in source.dataset


@pytest.fixture(scope="module")
def sealed(data, environment, tmp_path_factory):
    """A folder with a sealed set, its labels, and both methods run on it."""
    folder = tmp_path_factory.mktemp("sealed")
    words = ["--track", "toy-maps", "--labels", folder / "labels.parquet", "--out", folder / "public.zarr"]
    whence("seal", data, *words, env=environment)
    whence(
        "bench", "toy-maps", folder / "public.zarr", "--method", BRIGHT, BLOB, "--out", folder / "run", env=environment
    )
    for name in ("Bright", "Blob"):
        card = f'name = "{name}"\nauthors = "Nobody"\ntraining_data = "none"\n'
        (folder / f"{name}.toml").write_text(card)
    return folder


def test_a_run_by_commands(data, environment, tmp_path):
    run = tmp_path / "run"
    out = whence("bench", "toy-maps", data, "--method", BRIGHT, BLOB, "--out", run, "--no-report", env=environment)
    assert "IoU" in out
    assert "Bright" in whence("compare", run, env=environment)
    assert "report.html" in whence("report", run, env=environment)
    assert "toy-maps" in whence("tracks", env=environment)


def test_a_sealed_set_holds_pictures_and_no_boxes(sealed):
    source = open_source(TRACK, Dataset(str(sealed / "public.zarr")))
    assert np.isnan(source.labels.truth).all()
    assert "boxes" not in source.dataset
    assert json.loads((sealed / "run" / "run.json").read_text())["sealed"] is True


def shown(site):
    """Return the standing of an exported board, and the overall score of each entry by name."""
    standing = json.loads((site / "tracks" / "maps" / "standing.json").read_text())
    names = {key: entry["card"]["name"] for key, entry in standing["entries"].items()}
    return standing, {names[row["method"]]: row["value"] for row in standing["overall"] if row["method"] in names}


def test_a_board_in_a_folder(data, sealed, environment, tmp_path):
    board, site, labels = tmp_path / "board", tmp_path / "site", sealed / "labels.parquet"
    public = sealed / "public.zarr"
    whence("leaderboard", "init", board, "--files", "--title", "Maps", env=environment)
    whence("leaderboard", "add-track", board, "maps", public, "--title", "Maps", env=environment)
    for name, method in (("Bright", BRIGHT), ("Blob", BLOB)):
        words = ["--method", method, "--card", sealed / f"{name}.toml", "--board", board]
        assert "added" in whence("submit", sealed / "run", *words, env=environment)
    whence("leaderboard", "close", board, "maps", env=environment)
    whence("leaderboard", "export", board, site, "--labels", labels, "--data", public, env=environment)
    standing, scores = shown(site)
    assert standing["metrics"][0]["name"] == "box_overlap"
    assert scores.keys() == {"Bright", "Blob"}
    assert scores["Bright"] > 50 > scores["Blob"]
    pages = {path.name for path in site.rglob("*.html")}
    assert pages
    assert any(path.suffix == ".jpg" for path in site.rglob("*")), "the worst pictures are shown"


def test_a_large_submission_in_hundreds_of_pieces_is_taken(environment, monkeypatch, tmp_path):
    """One that another program wrote, a piece a batch: within the budgets of header bytes, values and seconds."""
    monkeypatch.setenv("PYTHONPATH", environment["PYTHONPATH"])
    expected = Expectation("toy-maps", "ab" * 32, [{"snr_db": 0.0}, {"snr_db": None}], [f"p{k}" for k in range(2000)])
    maps = np.random.default_rng(0).integers(0, 2, (2, 2000, SIZE, SIZE), dtype=np.int8)
    write_submission(toy_submission(expected, maps), tmp_path / "whole.parquet")
    path = tmp_path / "pieces.parquet"
    whole = parquet.read_table(tmp_path / "whole.parquet")
    parquet.write_table(whole, path, row_group_size=16, compression="zstd", use_dictionary=["sample_id"])
    assert parquet.ParquetFile(path).metadata.num_row_groups == 250
    settings = Settings(folder=tmp_path)
    checkers = Checkers(settings.scoring_bytes, settings.checking_seconds)
    try:
        assert checkers.method_of(path, expected, "large") == "mine"
    finally:
        checkers.close()


def test_a_board_on_a_server(data, sealed, environment, tmp_path):
    """Init, add-track, token, serve, submit, score, export: with the track of another distribution."""
    board, site = tmp_path / "board", tmp_path / "site"
    whence("leaderboard", "init", board, "--title", "Maps", env=environment)
    public = sealed / "public.zarr"
    words = ["--labels", sealed / "labels.parquet", "--title", "Maps"]
    whence("leaderboard", "add-track", board, "maps", public, *words, env=environment)
    token = whence("leaderboard", "token", board, "team", env=environment).split()[-1]
    command = [sys.executable, "-u", "-m", "whence", "leaderboard", "serve", str(board), "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=environment, start_new_session=True
    ) as server:
        try:
            url = re.search(r"http://\S+", server.stdout.readline())[0]
            for name, method in (("Bright", BRIGHT), ("Blob", BLOB)):
                words = ["--method", method, "--card", sealed / f"{name}.toml", "--board", url]
                out = whence("submit", sealed / "run", *words, env={**environment, "WHENCE_TOKEN": token})
                assert "score" in out
        finally:
            os.killpg(server.pid, signal.SIGKILL)
    whence("leaderboard", "close", board, "maps", env=environment)
    whence("leaderboard", "export", board, site, env=environment)
    _, scores = shown(site)
    assert scores["Bright"] > 50 > scores["Blob"]
