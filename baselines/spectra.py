"""Spectra of overlapping windows, their weighted cross-spectra, and correlations at the few delays that matter.

Windows that move by one sample share all samples but two, so their spectra are not transformed anew: with the
phase taken relative to the clip's first sample, moving the window adds the new sample and removes the old one, two
real multiplications a bin. Both channels share that phase, so it cancels in the cross-spectrum. Of the correlation
only the delays within the search range are computed, as a matrix product.

Spectra are kept as separate real and imaginary float32 arrays, which the processor's vector units need.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from numba import njit, prange
from scipy import fft

Float32 = npt.NDArray[np.float32]
Pair = tuple[Float32, Float32]
"""Real and imaginary part."""

_TINY = np.float32(1e-20)


def window_spectra(audio: Float32, window: int, hop: int, votes: int) -> Pair:
    """Return the spectra (clips, votes, 2, window + 1) of every window, each zero-padded to 2 * `window`.

    `audio` is (clips, 2, samples). A phase common to both channels of a window is left in.
    """
    if hop == 1:
        return _slide(*_first_spectra(audio, window), audio, *_turns(window, votes), window, votes)  # type: ignore[no-any-return]
    windows = np.lib.stride_tricks.sliding_window_view(audio, window, axis=-1)[:, :, ::hop][:, :, :votes]
    spectra = fft.rfft(windows, 2 * window, axis=-1, workers=-1).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(spectra.real), np.ascontiguousarray(spectra.imag)


def weighted_cross_spectra(audio: Float32, window: int, hop: int, votes: int, exponent: float) -> Pair:
    """Return conj(L) R / |L R|^exponent of every window, (clips, votes, window + 1).

    Exponent 1 is the phase transform, 0 plain cross-correlation (Knapp and Carter 1976).
    """
    power = np.float32(exponent)
    if hop == 1:
        first, turns = _first_spectra(audio, window), _turns(window, votes)
        return _slide_and_weight(*first, audio, *turns, window, votes, power)  # type: ignore[no-any-return]
    return _weight(*window_spectra(audio, window, hop, votes), power)  # type: ignore[no-any-return]


def correlation(cross: Pair, max_lag: int) -> Float32:
    """Return the inverse transform of `cross` (..., bins) at delays -max_lag..max_lag samples, (..., 2 max_lag + 1).

    Entry `max_lag + k` belongs to t_right - t_left = k samples.
    """
    cosine, sine = _delay_tables(cross[0].shape[-1], max_lag)
    even, odd = cross[0] @ cosine, cross[1] @ sine
    return np.concatenate([(even + odd)[..., :0:-1], even[..., :1], (even - odd)[..., 1:]], axis=-1)


@lru_cache(maxsize=4)
def _delay_tables(bins: int, max_lag: int) -> Pair:
    """Return the cosines and sines (bins, max_lag + 1) of an inverse real transform of 2 (bins - 1) samples."""
    angle = np.pi * ((np.arange(bins)[:, None] * np.arange(max_lag + 1)) % (2 * (bins - 1))) / (bins - 1)
    weight = np.full((bins, 1), 1 / (bins - 1))
    weight[[0, -1]] /= 2
    return (weight * np.cos(angle)).astype(np.float32), (weight * np.sin(angle)).astype(np.float32)


def _first_spectra(audio: Float32, window: int) -> Pair:
    spectra = fft.rfft(audio[..., :window], 2 * window, axis=-1, workers=-1)
    return np.ascontiguousarray(spectra.real), np.ascontiguousarray(spectra.imag)


@lru_cache(maxsize=4)
def _turns(window: int, votes: int) -> tuple[Float32, Float32, Float32]:
    """Return what one sample more or less does to a spectrum relative to the clip's first sample.

    Cosine and -sine of pi bin k / window for each first sample k, (votes, window + 1), and (-1)^bin, by which the
    sample that enters a window length later differs from the one that leaves.
    """
    samples, bins = np.arange(votes)[:, None], np.arange(window + 1)[None]
    angle = np.pi * ((samples * bins) % (2 * window)) / window
    return (
        np.cos(angle).astype(np.float32),
        -np.sin(angle).astype(np.float32),
        (1 - 2 * (bins[0] % 2)).astype(np.float32),
    )


@njit(cache=True, error_model="numpy", nogil=True)
def _move(real, imaginary, old, new, cosine, sine, sign):  # type: ignore[no-untyped-def]
    """Move the window of one spectrum by a sample: `old` leaves, `new` enters."""
    for b in range(real.size):
        change = new * sign[b] - old
        real[b] += change * cosine[b]
        imaginary[b] += change * sine[b]


@njit(cache=True, error_model="numpy", nogil=True)
def _weigh(left_real, left_imaginary, right_real, right_imaginary, exponent, real, imaginary):  # type: ignore[no-untyped-def]
    """Write conj(left) right / |left right|^exponent to `real` and `imaginary`."""
    for b in range(real.size):
        real[b] = left_real[b] * right_real[b] + left_imaginary[b] * right_imaginary[b]
        imaginary[b] = left_real[b] * right_imaginary[b] - left_imaginary[b] * right_real[b]
    if exponent == 1:
        for b in range(real.size):
            scale = np.float32(1) / (np.sqrt(real[b] * real[b] + imaginary[b] * imaginary[b]) + _TINY)
            real[b] *= scale
            imaginary[b] *= scale
    elif exponent != 0:
        for b in range(real.size):
            power = real[b] * real[b] + imaginary[b] * imaginary[b]
            scale = np.exp(np.log(power + np.float32(1e-37)) * np.float32(-0.5) * exponent)
            real[b] *= scale
            imaginary[b] *= scale


@njit(cache=True, error_model="numpy", nogil=True, parallel=True)
def _slide(first_real, first_imaginary, audio, cosine, sine, sign, window, votes):  # type: ignore[no-untyped-def]
    clips, channels, bins = first_real.shape
    real = np.empty((clips, votes, channels, bins), dtype=np.float32)
    imaginary = np.empty((clips, votes, channels, bins), dtype=np.float32)
    for clip in prange(clips):
        for channel in range(channels):
            sound = audio[clip, channel]
            now_real, now_imaginary = first_real[clip, channel].copy(), first_imaginary[clip, channel].copy()
            for vote in range(votes):
                if vote > 0:
                    old, new = sound[vote - 1], sound[vote - 1 + window]
                    _move(now_real, now_imaginary, old, new, cosine[vote - 1], sine[vote - 1], sign)
                real[clip, vote, channel] = now_real
                imaginary[clip, vote, channel] = now_imaginary
    return real, imaginary


@njit(cache=True, error_model="numpy", nogil=True, parallel=True)
def _weight(spectra_real, spectra_imaginary, exponent):  # type: ignore[no-untyped-def]
    clips, votes, _, bins = spectra_real.shape
    real = np.empty((clips, votes, bins), dtype=np.float32)
    imaginary = np.empty((clips, votes, bins), dtype=np.float32)
    for clip in prange(clips):
        for vote in range(votes):
            a, b = spectra_real[clip, vote], spectra_imaginary[clip, vote]
            _weigh(a[0], b[0], a[1], b[1], exponent, real[clip, vote], imaginary[clip, vote])
    return real, imaginary


@njit(cache=True, error_model="numpy", nogil=True, parallel=True)
def _slide_and_weight(first_real, first_imaginary, audio, cosine, sine, sign, window, votes, exponent):  # type: ignore[no-untyped-def]
    clips, _, bins = first_real.shape
    real = np.empty((clips, votes, bins), dtype=np.float32)
    imaginary = np.empty((clips, votes, bins), dtype=np.float32)
    for clip in prange(clips):
        a, b = first_real[clip].copy(), first_imaginary[clip].copy()
        for vote in range(votes):
            if vote > 0:
                for channel in range(2):
                    sound = audio[clip, channel]
                    old, new = sound[vote - 1], sound[vote - 1 + window]
                    _move(a[channel], b[channel], old, new, cosine[vote - 1], sine[vote - 1], sign)
            _weigh(a[0], b[0], a[1], b[1], exponent, real[clip, vote], imaginary[clip, vote])
    return real, imaginary
