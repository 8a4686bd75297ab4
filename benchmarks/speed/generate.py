"""Times `whence generate tde --preset paper` and watches its memory, run as a user runs it.

`python benchmarks/speed/generate.py [--speech DIR] [--preset small]` renders into a temporary folder and prints wall
time, clips a second, and the largest memory of all processes together in the first and in the last third.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path


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


def main() -> int:
    """Print the figures and return the command's exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--speech", default="espeak")
    parser.add_argument("--preset", default="paper")
    parser.add_argument("--protocol", default="independent")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "whence", "generate", "tde", f"{folder}/d.zarr", "--json"]
        command += ["--speech", options.speech, "--preset", options.preset, "--protocol", options.protocol]
        started = time.perf_counter()
        process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.PIPE, text=True)
        samples = []
        while process.poll() is None:
            samples.append(memory_of(process.pid))
            time.sleep(0.5)
        seconds = time.perf_counter() - started
        answer = process.stdout.read() if process.stdout else ""
        size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
    third = max(len(samples) // 3, 1)
    print(answer.strip())
    print(f"{seconds:.0f} s, {size / 1e9:.2f} GB on disk")
    print(f"largest memory: {max(samples[:third]) / 1e6:.0f} MB in the first third, ", end="")
    print(f"{max(samples[-third:]) / 1e6:.0f} MB in the last")
    return process.returncode


if __name__ == "__main__":
    sys.exit(main())
