"""Reads the labels of pairs of photographs: `image1`, `image2` and how far the camera turned in between."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

import numpy as np
import numpy.typing as npt

from ..conventions import wrap_degrees
from ..errors import InputError
from .csv_tables import Row, first_of, number_in, posix_path, read_table

FIRST, SECOND = ("image1", "image_1", "image0", "image_0"), ("image2", "image_2")
YAW, PITCH, SCENE = "yaw_deg", "pitch_deg", "scene"
_MATRIX = tuple(f"r{i}{k}" for i in range(3) for k in range(3))
_ROTATION_TOLERANCE, _YAW_TOLERANCE_DEG = 1e-3, 0.5
_LARGEST_ANGLE = {YAW: 360.0, PITCH: 90.0}

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LabelledPair:
    """Two photographs, by their paths in the folder, and their labels in degrees.

    `yaw` is the turn from the first to the second, positive to the left, and `pitch` how far both look up.
    """

    first: str
    second: str
    yaw: float
    pitch: float
    scene: str

    @property
    def sample_id(self) -> str:
        """Name of the pair."""
        return f"{PurePath(self.first).with_suffix('').as_posix()}-{PurePath(self.second).with_suffix('').as_posix()}"


@dataclass(frozen=True)
class PairFile:
    """The pairs of a label file, and which labels it leaves out."""

    pairs: tuple[LabelledPair, ...]
    lacks: tuple[str, ...]


def read_pairs(path: str, folder: str) -> PairFile:
    """Return the pairs that the CSV file at `path` names of the photographs in `folder`.

    The turn is in `yaw_deg`, or follows from `r00` to `r22`: the rotation R of x_2 = R x_1 + t, of cameras that look
    along +z, with x to the right and y down (OpenCV, COLMAP). Raises InputError for photographs that are missing, for
    cells that make no sense or contradict each other, and for a pair given twice.
    """
    if not Path(folder).is_dir():
        raise InputError(f"--dir {folder} is not a folder: give the folder that holds the photographs")
    if not Path(path).is_file():
        raise InputError(f"{path} does not exist: give the label file, with the columns image1,image2,yaw_deg")
    rows = read_table(Path(path), (FIRST, SECOND, (YAW, _MATRIX[0])))
    matrices = set(_MATRIX) <= set(rows[0])
    if YAW not in rows[0] and not matrices:
        raise InputError(f"{path}: no column yaw_deg, and not all of r00 to r22: give one or the other")
    pairs = tuple(_pair(row, line, matrices, path, Path(folder)) for line, row in enumerate(rows, 1))
    _refuse_repeats(pairs, path)
    return PairFile(pairs, tuple(name for name in (PITCH, SCENE) if name not in rows[0]))


def _pair(row: Row, number: int, matrices: bool, labels: str, folder: Path) -> LabelledPair:
    where = f"{labels}, pair {number}"
    first, second = (_photograph(row, names, where, folder) for names in (FIRST, SECOND))
    if first == second:
        raise InputError(f"{where}: {first} is paired with itself")
    pitch = _angle(row, PITCH, where) if row.get(PITCH) else 0.0
    yaw = _yaw(row, matrices, where)
    return LabelledPair(first, second, yaw, pitch, row.get(SCENE) or _scene(first))


def _photograph(row: Row, names: Sequence[str], where: str, folder: Path) -> str:
    written = first_of(row, names)
    if not written:
        raise InputError(f"{where}: its {names[0]} is empty")
    name = PurePath(posix_path(written, folder)).as_posix()
    if name.startswith("/") or ".." in PurePath(name).parts:
        raise InputError(f"{where}: {written} lies outside of the folder: name photographs by their path in {folder}")
    if not (folder / name).is_file():
        raise InputError(f"{where}: {folder / name} does not exist")
    return name


def _scene(first: str) -> str:
    parent = PurePath(first).parent.as_posix()
    return first if parent == "." else parent


def _yaw(row: Row, matrices: bool, where: str) -> float:
    told = _angle(row, YAW, where) if row.get(YAW) else None
    turned = _turned(row, where) if matrices else None
    if told is None and turned is None:
        raise InputError(f"{where}: its yaw_deg is empty")
    if told is not None and turned is not None and abs(wrap_degrees(told - turned)) > _YAW_TOLERANCE_DEG:
        raise InputError(
            f"{where}: yaw_deg is {told:g}, but by r00 to r22 the camera turned by {turned:.2f}, positive to the left"
        )
    return told if told is not None else float(turned or 0.0)


def _turned(row: Row, where: str) -> float:
    """Return by how much the second camera looks further to the left (degrees) than the first, in whose frame it is."""
    rotation = np.array([number_in(row, name, where) for name in _MATRIX]).reshape(3, 3)
    off = np.abs(rotation @ rotation.T - np.eye(3)).max()
    if not (off < _ROTATION_TOLERANCE and np.linalg.det(rotation) > 0):
        raise InputError(f"{where}: r00 to r22 are no rotation: its rows are not of length 1 and at right angles")
    return math.degrees(math.atan2(-rotation[2, 0], rotation[2, 2]))


def _angle(row: Row, column: str, where: str) -> float:
    value, most = number_in(row, column, where), _LARGEST_ANGLE[column]
    if not abs(value) <= most:
        raise InputError(f"{where}: {column} {row[column]}: expected degrees within {most:g}")
    return float(wrap_degrees(value))


def _refuse_repeats(pairs: Sequence[LabelledPair], labels: str) -> None:
    seen: set[tuple[str, str]] = set()
    for pair in pairs:
        if (pair.first, pair.second) in seen:
            raise InputError(f"{labels}: {pair.first} and {pair.second} are paired twice: keep one row")
        seen.add((pair.first, pair.second))
