"""Machines with motors: washing machine, vacuum cleaner, fan, fridge, microwave, hair dryer.

Each returns float64 (samples,) at any level.
"""

import numpy as np

from ...conventions import SAMPLE_RATE
from . import signals
from .signals import Float64, Rng, around

MAINS = (50.0, 60.0)
"""Frequency of the mains in Europe and America, Hz."""


def washing_machine(samples: int, rng: Rng) -> Float64:
    """Return a washing machine: the drum's line of 15 to 25 Hz, hum, and laundry that tumbles and sloshes."""
    drum = signals.harmonics(np.full(samples, rng.uniform(15, 25)), [1 / n**0.5 for n in range(1, 9)])
    tumble = signals.sine(around(50 / 60, rng), samples, phase=rng.random())
    slosh = signals.sine(rng.uniform(1, 2), samples, phase=rng.random())
    laundry = signals.noise_band(samples, rng, 100.0, 500.0) * (1.1 + tumble)
    water = signals.noise_band(samples, rng, 400.0, 1500.0) * np.maximum(slosh, 0) ** 2
    hum = _hum(samples, rng, (1.0, 0.4, 0.2))
    return np.asarray(0.35 * drum + around(0.4, rng) * hum + laundry + around(0.4, rng) * water)


def vacuum_cleaner(samples: int, rng: Rng) -> Float64:
    """Return a vacuum cleaner: broad noise, whine of blades near 2.9 kHz, a universal motor, and strokes over a floor.

    Source: Brungart and Lauchle 2001 (3,360 rpm with 52 blades).
    """
    time = np.arange(samples) / SAMPLE_RATE
    speed = 1 - 0.6 * np.exp(-(time + rng.uniform(0, 3)) / around(0.35, rng))
    whine = signals.harmonics(around(2912.0, rng) * speed, (1.0, 0.3))
    motor = signals.harmonics(rng.uniform(20_000, 40_000) / 60 * speed, (1.0, 0.5, 0.4, 0.2))
    air = signals.noise_band(samples, rng, 200.0, 6000.0)
    strokes = 1 + rng.uniform(0.2, 0.4) * signals.sine(around(0.6, rng, spread=0.3), samples, phase=rng.random())
    return (air * strokes + around(0.5, rng) * whine + around(0.35, rng) * motor) * speed**2


def fan(samples: int, rng: Rng) -> Float64:
    """Return a room fan: soft noise and a blade tone of 100 to 300 Hz."""
    blades = signals.harmonics(np.full(samples, rng.uniform(100, 300)), (1.0, 0.4, 0.2))
    air = signals.low_pass(signals.high_pass(signals.pink(samples, rng), 80.0), around(1500.0, rng))
    turning = 1 + rng.uniform(0.1, 0.3) * signals.sine(rng.uniform(0.1, 0.3), samples, phase=rng.random())
    return (signals.unit(air) + around(0.6, rng) * blades) * turning


def hair_dryer(samples: int, rng: Rng) -> Float64:
    """Return a hair dryer: noise up to 6 kHz and a blade tone of 400 to 800 Hz, at constant level."""
    blades = signals.harmonics(np.full(samples, rng.uniform(400, 800)), (1.0, 0.6, 0.35, 0.2))
    air = signals.unit(signals.pink(samples, rng)) + signals.noise_band(samples, rng, 1000.0, around(6000.0, rng))
    return signals.high_pass(air, 250.0) + around(0.5, rng) * blades + around(0.15, rng) * _hum(samples, rng, (1.0,))


def fridge(samples: int, rng: Rng) -> Float64:
    """Return a fridge: harmonics of the mains, and weak noise of its compressor."""
    gains = [around(gain, rng, spread=0.2) for gain in (0.3, 1.0, 0.1, 0.5, 0.05, 0.35, 0.02, 0.1)]
    hum = signals.harmonics(np.full(samples, rng.choice(MAINS)), gains)
    noise = signals.noise_band(samples, rng, 80.0, 900.0)
    return hum * signals.wander(samples, rng, per_second=2, depth=0.05) + around(0.08, rng) * noise


def microwave(samples: int, rng: Rng) -> Float64:
    """Return the end of a microwave's run: hum and a fan of 300 to 500 Hz, then 3 to 5 beeps of 2 kHz and 0.5 s."""
    stop = rng.uniform(0.3, 0.5) * samples / SAMPLE_RATE
    run = _hum(samples, rng, (1.0, 0.5, 0.35, 0.2, 0.15, 0.1)) + 0.8 * signals.noise_band(samples, rng, 300.0, 500.0)
    sound = np.zeros(samples)
    signals.place(sound, run * signals.swell(samples, attack=0.001, release=0.15), stop - samples / SAMPLE_RATE)
    length, gap = around(0.5, rng), around(0.4, rng)
    beep = signals.sine(around(2000.0, rng), signals.samples_of(length))
    beep *= signals.swell(beep.size, attack=0.005, release=0.005)
    for k in range(rng.integers(3, 6)):
        signals.place(sound, 1.2 * beep, stop + 0.1 + k * (length + gap))
    return sound


def _hum(samples: int, rng: Rng, gains: tuple[float, ...]) -> Float64:
    """Return harmonics of twice the mains frequency, 100 or 120 Hz."""
    return signals.harmonics(np.full(samples, 2 * rng.choice(MAINS)), [around(gain, rng) for gain in gains])
