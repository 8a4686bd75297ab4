"""Music: piano, music box, and the soft chords behind a television. Each returns float64 (samples,) at any level."""

import math

import numpy as np

from ...conventions import SAMPLE_RATE
from . import signals
from .signals import Float64, Rng, around

PENTATONIC = (0, 2, 4, 7, 9)
TRIAD = (1.0, 2 ** (4 / 12), 2 ** (7 / 12))
CLAMPED_BAR = (1.0, 6.27, 17.5)
"""Partials of a tooth of the music box's comb."""

PIANO_PARTIALS = 12


def music_box(samples: int, rng: Rng) -> Float64:
    """Return a music box: 2 to 6 notes per second on clamped bars that decay within 0.3 to 1 s."""
    decay = rng.uniform(0.5, 1.0)
    events = []
    for start, pitch in _melody(samples, rng, root=rng.uniform(520, 900), octaves=2):
        for ratio, share, gain in zip(CLAMPED_BAR, (1.0, 0.4, 0.2), (1.0, 0.2, 0.05), strict=True):
            if pitch * ratio < signals.HIGHEST:
                length = max(decay * share * math.sqrt(700 / pitch), 0.1)
                events.append((start, pitch * ratio, length, gain * rng.uniform(0.7, 1), 0.0))
    return signals.ringing(samples, events)


def piano(samples: int, rng: Rng) -> Float64:
    """Return a piano: 2 to 6 notes per second over slower bass notes, on stiff strings (see `piano_partials`)."""
    root = rng.uniform(200, 330)
    stiffness = math.exp(rng.uniform(math.log(1e-4), math.log(1e-3)))
    melody = _melody(samples, rng, root=root, octaves=2)
    bass = [(start, root / 2 * ratio) for start, ratio in zip(np.arange(-0.2, 60, 1.0), _FOURTHS * 9, strict=False)]
    events = []
    for start, pitch in [*melody, *(note for note in bass if note[0] < samples / SAMPLE_RATE)]:
        loudness = rng.uniform(0.5, 1)
        longest = np.clip(around(3.0, rng) * (220 / pitch) ** 0.7, 0.5, 10)
        for n, frequency in enumerate(piano_partials(pitch, stiffness), 1):
            gain = loudness / n * (0.15 + abs(math.sin(math.pi * n / 8)))
            events.append((start, frequency, longest / (1 + 0.35 * (n - 1)), gain, 0.0))
    return signals.ringing(samples, events)


def piano_partials(pitch: float, stiffness: float) -> list[float]:
    """Return the partials (Hz) of a stiff string, n f sqrt(1 + B n^2), that are below 7.5 kHz; at most 12."""
    partials = (n * pitch * math.sqrt(1 + stiffness * n * n) for n in range(1, PIANO_PARTIALS + 1))
    return [frequency for frequency in partials if frequency < signals.HIGHEST]


def chords(samples: int, rng: Rng) -> Float64:
    """Return soft chords of unit level that change about once per second."""
    root, step, decay = rng.uniform(180, 260), around(1.0, rng, spread=0.2), around(2.0, rng)
    starts = np.arange(-rng.uniform(0, step), samples / SAMPLE_RATE, step)
    notes = [(s, root * _FOURTHS[k % len(_FOURTHS)] * third) for k, s in enumerate(starts) for third in TRIAD]
    return signals.unit(
        signals.ringing(samples, [(s, n * pitch, decay / n, 1 / n**2, 0.0) for s, pitch in notes for n in (1, 2, 3, 4)])
    )


_FOURTHS = (1.0, 2 ** (5 / 12), 2 ** (7 / 12), 1.0, 2 ** (-3 / 12), 2 ** (5 / 12), 2 ** (7 / 12))


def _melody(samples: int, rng: Rng, *, root: float, octaves: int) -> list[tuple[float, float]]:
    """Return (start in s, pitch in Hz) of a walk over a pentatonic scale above `root`, 2 to 6 notes per second."""
    scale = [12 * octave + step for octave in range(octaves) for step in PENTATONIC]
    rate, place = rng.uniform(2, 6), int(rng.integers(len(scale)))
    notes = []
    for start in np.arange(rng.uniform(-0.3, 0), samples / SAMPLE_RATE, 1 / rate):
        place = int(np.clip(place + rng.integers(-2, 3), 0, len(scale) - 1))
        notes.append((start + rng.uniform(-0.01, 0.01), root * 2 ** (scale[place] / 12)))
    return notes
