"""`whence train`: models from data."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from . import completion
from .rendering import Preset
from .typed import typed


class Device(StrEnum):
    """Where a model is trained."""

    cpu = "cpu"
    cuda = "cuda"


def train(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL", help="A trainable method, or mine.py:Mine.", autocompletion=completion.trainable
        ),
    ],
    data: Annotated[
        list[str], typer.Option("--data", metavar="DATA.zarr|DIR ...", help="What to train on, as the model needs it.")
    ],
    out: Annotated[Path, typer.Option(metavar="RUN", help="Folder of the training; an unfinished one is resumed.")],
    preset: Annotated[
        Preset, typer.Option(help="Minutes on two cores, an hour or two, or the published schedule.")
    ] = Preset.small,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE ...", help="Fields of the recipe to change.")
    ] = None,
    device: Annotated[Device, typer.Option(help="Where to train.")] = Device.cpu,
    devices: Annotated[int, typer.Option(min=1, help="Devices on each machine.")] = 1,
    nodes: Annotated[int, typer.Option(min=1, help="Machines, each started with this command.")] = 1,
) -> None:
    """Train a model. Rerun the same command to resume it; the finished weights are RUN/checkpoint.safetensors."""
    from ..registry import load

    machines = load("whence.models.train:Machines")(device.value, devices, nodes)
    train_model = load("whence.models.train:train_model")
    checkpoint = train_model(
        model, data, out, preset=preset.value, settings=settings or (), machines=machines, command=typed()
    )
    typer.echo(written(model, checkpoint))


def written(model: str, checkpoint: Path) -> str:
    """Return what can be done with the `checkpoint` of a model, in one line."""
    from ..registry import registered_methods

    known = registered_methods().get(model)
    if known is not None and known.trained and not known.tracks:
        return (
            f"{checkpoint}: features that answer no track; read them with `whence train probe --set features=FILE`, "
            f"begin with them by `whence train slfm --set pretext=FILE`, or go on with --set start={checkpoint}"
        )
    return f"{checkpoint}: bench it with --method {model}:checkpoint={checkpoint}"
