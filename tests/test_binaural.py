"""Sound rendered at bench time from responses and dry clips: against scipy's convolution, and by its properties."""

import dataclasses

import numpy as np
import pytest
from scipy import signal
from toy_homes import VIEWS, ToyHomes

from whence.benchmarks.bench import bench
from whence.benchmarks.questions.settings import grid
from whence.benchmarks.questions.source import open_source
from whence.benchmarks.questions.stimulus import private_copy
from whence.benchmarks.stimuli.binaural.batch import BINAURAL, SEGMENT, batches, heard, other_start, segment_start
from whence.benchmarks.stimuli.binaural.condition import BinauralCondition
from whence.benchmarks.stimuli.seeds import stream
from whence.benchmarks.tracks.azimuth import TRACK
from whence.datagen.acoustics.auralize import add_noise
from whence.datagen.acoustics.impulse_response import mix
from whence.datagen.brir import plan_brir
from whence.datagen.dataset import Dataset
from whence.datagen.pipeline import generate
from whence.digests import generator_for
from whence.errors import InputError

CLEAN = BinauralCondition(reverberation=0.2, sources=1)
SECRET = 2**127 + 12345


@pytest.fixture(scope="module")
def homes(tmp_path_factory):
    url = str(tmp_path_factory.mktemp("homes") / "homes.zarr")
    generate(ToyHomes(), url)
    return Dataset(url)


@pytest.fixture(scope="module")
def labels(homes):
    return open_source(TRACK, homes, "all").labels


def made_from(homes, seed):
    """Return the same sounds under the same names, as a dataset that was made from `seed`."""
    other = Dataset(homes.url)
    other.recipe = {**other.recipe, "seed": seed}
    return other


def rms(audio):
    return np.sqrt(np.mean(np.square(audio, dtype=np.float64)))


def test_direct_and_indirect_mix_whatever_their_lengths():
    direct, indirect = np.ones((2, 3)), np.full((2, 5), 2.0)
    assert mix(direct, indirect, 0.25).tolist() == [[1.5, 1.5, 1.5, 0.5, 0.5]] * 2
    assert mix(indirect, direct, 0.0).dtype == np.float32
    np.testing.assert_array_equal(mix(indirect, direct, 0.0), indirect)


@pytest.mark.parametrize("seed", [0, SECRET])
def test_a_segment_is_a_piece_of_the_whole_convolution(homes, labels, seed):
    """Scipy convolves the whole dry clip; the piece that is heard, and its level, follow from seed and name alone."""
    sample = labels.take(np.array([6]))  # example 1, view 2
    audio = heard(made_from(homes, seed), sample, CLEAN).audio[0]
    dry = homes.part("dry").array("audio")[int(homes.column("dry_clip")[1, 0])].astype(np.float64)
    response = mix(*(homes.column(f"impulse_response_{part}")[1, 0, 2] for part in ("direct", "indirect")), 0.2)
    start = segment_start("home-0/00001", 2, len(dry), seed=seed)
    whole = signal.fftconvolve(dry[None], response.astype(np.float64), axes=-1)[:, start : start + SEGMENT]
    gain = np.vdot(whole, audio) / np.vdot(whole, whole)
    level = generator_for(seed, "level/home-0/00001/source-0").uniform(0.07, 0.13)
    assert gain * rms(dry) == pytest.approx(level, rel=1e-4)
    np.testing.assert_allclose(audio, gain * whole, atol=2e-5 * np.abs(audio).max())


def test_another_source_says_its_own_clip_through_its_own_response(homes, labels):
    sample, both = labels.take(np.array([6])), dataclasses.replace(CLEAN, sources=2, dominance_db=0.0)  # as above
    rest = heard(homes, sample, both).audio[0] - heard(homes, sample, CLEAN).audio[0]
    dry = homes.part("dry").array("audio")[int(homes.column("dry_clip")[1, 1])].astype(np.float64)
    response = mix(*(homes.column(f"impulse_response_{part}")[1, 1, 2] for part in ("direct", "indirect")), 0.2)
    start = other_start(both, "home-0/00001/view-2/source-1", len(dry), seed=0)
    whole = signal.fftconvolve(dry[None], response.astype(np.float64), axes=-1)[:, start : start + SEGMENT]
    gain = np.vdot(whole, rest) / np.vdot(whole, whole)
    np.testing.assert_allclose(rest, gain * whole, atol=2e-5 * np.abs(rest).max())


def test_loud_dry_sound_is_clipped_as_published(homes, labels):
    """Babble at rms 0.13 hardly ever exceeds 1, so clipping is checked on what would."""
    from whence.benchmarks.stimuli.binaural.batch import levelled

    peaky = np.zeros(10_000, dtype=np.float32)
    peaky[5] = 1.0
    assert levelled(peaky, "a", seed=0).max() == 1.0
    assert not levelled(np.zeros(10, dtype=np.float32), "a", seed=0).any()


def test_what_is_heard_depends_on_the_name_of_the_sample_alone(homes, labels):
    noisy = dataclasses.replace(CLEAN, snr_db=10.0, sources=2)
    everything = np.concatenate([batch.audio for batch in batches(homes, labels, noisy)])
    assert everything.shape == (len(labels), 2, SEGMENT)
    order = np.random.default_rng(1).permutation(len(labels))[:7]
    np.testing.assert_array_equal(heard(homes, labels.take(order), noisy).audio, everything[order])


def test_reverberation_is_a_choice_made_at_bench_time(homes, labels):
    """What is heard is a straight line in the ratio."""
    few = labels.take(np.arange(3))
    none, half, full = (
        heard(homes, few, dataclasses.replace(CLEAN, reverberation=ratio)).audio for ratio in (0.0, 0.5, 1.0)
    )
    np.testing.assert_allclose(half - none, 0.5 * (full - none), atol=1e-6)
    assert rms(full - none) > 0.1 * rms(none)


def test_views_hear_different_stretches_that_share_their_fine_offset():
    starts = np.array([segment_start("flat/7", view, 122_400, seed=0) for view in range(10)])
    assert len(set(starts)) == 10
    assert len(set(starts % 8000)) == 1
    assert 0 <= starts.min() <= starts.max() <= 122_400 - SEGMENT
    fine = {segment_start(f"flat/{k}", 0, 122_400, seed=0) % 8000 // 800 for k in range(200)}
    assert fine == set(range(10))


def test_other_sources_are_as_far_below_the_first_as_asked_for(homes, labels):
    few = labels.take(np.arange(4))
    alone = heard(homes, few, CLEAN).audio
    for decibels in (0.0, 10.0, -5.0):
        both = heard(homes, few, dataclasses.replace(CLEAN, sources=2, dominance_db=decibels)).audio
        for first, together in zip(alone, both, strict=True):
            assert 20 * np.log10(rms(first) / rms(together - first)) == pytest.approx(decibels, abs=0.01)
    three = heard(homes, few, dataclasses.replace(CLEAN, sources=3, dominance_db=20.0)).audio
    for first, trio in zip(alone, three, strict=True):
        assert 20 * np.log10(rms(first) / rms(trio - first)) == pytest.approx(20 - 10 * np.log10(2), abs=0.7)


@pytest.mark.parametrize(
    "changes", [({"snr_db": 10.0}, {"snr_db": 0.0}), ({"dominance_db": 6.0}, {"dominance_db": 0.0})]
)
def test_two_levels_do_not_give_what_is_below_them(homes, labels, changes):
    """Noise and other sources are drawn for every condition, so their difference takes neither away."""
    few = labels.take(np.arange(6))
    together = dataclasses.replace(CLEAN, sources=2 if "dominance_db" in changes[0] else 1)
    alone = heard(homes, few, CLEAN).audio
    one, other = (heard(homes, few, dataclasses.replace(together, **change)).audio - alone for change in changes)
    for first, second in zip(one, other, strict=True):
        assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.2


def test_other_sources_are_drawn_5_to_29_decibels_below(homes, labels):
    alone, both = (heard(homes, labels, dataclasses.replace(CLEAN, sources=k)).audio for k in (1, 2))
    below = np.array([20 * np.log10(rms(a) / rms(b - a)) for a, b in zip(alone, both, strict=True)])
    np.testing.assert_allclose(below, np.round(below), atol=0.02)
    assert 4.9 < below.min() < below.max() < 29.1
    assert len(set(np.round(below))) > 5
    again = heard(homes, labels.take(np.arange(3)), dataclasses.replace(CLEAN, sources=2)).audio
    np.testing.assert_array_equal(again, both[:3])


def test_noise_has_the_level_asked_for(homes, labels):
    few = labels.take(np.arange(4))
    clean, noisy = heard(homes, few, CLEAN).audio, heard(homes, few, dataclasses.replace(CLEAN, snr_db=5.0)).audio
    for a, b in zip(clean, noisy, strict=True):
        assert 20 * np.log10(rms(a) / rms(b - a)) == pytest.approx(5.0, abs=0.1)


@pytest.mark.parametrize("seed", [0, SECRET])
def test_noise_and_dominance_follow_from_the_seed_of_the_dataset(homes, labels, seed):
    dataset, sample = made_from(homes, seed), labels.take(np.array([6]))
    alone, noisy, both = (
        heard(dataset, sample, dataclasses.replace(CLEAN, **settings)).audio[0]
        for settings in ({}, {"snr_db": 5.0}, {"sources": 2})
    )
    condition = dataclasses.replace(CLEAN, snr_db=5.0)
    rng = generator_for(seed, stream("noise", condition, str(sample.sample_id[0])))
    np.testing.assert_array_equal(noisy, add_noise(alone, 5.0, rng))
    below = generator_for(seed, "dominance/home-0/00001/view-2/source-1").integers(5, 30)
    assert 20 * np.log10(rms(alone) / rms(both - alone)) == pytest.approx(below, abs=0.02)


def test_a_dataset_without_a_seed_is_heard_as_one_from_seed_0(homes, labels):
    few, condition = labels.take(np.arange(3)), dataclasses.replace(CLEAN, sources=2, snr_db=5.0)
    assert "seed" not in homes.recipe
    one, other = (heard(dataset, few, condition).audio for dataset in (homes, made_from(homes, 0)))
    np.testing.assert_array_equal(one, other)


def test_the_source_moves_as_the_view_turns(homes, labels):
    """The louder ear is the one on the source's side, in every view of every example."""
    few = labels.take(np.flatnonzero(np.abs(np.sin(np.radians(labels.truth))) > 0.5))
    audio = heard(homes, few, dataclasses.replace(CLEAN, reverberation=0.0)).audio
    louder = np.sign(np.square(audio).sum(axis=-1) @ [1, -1])
    np.testing.assert_array_equal(louder, np.sign(few.truth))


def test_windows_of_a_batch_fit_into_it(homes, labels):
    batch = next(batches(homes, labels, CLEAN))
    assert (batch.votes - 1) * batch.hop + batch.window <= SEGMENT
    copy = private_copy(batch)
    copy.audio[:] = 0
    assert batch.audio.any()


def test_conditions_are_completed_for_what_is_rendered(homes):
    assert BINAURAL.suited(homes, BinauralCondition(snr_db=3.0)) == BinauralCondition(0.2, 3.0, 1)
    full = BinauralCondition(1.0, None, 3, 15.0)
    assert BINAURAL.suited(homes, full) == full
    assert full.stated() == {"reverberation": 1.0, "snr_db": None, "sources": 3, "dominance_db": 15.0}
    assert BinauralCondition(**full.stated()) == full
    assert full.label() == "reverberation 1, 3 sources (15 dB below), clean"
    assert BinauralCondition(1.0, None, 2).label() == "reverberation 1, 2 sources (5 to 29 dB below), clean"
    assert CLEAN.label() == "reverberation 0.2, clean"


def test_recordings_are_heard_as_they_are(tmp_path, shared_data):
    url = str(tmp_path / "brir.zarr")
    generate(plan_brir(str(shared_data / "brir" / "surrey_anechoic_16k"), None, clips=1), url)
    dataset = Dataset(url)
    labels = open_source(TRACK, dataset).labels
    condition = BINAURAL.suited(dataset, BinauralCondition())
    np.testing.assert_array_equal(heard(dataset, labels, condition).audio, dataset.audio(labels.rows))
    np.testing.assert_array_equal(labels.truth, dataset.column("azimuth"))
    assert condition.label() == "clean"
    with pytest.raises(InputError, match="--reverberation applies only to hm3d-ss"):
        bench(
            "azimuth",
            url,
            tmp_path / "run",
            methods=["zero"],
            conditions=[BinauralCondition(reverberation=0.5)],
        )


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"reverberation": -0.1}, "reverberation=-0.1: expected 0"),
        ({"snr_db": 300.0}, "snr=300 dB: expected -100 to 200"),
        ({"sources": 0}, "sources=0: expected 1 or more"),
        ({"sources": 2, "dominance_db": 1e3}, "dominance=1000 dB"),
        ({"sources": 1, "dominance_db": 3.0}, "--dominance needs --sources 2 or more"),
    ],
)
def test_settings_that_cannot_be_say_why(settings, complaint):
    with pytest.raises(InputError, match=complaint):
        BinauralCondition(**settings)


def test_more_sources_than_there_are_say_so(homes, labels):
    with pytest.raises(InputError, match=r"--sources 4: .* has 3 sources per example"):
        heard(homes, labels.take(np.arange(VIEWS)), dataclasses.replace(CLEAN, sources=4))


def test_options_make_a_grid(homes):
    given = {"--reverberation": [0.0, 1.0], "--sources": [2], "--dominance": [5.0], "--snr": [None, 10.0]}
    conditions = grid(TRACK.default_conditions, given, "azimuth")
    assert [(c.reverberation, c.snr_db) for c in conditions] == [(0.0, None), (0.0, 10.0), (1.0, None), (1.0, 10.0)]
    assert {(c.sources, c.dominance_db) for c in conditions} == {(2, 5.0)}
    with pytest.raises(InputError, match="--distractor does not apply to the track 'azimuth'"):
        grid(TRACK.default_conditions, {"--distractor": [1.0]}, "azimuth")


def test_a_set_without_dry_speech_says_what_to_take_instead(monkeypatch, homes):
    monkeypatch.setitem(homes.manifest, "parts", {})
    with pytest.raises(InputError, match=r"imported without dry speech, .*: use a dataset from `whence gen.*`$"):
        open_source(TRACK, homes).conditions([CLEAN])
