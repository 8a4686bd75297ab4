"""Reads speakers and licences of files from tables: index.csv, MANIFEST.csv, metadata.csv and those of Common Voice."""

import os
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from ...errors import InputError
from ..csv_tables import EmptyTable, Row, first_of, posix_path, read_table

INDEXES = ("index.csv", "index.tsv")
"""An index in the folder itself must fit; the first of two is read."""
TABLES = ("MANIFEST.csv", "metadata.tsv", "metadata.csv", *reversed(INDEXES))
"""Tables that are read where they fit; a later one wins."""
PATHS, SPEAKERS = ("path", "file", "filename", "file_name"), ("speaker", "speaker_id", "client_id")
LICENCES = ("licence", "license")
COMMON_VOICE = ("validated", "train", "dev", "test", "invalidated", "other")
"""Tables of Common Voice (NAME.tsv) that list clips and their `client_id`."""

_LIKE_A_TABLE = re.compile(
    r"(?P<what>index|metadata|manifest|speakers?)(?:\.[ct]sv)?"
    r"\.(?:csv|tsv|txt|xlsx?|xlsm|ods|numbers|jsonl?|ndjson|ya?ml|parquet|feather)",
    re.IGNORECASE,
)
"""Names of files that are meant to say who speaks; Windows makes index.csv.txt of index.csv."""
_MAY_BE_A_TABLE = re.compile(
    r".+\.(?:csv|tsv|xlsx?|xlsm|ods|numbers|parquet|feather)|utt2spk|spk2utt|.*(?:speaker|spk).*\.(?:txt|jsonl?|ya?ml)",
    re.IGNORECASE,
)
"""Names of files that may say who speaks where nothing else does."""
_NOT_READ = "not read (save it as index.csv with the columns path and speaker)"
_NOBODY = ("nan", "n/a", "na", "none", "null", "unknown", "-", "?")
"""What spreadsheets and tables hold where nothing is known."""

_LIKE_A_SPEAKER = re.compile(r"(?:spe?a?ke?r?|talker|voice|client|reader|narrator)s?(?:_?(?:id|name|number))?")


class Index:
    """The tables in `folder` and its parent: rows by file name, and the table of each row.

    `unused` are (table, reason) of those that were meant to be read and are not, `unread` of those in the folder that
    may tell who speaks where nothing else does.
    """

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self._folder = Path(os.path.abspath(folder))
        self._names = frozenset(map(_composed, names))
        self._rows: dict[str, tuple[Row, str]] = {}
        self.unused: list[tuple[str, str]] = []
        self.unread: list[tuple[str, str]] = []
        for parent in (self._folder.parent, self._folder):
            for name in TABLES:
                if file := _file_called(name, parent):
                    self._add(file)
        self._note_deeper(names)
        self._note_unread()

    def row_of(self, name: str) -> tuple[Row, str]:
        """Return the row of the file `name` in the nearest index and the name of that table, or an empty row."""
        return self._rows.get(_composed(name), ({}, ""))

    def _add(self, file: Path) -> None:
        """Add the rows of `file`. An index meant for this folder must fit; any other is noted as unused."""
        ours = file.parent == self._folder and file.name.casefold() in INDEXES
        try:
            rows = _named_rows(file, self._folder)
            if not self._concerned(rows):
                raise InputError(f"{file}: names none of the audio files here, but {_examples(rows)}")
        except InputError as error:
            if ours:
                raise
            reason = f"not used ({str(error).removeprefix(str(file)).lstrip(': ')})"
            if file.stem.casefold() != "metadata":
                self._note(file, reason)
            elif file.parent == self._folder:
                self.unread.append((file.name, reason))
            return
        lost = [name for name in rows if not self._is_here(name)] if file.parent == self._folder else []
        if lost:
            self._note(file, f"{len(lost)} of its {len(rows)} rows name no file here, such as {lost[0]}")
        self._note_columns(file, next(iter(rows.values())))
        self._rows |= {name: (row, file.name) for name, row in rows.items()}

    def _concerned(self, rows: Mapping[str, Row]) -> bool:
        return any(self._is_here(name) for name in rows)

    def _is_here(self, name: str) -> bool:
        return name in self._names or (not name.startswith("../") and os.path.exists(self._folder / name))

    def _note_columns(self, file: Path, row: Row) -> None:
        """Note the columns of an index.csv that are not read if none is the speaker's: one may be, by another name."""
        ignored = [column for column in row if column not in (*PATHS, *LICENCES)]
        if ignored and file.name.casefold() in INDEXES and not set(SPEAKERS) & set(row):
            self._note(file, f"names no speaker; not read: {', '.join(ignored)[:200]} (a column speaker is)")

    def _note_deeper(self, names: Iterable[str]) -> None:
        """Note every index next to audio below the folder: only those in it and in its parent are read."""
        places = {str(place) for name in names for place in PurePosixPath(name).parents}
        for place in sorted(places - {"."}):
            for file in _indexes(self._folder / place):
                self._note(file, "not used (an index lies in the folder that is given, or in its parent)")

    def _note_unread(self) -> None:
        """Note tables of other kinds: an index always, what else may tell speakers where nothing else does."""
        for place in (self._folder.parent, self._folder):
            found = _indexes(place)
            if not any(file.name.casefold() in INDEXES for file in found):
                self.unused += [(os.path.relpath(file, self._folder), _NOT_READ) for file in found]
        read = {name.casefold() for name in (*TABLES, *(f"{name}.tsv" for name in COMMON_VOICE))}
        indexes = {file.name for file in _indexes(self._folder)}
        others = [name for name in _listed(self._folder) if name not in indexes and name.casefold() not in read]
        self.unread += [(name, _NOT_READ) for name in others if _may_tell(name)]

    def _note(self, file: Path, reason: str) -> None:
        self.unused.append((os.path.relpath(file, self._folder), reason))


def common_voice_speakers(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """Return the `client_id` of each of `names` listed in the tables beside the clips or one folder up."""
    folder = Path(os.path.abspath(folder))
    found: dict[str, str] = {}
    tables: dict[Path, dict[str, str]] = {}
    for name in names:
        clips = (folder / name).parent
        for place in (clips, clips.parent):
            if place not in tables:
                tables[place] = _clients(place)
            if client := tables[place].get(_clip(name)):
                found[name] = client
    return found


def _clients(folder: Path) -> dict[str, str]:
    """Return the client of every clip in the tables of `folder`, by file name without extension."""
    files = [file for name in COMMON_VOICE if (file := _file_called(f"{name}.tsv", folder))]
    rows = [row for file in files for row in _rows_of(file)]
    return {_clip(row["path"]): row["client_id"] for row in rows if row["client_id"]}


def _clip(path: str) -> str:
    """Return the name of a clip of Common Voice, common_voice_en_1 for common_voice_en_1.mp3.wav."""
    return PurePosixPath(path).name.partition(".")[0]


def _rows_of(file: Path) -> list[Row]:
    try:
        return read_table(file, ("client_id", "path"), quotes=False)
    except EmptyTable:  # small languages have these
        return []


def _file_called(name: str, folder: Path) -> Path | None:
    """Return the file `name` in `folder`, ignoring case."""
    if (folder / name).is_file():
        return folder / name
    return next((folder / entry for entry in _listed(folder) if entry.casefold() == name.casefold()), None)


def _may_tell(name: str) -> bool:
    """Return whether a file of this name may say who speaks."""
    return bool(_LIKE_A_TABLE.fullmatch(name) or _MAY_BE_A_TABLE.fullmatch(name))


def _indexes(folder: Path) -> list[Path]:
    """Return every table in `folder` that is called an index, of any kind."""
    named = {name: _LIKE_A_TABLE.fullmatch(name) for name in _listed(folder)}
    return [folder / name for name, like in named.items() if like and like["what"].casefold() == "index"]


def _listed(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:  # a folder that may be entered but not listed
        return []


def _named_rows(file: Path, folder: Path) -> dict[str, Row]:
    """Return the rows of an index by the path of their file relative to `folder`."""
    rows = read_table(file, (PATHS, SPEAKERS + LICENCES))
    _refuse_another_speaker_column(file, rows[0])
    named: dict[str, Row] = {}
    for row in rows:
        written = first_of(row, PATHS)
        if not written:
            raise InputError(f"{file}: a row has nothing in its column {' or '.join(PATHS)}: {dict(row)}"[:300])
        name = _composed(os.path.relpath(file.parent / posix_path(written, file.parent), folder))
        if not name.startswith("../") and _says(named.get(name, row)) != _says(row):
            raise InputError(f"{file}: two rows contradict each other on {written}: keep one")
        named[name] = row
    return named


def _says(row: Row) -> tuple[str, str]:
    return speaker_in(row), licence_in(row)


def _refuse_another_speaker_column(file: Path, row: Row) -> None:
    like = next((column for column in row if _LIKE_A_SPEAKER.fullmatch(column)), None)
    if like and not set(SPEAKERS) & set(row):
        raise InputError(f"{file}: its column {like!r} is not read: rename it to speaker, or remove it")


def speaker_in(row: Row) -> str:
    """Return the speaker in the `row` of an index, "" if it has none.

    >>> speaker_in({"speaker": "Ann"}), speaker_in({"speaker": "NaN"})
    ('Ann', '')
    """
    speaker = _composed(first_of(row, SPEAKERS))
    return "" if speaker.casefold() in _NOBODY else speaker


def licence_in(row: Row) -> str:
    """Return the licence in the `row` of an index, "" if it has none."""
    licence = first_of(row, LICENCES)
    return "" if licence.casefold() in _NOBODY else licence


def _examples(rows: Mapping[str, Row]) -> str:
    return ", ".join(list(rows)[:2])


def _composed(name: str) -> str:
    """Return `name` in a single Unicode form: file systems and spreadsheets write accents differently."""
    return unicodedata.normalize("NFC", name)
