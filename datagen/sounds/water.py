"""Water: tap and kettle. Each returns float64 (samples,) at any level."""

import math

import numpy as np

from ...conventions import SAMPLE_RATE
from . import signals
from .signals import Float64, Rng, around

MINNAERT = 3.26
"""Frequency (Hz) of an air bubble in water times its radius (m)."""

SMALLER_ARE_MORE = 1.5
"""Power that bends the logarithm of the radii towards small bubbles."""

SMALLEST, LARGEST = 0.6e-3, 5e-3
"""Radii of bubbles, m. Smaller ones, 0.5 mm, would rise above the half of the sample rate."""


def tap(samples: int, rng: Rng) -> Float64:
    """Return running water: bubbles over pink noise with resonances of the basin near 400 and 1,200 Hz."""
    rate = math.exp(rng.uniform(math.log(100), math.log(600)))
    splash = signals.high_pass(signals.pink(samples, rng), 200.0)
    basin = signals.formants(
        splash, (around(400.0, rng), around(1200.0, rng)), (around(150.0, rng), around(400.0, rng))
    )
    spray = around(0.5, rng) * signals.noise_band(samples, rng, 2000.0, 7000.0)
    stream = signals.unit(splash + around(2.0, rng) * basin + spray)
    stream *= signals.wander(samples, rng, per_second=6, depth=0.1)
    return signals.unit(bubbles(samples, rng, per_second=rate)) + around(0.6, rng, spread=0.2) * stream


def bubbles(
    samples: int, rng: Rng, *, per_second: float, smallest: float = SMALLEST, largest: float = LARGEST
) -> Float64:
    """Return bubbles at random times with radii from `smallest` to `largest` (m), each ringing at 3.26 / radius Hz.

    Source: Minnaert 1933; van den Doel 2005 (decay, and a rise in pitch of a tenth of the decay rate).
    """
    count = rng.poisson(per_second * samples / SAMPLE_RATE)
    radius = smallest * (largest / smallest) ** (rng.random(count) ** SMALLER_ARE_MORE)
    loss = 0.13 / radius + 0.0072 * radius**-1.5
    start = rng.uniform(0, samples / SAMPLE_RATE, count)
    gain = rng.uniform(0.2, 1, count)
    return signals.ringing(samples, np.stack([start, MINNAERT / radius, math.log(1000) / loss, gain, 0.1 * loss], 1))


def kettle(samples: int, rng: Rng) -> Float64:
    """Return a whistling kettle: a fluttering tone of 1.5 to 3 kHz that glides up for 5 s, over boiling water.

    Source: Henrywood and Agarwal 2013.
    """
    time = np.arange(samples) / SAMPLE_RATE
    glide, since = around(5.0, rng), rng.uniform(0.5, 8)
    rising = np.clip((time + since) / glide, 0, 1)
    flutter = signals.sine(rng.uniform(4, 8), samples, phase=rng.random())
    pitch = rng.uniform(1700, 2950) * (0.9 + 0.1 * rising) * (1 + rng.uniform(0.003, 0.008) * flutter)
    whistle = signals.harmonics(pitch, (1.0, around(0.25, rng), around(0.08, rng)))
    whistle *= (0.4 + 0.6 * rising) * (1 + rng.uniform(0.15, 0.35) * flutter)
    steam = signals.noise_band(samples, rng, 2000.0, 7000.0)
    return whistle + around(0.06, rng) * steam + around(0.15, rng) * _boiling(samples, rng)


def _boiling(samples: int, rng: Rng) -> Float64:
    """Return boiling water: noise below 800 Hz that comes and goes."""
    rumble = signals.noise_band(samples, rng, 60.0, around(700.0, rng, spread=0.1))
    return rumble * signals.wander(samples, rng, per_second=10, depth=0.5)
