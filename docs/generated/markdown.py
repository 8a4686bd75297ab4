"""Pieces of Markdown."""

import inspect
import re
from collections.abc import Iterable, Sequence
from typing import Any

_EXAMPLE = re.compile(r"^>>> .*?(?=\n\s*\n|\Z)", re.M | re.S)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; line breaks and bars in cells are kept from ending them."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(map(cell, line)) + " |" for line in lines) + "\n"


def cell(text: str) -> str:
    """Return `text` as one cell.

    >>> cell("a | b")
    'a \\\\| b'
    """
    return " ".join(text.split()).replace("|", "\\|")


def code(values: Iterable[str]) -> str:
    """Return `values` as code, with commas."""
    return ", ".join(f"`{value}`" for value in values)


def prose(thing: Any) -> str:
    """Return the docstring of `thing` with its examples in fences."""
    return fenced(inspect.getdoc(thing))


def fenced(docstring: str | None) -> str:
    """Return `docstring` with its examples in fences.

    >>> fenced("Return 1.\\n\\n>>> 1\\n1").splitlines()[2:]
    ['```pycon', '>>> 1', '1', '```']
    """
    return _EXAMPLE.sub(lambda example: f"```pycon\n{example[0].rstrip()}\n```", inspect.cleandoc(docstring or ""))


def lowered(markdown: str, by: int) -> str:
    """Return `markdown` with its headings `by` levels lower.

    >>> lowered("# a", 2)
    '### a'
    """
    return re.sub(r"^(#+ )", "#" * by + r"\1", markdown, flags=re.M)


def anchor(name: str) -> str:
    """Return the anchor of the heading `name`.

    >>> anchor("left-right")
    'left-right'
    """
    return re.sub(r"[^\w-]+", "-", name.lower()).strip("-")
