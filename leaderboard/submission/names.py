"""Names that imitate others: what the Unicode standard (UTS #39) says of letters that look alike and of mixed scripts.

Its tables come with the library confusable_homoglyphs.
"""

import re
import unicodedata

from confusable_homoglyphs.categories import alias
from confusable_homoglyphs.confusables import confusables_data, is_confusable

from ...benchmarks.running.method import RESERVED

_WORD = re.compile(r"[^\W\d_]+")
_TOGETHER = (
    {"LATIN", "HAN", "HIRAGANA", "KATAKANA"},
    {"LATIN", "HAN", "BOPOMOFO"},
    {"LATIN", "HAN", "HANGUL"},
)
"""Scripts that are written in one word: the highly restrictive level of UTS #39, section 5.2."""
_DISGUISED = re.compile(r"<(?:font|wide|narrow|circle|square|super|sub|small)>")
"""Decompositions of letters that are others in another form: mathematical, full-width, in a circle, raised."""


def own_name(value: str) -> str:
    """Return `value`; raises ValueError for a name that is or looks like a row of the board, or mixes alphabets.

    >>> own_name("GCC (β = 0.5)")
    'GCC (β = 0.5)'
    """
    for character in value:
        if _is_disguised(character):
            raise ValueError(f"holds the character U+{ord(character):04X}, which imitates another: write plain letters")
    words = _WORD.findall(unicodedata.normalize("NFC", value))
    for word in words:
        if not _is_single_script(word):
            raise ValueError(f"mixes {' and '.join(sorted(_scripts(word)))} letters in one word: use one alphabet")
    latin = any("LATIN" in _scripts(word) for word in words)
    for word in words:
        if latin and _looks_latin(word):
            raise ValueError(f"holds {next(iter(_scripts(word)))} letters that look Latin: use one alphabet")
    for reserved in RESERVED:
        if _bare(value) & (_bare(reserved) | _bare(reserved.upper())):
            raise ValueError(f"reads as {reserved!r}, a row of every board: choose another name")
    return value


def skeleton(value: str) -> str:
    """Return what `value` looks like: equal for names that cannot be told apart (UTS #39, section 4).

    >>> skeleton("m0del") == skeleton("rnOdel")
    True
    """
    whole = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", value))
    return unicodedata.normalize("NFD", "".join(map(_prototype, whole)))


def looks(value: str) -> str:
    """Return what `value` looks like to a reader who does not mind capitals, some of which look like other letters.

    >>> looks("TEAM0") == looks("teamO")
    True
    """
    return skeleton(skeleton(value).casefold()).casefold()


def _prototype(character: str) -> str:
    """Return what stands for all characters that look like `character`: the centre of the library's star of pairs."""
    others: list[str] = [other["c"].strip("\u200e") for other in confusables_data.get(character, ())]
    if len(others) != 1:
        return character
    back = len(confusables_data.get(others[0], ()))
    return others[0] if back > 1 else max(character, others[0], key=lambda form: (len(form), -ord(form[0])))


def _bare(value: str) -> set[str]:
    """Return the looks of `value` without accents, blanks and signs; capital I looks like l, small i does not."""
    forms = (skeleton(value).casefold(), skeleton(value.casefold()))
    return {"".join(filter(str.isalnum, form)) for form in forms}


def _is_disguised(character: str) -> bool:
    if character.isascii():
        return False
    plain, name = unicodedata.normalize("NFKC", character), unicodedata.name(character, "")
    if "SMALL CAPITAL" in name or ("LETTER" in name and unicodedata.category(character) == "So"):
        return True
    return bool(_DISGUISED.match(unicodedata.decomposition(character))) or (plain.isascii() and plain.isalnum())


def _scripts(word: str) -> set[str]:
    return {alias(letter) for letter in word} - {"COMMON", "INHERITED"}


def _is_single_script(word: str) -> bool:
    """Whether a word is of one script, of several that go together, or Latin with Greek that looks like no Latin."""
    scripts = _scripts(word)
    if len(scripts) < 2 or any(scripts <= together for together in _TOGETHER):
        return True
    return scripts == {"LATIN", "GREEK"} and not is_confusable(word, preferred_aliases=["latin"])


def _looks_latin(word: str) -> bool:
    """Whether every letter of a word of another script looks like a Latin one; a single small Greek letter may."""
    if not _scripts(word) or "LATIN" in _scripts(word) or (len(word) == 1 and "α" <= word <= "ω" and word != "ο"):
        return False
    return skeleton(word).isascii()
