"""Convolution against scipy in any window, and the levels of noise and distractors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from whence.datagen.acoustics.auralize import add_distractor, add_noise, auralize, joint_rms


@settings(max_examples=150, deadline=None)
@given(
    samples=st.integers(1, 300),
    taps=st.integers(1, 200),
    start=st.integers(-100, 700),
    length=st.integers(1, 600),
    lead=st.sampled_from([0, 1, 40]),
    microphones=st.integers(1, 3),
    seed=st.integers(0, 2**32 - 1),
)
def test_auralize_is_a_window_of_the_whole_convolution(samples, taps, start, length, lead, microphones, seed):
    rng = np.random.default_rng(seed)
    dry = rng.standard_normal(samples).astype(np.float32)
    responses = rng.standard_normal((microphones, taps)).astype(np.float32)
    whole = signal.fftconvolve(dry[None].astype(float), responses.astype(float), axes=-1)
    heard = auralize(dry, responses, start, length, lead)
    assert heard.shape == (microphones, length)
    assert heard.dtype == np.float32
    silence = 2_000
    expected = np.pad(whole, ((0, 0), (silence, silence)))[:, silence + start + lead :][:, :length]
    np.testing.assert_allclose(heard, expected, rtol=0, atol=1e-5 * np.abs(whole).max())


def test_auralize_of_a_pulse_repeats_the_sound_later():
    dry = np.random.default_rng(0).standard_normal(5_000).astype(np.float32)
    responses = np.zeros((2, 200), dtype=np.float32)
    responses[0, 47], responses[1, 51] = 1.0, 0.5
    heard = auralize(dry, responses, 1_000, 2_000, 40)
    np.testing.assert_allclose(heard[0], dry[993:2_993], atol=1e-5)
    np.testing.assert_allclose(heard[1], 0.5 * dry[989:2_989], atol=1e-5)


def test_joint_rms_covers_both_channels():
    audio = np.array([[1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0]], dtype=np.float32)
    assert joint_rms(audio) == pytest.approx(np.sqrt(0.5))


@pytest.mark.parametrize("snr_db", [30.0, 20.0, 10.0, 3.0])
def test_noise_has_the_level_of_the_joint_rms(snr_db):
    time = np.arange(200_000)
    audio = 0.05 * np.stack([np.sin(0.1 * time), 0.1 * np.sin(0.1 * time)]).astype(np.float32)
    noisy = add_noise(audio, snr_db, np.random.default_rng(1))
    assert noisy.dtype == np.float32
    noise = noisy - audio
    realised = 20 * np.log10(joint_rms(audio) / joint_rms(noise))
    assert realised == pytest.approx(snr_db, abs=0.1)
    assert joint_rms(noise[:1]) == pytest.approx(joint_rms(noise[1:]), rel=0.01)
    assert abs(np.corrcoef(noise)[0, 1]) < 0.01
    assert abs(np.corrcoef(noise[0, 1:], noise[0, :-1])[0, 1]) < 0.01


def test_noise_is_clipped_and_repeats_with_its_generator():
    audio = 0.9 * np.sign(np.random.default_rng(2).standard_normal((2, 4_000))).astype(np.float32)
    first, again = (add_noise(audio, 0.0, np.random.default_rng(3)) for _ in "12")
    np.testing.assert_array_equal(first, again)
    assert np.abs(first).max() == 1.0
    assert not np.array_equal(first, add_noise(audio, 0.0, np.random.default_rng(4)))


def test_silence_stays_silent():
    assert not add_noise(np.zeros((2, 100), dtype=np.float32), 10.0, np.random.default_rng(0)).any()


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("gain", [1e-3, 1.0])
def test_a_distractor_has_its_level_whatever_its_own(level, gain):
    rng = np.random.default_rng(5)
    audio = 0.05 * rng.standard_normal((2, 5_000)).astype(np.float32)
    distractor = np.float32(gain) * rng.standard_normal((2, 5_000)).astype(np.float32)
    distractor[1] *= 0.2
    added = add_distractor(audio, distractor, level) - audio
    assert joint_rms(added) == pytest.approx(level * joint_rms(audio), rel=1e-5)
    np.testing.assert_allclose(added[1] / added[0], distractor[1] / distractor[0], rtol=1e-2, atol=1e-2)


def test_a_distractor_of_another_length_is_cut_after_it_was_scaled():
    rng = np.random.default_rng(6)
    audio = 0.05 * rng.standard_normal((2, 1_000)).astype(np.float32)
    distractor = rng.standard_normal((2, 1_500)).astype(np.float32)
    expected = 0.3 * joint_rms(audio) / joint_rms(distractor) * distractor
    mixed = add_distractor(audio, distractor, 0.3)
    np.testing.assert_allclose(mixed, audio + expected[:, :1_000], atol=1e-6)
    assert add_distractor(distractor, audio, 0.3).shape == (2, 1_000)


def test_a_loud_distractor_is_clipped_before_it_is_added():
    audio = np.full((2, 100), 0.5, dtype=np.float32)
    distractor = np.zeros((2, 100), dtype=np.float32)
    distractor[:, 7] = 0.1
    mixed = add_distractor(audio, distractor, 0.9)
    assert mixed[0, 7] == pytest.approx(1.5)
    assert mixed[0, 8] == pytest.approx(0.5)


def test_a_silent_distractor_changes_nothing():
    audio = 0.05 * np.random.default_rng(8).standard_normal((2, 100)).astype(np.float32)
    np.testing.assert_array_equal(add_distractor(audio, np.zeros_like(audio), 0.9), audio)
