"""Reads the CSV files that users supply: an index of speech or responses, labels of recordings.

Spreadsheets write them in many ways: commas, semicolons, tabs or bars, a byte order mark, UTF-16, capitals and spaces
in column names, quotes. All are read. An ambiguous file is refused, naming the column or line.
"""

import codecs
import csv
import io
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ..errors import InputError

DELIMITERS = (",", ";", "\t", "|")

_UNSEEN = re.compile(r"^[\s\u200b\u200e\u200f\u2060\ufeff]+|[\s\u200b\u200e\u200f\u2060\ufeff]+$")
"""Blanks and characters of no width around a cell, which come with text copied from web pages."""

Row = Mapping[str, str]
"""The cells of one line by column, stripped; "" if a cell is empty or missing."""


class EmptyTable(InputError):
    """Raised for a table without rows below its header."""


def read_table(path: Path, needed: Sequence[str | tuple[str, ...]], *, quotes: bool = True) -> list[Row]:
    """Return the rows of the CSV file at `path`; each of `needed` is a required column, or alternatives for one.

    Column names become lower case with underscores: "Azimuth Deg" is azimuth_deg. With `quotes` off, quotation marks
    are ordinary characters. Raises EmptyTable for a file without rows, InputError for one that lacks a column or
    cannot be read.
    """
    text = _text(path)
    tables = [_cells(text, delimiter, quotes, path) for delimiter in DELIMITERS]
    fitting = [cells for cells in tables if cells and not _missing(_names(cells[0][1]), needed)]
    if not fitting:
        raise InputError(_no_columns(path, max(tables, key=lambda cells: len(cells[0][1]) if cells else 0), needed))
    (_, header), *lines = fitting[0]
    columns = _names(header)
    _refuse_twins(columns, needed, path)
    rows = [_row(columns, cells, line, path) for line, cells in lines]
    if not rows:
        raise EmptyTable(f"{path}: {_expected(needed)}")
    return rows


def first_of(row: Row, names: Iterable[str]) -> str:
    """Return the first non-empty cell of `row` among the columns `names`, or ""."""
    return next((row[name] for name in names if row.get(name)), "")


def posix_path(written: str, folder: Path) -> str:
    """Return the path `written` on any system, relative to `folder`, with slashes.

    >>> posix_path("wav\\\\a.flac", Path())
    'wav/a.flac'
    """
    return written if "\\" not in written or os.path.exists(folder / written) else written.replace("\\", "/")


def number_in(row: Row, column: str, where: str) -> float:
    """Return the number in `column` of `row`; raises InputError naming the column and the place `where`."""
    try:
        return float(row[column])
    except ValueError:
        decimal = " with a point" if "," in row[column] else ""
        raise InputError(f"{where}: {column} {row[column]!r} is not a number: write one{decimal}") from None


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not a CSV file in UTF-8 ({error}); save it as one, or rename it") from None
    if "\0" in text:
        raise InputError(f"{path}: not a CSV file (it holds zero bytes); save it as one, or rename it")
    first, _, rest = text.partition("\n")
    return rest if first.strip().strip('"').lower() in ("sep=,", "sep=;", "sep=|", "sep=") else text


def _cells(text: str, delimiter: str, quotes: bool, path: Path) -> list[tuple[int, list[str]]]:
    """Return (line number, stripped cells) of every non-empty line of `text`."""
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=delimiter,
        skipinitialspace=True,
        quoting=csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE,
    )
    try:
        lines = [(reader.line_num, [_UNSEEN.sub("", cell) for cell in cells]) for cells in reader]
    except csv.Error as error:
        raise InputError(f"{path}: not a CSV file ({error}); save it as one, or rename it") from None
    if quotes and lines and text.count('"') % 2 and any("\n" in cell or "\r" in cell for cell in lines[-1][1]):
        raise InputError(f"{path}: a quotation mark is never closed: close it or remove it")
    return [(number, cells) for number, cells in lines if any(cells)]


def _names(header: Sequence[str]) -> list[str]:
    """Return the normalised names of the columns.

    >>> _names(["Path", "Speaker ID", "licence "])
    ['path', 'speaker_id', 'licence']
    """
    return ["_".join(name.casefold().replace("-", " ").replace("_", " ").split()) for name in header]


def _missing(columns: Sequence[str], needed: Sequence[str | tuple[str, ...]]) -> list[str]:
    """Return the `needed` columns missing from `columns`, each as "a or b"."""
    choices = [(choice,) if isinstance(choice, str) else choice for choice in needed]
    return [" or ".join(choice) for choice in choices if not set(choice) & set(columns)]


def _no_columns(path: Path, cells: list[tuple[int, list[str]]], needed: Sequence[str | tuple[str, ...]]) -> str:
    if not cells:
        return f"{path} is empty: {_expected(needed)}"
    header = cells[0][1]
    lacking = ", ".join(_missing(_names(header), needed))
    return f"{path}: no column {lacking} among {', '.join(map(repr, header))[:200]}: {_expected(needed)}"


def _expected(needed: Sequence[str | tuple[str, ...]]) -> str:
    return f"expected the columns {','.join(_missing((), needed))} and at least one row"


def _refuse_twins(columns: Sequence[str], needed: Sequence[str | tuple[str, ...]], path: Path) -> None:
    names = [name for choice in needed for name in ((choice,) if isinstance(choice, str) else choice)]
    twin = next((name for name, count in Counter(columns).items() if count > 1 and name in names), None)
    if twin:
        raise InputError(f"{path}: two columns are named {twin}: keep one")


def _row(columns: Sequence[str], cells: Sequence[str], line: int, path: Path) -> Row:
    if any(cells[len(columns) :]):
        raise InputError(
            f"{path}, line {line}: {len(cells)} cells but {len(columns)} columns: put quotes around a cell that "
            "contains the delimiter"
        )
    return {name: cell for name, cell in zip(columns, [*cells, *[""] * len(columns)], strict=False) if name}
