"""Recordings for `--sounds DIR`: folders and ESC-50, what is left out and why, parts that never share a recording."""

import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from whence.datagen.corpora.holdout import PARTS, part_of
from whence.datagen.sounds import KINDS, open_sounds, reopen_sounds
from whence.datagen.sounds.categories import ALSO_CALLED, kind_of
from whence.digests import stable_hash
from whence.errors import InputError

ESC50 = {
    "dog": "dog",
    "rooster": None,
    "cat": "cat",
    "rain": None,
    "water_drops": None,
    "pouring_water": "tap",
    "crying_baby": "baby",
    "sneezing": "person",
    "clapping": "person",
    "coughing": "person",
    "footsteps": "person",
    "laughing": "person",
    "door_wood_knock": None,
    "washing_machine": "washing-machine",
    "vacuum_cleaner": "vacuum-cleaner",
    "clock_alarm": "alarm-clock",
    "clock_tick": "wall-clock",
    "siren": None,
}
"""Categories of ESC-50, and the kind that each is."""


def write(path: Path, seconds: float = 1.0, rate: int = 16_000, seed: int | None = None, **options: str) -> None:
    """A noise at `path`, another one for every path."""
    rng = np.random.default_rng(stable_hash(str(path)) if seed is None else seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, 0.1 * rng.standard_normal(round(seconds * rate)), rate, **options)


def test_every_common_spelling_is_a_kind_and_no_name_means_two():
    names = [name for kind in KINDS for name in (kind, *ALSO_CALLED[kind])]
    assert set(ALSO_CALLED) == set(KINDS)
    assert len(names) == len(set(names))
    for spelt, kind in [
        ("Vacuum Cleaner", "vacuum-cleaner"),
        ("101 - Dog", "dog"),
        ("clock_alarm", "alarm-clock"),
        ("Telephone bell ringing", "telephone"),
        ("baby cry, infant cry", "baby"),
        ("Water tap, faucet", "tap"),
        ("Frying (food)", "frying-pan"),
        ("Dogs", "dog"),
    ]:
        assert kind_of(spelt) == kind
    assert all(kind_of(name) == kind for kind in KINDS for name in (kind, *ALSO_CALLED[kind]))


def test_a_folder_for_each_category(tmp_path):
    write(tmp_path / "dog" / "a.wav", rate=44_100)
    write(tmp_path / "Vacuum_Cleaner" / "b.flac")
    write(tmp_path / "train" / "crying_baby" / "c.ogg")
    write(tmp_path / "rain" / "d.wav")
    write(tmp_path / "kettel" / "e.wav")
    write(tmp_path / "loose.wav")
    sounds = open_sounds(tmp_path)
    found = dict(zip((clip.clip_id for clip in sounds.corpus.clips), sounds.kinds, strict=True))
    assert found == {"Vacuum_Cleaner/b.flac": "vacuum-cleaner", "dog/a.wav": "dog", "train/crying_baby/c.ogg": "baby"}
    assert sounds.load(sounds.kinds.index("dog")).shape == (16_000,)
    assert sounds.remarks == (
        "kettel: 1 file left out, no kind of that name, did you mean kettle?",
        "rain: 1 file left out, no kind of that name",
        "1 file outside of any category folder, such as loose.wav",
    )
    assert sounds.record()["clips"] == {"vacuum-cleaner": 1, "dog": 1, "baby": 1}
    assert pickle.loads(pickle.dumps(sounds)) == sounds


def test_unusable_files_and_copies_are_named_and_left_out(tmp_path):
    write(tmp_path / "dog" / "good.wav", seed=1)
    shutil.copy(tmp_path / "dog" / "good.wav", tmp_path / "dog" / "zcopy.wav")
    write(tmp_path / "dog" / "narrow.wav", rate=8_000)
    write(tmp_path / "dog" / "short.wav", seconds=0.1)
    soundfile.write(tmp_path / "dog" / "silent.wav", np.zeros(16_000), 16_000)
    (tmp_path / "dog" / "broken.wav").write_bytes(b"RIFF")
    sounds = open_sounds(tmp_path)
    assert [clip.clip_id for clip in sounds.corpus.clips] == ["dog/good.wav"]
    why = dict(line.split(": ", 1) for line in sounds.remarks)
    assert why["dog/narrow.wav"] == "sample rate too low (8000 Hz, at least 16000 Hz asked)"
    assert why["dog/short.wav"].startswith("too short")
    assert why["dog/silent.wav"].startswith("silent")
    assert why["dog/broken.wav"].startswith("not decodable")
    assert why["dog/zcopy.wav"] == "same sound as dog/good.wav"


def esc50(folder: Path) -> None:
    """ESC-50's layout: two takes of one recording for each category."""
    rows = ["filename,fold,target,category,esc10,src_file,take"]
    for target, category in enumerate(ESC50):
        for take in "AB":
            name = f"1-{1000 + target}-{take}-{target}.wav"
            write(folder / "audio" / name, 0.3)
            rows.append(f"{name},1,{target},{category},False,{1000 + target},{take}")
    (folder / "meta").mkdir()
    (folder / "meta" / "esc50.csv").write_text("\n".join(rows))


def test_esc_50(tmp_path):
    esc50(tmp_path)
    sounds = open_sounds(tmp_path)
    assert sorted(sounds.kinds) == sorted([kind for kind in ESC50.values() if kind] * 2)
    takes = [clip.speaker for clip, kind in zip(sounds.corpus.clips, sounds.kinds, strict=True) if kind == "dog"]
    assert takes == ["freesound/1000"] * 2
    assert "door_wood_knock: 2 files left out, no kind of that name" in sounds.remarks
    assert sounds.record()["licences"] == {"CC BY-NC 3.0": 26}
    with (tmp_path / "meta" / "esc50.csv").open("a") as table:
        table.write("\nlost.wav,1,0,dog,False,1,A")
    write(tmp_path / "audio" / "unlisted.wav")
    remarks = open_sounds(tmp_path).remarks
    assert "meta/esc50.csv: 1 of its rows name no file here, such as audio/lost.wav" in remarks
    assert "meta/esc50.csv: does not list 1 file here, such as audio/unlisted.wav" in remarks


def test_parts_are_decided_by_what_was_recorded_wherever_it_lies(tmp_path):
    for number in range(40):
        write(tmp_path / "a" / "dog" / f"{number}.wav", 0.3)
        for take in "AB":
            write(tmp_path / "a" / "cat" / f"1-{number}-{take}-5.wav", 0.3)
    write(tmp_path / "a" / "kettle" / "mine" / "1.wav")
    write(tmp_path / "a" / "kettle" / "mine" / "2.wav")
    write(tmp_path / "a" / "person" / "84-121123-0001.wav")
    sounds = open_sounds(tmp_path / "a")
    for kind in ("dog", "cat"):
        by_part = [sounds.clips_of(kind, part) for part in PARTS]
        assert sorted(k for clips in by_part for k in clips) == [k for k, own in enumerate(sounds.kinds) if own == kind]
        assert all(by_part)
        sources = [{sounds.corpus.clips[k].speaker for k in clips} for clips in by_part]
        assert sum(map(len, sources)) == len(set.union(*sources))
    assert {clip.speaker for clip, own in zip(sounds.corpus.clips, sounds.kinds, strict=True) if own == "kettle"} == {
        "kettle/mine"
    }
    person = sounds.corpus.clips[sounds.kinds.index("person")]
    assert (person.speaker, person.known_by) == ("84", "LibriSpeech")
    assert sounds.clips_of("person", part_of("84")) == [sounds.kinds.index("person")]
    shutil.move(tmp_path / "a", tmp_path / "b")
    moved = reopen_sounds(str(tmp_path / "b"), expected=sounds.digest)
    assert moved.kinds == sounds.kinds
    write(tmp_path / "b" / "dog" / "0.wav", 0.4)
    with pytest.raises(InputError, match="not the sounds that the dataset was made from"):
        reopen_sounds(str(tmp_path / "b"), expected=sounds.digest)
    with pytest.raises(InputError, match="changed since"):
        moved.load([clip.clip_id for clip in moved.corpus.clips].index("dog/0.wav"))


def test_a_folder_that_gives_no_sound_is_refused_in_one_line(tmp_path):
    def refused(folder: Path) -> str:
        with pytest.raises(InputError) as error:
            open_sounds(folder)
        assert "\n" not in str(error.value)
        return str(error.value)

    assert "no such folder" in refused(tmp_path / "nowhere")
    (tmp_path / "file").touch()
    assert "a file" in refused(tmp_path / "file")
    assert "no audio in category folders" in refused(tmp_path)
    write(tmp_path / "one" / "rain" / "a.wav")
    assert "none of its categories (rain) is a kind" in refused(tmp_path / "one")
    write(tmp_path / "two" / "dog" / "a.wav")
    (tmp_path / "two" / "cat").mkdir()
    assert refused(tmp_path / "two").startswith(f"{tmp_path / 'two' / 'cat'}: no audio file in it")
    write(tmp_path / "two" / "cat" / "b.wav", rate=8_000)
    assert "cat/b.wav: sample rate too low (8000 Hz" in refused(tmp_path / "two")
    write(tmp_path / "three" / "dog" / "b.wav", rate=8_000)
    assert "sample rate too low" in refused(tmp_path / "three")
    (tmp_path / "four" / "meta").mkdir(parents=True)
    (tmp_path / "four" / "meta" / "esc50.csv").write_text("name,kind\na.wav,dog\n")
    assert "no column filename, category" in refused(tmp_path / "four")
