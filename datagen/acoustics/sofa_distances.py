"""Chooses the measurements that make one head when a set has sources at several distances."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy.spatial import KDTree

from ...errors import InputError

Float64 = npt.NDArray[np.float64]
Chosen = npt.NDArray[np.bool_]

FARTHEST_DEG = 30.0
"""Largest angle from any direction in the horizontal plane to the nearest measured one, degrees."""
_SAME_DISTANCE = 0.01
_SAME_DIRECTION_DEG = 0.5
_WIDEST = 2.0
"""Largest ratio of distances that may count as one."""


def one_distance(directions: Float64, distances: Float64, path: str) -> tuple[Chosen, tuple[str, ...]]:
    """Return which measurements (n,) from `directions` (n, 3) at `distances` (n,) m to use, and remarks.

    Distances within 1 % of the next belong to one shell. The outermost shell that covers all directions is used. If
    there is none and each direction was measured once, all measurements are used. Raises InputError if neither works.
    """
    shells = list(_shells(distances))
    whole = next((shell for shell in shells if _widest_gap(directions[shell])[1] <= FARTHEST_DEG), None)
    if whole is None:
        if len(shells) > 1 and _measured_twice(directions, distances):
            _refuse_gap(directions[shells[0]], path)
        _refuse_gap(directions, path)
        whole = np.ones(len(distances), dtype=bool)
    _refuse_spread(distances[whole], path)
    return whole, tuple(_remarks(distances, whole, len(shells), path))


def _shells(distances: Float64) -> Iterator[Chosen]:
    """Yield the measurements of each shell, outermost first."""
    order = np.argsort(-distances, kind="stable")
    falling = distances[order]
    starts = np.flatnonzero(falling[1:] < (1 - _SAME_DISTANCE) * falling[:-1]) + 1
    for members in np.split(order, starts):
        yield np.isin(np.arange(len(distances)), members)


def _widest_gap(directions: Float64) -> tuple[int, float]:
    """Return the azimuth at ear height farthest from all `directions` (n, 3), and that distance; both in degrees."""
    azimuth = np.radians(np.arange(-180, 180, 5))
    around = np.stack([-np.sin(azimuth), np.zeros_like(azimuth), -np.cos(azimuth)], axis=1)
    apart = np.degrees(np.arccos(np.clip(np.einsum("nk,mk->nm", around, directions).max(axis=1), -1, 1)))
    return -180 + 5 * int(apart.argmax()), float(apart.max())


def _refuse_gap(directions: Float64, path: str) -> None:
    """Raise InputError if the horizontal plane has a gap; most sets have none measured far below."""
    azimuth, apart = _widest_gap(directions)
    if apart > FARTHEST_DEG:
        raise InputError(
            f"{path}: the direction measured nearest to azimuth {azimuth} deg at ear height is "
            f"{apart:.0f} deg away; expected at most {FARTHEST_DEG:g} deg all around; take a set with more directions"
        )


def _refuse_spread(distances: Float64, path: str) -> None:
    if distances.max() > _WIDEST * distances.min():
        raise InputError(
            f"{path}: its sources are {distances.min():.2f} to {distances.max():.2f} m away, and no single distance "
            "covers all directions; keep the measurements of one distance"
        )


def _measured_twice(directions: Float64, distances: Float64) -> bool:
    """Return whether any direction other than straight up or down was measured at two distances."""
    level = np.abs(directions[:, 1]) < 0.99
    pairs = KDTree(directions[level]).query_pairs(np.radians(_SAME_DIRECTION_DEG), output_type="ndarray")
    near, far = np.sort(distances[level][pairs], axis=1).T if len(pairs) else (np.zeros(0), np.zeros(0))
    return bool((near < (1 - _SAME_DISTANCE) * far).any())


def _remarks(distances: Float64, taken: Chosen, shells: int, path: str) -> Iterator[str]:
    nearest, farthest = distances[taken].min(), distances[taken].max()
    span = f"{nearest:.2f} to {farthest:.2f} m" if nearest < (1 - _SAME_DISTANCE) * farthest else f"{farthest:.2f} m"
    if not taken.all():
        yield f"{path}: measured at {shells} distances; only the {int(taken.sum())} responses at {span} are used"
    elif " to " in span:
        yield f"{path}: its sources stood {span} away; all count as at {farthest:.2f} m"
