"""What all learned methods share: where their weights come from, and the network that answers with them."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

import torch
from pydantic import ValidationError
from torch import nn

from ...errors import InputError
from .checkpoint import Checkpoint, fill, read_checkpoint, shipped
from .faults import lacks_memory
from .memory import keep_freed_memory
from .recipe import Recipe

SHIPPED, UNTRAINED = "shipped", "untrained"
Device = Literal["cpu", "cuda"]


@dataclass(frozen=True)
class LearnedModel:
    """A method with learned weights.

    `checkpoint` is a file, `shipped` (the weights that come with Whence), one of the `variants` that come with it too,
    or `untrained` (random weights). A subclass gives `name`, `recipe` and `network`.
    """

    checkpoint: str = SHIPPED
    device: Device = "cpu"
    name: ClassVar[str]
    recipe: ClassVar[type[Recipe]]
    variants: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        require_device(self.name, self.device)

    @classmethod
    def network(cls, recipe: Any) -> nn.Module:
        """Return the untrained network."""
        raise InputError(f"{cls.name} has no `network`: a model that learns gives one")

    def files(self) -> Iterator[Path]:
        """Yield the checkpoint's file, whose contents decide the answers."""
        if self.checkpoint != UNTRAINED:
            yield self._path

    @property
    def _path(self) -> Path:
        if self.checkpoint in self.variants:
            return shipped(f"{self.name}-{self.checkpoint}")
        return shipped(self.name) if self.checkpoint == SHIPPED else Path(self.checkpoint)

    @cached_property
    def _read(self) -> Checkpoint:
        """The checkpoint; an untrained model has none."""
        return Checkpoint({}, {}) if self.checkpoint == UNTRAINED else read_checkpoint(self._path, self.name)

    @cached_property
    def _recipe(self) -> Any:
        """The recipe in the checkpoint's card; that of an untrained model is `small`."""
        if self.checkpoint == UNTRAINED:
            return self._untrained
        return recipe_of(self.recipe, self._read, self._path)

    @property
    def _untrained(self) -> Recipe:
        """The recipe of an untrained network."""
        return self.recipe(**self.recipe.presets["small"])

    @cached_property
    def _network(self) -> Any:
        """The network with its weights, on its device."""
        keep_freed_memory()
        if self.checkpoint == UNTRAINED:
            torch.manual_seed(0)
        try:
            network = self.network(self._recipe)
        except RuntimeError as error:
            if not lacks_memory(error):
                raise
            raise InputError(f"{self._path}: not enough memory for its network") from None
        if self.checkpoint != UNTRAINED:
            fill(network, self._read, self._path)
        return network.eval().to(self.device)


def require_device(name: str, device: Device) -> None:
    """Raise InputError if the method `name` is to run on a GPU and torch finds none."""
    if device == "cuda" and not torch.cuda.is_available():
        raise InputError(f"{name}:device=cuda: torch finds no GPU here; leave it out")


def recipe_of(kind: type[Recipe], checkpoint: Checkpoint, path: Path) -> Recipe:
    """Return the recipe in the card of the `checkpoint` at `path`; raises InputError if it is not one of `kind`."""
    try:
        return kind(**checkpoint.card["recipe"])
    except (ValidationError, KeyError, TypeError):
        raise InputError(f"{path}: its recipe is damaged or of another version of Whence; train it again") from None
