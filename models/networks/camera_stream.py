"""How a camera turned between two pictures, as SLfM sees it (Chen et al. 2023; the released code).

Both pictures go through ResNet-18 up to its third stage. Every cell of one is compared with all cells of the other, and
convolutions read the rotation from where the likeness lies.
"""

import math

import torch
from torch import Tensor, nn

from .residual import residual_stage
from .turning import initialise

STRIDE = 16
"""Pixels between two cells."""
_STRIDES = (1, 2, 1, 2, 1, 2)
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Colours of ImageNet."""


class CameraStream(nn.Module):
    """From pairs of pictures of `rows` x `columns` to features (n, `features`) of the rotation between them.

    `width` 1 is the published network, of 64 to 256 filters; pictures then have 240 x 320 pixels. Its names are those
    of the released checkpoints.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, rows: int = 240, columns: int = 320, features: int = 512, width: float = 1.0) -> None:
        super().__init__()
        first, second, third, planes = (round(filters * width) for filters in (64, 128, 256, 128))
        self.size = features
        self.backbone = nn.Sequential(
            nn.Conv2d(3, first, 7, stride=2, padding=3, bias=False), nn.BatchNorm2d(first), nn.ReLU(inplace=True),
            nn.MaxPool2d(3, stride=2, padding=1),
            residual_stage(first, first, 2), residual_stage(first, second, 2, 2), residual_stage(second, third, 2, 2),
        )  # fmt: skip
        rows, columns = math.ceil(rows / STRIDE), math.ceil(columns / STRIDE)
        given = [rows * columns, *[planes] * (len(_STRIDES) - 1)]
        self.attn_convs = nn.Sequential(*(_block(one, planes, by) for one, by in zip(given, _STRIDES, strict=True)))
        shrunk = [math.ceil(side / math.prod(_STRIDES)) for side in (rows, columns)]
        self.linear = nn.Linear(planes * math.prod(shrunk), features)
        for name, values in (("mean", _MEAN), ("deviation", _DEVIATION)):
            self.register_buffer(name, torch.tensor(values)[:, None, None], persistent=False)
        initialise(self)

    def seen(self, image: Tensor) -> Tensor:
        """Return the cells (n, filters, rows / 16, columns / 16) of pictures (n, 3, rows, columns) in 0..1."""
        coloured = ((image - self.mean) / self.deviation).contiguous(memory_format=torch.channels_last)
        cells: Tensor = self.backbone(coloured)
        return cells

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Return the features of pairs of cells. SLfM gives the view turned to `first`, the reference `second`."""
        hidden = self.attn_convs(correlated(first, second))
        features: Tensor = self.linear(hidden.flatten(1)).relu()
        return features


def correlated(first: Tensor, second: Tensor) -> Tensor:
    """Return how alike each cell of `first` is to all of `second`: (n, cells of `second`, rows, columns).

    Both are (n, filters, rows, columns). The products of a cell of `first` go through a softmax, so they add up to one;
    the cells of `second` are counted column by column.
    """
    products = torch.einsum("nfij,nfkl->nlkij", first, second)
    return products.flatten(1, 2).softmax(1)


def _block(given: int, made: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(given, made, 3, stride, padding=1), nn.BatchNorm2d(made, eps=1e-3, momentum=0.01), nn.LeakyReLU(0.01)
    )
