"""Random rooms: never a test room or a test speaker, true delays, the same bytes for everyone."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from whence.conventions import SAMPLE_RATE
from whence.datagen.corpora import open_corpus
from whence.datagen.corpora.holdout import PARTS, part_of, spoken_by
from whence.datagen.dataset import Dataset
from whence.datagen.pipeline import generate
from whence.datagen.random_rooms import LARGEST, SMALLEST, draw_scene, plan_random_rooms
from whence.datagen.tde import ROOMS, plan_tde
from whence.datagen.verification import verify_dataset
from whence.digests import generator_for
from whence.errors import InputError
from whence.registry import load


@pytest.fixture(scope="module")
def rooms():
    return plan_random_rooms("espeak", train_clips=40, val_clips=10)


def test_speakers_are_split_by_name_alone_and_test_speakers_never_occur(rooms):
    parts = {speaker: part_of(speaker) for speaker in {clip.speaker for clip in rooms.corpus.clips}}
    rows = [rooms.render(row) for row in range(rooms.layout.rows)]
    assert {parts[row["speaker"]] for row in rows if row["split"] == "train"} == {"train"}
    assert {parts[row["speaker"]] for row in rows if row["split"] == "val"} == {"val"}
    assert [row["split"] for row in rows] == ["train"] * 40 + ["val"] * 10


def test_the_parts_are_a_partition_of_the_corpus():
    whole = open_corpus("espeak", minimum_seconds=1.5, count=96)
    parts = [spoken_by(whole, part) for part in PARTS]
    assert sorted(clip.clip_id for part in parts for clip in part.clips) == [clip.clip_id for clip in whole.clips]
    assert len({part.digest for part in parts} | {whole.digest}) == 4
    shares = [sum(part_of(f"speaker {k}") == part for k in range(4000)) / 4000 for part in PARTS]
    assert shares == pytest.approx([0.7, 0.1, 0.2], abs=0.03)


SPACINGS = """
from whence.datagen.random_rooms import draw_scene
from whence.digests import generator_for
print(*(draw_scene(generator_for(0, f"train/{k:06d}")).spacing.hex() for k in range(200)))
"""


INFORMATION = Path("/proc/cpuinfo")
AVX_512 = pytest.mark.skipif(
    not INFORMATION.exists() or "avx512f" not in INFORMATION.read_text().split(),
    reason="this processor cannot run what BLAS has for AVX-512",
)


@pytest.mark.parametrize("processor", ["Prescott", pytest.param("SkylakeX", marks=AVX_512)])
def test_no_processor_moves_a_last_bit_of_the_spacing(processor):
    """BLAS multiplies and adds in one step on some processors; it can be told which one to run for."""
    environment = {**os.environ, "OPENBLAS_CORETYPE": processor}
    there = subprocess.run(
        [sys.executable, "-c", SPACINGS], env=environment, capture_output=True, text=True, check=True
    ).stdout.split()
    scenes = [draw_scene(generator_for(0, f"train/{k:06d}")) for k in range(200)]
    across = [np.subtract(*scene.array.microphones).tolist() for scene in scenes]
    assert there == [((x * x + y * y + z * z) ** 0.5).hex() for x, y, z in across]


def test_scenes_lie_inside_their_room_which_is_no_test_room():
    scenes = [draw_scene(np.random.default_rng(k)) for k in range(300)]
    for scene in scenes:
        size = np.array(scene.array.dimensions)
        for point in (*scene.array.microphones, scene.source):
            assert ((point > 0) & (point < size)).all()
        assert ((size >= SMALLEST) & (size <= LARGEST)).all()
        assert min(np.abs(size - np.array(room.dimensions)).max() for room in ROOMS.values()) >= 0.1
        assert 0.1 <= scene.spacing <= 0.4
        assert scene.array.interaural_time_difference(scene.source) * scene.azimuth >= 0
    assert {scene.walls.order == 0 for scene in scenes} == {True, False}


def test_the_delay_is_that_of_the_sound_where_there_is_no_reverberation(rooms):
    dry = [row for row in map(rooms.render, range(rooms.layout.rows)) if row["rt60_sabine"] == 0.0]
    assert dry
    for row in dry:
        left, right = row["audio"].astype(float)
        spectrum = np.fft.rfft(left, 65536).conj() * np.fft.rfft(right, 65536)
        correlation = np.fft.irfft(spectrum / (np.abs(spectrum) + 1e-9), 16 * 65536)
        lag = (np.argmax(np.roll(correlation, 800)) - 800) / 16
        assert lag == pytest.approx(row["interaural_time_difference"] * SAMPLE_RATE, abs=0.2)


def test_the_set_is_verified_and_planned_again(tmp_path, rooms):
    path = str(tmp_path / "rooms.zarr")
    generate(rooms, path)
    dataset = Dataset(path)
    heard = dataset.attributes["speech"]["speakers_heard"]
    assert heard["train"] > heard["val"] >= 1
    assert [check for check in verify_dataset(dataset) if not check.passed] == []


def test_a_corpus_without_validation_speakers_is_refused(tmp_path):
    import soundfile

    for number in range(2):
        soundfile.write(tmp_path / f"{number}.wav", np.random.default_rng(number).normal(0, 0.1, 32000), 16000)
    with pytest.raises(InputError, match=r"none of its 2 speakers falls into the part '(train|val)'"):
        plan_random_rooms(str(tmp_path), train_clips=4, val_clips=2)


def test_a_test_set_may_be_limited_to_test_speakers(tmp_path):
    plan = plan_tde("espeak", clips=4, speakers="test")
    assert {part_of(clip.speaker) for clip in plan.corpus.clips} == {"test"}
    assert plan.recipe["speakers"] == "test"
    assert "speakers" not in plan_tde("espeak", clips=4).recipe
    path = str(tmp_path / "tde.zarr")
    generate(plan_tde("espeak", clips=1, rt60=(0.1,), speakers="test"), path)
    again = load("whence.datagen.tde:replan")(Dataset(path), {})
    assert again.corpus.digest == plan_tde("espeak", clips=1, rt60=(0.1,), speakers="test").corpus.digest
