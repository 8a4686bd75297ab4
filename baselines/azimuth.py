"""Azimuth from delays and level differences, by a rigid sphere.

A sphere cannot tell front from back, so all predictions lie in front: -90 to 90 degrees, positive to the left.
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
from .spectra import Float32, over_clips, weighted_cross_spectra, window_spectra

Float64 = npt.NDArray[np.float64]

GRID = np.arange(-90.0, 91.0)
"""Azimuths (degrees) of the look-up table; values between them are interpolated."""
LOW_BAND = (400.0, 1500.0)
"""Hz. Below, a room's diffuse sound is the same at both ears and pulls the delay to 0; above, a head's delays depend on
frequency, and those of the published responses (SLfM, App. A) on much else."""
MAX_DELAY = 0.0009
"""Largest delay searched (s): slightly more than the sphere's largest delay."""
_FINE = 8
"""Delays tried per sample."""
LEVEL_BANDS = np.geomspace(500.0, 4000.0, 10)
"""Edges (Hz) of the third octaves whose levels are compared: below, a head casts no shadow; above, pinnae matter."""


def woodworth_azimuth(delay: npt.ArrayLike) -> Float64:
    """Return the azimuth (n,), degrees, whose sound reaches the right ear `delay` (n,), s, after the left.

    Inverts a / c (theta + sin theta), valid for wavelengths much shorter than the head (Woodworth 1938). Delays longer
    than the head allows give +-90.

    >>> woodworth_azimuth([0.0, 1.0]).tolist()
    [0.0, 90.0]
    """
    angle = np.radians(GRID)
    return np.asarray(np.interp(np.asarray(delay), HEAD_RADIUS / SPEED_OF_SOUND * (angle + np.sin(angle)), GRID))


@cache
def sphere_responses() -> npt.NDArray[np.float32]:
    """Return the sphere's response to a click from each azimuth of `GRID`, (azimuths, 2, taps)."""
    angle = np.radians(GRID)
    return SphereHead().responses(np.stack([-np.sin(angle), np.zeros_like(angle), -np.cos(angle)], axis=1))


@dataclass(frozen=True)
class ItdSphere:
    """The delay of the clip's low-passed cross-correlation, turned into an azimuth by the sphere's look-up table."""

    version: ClassVar[str] = "1"
    tracks: ClassVar[tuple[str, ...]] = ("azimuth",)

    def predict(self, batch: BinauralBatch) -> Float64:
        """Return the azimuth of each clip (clips,), degrees."""

        def summed(audio: Float32) -> npt.NDArray[np.complex128]:
            real, imaginary = weighted_cross_spectra(audio, batch.window, batch.hop, batch.votes, 0.0)
            return np.asarray(real.sum(axis=1, dtype=np.float64) + 1j * imaginary.sum(axis=1, dtype=np.float64))

        cross = over_clips(summed, batch.votes * batch.window, batch.audio)
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
    """The azimuth whose level differences on the sphere, by third octave, are closest to the clip's."""

    version: ClassVar[str] = "1"
    tracks: ClassVar[tuple[str, ...]] = ("azimuth",)

    def predict(self, batch: BinauralBatch) -> Float64:
        """Return the azimuth of each clip (clips,), degrees."""

        def summed(audio: Float32) -> Float64:
            parts = window_spectra(audio, batch.window, batch.hop, batch.votes)
            return np.asarray(sum(np.square(part).sum(axis=1, dtype=np.float64) for part in parts))

        power = over_clips(summed, batch.votes * batch.window, batch.audio)
        heard = level_differences(power, batch.sample_rate)
        known = sphere_level_differences(batch.window, batch.sample_rate)
        misfit = np.square(heard[:, None] - known).mean(axis=2)
        return np.asarray(GRID[0] + np.array([parabolic_peak(-row) for row in misfit]))


@cache
def sphere_level_differences(window: int, sample_rate: int) -> Float64:
    """Return the level differences (azimuths, bands), dB, of the sphere at each azimuth of `GRID`."""
    return level_differences(np.abs(fft.rfft(sphere_responses(), 2 * window, axis=-1)) ** 2, sample_rate)


def level_differences(power: Float64, sample_rate: int) -> Float64:
    """Return the level of the left channel minus that of the right, dB (n, bands), from `power` (n, 2, bins)."""
    frequency = np.linspace(0, sample_rate / 2, power.shape[-1])
    bands = np.add.reduceat(power, np.searchsorted(frequency, LEVEL_BANDS), axis=-1)[..., :-1]
    tiny = 1e-12 * bands.sum(axis=(1, 2), keepdims=True) + 1e-30
    left, right = np.moveaxis(bands + tiny, 1, 0)
    return np.asarray(10 * np.log10(left / right))
