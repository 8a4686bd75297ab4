"""Check that answers can be in the track's unit: an error by a factor of 1,000 is caught before scoring.

The checks need no labels, so the submitter's machine and the board agree. Answers that pass are bounded, so scoring
cannot overflow; a failure there would leak information about the labels.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import InputError

Answers = npt.NDArray[Any]

LONGEST_DELAY = 0.005
"""Seconds. Sound travels 1.7 m in this time, further than any of our microphone pairs is wide."""
LARGEST_DELAY = 1.0
"""Seconds. Even wild guesses on noise are far shorter."""
SHORTEST_DELAY = 1e-6
"""Seconds: a sixtieth of a sample. If every delay is shorter, the unit is wrong or there is no answer."""
LARGEST_ANGLE = 360.0
LARGEST_SCORE = 1e6
"""The largest magnitude of a score whose sign alone counts, or of a map's value."""
RADIANS = np.pi + 1e-6
FEW = 10
"""So few distinct answers reveal nothing about their unit."""


def check_delays(conditions: Sequence[Answers]) -> None:
    """Raise InputError unless delays, an array (n,) for each condition, can be in seconds.

    Uses the condition with the smallest median, since noise leads to wild guesses.
    """
    every = np.abs(np.concatenate(conditions))
    largest = float(every.max(initial=0))
    if largest > LARGEST_DELAY:
        raise InputError(f"a delay of {largest:.3g} s: give seconds, at most {LARGEST_DELAY:g}")
    typical = min((float(np.median(np.abs(some))) for some in conditions if some.size), default=0.0)
    if typical > LONGEST_DELAY:
        raise InputError(
            f"half of the delays are {typical:.3g} s or longer: they look like milliseconds or samples; give seconds"
        )
    if 0 < largest < SHORTEST_DELAY and len(np.unique(every)) > FEW:
        raise InputError(f"the longest delay is {largest:.3g} s: too short to be in seconds; check the unit")


def check_angles(conditions: Sequence[Answers]) -> None:
    """Raise InputError unless angles, an array (n,) for each condition, can be in degrees."""
    every = np.concatenate(conditions)
    largest = float(np.abs(every).max(initial=0))
    if largest > LARGEST_ANGLE:
        raise InputError(f"an angle of {largest:.6g} degrees: expected degrees in (-180, 180], positive to the left")
    if largest <= RADIANS and len(np.unique(every)) > FEW:
        raise InputError(f"all angles are within {largest:.3g} of 0: they look like radians; give degrees")


def check_scores(conditions: Sequence[Answers]) -> None:
    """Raise InputError unless scores or maps, an array (n, ...) for each condition, are bounded."""
    for some in conditions:
        largest = float(np.abs(some).max(initial=0))
        if largest > LARGEST_SCORE:
            raise InputError(f"a value of {largest:.3g}: expected at most {LARGEST_SCORE:g} to either side of 0")
