"""Bells and beeps: telephone, alarm clock, door bell, smoke alarm. Each returns float64 (samples,) at any level."""

import numpy as np

from ...conventions import SAMPLE_RATE
from . import signals
from .signals import Float64, Rng, around

CADENCES = ((2.0, 4.0), (0.4, 0.2, 0.4, 2.0))
"""Ringing of telephones in the United States and in Britain: on, off ... in s."""

MAJOR_THIRD = 2 ** (4 / 12)
GONG = (1.0, 1.53, 2.24, 2.83, 3.61, 4.42)
CLACK = (0.02, 0.015, 0.01)
"""Decay of the hammer's own noise at each stroke, s."""

BAR = (1.0, 2.76, 5.4)
"""Partials of a bar with free ends."""


def telephone(samples: int, rng: Rng) -> Float64:
    """Return a telephone: a hammer that strikes two gongs in turn 20 or 25 times per second.

    Source: Farnell, Designing Sound; tables of ring tones.
    """
    cadence = [around(part, rng, spread=0.1) for part in CADENCES[rng.integers(2)]]
    rate = around(rng.choice([20.0, 25.0]), rng, spread=0.1)
    rings = signals.on_and_off(samples, cadence, rng)
    first = around(1500.0, rng, spread=0.3)
    strength = around(0.5, rng)
    sound = np.zeros(samples)
    for pitch, gain, delay in ((first, 1.0, 0.0), (first * rng.uniform(1.08, 1.25), strength, 0.5 / rate)):
        strokes = np.concatenate([np.arange(a, b, 1 / rate) for a, b in rings]) + delay
        hits = signals.impulses(samples, strokes, gain * rng.uniform(0.8, 1.2, strokes.size))
        ratios = [around(ratio, rng, spread=0.02) for ratio in GONG]
        decay = [around(0.6, rng, spread=0.4) / (1 + 0.2 * k) for k in range(len(GONG))]
        sound += signals.modes(hits, [pitch * r for r in ratios], decay, [rng.uniform(0.4, 1) for _ in GONG])
        sound += signals.modes(hits, rng.uniform(2500, 6000, 3), CLACK, rng.uniform(0.6, 1.2, 3))
    return sound


def alarm_clock(samples: int, rng: Rng) -> Float64:
    """Return an alarm clock: four beeps of 0.1 s at 2 kHz in every second."""
    beep, pause = around(0.1, rng, spread=0.1), around(0.1, rng, spread=0.1)
    cadence = [beep, pause] * 3 + [beep, max(1 - 4 * beep - 3 * pause, 0.2)]
    tone = _tone(samples, around(2000.0, rng), (1.0, 0.15, 0.35))
    return tone * _gate(samples, signals.on_and_off(samples, cadence, rng), ramp=0.004)


def smoke_alarm(samples: int, rng: Rng) -> Float64:
    """Return a smoke alarm: tones of 3.1 kHz, or square waves of 520 Hz: three of 0.5 s, 0.5 s apart, then 1.5 s off.

    Source: the temporal pattern of ISO 8201.
    """
    on, off, pause = (around(part, rng, spread=0.1) for part in (0.5, 0.5, 1.5))
    low = rng.random() < 0.4
    pitch, gains = (around(520.0, rng, spread=0.1), _SQUARE) if low else (around(3100.0, rng, spread=0.1), (1.0, 0.2))
    tone = _tone(samples, pitch, gains)
    return tone * _gate(samples, signals.on_and_off(samples, [on, off, on, off, on, pause], rng), ramp=0.003)


def door_bell(samples: int, rng: Rng) -> Float64:
    """Return a door bell: two struck bars a major third apart, the lower one 0.5 s after the higher one."""
    high, apart = around(660.0, rng), around(0.5, rng)
    decays = [around(1.5, rng, spread=0.3) / (1 + k) for k in range(len(BAR))]
    gains = (1.0, around(0.3, rng), around(0.12, rng))
    ring = around(2.6, rng)
    presses = np.arange(rng.uniform(0, 0.2), samples / SAMPLE_RATE, ring)
    notes = [(press + delay, pitch) for press in presses for delay, pitch in ((0, high), (apart, high / MAJOR_THIRD))]
    return signals.ringing(
        samples,
        [
            (start, pitch * ratio, decay, gain, 0.0)
            for start, pitch in notes
            for ratio, decay, gain in zip(BAR, decays, gains, strict=True)
        ],
    )


_SQUARE = tuple(1 / n if n % 2 else 0.0 for n in range(1, 14))


def _tone(samples: int, pitch: float, gains: tuple[float, ...]) -> Float64:
    return signals.harmonics(np.full(samples, pitch), gains)


def _gate(samples: int, spans: list[tuple[float, float]], *, ramp: float) -> Float64:
    """Return a gain (samples,) that is 1 in `spans` (s), with ramps of `ramp` s."""
    gain = np.zeros(samples)
    for start, end in spans:
        signals.place(gain, signals.swell(signals.samples_of(end - start), attack=ramp, release=ramp), start)
    return gain
