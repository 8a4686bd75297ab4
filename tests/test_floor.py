"""The free floor against rooms whose floor can be worked out by hand."""

from collections.abc import Sequence

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from whence.datagen.scenes.floor import BODY_RADIUS, CELL, Floor, find_floor
from whence.datagen.scenes.glb import load_glb
from whence.datagen.scenes.materials import MATERIALS
from whence.datagen.scenes.scene import Scene
from whence.errors import InputError


def box(low: Sequence[float], high: Sequence[float]) -> trimesh.Trimesh:
    return trimesh.creation.box(bounds=[low, high])


def quad(*corners: Sequence[float]) -> trimesh.Trimesh:
    return trimesh.Trimesh(np.array(corners, float), [[0, 1, 2], [0, 2, 3]], process=False)


def scene_of(*meshes: trimesh.Trimesh, name: str = "made up") -> Scene:
    whole = trimesh.util.concatenate(meshes)
    count = len(whole.faces)
    return Scene(
        name=name,
        vertices=whole.vertices.astype(np.float32),
        faces=whole.faces.astype(np.int32),
        material=np.zeros(count, np.int16),
        materials=(MATERIALS["plaster"],),
        colour=np.ones((count, 3), np.float32),
        texture=np.full(count, -1, np.int16),
        texture_coordinates=np.zeros((count, 3, 2), np.float32),
        textures=(),
    )


def room(width: float, length: float, height: float = 2.6) -> trimesh.Trimesh:
    return box((0, 0, 0), (width, height, length))


def close_to(area: float, perimeter: float):
    """An area that a grid may miss by half a cell all along its edges."""
    return pytest.approx(area, abs=0.5 * CELL * perimeter)


# Area -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("corner", [(0.0, 0.0, 0.0), (-31.37, 4.2, 812.9)])
@pytest.mark.parametrize("inside_out", [False, True])
def test_an_empty_room_is_free_but_for_a_body_s_radius_along_its_walls(corner, inside_out):
    mesh = room(6, 4).apply_translation(corner)
    if inside_out:
        mesh.invert()
    floor = find_floor(scene_of(mesh))
    assert floor.area == close_to(5.6 * 3.6, 2 * (5.6 + 3.6))
    assert floor.storeys == 1
    assert floor.cells[:, 1] == pytest.approx(corner[1], abs=1e-4)
    low, high = floor.cells.min(axis=0) - corner, floor.cells.max(axis=0) - corner
    assert low[[0, 2]] == pytest.approx([BODY_RADIUS] * 2, abs=CELL)
    assert high[[0, 2]] == pytest.approx([6 - BODY_RADIUS, 4 - BODY_RADIUS], abs=CELL)


def test_there_is_no_floor_on_under_or_too_near_furniture():
    table, wardrobe = box((1, 0.7, 1), (2, 0.75, 2)), box((4, 0, 0), (5.2, 2.2, 0.6))
    floor = find_floor(scene_of(room(6, 5), table, wardrobe))
    taken = 1.0 + 4 * BODY_RADIUS + np.pi * BODY_RADIUS**2  # around the table
    taken += (1.2 + 2 * BODY_RADIUS) * 0.6 - 0.1  # in front of the wardrobe, less what the wall takes
    assert floor.area == close_to(5.6 * 4.6 - taken, 30)
    for point in [(1.5, 0, 1.5), (1.5, 0.75, 1.5), (0.9, 0, 1.5), (4.6, 0, 0.3), (4.6, 2.2, 0.3), (4.6, 0, 0.7)]:
        assert not floor.contains(point)
    for point in [(0.7, 0, 1.5), (2.4, 0, 1.5), (4.6, 0, 1.0), (3, 0, 3)]:
        assert floor.contains(point)


def test_a_pile_of_books_is_no_floor_but_a_platform_and_a_rug_are():
    rug, platform = box((3.5, 0, 3.2), (4.1, 0.02, 3.6)), box((3, 0, 0), (5.9, 0.2, 1.5))
    book, smaller = box((1, 0, 1), (1.4, 0.1, 1.4)), box((1, 0.1, 1), (1.2, 0.2, 1.4))
    floor = find_floor(scene_of(room(6, 4), rug, platform, book, smaller))
    for point in [(1.3, 0.1, 1.2), (1.1, 0.2, 1.2), (1.1, 0, 1.2)]:
        assert not floor.contains(point)
    for point in [(3.8, 0.02, 3.4), (4.5, 0.2, 0.8), (0.85, 0, 1.2)]:
        assert floor.contains(point)
    rng = np.random.default_rng(0)
    points = np.array([floor.random_point_near(rng, (1.2, 0, 1.2), 0.5) for _ in range(300)])
    assert np.abs(points[:, 1]).max() < 1e-3, "none stands on a book's edge"


def test_a_bed_in_a_small_room_is_no_storey():
    floor = find_floor(scene_of(room(4, 3), box((0, 0, 0), (1.8, 0.5, 2.0))))
    assert floor.storeys == 1
    assert not floor.contains((0.9, 0.5, 1.0))
    assert np.abs(floor.cells[:, 1]).max() < 1e-3


def test_a_low_beam_leaves_no_air_for_a_body_and_a_high_one_does():
    for height, free in ((1.5, False), (1.7, True)):
        beam = box((2.5, height, 0), (3.5, height + 0.1, 4))
        assert find_floor(scene_of(room(6, 4), beam)).contains((3, 0, 2)) == free


def test_roofs_and_gardens_are_no_floor():
    house, ground = (
        box((0, 0, 0), (5, 3, 5)),
        quad((-20, -0.01, -20), (20, -0.01, -20), (20, -0.01, 20), (-20, -0.01, 20)),
    )
    floor = find_floor(scene_of(house, ground))
    assert floor.area == close_to(4.6**2, 18.4)
    assert not floor.contains((2, 3, 2))
    assert not floor.contains((-5, 0, 2))


@settings(max_examples=15, deadline=None)
@given(st.floats(3, 12), st.floats(3, 12), st.floats(0, 360))
def test_a_turned_room_has_the_same_floor(width, length, angle):
    mesh = room(width, length)
    turned = mesh.copy().apply_transform(trimesh.transformations.rotation_matrix(np.radians(angle), (0, 1, 0)))
    inner = (width - 2 * BODY_RADIUS, length - 2 * BODY_RADIUS)
    for each in (mesh, turned):
        assert find_floor(scene_of(each)).area == close_to(inner[0] * inner[1], 2 * sum(inner))


# Walls without thickness, doors, steps --------------------------------------------------------------------------


def wall_with_door(
    at: float, length: float, door: tuple[float, float] | None, height: float = 2.6
) -> list[trimesh.Trimesh]:
    """A wall of no thickness across x = `at`, with an opening from one z to another."""
    spans = [(0.0, length)] if door is None else [(0.0, door[0]), (door[1], length)]
    return [quad((at, 0, a), (at, 0, b), (at, height, b), (at, height, a)) for a, b in spans]


def test_a_wall_of_no_thickness_is_not_jumped():
    floor = find_floor(scene_of(room(8, 4), *wall_with_door(4.013, 4, None)))
    assert floor.straight_walk((1, 0, 2), (3.5, 0, 2))
    assert floor.straight_walk((5, 0, 2), (7, 0, 2))
    assert not floor.straight_walk((3.5, 0, 2), (4.5, 0, 2))
    assert np.abs(floor.cells[:, 0] - 4.013).min() > BODY_RADIUS - 1e-6


def test_a_room_behind_a_closed_door_stays_unless_it_is_tiny():
    behind = find_floor(scene_of(room(8, 4), *wall_with_door(5.5, 4, None)))
    assert behind.contains((6.5, 0, 2))
    tiny = find_floor(scene_of(room(8, 4), *wall_with_door(7.2, 4, None)))
    assert tiny.contains((6.5, 0, 2))
    assert not tiny.contains((7.6, 0, 2))


def test_one_walks_straight_through_an_open_door_only():
    floor = find_floor(scene_of(room(8, 4), *wall_with_door(4, 4, (1.0, 2.0))))
    assert floor.straight_walk((2, 0, 1.5), (6, 0, 1.5))
    assert floor.straight_walk((6, 0, 1.6), (2, 0, 1.4))
    assert not floor.straight_walk((2, 0, 3), (6, 0, 3))
    assert not floor.straight_walk((2, 0, 1.5), (6, 0, 3.5))


def test_a_walk_begins_and_ends_on_the_floor():
    floor = find_floor(scene_of(room(5, 5)))
    assert floor.straight_walk((1, 0, 1), (1, 0, 1))
    assert floor.straight_walk((1, 0.1, 1), (4, 0, 4))
    assert not floor.straight_walk((1, 1.5, 1), (4, 0, 4))
    assert not floor.straight_walk((1, 0, 1), (4, 1.5, 4))
    assert not floor.straight_walk((1, 0, 1), (9, 0, 4))
    assert not floor.contains((50, 0, 50))


@pytest.mark.parametrize(("rise", "walks"), [(0.2, True), (0.24, True), (0.3, False)])
def test_steps_up_to_a_quarter_metre_connect(rise, walks):
    podium = box((3, 0, 0), (6, rise, 5))
    floor = find_floor(scene_of(room(6, 5), podium))
    assert floor.straight_walk((1.5, 0, 2.5), (4.5, rise, 2.5)) == walks
    assert floor.storeys == 1


# Storeys --------------------------------------------------------------------------------------------------------


def two_storeys(stairs: bool) -> Scene:
    """Two rooms of 10 x 6 m one above the other, joined by 16 stairs through a hole of 5 x 1.2 m."""
    hole, height = (4.0, 9.0, 1.2), 3.2
    upper = [
        quad((0, height, hole[2]), (10, height, hole[2]), (10, height, 6), (0, height, 6)),
        quad((0, height, 0), (hole[0], height, 0), (hole[0], height, hole[2]), (0, height, hole[2])),
        quad((hole[1], height, 0), (10, height, 0), (10, height, hole[2]), (hole[1], height, hole[2])),
    ]
    steps = [box((4 + 0.3 * k, 0, 0), (4.3 + 0.3 * k, 0.2 * (k + 1), 1.2)) for k in range(16)] if stairs else []
    last = [quad((8.8, height, 0), (9, height, 0), (9, height, 1.2), (8.8, height, 1.2))] if stairs else []
    return scene_of(box((0, 0, 0), (10, 6, 6)), *upper, *steps, *last)


@pytest.mark.parametrize("stairs", [True, False])
def test_both_storeys_are_floor_with_and_without_stairs(stairs):
    floor = find_floor(two_storeys(stairs))
    assert floor.storeys == 2
    assert floor.contains((2, 0, 4))
    assert floor.contains((2, 3.2, 4))
    assert not floor.contains((2, 1.6, 4))
    assert floor.contains((6.2, 1.6, 0.6)) == stairs  # the eighth stair


def test_stairs_are_walked_up_and_down_but_storeys_are_not_jumped():
    floor = find_floor(two_storeys(stairs=True))
    bottom, top = (3.5, 0, 0.6), (9.4, 3.2, 0.6)
    assert floor.straight_walk(bottom, top)
    assert floor.straight_walk(top, bottom)
    assert not floor.straight_walk((2, 0, 4), (2, 3.2, 4))
    assert not floor.straight_walk((3.5, 0, 0.6), (9.4, 0, 0.6))


# Random points --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def furnished() -> Floor:
    pieces = [box((k % 3 * 2.5 + 1, 0, k // 3 * 3 + 1), (k % 3 * 2.5 + 1.8, 0.9, k // 3 * 3 + 1.6)) for k in range(6)]
    return find_floor(scene_of(room(9, 7), *pieces, *wall_with_door(3.2, 7, (2.4, 3.4))))


def test_random_points_are_free_and_uniform(furnished):
    rng = np.random.default_rng(5)
    points = np.array([furnished.random_point(rng) for _ in range(4000)])
    assert all(furnished.contains(point) for point in points)
    assert points[:, 1] == pytest.approx(0.0, abs=1e-5)
    tiles = [np.floor(where[:, [0, 2]]).astype(int) @ (1, 100) for where in (points, furnished.cells)]
    for tile, cells in zip(*np.unique(tiles[1], return_counts=True), strict=True):
        expected = 4000 * cells / len(furnished.cells)
        assert abs((tiles[0] == tile).sum() - expected) < 5 * np.sqrt(expected) + 10  # cells straddle the tiles' edges


def test_points_near_a_centre_lie_in_the_ball_and_fill_it(furnished):
    rng = np.random.default_rng(6)
    centre = np.array([5.0, 1.5, 3.0])  # eyes: the ball's cut with the floor is a disc of sqrt(3^2 - 1.5^2) m
    points = np.array([furnished.random_point_near(rng, centre, 3.0) for _ in range(1500)])
    away = np.linalg.norm(points - centre, axis=1)
    assert away.max() <= 3.0
    disc = np.hypot(*(furnished.cells - centre)[:, [0, 2]].T)
    reach = np.sqrt(9 - 1.5**2)
    expected = (disc < reach / 2).sum() / (disc < reach).sum()
    assert (np.hypot(*(points - centre)[:, [0, 2]].T) < reach / 2).mean() == pytest.approx(expected, abs=0.05)


def test_there_may_be_no_point_near(furnished):
    rng = np.random.default_rng(0)
    assert furnished.random_point_near(rng, (5, 1.5, 3), 1.4) is None
    assert furnished.random_point_near(rng, (50, 0, 3), 3.0) is None


def test_the_same_generator_gives_the_same_points(furnished):
    one, other = (np.random.default_rng(9) for _ in range(2))
    for _ in range(20):
        assert np.array_equal(furnished.random_point(one), furnished.random_point(other))
        near = [furnished.random_point_near(rng, (4, 0, 4), 2.0) for rng in (one, other)]
        assert np.array_equal(*near)


def test_a_point_on_a_slope_lies_on_the_slope():
    slope = quad((0, 0, 0), (8, 2.0, 0), (8, 2.0, 5), (0, 0, 5))
    floor = find_floor(scene_of(box((-0.01, -0.5, 0), (8.01, 4.5, 5)), slope))
    rng = np.random.default_rng(3)
    for _ in range(50):
        x, y, _ = floor.random_point(rng)
        assert y == pytest.approx(x / 4, abs=1e-5)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_a_straight_walk_is_in_nobody_s_way(furnished, seed):
    rng = np.random.default_rng(seed)
    start, end = furnished.random_point(rng), furnished.random_point(rng)
    if furnished.straight_walk(start, end):
        for height in (0.5, 1.0, 1.5):
            assert not furnished.rays.blocked([start + np.array([0, height, 0])], [end + np.array([0, height, 0])])[0]
        assert furnished.straight_walk(end, start)


# What cannot be walked on ---------------------------------------------------------------------------------------


def test_no_floor_is_one_helpful_line():
    open_box = scene_of(quad((0, 0, 0), (5, 0, 0), (5, 0, 5), (0, 0, 5)), name="terrace")
    with pytest.raises(InputError, match=r"scene terrace: no floor found.*\+Y is up") as caught:
        find_floor(open_box)
    assert "\n" not in str(caught.value)
    for mesh in (room(1, 1), room(5, 5, 1.5), room(5, 5, 25)):
        with pytest.raises(InputError, match="no floor found"):
            find_floor(scene_of(mesh))


@pytest.mark.parametrize(("name", "least", "most"), [("cube-room", 60, 95), ("home-theater", 18, 35)])
def test_real_files_have_a_floor(shared_data, name, least, most):
    floor = find_floor(load_glb(shared_data / "scenes" / f"{name}.glb"))
    assert least < floor.area < most
    assert floor.storeys == 1
    rng = np.random.default_rng(0)
    eyes = np.array([floor.random_point(rng) for _ in range(100)]) + np.array([0, 1.5, 0])
    directions = rng.normal(size=(100, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    assert (floor.rays.hits(eyes, directions).face >= 0).all()  # indoors: whatever way one looks
