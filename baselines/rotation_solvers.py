"""Camera rotation from matched points: the published solver, and one for a camera that only rotates.

Points (n, 2) are in pixels in the convention of the intrinsics: the centre of the pixel in row i and column j is at
(j + 0.5, i + 0.5). A rotation maps the camera axes (x right, y down, z forward) of the first view to those of the
second: X_1 = R X_0.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]

ESSENTIAL_THRESHOLD_PX = 1.0
CONFIDENCE = 0.99999
"""RANSAC settings of the five-point solver, from SuperGlue's evaluation (Sarlin et al. 2020, Sec. 5.2)."""

HYPOTHESES = 500
BLOCK, BLOCKS = 2_000, 10
"""Pairs of matches are drawn block by block until there are enough hypotheses."""
THRESHOLD_PX = 2.0
"""The rotation-only solver treats matches beyond this distance as outliers: three times a keypoint's noise."""
REFINEMENTS = 12
LEAST_INLIERS = 5
"""With fewer inliers, an accidental agreement of a few matches looks like a rotation."""
LEAST_SEPARATION = float(np.radians(1.0))
"""Smallest angle (rad) between the two rays of a hypothesis: closer rays amplify the noise."""


@dataclass(frozen=True)
class Solution:
    """A rotation (3, 3), or None if none was found, and the number of matches that agree with it."""

    rotation: Float64 | None
    inliers: int


def bearings(points: Float64, intrinsics: Float64) -> Float64:
    """Return the unit vectors (n, 3), in camera axes, towards the image `points` (n, 2).

    >>> bearings(np.array([[160.0, 120.0]]), np.array([[277.1, 0, 160], [0, 277.1, 120], [0, 0, 1]])).tolist()
    [[0.0, 0.0, 1.0]]
    """
    flat = (points - intrinsics[:2, 2]) / np.diag(intrinsics)[:2]
    rays = np.column_stack([flat, np.ones(len(flat))])
    return np.asarray(rays / np.linalg.norm(rays, axis=1, keepdims=True))


def five_point(points_0: Float64, points_1: Float64, intrinsics: Float64) -> Solution:
    """Return the rotation of the RANSAC essential matrix (Nister 2004), as SLfM's baselines do.

    If the camera only rotates, every translation explains the matches, so the decomposition is arbitrary.
    """
    if len(points_0) < 5:
        return Solution(None, 0)
    essential, inside = cv2.findEssentialMat(
        points_0, points_1, intrinsics, method=cv2.RANSAC, prob=CONFIDENCE, threshold=ESSENTIAL_THRESHOLD_PX
    )
    if essential is None or essential.shape[0] < 3:
        return Solution(None, 0)
    essentials, mask = np.asarray(essential, np.float64).reshape(-1, 3, 3), np.asarray(inside, np.uint8)
    found = [cv2.recoverPose(e, points_0, points_1, intrinsics, mask=mask.copy()) for e in essentials]
    _, rotation, _, _ = max(found, key=lambda pose: pose[0])  # the most points in front of both cameras
    return Solution(np.asarray(rotation, dtype=np.float64), int(mask.sum()))


def rotation_only(points_0: Float64, points_1: Float64, intrinsics: Float64, rng: np.random.Generator) -> Solution:
    """Return the rotation that most matches agree with, hypothesised from pairs and refined on the inliers.

    Draws pairs of matches and keeps those whose two rays enclose the same angle in both views. Each pair gives one
    rotation. The rotation with the lowest truncated squared error (MSAC, Torr and Zisserman 2000) is refined by
    weighted least squares (Wahba's problem, solved by Kabsch's SVD).
    """
    if len(points_0) < LEAST_INLIERS:
        return Solution(None, 0)
    first, second = bearings(points_0, intrinsics), bearings(points_1, intrinsics)
    threshold = THRESHOLD_PX / float(intrinsics[0, 0])
    hypotheses = _hypotheses(first, second, threshold, rng)
    if len(hypotheses) == 0:
        return Solution(None, 0)
    products = (second[:, :, None] * first[:, None, :]).reshape(-1, 9)
    squared = np.maximum(2 - 2 * hypotheses.reshape(-1, 9) @ products.T, 0)
    best = hypotheses[np.minimum(squared, threshold**2).sum(axis=1).argmin()]
    rotation = _refined(best, first, second, threshold)
    inliers = int((_squared_angles(rotation, first, second) < threshold**2).sum())
    return Solution(rotation, inliers) if inliers >= LEAST_INLIERS else Solution(None, inliers)


def _hypotheses(first: Float64, second: Float64, threshold: float, rng: np.random.Generator) -> Float64:
    """Return one rotation hypothesis for each consistent pair of matches, (h, 3, 3)."""
    i, j = _agreeing_pairs(first, second, threshold, rng)
    return np.asarray(_frames(second[i], second[j]) @ _frames(first[i], first[j]).transpose(0, 2, 1))


def _agreeing_pairs(
    first: Float64, second: Float64, threshold: float, rng: np.random.Generator
) -> npt.NDArray[np.intp]:
    """Return pairs of matches (2, h) whose rays are equally far apart in both views: all inlier pairs, few others."""
    kept: list[npt.NDArray[np.intp]] = []
    for _ in range(BLOCKS):
        pairs = rng.integers(0, len(first), (2, BLOCK))
        apart_0, apart_1 = (np.linalg.norm(rays[pairs[0]] - rays[pairs[1]], axis=1) for rays in (first, second))
        agree = (np.abs(apart_0 - apart_1) < 1.5 * threshold) & (np.minimum(apart_0, apart_1) > LEAST_SEPARATION)
        kept.append(pairs[:, agree])
        if sum(map(np.size, kept)) >= 2 * HYPOTHESES:
            break
    return np.concatenate(kept, axis=1)[:, :HYPOTHESES]


def _frames(one: Float64, other: Float64) -> Float64:
    """Return the frames (n, 3, 3) of two directions; the columns are their sum, difference and normal."""
    axes = np.stack([one + other, one - other, np.cross(one, other)], axis=2)
    return np.asarray(axes / np.linalg.norm(axes, axis=1, keepdims=True))


def _squared_angles(rotation: Float64, first: Float64, second: Float64) -> Float64:
    """Return the squared distance (n,) between the rotated rays of the first view and those of the second."""
    return np.asarray(np.square(second - first @ rotation.T).sum(axis=1))


def _refined(rotation: Float64, first: Float64, second: Float64, threshold: float) -> Float64:
    """Return `rotation` refined to the lowest Geman-McClure error, while the scale shrinks to a third."""
    for scale in np.geomspace(threshold, threshold / 3, REFINEMENTS):
        squared = _squared_angles(rotation, first, second)
        weight = np.where(squared < (3 * threshold) ** 2, 1 / (1 + squared / scale**2) ** 2, 0.0)
        rotation = _wahba(first, second, weight)
    return rotation


def _wahba(first: Float64, second: Float64, weight: Float64) -> Float64:
    """Return the rotation with the lowest weighted squared distance between rotated and observed rays (Kabsch 1976)."""
    left, _, right = np.linalg.svd((second * weight[:, None]).T @ first)
    sign = np.linalg.det(left) * np.linalg.det(right)
    return np.asarray(left @ np.diag([1.0, 1.0, np.sign(sign)]) @ right)


def level_axes(pitch_deg: float) -> Float64:
    """Return the matrix (3, 3) from level axes (x right, y down, z ahead) to those of a camera looking up."""
    c, s = np.cos(np.radians(pitch_deg)), np.sin(np.radians(pitch_deg))
    return np.array([[1.0, 0.0, 0.0], [0.0, c, s], [0.0, -s, c]])


def heading_change(rotation: Float64, pitch_deg: float) -> float:
    """Return how far the camera's heading turned to the left, in degrees, for its `rotation` (3, 3).

    `pitch_deg` is how far the camera looks up in both views. If the rotation also tilts the camera, this is the closest
    rotation about the vertical.

    >>> quarter_right = np.array([[0.0, 0.0, -1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    >>> round(heading_change(quarter_right, 0.0), 6)
    -90.0
    """
    level = level_axes(pitch_deg)
    turn = level.T @ rotation @ level
    return float(np.degrees(np.arctan2(turn[0, 2] - turn[2, 0], turn[0, 0] + turn[2, 2])))
