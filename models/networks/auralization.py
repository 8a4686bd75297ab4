"""What two ears hear of dry sounds, convolved where the training runs."""

import torch
from torch import Tensor


def auralized(dry: Tensor, response: Tensor) -> Tensor:
    """Return the sound at both ears (..., 2, samples) of sources that say `dry` (..., sources, samples + taps - 1).

    `response` is (..., sources, 2, taps). Only samples that all `taps` reach are returned, so that a segment begins
    with the reverberation of what was said before it.
    """
    taps = response.shape[-1]
    size = _fast_size(dry.shape[-1])
    spectrum = torch.fft.rfft(dry.float(), size).unsqueeze(-2) * torch.fft.rfft(response.float(), size)
    heard: Tensor = torch.fft.irfft(spectrum.sum(-3), size)[..., taps - 1 : dry.shape[-1]]
    return heard


def _fast_size(samples: int) -> int:
    """Return the smallest 2^a 3^b 5^c of at least `samples`: circular wrap reaches only samples that are dropped."""
    size = samples
    while True:
        rest = size
        for factor in (2, 3, 5):
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return size
        size += 1
