"""Text for terminals that know few letters: what they cannot show is spelled in ASCII."""

import codecs
import io
import os
import sys
import unicodedata

_SPELLED = {
    "±": "+-",
    "°": " deg",
    "µ": "u",
    "×": "x",
    "·": ".",
    "−": "-",
    "–": "-",
    "—": "-",
    "…": "...",
    "‘": "'",
    "’": "'",
    "“": '"',
    "”": '"',
    "≤": "<=",
    "≥": ">=",
    "≈": "~",
    "→": "->",
    "←": "<-",
    "↑": "^",
    "↓": "v",
    "•": "*",
}
_FIRST_BORDER, _LAST_BORDER = "─", "╿"
_PLAIN_BAR = " 123456789#"
"""What progress bars are made of."""
_PLAIN, _HANDLER = "plain-ascii", "spelled"
_COERCED = ("C.UTF-8", "C.utf8", "UTF-8")


def spelled(text: str) -> str:
    r"""Return `text` in ASCII; letters, which may be part of a file's name, as escapes.

    >>> print(spelled("3.2 ± 0.1°, ┏━┓, café"))
    3.2 +- 0.1 deg, +-+, caf\xe9
    """
    return text if text.isascii() else "".join(map(_in_ascii, text))


def _in_ascii(letter: str) -> str:
    if _FIRST_BORDER <= letter <= _LAST_BORDER:
        kind = unicodedata.name(letter).split()[-1]
        return {"HORIZONTAL": "-", "VERTICAL": "|"}.get(kind, "+")
    return _SPELLED.get(letter) or letter.encode("ascii", "backslashreplace").decode()


def is_plain() -> bool:
    """Whether the user's terminal takes only ASCII: by its encoding, or by a locale C or POSIX.

    Python writes UTF-8 under such a locale and may have changed LC_CTYPE (PEP 538, PEP 540). What the user says of
    Python's encoding is believed.
    """
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    if codecs.lookup(encoding).name in ("ascii", _PLAIN):
        return True
    if os.environ.get("PYTHONIOENCODING") or os.environ.get("PYTHONUTF8"):
        return False
    letters = os.environ.get("LC_CTYPE", "")
    named = (os.environ.get("LC_ALL"), "" if letters in _COERCED else letters, os.environ.get("LANG"))
    return next(filter(None, named), "") in ("C", "POSIX")


def shown(text: str) -> str:
    """Return `text` as standard output will show it, so that a table can be laid out."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return spelled(text)
    return spelled(text) if encoding == _PLAIN else text


def settle_streams() -> None:
    """Let standard output and error spell what they cannot show.

    Plain ASCII is an encoding of our own: the library that prints takes Python's for a mistake and writes UTF-8.
    """
    codecs.register(_codec)
    codecs.register_error(_HANDLER, _spell_the_rest)
    encoding = _PLAIN if is_plain() else None
    if encoding:
        os.environ.setdefault("TQDM_ASCII", _PLAIN_BAR)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=encoding, errors=_HANDLER)


def _codec(name: str) -> codecs.CodecInfo | None:
    if name.replace("_", "-") != _PLAIN:
        return None
    return codecs.CodecInfo(_encode, codecs.ascii_decode, incrementalencoder=_Encoder, name=_PLAIN)


def _encode(text: str, errors: str = "strict") -> tuple[bytes, int]:
    return spelled(text).encode("ascii"), len(text)


class _Encoder(codecs.IncrementalEncoder):
    def encode(self, text: str, final: bool = False) -> bytes:
        """Return `text` in bytes."""
        return _encode(text)[0]


def _spell_the_rest(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return spelled(error.object[error.start : error.end]), error.end
