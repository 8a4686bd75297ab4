"""The method card: who made a submission, with what, and where to read and get it.

Everything a submitter types is shown on pages, so it is checked here: no markup, no characters that readers cannot
see or that turn the text, no names that look like others or read as paths, links to the web alone.
"""

import json
import re
import tomllib
import unicodedata
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
)

from ...errors import InputError
from ...registry import METHODS, nearest, parse_specification
from .names import own_name
from .parquet_guard import open_regular

CARD_BYTES = 65_536
"""Bytes of the largest card file."""

_MARKUP = re.compile(r"<\s*[A-Za-z/!?]")
_UNSEEN = frozenset(("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"))
"""Categories of Unicode: control, format (which turns text, too), unassigned, private, surrogate, line separators."""
_BLANK = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
"""Letters, marks and symbols that are drawn as nothing."""
MOST_MARKS = 2
"""Accents on one letter; more of them climb over the lines around."""
_LINK = re.compile(r"https?://[^\s<>\"'`\\@/?#]+(?:[/?#][^\s<>\"'`\\]*)?")


def plain_text(value: str) -> str:
    """Return `value` in Unicode's form NFC; raises ValueError for markup, stacked accents, and what nobody sees.

    >>> plain_text("noise at SNR < 0 dB")
    'noise at SNR < 0 dB'
    """
    value, marks = unicodedata.normalize("NFC", value), 0
    if _MARKUP.search(value):
        raise ValueError("holds markup (<...>): write plain text")
    for character in value:
        category = unicodedata.category(character)
        if category in _UNSEEN and character not in "\n\t":
            raise ValueError(_unseen(character))
        marks = marks + 1 if category.startswith("M") else 0
        if marks > MOST_MARKS:
            raise ValueError(f"holds more than {MOST_MARKS} accents on one letter: write plain text")
    return value


def _unseen(character: str) -> str:
    return f"holds the character U+{ord(character):04X}, which readers cannot see: write plain text"


def plain_name(value: str) -> str:
    """Return `value` in form NFC, one line that all see alike and that is neither markup nor a path; raises ValueError.

    >>> plain_name("gcc-phat:votes=mode")
    'gcc-phat:votes=mode'
    """
    wrong = sorted(set(value) & set("<>/\\\n\t"))
    if wrong:
        raise ValueError(f"holds {wrong[0]!r}: a name is one line without < > / \\")
    if value.startswith("."):
        raise ValueError("begins with a dot: that reads as a hidden file or a path")
    value = plain_text(value)
    if blank := _BLANK.search(value):
        raise ValueError(_unseen(blank[0]))
    if value != " ".join(value.split()):
        raise ValueError("holds blanks that cannot be told apart: put single spaces between words")
    if value and not any(map(str.isalnum, value)):
        raise ValueError("holds neither a letter nor a digit")
    return value


def web_link(value: str) -> str:
    """Return `value`, empty or an address that begins with http:// or https:// and its host; raises ValueError."""
    if value and not _LINK.fullmatch(plain_text(value)):
        raise ValueError("is no web address: give one that begins with https://, without a user name")
    return value


def _text(longest: int, shortest: int = 0) -> Any:
    return StringConstraints(strip_whitespace=True, min_length=shortest, max_length=longest)


STORED = {"stored": True}
"""The context in which a file is validated that was taken before: rules for new names do not break old boards."""


def _new_name(value: str, info: ValidationInfo) -> str:
    return value if info.context == STORED else own_name(value)


Name = Annotated[str, _text(80, 1), AfterValidator(plain_name), AfterValidator(_new_name)]
ShortText = Annotated[str, _text(300), AfterValidator(plain_text)]
LongText = Annotated[str, _text(4000), AfterValidator(plain_text)]
Link = Annotated[str, _text(300), AfterValidator(web_link)]


class Card(BaseModel):
    """What the people behind a submission say of it; all but `name`, `authors` and `training_data` may be empty."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: Name = Field(description="The method as the board shows it.")
    authors: Annotated[str, _text(300, 1), AfterValidator(plain_text)] = Field(description="Who made it.")
    training_data: Annotated[str, _text(1000, 1), AfterValidator(plain_text)] = Field(
        description="All data that it was trained or tuned on; `none` where there is none."
    )
    paper: Link = Field("", description="Web address of the paper.")
    code: Link = Field("", description="Web address of the code.")
    commit: Annotated[str, _text(64), AfterValidator(plain_name)] = Field("", description="Revision of the code.")
    hardware: ShortText = Field("", description="What it ran on.")
    description: LongText = Field("", description="What it does, and anything else worth knowing.")


FIELDS = "name, authors and training_data (and paper, code, commit, hardware, description)"
"""The fields of a card, for messages."""


def read_card(path: Path) -> Card:
    """Return the card in the TOML or JSON file `path`; raises InputError that says which line to change."""
    if not path.is_file():
        raise InputError(f"card {path} does not exist: give a TOML file such as docs/submit.md shows")
    with open_regular(path, follow=True) as stream:
        content = stream.read(CARD_BYTES + 1)
    if len(content) > CARD_BYTES:
        raise InputError(f"card {path}: larger than {CARD_BYTES} bytes: a card is a page of text")
    try:
        text = content.decode("utf-8")
        fields = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"card {path} is no TOML or JSON file: {error}") from None
    return card_of(fields, f"card {path}")


def own_card(method: str) -> Card | None:
    """Return the card of one of Whence's own methods; None for any other, and for those with weights.

    >>> own_card("gcc-phat:votes=mode").training_data
    'none'
    """
    entry = METHODS.get(parse_specification(method)[0])
    if entry is None or entry.trained:
        return None
    content = {"name": method, "authors": "Whence", "training_data": "none", "description": entry.summary}
    return card_of(content, f"card of {method}")


def card_of(content: Any, where: str = "card", *, stored: bool = False) -> Card:
    """Return `content` (a mapping) as a card; raises InputError that begins with `where`.

    One that is `stored` on a board already may have a name that is not taken any more.
    """
    try:
        return Card.model_validate(content, context=STORED if stored else None)
    except ValidationError as error:
        raise InputError(f"{where}: {first_fault(error, Card.model_fields)}") from None


def first_fault(error: ValidationError, known: Any = ()) -> str:
    """Return the first fault of `error` in one line that is safe to print: where it lies and what is wrong."""
    fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ascii(".".join(str(part) for part in fault["loc"])[:80])
    if fault["type"] == "missing":
        return f"{place} is missing"
    if fault["type"] == "extra_forbidden":
        name = str(fault["loc"][-1])[:80]
        return f"{place} is unknown; {nearest(name, known)}" if known else f"{place} is unknown"
    reason = fault["msg"].removeprefix("Value error, ")
    if not fault["loc"]:
        return reason
    return f"{place}: {reason[:1].lower()}{reason[1:]}"
