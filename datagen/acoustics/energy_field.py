"""Sound energy arriving at one listening position, by source, time, direction and octave band."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

_GOLDEN = (1 + 5**0.5) / 2


def arrival_directions() -> Float64:
    """Return the unit vectors (32, 3) that late sound is binned by: vertices and face centres of a dodecahedron.

    The set is symmetric under mirroring along any axis and half turns about any axis. It gives a diffuse field the
    correct interaural coherence up to 2 kHz.
    """
    cube = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], dtype=np.float64)
    edges = _each_axis_first([(0, a / _GOLDEN, b * _GOLDEN) for a in (-1, 1) for b in (-1, 1)])
    faces = _each_axis_first([(0, a * _GOLDEN, b) for a in (-1, 1) for b in (-1, 1)])
    directions = np.concatenate([cube, edges, faces])
    return np.asarray(directions / np.linalg.norm(directions, axis=1, keepdims=True))


def _each_axis_first(points: list[tuple[float, float, float]]) -> Float64:
    """Return `points` (n, 3) in all three cyclic orders of the axes, (3 n, 3)."""
    return np.concatenate([np.roll(points, turn, axis=1) for turn in range(3)])


def even_directions(count: int) -> Float64:
    """Return `count` unit vectors (count, 3) spread evenly over the sphere: a Fibonacci lattice."""
    height = 1 - (2 * np.arange(count) + 1) / count
    turn = 2 * np.pi * np.arange(count) / _GOLDEN
    across = np.sqrt(1 - height**2)
    return np.stack([across * np.cos(turn), height, across * np.sin(turn)], axis=1)


@dataclass(frozen=True, eq=False)
class EarlyReflections:
    """Exact specular reflections of all sources, one per row.

    `source` (e,) is the index of the source, `direction` (e, 3) the unit vector from the listener towards the image
    source, `distance` (e,) the path length in metres, and `gain` (e, band) the share of energy left by walls and air
    in each octave band. Spreading, 1 / (4 pi distance)^2, is not included.
    """

    source: npt.NDArray[np.int64]
    direction: Float64
    distance: Float64
    gain: Float64


@dataclass(frozen=True, eq=False)
class EnergyField:
    """The sound field at a listening position, ready to be rendered for any heading and head.

    `listener` (3,) and `sources` (s, 3) are in metres; `visible` (s,) says whether each source is in line of sight;
    `early` holds the exact reflections. `energy` (source, time bin, direction, band) is the rest: the energy arriving
    in each bin of `bin_samples` samples after the emission, from around each of `arrival_directions`, in units of a
    squared impulse response (a free path of d metres brings 1 / (4 pi d)^2). `noise_seed` seeds the signals that
    carry this energy.
    """

    listener: Float64
    sources: Float64
    visible: npt.NDArray[np.bool_]
    early: EarlyReflections
    energy: Float32
    bin_samples: int
    noise_seed: int
