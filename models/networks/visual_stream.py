"""The visual stream of a localizer: a VGG-like network from a picture to a grid of feature vectors.

With widths 64, 128, 256, 512, 512 and 2, 2, 3, 3, 3 layers its convolutions are those of VGG-16 up to conv5_3 (Simonyan
and Zisserman 2015), which Senocak et al. use; batch normalisation is added, since nothing is pretrained.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional


class VisualStream(nn.Module):
    """From pictures (n, 3, rows, columns) in 0..1 to cells (n, features, rows / stride, columns / stride).

    Each block has `layers` 3 x 3 convolutions of its `widths`; the picture is halved between blocks, and before the
    first one too if `halved`. The cells are those of the block number `cells`; the coarser blocks after it are
    enlarged and added, so that a cell knows its surroundings.
    """

    def __init__(
        self, widths: Sequence[int], layers: Sequence[int], features: int, cells: int, halved: bool = False
    ) -> None:
        super().__init__()
        blocks, given = [], 3
        for number, (width, depth) in enumerate(zip(widths, layers, strict=True)):
            blocks.append(_block(given, width, depth, halved and number == 0))
            given = width
        self.blocks = nn.ModuleList(blocks)
        self.merged = nn.ModuleList(nn.Conv2d(width, features, 1) for width in widths[cells:])
        self.last = nn.Sequential(
            nn.BatchNorm2d(features), nn.ReLU(), nn.Conv2d(features, features, 3, padding=1, bias=False)
        )
        self.scale = nn.BatchNorm2d(features)
        self.cells = cells
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, image: Tensor) -> Tensor:
        """Return the cells; they are not rectified."""
        hidden = ((image - 0.45) / 0.25).contiguous(memory_format=torch.channels_last)
        levels = []
        for number, block in enumerate(self.blocks):
            hidden = block(functional.max_pool2d(hidden, 2) if number else hidden)
            levels.append(hidden)
        merged: Tensor | None = None
        for level, lateral in zip(reversed(levels[self.cells :]), reversed(list(self.merged)), strict=True):
            own = lateral(level)
            merged = own if merged is None else own + functional.interpolate(merged, own.shape[-2:], mode="bilinear")
        cells: Tensor = self.scale(self.last(merged))
        return cells


def _block(given: int, width: int, depth: int, halved: bool) -> nn.Sequential:
    """Return `depth` convolutions; an even kernel of the first keeps halving symmetric under mirroring."""
    layers: list[nn.Module] = []
    for number in range(depth):
        first = halved and number == 0
        shape = {"kernel_size": 4, "stride": 2} if first else {"kernel_size": 3, "stride": 1}
        convolution = nn.Conv2d(given if number == 0 else width, width, padding=1, bias=False, **shape)
        layers += [convolution, nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)
