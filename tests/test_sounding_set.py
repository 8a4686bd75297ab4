"""Pictures of homes with objects that can sound: their truth against other computations, and the same bytes always."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from conftest import babble
from scipy.ndimage import binary_dilation
from typer.testing import CliRunner

from whence.benchmarks.stimuli.picture_sound.blind import blind_scores
from whence.benchmarks.stimuli.picture_sound.set_page import write_set_page
from whence.cli import app
from whence.datagen import shards
from whence.datagen.dataset import Dataset
from whence.datagen.pipeline import generate, render_shard
from whence.datagen.raycast import render
from whence.datagen.scenes.joined import joined
from whence.datagen.scenes.opening import open_scenes
from whence.datagen.scenes.rays import Rays
from whence.datagen.scenes.scene import Scene
from whence.datagen.sounding.annotators import simulated_boxes
from whence.datagen.sounding.arrangement import Arrangement, arrange
from whence.datagen.sounding.models import draw_models
from whence.datagen.sounding.outlook import Outlook
from whence.datagen.sounding.profiles import PROFILES
from whence.datagen.sounding.quiet_home import LOOKALIKES, open_quiet_home
from whence.datagen.sounding.stances import Wish, on_wall
from whence.datagen.sounding_objects import SoundingPlan, plan_sounding_objects, replan
from whence.datagen.sounds import KINDS
from whence.datagen.verification import verify_dataset
from whence.digests import generator_for
from whence.errors import InputError
from whence.leaderboard.sealing.seal import seal

SEED = 2**70 + 1
WIDTH, HEIGHT = 320, 240


@pytest.fixture(scope="module")
def plan(speech_folder: Path) -> SoundingPlan:
    return plan_sounding_objects(
        homes=2, pictures=2, acoustics="room", annotators=True, speech=str(speech_folder), seed=SEED
    )


@pytest.fixture(scope="module")
def pictures(plan: SoundingPlan, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    path = str(tmp_path_factory.mktemp("objects") / "objects.zarr")
    generate(plan, path)
    return Dataset(path)


def arranged(profile: str, number: int) -> tuple[Scene, Arrangement]:
    """Return a home and what is arranged in it."""
    home = open_quiet_home(open_scenes("procedural", count=2, seed=3), number % 2)
    rng = generator_for(5, f"{profile}/{number}")
    while True:
        kinds = [KINDS[k] for k in rng.choice(len(KINDS), 2 + number % 2, replace=False)]
        models, table = draw_models(kinds, 5, rng)
        found = arrange(home, models, table, PROFILES[profile], rng)
        if found is not None:
            return home.scene, found


class TestBytes:
    def test_two_workers_write_the_same_as_one(self, plan, pictures, tmp_path):
        assert generate(plan, str(tmp_path / "again.zarr"), workers=2) == pictures.fingerprint

    def test_what_a_killed_worker_left_is_written_again(self, plan, pictures, tmp_path):
        url = str(tmp_path / "killed.zarr")
        attributes = {"dataset": plan.dataset, "recipe": plan.recipe}
        shards.begin(url, plan.layout, attributes)
        render_shard(plan, url, 1)
        torn = Path(url) / plan.layout.shard_file(plan.layout.sharded[0], 0)
        torn.parent.mkdir(parents=True, exist_ok=True)
        torn.write_bytes(b"half of a shard")
        assert generate(plan, url) == pictures.fingerprint

    def test_more_homes_leave_the_first_as_they_are(self, pictures, speech_folder):
        more = plan_sounding_objects(
            homes=3, pictures=2, acoustics="room", annotators=True, speech=str(speech_folder), seed=SEED
        ).render(1)
        for name in ("image", "mask", "azimuth"):
            assert np.array_equal(more[name], pictures.array(name)[1], equal_nan=name == "azimuth"), name


class TestTruth:
    def test_the_box_is_that_of_the_mask(self, pictures):
        for row in range(len(pictures)):
            mask = pictures.array("mask")[row]
            for k, (box, area) in enumerate(
                zip(pictures.column("box")[row], pictures.column("area")[row], strict=True)
            ):
                points = [(i, j) for i in range(HEIGHT) for j in range(WIDTH) if mask[i, j] == k + 1]
                if not points:
                    assert np.isnan(box).all()
                    assert pictures.column("category")[row, k] == -1
                    continue
                (top, left), (bottom, right) = np.min(points, axis=0), np.max(points, axis=0)
                assert np.allclose(box * [WIDTH, HEIGHT, WIDTH, HEIGHT], [left, top, right + 1, bottom + 1])
                assert np.isclose(area, len(points) / (WIDTH * HEIGHT))

    def test_azimuth_and_elevation_point_at_the_pixels(self, pictures):
        """The camera, written out: 60 degrees wide, looking 22.5 degrees down; left is positive."""
        focal, tilt = 160 / np.tan(np.radians(30)), np.radians(22.5)
        box = pictures.column("box")
        turn, rise = (np.radians(pictures.column(name)[:, :3]) for name in ("azimuth", "elevation"))
        ahead, right, up = np.cos(turn) * np.cos(rise), -np.sin(turn) * np.cos(rise), np.sin(rise)
        depth = ahead * np.cos(tilt) - up * np.sin(tilt)
        x = 0.5 + focal * right / depth / WIDTH
        y = 0.5 - focal * (ahead * np.sin(tilt) + up * np.cos(tilt)) / depth / HEIGHT
        seen = np.isfinite(box[..., 0])
        for place, low in ((x, 0), (y, 1)):
            off = np.abs(place - (box[..., low] + box[..., low + 2]) / 2) / (box[..., low + 2] - box[..., low])
            assert (off[seen] < 0.5).all()
            assert np.median(off[seen]) < 0.15

    @pytest.mark.parametrize("number", range(2))
    def test_only_masked_pixels_differ_from_the_empty_home(self, number):
        scene, found = arranged("decorrelated", number)
        eye, heading = found.outlook.eye, found.outlook.heading
        view, empty = render(joined(scene, found.scene), eye, heading), render(scene, eye, heading)
        shown = view.instance >= len(scene.instance_names)
        differs = (view.image != empty.image).any(axis=2)
        assert (differs & ~binary_dilation(shown, iterations=2)).mean() < 0.001  # whiskers fit between pixel centres
        assert differs[shown].mean() > 0.9

    def test_a_joined_scene_is_seen_as_if_it_were_one(self):
        scene, found = arranged("decorrelated", 0)
        both = joined(scene, found.scene)
        single = Scene(**{name: getattr(both, name) for name in Scene.__dataclass_fields__})
        whole, parts = (render(one, found.outlook.eye, found.outlook.heading) for one in (single, both))
        assert type(single.rays) is Rays
        assert (whole.image != parts.image).any(axis=2).mean() < 0.002  # where two surfaces touch, either may be hit
        assert (whole.instance != parts.instance).mean() < 0.002

    def test_the_near_ear_hears_more_and_first(self, pictures):
        azimuth, elevation = (np.radians(pictures.column(name)) for name in ("azimuth", "elevation"))
        heard = pictures.column("impulse_response")
        lateral = np.sin(azimuth) * np.cos(elevation)
        aside = np.nan_to_num(np.abs(lateral)) > 0.4
        assert aside.sum() >= 4
        first = np.argmax(np.abs(heard) > 0.3 * np.abs(heard).max(axis=-1, keepdims=True), axis=-1)
        energy = np.square(heard).sum(axis=-1)
        assert np.array_equal((first[..., 0] < first[..., 1])[aside], (lateral > 0)[aside])
        assert np.array_equal((energy[..., 0] > energy[..., 1])[aside], (lateral > 0)[aside])

    def test_sources_out_of_view_are_beside_the_picture_and_in_reach(self, pictures):
        azimuth, distance = pictures.column("azimuth")[:, 3:], pictures.column("distance")[:, 3:]
        assert (np.abs(azimuth) > 30).all()
        assert ((distance >= 0.5) & (distance <= 4.0)).all()
        for kinds in pictures.column("category").tolist():
            assert kinds[3] not in kinds[:3]
            assert kinds[4] in kinds[:3]
            assert len({kind for kind in kinds[:3] if kind >= 0}) == sum(kind >= 0 for kind in kinds[:3])

    def test_every_source_sounds_and_no_two_alike(self, pictures):
        there = pictures.column("category") >= 0
        assert np.array_equal(pictures.column("dry").any(axis=2), there)
        names = pictures.column("sound_id")[there].tolist()
        assert len(set(names)) >= len(names) - 3  # two may say the same sentence
        assert np.array_equal(np.isfinite(pictures.column("direct_to_reverberant")), there)

    def test_no_home_shows_lookalikes(self):
        scene = open_quiet_home(open_scenes("procedural", count=2, seed=3), 0).scene
        shown = {scene.instance_names[k] for k in np.unique(scene.instance)}
        assert not shown & LOOKALIKES
        assert set(scene.instance_names) & LOOKALIKES

    def test_annotators_draw_about_the_true_box(self, pictures):
        drawn, box = pictures.column("annotator_box"), pictures.column("box")[:, None]
        sides = np.tile(box[..., 2:] - box[..., :2], 2)
        seen = np.isfinite(sides)
        assert np.array_equal(np.isfinite(drawn), np.broadcast_to(seen, drawn.shape))
        off = np.abs((drawn - box) / sides)
        assert np.nanmax(off) < 0.2
        assert np.nanmedian(off) > 0.01
        assert not np.array_equal(drawn[:, 0], drawn[:, 1], equal_nan=True)

    def test_drawn_boxes_stay_in_the_picture(self):
        drawn = simulated_boxes(np.array([[0, 0, 1, 1]], np.float32), np.random.default_rng(0))
        assert drawn.min() >= 0
        assert drawn.max() <= 1


class TestProfiles:
    def boxes(self, profile: str, count: int) -> np.ndarray:
        """Return the boxes (pictures, 3, 4) of `count` pictures, NaN where there is no object."""
        found = np.full((count, 3, 4), np.nan)
        for number in range(count):
            for k, one in enumerate(arranged(profile, number)[1].placed):
                found[number, k] = one.box
        return found

    def test_decorrelated_objects_are_small_alike_and_everywhere(self):
        boxes = self.boxes("decorrelated", 30)
        sides = boxes[..., 2:] - boxes[..., :2]
        areas, centre = sides.prod(axis=-1), (boxes[..., :2] + boxes[..., 2:]) / 2
        assert 0.03 < np.nanmedian(areas) < 0.06
        assert (np.nanmax(areas, axis=1) <= 2.5 * np.nanmin(areas, axis=1)).all()
        for axis in range(2):
            counts, _ = np.histogram(centre[..., axis][np.isfinite(areas)], 3, (0.05, 0.95))
            assert counts.min() > 0.6 * counts.mean()
        for name, scores in blind_scores(boxes).items():
            assert max(scores.pictures.values()) < 2, name

    def test_matched_objects_are_as_large_and_central_as_in_vgg_ss(self):
        boxes = self.boxes("matched", 8)
        sides = boxes[..., 2:] - boxes[..., :2]
        away = np.linalg.norm((boxes[..., :2] + boxes[..., 2:]) / 2 - 0.5, axis=-1)
        assert 0.18 < np.nanmean(sides.prod(axis=-1)) < 0.42  # VGG-SS: 0.312
        assert 0.12 < np.nanmean(away) < 0.28  # 0.180
        assert blind_scores(boxes)["a blob in the middle"].single["adaptive"] > 5

    def test_matched_objects_stand_where_such_things_stand(self):
        for number in range(4):
            scene, found = arranged("matched", number)
            for one in found.placed:
                if one.model.kind in ("wall-clock", "door-bell", "smoke-alarm"):
                    continue
                foot = one.pose.place[1]
                above = np.add(one.pose.place, (0, 0.02, 0))
                below = scene.rays.hits(above[None], [[0, -1, 0]]).distance[0] - 0.02
                assert one.table is not None or abs(below) < 0.02
                assert one.table is None or 0.3 < foot < 0.9

    @pytest.mark.parametrize(("angle", "hangs"), [(0, True), (60, True), (-60, True), (70, False), (-75, False)])
    def test_nothing_hangs_on_a_wall_that_is_seen_from_the_side(self, angle, hangs):
        shape, turn = (60, 80), np.radians(angle)
        normal = np.broadcast_to([np.sin(turn), 0.0, np.cos(turn)], (*shape, 3))
        ahead = np.broadcast_to([0.0, 0.0, -1.0], (*shape, 3))
        names = np.full(shape, "wall 0 of hall 0")
        outlook = Outlook(np.array([0.0, 1.5, 0.0]), 0.0, ahead, np.full(shape, 2.0), normal, names)
        assert (on_wall(Wish(None, None, outlook, 0.5, 0.5, 0.5, 0.0)) is not None) == hangs


@dataclass(frozen=True)
class Wrong(SoundingPlan):
    """Writes the rows of a set so that they say something else than what they show."""

    fault: str = ""
    rows: Any = None

    def render(self, row: int) -> dict[str, Any]:
        found = {field.name: np.asarray(self.rows.array(field.name)[row]) for field in self.layout.fields}
        if self.fault == "mirrored":
            found["image"], found["mask"] = found["image"][:, ::-1], found["mask"][:, ::-1]
            found["box"] = (found["box"] * [-1, 1, -1, 1] + [1, 0, 1, 0])[:, [2, 1, 0, 3]].astype(np.float32)
        elif self.fault == "swapped":
            found["impulse_response"] = found["impulse_response"][:, ::-1]
        elif self.fault == "box":
            found["box"] = found["box"] + np.float32(0.01)
        elif self.fault == "silent":
            found["dry"] = found["dry"] * (np.arange(5) != 1)[:, None].astype(np.int16)
        return found


class TestVerify:
    def test_it_finds_no_fault(self, pictures):
        checks = verify_dataset(pictures, rerender=1)
        assert all(check.passed for check in checks), checks

    @pytest.mark.parametrize(
        ("fault", "word"),
        [
            ("mirrored", "is not seen where its direction points"),
            ("swapped", "left and right are swapped"),
            ("box", "does not enclose what the mask shows"),
            ("silent", "source 1 is silent"),
        ],
    )
    def test_it_finds_this_fault(self, plan, pictures, tmp_path, fault, word):
        wrong = Wrong(plan.settings, plan.scenes, plan.speech, plan.recordings, fault=fault, rows=pictures)
        generate(wrong, str(tmp_path / "wrong.zarr"))
        checks = verify_dataset(Dataset(str(tmp_path / "wrong.zarr")), rerender=0)
        assert any(word in line for check in checks for line in check.faults), checks


class TestShown:
    def test_the_page_has_pictures_players_and_blind_scores(self, pictures, tmp_path):
        page = write_set_page(pictures, tmp_path / "page.html").read_text()
        assert page.count("<audio") == int((pictures.column("category") >= 0).sum())
        assert page.count('alt="A home with') == len(pictures)
        assert "what maps score that do not listen" in page

    def test_inspect_prints_them(self, pictures):
        answer = CliRunner().invoke(app, ["inspect", pictures.url], env={"COLUMNS": "250"})
        assert answer.exit_code == 0, answer.output
        assert "what maps score that do not listen" in answer.output
        assert "the same in VGG-SS" in answer.output

    def test_blind_scores_of_hand_made_boxes(self):
        alike = np.array([[[0, 0, 0.5, 0.5], [0.5, 0.5, 1, 1]], [[0, 0, 0.5, 1], [np.nan] * 4]])
        scores = blind_scores(alike)
        assert scores["the largest object"].pictures["adaptive"] == 50.0  # the picture with one object
        assert scores["the largest object"].single["adaptive"] == pytest.approx(200 / 3)

    def test_a_sealed_copy_has_no_truth(self, pictures, tmp_path):
        sealed = seal(
            pictures.url, track="sounding-object", labels_path=tmp_path / "labels.parquet", out=str(tmp_path / "p.zarr")
        )
        public = Dataset(sealed.url)
        hidden = {"mask", "box", "area", "category", "azimuth", "distance", "dry", "sound_id", "scene", "annotator_box"}
        assert not hidden & set(public.group.array_keys())
        assert [check for check in verify_dataset(public) if not check.passed] == []


def write_recordings(folder: Path, kinds: dict[str, int]) -> Path:
    rng = np.random.default_rng(1)
    for kind, count in kinds.items():
        (folder / kind).mkdir(parents=True)
        for k in range(count):
            soundfile.write(folder / kind / f"{k}.wav", babble(3.5, rng), 16_000)
    return folder


class TestSounds:
    def test_recordings_are_used_and_held_out(self, speech_folder, tmp_path):
        folder = write_recordings(tmp_path / "sounds", {"dog": 24, "kettle": 2})
        plan = plan_sounding_objects(homes=2, pictures=1, speech=str(speech_folder), sounds=str(folder), seed=1)
        heard = {part: {plan.clips.clip("dog", part, f"{k}").sound_id for k in range(40)} for part in ("train", "test")}
        assert all(name.startswith("dog/") for names in heard.values() for name in names)
        assert not heard["train"] & heard["test"]
        assert any("synthesised" in line for line in plan.clips.remarks)

    def test_spoken_kinds_name_their_speaker(self, plan):
        clip = plan.clips.clip("person", "train", "somebody")
        assert clip.speaker
        assert clip.samples.any()
        assert plan.clips.shares_speakers  # there are two


def refused(*arguments: str) -> str:
    answer = CliRunner().invoke(app, ["generate", "sounding-objects", *arguments])
    assert answer.exit_code != 0
    return str(answer.exception if isinstance(answer.exception, InputError) else answer.output)


class TestWrongInput:
    def test_a_category_without_sounds(self, tmp_path):
        folder = write_recordings(tmp_path / "sounds", {"dog": 2})
        (folder / "kettle").mkdir()
        message = refused(str(tmp_path / "x.zarr"), "--sounds", str(folder))
        assert "kettle" in message
        assert "\n" not in message
        assert not (tmp_path / "x.zarr").exists()

    def test_a_folder_that_is_not_there(self, tmp_path):
        assert "no such folder" in refused(str(tmp_path / "x.zarr"), "--sounds", str(tmp_path / "none"))

    def test_an_unknown_profile(self, tmp_path):
        assert "'decorrelated', 'matched'" in refused(str(tmp_path / "x.zarr"), "--profile", "natural")
        with pytest.raises(InputError, match="profile 'natural': expected one of decorrelated, matched"):
            plan_sounding_objects(homes=1, pictures=1, profile="natural")

    def test_a_recipe_of_other_sounds_is_refused(self, pictures):
        other = Dataset(pictures.url)
        other.recipe = {**other.recipe, "synthesis": 0}
        with pytest.raises(InputError, match="another version of the synthesised sounds"):
            replan(other, {})
