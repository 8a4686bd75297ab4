"""`contrastive`: one network with the losses of LVS, SSL-TIE, EZ-VSL, SLAVC and FNAC, which need no labels.

The published networks begin with weights from ImageNet, except that of SSL-TIE; this one begins with random ones.
"""

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional

from ..data.sounding import SoundedPictures
from ..networks.localizer import Matched, MatchingNetwork
from .contrast import (
    PUBLISHED,
    Loss,
    Sharpness,
    among_sounds,
    false_negative_loss,
    joint_log_probability,
    multiple_instance_loss,
    own_maps,
    tri_map_loss,
)
from .method import TINY, PictureModel, PictureRecipe

MOMENTUM, _PUBLISHED_STEPS = 0.999, 22_500
"""What SLAVC's slow network keeps of itself at a step, and how many steps that was published for."""
_LARGEST_TURN, _SHRUNK = math.radians(30), 2.0


class ContrastiveRecipe(PictureRecipe):
    """The recipe of `contrastive`."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "tiny": TINY,
        "small": {},
        "paper": {
            "steps": 22_500,
            "learning_rate": 1e-4,
            "batch": 128,
            "rows": 224,
            "columns": 224,
            "stride": 16,
            "visual_widths": (64, 128, 256, 512),
            "visual_layers": (2, 4, 4, 4),
            "sound_widths": (64, 128, 256, 512),
            "width": 512,
            "heard": 512,
            "sounds": 1,
            "groups": 0,
            "temperature": 0.0,
            "spread": 0.0,
        },
    }
    steps: int = Field(default=4000, ge=1)
    batch: int = Field(default=32, ge=2)
    supervision: float = Field(default=0.0, ge=0, le=0)
    loss: Loss = "multiple-instance"
    equivariance: float = Field(default=0.0, ge=0)
    """Weight of SSL-TIE's second term: the map of a turned picture is the turned map."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Of cells; SLAVC and FNAC publish 0.9."""
    groups: int = Field(default=40, ge=0)
    spread: float = Field(default=0.1, ge=0)
    """Temperature by which the cells of a map share in a match; 0: as published, where the best cell decides, or for
    `tri-map` and `slavc` 0.03."""
    temperature: float = Field(default=0.1, ge=0)
    """Of matches that are told from each other, and of what FNAC finds to resemble; 0: as published, 0.07 for `tri-map`
    and 0.03 for the others."""

    @model_validator(mode="before")
    @classmethod
    def _completed(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Let FNAC hear one sound of a picture, if not told otherwise."""
        return ({"sounds": 1} if given.get("loss") == "fnac" else {}) | given

    @model_validator(mode="after")
    def _one_sound(self) -> Self:
        if self.loss == "fnac" and self.sounds > 1:
            raise ValueError("loss=fnac compares each picture with one sound: give sounds=1")
        return self

    @property
    def sharpness(self) -> Sharpness:
        """Both temperatures."""
        published = PUBLISHED[self.loss]
        return Sharpness(self.temperature or published.match, self.spread or published.spread)


class LearningMatches(nn.Module):
    """The network that learns and, for SLAVC, the one that follows it slowly and answers."""

    def __init__(self, recipe: ContrastiveRecipe) -> None:
        super().__init__()
        projections = 2 if recipe.loss == "slavc" else 1
        streams = recipe.visual_stream, recipe.sound_stream
        self.online = MatchingNetwork(*streams, recipe.width, recipe.heard, projections, recipe.dropout)
        self.slow = copy.deepcopy(self.online).requires_grad_(False) if recipe.loss == "slavc" else None
        self.share = min((1 - MOMENTUM) * _PUBLISHED_STEPS / recipe.steps, 1.0)
        """What the slow network takes over at a step: more in a short training, to forget its random weights."""
        self.recipe = recipe

    def forward(self, image: Tensor, audio: Tensor) -> tuple[Matched, Matched | None]:
        """Return the vectors of pictures (n, 3, rows, columns) and sounds (m, samples), and the slow network's."""
        if self.slow is None:
            return self.online(image, audio), None
        with torch.no_grad():
            self._follow(self.slow)
            followed: Matched = self.slow(image, audio)
        return self.online(image, audio), followed

    def _follow(self, slow: nn.Module) -> None:
        """Move the slow network's weights a little towards the other's."""
        for own, other in zip(slow.parameters(), self.online.parameters(), strict=True):
            own.lerp_(other, self.share)

    def maps(self, image: Tensor, audio: Tensor) -> Tensor:
        """Return the cosines (n, k, rows, columns) of the pictures with their own sounds."""
        answers: Tensor = (self.slow or self.online).maps(image, audio)
        return answers


@dataclass(frozen=True)
class Contrastive(PictureModel):
    """The cosine of each cell of the picture with the sound."""

    name: ClassVar[str] = "contrastive"
    recipe: ClassVar[type[ContrastiveRecipe]] = ContrastiveRecipe

    @classmethod
    def network(cls, recipe: ContrastiveRecipe) -> nn.Module:
        """Return the untrained network."""
        return LearningMatches(recipe)

    @classmethod
    def loss(cls, network: Any, batch: SoundedPictures) -> Tensor:
        """Return the recipe's loss, and SSL-TIE's two terms if asked for."""
        recipe, audio, alike = network.recipe, batch.audio.flatten(0, 1), batch.alike
        count = len(batch.image)
        owner = torch.arange(count, device=audio.device).repeat_interleave(len(audio) // count)
        if not recipe.equivariance:
            matched, followed = network(batch.image, audio)
            return _loss(recipe, matched, followed, owner, alike)
        turn = random_turns(count, audio.device)
        matched, followed = network(torch.cat([batch.image, turned(batch.image, turn)]), audio)
        halves, slow = _halves(matched), [None, None] if followed is None else _halves(followed)
        upright, rotated = (_loss(recipe, half, one, owner, alike) for half, one in zip(halves, slow, strict=True))
        plain, again = (own_maps(half.similarity(half.sounds).mean(0), owner) for half in halves)
        expected = turned(plain[:, None], turn[owner])[:, 0]
        equal: Tensor = functional.mse_loss(again, expected)
        return (upright + rotated) / 2 + float(recipe.equivariance) * equal


def _halves(matched: Matched) -> list[Matched]:
    """Return the first and the second half of the pictures, with all sounds each."""
    return [Matched(cells, matched.sounds) for cells in torch.chunk(matched.cells, 2, dim=1)]


def _loss(
    recipe: ContrastiveRecipe, matched: Matched, followed: Matched | None, owner: Tensor, alike: Tensor
) -> Tensor:
    """Return the recipe's loss, of vectors and, for SLAVC, those of the network that follows."""
    sharpness = recipe.sharpness
    if followed is not None:
        pairs = (a.similarity(b.sounds) for a, b in ((matched, followed), (followed, matched)))
        probable = [joint_log_probability(which, where, sharpness) for which, where in pairs]
        return among_sounds(probable[0], alike) + among_sounds(probable[1], alike)
    similarity = matched.similarity(matched.sounds)[0]
    if recipe.loss == "tri-map":
        return tri_map_loss(similarity, alike, sharpness)
    if recipe.loss == "fnac":
        return false_negative_loss(similarity, matched.cells[0], matched.sounds[0], owner, alike, sharpness)
    return multiple_instance_loss(similarity, alike, sharpness)


def random_turns(count: int, device: torch.device) -> Tensor:
    """Return affine maps (n, 2, 3) from output to input, as SSL-TIE draws them.

    Each turns by up to 30 degrees, and with probability 1/2 each shrinks the picture to half its size and mirrors it.
    """
    angle = (2 * torch.rand(count) - 1) * _LARGEST_TURN
    scale = torch.where(torch.rand(count) < 0.5, _SHRUNK, 1.0)
    mirror = torch.where(torch.rand(count) < 0.5, -1.0, 1.0)
    zero = torch.zeros(count)
    across = torch.stack([scale * mirror * angle.cos(), -scale * mirror * angle.sin(), zero], dim=-1)
    down = torch.stack([scale * angle.sin(), scale * angle.cos(), zero], dim=-1)
    return torch.stack([across, down], dim=1).to(device)


def turned(image: Tensor, turn: Tensor) -> Tensor:
    """Return images (n, channels, rows, columns) under the maps `turn`; 0 surrounds them."""
    grid = functional.affine_grid(turn, list(image.shape), align_corners=False)
    return functional.grid_sample(image, grid, align_corners=False)
