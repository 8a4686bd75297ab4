"""Files that `torch.save` wrote, read without executing anything in them."""

import io
import pickle
import re
import struct
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...errors import InputError
from ..training.checkpoint import LARGEST

WRAPPERS = ("state_dict", "model_state_dict", "model")
"""Under which of these a file holds the network's tensors, if not at its top. What lies beside is ignored."""
PARALLEL = "module."
"""What PyTorch's parallel wrapper puts before each name."""
_DAMAGE = (
    pickle.UnpicklingError, RuntimeError, ValueError, LookupError, TypeError, AttributeError, AssertionError, EOFError,
    OSError, ArithmeticError, MemoryError, ImportError, struct.error, zipfile.BadZipFile,
)  # fmt: skip
"""What PyTorch's reader raises on changed bytes."""


def _numpy_numbers() -> list[Any]:
    """Return what builds NumPy's floats in a pickle: schedules of the rate leave some beside the tensors.

    The names are those of NumPy 1, under which the published files were written, and of NumPy 2.
    """
    scalar, kinds = np.float64(0).__reduce__()[0], (np.dtype, type(np.dtype(np.float64)), type(np.dtype(np.float32)))
    return [(scalar, "numpy.core.multiarray.scalar"), (scalar, "numpy._core.multiarray.scalar"), *kinds]


def read_released(path: Path, data: bytes) -> dict[str, Tensor]:
    """Return the network's tensors by name in `data`, the bytes of `path`, without the prefix `module.`.

    Raises InputError if it is damaged, holds anything but tensors, numbers and text, or no tensors.
    """
    loaded = _loaded(path, data)
    inside = next((loaded[key] for key in WRAPPERS if isinstance(loaded, dict) and key in loaded), loaded)
    if not isinstance(inside, Mapping) or not inside:
        raise InputError(f"{path}: no tensors by name at its top, nor under {', '.join(WRAPPERS)}: not a checkpoint")
    strange = [name for name, tensor in inside.items() if not (isinstance(name, str) and _is_plain(tensor))]
    if strange:
        raise InputError(f"{path}: {str(strange[0])[:80]!r} is no plain tensor: not a checkpoint of one network")
    return {name.removeprefix(PARALLEL): tensor.detach() for name, tensor in inside.items()}


def _loaded(path: Path, data: bytes) -> Any:
    """Return what `data` holds, on the CPU."""
    _require_moderate(path, data)
    try:
        with warnings.catch_warnings(), torch.serialization.safe_globals(_numpy_numbers()):
            warnings.simplefilter("ignore")
            return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except _DAMAGE as error:
        code = re.search(r"GLOBAL ([\w.]{1,80}) was not an allowed", str(error))
        what = (
            f"holds {code[1]}, which is neither a tensor nor a number, and is never run: take the tensors out of it"
            if code
            else f"not a whole file of torch.save ({type(error).__name__}); copy it again"
        )
        raise InputError(f"{path}: {what}") from None


def _require_moderate(path: Path, data: bytes) -> None:
    """Raise InputError if the zip archive `data` would unpack to more than any checkpoint holds."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except _DAMAGE:
        return  # no archive: torch.load will say what it is
    if unpacked > LARGEST:
        raise InputError(f"{path}: unpacks to more than {LARGEST / 1e9:g} GB, so it is no checkpoint")


def _is_plain(value: Any) -> bool:
    """Return whether `value` is a tensor of stored numbers."""
    return isinstance(value, Tensor) and value.layout == torch.strided and value.device.type == "cpu"
