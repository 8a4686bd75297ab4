"""A network that hears a whole clip and gives a distribution over its delay.

Reflections arrive later than the direct sound and mislead a correlation over the whole clip. So the network sees when
and where in the spectrum each correlation comes from: for every frame and band, a correlation at each possible delay,
with the band's level, its rise since the frame before, and the level difference between the channels. It weighs frames
and bands, and reads the delay from what is left together with the correlations of the whole clip.
"""

from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor, nn

from .correlation import cross_spectra, generalised_correlations, normalised

FRAME, HOP, BINS = 512, 160, 257
LAGS, PER_SAMPLE = 20, 2
DELAYS = 2 * LAGS * PER_SAMPLE + 1
"""Delays from -20 to 20 samples (0.43 m between the microphones) in steps of half a sample."""
BANDS = 24
EXPONENTS = (0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 1.0)
_LOWEST_HZ, _HIGHEST_HZ, _NYQUIST = 80.0, 8000.0, 8000.0


def delay_grid(device: torch.device | None = None) -> Tensor:
    """Return the delays (81,) of the distribution, in samples."""
    return torch.arange(DELAYS, device=device) / PER_SAMPLE - LAGS


@lru_cache(maxsize=4)
@torch.inference_mode(False)  # a table made while answering must also serve training
def _bands(device: torch.device) -> Tensor:
    """Return the weight (24, 257) of each bin in each band: triangles evenly spaced in mel, overlapping by half."""
    mel = 2595 * torch.log10(1 + torch.tensor([_LOWEST_HZ, _HIGHEST_HZ]) / 700)
    edges = 700 * (10 ** (torch.linspace(float(mel[0]), float(mel[1]), BANDS + 2) / 2595) - 1)
    hertz = torch.linspace(0, _NYQUIST, BINS)
    rising = (hertz - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - hertz) / (edges[2:] - edges[1:-1])[:, None]
    weight = torch.minimum(rising, falling).clamp_min(0)
    return torch.div(weight, weight.sum(1, keepdim=True)).to(device)


@lru_cache(maxsize=4)
@torch.inference_mode(False)
def _band_delays(device: torch.device) -> Tensor:
    """Return what turns the phases of a frame, (2 * 257,) real then imaginary, into correlations (24 * 81,)."""
    angle = torch.pi / (BINS - 1) * torch.arange(BINS)[:, None] * delay_grid()
    weight = _bands(torch.device("cpu"))[:, :, None]
    real, imaginary = weight * angle.cos(), -weight * angle.sin()
    return torch.cat([real, imaginary], dim=1).permute(1, 0, 2).reshape(2 * BINS, -1).contiguous().to(device)


def frames_of(audio: Tensor) -> Tensor:
    """Return the spectra (n, 2, frames, 257) of `audio` (n, 2, samples), Hann frames of 32 ms every 10 ms."""
    window = torch.hann_window(FRAME, device=audio.device)
    padded = nn.functional.pad(audio, (HOP, HOP))
    spare = (padded.shape[-1] - FRAME) % HOP
    padded = nn.functional.pad(padded, (0, (HOP - spare) % HOP))
    spectra: Tensor = torch.fft.rfft(padded.unfold(-1, FRAME, HOP) * window)
    return spectra


def band_features(audio: Tensor) -> tuple[Tensor, Tensor]:
    """Return correlations (n, 24, frames, 81) by band and frame, and levels (n, 3, 24, frames) of `audio`.

    A correlation is 1 where all phases of the band agree with a delay. The levels: log power in the middle of both
    channels, its rise since the frame before, and the difference left minus right; in units of 10 dB.
    """
    spectra = frames_of(normalised(audio))
    cross = spectra[:, 0].conj() * spectra[:, 1]
    phases = cross / (cross.abs() + 1e-9)
    flat = torch.cat([phases.real, phases.imag], dim=-1) @ _band_delays(audio.device)
    correlations = flat.reshape(*flat.shape[:-1], BANDS, DELAYS).transpose(1, 2)
    power = (spectra.abs().square() @ _bands(audio.device).T + 1e-4).log10()
    middle, difference = power.mean(1), power[:, 0] - power[:, 1]
    rise = torch.diff(middle, dim=1, prepend=middle[:, :1])
    return correlations, torch.stack([middle, rise, difference], dim=1).transpose(2, 3)


class Features(NamedTuple):
    """What the network knows of clips: correlations of the `whole` clip (n, 7, 81), and those of `band_features`."""

    whole: Tensor
    correlations: Tensor
    levels: Tensor

    def mirrored(self) -> "Features":
        """Return the features of the same clips with their channels swapped."""
        middle, rise, difference = self.levels.unbind(1)
        swapped = torch.stack([middle, rise, -difference], dim=1)
        return Features(self.whole.flip(-1), self.correlations.flip(-1), swapped)


def features_of(audio: Tensor) -> Features:
    """Return the features of `audio` (n, 2, samples)."""
    whole = generalised_correlations(cross_spectra(normalised(audio)), EXPONENTS, LAGS, PER_SAMPLE)
    whole = whole / whole.abs().amax(dim=-1, keepdim=True).clamp_min(1e-12)
    return Features(whole, *band_features(audio))


class DirectSoundNetwork(nn.Module):
    """From clips (n, 2, samples) of any length to logits (n, 81) over `delay_grid`."""

    def __init__(self, width: int, blocks: int, gates: int) -> None:
        super().__init__()
        self.gate = nn.Sequential(
            nn.Conv2d(4, 24, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(24, 24, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(24, gates, 1),
        )
        self.frames = nn.Sequential(
            nn.Conv2d(2 * BANDS, width // 2, (1, 5), padding=(0, 2), bias=False),
            nn.BatchNorm2d(width // 2),
            nn.ReLU(),
            nn.Conv2d(width // 2, width // 2, (3, 5), padding=(1, 2), bias=False),
            nn.BatchNorm2d(width // 2),
            nn.ReLU(),
        )
        self.attention = nn.Conv2d(width // 2, 4, 1)
        given = len(EXPONENTS) + BANDS + gates + 2 * width
        self.join = nn.Sequential(nn.Conv1d(given, width, 5, padding=2, bias=False), nn.BatchNorm1d(width), nn.ReLU())
        self.blocks = nn.ModuleList(_Residual(width) for _ in range(blocks))
        self.logits = nn.Conv1d(width, 1, 5, padding=2)
        self.prior = nn.Parameter(torch.zeros(DELAYS))

    def forward(self, audio: Tensor) -> Tensor:
        """Return the logits of each clip."""
        return self.logits_of(features_of(audio))

    def mirrored(self, audio: Tensor) -> Tensor:
        """Return the mean of the logits of each clip and of its mirror image: swapped channels negate the answer."""
        features = features_of(audio)
        return (self.logits_of(features) + self.logits_of(features.mirrored()).flip(-1)) / 2

    def logits_of(self, heard: Features) -> Tensor:
        """Return the logits of clips whose features were `heard`."""
        whole, correlations, levels = heard
        features = torch.cat([levels, correlations.amax(dim=-1)[:, None]], dim=1)
        share = self.gate(features).flatten(2).softmax(dim=-1)
        gated = share @ correlations.flatten(1, 2)
        hidden = self.frames(torch.cat([correlations, correlations * levels[:, 0, :, :, None]], dim=1))
        weight = self.attention(hidden).softmax(dim=2)
        attended = torch.einsum("nhtl,nctl->nhcl", weight, hidden).flatten(1, 2)
        joined = self.join(torch.cat([whole, correlations.mean(dim=2), gated, attended], dim=1))
        for block in self.blocks:
            joined = block(joined)
        answer: Tensor = self.logits(joined)[:, 0] + self.prior
        return answer


class _Residual(nn.Module):
    """Two convolutions over delay, added to their input."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv1d(width, width, 5, padding=2, bias=False),
            nn.BatchNorm1d(width),
            nn.ReLU(),
            nn.Conv1d(width, width, 5, padding=2, bias=False),
            nn.BatchNorm1d(width),
        )

    def forward(self, features: Tensor) -> Tensor:
        return torch.relu(features + self.body(features))
