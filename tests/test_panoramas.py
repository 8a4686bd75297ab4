"""Views cut from panoramas: where the pinhole formula puts things, nothing lost, refusals; SIFT on real photographs."""

import numpy as np
import pytest
from PIL import Image

from whence.baselines.keypoint_matching import Sift
from whence.benchmarks.questions.metrics import angular_error
from whence.benchmarks.questions.source import open_source
from whence.benchmarks.stimuli.view_pairs.batch import ViewPairBatch, intrinsics, seen
from whence.benchmarks.tracks.rotation import TRACK
from whence.conventions import wrap_degrees
from whence.datagen.cameras import Camera, orientation, project
from whence.datagen.dataset import Dataset
from whence.datagen.panoramas import PRESETS, crop, plan_panoramas
from whence.datagen.pipeline import generate
from whence.errors import InputError

HEIGHT = 512


def save(folder, name, height=32, width=None):
    """Write a picture of noise into `folder`."""
    folder.mkdir(exist_ok=True)
    noise = np.random.default_rng(0).integers(0, 255, (height, width or 2 * height, 3), dtype=np.uint8)
    Image.fromarray(noise).save(folder / name)


@pytest.fixture
def folder(tmp_path):
    """Two small panoramas."""
    for name in ("a.png", "b.png"):
        save(tmp_path / "photographs", name)
    return str(tmp_path / "photographs")


@pytest.mark.parametrize("pitch", [0.0, -10.0, 10.0])
@pytest.mark.parametrize(("longitude", "latitude"), [(0.0, 0.0), (-20.0, -8.0), (171.0, 5.0), (-174.0, -6.0)])
def test_a_spot_is_where_the_pinhole_formula_puts_it(longitude, latitude, pitch):
    """Longitude grows to the right, heading to the left: looking at the spot is heading -longitude."""
    columns, rows = np.meshgrid(np.arange(2 * HEIGHT) + 0.5, np.arange(HEIGHT) + 0.5)
    off = wrap_degrees(columns * 180 / HEIGHT - 180 - longitude)
    up = 90 - rows * 180 / HEIGHT - latitude
    spot = 255 * np.exp(-(((off * np.cos(np.radians(latitude))) ** 2 + up**2) / 2))
    panorama = np.repeat(spot[:, :, None], 3, axis=2).astype(np.uint8)
    heading = 7.0 - longitude
    seen_spot = crop(panorama, heading, pitch)[:, :, 0].astype(float)
    weight = np.where(seen_spot > 30, seen_spot, 0)
    found = [np.average(axis, weights=weight) + 0.5 for axis in np.indices(weight.shape)][::-1]
    east, north = np.radians(longitude), np.radians(latitude)
    direction = [np.cos(north) * np.sin(east), np.sin(north), -np.cos(north) * np.cos(east)]
    expected, _ = project(Camera(), orientation(heading, pitch), np.zeros(3), [direction])
    np.testing.assert_allclose(found, expected[0], atol=0.35)  # a round spot is seen as an oval, off its centre


def test_turning_the_camera_is_turning_the_panorama():
    panorama = np.random.default_rng(1).integers(0, 255, (64, 128, 3), dtype=np.uint8)
    turned = np.roll(panorama, 32, axis=1)  # by 90 degrees to the right
    np.testing.assert_array_equal(crop(panorama, 110.0, 5.0), crop(turned, 20.0, 5.0))


def test_the_seam_is_not_seen():
    panorama = np.random.default_rng(1).integers(0, 255, (64, 128, 3), dtype=np.uint8)
    np.testing.assert_array_equal(crop(panorama, 180.0, 0.0), crop(np.roll(panorama, 64, axis=1), 0.0, 0.0))


def test_detail_too_fine_for_the_view_becomes_its_mean():
    checks = np.indices((2048, 4096)).sum(axis=0) % 2 * 200
    panorama = np.repeat(checks[:, :, None], 3, axis=2).astype(np.uint8)
    seen_checks = crop(panorama, 0.0, 0.0).astype(float)
    assert seen_checks.mean() == pytest.approx(100, abs=1)
    assert seen_checks.std() < 25  # one ray a pixel gives 60


def test_straight_up_and_down_are_there():
    panorama = np.full((64, 128, 3), 77, np.uint8)
    for pitch in (-90.0, 90.0):
        assert (crop(panorama, 12.0, pitch) == 77).all()


def test_rows_are_what_the_recipe_says(folder):
    plan = plan_panoramas(folder, pairs=5)
    rows = [plan.render(k) for k in range(plan.layout.rows)]
    assert len(rows) == 10
    assert {row["panorama"] for row in rows} == {"a.png", "b.png"}
    assert len({row["sample_id"] for row in rows}) == 10
    turns = np.array([row["rotation"] for row in rows])
    assert (turns[:, 0] == 0).all()
    assert (np.abs(turns[:, 1]) >= 10).all()
    assert (np.abs(turns[:, 1]) <= 60).all()
    assert {-1.0, 1.0} == set(np.sign(turns[:, 1]))
    assert max(abs(row["pitch"]) for row in rows) <= 10
    for row in rows:
        np.testing.assert_allclose(wrap_degrees(row["heading"] - row["heading"][0]), row["rotation"], atol=1e-9)


def test_the_same_seed_gives_the_same_bytes_in_any_order(folder):
    one, other = plan_panoramas(folder, pairs=2, seed=3), plan_panoramas(folder, pairs=2, seed=3)
    third = other.render(3)
    for name, value in one.render(3).items():
        np.testing.assert_array_equal(value, third[name])
    assert plan_panoramas(folder, pairs=2, seed=4).render(3)["pitch"] != third["pitch"]


def test_a_dataset_is_read_as_pairs(folder, tmp_path):
    url = str(tmp_path / "p.zarr")
    plan = plan_panoramas(folder, pairs=2)
    generate(plan, url)
    dataset = Dataset(url)
    labels = open_source(TRACK, dataset).labels
    assert labels.sample_id.tolist() == [f"{plan.render(k)['sample_id']}/view-1" for k in range(4)]
    assert labels.cluster_name == "panorama"
    batch = seen(dataset, labels.take(np.array([2, 0])))
    np.testing.assert_array_equal(batch.images_1[0], plan.render(2)["image"][1])
    np.testing.assert_array_equal(batch.pitch_deg, dataset.column("pitch")[[2, 0]])
    np.testing.assert_allclose(intrinsics(dataset), Camera().intrinsics)
    assert labels.truth[0] == pytest.approx(plan.render(0)["rotation"][1])


def test_presets_grow():
    assert PRESETS["tiny"] < PRESETS["small"] < PRESETS["paper"]


class TestRefusals:
    def test_no_folder(self, tmp_path):
        with pytest.raises(InputError, match="is not a folder: give the folder"):
            plan_panoramas(str(tmp_path / "nowhere"), pairs=1)

    def test_no_photograph(self, tmp_path):
        with pytest.raises(InputError, match="holds no photograph"):
            plan_panoramas(str(tmp_path), pairs=1)

    def test_not_twice_as_wide_as_high(self, tmp_path):
        save(tmp_path / "p", "x.png", 32, 60)
        with pytest.raises(InputError, match=r"x\.png is 60 x 32 pixels: .* twice as wide as high"):
            plan_panoramas(str(tmp_path / "p"), pairs=1)

    def test_no_picture(self, tmp_path):
        (tmp_path / "x.jpg").write_text("not a picture")
        with pytest.raises(InputError, match=r"x\.jpg cannot be read as a picture"):
            plan_panoramas(str(tmp_path), pairs=1)

    def test_a_torn_picture(self, tmp_path):
        save(tmp_path / "p", "x.png", 64)
        path = tmp_path / "p" / "x.png"
        path.write_bytes(path.read_bytes()[:2000])
        with pytest.raises(InputError, match=r"x\.png cannot be read as a picture"):
            plan_panoramas(str(tmp_path / "p"), pairs=1)

    def test_two_of_one_name(self, tmp_path):
        save(tmp_path / "p", "x.png")
        save(tmp_path / "p", "x.jpg")
        with pytest.raises(InputError, match="differs only in its extension"):
            plan_panoramas(str(tmp_path / "p"), pairs=1)

    @pytest.mark.parametrize("settings", [{"pairs": 0}, {"pairs": 1, "largest_rotation": 10.0}])
    def test_impossible_settings(self, folder, settings):
        with pytest.raises(InputError, match="expected"):
            plan_panoramas(folder, **settings)


def test_sift_is_within_a_third_of_a_degree_on_real_views_that_overlap_by_half(shared_data):
    """Issue 3, done when, 4: median below 0.3 degrees."""
    plan = plan_panoramas(f"{shared_data}/panoramas", pairs=1, largest_rotation=30.0)
    rows = [plan.render(k) for k in range(plan.layout.rows)]
    first, second = (np.stack([row["image"][k] for row in rows]) for k in range(2))
    names, pitch = [row["sample_id"] for row in rows], np.array([row["pitch"] for row in rows])
    batch = ViewPairBatch(first, second, names, Camera().intrinsics, pitch)
    truth = np.array([row["rotation"][1] for row in rows])
    assert np.median(angular_error(truth, Sift(protocol="best").predict(batch).prediction)) < 0.3
