"""Voices: dog, cat, baby. Each returns float64 (samples,) at any level.

A voice is a source of harmonics and breath whose pitch follows an arch, shaped by the resonances of a mouth.
"""

import math

import numpy as np

from ...conventions import SAMPLE_RATE
from . import signals
from .signals import Float64, Rng, around

TILT = tuple(1 / n for n in range(1, 31))


def dog(samples: int, rng: Rng) -> Float64:
    """Return a barking dog: barks of 0.1 to 0.3 s, 200 to 600 Hz; low ones are harsh, long and fast, high ones tonal.

    Source: Yin and McConnell 2004; Riede 2002.
    """
    alone = rng.random()
    low, high = 200 + 220 * alone, 290 + 300 * alone
    length, gap = 0.26 - 0.12 * alone, 0.3 + 0.45 * alone
    mouth = [around(centre, rng) for centre in (520.0, 1000.0, 1900.0)]
    sound = np.zeros(samples)
    for start, seconds in _calls(samples, rng, length=length, gap=gap, spread=0.15):
        arch = _arch(seconds, 0.7)
        pitch = low + (around(high, rng, spread=0.03) - low) * arch
        source = signals.harmonics(pitch, TILT) + (0.8 - 0.6 * alone) * signals.white(arch.size, rng)
        bark = signals.band_pass(signals.formants(source, mouth, (200.0, 250.0, 500.0)), 250.0, 2500.0)
        signals.place(sound, bark * signals.swell(arch.size, attack=0.02, release=0.7 * seconds), start)
    return sound


def cat(samples: int, rng: Rng) -> Float64:
    """Return a meowing cat: calls of 0.5 to 1 s; pitch rises from 400 towards 800 Hz and falls, the mouth opens."""
    low, high, opening = rng.uniform(400, 480), rng.uniform(620, 790), around(1.0, rng)
    sound = np.zeros(samples)
    for start, seconds in _calls(samples, rng, length=0.75, gap=0.7, spread=0.3):
        arch = _arch(seconds, 0.8)
        source = signals.harmonics(low + (high - low) * arch, TILT) + 0.04 * signals.white(arch.size, rng)
        mouth = (opening * (600 + 700 * arch), opening * (1500 + 1000 * arch), opening * 3600)
        meow = signals.formants(source, mouth, (150.0, 250.0, 400.0))
        signals.place(sound, meow * signals.swell(arch.size, attack=0.12, release=0.25), start)
    return sound


def baby(samples: int, rng: Rng) -> Float64:
    """Return a crying baby: cries of 1.4 +- 0.6 s, 496 +- 95 Hz, that rise and fall, with gasps between.

    Source: Michelsson 2002 (172 infants).
    """
    voice = float(np.clip(1 + 0.19 * rng.standard_normal(), 0.75, 1.25))
    length = float(np.clip(1.4 + 0.6 * rng.standard_normal(), 0.6, 2.4))
    mouth = [around(centre, rng, spread=0.1) for centre in (1050.0, 1750.0, 3300.0)]
    sound = np.zeros(samples)
    for start, seconds in _calls(samples, rng, length=length, gap=0.35, spread=0.15):
        arch = _arch(seconds, 0.75)
        tremble = 1 + 0.015 * signals.sine(around(6.0, rng), arch.size, phase=rng.random())
        pitch = voice * (398 + 185 * arch) * tremble
        source = signals.harmonics(pitch, TILT) + 0.08 * signals.white(arch.size, rng)
        cry = signals.formants(source, mouth, (150.0, 200.0, 350.0))
        signals.place(sound, cry * signals.swell(arch.size, attack=0.08, release=0.2), start)
        gasp = signals.noise_band(signals.samples_of(0.2), rng, 800.0, 4000.0)
        signals.place(sound, 0.03 * gasp * signals.swell(gasp.size, attack=0.08, release=0.06), start + seconds + 0.05)
    return sound


def _calls(samples: int, rng: Rng, *, length: float, gap: float, spread: float) -> list[tuple[float, float]]:
    """Return (start, length) in s of calls; the first may have begun before the clip, by a third of its length."""
    calls = []
    start = rng.uniform(-length / 3, 0.15)
    while start < samples / SAMPLE_RATE:
        seconds = around(length, rng, spread=spread)
        calls.append((start, seconds))
        start += seconds + around(gap, rng, spread=0.3)
    return calls


def _arch(seconds: float, power: float) -> Float64:
    """Return an arch from 0 to 1 and back over `seconds`; `power` below 1 makes it broader and its top earlier."""
    time = (np.arange(signals.samples_of(seconds)) + 0.5) / signals.samples_of(seconds)
    return np.sin(math.pi * time**power) ** power
