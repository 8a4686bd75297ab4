"""Rendering on Dask: a scheduler that is already running, from another folder than the workers', and beside others."""

import contextlib
import json
import re
import socket
import subprocess
import sys
import time

import pytest

from whence.datagen.pipeline import _local_cluster

DASK_SCHEDULER = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--no-dashboard"]
DASK_WORKER = [sys.executable, "-m", "distributed.cli.dask_worker"]


@pytest.fixture
def scheduler(tmp_path):
    """A running scheduler with one worker process, both started in a folder of their own; yields its address."""
    place = tmp_path / "cluster"
    place.mkdir()
    with (place / "log").open("w") as log:
        quiet = {"cwd": place, "stdout": log, "stderr": subprocess.STDOUT}
        head = subprocess.Popen([*DASK_SCHEDULER, "--host", "127.0.0.1", "--port", "0"], **quiet)
        address = wait_for_address(place / "log")
        worker = subprocess.Popen([*DASK_WORKER, address, "--nthreads", "1", "--no-dashboard"], **quiet)
        yield address
        for process in (worker, head):
            process.terminate()
            process.wait()


def wait_for_address(log):
    """Return the address that the scheduler writes to its `log`."""
    for _ in range(150):
        found = re.search(r"tcp://127\.0\.0\.1:\d+", log.read_text())
        if found:
            return found[0]
        time.sleep(0.2)
    raise AssertionError(log.read_text())


def test_the_same_bytes_on_a_cluster(tmp_path, speech_folder, scheduler):
    """Paths are given relative to where the user is; the workers are elsewhere."""
    answers = []
    for name, where in (("here.zarr", ["--workers", "1"]), ("there.zarr", ["--scheduler", scheduler])):
        command = [sys.executable, "-m", "whence", "generate", "tde", name, "--speech", speech_folder.name]
        out = subprocess.run(
            [*command, "--clips", "4", "--rt60", "0.1", "--json", *where],
            cwd=speech_folder.parent,
            capture_output=True,
            text=True,
        )
        assert out.returncode == 0, out.stderr
        answers.append(json.loads(out.stdout)["fingerprint"])
    assert answers[0] == answers[1]


def test_clusters_do_not_ask_for_one_port():
    """Dask's own would all listen on 8787, and warn, which is an error in tests, if another has it."""
    with socket.socket() as taken:
        with contextlib.suppress(OSError):  # somebody else has it, which is as good
            taken.bind(("", 8787))
            taken.listen()
        with _local_cluster(1) as client:
            assert client.submit(int, 7).result() == 7
