"""The rlr engine against closed forms: delay, level, sides, Eyring's decay, a closed door, and the same bytes twice."""

import hashlib
import math
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from whence.conventions import SAMPLE_RATE, SPEED_OF_SOUND
from whence.datagen.acoustics import rlr
from whence.datagen.acoustics.impulse_response import decay_time, energy_decay
from whence.datagen.acoustics.lattice import LEAD
from whence.datagen.acoustics.shoebox import ShoeboxRoom, impulse_responses
from whence.datagen.scenes.materials import AcousticMaterial
from whence.datagen.scenes.scene import Scene
from whence.errors import InputError

QUICK = rlr.RlrSettings(indirect_ray_count=1000)
ROOM = (6.0, 3.0, 5.0)
LISTENER = (2.5, 1.5, 2.2)
RECTANGLE = np.array([(0, 1, 2), (0, 2, 3)])

installed = pytest.mark.skipif(
    find_spec("rlr_audio_propagation") is None,
    reason="the rlr engine (extra soundspaces, Linux x86-64) is not installed",
)


def scene_of(rectangles, absorption: float) -> Scene:
    """Rectangles (n, 4, 3), four corners each, of one material."""
    corners = np.asarray(rectangles, np.float32)
    faces = np.concatenate([RECTANGLE + 4 * k for k in range(len(corners))]).astype(np.int32)
    count = len(faces)
    return Scene(
        name="rectangles",
        vertices=corners.reshape(-1, 3),
        faces=faces,
        material=np.zeros(count, np.int16),
        materials=[AcousticMaterial("wall", (absorption,) * 6, (0.3,) * 6, "a test")],
        colour=np.ones((count, 3), np.float32),
        texture=np.full(count, -1, np.int16),
        texture_coordinates=np.zeros((count, 3, 2), np.float32),
        textures=[],
    )


def walls(size) -> list[list[list[float]]]:
    """The six walls of a box with one corner at the origin."""
    found = []
    for axis in range(3):
        a, b = (k for k in range(3) if k != axis)
        for at in (0.0, size[axis]):
            corners = np.zeros((4, 3))
            corners[:, axis] = at
            corners[[1, 2], a] = size[a]
            corners[[2, 3], b] = size[b]
            found.append(corners.tolist())
    return found


def partition(x: float, size, door: bool) -> list[list[list[float]]]:
    """A wall across the box at `x`, with a doorway of 0.9 m by 2 m in the middle; closed where `door`."""
    low, high = size[2] / 2 - 0.45, size[2] / 2 + 0.45

    def upright(y0, y1, z0, z1):
        return [[x, y0, z0], [x, y1, z0], [x, y1, z1], [x, y0, z1]]

    parts = [upright(0, size[1], 0, low), upright(0, size[1], high, size[2]), upright(2.0, size[1], low, high)]
    return [*parts, upright(0, 2.0, low, high)] if door else parts


def digest(result) -> str:
    return hashlib.sha256(result.direct.tobytes() + result.indirect.tobytes()).hexdigest()


def low_frequency_delay(response) -> float:
    """The group delay (samples) from 0.2 to 1.2 kHz, energy weighted."""
    spectrum = np.fft.rfft(response, 8192)
    frequency = np.fft.rfftfreq(8192, 1 / SAMPLE_RATE)
    kept = (frequency > 200) & (frequency < 1200)
    phase = np.unwrap(np.angle(spectrum[kept]))
    return -float(np.polyfit(2 * np.pi * frequency[kept] / SAMPLE_RATE, phase, 1)[0])


@installed
def test_same_bytes_twice_in_a_new_process_and_beside_other_sources():
    code = (
        "import test_rlr as t\n"
        "print(t.digest(t.rlr.rlr_responses(t.scene_of(t.walls(t.ROOM), 0.5), t.LISTENER, [(1, 1, 1)], [40], t.QUICK)))"
    )
    room = scene_of(walls(ROOM), 0.5)
    alone = rlr.rlr_responses(room, LISTENER, [(1, 1, 1)], [40], QUICK)
    among = rlr.rlr_responses(room, LISTENER, [(4, 1, 2), (1, 1, 1)], [0, 40], QUICK)
    assert np.array_equal(alone.direct[0, 0], among.direct[1, 1])
    assert np.array_equal(alone.indirect[0, 0], among.indirect[1, 1])
    there = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parent, capture_output=True, text=True, check=True
    )
    assert there.stdout == digest(alone) + "\n"  # and nothing of the engine's own on standard output


@installed
@pytest.mark.parametrize("distance", [0.5, 1.0, 1.7, 3.0])
def test_direct_sound_has_the_delay_and_level_of_the_free_field(distance):
    room = scene_of(walls((12.0, 8.0, 12.0)), 0.5)
    heard = rlr.rlr_responses(room, (6, 4, 6), [(6, 4, 6 - distance)], [0.0, 180.0], QUICK)
    assert heard.direct.shape == (1, 2, 2, 512)
    assert heard.indirect.shape == (1, 2, 2, 16_000)
    delays = [low_frequency_delay(ear) for view in heard.direct[0] for ear in view]
    assert np.mean(delays) - LEAD == pytest.approx(distance / SPEED_OF_SOUND * SAMPLE_RATE, abs=1.1)
    low = np.abs(np.fft.rfft(heard.direct[0], 8192))[..., 51]  # 100 Hz
    assert 20 * np.log10(low.mean() * 4 * np.pi * distance) == pytest.approx(0.0, abs=0.5)


@installed
def test_left_is_channel_0_and_turning_left_moves_the_source_right():
    room = scene_of(walls((12.0, 8.0, 12.0)), 0.5)
    heard = rlr.rlr_responses(room, (6, 4, 6), [(4.5, 4, 6)], [0, 90, 180], QUICK).direct[0]
    level = 10 * np.log10((heard**2).sum(axis=-1))
    assert level[0, 0] - level[0, 1] > 5  # the source lies at -X, on the left
    assert abs(level[1, 0] - level[1, 1]) < 0.1  # after a left turn by 90 degrees, ahead
    assert level[2, 1] - level[2, 0] > 5
    assert low_frequency_delay(heard[0, 1]) - low_frequency_delay(heard[0, 0]) > 4  # the left ear leads


@installed
@pytest.mark.parametrize("absorption", [0.1, 0.25, 0.5])
def test_decay_is_eyrings(absorption):
    """Within 12 %: the engine's absorption is a share of energy; of pressure, RT60 would be half of this."""
    volume, surface = math.prod(ROOM), 2 * (6 * 3 + 6 * 5 + 3 * 5)
    eyring = 24 * math.log(10) / SPEED_OF_SOUND * volume / (-surface * math.log(1 - absorption))
    heard = rlr.rlr_responses(scene_of(walls(ROOM), absorption), LISTENER, [(4.2, 1.2, 3.6)], [0], QUICK)
    assert decay_time(energy_decay(heard.indirect[0, 0, 0]), -25.0) == pytest.approx(eyring, rel=0.12)


@installed
def test_a_closed_door_kills_the_direct_sound():
    size, source = (8.0, 3.0, 5.0), (6.0, 1.5, 2.5)
    opened, closed = (
        rlr.rlr_responses(
            scene_of(walls(size) + partition(4.0, size, door), 0.2), (2, 1.5, 2.5), [source], [-90], QUICK
        )
        for door in (False, True)
    )
    assert opened.visible.tolist() == [True]
    assert closed.visible.tolist() == [False]
    assert np.abs(opened.direct).max() > 0.01
    assert not closed.direct.any()
    loss = 10 * np.log10((opened.indirect**2).sum() / max((closed.indirect**2).sum(), 1e-20))
    assert loss > 30  # 37 on one processor, above 40 on others


@installed
def test_reverberation_has_the_level_of_the_image_sources():
    """The direct-to-reverberant ratio at 100 Hz to 7 kHz is within 2.5 dB of the lattice's specular walls."""
    room, source = scene_of(walls(ROOM), 0.3), (4.2, 1.2, 3.6)
    heard = rlr.rlr_responses(room, LISTENER, [source], [0, 90, 180, 270], QUICK)
    ratio = 10 * np.log10((heard.direct**2).sum() / (heard.indirect**2).sum())
    box = ShoeboxRoom(ROOM, (0.3,) * 6, 40)
    response = impulse_responses(box, source, [LISTENER])[0].astype(float)
    direct = (4 * np.pi * math.dist(source, LISTENER)) ** -2
    truth = 10 * np.log10(direct / ((response**2).sum() - direct))
    assert ratio == pytest.approx(truth, abs=2.5)


def test_missing_engine_is_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "rlr_audio_propagation", None)
    with pytest.raises(InputError, match=r"not installed: pip install 'whence\[soundspaces\]'"):
        rlr.rlr_responses(scene_of(walls(ROOM), 0.3), LISTENER, [(1, 1, 1)], [0])


def test_settings_name_every_field_and_the_licence_is_stated():
    recipe = rlr.RlrSettings().recipe
    assert recipe["thread_count"] == 1
    assert recipe["transmission"] is False
    assert "NC" in rlr.LICENCE


@installed
def test_an_engine_with_other_fields_is_refused(monkeypatch):
    monkeypatch.delitem(rlr._FIXED, "unit_scale")
    with pytest.raises(InputError, match="unit_scale"):
        rlr.rlr_responses(scene_of(walls(ROOM), 0.3), LISTENER, [(1, 1, 1)], [0])
