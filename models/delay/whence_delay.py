"""`whence-delay`: our own model, which hears the whole clip and answers with a distribution over its delay."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from ...benchmarks.running.method import Diagnosed
from ...benchmarks.stimuli.stereo.batch import StereoBatch
from ..data.rooms import STANDARD_SAMPLES, DelayClips, DelayRecipe, RandomRooms
from ..networks.direct_sound import FRAME, DirectSoundNetwork, delay_grid
from ..networks.distribution import cross_entropy, half_width, quantile, ranked_probability_score
from .method import DelayModel

INTERVAL = 0.8
"""Probability of the interval around each answer."""
_ENTROPY_WEIGHT = 0.2


class WhenceDelayRecipe(DelayRecipe):
    """The recipe of `whence-delay`."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "tiny": {"steps": 60, "batch": 32, "width": 24, "blocks": 1, "clip_samples": (STANDARD_SAMPLES,)},
        "small": {"steps": 3500, "batch": 128},
        "paper": {"steps": 40_000, "batch": 256, "width": 96, "blocks": 6},
    }
    learning_rate: float = Field(default=1.5e-3, gt=0)
    clip_samples: tuple[Annotated[int, Field(ge=FRAME)], ...] = (
        *(STANDARD_SAMPLES,) * 3,
        2048,
        *(STANDARD_SAMPLES,) * 3,
        4096,
    )
    width: int = Field(default=64, ge=8, multiple_of=2)
    blocks: int = Field(default=4, ge=1)
    gates: int = Field(default=16, ge=1)


@dataclass(frozen=True)
class WhenceDelay(DelayModel):
    """The median of the distribution, which has the least expected absolute error, with its uncertainty."""

    name: ClassVar[str] = "whence-delay"
    recipe: ClassVar[type[DelayRecipe]] = WhenceDelayRecipe

    @classmethod
    def network(cls, recipe: WhenceDelayRecipe) -> nn.Module:
        """Return the untrained network."""
        return DirectSoundNetwork(recipe.width, recipe.blocks, recipe.gates)

    @classmethod
    def loss(cls, network: nn.Module, batch: DelayClips) -> Tensor:
        """Return the mean ranked probability score in samples, plus a fifth of the cross-entropy."""
        logits, grid = network(batch.audio), delay_grid(batch.audio.device)
        score = ranked_probability_score(logits, grid, batch.delay)
        return (score + _ENTROPY_WEIGHT * cross_entropy(logits, grid, batch.delay)).mean()

    @classmethod
    def delays(cls, network: Any, batch: StereoBatch, audio: Tensor) -> Tensor:
        """Return the median delay (n,) in samples."""
        logits: Tensor = network.mirrored(audio)
        return quantile(logits, delay_grid(audio.device), 0.5)

    @classmethod
    def calibrate(cls, network: Any, examples: RandomRooms) -> dict[str, float]:
        """Return the `level` whose intervals hold `INTERVAL` of the validation clips.

        The distributions are wider than need be where a delay is known to a fraction of the grid's step.
        """
        device = next(network.parameters()).device
        clips = list(examples.validation())
        logits = torch.cat([network.mirrored(clip.audio.to(device)).cpu() for clip in clips])
        grid, truth = delay_grid(), torch.cat([clip.delay for clip in clips])
        median = quantile(logits, grid, 0.5)
        low, high = 0.0, 1.0
        for _ in range(20):
            level = (low + high) / 2
            held = ((median - truth).abs() <= half_width(logits, grid, median, level)).double().mean()
            low, high = (low, level) if held >= INTERVAL else (level, high)
        return {"level": high}

    def predict(self, batch: StereoBatch) -> Diagnosed:
        """Return the interaural time difference of each clip (clips,) in seconds.

        The diagnostic `uncertainty_ms` is the half-width of the interval around it that holds the truth with 80 %.
        """
        with torch.inference_mode():
            logits = torch.cat([self._network.mirrored(part).cpu() for part in self._parts(batch)])
        grid = delay_grid()
        median = quantile(logits, grid, 0.5)
        level = self._read.card.get("calibration", {}).get("level", INTERVAL)
        uncertainty = half_width(logits, grid, median, level).double().numpy() * 1e3 / batch.sample_rate
        return Diagnosed(median.double().numpy() / batch.sample_rate, {"uncertainty_ms": uncertainty})
