"""Delay between two channels by generalised cross-correlation (Knapp and Carter 1976)."""

import numpy as np
import numpy.typing as npt
from numpy import fft  # in double precision; SciPy 1.18 changed the order of its sums

from ...conventions import SAMPLE_RATE


def phase_transform_correlation(left: npt.ArrayLike, right: npt.ArrayLike, max_lag: int) -> npt.NDArray[np.float64]:
    """Return the PHAT-weighted cross-correlation (2 max_lag + 1,) at delays -max_lag..max_lag samples.

    Entry `max_lag + k` belongs to the delay t_right - t_left = k samples, positive when the left channel leads.
    `left` and `right` are (samples,).

    >>> click = np.zeros(64)
    >>> click[20] = 1.0
    >>> int(phase_transform_correlation(click, np.roll(click, 3), 8).argmax()) - 8
    3
    """
    left, right = np.asarray(left, dtype=np.float64), np.asarray(right, dtype=np.float64)
    size = 2 * left.size
    cross = np.conj(fft.rfft(left, size)) * fft.rfft(right, size)
    correlation = fft.irfft(cross / (np.abs(cross) + 1e-20), size)
    return np.asarray(correlation[np.arange(-max_lag, max_lag + 1)])


def parabolic_peak(values: npt.NDArray[np.float64]) -> float:
    """Return the fractional index of the peak of `values` (n,), from a parabola through the largest and its neighbours.

    >>> parabolic_peak(np.array([0.0, 3.0, 4.0, 3.0]))
    2.0
    """
    peak = int(np.argmax(values))
    if peak in (0, len(values) - 1):
        return float(peak)
    before, top, after = values[peak - 1 : peak + 2]
    curvature = before - 2 * top + after
    return peak + (0.5 * float((before - after) / curvature) if curvature < 0 else 0.0)


def response_delay(response: npt.ArrayLike, sample_rate: int = SAMPLE_RATE, cutoff: float = 1500.0) -> float:
    """Return the interaural time difference (s) of a binaural `response` (2, samples): t_right - t_left.

    Only the direct part (2.5 ms from the first arrival) is used. It is low-passed at `cutoff` Hz, where the delay
    hardly depends on frequency, and cross-correlated at 16 times the sample rate (Katz and Noisternig 2014).
    """
    from scipy import signal  # here, since it takes 0.8 s to load and few commands get here

    response = np.asarray(response, dtype=np.float64)
    loudest = np.abs(response).max(axis=0)
    first = int(np.argmax(loudest >= 0.2 * loudest.max()))
    before, after = round(0.001 * sample_rate), round(0.0025 * sample_rate)
    direct = response[:, max(first - before, 0) : first + after]
    direct = direct * signal.windows.tukey(direct.shape[1], 0.3)
    padded = np.pad(direct, ((0, 0), (256, 256)))
    filtered = signal.sosfiltfilt(signal.butter(4, cutoff, output="sos", fs=sample_rate), padded, axis=-1)
    fine = 16
    size = 2 * filtered.shape[1] * fine
    cross = np.conj(fft.rfft(filtered[0], size // fine)) * fft.rfft(filtered[1], size // fine)
    correlation = fft.irfft(cross, size)
    reach = round(0.0011 * sample_rate * fine)
    around = np.concatenate([correlation[-reach:], correlation[: reach + 1]])
    return (parabolic_peak(around) - reach) / (sample_rate * fine)
