"""Checkpoints: one safetensors file with tensors and, as JSON in its metadata, where they come from.

Loading executes nothing: safetensors holds plain numbers and text. The tensors must match the network exactly, by name,
shape and type.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from ...digests import canonical_json, sha256
from ...errors import InputError
from ...files import written_whole
from .header import METADATA, card_in, licences_of_card

WEIGHTS = Path(__file__).parents[1] / "weights"
"""The folder of the checkpoints that come with Whence."""
LARGEST = 2_000_000_000
"""Largest checkpoint read, bytes."""


@dataclass(frozen=True)
class Checkpoint:
    """A model's tensors by name, and its card: model, recipe, data, licences, code version, validation curve."""

    tensors: Mapping[str, Tensor]
    card: Mapping[str, Any]


def write_checkpoint(path: Path, network: nn.Module, card: Mapping[str, Any]) -> None:
    """Write the tensors of `network` and its `card` (JSON values, with the name of the `model`) to `path`."""
    own = {name: tensor.detach().cpu() for name, tensor in network.state_dict().items()}
    tensors = {name: tensor.clone(memory_format=torch.contiguous_format) for name, tensor in own.items()}
    with written_whole(path) as partial:
        partial.write_bytes(save(tensors, metadata={METADATA: canonical_json(card)}))


def read_checkpoint(path: Path, model: str) -> Checkpoint:
    """Return the checkpoint at `path`; raises InputError unless it is a whole one of `model`."""
    try:
        if not path.is_file() and not path.is_dir() and path.exists():
            raise InputError(f"{path}: not a file; give a .safetensors file")
        if path.stat().st_size > LARGEST:
            raise InputError(f"{path}: larger than {LARGEST / 1e9:g} GB, so it is no checkpoint of {model}")
        data = path.read_bytes()
    except IsADirectoryError:
        raise InputError(f"{path}: a folder; give a .safetensors file") from None
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; `whence train {model}` writes one") from None
    length = int.from_bytes(data[:8], "little")
    card = card_in(data[8 : 8 + length] if 0 < length <= len(data) - 8 else b"", path)
    if card.get("model") != model:
        raise InputError(f"{path} holds the model {str(card.get('model'))[:40]!r}, not {model!r}: give one of its own")
    try:
        return Checkpoint(load(data), card)
    except (SafetensorError, ValueError, KeyError, RuntimeError) as error:
        raise InputError(f"{path}: damaged ({_first_line(error)}); copy it again") from None


def fill(network: nn.Module, checkpoint: Checkpoint, path: Path) -> None:
    """Load the tensors into `network`; raises InputError if a name, shape or type differs."""
    own, given = network.state_dict(), checkpoint.tensors
    missing, foreign = sorted(set(own) - set(given)), sorted(set(given) - set(own))
    if missing or foreign:
        what = f"lacks {missing[0]}" if missing else f"has {foreign[0]}, which the network has not"
        raise InputError(f"{path}: {what} ({len(missing)} missing, {len(foreign)} foreign): not made by this model")
    for name, tensor in own.items():
        if tensor.shape != given[name].shape or tensor.dtype != given[name].dtype:
            mine, theirs = _form(tensor), _form(given[name])
            raise InputError(f"{path}: {name} is {theirs}, the network's is {mine}: not made by this model")
    broken = [name for name, tensor in given.items() if tensor.is_floating_point() and not tensor.isfinite().all()]
    if broken:
        raise InputError(f"{path}: {broken[0]} holds values that are not finite; copy or train it again")
    network.load_state_dict(dict(given))


def described_checkpoint(path: Path, model: str) -> dict[str, Any]:
    """Return what is recorded of the checkpoint of `model` at `path` that a training begins with.

    These are its sha256 and the licences of its sources.
    """
    card = read_checkpoint(path, model).card
    return {
        "dataset": f"checkpoint of {model}",
        "fingerprint": sha256(path.read_bytes()),
        "licences": licences_of_card(card),
    }


def shipped(model: str) -> Path:
    """Return the file of the weights of `model` that come with Whence; raises InputError if there are none."""
    path = WEIGHTS / f"{model}.safetensors"
    if not path.is_file():
        raise InputError(
            f"{model}: no weights come with Whence; train some (`whence train {model} --data DATA.zarr --out RUN`) and "
            f"give them as {model}:checkpoint=RUN/checkpoint.safetensors, or try {model}:checkpoint=untrained"
        )
    return path


def _form(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {tuple(tensor.shape)}"


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
