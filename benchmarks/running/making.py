"""How a run was made: the commands, the versions of what decides its numbers, and the machine."""

from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ...datagen.pipeline import software
from ...errors import InputError
from ...hardware import hardware
from ..scoring.results import read_results
from .run import Run

OPTIONAL = ("opencv-python-headless", "poselib", "torch", "transformers")
"""Packages that decide the answers of some methods, beside those that decide the bytes of datasets."""


def with_making(run: Run, command: str) -> Run:
    """Return `run` with the record of how it was made; earlier commands in its folder are kept, `command` is added."""
    commands = [*earlier_commands(run.folder, run.dataset.fingerprint), command]
    made = {
        "commands": list(dict.fromkeys(filter(None, commands))),
        "seed": run.dataset.recipe.get("seed"),
        "software": software() | _installed(),
        "machine": hardware(),
    }
    return replace(run, results=replace(run.results, made=made))


def earlier_commands(folder: Path, fingerprint: str) -> list[str]:
    """Return the commands that the results in `folder` record for the dataset of this `fingerprint`."""
    try:
        earlier = read_results(folder)
    except InputError:
        return []
    made: Mapping[str, Any] = earlier.made if earlier.dataset["fingerprint"] == fingerprint else {}
    return [str(one) for one in made.get("commands", [])]


def _installed() -> dict[str, str]:
    found = {}
    for name in OPTIONAL:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
