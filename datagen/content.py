"""What a dataset holds, apart from the last step of its values: recognises twins whose bytes differ.

Other versions of the libraries, or another processor, may move a sample by one step. A hash of rounded values would
still change, because some value always lies at an edge of rounding. So two parts are compared: a digest of what must be
equal (recipe, arrays, names and whole numbers), and a sketch of the rest, which may differ a little: the sum of the
squares of each array, and four sums with random signs (Johnson and Lindenstrauss 1984; Alon, Matias and Szegedy 1996).
One step moves such a sum by far less than other data do, as the signs make it a distance between the arrays.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from ..digests import digest

Content = Mapping[str, Any]
"""{exact: a digest, sketch: {array: [values, step, sum of squares, and four signed sums]}}, as JSON values."""

SIGNED_SUMS = 4
RELATIVE_TOLERANCE = 1e-5
"""Largest difference of two floating-point values, or signed sums, as a share of the largest value or of the norm."""
_STEPS = 3.0  # standard deviations of a signed sum where every value is one step away


def sketch(values: npt.NDArray[Any], first: int = 0) -> list[float]:
    """Return the sketch of the rows `values` (n, ...), which begin at row `first` of their array.

    Sketches of the parts of an array add up to that of the array, see `added`. Values that are not finite count as 0.
    """
    flat = values.reshape(len(values), -1)
    signs, sums, squares = _signs(flat.shape[1]), np.zeros(SIGNED_SUMS), 0.0
    for row, one in enumerate(flat, start=first):
        finite = np.where(np.isfinite(one), one, 0).astype(np.float64)
        squares += float(np.square(finite).sum())
        sums[row % SIGNED_SUMS] += (1 - 2 * (row * 2654435761 >> 16 & 1)) * float((finite * signs).sum())
    return [float(flat.size), float(values.dtype.kind in "iu"), squares, *sums.tolist()]


def added(sketches: Iterable[Sequence[float]]) -> list[float]:
    """Return the sketch of an array whose parts have `sketches`."""
    parts = np.array(list(sketches))
    return [*parts[:, 0:1].sum(axis=0).tolist(), float(parts[0, 1]), *parts[:, 2:].sum(axis=0).tolist()]


def content(manifest: Mapping[str, Any], columns: Mapping[str, npt.NDArray[Any]], large: Mapping[str, Any]) -> Content:
    """Return the content of the dataset with `manifest`, small `columns`, and sketches of its `large` arrays."""
    small = {name: sketch(values) for name, values in columns.items() if values.dtype.kind == "f"}
    whole = {name: values.tolist() for name, values in columns.items() if name not in small}
    equal = {key: manifest[key] for key in ("dataset", "recipe", "rows", "arrays")} | {"columns": whole}
    return {"exact": digest(equal), "sketch": dict(sorted((small | dict(large)).items()))}


def are_twins(one: Content, other: Content) -> bool:
    """Whether two datasets of these contents hold the same, up to the last step of their values."""
    return not difference(one, other)


def difference(one: Content, other: Content) -> str:
    """Return in words what makes two datasets of these contents no twins; empty for twins."""
    first, second = one["sketch"], other["sketch"]
    if one["exact"] != other["exact"] or first.keys() != second.keys():
        return "another recipe, or other names, shapes or whole numbers"
    far = [name for name in first if not _near(np.asarray(first[name]), np.asarray(second[name]))]
    return f"values that differ by more than a step: {', '.join(far)}" if far else ""


def _near(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> bool:
    """Whether two sketches are near, by what the size and the values of `one` allow."""
    size, step, squares = one[:3]
    if not np.array_equal(one[:2], other[:2]):
        return False
    allowed = max(_STEPS * step * np.sqrt(size), RELATIVE_TOLERANCE * np.sqrt(squares))
    return bool((np.abs(one[3:] - other[3:]) <= allowed).all() and abs(np.sqrt(squares) - np.sqrt(other[2])) <= allowed)


def is_within_a_step(one: npt.NDArray[Any], other: npt.NDArray[Any], scale: float) -> bool:
    """Whether numbers `one` and `other` differ by at most 1 (whole numbers), or 1e-5 of `scale` (others)."""
    a, b = np.asarray(one, np.float64), np.asarray(other, np.float64)
    allowed = 1.0 if one.dtype.kind in "iu" else RELATIVE_TOLERANCE * scale
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    with np.errstate(invalid="ignore"):
        return bool((same | (np.abs(a - b) <= allowed)).all())


@lru_cache(maxsize=16)
def _signs(size: int) -> npt.NDArray[np.int8]:
    """Return the signs (size,) of the values of a row, the same on every machine."""
    raw = np.random.PCG64(0).random_raw(-(-size // 64)).astype("<u8").view(np.uint8)
    return (1 - 2 * np.unpackbits(raw, count=size).astype(np.int8)).astype(np.int8)
