"""Lenses of photographs: where one shows a direction, and pictures as a camera without distortion would take them."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..compiled import njit
from ..errors import InputError
from .bilinear import add_bilinear
from .pictures import Picture

Float64 = npt.NDArray[np.float64]
_ALSO = {"fx": "fl_x", "fy": "fl_y", "w": "width", "h": "height"}
"""Other names of keys, as in the transforms.json of radiance fields."""
_FISHEYE = ("k4", "k5", "k6")
_MOST_SAMPLES = 8


@dataclass(frozen=True)
class Lens:
    """Focal lengths and principal point in pixels of a picture of `width` x `height`, and the distortion of OpenCV.

    The centre of the pixel in row i and column j is at (j + 0.5, i + 0.5). A direction (x, y, 1), x to the right and y
    down, is seen at (fx x' + cx, fy y' + cy), where x' and y' are x and y displaced by the radial terms k1, k2, k3 and
    the tangential terms p1, p2 (Brown 1966; OpenCV, `calibrateCamera`).
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    k1: float = 0.0
    k2: float = 0.0
    p1: float = 0.0
    p2: float = 0.0
    k3: float = 0.0

    @classmethod
    def of_field_of_view(cls, degrees: float, width: int, height: int) -> "Lens":
        """Return the lens without distortion that sees `degrees` across its width; raises InputError if none does."""
        if not 0 < degrees < 180:
            raise InputError(f"--field-of-view {degrees:g}: expected degrees between 0 and 180, across the picture")
        focal = width / 2 / math.tan(math.radians(degrees) / 2)
        return cls(width, height, focal, focal, width / 2, height / 2)

    @property
    def horizontal_field_of_view(self) -> float:
        """The field of view, degrees, of a camera of the same `fx` that looks along the middle of its pictures."""
        return math.degrees(2 * math.atan(self.width / 2 / self.fx))

    def scaled(self, width: int, height: int) -> "Lens":
        """Return the lens of the same pictures in another size."""
        across, down = width / self.width, height / self.height
        sizes = (width, height, self.fx * across, self.fy * down, self.cx * across, self.cy * down)
        return Lens(*sizes, self.k1, self.k2, self.p1, self.p2, self.k3)

    @property
    def terms(self) -> Float64:
        """Focal lengths, principal point and distortion (9,)."""
        return np.array([self.fx, self.fy, self.cx, self.cy, self.k1, self.k2, self.p1, self.p2, self.k3])


def read_lens(path: str) -> Lens:
    """Return the lens in the JSON file at `path`: fx, fy, cx, cy, w, h and any of k1, k2, p1, p2, k3.

    The names of transforms.json (fl_x, fl_y) are read too. Raises InputError if the file tells no lens, or one that
    is not a perspective one.
    """
    try:
        found = json.loads(Path(path).read_text("utf-8"))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or 'cannot be read'}") from None
    except (ValueError, RecursionError):
        raise InputError(f"{path} is not JSON: {_WANTED}") from None
    return _lens(found if isinstance(found, Mapping) else {}, path)


_WANTED = 'expected {"fx": ..., "fy": ..., "cx": ..., "cy": ..., "w": ..., "h": ..., "k1": ...}, in pixels'


def _lens(found: Mapping[str, Any], path: str) -> Lens:
    named = {name: found.get(name, found.get(_ALSO.get(name, name))) for name in ("fx", "fy", "cx", "cy", "w", "h")}
    terms = {name: found.get(name, 0.0) for name in ("k1", "k2", "p1", "p2", "k3")}
    lacking = [name for name, value in named.items() if not isinstance(value, int | float)]
    if lacking:
        raise InputError(f"{path} has no {', '.join(lacking)}: {_WANTED}")
    if any(found.get(name) for name in _FISHEYE) or found.get("is_fisheye"):
        raise InputError(f"{path} describes a fisheye lens: straighten its pictures first, then give their lens")
    values = {**named, **terms}
    if not all(isinstance(one, int | float) and math.isfinite(one) for one in values.values()):
        raise InputError(f"{path}: {values} are not all numbers: {_WANTED}")
    width, height = round(values.pop("w")), round(values.pop("h"))
    lens = Lens(width, height, **{name: float(value) for name, value in values.items()})
    if not (min(width, height) > 0 and 0.1 < lens.fx / width < 20 and 0.9 * lens.fy < lens.fx < 1.1 * lens.fy):
        raise InputError(f"{path}: fx {lens.fx:g} and fy {lens.fy:g} are no focal lengths of {width} x {height} pixels")
    if not (0 < lens.cx < width and 0 < lens.cy < height):
        raise InputError(f"{path}: the principal point ({lens.cx:g}, {lens.cy:g}) is outside {width} x {height} pixels")
    return lens


def straightened(picture: Picture, lens: Lens, width: int, height: int) -> Picture:
    """Return what a camera without distortion, whose principal point is the middle, takes instead of `picture`.

    It is (height, width, 3), with the focal length fx of `lens` at that width. `picture` is of the size of `lens`; what
    it does not show is black. A pixel is the mean of as many rays as the picture is finer.
    """
    samples = min(max(1, math.ceil(lens.width / width)), _MOST_SAMPLES)
    seen = _mean_colours(picture, lens.terms, lens.fx * width / lens.width, height, width, samples)
    return np.asarray(np.rint(seen), dtype=np.uint8)


@njit(cache=True, error_model="numpy", nogil=True)
def _mean_colours(picture, terms, focal, height, width, samples):  # type: ignore[no-untyped-def]
    """Return the mean colours (height, width, 3) that rays of a camera of the length `focal` see in a `picture`."""
    seen = np.zeros((height, width, 3))
    for i in range(height):
        for j in range(width):
            for k in range(samples * samples):
                x = (j + (k % samples + 0.5) / samples - width / 2) / focal
                y = (i + (k // samples + 0.5) / samples - height / 2) / focal
                across, down = _displaced(x, y, terms)
                _add_colour(picture, across - 0.5, down - 0.5, seen[i, j])
    return seen / samples**2


@njit(cache=True, error_model="numpy", nogil=True)
def _displaced(x, y, terms):  # type: ignore[no-untyped-def]
    """Return the image point (pixels) at which a lens of these `terms` shows the direction (x, y, 1)."""
    fx, fy, cx, cy, k1, k2, p1, p2, k3 = terms
    square = x * x + y * y
    radial = 1.0 + square * (k1 + square * (k2 + square * k3))
    across = x * radial + 2.0 * p1 * x * y + p2 * (square + 2.0 * x * x)
    down = y * radial + p1 * (square + 2.0 * y * y) + 2.0 * p2 * x * y
    return fx * across + cx, fy * down + cy


@njit(cache=True, error_model="numpy", nogil=True)
def _add_colour(picture, across, down, colour):  # type: ignore[no-untyped-def]
    """Add to `colour` (3,) the bilinear sample of a `picture` at a column and row; nothing from outside of it."""
    rows, columns, _ = picture.shape
    if not (-0.5 <= across <= columns - 0.5 and -0.5 <= down <= rows - 0.5):
        return
    across, down = min(max(across, 0.0), columns - 1.0), min(max(down, 0.0), rows - 1.0)
    left, top = min(int(across), max(columns - 2, 0)), min(int(down), max(rows - 2, 0))
    right, low = min(left + 1, columns - 1), min(top + 1, rows - 1)
    add_bilinear(picture, (top, low), (left, right), (down - top, across - left), colour)
