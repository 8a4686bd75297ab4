"""`slfm-pretext`: what a turned head hears, predicted from one ear's worth of it (Chen, Qian and Owens 2023).

The network knows what both ears hear in a first view, and how far the camera turned; so the features of both must tell
where the sound comes from and the rotation. They are learned here without labels, and used by the stages that follow.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional

from ...conventions import SAMPLE_RATE
from ..data.homes import HomeViews
from ..networks.auralization import auralized
from ..networks.binaural_unet import AttendingUnet, BinauralUnet
from ..networks.binauralization import Task, angle_embedding, ears_of, left_to_right, masked, mono_to_binaural
from ..networks.ear_stream import FRAMES
from ..training.recipe import Recipe
from .encoders import PUBLISHED, TINY, EncoderRecipe, SoundFeatures, TurnFeatures
from .home_model import HomeModel, beside
from .prompting import prompted_rotations

DISTANCE_FACTOR = 10.0
"""Factor of the L1 loss in the released code. Whether the distances of the paper include it is not known."""


class PretextRecipe(EncoderRecipe):
    """The recipe of `slfm-pretext`."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "tiny": {
            **TINY,
            "steps": 20,
            "batch": 4,
            "taps": 4000,
            "width": 0.125,
            "prompts": 2,
            "validations": 2,
        },
        "small": {},
        "paper": {
            **PUBLISHED,
            "prompts": 1024,
        },
    }
    steps: int = Field(default=4000, ge=1)
    batch: int = Field(default=16, ge=2)
    learning_rate: float = Field(default=1e-3, gt=0)
    task: Literal["mono-to-binaural", "left-to-right"] = "mono-to-binaural"
    """What is predicted: the difference of both ears from their sum, or the right ear from the left."""
    hears: bool = True
    """Whether the U-Net knows what both ears hear in the first view."""
    sees: Literal["views", "rotation", "nothing"] = "views"
    """What it knows of the turn: the pictures, the true rotation, or nothing."""
    unet: Literal["2.5d", "attention"] = "2.5d"
    width: float = Field(default=0.25, gt=0, le=4)
    """Filters of the U-Net and of published encoders, as a share of the published ones."""
    prompts: int = Field(default=8, ge=0)
    """Votes of audio prompting at the end, by networks that predict both ears from sound and turn; 0 for none."""

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        if any(round(seconds * SAMPLE_RATE) % (FRAMES - 1) for seconds in self.seconds):
            raise ValueError("seconds must be multiples of 0.51, so that a spectrogram has 256 frames")
        if (64 * self.width) % 4:
            raise ValueError("width must be a multiple of 1/16")
        if self.unet == "attention" and not self.conditions:
            raise ValueError("attention needs something to attend to: hears=true, sees=views or sees=rotation")
        return self

    @property
    def is_prompted(self) -> bool:
        """Whether the network is asked for rotations by audio prompting."""
        knows = self.hears and self.sees != "nothing"
        return self.prompts > 0 and knows and self.task == "mono-to-binaural"

    @property
    def conditions(self) -> int:
        """Numbers that the U-Net is told."""
        return self.features * (self.hears + (self.sees != "nothing"))


class PretextNetwork(nn.Module):
    """The network of one recipe."""

    def __init__(self, recipe: PretextRecipe) -> None:
        super().__init__()
        self.recipe = recipe
        self.sees = TurnFeatures(recipe) if recipe.sees == "views" else None
        self.hears = SoundFeatures(recipe) if recipe.hears else None
        unet = AttendingUnet if recipe.unet == "attention" else BinauralUnet
        self.predicts = unet(recipe.conditions, recipe.width)

    def forward(self, batch: HomeViews) -> Tensor:
        """Return the loss of a batch: 10 times the mean absolute error of the spectrogram, over all further views."""
        task, answer = self.answered(batch, auralized(batch.dry, batch.response))
        return stft_distance(answer, task.truth).mean()

    def answered(self, batch: HomeViews, audio: Tensor) -> tuple[Task, Tensor]:
        """Return the task in the further views and its answer (n (views - 1), 2, 256, 256).

        `audio` (n, views, 2, samples) is what is heard in each view of the batch.
        """
        mono = self.recipe.task == "mono-to-binaural"
        task = (mono_to_binaural if mono else left_to_right)(audio[:, 1:].flatten(0, 1))
        found = self.predicts(task.given, self._conditions(batch, audio).flatten(0, 1))
        return task, masked(found, task.given) if mono else found.float()

    def _conditions(self, batch: HomeViews, audio: Tensor) -> Tensor:
        """Return what the U-Net is told (n, views - 1, conditions): of the sound, then of the turn."""
        told = [audio.new_zeros(len(audio), audio.shape[1] - 1, 0)]
        if self.hears is not None:
            told.append(self.hears(audio[:, 0])[:, None].expand(-1, audio.shape[1] - 1, -1))
        if self.sees is not None:
            told.append(self.sees(batch.image))
        if self.recipe.sees == "rotation":
            told.append(angle_embedding(batch.rotation[:, 1:], self.recipe.features))
        return torch.cat(told, dim=-1)


def stft_distance(answer: Tensor, truth: Tensor) -> Tensor:
    """Return `DISTANCE_FACTOR` times the mean absolute error of each spectrogram, (n,)."""
    error = functional.l1_loss(answer, truth, reduction="none")
    return DISTANCE_FACTOR * error.flatten(1).mean(1)


@dataclass(frozen=True)
class SlfmPretext(HomeModel):
    """Learns features of sounds and turns. It answers no track."""

    version: ClassVar[str] = "1"
    name: ClassVar[str] = "slfm-pretext"
    tracks: ClassVar[tuple[str, ...]] = ()
    recipe: ClassVar[type[Recipe]] = PretextRecipe

    @classmethod
    def network(cls, recipe: PretextRecipe) -> nn.Module:
        """Return the untrained network."""
        return PretextNetwork(recipe)

    @classmethod
    def validate(cls, network: nn.Module, examples: Any) -> Mapping[str, float]:
        """Return the STFT distance on the validation homes, beside that of predicting no difference of the ears.

        It is the training's loss: the mean absolute error times 10.
        """
        distances = []
        for batch in examples.validation():
            task, answer, _ = _answered(network, batch)
            distances.append([stft_distance(one, task.truth) for one in (answer, task.no_difference)])
        own, none = (float(torch.cat(part).mean()) for part in zip(*distances, strict=True))
        return {"stft_distance": own, "no_difference_stft_distance": none}

    @classmethod
    def calibrate(cls, network: Any, examples: Any) -> dict[str, float]:
        """Return the mean absolute error of rotations by audio prompting on the first validation homes, and of zero."""
        if not network.recipe.is_prompted:
            return {}
        batch = beside(network, next(examples.validation()))
        truth = np.degrees(batch.rotation[:, 1:].double().cpu().numpy())
        turns = prompted_rotations(network, batch, network.recipe.prompts)
        errors = {"prompted_rotation_mae_deg": turns - truth, "zero_rotation_mae_deg": truth}
        return {name: float(np.abs(error).mean()) for name, error in errors.items()}

    @classmethod
    def figures(cls, network: nn.Module, examples: Any) -> Sequence[Any]:
        """Return a figure for the report: what was true, predicted and given in the first validation home."""
        from .figure import spectrogram_figure  # loads matplotlib

        task, answer, _ = _answered(network, next(examples.validation()))
        shown = (_levels(one[0], network) for one in (task.truth, answer, task.given))
        return [spectrogram_figure(*(one.cpu().numpy() for one in shown))]

    @classmethod
    def sounds(cls, network: Any, examples: Any) -> Mapping[str, npt.NDArray[np.float32]]:
        """Return what both ears hear in a view of the first validation home: the truth, the prediction, their sum.

        A prediction of the right ear's phase is too coarse to be listened to.
        """
        if network.recipe.task == "left-to-right":
            return {}
        _, answer, audio = _answered(network, next(examples.validation()))
        heard = audio[:1, 1]
        predicted = ears_of(heard.sum(1), answer[:1])
        shown = {"true": heard, "predicted": predicted, "mono": heard.mean(1, keepdim=True)}
        return {name: one[0].cpu().numpy() for name, one in shown.items()}


def _answered(network: Any, batch: HomeViews) -> tuple[Task, Tensor, Tensor]:
    """Return the task of a batch, the answer, and the audio (n, views, 2, samples), on the network's device."""
    moved = beside(network, batch)
    audio = auralized(moved.dry, moved.response)
    return *network.answered(moved, audio), audio


def _levels(image: Tensor, network: Any) -> Tensor:
    """Return the levels (bins, frames), dB, of a spectrogram (2, bins, frames) of the task."""
    if network.recipe.task == "left-to-right":
        return 80 * image[0] - 20  # -1..1 stand for -100..60 dB
    return 20 * image.square().sum(0).sqrt().clamp_min(1e-5).log10()
