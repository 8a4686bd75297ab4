"""Times GCC-PHAT under the published condition: 6,215 clips, 128 windows of 1,024 samples each.

Compares ours with plain NumPy (one real FFT per window), and times the other weightings. Exit code 1 if ours takes more
than 15 s or the two disagree.

    python -m whence.benchmarks.speed.gcc_phat
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from ..running.method import load_methods
from ..stimuli.stereo.batch import StereoBatch
from .script import speed_parser

CLIPS, WINDOW, VOTES = 6215, 1024, 128
METHODS = ("gcc-phat", "gcc-phat:votes=mode", "gcc-phat:protocol=best", "flat", "beta", "scot", "roth", "ml")
LIMIT_SECONDS, LIMIT_SAMPLES = 15.0, 0.05


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
    """Return the mean vote of each clip in samples, window by window, in double precision."""
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


def main(arguments: Sequence[str]) -> int:
    """Print the table; return 1 if ours is too slow or differs from plain NumPy."""
    options = parse(arguments)
    audio = delayed_noise(options.clips)
    seconds, plain = timed(lambda: plain_gcc_phat(audio[: options.plain_clips]))
    plain_seconds = seconds / len(plain) * len(audio)
    print(f"{'method':26} {f's for {len(audio):,} clips':>18} {'clips/s':>9} {'against plain NumPy':>20}")
    print(row("plain NumPy GCC-PHAT", len(audio), plain_seconds, plain_seconds))
    slow = wrong = False
    for loaded in load_methods(METHODS, "tde", ("paper",)):
        loaded.method.predict(batch_of(audio[:16]))  # compiles, fills caches
        seconds, delays = timed(partial(loaded.method.predict, batch_of(audio)))
        print(row(loaded.label, len(audio), seconds, plain_seconds))
        if loaded.label == "gcc-phat":
            worst = float(np.abs(16_000 * np.asarray(delays)[: len(plain)] - plain).max())
            print(f"{'':26} largest difference to plain NumPy: {worst:.4f} samples")
            slow, wrong = seconds > LIMIT_SECONDS, worst >= LIMIT_SAMPLES
    return 1 if wrong or (slow and not options.any_speed) else 0


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options."""
    parser = speed_parser(__doc__)
    parser.add_argument("--clips", type=int, default=CLIPS, help="number of clips")
    parser.add_argument("--plain-clips", type=int, default=128, help="number of clips for plain NumPy")
    return parser.parse_args(arguments)


def batch_of(audio: np.ndarray) -> StereoBatch:
    """Return `audio` (clips, 2, 1151) as methods get it."""
    return StereoBatch(audio, [str(k) for k in range(len(audio))], 16_000, WINDOW, 1, VOTES)


def timed(run: Callable[[], Any]) -> tuple[float, Any]:
    """Return the seconds that `run` takes, and its result."""
    started = time.perf_counter()
    result = run()
    return time.perf_counter() - started, result


def row(label: str, clips: int, seconds: float, plain_seconds: float) -> str:
    """Return one line of the table."""
    return f"{label:26} {seconds:18.1f} {clips / seconds:9.0f} {plain_seconds / seconds:19.1f}x"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
