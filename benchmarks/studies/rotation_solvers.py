"""Why published rotations have a tiny median and a huge mean error: solvers on the same simulated matches.

Simulates views of HM3D-SS's camera, which rotates by 10 to 50 degrees without moving, with 100 matches, 0.7 px of
noise in both views and 20 to 60 % outliers, and prints heading error, share of failures and time per pair.

    python -m whence.benchmarks.studies.rotation_solvers --pairs 200

If the camera only rotates, the essential matrix is undetermined, since every translation explains the matches. Its
decomposition can then pick the twin rotation, 180 degrees off, depending on which has more outliers in front of the
cameras.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import poselib

from ...baselines.rotation_solvers import Solution, five_point, heading_change, rotation_only
from ...datagen.cameras import PITCH_DEG, Camera, relative_rotation
from ...digests import generator_for
from ...script import run_script
from ..display.text_table import TextTable, markdown
from ..questions.metrics import FAILURE_DEG, angular_error

CAMERA = Camera()
MATCHES, NOISE_PX, OUTLIERS = 100, 0.7, (0.2, 0.6)
SIZE = np.array([CAMERA.width, CAMERA.height])


@dataclass(frozen=True)
class Pair:
    """Matched points of two views (n, 2) in pixels, and the turn of the camera (deg, left positive)."""

    points_0: np.ndarray
    points_1: np.ndarray
    turn: float
    name: str


def simulated_pair(name: str) -> Pair:
    """Return the pair `name`."""
    rng = generator_for(0, name)
    turn = float(rng.uniform(10, 50) * rng.choice([-1, 1]))
    mapping = CAMERA.intrinsics @ relative_rotation(0, turn) @ np.linalg.inv(CAMERA.intrinsics)
    spread = rng.uniform(0, SIZE, (50 * MATCHES, 2))
    mapped = np.column_stack([spread, np.ones(len(spread))]) @ mapping.T
    moved = mapped[:, :2] / mapped[:, 2:]
    seen = np.flatnonzero((mapped[:, 2] > 0) & ((moved > 0) & (moved < SIZE)).all(axis=1))[:MATCHES]
    noise = NOISE_PX * rng.standard_normal((2, len(seen), 2))
    points_0, points_1 = spread[seen] + noise[0], moved[seen] + noise[1]
    wrong = rng.uniform(size=len(seen)) < rng.uniform(*OUTLIERS)
    points_1[wrong] = rng.uniform(0, SIZE, (int(wrong.sum()), 2))
    return Pair(points_0, points_1, turn, name)


def magsac(pair: Pair) -> Solution:
    """Return OpenCV's essential matrix by MAGSAC++ (Barath et al. 2020)."""
    matrix, mask = cv2.findEssentialMat(
        pair.points_0, pair.points_1, CAMERA.intrinsics, method=cv2.USAC_MAGSAC, prob=0.99999, threshold=1.0
    )
    _, rotation, _, _ = cv2.recoverPose(matrix[:3], pair.points_0, pair.points_1, CAMERA.intrinsics, mask=mask.copy())
    return Solution(np.asarray(rotation, dtype=np.float64), int(mask.sum()))


def poselib_essential(pair: Pair) -> Solution:
    """Return PoseLib's relative pose (LO-RANSAC)."""
    camera = {
        "model": "PINHOLE",
        "width": CAMERA.width,
        "height": CAMERA.height,
        "params": [CAMERA.focal, CAMERA.focal, CAMERA.width / 2, CAMERA.height / 2],
    }
    pose, info = poselib.estimate_relative_pose(
        pair.points_0, pair.points_1, camera, camera, {"max_epipolar_error": 1.0}, {}
    )
    return Solution(np.asarray(pose.R), int(info["num_inliers"]))


def homography(pair: Pair) -> Solution:
    """Return the rotation nearest to K^-1 H K for OpenCV's homography H."""
    found, mask = cv2.findHomography(pair.points_0, pair.points_1, cv2.RANSAC, 2.0, maxIters=5000, confidence=0.99999)
    inner = np.linalg.inv(CAMERA.intrinsics) @ found @ CAMERA.intrinsics
    left, _, right = np.linalg.svd(inner * np.sign(np.linalg.det(inner)))
    return Solution(left @ right, int(mask.sum()))


SOLVERS: dict[str, Callable[[Pair], Solution]] = {
    "OpenCV five-point (protocol paper)": lambda p: five_point(p.points_0, p.points_1, CAMERA.intrinsics),
    "OpenCV MAGSAC++": magsac,
    "PoseLib essential": poselib_essential,
    "OpenCV homography": homography,
    "rotation only (protocol best)": lambda p: rotation_only(
        p.points_0, p.points_1, CAMERA.intrinsics, generator_for(0, p.name)
    ),
}


def row(name: str, pairs: list[Pair]) -> list[str]:
    """Return the errors of the solver `name` as a row of the table."""
    started = time.perf_counter()
    found = [SOLVERS[name](pair).rotation for pair in pairs]
    milliseconds = 1e3 * (time.perf_counter() - started) / len(pairs)
    turns = [0.0 if rotation is None else heading_change(rotation, PITCH_DEG) for rotation in found]
    errors = angular_error([pair.turn for pair in pairs], turns)
    shown = [errors.mean(), np.median(errors), np.quantile(errors, 0.95), errors.max()]
    return [name, *(f"{e:.3f}" for e in shown), f"{100 * np.mean(errors >= FAILURE_DEG):.1f}", f"{milliseconds:.1f}"]


def main(arguments: Sequence[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=200)
    pairs = [simulated_pair(f"pair-{k}") for k in range(parser.parse_args(arguments).pairs)]
    cv2.setNumThreads(1)
    heads = ["solver", "mean (deg)", "median", "95 %", "largest", "failed (%)", "ms a pair"]
    print(markdown(TextTable(f"{len(pairs)} simulated pairs", heads, [row(name, pairs) for name in SOLVERS])))
    return 0


if __name__ == "__main__":
    run_script(main)
