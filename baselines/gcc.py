"""Time delay by generalised cross-correlation, one vote for each window (Knapp and Carter 1976).

Protocol `paper` reproduces StereoCRW's baseline (Sec. 4.1): the whole-sample lag with the largest absolute value. The
corrected protocol `best` takes the largest value and refines it by a parabola through its neighbours.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from ..benchmarks.running.shared_work import once
from ..benchmarks.stimuli.binaural.batch import BinauralBatch
from ..benchmarks.stimuli.stereo.batch import StereoBatch
from ..benchmarks.stimuli.stereo.votes import Combination, combine
from .azimuth import woodworth_azimuth
from .spectra import Float32, Spectra, correlation, over_clips, weighted_cross_spectra, window_spectra

Float64 = npt.NDArray[np.float64]
Protocol = Literal["paper", "best"]

MAX_DELAY = 0.0015
"""Largest delay searched (s), as in the published test setting."""

SMOOTHED_BINS = 17
"""Bins over which a clip's auto- and cross-spectra are averaged to estimate its coherence."""


@dataclass(frozen=True)
class _Correlator:
    """Each window votes for the peak of its weighted cross-correlation; the votes give one delay for each clip."""

    protocol: Protocol = "paper"
    votes: Combination = "mean"
    version: ClassVar[str] = "1"
    tracks: ClassVar[tuple[str, ...]] = ("tde", "left-right")

    def correlations(self, batch: StereoBatch, max_lag: int) -> Float32:
        """Return the weighted correlations of every window, (clips, votes, 2 max_lag + 1)."""
        raise NotImplementedError

    def predict(self, batch: StereoBatch) -> Float64:
        """Return the interaural time difference of each clip (clips,) in seconds."""
        return self.delays(batch, MAX_DELAY)

    def delays(self, batch: StereoBatch, max_delay: float) -> Float64:
        """Return the interaural time difference (clips,), s, of which at most `max_delay` (s) is searched."""
        max_lag = round(max_delay * batch.sample_rate)
        votes = self._peaks(self.correlations(batch, max_lag), max_lag)
        return combine(votes, self.votes) / batch.sample_rate

    def _peaks(self, correlations: Float32, max_lag: int) -> Float64:
        """Return the lag (samples) of the peak of each of `correlations` (clips, votes, 2 max_lag + 1)."""
        if self.protocol == "paper":
            return np.asarray(np.abs(correlations).argmax(axis=-1) - max_lag, dtype=np.float64)
        peak = np.clip(correlations.argmax(axis=-1), 1, 2 * max_lag - 1)[..., None]
        around = np.take_along_axis(correlations, peak + np.array([-1, 0, 1]), axis=-1).astype(np.float64)
        before, top, after = np.moveaxis(around, -1, 0)
        curvature = np.minimum(before - 2 * top + after, -1e-12)
        return np.asarray(peak[..., 0] - max_lag + np.clip((before - after) / (2 * curvature), -0.5, 0.5))


def power_correlations(batch: StereoBatch, exponent: float, max_lag: int) -> Float32:
    """Return the correlations (clips, votes, 2 max_lag + 1) of conj(L) R / |L R|^exponent, which methods share."""
    windows = batch.window, batch.hop, batch.votes

    def of_some(audio: Float32) -> Float32:
        return correlation(weighted_cross_spectra(audio, *windows, exponent), max_lag)

    key = "correlations", *windows, exponent, max_lag
    return once(key, batch.audio, lambda: over_clips(of_some, batch.votes * batch.window, batch.audio))


@dataclass(frozen=True)
class GccPhat(_Correlator):
    """The phase transform: all frequencies weigh the same.

    For binaural clips, Woodworth's high-frequency formula turns the delay into an azimuth.
    """

    tracks: ClassVar[tuple[str, ...]] = ("tde", "left-right", "guided", "azimuth")

    def predict(self, batch: StereoBatch) -> Float64:
        """Return the delay (s) of each stereo clip, or the azimuth (deg) of each binaural one (clips,)."""
        delays = super().predict(batch)
        return woodworth_azimuth(delays) if isinstance(batch, BinauralBatch) else delays

    def correlations(self, batch: StereoBatch, max_lag: int) -> Float32:
        """Return those of cross-spectra with magnitude one."""
        return power_correlations(batch, 1.0, max_lag)


@dataclass(frozen=True)
class Flat(_Correlator):
    """Plain cross-correlation: frequencies are weighted by their power."""

    def correlations(self, batch: StereoBatch, max_lag: int) -> Float32:
        """Return those of the unweighted cross-spectra."""
        return power_correlations(batch, 0.0, max_lag)


@dataclass(frozen=True)
class Beta(_Correlator):
    """Between phase transform and plain correlation: cross-spectrum / magnitude^`beta` (Salvati et al. 2021)."""

    beta: Annotated[float, Field(ge=0, le=1)] = 0.7
    version: ClassVar[str] = "2"

    def correlations(self, batch: StereoBatch, max_lag: int) -> Float32:
        """Return those of cross-spectra of magnitude |L R|^(1 - beta)."""
        return power_correlations(batch, self.beta, max_lag)


@dataclass(frozen=True)
class _Weighted(_Correlator):
    """Cross-spectra weighted by the clip's smoothed spectra."""

    def weight(self, left: Float64, right: Float64, cross: Float64) -> Float64:
        """Return the weight (clips, bins) from the powers of both channels and |cross|^2, all smoothed."""
        raise NotImplementedError

    def correlations(self, batch: StereoBatch, max_lag: int) -> Float32:
        """Return those of the weighted cross-spectra; one weight serves all windows of a clip."""
        windows = batch.window, batch.hop, batch.votes

        def of_some(audio: Float32, weight: Float32) -> Float32:
            cross = weighted_cross_spectra(audio, *windows, 0.0)
            return correlation(Spectra(cross.real * weight, cross.imaginary * weight), max_lag)

        length = batch.votes * batch.window
        powers = once(
            ("powers", *windows),
            batch.audio,
            lambda: over_clips(lambda audio: smoothed_powers(audio, batch), length, batch.audio),
        )
        weight = self.weight(*np.moveaxis(powers, 1, 0))[:, None].astype(np.float32)
        return over_clips(of_some, length, batch.audio, weight)


def smoothed_powers(audio: Float32, batch: StereoBatch) -> Float64:
    """Return |L|^2, |R|^2 and |conj(L) R|^2 of each clip (clips, 3, bins), averaged over windows and 17 bins.

    Averages eight windows, evenly spread over the clip, then the bins.
    """
    count = min(batch.votes, 8)
    hop = max((audio.shape[-1] - batch.window) // max(count - 1, 1), 1)
    count = min(count, (audio.shape[-1] - batch.window) // hop + 1)
    real, imaginary = (part.astype(np.float64) for part in window_spectra(audio, batch.window, hop, count))
    power = _smooth(real**2 + imaginary**2)
    in_phase = _smooth(real[:, :, 0] * real[:, :, 1] + imaginary[:, :, 0] * imaginary[:, :, 1])
    quadrature = _smooth(real[:, :, 0] * imaginary[:, :, 1] - imaginary[:, :, 0] * real[:, :, 1])
    tiny = 1e-20 + 1e-12 * power.max(axis=(1, 2), initial=0)[:, None]
    return np.stack([power[:, 0] + tiny, power[:, 1] + tiny, in_phase**2 + quadrature**2], axis=1)


def _smooth(spectra: Float64) -> Float64:
    from scipy.ndimage import uniform_filter1d  # here, since it takes 0.4 s to load and few methods smooth

    return np.asarray(uniform_filter1d(spectra.mean(axis=1), SMOOTHED_BINS, axis=-1))


@dataclass(frozen=True)
class Roth(_Weighted):
    """Roth's impulse response processor: divides by the left channel's power."""

    def weight(self, left: Float64, right: Float64, cross: Float64) -> Float64:
        """Return 1 / |L|^2."""
        return 1 / left


@dataclass(frozen=True)
class Scot(_Weighted):
    """The smoothed coherence transform: divides by the geometric mean of both powers."""

    def weight(self, left: Float64, right: Float64, cross: Float64) -> Float64:
        """Return 1 / (|L| |R|)."""
        return np.asarray(1 / np.sqrt(left * right))


@dataclass(frozen=True)
class MaximumLikelihood(_Weighted):
    """Hannan and Thomson's weighting: coherent frequencies weigh most."""

    def weight(self, left: Float64, right: Float64, cross: Float64) -> Float64:
        """Return C / (|cross| (1 - C)), where C is the squared coherence."""
        coherence = np.clip(cross / (left * right), 0, 0.9999)
        return np.asarray(coherence / (np.sqrt(cross) + 1e-20) / (1 - coherence))
