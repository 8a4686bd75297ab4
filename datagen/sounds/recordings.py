"""`open_sounds`: recordings for `--sounds DIR`, a folder for each category or ESC-50's layout."""

import difflib
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt

from ...conventions import SAMPLE_RATE
from ...digests import digest
from ...english import counted
from ...errors import InputError
from ..corpora.corpus import Clip, Corpus
from ..corpora.folder import AudioFile, audio_files, examine_files, nothing_left, printable
from ..corpora.holdout import Part, part_of
from ..corpora.layouts import FOLDER_NAMES, UNKNOWN, speaker_of
from ..csv_tables import read_table
from .categories import kind_of
from .kinds import KINDS

LEAST_SECONDS = 0.25
ESC50_TABLE = "meta/esc50.csv"
ESC50_LICENCE = "CC BY-NC 3.0"

_FREESOUND = re.compile(r"^(?:\d-(?P<esc50>\d+)-[A-Z]-\d+|(?P<urbansound>\d+)-\d+-\d+-\d+)$")
"""File names of ESC-50 and UrbanSound8K: pieces of one recording of Freesound, which must not be split."""

_EXPECTED = "expected a folder for each category, such as dog and kettle, or ESC-50 (audio and meta/esc50.csv)"


@dataclass(frozen=True)
class Sounds:
    """Recordings by kind: clip k of `corpus` is of `kinds[k]`. `remarks` names what was left out, and why.

    The `speaker` of a clip is the individual that it was recorded from, as far as names tell.
    """

    corpus: Corpus
    kinds: tuple[str, ...]

    @property
    def digest(self) -> str:
        """The digest of names, sounds, sources and kinds, wherever the folder is."""
        return self.corpus.digest

    @property
    def remarks(self) -> tuple[str, ...]:
        """What was left out, as "name: reason"."""
        return self.corpus.skipped

    def load(self, index: int) -> npt.NDArray[np.float32]:
        """Return recording `index` as (samples,) float32, mono, 16 kHz, at its own level."""
        return self.corpus.load(index)

    def clips_of(self, kind: str, part: Part) -> list[int]:
        """Return the indices of the recordings of `kind` held out for `part`; none if the folder has none."""
        clips = enumerate(zip(self.corpus.clips, self.kinds, strict=True))
        return [k for k, (clip, own) in clips if own == kind and part_of(clip.speaker) == part]

    def record(self) -> dict[str, Any]:
        """Return a dataset's record of its recordings: location, number of each kind, licences."""
        return {
            "location": self.corpus.location,
            "clips": {kind: self.kinds.count(kind) for kind in KINDS if kind in self.kinds},
            "licences": dict(sorted(Counter(clip.licence for clip in self.corpus.clips).items())),
        }


def open_sounds(folder: str | Path) -> Sounds:
    """Return the recordings in `folder`: a folder for each category, or ESC-50 (audio/ and meta/esc50.csv).

    Categories of any common spelling become kinds (see `kind_of`); others are left out, as are files that are silent,
    shorter than 0.25 s, below 16 kHz, or copies of another. Raises InputError for a folder that gives no sound, and
    for a category without one.
    """
    folder = _existing(Path(folder).expanduser())
    esc50 = (folder / ESC50_TABLE).is_file()
    names, unreadable = audio_files(folder)
    categories, remarks = _esc50_categories(folder, names) if esc50 else _folder_categories(names)
    known = {name: kind for name, category in categories.items() if (kind := kind_of(category))}
    if not known and not unreadable:
        raise InputError(_no_category(folder, categories))
    files, skipped = examine_files(folder, sorted(known), minimum_seconds=LEAST_SECONDS, minimum_rate=SAMPLE_RATE)
    skipped += unreadable
    if not files:
        raise InputError(nothing_left(folder, sorted(skipped)))
    _require_sound_in_each(folder, [file.name for file in files], skipped)
    files, copies = _without_copies(files)
    clips = tuple(_clip(file, categories[file.name], esc50) for file in files)
    kinds = tuple(known[file.name] for file in files)
    rows = zip(clips, kinds, files, strict=True)
    corpus = Corpus(
        kind="sounds",
        location=str(folder.absolute()),
        clips=clips,
        digest=digest([[clip.clip_id, file.sound, clip.speaker, kind] for clip, kind, file in rows]),
        skipped=(*_left_out(categories), *remarks, *(f"{printable(name)}: {why}" for name, why in skipped + copies)),
        fingerprints=tuple(file.fingerprint for file in files),
    )
    return Sounds(corpus, kinds)


def reopen_sounds(folder: str, *, expected: str) -> Sounds:
    """Return the recordings that a dataset was made from, now in `folder`; `expected` is their digest.

    Raises InputError if the sounds found there differ.
    """
    sounds = open_sounds(folder)
    if sounds.digest != expected:
        raise InputError(f"{folder}: not the sounds that the dataset was made from; give those with --sounds DIR")
    return sounds


def _existing(folder: Path) -> Path:
    if not os.path.isdir(folder):
        what = "a file" if os.path.exists(folder) else "no such folder"
        raise InputError(f"{folder}: {what}; {_EXPECTED}")
    return folder


def _folder_categories(names: Iterable[str]) -> tuple[dict[str, str], list[str]]:
    """Return the category of each file: the first of its folders that names a kind, or else its first folder."""
    categories, loose = {}, []
    for name in names:
        folders = PurePosixPath(name).parts[:-1]
        if folders:
            categories[name] = next((part for part in folders if kind_of(part)), folders[0])
        else:
            loose.append(name)
    outside = f"{counted(len(loose), 'file')} outside of any category folder"
    return categories, [f"{outside}, such as {loose[0]}"] if loose else []


def _esc50_categories(folder: Path, names: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Return the category that the table of ESC-50 gives each file, and remarks on rows and files that do not match."""
    rows = read_table(folder / ESC50_TABLE, ("filename", "category"))
    listed = {f"audio/{row['filename']}": row["category"] for row in rows if row["filename"]}
    lost, unlisted = sorted(listed.keys() - set(names)), sorted(set(names) - listed.keys())
    remarks = [f"{ESC50_TABLE}: {len(lost)} of its rows name no file here, such as {lost[0]}"] if lost else []
    if unlisted:
        files = counted(len(unlisted), "file")
        remarks.append(f"{ESC50_TABLE}: does not list {files} here, such as {printable(unlisted[0])}")
    return {name: listed[name] for name in names if name in listed}, remarks


def _left_out(categories: Mapping[str, str]) -> list[str]:
    """Return a remark on each category that is no kind."""
    unknown = Counter(category for category in categories.values() if not kind_of(category))
    return [
        f"{printable(name)}: {counted(count, 'file')} left out, no kind of that name{_near(name)}"
        for name, count in sorted(unknown.items())
    ]


def _near(category: str) -> str:
    close = difflib.get_close_matches(category.casefold(), KINDS, n=1, cutoff=0.75)
    return f", did you mean {close[0]}?" if close else ""


def _no_category(folder: Path, categories: Mapping[str, str]) -> str:
    found = ", ".join(sorted({printable(name) for name in categories.values()})[:5])
    what = f"none of its categories ({found}) is a kind that sounds here" if found else "no audio in category folders"
    return f"{folder}: {what}; {_EXPECTED}. Kinds: {', '.join(KINDS)}"


def _require_sound_in_each(folder: Path, names: Sequence[str], skipped: Sequence[tuple[str, str]]) -> None:
    """Raise InputError for a folder named as a kind that holds no usable sound."""
    filled = {part for name in names for part in PurePosixPath(name).parts[:-1]}
    for entry in sorted(os.listdir(folder)):
        if os.path.isdir(folder / entry) and kind_of(entry) and entry not in filled:
            reasons = [(name, why) for name, why in sorted(skipped) if name.startswith(f"{entry}/")]
            why = (
                f"no audio can be used, {printable(reasons[0][0])}: {reasons[0][1]}"
                if reasons
                else "no audio file in it"
            )
            raise InputError(f"{folder / entry}: {why}; put sounds there, or remove the folder")


def _without_copies(files: Sequence[AudioFile]) -> tuple[list[AudioFile], list[tuple[str, str]]]:
    """Return `files` without those that sound exactly as an earlier one, and (name, reason) of these."""
    first: dict[str, str] = {}
    kept, copies = [], []
    for file in files:
        if first.setdefault(file.sound, file.name) == file.name:
            kept.append(file)
        else:
            copies.append((file.name, f"same sound as {printable(first[file.sound])}"))
    return kept, copies


def _clip(file: AudioFile, category: str, esc50: bool) -> Clip:
    source, known_by = _source_of(file.name, category)
    return Clip(file.name, source, ESC50_LICENCE if esc50 else "unknown", file.samples, known_by)


def _source_of(name: str, category: str) -> tuple[str, str]:
    """Return the individual that the file `name` was recorded from, and how it is known.

    >>> _source_of("dog/rex/1.wav", "dog"), _source_of("audio/1-30226-A-0.wav", "dog")
    (('dog/rex', 'folder names'), ('freesound/30226', 'file name'))
    """
    if match := _FREESOUND.match(PurePosixPath(name).stem):
        return f"freesound/{match['esc50'] or match['urbansound']}", "file name"
    parts = PurePosixPath(name).parts
    inside = "/".join(parts[parts.index(category) + 1 :]) if category in parts else name
    speaker, known_by = speaker_of(inside)
    own = known_by in (FOLDER_NAMES, UNKNOWN)
    return f"{category}/{speaker}" if own else speaker, known_by
