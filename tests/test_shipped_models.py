"""The learned models keep the contract of a method, and those with weights know a delay or find an object."""

from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("torch")

from conftest import babble
from scipy import signal
from test_baselines import delayed
from toy_homes import direction

from whence.benchmarks.running.method import Diagnosed, load_methods
from whence.benchmarks.stimuli.stereo.batch import StereoBatch
from whence.benchmarks.stimuli.view_pairs.batch import ViewPairBatch
from whence.datagen.acoustics.sphere_head import SphereHead
from whence.datagen.cameras import PITCH_DEG, Camera, orientation, ray_directions
from whence.datagen.dataset import Dataset
from whence.datagen.pipeline import generate
from whence.datagen.sounding_objects import plan_sounding_objects
from whence.errors import InputError
from whence.models.training.checkpoint import WEIGHTS, read_checkpoint
from whence.registry import METHODS

LEARNED = [
    name for name, entry in METHODS.items() if entry.target.startswith("whence.models.delay") and "tde" in entry.tracks
]
SHIPPED = [name for name in LEARNED if (WEIGHTS / f"{name}.safetensors").is_file()]
LARGEST = 10_000_000
FREE = ("CC BY 4.0", "CC0", "espeak", "not stated in the folder")


def answers(text, batch):
    found = load_methods([text], "tde", ["paper"])[0].method.predict(batch)
    return found.prediction if isinstance(found, Diagnosed) else found


def untrained(name):
    return f"{name}:checkpoint=untrained"


def part_of(batch, rows):
    return StereoBatch(batch.audio[rows], [batch.sample_id[k] for k in rows], 16_000, 1024, 1, 128)


def test_there_are_models_with_weights():
    assert {"salvati", "whence-delay"} <= set(SHIPPED)


@pytest.mark.parametrize("name", LEARNED)
def test_answers_do_not_depend_on_the_other_clips(name):
    batch = delayed(6, clips=5, noise=0.2)
    together = answers(untrained(name), batch)
    assert together.shape == (5,)
    alone = np.concatenate([answers(untrained(name), part_of(batch, [k])) for k in (3, 0)])
    np.testing.assert_allclose(together[[3, 0]], alone, atol=2e-7)


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("lag", [-9, 0, 4])
def test_a_whole_delay_is_found_with_its_sign(name, lag):
    found = answers(name, delayed(lag, clips=4, noise=0.05)) * 16_000
    np.testing.assert_allclose(found, lag, atol=1.5)  # trained on speech, asked about noise


@pytest.mark.parametrize("name", SHIPPED)
def test_the_card_says_what_the_weights_were_made_from(name):
    path = WEIGHTS / f"{name}.safetensors"
    assert path.stat().st_size <= LARGEST
    card = read_checkpoint(path, name).card
    assert all(len(source["fingerprint"]) == 64 for source in card["sources"])
    assert "fingerprint" in (WEIGHTS / f"{name}.md").read_text()


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Pictures of homes that no model has seen, with the sound of each object, and where the objects are."""
    url = str(tmp_path_factory.mktemp("pictures") / "s.zarr")
    generate(plan_sounding_objects(homes=2, pictures=4, seed=99), url)
    return Dataset(url)


@pytest.mark.parametrize(("variant", "least"), [("supervised", 0.5), ("shipped", 0.3), ("unsupervised", 0.2)])
def test_the_shipped_localizers_find_objects_in_unseen_homes(pictures, variant, least):
    image, dry, box = (pictures.column(name) for name in ("image", "dry", "box"))
    row, k = np.nonzero(np.isfinite(box[:, :, 0]))
    batch = SimpleNamespace(image=image[row], audio=dry[row, k][:, None].astype(np.float32) / 32768)
    maps = load_methods([f"attention:checkpoint={variant}"], "sounding-object", ["paper"])[0].method.predict(batch)
    cells = maps.prediction.reshape(len(row), -1).argmax(axis=1)
    down, across = np.unravel_index(cells, maps.prediction.shape[1:])
    y, x = (down + 0.5) / maps.prediction.shape[1], (across + 0.5) / maps.prediction.shape[2]
    left, top, right, bottom = box[row, k].T
    hit = (left <= x) & (x < right) & (top <= y) & (y < bottom)
    assert hit.mean() >= least, "an object covers a twentieth of its picture"
    card = read_checkpoint(
        WEIGHTS / ("attention.safetensors" if variant == "shipped" else f"attention-{variant}.safetensors"), "attention"
    ).card
    assert len(card["sources"][0]["fingerprint"]) == 64


@pytest.mark.parametrize("variant", ["shipped", "supervised"])
def test_shipped_senses_know_pictures_and_a_head_that_they_never_met(variant):
    """Waves of colour all around, and a voice at a rigid head without a room."""
    checkpoint = f"slfm:checkpoint={variant}"
    azimuth = np.array([-70.0, -30, 0, 30, 70])
    heard = StereoBatch(voice_from(azimuth), list("abcde"), 16_000, 1024, 1, 128)
    found = load_methods([checkpoint], "azimuth", ["paper"])[0].method.predict(heard)
    np.testing.assert_allclose(found, azimuth, atol=15)
    turn = np.array([-50.0, -20, 0, 35, 50])
    first, second = (np.stack([wall(k, heading) for k, heading in enumerate(one)]) for one in (0 * turn, turn))
    seen = ViewPairBatch(first, second, list("abcde"), Camera().intrinsics, np.full(5, PITCH_DEG))
    turned = load_methods([checkpoint], "rotation", ["paper"])[0].method.predict(seen)
    np.testing.assert_allclose(turned, turn, atol=3)
    path = WEIGHTS / ("slfm.safetensors" if variant == "shipped" else f"slfm-{variant}.safetensors")
    assert path.stat().st_size <= LARGEST
    assert len(read_checkpoint(path, "slfm").card["sources"][0]["fingerprint"]) == 64


def wall(seed, heading):
    """What a camera sees that looks towards `heading` (degrees): uint8 (240, 320, 3), patterns all around."""
    rng = np.random.default_rng(seed)
    waves = ray_directions(Camera(), orientation(heading)) @ (12 * rng.standard_normal((3, 40))) + rng.uniform(0, 6, 40)
    return np.uint8(128 + 20 * np.clip(np.cos(waves) @ rng.standard_normal((40, 3)), -6, 6))


def voice_from(azimuth):
    """Return clips (n, 2, samples) of a voice from `azimuth` (degrees) at a rigid sphere."""
    voice = babble(2.55, np.random.default_rng(0))
    responses = SphereHead().responses(direction(azimuth))
    return np.stack([signal.oaconvolve(one, voice[None], axes=-1)[:, :40_800] for one in responses]).astype(np.float32)


def test_a_model_without_weights_says_how_to_get_some():
    without = next((name for name in LEARNED if name not in SHIPPED), None)
    if without is None:
        pytest.skip("all models have weights")
    with pytest.raises(InputError, match=rf"{without}: no weights come with Whence; train some"):
        answers(without, delayed(3))
