"""Maps that do not listen: the middle, all of the picture, noise, and where sources lay in other pictures."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from ..benchmarks.questions.boxes import of_one_source, truth_map
from ..benchmarks.questions.maps import SIDE
from ..benchmarks.questions.plain_maps import centre_blob, map_of_boxes
from ..benchmarks.questions.source import Source
from ..benchmarks.questions.stimulus import Batch
from ..digests import generator_for
from ..errors import InputError

Maps = npt.NDArray[np.float64]


def _for_all(one: Maps, batch: Batch) -> Maps:
    return np.repeat(one[None], len(batch), axis=0)


@dataclass(frozen=True)
class CentreBlob:
    """A Gaussian in the middle; `spread` is its standard deviation in picture sides."""

    spread: float = 0.25
    version: ClassVar[str] = "1"
    tracks: ClassVar[tuple[str, ...]] = ("sounding-object",)
    ignores_input: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not 0.01 <= self.spread <= 100:
            raise InputError(f"spread={self.spread:g}: expected 0.01 to 100 picture sides")

    def predict(self, batch: Batch) -> Maps:
        """Return the same map (n, 56, 56) for all."""
        return _for_all(centre_blob(self.spread), batch)


@dataclass(frozen=True)
class CentreBox:
    """A box in the middle of "half of the image size" (Senocak et al. 2019).

    They do not say whether its `area` or each `side` is half.
    """

    half: Literal["area", "side"] = "area"
    version: ClassVar[str] = "1"
    tracks: ClassVar[tuple[str, ...]] = ("sounding-object",)
    ignores_input: ClassVar[bool] = True

    def predict(self, batch: Batch) -> Maps:
        """Return the same map (n, 56, 56) for all, 0.5 on the box's outline."""
        reach = (np.sqrt(0.5) if self.half == "area" else 0.5) / 2
        return _for_all(map_of_boxes([0.5 - reach, 0.5 - reach, 0.5 + reach, 0.5 + reach]), batch)


@dataclass(frozen=True)
class WholePicture:
    """The same value everywhere."""

    version: ClassVar[str] = "1"
    tracks: ClassVar[tuple[str, ...]] = ("sounding-object",)
    ignores_input: ClassVar[bool] = True

    def predict(self, batch: Batch) -> Maps:
        """Return maps (n, 1, 1) of ones."""
        return np.ones((len(batch), 1, 1))


@dataclass(frozen=True)
class RandomMap:
    """Every cell drawn evenly from 0 to 1; `side` cells on either side (Senocak et al. do not say how many)."""

    side: int = SIDE
    seed: int = 0
    version: ClassVar[str] = "1"
    tracks: ClassVar[tuple[str, ...]] = ("sounding-object",)
    ignores_input: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not 1 <= self.side <= SIDE:
            raise InputError(f"side={self.side}: expected 1 to {SIDE}")

    def predict(self, batch: Batch) -> Maps:
        """Return a map (n, side, side) for each sample from a random stream of its own."""
        shape = (self.side, self.side)
        return np.stack([generator_for(self.seed, f"random/{name}").uniform(size=shape) for name in batch.sample_id])


class DatasetPrior:
    """The mean truth of single sources in the other splits of the same dataset: where sources tend to be.

    It never sees the split that is scored. A dataset without splits, or a sealed set, has nothing to fit it on.
    """

    version: ClassVar[str] = "1"
    tracks: ClassVar[tuple[str, ...]] = ("sounding-object",)
    ignores_input: ClassVar[bool] = True

    def __init__(self) -> None:
        self._mean: Maps | None = None

    def prepare(self, source: Source) -> None:
        """Average the true boxes (56, 56) of the other splits."""
        if source.sealed or "split" not in source.dataset:
            raise InputError(f"{source.dataset.url} has no other split that the prior could be fitted on")
        labels = source.track.read_labels(source.dataset)
        splits = source.dataset.column("split").astype(object).astype(str)[labels.rows]
        fitted = np.isin(splits, ("train", "val")) & (splits != source.split) & (source.split != "all")
        kept = np.flatnonzero(fitted & of_one_source(labels.truth))
        if not kept.size:
            raise InputError(f"{source.dataset.url} has no other split than {source.split!r} to fit the prior on")
        self._mean = np.mean([truth_map(truth, SIDE) for truth in labels.truth[kept]], axis=0, dtype=np.float64)

    def predict(self, batch: Batch) -> Maps:
        """Return the same map (n, 56, 56) for all."""
        assert self._mean is not None, "the bench prepares methods"
        return _for_all(self._mean, batch)
