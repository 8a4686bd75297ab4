"""What all models of the time delay share: how they train, and how they answer as a method of the benchmark."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ...benchmarks.running.method import Diagnosed
from ...benchmarks.stimuli.stereo.batch import StereoBatch
from ...errors import InputError
from ..data.rooms import DelayClips, DelayRecipe, open_rooms
from ..networks.correlation import cross_spectra, generalised_correlations
from ..training.learned import LearnedModel
from ..training.learning import Examples
from ..training.recipe import Recipe

Float64 = npt.NDArray[np.float64]
MILLISECONDS = 1e3 / 16000
"""One sample at 16 kHz."""


@dataclass(frozen=True)
class DelayModel(LearnedModel):
    """A model that answers with the delay of a stereo clip.

    A subclass gives at least `name` and `network`; a network that takes whole clips (n, 2, samples) and returns delays
    (n,) in samples needs nothing else.
    """

    version: ClassVar[str] = "1"
    tracks: ClassVar[tuple[str, ...]] = ("tde", "left-right")
    recipe: ClassVar[type[Recipe]] = DelayRecipe
    clips_at_once: ClassVar[int] = 32
    validation_votes: ClassVar[int] = 128

    @classmethod
    def examples(cls, recipe: Any, data: Sequence[str]) -> Examples:
        """Return the clips of the set of random rooms in `data`."""
        return open_rooms(recipe, data)

    @classmethod
    def loss(cls, network: nn.Module, batch: Any) -> Tensor:
        """Return the mean absolute error in samples; raises InputError unless the network answers once a clip."""
        answers: Tensor = network(batch.audio)
        if answers.shape != batch.delay.shape:
            raise InputError(
                f"{cls.name}: the network answers {tuple(answers.shape)} to {len(batch.delay)} clips: "
                f"expected {tuple(batch.delay.shape)}, one delay a clip in samples, or a `loss` of your own"
            )
        error: Tensor = (answers - batch.delay).abs().mean()
        return error

    @classmethod
    def delays(cls, network: nn.Module, batch: StereoBatch, audio: Tensor) -> Tensor:
        """Return the delay (n,) in samples of each clip of `audio` (n, 2, samples), which is a part of `batch`."""
        answers: Tensor = network(audio)
        return answers

    @classmethod
    def validate(cls, network: nn.Module, examples: Any) -> Mapping[str, float]:
        """Return the mean absolute error (ms) of the network, and of GCC-PHAT, on the validation clips."""
        own, classical = [], []
        for clips in examples.validation():
            own.append((cls.answers(network, clips) - clips.delay).abs())
            classical.append((phase_transform_delays(clips.audio) - clips.delay).abs())
        return {
            "mae_ms": float(torch.cat(own).mean()) * MILLISECONDS,
            "gcc_phat_mae_ms": float(torch.cat(classical).mean()) * MILLISECONDS,
        }

    @classmethod
    def answers(cls, network: nn.Module, clips: DelayClips) -> Tensor:
        """Return the delay (n,) in samples of each of the `clips`, heard as in the benchmark's standard condition."""
        device = next(network.parameters()).device
        heard = standard_batch(clips.audio, cls.validation_votes)
        parts = torch.split(clips.audio, cls.clips_at_once)
        return torch.cat([cls.delays(network, heard, part.to(device)).cpu() for part in parts])

    @classmethod
    def figures(cls, network: nn.Module, examples: Any) -> Sequence[Any]:
        """Return matplotlib figures for the report: answers on the first validation clips against the truth."""
        from .figure import SHOWN_CLIPS, answers_figure  # loads matplotlib

        clips = next(examples.validation())
        clips = DelayClips(clips.audio[:SHOWN_CLIPS], clips.delay[:SHOWN_CLIPS])
        found = (clips.delay, cls.answers(network, clips), phase_transform_delays(clips.audio))
        truth, answers, classical = ((one * MILLISECONDS).tolist() for one in found)
        return [answers_figure(truth, answers, classical)]

    def predict(self, batch: StereoBatch) -> Float64 | Diagnosed:
        """Return the interaural time difference of each clip (clips,) in seconds."""
        with torch.inference_mode():
            delays = torch.cat([self.delays(self._network, batch, part).cpu() for part in self._parts(batch)])
        return delays.double().numpy() / batch.sample_rate

    def _parts(self, batch: StereoBatch) -> Iterator[Tensor]:
        """Yield the audio a few clips at a time, on the model's device."""
        audio = torch.from_numpy(np.ascontiguousarray(batch.audio))
        for first in range(0, len(audio), self.clips_at_once):
            yield audio[first : first + self.clips_at_once].to(self.device)


def standard_batch(audio: Tensor, votes: int = 128) -> StereoBatch:
    """Return `audio` (n, 2, samples) as the benchmark gives it in its standard condition: `votes` windows, 1 apart."""
    return StereoBatch(audio.numpy(), [""] * len(audio), 16000, audio.shape[-1] - votes + 1, 1, votes)


def phase_transform_delays(audio: Tensor) -> Tensor:
    """Return the delay (n,) in whole samples by GCC-PHAT over each whole clip (n, 2, samples), as a yardstick."""
    correlation = generalised_correlations(cross_spectra(audio), (1.0,), 24)[:, 0]
    return correlation.abs().argmax(-1).float() - 24
