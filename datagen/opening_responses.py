"""Opens measured responses: a folder of wavs with an index, a SOFA file, or a folder of SOFA files."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..errors import InputError
from .acoustics.sofa_rooms import MeasuredSet, read_measured_set
from .measured_responses import INDEX, MeasuredResponse, check_sides, disagreements, read_responses

SUFFIX = ".sofa"
MOST_ELEVATION = 15.0
"""Degrees; sources farther above or below the ears are left out, for their delay is not that of their azimuth."""


def open_responses(place: str) -> tuple[tuple[MeasuredResponse, ...], tuple[str, ...]]:
    """Return the responses at `place`, and remarks on them, one line each.

    Raises InputError for a place that holds none, and for azimuths that the sound contradicts.
    """
    path = Path(place)
    files = [path] if path.is_file() else _sofa_files(path)
    if not files or (path / INDEX).is_file():
        responses = read_responses(place)
        return responses, check_sides(responses, place)
    opened = [_open_file(file) for file in files]
    return tuple(one for some, _ in opened for one in some), tuple(line for _, said in opened for line in said)


def _sofa_files(folder: Path) -> list[Path]:
    """Return the SOFA files in `folder`, however their suffix is spelled; macOS keeps a ._NAME.sofa beside some."""
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    return [file for file in found if file.suffix.lower() == SUFFIX and not file.name.startswith(".")]


def _open_file(file: Path) -> tuple[list[MeasuredResponse], list[str]]:
    """Return the responses in a SOFA file of sources at ear height, and remarks on them."""
    if file.suffix.lower() != SUFFIX:
        raise InputError(f"{file}: expected a SOFA file, or a folder of stereo wavs with an {INDEX}")
    found = read_measured_set(str(file))
    level = np.abs(found.elevations) <= MOST_ELEVATION
    if not level.any():
        raise InputError(f"{file}: no source is within {MOST_ELEVATION:g} degrees of ear height")
    responses = list(_responses(found, file.name, level))
    left_out = int((~level).sum())
    remarks = [
        *found.remarks,
        *([f"{file}: {left_out} responses from above or below ear height are left out"] if left_out else []),
        *disagreements(responses, str(file)),
    ]
    return responses, remarks


def _responses(found: MeasuredSet, name: str, chosen: np.ndarray) -> Iterator[MeasuredResponse]:
    for k in np.flatnonzero(chosen):
        audio = np.ascontiguousarray(found.responses[k], np.float32)
        yield MeasuredResponse(
            f"{name}/{found.names[k]}", round(float(found.azimuths[k]), 6), float(found.distances[k]), audio
        )
