"""Formats of written tables."""

from enum import StrEnum
from pathlib import Path

from ..errors import InputError


class Format(StrEnum):
    """How a table is written."""

    latex = "latex"
    markdown = "markdown"
    csv = "csv"


ENDINGS = {".tex": Format.latex, ".md": Format.markdown, ".csv": Format.csv}
"""The format by a file's ending."""


def format_of(out: Path) -> Format:
    """Return the format of the file `out` by its ending; raises InputError for another ending."""
    if out.suffix.lower() not in ENDINGS:
        raise InputError(f"--out {out}: expected a name that ends in {', '.join(ENDINGS)}")
    return ENDINGS[out.suffix.lower()]
