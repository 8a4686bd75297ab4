"""Where a sound comes from, by two ears: our small network.

It hears the level of each time and frequency, the level difference and the phase difference of the ears, and keeps
apart frequencies until the end, where time is averaged.
"""

import math

import torch
from torch import Tensor, nn

from .correlation import normalised
from .residual import ResidualBlock
from .turning import initialise

WINDOW, HOP = 512, 320
STEP_DEG, LARGEST_DEG = 3.0, 96.0
"""Spacing and end of the azimuths that are told, degrees: a sphere cannot tell front from back."""
_FLOOR = 1e-4


class HearingEncoder(nn.Module):
    """From binaural clips (n, 2, samples) to features (n, `size`)."""

    window: Tensor

    def __init__(self, widths: tuple[int, int, int] = (16, 32, 64), size: int = 256) -> None:
        super().__init__()
        first, second, third = widths
        self.size = size
        self.register_buffer("window", torch.hann_window(WINDOW), persistent=False)
        self.layers = nn.Sequential(
            nn.Conv2d(4, first, 5, stride=2, padding=2, bias=False), nn.BatchNorm2d(first), nn.ReLU(inplace=True),
            ResidualBlock(first, first), ResidualBlock(first, second, 2), ResidualBlock(second, third, 2),
        )  # fmt: skip
        self.last = nn.Sequential(nn.Flatten(), nn.Linear(WINDOW // 16 * 2 * third, size), nn.ReLU(inplace=True))
        initialise(self)

    def forward(self, audio: Tensor) -> Tensor:
        """Return the features of each clip."""
        image = ear_image(audio, self.window).contiguous(memory_format=torch.channels_last)
        hidden = self.layers(image)
        features: Tensor = self.last(torch.cat([hidden.mean(-1), hidden.amax(-1)], dim=1))
        return features


def ear_image(audio: Tensor, window: Tensor) -> Tensor:
    """Return what is compared of clips (n, 2, samples): (n, 4, WINDOW / 2 bins, frames).

    The channels are the level of both ears together and the level difference (left minus right), in units of 20 dB, and
    the cosine and sine of the phase difference (left minus right).
    """
    left, right = spectra(normalised(audio), window).unbind(1)
    level, other = left.abs() + _FLOOR * WINDOW, right.abs() + _FLOOR * WINDOW
    cross = left * right.conj()
    phase = cross / (cross.abs() + 1e-9)
    return torch.stack([(level * other).log10() / 2, (level / other).log10(), phase.real, phase.imag], dim=1)


def spectra(audio: Tensor, window: Tensor) -> Tensor:
    """Return the spectra (n, 2, WINDOW / 2 bins, frames) of windows `HOP` samples apart; the highest bin is dropped."""
    padded = nn.functional.pad(audio.float(), (0, max(WINDOW + 7 * HOP - audio.shape[-1], 0)))
    frames = padded.unfold(-1, WINDOW, HOP) * window
    spectrum: Tensor = torch.fft.rfft(frames)[..., :-1]
    return spectrum.transpose(-2, -1)


class HearingHead(nn.Module):
    """From the features of a clip to a distribution over azimuths, evenly spaced from -`LARGEST_DEG` on."""

    azimuth: Tensor

    def __init__(self, features: int, hidden: int = 128) -> None:
        super().__init__()
        count = round(2 * LARGEST_DEG / STEP_DEG) + 1
        self.layers = nn.Sequential(nn.Linear(features, hidden), nn.ReLU(inplace=True), nn.Linear(hidden, count))
        self.register_buffer("azimuth", (torch.arange(count) - count // 2) * math.radians(STEP_DEG), persistent=False)
        initialise(self)

    def forward(self, features: Tensor) -> Tensor:
        """Return the logits (n, azimuths) of `self.azimuth`, rad, left positive."""
        logits: Tensor = self.layers(features)
        return logits
