"""Panning: the geometry of panoramas, clips with sources that start and stop, and cameras that follow the sound."""

import dataclasses
import json

import numpy as np
import pytest
from box_scenes import box, scene_of
from test_sounding_track import whence
from toy_panning import ToyPanning

from whence import registry
from whence.baselines.panning import HEADINGS, Pan, joined_maps, mean_azimuth, mean_pixel_azimuth, views_of
from whence.benchmarks.bench import bench
from whence.benchmarks.questions.source import open_source
from whence.benchmarks.stimuli.panorama_sound.batch import around, given
from whence.benchmarks.stimuli.panorama_sound.condition import PanoramaSoundCondition
from whence.benchmarks.stimuli.panorama_sound.exhibit import panoramas
from whence.benchmarks.tracks.panning import TRACK
from whence.conventions import SAMPLE_RATE, wrap_degrees
from whence.datagen import pipeline
from whence.datagen.cameras import Camera
from whence.datagen.dataset import Dataset
from whence.datagen.panning import plan_panning
from whence.datagen.panoramas import crop
from whence.datagen.pipeline import generate
from whence.datagen.raycast import render
from whence.datagen.sounding.timeline import FADE_SECONDS, FRAME_SECONDS, loudest, timeline
from whence.datagen.sphere import FACES, azimuths_of, directions_of, face_camera, render_panorama, stitched
from whence.datagen.verification import verify_dataset
from whence.errors import InputError
from whence.leaderboard.sealing.seal import seal

ROWS = 96


def smooth_panorama(rows: int) -> np.ndarray:
    """A panorama of slow colours that meet at its edges: each channel is a coordinate of the direction."""
    return np.rint(127.5 + 120 * directions_of(rows, 2 * rows)).astype(np.uint8)


class TestSphere:
    def test_a_column_is_where_a_crop_looks(self):
        panorama = np.zeros((180, 360, 3), np.uint8)
        for azimuth in (0, 90, -137, 179):
            panorama[:] = 0
            column = int(np.abs(wrap_degrees(azimuths_of(360) - azimuth)).argmin())
            panorama[:, [column - 1, column, (column + 1) % 360]] = 255
            seen = crop(panorama, azimuth, 0.0, samples=1)[120, :, 0].astype(float)
            assert (seen @ np.arange(320)) / seen.sum() == pytest.approx(159.5, abs=3.5)

    @pytest.mark.parametrize("looks", [FACES, tuple((h, p) for h in range(0, 360, 30) for p in (-75, -30, 15, 60, 85))])
    def test_crops_joined_are_the_panorama(self, looks):
        panorama = smooth_panorama(ROWS)
        camera = face_camera(60) if looks is FACES else Camera()
        views = np.stack([crop(panorama, heading, pitch, camera) for heading, pitch in looks])
        again = stitched(views, camera, looks, ROWS, 2 * ROWS)
        np.testing.assert_allclose(again, panorama, atol=2.5)

    def test_what_no_view_shows_is_zero(self):
        ahead = stitched(np.ones((1, 3, 4, 1)), Camera(), [(0.0, 0.0)], 180, 360)[..., 0]
        shown = np.abs(azimuths_of(360)) < 30
        np.testing.assert_array_equal(ahead[90], shown)
        assert not ahead[[0, -1]].any()

    def test_a_panorama_is_what_views_show(self):
        walls = box((0, 1.5, 0), (6, 3, 6))
        things = [box((-2, 1.5, -1), (0.5, 0.5, 0.5)), box((1, 1.2, 2), (0.4, 0.4, 0.4))]
        noise = np.random.default_rng(0).integers(0, 256, (6, 6, 3)).astype(np.uint8)
        colours = [(0.8, 0.8, 0.8), (1.0, 0.1, 0.1), (0.1, 0.1, 1.0)]
        scene = scene_of([walls, *things], [noise], [0, -1, -1], colours)
        eye = np.array([0.3, 1.5, 0.2])
        picture, instance = render_panorama(scene, eye, 40.0, 240)
        for turn, pitch in ((0.0, 0.0), (100.0, -22.5), (-170.0, 30.0)):
            direct = render(scene, eye, 40.0 + turn, Camera(80, 60, 60.0), pitch).image.astype(float)
            assert np.abs(crop(picture, turn, pitch, Camera(80, 60, 60.0)) - direct).mean() < 6
        for k, centre in ((1, (-2, 1.5, -1)), (2, (1, 1.2, 2))):
            away = np.array(centre) - eye
            azimuth = np.degrees(np.arctan2(-away[0], -away[2])) - 40
            shown = azimuths_of(480)[np.flatnonzero((instance == k).any(axis=0))]
            middle = np.degrees(np.angle(np.exp(1j * np.radians(shown)).sum()))
            assert abs(wrap_degrees(middle - azimuth)) < 3


class TestMeans:
    def test_either_side_of_behind_is_behind(self):
        behind = np.zeros((90, 360))
        for azimuth in (179.5, -179.5):
            behind[45, np.abs(azimuths_of(360) - azimuth).argmin()] = 1.0
        assert abs(mean_azimuth(behind)) == pytest.approx(180)
        assert mean_pixel_azimuth(behind) == pytest.approx(0, abs=1e-9)

    @pytest.mark.parametrize("column", [0, 17, 60, 119])
    def test_a_blob_gives_its_column(self, column):
        blob = np.zeros((60, 120))
        blob[20:40, column] = 1.0
        assert mean_azimuth(blob) == pytest.approx(azimuths_of(120)[column])
        assert mean_pixel_azimuth(blob) == pytest.approx(azimuths_of(120)[column])

    def test_pixels_near_the_poles_count_by_their_area(self):
        one = np.zeros((4, 4))
        one[0, 1], one[1, 2] = 1.0, 1.0  # at elevations 67.5 and 22.5
        high, low = np.cos(np.radians(67.5)) ** 2, np.cos(np.radians(22.5)) ** 2  # area x share of the flat direction
        expected = np.degrees(np.arctan2(high - low, high + low))
        assert mean_azimuth(one) == pytest.approx(expected)

    def test_no_direction_is_ahead(self):
        assert mean_azimuth(np.ones((6, 12))) == 0
        assert mean_azimuth(np.zeros((6, 12))) == mean_pixel_azimuth(np.zeros((6, 12))) == 0


class TestTimeline:
    def test_sources_take_turns_with_their_levels(self):
        rng = np.random.default_rng(1)
        turns = timeline([np.ones(48_000)] * 4, np.array([0.5, 1.0, 2.0, 4.0]), rng)
        assert turns.heard.shape == (4, 12 * SAMPLE_RATE)
        assert ((turns.stop - turns.start >= 2.4) | (turns.stop == 12)).all()
        assert turns.heard.max(axis=1) == pytest.approx([1, 1, 0.5, 0.25])
        assert np.abs(turns.mixture).max() == pytest.approx(1)
        for k in range(4):
            sounds = np.flatnonzero(turns.heard[k]) / SAMPLE_RATE
            assert sounds[[0, -1]] == pytest.approx([turns.start[k], turns.stop[k]], abs=1e-3)
            middle = int((turns.start[k] + turns.stop[k]) / 2 / FRAME_SECONDS)
            assert turns.sounding[middle] == k
            begins = turns.heard[k, round(turns.start[k] * SAMPLE_RATE) :][: round(FADE_SECONDS * SAMPLE_RATE)]
            assert (np.diff(begins) > 0).all()

    def test_the_louder_one_counts_and_silence_is_nothing(self):
        frame = round(FRAME_SECONDS * SAMPLE_RATE)
        levels = np.array([[1.0, 0.4, 0.01, 0.0], [0.0, 0.5, 0.0, 0.0]])
        assert loudest(np.repeat(levels, frame, axis=1)).tolist() == [0, 1, -1, -1]


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> str:
    url = str(tmp_path_factory.mktemp("panning") / "p.zarr")
    generate(ToyPanning(), url)
    return url


@pytest.fixture
def listener(monkeypatch):
    entry = registry.Registration("toy_panning:Listener", ("sounding-object",), "toy")
    monkeypatch.setitem(registry.METHODS, "listener", entry)


class TestTrack:
    def test_every_frame_that_sounds_has_the_azimuth_of_what_does(self, data):
        dataset, labels = Dataset(data), open_source(TRACK, Dataset(data)).labels
        sounding, azimuth = dataset.column("sounding"), dataset.column("azimuth")
        assert len(labels) == (sounding >= 0).sum() == 8 * 4 * 4
        for row, (frame,), truth in zip(labels.rows, labels.within, labels.truth, strict=True):
            assert truth == azimuth[row, sounding[row, frame]]

    def test_the_sound_is_that_around_the_frame(self, data):
        dataset, labels = Dataset(data), open_source(TRACK, Dataset(data)).labels
        part = labels.take(np.array([1, 30]))
        batch = given(dataset, part, PanoramaSoundCondition(clip_seconds=0.5))
        for k, (row, (frame,)) in enumerate(zip(part.rows, part.within, strict=True)):
            expected = dataset.array("mixture")[int(row)][8000 * frame : 8000 * (frame + 1)]
            np.testing.assert_array_equal(batch.audio[k, 0], expected / np.float32(32768))
            np.testing.assert_array_equal(batch.image[k], dataset.array("image")[int(row)])

    def test_beyond_its_ends_a_recording_is_silent(self):
        recording = np.arange(1, 12 * SAMPLE_RATE + 1, dtype=np.float32)
        first, last = around(recording, 0, 2.0)[0], around(recording, 23, 2.0)[0]
        assert (first[:12_000] == 0).all()
        assert (first[12_000:] == recording[:20_000]).all()
        assert (last[-12_000:] == 0).all()
        assert (last[:-12_000] == recording[-20_000:]).all()

    def test_looking_ahead_is_90_degrees_off_and_the_truth_is_not(self):
        everywhere = np.arange(-179.5, 180)
        first, median, in_view = TRACK.metrics
        assert first.value(everywhere, np.zeros(360)) == pytest.approx(90)
        assert median.value(everywhere, np.zeros(360)) == pytest.approx(90)
        assert in_view.value(everywhere, np.zeros(360)) == pytest.approx(100 * 60 / 360)
        assert in_view.value([30.0, 30.1, -170.0], [0.0, 0.0, 175.0]) == pytest.approx(200 / 3)

    def test_who_listens_follows_the_sound(self, data, listener, tmp_path):
        methods = ["zero", "random-view", "pan:map=listener", "pan:map=listener:protocol=best", "pan:protocol=best"]
        run = bench("panning", data, tmp_path / "run", methods=methods, max_samples=48, report=False)
        found = {row.method: row.value for row in run.results.rows if row.metric == "mean_azimuth_error"}
        assert found["ceiling"] == 0
        assert found["pan:map=listener:protocol=best"] < 3
        assert found["pan:map=listener"] < 8  # squares that lie on the edge of the panorama are halved
        assert min(found[name] for name in ("zero", "random-view", "pan:protocol=best")) > 60

    def test_a_report_shows_the_view_on_both_sides_of_the_edge(self, data):
        source = open_source(TRACK, Dataset(data))
        labels = source.labels.first(1)
        (shown,) = panoramas(source, labels, np.array([-170.0]), PanoramaSoundCondition())
        (axes,) = shown.drawing.axes
        left, right = axes.get_xlim()
        assert (left, right) == (180, -180)
        frames = sorted((patch.get_x(), patch.get_x() + patch.get_width()) for patch in axes.patches)
        assert frames == [(-560, -500), (-200, -140), (160, 220)]
        lines = sorted(float(line.get_xdata()[0]) for line in axes.lines)
        assert lines == pytest.approx(sorted([-170.0, float(labels.truth[0])]))
        assert [name for name, _ in shown.sounds] == ["what the method heard"]

    def test_a_board_scores_it(self, data, tmp_path):
        board, site, public = tmp_path / "board", tmp_path / "site", str(tmp_path / "public.zarr")
        seal(data, track="panning", labels_path=tmp_path / "labels.parquet", out=public)
        assert not {"azimuth", "mask", "sounding"} & set(Dataset(public).group.array_keys())
        bench("panning", public, tmp_path / "run", methods=["random-view"], report=False)
        whence("leaderboard", "init", board, "--files", "--title", "Panning")
        whence("leaderboard", "add-track", board, "panning", public, "--title", "Panning")
        assert "added" in whence("submit", tmp_path / "run", "--method", "random-view", "--board", board)
        whence("leaderboard", "close", board, "panning")
        whence("leaderboard", "export", board, site, "--labels", tmp_path / "labels.parquet", "--data", public)
        standing = json.loads((site / "tracks" / "panning" / "standing.json").read_text())
        assert standing["metrics"][0]["name"] == "mean_azimuth_error"


class TestPan:
    def test_views_joined_find_a_blob_anywhere(self):
        for azimuth in (0.0, 75.0, 179.0, -120.0):
            panorama = np.zeros((180, 360, 3), np.uint8)
            away = np.abs(wrap_degrees(azimuths_of(360) - azimuth))
            panorama[105:115, away < 4] = 255
            maps = joined_maps(views_of(panorama)[..., 0].astype(float) / 255)
            assert maps.shape == (60, 120)
            assert abs(wrap_degrees(mean_azimuth(maps) - azimuth)) < 1

    def test_views_are_those_of_pictures_of_homes(self):
        panorama = smooth_panorama(ROWS)
        seen = views_of(panorama)
        assert seen.shape == (len(HEADINGS), 240, 320, 3)
        np.testing.assert_array_equal(seen[3], crop(panorama, 90.0, -22.5, samples=2))

    def test_panoramas_and_views_agree(self, data, listener):
        dataset, labels = Dataset(data), open_source(TRACK, Dataset(data)).labels.first(12)
        batch = given(dataset, labels, PanoramaSoundCondition())
        whole, views = (Pan("listener", "best", looks).predict(batch) for looks in ("panorama", "views"))
        assert np.abs(wrap_degrees(whole - labels.truth)).max() < 2
        assert np.abs(wrap_degrees(views - labels.truth)).max() < 4

    def test_a_camera_looks_somewhere_whatever_is_heard(self):
        pytest.importorskip("torch")
        assert not Pan(map="attention", checkpoint="untrained")._mapper.silent

    def test_no_answer_depends_on_its_neighbours(self, data):
        labels = open_source(TRACK, Dataset(data)).labels.take(np.array([3, 40, 4]))
        batch = given(Dataset(data), labels, PanoramaSoundCondition())
        pan = Pan(protocol="best")
        alone = dataclasses.replace(batch, image=batch.image[2:], audio=batch.audio[2:], sample_id=batch.sample_id[2:])
        assert pan.predict(batch)[2] == pan.predict(alone)[0]

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"map": "dataset-prior"}, "needs the truth or other splits"),
            ({"map": "gcc-phat"}, "serves tde, left-right"),
            ({"map": "spectral-residul"}, "did you mean 'spectral-residual'"),
            ({"sharpness": 0.0}, "sharpness=0"),
            ({"checkpoint": "x.safetensors"}, "no parameter 'checkpoint'"),
            ({"map": "attention", "checkpoint": "x.safetensors"}, "x.safetensors"),
        ],
    )
    def test_what_cannot_pan(self, settings, message):
        with pytest.raises(InputError, match=message):
            Pan(**settings)

    @pytest.mark.parametrize("seconds", [0.0, 13.0])
    def test_clips_that_are_too_short_or_too_long(self, seconds):
        with pytest.raises(InputError, match="clip_seconds"):
            PanoramaSoundCondition(clip_seconds=seconds)


def test_workers_and_interruptions_change_no_byte(tmp_path, speech_folder, monkeypatch):
    """Two homes by one worker, by two, and by one that was stopped after the first home; the set is then valid."""
    plan = plan_panning(homes=2, clips=1, speech=str(speech_folder), seed=3)
    whole = generate(plan, str(tmp_path / "one.zarr"))
    assert generate(plan, str(tmp_path / "two.zarr"), workers=2) == whole
    render_shard = pipeline.render_shard

    def stopped(plan, url: str, shard: int) -> int:
        if shard:
            raise KeyboardInterrupt
        return render_shard(plan, url, shard)

    monkeypatch.setattr(pipeline, "render_shard", stopped)
    with pytest.raises(KeyboardInterrupt):
        generate(plan, str(tmp_path / "three.zarr"))
    monkeypatch.undo()
    assert generate(plan, str(tmp_path / "three.zarr")) == whole
    dataset = Dataset(str(tmp_path / "one.zarr"))
    checks = verify_dataset(dataset, rerender=1)
    assert all(check.passed for check in checks), [check for check in checks if not check.passed]


def test_verification_finds_objects_that_are_not_where_they_are_heard(tmp_path):
    class Turned(ToyPanning):
        def render(self, row: int):
            found = super().render(row)
            return found | {"azimuth": found["azimuth"] + 20 * (row == 2)}

    generate(Turned(), str(tmp_path / "p.zarr"))
    checks = verify_dataset(Dataset(str(tmp_path / "p.zarr")), rerender=0)
    (faults,) = [check.faults for check in checks if check.what == "objects are seen where they are heard"]
    assert len(faults) == 4
    assert all(fault.startswith("row 2: object") for fault in faults)
