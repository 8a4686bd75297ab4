"""What is installed on this machine: engines, decoders, optional packages, and what each is licensed under."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import Message
from importlib.metadata import PackageNotFoundError, metadata, version
from typing import cast


@dataclass(frozen=True)
class Finding:
    """One part: whether it is present, its version and licence, and the line that installs it."""

    name: str
    present: bool
    detail: str
    fix: str


_PACKAGES = (
    ("lattice engine", "numba", "pip install ."),
    ("pyroomacoustics engine", "pyroomacoustics", "pip install pyroomacoustics"),
    ("espeak speech", "espeakng-loader", "pip install espeakng-loader"),
    ("Zarr shards", "zarr", "pip install ."),
    ("Dask", "distributed", "pip install distributed"),
    ("Dask on Slurm", "dask-jobqueue", "pip install dask-jobqueue"),
    ("S3 datasets", "s3fs", "pip install '.[s3]'"),
    ("torch", "torch", "pip install 'torch<2.14'"),
)


def findings() -> Sequence[Finding]:
    """Return the state of every part, those that are needed first. Nothing heavy is imported."""
    packages = [_package(*row) for row in _PACKAGES]
    ffmpeg = shutil.which("ffmpeg")
    decoder = Finding("m4a decoder", ffmpeg is not None, ffmpeg or "", "" if ffmpeg else "apt-get install ffmpeg")
    gpu = os.path.exists("/proc/driver/nvidia/version")
    card = Finding("NVIDIA GPU", gpu, "driver loaded" if gpu else "", "" if gpu else "not needed by anything here")
    return [*packages, decoder, card]


def _package(name: str, distribution: str, fix: str) -> Finding:
    try:
        about: Message = cast(Message, metadata(distribution))
    except PackageNotFoundError:
        return Finding(name, False, distribution, fix)
    licence = (
        about.get("License-Expression") or about.get("License") or _classified_licence(about.get_all("Classifier"))
    )
    return Finding(name, True, f"{distribution} {version(distribution)}, {_first_line(licence)}", "")


def _classified_licence(classifiers: Sequence[str] | None) -> str:
    found = [line.rpartition(" :: ")[2] for line in classifiers or () if line.startswith("License ::")]
    return found[0] if found else "licence not stated"


def _first_line(text: str) -> str:
    line = text.strip().splitlines()[0] if text.strip() else "licence not stated"
    return line if len(line) <= 40 else line[:37] + "..."
