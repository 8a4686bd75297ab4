"""The slots of a row: objects in view first, of which the last may be absent, then two sources out of view."""

from typing import Any

import numpy as np
import numpy.typing as npt

OBJECTS = 3
"""Slots for objects in view."""
OFF_SCREEN, ELSEWHERE = OBJECTS, OBJECTS + 1
"""Slots of the sources out of view: of a kind that is not in the picture, and of a kind that is."""
SOURCES = OBJECTS + 2


def filled(sources: int) -> list[int]:
    """Return the slots of `sources` sources, of which the last two are out of view.

    >>> filled(4)
    [0, 1, 3, 4]
    """
    return [*range(sources - 2), OFF_SCREEN, ELSEWHERE]


def in_slots(values: npt.ArrayLike, empty: float) -> npt.NDArray[Any]:
    """Return `values` (sources, ...) in their slots (SOURCES, ...), and `empty` in the others."""
    given = np.asarray(values)
    found = np.full((SOURCES, *given.shape[1:]), empty, dtype=given.dtype)
    found[filled(len(given))] = given
    return found
