"""Speaker and licence of each file, from an index, the naming scheme of a known corpus, or folder names."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .index import Index, common_voice_speakers, licence_in, speaker_in
from .layouts import FOLDER_NAMES, UNKNOWN, speaker_of, speakers_by_level


@dataclass(frozen=True)
class Label:
    """The speaker of a clip, how the speaker is known ("unknown" if not), and the licence ("" if none is given)."""

    speaker: str
    known_by: str
    licence: str


def labels_of(
    folder: Path, names: Sequence[str], level: int | None = None
) -> tuple[list[Label], list[tuple[str, str]]]:
    """Return the label of each of `names` (posix paths relative to `folder`), and remarks (what, why).

    An index (`index.csv` or .tsv, `metadata.csv` or .tsv, or `MANIFEST.csv`, in the folder or its parent) has a column
    `path` or `file`, relative to itself, and optionally `speaker` and `licence` (or `license`). The nearest index wins.
    Where none tells, the outermost folder that varies does; with `level`, the folder there, 1 the outermost. Remarks
    name tables that are not used, and speakers whose names are nearly the same. Raises InputError for an index in the
    folder that does not fit, naming the column.
    """
    index = Index(folder, names)
    clients = common_voice_speakers(folder, [name for name in names if "common_voice_" in name])
    labels = _by_folders(names, [_label(name, index, clients.get(name)) for name in names], level)
    guessed = any(label.known_by in (UNKNOWN, FOLDER_NAMES) for label in labels)
    return labels, index.unused + (index.unread if guessed else []) + _alike(labels)


def _by_folders(names: Sequence[str], labels: Sequence[Label], level: int | None) -> list[Label]:
    """Return `labels` with the speakers by folders where nothing else tells, or wherever `level` is given."""
    paired = zip(names, labels, strict=True)
    guessed = [name for name, label in paired if level is not None or label.known_by in (UNKNOWN, FOLDER_NAMES)]
    found = speakers_by_level(guessed, level)
    return [
        replace(label, speaker=found[name], known_by=FOLDER_NAMES) if name in found else label
        for name, label in zip(names, labels, strict=True)
    ]


def _alike(labels: Iterable[Label]) -> list[tuple[str, str]]:
    """Return remarks on speakers whose names differ only in capitals, blanks, marks or leading zeros."""
    written: dict[str, set[str]] = {}
    for label in labels:
        if label.known_by != UNKNOWN:
            written.setdefault(_reduced(label.speaker), set()).add(label.speaker)
    several = sorted(sorted(names) for names in written.values() if len(names) > 1)
    why = "names nearly the same, counted as different speakers: if they are one, write them alike in an index.csv"
    return [(", ".join(map(repr, names)), why) for names in several]


def _reduced(speaker: str) -> str:
    """Return `speaker` without what a second hand may write otherwise.

    >>> _reduced("Ann_01") == _reduced("ann 1"), _reduced("p225") == _reduced("p226")
    (True, False)
    """
    plain = unicodedata.normalize("NFKD", speaker).casefold()
    letters = "".join(letter for letter in plain if letter.isalnum())
    return re.sub(r"(?<![0-9])0+(?=[0-9])", "", letters) or speaker


def _label(name: str, index: Index, client: str | None) -> Label:
    row, table = index.row_of(name)
    if speaker := speaker_in(row):
        return Label(speaker, table, licence_in(row))
    speaker, layout = (client, "Common Voice") if client else speaker_of(name)
    return Label(speaker, layout, licence_in(row))
