"""Cuts and levels clips: every clip holds sound, and all are about equally loud."""

import numpy as np
import numpy.typing as npt

from ...conventions import SAMPLE_RATE

Float64 = npt.NDArray[np.float64]
Sound = npt.NDArray[np.floating]

LEVEL = 0.1
"""Root mean square of a clip, full scale 1; drawn within 3 dB of it, and lower where the peak would pass `PEAK`."""

PEAK = 0.95
LEVEL_SPREAD_DB = 3.0
_FADE_SECONDS = 0.005
_CANDIDATES = 32
_AUDIBLE = 0.5


def excerpt(sound: Sound, seconds: float, *, rng: np.random.Generator) -> Float64:
    """Return `seconds` of `sound` (samples,) at 16 kHz that hold sound, faded over 5 ms at both ends: float64.

    Draws 32 starts and takes the first whose level is at least half of the loudest one's; one more holds the highest
    peak, so that a lone bang is not missed. A shorter sound is repeated.
    """
    samples = round(seconds * SAMPLE_RATE)
    if sound.size < samples:
        return faded(np.resize(sound, samples))
    latest = sound.size - samples
    around_peak = np.clip(np.argmax(np.abs(sound)) - samples // 2, 0, latest)
    starts = np.append(rng.integers(0, latest + 1, _CANDIDATES), around_peak)
    levels = np.array([root_mean_square(sound[start : start + samples]) for start in starts])
    start = int(starts[np.argmax(levels >= _AUDIBLE * levels.max())])
    return faded(sound[start : start + samples])


def levelled(sound: Sound, *, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Return `sound` (samples,) at the level of a clip, as float32 multiples of 1 / 32768 that never reach 1.

    Whole multiples make the samples the same whatever the last bit of a sine was, and exact as int16.
    """
    target = LEVEL * 10 ** (rng.uniform(-LEVEL_SPREAD_DB, LEVEL_SPREAD_DB) / 20)
    peak = float(np.abs(sound).max(initial=0.0))
    if peak == 0:
        raise ValueError("a silent sound has no level")
    gain = min(target / root_mean_square(sound), PEAK / peak)
    return np.asarray(np.rint(sound * (gain * 32768)) / 32768, dtype=np.float32)


def faded(sound: Sound) -> Float64:
    """Return `sound` (samples,) with 5 ms of fade at both ends."""
    ramp = (np.arange(min(round(_FADE_SECONDS * SAMPLE_RATE), sound.size)) + 0.5) / round(_FADE_SECONDS * SAMPLE_RATE)
    gain = np.ones(sound.size)
    gain[: ramp.size] *= ramp
    gain[sound.size - ramp.size :] *= ramp[::-1]
    return sound * gain


def root_mean_square(sound: Sound) -> float:
    """Return the root mean square of `sound` (samples,)."""
    return float(np.sqrt(np.mean(np.square(sound, dtype=np.float64))))
