"""Rotation by learned matchers: SuperGlue, LightGlue and Efficient LoFTR, through transformers.

Weights come from the local Hugging Face cache or a folder (`weights=DIR`); nothing is downloaded. Only safetensors are
read, so a checkpoint cannot run code. Pictures are resized to 640 x 480 and converted to grey, as the published models
expect. Points keep their sub-pixel fractions, which the library's post-processing truncates.

A method keeps its weights while it exists, and methods that differ only in how they use the matches share them. So each
set of weights is loaded once and freed with the last method that uses it.
"""

import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal
from weakref import WeakValueDictionary

import numpy as np
import numpy.typing as npt

from ..benchmarks.stimuli.view_pairs.batch import ViewPairBatch
from ..errors import InputError
from .view_matching import Matches, Picture, ViewMatcher

Device = Literal["cpu", "cuda"]


@dataclass(frozen=True)
class LearnedMatcher(ViewMatcher):
    """A matcher from transformers; `weights` is their folder (None: the local cache), `device` where it runs."""

    weights: Path | None = None
    device: Device = "cpu"
    model: ClassVar[str]
    processor: ClassVar[str]
    published: ClassVar[str]
    """Name of the published weights on the Hugging Face hub."""
    least_score: ClassVar[float] = 0.0
    """Matches with a lower score are dropped."""

    def matches(self, batch: ViewPairBatch) -> list[Matches]:
        """Return the matches of each pair; raises InputError if the weights are missing."""
        matcher = self._matcher  # load before timing the first pair
        pairs = zip(batch.images_0, batch.images_1, strict=True)
        return [self._matched(matcher, first, second) for first, second in pairs]

    @cached_property
    def _matcher(self) -> "_Matcher":
        key = (self.model, self.weights, self.device)
        found = _IN_MEMORY.get(key)
        if found is None:
            found = _IN_MEMORY[key] = _load(self.model, self.processor, self.published, self.weights, self.device)
        return found

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
    """A model's output for one pair: points (2, n, 2) as shares of width and height, matches and scores (2, n).

    A match is the index of the point's partner in the other picture, or -1. `mask` (2, n) marks the valid points; it is
    None for a model without keypoints, whose points already come in pairs.
    """

    points: npt.NDArray[np.float64]
    matches: npt.NDArray[np.intp]
    scores: npt.NDArray[np.float64]
    mask: npt.NDArray[np.bool_] | None


def matched_points(
    found: Found, picture: tuple[int, ...], seen: tuple[int, int], least_score: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], int]:
    """Return the matched points of both pictures, each (m, 2) in pixels, and the number of keypoints.

    `picture` is the shape of the pictures, `seen` (height, width) that of the model's input. The model's points are
    pixel indices of its input; pixel centres lie half a pixel further.
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
        """Height and width of the model's input."""
        return int(self.processor.size["height"]), int(self.processor.size["width"])

    def run(self, first: Picture, second: Picture) -> Found:
        """Return the model's output for two pictures."""
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


_IN_MEMORY: WeakValueDictionary[tuple[str, Path | None, str], _Matcher] = WeakValueDictionary()
"""Matchers in use, by model, weights and device."""


def _load(model: str, processor: str, published: str, weights: Path | None, device: str) -> _Matcher:
    """Return the matcher with its weights; raises InputError saying what to download if they are missing."""
    transformers = _library()
    _check_device(device)
    if weights is not None and not (weights / "config.json").is_file():
        raise InputError(f"weights={weights} holds no config.json: give the folder of a downloaded copy of {published}")
    source = published if weights is None else str(weights)
    try:
        loaded = getattr(transformers, model).from_pretrained(source, local_files_only=True, use_safetensors=True)
    except OSError as error:
        raise InputError(
            f"no weights of {published} in the local Hugging Face cache: on a machine with network access, run "
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
