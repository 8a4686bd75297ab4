"""The batched lattice against the exact sum, pyroomacoustics and the lattice of one room; rooms while training."""

from itertools import islice

import numpy as np
import pytest
import soundfile
from conftest import babble
from exact_images import error_db, exact_responses

from whence.datagen.acoustics import auralize as alone
from whence.datagen.acoustics.lattice import LEAD
from whence.datagen.acoustics.shoebox import ShoeboxRoom, impulse_responses, sabine_inversion
from whence.datagen.corpora.holdout import part_of
from whence.datagen.random_rooms import plan_random_rooms
from whence.datagen.tde import ROOMS
from whence.errors import InputError

torch = pytest.importorskip("torch")
batched_lattice = pytest.importorskip("whence.datagen.acoustics.batched_lattice")
batched = pytest.importorskip("whence.torch")

EXACT_DB = -63.0
"""As far as the lattice of one room may be from the exact sum."""
SIX_WALLS = (0.1, 0.7, 0.25, 0.55, 0.4, 0.85)


@pytest.fixture(scope="module")
def rooms():
    """Eleven rooms of various shapes, with 0 to 9 reflections in no order, a source and two microphones each."""
    rng = np.random.default_rng(3)
    found = []
    for order in (7, 0, 1, 9, 2, 3, 0, 8, 5, 4, 6):
        room = ShoeboxRoom(tuple(rng.uniform(2, 9, 3)), tuple(rng.permutation(SIX_WALLS)), order)
        found.append((room, *np.split(rng.uniform(0.02, 0.98, (3, 3)) * room.dimensions, [1])))
    return [(room, source[0], microphones) for room, source, microphones in found]


@pytest.fixture(scope="module")
def responses(rooms):
    """Their responses, float32 (11, 2, samples)."""
    return batched.impulse_responses(*zip(*rooms, strict=True))


def test_a_batch_is_the_exact_image_sum_of_each_room(rooms, responses):
    assert responses.dtype == torch.float32
    assert responses.shape[:2] == (11, 2)
    for (room, source, microphones), found in zip(rooms, responses.numpy(), strict=True):
        assert error_db(exact_responses(room, source, microphones, found.shape[1]), found) < EXACT_DB


def test_a_batch_agrees_with_the_lattice_of_one_room_which_is_as_long(rooms, responses):
    for (room, source, microphones), found in zip(rooms, responses.numpy(), strict=True):
        one = impulse_responses(room, source, microphones)
        assert error_db(one, found) < -75
        assert np.abs(found[:, one.shape[1] + 1 :]).max(initial=0) < 1e-6 * np.abs(found).max()
    assert abs(responses.shape[2] - max(impulse_responses(*room).shape[1] for room in rooms)) <= 1


def test_memory_for_one_room_at_a_time_gives_the_same(rooms, responses, monkeypatch):
    monkeypatch.setitem(batched_lattice._BINS_AT_ONCE, "cpu", 1)
    again = batched.impulse_responses(*zip(*rooms, strict=True))
    torch.testing.assert_close(again, responses, rtol=0, atol=2e-6 * float(responses.abs().max()))


def test_a_batch_agrees_with_pyroomacoustics_in_the_tde_rooms():
    boxes, sources = [], [room.source_position(37.3, 1.7) for room in ROOMS.values()]
    for room, rt60 in zip(ROOMS.values(), (0.1, 0.3, 0.2), strict=True):
        absorption, order = sabine_inversion(rt60 / 1.4, room.dimensions)
        boxes.append(ShoeboxRoom(room.dimensions, (absorption,) * 6, order))
    arrays = [room.microphones for room in ROOMS.values()]
    ours = batched.impulse_responses(boxes, sources, arrays).numpy()
    for one, *places in zip(ours, boxes, sources, arrays, strict=True):
        assert error_db(impulse_responses(*places, engine="pyroomacoustics"), one) < -48


def test_other_sample_rates_are_those_of_the_lattice_of_one_room(rooms):
    found = batched.impulse_responses(*zip(*rooms[:2], strict=True), sample_rate=8000).numpy()
    for room, one in zip(rooms, found, strict=False):
        assert error_db(impulse_responses(*room, sample_rate=8000), one) < -75


def test_a_batch_sounds_as_one_clip_does(rooms, responses):
    dry = np.random.default_rng(1).standard_normal((len(rooms), 5000)).astype(np.float32)
    heard = batched.auralize(torch.from_numpy(dry), responses).numpy()
    taps = responses.shape[2]
    assert heard.shape == (len(rooms), 2, 5000 - taps + 1)
    for one, sound, response in zip(heard, dry, responses.numpy(), strict=True):
        expected = alone.auralize(sound, response, taps - 1 - LEAD, one.shape[1], LEAD)
        np.testing.assert_allclose(one, expected, atol=2e-6 * np.abs(expected).max())


def test_noise_has_the_level_asked_for_and_clips():
    audio = torch.full((2, 2, 8000), 0.1)
    noisy = batched.add_noise(audio, torch.tensor([20.0, 0.0]), torch.Generator().manual_seed(0))
    assert (noisy - audio).std((1, 2)).tolist() == pytest.approx([0.01, 0.1], rel=0.02)
    assert batched.add_noise(audio, torch.tensor([-40.0, -40.0]), torch.Generator()).abs().max() == 1


@pytest.fixture(scope="module")
def voices(tmp_path_factory):
    """Speech of a speaker to train on and of one to validate with."""
    folder = tmp_path_factory.mktemp("voices")
    for part in ("train", "val"):
        speaker = next(name for name in map(str, range(99)) if part_of(name) == part)
        for take in range(2):
            (folder / speaker).mkdir(exist_ok=True)
            sound = babble(1.7 + take, np.random.default_rng(take))
            soundfile.write(folder / speaker / f"{take}.wav", sound, 16_000)
    return folder


def test_fresh_rooms_are_those_that_would_be_generated(voices):
    """The clips of a generated set, without its rounding; noise and the batch they come in change nothing of it."""
    plan = plan_random_rooms(str(voices), train_clips=3, val_clips=1, seed=4)
    (fresh,) = islice(batched.Rooms(voices, batch=3, seed=4), 1)
    for row, audio, truth, name in zip(range(3), fresh["audio"], fresh["truth"], fresh["sample_id"], strict=True):
        stored = plan.render(row)
        assert name == stored["sample_id"]
        assert float(truth) == pytest.approx(stored["interaural_time_difference"], rel=1e-6)
        np.testing.assert_allclose(audio.numpy() * 32767, stored["audio"], atol=4)
    noisy = batched.Rooms(voices, batch=1, seed=4, snr_db=(20.0, 20.0), first=2)
    first, again = (next(iter(noisy)) for _ in "12")
    assert torch.equal(first["audio"], again["audio"])
    added = first["audio"][0] - fresh["audio"][2]
    assert 20 * torch.log10(fresh["audio"][2].std() / added.std()) == pytest.approx(20, abs=0.3)


ROOM = ShoeboxRoom((5.0, 4.0, 3.0), SIX_WALLS, 1)
HEARD, ARRAY = (1.0, 1.0, 1.0), ((2.0, 1.0, 1.0), (2.2, 1.0, 1.0))


@pytest.mark.parametrize(
    ("arguments", "device", "message"),
    [
        (([ROOM], [(6.0, 1.0, 1.0)], [ARRAY]), "cpu", r"source at \[6.0, 1.0, 1.0\] m: outside the room"),
        (([ROOM], [HEARD], [HEARD]), "cpu", "within 1 mm of a microphone"),
        (([ROOM], [HEARD, HEARD], [ARRAY]), "cpu", "1 rooms, 2 sources, 1 arrays: expected one of each"),
        (([], [], []), "cpu", "0 rooms"),
        (([ROOM] * 2, [HEARD] * 2, [ARRAY, ARRAY[:1]]), "cpu", "arrays of 1 and of 2 microphones"),
        (([ROOM], [HEARD], [ARRAY]), "gpu", "device='gpu': Expected one of cpu"),
        (([ROOM], [HEARD], [ARRAY]), "cuda:99", "device='cuda:99': "),
    ],
)
def test_impossible_batches_are_refused(arguments, device, message):
    with pytest.raises(InputError, match=message):
        batched.impulse_responses(*arguments, device=device)


def test_impossible_rooms_and_sounds_are_refused(tmp_path):
    with pytest.raises(InputError, match="99 samples through responses of 100"):
        batched.auralize(torch.zeros(99), torch.zeros(2, 100))
    with pytest.raises(InputError, match="batch=0, first=0"):
        batched.Rooms(batch=0)
    with pytest.raises(InputError, match="seed=-1"):
        batched.Rooms(seed=-1)
    with pytest.raises(InputError, match="the lowest level"):
        batched.Rooms(snr_db=(5.0, 0.0))
    with pytest.raises(InputError, match=r"snr_db=5: expected the lowest level"):
        batched.Rooms(snr_db=5)
    with pytest.raises(InputError, match="nowhere"):
        batched.Rooms(tmp_path / "nowhere")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_gpu_gives_the_same_responses(rooms, responses):
    found = batched.impulse_responses(*zip(*rooms, strict=True), device="cuda")
    assert found.is_cuda
    for one, expected in zip(found.cpu().numpy(), responses.numpy(), strict=True):
        assert error_db(expected, one) < -75
