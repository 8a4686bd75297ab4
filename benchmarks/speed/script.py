"""Shared by the timing scripts: options, and a single thread for every library."""

import argparse
import os
import platform
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from ...cores import allowed_cores
from ...script import run_script

ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
)  # fmt: skip


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


def run_in_one_thread(main: Callable[[Sequence[str]], int]) -> NoReturn:
    """Run `main` on the command line's arguments with one thread for every library, and exit with its result.

    Libraries read these variables on import, so if they are not set, the program restarts itself with them.
    """
    if not ONE_THREAD.items() <= os.environ.items():
        os.execve(sys.executable, sys.orig_argv, {**os.environ, **ONE_THREAD})
    run_script(main)
