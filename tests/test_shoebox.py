"""The lattice engine against an exact float64 sum, against pyroomacoustics, and against physics."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest
from exact_images import error_db, exact_responses
from hypothesis import given, settings
from hypothesis import strategies as st

from whence.conventions import SAMPLE_RATE, SPEED_OF_SOUND
from whence.datagen.acoustics.shoebox import LEAD, ShoeboxRoom, impulse_responses, sabine_inversion
from whence.datagen.tde import ROOMS, RT60_LABELS
from whence.errors import InputError

SAMPLES_PER_METRE = SAMPLE_RATE / SPEED_OF_SOUND
SIX_WALLS = (0.1, 0.7, 0.25, 0.55, 0.4, 0.85)
UNEVEN = ShoeboxRoom((5.3, 4.1, 2.9), SIX_WALLS, 8)
EXACT_DB = -63.0
"""A lone image errs most, by -63.5 dB, where it falls on a bin of the fine grid; the median over places is -72 dB."""

SOURCE, MICROPHONES = (1.37, 2.91, 1.13), np.array([[3.9, 0.83, 1.71], [4.05, 1.02, 1.66]])


def error_of(room: ShoeboxRoom, source, microphones) -> float:
    response = impulse_responses(room, source, microphones)
    return error_db(exact_responses(room, source, np.asarray(microphones), response.shape[1]), response)


@pytest.mark.parametrize("order", [0, 1, 2, 3, 5, 8, 12])
@pytest.mark.parametrize("dimensions", [(5.3, 4.1, 2.9), (2.2, 9.7, 2.4), (3.0, 3.0, 3.0)])
def test_lattice_is_the_exact_image_sum(dimensions, order):
    room = ShoeboxRoom(dimensions, SIX_WALLS, order)
    places = np.array([[0.31, 0.42, 0.53], [0.7, 0.2, 0.61], [0.66, 0.23, 0.6]]) * dimensions
    assert error_of(room, places[0], places[1:]) < EXACT_DB


@pytest.mark.parametrize("height", [1.6, 1.45, 0.0, 2.9])
def test_lattice_is_exact_at_equal_heights_where_images_merge(height):
    source, microphones = (1.37, 2.91, height), [[3.9, 0.83, height], [4.05, 0.83, height]]
    assert error_of(ShoeboxRoom((5.3, 4.1, 2.9), SIX_WALLS, 9), source, microphones) < EXACT_DB


def test_lattice_is_exact_where_source_and_microphone_share_two_coordinates():
    assert error_of(ShoeboxRoom((4.0, 4.0, 4.0), SIX_WALLS, 7), (2.0, 2.0, 2.0), [[2.0, 2.0, 3.1]]) < EXACT_DB


shares = st.floats(0.0, 1.0)
points = st.tuples(shares, shares, shares)


@settings(max_examples=40, deadline=None)
@given(
    source=points,
    microphone=points,
    absorption=st.tuples(*[st.floats(0.0, 0.95)] * 6),
    dimensions=st.tuples(*[st.floats(2.0, 9.0)] * 3),
    order=st.integers(0, 7),
)
def test_lattice_is_exact_anywhere(source, microphone, absorption, dimensions, order):
    source, microphone = np.multiply(source, dimensions), np.multiply(microphone, dimensions)
    if np.linalg.norm(source - microphone) < 0.1:
        return
    assert error_of(ShoeboxRoom(dimensions, absorption, order), source, [microphone]) < EXACT_DB


def test_lattice_errs_by_less_than_minus_69_db_on_the_whole():
    rng = np.random.default_rng(5)
    errors = []
    for _ in range(60):
        room = ShoeboxRoom(tuple(rng.uniform(2, 9, 3)), tuple(rng.uniform(0, 0.95, 6)), int(rng.integers(0, 9)))
        source, microphone = rng.uniform(0, 1, (2, 3)) * room.dimensions
        errors.append(error_of(room, source, [microphone]))
    assert 10 * np.log10(np.mean(10 ** (np.array(errors) / 10))) < -69


def arrival_of(response: np.ndarray) -> float:
    """Arrival (samples) of a lone pulse, by the slope of its phase below 0.8 of the Nyquist frequency."""
    size = 8 * response.size
    coarse = int(np.abs(response).argmax())
    omega = 2 * np.pi * np.fft.rfftfreq(size)
    spectrum = np.fft.rfft(response.astype(float), size) * np.exp(1j * omega * coarse)
    low = (omega > 0) & (omega < 0.8 * np.pi)
    phase = np.unwrap(np.angle(spectrum))[low]
    return coarse - float(omega[low] @ phase / (omega[low] @ omega[low]))


@pytest.mark.parametrize("distance", [0.3, 0.5, 1.0, 1.7, 2.9, 4.1, 5.0])
@pytest.mark.parametrize("fraction", [0.0, 0.03, 0.25, 0.5, 0.61, 0.97])
def test_direct_sound_arrives_on_time(distance, fraction):
    arrival = np.floor(distance * SAMPLES_PER_METRE) + fraction
    room = ShoeboxRoom((8.0, 6.0, 3.0), (0.3,) * 6, 0)
    direction = np.array([2.0, 1.0, 0.3]) / np.linalg.norm([2.0, 1.0, 0.3])
    source = np.array([1.1, 1.7, 0.9])
    path = arrival / SAMPLES_PER_METRE
    response = impulse_responses(room, source, source + path * direction)[0]
    assert arrival_of(response) == pytest.approx(LEAD + arrival, abs=1 / 50)
    assert np.sum(response) == pytest.approx(1 / (4 * np.pi * path), rel=5e-3)


@pytest.mark.parametrize("name", ROOMS)
@pytest.mark.parametrize("rt60", RT60_LABELS)
def test_lattice_agrees_with_pyroomacoustics_in_the_tde_rooms(name, rt60):
    tde = ROOMS[name]
    absorption, order = sabine_inversion(rt60 / 1.4, tde.dimensions)
    room = ShoeboxRoom(tde.dimensions, (absorption,) * 6, order)
    source = tde.source_position(37.3, 1.7)
    ours, theirs = (
        impulse_responses(room, source, tde.microphones, engine=engine) for engine in ("lattice", "pyroomacoustics")
    )
    assert error_db(theirs, ours) < -48


def test_walls_are_numbered_as_pyroomacoustics_names_them():
    ours, theirs = (
        impulse_responses(UNEVEN, SOURCE, MICROPHONES, engine=engine) for engine in ("lattice", "pyroomacoustics")
    )
    assert error_db(theirs, ours) < -48


@pytest.mark.parametrize("wall", range(6))
def test_each_absorption_belongs_to_its_wall(wall):
    """With one reflecting wall and one reflection there are two arrivals: direct, and mirrored in that wall."""
    absorption = tuple(0.0 if k == wall else 1.0 for k in range(6))
    room = ShoeboxRoom((5.3, 4.1, 2.9), absorption, 1)
    image = np.array(SOURCE)
    axis, far = divmod(wall, 2)
    image[axis] = 2 * room.dimensions[axis] * far - image[axis]
    both = impulse_responses(room, SOURCE, MICROPHONES[0])[0]
    direct = impulse_responses(ShoeboxRoom(room.dimensions, absorption, 0), SOURCE, MICROPHONES[0])[0]
    both[: direct.size] -= direct
    path = np.linalg.norm(image - MICROPHONES[0])
    assert arrival_of(both) == pytest.approx(LEAD + path * SAMPLES_PER_METRE, abs=1 / 50)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_rows_are_those_of_one_microphone_at_a_time(count):
    microphones = np.random.default_rng(count).uniform(0.1, 2.8, (count, 3))
    together = impulse_responses(UNEVEN, SOURCE, microphones)
    assert together.shape[0] == count
    assert together.dtype == np.float32
    for row, microphone in zip(together, microphones, strict=True):
        alone = impulse_responses(UNEVEN, SOURCE, microphone)[0]
        np.testing.assert_array_equal(row[: alone.size], alone)
        np.testing.assert_allclose(row[alone.size :], 0, atol=1e-9 * np.abs(alone).max())


def test_source_and_microphone_may_change_places():
    there = impulse_responses(UNEVEN, SOURCE, MICROPHONES[:1])
    back = impulse_responses(UNEVEN, MICROPHONES[0], [SOURCE])
    assert error_db(there, back) < -80


@pytest.mark.parametrize("axis", range(3))
def test_a_mirrored_room_sounds_the_same(axis):
    def mirrored(point):
        point = np.array(point)
        point[..., axis] = UNEVEN.dimensions[axis] - point[..., axis]
        return point

    walls = list(UNEVEN.absorption)
    walls[2 * axis], walls[2 * axis + 1] = walls[2 * axis + 1], walls[2 * axis]
    room = ShoeboxRoom(UNEVEN.dimensions, tuple(walls), UNEVEN.order)
    one = impulse_responses(UNEVEN, SOURCE, MICROPHONES)
    other = impulse_responses(room, mirrored(SOURCE), mirrored(MICROPHONES))
    assert error_db(one, other) < -80


@pytest.mark.parametrize("axes", [[1, 0, 2], [2, 1, 0], [1, 2, 0]])
def test_axes_are_interchangeable(axes):
    walls = tuple(UNEVEN.absorption[2 * a + side] for a in axes for side in (0, 1))
    room = ShoeboxRoom(tuple(UNEVEN.dimensions[a] for a in axes), walls, UNEVEN.order)
    turned = impulse_responses(room, np.array(SOURCE)[axes], MICROPHONES[:, axes])
    assert error_db(impulse_responses(UNEVEN, SOURCE, MICROPHONES), turned) < -80


def test_walls_that_absorb_everything_leave_the_direct_sound():
    dead = impulse_responses(ShoeboxRoom(UNEVEN.dimensions, (1.0,) * 6, 6), SOURCE, MICROPHONES)
    direct = impulse_responses(ShoeboxRoom(UNEVEN.dimensions, SIX_WALLS, 0), SOURCE, MICROPHONES)
    assert error_db(direct, dead) < -120


def test_other_sample_rates_keep_the_arrival_time():
    for rate in (8_000, 44_100):
        direct = ShoeboxRoom((6.0, 5.0, 3.0), (0.3,) * 6, 0)
        response = impulse_responses(direct, (1.0, 1.0, 1.0), (4.0, 1.0, 1.0), sample_rate=rate)[0]
        assert arrival_of(response) == pytest.approx(LEAD + 3.0 / SPEED_OF_SOUND * rate, abs=1 / 50)


DIGEST = """
import hashlib
from whence.datagen.acoustics.shoebox import ShoeboxRoom, impulse_responses
room = ShoeboxRoom((5.3, 4.1, 2.9), (0.1, 0.7, 0.25, 0.55, 0.4, 0.85), 20)
responses = impulse_responses(room, (1.37, 2.91, 1.13), [[3.9, 0.83, 1.71], [4.05, 1.02, 1.66]])
print(hashlib.sha256(responses.tobytes()).hexdigest())
"""


def test_responses_have_the_same_bytes_twice_and_in_another_process():
    room = ShoeboxRoom((5.3, 4.1, 2.9), SIX_WALLS, 20)
    here = {hashlib.sha256(impulse_responses(room, SOURCE, MICROPHONES).tobytes()).hexdigest() for _ in "12"}
    there = subprocess.run([sys.executable, "-c", DIGEST], capture_output=True, text=True, check=True)
    assert here == {there.stdout.strip()}


@pytest.mark.parametrize("engine", ["lattice", "pyroomacoustics"])
@pytest.mark.parametrize(
    ("source", "microphones", "message"),
    [
        ((6.0, 1.0, 1.0), MICROPHONES, r"source at \[6.0, 1.0, 1.0\] m: outside the room of \(5.3"),
        (SOURCE, [[1.0, 1.0]], r"microphone of the shape \(1, 2\): expected x, y and z in metres"),
        (SOURCE, [[1.0, -0.1, 1.0]], r"microphone at \[\[1.0, -0.1, 1.0\]\] m: outside the room"),
        (SOURCE, [[float("nan"), 1.0, 1.0]], r"microphone at \[\[nan, 1.0, 1.0\]\] m: outside the room"),
        (SOURCE, [[1.37, 2.91, 1.1305]], r"source at \[1.37, 2.91, 1.13\] m: within 1 mm of a microphone"),
    ],
)
def test_impossible_places_are_refused(engine, source, microphones, message):
    with pytest.raises(InputError, match=message):
        impulse_responses(UNEVEN, source, microphones, engine=engine)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ((5.0, 0.0, 3.0), (0.1,) * 6, 3),
            r"room dimensions \(5.0, 0.0, 3.0\) m: expected three lengths > 0",
        ),
        (((5.0, 4.0, 3.0), (0.1,) * 5 + (-0.1,), 3), r"absorption .*-0.1.*: expected an energy share"),
        (((5.0, 4.0, 3.0), (0.1,) * 5 + (1.1,), 3), "expected an energy share from 0 to 1"),
        (((5.0, 4.0, 3.0), (0.1,) * 5 + (float("nan"),), 3), "expected an energy share from 0 to 1"),
        (((5.0, 4.0, 3.0), (0.1,) * 6, -1), "reflection order -1: expected 0 or more"),
    ],
)
def test_impossible_rooms_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        ShoeboxRoom(*arguments)


@pytest.mark.parametrize(
    ("rt60", "expected"),
    [
        (0.1, {"room1": (0.85, 9), "room2": (0.85, 10), "room3": (0.85, 9)}),
        (0.3, {"room1": (0.5848, 27), "room2": (0.5012, 32), "room3": (0.5730, 29)}),
        (0.5, {"room1": (0.3509, 45), "room2": (0.3007, 53), "room3": (0.3438, 48)}),
        (0.7, {"room1": (0.2506, 63), "room2": (0.2148, 74), "room3": (0.2456, 68)}),
        (0.9, {"room1": (0.1949, 82), "room2": (0.1671, 96), "room3": (0.1910, 87)}),
    ],
)
def test_sabine_inversion_gives_the_published_parameters(rt60, expected):
    found = {name: sabine_inversion(rt60 / 1.4, room.dimensions) for name, room in ROOMS.items()}
    assert {name: (round(absorption, 4), order) for name, (absorption, order) in found.items()} == expected


def test_sabine_inversion_of_no_reverberation_is_the_direct_path_alone():
    assert sabine_inversion(0.0, (7.0, 6.0, 3.0)) == (0.999, 0)
    with pytest.raises(InputError, match=r"rt60=-0.2 s: expected 0 or more"):
        sabine_inversion(-0.2, (7.0, 6.0, 3.0))


def test_the_speed_script_prints_a_line_a_cell():
    script = "whence.benchmarks.speed.shoebox"
    command = [sys.executable, "-m", script, "--rt60", "0.1", "--seconds", "0.01"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert [line[:5] for line in run.stdout.splitlines()[2:5]] == list(ROOMS)
    assert "0 of 3 rows break a promise" in run.stdout
