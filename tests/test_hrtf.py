"""Heads: the rigid sphere against closed forms and scipy's Bessel functions, SOFA files against what was put in."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
import soxr
from scipy.special import eval_legendre, spherical_jn, spherical_yn
from toy_homes import direction

from whence.conventions import SAMPLE_RATE, SPEED_OF_SOUND
from whence.datagen.acoustics.cross_correlation import response_delay
from whence.datagen.acoustics.hrtf import HEAD_RADIUS, SofaHead, SphereHead, open_head
from whence.datagen.acoustics.sphere_head import sphere_terms
from whence.datagen.hm3d_ss import plan_hm3d_ss
from whence.datagen.verification import plan_of
from whence.errors import InputError

TRAVEL = HEAD_RADIUS / SPEED_OF_SOUND
"""Seconds that sound takes over one radius."""
AZIMUTHS = np.arange(-180.0, 180.0, 15.0)


def pressure(size_parameter, distance, cosine):
    """The pressure on the sphere by our series, (frequencies,)."""
    terms = sphere_terms(np.atleast_1d(np.float64(size_parameter)), np.array([distance]))[:, 0]
    return eval_legendre(np.arange(len(terms)), cosine) @ terms


def pressure_by_scipy(size_parameter, distance, cosine):
    """Duda and Martens's series as it is printed, with Bessel functions of scipy; conjugated to our sign of time."""
    degree = np.arange(int(size_parameter + 20 + 18 / np.log(distance)))
    source = spherical_jn(degree, size_parameter * distance) + 1j * spherical_yn(degree, size_parameter * distance)
    slope = spherical_jn(degree, size_parameter, True) + 1j * spherical_yn(degree, size_parameter, True)
    series = np.sum((2 * degree + 1) * eval_legendre(degree, cosine) * source / slope)
    return np.conj(-distance / size_parameter * np.exp(-1j * size_parameter * distance) * series)


def group_delay(response):
    """Delay (samples) at 0 Hz: the centre of gravity of the samples themselves."""
    return (response @ np.arange(response.shape[-1])) / response.sum(axis=-1)


@pytest.mark.parametrize("size_parameter", [0.5, 2.0, 8.0, 12.8])
@pytest.mark.parametrize("distance", [1.25, 2.0, 10.0])
@pytest.mark.parametrize("cosine", [1.0, 0.3, -0.7, -1.0])
def test_series_equals_the_printed_one(size_parameter, distance, cosine):
    expected = pressure_by_scipy(size_parameter, distance, cosine)
    assert pressure(size_parameter, distance, cosine)[0] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("cosine", [0.9, 0.0, -0.8])
def test_static_near_field_has_its_closed_form(cosine):
    """At 0 Hz the series is one of 2 - 1 / (m + 1) times x^m P_m, both of whose parts have generating functions."""
    x = 1 / 1.3
    root = np.sqrt(1 - 2 * x * cosine + x * x)
    expected = 2 / root - np.log((root + x - cosine) / (1 - cosine)) / x
    assert pressure(0.0, 1.3, cosine)[0] == pytest.approx(expected, rel=1e-6)


def test_a_distant_source_is_a_plane_wave():
    near, far = (pressure([0.0, 3.0, 10.0], distance, -0.4) for distance in (1e7, np.inf))
    np.testing.assert_allclose(near, far, atol=1e-6)


def test_delay_at_low_frequencies_is_kuhns():
    """3 a / c sin(azimuth), and each ear half of that before or after the centre of the head, at sample `lead`."""
    head = SphereHead()
    heard = group_delay(head.responses(direction(AZIMUTHS)).astype(np.float64)) - head.lead
    expected = 1.5 * TRAVEL * SAMPLE_RATE * np.sin(np.radians(AZIMUTHS))
    np.testing.assert_allclose(heard, np.stack([-expected, expected], axis=1), atol=0.05)


@pytest.mark.parametrize("azimuth", [20.0, 45.0, 70.0])
def test_delay_at_high_frequencies_is_woodworths(azimuth):
    """a / c (theta + sin theta); the wave that creeps round the shadow is about 1 % slower at this frequency."""
    size_parameter = np.linspace(100, 104, 81)
    angle = np.radians(azimuth)
    slopes = [
        np.polyfit(size_parameter, np.unwrap(np.angle(pressure(size_parameter, np.inf, cosine))), 1)[0]
        for cosine in (np.sin(angle), -np.sin(angle))
    ]
    assert slopes[0] - slopes[1] == pytest.approx(angle + np.sin(angle), rel=0.03)


def test_level_difference_grows_as_the_source_comes_near():
    """At 90 degrees and low frequency: from nothing far away to above 15 dB at 1.25 radii (Duda and Martens)."""
    levels = []
    for distance in (np.inf, 10.0, 3.0, 1.5, 1.25):
        near, far = (np.abs(pressure(0.1, distance, cosine))[0] for cosine in (1.0, -1.0))
        levels.append(20 * np.log10(near / far))
    assert np.all(np.diff(levels) > 0)
    assert levels[0] < 0.1
    assert levels[-1] > 15


def test_ears_swap_with_the_side_and_hear_front_as_back():
    head = SphereHead()
    left, right, back = (head.responses(direction(a)) for a in (AZIMUTHS, -AZIMUTHS, 180 - AZIMUTHS))
    np.testing.assert_allclose(left, right[:, ::-1], atol=1e-6)
    np.testing.assert_allclose(left, back, atol=1e-6)
    near = head.responses(direction(np.array([70.0])), [0.4])[0]
    assert np.square(near[0]).sum() > 4 * np.square(near[1]).sum()


def test_responses_are_whole():
    """A plane wave keeps its level at 0 Hz, and nothing is cut off or wraps round the transform."""
    heard = SphereHead().responses(direction(AZIMUTHS))
    np.testing.assert_allclose(heard.sum(axis=-1), 1, atol=2e-3)
    assert heard.dtype == np.float32
    assert np.abs(heard[..., :10]).max() < 3e-3 * np.abs(heard).max()
    assert np.abs(heard[..., -20:]).max() < 1e-3 * np.abs(heard).max()


DIGEST = """
import hashlib, numpy as np
from whence.datagen.acoustics.hrtf import SphereHead
from whence.datagen.acoustics.impulse_response import decay_time

directions = np.random.default_rng(0).standard_normal((60, 3))
directions /= np.linalg.norm(directions, axis=1, keepdims=True)
far, near = SphereHead().responses(directions), SphereHead().responses(directions, np.repeat([0.3, 1.0, 2.0], 20))
decay = np.array([decay_time(10 ** (-6 * np.arange(9000) / slow), -35) for slow in range(7000, 7100)])
print(*(hashlib.sha256(values.tobytes()).hexdigest() for values in (far, near, decay)))
"""


def test_bytes_do_not_depend_on_the_kernels_of_the_linear_algebra_library():
    """The names are OpenBLAS's, which takes another kernel for each kind of processor."""
    digests = {
        subprocess.run(
            [sys.executable, "-c", DIGEST],
            env={**os.environ, "OPENBLAS_CORETYPE": kernels},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for kernels in ("Haswell", "Prescott")
    }
    assert len(digests) == 1


def test_directions_and_distances_are_independent_of_each_other():
    head = SphereHead()
    directions = direction(AZIMUTHS[:4])
    together = head.responses(directions, [2.0, 0.3, 2.0, 1.0])
    alone = np.concatenate([head.responses(directions[k : k + 1], [d]) for k, d in enumerate([2.0, 0.3, 2.0, 1.0])])
    np.testing.assert_allclose(together, alone, atol=1e-6)
    np.testing.assert_allclose(head.responses(directions, np.full(4, 1e6)), head.responses(directions), atol=1e-5)


def test_a_source_inside_the_head_is_refused():
    with pytest.raises(InputError, match=r"0\.05 m from the listener: expected at least 0\.0919 m"):
        SphereHead().responses(direction(np.array([0.0])), [0.05])


def test_sphere_lies_near_measured_heads(shared_data):
    """Low-passed delays of KEMAR and of six listeners, horizontal plane."""
    files = sorted((shared_data / "hrir").glob("*.npz"))
    assert len(files) >= 7
    for file in files:
        measured = np.load(file)
        sphere = SphereHead().responses(direction(measured["azimuth_deg"]))
        theirs = [response_delay(response, int(measured["fs"])) for response in measured["ir"]]
        gaps = 1e6 * (np.array([response_delay(response) for response in sphere]) - theirs)
        assert np.abs(gaps).mean() < (35 if "kemar" in file.name else 60)


def grid(step=10):
    """Azimuths and elevations (n,) all around, down to -40 degrees."""
    azimuth, elevation = (v.ravel() for v in np.meshgrid(np.arange(0, 360, step), np.arange(-40, 90, step)))
    return np.append(azimuth, 0.0), np.append(elevation, 90.0)


def towards(azimuth, elevation):
    flat = direction(azimuth) * np.cos(np.radians(elevation))[:, None]
    flat[:, 1] = np.sin(np.radians(elevation))
    return flat


def write_sofa(path: Path, azimuth, elevation, responses, *, rate=SAMPLE_RATE, distance=1.5, delay=None, **changed):
    """Write what `responses` (n, 2, samples) are to a SOFA file, with what is `changed` about it."""
    with h5py.File(path, "w") as file:
        file.attrs["SOFAConventions"] = changed.get("convention", "SimpleFreeFieldHRIR")
        file["Data.IR"] = responses
        file["Data.SamplingRate"] = [float(rate)]
        file["Data.Delay"] = np.zeros((1, 2)) if delay is None else delay
        positions = np.stack([azimuth, elevation, np.full(len(azimuth), distance)], axis=1)
        if changed.get("cartesian"):
            x, y, z = (distance * towards(azimuth, elevation)).T
            positions = np.stack([-z, -x, y], axis=1)
        file["SourcePosition"] = positions
        file["SourcePosition"].attrs["Type"] = changed.get(
            "kind", "cartesian" if changed.get("cartesian") else "spherical"
        )
        ears = np.array([[0, 0.09, 0], [0, -0.09, 0]])
        file["ReceiverPosition"] = (ears[::-1] if changed.get("right_first") else ears)[..., None]
        file["ReceiverPosition"].attrs["Type"] = "cartesian"
        file["ListenerView"] = [changed.get("view", [1.0, 0.0, 0.0])]
        file["ListenerView"].attrs["Type"] = "cartesian"
        for name in changed.get("without", ()):
            del file[name]
    return str(path)


@pytest.fixture(scope="module")
def sphere_set():
    azimuth, elevation = grid()
    responses = SphereHead().responses(towards(azimuth, elevation), np.full(len(azimuth), 1.5))
    return azimuth, elevation, responses.astype(np.float64)


ASKED_AZIMUTH, ASKED_ELEVATION = np.array([3.0, 47.0, 95.0, -78.0, 171.0]), np.array([4.0, -17.0, 33.0, 61.0, 0.0])


def assert_sounds_like_the_sphere(head):
    """Between directions measured every 10 degrees; the shadowed ear, opposite the source, changes fastest."""
    asked = towards(ASKED_AZIMUTH, ASKED_ELEVATION)
    heard, expected = head.responses(asked), SphereHead().responses(asked, np.full(len(asked), 1.5))
    error = np.square(heard[..., :128] - expected).sum(axis=-1) / np.square(expected).sum(axis=-1)
    assert heard.dtype == np.float32
    assert heard.shape == (5, 2, head.taps)
    assert np.sqrt(error.max()) < 0.06


@pytest.mark.parametrize("changed", [{}, {"cartesian": True}, {"view": [2.0, 0.0, 0.0]}], ids=str)
def test_a_sofa_set_of_the_sphere_is_the_sphere_between_its_directions_too(tmp_path, sphere_set, changed):
    assert_sounds_like_the_sphere(SofaHead(write_sofa(tmp_path / "s.sofa", *sphere_set, **changed)))


def test_gain_and_time_zero_of_a_set_do_not_matter(tmp_path, sphere_set):
    azimuth, elevation, responses = sphere_set
    late = np.pad(7 * responses, ((0, 0), (0, 0), (23, 0)))
    assert_sounds_like_the_sphere(SofaHead(write_sofa(tmp_path / "s.sofa", azimuth, elevation, late)))


def test_delays_that_are_kept_apart_are_heard(tmp_path, sphere_set):
    azimuth, elevation, responses = sphere_set
    delay = np.random.default_rng(0).integers(0, 9, (len(azimuth), 2))
    early = np.array(
        [[np.roll(ear, -d) for ear, d in zip(r, ds, strict=True)] for r, ds in zip(responses, delay, strict=True)]
    )
    assert_sounds_like_the_sphere(SofaHead(write_sofa(tmp_path / "s.sofa", azimuth, elevation, early, delay=delay)))


def test_another_rate_and_swapped_ears_are_put_right(tmp_path, sphere_set):
    azimuth, elevation, responses = sphere_set
    fast = soxr.resample(responses.reshape(-1, 128).T, SAMPLE_RATE, 44_100).T.reshape(len(azimuth), 2, -1)[:, ::-1]
    path = write_sofa(tmp_path / "s.sofa", azimuth, elevation, fast, rate=44_100, right_first=True)
    assert_sounds_like_the_sphere(SofaHead(path))


def test_a_horizontal_set_answers_everywhere(tmp_path):
    azimuth = np.arange(0.0, 360.0, 5.0)
    responses = SphereHead().responses(direction(azimuth))
    head = open_head(write_sofa(tmp_path / "flat.sofa", azimuth, 0 * azimuth, responses))
    level, above = (head.responses(towards(np.full(1, 62.0), np.full(1, e)))[0] for e in (0.0, 50.0))
    assert response_delay(level) == pytest.approx(
        response_delay(SphereHead().responses(direction(np.array([62.0])))[0]), abs=5e-6
    )
    assert 0 < response_delay(above) < response_delay(level)
    assert np.isfinite(head.responses([[0.0, 1.0, 0.0], [0.0, -1.0, 0.0]])).all()


def test_a_set_with_a_gap_at_ear_height_is_refused(tmp_path, sphere_set):
    azimuth, elevation, responses = sphere_set
    ahead = np.cos(np.radians(azimuth)) > -0.1
    for kept, complaint in [
        (ahead, r"nearest to azimuth -180 deg at ear height is 90 deg away; expected at most 30 deg all around"),
        (np.arange(len(azimuth)) < 3, "all around"),
        (np.abs(elevation) > 35, "at ear height is 40 deg away"),
    ]:
        path = write_sofa(tmp_path / "s.sofa", azimuth[kept], elevation[kept], responses[kept])
        with pytest.raises(InputError, match=complaint):
            open_head(path)


def test_a_coarse_set_of_eight_directions_will_do(tmp_path):
    azimuth = np.arange(0.0, 360.0, 45.0)
    responses = SphereHead().responses(direction(azimuth))
    head = open_head(write_sofa(tmp_path / "s.sofa", azimuth, 0 * azimuth, responses))
    assert np.isfinite(head.responses(direction(AZIMUTHS))).all()


def test_a_measured_head_keeps_its_delays(tmp_path, shared_data):
    kemar = np.load(shared_data / "hrir" / "mit_kemar_normal_pinna.npz")
    azimuth, rate = kemar["azimuth_deg"].astype(float), int(kemar["fs"])
    path = write_sofa(tmp_path / "k.sofa", azimuth, 0 * azimuth, kemar["ir"].astype(float), rate=rate, distance=1.4)
    head = open_head(path)
    heard = head.responses(direction(azimuth))
    delays = 1e6 * np.array([response_delay(response) for response in heard])
    theirs = 1e6 * np.array([response_delay(response, rate) for response in kemar["ir"]])
    assert np.abs(delays - theirs).max() < 10
    assert np.abs(heard).argmax(axis=-1).min() > head.lead - 8
    assert np.square(heard[..., -16:]).sum() < 1e-4 * np.square(heard).sum()


def test_heads_are_deterministic_and_named(tmp_path, sphere_set):
    path = write_sofa(tmp_path / "mine.sofa", *sphere_set)
    asked = towards(ASKED_AZIMUTH, ASKED_ELEVATION)
    assert open_head(path).responses(asked).tobytes() == open_head(path).responses(asked).tobytes()
    assert open_head(path).responses(asked, np.ones(5)).tobytes() == open_head(path).responses(asked).tobytes()
    assert (open_head(path).name, open_head(None).name) == ("mine.sofa", "sphere")


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"convention": "SingleRoomDRIR"}, "its SOFA convention is 'SingleRoomDRIR'; expected 'SimpleFreeFieldHRIR'"),
        ({"without": ["SourcePosition"]}, "the variable SourcePosition is missing"),
        ({"without": ["Data.IR"]}, "the variable Data.IR is missing"),
        ({"kind": "polar"}, "SourcePosition of type 'polar'; expected spherical or cartesian"),
        ({"view": [0.0, 1.0, 0.0]}, "its listener does not look along"),
        ({"distance": 0.0}, "SourcePosition holds positions at the listener"),
        ({"rate": 0}, "not a sample rate of sound"),
    ],
    ids=str,
)
def test_a_file_that_will_not_do_says_why(tmp_path, sphere_set, changed, complaint):
    with pytest.raises(InputError, match=complaint):
        open_head(write_sofa(tmp_path / "s.sofa", *sphere_set, **changed))


def test_responses_that_will_not_do_say_why(tmp_path, sphere_set):
    azimuth, elevation, responses = sphere_set
    for wrong, complaint in [
        (responses[:, :1], "expected \\(directions, 2 ears, samples\\)"),
        (responses[:-3], "source positions for"),
        (responses * np.nan, "not finite or silent"),
        (responses * 0, "not finite or silent"),
    ]:
        with pytest.raises(InputError, match=complaint):
            open_head(write_sofa(tmp_path / "s.sofa", azimuth, elevation, wrong))


def test_what_is_no_sofa_file_says_so(tmp_path):
    (tmp_path / "text.sofa").write_text("no HDF5")
    with pytest.raises(InputError, match=r"text\.sofa: damaged, or not a SOFA \(HDF5\) file; --hrtf takes"):
        open_head(str(tmp_path / "text.sofa"))
    with pytest.raises(InputError, match=r"absent\.sofa: no such file; --hrtf takes a head's responses \(\.sofa\)$"):
        open_head(str(tmp_path / "absent.sofa"))


def test_a_head_that_moved_or_changed_is_asked_for(tmp_path, sphere_set):
    path = write_sofa(tmp_path / "mine.sofa", *sphere_set)
    made = plan_hm3d_ss("procedural", None, scene_count=1, examples=1, hrtf=path)
    dataset = SimpleNamespace(name="hm3d-ss", recipe=made.recipe, attributes=made.provenance)
    moved = (tmp_path / "mine.sofa").rename(tmp_path / "moved.sofa")
    with pytest.raises(InputError, match=r"missing the measured head .*mine\.sofa\) .* with --hrtf FILE\.sofa"):
        plan_of(dataset, {})
    assert plan_of(dataset, {"hrtf": str(moved)}).recipe == made.recipe
    write_sofa(tmp_path / "mine.sofa", *sphere_set, distance=2.0)
    with pytest.raises(InputError, match=r"mine\.sofa is not the head .*: give it with --hrtf FILE\.sofa"):
        plan_of(dataset, {})
