"""Where the features of a probe come from: what sees or hears in a checkpoint of `slfm` or of its pretext."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from torch import nn

from ...benchmarks.questions.bins import Angle
from ...errors import InputError
from ..training.checkpoint import Checkpoint, described_checkpoint, fill, read_checkpoint, shipped
from ..training.header import read_card
from ..training.learned import recipe_of
from .home_model import HomeModel
from .pretext import SlfmPretext
from .slfm import Slfm

RANDOM, SUPERVISED, SLFM = "random", "supervised", "slfm"
SIZES = {"seen": "seen", "planes": "planes", "heard": "heard", "heard_features": "features"}
"""The fields that fit the encoders of a probe to a checkpoint, and what its recipe calls them."""
_PARTS: Mapping[type[HomeModel], Mapping[Angle, str]] = {
    Slfm: {"rotation": "sees.", "azimuth": "hears."},
    SlfmPretext: {"rotation": "sees.encoder.", "azimuth": "hears.encoder."},
}
"""What the tensors of the encoders begin with."""


@dataclass(frozen=True)
class Features:
    """The encoders in the checkpoint of `model` at `path`."""

    path: Path
    model: type[HomeModel]

    @cached_property
    def _whole(self) -> Checkpoint:
        return read_checkpoint(self.path, self.model.name)

    @property
    def sizes(self) -> dict[str, Any]:
        """The fields of a probe's recipe that fit its encoders to these; raises InputError for published ones."""
        taken: Any = recipe_of(self.model.recipe, self._whole, self.path)
        if getattr(taken, "encoders", "small") != "small":
            raise InputError(f"{self.path}: a probe reads encoders=small, and this one has encoders={taken.encoders}")
        return {own: getattr(taken, theirs) for own, theirs in SIZES.items()}

    def load(self, encoder: nn.Module, of: Angle) -> None:
        """Give `encoder` the weights of what tells `of`; raises InputError if the checkpoint has none that fit."""
        part = _PARTS[self.model][of]
        own = {name.removeprefix(part): one for name, one in self._whole.tensors.items() if name.startswith(part)}
        if not own:
            sense = "sees=views" if of == "rotation" else "hears=true"
            raise InputError(f"{self.path}: learned without {sense}, so it has no features that tell the {of}")
        fill(encoder, replace(self._whole, tensors=own), self.path)

    def described(self) -> dict[str, Any]:
        """Return what is recorded of the checkpoint."""
        return described_checkpoint(self.path, self.model.name)


def features_of(given: str) -> Features | None:
    """Return the features that `given` names; None for those that no checkpoint holds."""
    if given in (RANDOM, SUPERVISED):
        return None
    if given == SLFM:
        return Features(shipped(Slfm.name), Slfm)
    path = Path(given)
    is_pretext = path.is_file() and read_card(path).get("model") == SlfmPretext.name
    return Features(path, SlfmPretext if is_pretext else Slfm)
