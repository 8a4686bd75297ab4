"""HM3D-SS: what SLfM asks of every example (Sec. 4.1), the law that ties its angles, and the same bytes always."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import trimesh
from warm_process import run_whence

from whence.conventions import SPEED_OF_SOUND, wrap_degrees
from whence.datagen import hm3d_ss
from whence.datagen.acoustics.mesh import LEAD
from whence.datagen.cameras import EYE_HEIGHT
from whence.datagen.dataset import Dataset
from whence.datagen.hm3d_ss import plan_hm3d_ss, split_scenes
from whence.datagen.home import open_home
from whence.datagen.pipeline import generate
from whence.datagen.raycast import render
from whence.datagen.scenes.floor import find_floor
from whence.datagen.scenes.procedural import procedural_scene
from whence.datagen.upstream_hm3d_ss import TEST_SCENES, VALIDATION_SCENES
from whence.datagen.verification import verify_dataset
from whence.datagen.view_sets import candidate_sets
from whence.digests import generator_for
from whence.errors import InputError


def plan(**options):
    return plan_hm3d_ss("procedural", None, **{"scene_count": 2, "examples": 2, "seed": 3} | options)


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    path = str(tmp_path_factory.mktemp("homes") / "homes.zarr")
    generate(plan(), path)
    return Dataset(path)


class TestSplits:
    def test_a_hundred_scenes_are_split_as_published(self):
        names = tuple(f"{k:05d}-name" for k in range(100))
        splits = split_scenes(names)
        assert Counter(splits.values()) == {"train": 81, "val": 9, "test": 10}
        # the published val and test scenes, sorted by name, follow each other in just this order
        published = sorted([(name, "V") for name in VALIDATION_SCENES] + [(name, "T") for name in TEST_SCENES])
        ours = [splits[name][0].upper() for name in names if splits[name] != "train"]
        assert ours == [split for _, split in published]

    def test_the_order_of_the_names_does_not_matter(self):
        names = tuple(f"scene{k}" for k in range(23))
        assert split_scenes(names) == split_scenes(names[::-1])

    @pytest.mark.parametrize("count", range(1, 30))
    def test_there_is_always_a_test_scene(self, count):
        assert "test" in split_scenes(tuple(map(str, range(count)))).values()


class TestAngles:
    def test_every_azimuth_follows_from_the_first_and_the_rotation(self, homes):
        azimuth, rotation = homes.column("azimuth"), homes.column("rotation")
        expected = wrap_degrees(azimuth[..., :1] - rotation[:, None])
        assert np.abs(wrap_degrees(azimuth - expected)).max() < 1e-9

    def test_azimuth_is_positive_for_what_lies_to_the_left(self, homes):
        heading = np.radians(homes.column("heading"))[:, None]
        towards = homes.column("source_position")[:, :, None] - homes.column("camera_position")[:, None]
        leftwards = towards[..., 0] * -np.cos(heading) + towards[..., 2] * np.sin(heading)
        assert np.array_equal(leftwards > 0, homes.column("azimuth") > 0)

    def test_views_turn_by_ten_to_ninety_degrees(self, homes):
        rotation = homes.column("rotation")
        turned = np.abs(rotation[:, 1:])
        assert (rotation[:, 0] == 0).all()
        assert turned.min() >= 10
        assert turned.max() < 90


class TestAcceptance:
    def test_all_views_are_taken_from_one_place_at_eye_height(self, homes):
        cameras = homes.column("camera_position")
        assert (cameras == cameras[:, :1]).all()
        for row in range(len(homes)):
            floor = find_floor(procedural_scene(3, row // 2))
            assert floor.contains(cameras[row, 0] - [0, EYE_HEIGHT, 0])

    def test_the_first_view_shares_ten_instances_of_fifty_pixels_with_the_others(self, homes):
        scene = procedural_scene(3, 0)
        cameras, headings = homes.column("camera_position"), homes.column("heading")
        for row in range(2):
            large = []
            for position, heading in zip(cameras[row], headings[row], strict=True):
                names, pixels = np.unique(render(scene, position, float(heading)).instance, return_counts=True)
                large.append(set(names[(names >= 0) & (pixels >= 50)].tolist()))
            shared = [len(large[0] & other) for other in large]
            assert min(shared) >= 10
            assert homes.column("shared")[row].tolist() == shared

    def test_depth_reaches_four_metres_and_is_one_on_average(self, homes):
        depth = np.minimum(homes.column("depth") / 1000, 10.0)
        assert depth.max(axis=(2, 3)).min() >= 3.9  # the quick look that decides has fewer rays than the picture
        assert depth.mean(axis=(2, 3)).min() >= 0.95

    def test_sources_are_near_in_sight_and_at_the_published_heights(self, homes):
        sources, cameras = homes.column("source_position"), homes.column("camera_position")
        for row in range(len(homes)):
            scene = procedural_scene(3, row // 2)
            away = sources[row] - cameras[row, 0]
            # the published radius is measured to the foot of the source
            assert np.linalg.norm(away[:, [0, 2]], axis=1).max() <= 3.0
            assert np.linalg.norm(away[:, [0, 2]], axis=1).min() >= 0.1
            above = sources[row][:, 1] - (cameras[row, 0, 1] - EYE_HEIGHT)
            assert (above > 0.7 - 0.06).all()
            assert (above < 1.7 + 0.06).all()
            assert not scene.rays.blocked(np.tile(cameras[row, 0], (3, 1)), sources[row]).any()


class TestSound:
    def test_the_direct_sound_arrives_after_its_way(self, homes):
        direct = homes.column("impulse_response_direct")
        loudest = np.abs(direct).sum(axis=3).argmax(axis=-1)
        expected = LEAD + homes.column("distance") / SPEED_OF_SOUND * 16_000
        assert np.abs(loudest - expected).max() < 12  # the half width of a head is 4 samples, its shadow some more

    def test_the_louder_ear_is_on_the_side_of_the_source(self, homes):
        energy = np.square(homes.column("impulse_response_direct")).sum(axis=-1)
        azimuth = homes.column("azimuth")
        lateral = np.abs(np.sin(np.radians(azimuth))) > 0.2
        assert np.array_equal((energy[..., 0] > energy[..., 1])[lateral], (azimuth > 0)[lateral])

    def test_reverberation_is_that_of_a_home(self, homes):
        rt60 = homes.column("rt60")
        assert np.isfinite(rt60).all()
        assert 0.1 < rt60.mean() < 0.45

    def test_dry_clips_belong_to_the_split_of_the_example(self, homes):
        dry = homes.part("dry")
        splits = dry.column("split")[homes.column("dry_clip")]
        assert (splits == homes.column("split")[:, None]).all()
        assert all(len(set(clips)) == 3 for clips in homes.column("dry_clip").tolist())

    def test_no_speaker_is_in_two_splits(self, homes):
        dry = homes.part("dry")
        pairs = set(zip(dry.column("speaker").tolist(), dry.column("split").tolist(), strict=True))
        assert len(pairs) == len({speaker for speaker, _ in pairs})


class TestBytes:
    def test_two_workers_write_the_same_as_one(self, homes, tmp_path):
        assert generate(plan(), str(tmp_path / "again.zarr"), workers=2) == homes.fingerprint

    def test_an_example_does_not_depend_on_those_before(self, homes):
        row = plan().render(3)
        assert np.array_equal(row["image"], homes.array("image")[3])
        assert np.array_equal(row["impulse_response_indirect"], homes.array("impulse_response_indirect")[3])

    def test_verification_renders_it_again(self, homes):
        checks = verify_dataset(homes, rerender=1)
        assert all(check.passed for check in checks), checks
        assert any(check.what.startswith("dry: ") for check in checks)

    def test_more_scenes_leave_the_first_as_they_are(self, homes):
        row = plan(scene_count=3).render(1)
        assert np.array_equal(row["source_position"], homes.column("source_position")[1])
        assert np.array_equal(row["image"], homes.array("image")[1])


class TestTranslation:
    def test_every_view_has_a_place_of_its_own_near_the_others(self):
        row = plan(variant="translation", scene_count=1, examples=1).render(0)
        assert row["image"].shape == (3, 240, 320, 3)
        assert row["impulse_response_direct"].shape[:3] == (2, 3, 2)
        apart = np.linalg.norm(row["camera_position"][:, None] - row["camera_position"][None], axis=-1)
        assert 0 < apart.max() <= 0.5
        assert (np.abs(row["rotation"][1:]) >= 10).all()

    def test_more_sources_can_be_asked_for(self):
        row = plan(variant="translation", sources=4, scene_count=1, examples=1).render(0)
        assert row["azimuth"].shape == (4, 3)


class TestScans:
    def test_a_scan_without_instances_is_judged_by_surface(self, shared_data: Path):
        row = plan_hm3d_ss(str(shared_data / "scenes"), None, scene_count=None, examples=1).render(0)
        assert (row["shared"] >= 0.1).all()
        assert row["image"].any()


def room(path: Path, width: float, depth: float | None = None) -> None:
    """Write an empty room, square unless its `depth` is given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    trimesh.creation.box((width, 2.5, depth or width)).export(path)


class TestCommand:
    def test_it_renders_and_says_what(self, tmp_path):
        out = tmp_path / "h.zarr"
        done = run_whence("generate", "hm3d-ss", str(out), "--scene-count", "1", "--examples", "1", "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["rows"] == 1

    def test_an_empty_folder_of_scenes_is_refused(self, tmp_path):
        done = run_whence("generate", "hm3d-ss", str(tmp_path / "h.zarr"), "--scenes", str(tmp_path))
        assert done.returncode == 2
        assert len(done.stderr.strip().splitlines()) == 1
        assert not (tmp_path / "h.zarr").exists()

    def test_a_broken_scene_is_named_before_anything_is_written(self, tmp_path):
        folder = tmp_path / "scenes"
        room(folder / "a.glb", 8)
        (folder / "b.glb").write_bytes((folder / "a.glb").read_bytes()[:200])
        out = tmp_path / "h.zarr"
        done = run_whence("generate", "hm3d-ss", str(out), "--scenes", str(folder), "--examples", "1")
        assert done.returncode == 2
        assert "b.glb" in done.stderr
        assert not out.exists()

    def test_a_scene_with_no_legal_place_is_named_before_anything_is_written(self, tmp_path):
        folder, out = tmp_path / "scenes", tmp_path / "h.zarr"
        room(folder / "attic" / "cupboard.glb", 2.2)
        room(folder / "hall.glb", 8)
        command = ("generate", "hm3d-ss", str(out), "--scenes", str(folder), "--examples", "1", "--workers", "1")
        done = run_whence(*command)
        assert done.returncode == 2
        assert len(done.stderr.strip().splitlines()) == 1
        assert f"{folder}/attic/cupboard.glb: no valid position for 4 views" in done.stderr
        assert "repair or remove the scene, then run the same command again" in done.stderr
        assert not out.exists()
        room(folder / "attic" / "cupboard.glb", 7)
        done = run_whence(*command)
        assert done.returncode == 0, done.stderr
        assert Dataset(str(out)).column("scene").tolist() == ["attic/cupboard", "hall"]


class TestRarePlaces:
    def test_an_example_goes_on_where_a_scene_would_be_given_up(self, tmp_path, monkeypatch):
        room(tmp_path / "a.glb", 4.0, 2.2)  # one position in ten has views that reach 4 m
        monkeypatch.setattr(hm3d_ss, "SCENE_TRIES", 5)
        made = plan_hm3d_ss(str(tmp_path), None, scene_count=None, examples=2, seed=1)
        made.check()
        home = open_home(made.scenes, 0, "native", "native", None)
        rng = generator_for(1, "a/00001")
        assert not list(candidate_sets(home, rng, views=4, sources=3, translation=False, tries=5))
        assert made.render(1)["sample_id"] == "a/00001"

    def test_what_is_begun_is_not_checked_again(self, tmp_path, monkeypatch):
        room(tmp_path / "scenes" / "a.glb", 6)
        made = plan_hm3d_ss(str(tmp_path / "scenes"), None, scene_count=None, examples=1)
        fingerprint = generate(made, str(tmp_path / "h.zarr"))
        monkeypatch.setattr(hm3d_ss, "SCENE_TRIES", 0)  # which no scene passes
        with pytest.raises(InputError, match=r"a\.glb: no valid position"):
            generate(made, str(tmp_path / "other.zarr"))
        assert generate(made, str(tmp_path / "h.zarr")) == fingerprint
