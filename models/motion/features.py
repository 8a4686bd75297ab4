"""Where features come from: what sees or hears in a checkpoint of `slfm`, or of a model that learns without angles."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from ...benchmarks.questions.bins import Angle
from ...errors import InputError
from ...registry import load_method
from ..networks.efficient_net import pretrained_source
from ..training.checkpoint import Checkpoint, described_checkpoint, fill, read_checkpoint, shipped
from ..training.header import read_card
from ..training.learned import recipe_of

RANDOM, SUPERVISED, IMAGE_NET, SLFM = "random", "supervised", "imagenet", "slfm"
PRETEXTS = ("slfm-pretext", "avsa", "rotnce")
"""Models that learn features, and no angle."""
SIZES = ("seen", "planes", "heard", "features")
"""The fields of a recipe that give the sizes of its encoders."""
_PARTS: Mapping[Angle, str] = {"rotation": "sees.", "azimuth": "hears."}
"""What the tensors of the encoders of `slfm` begin with; in the other models `encoder.` follows."""


@dataclass(frozen=True)
class Features:
    """The encoders in the checkpoint at `path` of the model of that `name`."""

    path: Path
    name: str

    @cached_property
    def _whole(self) -> Checkpoint:
        return read_checkpoint(self.path, self.name)

    @property
    def sizes(self) -> dict[str, Any]:
        """The sizes of the encoders, by the names in `SIZES`; raises InputError for published ones."""
        model, _ = load_method(self.name)
        taken: Any = recipe_of(model.recipe, self._whole, self.path)
        if getattr(taken, "encoders", "small") != "small":
            raise InputError(f"{self.path}: has encoders={taken.encoders}; features are read from encoders=small only")
        return {size: getattr(taken, size) for size in SIZES}

    def _tensors(self, of: Angle) -> dict[str, Tensor]:
        """Return the tensors of what tells `of`, as its encoder calls them; none if nothing does."""
        part = _PARTS[of] + ("encoder." if self.name in PRETEXTS else "")
        return {name.removeprefix(part): one for name, one in self._whole.tensors.items() if name.startswith(part)}

    @property
    def told(self) -> Sequence[Angle]:
        """The angles that features of the checkpoint tell; raises InputError if there are none."""
        found = [of for of in _PARTS if self._tensors(of)]
        if not found:
            raise InputError(f"{self.path}: learned with sees=nothing and hears=false, so it has no features")
        return found

    def load(self, encoder: nn.Module, of: Angle) -> None:
        """Give `encoder` the weights of what tells `of`; raises InputError if the checkpoint has none that fit."""
        tensors = self._tensors(of)
        if not tensors:
            sense = "sees=views" if of == "rotation" else "hears=true"
            without = "pictures" if self.name == "rotnce" else sense
            raise InputError(f"{self.path}: learned without {without}, so it has no features that tell the {of}")
        fill(encoder, replace(self._whole, tensors=tensors), self.path)

    def described(self) -> dict[str, Any]:
        """Return what is recorded of the checkpoint."""
        return described_checkpoint(self.path, self.name)


class ImageNetFeatures:
    """The cells of a network of ImageNet, which `ImageNetCells` has."""

    sizes: Mapping[str, Any] = {}

    def load(self, encoder: Any, of: Angle) -> None:
        """Give the cells of `encoder` their weights; raises InputError for a missing or another file."""
        encoder.cells.load()

    def described(self) -> dict[str, Any]:
        """Return what is recorded of the weights; raises InputError for a missing or another file."""
        return pretrained_source()


def features_of(given: str) -> Features | ImageNetFeatures | None:
    """Return the features that `given` names for a probe; None for those that begin with random weights."""
    if given in (RANDOM, SUPERVISED):
        return None
    if given == IMAGE_NET:
        return ImageNetFeatures()
    if given == SLFM:
        return Features(shipped(SLFM), SLFM)
    path = Path(given)
    named = read_card(path).get("model") if path.is_file() else SLFM
    return Features(path, named if named in PRETEXTS else SLFM)


def pretext_of(given: str) -> Features | None:
    """Return the features in the checkpoint `given`; None if it is empty.

    Raises InputError if the checkpoint is not of a model in `PRETEXTS`.
    """
    if not given:
        return None
    named = read_card(Path(given)).get("model")
    if named not in PRETEXTS:
        raise InputError(f"{given} holds the model {str(named)[:40]!r}: give a checkpoint of {', '.join(PRETEXTS)}")
    return Features(Path(given), named)
