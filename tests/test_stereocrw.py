"""StereoCRW, ZeroNCE and MonoCLR: walks against closed forms, the encoder, views without labels, votes."""

import numpy as np
import pytest
import soundfile
from scipy.signal import lfilter

torch = pytest.importorskip("torch")

from whence.benchmarks.stimuli.stereo.batch import StereoBatch  # noqa: E402
from whence.datagen.dataset import Dataset  # noqa: E402
from whence.datagen.pipeline import generate  # noqa: E402
from whence.datagen.random_rooms import plan_random_rooms  # noqa: E402
from whence.digests import sha256  # noqa: E402
from whence.errors import InputError  # noqa: E402
from whence.models.data.augmentation import Augmentation, augment  # noqa: E402
from whence.models.data.recordings import Recordings  # noqa: E402
from whence.models.data.reverberation import reverberate  # noqa: E402
from whence.models.data.rooms import DelayRecipe, open_rooms  # noqa: E402
from whence.models.data.views import ViewsRecipe, open_views, views_of  # noqa: E402
from whence.models.delay.method import standard_batch  # noqa: E402
from whence.models.delay.stereocrw import MonoClr, MonoClrRecipe, StereoCrw, StereoCrwRecipe, ZeroNce  # noqa: E402
from whence.models.networks.patches import PatchEncoder, spectrogram  # noqa: E402
from whence.models.networks.residual import PUBLISHED_WIDTHS, ResidualEncoder  # noqa: E402
from whence.models.networks.walks import affinity, cycle_loss, match_loss, return_log_probability, soft_votes  # noqa: E402
from whence.models.train import train_model  # noqa: E402
from whence.models.training.checkpoint import read_checkpoint  # noqa: E402

SMALL = ["batch=4", "nodes=9", "widths=2,2,4,4", "frames=16", "validations=1"]


@pytest.fixture(scope="module")
def rooms(tmp_path_factory):
    path = str(tmp_path_factory.mktemp("rooms") / "rooms.zarr")
    generate(plan_random_rooms("espeak", train_clips=30, val_clips=6), path)
    return path


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """Return a folder of six usable recordings at two rates, and of others that are not."""
    folder = tmp_path_factory.mktemp("recordings")
    (folder / "album").mkdir()
    rng = np.random.default_rng(0)
    for k, rate in enumerate((16000, 44100) * 3):
        audio = 0.1 * rng.standard_normal((rate, 2))
        soundfile.write(folder / "album" / f"{k}.{'flac' if k % 3 else 'wav'}", audio, rate)
    noise = 0.1 * rng.standard_normal((16000, 1))
    soundfile.write(folder / "mono.wav", noise, 16000)
    soundfile.write(folder / "twice.wav", np.repeat(noise, 2, axis=1), 16000)
    soundfile.write(folder / "short.wav", np.repeat(noise, 2, axis=1)[:800], 16000)
    soundfile.write(folder / "broken.wav", np.full((16000, 2), np.nan), 16000, subtype="FLOAT")
    (folder / "noise.wav").write_bytes(b"no sound")
    return folder


# Walks


def test_a_perfectly_matched_pair_walks_home_with_probability_1():
    nodes = torch.eye(49)
    affinities = affinity(nodes, nodes, 0.05)
    assert return_log_probability(affinities, affinities).exp().numpy() == pytest.approx(np.ones(49), abs=1e-6)
    assert float(cycle_loss(affinities, affinities)) == pytest.approx(0, abs=1e-6)
    shuffled = nodes[torch.randperm(49, generator=torch.Generator().manual_seed(0))]
    there, back = affinity(nodes, shuffled, 0.05), affinity(shuffled, nodes, 0.05)
    assert float(cycle_loss(there, back)) == pytest.approx(0, abs=1e-6)


def test_walks_between_two_nodes_have_the_probabilities_worked_out_by_hand():
    there = torch.log(torch.tensor([[3.0, 1.0], [1.0, 3.0]]))  # steps 3/4 and 1/4
    back = torch.log(torch.tensor([[1.0, 1.0], [1.0, 4.0]]))  # steps 1/2, 1/2; 1/5, 4/5
    home = return_log_probability(there, back).exp()
    assert home.tolist() == pytest.approx([3 / 4 / 2 + 1 / 4 / 5, 1 / 4 / 2 + 3 / 4 * 4 / 5])
    assert float(cycle_loss(there, back)) == pytest.approx(-np.log([0.425, 0.725]).mean())


def test_indifferent_embeddings_come_home_by_chance():
    same = affinity(torch.ones(5, 7, 3), torch.ones(5, 7, 3), 0.05)
    assert float(cycle_loss(same, same)) == pytest.approx(np.log(7))
    assert float(match_loss(same, torch.zeros(5, dtype=torch.long))) == pytest.approx(np.log(7))


def test_matches_follow_the_shift_and_skip_the_borders():
    steps = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.2, 0.3, 0.5]])
    affinities = torch.log(steps)[None]
    one = torch.tensor([1])
    assert float(match_loss(affinities, 0 * one)) == pytest.approx(-np.log([0.7, 0.6, 0.5]).mean())
    assert float(match_loss(affinities, one)) == pytest.approx(-np.log([0.7, 0.1, 0.3]).mean())  # the first is clamped
    assert float(match_loss(affinities, one, skipped=1)) == pytest.approx(-np.log(0.1))
    assert float(match_loss(affinities, -one, skipped=1)) == pytest.approx(-np.log(0.3))


# The encoder


def test_the_encoder_is_the_published_one():
    tensors = PatchEncoder(PUBLISHED_WIDTHS, frames=128).net.state_dict()
    assert len(tensors) == 74
    assert sum(p.numel() for p in ResidualEncoder().parameters()) == 4_968_320
    shapes = {
        "conv1.weight": (64, 2, 7, 7),
        "bn1.running_mean": (64,),
        "layer1.0.conv2.weight": (64, 64, 3, 3),
        "layer2.0.conv1.weight": (128, 64, 3, 3),
        "layer2.0.downsample.0.weight": (128, 64, 1, 1),
        "layer4.0.downsample.1.num_batches_tracked": (),
        "fc.weight": (128, 512),
    }
    assert {name: tuple(tensors[name].shape) for name in shapes} == shapes
    assert "layer1.0.downsample.0.weight" not in tensors


@pytest.mark.parametrize(("samples", "frames"), [(1024, 128), (7680, 128), (15_360, 96), (40_800, 255)])
def test_spectrograms_have_the_published_sizes(samples, frames):
    assert spectrogram(torch.randn(1, samples)).shape == (1, 2, frames, 128)


def test_a_frame_of_the_spectrogram_is_the_transform_of_its_samples():
    patch = np.random.default_rng(0).standard_normal(1024).astype(np.float32)
    image = spectrogram(torch.from_numpy(patch)[None])[0].numpy()
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(256) / 256)
    for frame in (16, 100):
        expected = np.fft.rfft(window * patch[8 * frame - 128 : 8 * frame + 128])[:-1]
        assert image[0, frame] + 1j * image[1, frame] == pytest.approx(expected, abs=1e-4)


def test_embeddings_have_unit_length_and_compressed_ones_ignore_the_level():
    encoder = PatchEncoder((2, 2, 4, 4), frames=16, compression=0.5).eval()
    patches = torch.randn(3, 5, 1024)
    embeddings = encoder(patches)
    assert embeddings.shape == (3, 5, 128)
    assert embeddings.norm(dim=-1).detach().numpy() == pytest.approx(np.ones((3, 5)), abs=1e-5)
    assert encoder(100 * patches).detach().numpy() == pytest.approx(embeddings.detach().numpy(), abs=1e-4)
    assert torch.isfinite(encoder(torch.zeros(1, 1024))).all()


# Votes


class Samples(torch.nn.Module):
    """An encoder that needs no training: white noise matches itself."""

    temperature = 0.05

    def forward(self, patches):
        return torch.nn.functional.normalize(patches, dim=-1)


def delayed_noise(delay, samples=1151):
    source = np.random.default_rng(0).standard_normal(samples + 40).astype(np.float32)
    return torch.from_numpy(np.stack([source[20:][:samples], source[20 - delay :][:samples]])[None].copy())


@pytest.mark.parametrize("delay", [-13, 0, 5])
def test_a_known_shift_is_recovered_and_swapping_the_channels_negates_it(delay):
    audio = delayed_noise(delay)
    for clip, expected in ((audio, delay), (audio.flip(1), -delay)):
        ballots = StereoCrw.ballots(Samples(), standard_batch(clip), clip)
        assert ballots == pytest.approx(np.full((1, 80), expected), abs=1e-2)


@pytest.mark.parametrize(("votes", "hop", "voters"), [(80, 3, 64), (6, 60, 4), (1, 1, 1), (2, 20, 1)])
def test_windows_that_lie_apart_or_are_few_find_it_too(votes, hop, voters):
    audio = delayed_noise(6, samples=1024 + hop * (votes - 1))
    batch = StereoBatch(audio.numpy(), ["a"], 16000, 1024, hop, votes)
    assert StereoCrw.ballots(Samples(), batch, audio) == pytest.approx(np.full((1, voters), 6), abs=2e-2)


def test_a_vote_is_the_mean_shift_under_the_softmax():
    shifts = torch.tensor([-1, 0, 1])
    votes = soft_votes(torch.log(torch.tensor([[1.0, 2.0, 5.0], [2.0, 1.0, 1.0]])), shifts)
    assert votes.tolist() == pytest.approx([(5 - 1) / 8, (1 - 2) / 4])


@pytest.mark.parametrize("model", [StereoCrw, ZeroNce, MonoClr])
def test_an_untrained_model_sits_at_chance_and_80_windows_vote(model):
    answer = model(checkpoint="untrained", votes="mode").predict(standard_batch(delayed_noise(10)))
    assert np.abs(answer.prediction).max() < 0.3e-3
    assert list(answer.diagnostics["voters"]) == [80]


def test_too_short_windows_are_refused():
    with pytest.raises(InputError, match="windows of 128 samples are too short, it compares patches of 129"):
        StereoCrw(checkpoint="untrained").predict(standard_batch(delayed_noise(0, samples=255)))


# Views


def test_reverberation_is_that_of_its_transfer_function():
    combs = [length * 16000 // 44100 for length in (1116, 1188, 1277, 1356, 1422, 1491, 1557, 1617)]
    dry = np.zeros(3000)
    dry[[0, 7]] = 1, -0.5
    for size in (0.0, 0.8):
        wet = np.zeros_like(dry)
        for delay in combs:
            denominator = np.zeros(delay + 1)
            denominator[[0, 1]] = 1, -0.2
            denominator[delay] = -(0.7 + 0.28 * size) * 0.8
            wet += lfilter(0.015 * np.eye(delay + 2)[delay] - 0.003 * np.eye(delay + 2)[delay + 1], denominator, dry)
        for delay in (length * 16000 // 44100 for length in (556, 441, 341, 225)):
            end = np.eye(delay + 1)[delay]
            start = np.eye(delay + 1)[0]
            wet = lfilter(1.5 * end - start, start - 0.5 * end, wet)
        found = reverberate(dry[None].astype(np.float32), np.array([size]), 16000)[0]
        assert found == pytest.approx(0.99 * wet + 0.8 * dry, abs=1e-6)


def test_augmentations_have_their_levels():
    rng = np.random.default_rng(0)
    clips = (0.1 * rng.standard_normal((40, 2, 3000))).astype(np.float32)

    def rms(audio):
        return np.sqrt(np.mean(np.square(audio), axis=-1))

    mixed = augment(clips, Augmentation((1, 1), (0.5, 0.5), None, None), rng) - clips
    assert rms(mixed) == pytest.approx(0.5 * rms(clips), rel=1e-3)
    scaled = augment(clips, Augmentation((0.5, 1.5), None, None, None), rng)
    gains = rms(scaled) / rms(clips)
    assert 0.5 < gains.min() < 0.6
    assert 1.4 < gains.max() < 1.5
    assert np.corrcoef(gains.T)[0, 1] < 0.5
    noise = augment(clips, Augmentation((1, 1), None, None, (20, 20)), rng) - clips
    assert rms(noise) == pytest.approx(0.1 * rms(clips), rel=0.1)
    assert np.abs(augment(100 * clips, Augmentation((1, 1), None, None, None), rng)).max() == 1


def test_the_clean_view_starts_later_by_the_shift():
    clips = np.random.default_rng(0).standard_normal((30, 2, 3000)).astype(np.float32) / 10
    recipe = MonoClrRecipe(augmented=False, scaling=(1, 1))
    views = views_of(clips, recipe, np.random.default_rng(1))
    assert {int(o) for o in views.shift} <= set(range(-16, 17))
    assert len({int(o) for o in views.shift}) > 10
    for left, clean, o in zip(views.left, views.clean, views.shift.tolist(), strict=True):
        assert torch.equal(clean[: len(clean) - abs(o)], left[o:]) if o >= 0 else torch.equal(clean[-o:], left[:o])
    swapped = [
        any(np.array_equal(view[:20], clip[1, k : k + 20]) for k in range(2000))
        for view, clip in zip(views.left.numpy()[:8], clips[:8], strict=True)
    ]
    assert 0 < sum(swapped) < 8


def test_views_are_a_function_of_the_step_and_devices_share_them(rooms, recordings):
    for source in (rooms, str(recordings)):
        recipe = StereoCrwRecipe(batch=6)
        first, again = (open_views(recipe, [source]).training(3) for _ in range(2))
        assert first.left.shape == (6, 1216)
        assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
        parts = [open_views(recipe, [source]).training(3, rank, 2) for rank in range(2)]
        assert torch.equal(parts[1].right, first.right[1::2])


def test_a_walk_without_augmentation_returns_to_the_same_channel(rooms):
    views = open_views(StereoCrwRecipe(batch=6, augmented=False), [rooms]).training(0)
    assert torch.equal(views.left, views.clean)
    assert not torch.equal(views.left, views.right)


# Recordings


def test_rooms_that_reverberate_too_long_are_not_trained_on(rooms):
    times = Dataset(rooms).column("rt60_sabine")
    longest = float(np.median(times))
    views = open_views(ViewsRecipe(batch=8, longest_rt60=longest), [rooms])
    rows = np.concatenate([views.rooms.clips(step)[0] for step in range(4)])
    assert times[rows].max() <= longest
    with pytest.raises(InputError, match="raise longest_rt60"):
        open_rooms(DelayRecipe(), [rooms], longest_rt60=-1.0).training(0)


def test_unusable_recordings_are_left_out_by_name(recordings, capfd):
    found = Recordings(recordings, 0.5, 0)
    assert sorted(file.name for file in found.files) == [f"album/{k}.{'flac' if k % 3 else 'wav'}" for k in range(6)]
    said = capfd.readouterr().err
    assert "5 of 11 files left out" in said
    for reason in ("mono, such as mono.wav", "stored twice, such as twice.wav", "shorter than 0.5 s", "not finite"):
        assert reason in said
    names = {part: {file.name for file in files} for part, files in found.parts.items()}
    assert (len(names["val"]), len(names["train"])) == (1, 5)
    assert not names["val"] & names["train"]


def test_excerpts_are_resampled(tmp_path):
    for rate in (16000, 48000):
        phase = 2 * np.pi * 440 * np.arange(rate) / rate
        soundfile.write(tmp_path / f"{rate}.wav", np.stack([np.sin(phase), np.cos(phase)], 1) / 2, rate)
    excerpts = Recordings(tmp_path, 0.5, 0).excerpts("train", "a", 4)
    assert excerpts.shape == (4, 2, 8000)
    strongest = np.abs(np.fft.rfft(excerpts[:, 0])).argmax(-1) * 2
    assert list(strongest) == [440] * 4


def test_a_folder_without_stereo_is_refused(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.ones(16000) / 2, 16000)
    with pytest.raises(InputError, match=r"0 usable stereo files .* of 1; at least 2 .*1 mono, such as a\.wav"):
        open_views(StereoCrwRecipe(), [str(tmp_path)])
    with pytest.raises(InputError, match="2 sources of data"):
        open_views(StereoCrwRecipe(), ["a", "b"])


# Training


def test_training_lowers_the_loss_and_the_second_stage_begins_with_the_first(rooms, tmp_path):
    settings = [*SMALL, "steps=40", "validations=2", "stride=16", "learning_rate=3e-3"]
    first = train_model("stereocrw", [rooms], tmp_path / "first", preset="tiny", settings=settings)
    card = read_checkpoint(first, "stereocrw").card
    assert card["log"][1]["loss"] < card["log"][0]["loss"]
    assert {"mae_ms", "gcc_phat_mae_ms"} <= set(card["log"][0])
    settings = [*SMALL, "steps=1", "learning_rate=1e-12", f"start={first}"]
    second = train_model("stereocrw", [rooms], tmp_path / "second", preset="tiny", settings=settings)
    weights = [read_checkpoint(path, "stereocrw").tensors["net.fc.weight"].numpy() for path in (first, second)]
    assert weights[0] == pytest.approx(weights[1], abs=1e-6)
    sources = read_checkpoint(second, "stereocrw").card["sources"]
    assert sources[1]["fingerprint"] == sha256(first.read_bytes())
    with pytest.raises(InputError, match="holds the model 'stereocrw', not 'monoclr'"):
        train_model("monoclr", [rooms], tmp_path / "third", preset="tiny", settings=[*SMALL, f"start={first}"])


@pytest.mark.parametrize("name", ["zeronce", "monoclr"])
def test_a_folder_of_recordings_trains_without_labels(recordings, tmp_path, name, monkeypatch):
    monkeypatch.setattr("whence.models.data.views._HELD_OUT", 100)
    checkpoint = train_model(name, [str(recordings)], tmp_path / "run", preset="tiny", settings=[*SMALL, "steps=2"])
    card = read_checkpoint(checkpoint, name).card
    assert card["sources"][0]["dataset"] == "recordings"
    assert 0 < card["log"][-1]["held_out_loss"] < 5
