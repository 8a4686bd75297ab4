"""`ngcc-phat`: correlations of learned, shift-equivariant filters, one vote a window (Berg et al. 2022)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from pydantic import Field, field_validator
from torch import Tensor, nn

from ...benchmarks.stimuli.stereo.batch import StereoBatch
from ..data.rooms import DelayClips, DelayRecipe
from ..networks.correlation import windows_of
from ..networks.distribution import cross_entropy
from ..networks.ngcc import SINC_TAPS, NgccNetwork
from ..training.recipe import Size
from .method import DelayModel, Float64

Answer = Literal["expectation", "peak"]
WINDOWS = 4
"""Windows that vote on a clip. In the standard condition neighbours share 97 % of their samples, so together they count
as 1.1 independent votes (length of the clip over that of a window); more would cost time and change little."""
MAX_LAG = 20
"""Largest delay answered, samples: microphones 0.43 m apart."""


class NgccPhatRecipe(DelayRecipe):
    """The recipe of `ngcc-phat`; `paper` is the published schedule, on our rooms."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "tiny": {"steps": 40, "batch": 16, "width": 8, "sinc_taps": 255, "dropout": 0.0, "validations": 2},
        "small": {
            "steps": 1200,
            "batch": 128,
            "validations": 5,
            "width": 64,
            "snr_db": (0.0, 30.0),
            "distractor_share": 0.1,
        },
        "paper": {
            "steps": 1800,
            "batch": 32,
            "warm_up": 0.0,
            "weight_decay": 0.0,
            "averaged": 1 / 1800,
            "validations": 30,
            "clip_samples": (2048,),
            "snr_db": (0.0, 30.0),
            "clean_share": 0.0,
            "gain_db": 0.0,
            "distractor_share": 0.0,
            "width": 128,
            "max_lag": 23,
            "dropout": 0.5,
        },
    }
    clip_samples: tuple[Size, ...] = (1024,)
    width: int = Field(default=32, ge=1)
    max_lag: int = Field(default=MAX_LAG, ge=1)
    sinc_taps: int = Field(default=SINC_TAPS, ge=3)
    """Length of the first filters, odd."""
    dropout: float = Field(default=0.1, ge=0, lt=1)

    @field_validator("sinc_taps")
    @classmethod
    def _has_a_middle(cls, taps: int) -> int:
        if taps % 2 == 0:
            raise ValueError("expected an odd number of samples")
        return taps


@dataclass(frozen=True)
class NgccPhat(DelayModel):
    """Four windows, spread over those that may vote on a clip, give a delay each; the answer is their mean.

    `answer` is the expectation over the delays up to `max_lag` samples, or their peak, a whole sample, as published.
    For windows of 1,024 samples the expectation errs less; the peak needs 2,048.
    """

    answer: Answer = "expectation"
    max_lag: int = MAX_LAG
    name: ClassVar[str] = "ngcc-phat"
    recipe: ClassVar[type[DelayRecipe]] = NgccPhatRecipe
    clips_at_once: ClassVar[int] = 8

    @classmethod
    def network(cls, recipe: NgccPhatRecipe) -> NgccNetwork:
        """Return the untrained network."""
        return NgccNetwork(recipe.width, recipe.max_lag, recipe.dropout, recipe.sinc_taps)

    @classmethod
    def loss(cls, network: Any, batch: DelayClips) -> Tensor:
        """Return the cross-entropy, with each true delay shared between its two neighbours in whole samples."""
        logits = network(batch.audio)
        return cross_entropy(logits, delay_grid_of(logits), batch.delay).mean()

    @classmethod
    def delays(cls, network: nn.Module, batch: StereoBatch, audio: Tensor) -> Tensor:
        """Return the mean expectation (n,) in samples over the windows of each clip."""
        return clip_delays(network, batch, audio, "expectation", MAX_LAG)

    def predict(self, batch: StereoBatch) -> Float64:
        """Return the interaural time difference of each clip (clips,) in seconds."""
        with torch.inference_mode():
            parts = [clip_delays(self._network, batch, part, self.answer, self.max_lag) for part in self._parts(batch)]
        return torch.cat(parts).cpu().double().numpy() / batch.sample_rate


def clip_delays(network: nn.Module, batch: StereoBatch, audio: Tensor, answer: Answer, max_lag: int) -> Tensor:
    """Return the mean answer (n,) in samples over the windows of each clip (n, 2, samples), a part of `batch`."""
    every = max(batch.votes // WINDOWS, 1)
    windows = windows_of(audio, batch.window, batch.hop * every, -(-batch.votes // every))
    return read_delays(network(windows), answer, max_lag).mean(dim=-1)


def read_delays(logits: Tensor, answer: Answer, max_lag: int) -> Tensor:
    """Return the delay (...) in samples that `logits` (..., 2 * k + 1) give, no longer than `max_lag`."""
    spare = max(logits.shape[-1] // 2 - max_lag, 0)
    possible = logits[..., spare : logits.shape[-1] - spare]
    grid = delay_grid_of(possible)
    return grid[possible.argmax(-1)] if answer == "peak" else (possible.softmax(-1) * grid).sum(-1)


def delay_grid_of(logits: Tensor) -> Tensor:
    """Return the delays t_right - t_left of `logits` (..., 2 * k + 1), in samples: from -k to k."""
    largest = logits.shape[-1] // 2
    return torch.arange(-largest, largest + 1, device=logits.device).float()
