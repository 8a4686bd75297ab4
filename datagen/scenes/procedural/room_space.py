"""A room being furnished: the pieces in it, and whether another one fits."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .brush import Brush
from .building import side_of
from .furniture import Piece
from .palette import Palette
from .plan import Opening, Plan, Rect, Room
from .walkways import Walkways

SIDES = ((0, False), (0, True), (1, False), (1, True))
"""The four walls of a room: the axis that each is across (0: x, 1: z), and whether it is at the far end."""

Pose = tuple[float, float, float]
"""Position and turn of a piece: x, z, m; turn, degrees."""


@dataclass
class RoomSpace:
    """A room being furnished: the pieces in it, and the zones that must stay clear."""

    number: int
    room: Room
    plan: Plan
    ways: Walkways
    brush: Brush
    palette: Palette
    taken: list[tuple[Rect, float]]
    clear: list[Rect]

    @property
    def rng(self) -> np.random.Generator:
        """The scene's random generator."""
        return self.brush.rng

    def openings(self, axis: int, far: bool) -> list[Opening]:
        """Return the openings in one wall."""
        return [
            o
            for o in self.plan.openings
            if self.number in o.rooms and o.axis == axis and side_of(o, self.number) == far
        ]

    def against_wall(self, piece: Piece, sides: Sequence[tuple[int, bool]] = SIDES, tries: int = 24) -> Pose | None:
        """Place `piece` against a wall, preferably in a corner; return its pose, or None if it fits nowhere."""
        for _ in range(tries):
            axis, far = sides[int(self.rng.integers(len(sides)))]
            low, high = self.room.inner.span(axis)
            room = high - low - piece.width - 0.06
            if room < 0:
                continue
            share = self.rng.choice([0.0, 1.0, self.rng.random()])
            along = low + 0.03 + piece.width / 2 + float(share) * room
            plane = self.room.inner.edge(axis, far)
            plane += -0.025 if far else 0.025
            x, z = (plane, along) if axis == 0 else (along, plane)
            turn = {(0, False): 90.0, (0, True): -90.0, (1, False): 0.0, (1, True): 180.0}[axis, far]
            if self._under_window(piece, axis, far, along) and self.put(piece, (x, z, turn)):
                return x, z, turn
        return None

    def _under_window(self, piece: Piece, axis: int, far: bool, along: float) -> bool:
        low, high = along - piece.width / 2, along + piece.width / 2
        return not any(o.low < high and o.high > low and o.bottom < piece.height for o in self.openings(axis, far))

    def inside(self, piece: Piece, turn: float, tries: int = 24) -> Pose | None:
        """Place `piece` anywhere in the room, turned by `turn` degrees; return its pose, or None if it fits nowhere."""
        inner = self.room.inner
        for _ in range(tries):
            x, z = self.rng.uniform([inner.x0, inner.z0], [inner.x1, inner.z1])
            if self.put(piece, (float(x), float(z), turn)):
                return float(x), float(z), turn
        return None

    def put(self, piece: Piece, pose: Pose) -> bool:
        """Draw `piece` at `pose` and return True, if the floor is free and the walkways stay open; else False."""
        blocks = [floor_under(rect, pose) for rect in piece.taken]
        inner = self.room.inner
        for rect in blocks:
            inside = inner.x0 <= rect.x0 and inner.z0 <= rect.z0 and rect.x1 <= inner.x1 and rect.z1 <= inner.z1
            if not inside or any(rect.meets(zone) for zone in self.clear):
                return False
            if any(rect.grown(0.02).meets(other) for other, _ in self.taken):
                return False
        if not self.ways.take(blocks):
            return False
        self.taken += [(rect, piece.height) for rect in blocks]
        piece.draw(self.brush.at(pose[0], 0.0, pose[1], pose[2]))
        return True


def floor_under(rect: Rect, pose: Pose) -> Rect:
    """Return the world rectangle around a local rectangle of a piece at `pose`."""
    x, z, turn = pose
    cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    corners = np.array([[a, b] for a in (rect.x0, rect.x1) for b in (rect.z0, rect.z1)])
    across, along = corners[:, 0] * cos + corners[:, 1] * sin + x, corners[:, 1] * cos - corners[:, 0] * sin + z
    low, high = (across.min(), along.min()), (across.max(), along.max())
    return Rect(*(round(float(value), 4) for value in (*low, *high)))
