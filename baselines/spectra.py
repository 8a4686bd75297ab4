"""Spectra of overlapping windows, their weighted cross-spectra, and correlations at the few delays that matter.

Windows that move by one sample share all samples but two, so their spectra are updated rather than transformed again:
with the phase taken relative to the clip's first sample, moving the window adds the new sample and removes the old one,
at two real multiplications a bin. Both channels share that phase, so it cancels in the cross-spectrum. The correlation
is computed only at delays within the search range, as a matrix product.

Spectra are kept as separate real and imaginary float32 arrays, which vectorise well. A few clips are processed at once,
so that theirs stay in a core's cache.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import fft

from ..compiled import njit
from ..threads import map_threads

Float32 = npt.NDArray[np.float32]

_TINY = np.float32(1e-20)
SAMPLES_AT_ONCE = 128 * 1024
"""Samples of all windows that are processed at once: their cross-spectra take 1 MB."""


class Spectra(NamedTuple):
    """The `real` and `imaginary` parts of spectra, both (..., bins)."""

    real: Float32
    imaginary: Float32


class Turns(NamedTuple):
    """The phase factors of single samples, relative to the clip's first sample.

    Sample k contributes its value times `cosine` + i `sine` (samples, bins), with the angle -pi bin k / window. When k
    leaves the window, the sample `window` later enters: its factor is that of k times `sign` (bins,) = (-1)^bin.
    """

    cosine: Float32
    sine: Float32
    sign: Float32


def over_clips(of_some: Callable[..., npt.NDArray[Any]], length: int, *arrays: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return `of_some(*arrays)` (clips, ...), computed a few clips at a time on several threads.

    Each of `arrays` is (clips, ...); `length` is that of all windows of a clip together (samples).
    """
    count = max(1, SAMPLES_AT_ONCE // length)
    some = [[array[k : k + count] for array in arrays] for k in range(0, len(arrays[0]), count)]
    return np.concatenate(map_threads(lambda parts: of_some(*parts), some))


def window_spectra(audio: Float32, window: int, hop: int, votes: int) -> Spectra:
    """Return the spectra (clips, votes, 2, window + 1) of every window, each zero-padded to 2 * `window`.

    `audio` is (clips, 2, samples). The phase that both channels of a window share is left in.
    """
    if hop == 1:
        return _slide(_first_spectra(audio, window), audio, _turns(window, votes))  # type: ignore[no-any-return]
    windows = np.lib.stride_tricks.sliding_window_view(audio, window, axis=-1)[:, :, ::hop][:, :, :votes]
    return _parts(fft.rfft(windows, 2 * window, axis=-1).transpose(0, 2, 1, 3))


def weighted_cross_spectra(audio: Float32, window: int, hop: int, votes: int, exponent: float) -> Spectra:
    """Return conj(L) R / |L R|^exponent of every window, (clips, votes, window + 1).

    Exponent 1 is the phase transform, 0 plain cross-correlation (Knapp and Carter 1976).
    """
    whiten = exponent == 1
    if hop == 1:
        cross = _slide_and_cross(_first_spectra(audio, window), audio, _turns(window, votes), whiten)
    else:
        cross = _cross(window_spectra(audio, window, hop, votes), whiten)
    return cross if exponent in (0, 1) else _divided(cross, exponent)


def _divided(cross: Spectra, exponent: float) -> Spectra:
    """Return `cross` over its magnitude^`exponent`: NumPy's logarithms are vectorised, numba's are not."""
    power = cross.real * cross.real + cross.imaginary * cross.imaginary
    scale = np.exp(np.log(power + np.float32(1e-37)) * np.float32(-0.5 * exponent))
    return Spectra(cross.real * scale, cross.imaginary * scale)


def correlation(cross: Spectra, max_lag: int) -> Float32:
    """Return the inverse transform of `cross` (..., bins) at delays -max_lag..max_lag samples, (..., 2 max_lag + 1).

    Entry `max_lag + k` belongs to t_right - t_left = k samples.
    """
    cosine, sine = _delay_tables(cross.real.shape[-1], max_lag)
    even, odd = cross.real @ cosine, cross.imaginary @ sine
    return np.concatenate([(even + odd)[..., :0:-1], even[..., :1], (even - odd)[..., 1:]], axis=-1)


@lru_cache(maxsize=4)
def _delay_tables(bins: int, max_lag: int) -> tuple[Float32, Float32]:
    """Return the cosines and sines (bins, max_lag + 1) of an inverse real transform of 2 (bins - 1) samples."""
    angle = np.pi * ((np.arange(bins)[:, None] * np.arange(max_lag + 1)) % (2 * (bins - 1))) / (bins - 1)
    weight = np.full((bins, 1), 1 / (bins - 1))
    weight[[0, -1]] /= 2
    return (weight * np.cos(angle)).astype(np.float32), (weight * np.sin(angle)).astype(np.float32)


def _first_spectra(audio: Float32, window: int) -> Spectra:
    return _parts(fft.rfft(audio[..., :window], 2 * window, axis=-1))


def _parts(spectra: npt.NDArray[np.complex64]) -> Spectra:
    return Spectra(np.ascontiguousarray(spectra.real), np.ascontiguousarray(spectra.imag))


@lru_cache(maxsize=4)
def _turns(window: int, votes: int) -> Turns:
    samples, bins = np.arange(votes)[:, None], np.arange(window + 1)[None]
    angle = np.pi * ((samples * bins) % (2 * window)) / window
    sign = 1 - 2 * (bins[0] % 2)
    return Turns(np.cos(angle).astype(np.float32), -np.sin(angle).astype(np.float32), sign.astype(np.float32))


@njit(cache=True, error_model="numpy", nogil=True)
def _move(now, sound, k, turns):  # type: ignore[no-untyped-def]
    """Move the window of `sound` past sample `k`, updating the spectra `now` (2, bins) of both channels."""
    channels, bins = now.real.shape
    cosine, sine, sign = turns.cosine[k], turns.sine[k], turns.sign
    for channel in range(channels):
        real, imaginary = now.real[channel], now.imaginary[channel]
        old, new = sound[channel, k], sound[channel, k + bins - 1]
        for b in range(bins):
            change = new * sign[b] - old
            real[b] += change * cosine[b]
            imaginary[b] += change * sine[b]


@njit(cache=True, error_model="numpy", nogil=True)
def _cross_now(now, whiten, real, imaginary):  # type: ignore[no-untyped-def]
    """Write conj(L) R of `now` (2, bins) to `real` and `imaginary` (bins,); if `whiten`, with magnitude 1."""
    left_real, right_real = now.real[0], now.real[1]
    left_imaginary, right_imaginary = now.imaginary[0], now.imaginary[1]
    for b in range(real.size):
        real[b] = left_real[b] * right_real[b] + left_imaginary[b] * right_imaginary[b]
        imaginary[b] = left_real[b] * right_imaginary[b] - left_imaginary[b] * right_real[b]
    if whiten:
        for b in range(real.size):
            scale = np.float32(1) / (np.sqrt(real[b] * real[b] + imaginary[b] * imaginary[b]) + _TINY)
            real[b] *= scale
            imaginary[b] *= scale


@njit(cache=True, error_model="numpy", nogil=True)
def _slide(first, audio, turns):  # type: ignore[no-untyped-def]
    """Return the spectra (clips, votes, 2, bins) of every window, from those of the `first` one (clips, 2, bins)."""
    clips, channels, bins = first.real.shape
    votes = turns.cosine.shape[0]
    real = np.empty((clips, votes, channels, bins), dtype=np.float32)
    imaginary = np.empty((clips, votes, channels, bins), dtype=np.float32)
    for clip in range(clips):
        now = Spectra(first.real[clip].copy(), first.imaginary[clip].copy())
        for vote in range(votes):
            if vote > 0:
                _move(now, audio[clip], vote - 1, turns)
            for channel in range(channels):
                real[clip, vote, channel] = now.real[channel]
                imaginary[clip, vote, channel] = now.imaginary[channel]
    return Spectra(real, imaginary)


@njit(cache=True, error_model="numpy", nogil=True)
def _slide_and_cross(first, audio, turns, whiten):  # type: ignore[no-untyped-def]
    """Return `_cross` of `_slide` without holding the spectra of all windows in memory."""
    clips, _, bins = first.real.shape
    votes = turns.cosine.shape[0]
    real = np.empty((clips, votes, bins), dtype=np.float32)
    imaginary = np.empty((clips, votes, bins), dtype=np.float32)
    for clip in range(clips):
        now = Spectra(first.real[clip].copy(), first.imaginary[clip].copy())
        for vote in range(votes):
            if vote > 0:
                _move(now, audio[clip], vote - 1, turns)
            _cross_now(now, whiten, real[clip, vote], imaginary[clip, vote])
    return Spectra(real, imaginary)


@njit(cache=True, error_model="numpy", nogil=True)
def _cross(spectra, whiten):  # type: ignore[no-untyped-def]
    """Return conj(L) R (clips, votes, bins) of `spectra` (clips, votes, 2, bins), with magnitude 1 if `whiten`."""
    clips, votes, _, bins = spectra.real.shape
    real = np.empty((clips, votes, bins), dtype=np.float32)
    imaginary = np.empty((clips, votes, bins), dtype=np.float32)
    for clip in range(clips):
        for vote in range(votes):
            now = Spectra(spectra.real[clip, vote], spectra.imaginary[clip, vote])
            _cross_now(now, whiten, real[clip, vote], imaginary[clip, vote])
    return Spectra(real, imaginary)
