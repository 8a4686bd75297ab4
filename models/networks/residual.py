"""ResNet-9 and ResNet-18: residual networks from an image to its embedding (He et al. 2016).

With the published widths and one block a stage it is the audio encoder of StereoCRW (Chen et al. 2022, Sec. 3), tensor
for tensor; with two it is ResNet-18.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

PUBLISHED_WIDTHS = (64, 128, 256, 512)


class ResidualEncoder(nn.Module):
    """From images (n, channels, rows, columns) to vectors (n, embedding).

    A stem of `widths[0]` filters, a stage of residual `blocks` for each of `widths` (the later ones halve the image),
    the mean over the image, and a linear layer. `fused` numbers a sample, the same everywhere in the image, join the
    channels before the third stage.
    """

    def __init__(
        self,
        widths: Sequence[int] = PUBLISHED_WIDTHS,
        embedding: int = 128,
        channels: int = 2,
        fused: int = 0,
        blocks: int = 1,
    ) -> None:
        super().__init__()
        first, second, third, fourth = widths
        self.conv1 = nn.Conv2d(channels, first, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(first)
        self.pool = nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1 = residual_stage(first, first, blocks)
        self.layer2 = residual_stage(first, second, blocks, stride=2)
        self.layer3 = residual_stage(second + fused, third, blocks, stride=2)
        self.layer4 = residual_stage(third, fourth, blocks, stride=2)
        self.fc = nn.Linear(fourth, embedding)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, image: Tensor, joined: Tensor | None = None) -> Tensor:
        """Return the embedding of each image; `joined` (n, fused) are the numbers that join its channels."""
        hidden = self.layer2(self.layer1(self.pool(self.bn1(self.conv1(image)).relu())))
        if joined is not None:
            hidden = torch.cat([hidden, joined[:, :, None, None].expand(-1, -1, *hidden.shape[2:])], dim=1)
        embedding: Tensor = self.fc(self.layer4(self.layer3(hidden)).mean(dim=(-2, -1)))
        return embedding


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions, added to their input."""

    def __init__(self, given: int, made: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(given, made, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(made)
        self.conv2 = nn.Conv2d(made, made, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(made)
        self.stride = stride
        same = stride == 1 and given == made
        shortcut = nn.Sequential(nn.Conv2d(given, made, 1, bias=False), nn.BatchNorm2d(made))
        self.downsample = nn.Identity() if same else shortcut

    def forward(self, image: Tensor) -> Tensor:
        """Return the sum, rectified: (n, made, rows / stride, columns / stride)."""
        hidden = self.bn2(self.conv2(self.bn1(self.conv1(image)).relu()))
        # The stride is taken here: oneDNN's gradient of a strided 1 x 1 convolution of at most 8 channels, channels
        # last, writes beyond its memory.
        added: Tensor = hidden + self.downsample(image[..., :: self.stride, :: self.stride])
        return added.relu()


def residual_stage(given: int, made: int, blocks: int, stride: int = 1) -> nn.Sequential:
    """Return `blocks` residual blocks, the first of which takes `given` channels and has the `stride`."""
    first = ResidualBlock(given, made, stride)
    return nn.Sequential(first, *(ResidualBlock(made, made) for _ in range(blocks - 1)))
