"""Converts the coordinates of a scene file to those of a scene: up axis and unit of length.

glTF prescribes +Y up and metres. Two published data sets differ: Habitat-Matterport 3D
(00009-vLpv2VX547B/vLpv2VX547B.glb) and Matterport3D (17DRP5sb8fy/17DRP5sb8fy.glb) have +Z up, and Habitat's own
configuration rotates them by -90 degrees about x: (x, y, z) become (x, z, -y). Any other axis is also brought up by the
shortest rotation.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

Up = Literal["x", "y", "z", "-x", "-y", "-z"]
Float64 = npt.NDArray[np.float64]

HABITAT_MATTERPORT = re.compile(r"(?:.*/)?(\d{5}-([0-9A-Za-z]{11}))/\2(?:\.basis)?\.glb")
"""Path of a home in Habitat-Matterport 3D; the first group is its name."""
MATTERPORT = re.compile(r"(?:.*/)?([0-9A-Za-z]{11})/\1\.glb")
"""Path of a home in Matterport3D."""
_SCAN = re.compile(r"(?=.*[a-z])(?=.*[A-Z])[0-9A-Za-z]{11}(?:\.basis)?\.glb")
"""File name of a home in either data set, wherever it was copied."""

_RIGHT_BACK: dict[Up, tuple[tuple[int, int, int], tuple[int, int, int]]] = {
    "y": ((1, 0, 0), (0, 0, 1)),
    "-y": ((1, 0, 0), (0, 0, -1)),
    "z": ((1, 0, 0), (0, -1, 0)),
    "-z": ((1, 0, 0), (0, 1, 0)),
    "x": ((0, -1, 0), (0, 0, 1)),
    "-x": ((0, 1, 0), (0, 0, 1)),
}
"""Directions of the file that become +X and +Z of the scene, by up axis."""


@dataclass(frozen=True)
class Frame:
    """The `up` axis of a file and its `metres_per_unit`."""

    up: Up = "y"
    metres_per_unit: float = 1.0

    @property
    def matrix(self) -> Float64:
        """The matrix (4, 4) from the coordinates of the file to metres with +Y up.

        >>> Frame("z", 0.01).matrix[:3, :3].round(2).tolist()
        [[0.01, 0.0, 0.0], [0.0, 0.0, 0.01], [0.0, -0.01, 0.0]]
        """
        right, back = (np.array(axis, np.float64) for axis in _RIGHT_BACK[self.up])
        found = np.eye(4)
        found[:3, :3] = self.metres_per_unit * np.stack([right, np.cross(back, right), back])
        return found + 0.0  # -0 becomes 0


def standard_frame(path: str | Path) -> Frame:
    """Return the frame of the file at `path`: that of glTF, or of Habitat's configuration for its own data set."""
    return Frame("z") if HABITAT_MATTERPORT.fullmatch(_absolute(path)) else Frame()


def known_frame(path: str | Path) -> Frame:
    """Return the frame of the file at `path` by folder layout: `standard_frame`, or that of Matterport3D."""
    return Frame("z") if MATTERPORT.fullmatch(_absolute(path)) else standard_frame(path)


def is_scan(path: str | Path, frame: Frame) -> bool:
    """Return whether the file at `path`, read in `frame`, is a photographed scan of either Matterport data set."""
    named = _SCAN.fullmatch(Path(path).name) is not None
    return HABITAT_MATTERPORT.fullmatch(_absolute(path)) is not None or (named and frame.up == "z")


def _absolute(path: str | Path) -> str:
    return Path(path).absolute().as_posix()
