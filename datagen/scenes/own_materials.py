"""Reads a user's absorption of materials, by the names that they have in glTF files."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...errors import InputError
from .gltf_file import open_gltf
from .materials import BANDS_HZ, MATERIALS

Absorptions = tuple[tuple[str, tuple[float, ...]], ...]
"""Pairs of a material's name and its absorption, 0..1, in each of `BANDS_HZ`."""


def read_absorptions(path: str, scenes: Sequence[str]) -> Absorptions:
    """Return what the TOML file at `path` says of the materials in the files `scenes`.

    Each line is `"name" = [six shares]` or `"name" = "carpet"`, one of our materials. Raises InputError for anything
    else, and for a name that no scene has.
    """
    if not Path(path).is_file():
        raise InputError(f"--materials {path} does not exist: give a TOML file")
    try:
        content = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"--materials {path}: cannot be read as TOML ({error})") from None
    known = {str(each.get("name", "")) for scene in scenes for each in open_gltf(Path(scene)).items("materials")}
    for name in content:
        if name not in known:
            names = ", ".join(sorted(filter(None, known))[:8]) or "none with a name"
            raise InputError(f"--materials {path}: no scene has a material {name!r}; there are {names}")
    return tuple(sorted((name, _absorption(path, name, value)) for name, value in content.items()))


def _absorption(path: str, name: str, value: Any) -> tuple[float, ...]:
    if isinstance(value, str) and value in MATERIALS:
        return MATERIALS[value].absorption
    shares = value if isinstance(value, list) else []
    if len(shares) != len(BANDS_HZ) or not all(type(each) in (int, float) and 0 <= each <= 1 for each in shares):
        bands = ", ".join(f"{band:g}" for band in BANDS_HZ)
        raise InputError(
            f"--materials {path}: {name} = {value!r}: expected shares of 0 to 1 at {bands} Hz, or one of "
            f"{', '.join(MATERIALS)}"
        )
    return tuple(map(float, shares))
