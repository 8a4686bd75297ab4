"""Times GCC-PHAT under the published condition: 6,215 clips, 128 windows of 1,024 samples each.

Ours against the plain way (NumPy, one real FFT a window), and the other weightings. Run it as
`python benchmarks/speed/gcc_phat.py`. Exit code 1 if ours needs more than 15 s or the two disagree.
"""

import sys
import time

import numpy as np

from whence.benchmarks.running.method import load_methods
from whence.benchmarks.stimuli.stereo.batch import StereoBatch

CLIPS, WINDOW, VOTES = 6215, 1024, 128
PLAIN_CLIPS = 128
LIMIT_SECONDS = 15.0


def delayed_noise(clips: int) -> np.ndarray:
    """Return noise whose right channel lags by 0..20 samples, under noise at 10 dB: float32 (clips, 2, 1151)."""
    rng = np.random.default_rng(0)
    length = WINDOW + VOTES - 1
    source = rng.standard_normal((clips, length + 20), dtype=np.float32)
    lags = rng.integers(0, 21, clips)
    right = np.stack([row[20 - lag : 20 - lag + length] for row, lag in zip(source, lags, strict=True)])
    clean = np.stack([source[:, 20:], right], axis=1)
    noisy: np.ndarray = clean + np.float32(0.316) * rng.standard_normal(clean.shape, dtype=np.float32)
    return noisy


def plain_gcc_phat(audio: np.ndarray) -> np.ndarray:
    """Return the mean vote of each clip in samples, a window at a time, in double precision."""
    delays = []
    for left, right in audio.astype(np.float64):
        votes = []
        for k in range(VOTES):
            cross = np.conj(np.fft.rfft(left[k : k + WINDOW], 2 * WINDOW)) * np.fft.rfft(
                right[k : k + WINDOW], 2 * WINDOW
            )
            correlation = np.fft.irfft(cross / (np.abs(cross) + 1e-20))
            around = np.concatenate([correlation[-24:], correlation[:25]])
            votes.append(int(np.abs(around).argmax()) - 24)
        delays.append(np.mean(votes))
    return np.array(delays)


def main() -> int:
    """Print the table and return the exit code."""
    audio = delayed_noise(CLIPS)
    batch = StereoBatch(audio, [str(k) for k in range(CLIPS)], 16_000, WINDOW, 1, VOTES)
    names = ("gcc-phat", "gcc-phat:votes=mode", "gcc-phat:protocol=best", "flat", "beta", "scot", "roth", "ml")
    warm_up = StereoBatch(audio[:16], batch.sample_id[:16], 16_000, WINDOW, 1, VOTES)
    started = time.perf_counter()
    plain = plain_gcc_phat(audio[:PLAIN_CLIPS])
    plain_seconds = (time.perf_counter() - started) / PLAIN_CLIPS * CLIPS
    print(f"{'method':26} {'s for 6,215 clips':>18} {'clips/s':>9} {'against plain NumPy':>20}")
    print(f"{'plain NumPy GCC-PHAT':26} {plain_seconds:18.1f} {CLIPS / plain_seconds:9.0f} {1.0:19.1f}x")
    passed = True
    for loaded in load_methods(names, "tde", ("paper",)):
        loaded.method.predict(warm_up)
        started = time.perf_counter()
        delays = np.asarray(loaded.method.predict(batch)) * 16_000
        seconds = time.perf_counter() - started
        print(f"{loaded.label:26} {seconds:18.1f} {CLIPS / seconds:9.0f} {plain_seconds / seconds:19.1f}x")
        if loaded.label == "gcc-phat":
            worst = float(np.abs(delays[:PLAIN_CLIPS] - plain).max())
            print(f"{'':26} largest difference to plain NumPy: {worst:.4f} samples")
            passed = seconds <= LIMIT_SECONDS and worst < 0.05
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
