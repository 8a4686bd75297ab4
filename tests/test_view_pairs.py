"""Pairs of photographs: lenses against OpenCV, known turns found again, and labels that cannot be right."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from docs_pages import write_turned
from PIL import Image
from typer.testing import CliRunner

from whence.baselines.keypoint_matching import Sift
from whence.benchmarks.questions.source import open_source
from whence.benchmarks.stimuli.view_pairs.batch import intrinsics, seen
from whence.benchmarks.tracks.rotation import TRACK
from whence.commands.imports import app
from whence.datagen.dataset import Dataset
from whence.datagen.lenses import Lens, _displaced, read_lens, straightened
from whence.datagen.pictures import read_picture
from whence.datagen.pipeline import generate
from whence.datagen.verification import verify_dataset
from whence.datagen.view_pairs import clear_shift, plan_view_pairs
from whence.errors import InputError

BENT = Lens(320, 240, 280.0, 282.0, 165.0, 117.0, 0.08, -0.05, 0.002, -0.003, 0.01)
HEADINGS = {"a": 0.0, "b": 8.0, "c": -9.0, "d": 14.0, "e": -13.0, "f": 22.0}
"""Headings of the photographs, positive to the left."""


def coefficients(lens: Lens) -> np.ndarray:
    return np.array([lens.k1, lens.k2, lens.p1, lens.p2, lens.k3])


def matrix(lens: Lens) -> np.ndarray:
    return np.array([[lens.fx, 0, lens.cx], [0, lens.fy, lens.cy], [0, 0, 1.0]])


@pytest.fixture(scope="module")
def shelf(tmp_path_factory) -> Path:
    """Photographs of one place in a folder `hall`, and label files."""
    folder = tmp_path_factory.mktemp("turned")
    write_turned(folder / "hall", np.random.default_rng(3), HEADINGS)
    Image.new("RGB", (320, 240), (90, 90, 90)).save(folder / "hall/grey.jpg")
    Image.new("RGB", (300, 240)).save(folder / "hall/narrow.jpg")
    return folder


def labelled(shelf: Path, text: str) -> str:
    path = shelf / "pairs.csv"
    path.write_text(text)
    return str(path)


def turns(shelf: Path, sign: int = 1) -> str:
    rows = [f"hall/a.jpg,hall/{name}.jpg,{sign * heading}" for name, heading in HEADINGS.items() if heading]
    return labelled(shelf, "image1,image2,yaw_deg\n" + "\n".join(rows))


@pytest.fixture(scope="module")
def imported(shelf) -> Dataset:
    """The photographs, imported."""
    lens = {"fl_x": 277.128, "fl_y": 277.128, "cx": 160, "cy": 120, "w": 640 / 2, "h": 240}
    (shelf / "lens.json").write_text(json.dumps(lens))
    plan = plan_view_pairs(str(shelf), turns(shelf), lens=str(shelf / "lens.json"))
    generate(plan, str(shelf / "pairs.zarr"))
    return Dataset(str(shelf / "pairs.zarr"))


class TestLens:
    def test_a_direction_is_seen_where_opencv_says(self):
        points = np.random.default_rng(0).uniform(-0.5, 0.5, (50, 2))
        expected, _ = cv2.projectPoints(
            np.c_[points, np.ones(50)], np.zeros(3), np.zeros(3), matrix(BENT), coefficients(BENT)
        )
        found = [_displaced(x, y, BENT.terms) for x, y in points]
        np.testing.assert_allclose(found, expected[:, 0], atol=1e-9)

    def test_a_straightened_picture_is_the_one_without_distortion(self):
        smooth = cv2.GaussianBlur(np.random.default_rng(1).integers(0, 255, (240, 320, 3), dtype=np.uint8), (0, 0), 6)
        straight = Lens(320, 240, BENT.fx, BENT.fx, 160.0, 120.0)
        pixels = np.stack(np.meshgrid(np.arange(320.0), np.arange(240.0)), axis=-1) + 0.5
        ideal = cv2.undistortPoints(pixels.reshape(-1, 1, 2), matrix(BENT), coefficients(BENT), P=matrix(straight))
        places = (ideal.reshape(240, 320, 2) - 0.5).astype(np.float32)
        taken = cv2.remap(smooth, places, None, cv2.INTER_LINEAR)
        off = np.abs(straightened(taken, BENT, 320, 240).astype(int) - smooth)[20:-20, 20:-20]
        assert off.max() <= 4

    def test_smaller_pictures_are_means_of_what_they_cover(self):
        noise = np.random.default_rng(2).integers(0, 255, (40, 60, 3), dtype=np.uint8)
        small = straightened(noise, Lens.of_field_of_view(60, 60, 40), 30, 20)
        np.testing.assert_allclose(small, noise.reshape(20, 2, 30, 2, 3).mean(axis=(1, 3)), atol=0.51)

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            ("{}", "has no fx, fy, cx, cy, w, h"),
            ("lens", "is not JSON"),
            ('{"fx": 1, "fy": 1, "cx": 9, "cy": 9, "w": 320, "h": 240}', "no focal lengths of 320 x 240"),
            ('{"fx": 300, "fy": 0, "cx": 160, "cy": 120, "w": 320, "h": 240}', "no focal lengths of 320 x 240"),
            ('{"fx": 300, "fy": 300, "cx": 900, "cy": 9, "w": 320, "h": 240}', "principal point"),
            ('{"fx": 300, "fy": 300, "cx": 160, "cy": 120, "w": 320, "h": 240, "k4": 0.1}', "fisheye"),
            ('{"fx": 300, "fy": 300, "cx": 160, "cy": 120, "w": 320, "h": 240, "k1": NaN}', "not all numbers"),
        ],
    )
    def test_what_is_no_lens_is_told(self, tmp_path, content, said):
        (tmp_path / "lens.json").write_text(content)
        with pytest.raises(InputError, match=said):
            read_lens(str(tmp_path / "lens.json"))


class TestImport:
    def test_the_turns_are_found_again(self, imported):
        labels = open_source(TRACK, imported).labels
        batch = seen(imported, labels)
        np.testing.assert_allclose(Sift(protocol="best").predict(batch).prediction, labels.truth, atol=0.3)
        np.testing.assert_allclose(intrinsics(imported)[0, 0], 277.128, atol=1e-6)
        assert set(labels.clusters) == {"hall"}

    def test_it_verifies(self, imported):
        assert all(check.passed for check in verify_dataset(imported))

    def test_a_picture_as_it_was_stays_as_it_was(self, imported, shelf):
        np.testing.assert_array_equal(imported.array("image")[0, 0], read_picture(shelf / "hall/a.jpg"))


def test_a_rotation_matrix_tells_the_turn(shelf):
    turn = np.radians(-8.0)  # of coordinates with x to the right and z ahead, when the camera turns to the left
    matrix = [np.cos(turn), 0, -np.sin(turn), 0, 1, 0, np.sin(turn), 0, np.cos(turn)]
    header = ",".join(f"r{i}{k}" for i in range(3) for k in range(3))
    row = "hall/a.jpg,hall/b.jpg," + ",".join(map(str, matrix))
    plan = plan_view_pairs(str(shelf), labelled(shelf, f"image1,image2,{header}\n{row}"), field_of_view=60)
    assert plan.pairs[0].yaw == pytest.approx(8.0)
    with pytest.raises(InputError, match=r"yaw_deg is -8, but by r00 to r22 the camera turned by 8\.00"):
        plan_view_pairs(str(shelf), labelled(shelf, f"image1,image2,{header},yaw_deg\n{row},-8"), field_of_view=60)


def test_the_real_pairs_agree_with_their_matrices(shared_data):
    folder = shared_data / "camera_pairs/fox"
    plan = plan_view_pairs(str(folder), str(folder / "pairs.csv"), lens=str(folder / "intrinsics.json"))
    assert len(plan.pairs) == 75
    assert plan.size == (640, 360)


def test_a_shift_is_that_of_the_picture():
    around = np.random.default_rng(0).standard_normal((60, 120))
    assert clear_shift(around[:, 20:100], around[:, 9:89]) == 11
    assert clear_shift(around[:, 20:100], np.random.default_rng(1).standard_normal((60, 80))) == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("image1,image2\nhall/a.jpg,hall/b.jpg", "yaw_deg or r00"),
        ("image1,image2,yaw_deg\nhall/a.jpg,hall/none.jpg,3", "pair 1: .*none.jpg does not exist"),
        ("image1,image2,yaw_deg\nhall/a.jpg,../b.jpg,3", "outside of the folder"),
        ("image1,image2,yaw_deg\nhall/a.jpg,hall/a.jpg,3", "paired with itself"),
        ("image1,image2,yaw_deg\nhall/a.jpg,hall/b.jpg,3\nhall/a.jpg,hall/b.jpg,4", "paired twice"),
        ("image1,image2,yaw_deg\nhall/a.jpg,hall/b.jpg,far", "not a number"),
        ("image1,image2,yaw_deg\nhall/a.jpg,hall/b.jpg,nan", "expected degrees within 360"),
        ("image1,image2,yaw_deg\nhall/a.jpg,hall/b.jpg,", "yaw_deg is empty"),
        ("image1,image2,r00\nhall/a.jpg,hall/b.jpg,1", "not all of r00 to r22"),
        ("image1,image2,yaw_deg\nhall/a.jpg,hall/grey.jpg,3", "nearly of one colour"),
        ("image1,image2,yaw_deg\nhall/a.jpg,hall/narrow.jpg,3", "has 300 x 240 pixels"),
    ],
)
def test_labels_that_cannot_be_right_are_told(shelf, text, said):
    with pytest.raises(InputError, match=said):
        plan_view_pairs(str(shelf), labelled(shelf, text), field_of_view=60)


def test_labels_that_are_positive_to_the_right_are_refused(shelf):
    with pytest.raises(InputError, match="5 of 5 pairs are turned the other way"):
        plan_view_pairs(str(shelf), turns(shelf, -1), field_of_view=60)


@pytest.mark.parametrize(
    ("factor", "field_of_view", "said"),
    [
        (np.pi / 180, 60, r"typically 0\.017 times the turns that the pictures show: are they in degrees"),
        (10, 60, "typically 10 times"),
        (0, 60, "typically 0 times"),
    ],
)
def test_labels_of_another_unit_are_refused(shelf, factor, field_of_view, said):
    with pytest.raises(InputError, match=said):
        plan_view_pairs(str(shelf), turns(shelf, factor), field_of_view=field_of_view)


@pytest.mark.parametrize(("factor", "field_of_view", "times"), [(2, 60, "2"), (1, 90, "0.6")])
def test_another_camera_and_one_on_an_orbit_are_told(shelf, factor, field_of_view, times):
    said = plan_view_pairs(str(shelf), turns(shelf, factor), field_of_view=field_of_view).remarks
    (doubt,) = [line for line in said if "typically" in line]
    assert f"typically {times} times" in doubt
    assert "is the camera (--lens or --field-of-view) right, or does it also move?" in doubt


def test_a_pair_that_shows_another_turn_is_told_and_one_picture_twice_refused(shelf):
    text = "image1,image2,yaw_deg\nhall/a.jpg,hall/b.jpg,16\nhall/a.jpg,hall/d.jpg,14"
    remarks = plan_view_pairs(str(shelf), labelled(shelf, text), field_of_view=60).remarks
    assert "1 of 2 pairs do not show the turn of their labels, degrees: hall/a-hall/b is labelled 16" in remarks[-1]
    Image.open(shelf / "hall/a.jpg").save(shelf / "hall/copy.png")
    with pytest.raises(InputError, match=r"hall/a\.jpg and hall/copy\.png are the same picture"):
        plan_view_pairs(str(shelf), labelled(shelf, text + "\nhall/a.jpg,hall/copy.png,3"), field_of_view=60)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "the camera is not known"),
        (["--field-of-view", "190"], "between 0 and 180"),
        (["--lens", "none.json"], "No such file"),
    ],
)
def test_a_camera_is_needed(shelf, options, said):
    words = ["view-pairs", str(shelf / "x.zarr"), "--dir", str(shelf), "--pairs", turns(shelf), *options]
    outcome = CliRunner().invoke(app, words)
    assert isinstance(outcome.exception, InputError)
    assert said in str(outcome.exception)
    assert not (shelf / "x.zarr").exists()
