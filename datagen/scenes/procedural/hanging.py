"""Hangs things on walls: pictures, shelves, mirrors, clocks, coats."""

from . import items
from .building import leaf_floor, stand
from .plan import Rect
from .room_space import SIDES, RoomSpace


def hang(space: RoomSpace) -> None:
    """Hang pictures, shelves, a mirror and a clock where no tall furniture is in front of the wall."""
    for axis, far in SIDES:
        low, high = space.room.inner.span(axis)
        at = low + float(space.rng.uniform(0.1, 0.4))
        while at < high - 0.3:
            width = min(float(space.rng.uniform(0.4, 1.1)), high - at - 0.15)
            if width < 0.3:
                break
            if _wall_free(space, axis, far, at - 0.05, at + width + 0.05):
                _one_hung(space, axis, far, at + width / 2, width)
                at += width + float(space.rng.uniform(0.08, 0.6))
            else:
                at += 0.1


def _wall_free(space: RoomSpace, axis: int, far: bool, low: float, high: float) -> bool:
    """Return whether a stretch of wall has no opening and nothing taller than 1 m in front of it."""
    if any(o.low - 0.1 < high and o.high + 0.1 > low for o in space.openings(axis, far)):
        return False
    plane = space.room.inner.edge(axis, far)
    near, away = sorted((plane, plane + (-0.3 if far else 0.3)))
    strip = Rect(near, low, away, high) if axis == 0 else Rect(low, near, high, away)
    leaves = [rect for o in space.plan.openings if space.number in o.rooms for rect in leaf_floor(space.plan, o)]
    return not any(strip.meets(rect) for rect in leaves) and not any(
        strip.meets(rect) and height > 1.0 for rect, height in space.taken
    )


def _one_hung(space: RoomSpace, axis: int, far: bool, along: float, width: float) -> None:
    rng, palette = space.rng, space.palette
    here = stand(space.brush, space.room, axis, far, along)
    kind = rng.random()
    low = _free_above(space, axis, far, along - width / 2, along + width / 2)
    if space.room.kind == "hall" and kind < 0.15 and width > 0.9 and low < 0.3:
        items.hooks(here.at(y=1.6), palette)
    elif space.room.kind in ("hall", "bathroom") and kind < 0.4:
        items.mirror(here.at(y=max(1.45, low + 0.5)), palette, min(width, 0.7), 0.9)
    elif kind < 0.25 and width > 0.6:
        items.wall_shelf(here.at(y=max(low + 0.45, float(rng.uniform(1.05, 1.4)))), palette, width)
    elif kind < 0.32:
        items.clock(here.at(y=1.75), palette)
    else:
        height = width * float(rng.uniform(0.65, 1.4))
        height = min(height, 0.9)
        items.picture(
            here.at(y=max(low + 0.12, 1.0) + height / 2 + float(rng.uniform(0.0, 0.15))), palette, width, height
        )


def _free_above(space: RoomSpace, axis: int, far: bool, low: float, high: float) -> float:
    """Return the height of the tallest thing at a stretch of wall, m."""
    plane = space.room.inner.edge(axis, far)
    near, away = sorted((plane, plane + (-0.35 if far else 0.35)))
    strip = Rect(near, low, away, high) if axis == 0 else Rect(low, near, high, away)
    return max((height for rect, height in space.taken if strip.meets(rect)), default=0.0)
