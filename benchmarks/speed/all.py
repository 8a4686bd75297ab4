"""Everything that the scripts of this folder measure: one table, then what each prints. Under ten minutes on two cores.

Each script runs in a process of its own, one after the other, smaller than by itself where that takes long. A rival
that is not installed is named as such, and its script is left out. Exit code 1 if a script breaks a promise.

    python -m whence.benchmarks.speed.all --markdown speed.md
"""

import argparse
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from ...script import run_script
from .script import FASTER, machine, speed_parser

HEADS = ("script", "what", "rival", "times as fast", "seconds", "promises")


@dataclass(frozen=True)
class Measured:
    """A script: what it measures, against which rival, the `package` of the rival if it may be missing, and options."""

    script: str
    what: str
    rival: str
    package: str = ""
    options: str = ""
    promises: bool = True
    """Whether the script takes `--any-speed`."""

    @property
    def can_run(self) -> bool:
        """Whether the rival is installed."""
        return not self.package or find_spec(self.package) is not None


MEASURED = (
    Measured("shoebox", "responses of a shoebox room", "pyroomacoustics", "pyroomacoustics", "--seconds 1"),
    Measured("batched_lattice", "responses of many rooms in torch", "pyroomacoustics", "torch", "--batch 8"),
    Measured("mesh", "binaural responses in homes", "RLR", "rlr_audio_propagation", "--scenes 1"),
    Measured("fourier", "real Fourier transforms", "SciPy"),
    Measured("generate", "clips of TDE-Simulation", "none", options="--clips 20", promises=False),
    Measured("raycast", "views of homes", "every sample traced"),
    Measured("homes", "examples of HM3D-SS", "none"),
    Measured("gcc_phat", "delays by correlation", "plain NumPy"),
    Measured("threads", "one BLAS thread", "several BLAS threads"),
    Measured("score_maps", "memory of scoring maps", "none", options="--samples 1000"),
    Measured("leaderboard", "pages of a board during uploads", "none", options="--teams 5 --each 5"),
)
"""One line for each script; a new one needs no more than its line."""


@dataclass(frozen=True)
class Outcome:
    """What became of a script: the seconds it took, its exit code and what it printed; None if it did not run."""

    measured: Measured
    seconds: float
    code: int | None
    printed: str
    any_speed: bool = False

    @property
    def ratios(self) -> str:
        """How many times as fast as the rival ours was, as the script printed it last; empty if it has no rival."""
        found = re.findall(f"^{FASTER} .*: (.+)$", self.printed, re.M)
        return found[-1] if found else ""

    def cells(self) -> tuple[str, ...]:
        """Return the row of the table, a cell for each of `HEADS`."""
        one = self.measured
        if self.code is None:
            return one.script, one.what, f"{one.rival}: not installed", "", "", ""
        said = {0: "not all checked" if self.any_speed else "kept", 1: "BROKEN"}.get(self.code, "FAILED")
        return one.script, one.what, one.rival, self.ratios, f"{self.seconds:.0f}", said


def main(arguments: Sequence[str]) -> int:
    """Print the table and what each script printed; return 1 if one breaks a promise or fails."""
    options = parse(arguments)
    outcomes = [run(one, options.any_speed) for one in MEASURED if one.script in options.only]
    print(as_text(outcomes))
    if options.markdown:
        options.markdown.write_text(as_markdown(outcomes), encoding="utf-8")
    return int(any(outcome.code for outcome in outcomes))


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options."""
    parser, names = speed_parser(__doc__), [one.script for one in MEASURED]
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="SCRIPT", help=", ".join(names))
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the same as Markdown")
    return parser.parse_args(arguments)


def run(measured: Measured, any_speed: bool) -> Outcome:
    """Return what a script prints, in a process of its own."""
    if not measured.can_run:
        return Outcome(measured, 0.0, None, "")
    asked = [*measured.options.split(), *(["--any-speed"] if any_speed and measured.promises else [])]
    started = time.perf_counter()
    command = [sys.executable, "-m", f"{__package__}.{measured.script}", *asked]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return Outcome(measured, time.perf_counter() - started, done.returncode, done.stdout.rstrip(), any_speed)


def as_text(outcomes: Sequence[Outcome]) -> str:
    """Return the machine, the table, and below it what each script printed."""
    rows = [HEADS, *(outcome.cells() for outcome in outcomes)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    table = ["  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    parts = [f"\n{_title(outcome)}\n{outcome.printed}" for outcome in outcomes if outcome.code is not None]
    return "\n".join([machine(), "", *table, *parts])


def as_markdown(outcomes: Sequence[Outcome]) -> str:
    """Return the same as Markdown."""
    rows = [HEADS, ("---",) * len(HEADS), *(outcome.cells() for outcome in outcomes)]
    table = [f"| {' | '.join(row)} |" for row in rows]
    parts = [
        f"\n## {_title(outcome)}\n\n```text\n{outcome.printed}\n```" for outcome in outcomes if outcome.code is not None
    ]
    return "\n".join([f"Measured on {machine()}.", "", *table, *parts, ""])


def _title(outcome: Outcome) -> str:
    one = outcome.measured
    return f"{one.what[0].upper()}{one.what[1:]}: {one.script} {one.options}".rstrip()


if __name__ == "__main__":
    run_script(main)
