"""Networks that compare every cell of a picture with a sound: the attention of Senocak et al., and its successors."""

from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

Mechanism = Literal["softmax", "relu"]


class Attended(NamedTuple):
    """What the attention network makes of n pictures with k sounds each.

    `similarity` (n, k, rows, columns): cosine of each cell with each sound of its picture. `seen` (n, k, features): the
    picture as attended with each sound. `heard` (n, k, features): the sounds.
    """

    similarity: Tensor
    seen: Tensor
    heard: Tensor


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
        self.asked = nn.Sequential(nn.ReLU(), nn.Linear(heard, heard), nn.ReLU(), nn.Linear(heard, width))
        self.seen = nn.Sequential(nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, heard))
        self.mechanism, self.temperature = mechanism, temperature

    def forward(self, image: Tensor, audio: Tensor) -> Attended:
        """Return what is made of pictures (n, 3, rows, columns) and their sounds (n, k, samples)."""
        cells, heard = self.visual(image), self.sound(audio.flatten(0, 1)).unflatten(0, audio.shape[:2])
        found = cosines(cells, self.asked(heard))
        attended = torch.einsum("nkrc,nfrc->nkf", attention(found, self.mechanism, self.temperature), cells)
        return Attended(found, self.seen(attended), heard)

    def maps(self, image: Tensor, audio: Tensor) -> Tensor:
        """Return the cosines (n, k, rows, columns)."""
        answer: Attended = self(image, audio)
        return answer.similarity


def cosines(cells: Tensor, sounds: Tensor) -> Tensor:
    """Return the cosine (n, k, rows, columns) of cells (n, f, rows, columns) and the picture's sounds (n, k, f)."""
    return torch.einsum("nfrc,nkf->nkrc", functional.normalize(cells, dim=1), functional.normalize(sounds, dim=-1))


def attention(similarity: Tensor, mechanism: Mechanism, temperature: float = 1.0) -> Tensor:
    """Return weights (..., rows, columns) that add up to one over the picture."""
    return log_attention(similarity, mechanism, temperature).exp()


def log_attention(similarity: Tensor, mechanism: Mechanism, temperature: float = 1.0) -> Tensor:
    """Return the logarithm of the attention."""
    given = similarity.relu() if mechanism == "relu" else similarity
    return (given / temperature).flatten(-2).log_softmax(-1).view_as(similarity)
