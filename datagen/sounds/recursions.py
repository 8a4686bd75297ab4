"""Compiled recursions behind `signals`: they run sample by sample in a fixed order, on float64 (samples,) at 16 kHz."""

import math

import numpy as np

from ...compiled import njit
from ...conventions import SAMPLE_RATE


@njit(cache=True, error_model="numpy", nogil=True)
def biquad(signal, c):  # type: ignore[no-untyped-def]
    """Return `signal` filtered by `c`: b0, b1, b2, a1, a2 (transposed direct form 2)."""
    filtered = np.empty_like(signal)
    first = second = 0.0
    for n in range(signal.size):
        x = signal[n]
        y = c[0] * x + first
        first = c[1] * x - c[3] * y + second
        second = c[2] * x - c[4] * y
        filtered[n] = y
    return filtered


@njit(cache=True, error_model="numpy", nogil=True)
def one_pole(signal, corner):  # type: ignore[no-untyped-def]
    """Return `signal` smoothed below `corner` Hz."""
    keep = math.exp(-2 * math.pi * corner / SAMPLE_RATE)
    filtered = np.empty_like(signal)
    y = 0.0
    for n in range(signal.size):
        y = keep * y + signal[n]
        filtered[n] = y
    return filtered


@njit(cache=True, error_model="numpy", nogil=True)
def damped_modes(excitation, rows):  # type: ignore[no-untyped-def]
    """Return `excitation` through two-pole resonators; rows of frequency (Hz), decay (s), gain."""
    heard = np.zeros_like(excitation)
    for k in range(rows.shape[0]):
        w = 2 * math.pi * rows[k, 0] / SAMPLE_RATE
        radius = 10 ** (-3 / (rows[k, 1] * SAMPLE_RATE))
        a1, a2 = 2 * radius * math.cos(w), -radius * radius
        gain = rows[k, 2] * math.sin(w)
        first = second = 0.0
        for n in range(excitation.size):
            y = gain * excitation[n] + a1 * first + a2 * second
            second = first
            first = y
            heard[n] += y
    return heard


@njit(cache=True, error_model="numpy", nogil=True)
def damped_sines(samples, events):  # type: ignore[no-untyped-def]
    """Return the sum of damped sines; rows of start (s), frequency (Hz), decay (s), gain, rise (1 / s).

    A phasor turns for each event until it has fallen by 50 dB; a second one turns the turn, for the rise in pitch.
    """
    heard = np.zeros(samples)
    for k in range(events.shape[0]):
        start = round(events[k, 0] * SAMPLE_RATE)
        w = 2 * math.pi * events[k, 1] / SAMPLE_RATE
        loss = 3 * math.log(10.0) / (events[k, 2] * SAMPLE_RATE)
        bend = w * events[k, 4] / SAMPLE_RATE
        turn = math.exp(-loss) * complex(math.cos(w), math.sin(w))
        more = complex(math.cos(bend), math.sin(bend))
        phasor = complex(events[k, 3], 0.0)
        for n in range(start, min(samples, start + int(50 / 60 * events[k, 2] * SAMPLE_RATE))):
            if n >= 0:
                heard[n] += phasor.imag
            phasor *= turn
            turn *= more
    return heard


@njit(cache=True, error_model="numpy", nogil=True)
def summed_harmonics(phase, gains):  # type: ignore[no-untyped-def]
    """Return sines of 1, 2, ... times `phase` (rad), times `gains`: sin((k+1)x) = 2 cos(x) sin(kx) - sin((k-1)x)."""
    heard = np.empty_like(phase)
    for n in range(phase.size):
        twice = 2 * math.cos(phase[n])
        before, now = 0.0, math.sin(phase[n])
        total = 0.0
        for k in range(gains.size):
            total += gains[k] * now
            before, now = now, twice * now - before
        heard[n] = total
    return heard


@njit(cache=True, error_model="numpy", nogil=True)
def formant(signal, centre, bandwidth):  # type: ignore[no-untyped-def]
    """Return `signal` through a two-pole band-pass of about unit gain; it follows `centre` every 16 samples."""
    radius = math.exp(-math.pi * bandwidth / SAMPLE_RATE)
    heard = np.empty_like(signal)
    a1 = 0.0
    x1 = x2 = y1 = y2 = 0.0
    for n in range(signal.size):
        if n % 16 == 0:
            a1 = 2 * radius * math.cos(2 * math.pi * centre[n] / SAMPLE_RATE)
        y = (1 - radius) * (signal[n] - x2) + a1 * y1 - radius * radius * y2
        x2, x1 = x1, signal[n]
        y2, y1 = y1, y
        heard[n] = y
    return heard
