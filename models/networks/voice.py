"""An embedding of a voice from any clip of it, and patches that are heard with a voice in mind (AV-MonoCLR)."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ...conventions import SAMPLE_RATE
from .patches import PatchEncoder
from .residual import ResidualEncoder

FRAME, HOP = 1024, 256
"""Samples of a frame of the spectrogram of a voice, and between frames: long enough to tell pitches apart."""
BANDS, LOWEST_HZ, HIGHEST_HZ = 64, 60.0, 7600.0
_FLOOR = 1e-4
"""Least power of a band, relative to the clip's mean."""


def mel_bands(count: int = BANDS) -> Tensor:
    """Return `count` triangular bands (bins, count), evenly spaced in mel from 60 to 7,600 Hz, over a frame's bins.

    Source: Stevens, Volkmann and Newman 1937, as m = 2595 log10(1 + f / 700).
    """
    lowest, highest = (2595 * math.log10(1 + hertz / 700) for hertz in (LOWEST_HZ, HIGHEST_HZ))
    mel = np.linspace(lowest, highest, count + 2)
    edges = 700 * (10 ** (mel / 2595) - 1)
    hertz = np.linspace(0, SAMPLE_RATE / 2, FRAME // 2 + 1)[:, None]
    rise = (hertz - edges[:-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[2:] - hertz) / (edges[2:] - edges[1:-1])
    return torch.from_numpy(np.clip(np.minimum(rise, fall), 0, None).astype(np.float32))


class VoiceEncoder(nn.Module):
    """From clips (n, samples) of voices to embeddings (n, width) of unit length, whatever their level."""

    bands: Tensor

    def __init__(self, widths: Sequence[int], width: int) -> None:
        super().__init__()
        self.net = ResidualEncoder(widths, width, channels=1)
        self.register_buffer("bands", mel_bands(), persistent=False)

    def forward(self, clips: Tensor) -> Tensor:
        """Return the embedding of each clip."""
        window = torch.hann_window(FRAME, device=clips.device)
        power = torch.stft(clips, FRAME, HOP, window=window, return_complex=True).abs().square()
        energy = power.transpose(1, 2) @ self.bands
        level = energy.mean(dim=(1, 2), keepdim=True).clamp_min(1e-12)
        image = (energy / level + _FLOOR).log10()
        return nn.functional.normalize(self.net(image[:, None]), dim=-1)


class GuidedEncoder(PatchEncoder):
    """From patches (n, ..., samples), and one query (n, width) for each n, to embeddings (n, ..., 128) of unit length.

    The query joins the channels after the second block, times `query_scale`. `voice` turns clips into queries; it is
    absent if `voice_widths` is None, as queries then come from elsewhere. `voice_share` is the weight of its own loss.
    """

    def __init__(
        self,
        widths: Sequence[int],
        *,
        query_width: int = 128,
        query_scale: float = 1.0,
        voice_widths: Sequence[int] | None = None,
        voice_share: float = 0.0,
        **walk: Any,
    ) -> None:
        super().__init__(widths, **walk)
        self.query_width, self.query_scale, self.voice_share = query_width, query_scale, voice_share
        fused = ResidualEncoder(widths, fused=query_width)
        self.net = fused.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.voice = VoiceEncoder(voice_widths, query_width) if voice_widths else None

    def forward(self, patches: Tensor, query: Tensor | None = None) -> Tensor:
        """Return the embedding of each patch, heard with its `query` in mind."""
        assert query is not None
        each = patches[0, ..., 0].numel()
        joined = (self.query_scale * query).repeat_interleave(each, dim=0)
        embedding = self.net(self.images(patches), joined)
        return nn.functional.normalize(embedding, dim=-1).reshape(*patches.shape[:-1], -1)

    def pointing(self, queries: Tensor) -> Tensor:
        """Return the queries (n, width) to hear with: the voices in clips (n, samples), or vectors as they are."""
        voices: Tensor = queries if self.voice is None else self.voice(queries)
        return voices
