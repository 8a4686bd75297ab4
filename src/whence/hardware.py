"""The machine in words that travel: processor, cores and memory, without its name or its user's."""

import os
import platform
from collections.abc import Mapping
from pathlib import Path

from .cores import allowed_cores


def hardware(root: Path = Path("/")) -> dict[str, str | int | float]:
    """Return the processor, the cores that may be used, memory (GiB) and system; `root` is where `proc` lies."""
    return {
        "processor": _processor(root) or platform.machine() or "unknown",
        "cores": allowed_cores(),
        "memory_gib": _memory_gib(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def in_words(machine: Mapping[str, str | int | float]) -> str:
    """Return a machine, as `hardware` tells it, in words.

    >>> in_words({"processor": "Z80", "cores": 1, "memory_gib": 0.5, "system": "CP/M"})
    'Z80, 1 core, 0.5 GiB, CP/M'
    """
    cores = f"{machine['cores']} core{'' if machine['cores'] == 1 else 's'}"
    return f"{machine['processor']}, {cores}, {machine['memory_gib']:g} GiB, {machine['system']}"


def _processor(root: Path) -> str:
    """Return the model of the first processor; empty where the system does not tell."""
    try:
        lines = (root / "proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    pairs = [line.partition(":") for line in lines]
    return next((value.strip() for key, _, value in pairs if key.strip() in ("model name", "Processor", "cpu")), "")


def _memory_gib() -> float:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (ValueError, OSError):  # not told here
        return 0.0
