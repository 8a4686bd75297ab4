"""The size of a head and its front, told from the sound: turned sets and wrong sample rates are found."""

import numpy as np
import pytest
import soundfile
from sofa_sets import DIRECTIONS, RATE, head, towards, write

from whence.conventions import SAMPLE_RATE
from whence.datagen.acoustics.head_cues import front_and_back, head_radius, implausible_size
from whence.datagen.acoustics.sofa_file import read_sofa
from whence.datagen.acoustics.sphere_head import SphereHead
from whence.datagen.measured_responses import check_sides, read_responses
from whence.errors import InputError

MEASURED = ["cipic_003", "cipic_010", "cipic_021", "cipic_044", "mit_kemar_normal_pinna", "sadie_subject002"]
ALL_ROUND = np.array([(a, e) for e in (-20.0, 0.0, 20.0) for a in np.arange(0.0, 360.0, 20.0)])


def with_pinna(shade: float, directions: np.ndarray = ALL_ROUND) -> np.ndarray:
    """Return responses (n, 2, 64) whose sources behind are `shade` dB weaker at 2.5 to 5.5 kHz."""
    spectra = np.fft.rfft(head(directions), 64)
    frequency = np.fft.rfftfreq(64, 1 / RATE)
    behind = towards(directions)[:, 0] < -1e-9
    spectra[behind] *= np.where((frequency > 2500) & (frequency < 5500), 10 ** (-shade / 20), 1.0)
    return np.fft.irfft(spectra, 64)


def turned(directions: np.ndarray) -> np.ndarray:
    return np.column_stack([(directions[:, 0] + 180) % 360, directions[:, 1]])


def is_of(directions: np.ndarray, path: str) -> bool:
    """Whether the file is read as a head whose responses come from `directions`."""
    ahead, left, up = towards(directions).T
    return np.allclose(read_sofa(path).directions, np.stack([-left, up, -ahead], axis=1), atol=1e-6)


class TestTurned:
    @pytest.fixture
    def path(self, tmp_path):
        return tmp_path / "s.sofa"

    def test_a_set_that_is_turned_is_turned_back(self, path):
        right = read_sofa(write(path, ALL_ROUND, with_pinna(5.0)))
        assert right.remarks == ()
        write(path, turned(ALL_ROUND), with_pinna(5.0))
        found = read_sofa(str(path))
        (remark,) = found.remarks
        assert "the set is turned by 180 degrees, and is turned back" in remark
        assert "0 are louder at 3 to 5 kHz than those behind" in remark
        assert is_of(ALL_ROUND, str(path))
        np.testing.assert_allclose(found.responses, right.responses)

    def test_swapped_ears_are_swapped_where_front_is_front(self, path):
        (remark,) = read_sofa(write(path, ALL_ROUND, with_pinna(5.0), first="right")).remarks
        assert "the ears are swapped" in remark
        assert "assumed" not in remark
        assert is_of(ALL_ROUND, str(path))

    @pytest.mark.parametrize("shade", [0.0, 0.5])
    def test_what_is_assumed_is_said_where_the_sound_does_not_tell(self, path, shade):
        (remark,) = read_sofa(write(path, turned(ALL_ROUND), with_pinna(shade))).remarks
        assert "that the set is not turned by 180 degrees instead is assumed, as its sound does not tell" in remark

    def test_front_and_back_exchanged_is_said(self, path):
        mirrored = np.column_stack([(180 - ALL_ROUND[:, 0]) % 360, ALL_ROUND[:, 1]])
        (remark,) = read_sofa(write(path, mirrored, with_pinna(5.0))).remarks
        assert "front and back may be exchanged" in remark

    def test_a_ring_of_few_sources_tells_nothing(self):
        few = np.array([(0.0, 0.0), (180.0, 0.0)])
        assert front_and_back(np.ones((2, 2, 64)), towards(few)).verdict == "unclear"
        assert front_and_back(np.zeros((0, 2, 64)), np.zeros((0, 3))).verdict == "unclear"

    @pytest.mark.parametrize("name", MEASURED)
    def test_measured_heads_tell(self, shared_data, path, name):
        measured = np.load(shared_data / "hrir" / f"{name}.npz")
        true = np.column_stack([measured["azimuth_deg"] % 360, np.zeros(len(measured["ir"]))])
        rate = [float(measured["fs"])]
        assert read_sofa(write(path, true, measured["ir"], rate=rate)).remarks == ()
        for directions, first in ((turned(true), "left"), (true, "right")):
            write(path, directions, measured["ir"], rate=rate, first=first)
            assert is_of(true, str(path))


class TestSize:
    @pytest.mark.parametrize("radius", [0.07, 0.0875, 0.11])
    def test_a_sphere_has_its_radius(self, radius):
        azimuths = np.radians(np.arange(20.0, 180.0, 20.0))
        sources = np.stack([-np.sin(azimuths), 0 * azimuths, -np.cos(azimuths)], axis=1)
        found = head_radius(SphereHead(radius).responses(sources).astype(float), np.sin(azimuths))
        assert found == pytest.approx(radius, rel=0.15)
        assert implausible_size(found) == ""

    @pytest.mark.parametrize(("factor", "true"), [(2, "0.5"), (0.5, "2"), (0.25, "4"), (4, "0.25")])
    def test_a_wrong_rate_is_refused(self, tmp_path, factor, true):
        path = write(tmp_path / "s.sofa", DIRECTIONS, rate=[RATE * factor])
        with pytest.raises(InputError, match=f"probably {true} times the one that is stated .*, {RATE * factor:g} Hz"):
            read_sofa(path)

    @pytest.mark.parametrize("factor", [2, 0.5, 0.25])
    @pytest.mark.parametrize("name", MEASURED)
    def test_wrong_rates_of_measured_heads(self, shared_data, tmp_path, name, factor):
        measured = np.load(shared_data / "hrir" / f"{name}.npz")
        true = np.column_stack([measured["azimuth_deg"] % 360, np.zeros(len(measured["ir"]))])
        path = write(tmp_path / "s.sofa", true, measured["ir"], rate=[measured["fs"] * factor])
        with pytest.raises(InputError, match="the sample rate is probably"):
            read_sofa(path)

    def test_a_set_without_delays_or_with_few_sources_is_not_judged(self):
        assert implausible_size(head_radius(np.ones((5, 2, 64)), np.ones(5))) == ""
        assert implausible_size(head_radius(np.ones((2, 2, 64)), np.ones(2))) == ""

    def test_responses_of_rooms_are_looked_at_too(self, tmp_path):
        azimuths = np.array([-90.0, -60.0, 60.0, 90.0])
        heard = SphereHead().responses(np.stack([-np.sin(np.radians(azimuths)), 0 * azimuths, -np.cos(azimuths)], 1))
        for k, one in enumerate(heard):
            soundfile.write(tmp_path / f"{k}.wav", np.pad(one.T, ((0, 400), (0, 0))), 2 * SAMPLE_RATE, subtype="FLOAT")
        rows = [f"{k}.wav,{azimuth:g}" for k, azimuth in enumerate(azimuths)]
        (tmp_path / "index.csv").write_text("\n".join(["file,azimuth_deg", *rows]) + "\n")
        (remark,) = check_sides(read_responses(str(tmp_path)), str(tmp_path))
        assert "the sample rate is probably 0.5 times the one that is stated by the files" in remark
