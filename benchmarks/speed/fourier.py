"""Speed of our own real Fourier transforms beside SciPy's, rows at a time, and how far the two differ. One thread.

Each line is one size and precision: processor times of ours and SciPy's, measured in turn in the same run, and the
median of their ratios. `--compile` instead times what the first transforms cost on a machine without a cache. Exit code
1 if ours takes more than 8 times as long, or the two disagree.

    python -m whence.benchmarks.speed.fourier
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import fft

from ...datagen.acoustics.fourier import irfft, rfft
from .script import run_in_one_thread, speed_parser, times_as_fast

SIZES = ((24, 20_000), (1, 20_000), (24, 4_096), (200, 512))
KINDS = (np.float32, np.float64)
MOST_RATIO = 8.0
LARGEST_DIFFERENCE = {np.float32: 1e-5, np.float64: 1e-13}
FIRST = (
    "import time, numpy as np; from whence.datagen.acoustics.fourier import irfft, rfft; began = time.process_time(); "
    "[irfft(rfft(np.zeros((2, 120), kind), 120), 120) for kind in (np.float32, np.float64)]; "
    "print(time.process_time() - began)"
)


def main(arguments: Sequence[str]) -> int:
    """Print the table; return 1 if ours is too slow or differs from SciPy's."""
    options = parse(arguments)
    if options.compile:
        print(f"first transforms: {first_seconds():.1f} s of processor time, of which nearly all is compilation")
        return 0
    print(
        f"{'kind':>8} {'rows':>5} {'samples':>8} {'':6} {'ours ms':>8} {'SciPy ms':>9} {'ratio':>6} {'difference':>11}"
    )
    lines = [line(rows, size, kind, options.repeat) for kind in KINDS for rows, size in SIZES]
    print(times_as_fast("SciPy", (1 / one[0] for one in lines)))
    wrong = any(not one[1] for one in lines)
    slow = max(one[0] for one in lines) > MOST_RATIO
    return 1 if wrong or (slow and not options.any_speed) else 0


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options."""
    parser = speed_parser(__doc__)
    parser.add_argument("--repeat", type=int, default=31, help="pairs of timings a line")
    parser.add_argument("--compile", action="store_true", help="time the first transforms without a cache")
    return parser.parse_args(arguments)


def line(rows: int, size: int, kind: type[Any], repeat: int) -> tuple[float, bool]:
    """Print the lines of one size: return the larger ratio of the two directions, and whether results agree."""
    sounds = np.random.default_rng(0).standard_normal((rows, size)).astype(kind)
    spectra = rfft(sounds, size)
    forward = compared(partial(rfft, sounds, size), partial(fft.rfft, sounds, size), repeat)
    backward = compared(partial(irfft, spectra, size), partial(fft.irfft, spectra, size), repeat)
    for name, (ours, theirs, ratio, difference) in {"rfft": forward, "irfft": backward}.items():
        times = f"{1e3 * ours:8.3f} {1e3 * theirs:9.3f} {ratio:6.2f} {difference:11.1e}"
        print(f"{kind.__name__:>8} {rows:5} {size:8} {name:6} {times}")
    agree = max(forward[3], backward[3]) < LARGEST_DIFFERENCE[kind]
    return max(forward[2], backward[2]), agree


def compared(
    ours: Callable[[], npt.NDArray[Any]], theirs: Callable[[], npt.NDArray[Any]], repeat: int
) -> tuple[float, float, float, float]:
    """Return the median seconds of `ours` and `theirs`, of their ratio, and their difference over the largest value."""
    found, expected = ours(), theirs()
    pairs = np.array([(seconds(ours), seconds(theirs)) for _ in range(repeat)])
    difference = float(np.abs(found - expected).max() / np.abs(expected).max())
    return (*np.median(pairs, axis=0).tolist(), float(np.median(pairs[:, 0] / pairs[:, 1])), difference)


def seconds(run: Callable[[], Any]) -> float:
    """Return the processor time that `run` takes."""
    started = time.process_time()
    run()
    return time.process_time() - started


def first_seconds() -> float:
    """Return the processor time of the first transforms of a new process with an empty cache."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "NUMBA_CACHE_DIR": folder}
        return float(subprocess.check_output([sys.executable, "-c", FIRST], env=environment, text=True))


if __name__ == "__main__":
    run_in_one_thread(main)
