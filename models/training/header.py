"""The card in the header of a checkpoint, read without its tensors and without torch."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import InputError

METADATA = "whence"
_LARGEST_HEADER = 100_000_000


def read_card(path: Path) -> dict[str, Any]:
    """Return the card of the checkpoint at `path`; raises InputError if it is none of Whence."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = file.read(min(length, _LARGEST_HEADER))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}; give a .safetensors file") from None
    return card_in(header if len(header) == length else b"", path)


def card_in(header: bytes, path: Path) -> dict[str, Any]:
    """Return the card in the `header` of the safetensors file `path`; raises InputError if it has none."""
    if not header:
        raise InputError(f"{path}: not a whole safetensors file; `whence import checkpoint` converts others")
    try:
        card = json.loads(json.loads(header)["__metadata__"][METADATA])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise InputError(f"{path}: not a checkpoint of Whence; `whence import checkpoint` converts others") from None
    if not (isinstance(card, dict) and _is_formed(card)):
        raise InputError(f"{path}: its card is damaged; copy it again")
    return card


def _is_formed(card: Mapping[str, Any]) -> bool:
    """Return whether what a card holds has the form that a training gives it."""
    sources, log = card.get("sources", []), card.get("log", [])
    lists = isinstance(sources, list) and isinstance(log, list) and all(isinstance(one, dict) for one in sources + log)
    named = all(isinstance(card.get(key, {}), dict) for key in ("recipe", "code", "calibration"))
    return lists and named and all(isinstance(source.get("licences", []), list) for source in sources)


def licences_of_card(card: Mapping[str, Any]) -> list[str]:
    """Return the licences of all that a checkpoint was trained on, sorted."""
    return sorted({str(one) for source in card.get("sources", ()) for one in source.get("licences", ())})
