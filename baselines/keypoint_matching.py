"""Rotation by OpenCV's keypoints and Lowe's ratio test.

SIFT (Lowe 2004), ORB (Rublee et al. 2011) and AKAZE (Alcantarilla, Nuevo and Bartoli 2013), each with the settings that
OpenCV gives it.
"""

import time
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field

from ..benchmarks.stimuli.view_pairs.batch import ViewPairBatch
from ..errors import InputError
from .view_matching import Matches, Picture, ViewMatcher

LEAST_SIDE = 2
"""OpenCV's detectors fail on pictures with fewer rows or columns; such a picture has no keypoints."""


@dataclass(frozen=True)
class Keypoints:
    """The keypoints of one picture: points (n, 2) in pixels, descriptors (n, length), and the detection time in ms."""

    points: npt.NDArray[np.float64]
    descriptors: npt.NDArray[np.integer[Any] | np.floating[Any]]
    milliseconds: float


@dataclass(frozen=True)
class KeypointMatcher(ViewMatcher):
    """Keypoints of the subclass; keeps a match if it is closer than `ratio` times the second closest (Lowe's test)."""

    ratio: Annotated[float, Field(gt=0, le=1)] = 0.8
    norm: ClassVar[int] = cv2.NORM_HAMMING
    """How two descriptors are compared: by default as strings of bits."""

    def detector(self) -> cv2.Feature2D:
        """Return what finds and describes keypoints."""
        raise NotImplementedError

    def matches(self, batch: ViewPairBatch) -> list[Matches]:
        """Return the matches of each pair; a first view shared by consecutive pairs is described once."""
        detector, found = self.detector(), list[Matches]()
        for k in range(len(batch)):
            if k == 0 or not np.array_equal(batch.images_0[k], batch.images_0[k - 1]):
                first = keypoints(batch.images_0[k], detector)
            found.append(matched(first, keypoints(batch.images_1[k], detector), self.ratio, self.norm))
        return found


@dataclass(frozen=True)
class Sift(KeypointMatcher):
    """OpenCV's SIFT (Lowe 2004)."""

    norm = cv2.NORM_L2

    def detector(self) -> cv2.Feature2D:
        """Return OpenCV's SIFT, which places keypoints of the doubled picture without a shift."""
        return cv2.SIFT.create(enable_precise_upscale=True)


@dataclass(frozen=True)
class Orb(KeypointMatcher):
    """OpenCV's ORB (Rublee et al. 2011): about five times as fast as SIFT, but it fails on more pairs."""

    most: Annotated[int, Field(ge=2, le=100_000)] = 500
    """Keypoints kept of a picture: those with the strongest corners."""
    contrast: Annotated[int, Field(ge=1, le=254)] = 20
    """Levels of grey, of 255, by which a corner must stand out (FAST)."""

    def detector(self) -> cv2.Feature2D:
        """Return OpenCV's ORB."""
        return cv2.ORB.create(nfeatures=self.most, fastThreshold=self.contrast)


@dataclass(frozen=True)
class Akaze(KeypointMatcher):
    """OpenCV's AKAZE (Alcantarilla, Nuevo and Bartoli 2013); its keypoints are few and precise."""

    threshold: Annotated[float, Field(gt=0, le=1)] = 0.001
    """Least response of a keypoint: 0.0001 finds about four times as many."""

    def detector(self) -> cv2.Feature2D:
        """Return OpenCV's AKAZE; raises InputError if this OpenCV has none."""
        made: cv2.Feature2D = _akaze().create(threshold=self.threshold)
        return made


def _akaze() -> Any:
    """Return the class AKAZE, which moved to OpenCV's additional modules in version 5."""
    found = getattr(cv2, "AKAZE", None) or getattr(getattr(cv2, "xfeatures2d", None), "AKAZE", None)
    if found is None:
        raise InputError(
            f"OpenCV {cv2.__version__} is built without AKAZE, as version 5 is: "
            "run `pip install 'opencv-python-headless<5'`"
        )
    return found


def keypoints(picture: Picture, detector: cv2.Feature2D) -> Keypoints:
    """Return the keypoints of `picture` (height, width, 3)."""
    started = time.perf_counter()
    if min(picture.shape[:2]) < LEAST_SIDE:
        return Keypoints(np.empty((0, 2)), np.empty((0, 1), np.uint8), 0.0)
    found, descriptors = detector.detectAndCompute(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), None)
    points = np.array([point.pt for point in found], dtype=np.float64).reshape(-1, 2) + 0.5
    described = np.empty((0, 1), np.uint8) if descriptors is None else np.asarray(descriptors)
    return Keypoints(points, described, 1e3 * (time.perf_counter() - started))


def matched(first: Keypoints, second: Keypoints, ratio: float, norm: int) -> Matches:
    """Return the matches from the `first` picture to the `second` that pass the ratio test."""
    started = time.perf_counter()
    count = len(first.points) + len(second.points)
    if min(len(first.points), len(second.points)) < 2:
        return Matches(np.empty((0, 2)), np.empty((0, 2)), count, first.milliseconds + second.milliseconds)
    pairs = cv2.BFMatcher(norm).knnMatch(first.descriptors, second.descriptors, k=2)
    good = [nearest for nearest, other in pairs if nearest.distance < ratio * other.distance]
    one, two = (np.array([getattr(m, f) for m in good], dtype=np.intp) for f in ("queryIdx", "trainIdx"))
    spent = first.milliseconds + second.milliseconds + 1e3 * (time.perf_counter() - started)
    return Matches(first.points[one], second.points[two], count, spent)
