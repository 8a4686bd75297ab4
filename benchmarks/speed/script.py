"""Shared by the timing scripts: options, clocks, and a single thread for every library."""

import argparse
import contextlib
import os
import platform
import re
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from ...cores import allowed_cores
from ...script import run_script
from ...threads import ONE_THREAD

FASTER = "times as fast as"
"""Begins the line of `times_as_fast`."""


def speed_parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser with `description` verbatim and the option `--any-speed`."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--any-speed", action="store_true", help="ignore the promises on speed: for toy sizes and busy machines"
    )
    return parser


def machine() -> str:
    """Return the processor's name and how many of its cores this process may use."""
    listed = Path("/proc/cpuinfo")
    name = re.search(r"model name\s*: (.*)", listed.read_text()) if listed.is_file() else None
    return f"{name[1] if name else platform.machine()}, {allowed_cores()} cores allowed"


def times_as_fast(rival: str, ratios: Iterable[float]) -> str:
    """Return the line that sums up how many times as fast as `rival` we are; `all` puts it into its table.

    >>> times_as_fast("SciPy", [2.0, 0.5, 1.0])
    'times as fast as SciPy: 0.5 to 2, median 1'
    """
    least, middle, most = np.quantile(list(ratios), [0, 0.5, 1])
    return f"{FASTER} {rival}: {least:.3g} to {most:.3g}, median {middle:.3g}"


def timed(run: Callable[[], Any]) -> tuple[float, Any]:
    """Return the processor time (s) of this thread in `run`, and its result."""
    start = time.thread_time()
    result = run()
    return time.thread_time() - start, result


@dataclass
class Clocks:
    """Processor time (s) of each stage of a program, and the lengths of the arrays that its functions returned."""

    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    lengths: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    @contextlib.contextmanager
    def running(self, owner: Any, stages: Mapping[str, str]) -> Iterator[None]:
        """Time, inside the block, the functions of the module or class `owner` named in `stages`, by stage."""
        functions = {name: getattr(owner, name) for name in stages}
        for name, stage in stages.items():
            setattr(owner, name, self._clocked(functions[name], name, stage))
        try:
            yield
        finally:
            for name, function in functions.items():
                setattr(owner, name, function)

    def _clocked(self, function: Callable[..., Any], name: str, stage: str) -> Callable[..., Any]:
        def run(*arguments: Any, **options: Any) -> Any:
            seconds, result = timed(lambda: function(*arguments, **options))
            self.seconds[stage] += seconds
            self.lengths[name] += len(result) if isinstance(result, np.ndarray) else 0
            return result

        return run

    def table(self, total: float, count: int) -> str:
        """Return a line for each stage, longest first: its share of `total` s, and ms for each of `count` runs."""
        stages = {**self.seconds, "everything else": total - sum(self.seconds.values())}
        longest = sorted(stages.items(), key=lambda item: -item[1])
        return "\n".join(f"{100 * s / total:5.1f} %  {1e3 * s / count:6.1f} ms  {stage}" for stage, s in longest)


def run_in_one_thread(main: Callable[[Sequence[str]], int]) -> NoReturn:
    """Run `main` on the command line's arguments with one thread for every library, and exit with its result.

    Libraries read these variables on import, so if they are not set, the program restarts itself with them.
    """
    if not ONE_THREAD.items() <= os.environ.items():
        os.execve(sys.executable, sys.orig_argv, {**os.environ, **ONE_THREAD})
    run_script(main)
