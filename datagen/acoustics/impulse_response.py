"""Room measures from an impulse response: decay times, direct-to-reverberant ratio, clarity."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...conventions import SAMPLE_RATE

DIRECT_WINDOW = 0.0025
"""Seconds after the arrival that count as direct sound (Zahorik 2002)."""

EARLY_WINDOW = 0.05
"""Seconds after the arrival that count as early for C50 (ISO 3382-1)."""


@dataclass(frozen=True)
class RoomMeasures:
    """Measures of one response: `rt60_t20` and `rt60_t30` in s, `direct_to_reverberant` and `clarity_c50` in dB."""

    rt60_t20: float
    rt60_t30: float
    direct_to_reverberant: float
    clarity_c50: float


def mix(direct: npt.ArrayLike, indirect: npt.ArrayLike, ratio: float) -> npt.NDArray[np.float32]:
    """Return `direct` + `ratio` x `indirect`, float32 (..., samples), as long as the longer of the two.

    >>> mix([1.0, 0.5], [0.0, 1.0, 1.0], ratio=0.5).tolist()
    [1.0, 1.0, 0.5]
    """
    first, rest = np.asarray(direct, dtype=np.float32), np.asarray(indirect, dtype=np.float32)
    mixed = np.zeros((*first.shape[:-1], max(first.shape[-1], rest.shape[-1])), dtype=np.float32)
    mixed[..., : rest.shape[-1]] = np.float32(ratio) * rest
    mixed[..., : first.shape[-1]] += first
    return mixed


def energy_decay(response: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the remaining energy at each sample of `response` (samples,): Schroeder's backward integral."""
    squared = np.square(np.asarray(response, dtype=np.float64))
    return np.asarray(np.cumsum(squared[::-1])[::-1])


def decay_time(energy: npt.NDArray[np.float64], lowest_db: float, sample_rate: int = SAMPLE_RATE) -> float:
    """Return the RT60 (s) from a straight line through the `energy` decay between -5 dB and `lowest_db`.

    `lowest_db` is -25 for T20 and -35 for T30 (ISO 3382-1). NaN if the response does not cover that range.

    >>> decay = 10.0 ** (-6 * np.arange(16000) / 8000)       # energy falls by 60 dB in 8,000 samples
    >>> round(decay_time(decay, -25.0, 16000), 6)
    0.5
    """
    if not energy.size or not energy[0] > 0:
        return float("nan")
    total = energy[0]
    first, last = (np.searchsorted(-energy, -total * 10 ** (db / 10), side="right") for db in (-5.0, lowest_db))
    stretch = energy[first:last]
    stretch = stretch[stretch > 0]
    if stretch.size < 2:
        return float("nan")
    level = 10 * np.log10(stretch)
    time = np.arange(level.size) - (level.size - 1) / 2
    slope = float((time * level).sum() / np.square(time).sum()) * sample_rate
    return -60.0 / slope if slope < 0 else float("nan")


def measure_response(response: npt.ArrayLike, arrival: float, sample_rate: int = SAMPLE_RATE) -> RoomMeasures:
    """Return the measures of `response` (samples,), whose direct sound arrives at sample `arrival`.

    Direct sound is everything up to 2.5 ms after the arrival, early sound everything up to 50 ms.
    """
    energy = energy_decay(response)
    return RoomMeasures(
        rt60_t20=decay_time(energy, -25.0, sample_rate),
        rt60_t30=decay_time(energy, -35.0, sample_rate),
        direct_to_reverberant=_ratio_db(energy, arrival + DIRECT_WINDOW * sample_rate),
        clarity_c50=_ratio_db(energy, arrival + EARLY_WINDOW * sample_rate),
    )


def _ratio_db(energy: npt.NDArray[np.float64], sample: float) -> float:
    """Return the energy before `sample` over the energy after it, dB; +inf if nothing follows, NaN in silence."""
    if not energy.size or not energy[0] > 0:
        return float("nan")
    border = min(round(sample) + 1, energy.size)
    late = energy[border] if border < energy.size else 0.0
    if late <= 0:
        return float("inf")
    return float(10 * np.log10((energy[0] - late) / late))
