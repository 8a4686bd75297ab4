"""NGCC-PHAT: generalised cross-correlations of learned filters (Berg et al., Interspeech 2022).

The same filters run over both channels. Every layer before the correlation is a circular convolution that keeps the
length, so a channel that is shifted shifts the output, and the correlation moves by as much.
"""

import math

import torch
from torch import Tensor, nn

from ...conventions import SAMPLE_RATE
from .correlation import delay_tables

SINC_TAPS = 1023
"""Published length of the first filters, samples."""
WHITENING = 1e-3
"""Added to the magnitude of a cross-spectrum before it is divided by it."""
_LOWEST_HZ, _NARROWEST_HZ, _NYQUIST = 50.0, 50.0, SAMPLE_RATE / 2
_FIRST_EDGE_HZ, _LAST_EDGE_HZ = 30.0, 7900.0
_SLOPE = 0.2
"""Of the leaky rectifiers, below zero."""


class SincBank(nn.Module):
    """Band-pass filters, given by their edges in Hz; they do not learn, as training hardly moves them.

    From channels (n, samples) to (n, filters, samples), circularly.
    """

    def __init__(self, filters: int, taps: int = SINC_TAPS) -> None:
        super().__init__()
        edges = mel_spaced(_FIRST_EDGE_HZ, _LAST_EDGE_HZ, filters + 1)[:, None]
        self.taps = taps
        self.low_hz_ = nn.Parameter(edges[:-1].clone(), requires_grad=False)
        self.band_hz_ = nn.Parameter(edges.diff(dim=0), requires_grad=False)

    def edges(self) -> tuple[Tensor, Tensor]:
        """Return the lower and upper edge (filters, 1) of each band in Hz."""
        low = _LOWEST_HZ + self.low_hz_.double().abs()
        high = (low + _NARROWEST_HZ + self.band_hz_.double().abs()).clamp(_LOWEST_HZ, _NYQUIST)
        return low, high

    def impulse_responses(self) -> Tensor:
        """Return the filters (filters, taps), float64: a difference of two sincs under a Hamming window, 1 at most."""
        low, high = self.edges()
        place = torch.arange(self.taps, dtype=torch.float64, device=low.device) - self.taps // 2
        sincs = [2 * hertz / SAMPLE_RATE * torch.sinc(2 * hertz / SAMPLE_RATE * place) for hertz in (high, low)]
        window = torch.hamming_window(self.taps, periodic=False, dtype=torch.float64, device=low.device)
        return (sincs[0] - sincs[1]) * window / (2 * (high - low) / SAMPLE_RATE)

    def forward(self, channels: Tensor) -> Tensor:
        """Return what each filter lets through, without delay."""
        samples = channels.shape[-1]
        padded = nn.functional.pad(self.impulse_responses(), (0, -self.taps % samples))
        wrapped = padded.reshape(len(padded), -1, samples).sum(1).roll(-(self.taps // 2), dims=-1)
        response = torch.fft.rfft(wrapped).real.float()  # an even filter has a real spectrum
        filtered: Tensor = torch.fft.irfft(torch.fft.rfft(channels)[:, None] * response, samples)
        return filtered


class NgccBackbone(nn.Module):
    """From channels (n, samples) to (n, width, samples): the sinc bank, then three circular convolutions."""

    def __init__(self, width: int, taps: int = SINC_TAPS) -> None:
        super().__init__()
        later = [_circular(width, kernel) for kernel in (11, 9, 7)]
        self.conv = nn.ModuleList([SincBank(width, taps), *later])
        self.bn = nn.ModuleList([nn.BatchNorm1d(width, momentum=0.05), *(nn.BatchNorm1d(width) for _ in later)])

    def forward(self, channels: Tensor) -> Tensor:
        """Return the filtered channels."""
        hidden, last = channels, len(self.conv) - 1
        for number, (convolution, normalisation) in enumerate(zip(self.conv, self.bn, strict=True)):
            hidden = normalisation(convolution(hidden))
            hidden = hidden if number == last else nn.functional.leaky_relu(hidden, _SLOPE)
        return hidden


class NgccNetwork(nn.Module):
    """From windows (..., 2, samples) of any length to logits (..., 2 * max_lag + 1) over t_right - t_left.

    With width 128 and `max_lag` 23 it is the published network, value for value: 888,193, of which the 256 of the sinc
    bank are frozen here. Windows are scaled to a standard deviation of 1 in the left channel, as published: the batch
    normalisation, whose statistics are fixed after training, depends on the level.
    """

    def __init__(self, width: int, max_lag: int, dropout: float = 0.5, taps: int = SINC_TAPS) -> None:
        super().__init__()
        self.max_lag = max_lag
        self.backbone = NgccBackbone(width, taps)
        self.mlp = nn.ModuleList(_lag_layer(width, kernel, dropout) for kernel in (11, 9, 7))
        self.final_conv = nn.Conv1d(width, 1, 5, padding=2)

    def forward(self, windows: Tensor) -> Tensor:
        """Return the logits of each window."""
        hidden = self.correlations(windows.flatten(0, -3))
        for layer in self.mlp:
            hidden = layer(hidden)
        logits: Tensor = self.final_conv(hidden)[:, 0].flip(-1)  # published lags are t_left - t_right
        return logits.reshape(*windows.shape[:-2], -1)

    def correlations(self, windows: Tensor) -> Tensor:
        """Return the correlation (n, width, 2 * max_lag + 1) of each filter for `windows` (n, 2, samples)."""
        level = windows[:, :1].std(dim=-1, keepdim=True).clamp_min(1e-9)
        filtered = self.backbone((windows / level).flatten(0, 1))
        with torch.autocast(windows.device.type, enabled=False):  # phases need all of float32
            return whitened_correlations(filtered[0::2].float(), filtered[1::2].float(), self.max_lag)


def whitened_correlations(left: Tensor, right: Tensor, max_lag: int) -> Tensor:
    """Return the correlation (..., 2 * max_lag + 1) of `left` and `right` (..., samples) over t_left - t_right.

    Whitened as published: the cross-spectrum of windows padded to twice their length, over its magnitude + 1e-3.
    """
    size = 2 * left.shape[-1]
    cross = torch.fft.rfft(left, size) * torch.fft.rfft(right, size).conj()
    phases = cross / (cross.abs() + WHITENING)
    cosine, sine = delay_tables(phases.shape[-1], max_lag, 1, phases.device)
    correlations: Tensor = phases.real @ cosine - phases.imag @ sine
    return correlations


def mel_spaced(lowest_hz: float, highest_hz: float, count: int) -> Tensor:
    """Return `count` frequencies (count,) in Hz, evenly spaced in mel: 2595 log10(1 + f / 700)."""
    lowest, highest = (2595 * math.log10(1 + hertz / 700) for hertz in (lowest_hz, highest_hz))
    return 700 * (10 ** (torch.linspace(lowest, highest, count) / 2595) - 1)


def _circular(width: int, kernel: int) -> nn.Conv1d:
    return nn.Conv1d(width, width, kernel, padding="same", padding_mode="circular")


def _lag_layer(width: int, kernel: int, dropout: float) -> nn.Sequential:
    convolution = nn.Conv1d(width, width, kernel, padding=kernel // 2)
    return nn.Sequential(convolution, nn.BatchNorm1d(width), nn.LeakyReLU(_SLOPE), nn.Dropout(dropout))
