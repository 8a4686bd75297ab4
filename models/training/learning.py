"""What a model must have to be trained by `whence train`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Protocol

from torch import Tensor, nn

from ...datagen.dataset import Dataset
from ...datagen.licences import licences_of
from .recipe import Recipe


class Examples(Protocol):
    """Training and validation examples of a model."""

    @property
    def sources(self) -> Sequence[Mapping[str, Any]]:
        """Where the examples come from: kind, fingerprint and licences of each source."""

    def training(self, step: int, rank: int, ranks: int) -> Any:
        """Return the tensors of one step for device `rank` of `ranks`: a function of the recipe and `step` alone."""

    def validation(self) -> Iterator[Any]:
        """Yield the batches of the validation set, always the same."""


class Trainable(Protocol):
    """A method that learns. Its class declares how; its objects answer with a checkpoint.

    `mine.py:Mine` may be such a class, and is trained like the models of Whence.
    """

    name: ClassVar[str]
    recipe: ClassVar[type[Recipe]]

    @classmethod
    def network(cls, recipe: Any) -> nn.Module:
        """Return the untrained network."""

    @classmethod
    def examples(cls, recipe: Any, data: Sequence[str]) -> Examples:
        """Return the examples in `data`, the paths given with --data; raises InputError if they do not serve."""

    @classmethod
    def loss(cls, network: nn.Module, batch: Any) -> Tensor:
        """Return the loss of a training batch, ()."""

    @classmethod
    def validate(cls, network: nn.Module, examples: Any) -> Mapping[str, float]:
        """Return the validation scores by name; the first is the one that the report draws."""

    # Three more are optional. `begin(network, recipe)`: gives parts of the network weights of another model before the
    # first step. `calibrate(network, examples) -> Mapping[str, float]`: numbers fitted on the validation set at the
    # end, which go into the checkpoint's card. `figures(network, examples)`: figures for the report.


def described(dataset: Dataset) -> dict[str, Any]:
    """Return what a checkpoint says about a dataset that it was trained on, with the licences of all that is in it."""
    return {
        "dataset": dataset.name,
        "fingerprint": dataset.fingerprint,
        "recipe": dataset.recipe,
        "licences": sorted({one for listed in licences_of(dataset).values() for one in listed}),
    }
