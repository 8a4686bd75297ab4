"""Speech made by espeak-ng: always the same, and speech."""

import ctypes
import hashlib
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import espeakng_loader
import numpy as np
import pytest

from whence.datagen.corpora import espeak, open_corpus
from whence.datagen.corpora.sentences import sentence, text_of_at_least
from whence.datagen.corpora.voices import ACCENTS, BY_SPEAKER, MEN, WOMEN, Voice
from whence.errors import InputError


def sha256(sound: np.ndarray) -> str:
    return hashlib.sha256(sound.tobytes()).hexdigest()


def median_pitch(sound: np.ndarray) -> float:
    """Median over loud 40 ms frames of the strongest autocorrelation peak between 60 and 350 Hz."""
    lags = np.arange(16_000 // 350, 16_000 // 60)
    pitches = []
    for frame in sound[: len(sound) // 640 * 640].reshape(-1, 640):
        if np.sqrt(np.mean(frame**2)) > 0.03:
            correlation = np.correlate(frame, frame, "full")[639:]
            best = lags[np.argmax(correlation[lags])]
            if correlation[best] > 0.5 * correlation[0]:
                pitches.append(16_000 / best)
    return float(np.median(pitches))


def test_espeak_is_the_default_and_opens_at_once() -> None:
    corpus = open_corpus(None, minimum_seconds=1.0)
    assert corpus == open_corpus("espeak", minimum_seconds=1.0)
    assert (corpus.kind, corpus.location, corpus.skipped) == ("espeak", "", ())
    large = open_corpus("espeak", minimum_seconds=1.0, count=6_300)
    assert [clip.clip_id for clip in large.clips[:2]] == ["espeak/000000", "espeak/000001"]
    assert len({clip.speaker for clip in large.clips}) == 48
    assert large.clips[: len(corpus.clips)] == corpus.clips


def test_a_clip_is_the_same_in_any_order_and_in_another_process() -> None:
    corpus = open_corpus("espeak", minimum_seconds=2.0, seed=3, count=10)
    forward = [sha256(corpus.load(i)) for i in range(10)]
    backward = [sha256(corpus.load(i)) for i in reversed(range(10))]
    assert backward[::-1] == forward
    assert len(set(forward)) == 10
    program = (
        "import sys, pickle, hashlib\n"
        "corpus = pickle.load(sys.stdin.buffer)\n"
        "for i in (9, 2): print(hashlib.sha256(corpus.load(i).tobytes()).hexdigest())\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], input=pickle.dumps(corpus), stdout=subprocess.PIPE, check=True
    )
    assert run.stdout.decode().split() == [forward[9], forward[2]]


def test_breath_noise_depends_on_its_seed_alone() -> None:
    breathy = Voice("en-us", "f5", "female", pitch=50, rate=160)

    def speak(noise_seed: int) -> np.ndarray:
        return espeak.synthesize("A breath of fresh air.", breathy, seconds=1.0, noise_seed=noise_seed)[0]

    np.testing.assert_array_equal(speak(1), speak(1))
    assert sha256(speak(1)) != sha256(speak(2))


def test_clips_do_not_depend_on_the_count_but_on_the_seed() -> None:
    few, many = (open_corpus("espeak", minimum_seconds=1.0, count=count) for count in (2, 20))
    np.testing.assert_array_equal(few.load(1), many.load(1))
    other = open_corpus("espeak", minimum_seconds=1.0, count=2, seed=1)
    assert sha256(other.load(1)) != sha256(few.load(1))
    assert len({few.digest, many.digest, other.digest}) == 3


@pytest.mark.parametrize("minimum_seconds", [0.0, 4.0, 9.3])
def test_clips_are_long_enough_to_the_sample(minimum_seconds: float) -> None:
    corpus = open_corpus("espeak", minimum_seconds=minimum_seconds, count=4)
    for index, clip in enumerate(corpus.clips):
        sound = corpus.load(index)
        assert sound.shape == (clip.samples,)
        assert sound.dtype == np.float32
        assert clip.samples >= 16_000 * minimum_seconds


def test_it_sounds_like_speech_of_both_sexes() -> None:
    corpus = open_corpus("espeak", minimum_seconds=3.0, count=48)
    sounds = {clip.speaker: corpus.load(i) for i, clip in enumerate(corpus.clips)}
    assert len(sounds) == 48
    for sound in sounds.values():
        level = 20 * np.log10(np.sqrt(np.mean(sound**2)))
        assert -35 < level < -18
        assert np.abs(sound).max() < 0.8
        assert np.flatnonzero(np.abs(sound) > 0.003)[0] < 0.1 * 16_000
        assert sound[-1] == 0
        power = np.abs(np.fft.rfft(sound)) ** 2
        assert power[: len(power) // 2].sum() > 0.85 * power.sum()
        frames = np.sqrt(np.mean(sound.reshape(-1, 320) ** 2, axis=1))
        assert 0.6 < np.mean(frames > 0.01 * frames.max()) < 1.0
    pitch = {speaker: median_pitch(sound) for speaker, sound in sounds.items()}
    women = np.median([pitch[voice.speaker] for voice in WOMEN])
    men = np.median([pitch[voice.speaker] for voice in MEN])
    assert 80 < men < 135 < 165 < women < 260


def test_voices_are_distinct_and_both_sexes_alternate() -> None:
    assert len(BY_SPEAKER) == len(WOMEN) + len(MEN) == 48
    assert {voice.accent for voice in WOMEN} == {voice.accent for voice in MEN} == set(ACCENTS)
    corpus = open_corpus("espeak", minimum_seconds=1.0, count=4)
    assert [BY_SPEAKER[clip.speaker].sex for clip in corpus.clips] == ["female", "male"] * 2
    assert BY_SPEAKER["espeak-en-us+f1-p50"].rate == 160


def test_sentences_are_whole_and_various() -> None:
    rng = np.random.default_rng(0)
    sentences = {sentence(rng) for _ in range(200)}
    assert len(sentences) > 195
    for text in sentences:
        assert text[0].isupper()
        assert text[-1] in ".?"
        assert "{" not in text
        assert 6 <= text.count(" ") + 1 <= 20
    assert len(text_of_at_least(40, rng).split()) >= 40


def test_a_missing_library_is_named_with_its_fix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = open_corpus("espeak", minimum_seconds=1.0, count=1)
    monkeypatch.setattr(espeakng_loader, "get_library_path", lambda: str(tmp_path / "libespeak-ng.so"))
    with pytest.raises(InputError, match=r"cannot be loaded .*pip install --force-reinstall espeakng-loader"):
        corpus.load(0)
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    with pytest.raises(InputError, match="espeak-ng is not installed; install it: pip install espeakng-loader"):
        corpus.load(0)


def test_a_library_in_use_elsewhere_is_refused() -> None:
    corpus = open_corpus("espeak", minimum_seconds=1.0, count=1)
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    try:
        with pytest.raises(InputError, match="already in use in this process"):
            corpus.load(0)
    finally:
        espeak._ctypes.dlclose(library._handle)
    assert corpus.load(0).shape == (64_000,)


def test_another_engine_on_a_worker_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = open_corpus("espeak", minimum_seconds=1.0, count=1)
    monkeypatch.setattr(espeak, "engine_fingerprint", lambda: "another")
    with pytest.raises(InputError, match="install the same version of espeakng-loader on every worker"):
        corpus.load(0)


def test_a_deep_installation_makes_the_same_speech(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = open_corpus("espeak", minimum_seconds=1.0, count=1)
    expected = corpus.load(0)
    deep = tmp_path / ("x" * 100) / ("y" * 100)
    deep.mkdir(parents=True)
    (deep / "espeak-ng-data").symlink_to(espeakng_loader.get_data_path())
    monkeypatch.setattr(espeakng_loader, "get_data_path", lambda: str(deep / "espeak-ng-data"))
    np.testing.assert_array_equal(corpus.load(0), expected)


@pytest.mark.parametrize("lacking", ["*_dict", "!v", "linda", "phon*"])
def test_lacking_data_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lacking: str) -> None:
    data = tmp_path / "espeak-ng-data"
    shutil.copytree(espeakng_loader.get_data_path(), data, ignore=shutil.ignore_patterns(lacking))
    monkeypatch.setattr(espeakng_loader, "get_data_path", lambda: str(data))
    espeak.engine_fingerprint.cache_clear()
    with pytest.raises(InputError, match=r"espeak-ng .*; reinstall it: pip install --force-reinstall"):
        open_corpus("espeak", minimum_seconds=1.0, count=1)
    espeak.engine_fingerprint.cache_clear()


@pytest.mark.parametrize(("option", "value"), [("count", 0), ("seed", -1)])
def test_senseless_numbers_are_refused(option: str, value: int) -> None:
    with pytest.raises(InputError, match=f"{option}={value}"):
        open_corpus("espeak", minimum_seconds=1.0, **{option: value})
