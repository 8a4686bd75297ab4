"""`whence train`: from a model's name and data to a finished checkpoint, its card and its report."""

import platform
import re
import warnings
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import torch
from lightning_fabric import Fabric

from .. import __version__
from ..cores import allowed_cores
from ..datagen.pipeline import software
from ..errors import InputError
from ..hardware import hardware, in_words
from ..locks import sole_writer
from ..registry import METHODS, load_method
from ..threads import thread_policy
from .training.card import card_text
from .training.checkpoint import described_checkpoint, write_checkpoint
from .training.faults import is_ours, told_in_one_line
from .training.learning import Trainable
from .training.loop import Progress, train
from .training.memory import keep_freed_memory
from .training.recipe import Recipe, recipe_from
from .training.report import write_report
from .training.run import TrainingRun

Device = Literal["cpu", "cuda"]
PARTS = ("name", "recipe", "network", "examples", "loss", "validate")
"""What the class of a model must have (see `Trainable`)."""
_NAME = re.compile(r"[\w.-]{1,100}")


@dataclass(frozen=True)
class Machines:
    """Where a training runs: `devices` of kind `device` on each of `nodes` machines."""

    device: Device = "cpu"
    devices: int = 1
    nodes: int = 1

    def fabric(self) -> Fabric:
        """Return Lightning Fabric, launched; mixed precision on a GPU. Raises InputError without a GPU asked for."""
        if self.device == "cuda" and not torch.cuda.is_available():
            raise InputError("--device cuda: torch finds no GPU here; leave the option out to train on the CPU")
        several = self.devices * self.nodes > 1
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "The `srun` command is available")  # a cluster's login node is no mistake
            fabric = Fabric(
                accelerator=self.device,
                devices=self.devices,
                num_nodes=self.nodes,
                strategy="ddp" if several else "auto",
                precision="bf16-mixed" if self.device == "cuda" else "32-true",
            )
            fabric.launch()
        return fabric


def trainable(name: str) -> type[Trainable]:
    """Return the class of the model `name` (or `mine.py:Mine`); raises InputError if it cannot be trained."""
    found, _ = load_method(name)
    missing = [part for part in PARTS if not hasattr(found, part)]
    if missing:
        raise InputError(f"{name} cannot be trained: it has no `{missing[0]}`, which a model that learns declares")
    trained: type[Trainable] = found
    if not (isinstance(trained.recipe, type) and issubclass(trained.recipe, Recipe)):
        raise InputError(f"{name} cannot be trained: its `recipe` is no class derived from whence.models' Recipe")
    if not (isinstance(trained.name, str) and _NAME.fullmatch(trained.name)):
        raise InputError(f"{name} cannot be trained: its `name` is {trained.name!r}: expected letters, digits and -_.")
    if not is_ours(trained) and trained.name in METHODS:
        raise InputError(f"{name} cannot be trained: {trained.name!r} is a method of Whence; give it another `name`")
    return trained


def _code(name: str) -> dict[str, str]:
    """Return the version of Whence and, of a user's own model, the sha256 of its file: another code trains anew."""
    own = {"file": load_method(name)[1]} if ".py" in name else {}
    return {"whence": __version__, **own}


@thread_policy()
def train_model(
    name: str,
    data: Sequence[str],
    out: Path,
    *,
    preset: str = "small",
    settings: Sequence[str] = (),
    machines: Machines | None = None,
    command: str = "",
) -> Path:
    """Train the model `name` on `data` in the folder `out`, or go on with it; return the checkpoint's file.

    `settings` are "key=value" changes of the recipe `preset`; the report shows `command`. Raises InputError for an
    unknown model or setting, data that do not serve, or a folder that holds something else.
    """
    model, machines = trainable(name), machines or Machines()
    recipe = recipe_from(model.recipe, preset, settings)
    with told_in_one_line(model, recipe.batch):
        return _train(model, recipe, data, out, _code(name), machines, command)


def _train(
    model: type[Trainable],
    recipe: Recipe,
    data: Sequence[str],
    out: Path,
    code: Mapping[str, str],
    machines: Machines,
    command: str,
) -> Path:
    """Do what `train_model` says."""
    examples = model.examples(recipe, list(data))
    facts = {
        "model": model.name,
        "recipe": recipe.model_dump(mode="json"),
        "sources": [*examples.sources, *started_from(recipe, model.name)],
        "code": code,
    }
    run = TrainingRun(out, facts)
    keep_freed_memory()
    fabric = machines.fabric()
    first = fabric.global_rank == 0
    with sole_writer(out) if first else nullcontext():
        if first:
            run.begin()
        fabric.barrier()
        progress = train(model, recipe, examples, run, fabric)
        if first:
            _finish(run, facts, progress, model, examples, command)
    return run.checkpoint


def started_from(recipe: Recipe, model: str) -> list[dict[str, Any]]:
    """Return what is recorded of the checkpoint that the training begins with: its sha256 and its sources' licences."""
    return [described_checkpoint(Path(recipe.start), model)] if recipe.start else []


def _finish(
    run: TrainingRun, facts: Mapping[str, Any], progress: Progress, model: Any, examples: Any, command: str
) -> None:
    """Write the checkpoint, its card and the report."""
    log = [dict(entry) for entry in progress.log]
    network = progress.best.eval()
    with torch.inference_mode():
        calibration = model.calibrate(network, examples) if hasattr(model, "calibrate") else {}
    write_checkpoint(run.checkpoint, network, {**facts, "log": log, "calibration": calibration})
    with torch.inference_mode():
        shown = model.figures(network, examples) if hasattr(model, "figures") else []
        sounds = model.sounds(network, examples) if hasattr(model, "sounds") else {}
    machine = f"{platform.machine()}, {allowed_cores()} cores, torch {version('torch')}"
    run.write_card(card_text(facts, log, progress.seconds, machine))
    told = {**facts, "calibration": calibration, "made": _made(command)}
    write_report(run.folder / "report.html", told, log, shown, sounds)


def _made(command: str) -> dict[str, str]:
    """Return how the training was made, in words, for the report."""
    versions = software() | {"torch": version("torch")}
    return {
        **({"command": command} if command else {}),
        "versions": ", ".join(f"{name} {one}" for name, one in versions.items()),
        "machine": in_words(hardware()),
    }
