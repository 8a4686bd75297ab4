"""A table of a page, and the same table as CSV, JSON and LaTeX."""

import csv
import io
import json
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ...benchmarks.display.text_table import TextTable, latex
from .addresses import Address
from .axis import Bar

FORMATS = ("csv", "json", "tex")
_FORMULA = ("=", "+", "-", "@")
_SKIPPED = " \t\r\n\0\ufeff\u200b"
_CELLS = re.compile(r"([;\t\r\n])")
"""What parts cells besides commas where a spreadsheet's language or its import has it so."""
_ASCII = str.maketrans({"−": "-", "–": "--"})


@dataclass(frozen=True)
class Cell:
    """One cell. `span` rows high (0: covered by a cell above); `bar` is drawn over the text."""

    text: str
    note: str = ""
    tag: str = ""
    link: Address | None = None
    strong: bool = False
    number: bool = True
    span: int = 1
    bar: Bar | None = None


@dataclass(frozen=True)
class Head:
    """The head of a column; a `link` leads to the table ordered or measured by that column, `order` says which."""

    text: str
    note: str = ""
    number: bool = True
    link: Address | None = None
    current: bool = False
    scale: Bar | None = None
    order: str = ""


@dataclass(frozen=True)
class Line:
    """One row; `kind` says how it looks: submission, baseline, bound or published.

    `places` says which row it is, from 0, in each order that a reader may choose.
    """

    cells: Sequence[Cell]
    kind: str = "submission"
    places: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Group:
    """Rows that belong together, such as those of one rank, under a `title` where it has one."""

    lines: Sequence[Line]
    title: str = ""


Record = Mapping[str, Any]


@dataclass(frozen=True)
class PageTable:
    """A table: its name in addresses, its heads (`row_head` is the column that names the rows), rows, raw records.

    `about` says in JSON what the records are of.
    """

    name: str
    caption: str
    heads: Sequence[Head]
    groups: Sequence[Group]
    records: Sequence[Record]
    row_head: int = 0
    about: Mapping[str, Any] = field(default_factory=dict)
    place: Address | None = None

    @property
    def lines(self) -> list[Line]:
        """All rows."""
        return [line for group in self.groups for line in group.lines]

    def file(self, suffix: str) -> Address:
        """Return the address of the table as a file."""
        assert self.place is not None
        return replace(self.place, file=f"{self.name}.{suffix}")

    def written(self, suffix: str) -> str:
        """Return the table as `csv`, `json` or `tex`; KeyError for another suffix."""
        return {"csv": _csv, "json": _json, "tex": _tex}[suffix](self)


def _csv(table: PageTable) -> str:
    columns = list(dict.fromkeys(key for record in table.records for key in record))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writerow({column: _harmless(column) for column in columns})
    writer.writerows({key: _harmless(value) for key, value in record.items()} for record in table.records)
    return text.getvalue()


def _harmless(value: Any) -> Any:
    """Return `value`; words that a spreadsheet would run as a formula get an apostrophe before them.

    Spreadsheets skip blanks before the sign of a formula, some take its full-width form, and where decimals have commas
    they part cells at semicolons, whatever is quoted.
    """
    if isinstance(value, float) and not math.isfinite(value):
        return ""
    if not isinstance(value, str):
        return value
    cells = "".join(map(_harmless_cell, _CELLS.split(value)))
    return f"'{cells}" if value.startswith(("\t", "\r", "\n")) else cells


def _harmless_cell(text: str) -> str:
    seen = unicodedata.normalize("NFKC", text).lstrip(_SKIPPED)
    return f"'{text}" if seen.startswith(_FORMULA) else text


def _json(table: PageTable) -> str:
    records = [{key: _known(value) for key, value in record.items()} for record in table.records]
    content = {"table": table.caption, **table.about, "rows": records}
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _known(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _tex(table: PageTable) -> str:
    heads = [_plain(head.text, head.note) for head in table.heads]
    rows = [
        [_plain(cell.text, ", ".join(filter(None, (cell.note, cell.tag)))) for cell in line.cells]
        for line in table.lines
    ]
    bold = {(r, k) for r, line in enumerate(table.lines) for k, cell in enumerate(line.cells) if cell.strong}
    return latex(TextTable(_plain(table.caption, ""), heads, rows, frozenset(bold)))


def _plain(text: str, note: str) -> str:
    return (f"{text} ({note})" if note and text else text or note).translate(_ASCII)
