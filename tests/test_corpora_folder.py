"""A folder as a corpus: what is decoded, what is skipped and why, and what the digest depends on."""

import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from whence.datagen.corpora import Corpus, open_corpus
from whence.datagen.corpora.layouts import speaker_of
from whence.errors import InputError

SHARED_SPEECH = Path(__file__).parents[2] / "shared" / "data" / "speech"
LEVEL, FREQUENCY = 0.25, 1000.0


def sine(seconds: float = 1.0, rate: int = 16_000, channels: int = 1) -> np.ndarray:
    """A 1 kHz sine of amplitude 0.25: (frames, channels)."""
    wave = LEVEL * np.sin(2 * np.pi * FREQUENCY * np.arange(round(seconds * rate)) / rate)
    return np.repeat(wave[:, None], channels, axis=1)


def opened(folder: Path, minimum_seconds: float = 0.5) -> Corpus:
    return open_corpus(str(folder), minimum_seconds=minimum_seconds)


def skipped(corpus: Corpus) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in corpus.skipped)


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_a_sine_keeps_its_frequency_level_and_length(tmp_path: Path, rate: int, channels: int) -> None:
    soundfile.write(tmp_path / "a.wav", sine(1.0, rate, channels), rate, subtype="FLOAT")
    corpus = opened(tmp_path)
    sound = corpus.load(0)
    assert sound.dtype == np.float32
    assert sound.shape == (corpus.clips[0].samples,) == (16_000,)
    middle = sound[2_000:14_000]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert np.argmax(spectrum) * 16_000 / len(middle) == pytest.approx(FREQUENCY, abs=1.0)
    assert np.sqrt(2 * np.mean(middle**2)) == pytest.approx(LEVEL, rel=2e-3)


@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        ("flac", {}),
        ("FLAC", {}),
        ("ogg", {}),
        ("opus", {"format": "OGG", "subtype": "OPUS"}),
        ("mp3", {}),
        ("aiff", {}),
        ("wav", {"subtype": "PCM_24"}),
        ("wav", {"subtype": "ULAW"}),
    ],
)
def test_each_format_is_decoded(tmp_path: Path, suffix: str, options: dict[str, str]) -> None:
    soundfile.write(tmp_path / f"a.{suffix}", sine(1.0, 48_000), 48_000, **options)
    sound = opened(tmp_path).load(0)
    assert np.sqrt(2 * np.mean(sound[2_000:14_000] ** 2)) == pytest.approx(LEVEL, rel=0.05)


def test_channels_are_averaged(tmp_path: Path) -> None:
    stereo = np.stack([np.full(16_000, 0.5), np.full(16_000, 0.1)], axis=1)
    soundfile.write(tmp_path / "a.wav", stereo, 16_000, subtype="FLOAT")
    np.testing.assert_allclose(opened(tmp_path).load(0), 0.3, atol=1e-6)


@pytest.fixture
def troubled(tmp_path: Path) -> Path:
    """A folder with one good clip and one file of each kind of fault."""
    good = sine()
    soundfile.write(tmp_path / "good.wav", good, 16_000)
    (tmp_path / "text.wav").write_text("this is no audio\n" * 50)
    (tmp_path / "empty.flac").touch()
    soundfile.write(tmp_path / "whole.flac", good, 16_000)
    whole = (tmp_path / "whole.flac").read_bytes()
    (tmp_path / "whole.flac").unlink()
    (tmp_path / "cut.flac").write_bytes(whole[: len(whole) // 2])
    soundfile.write(tmp_path / "nan.wav", np.where(np.arange(16_000) == 9, np.nan, 0.1), 16_000, subtype="FLOAT")
    soundfile.write(tmp_path / "inf.wav", np.where(np.arange(16_000) == 9, np.inf, 0.1), 16_000, subtype="FLOAT")
    soundfile.write(tmp_path / "silent.wav", np.zeros(16_000), 16_000)
    soundfile.write(tmp_path / "opposed.wav", good * [1, -1], 16_000)
    soundfile.write(tmp_path / "short.wav", sine(0.4), 16_000)
    soundfile.write(tmp_path / "slow.wav", np.ones(900) / 2, 500)
    (tmp_path / "gone.wav").symlink_to(tmp_path / "nowhere.wav")
    os.mkfifo(tmp_path / "pipe.wav")
    for name in ("README.md", "LICENSE", "table.csv", ".hidden.wav"):
        (tmp_path / name).write_text("not audio, and not meant to be")
    (tmp_path / ".cache").mkdir()
    soundfile.write(tmp_path / ".cache" / "hidden.wav", good, 16_000)
    return tmp_path


def test_each_fault_is_named(troubled: Path) -> None:
    corpus = opened(troubled)
    assert [clip.clip_id for clip in corpus.clips] == ["good.wav"]
    reasons = skipped(corpus)
    expected = {
        "text.wav": "not decodable",
        "empty.flac": "empty file",
        "cut.flac": "not decodable",
        "nan.wav": "NaN or infinite samples",
        "inf.wav": "NaN or infinite samples",
        "silent.wav": "silent",
        "opposed.wav": "silent",
        "short.wav": "too short (0.400 s, at least 0.5 s asked)",
        "slow.wav": "odd sample rate (500 Hz)",
        "gone.wav": "cannot be read (No such file or directory)",
        "pipe.wav": "not a regular file",
        "table.csv": "not read (save it as index.csv",
    }
    assert reasons.keys() == expected.keys()
    for name, reason in expected.items():
        assert reasons[name].startswith(reason)
    assert list(corpus.skipped) == sorted(corpus.skipped)


def test_nothing_left_is_one_line_with_counts_and_examples(troubled: Path) -> None:
    (troubled / "good.wav").unlink()
    with pytest.raises(
        InputError, match=r"none of its 11 audio files can be used: .*2 silent, e\.g\. opposed\.wav"
    ) as e:
        opened(troubled)
    assert "\n" not in str(e.value)


def test_the_minimum_is_inclusive(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", sine(0.5), 16_000)
    assert len(opened(tmp_path, 0.5).clips) == 1
    with pytest.raises(InputError, match="1 too short"):
        opened(tmp_path, 0.5001)


def test_m4a_needs_ffmpeg_and_uses_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for ffmpeg writes the wav: checked are the call, and what is said without it."""
    folder, tools = tmp_path / "audio", tmp_path / "bin"
    folder.mkdir()
    tools.mkdir()
    (folder / "a: b.m4a").write_bytes(b"m4a")
    monkeypatch.setenv("PATH", str(tools))
    with pytest.raises(InputError, match=r"m4a needs ffmpeg \(put ffmpeg on PATH, or convert"):
        opened(folder)
    soundfile.write(tools / "decoded.wav", sine(1.0, 44_100), 44_100)
    ffmpeg = tools / "ffmpeg"
    ffmpeg.write_text(f'#!/bin/sh\nfor last; do :; done\n/bin/cp "{tools}/decoded.wav" "$last"\n')
    ffmpeg.chmod(0o755)
    assert opened(folder).load(0).shape == (16_000,)
    ffmpeg.write_text("#!/bin/sh\necho 'moov atom not found' >&2\nexit 1\n")
    with pytest.raises(InputError, match=r"not decodable .ffmpeg: moov atom not found"):
        opened(folder)


def test_digest_is_of_the_content_and_not_of_the_place(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "elsewhere" / "there"
    (here / "Žofie").mkdir(parents=True)
    soundfile.write(here / "Žofie" / "日本 語.wav", sine(), 16_000)
    soundfile.write(here / "b.flac", sine(0.8), 16_000)
    shutil.copytree(here, there)
    first, second = opened(here), opened(there)
    assert first.digest == second.digest
    assert first.clips == second.clips
    assert [clip.clip_id for clip in first.clips] == ["b.flac", "Žofie/日本 語.wav"]
    assert first.clips[1].speaker == "Žofie"
    soundfile.write(there / "b.flac", sine(0.8) * 0.999, 16_000)
    assert opened(there).digest != first.digest
    (here / "b.flac").rename(here / "c.flac")
    assert opened(here).digest != first.digest


def test_pickled_corpus_loads_the_same(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", sine(1.0, 44_100), 44_100)
    corpus = opened(tmp_path)
    copy = pickle.loads(pickle.dumps(corpus))
    assert copy == corpus
    np.testing.assert_array_equal(copy.load(0), corpus.load(0))


def test_a_file_that_changed_or_vanished_is_noticed(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", sine(), 16_000)
    corpus = opened(tmp_path)
    soundfile.write(tmp_path / "a.wav", sine() * 0.9, 16_000)
    with pytest.raises(InputError, match=r"a\.wav: changed since the corpus was opened"):
        corpus.load(0)
    (tmp_path / "a.wav").write_text("no longer audio")
    with pytest.raises(InputError, match=r"a\.wav: was readable when the corpus was opened but is not now"):
        corpus.load(0)
    (tmp_path / "a.wav").unlink()
    with pytest.raises(InputError, match=r"not now: .*No such file"):
        corpus.load(0)


def test_link_loops_end_and_linked_folders_count_once(tmp_path: Path) -> None:
    folder, outside = tmp_path / "corpus", tmp_path / "outside"
    (folder / "a").mkdir(parents=True)
    outside.mkdir()
    soundfile.write(folder / "a" / "x.wav", sine(), 16_000)
    soundfile.write(outside / "y.wav", sine(), 16_000)
    (folder / "a" / "back").symlink_to(folder)
    (folder / "linked").symlink_to(outside)
    (outside / "loop").symlink_to(outside)
    assert [clip.clip_id for clip in opened(folder).clips] == ["a/x.wav", "linked/y.wav"]


def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lost+found").mkdir()
    soundfile.write(tmp_path / "a.wav", sine(), 16_000)
    scandir = os.scandir

    def refuse(path: str) -> object:
        if Path(path).name == "lost+found":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert opened(tmp_path).skipped == ("lost+found: folder cannot be read (Permission denied)",)


def test_a_name_that_is_not_utf8_is_skipped(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", sine(), 16_000)
    shutil.copy(tmp_path / "a.wav", os.fsencode(tmp_path) + b"/b\xff.wav")
    assert opened(tmp_path).skipped == ("b\\xff.wav: file name is not UTF-8 (rename it)",)


@pytest.mark.parametrize("minimum_seconds", [-1.0, float("nan"), float("inf")])
def test_a_senseless_minimum_is_refused(tmp_path: Path, minimum_seconds: float) -> None:
    with pytest.raises(InputError, match="minimum_seconds="):
        opened(tmp_path, minimum_seconds)


def test_wrong_places_are_explained(tmp_path: Path) -> None:
    (tmp_path / "speech").mkdir()
    (tmp_path / "a.wav").touch()
    with pytest.raises(InputError, match=r"speach: no such folder, did you mean .*/speech\?"):
        opened(tmp_path / "speach")
    with pytest.raises(InputError, match="did you mean espeak"):
        open_corpus("espaek", minimum_seconds=1.0)
    with pytest.raises(InputError, match=r"a\.wav: a file; give the folder that holds the audio"):
        opened(tmp_path / "a.wav")
    with pytest.raises(InputError, match=r"no audio file in it or below \(.*\.wav"):
        opened(tmp_path / "speech")


@pytest.mark.parametrize(
    ("name", "speaker"),
    [
        ("84/121123/84-121123-0001.flac", "84"),
        ("libri_1034-121119-0000.flac", "1034"),
        ("arctic_aew_a0001.flac", "aew"),
        ("cmu_arctic_us_aew_b0123.wav", "aew"),
        ("cmu_us_slt_arctic/wav/arctic_a0001.wav", "slt"),
        ("TRAIN/DR1/FCJF0/SA1.WAV", "FCJF0"),
        ("wav48/p225/p225_001.wav", "p225"),
        ("2026-11-21.wav", "2026-11-21"),
    ],
)
def test_speakers_from_names(name: str, speaker: str) -> None:
    assert speaker_of(name)[0] == speaker


def test_the_nearest_index_tells_speaker_and_licence(tmp_path: Path) -> None:
    folder = tmp_path / "speech"
    (folder / "x").mkdir(parents=True)
    for name in ("a.wav", "b.wav", "x/c.wav"):
        soundfile.write(folder / name, sine(), 16_000)
    (tmp_path / "MANIFEST.csv").write_text(
        "path,licence,speaker\nspeech/a.wav,CC0,ann\nspeech/b.wav,CC0,ben\nother/a.wav,none,nobody\n"
    )
    (folder / "index.csv").write_text("\ufefffile,license\nb.wav,MIT\n", encoding="utf-8")
    clips = opened(folder).clips
    assert [(c.speaker, c.licence) for c in clips] == [("ann", "CC0"), ("b", "MIT"), ("x", "unknown")]
    (folder / "index.csv").write_bytes(b"file,license\nb.wav,\xff\xfe\n")
    with pytest.raises(InputError, match=r"index\.csv: not a CSV file in UTF-8"):
        opened(folder)


@pytest.mark.skipif(not SHARED_SPEECH.is_dir(), reason="the shared speech recordings are not here")
def test_the_shared_speech() -> None:
    corpus = open_corpus(str(SHARED_SPEECH), minimum_seconds=2.0)
    assert (len(corpus.clips), corpus.skipped) == (197, ())
    speakers = {clip.speaker for clip in corpus.clips}
    assert len(speakers - {"sms_speech-male"}) == 154
    licences = {clip.licence for clip in corpus.clips if clip.clip_id.startswith("libri_")}
    assert licences == {"CC BY 4.0 (LibriSpeech, OpenSLR SLR12)"}
    for index in (0, 100, 196):
        expected, rate = soundfile.read(SHARED_SPEECH / corpus.clips[index].clip_id, dtype="float32")
        assert rate == 16_000
        np.testing.assert_array_equal(corpus.load(index), expected)


def test_speakers_and_licences_are_part_of_the_digest(tmp_path):
    """A dataset stores the speaker, so another speaker must make another recipe."""
    rng = np.random.default_rng(0)
    (tmp_path / "speech").mkdir()
    soundfile.write(tmp_path / "speech" / "one.wav", 0.1 * rng.standard_normal(32_000), 16_000)
    bare = open_corpus(str(tmp_path / "speech"), minimum_seconds=1.0)
    (tmp_path / "index.csv").write_text("path,speaker\nspeech/one.wav,ann\n")
    named = open_corpus(str(tmp_path / "speech"), minimum_seconds=1.0)
    assert (bare.clips[0].speaker, named.clips[0].speaker) == ("one", "ann")
    assert bare.digest != named.digest
