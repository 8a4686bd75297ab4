"""How far a camera turned between two pictures: our small network.

Both pictures are turned onto the sphere, so that a turn shifts every row by the same number of columns. Each row of one
picture is compared with the same row of the other, column by column; what belongs together lies on one diagonal of the
comparison, whose place is the rotation. Exchanging the pictures transposes the comparison, so that the answer changes
its sign exactly.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from .residual import ResidualBlock
from .sphere_views import on_the_sphere

STEP_DEG, ROWS, COLUMNS, STRIDE = 0.475, 96, 160, 4
"""Width of a cell of the sphere's grid in degrees, its size, and how many cells are compared as one."""
PLAIN_TRUST = 60.0
"""Weight of the plain correlation in the logits of an untrained network."""
LARGEST_DEG = 95.0
"""Largest rotation that is told, degrees: views of one place are at most 90 apart from the first."""


class TurningEncoder(nn.Module):
    """From pairs of pictures to features (n, `size`) of the rotation between them."""

    def __init__(self, widths: tuple[int, int] = (32, 64), planes: int = 32, kept: int = 8) -> None:
        super().__init__()
        near, far = widths
        self.cells: nn.Module = nn.Sequential(
            nn.Conv2d(4, near, 5, stride=2, padding=2, bias=False), nn.BatchNorm2d(near), nn.ReLU(inplace=True),
            ResidualBlock(near, near),
            nn.Conv2d(near, far, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(far), nn.ReLU(inplace=True),
            ResidualBlock(far, far), nn.Conv2d(far, far, 1, bias=False), nn.BatchNorm2d(far),
        )  # fmt: skip
        rows, self.columns = ROWS // STRIDE, COLUMNS // STRIDE
        self.sharpness = nn.Parameter(torch.tensor(0.5))
        self.matches = nn.Sequential(
            nn.Conv2d(2 * rows, planes, 3, padding=1, bias=False), nn.BatchNorm2d(planes), nn.ReLU(inplace=True),
            ResidualBlock(planes, planes),
        )  # fmt: skip
        self.kept = nn.Conv2d(planes, kept, 1)
        self.whole = nn.Sequential(
            nn.Conv2d(planes, planes, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(planes), nn.ReLU(),
            nn.AdaptiveAvgPool2d(5), nn.Flatten(), nn.Linear(25 * planes, 128), nn.ReLU(inplace=True),
        )  # fmt: skip
        self.shifts = 2 * self.columns - 1
        self.trust = nn.Parameter(torch.tensor(1.0))
        self.size = (1 + kept) * self.shifts + 128
        initialise(self)

    def seen(self, image: Tensor, pitch: Tensor, focal: Tensor) -> Tensor:
        """Return the cells (n, features, rows, columns) of pictures (n, 3, height, width); see `on_the_sphere`."""
        sphere = on_the_sphere(image, pitch, focal, ROWS, COLUMNS, STEP_DEG)
        cells: Tensor = self.cells(sphere.contiguous(memory_format=torch.channels_last))
        return cells

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Return the features of the turn from the cells of the `first` picture to those of the `second`.

        The first `shifts` of them are the plain correlation of the cells, by shift, which tells most rotations even
        when the weights are random. Shift k of the features belongs to a turn to the left by (k - shifts // 2) columns.
        """
        products = torch.einsum("ncri,ncrj->nrij", first, second)
        likeness = products * (self.sharpness / first.shape[1] ** 0.5)
        planes = self.matches(torch.cat([likeness.softmax(-1), likeness.softmax(-2)], dim=1))
        direct = diagonal_means(products.mean(1, keepdim=True) / first.shape[1]) * (PLAIN_TRUST * self.trust)
        along = diagonal_means(self.kept(planes))
        return torch.cat([direct.flatten(1), along.flatten(1), self.whole(planes)], dim=1)


def diagonal_means(planes: Tensor) -> Tensor:
    """Return the mean (n, channels, 2 m - 1) of each diagonal of `planes` (n, channels, m, m).

    Entry k is that of the diagonal where the column is k - (m - 1) more than the row.

    >>> diagonal_means(torch.arange(4.0).reshape(1, 1, 2, 2)).tolist()
    [[[2.0, 1.5, 1.0]]]
    """
    size = planes.shape[-1]
    sheared = functional.pad(planes.flip(-2), (0, size)).flatten(-2)[..., : size * (2 * size - 1)]
    lengths = size - torch.arange(1 - size, size, device=planes.device).abs()
    means: Tensor = sheared.reshape(*planes.shape[:-2], size, 2 * size - 1).sum(-2) / lengths
    return means


class TurningHead(nn.Module):
    """From the features of a turn to a distribution over rotations, evenly spaced up to at least `LARGEST_DEG`."""

    rotation: Tensor

    def __init__(self, encoder: TurningEncoder, hidden: int = 128) -> None:
        super().__init__()
        self.shifts, step = encoder.shifts, math.radians(STEP_DEG * STRIDE)
        beyond = math.ceil(math.radians(LARGEST_DEG) / step) - encoder.shifts // 2
        count = encoder.shifts + 2 * beyond
        self.beyond = beyond
        self.layers = nn.Sequential(nn.Linear(encoder.size, hidden), nn.ReLU(inplace=True), nn.Linear(hidden, count))
        self.register_buffer("rotation", (torch.arange(count) - count // 2) * step, persistent=False)
        initialise(self)

    def forward(self, features: Tensor) -> Tensor:
        """Return the logits (n, rotations) of `self.rotation`, rad, left positive; the plain correlation adds up."""
        direct = functional.pad(features[:, : self.shifts], (self.beyond, self.beyond))
        logits: Tensor = direct + self.layers(features)
        return logits


def exchanged(logits: Tensor) -> Tensor:
    """Return the logits of the turn back: those of each rotation become those of its opposite."""
    return logits.flip(-1)


def initialise(network: nn.Module) -> None:
    """Draw convolutions by Kaiming's rule and linear layers narrowly, as SLfM does."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        if isinstance(module, nn.Linear):
            nn.init.trunc_normal_(module.weight, std=0.01)
            nn.init.zeros_(module.bias)
