"""Speech through measured heads: labels and signs of real sets, the errors of broken ones, the clips."""

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from whence.benchmarks.bench import bench
from whence.conventions import SAMPLE_RATE
from whence.datagen.acoustics.cross_correlation import parabolic_peak, phase_transform_correlation, response_delay
from whence.datagen.brir import BrirPlan, BrirRecipe, plan_brir
from whence.datagen.corpora import Corpus
from whence.datagen.dataset import Dataset
from whence.datagen.measured_responses import MeasuredResponse, read_responses, responses_digest
from whence.datagen.pipeline import generate, rerender_differences
from whence.errors import InputError

ANECHOIC, SEMINAR = "surrey_anechoic_16k", "seminar_room_kemar_44k1"


def made_up(delay: int) -> np.ndarray:
    """A head without a room: the right ear hears `delay` samples later and 6 dB softer, (taps, 2)."""
    response = np.zeros((400, 2), dtype=np.float32)
    response[100, 0], response[100 + delay, 1] = 0.8, 0.4
    return response


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three made-up responses with their index: left, ahead, and one given as 350 degrees."""
    rows = ["file,azimuth_deg,distance_m"]
    for name, azimuth, delay in (("left", 40, 6), ("ahead", 0, 0), ("right", 350, -2)):
        soundfile.write(tmp_path / f"{name}.wav", made_up(delay), SAMPLE_RATE, subtype="FLOAT")
        rows.append(f"{name}.wav,{azimuth},2.5")
    (tmp_path / "index.csv").write_text("\n".join(rows) + "\n")
    return tmp_path


def plan_of(responses: tuple[MeasuredResponse, ...], corpus: Corpus, clips: int = 2) -> BrirPlan:
    recipe = BrirRecipe(
        clips=clips,
        room="hall",
        responses=responses_digest(responses),
        corpus=corpus.digest,
        rows_per_shard=10,
    )
    return BrirPlan(recipe, responses, "somewhere", corpus)


# Reading --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "count", "distance", "taps"), [(ANECHOIC, 13, 1.5, 197), (SEMINAR, 5, 6.3, 19_200)])
def test_real_sets_are_read_with_their_labels(shared_data, name, count, distance, taps):
    responses = read_responses(str(shared_data / "brir" / name))
    assert len(responses) == count
    for response in responses:
        sign = 1 if response.file[2] == "p" else -1
        assert response.azimuth == sign * int(response.file[3:6])
        assert response.distance == distance
        assert response.audio.shape == (2, taps)
        assert response.audio.dtype == np.float32


@pytest.mark.parametrize("name", [ANECHOIC, SEMINAR])
def test_left_is_positive_in_real_sets(shared_data, corpus, name):
    """The ear that leads and, beyond 10 degrees, the louder ear are on the side of the azimuth."""
    responses = read_responses(str(shared_data / "brir" / name))
    plan = plan_of(responses, corpus, clips=1)
    for row, response in enumerate(responses):
        rendered = plan.render(row)
        assert rendered["azimuth"] == response.azimuth
        if abs(response.azimuth) > 10:
            assert np.sign(rendered["interaural_time_difference"]) == np.sign(response.azimuth)
            left, right = np.abs(rendered["audio"].astype(float)).sum(axis=1)
            assert np.sign(left - right) == np.sign(response.azimuth)
        assert abs(rendered["interaural_time_difference"]) < 0.8e-3


@pytest.mark.parametrize("name", [ANECHOIC, SEMINAR])
def test_the_delay_is_the_one_that_real_sets_give(shared_data, name):
    folder = shared_data / "brir" / name
    with (folder / "index.csv").open(newline="", encoding="utf-8") as lines:
        given = [float(row["itd_us"]) for row in csv.DictReader(lines)]
    measured = [1e6 * response_delay(response.audio) for response in read_responses(str(folder))]
    np.testing.assert_allclose(measured, given, rtol=0, atol=80)


def test_resampling_keeps_the_delay_of_a_44_khz_set(shared_data):
    response = read_responses(str(shared_data / "brir" / SEMINAR))[-1]
    original, rate = soundfile.read(shared_data / "brir" / SEMINAR / response.file)
    assert rate == 44_100
    peak = np.abs(original).max(axis=1).argmax() / rate
    assert min(response.arrivals) / SAMPLE_RATE == pytest.approx(peak, abs=1.5e-4)
    assert response.audio.shape[1] / SAMPLE_RATE == pytest.approx(len(original) / rate, abs=1e-4)


def test_azimuths_are_wrapped_and_distances_may_be_absent(folder):
    assert [r.azimuth for r in read_responses(str(folder))] == [40.0, 0.0, -10.0]
    (folder / "index.csv").write_text("file,azimuth_deg\nleft.wav,-180\n")
    (response,) = read_responses(str(folder))
    assert response.azimuth == 180.0
    assert np.isnan(response.distance)


def test_an_index_saved_by_a_spreadsheet_is_read(folder):
    text = (folder / "index.csv").read_text()
    (folder / "index.csv").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert len(read_responses(str(folder))) == 3


def test_an_index_of_another_form_gives_the_same_responses(folder):
    (folder / "sub").mkdir()
    (folder / "left.wav").rename(folder / "sub" / "left.wav")
    (folder / "index.csv").write_text("File ; Azimuth_Deg\nsub\\left.wav;40\nahead.wav;0\n")
    assert [(r.file, r.azimuth) for r in read_responses(str(folder))] == [("sub/left.wav", 40.0), ("ahead.wav", 0.0)]
    (folder / "index.csv").write_text("file;azimuth_deg\nahead.wav;0,5\n")
    with pytest.raises(
        InputError, match=r"row of 'ahead\.wav': azimuth_deg '0,5' is not a number: write one with a point"
    ):
        read_responses(str(folder))


def write_wav(name: str, audio: np.ndarray) -> Callable[[Path], None]:
    return lambda folder: soundfile.write(folder / name, audio, SAMPLE_RATE, subtype="FLOAT")


def write_index(text: str) -> Callable[[Path], None]:
    return lambda folder: (folder / "index.csv").write_text(text) and None


BROKEN = {
    "no index": (
        lambda f: (f / "index.csv").unlink(),
        r"index\.csv does not exist: give a folder of stereo wavs",
    ),
    "no header": (
        write_index("left.wav,40\n"),
        r"index\.csv: no column file, azimuth_deg among 'left\.wav', '40': expected the columns file,azimuth_deg",
    ),
    "no rows": (write_index("file,azimuth_deg\n"), "and at least one row"),
    "empty": (write_index(" "), "and at least one row"),
    "no azimuth": (write_index("file,azimuth_deg\nleft.wav\n"), r"index\.csv, row of 'left\.wav'"),
    "word": (
        write_index("file,azimuth_deg\nleft.wav,left\n"),
        r"row of 'left\.wav': azimuth_deg 'left' is not a number",
    ),
    "nan angle": (
        write_index("file,azimuth_deg\nleft.wav,nan\n"),
        r"row of 'left\.wav': azimuth_deg nan is not an angle",
    ),
    "unknown file": (write_index("file,azimuth_deg\nlost.wav,3\n"), r"row of 'lost\.wav': .*lost\.wav"),
    "no audio": (lambda f: (f / "left.wav").write_text("sorry"), r"row of 'left\.wav': .*left\.wav"),
    "mono": (write_wav("left.wav", made_up(0)[:, 0]), r"left\.wav: expected two channels \(left, right\)"),
    "three": (write_wav("left.wav", np.ones((9, 3))), r"left\.wav: expected two channels"),
    "nan": (
        write_wav("left.wav", np.full((9, 2), np.nan)),
        r"left\.wav: .* of finite audio that is not silent",
    ),
    "listed twice": (
        write_index("file,azimuth_deg\nleft.wav,40\nahead.wav,0\n./left.wav,41\n"),
        r"index\.csv: 'left\.wav' and '\./left\.wav' have the same name: keep one row",
    ),
    "another encoding": (
        lambda f: (f / "index.csv").write_bytes("file,azimuth_deg\ncaf\u00e9.wav,40\n".encode("latin-1")),
        r"index\.csv: not a CSV file in UTF-8 \(.*\); save it as one",
    ),
    "silent": (write_wav("left.wav", np.zeros((9, 2))), r"left\.wav: .* of finite audio that is not silent"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_faults_are_named_in_one_line(folder, fault):
    break_it, message = BROKEN[fault]
    break_it(folder)
    with pytest.raises(InputError, match=message) as error:
        read_responses(str(folder))
    assert "\n" not in str(error.value)


# Rendering ------------------------------------------------------------------------------------------------------


def test_responses_vary_fastest_and_keep_their_labels(folder, corpus):
    plan = plan_of(read_responses(str(folder)), corpus, clips=3)
    rows = [plan.render(row) for row in range(plan.layout.rows)]
    assert [r["response"] for r in rows] == ["left.wav", "ahead.wav", "right.wav"] * 3
    assert [r["azimuth"] for r in rows] == [40.0, 0.0, -10.0] * 3
    assert len({r["sample_id"] for r in rows}) == 9
    assert rows[3]["sample_id"] == "hall/left/00001"
    assert {r["room"] for r in rows} == {"hall"}
    assert {r["distance"] for r in rows} == {2.5}


def test_the_delay_of_the_response_is_stored_and_can_be_heard(folder, corpus):
    plan = plan_of(read_responses(str(folder)), corpus)
    for row, samples in enumerate((6, 0, -2)):
        rendered = plan.render(row)
        assert rendered["interaural_time_difference"] == pytest.approx(samples / SAMPLE_RATE, abs=3e-6)
        correlation = phase_transform_correlation(*rendered["audio"].astype(float), 20)
        assert parabolic_peak(correlation) - 20 == pytest.approx(samples, abs=0.2)
        left, right = (np.abs(channel).max() for channel in rendered["audio"].astype(int))
        assert left / right == pytest.approx(2.0, rel=0.02)


def test_a_dataset_of_responses_is_whole_and_renders_again(folder, corpus, tmp_path_factory):
    plan = plan_of(read_responses(str(folder)), corpus)
    url = str(tmp_path_factory.mktemp("brir") / "hall.zarr")
    generate(plan, url)
    dataset = Dataset(url)
    assert dataset.name == "brir"
    assert len(dataset) == 6
    assert rerender_differences(plan, dataset, [5, 0]) == []
    assert "rt60_nominal" not in dataset
    assert dataset.attributes["engine"] == {"name": "measured", "responses": 3, "location": "somewhere"}


def test_the_digest_names_audio_and_labels_but_not_the_place(folder, tmp_path_factory):
    original = responses_digest(read_responses(str(folder)))
    copy = tmp_path_factory.mktemp("elsewhere") / "copy"
    shutil.copytree(folder, copy)
    assert responses_digest(read_responses(str(copy))) == original
    index = (copy / "index.csv").read_text()
    (copy / "index.csv").write_text(index.replace(",40,", ",41,"))
    assert responses_digest(read_responses(str(copy))) != original
    (copy / "index.csv").write_text(index)
    soundfile.write(copy / "left.wav", made_up(7), SAMPLE_RATE, subtype="FLOAT")
    assert responses_digest(read_responses(str(copy))) != original


def test_files_of_one_name_in_two_folders_are_two_responses(folder, corpus):
    for name in ("a", "b"):
        (folder / name).mkdir()
        shutil.copy(folder / "left.wav", folder / name / "x.wav")
    (folder / "index.csv").write_text("file,azimuth_deg\na/x.wav,40\n./b/x.wav,41\n")
    plan = plan_of(read_responses(str(folder)), corpus, clips=1)
    assert [plan.render(row)["sample_id"] for row in (0, 1)] == ["hall/a/x/00000", "hall/b/x/00000"]


def test_a_renamed_folder_sounds_the_same(folder, speech_folder, tmp_path_factory):
    plans = []
    for name in ("office", "library"):
        copy = tmp_path_factory.mktemp("copies") / name
        shutil.copytree(folder, copy)
        plans.append(plan_brir(str(copy), str(speech_folder), clips=2, seed=3))
    for row in range(6):
        one, other = (plan.render(row) for plan in plans)
        np.testing.assert_array_equal(one["audio"], other["audio"])
        assert (one["room"], other["room"]) == ("office", "library")
        assert one["sample_id"].removeprefix("office") == other["sample_id"].removeprefix("library")
    assert not np.array_equal(plans[0].render(0)["audio"], plans[0].render(3)["audio"])


@pytest.mark.parametrize(("name", "promised"), [(ANECHOIC, 98), (SEMINAR, 96)])
def test_the_side_is_heard_as_promised_on_real_heads(shared_data, tmp_path, name, promised):
    """GCC-PHAT on 0.48 s of real speech through measured heads, 20 clips a response."""
    responses, speech = shared_data / "brir" / name, shared_data / "speech"
    for source in (responses, speech):
        if not source.is_dir():
            pytest.skip(f"{source} does not exist")
    generate(plan_brir(str(responses), str(speech), clips=20), str(tmp_path / "heads.zarr"))
    run = bench("left-right", str(tmp_path / "heads.zarr"), tmp_path / "run", methods=["gcc-phat"], report=False)
    (row,) = run.results.find(method="gcc-phat", metric="binary_accuracy", clip_seconds=0.48)
    assert row.value >= promised
