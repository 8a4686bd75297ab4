"""Groups of sounds that are alike, found by listening alone: k-means on how the spectrum of each sound is made.

Sounds of one kind fall into one group or a few, so that a picture can be told from those that hold a like sound, which
pairs of one picture and one sound would call wrong.
"""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ..networks.sound_stream import WINDOW, levelled, log_mel, mel_filters

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
_COMPONENTS, _ROUNDS = 24, 30
_AT_ONCE = 64


def descriptors(audio: Float32) -> Float32:
    """Return what is compared of sounds (n, samples): mean, deviation and change of each band of the log spectrum."""
    mel, window = mel_filters(), torch.hann_window(WINDOW)
    parts = [_described(part, mel, window) for part in torch.split(torch.from_numpy(audio), _AT_ONCE)]
    return np.asarray(torch.cat(parts).numpy())


def _described(audio: Tensor, mel: Tensor, window: Tensor) -> Tensor:
    image = log_mel(levelled(audio), mel, window)
    return torch.cat([image.mean(-1), image.std(-1), image.diff().abs().mean(-1)], dim=-1)


def grouped(described: Float32, groups: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return the group (n,) of each of the sounds `described` (n, features), 0 to `groups` - 1.

    Features are brought to one scale, reduced to their principal components, half whitened, and grouped by k-means that
    begins as Arthur and Vassilvitskii (2007) propose.
    """
    points = _components(described.astype(np.float64))
    centres = _first_centres(points, min(groups, len(points)), rng)
    for _ in range(_ROUNDS):
        nearest = _distances(points, centres).argmin(axis=1)
        held = np.unique(nearest)
        centres[held] = np.stack([points[nearest == k].mean(axis=0) for k in held])
    return np.asarray(_distances(points, centres).argmin(axis=1), dtype=np.int64)


def _components(described: Float64) -> Float64:
    """Return the principal components (n, at most 24) divided by the root of their deviation."""
    scaled = (described - described.mean(axis=0)) / (described.std(axis=0) + 1e-3)
    _, strength, axes = np.linalg.svd(scaled - scaled.mean(axis=0), full_matrices=False)
    kept = slice(0, _COMPONENTS)
    deviation = strength[kept] / np.sqrt(len(scaled))
    return np.asarray(scaled @ axes[kept].T / np.sqrt(deviation + 1e-9))


def _first_centres(points: Float64, count: int, rng: np.random.Generator) -> Float64:
    """Return points that lie far from each other, each drawn by its squared distance from those before."""
    centres: Float64 = points[rng.integers(len(points))][None]
    while len(centres) < count:
        away = _distances(points, centres).min(axis=1)
        total = away.sum()
        drawn = rng.choice(len(points), p=away / total) if total > 0 else rng.integers(len(points))
        centres = np.concatenate([centres, points[drawn][None]])
    return centres


def _distances(points: Float64, centres: Float64) -> Float64:
    """Return the squared distance (n, centres)."""
    across = (points**2).sum(axis=1)[:, None] + (centres**2).sum(axis=1) - 2 * points @ centres.T
    return np.asarray(across.clip(0))
