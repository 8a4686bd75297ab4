"""How many cores this process may use: the one place that decides, for commands and workers."""

import math
import os
import re
from collections.abc import Iterator
from pathlib import Path

_MOUNT = re.compile(r"\S+ \S+ \S+ (?P<group>\S+) (?P<top>\S+) .*- (?P<kind>cgroup2?) \S+ (?P<options>\S+)")
"""A control group's mount in /proc/self/mountinfo (man proc_pid_mountinfo)."""


def allowed_cores(root: Path = Path("/")) -> int:
    """Return how many cores this process may use, at least 1.

    The smallest of the cores it is bound to (`taskset`, Slurm, cpusets), Python's own count and its CPU quota
    (containers), rounded up. `root` is where `proc` lies.
    """
    counted = getattr(os, "process_cpu_count", os.cpu_count)() or 1  # Python 3.13 counts those it is bound to
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else counted
    return max(1, math.ceil(min(counted, bound, cpu_quota(root))))


def cpu_quota(root: Path = Path("/")) -> float:
    """Return the cores' worth of time that the control groups of this process grant it, infinite without a limit.

    A group is limited by those above it. Source: Linux, Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst.
    """
    return min((_quota(folder) for folder in _cpu_groups(root)), default=math.inf)


def _cpu_groups(root: Path) -> Iterator[Path]:
    """Yield the folders of this process's CPU control groups, of both versions, each up to where it is mounted."""
    mounts = [found.groupdict() for line in _lines(root / "proc/self/mountinfo") if (found := _MOUNT.match(line))]
    for line in _lines(root / "proc/self/cgroup"):
        found = re.match(r"\d+:(?P<controllers>[^:]*):(?P<group>/.*)", line)
        if not found or (found["controllers"] and "cpu" not in found["controllers"].split(",")):
            continue
        kind = "cgroup" if found["controllers"] else "cgroup2"
        for mount in mounts:
            if mount["kind"] == kind and (kind == "cgroup2" or "cpu" in mount["options"].split(",")):
                yield from _upwards(root / mount["top"].lstrip("/"), found["group"], mount["group"])


def _upwards(top: Path, group: str, mounted: str) -> Iterator[Path]:
    """Yield the folder of `group` and those above it up to `top`, where the group `mounted` is seen."""
    seen = Path(group).is_relative_to(mounted)
    inside = Path(group).relative_to(mounted) if seen else Path()
    yield from (top / part for part in (inside, *inside.parents))


def _quota(group: Path) -> float:
    """Return the cores that one control group grants."""
    both = _first(group / "cpu.max") or f"{_first(group / 'cpu.cfs_quota_us')} {_first(group / 'cpu.cfs_period_us')}"
    numbers = re.fullmatch(r"(\d+) ([1-9]\d*)", both)
    return int(numbers[1]) / int(numbers[2]) if numbers else math.inf


def _first(file: Path) -> str:
    return next(iter(_lines(file)), "")


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # another system, or hidden from this container
        return []
