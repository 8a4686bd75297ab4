"""Whether predictions can be in the unit that the track asks for: a slip of a factor 1,000 is caught before it counts.

No label is needed for it, so the submitter's machine and the board say the same. What passes is bounded, so that its
scoring cannot overflow: a failure would tell of the labels that it met.
"""

import numpy as np
import numpy.typing as npt

from ...benchmarks.questions.quantities import DELAY
from ...errors import InputError
from ...registry import load_track

Float64 = npt.NDArray[np.float64]

LONGEST_DELAY = 0.005
"""Seconds: sound travels 1.7 m in them, and no pair of microphones of ours is as wide as that."""
LARGEST_DELAY = 1.0
"""Seconds: the wildest of guesses on noise is far shorter."""
SHORTEST_DELAY = 1e-6
"""Seconds: a sixtieth of a sample; a method whose every delay is shorter answers in another unit, or nothing."""
LARGEST_ANGLE = 360.0
LARGEST_SCORE = 1e6
"""Of a score whose sign alone counts."""
RADIANS = np.pi + 1e-6
FEW = 10
"""Up to so many distinct answers say nothing of their unit."""


def check_plausible(track: str, condition: npt.NDArray[np.int32], prediction: Float64) -> None:
    """Raise InputError where `prediction` (n,), under conditions (n,), cannot be in the unit of `track`."""
    if not prediction.size:
        return
    quantity = load_track(track).quantity
    if quantity is DELAY:
        _check_delays(condition, prediction)
    elif quantity is not None and quantity.circular:
        _check_angles(prediction)
    else:
        _check_scores(prediction)


def _check_delays(condition: npt.NDArray[np.int32], prediction: Float64) -> None:
    """Check delays in seconds by their median under the condition where it is smallest: noise makes wild guesses."""
    magnitude = np.abs(prediction)
    largest = float(magnitude.max())
    if largest > LARGEST_DELAY:
        raise InputError(f"a delay of {largest:.3g} s: give seconds, at most {LARGEST_DELAY:g}")
    typical = min(float(np.median(magnitude[condition == k])) for k in np.unique(condition))
    if typical > LONGEST_DELAY:
        raise InputError(
            f"half of the delays are {typical:.3g} s or longer: they look like milliseconds or samples; give seconds"
        )
    if 0 < largest < SHORTEST_DELAY and len(np.unique(prediction)) > FEW:
        raise InputError(f"the longest delay is {largest:.3g} s: too short to be in seconds; check the unit")


def _check_angles(prediction: Float64) -> None:
    largest = float(np.abs(prediction).max())
    if largest > LARGEST_ANGLE:
        raise InputError(f"an angle of {largest:.6g} degrees: expected degrees in (-180, 180], positive to the left")
    if largest <= RADIANS and len(np.unique(prediction)) > FEW:
        raise InputError(f"all angles are within {largest:.3g} of 0: they look like radians; give degrees")


def _check_scores(prediction: Float64) -> None:
    largest = float(np.abs(prediction).max())
    if largest > LARGEST_SCORE:
        raise InputError(f"a score of {largest:.3g}: expected at most {LARGEST_SCORE:g} to either side of 0")
