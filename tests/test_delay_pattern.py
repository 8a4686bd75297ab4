"""Sets that are turned, and ears that are late or deaf: plausible, but false."""

import numpy as np
import pytest
import soxr
from sofa_sets import DIRECTIONS, HALF_DELAY, RATE, head, write

from whence.conventions import SAMPLE_RATE
from whence.datagen.acoustics.delay_pattern import FARTHEST, MOST_LATE, MOST_TURNED, delay_pattern
from whence.datagen.acoustics.head_cues import direct_delay
from whence.datagen.acoustics.hrtf import open_head
from whence.datagen.acoustics.sphere_head import SphereHead
from whence.datagen.sides import MOST_APART, MOST_BENT, _direct_faults
from whence.errors import InputError

AROUND = np.radians(np.arange(0.0, 360.0, 10.0))


@pytest.mark.parametrize("turned", [20, -45, 90, -120, 160])
def test_a_set_that_is_turned_is_refused(tmp_path, turned):
    path = write(tmp_path / "head.sofa", np.add(DIRECTIONS, [turned, 0]), head())
    side = "right" if turned > 0 else "left"
    with pytest.raises(InputError, match=f"of sources {abs(turned)} degrees further to the {side} than stated"):
        open_head(path)


@pytest.mark.parametrize(("ear", "name"), [(0, "left"), (1, "right")])
def test_an_ear_that_is_late_throughout_is_refused(tmp_path, ear, name):
    late = head()
    late[:, ear] = np.roll(late[:, ear], round(0.25e-3 * RATE), axis=-1)
    with pytest.raises(InputError, match=f"the {name} ear is 0.25 ms late throughout"):
        open_head(write(tmp_path / "head.sofa", responses=late))


@pytest.mark.parametrize("name", ["mit_kemar_normal_pinna", "cipic_003", "cipic_018", "cipic_021", "sadie_subject002"])
def test_measured_heads_are_far_from_the_limits(shared_data, name):
    measured = np.load(shared_data / "hrir" / f"{name}.npz")
    pairs = [soxr.resample(pair.T, int(measured["fs"]), SAMPLE_RATE).T for pair in measured["ir"]]
    azimuth, flat = np.radians(measured["azimuth_deg"]), np.cos(np.radians(measured["elevation_deg"]))
    delays, lateral, ahead = [direct_delay(pair) for pair in pairs], np.sin(azimuth) * flat, np.cos(azimuth) * flat
    found = delay_pattern(delays, lateral, ahead)
    assert (found.clear, found.fault) == (True, "")
    assert (abs(found.turned) < MOST_TURNED / 5, abs(found.late) < MOST_LATE / 5) == (True, True)
    assert found.apart.max() < FARTHEST
    for part in (np.sin(azimuth) >= 0, np.sin(azimuth) <= 0, np.cos(azimuth) >= 0, np.cos(azimuth) <= 0):
        for some in (part, part & (np.cos(azimuth) > -0.75)):
            told = delay_pattern(np.array(delays)[some], lateral[some], ahead[some])
            assert (told.fault, told.apart.max() < FARTHEST) == ("", True)


def test_noise_on_the_delays_of_part_of_a_circle_is_no_fault():
    rng, angle = np.random.default_rng(0), np.radians(np.linspace(0, 140, 29))
    for _ in range(50):
        measured = 2 * HALF_DELAY * np.sin(angle) + 5e-5 * rng.standard_normal(angle.size)
        assert delay_pattern(measured, np.sin(angle), np.cos(angle)).fault == ""


def test_few_directions_and_no_delays_tell_nothing():
    few, narrow = AROUND[:5], np.radians(np.linspace(-10, 10, 9))
    for angle, swing in ((few, 1.0), (narrow, 1.0), (AROUND, 0.1)):
        found = delay_pattern(2 * swing * HALF_DELAY * np.sin(angle) + 5e-4, np.sin(angle), np.cos(angle))
        assert (found.clear, found.fault) == (False, "")


@pytest.fixture(scope="module")
def heard() -> np.ndarray:
    """Direct sounds (36, 2, samples) of a sphere from all around."""
    towards = np.stack([-np.sin(AROUND), 0 * AROUND, -np.cos(AROUND)], axis=1)
    return np.asarray(SphereHead().responses(towards), np.float64)


def faults(heard: np.ndarray, turned: float = 0.0, most_apart: float = MOST_APART) -> tuple[str, ...]:
    angle = AROUND + np.radians(turned)
    return _direct_faults(heard, np.sin(angle), np.cos(angle), most_apart)[1]


@pytest.mark.parametrize("part", [slice(None), slice(3, 36, 12)], ids=["all", "one in twelve"])
def test_a_late_ear_is_found_in_a_part_of_a_dataset_too(heard, part):
    late = heard.copy()
    late[part, 1] = np.roll(late[part, 1], 8, axis=-1)
    (fault,) = faults(late)
    assert fault in (
        "the right ear is 0.50 ms late throughout",
        "3 of 36 direct sounds have the delay of another azimuth",
    )
    assert faults(heard) == ()


def test_a_few_swapped_sources_are_found(heard):
    swapped = heard.copy()
    swapped[[9]] = swapped[[9], ::-1]
    assert faults(swapped) == ("1 of 36 direct sounds have the delay of another azimuth",)
    assert faults(swapped, most_apart=MOST_BENT) == ()


def test_azimuths_turned_and_a_far_ear_that_is_silent_are_found(heard):
    assert faults(heard, -30) == ("the delays are those of sources 30 degrees further to the left than stated",)
    near = heard.copy()
    near[np.sin(AROUND) > 0.1, 1] = near[np.sin(AROUND) < -0.1, 0] = 0.0
    assert faults(near) == ("one ear is silent, or nearly, in 34 of 36 direct sounds",)
