"""Rotation by learned matchers: SuperGlue, LightGlue and Efficient LoFTR, through transformers.

Weights come from the local Hugging Face cache or a folder (`weights=DIR`); nothing is downloaded. Only safetensors
are read, so that a checkpoint cannot run code. The pictures go in as the published models take them, 640 x 480 and
grey; the points come out with their fractions, which the library's own post-processing cuts off.
"""

import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from ..benchmarks.stimuli.view_pairs.batch import ViewPairBatch
from ..errors import InputError
from .view_matching import Matches, Picture, ViewMatcher

Device = Literal["cpu", "cuda"]


@dataclass(frozen=True)
class LearnedMatcher(ViewMatcher):
    """A matcher of transformers with the `weights` in a folder (None: those in the local cache), on `device`."""

    weights: Path | None = None
    device: Device = "cpu"
    model: ClassVar[str]
    processor: ClassVar[str]
    published: ClassVar[str]
    """Where the published weights are on the Hugging Face hub."""
    least_score: ClassVar[float] = 0.0
    """Matches of a lower score are dropped."""

    def matches(self, batch: ViewPairBatch) -> list[Matches]:
        """Return the matches of each pair; raises InputError where there are no weights."""
        matcher = _load(self.model, self.processor, self.published, self.weights, self.device)
        pairs = zip(batch.images_0, batch.images_1, strict=True)
        return [self._matched(matcher, first, second) for first, second in pairs]

    def _matched(self, matcher: "_Matcher", first: Picture, second: Picture) -> Matches:
        started = time.perf_counter()
        found = matcher.run(first, second)
        points_0, points_1, keypoints = matched_points(found, first.shape, matcher.shape, self.least_score)
        return Matches(points_0, points_1, keypoints, 1e3 * (time.perf_counter() - started))


@dataclass(frozen=True)
class SuperGlue(LearnedMatcher):
    """SuperGlue on SuperPoint (Sarlin et al. 2020), indoor weights: for non-commercial research only."""

    model = "SuperGlueForKeypointMatching"
    processor = "SuperGlueImageProcessorPil"
    published = "magic-leap-community/superglue_indoor"
    least_score = 0.2


@dataclass(frozen=True)
class LightGlue(LearnedMatcher):
    """LightGlue on SuperPoint (Lindenberger et al. 2023); SuperPoint's weights are for non-commercial research only."""

    model = "LightGlueForKeypointMatching"
    processor = "LightGlueImageProcessorPil"
    published = "ETH-CVG/lightglue_superpoint"


@dataclass(frozen=True)
class LoFTR(LearnedMatcher):
    """Efficient LoFTR (Wang et al. 2024), which matches without keypoints."""

    model = "EfficientLoFTRForKeypointMatching"
    processor = "EfficientLoFTRImageProcessorPil"
    published = "zju-community/efficientloftr"
    least_score = 0.2


@dataclass(frozen=True)
class Found:
    """What a model says of one pair: points (2, n, 2) as shares of width and height, matches and scores (2, n).

    A match of a point is the index of its partner in the other picture, -1 without. `mask` (2, n) says which points
    there are; None for a model without keypoints, whose points are in pairs already.
    """

    points: npt.NDArray[np.float64]
    matches: npt.NDArray[np.intp]
    scores: npt.NDArray[np.float64]
    mask: npt.NDArray[np.bool_] | None


def matched_points(
    found: Found, picture: tuple[int, ...], seen: tuple[int, int], least_score: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], int]:
    """Return the matched points of both pictures, each (m, 2) in pixels, and how many keypoints there were.

    `picture` is the shape of the pictures, `seen` (height, width) what the model saw: its points are at the indices
    of pixels there, whose centres lie half a pixel further.
    """
    size, network = np.array([picture[1], picture[0]]), np.array([seen[1], seen[0]])
    points = (found.points + 0.5 / network) * size
    if found.mask is None:
        good = ((found.scores > least_score) & (found.matches > -1)).all(axis=0)
        return points[0, good], points[1, good], 2 * int(good.sum())
    partner = found.matches[0]
    good = found.mask[0] & (found.scores[0] > least_score) & (partner > -1)
    good[good] = found.mask[1, partner[good]]
    return points[0, good], points[1, partner[good]], int(found.mask.sum())


@dataclass(frozen=True)
class _Matcher:
    """A loaded model, its image processor and where it runs."""

    model: Any
    processor: Any
    device: str

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of what the model sees."""
        return int(self.processor.size["height"]), int(self.processor.size["width"])

    def run(self, first: Picture, second: Picture) -> Found:
        """Return what the model says of two pictures."""
        import torch
        from PIL import Image

        inputs = self.processor([Image.fromarray(first), Image.fromarray(second)], return_tensors="pt")
        with torch.inference_mode():
            said = self.model(inputs["pixel_values"].to(self.device))
        mask = getattr(said, "mask", None)
        return Found(
            said.keypoints[0].double().cpu().numpy(),
            said.matches[0].cpu().numpy().astype(np.intp),
            said.matching_scores[0].double().cpu().numpy(),
            None if mask is None else mask[0].cpu().numpy() > 0,
        )


@lru_cache(maxsize=1)
def _load(model: str, processor: str, published: str, weights: Path | None, device: str) -> _Matcher:
    """Return the matcher with its weights; raises InputError naming what to download where they are not there."""
    transformers = _library()
    _check_device(device)
    if weights is not None and not (weights / "config.json").is_file():
        raise InputError(f"weights={weights} holds no config.json: give the folder of a download of {published}")
    source = published if weights is None else str(weights)
    try:
        loaded = getattr(transformers, model).from_pretrained(source, local_files_only=True, use_safetensors=True)
    except OSError as error:
        raise InputError(
            f"no weights of {published} in the local Hugging Face cache: on a machine with a network run "
            f"`hf download {published} --local-dir DIR`, then give weights=DIR after the method's name"
            if weights is None
            else f"weights={weights} cannot be read ({str(error).splitlines()[0]}): download {published} again"
        ) from None
    return _Matcher(loaded.to(device).eval(), getattr(transformers, processor)(), device)


def _library() -> Any:
    try:
        import torch  # noqa: F401
        import transformers
        from transformers.utils.logging import disable_progress_bar
    except ImportError as error:
        raise InputError(f"learned matchers need {error.name}: run `pip install 'whence[learned]'`") from None
    disable_progress_bar()  # type: ignore[no-untyped-call]
    return transformers


def _check_device(device: str) -> None:
    import torch

    if device == "cuda" and not torch.cuda.is_available():
        raise InputError("device=cuda: this machine has no GPU that torch can use; leave --device out")
