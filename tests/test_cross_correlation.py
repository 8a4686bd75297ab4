"""Delays between channels: sign, whole and fractional shifts, and measured heads."""

import csv

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from whence.datagen.acoustics.cross_correlation import parabolic_peak, phase_transform_correlation, response_delay
from whence.datagen.acoustics.lattice import band_limited_pulse
from whence.datagen.acoustics.shoebox import ShoeboxRoom, impulse_responses
from whence.datagen.tde import ROOMS

SETS = ("surrey_anechoic_16k", "seminar_room_kemar_44k1")


@settings(max_examples=60, deadline=None)
@given(shift=st.integers(-24, 24), max_lag=st.integers(24, 40), seed=st.integers(0, 2**32 - 1))
def test_a_shift_is_found_with_its_sign(shift, max_lag, seed):
    """A right channel that lags by `shift` samples has its peak at +shift: the left channel leads."""
    sound = np.random.default_rng(seed).standard_normal(600)
    left, right = sound[50:562], sound[50 - shift : 562 - shift]
    correlation = phase_transform_correlation(left, right, max_lag)
    assert correlation.shape == (2 * max_lag + 1,)
    assert int(correlation.argmax()) - max_lag == shift


def test_swapped_channels_turn_the_correlation_round():
    left, right = np.random.default_rng(1).standard_normal((2, 256))
    forward, back = (phase_transform_correlation(*pair, 30) for pair in ((left, right), (right, left)))
    np.testing.assert_allclose(forward, back[::-1], atol=1e-12)


def test_the_phase_transform_ignores_level_and_colour():
    sound = np.random.default_rng(2).standard_normal(512)
    coloured = np.convolve(sound, [1.0, 0.5], "same")
    white, other = (phase_transform_correlation(s, 0.01 * np.roll(s, 5), 16) for s in (sound, coloured))
    np.testing.assert_allclose(white.argmax(), other.argmax())
    assert white.max() == pytest.approx(other.max(), abs=0.2)


def test_no_lag_at_all_is_one_value():
    sound = np.random.default_rng(3).standard_normal(64)
    assert phase_transform_correlation(sound, sound, 0).tolist() == pytest.approx([1.0])


def test_silence_correlates_with_nothing():
    assert phase_transform_correlation(np.zeros(64), np.zeros(64), 8).tolist() == [0.0] * 17


@given(st.floats(-0.5, 0.5), st.floats(0.1, 10.0))
def test_the_peak_of_a_parabola_is_exact(offset, curvature):
    place = np.arange(9.0)
    assert parabolic_peak(-curvature * (place - 4 - offset) ** 2) == pytest.approx(4 + offset, abs=1e-9)


@pytest.mark.parametrize(
    ("values", "peak"), [([3.0, 1.0, 0.0], 0.0), ([0.0, 1.0, 3.0], 2.0), ([1.0, 1.0, 1.0], 0.0), ([5.0], 0.0)]
)
def test_a_peak_at_the_end_stays_there(values, peak):
    assert parabolic_peak(np.array(values)) == peak


@settings(max_examples=80, deadline=None)
@given(
    delay_us=st.floats(-900, 900),
    start=st.floats(60, 400),
    level=st.floats(0.3, 1.0),
    sample_rate=st.sampled_from([16_000, 44_100]),
)
def test_the_delay_of_two_pulses_is_found_between_the_samples(delay_us, start, level, sample_rate):
    time = np.arange(1_000)
    arrivals = start, start + delay_us * 1e-6 * sample_rate
    response = np.stack([band_limited_pulse(time - a) for a in arrivals]) * [[1.0], [level]]
    assert response_delay(response, sample_rate) * 1e6 == pytest.approx(delay_us, abs=3.0)


@pytest.mark.parametrize("azimuth", [-90, -45, -10, 0, 10, 45, 90])
def test_the_delay_of_a_simulated_direct_sound_is_the_path_difference(azimuth):
    room = ROOMS["room2"]
    source = room.source_position(azimuth, 1.7)
    response = impulse_responses(ShoeboxRoom(room.dimensions, (0.5,) * 6, 0), source, room.microphones)
    assert response_delay(response) == pytest.approx(room.interaural_time_difference(source), abs=3e-6)


def measured(shared_data, name):
    folder = shared_data / "brir" / name
    with (folder / "index.csv").open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            audio, rate = soundfile.read(folder / row["file"])
            yield float(row["azimuth_deg"]), float(row["itd_us"]), audio.T, rate


@pytest.mark.parametrize("name", SETS)
def test_delays_of_measured_heads_are_those_of_their_index(shared_data, name):
    for azimuth, itd_us, response, rate in measured(shared_data, name):
        found = response_delay(response, rate) * 1e6
        assert found == pytest.approx(itd_us, abs=80.0), azimuth
        assert abs(azimuth) < 10 or np.sign(found) == np.sign(azimuth)


@pytest.mark.parametrize("name", SETS)
def test_swapped_ears_turn_a_measured_delay_round(shared_data, name):
    for _, _, response, rate in measured(shared_data, name):
        assert response_delay(response[::-1], rate) == pytest.approx(-response_delay(response, rate), abs=2e-6)
