"""Windows of stereo clips and their generalised cross-correlations at the few delays that matter, in torch."""

from functools import lru_cache

import torch
from torch import Tensor

_TINY = 1e-20


def windows_of(audio: Tensor, window: int, hop: int, count: int) -> Tensor:
    """Return `count` windows (n, count, 2, window) of `audio` (n, 2, samples), `hop` samples apart."""
    return audio.unfold(-1, window, hop)[:, :, :count].transpose(1, 2)


def normalised(audio: Tensor) -> Tensor:
    """Return `audio` (..., 2, samples) divided by its root mean square over both channels; silence stays silent."""
    level = audio.square().mean(dim=(-2, -1), keepdim=True).sqrt()
    return torch.div(audio, level.clamp_min(1e-9))


def cross_spectra(audio: Tensor) -> Tensor:
    """Return conj(L) R (..., samples + 1), complex, of `audio` (..., 2, samples) zero-padded to twice its length."""
    spectra: Tensor = torch.fft.rfft(audio, 2 * audio.shape[-1])
    return spectra[..., 0, :].conj() * spectra[..., 1, :]


def generalised_correlations(cross: Tensor, exponents: tuple[float, ...], lags: int, per_sample: int = 1) -> Tensor:
    """Return correlations (..., exponents, 2 * lags * per_sample + 1) of `cross` / |cross|^exponent.

    `cross` (..., bins) is complex, the spectrum of a real sequence of 2 (bins - 1) samples. The last axis holds delays
    t_right - t_left from -`lags` to `lags` samples, `per_sample` to a sample (Knapp and Carter 1976; the exponents are
    those of Salvati et al. 2021).
    """
    logarithm = (cross.abs() + _TINY).log()
    weights = torch.stack([(-exponent * logarithm).exp() for exponent in exponents], dim=-2)
    weighted = cross[..., None, :] * weights
    cosine, sine = delay_tables(cross.shape[-1], lags, per_sample, cross.device)
    return weighted.real @ cosine - weighted.imag @ sine


@lru_cache(maxsize=8)
@torch.inference_mode(mode=False)
def delay_tables(bins: int, lags: int, per_sample: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return the cosines and sines (bins, delays) of an inverse real transform of 2 (bins - 1) samples.

    They serve training too, wherever they were first asked for.
    """
    delays = torch.arange(-lags * per_sample, lags * per_sample + 1, dtype=torch.float64) / per_sample
    angle = torch.pi / (bins - 1) * torch.arange(bins, dtype=torch.float64)[:, None] * delays
    weight = torch.full((bins, 1), 1 / (bins - 1), dtype=torch.float64)
    weight[[0, -1]] /= 2
    return (weight * angle.cos()).float().to(device), (weight * angle.sin()).float().to(device)
