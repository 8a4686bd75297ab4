"""The two encoders that learn features without labels: one sees a turn, the other hears a sound."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field
from torch import Tensor, nn

from ...conventions import SAMPLE_RATE
from ..data.homes import HomeRecipe
from ..networks.camera_stream import CameraStream
from ..networks.ear_stream import EarStream
from ..networks.hearing import HearingEncoder
from ..networks.turning import TurningEncoder
from ..training.recipe import Size
from .home_model import stored_camera

TINY: Mapping[str, Any] = {
    "features": 64,
    "seen": (8, 16),
    "planes": 16,
    "heard": (8, 16, 16),
    "held_out": "places",
}
"""Sizes of the preset `tiny`; few homes leave some of their places for validation."""
PUBLISHED: Mapping[str, Any] = {
    "steps": 250_000,
    "batch": 96,
    "learning_rate": 1e-4,
    "rows": 240,
    "columns": 320,
    "width": 1.0,
    "encoders": "published",
}
"""Sizes and schedule of the pretext of SLfM, in the preset `paper`."""


class EncoderRecipe(HomeRecipe):
    """A recipe with both encoders."""

    encoders: Literal["small", "published"] = "small"
    """Our networks that see and hear, or those of SLfM."""
    width: float = Field(default=0.25, gt=0, le=4)
    """Filters of published encoders, as a share of the published ones."""
    features: int = Field(default=512, ge=8, multiple_of=2)
    """Features of a turn, and of a sound."""
    heard_seconds: float = Field(default=2.55, ge=0.05)
    """Longest clip that is heard."""
    seen: tuple[Size, Size] = (32, 64)
    planes: int = Field(default=32, ge=4)
    heard: tuple[Size, Size, Size] = (16, 32, 64)
    """Filters of our small encoders."""


class TurnFeatures(nn.Module):
    """Features (n, views - 1, size) of the turns from the first view to the others, by our network or SLfM's."""

    def __init__(self, recipe: EncoderRecipe) -> None:
        super().__init__()
        self.encoder: TurningEncoder | CameraStream
        if recipe.encoders == "small":
            self.encoder = TurningEncoder(recipe.seen, recipe.planes)
            self.last: nn.Module = nn.Sequential(nn.Linear(self.encoder.size, recipe.features), nn.ReLU())
        else:
            self.encoder = CameraStream(recipe.rows, recipe.columns, recipe.features, recipe.width)
            self.last = nn.Identity()

    def forward(self, image: Tensor) -> Tensor:
        """Return the features for pictures (n, views, 3, rows, columns) in 0..1, taken by the camera of HM3D-SS."""
        count, views = image.shape[:2]
        cells = self._cells(image.flatten(0, 1))
        cells = cells.reshape(count, views, *cells.shape[1:])
        first, others = cells[:, :1].expand_as(cells[:, 1:]).flatten(0, 1), cells[:, 1:].flatten(0, 1)
        pair = (first, others) if isinstance(self.encoder, TurningEncoder) else (others, first)
        features: Tensor = self.last(self.encoder(*pair))
        return features.reshape(count, views - 1, -1)

    def _cells(self, image: Tensor) -> Tensor:
        if isinstance(self.encoder, TurningEncoder):
            return self.encoder.seen(image, *stored_camera(len(image), image.device))
        return self.encoder.seen(image)


class SoundFeatures(nn.Module):
    """Features (n, size) of binaural clips (n, 2, samples), by our network or SLfM's."""

    def __init__(self, recipe: EncoderRecipe) -> None:
        super().__init__()
        self.samples = round(recipe.heard_seconds * SAMPLE_RATE)
        self.encoder: HearingEncoder | EarStream
        if recipe.encoders == "small":
            self.encoder = HearingEncoder(recipe.heard, recipe.features)
            self.last: nn.Module = nn.Sequential(nn.Linear(self.encoder.size, recipe.features), nn.ReLU())
        else:
            self.encoder, self.last = EarStream(recipe.features, recipe.width), nn.Identity()

    def forward(self, audio: Tensor) -> Tensor:
        """Return the features of the beginning of each clip."""
        features: Tensor = self.last(self.encoder(audio[..., : self.samples]))
        return features
