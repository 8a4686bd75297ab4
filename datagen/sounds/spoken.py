"""Speech as it comes from a person, a television or a radio. Each takes and returns float64 (samples,) at 16 kHz."""

from . import signals
from .music import chords
from .signals import Float64, Rng, around

RADIO_BAND = (300.0, 3400.0)


def person(speech: Float64, rng: Rng) -> Float64:
    """Return `speech` as it is, without rumble."""
    return signals.high_pass(speech, 60.0)


def television(speech: Float64, rng: Rng) -> Float64:
    """Return `speech` over soft music, from a small loudspeaker."""
    music = around(0.3, rng, spread=0.3) * chords(speech.size, rng)
    return signals.high_pass(signals.unit(speech) + music, around(150.0, rng))


def radio(speech: Float64, rng: Rng) -> Float64:
    """Return `speech` in the band of a small radio, 300 to 3,400 Hz, with a little hiss."""
    low, high = RADIO_BAND
    hissing = signals.unit(speech) + around(0.02, rng, spread=0.3) * signals.white(speech.size, rng)
    return signals.band_pass(signals.band_pass(hissing, low, high), low, high)
