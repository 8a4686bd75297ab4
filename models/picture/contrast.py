"""The field's losses without labels, on cosines of cells with sounds.

A batch has n pictures and m sounds: `similarity` (n, m, rows, columns) are the cosines of each cell with each sound.
`alike` (n, m) says which pictures hold each sound, or one of its group: these pairs match, and no other. `owner`
(m,) is the picture that each sound belongs to. `sharpness` holds the two temperatures of a loss.
"""

import math
from collections.abc import Mapping
from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

Loss = Literal["tri-map", "multiple-instance", "slavc", "fnac"]
POSITIVE, NEGATIVE = 0.65, 0.4
"""Thresholds of the tri-map (Chen et al. 2021): cells above one are of the object, cells below the other are not."""
FORE, SOFT_WEIGHT = 0.6, 100.0
"""FNAC (Sun et al. 2023): cells of the foreground, of the map scaled to 0..1; weight of each of its three terms."""
_RARE = 2.0
_FORBIDDEN = -1e4


class Sharpness(NamedTuple):
    """Temperatures: `match` of matches that are told from each other, `spread` of the cells that share in one.

    With a spread of 0 the best cell of a map decides; `tri-map` and `slavc` need more than 0.
    """

    match: float
    spread: float


PUBLISHED: Mapping[Loss, Sharpness] = {
    "tri-map": Sharpness(0.07, 0.03),
    "multiple-instance": Sharpness(0.03, 0.0),
    "slavc": Sharpness(0.03, 0.03),
    "fnac": Sharpness(0.03, 0.0),
}


def tri_map_loss(similarity: Tensor, alike: Tensor, sharpness: Sharpness) -> Tensor:
    """Return the loss of LVS (Chen et al. 2021), the mean over pairs that are alike.

    The positive is the mean cosine of the cells that belong to the object; it is told from the sound's cells that do
    not, and from the cells of the same picture that match sounds that are not alike.
    """
    softness = sharpness.spread
    picture, sound = alike.nonzero(as_tuple=True)
    mine = similarity[picture, sound]
    positive = _weighted_mean(mine, (mine - POSITIVE) / softness)
    hard = _weighted_mean(mine, (NEGATIVE - mine) / softness)
    easy = _weighted_mean(similarity, (similarity - POSITIVE) / softness).masked_fill(alike, _FORBIDDEN)[picture]
    logits = torch.cat([positive[:, None], easy, hard[:, None]], dim=1) / sharpness.match
    return functional.cross_entropy(logits, torch.zeros_like(picture))


def _weighted_mean(values: Tensor, weight: Tensor) -> Tensor:
    """Return the mean over the cells, weighted by the logistic function of `weight`, however small that is."""
    shares = functional.logsigmoid(weight).flatten(-2).softmax(-1)
    return (values.flatten(-2) * shares).sum(-1)


def multiple_instance_loss(similarity: Tensor, alike: Tensor, sharpness: Sharpness) -> Tensor:
    """Return the loss of EZ-VSL (Mo and Morgado 2022): a picture matches a sound as well as its best cell does."""
    return both_ways(matches(similarity, sharpness.spread) / sharpness.match, alike)


def matches(similarity: Tensor, spread: float) -> Tensor:
    """Return how well each picture matches each sound (n, m): the highest cosine of its cells, or their soft maximum.

    The soft maximum is `spread` times the log of the mean of exp(cosine / spread). From random weights the highest cell
    may be any, and only that one learns; with the soft maximum all learn.
    """
    cells = similarity.flatten(2)
    if not spread:
        return cells.amax(-1)
    return spread * ((cells / spread).logsumexp(-1) - math.log(cells.shape[-1]))


def both_ways(logits: Tensor, alike: Tensor) -> Tensor:
    """Return the cross-entropy of finding a sound among sounds, plus that of finding a picture among pictures.

    `logits` are (n, m).
    """
    return among_sounds(logits, alike) + among_sounds(logits.T, alike.T)


def among_sounds(logits: Tensor, alike: Tensor) -> Tensor:
    """Return the cross-entropy of telling a sound, by a picture that holds one like it, from those that are not alike.

    The mean over all such pairs of pictures and sounds.
    """
    others = logits.masked_fill(alike, _FORBIDDEN).logsumexp(dim=1, keepdim=True)
    return functional.softplus(others - logits)[alike].mean()


def likeness_loss(similarity: Tensor, alike: Tensor, temperature: float) -> Tensor:
    """Return the binary cross-entropy of whether each picture holds each sound, per pair that does.

    `alike` (n, m) is the truth. A picture's score is the log of the mean over its cells of exp(cosine / temperature),
    less 2, so that maps are broader than those that a maximum gives, and learning begins from random weights.
    """
    cells = (similarity / temperature).flatten(2)
    score = cells.logsumexp(-1) - math.log(cells.shape[-1]) - _RARE
    wrong = functional.binary_cross_entropy_with_logits(score, alike.to(score.dtype), reduction="sum")
    return wrong / alike.sum()


def joint_log_probability(which: Tensor, where: Tensor, sharpness: Sharpness) -> Tensor:
    """Return log p (n, m) of SLAVC (Mo and Morgado 2022), from two similarities (n, m, rows, columns).

    p adds up, over the cells, the probability that the cell matches this sound of all, by `which`, times that of the
    cell among all cells, by `where`.
    """
    sound = (which / sharpness.match).log_softmax(dim=1).flatten(2)
    cell = (where / sharpness.spread).flatten(2).log_softmax(dim=2)
    return (sound + cell).logsumexp(dim=2)


def false_negative_loss(
    similarity: Tensor, cells: Tensor, sounds: Tensor, owner: Tensor, alike: Tensor, sharpness: Sharpness
) -> Tensor:
    """Return the loss of FNAC (Sun et al. 2023): that of EZ-VSL, with soft targets for sounds that resemble each other.

    How much each sound resembles the others, and each picture the others, shall show in the matches of pictures with
    sounds, and in the objects' cells. `cells` (n, f, rows, columns) and `sounds` (m, f) are normalised.
    """
    logits = matches(similarity, sharpness.spread)[owner] / sharpness.match
    mine = own_maps(similarity, owner)
    fore = torch.einsum("mrc,mfrc->mf", (_scaled(mine) > FORE).to(cells.dtype), cells[owner]) / mine[0].numel()
    whole = cells.mean(dim=(-2, -1))[owner]
    heard, matched = _resemblance(sounds, sharpness.match), logits.softmax(dim=1)
    seen, objects = (_resemblance(functional.normalize(vectors, dim=1), sharpness.match) for vectors in (whole, fore))
    soft = sum(
        ((a - b).abs().mean() for a, b in ((heard, matched), (heard, objects), (seen, matched))), logits.new_zeros(())
    )
    return multiple_instance_loss(similarity, alike, sharpness) + SOFT_WEIGHT * soft


def _resemblance(vectors: Tensor, temperature: float) -> Tensor:
    return (vectors @ vectors.T / temperature).softmax(dim=1)


def _scaled(maps: Tensor) -> Tensor:
    """Return maps (m, rows, columns) scaled to 0..1."""
    low, high = maps.amin(dim=(-2, -1), keepdim=True), maps.amax(dim=(-2, -1), keepdim=True)
    return (maps - low) / (high - low).clamp_min(1e-8)


def own_maps(similarity: Tensor, owner: Tensor) -> Tensor:
    """Return the map (m, rows, columns) of each sound on its own picture."""
    return similarity[owner, torch.arange(len(owner), device=owner.device)]
