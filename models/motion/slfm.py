"""`slfm`: sound localization from motion (Chen, Qian and Owens 2023).

Two networks learn from each other: what a head that turned by a rotation hears must have moved by the same angle. The
losses are the published ones. The networks are our own small ones, odd by construction, so the published symmetry loss
is zero and left out.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from ...benchmarks.stimuli.stereo.batch import StereoBatch
from ...benchmarks.stimuli.view_pairs.batch import ViewPairBatch
from ...conventions import SAMPLE_RATE
from ...datagen.cameras import Camera
from ..data.homes import HomeRecipe, HomeViews, open_homes, resized
from ..networks.auralization import auralized
from ..networks.geometry import geometric_loss, reflected, reflecting_loss, side_loss, side_votes
from ..networks.hearing import spectra
from ..networks.motion import Distribution, MotionNetwork
from ..networks.sphere_views import focal_in_widths
from ..training.learning import Examples
from ..training.recipe import Recipe, Size
from .features import pretext_of
from .home_model import HomeModel, beside, stored_camera

Float64 = npt.NDArray[np.float64]
SIGN_PAIRS = 12
"""Validation pairs that settle the sign of all rotations, as in the released code: motion alone leaves it open."""


class SlfmRecipe(HomeRecipe):
    """The recipe of `slfm`."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "tiny": {
            "steps": 40,
            "batch": 6,
            "seen": (8, 16),
            "planes": 16,
            "heard": (8, 16, 16),
            "validations": 4,
            "held_out": "places",
        },
        "small": {},
        "paper": {
            "steps": 20_000,
            "batch": 96,
            "seen": (64, 128),
            "planes": 64,
            "heard": (32, 64, 128),
            "features": 512,
        },
    }
    steps: int = Field(default=4000, ge=1)
    batch: int = Field(default=24, ge=2)
    learning_rate: float = Field(default=2e-3, gt=0)
    seconds: tuple[float, ...] = Field(default=(1.02, 0.51), min_length=1)
    taps: int = Field(default=6000, ge=512)
    learns_from: Literal["motion", "rotation", "labels"] = "motion"
    """What is known: nothing (the networks learn from each other), the true rotation, or all angles."""
    held: bool = False
    """Whether the network that sees keeps the weights it begins with. The correlation of random features tells most
    rotations, so what hears can learn from them first; without this, both forget together what they do not know yet."""
    reflections: bool = True
    """Whether an azimuth may be mistaken for its reflection, front and back exchanged."""
    geometric: float = Field(default=5.0, ge=0)
    binaural: float = Field(default=1.0, ge=0)
    """Weights of the losses; the geometric one counts twice, as in the released code. The binaural one keeps ears from
    exchanging left and right, but pulls azimuths outwards; without it, the louder ear settles the side at the end."""
    seen: tuple[Size, Size] = (32, 64)
    """Filters of the two stages that see."""
    planes: int = Field(default=32, ge=4)
    """Filters that compare two views."""
    heard: tuple[Size, Size, Size] = (16, 32, 64)
    """Filters of the three stages that hear."""
    features: int = Field(default=256, ge=8)
    """Features of a sound."""
    pretext: str = ""
    """A checkpoint of `slfm-pretext`, `avsa` or `rotnce`, whose encoders the training begins with; their sizes are
    taken from it. None: random weights."""

    @model_validator(mode="before")
    @classmethod
    def _fitting(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Add the sizes of the encoders in `pretext`, unless all fields are given, as in a card."""
        if given.keys() >= cls.model_fields.keys():
            return given
        features = pretext_of(str(given.get("pretext", "")))
        return given | (features.sizes if features else {})


class SlfmNetwork(MotionNetwork):
    """The network of one recipe."""

    def __init__(self, recipe: SlfmRecipe) -> None:
        super().__init__(recipe.seen, recipe.planes, recipe.heard, recipe.features)
        self.recipe = recipe

    def forward(self, batch: HomeViews) -> Tensor:
        """Return the loss of a batch."""
        recipe = self.recipe
        audio = auralized(batch.dry, batch.response)
        azimuth = self.azimuth(audio)
        if recipe.learns_from == "labels":
            return told(self.turns(batch), batch.rotation[:, 1:]) + told(azimuth, in_front(batch.azimuth))
        rotation = batch.rotation[:, 1:] if recipe.learns_from == "rotation" else self._guessed(batch)
        side = side_loss(azimuth.mean.flatten(), side_votes(spectra(audio.flatten(0, 1), self.hears.window)))
        agreement = reflecting_loss if recipe.reflections else geometric_loss
        source, target = azimuth.mean[:, :1], azimuth.mean[:, 1:]
        geometric = agreement(source.expand_as(target), target, rotation).mean()
        loss: Tensor = 2 * recipe.geometric * geometric + recipe.binaural * side
        return loss

    def _guessed(self, batch: HomeViews) -> Tensor:
        """Return the expected rotations; nothing is learned through them if they are held."""
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.recipe.held):
            return self.turns(batch).mean

    def turns(self, batch: HomeViews) -> Distribution:
        """Return the rotations of a batch of views, all taken by the camera of HM3D-SS."""
        pitch, focal = stored_camera(len(batch.image), batch.image.device)
        return self.rotation(batch.image, pitch, focal)


def in_front(azimuth: Tensor) -> Tensor:
    """Return azimuths (rad) with those behind reflected to the front."""
    return torch.where(azimuth.abs() > math.pi / 2, reflected(azimuth), azimuth)


def told(found: Distribution, truth: Tensor) -> Tensor:
    """Return the loss of distributions whose angle is known: cross entropy to the two nearest places, and |error|."""
    step = found.angle[1] - found.angle[0]
    place = ((truth - found.angle[0]) / step).clamp(0, len(found.angle) - 1)
    weight = (1 - (place[..., None] - torch.arange(len(found.angle), device=place.device)).abs()).clamp_min(0)
    entropy = -(weight * found.logits.log_softmax(-1)).sum(-1)
    return entropy.mean() + (found.mean - truth).abs().mean() / step


@dataclass(frozen=True)
class Slfm(HomeModel):
    """Answers with the expected angle of the network that sees (`rotation`) or hears (`azimuth`, `left-right`).

    Azimuths lie in front: -96 to 96 degrees. A clip longer than those trained on is heard in segments.
    """

    version: ClassVar[str] = "1"
    name: ClassVar[str] = "slfm"
    tracks: ClassVar[tuple[str, ...]] = ("rotation", "azimuth", "left-right")
    recipe: ClassVar[type[Recipe]] = SlfmRecipe
    variants: ClassVar[tuple[str, ...]] = ("supervised",)

    @classmethod
    def network(cls, recipe: SlfmRecipe) -> nn.Module:
        """Return the untrained network."""
        return SlfmNetwork(recipe)

    @classmethod
    def begin(cls, network: Any, recipe: SlfmRecipe) -> None:
        """Load the encoders of the recipe's pretext; what it has not learned keeps random weights."""
        if features := pretext_of(recipe.pretext):
            for of in features.told:
                features.load(network.sees if of == "rotation" else network.hears, of)

    @classmethod
    def examples(cls, recipe: SlfmRecipe, data: Sequence[str]) -> Examples:
        """Return the views of the set of homes in `data`, with what is recorded of the pretext."""
        features = pretext_of(recipe.pretext)
        return open_homes(recipe, data, [features.described()] if features else [])

    @classmethod
    def validate(cls, network: nn.Module, examples: Any) -> Mapping[str, float]:
        """Return mean absolute errors (degrees) on the validation homes, beside those of zero.

        Azimuths are scored for sounds in front, and left out if there are none; both as `calibrate` settles them.
        """
        found = [_answered(network, batch) for batch in examples.validation()]
        turn, true_turn, heard, azimuth, louder = (torch.cat(part) for part in zip(*found, strict=True))
        ahead = azimuth.abs() <= math.pi / 2
        errors = {
            "rotation_mae_deg": _sign(turn, true_turn) * turn - true_turn,
            "azimuth_mae_deg": (_side(heard, louder) * heard - azimuth)[ahead],
            "zero_rotation_mae_deg": true_turn,
            "zero_azimuth_mae_deg": azimuth[ahead],
        }
        return {name: math.degrees(float(error.abs().mean())) for name, error in errors.items() if len(error)}

    @classmethod
    def calibrate(cls, network: nn.Module, examples: Any) -> dict[str, float]:
        """Return what motion leaves open: the `sign` of rotations and the `side` of azimuths, 1 or -1.

        The first `SIGN_PAIRS` pairs of the validation homes settle the sign, the louder ear in their sounds the side.
        """
        turn, true_turn, heard, _, louder = _answered(network, next(examples.validation()))
        return {"sign": _sign(turn, true_turn), "side": _side(heard, louder)}

    def predict(self, batch: ViewPairBatch | StereoBatch) -> Float64:
        """Return degrees, positive to the left: the rotation of each pair of views, or the azimuth of each clip."""
        turns = isinstance(batch, ViewPairBatch)
        answer = self._turned if turns else self._heard
        answers: Float64 = np.degrees(self.in_parts(answer, batch).double().cpu().numpy())
        return answers

    def _turned(self, batch: Any, part: slice) -> Tensor:
        """Return the rotations (n,), rad, of a part of the pairs."""
        pairs = picture_pairs(batch, part, self._recipe.columns, self.device)
        turns: Tensor = self._network.rotation(*pairs).mean[:, 0]
        return turns * self._settled("sign")

    def _heard(self, batch: Any, part: slice) -> Tensor:
        """Return the azimuths (n,), rad, of a part of the clips: the mean over segments of the logits decides."""
        found = self._network.azimuth(clip_segments(batch, part, max(self._recipe.seconds), self.device))
        together: Tensor = Distribution(found.logits.mean(1), found.angle).mean
        return together * self._settled("side")

    def _settled(self, name: str) -> float:
        """Return what `calibrate` found for `name`; 1 for networks whose training left nothing open."""
        return float(self._read.card.get("calibration", {}).get(name, 1.0))


def picture_pairs(batch: ViewPairBatch, part: slice, columns: int, device: str) -> tuple[Tensor, Tensor, Tensor]:
    """Return a part of the pairs as the network takes them: pictures, pitch and focal length (see `on_the_sphere`).

    Pictures (n, 2, 3, rows, columns) are as sharp as `columns` of the camera of HM3D-SS.
    """
    focal = float(batch.intrinsics[0, 0])
    scale = focal_in_widths(Camera().horizontal_field_of_view) * columns / focal
    views = np.stack([batch.images_0[part], batch.images_1[part]], axis=1)
    height, width = views.shape[2:4]
    small = resized(views, max(round(height * scale), 1), max(round(width * scale), 1))
    image = torch.from_numpy(small.astype(np.float32).transpose(0, 1, 4, 2, 3) / np.float32(255)).to(device)
    pitch = torch.from_numpy(np.radians(batch.pitch_deg[part])).float().to(device)
    return image, pitch, torch.full_like(pitch, focal / width)


def clip_segments(batch: StereoBatch, part: slice, seconds: float, device: str) -> Tensor:
    """Return a part of the clips as overlapping segments (n, segments, 2, samples) of at most `seconds`."""
    audio = torch.from_numpy(np.ascontiguousarray(batch.audio[part])).to(device)
    length = min(round(seconds * SAMPLE_RATE), audio.shape[-1])
    return audio.unfold(-1, length, max(length // 2, 1)).movedim(-2, 1)


def _answered(network: Any, batch: HomeViews) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Return rotations (n,) and azimuths (m,) of a batch, rad, each followed by the truth, and `side_votes` (m,)."""
    moved = beside(network, batch)
    audio = auralized(moved.dry, moved.response)
    turns, heard = network.turns(moved).mean, network.azimuth(audio).mean
    louder = side_votes(spectra(audio.flatten(0, 1), network.hears.window))
    found = (turns, moved.rotation[:, 1:], heard, moved.azimuth, louder)
    turn, true_turn, clip, azimuth, votes = (part.flatten().cpu() for part in found)
    return turn, true_turn, clip, azimuth, votes


def _sign(turns: Tensor, truth: Tensor) -> float:
    """Return 1.0 if at least half of the first `SIGN_PAIRS` turns have the sign of the truth, else -1.0."""
    agree = turns[:SIGN_PAIRS].sign() == truth[:SIGN_PAIRS].sign()
    return 1.0 if float(agree.float().mean()) >= 0.5 else -1.0


def _side(azimuth: Tensor, louder: Tensor) -> float:
    """Return 1.0 if most azimuths are on the `louder` side (1 left, 0 right), else -1.0."""
    return 1.0 if float(((2 * louder - 1) * azimuth.sin().sign()).sum()) >= 0 else -1.0
