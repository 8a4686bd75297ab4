"""The licences of what a dataset was made from."""

from collections.abc import Mapping
from typing import Any

from .recorded import listed
from .sources import Recorded

SOURCES = ("speech", "sounds", "scenes", "images", "engine")


def licences_of(dataset: Recorded) -> dict[str, list[str]]:
    """Return the licences of the speech, sounds, scenes, images and engine of `dataset`, of those that it states.

    A sealed set states those of the set that it was made from.
    """
    found: dict[str, list[str]] = {name: list(given) for name, given in _sealed(dataset).items()}
    for name in SOURCES:
        about: Mapping[str, Any] = dataset.attributes.get(name) or {}
        licences = sorted(about.get("licences") or listed(about, "licence"))
        if licences:
            found[name] = licences
    return found


def _sealed(dataset: Recorded) -> Mapping[str, Any]:
    stated = dataset.attributes.get("licences")
    return stated if isinstance(stated, Mapping) else {}


def unstated(dataset: Recorded) -> list[str]:
    """Return the sources that others made of which `dataset` states no licence."""
    known = licences_of(dataset)
    return [name for name in SOURCES if name != "engine" and name in dataset.attributes and name not in known]
