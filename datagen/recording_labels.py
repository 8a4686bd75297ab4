"""Reads the labels of own recordings: `file`, `start_s`, and the side, the azimuth or the delay of what is heard."""

import difflib
import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path, PurePath

from ..conventions import wrap_degrees
from ..errors import InputError
from .csv_tables import Row, number_in, posix_path, read_table
from .recording_files import Parts, find_recordings, parts_of

LABELS = ("side", "azimuth_deg", "delay_ms")
COLUMNS = ("file", "start_s", *LABELS, "speaker", "video")
SIDES = {"left": 1, "l": 1, "+1": 1, "1": 1, "right": -1, "r": -1, "-1": -1}
"""How a side may be written; positive is left."""
LONGEST_DELAY_MS = 5.0
"""Sound travels 1.7 m in this time, further than the microphones of a pair are apart."""
NAN = float("nan")
_LARGEST_ANGLE = 360.0
_CENTRE = math.sin(math.radians(10.0))
_CENTRE_MS = 0.05
_ALIKE = 0.8


@dataclass(frozen=True)
class LabelledSecond:
    """A row of the label file. `side` is +1 left, -1 right, 0 unlabelled; angle and delay are NaN where unlabelled.

    `file` is the recording, "" if it was not found, and `name` its path in the folder. `start` is in s.
    """

    path: str
    file: str
    name: str
    start: Fraction
    side: int
    azimuth: float
    delay_ms: float
    speaker: str
    video: str

    @property
    def sample_id(self) -> str:
        """Name of the clip."""
        return f"{self.name}/{float(self.start):.3f}"

    @property
    def where(self) -> str:
        """The second of the recording, in words."""
        return f"{self.path} from {float(self.start):g} s on"

    @property
    def labelled(self) -> bool:
        """Whether there is any label."""
        return self.side != 0 or not (math.isnan(self.azimuth) and math.isnan(self.delay_ms))

    @property
    def towards(self) -> int:
        """The labelled side: +1 left, -1 right, 0 in the middle or unlabelled."""
        return next((sign for sign in self.signs if sign), 0)

    @property
    def signs(self) -> tuple[int, int, int]:
        """The side by each of `LABELS`: +1 left, -1 right, 0 in the middle or unlabelled."""
        lateral = math.sin(math.radians(self.azimuth))
        return self.side, _sign(lateral, _CENTRE), _sign(self.delay_ms, _CENTRE_MS)


def _sign(value: float, least: float) -> int:
    return int(math.copysign(1, value)) if abs(value) > least else 0


@dataclass(frozen=True)
class LabelFile:
    """The rows of a label file, which of `COLUMNS` it has, and those that are not used."""

    seconds: tuple[LabelledSecond, ...]
    columns: tuple[str, ...]
    unused: tuple[str, ...]


def read_labels(path: str, folder: str) -> LabelFile:
    """Return what the label file at `path` says of the recordings below `folder`.

    A recording is the file named, or else the one whose path shares the longest ending with it. Raises InputError for
    columns or cells that make no sense, for labels of a row that contradict each other, and for a row given twice.
    """
    if not Path(folder).is_dir():
        raise InputError(f"--dir {folder} is not a folder: give the folder that holds the recordings")
    if not Path(path).is_file():
        raise InputError(f"{path} does not exist: give the label file, with the columns file,start_s and a label")
    rows = read_table(Path(path), ("file", LABELS))
    unused = _unused(rows[0].keys(), path)
    written = [posix_path(row["file"], Path(folder)) for row in rows]
    files = _files(written, Path(folder), path)
    seconds = [_second(row, name, files.get(name), path, folder) for row, name in zip(rows, written, strict=True)]
    _refuse_repeats(seconds, path)
    return LabelFile(tuple(seconds), tuple(name for name in COLUMNS if name in rows[0]), unused)


def _unused(columns: Iterable[str], path: str) -> tuple[str, ...]:
    """Return the `columns` that are not known; raises InputError for one that looks like a known one."""
    columns = list(columns)
    absent = [name for name in COLUMNS if name not in columns]
    unknown = [name for name in columns if name not in COLUMNS]
    for name in unknown:
        meant = [one for one in absent if one.split("_")[0] == name.split("_")[0]]
        meant += difflib.get_close_matches(name, absent, n=1, cutoff=_ALIKE)
        if meant:
            raise InputError(f"{path}: unknown column {name!r}, did you mean {meant[0]!r}? Rename or remove it")
    return tuple(unknown)


def _files(written: Sequence[str], folder: Path, labels: str) -> dict[str, str]:
    """Return the recording for each path in `written` that has one."""
    exact = {name: str(folder / name) for name in written if name and (folder / name).is_file()}
    others = {name: parts_of(PurePath(name)) for name in written if name and name not in exact}
    found: dict[Parts, Path] = find_recordings(set(others.values()), folder, labels) if others else {}
    return exact | {name: str(found[parts]) for name, parts in others.items() if parts in found}


def _second(row: Row, written: str, file: str | None, labels: str, folder: str) -> LabelledSecond:
    """Return the second that `row` labels, whose path is `written` and whose recording is `file`."""
    if not written:
        raise InputError(f"{labels}: a row without a file: {dict(row)}")
    where = f"{labels}, row of {written!r}"
    name = PurePath(os.path.relpath(file, folder)).as_posix() if file else written
    second = LabelledSecond(
        path=written,
        file=file or "",
        name=name,
        start=_start(row, where),
        side=_side(row, where),
        azimuth=float(wrap_degrees(_within(row, "azimuth_deg", _LARGEST_ANGLE, where))),
        delay_ms=_within(row, "delay_ms", LONGEST_DELAY_MS, where),
        speaker=_named(row, "speaker", where),
        video=_named(row, "video", where) or str(PurePath(name).with_suffix("")),
    )
    if {*second.signs} >= {1, -1}:
        said = ", ".join(f"{label} {row[label]}" for label in LABELS if row.get(label))
        raise InputError(f"{where}: {said} contradict each other: angles and delays are positive to the left")
    return second


def _start(row: Row, where: str) -> Fraction:
    if not row.get("start_s"):
        return Fraction(0)
    start = number_in(row, "start_s", where)
    if not (math.isfinite(start) and start >= 0):
        raise InputError(f"{where}: start_s {row['start_s']}: expected seconds, 0 or more")
    return Fraction(start).limit_denominator(10**9)


def _side(row: Row, where: str) -> int:
    cell = row.get("side", "").casefold()
    if cell and cell not in SIDES:
        raise InputError(f"{where}: side {row['side']!r}: expected left or right")
    return SIDES[cell] if cell else 0


def _within(row: Row, column: str, most: float, where: str) -> float:
    """Return the number in `column`, NaN if there is none; raises InputError beyond `most`."""
    if not row.get(column):
        return NAN
    value = number_in(row, column, where)
    if not abs(value) <= most:
        limits = f"expected -{most:g} to {most:g}, positive to the left"
        raise InputError(f"{where}: {column} {row[column]}: {limits}")
    return value


def _named(row: Row, column: str, where: str) -> str:
    if column in row and not row[column]:
        raise InputError(f"{where}: its {column} is empty: name one, or remove the column")
    return row.get(column, "")


def _refuse_repeats(seconds: Iterable[LabelledSecond], labels: str) -> None:
    """Raise InputError if two of `seconds` are the same."""
    seen: set[str] = set()
    for second in seconds:
        if second.sample_id in seen:
            raise InputError(f"{labels}: {second.where} is labelled twice: keep one row")
        seen.add(second.sample_id)
