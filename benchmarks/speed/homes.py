"""Cost of an example of HM3D-SS in procedural homes, and its bottlenecks. One thread.

Renders examples as `whence generate hm3d-ss` does, without writing them. The first of each home, which includes the
home itself, is left out. Times are processor times. Exit code 1 if the promise is broken. `mesh` compares the sound
with another engine's.

    python -m whence.benchmarks.speed.homes
"""

import argparse
import contextlib
from collections.abc import Sequence
from functools import partial

import numpy as np

from ...datagen import hm3d_ss, home
from .script import Clocks, run_in_one_thread, speed_parser, timed

MOST_SECONDS = 1.0
"""Most processor time of an example."""
PAPER_EXAMPLES = 50_000
METHODS = {"looks": "quick looks that choose views", "view": "pictures"}
SOUND = {"trace": "tracing of sound", "binaural": "responses at the ears"}
MEASURES = {"measured_fields": "room measures"}


def main(arguments: Sequence[str]) -> int:
    """Print the cost and the stages; return 1 if the promise is broken."""
    options = parse(arguments)
    plan = hm3d_ss.plan_hm3d_ss(
        "procedural", None, scene_count=options.homes, examples=options.examples + 1, seed=options.seed
    )
    clocks, total, count = Clocks(), 0.0, options.homes * options.examples
    for number in range(options.homes):
        rows = np.arange(options.examples + 1) + number * (options.examples + 1)
        plan.render(int(rows[0]))  # opens the home, and compiles
        with contextlib.ExitStack() as running:
            for owner, stages in ((home.TracedHome, METHODS), (home, SOUND), (hm3d_ss, MEASURES)):
                running.enter_context(clocks.running(owner, stages))
            total += sum(timed(partial(plan.render, int(row)))[0] for row in rows[1:])
    return report(clocks, total, count, options.any_speed)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options."""
    parser = speed_parser(__doc__)
    parser.add_argument("--homes", type=int, default=2, help="how many")
    parser.add_argument("--examples", type=int, default=10, help="per home")
    parser.add_argument("--seed", type=int, default=0, help="of the dataset")
    return parser.parse_args(arguments)


def report(clocks: Clocks, total: float, count: int, any_speed: bool) -> int:
    """Print the time of `count` examples, `total` s, and its stages; return 1 if they broke the promise."""
    each = total / count
    slow = each > MOST_SECONDS
    hours = each * PAPER_EXAMPLES / 3600
    print(f"{each:.3f} s an example, so {hours:.1f} core-hours for {PAPER_EXAMPLES:,}, opening of homes excluded")
    print(f"promised: at most {MOST_SECONDS:g} s: {'BROKEN' if slow else 'kept'}\n\nwhere the time goes:")
    print(clocks.table(total, count))
    return 1 if slow and not any_speed else 0


if __name__ == "__main__":
    run_in_one_thread(main)
