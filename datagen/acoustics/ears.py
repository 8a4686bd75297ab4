"""Checks from the sound which channel is which ear: the near ear hears a source earlier and louder.

Channel, receiver and azimuth labels are easily mirrored, and a mirrored set looks plausible. The direct sound gives it
away: at 20 degrees from the median plane the far ear is about 0.2 ms late (Kuhn 1977) and in the head's shadow.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ...conventions import SAMPLE_RATE
from .cross_correlation import parabolic_peak, phase_transform_correlation, response_delay
from .impulse_response import DIRECT_WINDOW

Float64 = npt.NDArray[np.float64]
Sounds = Sequence[npt.NDArray[Any]] | npt.NDArray[Any]
Verdict = Literal["right", "swapped", "contradictory", "unclear"]

AT_THE_SIDE = np.sin(np.radians(20.0))
"""Sine of the angle from the median plane beyond which a source counts as lateral."""
LEAST_DELAY = 1e-4
"""An ear is earlier if it leads by at least this many seconds."""
LEAST_LEVEL = 1.0
"""An ear is louder if its level is at least this many dB higher."""
_MAJORITY = 3
_LEAST_SHARE = 0.25
_LONGEST_LAG = 16


@dataclass(frozen=True, eq=False)
class NearEar:
    """How lateral sources are heard.

    `which` (n,) are their indices among all sources. `earlier` and `louder` (n,) are +1 where the near ear is, -1
    where the far ear is, and 0 where the difference is too small.
    """

    which: npt.NDArray[np.intp]
    earlier: Float64
    louder: Float64

    @property
    def verdict(self) -> Verdict:
        """Whether the channels match the ears.

        A cue decides if three quarters of its clear votes agree and they are at least a quarter of all sources.
        """
        leans = {_lean(self.earlier), _lean(self.louder)}
        if leans >= {1, -1}:
            return "contradictory"
        return "right" if 1 in leans else "swapped" if -1 in leans else "unclear"

    @property
    def agreeing(self) -> int:
        """Number of sources for which the near ear leads, both cues combined."""
        return int((self.earlier + self.louder > 0).sum())

    @property
    def opposed(self) -> int:
        """Number of sources for which the far ear leads."""
        return int((self.earlier + self.louder < 0).sum())

    @property
    def swapped(self) -> npt.NDArray[np.intp]:
        """Indices of the sources that are earlier and louder in the far ear."""
        return self.which[(self.earlier < 0) & (self.louder < 0)]

    def __str__(self) -> str:
        near, far = ([int((sign * cue > 0).sum()) for cue in (self.earlier, self.louder)] for sign in (1, -1))
        return (
            f"of {self.which.size} sources at the side, {near[0]} come earlier and {near[1]} louder to the near ear, "
            f"{far[0]} and {far[1]} to the far one"
        )


def near_ear_of_responses(responses: Sounds, lateral: npt.ArrayLike) -> NearEar:
    """Return the near-ear cues in the direct sound of n binaural `responses` (2, samples) at 16 kHz.

    `lateral` (n,) is the sine of each source's angle from the median plane, positive to the left. Sources near the
    median plane and silent responses are skipped.

    >>> click = np.zeros((1, 2, 400))
    >>> click[0, 0, 100], click[0, 1, 106] = 1.0, 0.5
    >>> near_ear_of_responses(click, [0.9]).verdict, near_ear_of_responses(click, [-0.9]).verdict
    ('right', 'swapped')
    """
    return _near_ear(responses, lateral, response_delay, lambda response: level_difference(_direct(response)))


def near_ear_of_clips(clips: Sounds, lateral: npt.ArrayLike) -> NearEar:
    """Return the near-ear cues in n stereo `clips` (2, samples) at 16 kHz; `lateral` as in `near_ear_of_responses`.

    The delay comes from generalised cross-correlation, which reverberation affects little; the level is taken over
    the whole clip.
    """
    return _near_ear(clips, lateral, clip_delay, level_difference)


def _near_ear(
    sounds: Sounds,
    lateral: npt.ArrayLike,
    delay: Callable[[Float64], float],
    level: Callable[[Float64], float],
) -> NearEar:
    """Return the votes of `delay` (s) and `level` (dB), both positive where the left ear leads."""
    sine = np.asarray(lateral, dtype=np.float64)
    chosen = [k for k in np.flatnonzero(np.abs(sine) >= AT_THE_SIDE).tolist() if np.any(sounds[k])]
    heard, side = [np.asarray(sounds[k], dtype=np.float64) for k in chosen], np.sign(sine[chosen])
    delays, levels = np.array([delay(sound) for sound in heard]), np.array([level(sound) for sound in heard])
    return near_ear_of_cues(np.array(chosen, dtype=np.intp), side, delays, levels)


def near_ear_of_cues(which: npt.NDArray[np.intp], side: Float64, delays: Float64, levels: Float64) -> NearEar:
    """Return what `delays` (n,) s and `levels` (n,) dB, positive where the left ear leads, say of sources at `side`.

    `side` (n,) is +1 left, -1 right; `which` (n,) are their indices among all sources.
    """
    return NearEar(
        which,
        side * np.sign(np.where(np.abs(delays) >= LEAST_DELAY, delays, 0.0)),
        side * np.sign(np.where(np.abs(levels) >= LEAST_LEVEL, levels, 0.0)),
    )


def _lean(votes: Float64) -> int:
    """Return +1 or -1 if `votes` (n,) have a clear majority, else 0."""
    for sign in (1, -1):
        agreeing, opposed = int((sign * votes > 0).sum()), int((sign * votes < 0).sum())
        if agreeing and agreeing >= _MAJORITY * opposed and agreeing >= _LEAST_SHARE * votes.size:
            return sign
    return 0


def _direct(response: Float64) -> Float64:
    """Return the direct part of `response` (2, samples): from 1 ms before its first arrival to 2.5 ms after."""
    loudest = np.abs(response).max(axis=0)
    first = int(np.argmax(loudest >= 0.2 * loudest.max()))
    return response[:, max(first - SAMPLE_RATE // 1000, 0) : first + round(DIRECT_WINDOW * SAMPLE_RATE)]


def level_difference(sound: Float64) -> float:
    """Return the level difference (left - right, dB) of `sound` (2, samples); a silent ear counts as 200 dB down."""
    left, right = np.square(sound / np.abs(sound).max()).sum(axis=1) + 1e-20
    return float(10 * np.log10(left / right))


def clip_delay(clip: Float64, longest_lag: int = _LONGEST_LAG) -> float:
    """Return the delay (s) between the ears of `clip` (2, samples), positive if the left leads.

    It is at most `longest_lag` samples.
    """
    correlation = phase_transform_correlation(clip[0], clip[1], longest_lag)
    return (parabolic_peak(correlation) - longest_lag) / SAMPLE_RATE
