"""Times what the policy for threads changes: GCC-PHAT with BLAS on several threads, and on one.

    python -m whence.benchmarks.speed.threads

Pairs of both ways alternate, so that other work on the machine meets both. Waiting threads spin, which shows in the CPU
time; on a busy machine it shows in the time that passes as well. Exit code 1 if the policy costs more CPU time than
several threads, or if the two disagree.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import scipy.linalg  # noqa: F401 - its BLAS is limited too
from threadpoolctl import threadpool_limits

from ...baselines.gcc import GccPhat
from ...cores import allowed_cores
from ...script import run_script
from ...threads import thread_policy
from .gcc_phat import batch_of, delayed_noise
from .script import machine, speed_parser, times_as_fast

Timed = tuple[float, float]
"""Seconds of CPU time, and seconds that passed."""
MOST_RATIO = 1.05


def main(arguments: Sequence[str]) -> int:
    """Print the table; return 1 if the policy costs time or changes the answers."""
    options = parse(arguments)
    print(f"{machine()}; BLAS on {options.threads} threads, and by the policy; medians of {options.pairs} pairs")
    print(f"{'clips at once':>13} {'CPU ms':>9} {'policy':>9} {'ratio':>7}   {'ms':>9} {'policy':>9} {'ratio':>7}")
    audio, wrong, ratios = delayed_noise(max(options.clips)), False, []
    for clips in options.clips:
        ask = partial(GccPhat().predict, batch_of(audio[:clips]))
        wrong |= not np.array_equal(freely(ask, options.threads), by_policy(ask))
        pairs = [
            (timed(partial(freely, ask, options.threads)), timed(partial(by_policy, ask))) for _ in range(options.pairs)
        ]
        cells = [columns([(free[k], policy[k]) for free, policy in pairs]) for k in range(2)]
        print(f"{clips:13} {cells[0][0]}   {cells[1][0]}")
        ratios.append(cells[0][1])
    print(times_as_fast("several BLAS threads, in CPU time", ratios))
    slow = min(ratios) * MOST_RATIO < 1
    return int(wrong or (slow and not options.any_speed))


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options."""
    parser = speed_parser(__doc__)
    parser.add_argument("--threads", type=int, default=allowed_cores(), help="threads of BLAS without the policy")
    parser.add_argument("--clips", type=int, nargs="+", default=[1, 128], help="numbers of clips")
    parser.add_argument("--pairs", type=int, default=15, help="times that each is repeated")
    return parser.parse_args(arguments)


def freely(ask: Callable[[], np.ndarray], threads: int) -> np.ndarray:
    """Return the answers with BLAS on `threads` threads."""
    with threadpool_limits(threads, user_api="blas"):
        return ask()


def by_policy(ask: Callable[[], np.ndarray]) -> np.ndarray:
    """Return the answers as commands compute them."""
    with thread_policy():
        return ask()


def timed(run: Callable[[], object]) -> Timed:
    """Return the CPU seconds that `run` takes, and the seconds that pass."""
    started = time.process_time(), time.perf_counter()
    run()
    return time.process_time() - started[0], time.perf_counter() - started[1]


def columns(pairs: Sequence[tuple[float, float]]) -> tuple[str, float]:
    """Return the medians (ms) and the median ratio of `pairs` of seconds, and the ratio as a number."""
    free, policy = np.median(pairs, axis=0) * 1000
    ratio = float(np.median([one / other for one, other in pairs]))
    return f"{free:9.2f} {policy:9.2f} {ratio:6.2f}x", ratio


if __name__ == "__main__":
    run_script(main)
