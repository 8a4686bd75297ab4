"""Furniture: seats, tables, beds and what stands around them.

Each function returns a `Piece`, with its back at z = 0, centred on x = 0, its base at y = 0, facing +z.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from . import items
from .brush import Brush, Paint
from .palette import Palette
from .plan import Rect


@dataclass(frozen=True)
class Piece:
    """A piece of furniture: its `kind`, outer `width` (x), `depth` (z) and `height`, m, and how to draw it.

    `blocks` are the local rectangles (x, z) of floor that it occupies; if empty, the whole footprint.
    """

    kind: str
    width: float
    depth: float
    height: float
    draw: Callable[[Brush], None]
    blocks: tuple[Rect, ...] = ()

    @property
    def taken(self) -> tuple[Rect, ...]:
        """The floor that it occupies."""
        return self.blocks or (Rect(-self.width / 2, 0.0, self.width / 2, self.depth),)


def legs(brush: Brush, half: float, near: float, far: float, height: float, thick: float, paint: Paint) -> None:
    """Draw four square legs at the corners of x = -`half` to `half`, z = `near` to `far`."""
    x, z = np.array([-half, -half, half - thick, half - thick]), np.array([near, far - thick] * 2)
    low = np.stack([x, np.zeros(4), z], axis=1)
    brush.boxes(low, low + np.array([thick, height, thick]), paint)


def _cover(palette: Palette) -> Paint:
    return palette.hide() if palette.rng.random() < 0.2 else palette.cloth(patterned=0.25)


def sofa(palette: Palette) -> Piece:
    """Return a sofa with two or three seats, cushions and perhaps a blanket."""
    rng = palette.rng
    seats, cover = int(rng.integers(2, 4)), _cover(palette)
    width, depth, arm = 0.72 * seats + 0.4, float(rng.uniform(0.85, 0.98)), 0.18
    back = float(rng.uniform(0.72, 0.9))

    def draw(brush: Brush) -> None:
        """Draw the piece."""
        body, half = brush.part("sofa"), width / 2
        legs(body, half - 0.05, 0.05, depth - 0.05, 0.1, 0.05, palette.wood())
        body.soft((-half, 0.08, 0), (half, 0.3, depth), cover, 0.15)
        body.soft((-half, 0.1, 0), (half, back, 0.24), cover, 0.25)
        for x in (-half, half - arm):
            body.soft((x, 0.1, 0), (x + arm, 0.6, depth), cover, 0.25)
        step = (width - 2 * arm) / seats
        for seat in range(seats):
            x = -half + arm + seat * step
            body.soft((x, 0.26, 0.18), (x + step, 0.45, depth + 0.01), cover, 0.3)
            body.soft((x + 0.02, 0.4, 0.14), (x + step - 0.02, back + 0.05, 0.34), cover, 0.4)
        for x in np.linspace(-half + 0.42, half - 0.42, int(rng.integers(2, 5))):
            cushion(brush.at(float(x), 0.42, 0.34, float(rng.uniform(-20, 20))), palette)
        if rng.random() < 0.5:
            x = float(rng.uniform(-half + 0.3, half - 0.8))
            brush.part("blanket").soft(
                (x, 0.44, 0.3), (x + 0.5, 0.475, depth + 0.03), palette.cloth("fabric", 0.9), 0.2
            )

    return Piece("sofa", width, depth, back, draw)


def cushion(brush: Brush, palette: Palette) -> None:
    """Draw a cushion that leans back."""
    size = float(brush.rng.uniform(0.36, 0.46))
    brush.part("cushion").soft((-size / 2, 0, -0.06), (size / 2, size, 0.08), palette.cloth(patterned=0.75), 0.75)


def armchair(palette: Palette) -> Piece:
    """Return an upholstered chair with arms."""
    cover, width, depth = _cover(palette), float(palette.rng.uniform(0.78, 0.9)), 0.85

    def draw(brush: Brush) -> None:
        """Draw the piece."""
        body, half = brush.part("armchair"), width / 2
        legs(body, half - 0.06, 0.08, depth - 0.06, 0.14, 0.045, palette.wood())
        body.soft((-half + 0.05, 0.12, 0.04), (half - 0.05, 0.44, depth), cover, 0.3)
        body.soft((-half + 0.05, 0.2, 0), (half - 0.05, 0.95, 0.22), cover, 0.4)
        for x in (-half, half - 0.16):
            body.soft((x, 0.14, 0.03), (x + 0.16, 0.62, depth - 0.05), cover, 0.4)
        if palette.rng.random() < 0.6:
            cushion(brush.at(0.0, 0.42, 0.26), palette)

    return Piece("armchair", width, depth, 0.95, draw)


def coffee_table(palette: Palette) -> Piece:
    """Return a low table with things on and under it."""
    rng = palette.rng
    width, depth, height = float(rng.uniform(0.9, 1.25)), float(rng.uniform(0.5, 0.65)), float(rng.uniform(0.38, 0.45))
    paint, round_top = palette.any_wood(), rng.random() < 0.3

    def draw(brush: Brush) -> None:
        """Draw the piece."""
        body = brush.part("coffee table")
        if round_top:
            around = body.at(z=depth / 2)
            around.turned([(0, 0), (0.2, 0), (0.05, 0.04), (0.05, height - 0.04)], paint)
            rim = depth / 2 + 0.1
            around.turned([(0.1, height - 0.04), (rim, height - 0.04), (rim, height), (0, height)], paint, 20)
        else:
            legs(body, width / 2, 0.0, depth, height - 0.03, 0.05, paint)
            body.box((-width / 2, height - 0.035, 0), (width / 2, height, depth), paint)
            body.box((-width / 2 + 0.05, 0.13, 0.05), (width / 2 - 0.05, 0.15, depth - 0.05), paint)
            items.scatter(
                brush.at(y=0.15), palette, (-width / 2 + 0.1, 0.1), (width / 2 - 0.1, depth - 0.1), _FLAT, 0.5
            )
        reach = 0.25 if round_top else width / 2 - 0.05
        items.scatter(brush.at(y=height), palette, (-reach, 0.05), (reach, depth - 0.05), items.ON_TABLES, 0.75)

    return Piece("coffee table", width, depth, height, draw)


_FLAT = (items.stack,)


def chair(palette: Palette, paint: Paint, seat: Paint) -> Piece:
    """Return a chair in the given paints, shared by a whole set."""

    def draw(brush: Brush) -> None:
        """Draw the piece."""
        body = brush.part("chair")
        legs(body, 0.21, 0.02, 0.45, 0.44, 0.04, paint)
        body.soft((-0.22, 0.42, 0.02), (0.22, 0.49, 0.47), seat, 0.2)
        low = np.array(
            [[-0.21, 0.44, 0.02], [0.17, 0.44, 0.02], [-0.17, 0.86, 0.025], [-0.17, 0.72, 0.025], [-0.17, 0.58, 0.025]]
        )
        high = np.array(
            [[-0.17, 0.95, 0.06], [0.21, 0.95, 0.06], [0.17, 0.94, 0.05], [0.17, 0.77, 0.05], [0.17, 0.63, 0.05]]
        )
        body.boxes(low, high, paint)

    return Piece("chair", 0.46, 0.48, 0.95, draw)


def dining_set(palette: Palette, seats: int) -> Piece:
    """Return a table with things on it and `seats` chairs (four or six) on two sides."""
    rng = palette.rng
    width, depth, room = 0.62 * (seats // 2) + 0.2, float(rng.uniform(0.78, 0.92)), 0.5
    paint, wood = palette.any_wood(), palette.any_wood()
    seat = palette.cloth(patterned=0.5)

    def draw(brush: Brush) -> None:
        """Draw the piece."""
        table = brush.part("dining table").at(z=room)
        legs(table, width / 2 - 0.03, 0.04, depth - 0.04, 0.71, 0.07, paint)
        table.box((-width / 2, 0.71, 0), (width / 2, 0.75, depth), paint)
        if rng.random() < 0.5:
            runner = brush.part("table runner")
            runner.box(
                (-width / 2 + 0.05, 0.75, room + 0.25),
                (width / 2 - 0.05, 0.754, room + depth - 0.25),
                palette.cloth("fabric", 1),
            )
        items.scatter(
            brush.at(y=0.755, z=room),
            palette,
            (-width / 2 + 0.05, 0.05),
            (width / 2 - 0.05, depth - 0.05),
            items.ON_TABLES,
            0.45,
        )
        for index in range(seats):
            x = (index // 2 - (seats // 2 - 1) / 2) * 0.62
            turn = float(rng.uniform(-6, 6))
            tuck = float(rng.uniform(0.0, 0.12))
            place = brush.at(x, 0, tuck, turn) if index % 2 else brush.at(x, 0, depth + 2 * room - tuck, 180 + turn)
            chair(palette, wood, seat).draw(place)

    return Piece("dining table", width, depth + 2 * room, 0.95, draw)


def bed(palette: Palette, double: bool) -> Piece:
    """Return a bed between bedside tables (one beside a single bed), with pillows and covers."""
    rng = palette.rng
    width, length = (float(rng.uniform(1.45, 1.8)), 2.08) if double else (float(rng.uniform(0.92, 1.05)), 2.05)
    paint, cover, linen = palette.any_wood(), palette.quilt(), palette.cloth("bed", 0.4)
    head, sides = float(rng.uniform(0.9, 1.2)), ((-1, 1) if double else (1,))
    table = 0.45

    def draw(brush: Brush) -> None:
        """Draw the piece."""
        body, half = brush.part("bed"), width / 2
        legs(body, half, 0.0, length, 0.3, 0.07, paint)
        body.box((-half - 0.03, 0.1, 0), (half + 0.03, head, 0.06), paint)
        body.box((-half, 0.18, 0.06), (half, 0.32, length), paint)
        body.soft((-half + 0.01, 0.3, 0.06), (half - 0.01, 0.54, length - 0.01), linen, 0.12)
        brush.part("bedspread").soft((-half - 0.03, 0.24, 0.62), (half + 0.03, 0.585, length + 0.02), cover, 0.12)
        for x in (-width / 4, width / 4) if double else (0.0,):
            pillow = palette.cloth("bed", 0.4)
            brush.part("pillow").soft((x - 0.33, 0.52, 0.1), (x + 0.33, 0.7, 0.52), pillow, 0.6)
        if rng.random() < 0.7:
            cushion(brush.at(float(rng.uniform(-0.2, 0.2)), 0.56, 0.6), palette)
        for side in sides:
            bedside(brush.at(x=side * (half + 0.05 + table / 2)), palette, table, paint)

    blocks = [Rect(-width / 2 - 0.03, 0, width / 2 + 0.03, length)]
    for side in sides:
        middle = side * (width / 2 + 0.05 + table / 2)
        blocks.append(Rect(middle - table / 2, 0, middle + table / 2, 0.42))
    return Piece("bed", width + 2 * (table + 0.06), length, head, draw, tuple(blocks))


def bedside(brush: Brush, palette: Palette, width: float, paint: Paint) -> None:
    """Draw a bedside table with a lamp and a book or two."""
    body = brush.part("bedside table")
    drawers(body, width, 0.4, 0.08, 0.52, 2, paint, palette)
    top = brush.at(y=0.52)
    items.table_lamp(top.at(-0.08, 0, 0.14), palette)
    items.scatter(top, palette, (0.0, 0.1), (width / 2 + 0.05, 0.4), (items.cup, items.photograph, items.vase), 0.9)


def drawers(
    body: Brush, width: float, depth: float, low: float, high: float, rows: int, paint: Paint, palette: Palette
) -> None:
    """Draw a cabinet with `rows` of drawers, on legs if `low` is not 0."""
    if low > 0:
        legs(body, width / 2, 0.0, depth, low, 0.05, paint)
    body.box((-width / 2, low, 0), (width / 2, high, depth - 0.02), paint)
    step = (high - low) / rows
    y = low + step * np.arange(rows)
    front = np.stack([np.full(rows, -width / 2 + 0.01), y + 0.01, np.full(rows, depth - 0.02)], axis=1)
    body.boxes(front, front + np.array([width - 0.02, step - 0.02, 0.02]), paint)
    knob = np.stack([np.full(rows, -0.05), y + step / 2 - 0.01, np.full(rows, depth)], axis=1)
    body.boxes(knob, knob + np.array([0.1, 0.02, 0.025]), palette.metal((0.5, 0.48, 0.45)))


def desk(palette: Palette) -> Piece:
    """Return a desk with a chair, a computer, a lamp and papers."""
    rng = palette.rng
    width, depth, paint = float(rng.uniform(1.1, 1.5)), float(rng.uniform(0.58, 0.7)), palette.any_wood()
    wood, seat = palette.any_wood(), palette.cloth(patterned=0.4)

    def draw(brush: Brush) -> None:
        """Draw the piece."""
        body = brush.part("desk")
        legs(body, width / 2, 0.02, depth, 0.71, 0.05, paint)
        body.box((-width / 2, 0.71, 0.02), (width / 2, 0.745, depth), paint)
        side = float(rng.choice([-1, 1])) * (width / 2 - 0.27)
        drawers(body.at(side, 0, 0.04), 0.4, depth - 0.1, 0.25, 0.71, 3, paint, palette)
        top = brush.at(y=0.745)
        if rng.random() < 0.5:
            items.laptop(top.at(-side / 4, 0, depth / 2), palette)
        else:
            monitor(top.at(-side / 4, 0, 0.15), palette)
        items.table_lamp(top.at(width / 2 - 0.15, 0, 0.18), palette)
        items.stack(top.at(-width / 2 + 0.2, 0, depth / 2), palette)
        items.scatter(top, palette, (0.2, depth - 0.3), (width / 2, depth), (items.cup, items.photograph), 0.5)
        chair(palette, wood, seat).draw(brush.at(-side / 3, 0, depth + 0.42, 180 + float(rng.uniform(-15, 15))))

    return Piece("desk", width, depth + 0.46, 1.2, draw)


def monitor(brush: Brush, palette: Palette) -> None:
    """Draw a screen with a keyboard in front of it."""
    body = brush.part("monitor")
    body.box((-0.12, 0, -0.08), (0.12, 0.015, 0.08), palette.lacquer((0.15, 0.15, 0.16), "plastic"))
    body.box((-0.02, 0.015, -0.02), (0.02, 0.12, 0.0), palette.lacquer((0.15, 0.15, 0.16), "plastic"))
    body.box((-0.29, 0.1, 0.0), (0.29, 0.46, 0.03), palette.lacquer((0.15, 0.15, 0.16), "plastic"))
    body.panel((-0.28, 0.11, 0.0315), (0.28, 0.45), palette.whole("screen", "glass"))
    keys = brush.part("keyboard")
    keys.box((-0.21, 0, 0.18), (0.21, 0.02, 0.32), palette.lacquer((0.2, 0.2, 0.22), "plastic"))


def television(palette: Palette) -> Piece:
    """Return a sideboard with a television on it."""
    rng = palette.rng
    width, paint, size = float(rng.uniform(1.3, 1.8)), palette.any_wood(), float(rng.uniform(0.9, 1.2))

    def draw(brush: Brush) -> None:
        """Draw the piece."""
        body, half = brush.part("tv stand"), width / 2
        drawers(body.at(-half / 2), half, 0.4, 0.08, 0.48, 2, paint, palette)
        drawers(body.at(half / 2), half, 0.4, 0.08, 0.48, 2, paint, palette)
        screen, high = brush.part("television"), 0.58 * size
        dark = palette.lacquer((0.12, 0.12, 0.13), "plastic")
        screen.box((-0.2, 0.48, 0.08), (0.2, 0.495, 0.3), dark)
        screen.box((-0.04, 0.495, 0.15), (0.04, 0.56, 0.18), dark)
        screen.box((-size / 2, 0.54, 0.14), (size / 2, 0.54 + high, 0.18), dark)
        screen.panel(
            (-size / 2 + 0.015, 0.555, 0.1815), (size / 2 - 0.015, 0.525 + high), palette.whole("screen", "glass")
        )
        free = (half - 0.2, 0.22)
        items.scatter(brush.at(y=0.48), palette, (0.25, free[1]), (half, 0.4), items.ON_TABLES, 0.6)
        items.scatter(brush.at(y=0.48), palette, (-half, free[1]), (-0.25, 0.4), items.ON_TABLES, 0.6)

    return Piece("tv stand", width, 0.42, 1.2, draw)


def floor_plant(palette: Palette) -> Piece:
    """Return a tall plant in a pot."""
    rng = palette.rng
    size, pot = float(rng.uniform(0.3, 0.42)), palette.wicker() if rng.random() < 0.3 else palette.bright()
    tall = float(rng.uniform(0.5, 1.0))

    def draw(brush: Brush) -> None:
        """Draw the piece."""
        body = brush.part("plant").at(z=size / 2)
        body.turned([(0, 0), (0.32 * size, 0), (0.45 * size, 0.32), (0.4 * size, 0.32), (0, 0.3)], pot, 12)
        body.tube((0, 0.3, 0), (0, tall, 0), 0.015, palette.wood((0.45, 0.35, 0.25)))
        for y in np.linspace(0.34, tall, 4):
            items.foliage(body.at(y=float(y)), palette, 22, float(rng.uniform(0.8, 1.1)) * size, palette.leaves())

    return Piece("plant", size, size, 0.9, draw)


def floor_lamp(palette: Palette) -> Piece:
    """Return a lamp on a tall stem."""

    def draw(brush: Brush) -> None:
        """Draw the piece."""
        body, tall = brush.part("floor lamp").at(z=0.16), float(palette.rng.uniform(1.15, 1.4))
        body.turned([(0, 0), (0.14, 0), (0.13, 0.03), (0.015, 0.05)], palette.metal((0.4, 0.38, 0.36)))
        body.tube((0, 0.04, 0), (0, tall, 0), 0.014, palette.metal((0.4, 0.38, 0.36)))
        body.at(y=tall).turned([(0.2, 0), (0.14, 0.26), (0, 0.26)], palette.cloth("paper", 0.5), 12)

    return Piece("floor lamp", 0.34, 0.32, 1.6, draw)


def stool(palette: Palette) -> Piece:
    """Return a stool or pouffe."""
    cover, soft = palette.cloth(patterned=0.7), palette.rng.random() < 0.6
    size = float(palette.rng.uniform(0.36, 0.5))

    def draw(brush: Brush) -> None:
        """Draw the piece."""
        body, half = brush.part("pouffe" if soft else "stool"), size / 2
        if soft:
            body.soft((-half, 0, 0), (half, 0.4, size), cover, 0.6)
        else:
            legs(body, half, 0.0, size, 0.42, 0.04, palette.any_wood())
            body.soft((-half, 0.4, 0), (half, 0.48, size), cover, 0.3)

    return Piece("stool", size, size, 0.48, draw)
