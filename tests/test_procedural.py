"""Procedural flats: closed, walkable, furnished, textured, and the same for ever."""

import hashlib
import subprocess
import sys

import cv2
import numpy as np
import pytest
from scipy import ndimage

from whence.datagen.acoustics.hrtf import open_head
from whence.datagen.acoustics.impulse_response import measure_response, mix
from whence.datagen.acoustics.mesh import MeshSettings, binaural, trace
from whence.datagen.raycast import glance, render
from whence.datagen.scenes.floor import find_floor
from whence.datagen.scenes.procedural import procedural_plan, procedural_scene
from whence.datagen.scenes.procedural.brush import Brush, Canvas, Paint
from whence.datagen.scenes.procedural.plan import Plan, Rect
from whence.datagen.scenes.rays import Rays
from whence.datagen.scenes.scene import Scene
from whence.digests import generator_for

SEED = 11
NUMBERS = (0, 1, 2, 3)
BUILDING = (
    "floor of",
    "ceiling of",
    "wall ",
    "skirting",
    "dado",
    "door frame",
    "outer walls",
    "window",
    "ceiling lamp",
)
STANDING = (
    "sofa", "armchair", "coffee table", "wardrobe", "bookshelf", "bed", "bedside table", "bath", "toilet", "fridge",
    "chest of drawers", "sideboard", "tv stand", "kitchen cupboard", "stove", "washing machine", "bathroom cupboard",
)  # fmt: skip
CELL = 0.05


@pytest.fixture(scope="module", params=NUMBERS)
def number(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(scope="module")
def scene(number: int) -> Scene:
    return procedural_scene(SEED, number)


@pytest.fixture(scope="module")
def plan(number: int) -> Plan:
    return procedural_plan(SEED, number)


def digest(scene: Scene) -> str:
    """Return a hash of every byte of a scene."""
    whole = hashlib.sha256("|".join(scene.instance_names).encode())
    arrays = (scene.vertices, scene.faces, scene.material, scene.colour, scene.texture, scene.texture_coordinates)
    for array in (*arrays, scene.instance, *scene.textures):
        whole.update(np.ascontiguousarray(array).tobytes())
    return whole.hexdigest()


def inside(rect: Rect, rng: np.random.Generator, count: int) -> np.ndarray:
    """Return random floor points (count, 2) in a rectangle."""
    return rng.uniform([rect.x0, rect.z0], [rect.x1, rect.z1], (count, 2))


def heights(scene: Scene, points: np.ndarray, top: float = 2.0) -> np.ndarray:
    """Return the height of the first surface below `top` at floor points (n, 2)."""
    origins = np.stack([points[:, 0], np.full(len(points), top), points[:, 1]], axis=1)
    return top - scene.rays.hits(origins, np.broadcast_to([0.0, -1.0, 0.0], origins.shape)).distance


def boxes(scene: Scene, name: str) -> np.ndarray:
    """Return the bounding boxes (n, 2, 3) of all instances called `name`."""
    assert scene.instance is not None
    numbers = [k for k, other in enumerate(scene.instance_names) if other == name]
    corners = [scene.vertices[scene.faces[scene.instance == k]].reshape(-1, 3) for k in numbers]
    return np.array([[points.min(axis=0), points.max(axis=0)] for points in corners if len(points)]).reshape(-1, 2, 3)


def test_no_ray_escapes(scene: Scene, plan: Plan) -> None:
    rng = np.random.default_rng(0)
    points = np.concatenate([inside(room.inner.grown(-0.05), rng, 6000) for room in plan.rooms])
    origins = np.stack([points[:, 0], rng.uniform(0.1, 2.5, len(points)), points[:, 1]], axis=1)
    directions = rng.standard_normal(origins.shape)
    hits = scene.rays.hits(origins, directions / np.linalg.norm(directions, axis=1, keepdims=True))
    assert (hits.face >= 0).all()
    assert scene.instance is not None
    shell = scene.instance[hits.face] == scene.instance_names.index("outer walls")
    assert shell.mean() < 1e-4  # the rooms themselves are tight


def test_the_outer_shell_is_closed_without_the_rooms(scene: Scene, plan: Plan) -> None:
    assert scene.instance is not None
    shell = scene.instance == scene.instance_names.index("outer walls")
    rng = np.random.default_rng(1)
    points = np.concatenate([inside(room.rect, rng, 3000) for room in plan.rooms])
    origins = np.stack([points[:, 0], rng.uniform(0, plan.height, len(points)), points[:, 1]], axis=1)
    directions = rng.standard_normal(origins.shape)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    assert (Rays(scene.vertices, scene.faces[shell]).hits(origins, directions).face >= 0).all()


def test_arrays_are_well_formed(scene: Scene) -> None:
    count = len(scene.faces)
    assert 5_000 <= count <= 60_000
    assert np.isfinite(scene.vertices).all()
    assert np.isfinite(scene.texture_coordinates).all()
    assert 0 <= scene.faces.min() <= scene.faces.max() < len(scene.vertices)
    assert scene.areas.min() > 0
    assert scene.colour.shape == (count, 3)
    assert 0 <= scene.colour.min() <= scene.colour.max() <= 1
    assert 0 <= scene.material.min() <= scene.material.max() < len(scene.materials)
    assert 0 <= scene.texture.min() <= scene.texture.max() < len(scene.textures)
    assert scene.instance is not None
    assert 0 <= scene.instance.min() <= scene.instance.max() < len(scene.instance_names)
    assert sum(texture.nbytes for texture in scene.textures) < 40e6
    assert all(texture.dtype == np.uint8 and texture.shape[2] == 3 for texture in scene.textures)
    assert np.ptp(scene.texture_coordinates, axis=1).max() < 30  # repeats over one face


def test_all_rooms_can_be_walked_to(scene: Scene, plan: Plan) -> None:
    low = np.array([min(r.rect.x0 for r in plan.rooms), min(r.rect.z0 for r in plan.rooms)])
    high = np.array([max(r.rect.x1 for r in plan.rooms), max(r.rect.z1 for r in plan.rooms)])
    columns, rows = np.ceil((high - low) / CELL).astype(int)
    i, j = (axis.ravel() for axis in np.mgrid[:columns, :rows])
    points = low + (np.stack([i, j], axis=1) + 0.5) * CELL
    open_floor = np.zeros((columns, rows), bool)
    indoors = np.zeros(len(points), bool)
    for room in plan.rooms:
        r = room.rect
        indoors |= (points[:, 0] > r.x0) & (points[:, 0] < r.x1) & (points[:, 1] > r.z0) & (points[:, 1] < r.z1)
    clear = np.abs(heights(scene, points)) < 0.1
    open_floor[i, j] = indoors & clear & ~_under_walls(plan, points)
    away = ndimage.distance_transform_edt(open_floor) * CELL
    labels, _ = ndimage.label(away > 0.2)
    main = labels == np.bincount(labels[labels > 0]).argmax()
    for room in plan.rooms:
        r = room.inner
        own = (points[:, 0] > r.x0) & (points[:, 0] < r.x1) & (points[:, 1] > r.z0) & (points[:, 1] < r.z1)
        assert main[i[own], j[own]].mean() > 0.06, room


def _under_walls(plan: Plan, points: np.ndarray) -> np.ndarray:
    """Return whether points (n, 2) lie within a wall, doorways excepted."""
    x, z = points.T
    free = np.zeros(len(points), bool)
    doorways = [o.zone(0.07) for o in plan.openings if o.bottom == 0.0]
    for rect in [*(room.inner for room in plan.rooms), *doorways]:
        free |= (x > rect.x0) & (x < rect.x1) & (z > rect.z0) & (z < rect.z1)
    return ~free


def test_doors_are_wide_and_clear(scene: Scene, plan: Plan) -> None:
    doors = [o for o in plan.openings if o.kind in ("door", "arch")]
    assert len(doors) >= len(plan.rooms) - 1
    rng = np.random.default_rng(2)
    for door in doors:
        assert door.high - door.low >= 0.8
        assert np.abs(heights(scene, inside(door.zone(0.6, -0.14), rng, 500))).max() < 0.1


def test_large_furniture_stands_on_the_floor_apart(scene: Scene) -> None:
    found = [box for name in STANDING for box in boxes(scene, name)]
    assert len(found) > 10
    assert max(box[0, 1] for box in found) < 0.15
    for index, first in enumerate(found):
        for second in found[index + 1 :]:
            overlap = np.minimum(first[1], second[1]) - np.maximum(first[0], second[0])
            assert overlap.min() < 0.035, (first, second)  # soft edges and bedspreads may touch


def test_at_least_fifteen_kinds_of_furniture(scene: Scene) -> None:
    kinds = {name for name in scene.instance_names if not name.startswith(BUILDING)}
    assert len(kinds) >= 30
    assert len(kinds & set(STANDING)) >= 10


def test_essentials_over_several_flats() -> None:
    names = set().union(*(procedural_scene(SEED, number).instance_names for number in NUMBERS[:3]))
    essentials = {"rug", "picture", "curtain", "plant", "mirror", "dining table", "chair", "sink", "books", "radiator"}
    assert len(names & set(STANDING)) >= 15
    assert essentials <= names


def test_same_bytes_in_another_process() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from test_procedural import digest, procedural_scene;"
        "print(digest(procedural_scene(11, 1)))"
    )
    folder = __file__.rsplit("/", 1)[0]
    answer = subprocess.run([sys.executable, "-c", code, folder], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == digest(procedural_scene(11, 1))


def test_never_two_alike() -> None:
    plans = [procedural_plan(seed, number) for seed in (0, 1) for number in range(100)]
    assert len({plan.rooms for plan in plans}) == len(plans)


def test_plans_are_homes() -> None:
    for number in range(60):
        plan = procedural_plan(5, number)
        kinds = [room.kind for room in plan.rooms]
        assert 4 <= len(kinds) <= 8
        assert 50 <= plan.area <= 140
        assert 2.6 <= plan.height <= 2.9
        assert {"living room", "kitchen", "bathroom"} <= set(kinds)
        assert any(o.kind == "window" for o in plan.openings)
        for index, room in enumerate(plan.rooms):
            assert min(room.inner.size) > 1.2
            assert not any(room.rect.grown(-0.01).meets(other.rect) for other in plan.rooms[index + 1 :])


def test_views_have_keypoints_and_shared_instances(scene: Scene, number: int) -> None:
    rng, floor, sift = generator_for(SEED, f"views/{number}"), find_floor(scene), cv2.SIFT_create()
    headings, counts, shares = np.arange(0.0, 360.0, 9.0), [], []
    for _ in range(8):
        eye = floor.random_point(rng) + np.array([0.0, 1.5, 0.0])
        looks = glance(scene, eye, headings, stride=4)
        depth = looks.depth.reshape(40, -1)
        good = (depth.max(axis=1) >= 4) & (depth.mean(axis=1) >= 1)
        assert depth.min() > 0
        if not good.any():
            continue
        seen = np.stack([np.bincount(view.ravel(), minlength=len(scene.instance_names)) for view in looks.instance])
        seen = (seen * 16 >= 50).astype(int)
        apart = np.abs((headings[:, None] - headings + 180) % 360 - 180)
        pairs = good[:, None] & good & (apart >= 10) & (apart <= 60)
        shares += (seen @ seen.T >= 10)[pairs].tolist()
        image = render(scene, eye, float(rng.choice(headings[good]))).image
        counts.append(len(sift.detect(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), None)))
    assert np.median(counts) >= 200
    assert np.mean(shares) > 0.5


def test_reverberation_is_that_of_a_furnished_home() -> None:
    scene, rng = procedural_scene(SEED, 0), np.random.default_rng(3)
    floor, head, times, up = find_floor(scene), open_head(None), [], np.array([0.0, 1.5, 0.0])
    while len(times) < 8:
        feet = np.asarray(floor.random_point(rng))
        near = floor.random_point_near(rng, feet, 3.0)
        if near is None or not floor.straight_walk(feet, near) or np.linalg.norm(feet - near) < 0.5:
            continue
        field = trace(scene, feet + up, [near + 0.9 * up], rng=rng, settings=MeshSettings(rays=1024))
        heard = binaural(field, [0.0], head)
        if heard.visible[0]:
            arrival = np.linalg.norm(feet - near) / 343 * 16000 + head.lead
            response = mix(heard.direct[0, 0, 0], heard.indirect[0, 0, 0], 0.2)
            times.append(measure_response(response, arrival).rt60_t30)
    assert 0.15 < np.mean(times) < 0.4


@pytest.mark.parametrize("turn", [0.0, 90.0, 37.0])
def test_drawn_solids_have_the_volume_of_their_shape(turn: float) -> None:
    paint = Paint(0, 0.5, "wood")

    def volume(draw: str, *arguments: object) -> float:
        canvas = Canvas(np.random.default_rng(0))
        brush = Brush(canvas).part("solid").at(1.0, 2.0, 3.0, turn)
        getattr(brush, draw)(*arguments)
        solid = canvas.scene("solid", [np.zeros((2, 2, 3), np.uint8)])
        a, b, c = (solid.vertices[solid.faces[:, k]].astype(float) - [1, 2, 3] for k in range(3))
        return float(np.sum(a * np.cross(b, c)) / 6)

    assert volume("box", (0, 0, 0), (0.5, 0.4, 0.3), paint) == pytest.approx(0.06, rel=1e-4)
    cone = [(0, 0), (0.3, 0), (0.3, 0.5), (0, 0.5)]
    assert volume("turned", cone, paint, 64) == pytest.approx(np.pi * 0.09 * 0.5, rel=0.01)
    ball = volume("soft", (-1, -1, -1), (1, 1, 1), paint, 1.0)
    assert ball == pytest.approx(4 / 3 * np.pi, rel=0.1)
    assert 0.8 < volume("soft", (0, 0, 0), (1, 1, 1), paint, 0.15) < 1.0


def test_textures_keep_their_scale() -> None:
    canvas = Canvas(np.random.default_rng(0))
    Brush(canvas).part("box").box((0, 0, 0), (1.3, 0.4, 0.2), Paint(0, 0.5, "wood"))
    box = canvas.scene("box", [np.zeros((2, 2, 3), np.uint8)])
    first, second = np.diff(box.texture_coordinates.astype(float), axis=1).transpose(1, 0, 2)
    repeats = np.abs(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]) / 2
    assert repeats == pytest.approx(box.areas / 0.5**2, rel=1e-5)
