"""How many cores and threads: affinity, CPU quotas of both kinds of control groups."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from whence import cores
from whence.cores import allowed_cores, cpu_quota

V2 = "30 25 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw"
V1 = "33 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct"
V1_OF_A_CONTAINER = "33 31 0:29 /docker/4f /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu"
V1_MEMORY = "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory"


def machine(root: Path, groups: str, mounts: str, files: dict[str, str]) -> Path:
    for name, content in {"proc/self/cgroup": groups, "proc/self/mountinfo": mounts, **files}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content + "\n")
    return root


@pytest.mark.parametrize(
    ("groups", "mounts", "files", "quota"),
    [
        ("0::/", V2, {"sys/fs/cgroup/cpu.max": "200000 100000"}, 2),
        ("0::/", V2, {"sys/fs/cgroup/cpu.max": "max 100000"}, np.inf),
        ("0::/a/b", V2, {"sys/fs/cgroup/a/b/cpu.max": "max 100000", "sys/fs/cgroup/a/cpu.max": "150000 100000"}, 1.5),
        ("0::/a/b", V2, {"sys/fs/cgroup/a/b/cpu.max": "50000 100000", "sys/fs/cgroup/a/cpu.max": "400000 100000"}, 0.5),
        ("0::/../other", V2, {"sys/fs/cgroup/cpu.max": "300000 100000"}, 3),
        (
            "4:cpu,cpuacct:/job",
            V1,
            {
                "sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us": "250000",
                "sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us": "100000",
                "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1",
                "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000",
            },
            2.5,
        ),
        (
            "7:memory:/x\n4:cpu:/docker/4f\n0::/",
            f"{V1_MEMORY}\n{V1_OF_A_CONTAINER}",
            {"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "100000", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000"},
            1,
        ),
        ("7:memory:/x", V1_MEMORY, {"sys/fs/cgroup/memory/x/cpu.max": "100000 100000"}, np.inf),
        ("0::/", V2, {"sys/fs/cgroup/cpu.max": ""}, np.inf),
        ("", "", {}, np.inf),
        ("nonsense", "nonsense\n - \n - cgroup2", {}, np.inf),
    ],
)
def test_the_quota_is_that_of_the_group_and_those_above(tmp_path, groups, mounts, files, quota):
    assert cpu_quota(machine(tmp_path, groups, mounts, files)) == quota


@pytest.mark.parametrize(("quota", "allowed"), [("150000", 2), ("100", 1), ("900000", 5), ("max", 5)])
def test_the_smallest_limit_counts(tmp_path, monkeypatch, quota, allowed):
    root = machine(tmp_path, "0::/", V2, {"sys/fs/cgroup/cpu.max": f"{quota} 100000"})
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(5)))
    monkeypatch.setattr(os, "process_cpu_count", lambda: 128, raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 128)
    assert allowed_cores(root) == allowed


@pytest.mark.skipif(shutil.which("taskset") is None, reason="taskset is not here")
def test_a_process_bound_to_one_core_is_allowed_one():
    code = "from whence.cores import allowed_cores; print(allowed_cores())"
    first = str(min(os.sched_getaffinity(0)))
    out = subprocess.run(["taskset", "-c", first, sys.executable, "-c", code], capture_output=True, text=True)
    assert (out.stdout, out.stderr) == ("1\n", "")


def test_nobody_asks_for_the_number_of_all_cores():
    """`os.cpu_count` and `workers=-1` take cores that this process may not use."""
    root = Path(cores.__file__).parents[2]
    files = [
        path
        for folder in ("src", "datagen", "benchmarks", "baselines", "models", "leaderboard")
        for path in (root / folder).rglob("*.py")
        if path.name not in ("cores.py", "machine.py") and "speed" not in path.parts
    ]
    if not (root / "datagen").is_dir():
        pytest.skip("an installed package has no tree")
    assert [
        str(p) for p in files if "cpu_count" in (text := p.read_text(encoding="utf-8")) or "workers=-1" in text
    ] == []
