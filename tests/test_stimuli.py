"""The harness on pictures: pairs of views in place of clips, splits, options that do not apply, diagnostics, report."""

import json
import re
from dataclasses import dataclass

import cv2
import numpy as np
import pytest

from whence.benchmarks.bench import bench, open_run
from whence.benchmarks.questions.labels import Labels
from whence.benchmarks.questions.settings import grid
from whence.benchmarks.questions.source import chosen_split, open_source
from whence.benchmarks.questions.stimulus import private_copy
from whence.benchmarks.report.page import write_report
from whence.benchmarks.report.tables import all_tables, published_table, score_table
from whence.benchmarks.running.predictions import read_predictions
from whence.benchmarks.scoring.compare import comparisons
from whence.benchmarks.scoring.results import read_results
from whence.benchmarks.stimuli.seeds import stream
from whence.benchmarks.stimuli.stereo.batch import STEREO, second_talkers
from whence.benchmarks.stimuli.stereo.condition import StereoCondition
from whence.benchmarks.stimuli.view_pairs.batch import VIEW_PAIRS, seen
from whence.benchmarks.stimuli.view_pairs.condition import AsStored
from whence.benchmarks.stimuli.view_pairs.picture import heading_line
from whence.benchmarks.tracks.rotation import TRACK
from whence.cli import main
from whence.conventions import wrap_degrees
from whence.datagen.acoustics.auralize import add_noise
from whence.datagen.cameras import Camera, orientation, project, relative_rotation
from whence.datagen.dataset import Dataset
from whence.datagen.panoramas import crop
from whence.datagen.pipeline import generate
from whence.datagen.shards import Field, Layout
from whence.datagen.tde import TdePlan, TdeRecipe
from whence.digests import generator_for
from whence.errors import InputError
from whence.registry import load_track

VIEWS = 3
SECRET = 2**127 + 12345
CAMERA = Camera()
SPLITS = ("train", "train", "val", "test", "test", "test")
MINE = """
import numpy as np
from whence.benchmarks.running.method import Diagnosed

class Mine:
    version = "1"
    tracks = ("rotation",)

    def predict(self, batch):
        guess = np.linspace(-1, 1, len(batch))
        return Diagnosed(guess, {"certainty": np.arange(len(batch)), "luck": np.full(len(batch), np.nan)})
"""


def spots():
    """A panorama of spots."""
    noise = np.random.default_rng(0).uniform(0, 255, (256, 512, 3))
    blurred = cv2.GaussianBlur(noise, (0, 0), 1.5)
    return np.clip(128 + 45 * (blurred - 127) / blurred.std(), 0, 255).astype(np.uint8)


@dataclass(frozen=True)
class ToyViews:
    """The pictures of a made-up HM3D-SS: six scenes, one example each, the same spots seen in other directions."""

    scenes: int = 6
    dataset: str = "hm3d-ss"

    @property
    def recipe(self):
        return {"scenes": self.scenes}

    @property
    def provenance(self):
        return {}

    @property
    def layout(self):
        camera = {"horizontal_field_of_view_deg": 60.0, "pitch_deg": -22.5}
        shape, dimensions = (VIEWS, 240, 320, 3), ("view", "height", "width", "channel")
        fields = (
            Field("image", "uint8", "views", shape, dimensions, camera, chunk_rows=1),
            Field("heading", "float64", "left positive", (VIEWS,), ("view",)),
            Field("sample_id", "str", "name"),
            Field("scene", "str", "home"),
            Field("split", "str", "by scene"),
        )
        return Layout("example", self.scenes, 2, fields)

    def render(self, row):
        rng = generator_for(0, f"toy/{row}")
        heading = np.mod(rng.uniform(0, 360) + np.array([0, rng.uniform(10, 28), -rng.uniform(32, 50)]), 360)
        return {
            "image": np.stack([crop(spots(), h, -22.5, samples=1) for h in heading]),
            "heading": heading,
            "sample_id": f"home-{row}/0",
            "scene": f"home-{row}",
            "split": SPLITS[row],
        }


@pytest.fixture(scope="module", autouse=True)
def _few_worst():
    """Two pairs in place of ten, to save time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("whence.benchmarks.report.worst.COUNT", 2)
        yield


@pytest.fixture
def no_pages(monkeypatch):
    """No tables and no report, to save time."""
    monkeypatch.setattr("whence.benchmarks.bench.write_pages", lambda run: None)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    url = str(tmp_path_factory.mktemp("data") / "views.zarr")
    generate(ToyViews(), url)
    return url


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    methods = ["zero", "random-rotation", "sift"]
    return bench("rotation", data, tmp_path_factory.mktemp("run"), methods=methods, protocol="both", split="all")


class TestLabels:
    def test_the_place_within_a_row_goes_along(self):
        names = np.array(list("abcd"), dtype=object)
        labels = Labels(np.arange(4) // 2, names, np.zeros(4), names, {}, np.array([[1], [2], [1], [2]]), "scene")
        part = labels.take(np.array([3, 0]))
        assert part.within.tolist() == [[2], [1]]
        assert part.cluster_name == "scene"
        assert labels.first(2).within.tolist() == [[1], [2]]

    def test_a_row_that_is_a_sample_needs_no_place(self):
        names = np.array(list("ab"), dtype=object)
        labels = Labels(np.arange(2), names, np.zeros(2), names, {})
        assert labels.within.shape == (2, 0)
        assert labels.first(1).within.shape == (1, 0)

    def test_batches_are_all_samples_in_their_order(self):
        names = np.array(list("abcde"), dtype=object)
        labels = Labels(np.arange(5), names, np.zeros(5), names, {})
        assert [part.sample_id.tolist() for part in labels.batches(2)] == [["a", "b"], ["c", "d"], ["e"]]

    def test_pairs_are_those_of_each_row(self, data):
        labels = open_source(TRACK, Dataset(data), "all").labels
        heading = Dataset(data).column("heading")
        assert len(labels) == 6 * (VIEWS - 1)
        assert labels.sample_id[:2].tolist() == ["home-0/0/view-1", "home-0/0/view-2"]
        np.testing.assert_allclose(
            labels.truth.reshape(6, 2), wrap_degrees(heading[:, 1:] - heading[:, :1]), atol=1e-12
        )
        assert set(labels.groups["rotation_up_to"]) == {30.0, 60.0}


class TestViewPairs:
    def test_methods_see_what_is_stored(self, data):
        dataset = Dataset(data)
        labels = open_source(TRACK, dataset, "all").labels.take(np.array([3, 8]))
        batch = seen(dataset, labels)
        stored = dataset.column("image")
        np.testing.assert_array_equal(batch.images_0, stored[[1, 4], 0])
        np.testing.assert_array_equal(batch.images_1, stored[[1, 4], [2, 1]])
        assert batch.pitch_deg.tolist() == [-22.5, -22.5]

    def test_a_method_that_writes_into_its_batch_harms_nobody_else(self, data):
        dataset = Dataset(data)
        batch = next(VIEW_PAIRS.batches(dataset, open_source(TRACK, dataset).labels, AsStored()))
        other = private_copy(batch)
        for name, values in vars(other).items():
            if isinstance(values, np.ndarray):
                values[:] = 0
                assert getattr(batch, name).any(), name

    def test_the_drawn_heading_is_where_the_other_view_looks(self):
        turn, pitch = 20.0, -22.5
        forward = relative_rotation(turn, 0.0, pitch) @ [0, 0, 1]  # of the second camera, in the first one's axes
        expected = CAMERA.intrinsics @ forward
        line = heading_line(CAMERA.intrinsics, pitch, turn)
        distance = np.linalg.norm(line - expected[:2] / expected[2], axis=1)
        assert np.nanmin(distance) < 0.1
        straight, _ = project(CAMERA, orientation(0, pitch), np.zeros(3), [[0, 0, -1]])
        assert np.nanmin(np.linalg.norm(heading_line(CAMERA.intrinsics, pitch, 0.0) - straight, axis=1)) < 20


@pytest.fixture(scope="module")
def speech(tmp_path_factory, corpus):
    """Two sets of the same twelve clips under the same names, as if one was made from seed 0, the other from SECRET."""
    url = str(tmp_path_factory.mktemp("speech") / "tde.zarr")
    generate(TdePlan(TdeRecipe(clips=4, rt60=(0.1,), corpus=corpus.digest), corpus), url)
    default, secret = Dataset(url), Dataset(url)
    secret.recipe = {**secret.recipe, "seed": SECRET}
    return default, secret


class TestStereoClips:
    @staticmethod
    def heard(dataset, condition):
        (batch,) = STEREO.batches(dataset, open_source(load_track("tde"), dataset).labels, condition)
        return batch.audio

    def test_noise_follows_from_the_seed_of_the_dataset(self, speech):
        condition = StereoCondition(snr_db=0.0)
        for seed, dataset in zip((0, SECRET), speech, strict=True):
            stored = dataset.audio(np.arange(12))[..., : condition.read_samples]
            streams = [generator_for(seed, stream("noise", condition, name)) for name in dataset.column("sample_id")]
            noisy = [add_noise(clip, 0.0, rng)[:, 200:] for clip, rng in zip(stored, streams, strict=True)]
            expected = np.stack(noisy)[..., : condition.kept_samples]
            np.testing.assert_array_equal(self.heard(dataset, condition), expected)

    def test_second_talkers_follow_from_the_seed_of_the_dataset(self, speech):
        one, other = (second_talkers(dataset, StereoCondition(distractor=1.0)) for dataset in speech)
        rooms = speech[0].column("room")
        assert (one != other).any()
        assert (rooms[one] == rooms).all()
        assert (rooms[other] == rooms).all()

    def test_recordings_are_heard_as_a_set_from_seed_0(self, speech):
        recorded, condition = Dataset(speech[0].url), StereoCondition(snr_db=0.0, distractor=0.5)
        recorded.recipe = {}
        np.testing.assert_array_equal(self.heard(recorded, condition), self.heard(speech[0], condition))


@pytest.mark.usefixtures("no_pages")
class TestSplits:
    def test_the_test_split_is_scored_unless_another_is_asked_for(self, data, tmp_path):
        for split, count in ((None, 6), ("train", 4), ("val", 2), ("all", 12)):
            run = bench("rotation", data, tmp_path / str(split), methods=["zero"], split=split, report=False)
            assert len(run.labels) == count
            assert run.results.dataset["split"] == (split or "test")
            assert read_results(run.folder).dataset["split"] == (split or "test")
            assert read_predictions(next((run.folder / "predictions").glob("*"))).metadata["split"] == (split or "test")
            assert len(open_run(run.folder).labels) == count

    def test_runs_of_different_splits_are_not_compared(self, data, tmp_path):
        runs = [
            bench("rotation", data, tmp_path / s, methods=["zero"], split=s, report=False) for s in ("train", "test")
        ]
        with pytest.raises(InputError, match="different splits"):
            comparisons(runs)

    def test_an_empty_split_says_what_there_is(self, tmp_path):
        generate(ToyViews(scenes=3), str(tmp_path / "v.zarr"))
        with pytest.raises(InputError, match=r"no sample of the split 'test': give --split all; .* train \(4\), val"):
            bench("rotation", str(tmp_path / "v.zarr"), tmp_path / "run", methods=["zero"])


class TestOptions:
    @pytest.mark.parametrize("option", [("--snr", "10"), ("--votes", "3"), ("--clip-seconds", "0.1")])
    def test_options_of_sounds_do_not_apply_to_pictures(self, data, capsys, option, monkeypatch, tmp_path):
        monkeypatch.setattr("sys.argv", ["whence", "bench", "rotation", data, *option, "--out", str(tmp_path / "r")])
        with pytest.raises(SystemExit) as stopped:
            main()
        assert stopped.value.code == 2
        assert f"{option[0]} does not apply to the track 'rotation'" in re.sub(r"\s+", " ", capsys.readouterr().err)

    def test_known_options_are_named(self):
        with pytest.raises(
            InputError, match="--ratio does not apply to the track 'tde', which has --snr, --distractor"
        ):
            grid([StereoCondition()], {"--ratio": [0.2]}, "tde")

    def test_a_dataset_without_splits_has_none_to_choose(self, data):
        dataset = Dataset(data)
        dataset.group = {"heading": None}
        with pytest.raises(InputError, match="has no splits; leave the option out"):
            chosen_split(dataset, "val")


@pytest.mark.usefixtures("no_pages")
class TestDiagnostics:
    def test_they_are_stored_and_their_medians_shown(self, data, tmp_path):
        (tmp_path / "mine.py").write_text(MINE)
        run = bench("rotation", data, tmp_path / "run", methods=[f"{tmp_path}/mine.py:Mine"], split="all", report=False)
        assert run.scored[0].diagnostics["certainty"].tolist() == list(range(12))
        row = run.results.find(method=run.scored[0].method, rotation_up_to=None)[0]
        assert row.diagnostics == {"certainty": 5.5, "luck": None}
        table = score_table(run.results, run.track, run.track.metrics[0])
        assert table.heads[-2:] == ["certainty", "luck"]
        assert next(line for line in table.rows if "mine.py" in line[0])[-2:] == ["5.5", ""]
        assert read_results(run.folder).rows[2].diagnostics == run.results.rows[2].diagnostics

    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            ("np.arange(len(batch))", "np.zeros(1)", r"returned shape \(1,\) for 'certainty': expected \(12,\)"),
            ('"luck"', '"sample_id"', "diagnostic 'sample_id' has the name of another column"),
            ("Diagnosed(guess,", "Diagnosed(guess[:3],", r"returned shape \(3,\): expected \(12,\)"),
        ],
    )
    def test_bad_ones_are_refused(self, data, tmp_path, old, new, message):
        (tmp_path / "mine.py").write_text(MINE.replace(old, new))
        with pytest.raises(InputError, match=message):
            bench("rotation", data, tmp_path / "run", methods=[f"{tmp_path}/mine.py:Mine"], split="all")


class TestTablesAndReport:
    def test_sift_best_leads_and_says_what_it_rests_on(self, run):
        table = score_table(run.results, run.track, run.track.metrics[0])
        assert table.rows[1][0] == "sift:protocol=best"
        assert table.heads == [
            "method", "all", "rank", "skill", "n", "ms a pair", "keypoints", "matches", "inliers", "milliseconds",
        ]  # fmt: skip
        assert run.results.find(method="sift:protocol=best", metric="median_angular_error")[0].value < 0.3

    def test_there_is_a_table_for_each_band_of_rotations(self, run):
        captions = [table.caption for table in all_tables(run.results, run.track, run.labels)]
        assert sum("rotation up to 30 deg" in caption for caption in captions) == 1
        assert sum("rotation up to 60 deg" in caption for caption in captions) == 1

    def test_published_numbers_stand_beside_ours(self, run):
        rows = published_table(run.results, run.track, baselines_only=True).rows
        shown = {row[0]: row[3] for row in rows if row[5] in ("sift", "zero")}
        assert shown["SIFT"] == "12.2 deg"
        assert shown["Chance"] == "29.41 deg"
        assert not any("*" in row[1] for row in rows)

    def test_the_page_speaks_of_pairs(self, run):
        page = (run.folder / "report.html").read_text(encoding="utf-8")
        for text in (
            "Worst pairs",
            "sees nothing",
            "12.2",
            "all pairs",
            "over scenes",
            "Predicted against true rotation",
        ):
            assert text in page
        for text in ("clip", "SNR", "listen", "<audio", "votes"):
            assert text not in page.replace('class="card clip"', "").split("</style>")[1], text
        names = {path.name for path in (run.folder / "figures").glob("*.png")}
        assert names >= {"bars.png", "lines.png", "error-distribution.png", "predicted-1.png", "worst-01.png"}

    def test_the_same_run_opened_again_gives_the_same_page(self, run):
        before = (run.folder / "report.html").read_bytes()
        write_report(open_run(run.folder))
        assert (run.folder / "report.html").read_bytes() == before

    def test_results_of_before_diagnostics_and_splits_still_load(self, run, tmp_path):
        content = json.loads((run.folder / "results.json").read_text())
        del content["dataset"]["split"]
        for row in content["rows"]:
            del row["diagnostics"]
        (tmp_path / "results.json").write_text(json.dumps(content))
        old = read_results(tmp_path)
        assert old.dataset["split"] is None
        assert [row.value for row in old.rows] == [row.value for row in run.results.rows]
        assert not any(row.diagnostics for row in old.rows)

    def test_methods_are_compared_pair_by_pair(self, run):
        rows = comparisons([run])
        assert rows[0].method == "sift:protocol=best"
        assert len(rows) == 4
