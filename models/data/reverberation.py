"""An algorithmic reverberator: eight damped combs in parallel, then four all-pass filters (Freeverb, Schroeder 1962).

Lengths and gains are those of Freeverb, which is in the public domain and is also what Pedalboard's "Reverb" runs; the
mix of wet and dry is that plug-in's default. Impulse responses agree with Pedalboard 0.9.26 to 1e-7. StereoCRW draws
the "room size" from 0 to 0.8 (it is no RT60).
"""

import numpy as np
import numpy.typing as npt

from ...compiled import njit

Float32 = npt.NDArray[np.float32]

_TUNED_AT = 44_100
_COMBS = (1116, 1188, 1277, 1356, 1422, 1491, 1557, 1617)
_ALL_PASSES = (556, 441, 341, 225)
_INPUT_GAIN, _WET, _DRY, _DAMPING = 0.015, 3 * 0.33, 2 * 0.4, 0.4 * 0.5


def reverberate(channels: Float32, room_size: npt.NDArray[np.float64], sample_rate: int) -> Float32:
    """Return `channels` (n, samples) with reverberation, each with its own `room_size` (n,) from 0 to 1."""
    combs = np.array([length * sample_rate // _TUNED_AT for length in _COMBS])
    all_passes = np.array([length * sample_rate // _TUNED_AT for length in _ALL_PASSES])
    feedback = 0.7 + 0.28 * np.asarray(room_size, dtype=np.float64)
    dry = np.ascontiguousarray(channels, dtype=np.float64)
    wet = np.stack([_wet(row, gain, combs, all_passes) for row, gain in zip(dry, feedback, strict=True)])
    return np.asarray(_WET * wet + _DRY * dry, dtype=np.float32)


@njit(cache=True, nogil=True)
def _wet(dry, feedback, combs, all_passes):  # type: ignore[no-untyped-def]
    """Return the reverberation alone (samples,)."""
    samples = len(dry)
    wet = np.zeros(samples)
    for delay in combs:
        line, low_passed = np.zeros(delay), 0.0
        for k in range(samples):
            delayed = line[k % delay]
            low_passed = delayed * (1 - _DAMPING) + low_passed * _DAMPING
            line[k % delay] = dry[k] * _INPUT_GAIN + low_passed * feedback
            wet[k] += delayed
    for delay in all_passes:
        line = np.zeros(delay)
        for k in range(samples):
            delayed = line[k % delay]
            line[k % delay] = wet[k] + 0.5 * delayed
            wet[k] = delayed - wet[k]
    return wet
