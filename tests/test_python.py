"""`import whence`: the door from Python."""

import ast
import inspect
import json
import linecache
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import soundfile
from matplotlib.figure import Figure
from toy_sounding import ToySounding

import whence
from whence.benchmarks.questions.source import open_source
from whence.benchmarks.running.definitions import Unreadable, definition_digest
from whence.benchmarks.running.method import load_methods
from whence.cli import main
from whence.datagen.dataset import Dataset
from whence.datagen.pipeline import generate as render
from whence.registry import METHODS, load_track

ROOT = Path(__file__).parents[1]
TRUTH = 1e-4


@pytest.fixture(scope="module")
def data(tmp_path_factory, speech_folder):
    """Twelve clips, generated from Python."""
    path = tmp_path_factory.mktemp("python") / "tde.zarr"
    return whence.generate("tde", path, speech=speech_folder, clips=2, rt60=[0.1, 0.5], workers=1)


def constant(batch):
    """Answer the same for every clip."""
    return [TRUTH for _ in batch.audio]


@dataclass(frozen=True)
class Louder:
    """A delay by level, to the left if the left channel is louder."""

    delay: float = 3e-4
    version = "1"
    tracks = ("tde",)

    def predict(self, batch):
        """Return the delays."""
        power = np.square(batch.audio).sum(axis=-1)
        return np.where(power[:, 0] > power[:, 1], self.delay, -self.delay)


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    """A run of a name, a function and an object at two noise levels."""
    chosen = {"gcc-phat": "gcc-phat", "mine": constant, "louder": Louder(2e-4)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("whence.benchmarks.bench.write_pages", lambda run: None)  # slow; the tour writes them
        return whence.bench("tde", data, chosen, {"snr_db": [30, 0]}, out=tmp_path_factory.mktemp("run"))


class TestNames:
    def test_importing_loads_nothing_heavy_and_every_name_is_there(self):
        script = "import sys, whence; assert not {'numpy', 'pandas', 'torch', 'typer'} & set(sys.modules)"
        subprocess.run([sys.executable, "-c", script], check=True)
        assert {name for name in whence.__all__ if not hasattr(whence, name)} == set()
        assert set(whence.__all__) <= set(dir(whence))

    def test_the_stub_declares_the_same_names(self):
        tree = ast.parse((ROOT / "src/whence/__init__.pyi").read_text())
        names = {a.asname for node in tree.body if isinstance(node, ast.ImportFrom) for a in node.names}
        assert names | {"__version__"} == {*whence.__all__, "open", "metrics", "torch"}

    def test_a_misspelt_name_is_told(self):
        with pytest.raises(AttributeError, match="'gcc_fat', did you mean 'gcc_phat'"):
            _ = whence.gcc_fat

    def test_help_says_what_is_given_and_returned(self):
        for name in set(whence.__all__) - {"__version__"}:
            assert inspect.getdoc(getattr(whence, name)), name
        assert list(inspect.signature(whence.gcc_phat).parameters) == (
            ["left", "right", "sample_rate", "max_delay", "protocol", "votes"]
        )
        assert "npt.ArrayLike" in str(inspect.signature(whence.gcc_phat))
        for name in whence.metrics.__all__:
            assert "_typing" not in str(inspect.signature(getattr(whence.metrics, name))), name

    def test_a_missing_argument_is_told_by_the_name_of_the_estimator(self):
        with pytest.raises(TypeError, match=r"^gcc_phat\(\) missing 1 required positional argument: 'sample_rate'"):
            whence.gcc_phat([0.0], [0.0])

    def test_every_estimator_of_the_registry_is_a_function(self):
        blind = {"zero", "random", "random-rotation", "random-azimuth", "random-view", "random-oracle", "oracle-mask"}
        answering = {n: set(one.tracks) for n, one in METHODS.items() if one.tracks}
        two_senses = {"slfm", "probe"}  # they see on one track and hear on another
        numbers = {n for n, tracks in answering.items() if not {"sounding-object", "panning"} & tracks}
        numbers -= blind | two_senses
        assert {name.replace("-", "_") for name in numbers} == set(whence.estimators.__all__)

    def test_without_torch_one_line_says_what_to_do(self):
        script = "import sys; sys.modules['torch'] = None; import whence; whence.torch"
        said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False).stderr
        assert said.strip().splitlines()[-1].endswith("whence.torch needs torch: pip install '.[learned]'")


class TestGenerate:
    def test_it_is_the_command(self, data, speech_folder, tmp_path):
        words = ["generate", "tde", str(tmp_path / "d.zarr"), "--speech", str(speech_folder), "--clips", "2"]
        with pytest.raises(SystemExit):
            main([*words, "--rt60", "0.1", "0.5", "--workers", "1"])
        assert whence.open(tmp_path / "d.zarr").fingerprint == data.fingerprint

    def test_again_it_opens_what_is_there(self, data, speech_folder, capsys):
        again = whence.generate("tde", data.url, speech=speech_folder, clips=2, rt60=(0.1, 0.5), seed=None, workers=1)
        assert again.fingerprint == data.fingerprint
        assert capsys.readouterr().out == ""

    @pytest.mark.parametrize(
        ("kind", "options", "said"),
        [
            ("tdee", {}, "unknown kind 'tdee': did you mean 'tde'"),
            ("tde", {"clip": 2}, "generate tde has no option 'clip': did you mean 'clips'"),
            ("tde", {"json": True}, "has no option 'json'"),
            ("tde", {"clips": 0}, "--clips"),
            ("tde", {"preset": "huge"}, "--preset"),
            ("tde", {"rt60": ["long"]}, "--rt60 long: expected a number"),
            ("tde", {"talkers": 2, "protocol": "paper"}, "--talkers 2"),
            ("scenes", {}, "whence generate scenes"),
        ],
    )
    def test_what_the_command_refuses_is_an_input_error(self, kind, options, said, tmp_path):
        with pytest.raises(whence.InputError, match=said) as caught:
            whence.generate(kind, tmp_path / "x.zarr", **options)
        assert "\n" not in str(caught.value)
        assert not (tmp_path / "x.zarr").exists()

    def test_files_of_others_are_imported(self, tmp_path):
        sound = np.random.default_rng(1).uniform(-0.5, 0.5, (6 * 16_000, 2))
        soundfile.write(tmp_path / "walk.wav", sound, 16_000)
        (tmp_path / "labels.csv").write_text("path,start_time,itd_label,if_flip\nwalk.wav,30,1,0\nwalk.wav,90,3,0\n")
        found = whence.import_data(
            "in-the-wild", tmp_path / "w.zarr", clips=tmp_path, labels=tmp_path / "labels.csv", workers=1
        )
        assert (found.name, len(found)) == ("in-the-wild", 2)
        with pytest.raises(whence.InputError, match="import hm3d-ss has no option 'source'"):
            whence.import_data("hm3d-ss", tmp_path / "v.zarr", source=tmp_path)

    def test_a_script_without_a_guard_may_use_workers(self, tmp_path):
        """The workers' processes would run the script again, and wait for it."""
        script = tmp_path / "script.py"
        script.write_text(
            f"import sys; sys.path.insert(0, {str(ROOT / 'tests')!r})\n"
            "from toy_plan import ToyPlan\nfrom whence.datagen.pipeline import generate\n"
            "print('once')\ngenerate(ToyPlan(), 'toy.zarr', workers=2)\n"
        )
        done = subprocess.run(
            [sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=True
        )
        assert done.stdout == "once\n"
        assert len(whence.open(tmp_path / "toy.zarr")) == 11


class TestDataset:
    def test_a_row_has_arrays_and_labels(self, data):
        row, stored = data[-1], Dataset(data.url)
        np.testing.assert_array_equal(row.audio, stored.audio([len(data) - 1])[0])
        assert row["azimuth"] == row.azimuth == data["azimuth"][-1]
        assert isinstance(row.room, str)
        assert isinstance(row.azimuth, float)
        assert set(row) == set(stored.manifest["arrays"])
        with pytest.raises(AttributeError, match="no 'azimut'"):
            _ = row.azimut
        with pytest.raises(IndexError, match="has 12 rows"):
            data[12]

    def test_iteration_streams_every_row_in_order(self, data):
        assert [row.sample_id for row in data] == data["sample_id"].tolist() == data.frame().sample_id.tolist()
        assert [row.sample_id for row in data[2:5]] == data["sample_id"][2:5].tolist()

    def test_a_notebook_shows_tables_pictures_and_players(self, data, run):
        batch = next(iter(whence.batches("tde", data)))
        for shown in (data, data[0], batch):
            html = shown._repr_html_()
            assert all(part in html for part in ("<table>", "data:audio/wav", "<img")), type(shown)
        html = run._repr_html_()
        assert "<img" in html
        assert "gcc-phat" in html


class TestRun:
    def test_scores_have_a_row_a_method_condition_and_metric(self, run):
        scores = run.scores
        pooled = scores[scores.rt60_nominal.isna() & (scores.snr_db == 0) & (scores.metric == "mean_absolute_error")]
        assert set(pooled.method) == {"chance", "ceiling", "gcc-phat", "mine", "louder"}
        truth = run.dataset["interaural_time_difference"]
        (mine,) = pooled[pooled.method == "mine"].itertuples()
        assert mine.value == pytest.approx(1e3 * whence.metrics.mean_absolute_error(truth, np.full(12, TRUTH)))
        assert mine.ci_low <= mine.value <= mine.ci_high

    def test_plots_are_figures(self, run):
        for by in ("snr_db", "rt60_nominal", None):
            figure = run.plot.error(by=by)
            assert isinstance(figure, Figure)
            assert figure.axes[0].get_ylabel() == "MAE (ms)"
            assert len(figure.axes[0].lines) == 3
        assert figure._repr_png_()[:4] == b"\x89PNG"
        assert run.plot.error(metric="share_within_tenth_ms").axes[0].get_ylabel() == "share within 0.1 ms (%)"
        with pytest.raises(whence.InputError, match="by='snr': did you mean 'snr_db'"):
            run.plot.error(by="snr")

    def test_the_worst_samples_come_first(self, run):
        worst = run.worst(3, method="mine", condition={"snr_db": 0})
        errors = 1e3 * np.abs(run.dataset["interaural_time_difference"] - TRUTH)
        assert worst.mean_absolute_error_ms.tolist() == pytest.approx(sorted(errors)[::-1][:3])
        assert worst.truth.tolist() == run.dataset["interaural_time_difference"][worst.row].tolist()
        assert len(run.worst()) == 10
        with pytest.raises(whence.InputError, match="'mines': did you mean 'mine'"):
            run.worst(method="mines")
        with pytest.raises(whence.InputError, match="was not run: there are SNR 30 dB; SNR 0 dB"):
            run.worst(condition={"snr_db": 10})

    def test_runs_compare(self, run):
        table = whence.compare(run, against="gcc-phat")
        assert len(table) == 6
        assert (table[table.method == "gcc-phat"].difference == 0).all()
        assert whence.compare([run.folder], against="gcc-phat").equals(table)

    def test_a_bench_refuses_in_one_line(self, data, tmp_path):
        for arguments, said in (
            ({"conditions": {"snrs": 1}}, "no setting 'snrs': did you mean 'snr'"),
            ({"methods": [lambda batch: [0]]}, "it has no name; give one"),
            ({"methods": {"chance": constant}}, "reserved"),
            ({"methods": {"scot": constant}}, "another method is registered under this name"),
            ({"methods": [Louder(), Louder]}, "two methods are called 'Louder'"),
            ({"methods": [object()]}, "its class needs `version`"),
            ({"split": "tests"}, "--split tests"),
        ):
            with pytest.raises(whence.InputError, match=said):
                whence.bench("tde", data, out=tmp_path / "run", **arguments)

    @pytest.mark.parametrize("method", ["zero", constant, Louder(), Louder])
    def test_one_method_needs_no_list(self, data, method, tmp_path):
        alone, listed = (
            whence.bench("tde", data, one, {"snr_db": 30}, out=tmp_path / name, max_samples=3, report=False)
            for name, one in (("alone", method), ("listed", [method]))
        )
        assert list(alone.scores.value) == list(listed.scores.value)

    def test_the_defaults_are_those_of_the_bench(self):
        from whence.benchmarks.bench import bench as run_bench

        own, theirs = (inspect.signature(one).parameters for one in (whence.bench, run_bench))
        shared = [name for name in own if name in theirs and name not in ("methods", "conditions")]
        assert {name: own[name].default for name in shared} == {name: theirs[name].default for name in shared}
        assert len(shared) == 7

    def test_without_a_report_it_is_drawn_when_asked_for(self, data, tmp_path, monkeypatch):
        run = whence.bench("tde", data, ["zero"], {"snr_db": 30}, out=tmp_path / "run", max_samples=3, report=False)
        assert (run.folder / "tables.md").is_file()
        monkeypatch.setattr("whence.python.runs.picture", lambda *_: SimpleNamespace(uri="data:,"))
        assert "report.html" not in run._repr_html_()
        monkeypatch.setattr("whence.benchmarks.report.page._render", lambda *_: "page")
        assert not (run.folder / "report.html").exists()
        assert run.report.read_text() == "page"
        assert "report.html" in run._repr_html_()


def test_tables_of_tracks_and_methods():
    tracks = whence.tracks()
    assert tracks.loc["tde", "metrics"][0] == "mean_absolute_error"
    assert "snr_db" in tracks.loc["tde", "settings"]
    assert isinstance(whence.methods(), pd.DataFrame)
    assert "gcc-phat" in whence.methods("azimuth").index
    with pytest.raises(whence.InputError, match="did you mean 'azimuth'"):
        whence.methods("azimut")


def test_sealing(data, tmp_path):
    sealed = whence.seal(
        data,
        "tde",
        labels=tmp_path / "labels.parquet",
        out=tmp_path / "public.zarr",
        conditions={"snr_db": 0},
        allow_guessable_seed=True,
    )
    assert [one.snr_db for one in sealed.conditions] == [0.0]
    assert len(whence.open(tmp_path / "public.zarr")) == 12


class TestEstimators:
    noise = np.random.default_rng(0).standard_normal(8004)

    @pytest.mark.parametrize("name", ["gcc_phat", "scot", "roth", "flat", "ml", "beta", "whence_delay"])
    def test_delays_are_in_seconds_at_any_rate(self, name):
        estimate = getattr(whence, name)
        clips = np.stack([self.noise[4:], self.noise[:-4]])
        for rate in (16_000, 48_000):
            found = estimate(clips, clips[::-1], rate)
            assert found.tolist() == pytest.approx([4 / rate, -4 / rate], abs=6e-6)
            assert estimate(clips[0], clips[1], rate) == pytest.approx(found[0])

    def test_they_answer_as_the_bench_does(self, data):
        batch = next(iter(whence.batches("tde", data)))
        (method,) = load_methods(["iid-rms"], "left-right", ("paper",))
        assert whence.iid_rms(*batch.audio[0], 16_000) == pytest.approx(float(method.method.predict(batch)[0]))

    def test_directions_are_positive_to_the_left(self):
        assert whence.itd_sphere(self.noise[4:], self.noise[:-4], 16_000) > 15
        assert whence.ild_sphere(self.noise, 0.3 * self.noise, 16_000) > 15
        assert whence.iid_vote(self.noise, 0.3 * self.noise, 16_000) == 1

    def test_a_camera_that_turned_left_is_positive(self):
        import cv2

        angle, focal = np.radians(10), 160 / np.tan(np.radians(30))
        camera = np.array([[focal, 0, 159.5], [0, focal, 119.5], [0, 0, 1]])
        turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])  # x right
        first = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 255, (240, 320, 3), dtype=np.uint8), (0, 0), 2)
        second = cv2.warpPerspective(first, camera @ turn @ np.linalg.inv(camera), (320, 240))
        found = whence.sift(np.stack([first, second]), np.stack([second, first]), protocol="best")
        assert found.tolist() == pytest.approx([10, -10], abs=0.2)

    def test_whole_numbers_are_scaled(self):
        loud = np.clip(self.noise * 8000, -32767, 32767).astype(np.int16)
        assert whence.gcc_phat(loud[4:], loud[:-4], 16_000, protocol="best") == pytest.approx(2.5e-4, abs=1e-6)

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            ((noise, noise[:-1], 16_000), "left is .8004,., right .8003,."),
            ((noise, 0 * noise, 16_000), "right is silent"),
            ((noise[:9], noise[:9], 16_000), "left: expected .samples,."),
            ((np.append(noise, np.nan), np.append(noise, 1), 16_000), "left: 1 sample not finite"),
            ((noise, noise, 16), "sample_rate=16: expected Hz"),
            ((noise + 1j, noise, 16_000), "left: expected real numbers"),
        ],
    )
    def test_wrong_input_is_told(self, arguments, said):
        with pytest.raises(whence.InputError, match=said):
            whence.gcc_phat(*arguments)

    def test_a_wrong_parameter_is_told(self):
        with pytest.raises(whence.InputError, match="no parameter 'vote': did you mean 'votes'"):
            whence.gcc_phat(self.noise, self.noise, 16_000, vote="mode")
        with pytest.raises(whence.InputError, match="max_delay"):
            whence.gcc_phat(self.noise, self.noise, 16_000, max_delay=1.0)


def cell(text: str, **given: object) -> dict:
    """Run `text` as a notebook does: its source can be read, its module is `__main__`."""
    name, source = f"<cell {abs(hash(text))}>", textwrap.dedent(text)
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    values = {"__name__": "__main__", "np": np, **given}
    exec(compile(source, name, "exec"), values)
    return values


class TestDefinitions:
    TEXT = """
    def helper(x): return gain * x
    def mine(batch): return [helper(1.0) for _ in batch.audio]
    """

    def test_it_covers_the_source_and_what_it_uses(self):
        first = definition_digest(cell(self.TEXT, gain=1.0)["mine"])
        assert definition_digest(cell(self.TEXT, gain=1.0, other=3)["mine"]) == first
        assert definition_digest(cell(self.TEXT, gain=2.0)["mine"]) != first
        assert definition_digest(cell(self.TEXT, gain=np.float64(1))["mine"]) != first
        changed = self.TEXT.replace("gain * x", "gain + x")
        assert definition_digest(cell(changed, gain=1.0)["mine"]) != first

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ("def f(b, k=1): pass", "def f(b, k=2): pass"),
            ("def o(k):\n  def f(b): return k\n  return f\nf = o(1)",
             "def o(k):\n  def f(b): return k\n  return f\nf = o(2)"),
            ("k = np.ones(3)\ndef f(b): return k", "k = np.ones(3)\nk[0] = 2\ndef f(b): return k"),
            ("k = {'a': [1]}\ndef f(b): return k", "k = {'a': [2]}\ndef f(b): return k"),
            ("k = 1\ndef f(b): return [k for _ in b]", "k = 2\ndef f(b): return [k for _ in b]"),
            ("class A: k = 1\ndef f(b): return A.k", "class A: k = 2\ndef f(b): return A.k"),
            ("class f:\n  def predict(s, b): return 1", "class f:\n  def predict(s, b): return 2"),
            ("class A:\n  def __init__(s, k): s.k = k\nf = A(1)", "class A:\n  def __init__(s, k): s.k = k\nf = A(2)"),
            ("class B: k = 1\nclass f(B): pass", "class B: k = 2\nclass f(B): pass"),
            ("import functools\ndef g(b, k): pass\nf = functools.partial(g, k=1)",
             "import functools\ndef g(b, k): pass\nf = functools.partial(g, k=2)"),
        ],
    )  # fmt: skip
    def test_whatever_changes_the_answers_changes_it(self, before, after):
        first, again, second = (definition_digest(cell(text)["f"]) for text in (before, before, after))
        assert first == again != second

    def test_weights_count(self):
        torch = pytest.importorskip("torch")
        text = "def f(b): return network(b)"
        networks = [torch.nn.Linear(2, 1) for _ in range(2)]
        first, second = (definition_digest(cell(text, network=one)["f"]) for one in networks)
        assert first == definition_digest(cell(text, network=networks[0])["f"]) != second

    def test_what_cannot_be_read_is_refused(self):
        for given in ({"k": np.random.default_rng()}, {"k": iter([1])}):
            with pytest.raises(Unreadable):
                definition_digest(cell("def f(b): return k", **given)["f"])
        values: dict = {"__name__": "__main__"}
        exec("def f(b): return 1", values)
        with pytest.raises(Unreadable, match="source of f cannot be read"):
            definition_digest(values["f"])

    def test_a_method_that_cannot_be_read_runs_anew_and_says_so(self, capsys):
        (method,) = load_methods([cell("def mine(b): return k", k=iter([1]))["mine"]], "tde", ("paper",))
        assert not method.reusable
        assert "method 'mine' runs anew every time, its predictions are not cached" in capsys.readouterr().err
        (method,) = load_methods([cell(self.TEXT, gain=1.0)["mine"]], "tde", ("paper",))
        assert method.reusable
        assert not method.is_ours

    def test_only_what_changed_is_run_again(self, data, tmp_path, monkeypatch):
        import whence.benchmarks.bench as house

        monkeypatch.setattr(house, "write_outputs", lambda *_: None)  # slow, and tested above
        calls: list[int] = []
        monkeypatch.setattr(whence, "count", calls.append, raising=False)
        text = "import whence\ndef mine(batch):\n    whence.count(1)\n    return np.full(len(batch), gain)\n"

        def bench(**given):
            chosen = [cell(text, **given)["mine"]]
            run = whence.bench("tde", data, chosen, {"snr_db": 30}, out=tmp_path / "run")
            return run.scores.query("method == 'mine' and metric == 'mean_absolute_error'").value.iloc[0]

        first = bench(gain=1e-4)
        assert bench(gain=1e-4) == first
        assert len(calls) == 1
        assert bench(gain=5e-4) != first
        assert len(calls) == 2

    def test_a_function_in_a_file_is_a_method(self, tmp_path):
        (tmp_path / "mine.py").write_text("def mine(batch):\n    return [0.0] * len(batch)\n")
        (method,) = load_methods([f"{tmp_path}/mine.py:mine"], "tde", ("paper",))
        assert len(method.source) == 64
        assert method.folder == tmp_path


class TestTorch:
    @pytest.fixture(autouse=True)
    def torch(self):
        """Torch, if it is installed."""
        return pytest.importorskip("torch")

    def given(self, data) -> dict:
        """Return what the bench gives at 30 dB, by sample."""
        source = open_source(load_track("tde"), data)
        (condition,) = source.grid({"--snr": [30.0]})
        batches = list(source.batches(source.labels, condition))
        return {name: clip for batch in batches for name, clip in zip(batch.sample_id, batch.audio, strict=True)}

    def test_samples_are_what_the_bench_gives(self, data):
        samples = whence.torch.Samples("tde", data, {"snr_db": 30})
        known = self.given(data)
        for one in (samples[3], samples[-1], *samples.__getitems__([5, 1])):
            np.testing.assert_array_equal(one["audio"].numpy(), known[one["sample_id"]])
        assert float(samples[3]["truth"]) == pytest.approx(data["interaural_time_difference"][3])
        with pytest.raises(IndexError, match="there are 12"):
            samples[12]
        with pytest.raises(whence.InputError, match="give snr one level"):
            whence.torch.Samples("tde", data, {"snr_db": [1, 2]})

    @pytest.mark.filterwarnings("ignore:This DataLoader", "ignore:.*fork")
    def test_two_workers_give_every_sample_once(self, data, monkeypatch):
        from torch.utils.data import DataLoader

        monkeypatch.setattr(whence.torch, "_rows_per_shard", lambda dataset: 3)
        stream = whence.torch.Stream("tde", data, {"snr_db": 30}, shards_together=2)
        known = self.given(data)
        batches = list(DataLoader(stream, batch_size=5, num_workers=2))
        names = [name for batch in batches for name in batch["sample_id"]]
        assert sorted(names) == sorted(known)
        for batch in batches:
            np.testing.assert_array_equal(batch["audio"].numpy(), [known[name] for name in batch["sample_id"]])

    def test_a_stream_is_shuffled_by_shard_and_epoch(self, data, monkeypatch):
        monkeypatch.setattr(whence.torch, "_rows_per_shard", lambda dataset: 4)
        stream = whence.torch.Stream("tde", data, {"snr_db": 30}, shards_together=1)
        stored = data["sample_id"].tolist()
        orders = []
        for epoch in (0, 0, 1):
            stream.set_epoch(epoch)
            orders.append([one["sample_id"] for one in stream])
        assert orders[0] == orders[1] != orders[2] != stored
        for order in orders:
            shards = [stored.index(name) // 4 for name in order]
            assert [len(set(shards[k : k + 4])) for k in (0, 4, 8)] == [1, 1, 1]
        plain = whence.torch.Stream("tde", data, shuffle=False)
        assert [one["sample_id"] for one in plain] == stored
        assert plain.condition.snr_db == 10

    def test_pictures_come_with_their_boxes(self, tmp_path):
        from torch.utils.data import DataLoader

        render(ToySounding(), str(tmp_path / "s.zarr"))
        stream = whence.torch.Stream("sounding-object", tmp_path / "s.zarr", split="all", shuffle=False)
        batch = next(iter(DataLoader(stream, batch_size=4, collate_fn=whence.torch.collate)))
        (known, *_) = whence.batches("sounding-object", tmp_path / "s.zarr", split="all")
        np.testing.assert_array_equal(batch["image"].numpy(), known.image[:4])
        np.testing.assert_array_equal(batch["audio"].numpy(), known.audio[:4])
        for box, truth in zip(batch["truth"], stream.labels.truth, strict=False):
            np.testing.assert_allclose(box.numpy(), truth, rtol=1e-6)

    def test_what_differs_in_shape_stays_a_list(self, torch):
        samples = [{"a": torch.zeros(2), "b": torch.zeros(k), "sample_id": str(k)} for k in (1, 2)]
        batch = whence.torch.collate(samples)
        assert batch["a"].shape == (2, 2)
        assert [len(one) for one in batch["b"]] == [1, 2]


def test_the_tour_runs_and_shows_what_it_says(tmp_path, monkeypatch):
    """Its cells run in order, as a notebook runs them; the page in docs holds what they showed."""
    pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    notebook = json.loads((ROOT / "docs/tour.ipynb").read_text())
    values: dict = {"__name__": "__main__"}
    for number, one in enumerate(notebook["cells"]):
        if one["cell_type"] == "code":
            source, name = "".join(one["source"]), f"<tour {number}>"
            linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
            exec(compile(source, name, "exec"), values)
            assert one["execution_count"], "an executed notebook"
            assert not [out for out in one["outputs"] if out["output_type"] == "error"]
    assert {"gcc-phat", "mine", "salvati, six steps"} <= set(values["run"].scores.method)
    kinds = {kind for one in notebook["cells"] for out in one.get("outputs", ()) for kind in out.get("data", ())}
    assert {"text/html", "image/png"} <= kinds
