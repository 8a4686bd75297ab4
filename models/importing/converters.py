"""`whence import checkpoint`: how each published network becomes ours, and the conversion."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ... import __version__
from ...digests import sha256
from ...errors import InputError
from ...registry import load_method, nearest
from ..training.checkpoint import LARGEST, Checkpoint, fill, write_checkpoint
from ..training.recipe import recipe_from
from .released import read_released

SUFFIX = ".safetensors"


@dataclass(frozen=True)
class Converter:
    """The published network of a model: our preset `paper`, with `settings` ("key=value"), builds it.

    `ours` returns our name for a published tensor, None for one that our network computes.
    """

    ours: Callable[[str], str | None]
    settings: tuple[str, ...] = ()


def as_published(name: str) -> str:
    """Return `name`: ours are the published names."""
    return name


def without_window(name: str) -> str | None:
    """Return `name`, None for the window of the spectrogram (StereoCRW)."""
    return None if name == "trans.window" else name


_FACES = re.compile(r"vision_net\.(conv2d_|repeat_|mixed_|block8\.|last_linear\.|logits\.)")
"""Tensors of the published network of faces: Inception-ResNet v1."""


def hearing_only(name: str) -> str | None:
    """Return our name for a tensor of AV-MonoCLR's hearing; None for its window and for those that see faces.

    Queries are embedded elsewhere and come as vectors.
    """
    if name == "trans.window" or _FACES.match(name):
        return None
    return f"net.{name.removeprefix('audio_net.')}" if name.startswith("audio_net.") else name


def of_the_pretext(name: str) -> str:
    """Return our name for a tensor of SLfM's pretext network."""
    layer = re.fullmatch(r"generative_net\.audionet_(up)?convlayer([1-5])\.(.*)", name)
    if layer:
        return f"predicts.{layer[1] or 'down'}.{int(layer[2]) - 1}.{layer[3]}"
    return name.replace("vision_net.", "sees.encoder.", 1).replace("audio_net.net.", "hears.encoder.", 1)


CONVERTERS: Mapping[str, Converter] = {
    "ngcc-phat": Converter(as_published),
    "stereocrw": Converter(without_window),
    "zeronce": Converter(without_window),
    "monoclr": Converter(without_window),
    "av-monoclr": Converter(hearing_only, ("queries=faces",)),
    "slfm-pretext": Converter(of_the_pretext),
}
"""By model, the files that can be imported."""


def import_checkpoint(file: Path, model: str, out: Path, licence: str = "unknown") -> Path:
    """Convert the published checkpoint `file` of `model` to one of ours at `out`; return `out`.

    Its card names the file, its SHA-256 and its `licence` where others name their data, and says `imported`.
    Its names and shapes must be exactly those of the published network. Raises InputError if they are not, if the file
    is damaged or holds more than tensors and numbers, or if the model is unknown.
    """
    if model not in CONVERTERS:
        raise InputError(f"--model {model}: no published checkpoint of it is known; {nearest(model, CONVERTERS)}")
    if out.suffix != SUFFIX:
        raise InputError(f"{out}: give a name that ends in {SUFFIX} for the converted checkpoint")
    data = _bytes_of(file)
    converter, (trained, _) = CONVERTERS[model], load_method(model)
    recipe = recipe_from(trained.recipe, "paper", converter.settings)
    renamed = [(converter.ours(name), tensor) for name, tensor in read_released(file, data).items()]
    card = {
        "model": model,
        "recipe": recipe.model_dump(mode="json"),
        "imported": True,
        "sources": [{"dataset": file.name, "fingerprint": sha256(data), "licences": [licence]}],
        "code": {"whence": __version__},
    }
    network = trained.network(recipe)
    fill(network, Checkpoint({name: tensor for name, tensor in renamed if name is not None}, card), file)
    write_checkpoint(out, network, card)
    return out


def _bytes_of(file: Path) -> bytes:
    """Return the contents of `file`; raises InputError if there are none or too many."""
    if not file.is_file():
        raise InputError(f"{file}: no such file")
    if file.stat().st_size > LARGEST:
        raise InputError(f"{file}: larger than {LARGEST / 1e9:g} GB, so it is no checkpoint that can be imported")
    return file.read_bytes()
