"""Front matter of cards for the Hugging Face Hub: YAML between two lines of hyphens."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

_CREATIVE_COMMONS = re.compile(r"\bCC[ -](BY(?:-(?:NC|SA|ND))*)[ -](\d\.\d)\b")
_NAMES = {"CC0": "cc0-1.0", "Apache-2.0": "apache-2.0", "MIT": "mit"}
_CLAIMED_BY_NOBODY = "no rights claimed"


def front_matter(fields: Mapping[str, Any]) -> str:
    """Return `fields` as the front matter of a card."""
    text = yaml.safe_dump(dict(fields), sort_keys=False, allow_unicode=True, width=120)
    return f"---\n{text}---\n"


def licence_fields(licences: Sequence[str]) -> dict[str, Any]:
    """Return the fields of a card for something made from sources under `licences`, as they are written.

    All of them hold. Where one has no identifier on the Hub, the field is `other` and the details list them.

    >>> licence_fields(["CC BY 4.0 (LibriSpeech, OpenSLR SLR12)", "generated, no rights claimed"])
    {'license': 'cc-by-4.0'}
    >>> licence_fields(["unknown"])
    {'license': 'unknown'}
    """
    claimed = [one for one in dict.fromkeys(licences) if _CLAIMED_BY_NOBODY not in one]
    found = {one: _identifier(one) for one in claimed}
    if not claimed and licences:
        return {"license": "other", "license_name": "generated", "license_details": "; ".join(licences)}
    if set(found.values()) <= {"unknown"}:
        return {"license": "unknown"}
    if {"other", "unknown"} & set(found.values()):
        return {"license": "other", "license_name": "several", "license_details": "; ".join(claimed)}
    several = sorted(set(found.values()))
    return {"license": several[0] if len(several) == 1 else several}


def _identifier(licence: str) -> str:
    """Return the Hub's identifier of a licence.

    >>> [_identifier(one) for one in ("CC BY-NC 3.0", "Apache-2.0", "unknown", "on request")]
    ['cc-by-nc-3.0', 'apache-2.0', 'unknown', 'other']
    """
    if match := _CREATIVE_COMMONS.search(licence):
        return f"cc-{match[1].lower()}-{match[2]}"
    named = next((key for name, key in _NAMES.items() if re.search(rf"\b{re.escape(name)}\b", licence)), "")
    return named or ("unknown" if licence.strip().lower() == "unknown" else "other")


def size_category(rows: int) -> str:
    """Return the Hub's category for a number of rows.

    >>> size_category(120), size_category(1500), size_category(144_000)
    ('n<1K', '1K<n<10K', '100K<n<1M')
    """
    names = ("1K", "10K", "100K", "1M", "10M", "100M", "1B", "10B", "100B", "1T")
    if rows < 1000:
        return "n<1K"
    steps = len(str(rows)) - 4
    return f"{names[steps]}<n<{names[steps + 1]}" if steps + 1 < len(names) else "n>1T"
