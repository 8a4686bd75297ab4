"""Networks that predict what an ear hears from a spectrogram, under conditions (SLfM; 2.5D Visual Sound).

`BinauralUnet` is the published one: the conditions join every cell of the bottleneck. SLfM also names a U-Net whose
bottleneck attends to the conditions; it was not released, so `AttendingUnet` is our design.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

_FILTERS = (64, 128, 256, 512, 512)
_TOKENS, _HEADS = 8, 4
_FIRST_WEIGHTS = 0.01
"""Deviation of the last weights of an untrained network, which so predicts hardly any difference of the ears."""


class BinauralUnet(nn.Module):
    """From spectrograms (n, 2, 256, 256) and `conditions` numbers to images (n, 2, 256, 256) in -1..1.

    `width` 1 is the published network, of 64 to 512 filters.
    """

    def __init__(self, conditions: int = 1024, width: float = 1.0) -> None:
        super().__init__()
        down = [round(filters * width) for filters in _FILTERS]
        first = nn.Sequential(nn.Conv2d(2, down[0], 4, 2, 1))
        self.down = nn.ModuleList([first, *(_down(*pair) for pair in pairwise(down))])
        up = [down[3], down[2], down[1], down[0]]
        given = [self.joined(down[4], conditions), *(2 * filters for filters in up)]
        last = nn.ConvTranspose2d(given[4], 2, 4, 2, 1)
        for weights in last.parameters():
            nn.init.normal_(weights, std=_FIRST_WEIGHTS)
        self.up = nn.ModuleList([*(_up(*pair) for pair in zip(given[:4], up, strict=True)), nn.Sequential(last)])

    def joined(self, bottleneck: int, conditions: int) -> int:
        """Return the channels after `join`; the layers that join are made here."""
        return bottleneck + conditions

    def join(self, hidden: Tensor, condition: Tensor) -> Tensor:
        """Return the bottleneck (n, channels, rows, columns) joined by the condition (n, conditions)."""
        return torch.cat([condition[:, :, None, None].expand(-1, -1, *hidden.shape[2:]), hidden], dim=1)

    def forward(self, spectrogram: Tensor, condition: Tensor) -> Tensor:
        """Return 2 sigmoid(x) - 1 of the last layer; `condition` is (n, conditions)."""
        levels = [spectrogram.contiguous(memory_format=torch.channels_last)]
        for layer in self.down:
            levels.append(layer(levels[-1]))
        hidden = self.join(levels.pop(), condition)
        for layer, level in zip(self.up[:4], reversed(levels[1:]), strict=True):
            hidden = torch.cat([layer(hidden), level], dim=1)
        image: Tensor = 2 * self.up[4](hidden).sigmoid() - 1
        return image


class AttendingUnet(BinauralUnet):
    """The same, but every cell of the bottleneck attends to the conditions (our design).

    The conditions become 8 tokens. Each cell takes what it needs of them by attention of 4 heads, which is added to it,
    and goes through two layers; the bottleneck keeps its channels.
    """

    def joined(self, bottleneck: int, conditions: int) -> int:
        """Return the channels after `join`; the layers that join are made here."""
        self.tokens = nn.Linear(conditions, _TOKENS * bottleneck)
        self.before, self.between = nn.LayerNorm(bottleneck), nn.LayerNorm(bottleneck)
        self.attention = nn.MultiheadAttention(bottleneck, _HEADS, batch_first=True)
        self.layers = nn.Sequential(
            nn.Linear(bottleneck, 2 * bottleneck), nn.ReLU(inplace=True), nn.Linear(2 * bottleneck, bottleneck)
        )
        return bottleneck

    def join(self, hidden: Tensor, condition: Tensor) -> Tensor:
        """Return the bottleneck (n, channels, rows, columns) after it attended to the condition (n, conditions)."""
        cells = hidden.flatten(2).transpose(1, 2)
        tokens = self.tokens(condition).reshape(len(condition), _TOKENS, -1)
        cells = cells + self.attention(self.before(cells), tokens, tokens, need_weights=False)[0]
        cells = cells + self.layers(self.between(cells))
        joined: Tensor = cells.transpose(1, 2).reshape(hidden.shape)
        return joined


def _down(given: int, made: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(given, made, 4, 2, 1), nn.BatchNorm2d(made), nn.LeakyReLU(0.2))


def _up(given: int, made: int) -> nn.Sequential:
    return nn.Sequential(nn.ConvTranspose2d(given, made, 4, 2, 1), nn.BatchNorm2d(made), nn.ReLU())
