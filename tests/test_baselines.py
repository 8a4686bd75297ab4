"""Every registered method through one contract, and the delay estimators against closed forms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whence.baselines import spectra
from whence.benchmarks.running.method import load_methods
from whence.benchmarks.stimuli.stereo.batch import StereoBatch
from whence.benchmarks.stimuli.stereo.votes import mode
from whence.errors import InputError
from whence.registry import METHODS, load_method

STEREO = [
    name
    for name, entry in METHODS.items()
    if {"tde", "left-right"} & set(entry.tracks) and entry.target.startswith("whence.baselines")
]
LISTENING = [name for name in STEREO if not getattr(load_method(name)[0], "ignores_input", False)]
DELAYING = [name for name in LISTENING if not name.startswith("iid")]


def method_of(text, protocol="paper"):
    """Return the method of a specification, on a track that it serves."""
    track = METHODS[text.split(":")[0]].tracks[0]
    return load_methods([text], track, [protocol])[0].method


def delayed(lag, *, clips=3, window=1024, votes=128, hop=1, noise=0.0, gain=1.0, seed=0):
    """Return white noise whose right channel is `lag` samples late and `gain` times as loud."""
    rng = np.random.default_rng(seed)
    length = window + hop * (votes - 1)
    source = rng.standard_normal((clips, length + 60))
    left, right = source[:, 30 : 30 + length], gain * source[:, 30 - lag : 30 - lag + length]
    audio = np.stack([left, right], axis=1) + noise * rng.standard_normal((clips, 2, length))
    names = [f"clip{k}" for k in range(clips)]
    return StereoBatch(audio.astype(np.float32), names, 16_000, window, hop, votes)


def plain_votes(audio, window, hop, votes, exponent=1.0, max_lag=24):
    """Return the published votes (clips, votes) in samples, a window at a time, in double precision."""
    lags = np.empty((len(audio), votes))
    for clip, (left, right) in enumerate(audio.astype(np.float64)):
        for vote in range(votes):
            part = slice(vote * hop, vote * hop + window)
            cross = np.fft.rfft(left[part], 2 * window) * np.conj(np.fft.rfft(right[part], 2 * window))
            values = np.fft.irfft(cross / (np.abs(cross) ** exponent + 1e-20))
            around = np.concatenate([values[-max_lag:], values[: max_lag + 1]])
            lags[clip, vote] = -(np.argmax(np.abs(around)) - max_lag)
    return lags


@pytest.mark.parametrize("name", STEREO)
class TestContract:
    def test_one_finite_number_a_clip(self, name):
        prediction = method_of(name).predict(delayed(3, clips=5))
        assert prediction.shape == (5,)
        assert prediction.dtype == np.float64
        assert np.isfinite(prediction).all()

    def test_silence_is_no_excuse_for_nan(self, name):
        batch = delayed(0)
        silent = StereoBatch(np.zeros_like(batch.audio), batch.sample_id, 16_000, 1024, 1, 128)
        assert np.isfinite(method_of(name).predict(silent)).all()

    def test_batch_size_and_order_do_not_matter(self, name):
        batch, method = delayed(5, clips=19, noise=0.3), method_of(name)
        whole = method.predict(batch)
        for rows in ([4, 0, 18], [7]):
            part = StereoBatch(batch.audio[rows], [batch.sample_id[k] for k in rows], 16_000, 1024, 1, 128)
            np.testing.assert_allclose(method.predict(part), whole[rows], atol=1e-9)

    def test_the_same_twice(self, name):
        batch, method = delayed(5, noise=1.0), method_of(name)
        np.testing.assert_array_equal(method.predict(batch), method.predict(batch))

    def test_one_vote_and_long_hops(self, name):
        for votes, hop in ((1, 1), (5, 40), (2, 500)):
            assert np.isfinite(method_of(name).predict(delayed(4, votes=votes, hop=hop))).all()


def test_methods_that_ignore_their_input_say_so():
    others = [name for name, entry in METHODS.items() if "sounding-object" not in entry.tracks]
    said = {name for name in others if getattr(load_method(name)[0], "ignores_input", False)}
    assert said == {"zero", "random", "random-oracle", "random-rotation", "random-azimuth", "random-view"}


@pytest.mark.parametrize("name", STEREO)
def test_what_ignores_its_input_answers_anything_alike(name):
    heard, method = delayed(5, gain=0.5), method_of(name)
    other = StereoBatch(delayed(-9, gain=2.0).audio, heard.sample_id, 16_000, 1024, 1, 128)
    alike = np.array_equal(method.predict(heard), method.predict(other))
    assert alike == getattr(method, "ignores_input", False)


@pytest.mark.parametrize("name", LISTENING)
def test_swapping_the_channels_turns_the_answer_round(name):
    batch = delayed(6, noise=0.2, gain=0.5)
    swapped = StereoBatch(batch.audio[:, ::-1].copy(), batch.sample_id, 16_000, 1024, 1, 128)
    ahead, behind = method_of(name).predict(batch), method_of(name).predict(swapped)
    assert (ahead > 0).all()
    np.testing.assert_allclose(ahead, -behind, atol=3e-6)


@pytest.mark.parametrize("protocol", ["paper", "best"])
@pytest.mark.parametrize("name", DELAYING)
@pytest.mark.parametrize("lag", [-20, -7, 0, 7, 20])
def test_a_whole_delay_is_found_with_its_sign(name, protocol, lag):
    prediction = method_of(name, protocol).predict(delayed(lag, noise=0.05)) * 16_000
    np.testing.assert_allclose(prediction, lag, atol=0.05)


@pytest.mark.parametrize("lag", [-3.25, 0.5, 7.75])
def test_best_protocol_is_finer_than_a_sample(lag):
    rng = np.random.default_rng(1)
    spectrum = np.fft.rfft(rng.standard_normal((4, 4096)))
    bins = np.fft.rfftfreq(4096)
    right = np.fft.irfft(spectrum * np.exp(-2j * np.pi * bins * lag))
    audio = np.stack([np.fft.irfft(spectrum), right], axis=1)[..., 1000:2151].astype(np.float32)
    batch = StereoBatch(audio, list("abcd"), 16_000, 1024, 1, 128)
    best = np.abs(method_of("gcc-phat", "best").predict(batch) * 16_000 - lag).max()
    paper = np.abs(method_of("gcc-phat").predict(batch) * 16_000 - lag).max()
    assert best < 0.15
    assert paper > best


@pytest.mark.parametrize(("window", "hop", "votes"), [(1024, 1, 128), (512, 3, 20), (7680, 1, 8), (1023, 1, 9)])
def test_votes_are_the_published_ones(window, hop, votes):
    batch = delayed(5, clips=4, window=window, hop=hop, votes=votes, noise=1.0)
    cross = spectra.weighted_cross_spectra(batch.audio, window, hop, votes, 1.0)
    lags = np.abs(spectra.correlation(cross, 24)).argmax(axis=-1) - 24
    assert (lags == plain_votes(batch.audio, window, hop, votes)).mean() > 0.999


@pytest.mark.parametrize(("hop", "votes"), [(1, 12), (7, 3)])
def test_spectra_of_every_window_equal_the_double_precision_ones(hop, votes):
    """But for a phase that both channels of a window share."""
    batch = delayed(2, clips=2, hop=hop, votes=votes, noise=0.5)
    ours = spectra.window_spectra(batch.audio, 1024, hop, votes)
    for vote in range(votes):
        window = batch.audio[:, :, hop * vote : hop * vote + 1024].astype(np.float64)
        expected = np.fft.rfft(window, 2048)
        found = ours.real[:, vote] + 1j * ours.imaginary[:, vote]
        np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=1e-3)
        np.testing.assert_allclose(
            np.conj(found[:, 0]) * found[:, 1], np.conj(expected[:, 0]) * expected[:, 1], atol=0.1
        )


@pytest.mark.parametrize("exponent", [0.0, 0.3, 1.0])
def test_correlations_equal_the_double_precision_ones(exponent):
    batch = delayed(2, clips=2, votes=16, noise=0.5)
    ours = spectra.correlation(spectra.weighted_cross_spectra(batch.audio, 1024, 1, 16, exponent), 24)
    for vote in (0, 7, 15):
        windows = batch.audio[:, :, vote : vote + 1024].astype(np.float64)
        left, right = np.fft.rfft(windows, 2048).transpose(1, 0, 2)
        cross = np.conj(left) * right
        values = np.fft.irfft(cross / (np.abs(cross) ** exponent + 1e-20))
        expected = np.concatenate([values[:, -24:], values[:, :25]], axis=1)
        np.testing.assert_allclose(ours[:, vote], expected, atol=2e-5 * np.abs(expected).max())


def test_beta_lies_between_flat_and_phat():
    batch = delayed(4, noise=2.0)
    for beta, twin in ((0, "flat"), (1, "gcc-phat")):
        np.testing.assert_allclose(method_of(f"beta:beta={beta}").predict(batch), method_of(twin).predict(batch))


def test_maximum_likelihood_beats_phat_where_only_some_frequencies_are_heard():
    """Speech-like: the sound has energy below 2 kHz only, the noise everywhere."""
    rng = np.random.default_rng(3)
    source = rng.standard_normal((40, 1400))
    kernel = np.sinc(np.arange(-32, 33) / 4) * np.hanning(65) / 4
    source = np.apply_along_axis(np.convolve, 1, source, kernel, "same")
    audio = np.stack([source[:, 50:1201], source[:, 44:1195]], axis=1) + 0.1 * rng.standard_normal((40, 2, 1151))
    batch = StereoBatch(audio.astype(np.float32), [str(k) for k in range(40)], 16_000, 1024, 1, 128)
    errors = {name: np.abs(method_of(name).predict(batch) * 16_000 - 6).mean() for name in ("ml", "gcc-phat")}
    assert errors["ml"] < 0.5 * errors["gcc-phat"]


def reference_mode(votes):
    """Return the published estimator, candidate by candidate."""
    candidates = np.linspace(votes.min(), votes.max(), 1001)
    inliers = np.abs(candidates[:, None] - votes) <= 0.05
    counts = inliers.sum(axis=1)
    tied = np.flatnonzero(counts == counts.max())
    return votes[inliers[tied[len(tied) // 2]]].mean()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(-240, 240), min_size=1, max_size=60))
def test_mode_is_the_published_estimator(tenths):
    votes = np.array(tenths) / 10.1234567 + 0.003  # no vote lies exactly 0.05 from a candidate, where rounding decides
    assert mode(votes) == pytest.approx(reference_mode(votes), abs=1e-9)


def test_level_methods_hear_the_louder_side():
    batch = delayed(0, gain=0.3)
    for name in ("iid-rms", "iid-vote"):
        assert (method_of(name).predict(batch) > 0).all()
    expected = 0.7 / 1.3
    np.testing.assert_allclose(method_of("iid-rms").predict(batch), expected, atol=1e-5)
    np.testing.assert_allclose(method_of("iid-vote").predict(batch), 1.0)


def test_level_votes_count_frames_not_energy():
    """A short burst on the right is louder in all, yet most frames are louder on the left."""
    batch = delayed(0, gain=0.5, votes=4000)
    audio = batch.audio.copy()
    audio[:, 1, 2000:2200] *= 60
    burst = StereoBatch(audio, batch.sample_id, 16_000, 1024, 1, 4000)
    assert (method_of("iid-rms").predict(burst) < 0).all()
    assert (method_of("iid-vote").predict(burst) > 0).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gcc-fat", "did you mean 'gcc-phat'"),
        ("beta:beta=1.5", "beta=1.5: input should be less than or equal to 1"),
        ("gcc-phat:vote=mode", "no parameter 'vote': did you mean 'votes'"),
        ("gcc-phat:votes=median", "votes=median: input should be 'mean' or 'mode'"),
        ("iid-rms", "serves left-right, not the track 'tde'"),
        ("nowhere.py:Mine", "does not exist"),
        ("gcc-phat:=1", "expected NAME"),
        ("chance", "reserved"),
    ],
)
def test_a_wrong_method_is_explained(text, message):
    with pytest.raises(InputError, match=message):
        load_methods([text], "tde", ["paper"])


@pytest.mark.parametrize("value", ["nan", "inf", "0", "-1"])
def test_a_blob_has_a_size(value):
    with pytest.raises(InputError, match=r"expected a finite number|expected 0.01 to 100 picture sides"):
        load_methods([f"centre-blob:spread={value}"], "sounding-object", ["paper"])


def test_every_registered_method_serves_the_tracks_it_is_listed_under():
    for name, entry in METHODS.items():
        assert set(load_method(name)[0].tracks) == set(entry.tracks)
