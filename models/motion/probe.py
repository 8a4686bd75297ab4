"""`probe`: how much frozen features tell of a rotation or an azimuth, by a linear layer of 64 bins (SLfM, Sec. 4.2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional

from ...benchmarks.questions.bins import BINS, DRAWN, Angle, Bins
from ...benchmarks.stimuli.stereo.batch import StereoBatch
from ...benchmarks.stimuli.view_pairs.batch import ViewPairBatch
from ...errors import InputError
from ..data.angle_bins import BinnedHomes, BinnedViews
from ..data.homes import HomeRecipe, HomeViews, open_homes
from ..networks.auralization import auralized
from ..networks.hearing import HearingEncoder
from ..networks.image_net_cells import ImageNetCells
from ..networks.probe import LinearProbe
from ..networks.turning import TurningEncoder
from ..training.learned import UNTRAINED
from ..training.learning import Examples
from ..training.recipe import Recipe, Size
from .features import IMAGE_NET, RANDOM, SIZES, SUPERVISED, features_of
from .home_model import HomeModel, beside, stored_camera
from .slfm import clip_segments, picture_pairs

Float64 = npt.NDArray[np.float64]
_SIZES = {"heard_features" if size == "features" else size: size for size in SIZES}
"""The fields that fit the encoders to a checkpoint, and what its recipe calls them."""
PUBLISHED_RATES: Mapping[str, float] = {"rotation": 1e-4, "azimuth": 1e-3}


class ProbeRecipe(HomeRecipe):
    """The recipe of `probe`."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "tiny": {
            "steps": 40,
            "batch": 6,
            "learning_rate": 1e-2,
            "validations": 4,
            "taps": 6000,
            "seconds": (0.51,),
            "held_out": "places",
        },
        "small": {"learning_rate": 1e-2, "taps": 6000, "seconds": (1.02, 0.51)},
        "paper": {"steps": 52_000, "batch": 96},
    }
    steps: int = Field(default=2000, ge=1)
    batch: int = Field(default=48, ge=2)
    warm_up: float = Field(default=0.0, ge=0, lt=1)
    views: int = Field(default=2, ge=2, le=2)
    of: Angle = "rotation"
    """What is told from the features."""
    features: str = RANDOM
    """Where the features come from: `random` weights, the shipped weights of `slfm`, or a checkpoint (a file) of it, of
    `slfm-pretext`, `avsa` or `rotnce`; or `imagenet`, for rotations: cells by a network that learned the kinds of
    ImageNet, and random weights that compare them. All these are frozen; `supervised` are random weights that learn
    together with the linear layer."""
    settled: bool = False
    """Whether the features' batch normalisation keeps its statistics; the published probes let them follow the data."""
    seen: tuple[Size, Size] = (32, 64)
    planes: int = Field(default=32, ge=4)
    heard: tuple[Size, Size, Size] = (16, 32, 64)
    heard_features: int = Field(default=256, ge=8)
    """Sizes of the encoders, as in the recipe of `slfm`; those of a checkpoint are taken from it."""

    @model_validator(mode="before")
    @classmethod
    def _completed(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Add the published learning rate, and the sizes of the checkpoint that `features` names."""
        rate = {"learning_rate": PUBLISHED_RATES.get(given.get("of", "rotation"), 1e-3)}
        if given.keys() >= _SIZES.keys():
            return rate | given
        features = features_of(str(given.get("features", RANDOM)))
        taken = features.sizes if features else {}
        return rate | given | {own: taken[theirs] for own, theirs in _SIZES.items() if theirs in taken}

    @model_validator(mode="after")
    def _sees(self) -> Self:
        if self.features == IMAGE_NET and self.of != "rotation":
            raise ValueError("features=imagenet sees and does not hear: give of=rotation, or other features")
        if self.features == IMAGE_NET and self.settled:
            raise ValueError("features=imagenet needs settled=false, since the data standardise its cells")
        return self


class ProbeNetwork(LinearProbe):
    """A linear probe that takes views of homes."""

    def forward(self, batch: BinnedViews) -> Tensor:
        """Return the cross entropy of a batch, ()."""
        return functional.cross_entropy(self.logits(batch.views).flatten(0, -2), batch.bins.flatten())

    def logits(self, views: HomeViews) -> Tensor:
        """Return the logits (n, answers, 64): of the rotation between both views, or of the azimuth in each."""
        if isinstance(self.encoder, HearingEncoder):
            return self.heard(auralized(views.dry, views.response))
        pitch, focal = stored_camera(len(views.image), views.image.device)
        return self.turned(views.image, pitch, focal)[:, None]


@dataclass(frozen=True)
class Probe(HomeModel):
    """Answers with the centre of its most likely bin, on the track that its checkpoint was trained for."""

    version: ClassVar[str] = "1"
    name: ClassVar[str] = "probe"
    tracks: ClassVar[tuple[str, ...]] = ("rotation", "azimuth")
    recipe: ClassVar[type[Recipe]] = ProbeRecipe

    @classmethod
    def network(cls, recipe: ProbeRecipe) -> nn.Module:
        """Return the network with random weights."""
        encoder: TurningEncoder | HearingEncoder
        if recipe.of == "rotation":
            encoder = TurningEncoder(recipe.seen, recipe.planes)
            if recipe.features == IMAGE_NET:
                encoder.cells = ImageNetCells()
        else:
            encoder = HearingEncoder(recipe.heard, recipe.heard_features)
        return ProbeNetwork(encoder, recipe.features != SUPERVISED, recipe.settled)

    @classmethod
    def begin(cls, network: Any, recipe: ProbeRecipe) -> None:
        """Load the features, if they were learned elsewhere, before the first step."""
        if features := features_of(recipe.features):
            features.load(network.encoder, recipe.of)

    @classmethod
    def examples(cls, recipe: Any, data: Sequence[str]) -> Examples:
        """Return the views of the set of homes in `data`, with bins."""
        features = features_of(recipe.features)
        homes = BinnedHomes(open_homes(recipe, data, [features.described()] if features else []), recipe.of)
        assert homes.ends, "refuses data without bins before anything is written"
        return homes

    @classmethod
    def validate(cls, network: Any, examples: Any) -> Mapping[str, float]:
        """Return the share of right bins on the validation homes, %, beside that of always the most frequent one."""
        found, truth = [], []
        for batch in examples.validation():
            found.append(network.logits(beside(network, batch.views)).argmax(-1).flatten().cpu())
            truth.append(batch.bins.flatten())
        answers, bins = torch.cat(found), torch.cat(truth)
        return {"accuracy": _percent(answers == bins), "most_frequent_accuracy": _percent(bins == examples.usual)}

    @classmethod
    def calibrate(cls, network: nn.Module, examples: Any) -> dict[str, float]:
        """Return the ends that the bins are made from, degrees; see `ends_of`."""
        return dict(zip(("low", "high"), examples.ends, strict=True))

    def serves(self, track: str) -> bool:
        """Return whether the checkpoint was trained for `track`."""
        return bool(self._recipe.of == track)

    def predict(self, batch: ViewPairBatch | StereoBatch) -> Float64:
        """Return degrees, positive to the left: the rotation of each pair of views, or the azimuth of each clip.

        Raises InputError for pairs if the probe was trained for azimuths, and the other way round.
        """
        of = "rotation" if isinstance(batch, ViewPairBatch) else "azimuth"
        if self._recipe.of != of:
            raise InputError(
                f"probe: {self.checkpoint} tells the {self._recipe.of}, and the {of} is asked for: "
                f"give a checkpoint of `whence train probe --set of={of}`"
            )
        answer = self._turned if of == "rotation" else self._heard
        return np.asarray(self._bins.centres[self.in_parts(answer, batch).argmax(-1).cpu().numpy()])

    @property
    def _bins(self) -> Bins:
        """The bins of the training; those of an untrained probe are as sets are drawn."""
        of: Angle = self._recipe.of
        if self.checkpoint == UNTRAINED:
            return BINS[of](*DRAWN[of])
        try:
            return BINS[of](*(float(self._read.card["calibration"][end]) for end in ("low", "high")))
        except (KeyError, TypeError, ValueError):
            raise InputError(f"{self._path}: its card has no ends of the bins; train it again") from None

    def _turned(self, batch: Any, part: slice) -> Tensor:
        logits: Tensor = self._network.turned(*picture_pairs(batch, part, self._recipe.columns, self.device))
        return logits

    def _heard(self, batch: Any, part: slice) -> Tensor:
        """Return the mean logits over the segments of each clip."""
        segments = clip_segments(batch, part, max(self._recipe.seconds), self.device)
        logits: Tensor = self._network.heard(segments)
        return logits.mean(1)


def _percent(right: Tensor) -> float:
    return 100 * float(right.double().mean())
