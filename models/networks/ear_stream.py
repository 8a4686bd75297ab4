"""What two ears hear, as SLfM's networks take it: spectrograms of 256 x 256 (Chen et al. 2023; the released code).

Windows are rectangular, 400 samples long and filled up to 512; the hop is such that every clip has 256 frames.
"""

import math

import torch
from torch import Tensor

from .residual import PUBLISHED_WIDTHS, ResidualEncoder
from .turning import initialise

BINS, FRAMES = 256, 256
"""Frequencies, without the highest one, and frames of a spectrogram."""
_FFT, _WINDOW = 512, 400
_QUIETEST_DB, _LOUDEST_DB = -100.0, 60.0
_FLOOR = 1e-5


class EarStream(ResidualEncoder):
    """From binaural clips (n, 2, samples) to features (n, `features`): ResNet-18 on level and phase of both ears.

    `width` 1 is the published network, of 64 to 512 filters.
    """

    def __init__(self, features: int = 512, width: float = 1.0) -> None:
        widths = [round(filters * width) for filters in PUBLISHED_WIDTHS]
        super().__init__(widths, features, channels=4, blocks=2)
        self.size = features
        initialise(self)

    def forward(self, audio: Tensor, joined: Tensor | None = None) -> Tensor:
        """Return the features of each clip."""
        image = levels_and_phases(spectra(audio)[..., :BINS, :]).flatten(1, 2)
        return super().forward(image.contiguous(memory_format=torch.channels_last), joined)


def hop_of(samples: int) -> int:
    """Return the hop, in samples, that gives a clip of `samples` its `FRAMES`.

    >>> hop_of(40_800), hop_of(8_160)
    (160, 32)
    """
    return samples // (FRAMES - 1)


def spectra(audio: Tensor) -> Tensor:
    """Return the spectrogram (..., BINS + 1, FRAMES), complex, of clips (..., samples), not normalised."""
    flat = audio.float().reshape(-1, audio.shape[-1])
    spectrum = torch.stft(
        flat, _FFT, hop_of(flat.shape[-1]), _WINDOW, torch.ones(_WINDOW, device=flat.device), return_complex=True
    )[..., :FRAMES]
    return spectrum.reshape(*audio.shape[:-1], *spectrum.shape[1:])


def sound_of(spectrum: Tensor, samples: int) -> Tensor:
    """Return the clip (..., samples) of a spectrogram (..., BINS + 1, FRAMES): the inverse of `spectra`.

    `samples` are a multiple of `FRAMES` - 1, so that the frames reach the end.
    """
    flat, window = spectrum.reshape(-1, *spectrum.shape[-2:]), torch.ones(_WINDOW, device=spectrum.device)
    sound = torch.istft(flat, _FFT, hop_of(samples), _WINDOW, window, length=samples)
    return sound.reshape(*spectrum.shape[:-2], samples)


def levels_and_phases(spectrum: Tensor) -> Tensor:
    """Return level and phase (..., 2, bins, frames) of a complex spectrogram (..., bins, frames), both in -1..1.

    The level is -1 at -100 dB and 1 at 60 dB, the phase -1 and 1 at half a turn.
    """
    level = 20 * spectrum.abs().clamp_min(_FLOOR).log10()
    level = 2 * (level - _QUIETEST_DB) / (_LOUDEST_DB - _QUIETEST_DB) - 1
    return torch.stack([level.clamp(-1, 1), spectrum.angle() / math.pi], dim=-3)
