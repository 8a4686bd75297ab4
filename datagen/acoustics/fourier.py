"""Real Fourier transforms whose bytes depend on no library: every sum has a fixed order.

A transform of n = 2^a 3^b 5^c samples is done in stages of 4, 2, 3 and 5 (Cooley and Tukey 1965), in place of real
values: a stage keeps only half of each Hermitian spectrum (Bergland 1968; Swarztrauber, FFTPACK 1982). The order of the
sums is that of FFTPACK, as in NumPy 2 and in SciPy up to 1.17, so data made with those keep their bytes. SciPy 1.18
adds in another order, which moves one sample in a thousand of a clip by one step.

`fourier_stages` holds the stages. Between them, spectra are half-complex: re 0, re 1, im 1, re 2, im 2, ...
"""

import math
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from ...compiled import njit
from .fourier_stages import CONSTANTS, join_2, join_3, join_4, join_5, split_2, split_3, split_4, split_5

Real = npt.NDArray[Any]
Complex = npt.NDArray[Any]

_PI = Fraction(31415926535897932384626433832795028841971, 10**40)


def smooth_size(least: int) -> int:
    """Return the smallest length from `least` on that has no prime factor above 5.

    >>> [smooth_size(n) for n in (1, 7, 11, 4097)]
    [1, 8, 12, 4320]
    """
    found = 1 << max(least - 1, 0).bit_length()
    five = 1
    while five < found:
        three = five
        while three < found:
            size = three << max(-(-least // three) - 1, 0).bit_length()
            found = min(found, size)
            three *= 3
        five *= 5
    return found


def rfft(values: Real, size: int) -> Complex:
    """Return the spectra (..., size // 2 + 1) of `values` (..., samples), cut or padded with zeros to `size` samples.

    The precision is that of `values`. Raises ValueError for a `size` with a prime factor above 5.

    >>> rfft(np.array([1.0, 0.0, 0.0, 0.0]), 4)
    array([1.+0.j, 1.+0.j, 1.+0.j])
    """
    kind = np.float32 if values.dtype == np.float32 else np.float64
    kept = min(values.shape[-1], size)
    rows = np.zeros((math.prod(values.shape[:-1]), size), dtype=kind)
    rows[:, :kept] = values[..., :kept].reshape(len(rows), kept)
    spectra = np.empty((len(rows), size // 2 + 1), dtype=np.result_type(kind, np.complex64))
    factors, turns = _plan(size)
    _forward(rows, spectra, factors, turns.astype(spectra.dtype), CONSTANTS.astype(kind))
    return spectra.reshape(*values.shape[:-1], size // 2 + 1)


def irfft(spectra: Complex, size: int) -> Real:
    """Return the `size` real samples (..., size) whose spectra are `spectra` (..., size // 2 + 1).

    The precision is that of `spectra`. Raises ValueError for a `size` with a prime factor above 5, or spectra of
    another length.
    """
    if spectra.shape[-1] != size // 2 + 1:
        raise ValueError(f"{spectra.shape[-1]} frequencies: expected {size // 2 + 1} for {size} samples")
    single = spectra.dtype in (np.float32, np.complex64)
    rows = np.ascontiguousarray(spectra, np.complex64 if single else np.complex128).reshape(-1, spectra.shape[-1])
    values = np.empty((len(rows), size), dtype=np.float32 if single else np.float64)
    factors, turns = _plan(size)
    constants = CONSTANTS.astype(values.dtype)
    _backward(rows, values, factors, turns.astype(rows.dtype), constants, values.dtype.type(1 / size))
    return values.reshape(*spectra.shape[:-1], size)


@lru_cache(maxsize=32)
def _plan(size: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.complex128]]:
    """Return the factors of `size`, outermost first, and the turns of all stages one after the other."""
    factors = _factors(size)
    roots = _roots(size)
    turns, outer = [np.zeros(0, dtype=np.complex128)], 1
    for factor in factors:
        bins = np.arange(1, (size // (outer * factor) - 1) // 2 + 1)
        turns += [roots[leg * outer * bins] for leg in range(1, factor)]
        outer *= factor
    return np.array(factors, dtype=np.int64), np.concatenate(turns)


def _factors(size: int) -> list[int]:
    found, rest = [], size
    while rest % 4 == 0:
        found.append(4)
        rest //= 4
    if rest % 2 == 0:
        found.append(2)
        rest //= 2
        found[0], found[-1] = found[-1], found[0]
    for prime in (3, 5):
        while rest % prime == 0:
            found.append(prime)
            rest //= prime
    if rest != 1:
        raise ValueError(f"a transform of {size} samples: expected no prime factor above 5")
    return found


def _roots(size: int) -> npt.NDArray[np.complex128]:
    """Return exp(2 pi i k / size) for all k: products of two short tables, whose angles are below an eighth turn."""
    half = (size + 2) // 2
    shift = 1
    while 1 << 2 * shift < half:
        shift += 1
    step = 1 << shift
    fine = np.array([_root(k, size) for k in range(step)])
    coarse = np.array([_root(k * step, size) for k in range(-(-half // step))])
    low, high = fine[np.arange(half) % step], coarse[np.arange(half) // step]
    roots = np.empty(size, dtype=np.complex128)
    roots.real[:half] = low.real * high.real - low.imag * high.imag
    roots.imag[:half] = low.real * high.imag + low.imag * high.real
    roots[half:] = roots[1 : size - half + 1][::-1].conj()
    return roots


def _root(number: int, size: int) -> complex:
    """Return exp(2 pi i number / size), by the cosine and sine of an angle below an eighth of a turn."""
    angle = float(_PI / (4 * size))
    eighths = 8 * number
    if eighths >= 4 * size:
        return _root_above(8 * size - eighths, size, angle).conjugate()
    return _root_above(eighths, size, angle)


def _root_above(eighths: int, size: int, angle: float) -> complex:
    if eighths >= 2 * size:
        quarter = _first_quarter(eighths - 2 * size, size, angle)
        return complex(-quarter.imag, quarter.real)
    return _first_quarter(eighths, size, angle)


def _first_quarter(eighths: int, size: int, angle: float) -> complex:
    if eighths < size:
        return complex(math.cos(eighths * angle), math.sin(eighths * angle))
    return complex(math.sin((2 * size - eighths) * angle), math.cos((2 * size - eighths) * angle))


@njit(cache=True, error_model="numpy", nogil=True)
def _forward(rows, spectra, factors, turns, constants):  # type: ignore[no-untyped-def]
    """Fill `spectra` with those of `rows`, which are overwritten."""
    size = rows.shape[1]
    for row in range(rows.shape[0]):
        here, there = rows[row], np.empty_like(rows[row])
        outer, first = size, turns.size
        for stage in range(factors.size - 1, -1, -1):
            factor, span = factors[stage], size // outer
            outer //= factor
            first -= (factor - 1) * ((span - 1) // 2)
            if factor == 4:
                split_4(here, there, span, outer, turns[first:], constants)
            elif factor == 2:
                split_2(here, there, span, outer, turns[first:])
            elif factor == 3:
                split_3(here, there, span, outer, turns[first:], constants)
            else:
                split_5(here, there, span, outer, turns[first:], constants)
            here, there = there, here
        spectra[row, 0] = here[0]
        for k in range(1, (size + 1) // 2):
            spectra[row, k] = complex(here[2 * k - 1], here[2 * k])
        if size % 2 == 0:
            spectra[row, size // 2] = here[size - 1]


@njit(cache=True, error_model="numpy", nogil=True)
def _backward(rows, values, factors, turns, constants, share):  # type: ignore[no-untyped-def]
    """Fill `values` with `share` times the sounds whose spectra are `rows`."""
    size = values.shape[1]
    for row in range(rows.shape[0]):
        here, there = values[row], np.empty_like(values[row])
        here[0] = rows[row, 0].real
        for k in range(1, (size + 1) // 2):
            here[2 * k - 1], here[2 * k] = rows[row, k].real, rows[row, k].imag
        if size % 2 == 0:
            here[size - 1] = rows[row, size // 2].real
        outer, first = 1, 0
        for stage in range(factors.size):
            factor = factors[stage]
            span = size // (outer * factor)
            if factor == 4:
                join_4(here, there, span, outer, turns[first:], constants)
            elif factor == 2:
                join_2(here, there, span, outer, turns[first:])
            elif factor == 3:
                join_3(here, there, span, outer, turns[first:], constants)
            else:
                join_5(here, there, span, outer, turns[first:], constants)
            first += (factor - 1) * ((span - 1) // 2)
            outer *= factor
            here, there = there, here
        for k in range(size):
            values[row, k] = share * here[k]
