"""Who speaks in a file, and under which licence: from an index, else from known file names."""

import csv
import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ...errors import InputError

INDEX_NAMES = ("index.csv", "MANIFEST.csv")

_LIBRISPEECH = re.compile(r"(?:^|[^0-9])(\d+)-\d+-\d{4}$")
_ARCTIC_FILE = re.compile(r"arctic_(?:us_)?([a-z]+)_[ab]\d{4}$")
_ARCTIC_FOLDER = re.compile(r"^cmu_us_([a-z]+)_arctic")


@dataclass(frozen=True)
class Label:
    """The speaker of a clip, and its licence ("" where no index says it)."""

    speaker: str
    licence: str


def labels_of(folder: Path, names: list[str]) -> list[Label]:
    """Return the label of each of `names` (posix paths relative to `folder`).

    An index (`index.csv` or `MANIFEST.csv`, in the folder or its parent) has a column `path` or `file`,
    relative to itself, and any of `speaker` and `licence` (or `license`). The nearest index wins.
    """
    folder = Path(os.path.abspath(folder))
    index: dict[str, dict[str, str]] = {}
    for parent in (folder.parent, folder):
        for file in (parent / name for name in reversed(INDEX_NAMES)):
            if file.is_file():
                index |= _rows_by_name(file, folder)
    return [_label(name, index.get(name, {})) for name in names]


def _label(name: str, row: dict[str, str]) -> Label:
    licence = row.get("licence") or row.get("license") or ""
    return Label(row.get("speaker") or speaker_from_name(name), licence)


def _rows_by_name(file: Path, folder: Path) -> dict[str, dict[str, str]]:
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            rows = [{k: v.strip() for k, v in row.items() if k and v} for row in csv.DictReader(stream)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{file}: not a CSV file in UTF-8 ({error}); save it as one, or rename it") from error
    named = [(row.get("path") or row.get("file"), row) for row in rows]
    return {_relative(file.parent / name, folder): row for name, row in named if name}


def _relative(path: Path, folder: Path) -> str:
    return PurePosixPath(os.path.relpath(path, folder)).as_posix()


def speaker_from_name(name: str) -> str:
    """Return the speaker that the path `name` tells of; a lone file in no folder is its own speaker.

    LibriSpeech and CMU ARCTIC have their own patterns; elsewhere (TIMIT, VCTK, ...) it is the folder's name.

    >>> speaker_from_name("84/121123/84-121123-0001.flac"), speaker_from_name("arctic_aew_a0001.wav")
    ('84', 'aew')
    >>> speaker_from_name("TRAIN/DR1/FCJF0/SA1.WAV"), speaker_from_name("castanets.flac")
    ('FCJF0', 'castanets')
    """
    path = PurePosixPath(name)
    if match := _LIBRISPEECH.search(path.stem) or _ARCTIC_FILE.search(path.stem):
        return match[1]
    for part in path.parts[:-1]:
        if match := _ARCTIC_FOLDER.match(part):
            return match[1]
    return path.parent.name or path.stem
