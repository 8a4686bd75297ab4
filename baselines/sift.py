"""Rotation by SIFT keypoints (Lowe 2004) and the ratio test."""

import time
from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field

from ..benchmarks.stimuli.view_pairs.batch import ViewPairBatch
from .view_matching import Matches, Picture, ViewMatcher


@dataclass(frozen=True)
class Keypoints:
    """The keypoints of one picture: points (n, 2) in pixels, descriptors (n, 128), and the detection time in ms."""

    points: npt.NDArray[np.float64]
    descriptors: npt.NDArray[np.float32]
    milliseconds: float


@dataclass(frozen=True)
class Sift(ViewMatcher):
    """OpenCV's SIFT; keeps a match if it is closer than `ratio` times the second closest (Lowe's test)."""

    ratio: Annotated[float, Field(gt=0, le=1)] = 0.8

    def matches(self, batch: ViewPairBatch) -> list[Matches]:
        """Return the matches of each pair; a first view shared by consecutive pairs is described once."""
        found: list[Matches] = []
        for k in range(len(batch)):
            if k == 0 or not np.array_equal(batch.images_0[k], batch.images_0[k - 1]):
                first = keypoints(batch.images_0[k])
            found.append(matched(first, keypoints(batch.images_1[k]), self.ratio))
        return found


def keypoints(picture: Picture) -> Keypoints:
    """Return the SIFT keypoints of `picture` (height, width, 3)."""
    started = time.perf_counter()
    detector = cv2.SIFT.create(enable_precise_upscale=True)
    found, descriptors = detector.detectAndCompute(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), None)
    points = np.array([point.pt for point in found], dtype=np.float64).reshape(-1, 2) + 0.5
    if descriptors is None:
        descriptors = np.empty((0, 128), np.float32)
    return Keypoints(points, np.asarray(descriptors, np.float32), 1e3 * (time.perf_counter() - started))


def matched(first: Keypoints, second: Keypoints, ratio: float) -> Matches:
    """Return the matches from the `first` picture to the `second` that pass the ratio test."""
    started = time.perf_counter()
    count = len(first.points) + len(second.points)
    if min(len(first.points), len(second.points)) < 2:
        return Matches(np.empty((0, 2)), np.empty((0, 2)), count, first.milliseconds + second.milliseconds)
    pairs = cv2.BFMatcher(cv2.NORM_L2).knnMatch(first.descriptors, second.descriptors, k=2)
    good = [nearest for nearest, other in pairs if nearest.distance < ratio * other.distance]
    one, two = (np.array([getattr(m, f) for m in good], dtype=np.intp) for f in ("queryIdx", "trainIdx"))
    spent = first.milliseconds + second.milliseconds + 1e3 * (time.perf_counter() - started)
    return Matches(first.points[one], second.points[two], count, spent)
