"""Times GCC-PHAT under the published condition: 6,215 clips, 128 windows of 1,024 samples each.

Compares ours with plain NumPy (one real FFT per window), and times the other weightings, each alone and all in one
bench, where they share their work. Exit code 1 if ours takes more than 5 s of CPU time (2.5 s on two cores), the whole
family more than 20, or answers disagree.

    python -m whence.benchmarks.speed.gcc_phat
"""

import argparse
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from ...script import run_script
from ...threads import thread_policy
from ..running.method import load_methods
from ..running.shared_work import shared_work
from ..stimuli.stereo.batch import BATCH, StereoBatch
from .script import machine, speed_parser, times_as_fast

CLIPS, WINDOW, VOTES = 6215, 1024, 128
METHODS = ("gcc-phat", "gcc-phat:votes=mode", "gcc-phat:protocol=best", "flat", "beta", "scot", "roth", "ml")
LIMIT_SECONDS, LIMIT_FAMILY_SECONDS, LIMIT_SAMPLES = 5.0, 20.0, 0.05


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
    """Print the table; return 1 if ours is too slow, differs from plain NumPy, or changes when it is shared."""
    options = parse(arguments)
    with thread_policy():
        return table(options)


def table(options: argparse.Namespace) -> int:
    """Print the table of `options`; return 1 if a promise is broken."""
    audio = delayed_noise(options.clips)
    batches = [batch_of(audio[k : k + BATCH]) for k in range(0, len(audio), BATCH)]
    seconds, plain = timed(lambda: plain_gcc_phat(audio[: options.plain_clips]))
    plain_seconds = seconds / len(plain) * len(audio)
    print(machine())
    print(f"{'method':26} {f'CPU s for {len(audio):,} clips':>18} {'clips/s':>9} {'against plain NumPy':>20}")
    print(row("plain NumPy GCC-PHAT", len(audio), plain_seconds, plain_seconds))
    methods = {one.label: one.method for one in load_methods(METHODS, "tde", ("paper",))}
    answered(list(methods.values()), [batch_of(audio[:16])])  # compiles, fills caches
    alone, taken = {}, {}
    for label, method in methods.items():
        taken[label], alone[label] = timed(partial(answered, [method], batches))
        print(row(label, len(audio), taken[label], plain_seconds))
    together, shared = timed(partial(answered, list(methods.values()), batches))
    print(row("all in one bench", len(audio), together, plain_seconds * len(methods)))
    print(f"{'':26} sharing: {sum(taken.values()):.1f} -> {together:.1f} CPU s, {sum(taken.values()) / together:.2f}x")
    worst = float(np.abs(16_000 * alone["gcc-phat"][0, : len(plain)] - plain).max())
    print(f"{'':26} largest difference of gcc-phat to plain NumPy: {worst:.4f} samples")
    print(times_as_fast("plain NumPy", (plain_seconds / seconds for seconds in taken.values())))
    wrong = worst >= LIMIT_SAMPLES or not np.array_equal(shared, np.concatenate(list(alone.values())))
    slow = taken["gcc-phat"] > LIMIT_SECONDS or together > LIMIT_FAMILY_SECONDS
    return int(wrong or (slow and not options.any_speed))


def answered(methods: Sequence[Any], batches: Sequence[StereoBatch]) -> np.ndarray:
    """Return the answers of `methods` (methods, clips), asked as in a bench."""
    answers = []
    for batch in batches:
        with shared_work():
            answers.append([method.predict(batch) for method in methods])
    return np.concatenate(answers, axis=1)


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
    """Return the CPU seconds that `run` takes, and its result."""
    started = time.process_time()
    result = run()
    return time.process_time() - started, result


def row(label: str, clips: int, seconds: float, plain_seconds: float) -> str:
    """Return one line of the table."""
    return f"{label:26} {seconds:18.1f} {clips / seconds:9.0f} {plain_seconds / seconds:19.1f}x"


if __name__ == "__main__":
    run_script(main)
