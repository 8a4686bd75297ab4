"""`stereocrw`, `zeronce` and `monoclr`: delays learned from stereo clips without labels (Chen et al. 2022).

An encoder gives each patch of a channel an embedding. They differ in what is asked of it: a walk from the left channel
to the right and back comes home (`stereocrw`); patches at the same time match (`zeronce`, which assumes no delay);
a patch matches itself in the clean, shifted left channel (`monoclr`, which never hears the right one).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field
from torch import Tensor, nn

from ...benchmarks.running.method import Diagnosed
from ...benchmarks.stimuli.stereo.batch import StereoBatch
from ...benchmarks.stimuli.stereo.votes import Combination, combine
from ...errors import InputError
from ..data.views import MAX_SHIFT, ONE_VOTE, ClipViews, Views, ViewsRecipe, open_views
from ..networks.patches import SHORTEST_PATCH, PatchEncoder, shifted_affinities
from ..networks.residual import PUBLISHED_WIDTHS
from ..networks.walks import affinity, cycle_loss, match_loss, soft_votes
from ..training.recipe import Bounds, Size
from .method import DelayModel

_FAST = {"nodes": 25, "learning_rate": 3e-3}
"""What learned fastest on a CPU: fewer patches of more clips, at a higher rate than published."""


class StereoCrwRecipe(ViewsRecipe):
    """The recipe of `stereocrw`; `paper` is the second stage, `--set patch=7680` the first."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "tiny": {**_FAST, "steps": 60, "batch": 16, "widths": (8, 16, 32, 64), "validations": 2},
        "small": {**_FAST, "steps": 2500, "batch": 32},
        "paper": {
            "steps": 158_000,
            "batch": 48,
            "learning_rate": 1e-4,
            "warm_up": 0.0,
            "widths": PUBLISHED_WIDTHS,
            "frames": 128,
            "compression": 0.0,
        },
    }
    widths: tuple[Size, Size, Size, Size] = (16, 32, 64, 128)
    """Filters of the stem and of the four blocks."""
    frames: int = Field(default=32, ge=8)
    """Frames of a patch's spectrogram."""
    compression: float = Field(default=0.5, ge=0, le=1)
    """Power of the magnitude by which each bin is divided."""
    temperature: float = Field(default=0.05, gt=0)


class MonoClrRecipe(StereoCrwRecipe):
    """The recipe of `monoclr`: louder, and the clean channel is shifted by up to 1 ms."""

    scaling: Bounds = (0.5, 5.5)
    largest_shift: ClassVar[int] = 16


@dataclass(frozen=True)
class StereoCrw(DelayModel):
    """A walk from the augmented left channel to the augmented right and back to the clean left comes home.

    At inference each patch of the left channel votes for the mean delay of the patches of the right one, weighted by
    their softmax within 1.5 ms; `votes` combines them. Windows closer than 1.5 ms to the clip's ends cannot vote: of
    128 windows one sample apart, 80 do. If none can, the middle of the clip votes, 48 samples shorter than a window.
    """

    votes: Combination = "mean"
    name: ClassVar[str] = "stereocrw"
    recipe: ClassVar[type[StereoCrwRecipe]] = StereoCrwRecipe
    clips_at_once: ClassVar[int] = 4
    validation_votes: ClassVar[int] = ONE_VOTE

    @classmethod
    def network(cls, recipe: StereoCrwRecipe) -> PatchEncoder:
        """Return the untrained network."""
        return PatchEncoder(
            recipe.widths,
            frames=recipe.frames,
            compression=recipe.compression,
            patch=recipe.patch,
            stride=recipe.stride,
            temperature=recipe.temperature,
        )

    @classmethod
    def examples(cls, recipe: StereoCrwRecipe, data: Sequence[str]) -> ClipViews:
        """Return views of the set of random rooms, or of the folder of stereo recordings, in `data`."""
        return open_views(recipe, data)

    @classmethod
    def loss(cls, network: Any, batch: Views) -> Tensor:
        """Return minus the mean log-probability of coming home."""
        left, right, home = embedded(network, batch.left, batch.right, batch.clean)
        return cycle_loss(compare(network, left, right), compare(network, right, home))

    @classmethod
    def validate(cls, network: nn.Module, examples: ClipViews) -> Mapping[str, float]:
        """Return the mean absolute error (ms) of one vote a clip, and of GCC-PHAT; of recordings, the held-out loss."""
        if examples.labelled:
            return super().validate(network, examples)
        device = next(network.parameters()).device
        batches = (Views(*(view.to(device) for view in views)) for views in examples.held_out())
        losses = [float(cls.loss(network, views)) for views in batches]
        return {"held_out_loss": sum(losses) / len(losses)}

    @classmethod
    def figures(cls, network: nn.Module, examples: ClipViews) -> Sequence[Any]:
        """Return the answers against the truth, where it is known."""
        return super().figures(network, examples) if examples.labelled else []

    @classmethod
    def delays(cls, network: nn.Module, batch: StereoBatch, audio: Tensor) -> Tensor:
        """Return the mean delay (n,) in samples over the windows of each clip."""
        return torch.from_numpy(combine(cls.ballots(network, batch, audio), "mean")).float()

    @classmethod
    def ballots(cls, network: Any, batch: StereoBatch, audio: Tensor) -> npt.NDArray[np.float64]:
        """Return the vote (n, voters) in samples of each window that can vote."""
        patch, starts = cls.voters(batch, audio.shape[-1])
        shifts = torch.arange(-MAX_SHIFT, MAX_SHIFT + 1, device=audio.device)
        cosines = shifted_affinities(network, audio, patch, torch.as_tensor(starts, device=audio.device), shifts)
        return np.asarray(soft_votes(cosines / network.temperature, shifts).double().cpu().numpy())

    @classmethod
    def voters(cls, batch: StereoBatch, samples: int) -> tuple[int, npt.NDArray[np.intp]]:
        """Return the samples of a patch, and where the patches that vote begin, in clips of `samples`.

        Raises InputError if the patches are too short for the spectrogram.
        """
        patch, starts = batch.window, np.arange(batch.votes) * batch.hop
        starts = starts[(starts >= MAX_SHIFT) & (starts + patch + MAX_SHIFT <= samples)]
        if not len(starts):
            patch = batch.window - 2 * MAX_SHIFT
            starts = np.array([(samples - patch) // 2])
        if patch < SHORTEST_PATCH:
            raise InputError(
                f"{cls.name}: windows of {batch.window} samples are too short, it compares patches of "
                f"{SHORTEST_PATCH} or more; ask for longer clips with --clip-seconds"
            )
        return patch, starts

    def predict(self, batch: StereoBatch) -> Diagnosed:
        """Return the interaural time difference of each clip (clips,) in seconds.

        The diagnostic `voters` is the number of windows that vote: 80 of the 128 in the standard condition.
        """
        with torch.inference_mode():
            ballots = np.concatenate([self.ballots(self._network, batch, part) for part in self._parts(batch)])
        voters = np.full(len(ballots), ballots.shape[1])
        return Diagnosed(combine(ballots, self.votes) / batch.sample_rate, {"voters": voters})


@dataclass(frozen=True)
class ZeroNce(StereoCrw):
    """Patches at the same time match, whatever the delay: what is learned are slow features. See `StereoCrw`."""

    name: ClassVar[str] = "zeronce"

    @classmethod
    def loss(cls, network: Any, batch: Views) -> Tensor:
        """Return the cross-entropy of the patch at the same time, augmented left against augmented right."""
        left, right = embedded(network, batch.left, batch.right)
        return match_loss(compare(network, left, right), torch.zeros_like(batch.shift))


@dataclass(frozen=True)
class MonoClr(StereoCrw):
    """A patch of one augmented channel matches itself in the clean, shifted channel. See `StereoCrw`."""

    name: ClassVar[str] = "monoclr"
    recipe: ClassVar[type[StereoCrwRecipe]] = MonoClrRecipe

    @classmethod
    def loss(cls, network: Any, batch: Views) -> Tensor:
        """Return the cross-entropy of the same patch, without rows that a shift may move outside."""
        left, clean = embedded(network, batch.left, batch.clean)
        shift = torch.round(batch.shift / network.stride).long()
        return match_loss(compare(network, left, clean), shift, skipped=int(shift.abs().max()))


def embedded(network: Any, *channels: Tensor) -> tuple[Tensor, ...]:
    """Return the embeddings (n, nodes, 128) of the patches of each of `channels` (n, samples)."""
    embeddings: Tensor = network(network.nodes(torch.stack(channels)))
    return embeddings.unbind(0)


def compare(network: Any, first: Tensor, second: Tensor) -> Tensor:
    """Return the affinities of two sets of embeddings at the network's temperature."""
    return affinity(first, second, network.temperature)
