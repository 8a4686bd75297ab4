"""Views of homes with the bins of their angles, as linear probes learn them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ...benchmarks.questions.bins import BINS, COUNT, Angle, Bins, ends_of
from ...conventions import wrap_degrees
from .homes import Homes, HomeViews


class BinnedViews(NamedTuple):
    """Views of n places, and the bins int64 (n, answers): of each rotation from the first view, or of each azimuth."""

    views: HomeViews
    bins: Tensor


@dataclass(frozen=True)
class BinnedHomes:
    """The views of `homes` with the bins of their rotations or azimuths."""

    homes: Homes
    kind: Angle

    @property
    def sources(self) -> Sequence[Mapping[str, Any]]:
        """The set's kind, recipe, fingerprint and licences, and those of the features."""
        return self.homes.sources

    @cached_property
    def _trained(self) -> npt.NDArray[np.float64]:
        """The angles of the training homes, degrees."""
        dataset, rows = self.homes.dataset, self.homes.rows("train")
        if self.kind == "azimuth":
            return np.asarray(dataset.column("azimuth")[rows, 0], dtype=np.float64)
        heading = dataset.column("heading")[rows].astype(np.float64)
        return np.asarray(wrap_degrees(heading[:, 1:] - heading[:, :1]))

    @cached_property
    def ends(self) -> tuple[float, float]:
        """What the bins are made from; raises InputError if the training homes have one angle only."""
        ends = ends_of(self.kind, self._trained)
        BINS[self.kind](*ends)
        return ends

    @property
    def bins(self) -> Bins:
        """The bins of the training homes."""
        return BINS[self.kind](*self.ends)

    @cached_property
    def usual(self) -> int:
        """The most frequent bin of the training homes."""
        return int(np.bincount(self.bins.of(self._trained).ravel(), minlength=COUNT).argmax())

    def training(self, step: int, rank: int = 0, ranks: int = 1) -> BinnedViews:
        """Return the views of `step` for device `rank` of `ranks`."""
        return self._binned(self.homes.training(step, rank, ranks))

    def validation(self) -> Iterator[BinnedViews]:
        """Yield the views of the validation homes, always the same."""
        return map(self._binned, self.homes.validation())

    def _binned(self, views: HomeViews) -> BinnedViews:
        angles = views.rotation[:, 1:] if self.kind == "rotation" else views.azimuth
        return BinnedViews(views, torch.from_numpy(self.bins.of(np.degrees(angles.double().numpy()))))
