"""Small things on tables, shelves, floors and walls. Each is its own instance.

Items rest at the origin of the brush's frame. Wall items are centred there, with the wall at z = 0.
"""

from collections.abc import Callable, Sequence

import numpy as np

from .brush import Brush, Paint
from .palette import CLOTH_TINTS, Palette, pick
from .pictures import SPINES, random_colour

Item = Callable[[Brush, Palette], None]


def vase(brush: Brush, palette: Palette) -> None:
    """Draw a vase, often with flowers."""
    rng, scale = brush.rng, float(brush.rng.uniform(0.8, 1.5))
    radii = rng.uniform(0.03, 0.08, 5) * scale
    heights = np.linspace(0, 0.22 * scale, 5)
    brush = brush.part("vase")
    brush.turned([(0, 0), *zip(radii.tolist(), heights.tolist(), strict=True)], palette.bright())
    if rng.random() < 0.6:
        foliage(brush.at(y=float(heights[-1])), palette, 12, 0.16 * scale, palette.bright("plant"))


def bowl(brush: Brush, palette: Palette) -> None:
    """Draw a bowl with fruit in it."""
    brush, radius = brush.part("bowl"), float(brush.rng.uniform(0.1, 0.17))
    brush.turned([(0.04, 0), (0.7 * radius, 0.02), (radius, 0.08), (0.9 * radius, 0.075), (0, 0.03)], palette.bright())
    for angle in brush.rng.uniform(0, 6.3, 5):
        x, z = 0.5 * radius * np.sin(angle), 0.5 * radius * np.cos(angle)
        brush.soft((x - 0.04, 0.04, z - 0.04), (x + 0.04, 0.115, z + 0.04), palette.bright("plant"), 1.0)


def cup(brush: Brush, palette: Palette) -> None:
    """Draw a mug with a handle."""
    brush, paint = brush.part("cup"), palette.bright()
    brush.turned([(0, 0), (0.035, 0), (0.045, 0.1), (0.038, 0.1), (0.03, 0.02), (0, 0.02)], paint)
    brush.box((0.042, 0.025, -0.007), (0.07, 0.08, 0.007), paint)


def bottle(brush: Brush, palette: Palette) -> None:
    """Draw a bottle."""
    paint = palette.bright("glass")
    brush.part("bottle").turned([(0, 0), (0.04, 0), (0.04, 0.17), (0.015, 0.23), (0.015, 0.29), (0, 0.29)], paint)


def package(brush: Brush, palette: Palette) -> None:
    """Draw a printed box."""
    rng = brush.rng
    half, height, depth = rng.uniform(0.05, 0.12), rng.uniform(0.12, 0.28), rng.uniform(0.03, 0.08)
    brush = brush.part("box").at(turn=float(rng.uniform(-30, 30)))
    brush.box((-half, 0, -depth), (half, height, depth), palette.bright("paper"))
    for turn in (0.0, 180.0):
        paint, window = palette.picture("packages")
        brush.at(turn=turn).panel((-half, 0.0, depth + 0.001), (half, height), paint, window)


def stack(brush: Brush, palette: Palette) -> None:
    """Draw a stack of books or magazines, with a printed one on top."""
    rng, y = brush.rng, 0.0
    brush = brush.part("stack of books")
    for _ in range(int(rng.integers(2, 6))):
        half, depth, thick = rng.uniform(0.09, 0.14), rng.uniform(0.1, 0.16), rng.uniform(0.012, 0.04)
        book = brush.at(y=y, turn=float(rng.uniform(-25, 25)))
        book.box((-half, 0, -depth), (half, thick, depth), palette.bright("paper"))
        y += float(thick)
    paint, window = palette.picture("packages")
    book.sheet((-half, -depth), (half, depth), thick + 0.0015, paint, window)


def photograph(brush: Brush, palette: Palette) -> None:
    """Draw a standing framed photograph."""
    half, height = float(brush.rng.uniform(0.07, 0.12)), float(brush.rng.uniform(0.16, 0.26))
    brush = brush.part("photograph").at(turn=float(brush.rng.uniform(-30, 30)))
    brush.box((-half, 0, -0.012), (half, height, 0.012), palette.any_wood())
    paint, window = palette.picture()
    brush.panel((-half + 0.015, 0.015, 0.0135), (half - 0.015, height - 0.015), paint, window)


def table_lamp(brush: Brush, palette: Palette) -> None:
    """Draw a lamp with foot, stem and shade."""
    rng, scale = brush.rng, float(brush.rng.uniform(0.8, 1.2))
    brush = brush.part("table lamp")
    brush.turned([(0, 0), (0.08, 0), (0.07, 0.03), (0.05 * scale, 0.12), (0.015, 0.26 * scale)], palette.bright())
    shade = palette.cloth("paper", 0.3)
    brush.at(y=0.26 * scale).turned(
        [(0.15, 0), (float(rng.uniform(0.08, 0.15)), 0.18 * scale), (0, 0.18 * scale)], shade
    )


def candle(brush: Brush, palette: Palette) -> None:
    """Draw a candle on a plate."""
    brush = brush.part("candle")
    brush.turned([(0, 0), (0.07, 0.0), (0.08, 0.015), (0.035, 0.015), (0.035, 0.14), (0, 0.14)], palette.bright())


def pot_plant(brush: Brush, palette: Palette) -> None:
    """Draw a small plant in a pot."""
    brush = brush.part("pot plant")
    brush.turned([(0, 0), (0.06, 0), (0.08, 0.12), (0.07, 0.12), (0, 0.11)], palette.bright())
    foliage(brush.at(y=0.11), palette, 26, float(brush.rng.uniform(0.14, 0.25)), palette.leaves())


def basket(brush: Brush, palette: Palette) -> None:
    """Draw a basket with a cloth in it."""
    rng = brush.rng
    radius, height = float(rng.uniform(0.15, 0.2)), float(rng.uniform(0.22, 0.38))
    brush = brush.part("basket")
    brush.turned([(0, 0), (0.8 * radius, 0), (radius, height), (0.9 * radius, height)], palette.wicker(), 14)
    cloth = palette.cloth("fabric", 0.7)
    brush.soft((-0.8 * radius, 0.6 * height, -0.8 * radius), (0.8 * radius, height + 0.05, 0.8 * radius), cloth, 0.8)


def crate(brush: Brush, palette: Palette) -> None:
    """Draw an open crate with balls and boxes in it."""
    brush, paint = brush.part("crate"), palette.lacquer(pick(brush.rng, CLOTH_TINTS))
    for low, high in (((-0.2, 0, -0.15), (0.2, 0.02, 0.15)), ((-0.2, 0.02, -0.15), (-0.18, 0.25, 0.15)),
                      ((0.18, 0.02, -0.15), (0.2, 0.25, 0.15)), ((-0.18, 0.02, -0.15), (0.18, 0.25, -0.13)),
                      ((-0.18, 0.02, 0.13), (0.18, 0.25, 0.15))):  # fmt: skip
        brush.box(low, high, paint)
    for x in (-0.1, 0.0, 0.1):
        size = float(brush.rng.uniform(0.05, 0.08))
        z = float(brush.rng.uniform(-0.05, 0.05))
        brush.soft((x - size, 0.12, z - size), (x + size, 0.12 + 2 * size, z + size), palette.bright("plastic"), 1.0)


def shoes(brush: Brush, palette: Palette) -> None:
    """Draw a pair of shoes."""
    brush, paint = brush.part("shoes"), palette.hide()
    for x in (-0.07, 0.06):
        brush.soft((x - 0.045, 0, -0.14), (x + 0.045, 0.07, 0.14), paint, 0.6)
        brush.soft((x - 0.04, 0.03, -0.14), (x + 0.04, 0.13, -0.02), paint, 0.6)


def ball(brush: Brush, palette: Palette) -> None:
    """Draw a ball."""
    radius = float(brush.rng.uniform(0.08, 0.12))
    brush.part("ball").soft((-radius, 0, -radius), (radius, 2 * radius, radius), palette.cloth("plastic", 1.0), 1.0)


def blocks(brush: Brush, palette: Palette) -> None:
    """Draw toy bricks, some of them stacked."""
    brush, rng = brush.part("toy bricks"), brush.rng
    places = rng.uniform(-0.16, 0.16, (12, 2))
    places[:4] = places[0]
    y = np.array([0, 0.06, 0.12, 0.18, *[0.0] * 8])
    low = np.stack([places[:, 0] - 0.03, y, places[:, 1] - 0.03], axis=1)
    colours = np.array([random_colour(rng, 0.6) for _ in range(12)], float)
    brush.boxes(low, low + 0.06, palette.lacquer((1.0, 1.0, 1.0)), colours)


def laptop(brush: Brush, palette: Palette) -> None:
    """Draw an open laptop."""
    brush = brush.part("laptop")
    brush.box((-0.17, 0, -0.12), (0.17, 0.018, 0.12), palette.metal())
    brush.box((-0.17, 0.018, -0.14), (0.17, 0.25, -0.125), palette.metal())
    brush.panel((-0.16, 0.03, -0.1235), (0.16, 0.24), palette.whole("screen", "glass"))
    keys = np.stack(np.meshgrid(np.linspace(-0.14, 0.12, 10), [0.018], np.linspace(-0.09, 0.02, 4)), axis=-1)
    low = keys.reshape(-1, 3)
    brush.boxes(low, low + np.array([0.02, 0.004, 0.02]), palette.lacquer((0.15, 0.15, 0.17), "plastic"))


def foliage(brush: Brush, palette: Palette, count: int, reach: float, paint: Paint) -> None:
    """Draw `count` bent leaves around the origin, up to `reach` m long."""
    rng = brush.rng
    angle, rise = rng.uniform(0, 2 * np.pi, count), rng.uniform(0.15, 1.4, count)
    length, wide = reach * rng.uniform(0.55, 1.0, count), reach * rng.uniform(0.08, 0.2, count)
    out = np.stack([np.sin(angle) * np.cos(rise), np.sin(rise), np.cos(angle) * np.cos(rise)], axis=1)
    across = np.stack([np.cos(angle), np.zeros(count), -np.sin(angle)], axis=1) * wide[:, None]
    root, middle = np.zeros((count, 3)), out * (0.6 * length)[:, None]
    tip = out * length[:, None] - np.array([0, 1, 0]) * (0.3 * length * np.cos(rise))[:, None]
    first = np.stack([root - 0.3 * across, root + 0.3 * across, middle + across, middle - across], axis=1)
    second = np.stack([middle - across, middle + across, tip + 0.1 * across, tip - 0.1 * across], axis=1)
    corners = np.concatenate([first, second])
    flat = corners[..., [0, 2]] / paint.metres + rng.random((2 * count, 1, 2))
    shade = np.tile(rng.uniform(0.7, 1.0, (count, 1)), (2, 3))
    brush.quads(corners, flat, paint, shade)


def book_row(brush: Brush, palette: Palette, width: float, height: float, depth: float) -> None:
    """Draw books that fill most of a shelf, from x = 0 to `width`, with spines at z = `depth`."""
    rng = brush.rng
    thick = rng.uniform(0.016, 0.05, int(width / 0.02))
    ends = np.cumsum(thick)
    count = int(np.searchsorted(ends, width * rng.uniform(0.6, 1.0)))
    if count == 0:
        return
    right, left = ends[:count], ends[:count] - thick[:count]
    tall, front = height * rng.uniform(0.6, 0.95, count), depth - rng.uniform(0.0, 0.03, count)
    low = np.stack([left, np.zeros(count), np.full(count, 0.02)], axis=1)
    high = np.stack([right - 0.001, tall, front], axis=1)
    colours = np.array([random_colour(rng, 0.35) for _ in range(count)], float)
    brush.boxes(low, high, palette.lacquer((1.0, 1.0, 1.0), "bookshelf"), colours)
    z = front + 0.0015
    zero = np.zeros(count)
    corners = np.stack([[left, zero, z], [right - 0.001, zero, z], [right - 0.001, tall, z], [left, tall, z]], axis=0)
    u = rng.integers(0, SPINES, count) / SPINES
    one, next_u = np.ones(count), u + 1 / SPINES
    flat = np.stack([[u, one], [next_u, one], [next_u, zero], [u, zero]], axis=0)
    brush.quads(corners.transpose(2, 0, 1), flat.transpose(2, 0, 1), palette.whole("spines", "bookshelf"), colours)


ON_TABLES: Sequence[Item] = (vase, bowl, cup, bottle, package, stack, photograph, candle, pot_plant)
IN_KITCHENS: Sequence[Item] = (bowl, cup, bottle, package, package, vase, pot_plant, cup)
ON_FLOORS: Sequence[Item] = (basket, crate, stack, package)
TOYS: Sequence[Item] = (ball, blocks, crate, package, stack)


def scatter(
    brush: Brush,
    palette: Palette,
    low: tuple[float, float],
    high: tuple[float, float],
    items: Sequence[Item],
    share: float,
) -> None:
    """Draw one item in a `share` of the 0.3 m cells of the surface from (x, z) `low` to `high`."""
    rng = brush.rng
    columns, rows = max(1, int((high[0] - low[0]) / 0.3)), max(1, int((high[1] - low[1]) / 0.3))
    wide, deep = (high[0] - low[0]) / columns, (high[1] - low[1]) / rows
    for index in range(columns * rows):
        if rng.random() < share:
            i, j = divmod(index, rows)
            x = low[0] + (i + float(rng.uniform(0.42, 0.58))) * wide
            z = low[1] + (j + float(rng.uniform(0.42, 0.58))) * deep
            items[int(rng.integers(len(items)))](brush.at(x, 0.0, z, float(rng.uniform(-20, 20))), palette)


def picture(brush: Brush, palette: Palette, width: float, height: float) -> None:
    """Draw a framed picture on a wall."""
    brush, rim = brush.part("picture"), float(brush.rng.uniform(0.02, 0.06))
    x, y = width / 2, height / 2
    brush.box((-x, -y, 0.0), (x, y, 0.03), palette.any_wood())
    paint, window = palette.picture()
    brush.panel((-x + rim, -y + rim, 0.0315), (x - rim, y - rim), paint, window)


def clock(brush: Brush, palette: Palette) -> None:
    """Draw a round clock on a wall."""
    brush = brush.part("clock")
    brush.panel((-0.14, -0.14, 0.025), (0.14, 0.14), palette.whole("clock", "plastic"))
    brush.box((-0.14, -0.14, 0.0), (0.14, 0.14, 0.024), palette.lacquer())


def mirror(brush: Brush, palette: Palette, width: float, height: float) -> None:
    """Draw a framed panel showing a pale sky, like a mirror in a scanned home."""
    brush = brush.part("mirror")
    x, y = width / 2, height / 2
    brush.box((-x, -y, 0.0), (x, y, 0.025), palette.any_wood())
    paint = Paint(palette.number("marble"), 1.5, "glass", (0.8, 0.87, 0.9))
    brush.panel(
        (-x + 0.03, -y + 0.03, 0.0265), (x - 0.03, y - 0.03), paint, (0.1, 0.1, 0.1 + width / 1.5, 0.1 + height / 1.5)
    )


def wall_shelf(brush: Brush, palette: Palette, width: float) -> None:
    """Draw a board with things on it."""
    board = brush.part("shelf")
    board.box((-width / 2, -0.025, 0.0), (width / 2, 0.0, 0.22), palette.any_wood())
    if brush.rng.random() < 0.5:
        book_row(brush.part("books").at(x=-width / 2 + 0.02), palette, 0.5 * width, 0.26, 0.2)
        scatter(brush, palette, (0.1, 0.02), (width / 2, 0.2), ON_TABLES, 0.8)
    else:
        scatter(brush, palette, (-width / 2, 0.02), (width / 2, 0.2), ON_TABLES, 0.7)


def hooks(brush: Brush, palette: Palette) -> None:
    """Draw a rail with coats on it."""
    rail = brush.part("coat rack")
    rail.box((-0.5, 0.0, 0.0), (0.5, 0.09, 0.025), palette.any_wood())
    for x in (-0.38, -0.12, 0.14, 0.38):
        rail.tube((x, 0.04, 0.0), (x, 0.05, 0.09), 0.01, palette.metal())
        if brush.rng.random() < 0.7:
            drop = float(brush.rng.uniform(0.6, 0.95))
            brush.part("coat").soft((x - 0.13, -drop, 0.03), (x + 0.13, 0.04, 0.15), palette.cloth("fabric", 0.4), 0.6)


def pendant(brush: Brush, palette: Palette, height: float) -> None:
    """Draw a lamp hanging from a ceiling at `height`, m."""
    brush = brush.part("ceiling lamp")
    low = height - float(brush.rng.uniform(0.3, 0.5))
    brush.tube((0, low + 0.1, 0), (0, height, 0), 0.008, palette.metal())
    brush.at(y=low).turned([(0.2, 0), (0.16, 0.1), (0.03, 0.16), (0, 0.16)], palette.cloth("paper", 0.3), 12)
