"""Furnishes each room by kind, piece by piece, keeping the whole floor reachable."""

from collections.abc import Callable, Sequence

import numpy as np

from . import fixtures, furniture, items
from .brush import Brush
from .building import curtains, leaf_floor, stand
from .furniture import Piece
from .hanging import hang
from .palette import Palette
from .plan import Plan, Rect
from .room_space import SIDES, Pose, RoomSpace, floor_under
from .walkways import Walkways


def furnish(brush: Brush, palette: Palette, plan: Plan) -> None:
    """Draw the furniture of every room."""
    ways = Walkways(plan)
    spaces = [_space(number, plan, ways, brush, palette) for number in range(len(plan.rooms))]
    for opening in plan.openings:
        ways.take(rect.grown(-0.06) for rect in leaf_floor(plan, opening))
    for space in spaces:
        _dress_windows(space)
        _ROOMS[space.room.kind](space)
        hang(space)
        _floor_things(space)
        x, z = space.room.inner.centre
        items.pendant(brush.at(x, 0, z), palette, plan.height)


def _space(number: int, plan: Plan, ways: Walkways, brush: Brush, palette: Palette) -> RoomSpace:
    room = plan.rooms[number]
    here = [o for o in plan.openings if number in o.rooms]
    clear = [o.zone(0.85, 0.08) for o in here if o.kind != "window"]
    clear += [rect for o in here for rect in leaf_floor(plan, o)]
    return RoomSpace(number, room, plan, ways, brush, palette, [], clear)


def _dress_windows(space: RoomSpace) -> None:
    """Hang curtains where there is space beside a window, and put radiators below some."""
    for axis, far in SIDES:
        low, high = space.room.inner.span(axis)
        for o in space.openings(axis, far):
            if o.kind != "window":
                continue
            middle, half = (o.low + o.high) / 2, (o.high - o.low) / 2
            here = stand(space.brush, space.room, axis, far, middle)
            roomy = middle - half - 0.45 > low and middle + half + 0.45 < high
            if roomy and space.room.kind not in ("bathroom", "kitchen") and space.rng.random() < 0.85:
                curtains(here, space.palette, half, 0.03)
                for side in (-1, 1):
                    start = side * (half + 0.12)
                    local = Rect(start - 0.24, 0.0, start + 0.24, 0.16)
                    space.taken.append((floor_under(local, (*here.place[::2], here.turn)), 2.4))
            if o.bottom > 0.7 and half > 0.35 and space.rng.random() < 0.6:
                piece = fixtures.radiator(space.palette, min(2 * half - 0.25, 1.4), min(o.bottom - 0.1, 0.75))
                space.put(piece, (*here.place[::2], here.turn))


def _beyond(pose: Pose, x: float, z: float, turn: float = 0.0) -> Pose:
    """Return the world pose of a point and turn in the frame of a piece at `pose`."""
    cos, sin = np.cos(np.radians(pose[2])), np.sin(np.radians(pose[2]))
    return float(pose[0] + x * cos + z * sin), float(pose[1] + z * cos - x * sin), pose[2] + turn


def _lay_rug(space: RoomSpace, pose: Pose, width: float, depth: float) -> None:
    """Lay a rug around a pose, cut to the room and clear of thresholds."""
    around = floor_under(Rect(-width / 2, -depth / 2, width / 2, depth / 2), pose)
    inner = space.room.inner.grown(-0.12)
    x0, z0 = max(around.x0, inner.x0), max(around.z0, inner.z0)
    x1, z1 = min(around.x1, inner.x1), min(around.z1, inner.z1)
    if min(x1 - x0, z1 - z0) > 0.5:
        paint = space.palette.rug()
        rug = space.brush.part("rug").at((x0 + x1) / 2, 0.0, (z0 + z1) / 2)
        wide, deep = (x1 - x0) / 2, (z1 - z0) / 2
        rug.box((-wide, 0.0, -deep), (wide, 0.011, deep), space.palette.cloth("rug", 0.0))
        if wide > deep:
            rug.sheet((-wide, -deep), (wide, deep), 0.0125, paint)
        else:
            rug.at(turn=90.0).sheet((-deep, -wide), (deep, wide), 0.0125, paint)


def _living(space: RoomSpace) -> None:
    palette, rng = space.palette, space.rng
    seat = furniture.sofa(palette)
    pose = space.against_wall(seat, tries=80) or space.inside(seat, 90.0 * int(rng.integers(4)), 60)
    if pose is not None:
        gap = seat.depth + float(rng.uniform(0.38, 0.5))
        table = furniture.coffee_table(palette)
        space.put(table, _beyond(pose, 0.0, gap))
        _lay_rug(space, _beyond(pose, 0.0, gap + 0.35), float(rng.uniform(2.2, 3.0)), float(rng.uniform(1.6, 2.1)))
        for side in (-1, 1):
            place = _beyond(pose, side * (table.width / 2 + 1.25), gap + 0.25, -90.0 * side)
            if rng.random() < 0.75:
                space.put(furniture.armchair(palette), place)
        opposite = [(int(pose[2] % 180 == 0), pose[2] in (0.0, 90.0))]
        space.against_wall(furniture.television(palette), opposite, 40) or space.against_wall(
            furniture.television(palette)
        )
        for side in (-1, 1):
            piece = (furniture.floor_lamp, furniture.floor_plant, furniture.stool)[int(rng.integers(3))](palette)
            space.put(piece, _beyond(pose, side * (seat.width / 2 + piece.width / 2 + 0.05), 0.05))
    _several(space, [fixtures.bookshelf] * 2 + [fixtures.sideboard, furniture.floor_plant, furniture.floor_plant])
    if space.room.inner.area > 26 and not any(room.kind == "dining room" for room in space.plan.rooms):
        _dining(space)
    _several(
        space,
        [_low_shelf, furniture.armchair, fixtures.chest, furniture.floor_lamp, furniture.stool, furniture.floor_plant],
    )


def _low_shelf(palette: Palette) -> Piece:
    return fixtures.bookshelf(palette, low=True)


def _several(space: RoomSpace, wishes: Sequence[Callable[[Palette], Piece]]) -> None:
    for wish in wishes:
        space.against_wall(wish(space.palette))


def _dining(space: RoomSpace) -> None:
    seats = [6, 4, 4, 2, 2] if space.room.inner.area > 12 else [4, 2, 2]
    turn = float(space.rng.choice([0.0, 90.0]))
    for index, count in enumerate(seats):
        piece = furniture.dining_set(space.palette, count)
        if space.inside(piece, turn + 90.0 * (index % 2), 60) is not None:
            return


def _dining_room(space: RoomSpace) -> None:
    _dining(space)
    _several(
        space,
        [
            fixtures.sideboard,
            fixtures.bookshelf,
            furniture.floor_plant,
            _low_shelf,
            fixtures.chest,
            furniture.floor_lamp,
        ],
    )


def _bedroom(space: RoomSpace) -> None:
    palette, rng = space.palette, space.rng
    pose = space.against_wall(furniture.bed(palette, True), tries=60) or space.against_wall(
        furniture.bed(palette, False)
    )
    if pose is not None and rng.random() < 0.8:
        _lay_rug(space, _beyond(pose, 0.0, 1.75), float(rng.uniform(2.3, 2.8)), float(rng.uniform(1.2, 1.7)))
    _several(
        space,
        [fixtures.wardrobe, fixtures.chest, furniture.armchair, _low_shelf, furniture.floor_plant, furniture.stool],
    )


def _childrens(space: RoomSpace) -> None:
    space.against_wall(furniture.bed(space.palette, False), tries=40)
    _several(space, [furniture.desk, fixtures.wardrobe, _low_shelf, fixtures.bookshelf, furniture.stool])
    _lay_rug(space, (*space.room.inner.centre, 0.0), 1.7, 1.4)
    _loose(space, items.TOYS, 5)


def _study(space: RoomSpace) -> None:
    space.against_wall(furniture.desk(space.palette), tries=40)
    _several(
        space, [fixtures.bookshelf] * 3 + [furniture.armchair, _low_shelf, furniture.floor_plant, furniture.floor_lamp]
    )
    _lay_rug(space, (*space.room.inner.centre, 0.0), 1.8, 1.3)


def _kitchen(space: RoomSpace) -> None:
    kitchen, rng = fixtures.Kitchen(space.palette), space.rng
    inner = space.room.inner
    done = False
    for share in (0.95, 0.8, 0.7, 0.6, 0.5):
        sides = [SIDES[k] for k in rng.permutation(4)]
        for axis, far in sides:
            low, high = inner.span(axis)
            width = round(min(share * (high - low), 4.2), 2)
            if not done and width > 1.3:
                upper = not any(o.kind == "window" for o in space.openings(axis, far))
                done = space.against_wall(kitchen.run(width, upper), [(axis, far)], 8) is not None
    space.against_wall(kitchen.fridge(), tries=40)
    if not any(room.kind == "dining room" for room in space.plan.rooms):
        _dining(space)
    space.against_wall(kitchen.run(1.2, False))
    _several(space, [fixtures.sideboard, furniture.stool, furniture.floor_plant])


def _bathroom(space: RoomSpace) -> None:
    _several(space, [fixtures.toilet, fixtures.bath, fixtures.washbasin, fixtures.washing_machine, fixtures.sideboard])
    _several(space, [furniture.stool])
    _lay_rug(space, (*space.room.inner.centre, 0.0), 1.0, 0.7)
    _loose(space, (items.basket,), 2)


def _hall(space: RoomSpace) -> None:
    inner = space.room.inner
    wide = inner.size[0] > inner.size[1]
    _lay_rug(space, (*inner.centre, 0.0 if wide else 90.0), 0.55 * max(inner.size), 0.55 * min(inner.size))
    _several(space, [fixtures.shoe_rack, _low_shelf, fixtures.chest, furniture.stool, furniture.floor_plant])


_ROOMS: dict[str, Callable[[RoomSpace], None]] = {
    "living room": _living,
    "dining room": _dining_room,
    "bedroom": _bedroom,
    "children's room": _childrens,
    "study": _study,
    "kitchen": _kitchen,
    "bathroom": _bathroom,
    "hall": _hall,
}


def _floor_things(space: RoomSpace) -> None:
    """Put baskets, piles of books and the like along the walls."""
    count = int(space.room.inner.area / 5)
    for _ in range(count):
        item = items.ON_FLOORS[int(space.rng.integers(len(items.ON_FLOORS)))]
        if space.room.kind in ("bathroom", "kitchen"):
            item = items.basket
        space.against_wall(_small(item, space.palette))


def _loose(space: RoomSpace, things: Sequence[items.Item], count: int) -> None:
    for _ in range(count):
        space.inside(_small(things[int(space.rng.integers(len(things)))], space.palette), 0.0)


def _small(item: items.Item, palette: Palette) -> Piece:
    def draw(brush: Brush) -> None:
        """Draw the item a little in front of the wall."""
        item(brush.at(z=0.21), palette)

    return Piece("small things", 0.42, 0.42, 0.4, draw)
