"""Binaural responses in a mesh against exact delays, the head's own responses, pyroomacoustics, and symmetries."""

import dataclasses

import numpy as np
import pyroomacoustics
import pytest
from mesh_rooms import PointHead, SidedHead, moved, room_scene, with_panel
from scipy import fft, signal

from whence.conventions import SAMPLE_RATE, SPEED_OF_SOUND
from whence.datagen.acoustics import mesh
from whence.datagen.acoustics.cross_correlation import parabolic_peak, response_delay
from whence.datagen.acoustics.energy_field import EarlyReflections, EnergyField, arrival_directions, even_directions
from whence.datagen.acoustics.hrtf import SphereHead
from whence.datagen.acoustics.impulse_response import decay_time, energy_decay, measure_response
from whence.datagen.acoustics.mesh import LEAD, MeshSettings, binaural, trace
from whence.datagen.acoustics.mesh_synthesis import _CACHED_BINS, _through, band_shares, head_directions
from whence.datagen.acoustics.shoebox import ShoeboxRoom, impulse_responses
from whence.digests import generator_for

ROOM = (6.0, 2.8, 4.5)
LISTENER = np.array([2.3, 1.5, 2.6])
SOURCES = np.array([[4.9, 1.2, 3.1], [1.2, 0.9, 0.8], [4.1, 1.7, 1.3], [2.0, 1.1, 3.2], [3.4, 0.8, 4.0]])
SAMPLES_PER_METRE = SAMPLE_RATE / SPEED_OF_SOUND
HIGH_PASS = signal.butter(4, 500, "highpass", fs=SAMPLE_RATE, output="sos")
"""Below, images of one sign add up to standing waves that no energy model has."""


def field_of(scene, listener=LISTENER, sources=SOURCES, seed=0, **settings) -> EnergyField:
    return trace(scene, listener, sources, rng=generator_for(seed, "field"), settings=MeshSettings(**settings))


def free_field(sources, listener=LISTENER) -> EnergyField:
    """Nothing but the direct sound."""
    nothing = EarlyReflections(np.empty(0, dtype=np.int64), np.empty((0, 3)), np.empty(0), np.empty((0, 6)))
    silence = np.zeros((len(sources), 500, len(arrival_directions()), 6), dtype=np.float32)
    return EnergyField(np.asarray(listener), np.asarray(sources), np.ones(len(sources), bool), nothing, silence, 32, 0)


def levels_db(responses: np.ndarray) -> np.ndarray:
    return 10 * np.log10(np.sum(np.square(responses, dtype=np.float64), axis=-1) + 1e-30)


@pytest.fixture
def still_air(monkeypatch) -> None:
    """No losses in the air, as in the engines compared with."""
    monkeypatch.setattr(mesh, "air_absorption", lambda frequency: np.zeros(len(frequency)))


def test_responses_have_the_promised_shape() -> None:
    heard = binaural(field_of(room_scene(ROOM, 0.3, 0.1), rays=256), [0.0, 90.0], SphereHead())
    assert heard.direct.shape == (5, 2, 2, 512)
    assert heard.indirect.shape == (5, 2, 2, 16000)
    assert heard.direct.dtype == heard.indirect.dtype == np.float32
    assert heard.visible.all()


def test_direct_sound_arrives_in_time_and_with_the_right_level() -> None:
    distances = np.concatenate([[0.1, 0.25], np.linspace(0.5, 6.0, 34)])
    direct = binaural(free_field(LISTENER + distances[:, None] * [[0.6, 0.0, 0.8]]), [0.0], PointHead()).direct[:, 0, 0]
    fine = signal.resample_poly(direct.astype(np.float64), 32, 1, axis=-1, window=("kaiser", 8.0))
    delays = np.array([parabolic_peak(np.abs(row)) for row in fine]) / 32
    np.testing.assert_allclose(delays, LEAD + distances * SAMPLES_PER_METRE, atol=1 / 16)
    np.testing.assert_allclose(levels_db(direct), -20 * np.log10(4 * np.pi * distances), atol=0.5)


def test_direct_cues_are_those_of_the_head() -> None:
    """Delay and level difference, for any place around and heading, as those of the head in that direction."""
    rng, head = np.random.default_rng(3), SphereHead()
    away = rng.standard_normal((12, 3))
    away *= rng.uniform(0.4, 3.0, (12, 1)) / np.linalg.norm(away, axis=1, keepdims=True)
    heading = 40.0
    direct = binaural(free_field(LISTENER + away), [heading], head).direct[:, 0]
    turn = np.radians(heading)
    axes = np.array([[np.cos(turn), 0, -np.sin(turn)], [0, 1, 0], [np.sin(turn), 0, np.cos(turn)]])
    distance = np.linalg.norm(away, axis=1)
    expected = head.responses(away @ axes.T / distance[:, None], distance)
    for ours, truth in zip(direct, expected, strict=True):
        assert response_delay(ours) == pytest.approx(response_delay(truth), abs=2e-6)
        difference = levels_db(ours)[0] - levels_db(ours)[1]
        assert difference == pytest.approx(levels_db(truth)[0] - levels_db(truth)[1], abs=0.1)


def test_a_source_on_the_left_is_heard_on_the_left() -> None:
    heard = binaural(free_field(LISTENER + np.array([[-1.0, 0.0, 0.0]])), [0.0, -90.0, 180.0], SphereHead()).direct[0]
    louder = levels_db(heard)[:, 0] - levels_db(heard)[:, 1]
    assert louder[0] > 5
    assert louder[2] < -5
    assert response_delay(heard[0]) > 5e-4
    assert response_delay(heard[2]) < -5e-4
    facing = binaural(free_field(LISTENER + np.array([[-1.0, 0.0, 0.0]])), [90.0], SphereHead()).direct[0, 0]
    np.testing.assert_allclose(facing[0], facing[1], atol=1e-7)


def test_nothing_is_heard_before_the_direct_sound() -> None:
    field = field_of(room_scene(ROOM, 0.2, 0.3), rays=512)
    heard = binaural(field, [0.0], SphereHead())
    for source, distance in enumerate(np.linalg.norm(SOURCES - LISTENER, axis=1)):
        early = int(LEAD + distance * SAMPLES_PER_METRE) - 10  # the near ear hears it 4 samples early
        direct, indirect = heard.direct[source, 0], heard.indirect[source, 0]
        assert levels_db(direct[:, :early]).max() < levels_db(direct).max() - 25
        assert levels_db(indirect[:, :early]).max() < levels_db(indirect).max() - 45


def test_early_reflections_have_the_wave_form_of_the_image_lattice(still_air) -> None:
    """Without the late field: the same samples as the exact engine for images of order 1 to 3."""
    field = field_of(room_scene(ROOM, 0.3), rays=2048, exact_order=3)
    early = binaural(dataclasses.replace(field, energy=np.zeros_like(field.energy)), [0.0], PointHead()).indirect
    for number, source in enumerate(SOURCES):
        third, none = (impulse_responses(ShoeboxRoom(ROOM, (0.3,) * 6, order), source, LISTENER)[0] for order in (3, 0))
        third[: len(none)] -= none
        error = early[number, 0, 0, : len(third)] - third
        assert levels_db(error) < levels_db(third) - 45


@pytest.mark.parametrize(
    ("dimensions", "absorption", "order"), [((5.0, 2.6, 4.0), 0.45, 40), (ROOM, 0.25, 60), ((7.0, 3.0, 6.0), 0.15, 85)]
)
def test_specular_rooms_decay_as_in_pyroomacoustics(still_air, dimensions, absorption, order) -> None:
    """RT60 of 0.2 to 1.0 s: decay to -30 dB, RT60 and direct-to-reverberant ratio, over five sources."""
    scale = np.array(dimensions) / ROOM
    listener, sources = LISTENER * scale, SOURCES * scale
    heard = binaural(field_of(room_scene(dimensions, absorption), listener, sources), [0.0], PointHead())
    room = ShoeboxRoom(dimensions, (absorption,) * 6, order)
    decays, ratios = [], []
    for number, source in enumerate(sources):
        theirs = impulse_responses(room, source, listener, engine="pyroomacoustics")[0]
        ours = heard.indirect[number, 0, 0].copy()
        ours[:512] += heard.direct[number, 0, 0]
        both = [signal.sosfilt(HIGH_PASS, np.resize(np.pad(each, (0, 16000)), 16000)) for each in (theirs, ours)]
        arrival = LEAD + np.linalg.norm(source - listener) * SAMPLES_PER_METRE
        decays.append([energy_decay(each) for each in both])
        ratios.append([measure_response(each, arrival).direct_to_reverberant for each in both])
    truth, ours = np.sum(decays, axis=0)
    kept = truth > truth[0] * 1e-3
    assert np.abs(10 * np.log10(ours[kept] / truth[kept])).max() < 1.5
    assert decay_time(ours, -35.0) == pytest.approx(decay_time(truth, -35.0), rel=0.1)
    assert 0.18 < decay_time(truth, -35.0) < 1.05
    np.testing.assert_allclose(*np.transpose(ratios), atol=1.0)


def test_a_scattering_room_decays_as_in_pyroomacoustics(still_air) -> None:
    """Ray tracing with scattering 0.2 in uneven walls, where specular tracing alone decays far slower.

    Only the slope: pyroomacoustics adds scattered energy to specular energy that it has not reduced by it.
    """
    walls, scattering = (0.1, 0.1, 0.6, 0.6, 0.1, 0.1), 0.2
    names = ("west", "east", "south", "north", "floor", "ceiling")
    materials = {name: pyroomacoustics.Material(share, scattering) for name, share in zip(names, walls, strict=True)}
    pyroomacoustics.random.seed(0)
    room = pyroomacoustics.ShoeBox(ROOM, fs=SAMPLE_RATE, materials=materials, max_order=3, ray_tracing=True)
    room.set_ray_tracing(n_rays=20_000, receiver_radius=0.5, time_thres=1.0)
    room.add_source(LISTENER)
    room.add_microphone_array(SOURCES.T)
    room.compute_rir()
    theirs = np.sum([energy_decay(signal.sosfilt(HIGH_PASS, row[0][:16000])[:12000]) for row in room.rir], axis=0)
    heard = binaural(field_of(room_scene(ROOM, walls, scattering)), [0.0], PointHead()).indirect[:, 0, 0]
    ours = np.sum([energy_decay(signal.sosfilt(HIGH_PASS, row)[:12000]) for row in heard], axis=0)
    specular = binaural(field_of(room_scene(ROOM, walls)), [0.0], PointHead()).indirect[:, 0, 0]
    without = np.sum([energy_decay(signal.sosfilt(HIGH_PASS, row)[:12000]) for row in specular], axis=0)
    assert decay_time(ours, -35.0) == pytest.approx(decay_time(theirs, -35.0), rel=0.1)
    assert decay_time(without, -35.0) > 1.2 * decay_time(theirs, -35.0)


def test_turning_the_head_is_turning_the_world_back() -> None:
    turn = 73.0
    angle = np.radians(turn)
    back = np.array([[np.cos(angle), 0, -np.sin(angle)], [0, 1, 0], [np.sin(angle), 0, np.cos(angle)]])
    assert (back @ [-np.sin(angle), 0, -np.cos(angle)]).round(9).tolist() == [0, 0, -1]
    room, head = room_scene(ROOM, 0.2, 0.2), SphereHead()
    there = field_of(moved(room, back), back @ LISTENER, SOURCES @ back.T)
    head_turned, world_turned = binaural(field_of(room), [turn], head), binaural(there, [0.0], head)
    np.testing.assert_allclose(head_turned.direct, world_turned.direct, atol=2e-6)
    early = [
        binaural(dataclasses.replace(f, energy=0 * f.energy), [h], head).indirect
        for f, h in ((field_of(room), turn), (there, 0.0))
    ]
    np.testing.assert_allclose(*early, atol=2e-5)
    np.testing.assert_allclose(levels_db(head_turned.indirect), levels_db(world_turned.indirect), atol=1.0)


def test_a_mirrored_scene_swaps_the_ears() -> None:
    mirror = np.diag([-1.0, 1.0, 1.0])
    room, head = room_scene(ROOM, (0.1, 0.6, 0.2, 0.3, 0.1, 0.4), 0.2), SphereHead()
    here = field_of(room)
    there = field_of(moved(room, mirror), mirror @ LISTENER, SOURCES @ mirror)
    ours, mirrored = binaural(here, [30.0], head), binaural(there, [-30.0], head)
    np.testing.assert_allclose(ours.direct, mirrored.direct[:, :, ::-1], atol=2e-6)
    np.testing.assert_allclose(levels_db(ours.indirect), levels_db(mirrored.indirect)[:, :, ::-1], atol=1.0)
    assert np.abs(np.diff(levels_db(ours.indirect), axis=-1)).max() > 1


def test_a_closed_door_kills_the_direct_sound() -> None:
    room = room_scene(ROOM, 0.2, 0.2)
    door = with_panel(room, [[3.0, 0, 2.4], [3.0, 2.0, 2.4], [3.0, 2.0, 3.3], [3.0, 0, 3.3]])
    heard = binaural(field_of(door, rays=512), [0.0], SphereHead())
    assert heard.visible.tolist() == [False, True, True, True, True]
    assert not heard.direct[0].any()
    assert heard.direct[1:].any(axis=(1, 2, 3)).all()
    assert heard.indirect[0].any()


def test_the_late_field_reaches_each_ear_from_its_directions() -> None:
    """A head whose ears hear (1 -+ x) / 2 of the energy gets just that of the field's, whichever way it looks."""
    field = field_of(room_scene(ROOM, (0.05, 0.7, 0.2, 0.2, 0.1, 0.5), 0.3), exact_order=0)
    headings = np.array([0.0, 90.0, 200.0])
    heard = levels_db(binaural(field, headings, SidedHead()).indirect)
    bandwidth = band_shares(np.linspace(0, SAMPLE_RATE / 2, 4001)).mean(axis=1)
    energy = np.einsum("stdb,b->sd", field.energy.astype(np.float64), bandwidth)
    turn = np.radians(headings)
    right = np.stack([np.cos(turn), 0 * turn, -np.sin(turn)])
    across = arrival_directions() @ right
    expected = np.stack([energy @ (1 - across) / 2, energy @ (1 + across) / 2], axis=-1)
    np.testing.assert_allclose(heard, 10 * np.log10(expected), atol=0.5)
    assert np.ptp(heard[..., 0] - heard[..., 1]) > 2


def test_a_diffuse_field_has_the_interaural_coherence_of_all_directions() -> None:
    """Sorted into the directions of the field, even sound keeps its coherence at the ears up to 2 kHz."""
    every = even_directions(8000)
    share = np.bincount((every @ arrival_directions().T).argmax(axis=1)) / len(every)
    frequency = fft.rfftfreq(256, 1 / SAMPLE_RATE)

    def coherence(directions, share):
        left, right = np.moveaxis(fft.rfft(SphereHead().responses(directions).astype(np.float64), 256), 1, 0)
        cross, powers = share @ (left * right.conj()), [share @ np.abs(ear) ** 2 for ear in (left, right)]
        return cross.real / np.sqrt(powers[0] * powers[1])

    truth = coherence(every, np.full(len(every), 1 / len(every)))
    for heading in (0.0, 25.0, 60.0):
        found = coherence(head_directions(arrival_directions(), heading), share)
        assert np.abs(found - truth)[frequency <= 2000].max() < 0.06


def test_each_band_carries_its_own_energy() -> None:
    """Energy in one octave band alone stays between its neighbours' centres, at its level."""
    for band, centre in enumerate((125, 250, 500, 1000, 2000)):
        field = free_field(SOURCES[:1])
        field.energy[0, :, :, band] = 1e-3
        sound = binaural(field, [0.0], PointHead()).indirect[0, 0, 0].astype(np.float64)
        power = np.abs(fft.rfft(sound)) ** 2 / len(sound)
        frequency = fft.rfftfreq(len(sound), 1 / SAMPLE_RATE)
        near = (frequency > 0.98 * centre) & (frequency < 1.02 * centre)
        assert power[near].mean() == pytest.approx(len(arrival_directions()) * 1e-3 / 32, rel=0.5)
        assert power[frequency > 2.1 * centre].sum() < 1e-3 * power.sum()


def test_octave_shares_add_up_to_one() -> None:
    frequency = np.linspace(0, 8000, 801)
    np.testing.assert_allclose(band_shares(frequency).sum(axis=0), 1.0, atol=1e-12)
    np.testing.assert_allclose(band_shares([125, 250, 500, 1000, 2000, 4000]), np.eye(6), atol=1e-12)


def test_same_seed_same_bytes() -> None:
    room, head = room_scene(ROOM, 0.3, 0.3), SphereHead()
    first, again = (binaural(field_of(room, rays=256), [10.0, 100.0], head) for _ in range(2))
    assert first.indirect.tobytes() == again.indirect.tobytes()
    assert first.direct.tobytes() == again.direct.tobytes()
    alone = binaural(field_of(room, rays=256), [100.0], head)
    np.testing.assert_allclose(alone.indirect[:, 0], first.indirect[:, 1], atol=1e-7)


def test_an_empty_sky_is_silent() -> None:
    heard = binaural(free_field(SOURCES), [0.0], SphereHead())
    assert not heard.indirect.any()
    assert heard.direct.any()


def test_sound_through_the_ears_is_summed_over_directions():
    rng, bins = np.random.default_rng(0), 2 * _CACHED_BINS + 5
    sound, ears = (
        rng.standard_normal((*shape, bins, 2)).astype(np.float32).view(np.complex64)[..., 0]
        for shape in ((2, 5), (5, 3, 2))
    )
    np.testing.assert_allclose(_through(sound, ears), np.einsum("sdf,dhef->shef", sound, ears), atol=1e-5)
