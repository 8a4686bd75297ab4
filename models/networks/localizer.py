"""Networks that compare every cell of a picture with a sound: the attention of Senocak et al., and its successors."""

from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

Mechanism = Literal["softmax", "relu"]


class Attended(NamedTuple):
    """What the attention network makes of n pictures and all m = n k of their sounds, those of one picture in a row.

    `similarity` (n, m, rows, columns): cosine of each cell with each sound. `seen` (n, m, features): each picture as
    attended with each sound. `heard` (m, features): the sounds.
    """

    similarity: Tensor
    seen: Tensor
    heard: Tensor

    @property
    def owner(self) -> Tensor:
        """The picture (m,) of each sound."""
        return torch.arange(len(self.heard), device=self.heard.device) // (len(self.heard) // len(self.seen))


class AttentionNetwork(nn.Module):
    """The two streams of Senocak et al. (2018), joined by attention.

    `visual` gives cells v of `width` features, `sound` a vector f_s; h is f_s after two layers. The attention is the
    softmax of the cosines of v and h over `temperature` (1 as published), rectified first with the mechanism "relu";
    z is the mean of v under it, f_v is z after two layers.
    """

    def __init__(
        self, visual: nn.Module, sound: nn.Module, width: int, heard: int, mechanism: Mechanism, temperature: float
    ) -> None:
        super().__init__()
        self.visual, self.sound = visual, sound
        self.asked = nn.Sequential(
            nn.ReLU(), nn.Linear(heard, heard), nn.ReLU(), nn.Linear(heard, width), centred(width)
        )
        self.seen = nn.Sequential(nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, heard))
        self.mechanism, self.temperature = mechanism, temperature

    def forward(self, image: Tensor, audio: Tensor) -> Attended:
        """Return what is made of pictures (n, 3, rows, columns) and their sounds (n, k, samples)."""
        cells, heard = self.visual(image), self.sound(audio.flatten(0, 1))
        asked = self.asked(heard)
        found = cosines(cells, asked.expand(len(image), *asked.shape))
        attended = torch.einsum("nmrc,nfrc->nmf", attention(found, self.mechanism, self.temperature), cells)
        return Attended(found, self.seen(attended), heard)

    def maps(self, image: Tensor, audio: Tensor) -> Tensor:
        """Return the cosines (n, k, rows, columns) of the pictures with their own sounds."""
        asked = self.asked(self.sound(audio.flatten(0, 1)))
        return cosines(self.visual(image), asked.unflatten(0, audio.shape[:2]))


def centred(width: int) -> nn.Module:
    """Return a layer that centres vectors over the batch: random networks give all sounds nearly the same direction."""
    return nn.BatchNorm1d(width)


def cosines(cells: Tensor, sounds: Tensor) -> Tensor:
    """Return the cosine (n, k, rows, columns) of cells (n, f, rows, columns) and the picture's sounds (n, k, f)."""
    return torch.einsum("nfrc,nkf->nkrc", functional.normalize(cells, dim=1), functional.normalize(sounds, dim=-1))


def own_pairs(all_pairs: Tensor) -> Tensor:
    """Return (n, k, ...) of the sounds that belong to each picture from (n, n k, ...) of all pairs."""
    count, sounds = all_pairs.shape[:2]
    split = all_pairs.unflatten(1, (count, sounds // count))
    rows = torch.arange(count, device=all_pairs.device)
    return split[rows, rows]


def attention(similarity: Tensor, mechanism: Mechanism, temperature: float = 1.0) -> Tensor:
    """Return weights (..., rows, columns) that add up to one over the picture."""
    return log_attention(similarity, mechanism, temperature).exp()


def log_attention(similarity: Tensor, mechanism: Mechanism, temperature: float = 1.0) -> Tensor:
    """Return the logarithm of the attention."""
    given = similarity.relu() if mechanism == "relu" else similarity
    return (given / temperature).flatten(-2).log_softmax(-1).view_as(similarity)


class Matched(NamedTuple):
    """Normalised vectors of n pictures and m sounds, from each of the projections: one, or two in SLAVC.

    `cells` (projections, n, features, rows, columns), `sounds` (projections, m, features).
    """

    cells: Tensor
    sounds: Tensor

    def similarity(self, sounds: Tensor) -> Tensor:
        """Return the cosines (projections, n, m, rows, columns) of the cells with `sounds`."""
        return torch.einsum("pnfrc,pmf->pnmrc", self.cells, sounds)


class MatchingNetwork(nn.Module):
    """The two streams, each projected to unit vectors; in training, cells are dropped out.

    `visual` gives cells of `width` features, `sound` vectors of `heard`.
    """

    def __init__(
        self, visual: nn.Module, sound: nn.Module, width: int, heard: int, projections: int = 1, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.visual, self.sound = visual, sound
        self.of_cells = nn.ModuleList(nn.Conv2d(width, width, 1) for _ in range(projections))
        self.of_sounds = nn.ModuleList(
            nn.Sequential(nn.Linear(heard, width), centred(width)) for _ in range(projections)
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, image: Tensor, audio: Tensor) -> Matched:
        """Return the vectors of pictures (n, 3, rows, columns) and of sounds (m, samples)."""
        cells, heard = self.dropout(self.visual(image)), self.sound(audio)
        projected = torch.stack([projection(cells) for projection in self.of_cells])
        sounds = torch.stack([projection(heard) for projection in self.of_sounds])
        return Matched(functional.normalize(projected, dim=2), functional.normalize(sounds, dim=2))

    def maps(self, image: Tensor, audio: Tensor) -> Tensor:
        """Return the cosines (n, k, rows, columns) with the sounds (n, k, samples), the mean over the projections."""
        matched: Matched = self(image, audio.flatten(0, 1))
        return own_pairs(matched.similarity(matched.sounds).mean(0))
