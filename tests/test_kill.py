"""A generator that is killed, at random moments, many times, still makes the same bytes."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from hypothesis import settings
from warm_process import run_warm, start_warm

KILLS = settings().max_examples // 10


def command(folder: Path, speech: Path, workers: int) -> list[str]:
    """Return the command that renders 720 clips in 15 shards."""
    options = ["--speech", str(speech), "--clips", "48", "--workers", str(workers), "--json"]
    return ["whence", "generate", "tde", str(folder / "d.zarr"), *options]


def written(folder: Path) -> int:
    """Return how many files the dataset has so far."""
    return sum(len(files) for _, _, files in os.walk(folder))  # also while folders of it are removed


def kill_at_random(arguments: list[str], folder: Path, rng: random.Random) -> bool:
    """Start the command, kill it and its workers without warning soon after it has begun to write; False if it won."""
    before = written(folder)
    process = start_warm(arguments)
    while process.is_alive() and written(folder) == before and rng.random() > 0.002:
        time.sleep(0.01)
    time.sleep(rng.uniform(0, 0.15))
    running = process.is_alive()
    if running:
        with suppress(ProcessLookupError):  # it has just ended, or does not lead its group yet
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
    process.join()
    return running


def test_kills_change_no_byte(tmp_path, speech_folder):
    whole = [sys.executable, "-m", *command(tmp_path / "whole", speech_folder, 1)]
    undisturbed = subprocess.run(whole, capture_output=True, text=True, check=True)
    expected = json.loads(undisturbed.stdout)["fingerprint"]
    seed = random.SystemRandom().randrange(10**9)
    rng = random.Random(seed)
    kills = rounds = 0
    while kills < KILLS:
        rounds += 1
        folder = tmp_path / f"round{rounds}"
        while kills < KILLS and kill_at_random(command(folder, speech_folder, rng.choice([1, 1, 2])), folder, rng):
            kills += 1
        final = run_warm(command(folder, speech_folder, 2))
        assert final.returncode == 0, final.stderr
        assert json.loads(final.stdout)["fingerprint"] == expected
        assert not [path.name for path in folder.rglob("*.partial")]
        assert not (folder / "d.zarr" / "progress").exists()
    print(f"seed {seed}: {kills} kills in {rounds} datasets, fingerprint {expected[:16]} every time")
