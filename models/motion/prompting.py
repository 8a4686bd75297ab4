"""Audio prompting: the rotation that a pretext network shows when it predicts a sound of known azimuth (SLfM, A.1).

What is heard straight ahead in the first view comes from the opposite of the rotation in another one. So the network is
given such a sound, without a room, and the azimuth whose level differences are nearest to those of its prediction is a
vote. The level differences are compared by frequency, where the sound is not 30 dB below its loudest frequency (our
choice; the published one is not known).
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ...benchmarks.stimuli.stereo.votes import mode
from ...datagen.acoustics.sphere_head import SphereHead
from ..data.homes import HomeViews
from ..networks.auralization import auralized
from ..networks.ear_stream import BINS

AZIMUTHS_DEG = np.arange(-90.0, 91.0)
"""The azimuths of the prompts: 181, as published; the rigid sphere hears them."""
_AHEAD = len(AZIMUTHS_DEG) // 2
_AUDIBLE = 1e-3
_SHIFT = 997
"""Samples between the clips of two votes."""


def prompted_rotations(network: Any, batch: HomeViews, votes: int) -> npt.NDArray[np.float64]:
    """Return the rotations (n, views - 1), degrees, from the first view of each place to the others.

    `network` predicts both ears from their sum, and knows sounds and turns. The first sources of the batch speak; each
    of the `votes` has other speech, and the most frequent one wins.
    """
    response = prompt_responses().to(batch.dry.device)
    known = level_differences(torch.fft.rfft(response, 2 * BINS)[..., :BINS, None])
    found = [_nearest(network, batch, _prompt(batch, vote, response[_AHEAD]), known) for vote in range(votes)]
    azimuths = AZIMUTHS_DEG[torch.stack(found, dim=-1).cpu().numpy()]
    return -np.apply_along_axis(mode, -1, azimuths)


def prompt_responses() -> Tensor:
    """Return what the rigid sphere hears of a click from `AZIMUTHS_DEG`: (azimuths, 2, taps)."""
    angle = np.radians(AZIMUTHS_DEG)
    return torch.from_numpy(SphereHead().responses(np.stack([-np.sin(angle), 0 * angle, -np.cos(angle)], axis=-1)))


def level_differences(ears: Tensor) -> Tensor:
    """Return how much louder the left ear is, dB (..., bins), by spectrograms of both (..., 2, bins, frames)."""
    left, right = ears.abs().square().sum(-1).clamp_min(1e-12).log10().unbind(-2)
    return 10 * (left - right)


def _prompt(batch: HomeViews, vote: int, response: Tensor) -> Tensor:
    """Return the sound (n, 2, samples) straight ahead for a `vote`: speech of the places, passed on and shifted."""
    samples = batch.dry.shape[-1] - batch.response.shape[-1] + 1
    needed = samples + response.shape[-1] - 1
    start = _SHIFT * vote % (batch.dry.shape[-1] - needed + 1)
    dry = batch.dry[:, 0, :1, start : start + needed].roll(vote, dims=0)
    return auralized(dry, response)


def _nearest(network: Any, batch: HomeViews, prompt: Tensor, known: Tensor) -> Tensor:
    """Return which of the `known` level differences (azimuths, bins) is nearest to the predicted: (n, views - 1)."""
    views = batch.image.shape[1]
    task, answer = network.answered(batch, prompt[:, None].expand(-1, views, -1, -1))
    mono, side = (torch.complex(*one.float().unbind(1)) for one in (task.given, answer))
    predicted = level_differences(torch.stack([mono + side, mono - side], dim=1))
    power = mono.abs().square().sum(-1)
    audible = (power > _AUDIBLE * power.amax(-1, keepdim=True)).float()
    distance = ((predicted[:, None] - known).abs() * audible[:, None]).sum(-1)
    return distance.argmin(-1).reshape(-1, views - 1)
