"""Speaker and licence of each file, from an index, the naming scheme of a known corpus, or folder names."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .index import Index, common_voice_speakers, licence_in, speaker_in
from .layouts import speaker_of


@dataclass(frozen=True)
class Label:
    """The speaker of a clip, how the speaker is known ("unknown" if not), and the licence ("" if none is given)."""

    speaker: str
    known_by: str
    licence: str


def labels_of(folder: Path, names: Sequence[str]) -> tuple[list[Label], list[tuple[str, str]]]:
    """Return the label of each of `names` (posix paths relative to `folder`), and (table, reason) of unused tables.

    An index (`index.csv` or `MANIFEST.csv`, in the folder or its parent) has a column `path` or `file`, relative to
    itself, and optionally `speaker` and `licence` (or `license`). The nearest index wins. Raises InputError for an
    index.csv in the folder that does not fit, naming the column.
    """
    index = Index(folder, names)
    clients = common_voice_speakers(folder, [name for name in names if "common_voice_" in name])
    return [_label(name, index, clients.get(name)) for name in names], index.unused


def _label(name: str, index: Index, client: str | None) -> Label:
    row, table = index.row_of(name)
    if speaker := speaker_in(row):
        return Label(speaker, table, licence_in(row))
    speaker, layout = (client, "Common Voice") if client else speaker_of(name)
    return Label(speaker, layout, licence_in(row))
