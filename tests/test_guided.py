"""The track `guided`: mixtures, queries, oracles and conditions against closed forms and known delays."""

from dataclasses import replace

import numpy as np
import pytest

from whence.baselines.gcc import GccPhat
from whence.baselines.oracles import OracleMask, RandomOracle
from whence.benchmarks.bench import bench
from whence.benchmarks.questions.bearing import MEAN_BEARING_ERROR, bearing
from whence.benchmarks.questions.source import open_source
from whence.benchmarks.scoring.scored import metric_terms
from whence.benchmarks.stimuli.guided.batch import GuidedBatch, RevealedBatch, mixture
from whence.benchmarks.stimuli.guided.condition import GuidedCondition
from whence.benchmarks.stimuli.stereo.condition import StereoCondition
from whence.datagen.dataset import Dataset
from whence.datagen.pipeline import generate
from whence.datagen.talkers import CLIP_SAMPLES, plan_talkers
from whence.errors import InputError
from whence.leaderboard.sealing.labels_file import read_labels_file
from whence.leaderboard.sealing.seal import seal
from whence.registry import load_track

TRACK = load_track("guided")
CLEAN = GuidedCondition(clip_seconds=0.25, votes=4)
NOISY = replace(CLEAN, snr_db=10.0)


@pytest.fixture(scope="module")
def data(speech_folder, tmp_path_factory) -> str:
    url = str(tmp_path_factory.mktemp("guided") / "pairs.zarr")
    generate(plan_talkers(str(speech_folder), clips=4, rt60=(0.1,)), url)
    return url


@pytest.fixture(scope="module")
def source(data):
    return open_source(TRACK, Dataset(data))


def only(batches):
    (batch,) = batches
    return batch


def two_noises(lags, rng, samples=9000):
    """Return the images (2, 2, samples) of two white noises whose right channels are `lags` (2,) samples late."""
    images = []
    for lag in lags:
        sound = rng.standard_normal(samples + 60)
        images.append(np.stack([sound[30 : 30 + samples], sound[30 - lag : 30 - lag + samples]]))
    return np.array(images, dtype=np.float32)


def in_turns(images, length=1500):
    """Return `images` gated so that they sound in turn, `length` samples each."""
    first = np.arange(images.shape[-1]) // length % 2 == 0
    return images * np.stack([first, ~first])[:, None]


def revealed(images, delays, window=8000, votes=4):
    """Return the batch in which each talker of `images` is pointed at in turn."""
    heard = images.sum(axis=0)[:, : window + votes - 1]
    own = images[:, :, : window + votes - 1]
    both = np.array([delays, delays[::-1]]) / 16_000
    queries = np.zeros((2, 100), np.float32)
    return RevealedBatch(np.stack([heard, heard]), ("a", "b"), 16_000, window, 1, votes, queries, own, both)


# What methods hear -----------------------------------------------------------------------------------------------


def test_both_talkers_of_a_row_are_asked_for_in_one_mixture(source):
    labels, dataset = source.labels, source.dataset
    assert len(labels) == 2 * len(dataset) == 24
    assert labels.sample_id[:2].tolist() == ["room1/rt60-0.1/00000/talker-0", "room1/rt60-0.1/00000/talker-1"]
    assert labels.truth.tolist() == dataset.column("interaural_time_difference").ravel().tolist()
    batch = only(source.batches(labels, NOISY))
    assert type(batch) is GuidedBatch
    assert batch.audio.shape == (24, 2, NOISY.kept_samples)
    np.testing.assert_array_equal(batch.audio[::2], batch.audio[1::2])
    np.testing.assert_array_equal(batch.query, dataset.column("query").reshape(24, -1) / np.float32(32768))


def test_the_order_of_the_samples_does_not_matter(source):
    order = np.random.default_rng(0).permutation(24)
    there, shuffled = (only(source.revealed(some, NOISY)) for some in (source.labels, source.labels.take(order)))
    for name in ("audio", "query", "target", "delays"):
        np.testing.assert_array_equal(getattr(there, name)[order], getattr(shuffled, name))


def test_a_mixture_is_the_sum_of_two_equally_loud_talkers(source):
    clips = source.dataset.audio([3])[0] * np.array([1.0, 0.2], np.float32)[:, None, None]
    together, images = mixture(clips, "a", CLEAN, seed=0)
    np.testing.assert_allclose(together, images.sum(axis=0), atol=1e-6)
    everything = replace(CLEAN, votes=3801)  # all that is read, but the 200 samples that are dropped
    assert everything.read_samples == everything.kept_samples + 200
    late = np.pad(clips, ((0, 0), (0, 0), (200, 0)))
    levels = [np.sqrt(np.mean(np.square(image))) for image in mixture(late, "a", everything, seed=0)[1]]
    assert levels[1] == pytest.approx(levels[0], rel=1e-5)
    assert np.abs(images[0]).max() <= 0.5


def test_the_noise_has_the_stated_level_and_is_each_rows_own(source):
    clean, noisy = (only(source.batches(source.labels, one)) for one in (CLEAN, NOISY))
    noise = noisy.audio - clean.audio
    snr_db = 10 * np.log10(clean.audio.var() / noise.var())
    assert snr_db == pytest.approx(10, abs=1.5)  # relative to what is read, of which a part is kept
    assert abs(np.corrcoef(noise[0].ravel(), noise[2].ravel())[0, 1]) < 0.05


def test_swapping_the_talkers_swaps_the_images_and_keeps_the_mixture(source):
    clips = source.dataset.audio([1])[0]
    there, images = mixture(clips, "a", NOISY, seed=0)
    swapped, back = mixture(clips[::-1], "a", NOISY, seed=0)
    gain = np.std(swapped) / np.std(there)
    np.testing.assert_allclose(swapped, gain * there, atol=2e-5)
    np.testing.assert_allclose(back[::-1], gain * images, atol=2e-5)


# Oracles ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mask", ["ratio", "binary"])
def test_a_mask_finds_the_delay_of_the_talker_pointed_at(mask):
    batch = revealed(in_turns(two_noises((-9, 5), np.random.default_rng(0))), (-9, 5))
    assert OracleMask(mask=mask).predict(batch) * 16_000 == pytest.approx([-9, 5], abs=0.1)
    unguided = GccPhat().predict(batch) * 16_000
    assert unguided[0] == unguided[1]


def test_swapping_the_channels_negates_every_answer(source):
    batch = only(source.revealed(source.labels, NOISY))
    mirrored = replace(batch, audio=batch.audio[:, ::-1], target=batch.target[:, ::-1], delays=-batch.delays)
    for method in (OracleMask(), GccPhat(), RandomOracle()):
        np.testing.assert_allclose(method.predict(mirrored), -method.predict(batch), atol=1e-9)


def test_the_mask_tells_the_talkers_apart_in_rooms_and_gcc_phat_does_not(source):
    batch = only(source.revealed(source.labels, replace(CLEAN, clip_seconds=0.5)))
    np.testing.assert_array_equal(batch.delays[:, 0], source.labels.truth)
    np.testing.assert_array_equal(batch.delays[::2], batch.delays[1::2, ::-1])
    masked, plain = (np.abs(m.predict(batch) - source.labels.truth) for m in (OracleMask(), GccPhat()))
    assert np.mean(masked < 1e-4) > 0.7
    assert np.median(masked) < 0.3 * np.median(plain)


def test_the_random_oracle_errs_as_half_the_distance_of_the_talkers_predicts(source):
    """It is right half the time, else off by d1 - d2: the mean squared error is the mean of (d1 - d2)^2 / 2."""
    batch = only(source.revealed(source.labels, CLEAN))
    errors = np.array([RandomOracle(seed=k).predict(batch) - source.labels.truth for k in range(400)])
    expected = np.mean(np.diff(batch.delays, axis=1) ** 2) / 2
    assert np.mean(errors**2) == pytest.approx(expected, rel=0.04)
    assert np.mean(errors == 0) == pytest.approx(0.5, abs=0.02)


def test_oracles_are_shown_without_a_rank(data, tmp_path):
    methods = ("zero", "random-oracle", "oracle-mask")
    run = bench("guided", data, tmp_path / "run", methods=methods, conditions=[CLEAN])
    (oracle,) = run.results.find(method="random-oracle", metric="root_mean_square_error", rt60_nominal=None)
    chance = run.results.find(method="chance", metric="root_mean_square_error", rt60_nominal=None)[0]
    assert oracle.rank is None
    assert 0 < oracle.value < 1.5 * chance.value
    assert [one.is_oracle for one in run.scored] == [False, True, True]
    page = (tmp_path / "run" / "report.html").read_text()
    assert "the voice pointed at" in page
    assert "that talker alone" in page


def test_a_sealed_set_has_no_oracles_and_keeps_the_mixtures(data, source, tmp_path):
    conditions = [CLEAN, NOISY]
    seal(
        data,
        track="guided",
        labels_path=tmp_path / "labels.parquet",
        out=str(tmp_path / "public.zarr"),
        conditions=conditions,
        allow_guessable_seed=True,
        salt=bytes(32),
    )
    public = str(tmp_path / "public.zarr")
    sealed = open_source(TRACK, Dataset(public))
    there = only(sealed.batches(sealed.labels, NOISY))
    own = only(source.batches(source.labels, NOISY))
    assert sorted(np.hstack([there.audio[:, 0, :5], there.query[:, :5]]).tolist()) == sorted(
        np.hstack([own.audio[:, 0, :5], own.query[:, :5]]).tolist()
    )
    run = bench("guided", public, tmp_path / "run", conditions=[CLEAN])
    assert {path.name.split("--")[0] for path in run.files} == {"zero", "gcc-phat"}
    with pytest.raises(InputError, match="is sealed, so oracles cannot run on it"):
        bench("guided", public, tmp_path / "other", methods=["random-oracle"], conditions=[CLEAN])


# The angle -------------------------------------------------------------------------------------------------------


def test_the_angle_of_a_true_delay_is_the_azimuth_of_the_talker(source):
    labels = source.labels
    found = bearing(labels.truth, *(labels.known[name] for name in MEAN_BEARING_ERROR.needs))
    np.testing.assert_allclose(found, source.dataset.column("azimuth").ravel(), atol=1e-4)


def test_the_sine_of_a_far_sources_angle_is_its_path_difference_over_the_spacing():
    """Path differences of 0.1, 0.1 and 0.5 m between microphones 0.2, 0.1 sqrt(2) and 0.2 m apart: 30, 45, 90 deg."""
    delays = np.array([0.1, -0.1, 0.5]) / 343
    assert bearing(delays, [0.2, 0.1 * 2**0.5, 0.2], [1e4] * 3) == pytest.approx([30, -45, 90], abs=1e-3)


def test_the_mean_angle_error_of_silence_is_the_mean_azimuth(data, source, tmp_path):
    run = bench("guided", data, tmp_path / "run", methods=["zero"], conditions=[CLEAN])
    (row,) = run.results.find(method="zero", metric="mean_bearing_error", rt60_nominal=None)
    assert (row.unit, row.n) == ("deg", 24)
    assert row.value == pytest.approx(np.abs(source.dataset.column("azimuth")).mean(), abs=1e-4)
    (perfect,) = run.results.find(method="ceiling", metric="mean_bearing_error", rt60_nominal=None)
    assert perfect.value == 0


def test_the_host_of_a_sealed_set_knows_what_the_angle_needs(data, source, tmp_path):
    places = {"labels_path": tmp_path / "labels.parquet", "out": str(tmp_path / "public.zarr")}
    seal(data, track="guided", conditions=[CLEAN], allow_guessable_seed=True, **places)
    labels = read_labels_file(places["labels_path"]).labels
    silent = metric_terms(MEAN_BEARING_ERROR, labels, np.zeros(24))
    assert sorted(silent) == pytest.approx(sorted(np.abs(source.dataset.column("azimuth").ravel())), abs=1e-4)
    with pytest.raises(InputError, match=r"angle error: these labels lack microphone_spacing; make or seal"):
        metric_terms(MEAN_BEARING_ERROR, replace(labels, known={}), np.zeros(24))


# Conditions ------------------------------------------------------------------------------------------------------


def test_the_published_condition_fits_and_longer_ones_are_refused():
    published = GuidedCondition(clip_seconds=0.96, votes=512)
    assert (published.patch, published.kept_samples, published.published_form()) == (15_360, 15_871, True)
    assert not GuidedCondition().published_form()
    assert published.label() == "clean"
    assert published.stored_samples == CLIP_SAMPLES
    with pytest.raises(InputError, match=r"expected 0.004 to 1 s of the stored 1.2 s"):
        GuidedCondition(clip_seconds=2.55)
    with pytest.raises(InputError, match=r"4000 votes on clips of 0.96 s need more than the stored 1.2 s"):
        GuidedCondition(clip_seconds=0.96, votes=4000)


def test_the_level_of_the_other_talker_is_no_option(source):
    with pytest.raises(InputError, match=r"--distractor does not apply to the track 'guided', which has --snr"):
        source.grid({"--distractor": [0.5]})
    with pytest.raises(InputError, match="of kind 'talkers'; the track 'tde' takes tde or brir"):
        open_source(load_track("tde"), source.dataset).labels  # noqa: B018
    assert StereoCondition(clip_seconds=0.48).published_form()
