"""Azimuth from what the rigid sphere says of delays and of level differences.

Two ears tell no front from back on a sphere, so all answers lie in front: -90 to 90 degrees, positive to the left.
"""

from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from scipy import fft

from ..benchmarks.stimuli.binaural.batch import BinauralBatch
from ..conventions import SPEED_OF_SOUND
from ..datagen.acoustics.cross_correlation import parabolic_peak
from ..datagen.acoustics.sphere_head import HEAD_RADIUS, SphereHead
from ..digests import generator_for
from .spectra import weighted_cross_spectra, window_spectra

Float64 = npt.NDArray[np.float64]

GRID = np.arange(-90.0, 91.0)
"""Degrees: the azimuths at which the sphere is heard; between them it is interpolated."""
LOW_BAND = (400.0, 1500.0)
"""Hz: below, the diffuse sound of a room is alike at both ears and says 0; above, the delays of a head depend on
frequency, and those of the published responses on much else (fact sheet hm3d_ss.md, section 5)."""
MAX_DELAY = 0.0009
"""Seconds searched on either side: a little more than the sphere's largest delay."""
_FINE = 8
"""Delays tried per sample."""
LEVEL_BANDS = np.geomspace(500.0, 4000.0, 10)
"""Hz: edges of the third octaves in which levels are compared: below, a head casts no shadow; above, pinnae matter."""


def woodworth_azimuth(delay: npt.ArrayLike) -> Float64:
    """Return the azimuth (n,), degrees, at which sound takes `delay` (n,), s, longer to the right ear than to the left.

    Inverts a / c (theta + sin theta), which holds where the wavelength is short against the head (Woodworth 1938);
    longer delays than the head allows are answered with +-90.

    >>> woodworth_azimuth([0.0, 1.0]).tolist()
    [0.0, 90.0]
    """
    angle = np.radians(GRID)
    return np.asarray(np.interp(np.asarray(delay), HEAD_RADIUS / SPEED_OF_SOUND * (angle + np.sin(angle)), GRID))


@cache
def sphere_responses() -> npt.NDArray[np.float32]:
    """Return what the sphere hears of a click from each azimuth of `GRID`, (azimuths, 2, taps)."""
    angle = np.radians(GRID)
    return SphereHead().responses(np.stack([-np.sin(angle), np.zeros_like(angle), -np.cos(angle)], axis=1))


@dataclass(frozen=True)
class ItdSphere:
    """The delay of the low-passed cross-correlation of the clip, looked up among those of the sphere."""

    version: ClassVar[str] = "1"
    tracks: ClassVar[tuple[str, ...]] = ("azimuth",)

    def predict(self, batch: BinauralBatch) -> Float64:
        """Return the azimuth of each clip (clips,), degrees."""
        real, imaginary = weighted_cross_spectra(batch.audio, batch.window, batch.hop, batch.votes, 0.0)
        cross = real.sum(axis=1, dtype=np.float64) + 1j * imaginary.sum(axis=1, dtype=np.float64)
        delays = low_passed_delays(cross, batch.sample_rate)
        return np.asarray(np.interp(delays, sphere_delays(batch.window, batch.sample_rate), GRID))


@cache
def sphere_delays(window: int, sample_rate: int) -> Float64:
    """Return the low-passed delay (s) of the sphere at each azimuth of `GRID`, from spectra of 2 `window` samples."""
    left, right = np.moveaxis(fft.rfft(sphere_responses(), 2 * window, axis=-1), 1, 0)
    return low_passed_delays(np.asarray(np.conj(left) * right), sample_rate)


def low_passed_delays(cross: npt.NDArray[np.complex128], sample_rate: int) -> Float64:
    """Return t_right - t_left (n,), s, at the peak of the cross-correlation of `cross` (n, bins) in `LOW_BAND`."""
    reach = round(MAX_DELAY * sample_rate * _FINE)
    lags = np.arange(-reach, reach + 1) / (_FINE * sample_rate)
    frequency = np.linspace(0, sample_rate / 2, cross.shape[-1])
    low = (frequency >= LOW_BAND[0]) & (frequency <= LOW_BAND[1])
    correlations = (cross[:, low] @ np.exp(2j * np.pi * np.outer(frequency[low], lags))).real
    return np.asarray((np.array([parabolic_peak(row) for row in correlations]) - reach) / (_FINE * sample_rate))


@dataclass(frozen=True)
class IldSphere:
    """The azimuth at which the sphere's level differences lie nearest to the clip's, third octave by third octave."""

    version: ClassVar[str] = "1"
    tracks: ClassVar[tuple[str, ...]] = ("azimuth",)

    def predict(self, batch: BinauralBatch) -> Float64:
        """Return the azimuth of each clip (clips,), degrees."""
        real, imaginary = window_spectra(batch.audio, batch.window, batch.hop, batch.votes)
        power = np.square(real).sum(axis=1, dtype=np.float64) + np.square(imaginary).sum(axis=1, dtype=np.float64)
        heard = level_differences(power, batch.sample_rate)
        known = sphere_level_differences(batch.window, batch.sample_rate)
        misfit = np.square(heard[:, None] - known).mean(axis=2)
        return np.asarray(GRID[0] + np.array([parabolic_peak(-row) for row in misfit]))


@cache
def sphere_level_differences(window: int, sample_rate: int) -> Float64:
    """Return the level differences (azimuths, bands), dB, of the sphere at each azimuth of `GRID`."""
    return level_differences(np.abs(fft.rfft(sphere_responses(), 2 * window, axis=-1)) ** 2, sample_rate)


def level_differences(power: Float64, sample_rate: int) -> Float64:
    """Return the level of the left over that of the right channel, dB (n, bands), from `power` (n, 2, bins)."""
    frequency = np.linspace(0, sample_rate / 2, power.shape[-1])
    bands = np.add.reduceat(power, np.searchsorted(frequency, LEVEL_BANDS), axis=-1)[..., :-1]
    tiny = 1e-12 * bands.sum(axis=(1, 2), keepdims=True) + 1e-30
    left, right = np.moveaxis(bands + tiny, 1, 0)
    return np.asarray(10 * np.log10(left / right))


@dataclass(frozen=True)
class RandomAzimuth:
    """An azimuth drawn evenly from -90 to 90 degrees, the same for the same sample."""

    seed: int = 0
    version: ClassVar[str] = "1"
    tracks: ClassVar[tuple[str, ...]] = ("azimuth",)

    def predict(self, batch: BinauralBatch) -> Float64:
        """Return random azimuths (clips,), degrees."""
        return np.array([generator_for(self.seed, f"random/{name}").uniform(-90, 90) for name in batch.sample_id])
