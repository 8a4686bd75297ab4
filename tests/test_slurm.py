"""The array script of docs/storage.md, by a Slurm of its own on this machine, or by a stand-in where there is none."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from docs_pages import ROOT
from test_pipeline import data_files

PAGE = ROOT / "docs" / "storage.md"
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "sinfo")
CONFIGURATION = """
ClusterName=toy
SlurmctldHost={host}
SlurmUser=root
AuthInfo=socket={folder}/munge/socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
NodeName={host} CPUs={cores} State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def script() -> str:
    """Return the script of the page."""
    found = re.search(r"^```text\n(#!/bin/bash\n.*?)^```$", PAGE.read_text(), re.S | re.M)
    assert found
    return found[1]


def test_every_job_of_the_array_renders_its_part(tmp_path):
    """By a stand-in for `whence` that prints what it is asked for."""
    (tmp_path / "whence").write_text('#!/bin/bash\necho "$@"')
    (tmp_path / "whence").chmod(0o755)
    asked = re.search(r"--array=1-(\d+)", script())
    assert asked
    job = {
        "SLURM_ARRAY_TASK_ID": "3",
        "SLURM_CPUS_PER_TASK": "4",
        "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
    }
    done = subprocess.run(["bash", "-euc", script()], env=os.environ | job, capture_output=True, text=True, check=True)
    assert done.stdout == f"generate tde data/big.zarr --preset paper --shards 3/{asked[1]} --workers 4\n"


@pytest.fixture
def slurm(tmp_path) -> Iterator[dict[str, str]]:
    """The environment of a user of a Slurm that runs on this machine alone."""
    missing = [name for name in PROGRAMS if not shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")]
    if missing or os.geteuid() != 0:
        pytest.skip(f"needs root and Slurm, such as Debian's slurmctld, slurmd and munge: no {', '.join(missing)}")
    folder = tmp_path / "slurm"
    for name in ("munge", "state", "spool"):
        (folder / name).mkdir(parents=True)
    (folder / "munge").chmod(0o755)
    names = {"host": socket.gethostname().split(".")[0], "folder": folder, "cores": os.cpu_count() or 1}
    (folder / "slurm.conf").write_text(CONFIGURATION.format(ports=(free_port(), free_port()), **names))
    environment = os.environ | {
        "SLURM_CONF": str(folder / "slurm.conf"),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}:/usr/sbin:/sbin",
    }
    running: list[subprocess.Popen[bytes]] = []
    try:
        for command in daemons(folder / "munge"):
            running.append(
                subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            )
            if command[0] == "munged":
                wait_until((folder / "munge" / "socket").exists, "munge has no socket")
        wait_until(lambda: "idle" in asked_of(environment, "sinfo", "-h"), "the node is not idle")
        yield environment
    finally:
        for process in reversed(running):
            process.terminate()
            process.wait(30)


def daemons(munge: Path) -> list[list[str]]:
    """Return the commands of the daemons, each in the foreground."""
    (munge / "key").write_bytes(os.urandom(1024))
    (munge / "key").chmod(0o400)
    files = {"socket": "socket", "key-file": "key", "log-file": "log", "pid-file": "pid", "seed-file": "seed"}
    places = [f"--{option}={munge / name}" for option, name in files.items()]
    return [["munged", "--force", "--foreground", *places], ["slurmctld", "-D"], ["slurmd", "-D"]]


def free_port() -> int:
    """Return a port that nobody listens at."""
    with closing(socket.socket()) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def asked_of(environment: dict[str, str], *command: str) -> str:
    """Return what `command` prints."""
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stdout


def wait_until(condition, otherwise: str) -> None:
    """Wait for `condition`, at most a minute."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.1)


def test_a_real_slurm_renders_the_set_and_closes_it(slurm, tmp_path, speech_folder):
    toy = f"--speech {speech_folder} --clips 20 --rt60 0.1"
    text = script().replace("--preset paper", toy).replace("1-64", "1-2").replace("/64", "/2")
    text = re.sub(r"(--cpus-per-task=)4", r"\g<1>1", text.replace("#SBATCH --mem=8G\n", ""))
    (tmp_path / "array.sh").write_text(text)

    def sbatch(*arguments: str) -> str:
        job = ["sbatch", "--parsable", *arguments]
        done = subprocess.run(job, cwd=tmp_path, env=slurm, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    array = sbatch("array.sh")
    sbatch(f"--dependency=afterok:{array}", "--output=finish.log", "--wrap", "whence finish data/big.zarr")
    wait_until(lambda: not asked_of(slurm, "squeue", "-h"), "the jobs have not ended")
    said = "".join(path.read_text() for path in sorted(tmp_path.glob("*.log")))
    assert "data/big.zarr: 60 rows, fingerprint" in said, said
    plain = ["whence", "generate", "tde", "plain.zarr", *toy.split(), "--workers", "1"]
    subprocess.run(plain, cwd=tmp_path, env=slurm, check=True, capture_output=True)
    assert data_files(tmp_path / "data" / "big.zarr") == data_files(tmp_path / "plain.zarr")
