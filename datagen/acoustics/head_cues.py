"""What the direct sound tells of a head beside its sides: its size, and which sources are in front.

A wrong sample rate scales all delays, so the head would be too large or too small. A set turned by 180 degrees has its
ears exchanged, and its front as well: the pinna shades sources behind the head at 3 to 5 kHz (Shaw 1974), by 4 to 7 dB
on each of eight measured heads.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from ...conventions import SAMPLE_RATE, SPEED_OF_SOUND
from .cross_correlation import parabolic_peak
from .ears import Sounds
from .fourier import irfft, rfft, smooth_size

Float64 = npt.NDArray[np.float64]
Verdict = Literal["front", "back", "unclear"]

PLAUSIBLE_RADIUS = (0.06, 0.14)
"""m; by broadband delays, eight measured heads have 0.086 to 0.099, and twice or half of that is outside."""
USUAL_RADIUS = 0.0925
NO_DELAYS = 0.01
"""Below this radius, m, a set holds no delays between the ears: they were removed."""
PINNA_BAND = (3000.0, 5000.0)
"""Hz."""
LEAST_SHADE = 2.0
"""Mean level difference between front and back that tells them apart, dB."""

_AT_THE_SIDE = 0.5
_FEWEST = 3
_BEFORE, _AFTER = SAMPLE_RATE // 1000, SAMPLE_RATE // 250
_FINE = 8
_AHEAD = np.cos(np.radians(70.0))
_HIGHEST = np.sin(np.radians(30.0))
_APART = np.cos(np.radians(5.0))
_SHARE = 0.9


def head_radius(responses: Sounds, lateral: npt.ArrayLike) -> float:
    """Return the radius (m) of the sphere whose delays are those of n binaural `responses` (2, samples) at 16 kHz.

    `lateral` (n,) is the sine of each source's angle from the median plane, positive to the left. It is the median over
    the sources at the side, by Woodworth's formula (1938): delay = radius / c (angle + sin angle). NaN for fewer than
    three of these.

    >>> click = np.zeros((3, 2, 400))
    >>> click[:, 0, 100] = click[:, 1, 111] = 1.0
    >>> round(head_radius(click, [1.0, 1.0, 1.0]), 3)
    0.092
    """
    sine = np.clip(np.asarray(lateral, dtype=np.float64), -1, 1)
    chosen = np.flatnonzero(np.abs(sine) >= _AT_THE_SIDE)
    if len(chosen) < _FEWEST:
        return float("nan")
    angle = np.arcsin(sine[chosen])
    delays = np.array([direct_delay(np.asarray(responses[k], np.float64)) for k in chosen.tolist()])
    return float(np.median(delays * SPEED_OF_SOUND / (angle + sine[chosen])))


def implausible_size(radius: float) -> str:
    """Return in words why no head has the `radius` m, and what the sample rate may be; empty for a plausible one.

    >>> implausible_size(0.09)
    ''
    """
    low, high = PLAUSIBLE_RADIUS
    if not abs(radius) >= NO_DELAYS or low <= abs(radius) <= high:
        return ""
    factor = 2.0 ** np.round(np.log2(abs(radius) / USUAL_RADIUS))
    return (
        f"its delays between the ears are those of a head of {100 * abs(radius):.1f} cm radius, expected "
        f"{100 * low:g} to {100 * high:g} cm: the sample rate is probably {factor:g} times the one that is stated"
    )


@dataclass(frozen=True)
class FrontBack:
    """Level differences (dB) of `shades` (n,): a source in front less the one behind it, mirrored front to back."""

    shades: Float64

    @property
    def verdict(self) -> Verdict:
        """Which of them the pinna shades less: "front" on a head that is labelled rightly."""
        if len(self.shades) < _FEWEST or abs(self.shades.mean()) < LEAST_SHADE:
            return "unclear"
        sign = np.sign(self.shades.mean())
        agree = float((sign * self.shades > 0).mean())
        return "unclear" if agree < _SHARE else "front" if sign > 0 else "back"

    def __str__(self) -> str:
        louder = int((self.shades > 0).sum())
        mean = f" ({self.shades.mean():+.1f} dB)" if len(self.shades) else ""
        return f"of {len(self.shades)} sources in front, {louder} are louder at 3 to 5 kHz than those behind{mean}"


def front_and_back(responses: Float64, directions: Float64) -> FrontBack:
    """Return how much louder sources in front are in n `responses` (2, samples) at 16 kHz than those behind.

    `directions` (n, 3) are unit vectors in head axes (x right, y up, z backwards). Each source within 70 degrees of
    straight ahead is compared with the one at the same side and height behind, where there is one within 5 degrees.
    """
    level = np.abs(directions[:, 1]) <= _HIGHEST
    ahead, behind = (np.flatnonzero(level & (sign * directions[:, 2] >= _AHEAD)) for sign in (-1, 1))
    if not (ahead.size and behind.size):
        return FrontBack(np.zeros(0))
    mirrored = directions[ahead] * np.array([1.0, 1.0, -1.0])
    near = np.einsum("nk,mk->nm", mirrored, directions[behind])
    paired = near.max(axis=1) >= _APART
    front, back = ahead[paired], behind[near.argmax(axis=1)[paired]]
    return FrontBack(_pinna_levels(responses[front]) - _pinna_levels(responses[back]))


def _pinna_levels(responses: Float64) -> Float64:
    """Return the level (n,) dB of `responses` (n, 2, samples) in the band of the pinna, both ears together."""
    if not len(responses):
        return np.zeros(0)
    size = smooth_size(max(responses.shape[2], 256))
    frequency = np.fft.rfftfreq(size, 1 / SAMPLE_RATE)
    band = (frequency >= PINNA_BAND[0]) & (frequency <= PINNA_BAND[1])
    power = np.square(np.abs(rfft(responses, size)[..., band])).sum(axis=(1, 2))
    return np.asarray(10 * np.log10(power + 1e-300))


def direct_delay(response: Float64) -> float:
    """Return the delay t_right - t_left (s) of the direct sound of `response` (2, samples), in all its bandwidth."""
    loudest = np.abs(response).max(axis=0)
    first = int(np.argmax(loudest >= 0.2 * loudest.max()))
    direct = response[:, max(first - _BEFORE, 0) : first + _AFTER]
    size = smooth_size(2 * direct.shape[1])
    spectra = rfft(direct, size)
    cross = np.conj(spectra[0]) * spectra[1]
    fine = irfft(np.pad(cross, (0, _FINE * size // 2 + 1 - cross.size)), _FINE * size)
    return (parabolic_peak(np.roll(fine, _FINE * size // 2)) - _FINE * size // 2) / (_FINE * SAMPLE_RATE)
