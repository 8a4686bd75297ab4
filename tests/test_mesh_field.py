"""The traced energy field against closed forms: image lattice, Lambert's sphere, Kuttruff's decay."""

import dataclasses

import numpy as np
import pytest
import trimesh
from mesh_rooms import images, material, moved, room_scene, scene_of, with_panel

from whence.conventions import SAMPLE_RATE, SPEED_OF_SOUND
from whence.datagen.acoustics.air_absorption import air_absorption
from whence.datagen.acoustics.energy_field import EnergyField, arrival_directions
from whence.datagen.acoustics.impulse_response import decay_time
from whence.datagen.acoustics.mesh import MeshSettings, trace
from whence.datagen.acoustics.mesh_tracing import draw_rays
from whence.datagen.scenes.materials import BANDS_HZ
from whence.digests import generator_for
from whence.errors import InputError

ROOM = (6.0, 2.8, 4.5)
LISTENER = np.array([2.3, 1.5, 2.6])
SOURCES = np.array([[4.9, 1.2, 3.1], [1.2, 0.9, 0.8], [4.1, 1.7, 1.3]])
WALLS = (0.1, 0.3, 0.2, 0.4, 0.1, 0.2)
AIR = air_absorption(BANDS_HZ)


def field_of(scene, seed=0, listener=LISTENER, sources=SOURCES, **settings) -> EnergyField:
    return trace(scene, listener, sources, rng=generator_for(seed, "field"), settings=MeshSettings(**settings))


def indirect_energy(field: EnergyField, source: int, band: int) -> np.ndarray:
    """Energy by bin, early reflections included."""
    energy = field.energy[source, :, :, band].sum(axis=1, dtype=np.float64)
    own = field.early.source == source
    distance = field.early.distance[own]
    bins = (distance * SAMPLE_RATE / SPEED_OF_SOUND / field.bin_samples).astype(int)
    heard = bins < len(energy)
    strength = field.early.gain[own, band] / (4 * np.pi * distance) ** 2
    np.add.at(energy, bins[heard], strength[heard])
    return energy


def lattice_energy(field: EnergyField, walls, source: int, band: int) -> np.ndarray:
    """What the images of one reflection or more bring, by bin, air included."""
    reach = (field.energy.shape[1] * field.bin_samples - 1) * SPEED_OF_SOUND / SAMPLE_RATE
    offsets, orders, kept = images(ROOM, walls, field.sources[source], field.listener, reach)
    distance = np.linalg.norm(offsets, axis=1)
    energy = np.where(orders > 0, kept * np.exp(-AIR[band] * distance) / (4 * np.pi * distance) ** 2, 0.0)
    bins = (distance * SAMPLE_RATE / SPEED_OF_SOUND / field.bin_samples).astype(int)
    return np.bincount(bins, energy, minlength=field.energy.shape[1])


def decay_db(energy: np.ndarray) -> np.ndarray:
    return 10 * np.log10(np.maximum(np.cumsum(energy[::-1])[::-1], 1e-30))


def decay_error_db(expected: np.ndarray, found: np.ndarray, down_to: float = 30.0) -> float:
    """The largest distance of two decays, levels included, until the first has lost `down_to` dB."""
    truth, ours = decay_db(expected), decay_db(found)
    return float(np.abs(ours - truth)[truth > truth[0] - down_to].max())


def bin_rt60(energy: np.ndarray, bin_samples: int) -> float:
    return decay_time(np.cumsum(energy[::-1])[::-1], -35.0, SAMPLE_RATE // bin_samples)


def test_air_absorption_is_that_of_iso_9613_2() -> None:
    decibels_per_km = 1000 * 10 / np.log(10) * air_absorption([125, 250, 500, 1000, 2000, 4000, 8000], 20.0, 70.0)
    np.testing.assert_allclose(decibels_per_km, [0.3, 1.1, 2.8, 5.0, 9.0, 22.9, 76.6], rtol=0.03, atol=0.06)


@pytest.mark.parametrize(("walls", "seconds"), [((0.5,) * 6, 0.25), (WALLS, 0.5), ((0.12,) * 6, 0.7)])
def test_a_specular_room_decays_as_its_image_lattice(walls, seconds) -> None:
    field = field_of(room_scene(ROOM, walls), seconds=seconds)
    for source in range(len(SOURCES)):
        for band in (1, 5):
            expected, found = lattice_energy(field, walls, source, band), indirect_energy(field, source, band)
            assert decay_error_db(expected, found) < 1.0
            assert bin_rt60(found, 32) == pytest.approx(bin_rt60(expected, 32), rel=0.06)


def test_each_band_has_its_own_absorption() -> None:
    shares = (0.5, 0.4, 0.3, 0.25, 0.2, 0.15)
    field = field_of(room_scene(ROOM, [shares] * 6), seconds=0.5)
    for band, share in enumerate(shares):
        expected = lattice_energy(field, (share,) * 6, 0, band)
        assert decay_error_db(expected, indirect_energy(field, 0, band)) < 1.0


def test_early_reflections_are_the_images_of_low_order() -> None:
    field = field_of(room_scene(ROOM, WALLS), rays=2048, exact_order=3)
    for number, source in enumerate(SOURCES):
        offsets, orders, kept = images(ROOM, WALLS, source, LISTENER, 40.0)
        offsets, kept = offsets[(orders > 0) & (orders <= 3)], kept[(orders > 0) & (orders <= 3)]
        own = field.early.source == number
        found = field.early.direction[own] * field.early.distance[own, None]
        apart = np.linalg.norm(offsets[:, None] - found[None], axis=2)
        assert own.sum() == len(offsets) == 62
        assert apart.min(axis=1).max() < 1e-5
        distance = np.linalg.norm(offsets, axis=1)
        gain = field.early.gain[own][apart.argmin(axis=1)]
        np.testing.assert_allclose(gain, kept[:, None] * np.exp(-distance[:, None] * AIR), rtol=1e-5)


def test_energy_comes_from_the_directions_of_the_images() -> None:
    field = field_of(room_scene(ROOM, WALLS), rays=8192, exact_order=0)
    offsets, orders, kept = images(ROOM, WALLS, SOURCES[0], LISTENER, 30.0)
    distance = np.linalg.norm(offsets, axis=1)
    energy = np.where(orders > 0, kept * np.exp(-AIR[3] * distance) / distance**2, 0.0) / (4 * np.pi) ** 2
    sector = np.argmax(offsets @ arrival_directions().T / distance[:, None], axis=1)
    expected = np.bincount(sector, energy, minlength=len(arrival_directions()))
    last = int(30.0 * SAMPLE_RATE / SPEED_OF_SOUND / field.bin_samples)
    found = field.energy[0, :last, :, 3].sum(axis=0)
    assert np.abs(found - expected).sum() < 0.25 * expected.sum()
    assert found @ arrival_directions() == pytest.approx(expected @ arrival_directions(), abs=0.05 * expected.sum())


def test_a_sphere_with_lambert_walls_has_the_energy_of_its_closed_form() -> None:
    """Every reflection lights the wall of a sphere evenly: order k brings the centre 4 P (1 - a)^k / (4 pi R^2)."""
    radius, absorption = 3.0, np.array([0.2, 0.3, 0.4, 0.5, 0.6, 0.7])
    ball = trimesh.creation.icosphere(subdivisions=4, radius=radius)
    scene = scene_of(ball.vertices, ball.faces, np.zeros(len(ball.faces)), [material(absorption, 1.0)])
    field = field_of(scene, listener=np.zeros(3), sources=np.array([[0.1, 0.0, 0.0]]))
    metres = (np.arange(field.energy.shape[1]) + 0.5) * field.bin_samples * SPEED_OF_SOUND / SAMPLE_RATE
    without_air = field.energy[0].sum(axis=1) * np.exp(np.outer(metres, AIR))
    expected = 4 / (4 * np.pi) * (1 - absorption) / absorption / (4 * np.pi * radius**2)
    np.testing.assert_allclose(without_air.sum(axis=0), expected, rtol=0.02)
    first_order = without_air[metres < 2 * radius + 0.3].sum(axis=0)
    np.testing.assert_allclose(first_order, expected * absorption, rtol=0.02)


@pytest.mark.parametrize("absorption", [0.15, 0.3])
def test_a_room_with_lambert_walls_decays_as_kuttruff_says(absorption) -> None:
    """Kuttruff 2016, eq. 5.25: Eyring's exponent times 1 + ln(1 - a) g / 2, path variance g about 0.4."""
    field = field_of(room_scene(ROOM, absorption, 1.0))
    volume = np.prod(ROOM)
    surface = 2 * (ROOM[0] * ROOM[1] + ROOM[0] * ROOM[2] + ROOM[1] * ROOM[2])
    exponent = -np.log(1 - absorption)
    loss = surface * exponent * (1 - 0.4 / 2 * exponent) / (4 * volume) + AIR[2]
    expected = 6 * np.log(10) / (SPEED_OF_SOUND * loss)
    energy = np.sum([indirect_energy(field, source, 2) for source in range(3)], axis=0)
    assert bin_rt60(energy, 32) == pytest.approx(expected, rel=0.04)


def test_scattering_of_each_band_divides_the_first_reflection() -> None:
    """One floor, half of the bands mirror more: the mirrored part is exact, the scattered one that of Lambert's law."""
    scattering = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    corners = np.array([[-300, 0, -300], [300, 0, -300], [300, 0, 300], [-300, 0, 300]])
    floor = scene_of(corners, [[0, 1, 2], [0, 2, 3]], [0, 0], [material(0.2, scattering)])
    listener, source = np.array([0.0, 1.5, 0.0]), np.array([[1.0, 1.0, 0.0]])
    field = field_of(floor, listener=listener, sources=source, rays=16384)
    x, z = np.meshgrid(np.linspace(-60, 60, 2401), np.linspace(-60, 60, 2401))
    near, far = x**2 + 1.5**2 + z**2, (x - 1) ** 2 + 1 + z**2
    lambert = (1.5 / near**1.5 / (4 * np.pi) / (4 * np.pi) * 1 / far**1.5 / np.pi).sum() * 0.05**2
    assert field.early.gain[0] == pytest.approx(0.8 * (1 - scattering) * np.exp(-AIR * np.hypot(1, 2.5)))
    np.testing.assert_allclose(field.energy[0].sum(axis=(0, 1)), 0.8 * scattering * lambert, rtol=0.03)


def test_more_rays_converge_to_the_same_decay() -> None:
    scene = room_scene(ROOM, [(0.1,) * 6, (0.6,) * 6, *[(0.2,) * 6] * 4], 0.2)
    decays = {
        rays: [decay_db(indirect_energy(field_of(scene, seed, rays=rays, seconds=0.5), 0, 3)) for seed in range(6)]
        for rays in (256, 1024, 4096)
    }
    heard = decays[4096][0] > decays[4096][0][0] - 30
    spread = [np.std(decays[rays], axis=0)[heard].mean() for rays in decays]
    assert spread[0] > 1.4 * spread[1] > 1.4**2 * spread[2]
    means = [np.mean(decays[rays], axis=0)[heard] for rays in decays]
    assert np.abs(means[0] - means[2]).max() < 4 * spread[0]
    assert np.abs(means[1] - means[2]).max() < 0.5


def test_same_seed_same_bytes_and_other_seed_other_bytes() -> None:
    scene = room_scene(ROOM, 0.3, 0.3)
    first, again, other = (field_of(scene, seed, rays=256) for seed in (1, 1, 2))
    assert first.energy.tobytes() == again.energy.tobytes()
    assert first.noise_seed == again.noise_seed
    assert first.energy.tobytes() != other.energy.tobytes()


def test_a_closed_door_hides_the_source_and_a_wall_silences_it() -> None:
    room = room_scene(ROOM, 0.2, 0.2)
    wall = [[3.0, 0, 0], [3.0, 2.8, 0], [3.0, 2.8, 3.0], [3.0, 0, 3.0]]
    opening = [[3.0, 0, 3.0], [3.0, 2.8, 3.0], [3.0, 2.8, 4.5], [3.0, 0, 4.5]]
    door = [[3.0, 0, 2.4], [3.0, 2.0, 2.4], [3.0, 2.0, 3.3], [3.0, 0, 3.3]]
    source = np.array([[4.9, 1.2, 3.1]])
    free, behind, sealed = (
        field_of(scene, sources=source)
        for scene in (room, with_panel(room, door), with_panel(with_panel(room, wall), opening))
    )
    assert [bool(field.visible[0]) for field in (free, behind, sealed)] == [True, False, False]
    assert 0.2 < behind.energy.sum() / free.energy.sum() < 1.5
    assert sealed.energy.sum() == 0
    assert sealed.early.source.size == 0


def test_a_panel_takes_only_the_reflections_it_stands_in() -> None:
    """A panel just above the floor between both points blocks the floor's mirror image and nothing else of order 1."""
    room = room_scene(ROOM, 0.2)
    shelf = [[3.2, 0.3, 2.4], [4.2, 0.3, 2.4], [4.2, 0.3, 3.4], [3.2, 0.3, 3.4]]
    source = np.array([[4.9, 1.2, 3.1]])
    free, behind = (field_of(scene, sources=source, exact_order=1) for scene in (room, with_panel(room, shelf)))
    assert len(free.early.distance) == 6
    lost = set(free.early.distance.round(5)) - set(behind.early.distance.round(5))
    floor_image = np.linalg.norm(source[0] * [1, -1, 1] - LISTENER)
    assert lost == {floor_image.round(5)}


@pytest.mark.parametrize("scattering", [0.1, 1.0])
def test_source_and_listener_may_change_places(scattering) -> None:
    """Reciprocity, in a room whose two panels hide much of one place from the other."""
    room = room_scene(ROOM, 0.25, scattering)
    room = with_panel(room, [[3.0, 0, 2.0], [3.0, 2.0, 2.0], [3.0, 2.0, 4.5], [3.0, 0, 4.5]])
    room = with_panel(room, [[1.0, 0.8, 1.0], [2.6, 0.8, 1.0], [2.6, 0.8, 3.4], [1.0, 0.8, 3.4]])
    for source in SOURCES[:2]:
        there = field_of(room, sources=source[None], rays=8192)
        back = field_of(room, listener=source, sources=LISTENER[None], rays=8192)
        assert decay_error_db(indirect_energy(there, 0, 3), indirect_energy(back, 0, 3), down_to=3.0) < 0.4
        assert decay_error_db(indirect_energy(there, 0, 3), indirect_energy(back, 0, 3)) < 1.5


def test_rays_that_leave_an_open_scene_are_lost() -> None:
    room = room_scene(ROOM, 0.2, 0.2)
    roofless = dataclasses.replace(room, faces=np.delete(room.faces, [6, 7], axis=0), material=room.material[:10])
    assert 0 < field_of(roofless).energy.sum() < 0.7 * field_of(room).energy.sum()


def test_the_field_turns_with_the_world() -> None:
    """Half a turn maps the directions of arrival onto themselves."""
    half_turn = np.diag([-1.0, 1.0, -1.0])
    room = room_scene(ROOM, WALLS, 0.1)
    here = field_of(room, rays=8192)
    there = field_of(moved(room, half_turn), rays=8192, listener=half_turn @ LISTENER, sources=SOURCES @ half_turn)
    partner = np.argmax(arrival_directions() @ half_turn @ arrival_directions().T, axis=1)
    ours, theirs = (field.energy[0, :, :, 3].sum(axis=0) for field in (here, there))
    assert np.abs(theirs[partner] - ours).sum() < 0.15 * ours.sum()


def test_wrong_settings_and_places_are_refused() -> None:
    with pytest.raises(InputError, match="rays"):
        MeshSettings(rays=0)
    with pytest.raises(InputError, match="radius"):
        MeshSettings(radius=0.0)
    with pytest.raises(InputError, match="within 1 cm"):
        trace(room_scene(ROOM, 0.2), LISTENER, LISTENER, rng=generator_for(0, "field"))


def test_drawing_rays_keeps_the_energy_of_each_on_average():
    """Over all starts of the first step, what is drawn of a ray weighs as much as the ray: strong or weak."""
    matter = np.array([0.02, 1.0, 0.3, 7.0, 0.0, 0.68])
    starts = (np.arange(1000) + 0.5) / 1000
    kept = np.zeros(matter.size)
    for start in starts:
        rows, gain = draw_rays(matter, 5, start)
        assert rows.size == 5
        np.testing.assert_allclose(matter[rows] * gain, matter.sum() / 5, rtol=1e-6)
        np.add.at(kept, rows, matter[rows] * gain / starts.size)
    np.testing.assert_allclose(kept, matter, atol=matter.sum() / 5 / starts.size * 1.5)
