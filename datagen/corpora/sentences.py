"""Sentences for speech synthesis: patterns filled with words from `words.txt`."""

import re
from functools import cache
from importlib.resources import files

import numpy as np

_SLOT = re.compile(r"\{(\w+)\}")
_SECTION = re.compile(r"^\[(\w+)\]$")


def word_list() -> str:
    """Return the text of `words.txt`."""
    return files(__package__).joinpath("words.txt").read_text(encoding="utf-8")


@cache
def _sections() -> dict[str, tuple[str, ...]]:
    """Return the words of each section; the entries of `pattern` are whole lines."""
    sections: dict[str, list[str]] = {}
    name = ""
    for line in word_list().splitlines():
        if match := _SECTION.match(line):
            name = match[1]
        elif line and not line.startswith("#"):
            sections.setdefault(name, []).extend([line] if name == "pattern" else line.split())
    return {name: tuple(words) for name, words in sections.items()}


def sentence(rng: np.random.Generator) -> str:
    """Return one English sentence of about ten words.

    >>> sentence(np.random.default_rng(0)).endswith((".", "?"))
    True
    """
    words = _sections()

    def draw(section: str) -> str:
        """Return a random entry of `section`."""
        return words[section][rng.integers(len(words[section]))]

    text = _SLOT.sub(lambda slot: draw(slot[1]), draw("pattern"))
    return text[0].upper() + text[1:]


def text_of_at_least(words: int, rng: np.random.Generator) -> str:
    """Return whole sentences with at least `words` words in total."""
    text = sentence(rng)
    while text.count(" ") + 1 < words:
        text += " " + sentence(rng)
    return text
