"""Real Fourier transforms whose bytes depend on no library: every sum has a fixed order.

A transform of n = 2^a 3^b 5^c samples is done in stages of 4, 2, 3 and 5 (Cooley and Tukey 1965), in place of real
values: a stage keeps only half of each Hermitian spectrum (Bergland 1968; Swarztrauber, FFTPACK 1982). The order of the
sums is that of FFTPACK, as in NumPy 2 and in SciPy up to 1.17, so data made with those keep their bytes. SciPy 1.18
adds in another order, which moves one sample in a thousand of a clip by one step.

`fourier_stages` holds the stages. Between them, spectra are half-complex: re 0, re 1, im 1, re 2, im 2, ...
"""

import math
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from .fourier_stages import CONSTANTS, join_2, join_3, join_4, join_5, split_2, split_3, split_4, split_5

Real = npt.NDArray[Any]
Complex = npt.NDArray[Any]
Factors = tuple[int, ...]

SPLITS = {2: split_2, 3: split_3, 4: split_4, 5: split_5}
JOINS = {2: join_2, 3: join_3, 4: join_4, 5: join_5}
CACHED = 2**15
"""Values that are transformed together."""

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
    factors, turns = _plan(size, spectra.dtype)
    for some in _some_rows(*rows.shape):
        found, bins = _split(rows[some], factors, turns), (size - 1) // 2
        spectra[some, 0], spectra[some, size // 2] = found[:, 0], found[:, size - 1]
        spectra.real[some, 1 : bins + 1] = found[:, 1 : 2 * bins : 2]
        spectra.imag[some, 1 : bins + 1] = found[:, 2 : 2 * bins + 1 : 2]
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
    factors, turns = _plan(size, rows.dtype)
    for some in _some_rows(*values.shape):
        given, bins = values[some], (size - 1) // 2
        given[:, size - 1], given[:, 0] = rows.real[some, size // 2], rows.real[some, 0]
        given[:, 1 : 2 * bins : 2] = rows.real[some, 1 : bins + 1]
        given[:, 2 : 2 * bins + 1 : 2] = rows.imag[some, 1 : bins + 1]
        np.multiply(_join(given, factors, turns), values.dtype.type(1 / size), out=values[some])
    return values.reshape(*spectra.shape[:-1], size)


@lru_cache(maxsize=32)
def _plan(size: int, kind: "np.dtype[Any]") -> tuple[Factors, Complex]:
    """Return the factors of `size`, outermost first, and the turns (`kind`) of all stages one after the other."""
    factors = _factors(size)
    roots = _roots(size)
    turns, outer = [np.zeros(0, dtype=np.complex128)], 1
    for factor in factors:
        bins = np.arange(1, (size // (outer * factor) - 1) // 2 + 1)
        turns += [roots[leg * outer * bins] for leg in range(1, factor)]
        outer *= factor
    return tuple(factors), np.concatenate(turns).astype(kind)


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
    angle = float(_PI / (4 * size))
    fine = np.array([_root(k, size, angle) for k in range(step)])
    coarse = np.array([_root(k * step, size, angle) for k in range(-(-half // step))])
    low, high = fine[np.arange(half) % step], coarse[np.arange(half) // step]
    roots = np.empty(size, dtype=np.complex128)
    roots.real[:half] = low.real * high.real - low.imag * high.imag
    roots.imag[:half] = low.real * high.imag + low.imag * high.real
    roots[half:] = roots[1 : size - half + 1][::-1].conj()
    return roots


def _root(number: int, size: int, angle: float) -> complex:
    """Return exp(2 pi i number / size), by the cosine and sine of an angle below an eighth of a turn.

    `angle` is an eighth of 2 pi / size.
    """
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


def _split(here: Real, factors: Factors, turns: Complex) -> Real:
    """Return the half-complex spectra (rows, size) of `here` (rows, size), which is overwritten."""
    there, constants = np.empty_like(here), CONSTANTS.astype(here.dtype)
    span, first = 1, turns.size
    for factor in reversed(factors):
        first -= (factor - 1) * ((span - 1) // 2)
        SPLITS[factor](here, there, span, here.shape[1] // (span * factor), turns[first:], constants)
        span *= factor
        here, there = there, here
    return here


def _join(here: Real, factors: Factors, turns: Complex) -> Real:
    """Return `size` times the sounds (rows, size) of the half-complex spectra `here` (rows, size): overwrites them."""
    there, constants = np.empty_like(here), CONSTANTS.astype(here.dtype)
    outer, first = 1, 0
    for factor in factors:
        span = here.shape[1] // (outer * factor)
        JOINS[factor](here, there, span, outer, turns[first:], constants)
        first += (factor - 1) * ((span - 1) // 2)
        outer *= factor
        here, there = there, here
    return here


def _some_rows(rows: int, size: int) -> Iterator[slice]:
    """Yield slices of `rows` rows of `size` values, few enough that all stages find them in a fast cache."""
    some = max(CACHED // size, 1)
    return (slice(start, start + some) for start in range(0, rows, some))
