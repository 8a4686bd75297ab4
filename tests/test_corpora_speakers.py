"""Who speaks: as the corpora lay out their files, as an index says in whatever form, or unknown and said to be."""

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from whence.benchmarks.display.inspection import licences
from whence.benchmarks.questions.labels import voice_name
from whence.cli import app
from whence.commands.rendering import describe_speech
from whence.datagen.corpora import UNKNOWN, open_corpus, reopen_corpus
from whence.datagen.corpora.layouts import speaker_of
from whence.datagen.dataset import Dataset
from whence.datagen.dry_clips import DryClips, DryRecipe
from whence.datagen.stereo import describe_corpus
from whence.errors import InputError


def spoken(folder, *names):
    """Write a second of a sound of its own under each of `names`."""
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        tone = 0.3 * np.sin(np.arange(32_000) * (0.1 + 0.01 * number))
        soundfile.write(folder / name, tone, 16_000)
    return folder


def speakers(folder):
    corpus = open_corpus(str(folder), minimum_seconds=1.0)
    return {clip.clip_id: (clip.speaker, clip.known_by) for clip in corpus.clips}


@pytest.mark.parametrize(
    ("name", "speaker", "known_by"),
    [
        ("LibriSpeech/test-clean/84/121123/84-121123-0001.flac", "84", "LibriSpeech"),
        ("test-clean/1089/134686/1089_134686_000001_000001.wav", "1089", "LibriTTS"),
        ("134686/1089_134686_000001_000001.wav", "1089", "LibriTTS"),
        ("libritts_1089_134686_000001_000001.wav", "1089", "LibriTTS"),
        ("train/audio/10058/10050/10058_10050_000003.flac", "10058", "Multilingual LibriSpeech"),
        ("10050/10058_10050_000003.opus", "10058", "Multilingual LibriSpeech"),
        ("10058_10050_000003.flac", "10058", "Multilingual LibriSpeech"),
        ("wav/id10270/5r0dWxy17C8/00001.wav", "id10270", "VoxCeleb"),
        ("dev/aac/id00012/21Uxsk56VDQ/00001.m4a", "id00012", "VoxCeleb"),
        ("id10270-5r0dWxy17C8-00001.wav", "id10270", "VoxCeleb"),
        ("5r0dWxy17C8/00001.wav", "5r0dWxy17C8", UNKNOWN),
        ("wav48/p225/p225_001.wav", "p225", "VCTK"),
        ("wav48_silence_trimmed/s5/s5_001_mic2.flac", "s5", "VCTK"),
        ("p376_295_mic1.flac", "p376", "VCTK"),
        ("anna/p100_001.wav", "anna", "folder names"),
        ("noisy_testset_wav/p232_001.wav", "p232", "VoiceBank-DEMAND"),
        ("clean_trainset_28spk_wav/p226_001.wav", "p226", "VoiceBank-DEMAND"),
        ("TRAIN/DR1/FCJF0/SA1.WAV", "FCJF0", "TIMIT"),
        ("data/train/dr1/fcjf0/sx37.wav", "fcjf0", "TIMIT"),
        ("TEST/DR8/MSLB0/SI1193.WAV.wav", "MSLB0", "TIMIT"),
        ("cmu_us_slt_arctic/wav/arctic_a0001.wav", "slt", "CMU ARCTIC"),
        ("l2arctic_release_v5/ABA/wav/arctic_b0539.wav", "ABA", "L2-ARCTIC"),
        ("wav/arctic_a0001.wav", "wav/arctic_a0001", UNKNOWN),
        ("clips/common_voice_en_100.mp3", "clips/common_voice_en_100", UNKNOWN),
        ("bed/0a7c2a8d_nohash_0.wav", "0a7c2a8d", "Speech Commands"),
        ("hi_fi_tts_v0/audio/92_clean/15308/newyear_05_foolish_0013.flac", "92", "HiFiTTS"),
        ("audio/6670_other/10252/a_book_01_x_0001.flac", "6670", "HiFiTTS"),
        ("LJSpeech-1.1/wavs/LJ001-0001.wav", "LJ", "LJSpeech"),
        ("LJ050-0278.wav", "LJ", "LJSpeech"),
        ("en_US/by_book/female/judy_bieber/ozma_of_oz/wavs/ozma_01_f000001.wav", "judy_bieber", "M-AILABS"),
        ("session1/1.wav", "session1", UNKNOWN),
        ("train/chapter_02/1.wav", "chapter_02", UNKNOWN),
        ("2024-01-31/1.wav", "2024-01-31", UNKNOWN),
        ("DR1/SA1.WAV", "DR1", UNKNOWN),
        ("setsuko/1.wav", "setsuko", "folder names"),
        ("ann/1.wav", "ann", "folder names"),
        ("train-clean-100/ann/1.wav", "ann", "folder names"),
        ("ann/monday/1.wav", "ann", UNKNOWN),
        ("train/1.wav", "train/1", UNKNOWN),
        ("castanets.flac", "castanets", UNKNOWN),
    ],
)
def test_layouts(name, speaker, known_by):
    assert speaker_of(name) == (speaker, known_by)


def test_chapters_of_libritts_are_no_speakers(tmp_path):
    names = [f"test-clean/{s}/{c}/{s}_{c}_000000_000000.wav" for s in ("1089", "4446") for c in ("1", "2", "3")]
    assert {speaker for speaker, _ in speakers(spoken(tmp_path, *names)).values()} == {"1089", "4446"}


def test_common_voice_tells_its_speakers_in_tables(tmp_path):
    folder = spoken(tmp_path / "en", *(f"clips/common_voice_en_{k}.wav" for k in range(4)))
    head, row = "client_id\tpath\tsentence", "\tcommon_voice_en_{}.mp3\t"
    (folder / "validated.tsv").write_text(f'{head}\nanna{row.format(0)}"Oh\nanna{row.format(1)}no\n')
    (folder / "other.tsv").write_text(f"{head}\nbert{row.format(2)}So\n")
    (folder / "clips/common_voice_en_2.wav").rename(folder / "clips/common_voice_en_2.mp3.wav")
    (folder / "dev.tsv").write_text(f"{head}\n")
    expected = [("anna", "Common Voice"), ("anna", "Common Voice"), ("bert", "Common Voice")]
    assert list(speakers(folder).values()) == [*expected, ("clips/common_voice_en_3", UNKNOWN)]
    assert list(speakers(folder / "clips").values()) == [*expected, ("common_voice_en_3", UNKNOWN)]
    (folder / "validated.tsv").rename(folder / "Validated.TSV")
    assert list(speakers(folder).values())[:3] == expected
    (folder / "dev.tsv").write_text("speaker\tpath\n1\t2\n")
    with pytest.raises(InputError, match=r"dev\.tsv: no column client_id among 'speaker', 'path'"):
        speakers(folder)


INDEXES = {
    "semicolons": "path;speaker;licence\nwav/a.flac;anna;CC0\nwav/b.flac;bert;CC0\n",
    "backslashes": "path,speaker,licence\nwav\\a.flac,anna,CC0\n.\\wav\\b.flac,bert,CC0\n",
    "capitals and blanks": " File , Speaker ,LICENSE\n wav/a.flac , anna , CC0\nwav/b.flac,bert,CC0\n",
    "marked tabs": "\ufefffilename\tSpeaker ID\tlicence\r\nwav/a.flac\tanna\tCC0\r\nwav/b.flac\tbert\tCC0\r\n",
}


@pytest.mark.parametrize("form", INDEXES)
@pytest.mark.parametrize("called", ["index.csv", "Index.CSV"])
def test_an_index_of_any_form_is_read(tmp_path, form, called):
    folder = spoken(tmp_path, "wav/a.flac", "wav/b.flac")
    (folder / called).write_text(INDEXES[form], encoding="utf-8", newline="")
    corpus = open_corpus(str(folder), minimum_seconds=1.0)
    assert [(c.speaker, c.licence, c.known_by) for c in corpus.clips] == [
        ("anna", "CC0", called),
        ("bert", "CC0", called),
    ]
    assert corpus.skipped == ()


def test_accents_in_either_unicode_form_are_the_same_name(tmp_path):
    folder = spoken(tmp_path, "cafe\u0301.wav")
    (folder / "index.csv").write_text("path,speaker\ncaf\u00e9.wav,anna\n", encoding="utf-8")
    assert list(speakers(folder).values()) == [("anna", "index.csv")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,speaker\na.wav,anna\n", "no column path or file or filename or file_name among 'name', 'speaker'"),
        ("path,who\na.wav,anna\n", "no column speaker or .* among 'path', 'who'"),
        ("path,spkr,licence\na.wav,anna,CC0\n", "its column 'spkr' is not read: rename it to speaker"),
        ("path,speaker\nC:\\audio\\a.wav,anna\n", "names none of the audio files here, but C:/audio/a.wav"),
        ("path,speaker\na.wav,anna\n./a.wav,bert\n", "two rows contradict each other on ./a.wav"),
        ("path,speaker\n,anna\n", "a row has nothing in its column path"),
        ("path,speaker\n", "at least one row"),
    ],
)
def test_an_index_that_does_not_fit_is_refused(tmp_path, text, message):
    folder = spoken(tmp_path, "a.wav")
    (folder / "index.csv").write_text(text)
    with pytest.raises(InputError, match=message) as error:
        speakers(folder)
    assert "\n" not in str(error.value)


def test_tables_that_are_not_used_are_named(tmp_path):
    folder = spoken(tmp_path / "speech", "a.wav", "sub/wav/b.wav")
    (tmp_path / "index.csv").write_text("file,azimuth_deg\nx.wav,3\n")
    (folder / "MANIFEST.csv").write_text("path,licence\nlost.wav,CC0\na.wav,CC0\n")
    (folder / "sub" / "index.csv").write_text("path,speaker\nwav/b.wav,bert\n")
    assert open_corpus(str(folder), minimum_seconds=1.0).skipped == (
        "../index.csv: not used (no column speaker or speaker_id or client_id or licence or license among 'file', "
        "'azimuth_deg': expected the columns path or file or filename or file_name,speaker or speaker_id or client_id "
        "or licence or license and at least one row)",
        "MANIFEST.csv: 1 of its 2 rows name no file here, such as lost.wav",
        "sub/index.csv: not used (an index lies in the folder that is given, or in its parent)",
    )


def test_unknown_speakers_are_said_to_be(tmp_path):
    folder, url = spoken(tmp_path / "sounds", "a.wav", "b.wav", "c.wav"), str(tmp_path / "x.zarr")
    arguments = ["generate", "tde", url, "--speech", str(folder), "--clips", "1", "--rt60", "0.1", "--workers", "1"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0
    assert "speakers of 3 of 3 clips are unknown" in result.output
    dataset = Dataset(url)
    assert dataset.attributes["speech"]["speakers"] == 0
    assert licences(dataset).rows == [["folder, speakers unknown", "unknown", "3 clips"]]
    assert voice_name(dataset) == "voice"


def test_known_speakers_are_counted_with_how_they_are_known(tmp_path):
    names = ["p225_001.wav", "p225_002.wav", "p226_001.wav", "x.wav"]
    folder, url = spoken(tmp_path / "vctk", *names), str(tmp_path / "x.zarr")
    CliRunner().invoke(
        app, ["generate", "tde", url, "--speech", str(folder), "--clips", "1", "--rt60", "0.1", "--workers", "1"]
    )
    assert licences(Dataset(url)).rows == [
        ["folder, 2 speakers by VCTK, unknown for 1 of 4 clips", "unknown", "4 clips"]
    ]


@pytest.mark.parametrize(
    ("names", "shared"),
    [
        (["p225_001.wav", "p226_001.wav", "p227_001.wav"], False),
        (["p225_001.wav", "p226_001.wav"], True),
        (["p225_001.wav", "p226_001.wav", "x.wav"], "unknown"),
    ],
)
def test_splits_say_whether_they_share_speakers(tmp_path, names, shared):
    corpus = open_corpus(str(spoken(tmp_path, *names)), minimum_seconds=1.0)
    plan = DryClips(DryRecipe(seed=0, clips=5, corpus=corpus.digest), corpus)
    assert plan.provenance["speech"]["speakers_shared_by_splits"] == shared


def test_one_speaker_written_in_two_ways_that_look_the_same_is_one(tmp_path):
    folder = spoken(tmp_path, "a/1.wav", "a/2.wav", "a/3.wav")
    (folder / "index.csv").write_text(
        "path,\u200bSpeaker\na/1.wav,Jos\u00e9\na/2.wav,Jose\u0301\na/3.wav,Jos\u00e9\u200b\n", encoding="utf-8"
    )
    assert set(speakers(folder).values()) == {("Jos\u00e9", "index.csv")}


def test_columns_of_an_index_without_speakers_that_are_not_read_are_named(tmp_path):
    folder = spoken(tmp_path, "a/1.wav", "a/2.wav")
    (folder / "index.csv").write_text("path,Sprecher,licence\na/1.wav,x,cc\na/2.wav,y,cc\n")
    (note,) = open_corpus(str(folder), minimum_seconds=1.0).skipped
    assert note == "index.csv: names no speaker; not read: sprecher (a column speaker is)"


@pytest.mark.parametrize("called", ["index.tsv", "Index.TSV", "metadata.csv", "metadata.tsv"])
def test_tables_of_other_names_are_read(tmp_path, called):
    folder = spoken(tmp_path, "wav/a.flac", "wav/b.flac")
    (folder / called).write_text("file_name\tspeaker_id\nwav/a.flac\tanna\nwav/b.flac\tbert\n")
    assert list(speakers(folder).values()) == [("anna", called), ("bert", called)]


def test_an_index_with_tabs_must_fit_and_gives_way_to_one_with_commas(tmp_path):
    folder = spoken(tmp_path, "wav/a.flac")
    (folder / "index.tsv").write_text("file\twho\nwav/a.flac\tanna\n")
    with pytest.raises(InputError, match=r"index\.tsv: no column speaker"):
        speakers(folder)
    (folder / "index.tsv").write_text("file\tspeaker\nwav/a.flac\tanna\n")
    (folder / "index.csv").write_text("file,speaker\nwav/a.flac,bert\n")
    assert list(speakers(folder).values()) == [("bert", "index.csv")]


@pytest.mark.parametrize("called", ["index.xlsx", "index.csv.txt", "labels.csv", "utt2spk", "speaker-info.txt"])
def test_tables_that_are_not_read_are_named_where_nothing_else_tells(tmp_path, called):
    folder = spoken(tmp_path / "own", "x/y/a.wav")
    (folder / called).write_bytes(b"PK\x03\x04")
    why = f"{called}: not read (save it as index.csv with the columns path and speaker)"
    assert open_corpus(str(folder), minimum_seconds=1.0).skipped == (why,)
    known = spoken(tmp_path / "vctk", "p225_001.wav")
    (known / called).write_bytes(b"PK\x03\x04")
    assert open_corpus(str(known), minimum_seconds=1.0).skipped == ((why,) if called.startswith("index") else ())


def test_an_index_of_another_kind_is_named_in_the_parent_and_below_and_gives_way_to_one_that_is_read(tmp_path):
    folder = spoken(tmp_path / "speech", "ann/1.wav")
    for place in (tmp_path, folder, folder / "ann"):
        (place / "Index.xlsx").write_bytes(b"PK\x03\x04")
    above, own, deeper = open_corpus(str(folder), minimum_seconds=1.0).skipped
    assert above.startswith("../Index.xlsx: not read (save it as index.csv")
    assert own.startswith("Index.xlsx: not read")
    assert deeper.startswith("ann/Index.xlsx: not used (an index lies")
    (folder / "index.csv").write_text("path,speaker\nann/1.wav,ann\n")
    assert not [line for line in open_corpus(str(folder), minimum_seconds=1.0).skipped if line.startswith("Index")]


@pytest.mark.parametrize("nobody", ["NaN", "unknown", "n/a", "-"])
def test_what_tables_hold_for_nobody_is_no_speaker(tmp_path, nobody):
    folder = spoken(tmp_path, "a.wav", "b.wav")
    (folder / "index.csv").write_text(f"path,speaker,licence\na.wav,{nobody},{nobody}\nb.wav,{nobody},CC0\n")
    clips = open_corpus(str(folder), minimum_seconds=1.0).clips
    assert [(c.speaker, c.known_by, c.licence) for c in clips] == [("a", UNKNOWN, "unknown"), ("b", UNKNOWN, "CC0")]


def test_metadata_without_speakers_is_named_where_nothing_else_tells(tmp_path):
    text = "LJ001-0001|Printing, in the only sense|Printing, in the only sense\n"
    known, unknown = (spoken(tmp_path / name, f"wavs/{name}.wav") for name in ("LJ001-0001", "a"))
    for folder in (known, unknown):
        (folder / "metadata.csv").write_text(text)
    assert open_corpus(str(known), minimum_seconds=1.0).skipped == ()
    (remark,) = open_corpus(str(unknown), minimum_seconds=1.0).skipped
    assert remark.startswith("metadata.csv: not used (no column path")


@pytest.mark.parametrize("other", ["ann", "Ann ", "A.n.n", "ANN", "A\u0301nn"])
def test_speakers_whose_names_are_nearly_the_same_are_told(tmp_path, other):
    folder = spoken(tmp_path, "1.wav", "2.wav", "3.wav")
    (folder / "index.csv").write_text(f"path,speaker\n1.wav,Ann\n2.wav,{other}\n3.wav,Anna\n", encoding="utf-8")
    remarks = open_corpus(str(folder), minimum_seconds=1.0).skipped
    if other.strip() == "Ann":
        assert remarks == ()
    else:
        (remark,) = remarks
        assert "'Ann'" in remark
        assert "names nearly the same, counted as different speakers" in remark


def test_folders_of_speakers_that_are_nearly_the_same_are_told(tmp_path):
    folder = spoken(tmp_path, "Ann/1.wav", "ann/1.wav", "speaker 1/1.wav", "speaker_01/1.wav", "speaker_10/1.wav")
    remarks = open_corpus(str(folder), minimum_seconds=1.0).skipped
    assert [remark.split(":")[0] for remark in remarks] == ["'Ann', 'ann'", "'speaker 1', 'speaker_01'"]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["us/ann/monday/1.wav", "us/ann/sunday/2.wav", "us/bob/monday/3.wav"], ["ann", "ann", "bob"]),
        (["session1/ann/1.wav", "session2/bob/2.wav"], ["ann", "bob"]),
        (["train/ann/a/1.wav", "test/bob/a/2.wav"], ["ann", "bob"]),
        (["ann/1.wav", "bob/deep/2.wav"], ["ann", "bob"]),
        (["us/ann/1.wav", "us/ann/2.wav"], None),
        (["Training/ann/1.wav", "Training/bob/1.wav", "Testing/ann/2.wav"], ["ann", "bob", "ann"]),
        (["room1/mic1/ann/1.wav", "room2/mic2/ann/1.wav", "room1/mic1/bob/1.wav"], ["ann", "ann", "bob"]),
        (["male/p1/1.wav", "female/p2/1.wav"], ["p1", "p2"]),
        (["angry/1.wav", "happy/2.wav"], None),
        (["noisy/1.wav", "clean/1.wav"], None),
        (["train/sph/1.wav", "train/sph/2.wav"], None),
        (["cv-valid-train/sample-000000.wav", "cv-other-dev/sample-000000.wav"], None),
        (["en/1.wav", "de/1.wav"], None),
        (["en_US/1.wav", "de_DE/1.wav"], None),
        (["jo_ab/1.wav", "fe_mb/1.wav"], ["jo_ab", "fe_mb"]),
        (["us/chapter1/1.wav", "us/chapter2/2.wav"], None),
    ],
)
def test_the_outermost_folder_that_varies_names_the_speaker(tmp_path, names, expected):
    found = speakers(spoken(tmp_path, *names))
    named = [found[name][0] for name in names] if {by for _, by in found.values()} == {"folder names"} else None
    assert named == expected


def test_a_level_overrides_and_is_remembered(tmp_path):
    folder = spoken(tmp_path, "us/ann/monday/1.wav", "us/bob/sunday/2.wav", "us/bob/monday/3.wav")
    corpus = open_corpus(str(folder), minimum_seconds=1.0, speaker_level=3)
    assert [clip.speaker for clip in corpus.clips] == ["monday", "monday", "sunday"]
    recorded = describe_corpus(corpus)
    again = reopen_corpus(recorded, None, expected=corpus.digest, minimum_seconds=1.0, seed=0, count=None)
    assert again.clips == corpus.clips
    for source, level, said in (
        (str(folder), 4, "--speaker-level 4: no audio in .* lies so deep"),
        ("espeak", 1, "--speaker-level applies to a folder of speech, not to espeak"),
    ):
        with pytest.raises(InputError, match=said):
            open_corpus(source, minimum_seconds=1.0, speaker_level=level)


def test_speakers_by_folders_are_said_before_rendering(tmp_path, capsys):
    folder = spoken(tmp_path, "us/ann/monday/1.wav", "us/bob/sunday/2.wav")
    describe_speech(open_corpus(str(folder), minimum_seconds=1.0))
    assert "2 speakers, by the names of folders: ann, bob; " in capsys.readouterr().err
