"""`attention`: the two-stream network of Senocak et al. (CVPR 2018, TPAMI 2019), from no labels to all of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field
from torch import Tensor, nn

from ..data.sounding import SoundedPictures
from ..networks.localizer import Attended, AttentionNetwork, Mechanism, log_attention, own_pairs
from .contrast import likeness_loss
from .method import TINY, PictureModel, PictureRecipe

Negatives = Literal["one", "sounds", "both"]
_NEVER_ZERO = 1e-6


class AttentionRecipe(PictureRecipe):
    """The recipe of `attention`."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "tiny": TINY,
        "small": {},
        "paper": {
            "steps": 50_000,
            "batch": 30,
            "learning_rate": 1e-4,
            "rows": 320,
            "columns": 320,
            "stride": 16,
            "halved": False,
            "visual_widths": (64, 128, 256, 512, 512),
            "visual_layers": (2, 2, 3, 3, 3),
            "hears": "waveform",
            "sound_width": 1.0,
            "width": 512,
            "heard": 1000,
            "mechanism": "relu",
            "temperature": 1.0,
            "negatives": "one",
            "contrast": 0.0,
            "groups": 0,
            "whole_targets": True,
            "weight_decay": 0.0,
        },
    }
    steps: int = Field(default=4000, ge=1)
    batch: int = Field(default=32, ge=2)
    learning_rate: float = Field(default=1e-3, gt=0)
    mechanism: Mechanism = "softmax"
    temperature: float = Field(default=0.1, gt=0)
    """What the cosines are divided by; the paper has none (1)."""
    negatives: Negatives = "both"
    """What a pair is told from: one sound of another picture, drawn anew, as published; all of those in the batch; or
    the other pictures with this sound too, without which a picture's vector may repeat the sound that it attends to."""
    contrast: float = Field(default=1.0, ge=0)
    """Weight, among the losses without labels, of `likeness_loss` on the same cosines; the paper has none (0).

    With the triplet loss alone, a network that begins with random weights may attend to anything but the object, since
    nothing ties a high cosine to it.
    """
    groups: int = Field(default=40, ge=0)
    whole_targets: bool = False
    """Whether the supervised loss adds up over the object, as published, so that large ones weigh more."""


class LearningAttention(AttentionNetwork):
    """The attention network with the settings of its losses."""

    def __init__(self, recipe: AttentionRecipe) -> None:
        streams = recipe.visual_stream, recipe.sound_stream
        super().__init__(*streams, recipe.width, recipe.heard, recipe.mechanism, recipe.temperature)
        self.recipe = recipe


@dataclass(frozen=True)
class Attention(PictureModel):
    """The cosine of each cell of the picture with the sound.

    The shipped weights learned from a tenth of the annotations; `unsupervised` and `supervised` from none and from all.
    """

    name: ClassVar[str] = "attention"
    recipe: ClassVar[type[AttentionRecipe]] = AttentionRecipe
    variants: ClassVar[tuple[str, ...]] = ("unsupervised", "supervised")

    @classmethod
    def network(cls, recipe: AttentionRecipe) -> nn.Module:
        """Return the untrained network."""
        return LearningAttention(recipe)

    @classmethod
    def loss(cls, network: Any, batch: SoundedPictures) -> Tensor:
        """Return the losses without labels (if asked for) plus the supervised loss of the annotated pictures."""
        recipe, made = network.recipe, network(batch.image, batch.audio)
        log_weights = log_attention(own_pairs(made.similarity), recipe.mechanism, recipe.temperature)
        loss = supervised_loss(log_weights, batch.target, batch.annotated, recipe.whole_targets)
        if recipe.unsupervised:
            loss = loss + triplet_loss(made, batch.alike, recipe.negatives)
        if recipe.unsupervised and recipe.contrast:
            loss = loss + recipe.contrast * likeness_loss(made.similarity, batch.alike, recipe.temperature)
        return loss

    def vectors(self, batch: Any) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Return f_v and f_s (n, features) of each picture with its sound, for retrieval.

        f_v is the picture as attended with the sound, f_s the sound; `batch` is as `predict` takes it.
        """
        parts = []
        for k in range(0, len(batch.image), self.pictures_at_once):
            with torch.inference_mode():
                made: Attended = self._network(*self.tensors(batch, slice(k, k + self.pictures_at_once)))
            parts.append((own_pairs(made.seen)[:, 0].float().cpu().numpy(), made.heard.float().cpu().numpy()))
        seen, heard = zip(*parts, strict=True)
        return np.concatenate(seen), np.concatenate(heard)


def triplet_loss(made: Attended, alike: Tensor, negatives: Negatives) -> Tensor:
    """Return the mean of `distance_ratio_loss`: a picture as attended with its sound, that sound, and another's.

    Sounds that are `alike` (n, m) to one in the picture are no negatives. With "both", half of the loss is of another
    picture, as attended with the same sound.
    """
    own, owner = own_pairs(made.seen).flatten(0, 1), made.owner
    distance = torch.cdist(own, made.heard, compute_mode="donot_use_mm_for_euclid_dist")
    positive, other = distance.diagonal()[:, None], (~alike[owner]).float()
    if negatives == "one":
        drawn = torch.multinomial(other + _NEVER_ZERO, 1)
        other = other * torch.zeros_like(other).scatter_(1, drawn, 1.0)
    loss = _mean_over(distance_ratio_loss(positive, distance), other)
    if negatives != "both":
        return loss
    elsewhere = (made.seen - made.heard).norm(dim=-1).T
    return (loss + _mean_over(distance_ratio_loss(positive, elsewhere), (~alike.T).float())) / 2


def _mean_over(values: Tensor, chosen: Tensor) -> Tensor:
    """Return the mean of the values where `chosen` is 1; 0 if it is nowhere."""
    return (values * chosen).sum() / chosen.sum().clamp_min(1)


def distance_ratio_loss(positive: Tensor, negative: Tensor) -> Tensor:
    """Return |[D+, D-] - [0, 1]|^2, where D are the softmax of the distances to the own and to another sound.

    Equal distances give 0.5; 0 when the other sound is much farther.
    """
    return 2 * torch.sigmoid(positive - negative).square()


def supervised_loss(log_weights: Tensor, target: Tensor, annotated: Tensor, whole: bool) -> Tensor:
    """Return the mean over all sounds of the cross-entropy of the attention (n, k, rows, columns) with the `target`.

    The target of each sound adds up to one, or is as given if `whole`. Pictures that are not `annotated` (n,) give 0.
    """
    entropy = -(target * log_weights).sum(dim=(-2, -1))
    if not whole:
        entropy = entropy / target.sum(dim=(-2, -1)).clamp_min(_NEVER_ZERO)
    return (entropy * annotated[:, None]).mean()
