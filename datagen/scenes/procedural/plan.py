"""Plans of flats: rectangular rooms side by side, joined by doors into one connected home, with windows outside.

Lengths are in metres, in the x-z plane of the world. The `rect` of a room follows the centre lines of its walls.
"""

from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np

WALL = 0.12
"""Thickness of the walls between rooms, m."""
_STEP = 0.05
_NARROWEST = 1.3
"""Shortest stretch of common wall that fits a door, m."""


@dataclass(frozen=True)
class Rect:
    """A rectangle from (x0, z0) to (x1, z1), m."""

    x0: float
    z0: float
    x1: float
    z1: float

    @property
    def size(self) -> tuple[float, float]:
        """Extent along x and z, m."""
        return self.x1 - self.x0, self.z1 - self.z0

    @property
    def area(self) -> float:
        """Area, m2."""
        return self.size[0] * self.size[1]

    @property
    def centre(self) -> tuple[float, float]:
        """Its middle (x, z)."""
        return (self.x0 + self.x1) / 2, (self.z0 + self.z1) / 2

    def grown(self, by: float) -> "Rect":
        """Return the rectangle with its edges moved `by` m outwards."""
        return Rect(self.x0 - by, self.z0 - by, self.x1 + by, self.z1 + by)

    def meets(self, other: "Rect") -> bool:
        """Return whether the two rectangles overlap."""
        apart = self.x1 <= other.x0 or other.x1 <= self.x0 or self.z1 <= other.z0 or other.z1 <= self.z0
        return not apart

    def edge(self, axis: int, far: bool) -> float:
        """Return the coordinate of the wall across `axis` (0: x, 1: z), m; the `far` one has the larger."""
        return ((self.x0, self.x1), (self.z0, self.z1))[axis][far]

    def span(self, axis: int) -> tuple[float, float]:
        """Return the extent of the walls across `axis`, m."""
        return (self.z0, self.z1) if axis == 0 else (self.x0, self.x1)


@dataclass(frozen=True)
class Opening:
    """A hole in the wall across `axis` (0: x, 1: z) at `at`: from `low` to `high` along it, from `bottom` to `top`.

    `kind` is door, arch, entrance (a closed door) or window. `rooms` holds the indices of the rooms in front of it
    (smaller coordinate) and behind it, -1 for outdoors.
    """

    kind: str
    rooms: tuple[int, int]
    axis: int
    at: float
    low: float
    high: float
    bottom: float
    top: float

    @property
    def centre(self) -> tuple[float, float]:
        """Its middle (x, z)."""
        middle = (self.low + self.high) / 2
        return (self.at, middle) if self.axis == 0 else (middle, self.at)

    def zone(self, reach: float, margin: float = 0.0) -> Rect:
        """Return the floor within `reach` m in front of and behind the opening, `margin` m wider on both sides."""
        low, high = self.low - margin, self.high + margin
        if self.axis == 0:
            return Rect(self.at - reach, low, self.at + reach, high)
        return Rect(low, self.at - reach, high, self.at + reach)


@dataclass(frozen=True)
class Room:
    """One room: `kind`, such as kitchen, and `rect` along the centre lines of its walls."""

    kind: str
    rect: Rect

    @property
    def inner(self) -> Rect:
        """The floor between the walls."""
        return self.rect.grown(-WALL / 2)


@dataclass(frozen=True)
class Plan:
    """Rooms, openings, and the common `height` of the rooms, m."""

    rooms: tuple[Room, ...]
    openings: tuple[Opening, ...]
    height: float

    @property
    def area(self) -> float:
        """Floor area between the walls, m2."""
        return sum(room.inner.area for room in self.rooms)

    def outside(self, room: int, axis: int, far: bool) -> list[tuple[float, float]]:
        """Return the stretches of a room's wall with no other room behind."""
        rect = self.rooms[room].rect
        at, (low, high) = rect.edge(axis, far), rect.span(axis)
        taken = sorted(other.rect.span(axis) for other in self.rooms if abs(other.rect.edge(axis, not far) - at) < 1e-6)
        stretches = []
        for start, stop in taken:
            if stop > low and start < high:
                stretches.append((low, start))
                low = max(low, stop)
        return [(a, b) for a, b in [*stretches, (low, high)] if b - a > 1e-6]


def draw_plan(rng: np.random.Generator) -> Plan:
    """Return a flat of 4 to 8 rooms and 50 to 140 m2, with all rooms connected."""
    while True:
        rects, corridor = _corridor_flat(rng) if rng.random() < 0.65 else _divided_flat(rng)
        rects = [_turned(rect, *turn) for turn in [tuple(rng.random(3) < 0.5)] for rect in rects]
        area = sum(rect.grown(-WALL / 2).area for rect in rects)
        narrow = any(min(rect.size) < 1.8 for number, rect in enumerate(rects) if number != corridor)
        if narrow or not (4 <= len(rects) <= 8 and 50 <= area <= 140 and _connected(rects, _borders(rects))):
            continue
        rooms = tuple(Room(k, rect) for k, rect in zip(_kinds(rng, rects, corridor), _centred(rects), strict=True))
        doors = _doors(rng, rooms)
        bare = Plan(rooms, tuple(doors), round(float(rng.uniform(2.6, 2.9)), 2))
        entrance = _entrance(rng, bare)
        if entrance is not None:
            return Plan(rooms, (*doors, entrance, *_windows(rng, bare, entrance)), bare.height)


def _length(rng: np.random.Generator, low: float, high: float) -> float:
    return round(float(rng.uniform(low, high)) / _STEP) * _STEP


def _shares(rng: np.random.Generator, total: float, count: int) -> list[float]:
    """Return `count` + 1 boundaries from 0 to `total`, with steps that differ by up to a factor of about two."""
    weights = rng.uniform(0.75, 1.5, count)
    inner = np.round(np.cumsum(weights)[:-1] / weights.sum() * total / _STEP) * _STEP
    return [0.0, *(float(value) for value in inner), total]


def _corridor_flat(rng: np.random.Generator) -> tuple[list[Rect], int]:
    """Return rooms on both sides of a corridor and the largest ones across its end; and the index of the corridor."""
    length, width = _length(rng, 4.6, 8.0), _length(rng, 1.35, 1.75)
    north, south = _length(rng, 3.0, 4.4), _length(rng, 2.9, 4.2)
    rects = [Rect(0, 0, length, width)]
    fewest = 1 + int(length > 5)
    for edges, z0, z1 in (
        (_shares(rng, length, int(rng.integers(fewest, 4))), -north, 0.0),
        (_shares(rng, length, int(rng.integers(fewest, 4))), width, width + south),
    ):
        rects += [Rect(a, z0, b, z1) for a, b in pairwise(edges)]
    if rng.random() < 0.35 and len(rects) > 4:
        rects.pop(int(rng.choice([1, len(rects) - 1])))  # a notch in the outline: an L
    across = _length(rng, 4.6, 6.2)
    top, bottom = -north + _length(rng, -1.0, 1.6), width + south + _length(rng, -1.6, 1.0)
    if bottom - top > 7.4:
        cut = _length(rng, top + 2.9, bottom - 4.4) if rng.random() < 0.5 else _length(rng, top + 4.4, bottom - 2.9)
        return [*rects, Rect(length, top, length + across, cut), Rect(length, cut, length + across, bottom)], 0
    return [*rects, Rect(length, top, length + across, bottom)], 0


def _divided_flat(rng: np.random.Generator) -> tuple[list[Rect], int]:
    """Return the parts of a repeatedly divided rectangle, perhaps without one corner; and -1 for no corridor."""
    rects = [Rect(0, 0, _length(rng, 7.5, 12.0), _length(rng, 7.0, 10.0))]
    limit, done = float(rng.uniform(15, 24)), []
    while rects:
        rect = rects.pop()
        axis = int(rect.size[1] > rect.size[0])
        if rect.area < limit or rect.size[axis] < 4.8:
            done.append(rect)
            continue
        low, high = rect.edge(axis, False), rect.edge(axis, True)
        cut = low + round((high - low) * float(rng.uniform(0.36, 0.64)) / _STEP) * _STEP
        if axis == 0:
            rects += [Rect(rect.x0, rect.z0, cut, rect.z1), Rect(cut, rect.z0, rect.x1, rect.z1)]
        else:
            rects += [Rect(rect.x0, rect.z0, rect.x1, cut), Rect(rect.x0, cut, rect.x1, rect.z1)]
    if len(done) > 5 and rng.random() < 0.6:
        done.pop(int(rng.choice([0, len(done) - 1])))
    return done, -1


def _turned(rect: Rect, mirror_x: bool, mirror_z: bool, swap: bool) -> Rect:
    x0, x1 = (-rect.x1, -rect.x0) if mirror_x else (rect.x0, rect.x1)
    z0, z1 = (-rect.z1, -rect.z0) if mirror_z else (rect.z0, rect.z1)
    return Rect(z0, x0, z1, x1) if swap else Rect(x0, z0, x1, z1)


def _centred(rects: list[Rect]) -> list[Rect]:
    """Return the rectangles on a 0.05 m grid, centred near the origin."""
    corners = np.round(np.array([(r.x0, r.z0, r.x1, r.z1) for r in rects]) / _STEP)
    middle = np.round((corners[:, :2].min(axis=0) + corners[:, 2:].max(axis=0)) / 2)
    moved = np.round((corners - np.tile(middle, 2)) * _STEP, 2)
    return [Rect(*(float(value) for value in row)) for row in moved]


def _borders(rects: list[Rect]) -> list[Opening]:
    """Return the common walls of two rooms that fit a door, each as an arch as wide as the wall."""
    found = []
    for (i, a), (j, b) in combinations(enumerate(rects), 2):
        for axis in (0, 1):
            for first, second, pair in ((a, b, (i, j)), (b, a, (j, i))):
                low, high = np.transpose([first.span(axis), second.span(axis)])
                start, stop = float(low.max()), float(high.min())
                if abs(first.edge(axis, True) - second.edge(axis, False)) < 1e-6 and stop - start >= _NARROWEST:
                    found.append(Opening("arch", pair, axis, first.edge(axis, True), start, stop, 0.0, 2.1))
    return found


def _connected(rects: list[Rect], borders: list[Opening]) -> bool:
    return len(_spanning(len(rects), borders)) == len(rects) - 1


def _spanning(count: int, borders: list[Opening]) -> list[Opening]:
    """Return borders that connect all of `count` rooms without a cycle, preferring earlier ones (Kruskal)."""
    group, chosen = list(range(count)), []
    for border in borders:
        old, new = (group[room] for room in border.rooms)
        if old != new:
            chosen.append(border)
            group = [new if value == old else value for value in group]
    return chosen


def _kinds(rng: np.random.Generator, rects: list[Rect], corridor: int) -> list[str]:
    """Return the kind of each room, chosen by size, by neighbours and at random."""
    kinds = [""] * len(rects)
    beside: list[set[int]] = [set() for _ in rects]
    for border in _borders(rects):
        beside[border.rooms[0]].add(border.rooms[1])
        beside[border.rooms[1]].add(border.rooms[0])
    by_size = sorted(range(len(rects)), key=lambda room: rects[room].area)
    if corridor < 0 and len(rects) > 4:
        corridor = max(by_size[:3], key=lambda room: len(beside[room]))
    if corridor >= 0:
        kinds[corridor] = "hall"
    kinds[by_size[-1]] = "living room"
    free = [room for room in by_size if not kinds[room]]
    kinds[free.pop(0)] = "bathroom"
    near = [room for room in free if by_size[-1] in beside[room]]
    kitchen = min(near or free, key=lambda room: abs(rects[room].area - 13))
    kinds[kitchen] = "kitchen"
    free.remove(kitchen)
    wishes = ["bedroom", *rng.permutation(["study", "bedroom", "children's room", "dining room"]).tolist(), "bedroom"]
    for room in reversed(free):
        kinds[room] = wishes.pop(0)
    return kinds


_MIDDLE = ("hall", "living room", "dining room")
_OPEN = ({"living room", "dining room"}, {"living room", "kitchen"}, {"kitchen", "dining room"})


def _doors(rng: np.random.Generator, rooms: tuple[Room, ...]) -> list[Opening]:
    """Return doors that connect all rooms, preferably through hall and living room, and some more."""
    borders = _borders([room.rect for room in rooms])

    def order(border: Opening) -> float:
        """Return the rank of `border` as a place for a door; lower is better."""
        kinds = [rooms[room].kind for room in border.rooms]
        if set(kinds) in _OPEN:
            return -1.0
        return float(not any(kind in _MIDDLE for kind in kinds)) + float("bathroom" in kinds and "hall" not in kinds)

    borders.sort(key=order)
    chosen = _spanning(len(rooms), borders)
    chosen += [border for border in borders if border not in chosen and order(border) < 0 and rng.random() < 0.5]
    return [_door(rng, border, {rooms[room].kind for room in border.rooms}) for border in chosen]


def _door(rng: np.random.Generator, border: Opening, kinds: set[str]) -> Opening:
    """Return the door or arch in a common wall, at least a hand's breadth from the corners."""
    low, high = border.low + WALL / 2 + 0.1, border.high - WALL / 2 - 0.1
    arch = kinds in _OPEN and rng.random() < 0.8
    width = _length(rng, 1.3, 2.2) if arch else _length(rng, 0.85, 0.95)
    width = min(width, round((high - low) // _STEP * _STEP, 2))
    where = rng.choice([0.0, 1.0, rng.random()])
    start = round(low + float(where) * (high - low - width), 3)
    top = 2.2 if arch else 2.05
    return Opening("arch" if arch else "door", border.rooms, border.axis, border.at, start, start + width, 0.0, top)


def _entrance(rng: np.random.Generator, plan: Plan) -> Opening | None:
    """Return the closed front door, in an outer wall of the hall or else the living room."""
    kinds = [room.kind for room in plan.rooms]
    number = kinds.index("hall" if "hall" in kinds else "living room")
    stretches = [
        (axis, far, low, high)
        for axis in (0, 1)
        for far in (False, True)
        for low, high in plan.outside(number, axis, far)
        if high - low > 1.25
    ]
    if not stretches:
        return None
    axis, far, low, high = stretches[int(rng.integers(len(stretches)))]
    start = round(low + 0.15 + float(rng.random()) * (high - low - 1.25), 3)
    rooms = (number, -1) if far else (-1, number)
    return Opening("entrance", rooms, axis, plan.rooms[number].rect.edge(axis, far), start, start + 0.95, 0.0, 2.05)


def _windows(rng: np.random.Generator, plan: Plan, entrance: Opening) -> list[Opening]:
    """Return windows in the outer walls: some down to the floor, none in the hall or beside the front door."""
    found = []
    for number, room in enumerate(plan.rooms):
        if room.kind == "hall":
            continue
        for axis in (0, 1):
            for far in (False, True):
                if (axis, room.rect.edge(axis, far)) == (entrance.axis, entrance.at):
                    continue
                for low, high in plan.outside(number, axis, far):
                    if high - low > 1.5 and rng.random() < 0.75:
                        found.append(_window(rng, number, room, axis, far, low, high))
    return found


def _window(
    rng: np.random.Generator, number: int, room: Room, axis: int, far: bool, low: float, high: float
) -> Opening:
    widest = min(high - low - 0.9, 0.9 if room.kind == "bathroom" else 2.4)
    width = round(max(0.6, widest * float(rng.uniform(0.6, 1.0))), 2)
    start = round((low + high - width) / 2 + float(rng.uniform(-0.3, 0.3)) * (high - low - width - 0.6), 3)
    bottom = {"bathroom": 1.2, "kitchen": 1.05}.get(room.kind, float(rng.choice([0.08, 0.45, 0.8, 0.9, 0.95, 0.95])))
    rooms = (number, -1) if far else (-1, number)
    return Opening("window", rooms, axis, room.rect.edge(axis, far), start, start + width, bottom, 2.2)
