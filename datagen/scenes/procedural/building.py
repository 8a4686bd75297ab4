"""Draws the building: floors, ceilings, walls with openings, door frames and leaves, windows, skirting, outer shell."""

from itertools import pairwise

import numpy as np

from .brush import Brush, Paint
from .palette import Palette
from .plan import WALL, Opening, Plan, Rect, Room

_REVEAL = 0.2
"""Depth of a window's recess, m."""
_OUTER = 0.3
"""Distance of the outer shell from the centre lines of the outer walls, m."""
_FRAME = 0.07
"""Width of the boards around a door, m."""
_FACING = {(0, False): 90.0, (0, True): -90.0, (1, False): 0.0, (1, True): 180.0}
"""Turn of something against a wall and facing the room, by the wall's (axis, far)."""

Hole = tuple[float, float, float, float]
"""A hole in a wall: from, to (along the wall), bottom, top, m."""
Bands = list[tuple[float, float, Paint]]
"""Paints of a wall from the floor up: from, to (height, m), paint."""


def draw_building(brush: Brush, palette: Palette, plan: Plan) -> None:
    """Draw everything fixed; each room has its own floor and walls."""
    for number, room in enumerate(plan.rooms):
        _draw_room(brush, palette, plan, number, room)
    for opening in plan.openings:
        draw = {"window": _window, "entrance": _entrance}.get(opening.kind, _doorway)
        draw(brush, palette, plan, opening)
    _shell(brush.part("outer walls"), palette, plan)


def stand(brush: Brush, room: Room, axis: int, far: bool, along: float) -> Brush:
    """Return a brush on the floor at a wall of `room`, facing the room; `along` is a world coordinate, m."""
    plane = room.inner.edge(axis, far)
    x, z = (plane, along) if axis == 0 else (along, plane)
    return brush.at(x, 0.0, z, _FACING[axis, far])


def side_of(opening: Opening, room: int) -> bool:
    """Return whether the opening is in the room's far wall (the one with the larger coordinate)."""
    return opening.rooms[0] == room


def _draw_room(brush: Brush, palette: Palette, plan: Plan, number: int, room: Room) -> None:
    name, inner, height = f"{room.kind} {number}", room.inner, plan.height
    _level(brush.part(f"floor of {name}"), inner, 0.0, palette.floor(room.kind))
    _level(brush.part(f"ceiling of {name}"), inner, height, palette.ceiling())
    bands, accent = _bands(palette, room.kind, height)
    skirting = brush.part(f"skirting board of {name}")
    rail = brush.part(f"dado rail of {name}") if len(bands) > 1 else None
    special = int(palette.rng.integers(8))
    for index, (axis, far) in enumerate(_FACING):
        here = [o for o in plan.openings if number in o.rooms and o.axis == axis and side_of(o, number) == far]
        holes = [(o.low, o.high, o.bottom, o.top) for o in here if o.kind != "entrance"]
        wall = brush.part(f"wall {index} of {name}")
        _wall(wall, inner, axis, far, holes, accent if index == special else bands)
        gaps = [(o.low - _FRAME, o.high + _FRAME) for o in here if o.bottom < 0.12]
        _boards(skirting, inner, axis, far, gaps, (0.0, 0.09, 0.015), palette.lacquer(palette.trim))
        if rail is not None:
            gaps = [(o.low - _FRAME, o.high + _FRAME) for o in here if o.bottom < bands[0][1] + 0.03]
            top = bands[0][1]
            _boards(rail, inner, axis, far, gaps, (top - 0.03, top + 0.03, 0.022), palette.lacquer(palette.trim))


def _bands(palette: Palette, kind: str, height: float) -> tuple[Bands, Bands]:
    """Return the paints of a room's walls, and those of the one wall that may differ."""
    upper = palette.wall()
    if kind in ("bathroom", "kitchen"):
        split = float(palette.rng.choice([1.25, 1.5, 2.0])) if kind == "bathroom" else 1.5
        bands = [(0.0, split, palette.wall_tiles()), (split, height, upper)]
        return bands, bands
    if palette.rng.random() < 0.35:
        split = float(palette.rng.choice([0.85, 0.95, 1.1]))
        bands = [(0.0, split, palette.wainscot()), (split, height, upper)]
        return bands, bands
    accent = palette.wall() if palette.rng.random() < 0.5 else upper
    return [(0.0, height, upper)], [(0.0, height, accent)]


def _level(brush: Brush, rect: Rect, y: float, paint: Paint) -> None:
    """Draw a floor or a ceiling; the texture lies along the longer side."""
    x0, x1, z0, z1 = rect.x0, rect.x1, rect.z0, rect.z1
    corners = np.array([[x0, y, z1], [x1, y, z1], [x1, y, z0], [x0, y, z0]])
    order = [0, 2] if rect.size[0] > rect.size[1] else [2, 0]
    brush.quads([corners if y == 0 else corners[::-1]], [_scaled(brush, corners[:, order], paint)], paint)


def _scaled(brush: Brush, metres: np.ndarray, paint: Paint) -> np.ndarray:
    return np.asarray(metres / paint.metres + brush.rng.random(2))


def _wall(brush: Brush, inner: Rect, axis: int, far: bool, holes: list[Hole], bands: Bands) -> None:
    """Draw one wall of a room around its holes."""
    plane, (low, high) = inner.edge(axis, far), inner.span(axis)
    for bottom, top, paint in bands:
        offset = brush.rng.random(2)
        for a, b, y0, y1 in _around(low, high, bottom, top, holes):
            along = np.array([a, b, b, a])
            y = np.array([y0, y0, y1, y1])
            fixed = np.full(4, plane)
            corners = np.stack([fixed, y, along] if axis == 0 else [along, y, fixed], axis=-1)
            flat = np.stack([along, -y], axis=-1) / paint.metres + offset
            brush.quads(
                [corners if (axis == 1) != far else corners[::-1]], [flat if (axis == 1) != far else flat[::-1]], paint
            )


def _around(low: float, high: float, bottom: float, top: float, holes: list[Hole]) -> list[Hole]:
    """Return rectangles (from, to, bottom, top) that fill a band of wall except for its holes."""
    found, start = [], low
    for left, right, sill, lintel in sorted(holes):
        found.append((start, left, bottom, top))
        found.append((left, right, bottom, min(sill, top)))
        found.append((left, right, max(lintel, bottom), top))
        start = right
    found.append((start, high, bottom, top))
    return [(a, b, y0, y1) for a, b, y0, y1 in found if b - a > 1e-9 and y1 - y0 > 1e-9]


def _boards(
    brush: Brush,
    inner: Rect,
    axis: int,
    far: bool,
    gaps: list[tuple[float, float]],
    shape: tuple[float, float, float],
    paint: Paint,
) -> None:
    """Draw boards along a wall between `gaps`; `shape` is their bottom, top and thickness, m."""
    bottom, top, thickness = shape
    plane, (start, high) = inner.edge(axis, far), inner.span(axis)
    face = plane - thickness if far else plane + thickness
    near, away = min(plane, face), max(plane, face)
    for left, right in [*sorted(gaps), (high, high)]:
        if left - start > 0.02:
            low_corner = (near, bottom, start) if axis == 0 else (start, bottom, near)
            high_corner = (away, top, left) if axis == 0 else (left, top, away)
            brush.box(low_corner, high_corner, paint)
        start = max(start, right)


def _tunnel(
    brush: Brush, half: float, bottom: float, top: float, back: float, front: float, paints: tuple[Paint, Paint]
) -> None:
    """Draw the four inner sides of a hole through a wall; `paints`: sides and top, then bottom."""
    around = [(-half, bottom), (half, bottom), (half, top), (-half, top)]
    for index in range(4):
        (x0, y0), (x1, y1) = around[index], around[(index + 1) % 4]
        paint = paints[1] if index == 0 else paints[0]
        corners = [[x0, y0, front], [x1, y1, front], [x1, y1, back], [x0, y0, back]]
        length = abs(x1 - x0) + abs(y1 - y0)
        flat = np.array([[0, front], [length, front], [length, back], [0, back]]) / paint.metres
        brush.quads([corners], [flat], paint)


def _architrave(brush: Brush, half: float, top: float, paint: Paint) -> None:
    """Draw the boards around a doorway on the wall at z = 0."""
    depth = 0.022
    brush.box((-half - _FRAME, 0, 0), (-half, top + _FRAME, depth), paint)
    brush.box((half, 0, 0), (half + _FRAME, top + _FRAME, depth), paint)
    brush.box((-half, top, 0), (half, top + _FRAME, depth), paint)


def _doorway(brush: Brush, palette: Palette, plan: Plan, opening: Opening) -> None:
    """Draw the frame of an inner door or arch and, for most doors, the open leaf."""
    first, second = opening.rooms
    x, z = opening.centre
    half, top = (opening.high - opening.low) / 2, opening.top
    trim = palette.lacquer(palette.trim)
    brush = brush.at(x, 0.0, z, 90.0 if opening.axis == 0 else 0.0)
    frame = brush.part(f"door frame {plan.rooms[first].kind} {first} to {plan.rooms[second].kind} {second}")
    _tunnel(frame, half, 0.0, top, -WALL / 2, WALL / 2, (trim, palette.wood()))
    for turn in (0.0, 180.0):
        _architrave(frame.at(turn=turn).at(z=WALL / 2), half, top, trim)
    swing = leaf_swing(plan, opening)
    if swing is not None:
        at_high, into_second = swing
        inside = brush.at(turn=0.0 if into_second else 180.0)
        right = (at_high == into_second) != (opening.axis == 0)
        _leaf(inside.part(f"door {first}-{second}"), palette, half, top, right)


def leaf_swing(plan: Plan, opening: Opening) -> tuple[bool, bool] | None:
    """Return whether a door is hinged at the `high` end of its opening, and whether it opens into the second room.

    It opens away from hall and living room and is hinged at the end nearer to a corner, unless the open leaf would
    block another opening. None for an opening without a leaf, or without space for one.
    """
    if opening.kind != "door":
        return None
    into_second = plan.rooms[opening.rooms[0]].kind in ("hall", "living room")
    into_second &= plan.rooms[opening.rooms[1]].kind != "hall"
    others = [o.zone(1.0) for o in plan.openings if o.kind != "window" and o != opening]
    for inwards in (into_second, not into_second):
        low, high = plan.rooms[opening.rooms[int(inwards)]].inner.span(opening.axis)
        nearer = high - opening.high < opening.low - low
        for at_high in (nearer, not nearer):
            if not any(_leaf_rect(opening, at_high, inwards).meets(zone) for zone in others):
                return at_high, inwards
    return None


def leaf_floor(plan: Plan, opening: Opening) -> list[Rect]:
    """Return the floor under the open leaf of a door, empty if it has none."""
    swing = leaf_swing(plan, opening)
    return [] if swing is None else [_leaf_rect(opening, *swing)]


def _leaf_rect(opening: Opening, at_high: bool, into_second: bool) -> Rect:
    edge = opening.high if at_high else opening.low
    plane, width = opening.at, opening.high - opening.low + WALL
    near, away = (plane, plane + width) if into_second else (plane - width, plane)
    if opening.axis == 0:
        return Rect(near, edge - 0.1, away, edge + 0.1)
    return Rect(edge - 0.1, near, edge + 0.1, away)


def _leaf(brush: Brush, palette: Palette, half: float, top: float, right: bool) -> None:
    """Draw a leaf open into the room at +z, hinged at the right (+x) or left end of the doorway."""
    angle = float(palette.rng.uniform(-91, -88) if right else palette.rng.uniform(-92, -89))
    hinge = brush.at(half - 0.025 if right else -half + 0.025, 0.0, WALL / 2 + 0.01, angle)
    _door_panel(hinge, palette, 2 * half - 0.02, top - 0.015)


def _door_panel(brush: Brush, palette: Palette, width: float, height: float) -> None:
    """Draw a door 4 cm thick along x from 0 to `width`, panelled on both faces, with handles."""
    colour = palette.trim
    brush.box((0, 0.008, -0.02), (width, height, 0.02), palette.lacquer(colour, "door"))
    picture = palette.whole("door", "door", colour)
    brush.panel((0.01, 0.02, 0.0215), (width - 0.01, height - 0.01), picture)
    brush.at(x=width, turn=180.0).panel((0.01, 0.02, 0.0215), (width - 0.01, height - 0.01), picture)
    for side in (-1.0, 1.0):
        brush.tube((width - 0.07, 1.03, 0.02 * side), (width - 0.07, 1.03, 0.06 * side), 0.012, palette.metal())
        brush.tube((width - 0.07, 1.03, 0.055 * side), (width - 0.2, 1.03, 0.055 * side), 0.011, palette.metal())


def _entrance(brush: Brush, palette: Palette, plan: Plan, opening: Opening) -> None:
    """Draw the closed front door on its wall."""
    far = opening.rooms[1] < 0
    room = plan.rooms[opening.rooms[0 if far else 1]]
    along = (opening.low + opening.high) / 2
    here = stand(brush, room, opening.axis, far, along).part("front door")
    half = (opening.high - opening.low) / 2
    _architrave(here, half, opening.top, palette.lacquer(palette.trim))
    _door_panel(here.at(x=-half, z=0.0), palette, 2 * half, opening.top)
    mat = stand(brush, room, opening.axis, far, along).part("doormat")
    mat.box((-0.35, 0, 0.12), (0.35, 0.012, 0.55), palette.wicker())


def _window(brush: Brush, palette: Palette, plan: Plan, opening: Opening) -> None:
    """Draw a recess with sill, frame and glass showing a painted view; curtains if there is space."""
    far = opening.rooms[1] < 0
    number = opening.rooms[0 if far else 1]
    room = plan.rooms[number]
    here = stand(brush, room, opening.axis, far, (opening.low + opening.high) / 2)
    half, bottom, top = (opening.high - opening.low) / 2, opening.bottom, opening.top
    frame, trim = here.part(f"window frame of {room.kind} {number}"), palette.lacquer(palette.trim)
    _tunnel(frame, half, bottom, top, -_REVEAL, 0.0, (trim, trim))
    glass = here.part(f"window of {room.kind} {number}")
    start, share = float(palette.rng.random()), min(1.0, half)
    view = palette.whole("outdoors", "glass")
    glass.panel(
        (-half, bottom, -_REVEAL), (half, top), view, (start, (2.4 - top) / 2.4, start + share, 1 - bottom / 2.6)
    )
    bars = [-half + 0.03, half - 0.03, *([0.0] if half > 0.5 else [])]
    for x in bars:
        frame.box((x - 0.03, bottom, -_REVEAL), (x + 0.03, top, -0.12), trim)
    for y in (bottom + 0.03, top - 0.03, bottom + 0.7 * (top - bottom)):
        frame.box((-half, y - 0.03, -_REVEAL), (half, y + 0.03, -0.12), trim)
    if bottom > 0.3:
        frame.box((-half - 0.05, bottom - 0.03, 0.0), (half + 0.05, bottom, 0.1), trim)


def curtains(brush: Brush, palette: Palette, half: float, bottom: float) -> None:
    """Draw a rod and two gathered curtains around a window 2 `half` m wide, at a wall, down to `bottom`."""
    rod = brush.part("curtain rod")
    rod.tube((-half - 0.4, 2.36, 0.09), (half + 0.4, 2.36, 0.09), 0.014, palette.metal((0.5, 0.45, 0.4)))
    cloth = palette.cloth("curtain", 0.5)
    for start in (-half - 0.33, half - 0.1):
        waves = np.linspace(0, 1, 19)
        x, z = start + 0.43 * waves, 0.09 + 0.035 * np.sin(waves * 2 * np.pi * 4.5)
        corners = [
            [[a, bottom, c], [b, bottom, d], [b, 2.35, d], [a, 2.35, c]]
            for (a, c), (b, d) in pairwise(zip(x, z, strict=True))
        ]
        run = waves * 0.85
        flat = [[[a, -bottom], [b, -bottom], [b, -2.35], [a, -2.35]] for a, b in pairwise(run)]
        brush.part("curtain").quads(corners, np.array(flat) / cloth.metres + brush.rng.random(2), cloth)


def _shell(brush: Brush, palette: Palette, plan: Plan) -> None:
    """Draw an outer shell, which stops rays that slip through the seams between walls."""
    paint = palette.lacquer((0.8, 0.78, 0.74), "concrete")
    low, high = -0.15, plan.height + 0.15
    for number, room in enumerate(plan.rooms):
        wide = room.rect.grown(_OUTER)
        _level(brush, wide, low, paint)
        _level(brush, wide, high, paint)
        for axis, far in _FACING:
            plane = room.rect.edge(axis, far) + (_OUTER if far else -_OUTER)
            for start, stop in plan.outside(number, axis, far):
                a, b = (_end(plan, room.rect, axis, far, end, sign) for end, sign in ((start, -1), (stop, 1)))
                _strip(brush, axis, plane, (a, b), (low, high), paint)


def _end(plan: Plan, rect: Rect, axis: int, far: bool, end: float, sign: int) -> float:
    """Return where the shell along a stretch of outer wall ends: past an outward corner, at an inward one."""
    out = rect.edge(axis, far) + (0.01 if far else -0.01)
    beyond = end + 0.01 * sign
    x, z = (out, beyond) if axis == 0 else (beyond, out)
    inward = any(r.rect.x0 < x < r.rect.x1 and r.rect.z0 < z < r.rect.z1 for r in plan.rooms)
    return end if inward else end + _OUTER * sign


def _strip(
    brush: Brush, axis: int, plane: float, ends: tuple[float, float], levels: tuple[float, float], paint: Paint
) -> None:
    along = np.array([ends[0], ends[1], ends[1], ends[0]])
    y = np.array([levels[0], levels[0], levels[1], levels[1]])
    fixed = np.full(4, plane)
    corners = np.stack([fixed, y, along] if axis == 0 else [along, y, fixed], axis=-1)
    brush.quads([corners], [np.stack([along, -y], axis=-1) / paint.metres], paint)
