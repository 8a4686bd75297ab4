"""Sets of two talkers: places, delays and voices against what was asked for, and corpora that do not serve."""

import numpy as np
import pytest
import soundfile
from conftest import babble

from whence.cli import main
from whence.conventions import SAMPLE_RATE, SPEED_OF_SOUND
from whence.datagen.acoustics.cross_correlation import parabolic_peak, phase_transform_correlation
from whence.datagen.dataset import Dataset
from whence.datagen.pipeline import generate, rerender_differences
from whence.datagen.talkers import CLIP_SAMPLES, QUERY_SAMPLES, plan_talkers
from whence.datagen.tde import ROOMS
from whence.errors import InputError


@pytest.fixture(scope="module")
def plan(speech_folder):
    return plan_talkers(str(speech_folder), clips=3, rt60=(0.0,))


@pytest.fixture(scope="module")
def rendered(plan, tmp_path_factory) -> Dataset:
    url = str(tmp_path_factory.mktemp("talkers") / "pairs.zarr")
    generate(plan, url)
    return Dataset(url)


def test_both_talkers_stand_at_one_distance_in_different_directions(rendered):
    microphones, sources = rendered.column("microphone_position"), rendered.column("source_position")
    away = np.linalg.norm(sources - microphones.mean(axis=1)[:, None], axis=-1)
    assert away == pytest.approx(np.repeat(rendered.column("distance")[:, None], 2, axis=1))
    paths = np.linalg.norm(sources[:, :, None] - microphones[:, None], axis=-1)
    delays = (paths[..., 1] - paths[..., 0]) / SPEED_OF_SOUND
    assert rendered.column("interaural_time_difference") == pytest.approx(delays, abs=1e-12)
    azimuth = rendered.column("azimuth")
    assert (np.abs(azimuth[:, 0] - azimuth[:, 1]) > 1).all()
    assert (np.sign(azimuth) == np.sign(delays)).all()
    assert list(rendered.column("room")[:3]) == list(ROOMS)


def test_each_image_is_heard_with_its_delay(rendered):
    heard = rendered.audio(range(len(rendered)))
    assert heard.shape == (9, 2, 2, CLIP_SAMPLES)
    assert np.abs(heard).max(axis=(2, 3)) == pytest.approx(np.ones((9, 2)), abs=1e-4)
    lags = [
        parabolic_peak(phase_transform_correlation(left, right, 24)) - 24
        for left, right in heard.reshape(18, 2, CLIP_SAMPLES)
    ]
    assert lags == pytest.approx(rendered.column("interaural_time_difference").ravel() * SAMPLE_RATE, abs=0.3)


def test_a_query_is_another_clip_of_the_same_voice(rendered):
    said, asked = rendered.column("utterance"), rendered.column("query_utterance")
    speaker = rendered.column("speaker")
    assert (said != asked).all()
    assert (speaker[:, 0] != speaker[:, 1]).all()
    for names in (said, asked):  # the folder of a file is its speaker
        assert [name.split("/")[0] for name in names.ravel()] == speaker.ravel().tolist()
    queries = rendered.column("query")
    assert queries.shape == (9, 2, QUERY_SAMPLES)
    assert np.abs(queries).max(axis=2).min() == 32767


def test_rows_can_be_rendered_again(rendered, plan):
    assert rerender_differences(plan, rendered, [0, 4]) == []


def test_a_corpus_needs_two_known_voices_with_two_clips(tmp_path):
    rng = np.random.default_rng(1)
    for name in ("ann/1", "ann/2", "bob/1", "cat/1"):
        path = tmp_path / "speech" / f"{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, babble(1.7, rng), SAMPLE_RATE)
    with pytest.raises(InputError, match=r"1 known speakers have two clips or more; two talkers .* need 2"):
        plan_talkers(str(tmp_path / "speech"), clips=1)
    soundfile.write(tmp_path / "speech" / "bob/2.wav", babble(1.7, rng), SAMPLE_RATE)
    drawn = plan_talkers(str(tmp_path / "speech"), clips=4, rt60=(0.0,))
    voices = {drawn.corpus.clips[k].speaker for row in range(12) for k in drawn.scene(row).utterances}
    assert voices == {"ann", "bob"}


def test_the_command_makes_either_set_and_refuses_the_published_stream(speech_folder, tmp_path, capsys):
    command = ["generate", "tde", str(tmp_path / "pairs.zarr"), "--speech", str(speech_folder), "--clips", "1"]
    with pytest.raises(SystemExit, match="0"):
        main([*command, "--rt60", "0", "--talkers", "2", "--workers", "1"])
    assert Dataset(str(tmp_path / "pairs.zarr")).name == "talkers"
    with pytest.raises(SystemExit, match="2"):
        main([*command, "--talkers", "2", "--protocol", "paper"])
    assert "--talkers 2: every row is drawn independently" in capsys.readouterr().err
