"""Track `azimuth`: its labels, its metrics by hand, its baselines on sounds of known azimuth, also by real heads."""

import json
import math

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from conftest import babble
from hypothesis import given
from hypothesis import strategies as st
from toy_homes import SPLITS, VIEWS, ToyHomes, direction

from whence.baselines.azimuth import GRID, IldSphere, ItdSphere, sphere_delays, woodworth_azimuth
from whence.baselines.gcc import GccPhat
from whence.baselines.random_guess import RandomAzimuth
from whence.benchmarks.bench import bench, open_run, write_pages
from whence.benchmarks.questions import metrics
from whence.benchmarks.questions.source import open_source
from whence.benchmarks.running.method import load_methods
from whence.benchmarks.scoring.published import published_for, published_results
from whence.benchmarks.stimuli.binaural.batch import HOP, WINDOW, BinauralBatch
from whence.benchmarks.tracks.azimuth import TRACK
from whence.cli import main
from whence.conventions import SAMPLE_RATE, SPEED_OF_SOUND
from whence.datagen.acoustics.hrtf import HEAD_RADIUS, SphereHead
from whence.datagen.brir import plan_brir
from whence.datagen.dataset import Dataset
from whence.datagen.pipeline import generate
from whence.errors import InputError
from whence.registry import METHODS, load_track

ANGLES = st.floats(-720, 720, allow_nan=False)


def as_batch(audio):
    names = [f"clip/{k}" for k in range(len(audio))]
    votes = (audio.shape[-1] - WINDOW) // HOP + 1
    return BinauralBatch(audio.astype(np.float32), names, SAMPLE_RATE, WINDOW, HOP, votes)


def through_the_sphere(azimuths):
    """Babble from each of `azimuths` as the sphere hears it in the open."""
    dry = babble(1.5, np.random.default_rng(5))
    responses = SphereHead().responses(direction(np.asarray(azimuths)))
    return as_batch(np.stack([[np.convolve(dry, ear)[:24_000] for ear in response] for response in responses]))


@pytest.mark.parametrize(
    ("truth", "prediction", "folded", "side", "confused"),
    [
        (30.0, 40.0, 10.0, True, False),
        (30.0, 140.0, 10.0, True, True),
        (-170.0, -10.0, 0.0, True, True),
        (170.0, -170.0, 20.0, False, False),
        (80.0, 100.0, 0.0, True, True),
        (-5.0, 5.0, 10.0, False, False),
        (-400.0, -40.0, 0.0, True, False),
        (100.0, 90.0, 10.0, True, False),
    ],
)
def test_metrics_by_hand(truth, prediction, folded, side, confused):
    values = [metric.value([truth], [prediction]) for metric in TRACK.metrics[2:5]]
    assert values == [pytest.approx(folded), 100.0 * side, 100.0 * confused]


def test_metrics_count_the_samples_that_they_are_about():
    truth, prediction = np.array([0.0, 60.0, 90.0, -120.0, 180.0]), np.array([10.0, 60.0, 60.0, 0.0, 0.0])
    front, unfolded, folded, side, confusion = (metric.value(truth, prediction) for metric in TRACK.metrics[:5])
    assert front == pytest.approx((10 + 0 + 30) / 3)
    assert unfolded == pytest.approx((10 + 0 + 30 + 120 + 180) / 5)
    assert folded == pytest.approx((10 + 0 + 30 + 60 + 0) / 5)
    assert side == pytest.approx(200 / 3)  # nothing ahead or behind has a side; 0 says left
    assert confusion == pytest.approx(50.0)  # nothing at 90 has a front
    with pytest.raises(InputError, match="none of 2 samples counts"):
        metrics.AZIMUTH_SIDE.value([0.0, 180.0], [1.0, 2.0])


@given(st.lists(st.tuples(ANGLES, ANGLES), min_size=1, max_size=20))
def test_folding_mirrors_and_nothing_else(pairs):
    truth, prediction = np.array(pairs).T
    folded = metrics.folded_azimuth(truth)
    assert np.abs(folded).max() <= 90
    np.testing.assert_allclose(np.sin(np.radians(folded)), np.sin(np.radians(truth)), atol=1e-9)
    assert (np.cos(np.radians(folded)) >= -1e-9).all()
    error = metrics.folded_angular_error(truth, prediction)
    np.testing.assert_allclose(error, metrics.folded_angular_error(180 - truth, prediction), atol=1e-6)
    assert (error <= metrics.angular_error(truth, prediction) + 1e-6).all()


def test_woodworths_formula_is_inverted():
    angle = np.radians(np.linspace(-90, 90, 37))
    delay = HEAD_RADIUS / SPEED_OF_SOUND * (angle + np.sin(angle))
    np.testing.assert_allclose(woodworth_azimuth(delay), np.degrees(angle), atol=0.01)


def test_the_spheres_low_delay_rises_with_azimuth_between_its_two_limits():
    delays = sphere_delays(WINDOW, SAMPLE_RATE)
    assert (np.diff(delays) > 0).all()
    sine, angle = np.sin(np.radians(GRID[GRID > 0])), np.radians(GRID[GRID > 0])
    travel = HEAD_RADIUS / SPEED_OF_SOUND
    assert (delays[GRID > 0] < 3 * travel * sine).all()
    assert (delays[GRID > 0] > travel * (angle + sine)).all()


@pytest.mark.parametrize(
    ("method", "tolerance"),
    [(ItdSphere(), 1.0), (IldSphere(), 1.0), (GccPhat(protocol="best"), 11.0), (GccPhat(votes="mode"), 11.0)],
    ids=["itd-sphere", "ild-sphere", "gcc-phat best", "gcc-phat mode"],
)
def test_baselines_find_what_the_sphere_heard(method, tolerance):
    """Woodworth's formula is up to 10 degrees off here: what creeps round the shadow is slower than sound."""
    azimuths = np.array([-80.0, -61.0, -30.0, -7.0, 0.0, 15.0, 44.0, 70.0])
    batch = through_the_sphere(azimuths)
    answers = method.predict(batch)
    assert np.abs(answers - azimuths).max() < tolerance
    swapped = BinauralBatch(batch.audio[:, ::-1].copy(), batch.sample_id, SAMPLE_RATE, WINDOW, HOP, batch.votes)
    np.testing.assert_allclose(method.predict(swapped), -answers, atol=0.6)


@pytest.mark.parametrize("method", [ItdSphere(), IldSphere(), GccPhat(protocol="best")], ids=lambda m: type(m).__name__)
def test_baselines_answer_silence_and_one_deaf_ear(method):
    rng = np.random.default_rng(0)
    silent, one_sided = np.zeros((2, 8000)), np.stack([rng.standard_normal(8000), np.zeros(8000)])
    answers = method.predict(as_batch(np.stack([silent, one_sided])))
    assert np.isfinite(answers).all()
    assert np.abs(answers).max() <= 90


@pytest.mark.parametrize(
    "name", [name for name, entry in METHODS.items() if "azimuth" in entry.tracks and not entry.trained]
)
def test_batch_order_does_not_matter_and_the_sound_is_left_alone(name):
    method = load_methods([name], "azimuth", ["paper"])[0].method
    batch = through_the_sphere([-50.0, 20.0, 75.0, 3.0])
    before, whole = batch.audio.copy(), method.predict(batch)
    np.testing.assert_array_equal(batch.audio, before)
    assert whole.shape == (4,)
    assert whole.dtype == np.float64
    for rows in ([2, 0], [3]):
        names = [batch.sample_id[k] for k in rows]
        part = BinauralBatch(batch.audio[rows], names, SAMPLE_RATE, WINDOW, HOP, batch.votes)
        np.testing.assert_allclose(method.predict(part), whole[rows], atol=1e-6)


def test_random_azimuths_are_spread_and_repeatable():
    batch = as_batch(np.zeros((2000, 2, WINDOW)))
    answers = RandomAzimuth().predict(batch)
    np.testing.assert_array_equal(answers, RandomAzimuth().predict(batch))
    assert np.abs(answers).max() <= 90
    assert np.abs(answers.mean()) < 4
    assert answers.std() == pytest.approx(180 / math.sqrt(12), rel=0.05)


@pytest.fixture(scope="module")
def homes(tmp_path_factory):
    url = str(tmp_path_factory.mktemp("homes") / "homes.zarr")
    generate(ToyHomes(), url)
    return url


def test_every_view_of_the_first_source_is_a_sample(homes):
    dataset = Dataset(homes)
    labels = open_source(TRACK, dataset, "all").labels
    assert len(labels) == len(dataset) * VIEWS
    np.testing.assert_array_equal(labels.truth.reshape(-1, VIEWS), dataset.column("azimuth")[:, 0])
    assert labels.sample_id[5] == "home-0/00001/source-0/view-1"
    assert labels.within[5].tolist() == [0, 1]
    assert (labels.clusters[5], labels.cluster_name) == ("home-0", "scene")
    assert len(open_source(TRACK, dataset).labels) == len(labels) * SPLITS.count("test") // len(SPLITS)


def test_a_bench_ranks_listeners_above_the_deaf(homes, tmp_path):
    run = bench(
        "azimuth", homes, tmp_path / "run", split="all", methods=["zero", "itd-sphere", "random-azimuth"], report=False
    )
    front = {row.method: row for row in run.results.find(metric="mean_front_azimuth_error")}
    assert front["itd-sphere"].value < 5 < front["zero"].value
    assert (
        front["zero"].value
        == front["chance"].value
        == pytest.approx(np.abs(run.labels.truth[np.abs(run.labels.truth) <= 90]).mean())
    )
    assert front["zero"].n == (np.abs(run.labels.truth) <= 90).sum() < len(run.labels)
    assert front["ceiling"].value == 0
    folded = run.results.find(metric="mean_folded_azimuth_error", method="zero")[0]
    assert folded.n == len(run.labels)
    confused = run.results.find(metric="front_back_confusion", method="itd-sphere")[0]
    assert confused.value == pytest.approx(100 * (np.abs(run.labels.truth) > 90).mean())
    assert front["zero"].condition == {"reverberation": 0.2, "snr_db": None, "sources": 1, "dominance_db": None}


def test_the_page_counts_confused_fronts_as_errors(homes, tmp_path):
    """Answers mirrored from front to back have no folded error; the picture of truth and prediction shows them off."""
    run = bench("azimuth", homes, tmp_path / "run", split="all", methods=["itd-sphere"])
    (file,) = run.files
    table = parquet.read_table(file)
    mirrored = 180.0 - run.labels.truth
    place = table.schema.get_field_index("prediction")
    parquet.write_table(table.set_column(place, "prediction", pa.array(mirrored)), file)
    assert metrics.FOLDED_AZIMUTH_ERROR.value(run.labels.truth, mirrored) == pytest.approx(0, abs=1e-9)
    within = np.mean(metrics.angular_error(run.labels.truth, mirrored) <= 10)
    assert within < 0.5
    write_pages(open_run(run.folder))
    assert f"{100 * within:.0f} % lie within 10 deg of the diagonal" in (run.folder / "report.html").read_text()


def test_the_command_takes_the_options_of_the_track(homes, tmp_path, monkeypatch, capsys):
    words = ["bench", "azimuth", homes, "--method", "zero", "--split", "all", "--out", str(tmp_path / "run")]
    options = ["--reverberation", "0", "0.5", "--sources", "2", "--dominance", "10", "--json"]
    monkeypatch.setattr("sys.argv", ["whence", *words, *options])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code in (0, None)
    rows = json.loads(capsys.readouterr().out)["rows"]
    conditions = {tuple(row["condition"].items()) for row in rows}
    assert {dict(c)["reverberation"] for c in conditions} == {0.0, 0.5}
    assert {(dict(c)["sources"], dict(c)["dominance_db"]) for c in conditions} == {(2, 10.0)}


def test_published_numbers_stand_beside_the_published_condition_only():
    benchmarks = [one.benchmark for one in TRACK.published]
    condition = {"reverberation": 0.2, "snr_db": None, "sources": 1, "dominance_db": None}
    rows = published_for(TRACK, condition, benchmarks)
    found = {row.method: row.value for row in rows if row.metric == TRACK.metrics[0].name and not row.variant}
    assert found["Chance"] == 40.28
    assert found["Supervised"] == 2.50 or found["Supervised"] == 1.71
    assert not published_for(TRACK, condition | {"reverberation": 1.0}, benchmarks)
    assert not published_for(TRACK, condition | {"sources": 2}, benchmarks)
    assert not published_for(TRACK, condition | {"snr_db": 10.0}, benchmarks)
    for row in published_results("azimuth"):
        assert (row.metric, row.unit) in [(one.name, one.unit) for one in (TRACK.metrics[0], metrics.AZIMUTH_CLASS)]
        assert row.repeats is None or row.value == 3.17
    assert len(published_results("azimuth")) == 22 + 9


@pytest.mark.parametrize(
    ("recipe", "azimuth", "rotation"),
    [
        ({"views": 4, "head": "rigid sphere"}, True, True),
        ({"views": 4, "head": "0f" * 32}, False, True),
        ({"views": 3, "head": "rigid sphere"}, False, False),
        ({"upstream": "0f" * 32, "views": 4}, True, True),
        ({"upstream": "0f" * 32, "views": 3}, False, False),
    ],
    ids=str,
)
def test_published_numbers_stand_beside_sets_like_the_published_one_only(recipe, azimuth, rotation):
    class Homes:
        """A set of homes of that recipe."""

        def __init__(self):
            self.name, self.recipe = "hm3d-ss", recipe

    assert bool(TRACK.benchmarks(Homes())) is azimuth
    assert bool(load_track("rotation").benchmarks(Homes())) is rotation


@pytest.mark.parametrize(
    ("folder", "bound"), [("surrey_anechoic_16k", 15.0), ("seminar_room_kemar_44k1", 45.0)], ids=["anechoic", "room"]
)
def test_measured_heads_are_localised(shared_data, folder, bound):
    """The delays of the sphere point at speech through measured heads: within 15 degrees in the open, up to +-60."""
    plan = plan_brir(str(shared_data / "brir" / folder), str(shared_data / "speech"), clips=3)
    rows = [plan.render(row) for row in range(plan.layout.rows)]
    azimuth = np.array([row["azimuth"] for row in rows])
    answers = ItdSphere().predict(as_batch(np.stack([row["audio"] for row in rows]) / 32768))
    error = metrics.folded_angular_error(azimuth, answers)
    assert error[np.abs(azimuth) <= 60].mean() < bound
    assert error.mean() < bound
    assert np.corrcoef(azimuth, answers)[0, 1] > 0.5
