"""The walkable floor, kept connected while furniture is added."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from .plan import WALL, Plan, Rect

_CELL = 0.05
_BODY = 0.27
"""Half the width of the walkways that stay free, m: a body of radius 0.2 m and some margin."""


class Walkways:
    """The floor of a flat where the centre of a body can be, in cells of `_CELL` m; it stays connected."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        rects = [room.rect for room in plan.rooms]
        self._low = np.array([min(r.x0 for r in rects), min(r.z0 for r in rects)])
        high = np.array([max(r.x1 for r in rects), max(r.z1 for r in rects)])
        self._free = np.zeros(tuple(np.ceil((high - self._low) / _CELL).astype(int) + 1), bool)
        for room in plan.rooms:
            self._set(room.inner.grown(-_BODY), True)
        for opening in plan.openings:
            if opening.kind in ("door", "arch"):
                self._set(opening.zone(_BODY + WALL, -_BODY), True)
        self._needed = [self._cells(room.inner).sum() for room in plan.rooms]

    def _window(self, rect: Rect) -> tuple[slice, slice]:
        low = np.ceil((np.array([rect.x0, rect.z0]) - self._low) / _CELL - 1e-6).astype(int)
        high = np.floor((np.array([rect.x1, rect.z1]) - self._low) / _CELL + 1e-6).astype(int)
        low, high = np.maximum(low, 0), np.maximum(high, -1)
        return slice(int(low[0]), int(high[0]) + 1), slice(int(low[1]), int(high[1]) + 1)

    def _set(self, rect: Rect, free: bool) -> None:
        self._free[self._window(rect)] = free

    def _cells(self, rect: Rect, free: npt.NDArray[np.bool_] | None = None) -> npt.NDArray[np.bool_]:
        return (self._free if free is None else free)[self._window(rect)]

    def take(self, rects: Iterable[Rect]) -> bool:
        """Occupy the floor under `rects` and return True; return False if that would cut off or fill a room."""
        before = self._free.copy()
        for rect in rects:
            self._set(rect.grown(_BODY), False)
        if self._whole():
            return True
        self._free = before
        return False

    def _whole(self) -> bool:
        """Return whether one walkway connects all doors and covers a good part of every room."""
        labels, count = ndimage.label(self._free)
        if count == 0:
            return False
        main = labels == np.argmax(np.bincount(labels.ravel())[1:]) + 1
        doors = [o for o in self._plan.openings if o.kind in ("door", "arch")]
        if not all(self._cells(o.zone(WALL, -_BODY), main).any() for o in doors):
            return False
        shares = [self._cells(room.inner, main).sum() for room in self._plan.rooms]
        return all(share > 0.22 * need for share, need in zip(shares, self._needed, strict=True))
