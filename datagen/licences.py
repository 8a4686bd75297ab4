"""The licences of what a dataset was made from."""

from collections.abc import Mapping
from typing import Any

from .dataset import Dataset

SOURCES = ("speech", "sounds", "scenes", "images")


def licences_of(dataset: Dataset) -> dict[str, list[str]]:
    """Return the licences of the speech, sounds, scenes and images of `dataset`, of those that it states."""
    found: dict[str, list[str]] = {}
    for name in SOURCES:
        about: Mapping[str, Any] = dataset.attributes.get(name) or {}
        licences = about.get("licences") or about.get("licence") or []
        listed = [licences] if isinstance(licences, str) else sorted(licences)
        if listed:
            found[name] = listed
    return found
