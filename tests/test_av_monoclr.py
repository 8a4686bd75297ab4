"""AV-MonoCLR: two ears made of two voices, the query in the network, vectors from files, a training."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

torch = pytest.importorskip("torch")

from whence.benchmarks.bench import bench  # noqa: E402
from whence.benchmarks.running.method import load_methods  # noqa: E402
from whence.benchmarks.stimuli.guided.batch import GuidedBatch  # noqa: E402
from whence.benchmarks.stimuli.guided.condition import GuidedCondition  # noqa: E402
from whence.datagen.dataset import Dataset  # noqa: E402
from whence.datagen.pipeline import generate  # noqa: E402
from whence.datagen.random_rooms import plan_random_rooms  # noqa: E402
from whence.datagen.talkers import plan_talkers  # noqa: E402
from whence.errors import InputError  # noqa: E402
from whence.models.data.query_vectors import read_query_vectors  # noqa: E402
from whence.models.data.voices import VoicesRecipe, open_voices, partners, two_ears, with_noise  # noqa: E402
from whence.models.delay.av_monoclr import AvMonoClr, AvMonoClrRecipe, voice_loss  # noqa: E402
from whence.models.networks.residual import PUBLISHED_WIDTHS  # noqa: E402
from whence.models.networks.voice import GuidedEncoder, VoiceEncoder, mel_bands  # noqa: E402
from whence.models.networks.walks import match_loss  # noqa: E402
from whence.models.train import train_model  # noqa: E402
from whence.models.training.checkpoint import read_checkpoint  # noqa: E402

SMALL = ["batch=6", "nodes=15", "patch=512", "widths=2,2,4,4", "voice_widths=2,2,4,4", "frames=16", "validations=1"]


@pytest.fixture(scope="module")
def rooms(tmp_path_factory):
    path = str(tmp_path_factory.mktemp("rooms") / "rooms.zarr")
    generate(plan_random_rooms("espeak", train_clips=60, val_clips=12), path)
    return path


def tiny_network(**options):
    torch.manual_seed(0)
    return GuidedEncoder((2, 2, 4, 4), frames=16, patch=512, voice_widths=(2, 2, 4, 4), **options).eval()


def vectors_file(path, names, width=128, seed=0):
    vectors = np.random.default_rng(seed).standard_normal((len(names), width))
    if path.suffix == ".npz":
        np.savez(path, sample_id=np.array(names), vector=vectors)
    else:
        parquet.write_table(pa.table({"sample_id": list(names), "vector": list(vectors)}), path)
    return path


# Two ears of two voices ------------------------------------------------------------------------------------------


def test_the_voice_meant_reaches_the_right_ear_earlier_by_its_shift():
    rng = np.random.default_rng(0)
    own = 0.1 * rng.standard_normal((40, 2000)).astype(np.float32)
    ears, shift = two_ears(own, np.zeros_like(own), 24, rng)
    assert ears.shape == (40, 2, 1952)
    assert (shift.min() < -15, shift.max() > 15) == (True, True)
    for (left, right), o in zip(ears, shift, strict=True):  # right(t) = gain * left(t + o)
        first, last = max(o, 0), 1952 + min(o, 0)
        later, earlier = left[first:last], right[first - o : last - o]
        assert np.corrcoef(later, earlier)[0, 1] == pytest.approx(1, abs=1e-5)


def test_both_voices_are_equally_loud_and_never_shifted_alike():
    rng = np.random.default_rng(1)
    own, other = (level * rng.standard_normal((300, 900)).astype(np.float32) for level in (0.02, 0.1))
    twin = np.random.default_rng(2)
    both, shift = two_ears(own, other, 24, np.random.default_rng(2))
    alone, same = two_ears(own, np.zeros_like(own), 24, twin)
    assert shift.tolist() == same.tolist()
    rest = both - alone
    ratio = np.sqrt(np.square(rest).mean() / np.square(alone).mean())
    assert ratio == pytest.approx(1, abs=0.05)
    lags = []
    for left, right in rest:
        cross = [np.dot(left[24:-24], right[24 - o : len(right) - 24 - o]) for o in range(-24, 25)]
        lags.append(int(np.argmax(cross)) - 24)
    assert not (np.array(lags) == shift).any()
    assert set(lags) | set(shift.tolist()) == set(range(-24, 25))


def test_partners_are_other_speakers():
    rng = np.random.default_rng(0)
    speaker = rng.integers(0, 3, 50)
    assert (speaker[partners(speaker, rng)] != speaker).all()
    assert partners(np.zeros(3, dtype=int), rng).tolist() == [-1, 0, 1]  # others, at least


def test_noise_is_added_at_the_levels_in_turn():
    rng = np.random.default_rng(0)
    clips = rng.standard_normal((4, 2, 20_000)).astype(np.float32)
    noise = with_noise(clips, (30.0, 10.0), rng) - clips
    assert 10 * np.log10(clips.var((1, 2)) / noise.var((1, 2))) == pytest.approx([30, 10, 30, 10], abs=0.1)


def test_a_query_is_another_clip_of_the_same_speaker(rooms):
    voices = open_voices(VoicesRecipe(batch=12, patch=512, nodes=9), [rooms])
    speaker = voices.rooms.dataset.column("speaker")
    first = voices.rooms.dataset.audio(range(72))[:, 0]
    views = voices.training(3)
    assert all(torch.equal(one, other) for one, other in zip(views, voices.training(3), strict=True))
    for query, alone, number in zip(views.query, views.alone, views.speaker, strict=True):
        (asked,) = np.flatnonzero((first == query.numpy()).all(axis=1))
        (heard,) = np.flatnonzero((first == alone.numpy()).all(axis=1))
        assert asked != heard
        assert speaker[asked] == speaker[heard] == sorted(set(speaker.tolist()))[int(number)]
        assert max(asked, heard) < 60


def test_validation_clips_have_both_delays_of_other_speakers(rooms):
    (clips,) = open_voices(VoicesRecipe(batch=4, patch=512), [rooms]).validation()
    delays = Dataset(rooms).column("interaural_time_difference")[60:] * 16_000
    assert clips.audio.shape[1:] == (2, 512 + 48)
    for delay, other in zip(clips.delay, clips.other_delay, strict=True):
        assert np.abs(delays - float(delay)).min() < 1e-5
        assert np.abs(delays - float(other)).min() < 1e-5
        assert float(delay) != float(other)


def test_a_set_of_lone_voices_is_refused(tmp_path):
    path = str(tmp_path / "rooms.zarr")
    generate(plan_random_rooms("espeak", train_clips=3, val_clips=2), path)
    with pytest.raises(InputError, match="fewer than two speakers of the part 'train' have two clips"):
        open_voices(VoicesRecipe(), [path])


# The network -----------------------------------------------------------------------------------------------------


def test_the_published_network_has_as_many_parameters_as_the_released_one():
    network = GuidedEncoder(PUBLISHED_WIDTHS, frames=128)
    assert sum(parameter.numel() for parameter in network.parameters()) == 5_296_000
    assert network.net.layer3[0].conv1.weight.shape == (256, 256, 3, 3)
    assert network.net.layer3[0].downsample[0].weight.shape == (256, 256, 1, 1)


def test_the_query_changes_what_is_heard_each_clip_by_its_own():
    network, rng = tiny_network(query_scale=8.0), torch.Generator().manual_seed(0)
    patches = torch.randn(3, 4, 512, generator=rng)
    queries = torch.nn.functional.normalize(torch.randn(3, 128, generator=rng), dim=-1)
    with torch.inference_mode():
        together = network(patches, queries)
        alone = torch.cat([network(patches[k : k + 1], queries[k : k + 1]) for k in range(3)])
        others = network(patches, queries.roll(1, 0))
    assert together.shape == (3, 4, 128)
    assert together.norm(dim=-1).numpy() == pytest.approx(np.ones((3, 4)), abs=1e-5)
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert (together - others).norm(dim=-1).min() > 0.01


def test_a_voice_is_embedded_whatever_its_level():
    torch.manual_seed(0)
    encoder = VoiceEncoder((2, 2, 4, 4), 128).eval()
    clips = torch.randn(2, 24_000)
    with torch.inference_mode():
        loud, quiet = encoder(clips), encoder(0.01 * clips)
    assert loud.norm(dim=-1).tolist() == pytest.approx([1, 1], abs=1e-5)
    np.testing.assert_allclose(loud, quiet, atol=1e-5)


def test_bands_rise_and_fall_to_their_neighbours():
    bands = mel_bands().numpy()
    assert bands.shape == (513, 64)
    assert (bands >= 0).all()
    assert (bands.max(axis=0) > 0.3).all()
    inside = slice(10, 460)  # from 156 Hz to 7.2 kHz
    assert bands[inside].sum(axis=1) == pytest.approx(np.ones(450), abs=1e-5)


def test_told_apart_by_hand_and_clips_of_one_speaker_do_not_compete():
    queries = torch.eye(3)
    apart = float(voice_loss(queries, queries, torch.tensor([0, 1, 2])))
    assert apart == pytest.approx(np.log(1 + 2 * np.exp(-10)), abs=1e-6)
    wrong = queries[[1, 0, 2]]  # the first two are taken for each other
    assert float(voice_loss(queries, wrong, torch.tensor([0, 1, 2]))) == pytest.approx(
        np.mean([np.log(2 + np.exp(10)), np.log(2 + np.exp(10)), np.log(1 + 2 * np.exp(-10))])
    )
    forgiven = float(voice_loss(queries, wrong, torch.tensor([0, 0, 2])))
    assert forgiven == pytest.approx(np.mean([np.log(2), np.log(2), np.log(1 + 2 * np.exp(-10))]))


def test_a_perfect_ear_has_no_loss_where_the_voice_is_and_much_elsewhere():
    """A network whose embeddings are the absolute time of a patch: the loss is that of the shift alone."""
    times = torch.eye(40)

    def affinities(o):
        return (times[None, 6:31] @ times[None, 6 + o : 31 + o].transpose(-1, -2)) / 0.05

    assert float(match_loss(affinities(3), torch.tensor([3]), skipped=3)) == pytest.approx(0, abs=1e-6)
    assert float(match_loss(affinities(3), torch.tensor([-3]), skipped=3)) > 5


# Benching --------------------------------------------------------------------------------------------------------


def noise_batch(names=("a/talker-0", "a/talker-1"), samples=7807):
    rng = np.random.default_rng(0)
    audio = 0.1 * rng.standard_normal((1, 2, samples)).astype(np.float32).repeat(len(names), 0)
    queries = rng.standard_normal((len(names), 24_000)).astype(np.float32)
    return GuidedBatch(audio, tuple(names), 16_000, samples - 52, 1, 53, queries)


def test_an_untrained_network_answers_near_zero_and_the_queries_matter():
    batch = noise_batch()
    method = load_methods(["av-monoclr:checkpoint=untrained"], "guided", ["paper"])[0].method
    found = method.predict(batch)
    assert found.diagnostics["voters"].tolist() == [5, 5]
    assert np.abs(found.prediction).max() < 2e-4
    assert found.prediction[0] != found.prediction[1]


@pytest.mark.parametrize(("suffix", "width"), [("npz", 128), ("parquet", 256)])
def test_vectors_from_a_file_point_by_name(tmp_path, suffix, width):
    batch = noise_batch()
    path = vectors_file(tmp_path / f"queries.{suffix}", ["b", *batch.sample_id[::-1]], width)
    text = f"av-monoclr:checkpoint=untrained:queries={path}"
    (loaded,) = load_methods([text], "guided", ["paper"])
    assert set(loaded.files) == {"queries", str(path)}
    first = loaded.method.predict(batch).prediction
    swapped = GuidedBatch(batch.audio, batch.sample_id[::-1], 16_000, batch.window, 1, batch.votes, batch.query)
    np.testing.assert_allclose(loaded.method.predict(swapped).prediction, first[::-1], atol=1e-8)
    assert first[0] != first[1]
    renamed = GuidedBatch(batch.audio, ("a/talker-0", "c"), 16_000, batch.window, 1, batch.votes, batch.query)
    with pytest.raises(InputError, match=r"no vector for c \(1 of 2 lack one\)"):
        loaded.method.predict(renamed)


def test_vectors_are_scaled_to_unit_length(tmp_path):
    found = read_query_vectors(vectors_file(tmp_path / "q.parquet", ["a", "b"]))
    assert found.width == 128
    assert np.linalg.norm(found.of(["b", "a"]), axis=1) == pytest.approx([1, 1], abs=1e-6)


def written(path, **arrays):
    np.savez(path, **arrays)
    return path


ONES = np.ones((2, 128))
DIFFERENT = ONES * np.array([[1.0], [2.0]])


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"sample_id": ["a", "b"], "vector": ONES[:, :100]}, r"shape \(2, 100\) for 2 samples: expected \(n, 128 or"),
        ({"sample_id": ["a", "b", "c"], "vector": DIFFERENT}, r"shape \(2, 128\) for 3 samples"),
        ({"sample_id": ["a", "a"], "vector": DIFFERENT}, "the sample a occurs twice"),
        ({"sample_id": ["a", "b"], "vector": DIFFERENT * [[1], [np.nan]]}, "the vector of b is zero or not finite"),
        ({"sample_id": ["a", "b"], "vector": DIFFERENT * [[0], [1]]}, "the vector of a is zero or not finite"),
        ({"sample_id": ["a", "b"], "vector": ONES}, "all 2 vectors are the same"),
        ({"names": ["a", "b"], "vector": ONES}, "needs the arrays sample_id and vector"),
        ({"sample_id": np.array(["a", 1], dtype=object), "vector": ONES}, "cannot be read"),
    ],
)
def test_vectors_that_point_at_nobody_are_refused(tmp_path, arrays, message):
    with pytest.raises(InputError, match=message):
        read_query_vectors(written(tmp_path / "q.npz", **arrays))


@pytest.mark.parametrize("name", ["q.npz", "q.parquet"])
def test_damaged_and_missing_files_of_vectors_are_refused(tmp_path, name):
    with pytest.raises(InputError, match=r"no such file; give a .parquet or .npz"):
        read_query_vectors(tmp_path / name)
    data = io.BytesIO()
    np.savez(data, sample_id=["a"], vector=ONES[:1])
    (tmp_path / name).write_bytes(data.getvalue()[:200])
    with pytest.raises(InputError, match="cannot be read"):
        read_query_vectors(tmp_path / name)


# Training --------------------------------------------------------------------------------------------------------


def test_training_lowers_the_loss_and_the_weights_can_be_benched(rooms, speech_folder, tmp_path):
    settings = [*SMALL, "steps=30", "validations=2", "stride=16", "learning_rate=3e-3", "voice_share=1.0"]
    trained = train_model("av-monoclr", [rooms], tmp_path / "run", preset="tiny", settings=settings)
    card = read_checkpoint(trained, "av-monoclr").card
    assert card["log"][1]["loss"] < card["log"][0]["loss"]
    assert {"rmse_ms", "gcc_phat_rmse_ms", "meant_share"} <= set(card["log"][0])
    data = str(tmp_path / "pairs.zarr")
    generate(plan_talkers(str(speech_folder), clips=1, rt60=(0.0,)), data)
    brief = GuidedCondition(clip_seconds=0.032, votes=50)
    run = bench(
        "guided",
        data,
        tmp_path / "bench",
        methods=[f"av-monoclr:checkpoint={trained}"],
        conditions=[brief],
        report=False,
    )
    assert [one.listens for one in run.scored] == [True]
    names = open_names(data)
    path = vectors_file(tmp_path / "q.npz", names)
    with pytest.raises(InputError, match="these weights hear the query's voice; leave queries=FILE out"):
        AvMonoClr(str(trained), queries=str(path)).predict(noise_batch(names[:2]))


def open_names(data):
    names = Dataset(data).column("sample_id")
    return [f"{name}/talker-{k}" for name in names for k in range(2)]


def test_vectors_train_a_network_without_an_encoder_of_voices(rooms, tmp_path):
    path = vectors_file(tmp_path / "q.npz", Dataset(rooms).column("sample_id").tolist(), 256)
    with pytest.raises(InputError, match="vectors of 256 numbers; give --set query_width=256"):
        train_model("av-monoclr", [rooms], tmp_path / "no", preset="tiny", settings=[f"queries={path}"])
    settings = [*SMALL, "steps=2", f"queries={path}", "query_width=256"]
    trained = train_model("av-monoclr", [rooms], tmp_path / "run", preset="tiny", settings=settings)
    found = read_checkpoint(trained, "av-monoclr")
    assert not [name for name in found.tensors if name.startswith("voice.")]
    assert [source["dataset"] for source in found.card["sources"]] == ["random-rooms", "queries"]
    batch = noise_batch()
    with pytest.raises(InputError, match="these weights were trained with vectors; give theirs as queries=FILE"):
        AvMonoClr(str(trained)).predict(batch)
    narrow = vectors_file(tmp_path / "narrow.npz", batch.sample_id)
    with pytest.raises(InputError, match="vectors of 128 numbers, these weights take 256"):
        AvMonoClr(str(trained), queries=str(narrow)).predict(batch)
    own = vectors_file(tmp_path / "own.npz", batch.sample_id, 256)
    assert AvMonoClr(str(trained), queries=str(own)).predict(batch).prediction.shape == (2,)


def test_the_paper_preset_is_the_published_recipe():
    recipe = AvMonoClrRecipe(**AvMonoClrRecipe.presets["paper"])
    assert (recipe.samples + 48, recipe.batch, recipe.learning_rate, recipe.augmented) == (15_600, 48, 1e-4, False)
    assert recipe.augmentation.scaling == (0.5, 1.5)
    assert recipe.augmentation.room_size is None
