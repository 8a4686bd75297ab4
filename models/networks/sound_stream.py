"""The sound stream of a localizer: from a clip to one vector, through its log spectrogram or its waveform.

Clips are brought to one level first; silence stays silence.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...conventions import SAMPLE_RATE

BANDS, WINDOW, HOP = 64, 512, 320
"""Mel bands, and samples of a window and between windows."""
_LOWEST_HZ = 50.0
_LEVEL, _QUIETEST = 0.1, 1e-3
"""Level that clips are brought to, and the lowest that is raised to it (-60 dB)."""
_MASKED_BANDS, _MASKED_SHARE = 12, 0.2
_SOUNDNET = ((16, 64, 8), (32, 32, 8), (64, 16, 1), (128, 8, 1), (256, 4, 4), (512, 4, 1), (1024, 4, 1), (1000, 8, 1))
"""Filters, their length, and the pooling after them, of the layers of SoundNet (Aytar et al. 2016)."""


class SpectrogramStream(nn.Module):
    """From clips (n, samples) to vectors (n, features): a network on the log mel spectrogram.

    Three blocks halve bands and frames; then a filter spans all bands, so that pitch is not averaged away, and the mean
    and the maximum over time go into a linear layer. Bands and frames are masked at random while it learns.
    """

    mel: Tensor
    window: Tensor

    def __init__(self, widths: Sequence[int], features: int) -> None:
        super().__init__()
        self.register_buffer("mel", mel_filters(), persistent=False)
        self.register_buffer("window", torch.hann_window(WINDOW), persistent=False)
        layers, given = [], 1
        for number, width in enumerate(widths):
            layers += [nn.Conv2d(given, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
            layers += [nn.MaxPool2d(2)] if number < 3 else []
            given = width
        wide = 2 * widths[-1]
        layers += [nn.Conv2d(given, wide, (BANDS >> min(len(widths), 3), 1), bias=False), nn.BatchNorm2d(wide)]
        self.layers = nn.Sequential(*layers, nn.ReLU(inplace=True))
        self.last = nn.Linear(2 * wide, features)

    def forward(self, audio: Tensor) -> Tensor:
        """Return the vector of each clip."""
        image = log_mel(levelled(audio), self.mel, self.window)
        hidden = self.layers((_masked(image) if self.training else image)[:, None])[:, :, 0]
        vectors: Tensor = self.last(torch.cat([hidden.mean(-1), hidden.amax(-1)], dim=-1))
        return vectors


class WaveformStream(nn.Module):
    """From clips (n, samples) to vectors (n, features): SoundNet's eight layers, of `width` times its filters.

    The mean over time of the last layer is the vector, after a linear layer if `width` is not 1. Clips shorter than a
    second are followed by silence.
    """

    def __init__(self, width: float, features: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        given = 1
        for filters, length, pooled in _SOUNDNET:
            made = max(round(filters * width), 4)
            convolution = nn.Conv1d(given, made, length, stride=2, padding=length // 2, bias=False)
            layers += [convolution, nn.BatchNorm1d(made), nn.ReLU(inplace=True)]
            layers += [nn.MaxPool1d(pooled)] if pooled > 1 else []
            given = made
        self.layers = nn.Sequential(*layers[:-1])
        self.last = nn.Identity() if given == features else nn.Linear(given, features)

    def forward(self, audio: Tensor) -> Tensor:
        """Return the vector of each clip."""
        padded = functional.pad(levelled(audio), (0, max(SAMPLE_RATE - audio.shape[-1], 0)))
        vectors: Tensor = self.last(self.layers(padded[:, None]).mean(-1))
        return vectors


def levelled(audio: Tensor) -> Tensor:
    """Return clips (n, samples) at one level; those below -60 dB of full scale are raised no further than by 40 dB."""
    level = audio.square().mean(-1, keepdim=True).sqrt()
    return audio * (_LEVEL / level.clamp_min(_QUIETEST))


def log_mel(audio: Tensor, mel: Tensor, window: Tensor) -> Tensor:
    """Return the log mel spectrogram (n, bands, frames) of clips (n, samples), about 0 on average and 1 wide."""
    padded = functional.pad(audio, (0, max(WINDOW + 7 * HOP - audio.shape[-1], 0)))
    frames = padded.float().unfold(-1, WINDOW, HOP) * window
    power = torch.fft.rfft(frames).abs().square()
    return ((power @ mel).clamp_min(1e-5).log10().transpose(-2, -1) + 1.5) / 2


def mel_filters() -> Tensor:
    """Return triangular filters (bins, bands), evenly spaced on the mel scale of O'Shaughnessy (1987)."""
    highest = SAMPLE_RATE / 2
    mels = torch.linspace(_mel(_LOWEST_HZ), _mel(highest), BANDS + 2, dtype=torch.float64)
    edges = 700 * (10 ** (mels / 2595) - 1)
    bins = torch.linspace(0, highest, WINDOW // 2 + 1, dtype=torch.float64)[:, None]
    rise, fall = (bins - edges[:-2]) / edges.diff()[:-1], (edges[2:] - bins) / edges.diff()[1:]
    filters = torch.minimum(rise, fall).clamp_min(0)
    nearest = (bins - edges[1:-1]).abs().argmin(0)  # low bands are narrower than a bin
    filters[nearest, torch.arange(BANDS)] = torch.where(filters.sum(0) > 0, filters[nearest, torch.arange(BANDS)], 1.0)
    return filters.float()


def _mel(hertz: float) -> float:
    return 2595 * math.log10(1 + hertz / 700)


def _masked(image: Tensor) -> Tensor:
    """Return spectrograms (n, bands, frames) with bands and frames at zero (SpecAugment, Park et al. 2019)."""
    count, bands, frames = image.shape
    hidden = _spans(count, bands, _MASKED_BANDS, image)[:, :, None]
    return image.masked_fill(hidden | _spans(count, frames, int(frames * _MASKED_SHARE), image)[:, None], 0.0)


def _spans(count: int, size: int, longest: int, like: Tensor) -> Tensor:
    """Return one random span of up to `longest` of `size` places, as a mask (count, size)."""
    length = torch.rand(count, 1, device=like.device) * longest
    first = torch.rand(count, 1, device=like.device) * (size - length)
    place = torch.arange(size, device=like.device)
    return (place >= first) & (place < first + length)
