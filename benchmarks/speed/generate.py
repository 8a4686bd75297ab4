"""Times `whence generate tde --preset paper` as a user runs it, and its memory.

Renders into a temporary folder and prints wall time, clips per second, and peak memory of all processes in the first
and the last third.

    python -m whence.benchmarks.speed.generate --speech path/to/speech
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from ...script import run_script


def memory_of(group: int) -> int:
    """Return the proportional memory, in bytes, of every process of the process group `group` (Linux)."""
    total = 0
    for status in Path("/proc").glob("[0-9]*"):
        try:
            fields = (status / "stat").read_text().rpartition(")")[2].split()
            if int(fields[2]) == group:
                lines = (status / "smaps_rollup").read_text().splitlines()
                total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024
        except (OSError, IndexError):
            continue
    return total


def main(arguments: Sequence[str]) -> int:
    """Print the figures and return the command's exit code."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        process = subprocess.Popen(
            command(parse(arguments), Path(folder) / "d.zarr"),
            start_new_session=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        samples = watch_memory(process)
        seconds = time.perf_counter() - started
        answer = process.stdout.read() if process.stdout else ""
        size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
    third = max(len(samples) // 3, 1)
    print(answer.strip())
    if process.returncode == 0:
        print(f"{seconds:.0f} s, {json.loads(answer)['rows'] / seconds:.0f} clips/s, {size / 1e9:.2f} GB on disk")
        print(f"largest memory: {max(samples[:third]) / 1e6:.0f} MB in the first third, ", end="")
        print(f"{max(samples[-third:]) / 1e6:.0f} MB in the last")
    return process.returncode


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speech", default="espeak")
    parser.add_argument("--preset", default="paper")
    parser.add_argument("--clips", help="clips per room and RT60; overrides the preset's")
    parser.add_argument("--protocol", default="independent")
    return parser.parse_args(arguments)


def command(options: argparse.Namespace, out: Path) -> list[str]:
    """Return the command line that renders into `out`."""
    asked = ["--speech", options.speech, "--preset", options.preset, "--protocol", options.protocol]
    clips = ["--clips", options.clips] if options.clips else []
    return [sys.executable, "-m", "whence", "generate", "tde", str(out), "--json", *asked, *clips]


def watch_memory(process: "subprocess.Popen[str]") -> list[int]:
    """Return the memory (bytes) of the group of `process`, sampled twice a second while it lives."""
    samples = []
    while process.poll() is None:
        samples.append(memory_of(process.pid))
        time.sleep(0.5)
    return [memory for memory in samples if memory]


if __name__ == "__main__":
    run_script(main)
