"""`avsa` and `rotnce`: features of turns and sounds from telling the views of a place from each other.

They are the two rivals of `slfm-pretext` in the probes of SLfM (Chen, Qian and Owens 2023), which released neither code
nor settings of them. `avsa` is the spatial alignment of Morgado, Li and Vasconcelos (2020): what is seen in a view
belongs to what is heard there. `rotnce` contrasts sounds, by the true rotation of the head.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from ...datagen.view_sets import LEAST_ROTATION
from ..data.homes import HomeViews
from ..networks.alignment import Translation, alignment_loss, cosines, rotation_loss
from ..networks.auralization import auralized
from ..training.recipe import Recipe
from .encoders import PUBLISHED, TINY, EncoderRecipe, SoundFeatures, TurnFeatures
from .home_model import HomeModel, beside

EMBEDDING = 128
"""Numbers that are compared, as in the released code of Morgado, Li and Vasconcelos."""


class ViewContrastRecipe(EncoderRecipe):
    """The recipe of `avsa` and `rotnce`. The `paper` preset has the schedule of the pretext, since none is published.

    All views hear the same words, so that only the turn tells them from each other.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "tiny": {
            **TINY,
            "steps": 40,
            "batch": 6,
            "validations": 4,
        },
        "small": {},
        "paper": {
            **PUBLISHED,
            "features": 512,
            "seconds": (2.55,),
            "taps": 16_000,
        },
    }
    steps: int = Field(default=4000, ge=1)
    batch: int = Field(default=16, ge=2)
    learning_rate: float = Field(default=1e-3, gt=0)
    features: int = Field(default=128, ge=8, multiple_of=2)
    """Features of a turn, and of a sound; with 512 of them the transformers were slower to begin to learn."""
    views: int = Field(default=4, ge=2)
    seconds: tuple[float, ...] = Field(default=(1.02,), min_length=1)
    taps: int = Field(default=6000, ge=512)
    together: bool = True
    temperature: float = Field(default=0.07, gt=0)


class AvsaNetwork(nn.Module):
    """What is seen and heard in each view, and what either sense predicts of the other."""

    def __init__(self, recipe: ViewContrastRecipe) -> None:
        super().__init__()
        size = recipe.features
        self.temperature = recipe.temperature
        self.sees, self.hears = TurnFeatures(recipe), SoundFeatures(recipe)
        self.imagines, self.expects = Translation(size), Translation(size)
        self.seen, self.imagined, self.heard, self.expected = (nn.Linear(size, EMBEDDING) for _ in range(4))

    def forward(self, batch: HomeViews) -> Tensor:
        """Return the loss of a batch, (): the mean over both directions."""
        seen, imagined, heard, expected = self.embedded(batch)
        losses = (alignment_loss(imagined, seen, self.temperature), alignment_loss(expected, heard, self.temperature))
        return (losses[0] + losses[1]) / 2

    def embedded(self, batch: HomeViews) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return what is seen, imagined from sound, heard, and expected from sight, (n, views, 128) each."""
        image, audio = batch.image, auralized(batch.dry, batch.response)
        sight = self.sees(torch.cat([image[:, :1], image], dim=1))
        sound = self.hears(audio.flatten(0, 1)).reshape(*audio.shape[:2], -1)
        return (
            self.seen(sight),
            self.imagined(self.imagines(sound)),
            self.heard(sound),
            self.expected(self.expects(sight)),
        )


class RotNceNetwork(nn.Module):
    """What is heard in each view, in the first half of a clip and in the second."""

    def __init__(self, recipe: ViewContrastRecipe) -> None:
        super().__init__()
        self.temperature = recipe.temperature
        self.hears = SoundFeatures(recipe)
        self.heard = nn.Linear(recipe.features, EMBEDDING)

    def forward(self, batch: HomeViews) -> Tensor:
        """Return the loss of a batch, ()."""
        first, second = self.embedded(batch)
        return rotation_loss(first, second, not_turned(batch.rotation), self.temperature)

    def embedded(self, batch: HomeViews) -> tuple[Tensor, Tensor]:
        """Return what is heard first and then, (n, views, 128) each."""
        audio = auralized(batch.dry, batch.response)
        halves = torch.stack([audio[..., : audio.shape[-1] // 2], audio[..., -(audio.shape[-1] // 2) :]])
        first, second = self.heard(self.hears(halves.flatten(0, 2))).reshape(*halves.shape[:3], -1)
        return first, second


def not_turned(rotation: Tensor) -> Tensor:
    """Return whether (n, views, views) the head had turned by less than 10 degrees between two views.

    `rotation` (n, views), rad, leads from the first view. Views are at least that far from the first one.
    """
    between = rotation[:, :, None] - rotation[:, None]
    return between.cos() > math.cos(math.radians(LEAST_ROTATION))


class ViewContrast(HomeModel):
    """What `avsa` and `rotnce` share. They answer no track."""

    tracks: ClassVar[tuple[str, ...]] = ()
    recipe: ClassVar[type[Recipe]] = ViewContrastRecipe


@dataclass(frozen=True)
class Avsa(ViewContrast):
    """Learns which view's sight belongs to which sound, with all views of a place as context.

    A transformer translates what is heard in the views of a place to what is seen in each, another one the other way;
    the translation finds its own view among the others of the place and among those of other places. Vectors,
    temperature, translation and negatives are those of Morgado, Li and Vasconcelos, without their curriculum. Ours is
    what stands for the sight of a view: the features of the turn that leads there from the first view, because the
    encoder of SLfM compares two pictures; the first view is compared with itself.
    """

    version: ClassVar[str] = "1"
    name: ClassVar[str] = "avsa"

    @classmethod
    def network(cls, recipe: ViewContrastRecipe) -> nn.Module:
        """Return the untrained network."""
        return AvsaNetwork(recipe)

    @classmethod
    def validate(cls, network: Any, examples: Any) -> Mapping[str, float]:
        """Return the share of views, %, that are found among those of their place: by their sound, and by their sight.

        Beside them stands that of a blind and deaf choice.
        """
        found = []
        for batch in examples.validation():
            seen, imagined, heard, expected = network.embedded(beside(network, batch))
            own = torch.eye(seen.shape[1], dtype=torch.bool, device=seen.device)
            found.append([chosen(cosines(imagined, seen), own), chosen(cosines(expected, heard), own)])
        by_sound, by_sight = (100 * float(torch.cat(part).mean()) for part in zip(*found, strict=True))
        return {"found_by_sound": by_sound, "found_by_sight": by_sight, "found_by_chance": 100 / seen.shape[1]}


@dataclass(frozen=True)
class RotNce(ViewContrast):
    """Learns which sounds of a place a head heard that had not turned between them; it is told the true rotations.

    The paper says no more than that positives and negatives are chosen by the rotation. The rest is ours: a clip is cut
    in two, and a view's first half finds the second half of the views that are less than 10 degrees apart, among all of
    the place, and the other way round. Sounds of other places are left out: no rotation leads there. No pictures are
    seen, so it has no features of a turn.
    """

    version: ClassVar[str] = "1"
    name: ClassVar[str] = "rotnce"

    @classmethod
    def network(cls, recipe: ViewContrastRecipe) -> nn.Module:
        """Return the untrained network."""
        return RotNceNetwork(recipe)

    @classmethod
    def validate(cls, network: Any, examples: Any) -> Mapping[str, float]:
        """Return the share of views, %, whose first half finds the second half of one that is not turned from it.

        Beside it stands that of a deaf choice.
        """
        found = []
        for batch in examples.validation():
            first, second = network.embedded(beside(network, batch))
            alike = not_turned(batch.rotation).to(first.device)
            found.append([chosen(cosines(first, second), alike), alike.float().mean(-1)])
        own, chance = (100 * float(torch.cat(part).mean()) for part in zip(*found, strict=True))
        return {"found": own, "found_by_chance": chance}


def chosen(likeness: Tensor, right: Tensor) -> Tensor:
    """Return whether (n, views) the largest `likeness` (n, views, views) of each view is a `right` one, 1 or 0."""
    best = likeness.argmax(-1, keepdim=True)
    return right.expand_as(likeness).gather(-1, best)[..., 0].float()
