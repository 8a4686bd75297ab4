"""The tasks of cross-view binauralization: what is given, what is to be found, and how an answer becomes sound (SLfM).

Spectrograms are pairs of channels (n, 2, 256, 256): real and imaginary part, or level and phase.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from .ear_stream import BINS, levels_and_phases, sound_of, spectra

_SLOWEST = 10_000.0


class Task(NamedTuple):
    """What the U-Net is `given`, what is true, and the answer of who hears no difference; (n, 2, 256, 256) each."""

    given: Tensor
    truth: Tensor
    no_difference: Tensor


def mono_to_binaural(audio: Tensor) -> Task:
    """Return the spectrogram of the sum of both ears, that of their difference (left minus right), and zero.

    `audio` is (n, 2, samples).
    """
    both = spectra(torch.stack([audio[:, 0] + audio[:, 1], audio[:, 0] - audio[:, 1]]))[..., :BINS, :]
    given, truth = torch.view_as_real(both).movedim(-1, 2).unbind(0)
    return Task(given, truth, torch.zeros_like(truth))


def left_to_right(audio: Tensor) -> Task:
    """Return level and phase of the left ear and of the right, for clips (n, 2, samples)."""
    left, right = levels_and_phases(spectra(audio)[..., :BINS, :]).unbind(1)
    return Task(left, right, left)


def masked(mask: Tensor, spectrogram: Tensor) -> Tensor:
    """Return the complex product of a mask and a spectrogram, both (n, 2, bins, frames): real and imaginary part."""
    (a, b), (c, d) = mask.float().unbind(1), spectrogram.unbind(1)
    return torch.stack([a * c - b * d, a * d + b * c], dim=1)


def ears_of(mono: Tensor, difference: Tensor) -> Tensor:
    """Return the sound at both ears (n, 2, samples) of their sum `mono` (n, samples) and the difference's spectrogram.

    The highest frequency, which the spectrogram lacks, is that of the sum, as published.
    """
    highest = spectra(mono)[..., BINS:, :]
    whole = torch.cat([torch.complex(*difference.float().unbind(1)), highest], dim=-2)
    side = sound_of(whole, mono.shape[-1])
    return torch.stack([mono + side, mono - side], dim=1) / 2


def angle_embedding(angle: Tensor, size: int) -> Tensor:
    """Return (..., size) numbers for angles (...), rad: sine and cosine, in turn, at rates from 1 down to 1 / 10,000.

    >>> angle_embedding(torch.zeros(1), 4).tolist()
    [[0.0, 1.0, 0.0, 1.0]]
    """
    rate = _SLOWEST ** (-torch.arange(0, size, 2, device=angle.device) / size)
    phase = angle[..., None] * rate
    return torch.stack([phase.sin(), phase.cos()], dim=-1).flatten(-2)
