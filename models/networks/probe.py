"""A linear probe: one layer of 64 classes on the features of an encoder, which is frozen or learns too."""

from typing import Any

import torch
from torch import Tensor, nn

from ...benchmarks.questions.bins import COUNT
from .hearing import HearingEncoder
from .turning import TurningEncoder


class LinearProbe(nn.Module):
    """Logits of 64 bins from the features of `encoder`.

    Weights of a `frozen` encoder do not change. Its batch normalisation still follows the data, as published, unless it
    is `settled`.
    """

    encoder: Any

    def __init__(self, encoder: TurningEncoder | HearingEncoder, frozen: bool, settled: bool) -> None:
        super().__init__()
        self.encoder = encoder.requires_grad_(not frozen)
        self.bins = nn.Linear(encoder.size, COUNT)
        self.frozen, self.settled = frozen, settled

    def train(self, mode: bool = True) -> "LinearProbe":
        """Set the mode of training; a settled encoder stays in that of evaluation."""
        super().train(mode)
        self.encoder.train(mode and not self.settled)
        return self

    def turned(self, image: Tensor, pitch: Tensor, focal: Tensor) -> Tensor:
        """Return the logits (n, 64) of pairs `image` (n, 2, 3, rows, columns), the first view first as published.

        `pitch` and `focal` (n,): see `on_the_sphere`.
        """
        with self._gradients():
            views = [self.encoder.seen(one, pitch, focal) for one in image.unbind(1)]
            features = self.encoder(*views)
        return self._logits(features)

    def heard(self, audio: Tensor) -> Tensor:
        """Return the logits (..., 64) of binaural clips (..., 2, samples)."""
        with self._gradients():
            features = self.encoder(audio.flatten(0, -3))
        return self._logits(features).reshape(*audio.shape[:-2], COUNT)

    def _gradients(self) -> torch.set_grad_enabled:
        return torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen)

    def _logits(self, features: Tensor) -> Tensor:
        logits: Tensor = self.bins(features)
        return logits
