"""The training loop, on Lightning Fabric: one CPU, one GPU, several, or several nodes, by the same code.

Everything drawn at a step depends on the recipe's seed and the step's number alone, so a training that was killed at
any instant goes on from its last state to the same bytes (on a CPU, with the same number of threads).
"""

import math
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel
from tqdm import tqdm

from ...digests import stable_hash
from ...errors import InputError
from .checkpoint import fill, read_checkpoint
from .learning import Examples, Trainable
from .recipe import Recipe
from .run import STATE, TrainingRun

SECONDS_BETWEEN_STATES = 60.0
_KEPT_LOSSES = 50
"""Losses that the progress bar averages."""
_DIVERGED = "lower learning_rate, or look in the data for values that are not finite"


@dataclass
class Progress:
    """What a training has reached, and all that is needed to go on from there."""

    network: nn.Module
    averaged: AveragedModel
    optimizer: torch.optim.Optimizer
    step: int = 0
    seconds: float = 0.0
    log: list[dict[str, float]] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    """Losses since the last entry of the log."""

    def state(self) -> dict[str, Any]:
        """Return everything as tensors, numbers and text."""
        plain = {"step": self.step, "seconds": self.seconds, "log": self.log, "losses": self.losses}
        parts: dict[str, Any] = {"network": self.network, "averaged": self.averaged, "optimizer": self.optimizer}
        return plain | {name: part.state_dict() for name, part in parts.items()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to a `state`; raises KeyError, TypeError, ValueError or RuntimeError if it is of another network."""
        self.network.load_state_dict(state["network"])
        self.averaged.load_state_dict(state["averaged"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.seconds, self.log, self.losses = (state[name] for name in ("step", "seconds", "log", "losses"))

    @property
    def best(self) -> nn.Module:
        """The averaged network, or the current one before averaging begins."""
        averaging = int(self.averaged.n_averaged) > 0
        return self.averaged.module if averaging else self.network


def learning_rate(recipe: Recipe, step: int) -> float:
    """Return the rate at `step`: a linear rise over the warm-up, then half a cosine down to zero."""
    rise = math.ceil(recipe.warm_up * recipe.steps)
    if step < rise:
        return recipe.learning_rate * (step + 1) / rise
    return recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * (step - rise) / max(recipe.steps - rise, 1)))


def train(model: type[Trainable], recipe: Recipe, examples: Examples, run: TrainingRun, fabric: Fabric) -> Progress:
    """Train `model` to the end of its `recipe`, from the last state of `run` if there is one.

    The log and the state are written as it goes, by the first process only.
    """
    progress = _begin(model, recipe, run, fabric)
    network, optimizer = fabric.setup(progress.network, progress.optimizer)
    batches = _prefetched(examples, progress.step, recipe.steps, fabric)
    first, began, saved = fabric.global_rank == 0, time.monotonic() - progress.seconds, time.monotonic()
    bar = tqdm(batches, total=recipe.steps, initial=progress.step, unit="step", desc=model.name, disable=not first)
    for batch in bar:
        progress.losses.append(_learn(model, recipe, progress.step, network, optimizer, batch, fabric))
        progress.step += 1
        if progress.step > recipe.steps * (1 - recipe.averaged):
            progress.averaged.update_parameters(progress.network)
        bar.set_postfix(loss=f"{_mean(progress.losses[-_KEPT_LOSSES:]):.4g}", refresh=False)
        progress.seconds = time.monotonic() - began
        due = _is_due(progress.step, recipe)
        if due and first:
            _log(progress, model, recipe, examples)
        if first and (due or time.monotonic() - saved > SECONDS_BETWEEN_STATES):
            run.write_state(progress.state())
            saved = time.monotonic()
    return progress


def _begin(model: type[Trainable], recipe: Recipe, run: TrainingRun, fabric: Fabric) -> Progress:
    """Return the untrained network, or the last state of `run`."""
    torch.manual_seed(recipe.seed)
    network = model.network(recipe).to(fabric.device)
    if hasattr(model, "begin"):
        model.begin(network, recipe)
    if recipe.start:
        start = Path(recipe.start)
        fill(network, read_checkpoint(start, model.name), start)
    learned = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(learned, lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    progress = Progress(network, AveragedModel(network, use_buffers=True), optimizer)
    state = run.read_state()
    if state is not None:
        try:
            progress.restore(state)
        except (KeyError, TypeError, ValueError, RuntimeError, AttributeError):
            raise InputError(
                f"{run.folder / STATE}: damaged, or of another network than {model.name} is now; give another folder "
                "with --out, or remove it to train from the start"
            ) from None
    return progress


def _prefetched(examples: Examples, first: int, steps: int, fabric: Fabric) -> Iterator[Any]:
    """Yield the batch of each step, made in a thread while the step before is computed."""
    rank, ranks = fabric.global_rank, fabric.world_size
    with ThreadPoolExecutor(1) as ahead:
        pending = ahead.submit(examples.training, first, rank, ranks) if first < steps else None
        for step in range(first, steps):
            assert pending is not None
            batch = pending.result()
            if step + 1 < steps:
                pending = ahead.submit(examples.training, step + 1, rank, ranks)
            yield fabric.to_device(batch)


def _learn(
    model: type[Trainable], recipe: Recipe, step: int, network: Any, optimizer: Any, batch: Any, fabric: Fabric
) -> float:
    """Take one step; return its loss."""
    torch.manual_seed(stable_hash(f"{recipe.seed}/{step}/{fabric.global_rank}") % 2**63)  # for dropout
    for group in optimizer.param_groups:
        group["lr"] = learning_rate(recipe, step)
    network.train()
    loss = model.loss(network, batch)
    value = _value(loss, model, step)
    optimizer.zero_grad()
    fabric.backward(loss)
    norm = fabric.clip_gradients(network, optimizer, max_norm=recipe.clip_gradient, error_if_nonfinite=False)
    if norm is not None and not bool(norm.isfinite()):
        raise InputError(f"{model.name}: a gradient is not finite at step {step + 1} (loss {value:.4g}); {_DIVERGED}")
    optimizer.step()
    return value


def _value(loss: Any, model: type[Trainable], step: int) -> float:
    """Return the `loss` of `step` as a number; raises InputError unless it is one to learn from."""
    if not isinstance(loss, Tensor) or loss.numel() != 1 or not loss.requires_grad:
        what = f"a tensor {tuple(loss.shape)}" if isinstance(loss, Tensor) else type(loss).__name__
        raise InputError(f"{model.name}: `loss` gave {what}: expected a tensor () made by the network")
    value = float(loss.detach())
    if not math.isfinite(value):
        raise InputError(f"{model.name}: the loss is {value} at step {step + 1}; {_DIVERGED}")
    return value


def _log(progress: Progress, model: type[Trainable], recipe: Recipe, examples: Examples) -> None:
    """Score the validation set and add a line to the log."""
    network = progress.best.eval()
    with torch.inference_mode():
        scores = model.validate(network, examples)
    rate = learning_rate(recipe, progress.step - 1)
    entry = {"step": progress.step, "loss": _mean(progress.losses), "learning_rate": rate}
    scores = {name: float(score) for name, score in scores.items()}
    if not scores or not all(map(math.isfinite, scores.values())):
        raise InputError(f"{model.name}: `validate` gave {scores} at step {progress.step}: expected finite scores")
    progress.log.append(entry | scores)
    progress.losses = []


def _is_due(step: int, recipe: Recipe) -> bool:
    """Return whether the validation set is scored after `step`; the last one always is."""
    return step * recipe.validations // recipe.steps > (step - 1) * recipe.validations // recipe.steps


def _mean(values: list[float]) -> float:
    return sum(values) / max(len(values), 1)
