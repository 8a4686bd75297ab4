"""How the turn of a head and the directions of a sound depend on each other: the losses of SLfM (Sec. 3.3).

Angles are in radians, positive to the left. A head that turns by `rotation` hears a sound from `azimuth` at
`azimuth - rotation`.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional


def reflected(azimuth: Tensor) -> Tensor:
    """Return the azimuth mirrored at the axis through the ears: front and back exchanged."""
    return torch.where(azimuth > 0, math.pi - azimuth, -math.pi - azimuth)


def geometric_loss(source: Tensor, target: Tensor, rotation: Tensor) -> Tensor:
    """Return 1 - cos(source - rotation - target) for each sample: half the squared distance of the two directions."""
    return 1 - (source - rotation - target).cos()


def reflecting_loss(source: Tensor, target: Tensor, rotation: Tensor) -> Tensor:
    """Return the smallest `geometric_loss` of each sample, when either azimuth may be mistaken for its reflection."""
    pairs = [(a, b) for a in (source, reflected(source)) for b in (target, reflected(target))]
    return torch.stack([geometric_loss(a, b, rotation) for a, b in pairs]).amin(0)


def side_votes(spectra: Tensor) -> Tensor:
    """Return which ear is louder, by the majority of frames: 1 left, 0 right, 1/2 for a tie; (n,).

    `spectra` (n, 2, bins, frames) are complex, the left ear first. A frame votes by its mean magnitude.
    """
    magnitude = spectra.abs().mean(-2)
    votes = (magnitude[:, 0] - magnitude[:, 1]).sign().sum(-1)
    return (votes.sign() + 1) / 2


def side_loss(azimuth: Tensor, louder: Tensor) -> Tensor:
    """Return the mean cross entropy between (sin azimuth + 1) / 2 and the `louder` side (n,): 1 left, 0 right."""
    return functional.binary_cross_entropy(((azimuth.sin() + 1) / 2).clamp(1e-6, 1 - 1e-6), louder)


def opposite_loss(one: Tensor, other: Tensor) -> Tensor:
    """Return the mean of |one + other|, rad, for answers that must be opposite: swapped ears, exchanged views."""
    return (one + other).abs().mean()
