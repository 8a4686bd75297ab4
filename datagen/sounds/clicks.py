"""Clicks: wall clock and frying pan. Each returns float64 (samples,) at any level."""

import numpy as np

from ...conventions import SAMPLE_RATE
from . import signals
from .signals import Float64, Rng, around

TICKS_PER_SECOND = ((1.0, 1.0), (1.0, 2.0), (4.0, 5.0))
"""Rates of clocks with a quartz, a pendulum and a balance wheel."""


def wall_clock(samples: int, rng: Rng) -> Float64:
    """Return a ticking clock: 1 to 5 ticks per second, each 2 to 4 clicks within 20 ms; tick and tock differ.

    Source: Farnell, Designing Sound.
    """
    movement = int(rng.integers(3))
    rate = around(rng.uniform(*TICKS_PER_SECOND[movement]), rng, spread=0.0 if movement == 0 else 0.05)
    times = np.arange(rng.uniform(0, 0.5 / rate), samples / SAMPLE_RATE, 1 / rate)
    tick = _tick(rng)
    tock = tick if movement == 0 else _tick(rng)
    sound = np.zeros(samples)
    for k, time in enumerate(times):
        signals.place(sound, (tick, tock)[k % 2] * around(1.0, rng, spread=0.1), time)
    return sound


def _tick(rng: Rng) -> Float64:
    """Return one tick of 60 ms: clicks of 1 to 3 ms that excite resonances of 2 to 6 kHz."""
    hits = np.zeros(signals.samples_of(0.06))
    for time in np.concatenate([[0.0], np.sort(rng.uniform(0.003, 0.02, rng.integers(1, 4)))]):
        click = signals.white(signals.samples_of(rng.uniform(0.001, 0.003)), rng)
        signals.place(hits, rng.uniform(0.4, 1) * click * np.linspace(1, 0, click.size), time)
    resonances = np.sort(rng.uniform(2000, 6000, 3))
    return signals.modes(hits, resonances, rng.uniform(0.008, 0.025, 3), rng.uniform(0.5, 1, 3))


def frying_pan(samples: int, rng: Rng) -> Float64:
    """Return frying: 50 to 300 clicks per second at random times, from 2 kHz up, over a faint hiss."""
    count = rng.poisson(rng.uniform(50, 300) * samples / SAMPLE_RATE)
    start = rng.uniform(0, samples / SAMPLE_RATE, count)
    pitch = rng.uniform(2200, 7400, count)
    gain = rng.exponential(1.0, count)
    crackle = signals.ringing(samples, np.stack([start, pitch, rng.uniform(0.002, 0.008, count), gain, 0 * gain], 1))
    hiss = signals.noise_band(samples, rng, 3000.0, 7000.0)
    return signals.high_pass(signals.high_pass(crackle, 2000.0), 2000.0) + around(0.02, rng, spread=0.3) * hiss
