"""Walks between the patches ("nodes") of two channels, and what is learned from them without labels.

Affinities compare embeddings of unit length: S[i, j] = first[i] . second[j] / temperature. A random walk steps from
node i to node j with probability softmax_j S[i, j].

Sources: StereoCRW, ZeroNCE and MonoCLR, all in Chen, Fouhey and Owens, "Sound localization by self-supervised time
delay estimation", ECCV 2022, Sec. 3; contrastive random walks: Jabri et al. 2020.
"""

import torch
from torch import Tensor


def affinity(first: Tensor, second: Tensor, temperature: float) -> Tensor:
    """Return the affinities (..., i, j) of embeddings `first` (..., i, d) and `second` (..., j, d)."""
    return first @ second.transpose(-1, -2) / temperature


def return_log_probability(there: Tensor, back: Tensor) -> Tensor:
    """Return the log-probability (..., i) that a walk from node i comes home.

    `there` (..., i, j) and `back` (..., j, i) are the affinities of both steps. The sum over j is taken in logarithms;
    the published one adds 1e-20 to it.
    """
    steps = there.log_softmax(-1) + back.log_softmax(-1).transpose(-1, -2)
    return torch.logsumexp(steps, dim=-1)


def cycle_loss(there: Tensor, back: Tensor) -> Tensor:
    """Return the loss () of StereoCRW: minus the mean log-probability of coming home."""
    return -return_log_probability(there, back).mean()


def match_loss(affinities: Tensor, shift: Tensor, skipped: int = 0) -> Tensor:
    """Return the cross-entropy () of `affinities` (n, nodes, nodes) where node i belongs to node i - `shift`.

    `shift` (n,) are whole nodes; what lies outside is clamped to the border. Rows closer than `skipped` to a border are
    left out. ZeroNCE has no shift; MonoCLR has one for each clip, and skips rows up to the largest.
    """
    nodes = affinities.shape[-1]
    row = torch.arange(skipped, nodes - skipped, device=affinities.device)
    own = (row - shift[:, None]).clamp(0, nodes - 1)
    scores = affinities.log_softmax(-1)[:, row].gather(-1, own[..., None])
    return -scores.mean()


def soft_votes(affinities: Tensor, shifts: Tensor) -> Tensor:
    """Return the mean of `shifts` (shifts,), weighted by the softmax of each row of `affinities` (..., shifts)."""
    return affinities.softmax(-1) @ shifts.to(affinities.dtype)
