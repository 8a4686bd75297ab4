"""Auralization: dry sound convolved with impulse responses, plus noise and a second talker."""

import numpy as np
import numpy.typing as npt

from .fourier import irfft, rfft, smooth_size

Audio = npt.NDArray[np.float32]


def auralize(dry: Audio, responses: Audio, start: int, length: int, lead: int) -> Audio:
    """Return the sound at each microphone from sample `start`, float32 (microphones, length).

    `dry` (samples,) is emitted from sample 0; `responses` (microphones, taps) begin `lead` samples before the
    emission. Only the part of `dry` audible in the window is convolved, by FFT: as a circle, no longer than the
    window needs, since what wraps around lies before it.
    """
    taps = responses.shape[1]
    first = start + lead - taps + 1
    heard = dry[max(first, 0) : max(start + lead + length, 0)]
    window = np.zeros((responses.shape[0], length), dtype=np.float32)
    if heard.size == 0:
        return window
    skip, whole = start + lead - max(first, 0), heard.size + taps - 1
    silent, end = max(-skip, 0), min(skip + length, whole)
    size = smooth_size(max(end, whole - skip - silent))
    kept = irfft(rfft(heard, size) * rfft(responses, size), size)[:, skip + silent : end]
    window[:, silent : silent + kept.shape[1]] = kept
    return window


def joint_rms(audio: Audio) -> float:
    """Return the root mean square over both channels of `audio` (channels, samples)."""
    return float(np.sqrt(np.mean(np.square(audio, dtype=np.float64))))


def add_noise(audio: Audio, snr_db: float, rng: np.random.Generator) -> Audio:
    """Return `audio` (channels, samples) with white Gaussian noise at `snr_db`, clipped to [-1, 1].

    sigma = rms * 10^(-SNR/20), with the rms taken over both channels of the segment (StereoCRW, Sec. 4.1).
    """
    sigma = joint_rms(audio) * 10 ** (-snr_db / 20)
    noise = rng.standard_normal(audio.shape, dtype=np.float32)
    noisy: Audio = np.clip(audio + np.float32(sigma) * noise, -1, 1)
    return noisy


def add_distractor(audio: Audio, distractor: Audio, level: float) -> Audio:
    """Return `audio` plus `distractor` at `level` times the joint rms of `audio`; both (channels, samples).

    The scaled distractor is clipped to [-1, 1], and the sum is cut to the shorter of the two (StereoCRW, Sec. 4.1).
    A silent distractor is added unscaled.
    """
    length = min(audio.shape[1], distractor.shape[1])
    rms = joint_rms(distractor)
    gain = level * joint_rms(audio) / rms if rms > 0 else 0.0
    mixed: Audio = audio[:, :length] + np.clip(np.float32(gain) * distractor[:, :length], -1, 1)
    return mixed
