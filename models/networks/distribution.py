"""Distributions over a delay: logits on a grid, their score, and what they answer."""

import torch
from torch import Tensor


def ranked_probability_score(logits: Tensor, grid: Tensor, truth: Tensor) -> Tensor:
    """Return the continuous ranked probability score (n,) of `logits` (n, k) on an even `grid` (k,) for `truth` (n,).

    It is the integral of (F(x) - [x >= truth])^2 over x, in units of the grid: the absolute error of a certain answer,
    and least in expectation for the true distribution (Gneiting and Raftery 2007, Sec. 4.2).
    """
    step = grid[1] - grid[0]
    below = logits.softmax(-1).cumsum(-1)[:, :-1]
    passed = ((grid[1:] - truth[:, None]) / step).clamp(0, 1)  # share of each interval that lies above the truth
    return step * (passed * (1 - below).square() + (1 - passed) * below.square()).sum(-1)


def cross_entropy(logits: Tensor, grid: Tensor, truth: Tensor) -> Tensor:
    """Return the cross-entropy (n,) with `truth` (n,) shared between its two neighbours on the `grid`."""
    step = grid[1] - grid[0]
    place = ((truth - grid[0]) / step).clamp(0, len(grid) - 1)
    low = place.floor().clamp_max(len(grid) - 2)
    share = place - low
    scores = logits.log_softmax(-1)
    near = scores.gather(1, low.long()[:, None])[:, 0]
    far = scores.gather(1, low.long()[:, None] + 1)[:, 0]
    return -((1 - share) * near + share * far)


def quantile(logits: Tensor, grid: Tensor, level: float) -> Tensor:
    """Return where each distribution (n, k) reaches `level`, (n,); each bin's probability is spread evenly over it."""
    step = grid[1] - grid[0]
    reached = logits.softmax(-1).cumsum(-1)
    index = (reached < level).sum(-1).clamp_max(len(grid) - 1)[:, None]
    above = reached.gather(1, index)[:, 0]
    below = torch.where(index[:, 0] > 0, reached.gather(1, (index - 1).clamp_min(0))[:, 0], torch.zeros_like(above))
    share = (level - below) / (above - below).clamp_min(1e-12)
    return grid[index[:, 0]] + step * (share.clamp(0, 1) - 0.5)


def half_width(logits: Tensor, grid: Tensor, centre: Tensor, probability: float) -> Tensor:
    """Return the half-width (n,) of the interval around `centre` (n,) that holds `probability` of each distribution.

    The probability of a point of the grid is spread evenly over the step around it.
    """
    step = grid[1] - grid[0]
    share = logits.softmax(-1)
    low, high = torch.zeros_like(centre), grid[-1] - grid[0] + step + torch.zeros_like(centre)
    for _ in range(20):
        middle = (low + high) / 2
        left, right = (centre - middle)[:, None], (centre + middle)[:, None]
        covered = (torch.minimum(grid + step / 2, right) - torch.maximum(grid - step / 2, left)).clamp_min(0) / step
        enough = (share * covered).sum(-1) >= probability
        low, high = torch.where(enough, low, middle), torch.where(enough, middle, high)
    return high
