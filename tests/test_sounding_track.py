"""The track `sounding-object`: its samples, what methods are given, its scores, its report, its boards."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from toy_sounding import SAMPLES, SLOTS, ToyImported, ToySounding
from warm_process import run_whence

from whence.baselines.map_oracles import OracleAllObjects, OracleLargestObject
from whence.baselines.map_patterns import CentreBlob, CentreBox, DatasetPrior, RandomMap, WholePicture
from whence.baselines.saliency import spectral_residual
from whence.benchmarks.bench import bench, open_run
from whence.benchmarks.questions.boxes import ANNOTATOR, PICTURE, boxes_alone, mask_map
from whence.benchmarks.questions.maps import map_of, stored_maps
from whence.benchmarks.questions.source import open_source
from whence.benchmarks.running.predictions import read_predictions
from whence.benchmarks.scoring.published import published_for
from whence.benchmarks.stimuli.picture_sound.batch import ELSEWHERE, NOISE, OBJECT, OFF_SCREEN, SILENCE, TWO
from whence.benchmarks.stimuli.picture_sound.condition import PictureSoundCondition
from whence.datagen.acoustics.auralize import auralize
from whence.datagen.dataset import Dataset
from whence.datagen.pipeline import generate
from whence.errors import InputError
from whence.leaderboard.sealing.labels_file import read_labels_file
from whence.leaderboard.sealing.seal import seal
from whence.registry import METHODS as METHODS_BY_NAME
from whence.registry import load_method, load_track

TRACK = load_track("sounding-object")
RANKING, IIOU = TRACK.metrics[0].name, TRACK.beside[0].name
MONO = PictureSoundCondition()


def made(folder: Path, name: str = "s", **options) -> str:
    url = str(folder / f"{name}.zarr")
    generate(ToySounding(**options), url)
    return url


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> str:
    return made(tmp_path_factory.mktemp("sounding"), rows=24)


@pytest.fixture(scope="module")
def room(tmp_path_factory) -> str:
    return made(tmp_path_factory.mktemp("sounding"), rows=3, room=True, annotators=True)


def samples(url: str, condition: PictureSoundCondition = MONO) -> dict[str, Any]:
    """Every sample of the dataset at `url`, by name: its image and its audio."""
    source = open_source(TRACK, Dataset(url), "all")
    return {
        name: (image, audio)
        for batch in source.batches(source.labels, condition)
        for name, image, audio in zip(batch.sample_id, batch.image, batch.audio, strict=True)
    }


# Labels -------------------------------------------------------------------------------------------------------------


def test_each_picture_has_a_sample_for_each_of_its_sounds(data):
    labels = open_source(TRACK, Dataset(data), "all").labels
    first = [name.rpartition("/")[2] for name, row in zip(labels.sample_id, labels.rows, strict=True) if row == 0]
    assert first == ["object-0", "object-1", "two", "silence", "noise", "off-screen", "elsewhere"]
    sounds = labels.within[:, 0]
    assert [int((sounds == one).sum()) for one in (OBJECT, TWO, SILENCE, NOISE, OFF_SCREEN, ELSEWHERE)] == [
        60, 24, 24, 24, 24, 24,
    ]  # fmt: skip
    np.testing.assert_array_equal(labels.groups["sound"], sounds)
    assert labels.cluster_name == "scene"
    assert len(set(labels.clusters)) == 12


def test_the_truth_is_the_boxes_that_sound(data):
    dataset = Dataset(data)
    labels, boxes = open_source(TRACK, dataset, "all").labels, dataset.column("box")
    for truth, row, (sound, source) in zip(labels.truth, labels.rows, labels.within, strict=True):
        expected = {OBJECT: [source], TWO: [0, 1]}.get(int(sound), [])
        np.testing.assert_array_equal(boxes_alone(truth)[:, :4], boxes[row, expected])
        assert (truth[:, PICTURE] == row).all()


def test_the_truth_holds_the_visible_pixels(data):
    dataset = Dataset(data)
    labels = open_source(TRACK, dataset).labels
    centres = np.ix_(*(np.floor((np.arange(224) + 0.5) * side / 224).astype(int) for side in (240, 320)))
    for truth, row, (sound, source) in zip(labels.truth, labels.rows, labels.within, strict=True):
        mask = np.asarray(dataset.array("mask")[row])[centres]
        expected = {OBJECT: mask == 1 + source, TWO: (mask == 1) | (mask == 2)}.get(int(sound), np.zeros_like(mask))
        np.testing.assert_array_equal(mask_map(truth), expected)


def test_only_the_test_homes_are_scored(data):
    dataset = Dataset(data)
    labels = open_source(TRACK, dataset).labels
    assert set(dataset.column("split").astype(object)[labels.rows]) == {"test"}


def test_drawn_boxes_are_the_truth_where_there_are_annotators(room):
    labels = open_source(TRACK, Dataset(room), "all").labels
    (truth,) = (t for t, n in zip(labels.truth, labels.sample_id, strict=True) if n.endswith("00000/00000/object-1"))
    assert boxes_alone(truth)[:, ANNOTATOR].tolist() == [0, 1, 2]
    np.testing.assert_array_equal(boxes_alone(truth)[:, :4], Dataset(room).column("annotator_box")[0, :, 1])


@pytest.mark.parametrize("annotators", [1, 3])
def test_an_imported_set_has_a_sample_for_each_clip(tmp_path, annotators):
    generate(ToyImported(annotators=annotators), str(tmp_path / "i.zarr"))
    source = open_source(TRACK, Dataset(str(tmp_path / "i.zarr")))
    labels = source.labels
    assert [TRACK.wording.of("sound").words[int(one)] for one in labels.groups["sound"]] == [
        "object", "object", "object", "two", "object", "off-screen",
    ]  # fmt: skip
    assert [len(one) for one in labels.truth] == [annotators, annotators, 1, 2 * annotators, annotators, 0]
    assert labels.truth[0][:, ANNOTATOR].tolist() == ([-1] if annotators == 1 else [0, 1, 2])
    assert labels.truth[2][0, :4].tolist() == [0, 0, 0, 0], "a clip without boxes counts and cannot be found"
    assert TRACK.beside[0].counted(labels.truth).tolist() == [0, 2, 4], "three pictures"
    (batch,) = source.batches(labels, MONO)
    np.testing.assert_array_equal(batch.audio, source.dataset.column("dry").astype(np.float32) / 32768)


def test_published_numbers_are_of_the_whole_test_set(tmp_path):
    generate(ToyImported(), str(tmp_path / "i.zarr"))
    few = Dataset(str(tmp_path / "i.zarr"))
    assert TRACK.benchmarks(few) == []
    few.manifest["rows"] = 250
    assert TRACK.benchmarks(few) == ["Flickr-SoundNet Set1 (250)"]
    printed = published_for(TRACK, MONO.stated(), TRACK.benchmarks(few))
    ours = {(row.our_method, row.metric): row.value for row in printed if row.our_method}
    assert ours == {
        ("random-map", "consensus_iou_half_at_least_aligned_bilinear"): 0.12,
        ("random-map", "consensus_iou_area_half_at_least_aligned_bilinear"): 32.3,
        ("centre-box", "consensus_iou_half_at_least_aligned_bilinear"): 23.2,
        ("centre-box", "consensus_iou_area_half_at_least_aligned_bilinear"): 40.7,
    }
    assert {row.metric for row in printed} <= {metric.name for metric in TRACK.metrics}
    assert all("neither pixel rule nor enlargement" in row.note for row in printed)
    assert published_for(TRACK, PictureSoundCondition(snr_db=10.0).stated(), TRACK.benchmarks(few)) == []


# What methods are given ---------------------------------


def test_the_sounds_are_those_of_the_sources(data):
    dry = Dataset(data).column("dry")[1].astype(np.float32) / 32768
    given = {name.rpartition("/")[2]: audio for name, (_, audio) in samples(data).items() if "00000/00001/" in name}
    for k in range(3):
        np.testing.assert_array_equal(given[f"object-{k}"], dry[None, k])
    np.testing.assert_allclose(given["two"], dry[None, :2].sum(axis=1), atol=1e-6)
    np.testing.assert_array_equal(given["silence"], np.zeros((1, SAMPLES)))
    np.testing.assert_array_equal(given["off-screen"], dry[None, SLOTS])
    np.testing.assert_array_equal(given["elsewhere"], dry[None, SLOTS + 1])
    assert given["noise"].std() == pytest.approx(dry[0].std(), rel=0.05)
    assert abs(np.corrcoef(given["noise"][0], dry[0])[0, 1]) < 0.1


def test_every_sound_comes_with_its_picture(data):
    images, rows = Dataset(data).column("image"), Dataset(data).column("sample_id").tolist()
    for name, (image, _) in samples(data).items():
        np.testing.assert_array_equal(image, images[rows.index(name.rpartition("/")[0])])


def test_two_ears_hear_the_room(room):
    dataset = Dataset(room)
    dry, responses = dataset.column("dry")[0] / np.float32(32768), dataset.column("impulse_response")[0]
    _, audio = samples(room, PictureSoundCondition(ears=2))["toy-00000/00000/object-1"]
    expected = np.stack([np.convolve(dry[1], one)[:SAMPLES] for one in responses[1]])
    np.testing.assert_allclose(audio, expected, atol=1e-4)
    np.testing.assert_array_equal(audio, auralize(dry[1], responses[1], 0, SAMPLES, 0))


def test_noise_is_drawn_for_each_condition(data):
    clean, ten, twenty = (samples(data, PictureSoundCondition(snr_db=s)) for s in (None, 10.0, 20.0))
    name = "toy-00000/00000/object-0"
    louder, softer = ten[name][1] - clean[name][1], twenty[name][1] - clean[name][1]
    assert 20 * np.log10(clean[name][1].std() / louder.std()) == pytest.approx(10, abs=0.5)
    assert abs(np.corrcoef(louder[0], softer[0])[0, 1]) < 0.1
    assert not ten["toy-00000/00000/silence"][1].any(), "noise is relative to the sound"


def test_a_batch_does_not_depend_on_its_neighbours(data):
    source = open_source(TRACK, Dataset(data), "all")
    everything = samples(data, PictureSoundCondition(snr_db=10.0))
    few = source.labels.take(np.array([40, 3, 77]))
    (batch,) = source.batches(few, PictureSoundCondition(snr_db=10.0))
    for name, image, audio in zip(batch.sample_id, batch.image, batch.audio, strict=True):
        np.testing.assert_array_equal(image, everything[name][0])
        np.testing.assert_array_equal(audio, everything[name][1])


def test_two_ears_need_responses(data):
    with pytest.raises(InputError, match=r"--ears 2: .* generate it with --acoustics room"):
        open_source(TRACK, Dataset(data)).conditions([PictureSoundCondition(ears=2)])


@pytest.mark.parametrize("ears", [0, 3])
def test_nobody_has_other_numbers_of_ears(ears):
    with pytest.raises(InputError, match=f"ears={ears}: expected 1"):
        PictureSoundCondition(ears=ears)


# Scores ---------------------------------

METHODS = ("centre-blob", "whole-picture", "spectral-residual", "dataset-prior", "oracle-all-objects")
LISTENER = '''
import numpy as np

class Listener:
    """Knows objects by colour and gives the one whose number is in the sample's name, the first for the third."""
    version, tracks = "1", ("sounding-object",)
    def predict(self, batch):
        return np.stack([self.one(*pair) for pair in zip(batch.image, batch.sample_id)])
    def one(self, image, name):
        end = name.rpartition("-")[2].replace("2", "0")
        if "object" not in name:
            return np.zeros((48, 64))
        return (image[2::5, 2::5, int(end)] == 160) * 1.0 + 1e-2 * (image[2::5, 2::5, int(end)] > 70)
'''


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    (folder / "mine.py").write_text(LISTENER)
    return bench("sounding-object", data, folder / "run", methods=[*METHODS, f"{folder}/mine.py:Listener"])


def values(run, metric: str, **wanted) -> dict[str, float]:
    found = run.results.find(metric=metric, **({"sound": None} | wanted))
    return {row.method.rpartition(":")[2]: row.value for row in found}


def test_a_blind_method_finds_no_whole_picture(run):
    found = values(run, IIOU)
    assert found["Listener"] == 50, "in half of the pictures there is no third object"
    assert found["ceiling"] == 100
    assert all(found[name] == 0 for name in (*METHODS, "chance"))
    (row,) = run.results.find(metric=IIOU, method="centre-blob", sound=None)
    assert row.n == 12, "pictures, not samples"


def test_single_objects_rank(run):
    counts = {row.condition.get("sound"): row.n for row in run.results.find(metric=RANKING, method="chance")}
    assert counts == {None: 30, float(OBJECT): 30}
    assert values(run, RANKING)["Listener"] == 80
    together = next(m.name for m in TRACK.metrics if m.name.startswith("together"))
    assert {row.condition.get("sound"): row.n for row in run.results.find(metric=together, method="chance")} == {
        None: 12, float(TWO): 12,
    }  # fmt: skip


def test_false_responses_are_on_sounds_of_nothing(run):
    found = values(run, "false_response")
    assert (found["Listener"], found["centre-blob"], found["ceiling"]) == (0, 100, 0)
    counts = {row.condition.get("sound"): row.n for row in run.results.find(metric="false_response", method="chance")}
    assert counts == {None: 48, **{float(one): 12 for one in (SILENCE, NOISE, OFF_SCREEN, ELSEWHERE)}}


def test_the_names_of_sounds_are_in_words(run):
    (row,) = run.results.find(metric=RANKING, method="centre-blob", sound=0.0)
    assert TRACK.wording.text(row.condition, ["sound"]) == "object"
    assert "off-screen" in (run.folder / "report.html").read_text()


def test_a_run_is_read_again(run):
    again = open_run(run.folder)
    assert [(row.method, row.metric, row.value) for row in again.results.rows] == [
        (row.method, row.metric, row.value) for row in run.results.rows
    ]
    for one, other in zip(again.scored, run.scored, strict=True):
        np.testing.assert_array_equal(one.terms[IIOU], other.terms[IIOU])


def test_scores_of_large_files_do_not_depend_on_the_chunk(run, monkeypatch):
    """The sounds of one picture may lie in two chunks of a file."""
    monkeypatch.setattr("whence.benchmarks.running.predictions.GROUP_BYTES", 5 * TRACK.answer.nbytes)
    monkeypatch.setattr("whence.benchmarks.scoring.results.MAPS_TOGETHER", 5)
    again = open_run(run.folder)
    for one, other in zip(again.scored, run.scored, strict=True):
        for metric in TRACK.metrics:
            np.testing.assert_array_equal(one.terms[metric.name], other.terms[metric.name])


def test_the_report_shows_pictures_boxes_and_players(run):
    page = (run.folder / "report.html").read_text()
    assert "Where in the picture does the sound come from?" in page
    assert "what the method heard (object)" in page
    assert "audio/wav" in page
    assert (run.folder / "figures" / "worst-01.png").exists()


def test_a_method_may_answer_in_any_form(data, tmp_path):
    (tmp_path / "mine.py").write_text(
        "import numpy as np\nclass Mine:\n    version, tracks = '1', ('sounding-object',)\n"
        "    def predict(self, batch):\n        return np.full((len(batch), 2), 0.25)\n"
        "class Small(Mine):\n    def predict(self, batch):\n"
        "        return np.arange(49.0).reshape(1, 7, 7).repeat(len(batch), 0)\n"
        "class Nan(Mine):\n    def predict(self, batch):\n        return np.full((len(batch), 7, 7), np.nan)\n"
        "class Large(Mine):\n    def predict(self, batch):\n        return np.full((len(batch), 7, 7), 1e5)\n"
        "class Flat(Mine):\n    def predict(self, batch):\n        return np.zeros((len(batch), 7, 7, 3))\n"
    )
    run = bench(
        "sounding-object", data, tmp_path / "run", methods=[f"{tmp_path}/mine.py:{n}" for n in ("Mine", "Small")]
    )
    shapes = {map_of(read_predictions(one.file).answers[0]).shape for one in run.scored}
    assert shapes == {(56, 56), (7, 7)}
    for name, message in (
        ("Nan", "not finite"),
        ("Large", "too large for float16"),
        ("Flat", r"returned shape \(\d+, 7, 7, 3\): expected maps"),
    ):
        with pytest.raises(InputError, match=message):
            bench("sounding-object", data, tmp_path / name, methods=[f"{tmp_path}/mine.py:{name}"])


def test_a_wrong_map_ends_the_command_in_one_line(data, tmp_path):
    (tmp_path / "mine.py").write_text(
        "import numpy as np\nclass Mine:\n    version, tracks = '1', ('sounding-object',)\n"
        "    def predict(self, batch):\n        return np.full((len(batch), 7, 7), np.nan)\n"
    )
    words = ["bench", "sounding-object", data, "--method", f"{tmp_path}/mine.py:Mine", "--out", tmp_path / "run"]
    answer = run_whence(*words)
    assert answer.returncode == 2
    assert "returned a number that is not finite for the sample toy-" in answer.stderr.splitlines()[-1]
    assert "Traceback" not in answer.stderr


# Baselines ---------------------------------


def batch_of(url: str):
    source = open_source(TRACK, Dataset(url), "all")
    return source, next(iter(source.batches(source.labels, MONO)))


def test_the_prior_is_fitted_on_other_splits(data):
    dataset = Dataset(data)
    source, batch = open_source(TRACK, dataset), batch_of(data)[1]
    prior = DatasetPrior()
    prior.prepare(source)
    rows = np.flatnonzero(np.isin(dataset.column("split").astype(object), ("train", "val")))
    masks = dataset.column("mask")[rows]
    share = np.concatenate([masks == 1, masks == 2, (masks == 3)[(masks == 3).any(axis=(1, 2))]]).mean(axis=0)
    found = prior.predict(batch)
    assert found.shape == (len(batch), 56, 56)
    coarse = share.reshape(56, -1)[:, 0] if False else share
    for row, column in ((28, 28), (20, 10), (28, 45)):
        y, x = int((row + 0.5) / 56 * 240), int((column + 0.5) / 56 * 320)
        assert abs(found[0, row, column] - coarse[y - 2 : y + 3, x - 3 : x + 4].mean()) < 0.15
    with pytest.raises(InputError, match="no other split"):
        prior.prepare(open_source(TRACK, dataset, "all"))


def test_oracles_know_the_objects_but_not_the_sound(data):
    source = open_source(TRACK, Dataset(data), "all")
    every, largest, batch = OracleAllObjects(), OracleLargestObject(), next(iter(source.revealed(source.labels, MONO)))
    boxes, areas = Dataset(data).column("box"), Dataset(data).column("area")
    for method, wanted in ((every, [0, 1]), (largest, [int(np.nanargmax(areas[0]))])):
        found = method.predict(batch)
        assert (found[0] == found[5]).all(), "the same for all sounds of a picture"
        for k in range(2):
            x, y = boxes[0, k, ::2].mean(), boxes[0, k, 1::2].mean()
            assert (found[0][int(56 * y), int(56 * x)] > 0.5) == (k in wanted)


def test_oracles_have_no_rank(run):
    ranks = {row.method: row.rank for row in run.results.find(metric=RANKING, sound=None)}
    assert ranks["oracle-all-objects"] is None
    assert ranks["spectral-residual"] is not None
    assert {one.method for one in run.scored if one.is_oracle} == {"oracle-all-objects"}
    assert "oracle-all-objects is best" not in (run.folder / "report.html").read_text()


def test_oracles_know_the_objects_of_imported_pictures(tmp_path):
    """Clips share pictures, whose order is not that of the names; one clip does not sound, and its picture has one."""
    generate(ToyImported(reverse=True), str(tmp_path / "i.zarr"))
    source = open_source(TRACK, Dataset(str(tmp_path / "i.zarr")))
    (batch,) = source.revealed(source.labels, MONO)
    assert [[len(boxes) for boxes in objects] for objects in batch.objects] == [
        [3, 3],
        [3, 3],
        [3, 3],
        [3, 3],
        [3],
        [3],
    ]
    found = OracleAllObjects().predict(batch) > 0.5
    for one, row in ((found[2], 3), (found[3], 3), (found[5], 4)):
        drawn = source.dataset.column("annotator_box")[row].reshape(-1, 4)
        for x0, y0, x1, y1 in drawn[np.isfinite(drawn[:, 0])]:
            assert one[int(28 * (y0 + y1)), int(28 * (x0 + x1))]
    assert not found[5][40:, 40:].any(), "the second object is in another picture"
    assert (OracleLargestObject().predict(batch)[3] > 0.5)[40:, 40:].sum() == 0, "the other object is larger"


def test_maps_that_ignore_their_input_say_so():
    own = [name for name, entry in METHODS_BY_NAME.items() if "sounding-object" in entry.tracks]
    baselines = [name for name in own if METHODS_BY_NAME[name].target.startswith("whence.baselines")]
    said = {name for name in baselines if getattr(load_method(name)[0], "ignores_input", False)}
    assert set(baselines) - said == {"spectral-residual", "objectness"}


def test_plain_maps_by_hand(data):
    _, batch = batch_of(data)
    assert (WholePicture().predict(batch) == 1).all()
    box = CentreBox().predict(batch)[0]
    assert (box > 0.5).mean() == pytest.approx(0.5, abs=0.03)
    assert (CentreBox(half="side").predict(batch)[0] > 0.5).mean() == pytest.approx(0.25, abs=0.01)
    drawn = RandomMap().predict(batch)
    assert drawn.shape == (len(batch), 56, 56)
    assert (drawn[0] != drawn[1]).all()
    np.testing.assert_array_equal(drawn, RandomMap().predict(batch))
    assert CentreBlob().predict(batch)[0].argmax() in (27 * 56 + 27, 28 * 56 + 28, 27 * 56 + 28, 28 * 56 + 27)


def test_what_stands_out_is_salient():
    """A bright patch on a picture with the spectrum of nature, 1/f; and a plain picture has nothing that stands out."""
    frequency = np.hypot(np.fft.fftfreq(240)[:, None], np.fft.fftfreq(320))
    drawn = np.fft.fft2(np.random.default_rng(0).normal(size=(240, 320))) / np.maximum(frequency, 1 / 320)
    nature = np.fft.ifft2(drawn).real
    picture = np.repeat(np.uint8(np.clip(90 + 20 * nature / nature.std(), 0, 200))[..., None], 3, axis=2)
    picture[150:170, 220:240] = 255
    found = spectral_residual(picture)
    assert found.shape == (48, 64)
    row, column = np.unravel_index(found.argmax(), found.shape)
    assert abs(row - 32) <= 3
    assert abs(column - 46) <= 3
    assert not spectral_residual(np.full((240, 320, 3), 7, np.uint8)).any()
    assert spectral_residual(np.zeros((1, 1, 3), np.uint8)).shape == (64, 64)


# Boards ---------------------------------


def whence(*words: object) -> str:
    answer = run_whence(*words)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


@pytest.fixture(scope="module")
def sealed(data, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("sealed")
    seal(data, track="sounding-object", labels_path=folder / "labels.parquet", out=str(folder / "public.zarr"))
    return folder


def test_a_sealed_set_holds_pictures_and_sounds_alone(data, sealed):
    public = Dataset(str(sealed / "public.zarr"))
    assert set(public.group.array_keys()) == {"sample_id", "condition_0_image", "condition_0_audio"}
    source = open_source(TRACK, public)
    assert np.isnan(source.labels.truth).all()
    private, own = read_labels_file(sealed / "labels.parquet"), open_source(TRACK, Dataset(data)).labels
    source_name = dict(zip(private.labels.sample_id, private.source_sample_id, strict=True))
    place = {name: k for k, name in enumerate(own.sample_id)}
    assert own.sample_id.tolist() == sorted(
        [*source_name.values(), *(n for n in place if n.endswith("/two"))], key=place.get
    )
    for name, truth, sound in zip(
        private.labels.sample_id, private.labels.truth, private.labels.groups["sound"], strict=True
    ):
        np.testing.assert_array_equal(truth, own.truth[place[source_name[name]]])
        assert sound == own.groups["sound"][place[source_name[name]]]
    expected = samples(data)
    for name, (_, audio) in sealed_samples(sealed).items():
        if not source_name[name].endswith("/noise"):
            np.testing.assert_array_equal(audio, expected[source_name[name]][1])


def sealed_samples(sealed: Path) -> dict[str, Any]:
    """Every sample of the public copy, by its random name: its image and its audio."""
    source = open_source(TRACK, Dataset(str(sealed / "public.zarr")))
    return {
        name: (image, audio)
        for batch in source.batches(source.labels, MONO)
        for name, image, audio in zip(batch.sample_id, batch.image, batch.audio, strict=True)
    }


def test_no_sealed_sound_is_made_of_others_of_its_picture(sealed):
    pictures: dict[bytes, list[np.ndarray]] = {}
    for image, audio in sealed_samples(sealed).values():
        pictures.setdefault(image.tobytes(), []).append(audio.ravel().astype(np.float64))
    assert len(pictures) == 12
    for clips in pictures.values():
        heard = [clip for clip in clips if clip.any()]
        assert len(clips) - len(heard) == 1, "silence"
        for k, clip in enumerate(heard):
            others = np.stack([one for j, one in enumerate(heard) if j != k], axis=1)
            rest = clip - others @ np.linalg.lstsq(others, clip, rcond=None)[0]
            assert np.linalg.norm(rest) > 0.9 * np.linalg.norm(clip)


def test_the_level_of_sealed_noise_tells_nothing(data):
    """It is that of any source of the picture: visible or not, in the proportion of their numbers."""
    labels = open_source(TRACK, Dataset(data), "all").labels
    shares: list[float] = []
    for draw in range(40):
        kept = TRACK.sealable(labels, np.random.default_rng(draw))
        sounds, sources = kept.within.T
        assert TWO not in sounds
        shares.append(float((sources[sounds == NOISE] < SLOTS).mean()))
        others = sounds != NOISE
        np.testing.assert_array_equal(kept.within[others], labels.within[labels.within[:, 0] != TWO][others])
    there = Dataset(data).column("category")[:, :SLOTS] >= 0
    assert np.mean(shares) == pytest.approx((there.sum(axis=1) / (there.sum(axis=1) + 2)).mean(), abs=0.05)
    assert labels.within[labels.within[:, 0] == NOISE, 1].max() == 0, "in the open set the first object's"


def test_a_public_set_is_sealed_only_if_its_labels_are_ones_own(tmp_path):
    url, out = str(tmp_path / "i.zarr"), str(tmp_path / "p.zarr")
    generate(ToyImported(rows=8), url)
    words = ["seal", url, "--track", "sounding-object", "--labels", tmp_path / "l.parquet", "--out", out]
    answer = run_whence(*words)
    assert answer.returncode == 2
    assert "was imported from flickr-soundnet, whose labels everybody has" in answer.stderr
    assert len(answer.stderr.splitlines()) == 1
    assert not Path(out).exists()
    assert "publish it" in whence(*words, "--allow-public-labels")


@dataclasses.dataclass(frozen=True)
class Relabelled(ToySounding):
    """The same pictures and sounds, with everything else changed."""

    def render(self, row: int) -> dict[str, Any]:
        found = super().render(row)
        x0, y0, x1, y1 = found["box"].T
        category = found["category"]
        return found | {
            "box": np.stack([1 - x1, y0, 1 - x0, y1], axis=1),
            "mask": 3 - np.minimum(found["mask"], 3),
            "area": 1 - found["area"],
            "azimuth": -found["azimuth"],
            "distance": 2 * found["distance"],
            "category": np.where(category >= 0, 3 - category, -1),
            "sound_id": found["sound_id"] + 1,
        }


def test_no_byte_of_a_sealed_set_depends_on_a_label(tmp_path):
    files = []
    for name, kind in (("a", ToySounding), ("b", Relabelled)):
        generate(kind(rows=8), str(tmp_path / f"{name}.zarr"))
        place = tmp_path / f"{name}-public.zarr"
        seal(
            str(tmp_path / f"{name}.zarr"),
            track="sounding-object",
            labels_path=tmp_path / f"{name}.parquet",
            out=str(place),
            salt=bytes(range(32)),
        )
        files.append({str(p.relative_to(place)): p.read_bytes() for p in sorted(place.rglob("*")) if p.is_file()})
    assert {name for name in files[0] if files[0][name] != files[1].get(name)} == {"zarr.json", "manifest.json"}
    assert files[0].keys() == files[1].keys()


def test_a_sealed_set_has_no_truth_for_oracles(sealed, tmp_path, capsys):
    bench("sounding-object", str(sealed / "public.zarr"), tmp_path / "run")
    said = capsys.readouterr().err
    assert "left out: oracle-all-objects" in said
    assert "left out: dataset-prior" in said
    with pytest.raises(InputError, match="is sealed, so oracles cannot run on it"):
        bench("sounding-object", str(sealed / "public.zarr"), tmp_path / "run", methods=["oracle-all-objects"])


def test_a_board_scores_maps_as_a_bench_does(data, sealed, tmp_path):
    """Seal, bench the sealed set, submit, score on a board in a folder: the scores are those of an open bench."""
    board, site, public = tmp_path / "board", tmp_path / "site", sealed / "public.zarr"
    names = ("centre-blob", "spectral-residual")
    bench("sounding-object", str(public), tmp_path / "run", methods=names)
    whence("leaderboard", "init", board, "--files", "--title", "Maps")
    whence("leaderboard", "add-track", board, "maps", public, "--title", "Maps")
    for name in names:
        assert "added" in whence("submit", tmp_path / "run", "--method", name, "--board", board)
    whence("leaderboard", "close", board, "maps")
    whence("leaderboard", "export", board, site, "--labels", sealed / "labels.parquet", "--data", public)
    standing = json.loads((site / "tracks" / "maps" / "standing.json").read_text())
    methods = {key: entry["card"]["name"] for key, entry in standing["entries"].items()}
    found = {methods[row["method"]]: row["value"] for row in standing["overall"] if row["method"] in methods}
    open_bench = bench("sounding-object", data, tmp_path / "open", methods=names)
    assert found == pytest.approx({name: values(open_bench, RANKING)[name] for name in names})
    assert standing["metrics"][0]["name"] == RANKING
    assert any(path.suffix == ".jpg" for path in site.rglob("*"))
    assert any(path.suffix == ".wav" for path in site.rglob("*"))


def test_stored_maps_are_what_the_docs_say():
    answer = stored_maps(np.arange(6.0).reshape(1, 2, 3))[0]
    assert answer[:8].tolist() == [2, 3, 0, 1, 2, 3, 4, 5]
    assert len(answer) == 56 * 56 + 2
