"""Checks how the delays between the ears follow the stated directions: sets that are turned, and ears that are late.

Both look plausible: a set turned by 45 degrees still has most of its sources on the right side, and so has one whose
right channel is 0.3 ms late throughout. On a sphere the delay is nearly proportional to the sine of the angle from the
median plane, so delay = a lateral + b ahead + c tells both: the turn is atan2(b, a), the ear is late by c. In half a
circle or less these terms resemble each other, and b and c may fit noise, or the shape of a head. So delay = a lateral
stands unless the longer formula is far closer to the delays.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]

MOST_TURNED = 15.0
"""Degrees; eight measured heads seem turned by 3 at most, KEMAR in two rooms by 0.5."""
MOST_LATE = 1e-4
"""s; 0.01 ms on these heads, 0.06 in a seminar room."""
FARTHEST = 3.5e-4
"""s by which a delay may differ from the pattern; 0.31 ms at most on these heads, 0.13 on the sphere."""

_FEWEST = 6
_MOST_ALIKE = 10.0
_LEAST_SWING, _CLEAR = 1.5e-4, 1e-4
_FOLLOWING, _ROUNDS = 0.6, 8
_CLOSER, _LEAST_GAIN = 2.0, 6e-5
"""Six in ten delays are so many times closer to the longer formula, and that many s away from the shorter one: no half
circle of eight measured heads, not even with noise of 0.03 ms, while all heads turned by 30 degrees are."""


@dataclass(frozen=True, eq=False)
class DelayPattern:
    """The delays of a set: sources heard `turned` degrees further to the left than stated, the right ear `late` s.

    `apart` (n,) is how far each delay is from this pattern, s. A pattern is `clear` if half of the delays follow it and
    the directions vary enough to tell.
    """

    turned: float
    late: float
    apart: Float64
    clear: bool

    @property
    def fault(self) -> str:
        """What is wrong in words, empty if nothing is; sets turned by half a turn are told by `ears`."""
        if not self.clear:
            return ""
        if MOST_TURNED < abs(self.turned) < 180 - MOST_TURNED:
            side = "left" if self.turned > 0 else "right"
            return f"the delays are those of sources {abs(self.turned):.0f} degrees further to the {side} than stated"
        if abs(self.late) > MOST_LATE:
            return f"the {'right' if self.late > 0 else 'left'} ear is {1e3 * abs(self.late):.2f} ms late throughout"
        return ""


def delay_pattern(delays: npt.ArrayLike, lateral: npt.ArrayLike, ahead: npt.ArrayLike) -> DelayPattern:
    """Return the pattern of n `delays` t_right - t_left (s): least squares over the six in ten that follow it best.

    `lateral` and `ahead` (n,) are the components of the stated directions to the left and to the front.

    >>> angle = np.radians(np.arange(0, 360, 30))
    >>> delay_pattern(6e-4 * np.sin(angle + np.radians(40)), np.sin(angle), np.cos(angle)).fault
    'the delays are those of sources 40 degrees further to the left than stated'
    >>> delay_pattern(6e-4 * np.sin(angle) + 3e-4, np.sin(angle), np.cos(angle)).fault
    'the right ear is 0.30 ms late throughout'
    """
    measured, left, front = (np.asarray(each, dtype=np.float64).ravel() for each in (delays, lateral, ahead))
    terms = np.stack([left, front, np.ones_like(left)], axis=1)
    if len(terms) < _FEWEST or np.linalg.cond(terms) > _MOST_ALIKE:
        return DelayPattern(0.0, 0.0, np.zeros(len(terms)), False)
    (a, b, late), apart = _fitted(terms, measured)
    (straight,), simply = _fitted(terms[:, :1], measured)
    if np.quantile(simply, _FOLLOWING) <= max(_LEAST_GAIN, _CLOSER * np.quantile(apart, _FOLLOWING)):
        a, b, late, apart = straight, 0.0, 0.0, simply
    clear = bool(np.hypot(a, b) >= _LEAST_SWING and np.median(apart) <= _CLEAR)
    return DelayPattern(float(np.degrees(np.arctan2(b, a))), float(late), apart, clear)


def _fitted(terms: Float64, measured: Float64) -> tuple[Float64, Float64]:
    """Return the weights of `terms` (n, k) that fit the delays `measured` (n,) best, and how far each is off, s."""
    following = np.arange(len(terms))
    for _ in range(_ROUNDS):
        weights = np.asarray(np.linalg.lstsq(terms[following], measured[following], rcond=None)[0], np.float64)
        apart = np.abs(terms @ weights - measured)
        following = np.argsort(apart, kind="stable")[: max(_FEWEST, int(_FOLLOWING * len(terms)))]
    return weights, apart
