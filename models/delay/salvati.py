"""`salvati`: a network on parametrised GCC-PHAT, one vote a window (Salvati et al. 2021; StereoCRW, Sec. 4.1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor, nn

from ...benchmarks.stimuli.stereo.batch import StereoBatch
from ..data.rooms import DelayRecipe
from ..networks.correlation import windows_of
from ..networks.salvati import SalvatiNetwork
from ..training.recipe import Size
from .method import DelayModel

WINDOW, WINDOWS = 1024, 16
"""Samples of a training window, and how many windows vote on a clip."""


class SalvatiRecipe(DelayRecipe):
    """The recipe of `salvati`."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "tiny": {"steps": 60, "batch": 64, "widths": (8, 16, 32, 32, 64), "hidden": (64,)},
        "small": {"steps": 1500, "batch": 256},
        "paper": {"steps": 60_000, "batch": 256, "widths": (32, 64, 128, 256, 512), "hidden": (512, 512)},
    }
    clip_samples: tuple[Size, ...] = (WINDOW,)
    widths: tuple[Size, Size, Size, Size, Size] = (16, 32, 64, 96, 128)
    hidden: tuple[Size, ...] = (256,)


@dataclass(frozen=True)
class Salvati(DelayModel):
    """Sixteen windows, spread over those that may vote on a clip, give a delay each; the answer is their mean."""

    name: ClassVar[str] = "salvati"
    recipe: ClassVar[type[DelayRecipe]] = SalvatiRecipe

    @classmethod
    def network(cls, recipe: SalvatiRecipe) -> nn.Module:
        """Return the untrained network."""
        return SalvatiNetwork(recipe.widths, recipe.hidden)

    @classmethod
    def delays(cls, network: nn.Module, batch: StereoBatch, audio: Tensor) -> Tensor:
        """Return the mean delay (n,) in samples over the windows of each clip."""
        every = max(batch.votes // WINDOWS, 1)
        windows = windows_of(audio, batch.window, batch.hop * every, -(-batch.votes // every))
        votes: Tensor = network(windows)
        return votes.mean(dim=-1)
