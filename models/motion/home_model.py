"""What the models share that learn from views of homes."""

import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from ...datagen.cameras import PITCH_DEG, Camera
from ..data.homes import HomeViews, open_homes
from ..networks.sphere_views import focal_in_widths
from ..training.learned import LearnedModel
from ..training.learning import Examples


class HomeModel(LearnedModel):
    """A model whose network returns the loss of a batch of views, and which answers `at_once` samples at a time."""

    at_once: ClassVar[int] = 32

    @classmethod
    def examples(cls, recipe: Any, data: Sequence[str]) -> Examples:
        """Return the views of the set of homes in `data`."""
        return open_homes(recipe, data)

    @classmethod
    def loss(cls, network: nn.Module, batch: Any) -> Tensor:
        """Return the loss of a batch, ()."""
        loss: Tensor = network(batch)
        return loss

    def in_parts(self, answer: Callable[[Any, slice], Tensor], batch: Any) -> Tensor:
        """Return what `answer` says of each part of `batch`, joined: (n, ...), without gradients."""
        with torch.inference_mode():
            return torch.cat([answer(batch, slice(k, k + self.at_once)) for k in range(0, len(batch), self.at_once)])


def beside(network: nn.Module, views: HomeViews) -> HomeViews:
    """Return `views` on the device of `network`."""
    device = next(network.parameters()).device
    return HomeViews(*(part.to(device) for part in views))


def stored_camera(count: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return pitch (count,), rad, and focal length (count,), in widths of the picture, of the camera of HM3D-SS."""
    pitch = torch.full((count,), math.radians(PITCH_DEG), device=device)
    return pitch, torch.full((count,), focal_in_widths(Camera().horizontal_field_of_view), device=device)
