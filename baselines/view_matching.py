"""Rotation from two pictures: match points, solve for the rotation, take its heading.

Protocol `paper` uses the five-point essential matrix, as the published baselines do. The corrected protocol `best` uses
the rotation-only solver, since a camera that only rotates leaves the essential matrix undetermined. Both use the same
matches, which a bench finds once for both, and both return 0 degrees with 0 inliers if they find no rotation.
"""

import time
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from ..benchmarks.running.method import Diagnosed
from ..benchmarks.running.shared_work import once
from ..benchmarks.stimuli.view_pairs.batch import ViewPairBatch
from ..digests import generator_for
from .rotation_solvers import Float64, Solution, five_point, heading_change, rotation_only

Picture = npt.NDArray[np.uint8]
Protocol = Literal["paper", "best"]
SEED = 0


@dataclass(frozen=True)
class Matches:
    """Matched points of two pictures, each (n, 2) in pixels as `rotation_solvers` has them.

    `keypoints` counts those of both pictures together, `milliseconds` is the time the matching took.
    """

    points_0: Float64
    points_1: Float64
    keypoints: int
    milliseconds: float


@dataclass(frozen=True)
class ViewMatcher:
    """Rotation from the matches of two pictures; the subclass matches them."""

    protocol: Protocol = "paper"
    version: ClassVar[str] = "1"
    tracks: ClassVar[tuple[str, ...]] = ("rotation",)

    def matches(self, batch: ViewPairBatch) -> list[Matches]:
        """Return the matches of each pair of `batch`."""
        raise NotImplementedError

    def predict(self, batch: ViewPairBatch) -> Diagnosed:
        """Return each pair's rotation in degrees, positive to the left, with keypoint, match and inlier counts."""
        answers = [
            _answer(found, self.protocol, batch.intrinsics, float(pitch), name)
            for found, pitch, name in zip(self._shared_matches(batch), batch.pitch_deg, batch.sample_id, strict=True)
        ]
        rotation, keypoints, matched, inliers, milliseconds = np.array(answers, dtype=np.float64).reshape(-1, 5).T
        said = {"keypoints": keypoints, "matches": matched, "inliers": inliers, "milliseconds": milliseconds}
        return Diagnosed(rotation, said)

    def _shared_matches(self, batch: ViewPairBatch) -> npt.NDArray[np.object_]:
        """Return the matches of each pair; both protocols share them."""
        pictures = np.stack((batch.images_0, batch.images_1))
        key = replace(self, protocol="paper")
        return once(key, pictures, lambda: np.fromiter(self.matches(batch), dtype=object, count=len(batch)))


def _answer(
    found: Matches, protocol: Protocol, intrinsics: Float64, pitch_deg: float, name: str
) -> tuple[float, float, float, float, float]:
    """Return rotation (deg), keypoints, matches, inliers and milliseconds of one pair."""
    started = time.perf_counter()
    solution = solve(found, protocol, intrinsics, name)
    turned = 0.0 if solution.rotation is None else heading_change(solution.rotation, pitch_deg)
    milliseconds = found.milliseconds + 1e3 * (time.perf_counter() - started)
    return turned, found.keypoints, len(found.points_0), solution.inliers, milliseconds


def solve(found: Matches, protocol: Protocol, intrinsics: Float64, name: str) -> Solution:
    """Return the rotation from the matches of the pair `name`, by the chosen protocol."""
    if protocol == "paper":
        return five_point(found.points_0, found.points_1, intrinsics)
    return rotation_only(found.points_0, found.points_1, intrinsics, generator_for(SEED, f"rotation/{name}"))
