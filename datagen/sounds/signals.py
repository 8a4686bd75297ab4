"""Building blocks of synthesised sounds: oscillators, filters, damped modes, bubbles, patterns in time.

All signals are float64 (samples,) at 16 kHz. Recursions run sample by sample in a fixed order, so the sounds do not
depend on the version of a filter or FFT library. A decay is the time in s in which a sound falls by 60 dB.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ...conventions import SAMPLE_RATE
from . import recursions

Float64 = npt.NDArray[np.float64]
Numbers = Sequence[float] | Float64
Rng = np.random.Generator

HIGHEST = 7500.0
"""Partials above this frequency (Hz) are left out."""


def around(value: float, rng: Rng, *, spread: float = 0.15) -> float:
    """Return a number drawn within `spread` (a share) of `value`."""
    return value * rng.uniform(1 - spread, 1 + spread)


def samples_of(seconds: float) -> int:
    """Return the number of samples in `seconds`."""
    return round(seconds * SAMPLE_RATE)


def white(samples: int, rng: Rng) -> Float64:
    """Return white Gaussian noise of unit variance."""
    return rng.standard_normal(samples)


def wander(samples: int, rng: Rng, *, per_second: float, depth: float) -> Float64:
    """Return a slow random gain around 1: `per_second` random points of deviation `depth`, never negative."""
    points = math.ceil(samples / SAMPLE_RATE * per_second) + 2
    gain = 1 + depth * rng.standard_normal(points)
    return np.maximum(np.interp(np.arange(samples) * per_second / SAMPLE_RATE, np.arange(points), gain), 0)


def low_pass(signal: Float64, frequency: float) -> Float64:
    """Return `signal` through a second-order Butterworth low-pass at `frequency` Hz."""
    c, alpha = _pole(frequency)
    return _filtered(signal, [(1 - c) / 2, 1 - c, (1 - c) / 2, -2 * c, 1 - alpha], 1 + alpha)


def high_pass(signal: Float64, frequency: float) -> Float64:
    """Return `signal` through a second-order Butterworth high-pass at `frequency` Hz."""
    c, alpha = _pole(frequency)
    return _filtered(signal, [(1 + c) / 2, -1 - c, (1 + c) / 2, -2 * c, 1 - alpha], 1 + alpha)


def band_pass(signal: Float64, low: float, high: float) -> Float64:
    """Return `signal` between `low` and `high` Hz, falling by 24 dB per octave outside."""
    return low_pass(low_pass(high_pass(high_pass(signal, low), low), high), high)


def noise_band(samples: int, rng: Rng, low: float, high: float) -> Float64:
    """Return noise of unit variance between `low` and `high` Hz."""
    return unit(band_pass(white(samples, rng), low, high))


def pink(samples: int, rng: Rng) -> Float64:
    """Return noise of unit variance that falls by about 3 dB per octave: a sum of one-pole noises an octave apart."""
    noise = white(samples, rng)
    corners = 40.0 * 2.0 ** np.arange(0, 8, 2)
    return unit(sum((recursions.one_pole(noise, corner) / math.sqrt(corner) for corner in corners), np.zeros(samples)))


def unit(signal: Float64) -> Float64:
    """Return `signal` with unit root mean square; a silent one stays silent."""
    level = math.sqrt(float(np.mean(signal**2)))
    return signal / level if level > 0 else signal


def modes(excitation: Float64, frequency: Numbers, decay: Numbers, gain: Numbers) -> Float64:
    """Return the sum of damped modes driven by `excitation`: an impulse of 1 rings each mode with its `gain`.

    `frequency` in Hz, `decay` in s.
    """
    rows = [row for row in zip(frequency, decay, gain, strict=True) if row[0] < HIGHEST]
    return np.asarray(recursions.damped_modes(excitation, np.array(rows, dtype=np.float64).reshape(-1, 3)))


def impulses(samples: int, times: Numbers, gains: float | Numbers = 1.0) -> Float64:
    """Return impulses of `gains` at `times` (s); those outside of the signal are left out."""
    at = np.rint(np.asarray(times, dtype=np.float64) * SAMPLE_RATE).astype(np.int64)
    inside = (at >= 0) & (at < samples)
    signal = np.zeros(samples)
    np.add.at(signal, at[inside], np.broadcast_to(gains, at.shape)[inside])
    return signal


def ringing(samples: int, events: npt.ArrayLike) -> Float64:
    """Return a sum of damped sines. Each row of `events`: start (s), frequency (Hz), decay (s), gain, rise (1 / s).

    The frequency rises by `rise` times itself every second.
    """
    return np.asarray(recursions.damped_sines(samples, np.asarray(events, dtype=np.float64).reshape(-1, 5)))


def harmonics(frequency: Float64, gains: Numbers) -> Float64:
    """Return harmonics 1, 2, ... of `frequency` (samples,) Hz with `gains`; those above 7.5 kHz are left out."""
    count = min(len(gains), int(HIGHEST / float(frequency.max())))
    phase = np.cumsum(frequency) * (2 * math.pi / SAMPLE_RATE)
    return np.asarray(recursions.summed_harmonics(phase, np.array(gains[:count], dtype=np.float64)))


def sine(frequency: float, samples: int, *, phase: float = 0.0) -> Float64:
    """Return a sine of `frequency` Hz, starting at `phase` (cycles)."""
    return np.asarray(np.sin(2 * math.pi * (frequency / SAMPLE_RATE * np.arange(samples) + phase)))


def formants(signal: Float64, centres: Sequence[float | Float64], bandwidths: Sequence[float]) -> Float64:
    """Return `signal` through parallel resonators at `centres` (Hz, fixed or one per sample), `bandwidths` in Hz."""
    heard = np.zeros(signal.size)
    for centre, bandwidth in zip(centres, bandwidths, strict=True):
        heard += recursions.formant(signal, np.full(signal.size, centre, dtype=np.float64), bandwidth)
    return heard


def swell(samples: int, *, attack: float, release: float) -> Float64:
    """Return a gain that rises over `attack` s, stays 1, and falls over `release` s, along half cosines."""
    time = (np.arange(samples) + 0.5) / SAMPLE_RATE
    rise = np.clip(time / attack, 0, 1)
    fall = np.clip((samples / SAMPLE_RATE - time) / release, 0, 1)
    return (0.5 - 0.5 * np.cos(math.pi * rise)) * (0.5 - 0.5 * np.cos(math.pi * fall))


def on_and_off(samples: int, cadence: Sequence[float], rng: Rng) -> list[tuple[float, float]]:
    """Return (start, end) in s of the sounding stretches of a repeated `cadence`: on, off, on, off ... in s.

    The clip begins anywhere in the pattern where it holds nearly as much sound as it can; starts may be negative.
    """
    edges = np.concatenate([[0.0], np.cumsum(cadence)])
    period, seconds = float(edges[-1]), samples / SAMPLE_RATE
    cycles = range(math.ceil(seconds / period) + 2)
    spans = [(k * period + edges[i], k * period + edges[i + 1]) for k in cycles for i in range(0, len(cadence), 2)]
    begins = rng.uniform(0, period, 64)
    heard = np.array([_overlap(spans, begin, begin + seconds) for begin in begins])
    begin = float(begins[np.argmax(heard >= 0.95 * heard.max())])
    return [(a - begin, b - begin) for a, b in spans if b > begin and a < begin + seconds]


def _overlap(spans: Sequence[tuple[float, float]], begin: float, end: float) -> float:
    return sum(max(0.0, min(b, end) - max(a, begin)) for a, b in spans)


def place(signal: Float64, part: Float64, at: float) -> None:
    """Add `part` to `signal` at `at` seconds, which may be negative; what lies outside is left out."""
    start = round(at * SAMPLE_RATE)
    first, last = max(start, 0), min(start + part.size, signal.size)
    if first < last:
        signal[first:last] += part[first - start : last - start]


def _pole(frequency: float) -> tuple[float, float]:
    """Return the cosine of `frequency` (Hz) on the unit circle, and half its sine over the Q of 1 / sqrt(2)."""
    w = 2 * math.pi * frequency / SAMPLE_RATE
    return math.cos(w), math.sin(w) / math.sqrt(2)


def _filtered(signal: Float64, coefficients: list[float], scale: float) -> Float64:
    return np.asarray(recursions.biquad(signal, np.array(coefficients) / scale))
