"""Losses that tell views of one place from each other, by what is seen in them or by how far the head had turned."""

import torch
from torch import Tensor, nn
from torch.nn import functional

LAYERS, WIDER, DROPOUT = 2, 4, 0.1
"""Of the translating transformers of Morgado, Li and Vasconcelos (2020), which have one head."""


class Translation(nn.Module):
    """From the features of one sense in all views of a place to what the other sense would say in each.

    A vector marks the first view, since turns are told from there; this is ours.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(size, 1, WIDER * size, DROPOUT, batch_first=True)
        self.layers = nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False)
        self.first = nn.Parameter(torch.zeros(size))

    def forward(self, features: Tensor) -> Tensor:
        """Return what is predicted (n, views, size) from `features` (n, views, size)."""
        marked = torch.cat([features[:, :1] + self.first, features[:, 1:]], dim=1)
        predicted: Tensor = self.layers(marked)
        return predicted


def cosines(first: Tensor, second: Tensor) -> Tensor:
    """Return the cosine (n, views, views) of each vector of `first` with each of `second`, both (n, views, size)."""
    return functional.normalize(first, dim=-1) @ functional.normalize(second, dim=-1).mT


def alignment_loss(predicted: Tensor, truth: Tensor, temperature: float) -> Tensor:
    """Return the cross-entropy of finding the `truth` of each view by what was `predicted`, both (n, views, size).

    It is told from the other views of its place and from the same view of the n - 1 other places (Morgado, Li and
    Vasconcelos 2020).
    """
    count, views = predicted.shape[:2]
    own = cosines(predicted, truth)
    other = cosines(predicted.transpose(0, 1), truth.transpose(0, 1)).transpose(0, 1)
    itself = torch.eye(count, dtype=torch.bool, device=own.device)[:, None]
    logits = torch.cat([own, other.masked_fill(itself, -torch.inf)], dim=-1) / temperature
    return functional.cross_entropy(logits.flatten(0, 1), torch.arange(views, device=own.device).repeat(count))


def rotation_loss(first: Tensor, second: Tensor, alike: Tensor, temperature: float) -> Tensor:
    """Return minus the mean log-probability that views of `first` and `second` (n, views, size) find each other.

    `alike` (n, views, views) is true where the head had not turned between both; every view is `alike` itself.
    """
    logits, kept = cosines(first, second) / temperature, alike.float().log()
    ways = ((logits, kept), (logits.mT, kept.mT))
    return -torch.stack([(one.log_softmax(-1) + among).logsumexp(-1) for one, among in ways]).mean()
