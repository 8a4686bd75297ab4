"""Cupboards, shelves, and kitchen and bathroom fixtures: pieces in the frame of `furniture`."""

import numpy as np

from . import items
from .brush import Brush, Paint
from .furniture import Piece, drawers, legs
from .palette import Palette


def _doors(
    body: Brush, palette: Palette, low: float, high: float, columns: int, shape: tuple[float, float], paint: Paint
) -> None:
    """Draw the doors of a cupboard, in `columns`, in front of z = depth, with handles; `shape`: width, depth."""
    width, depth = shape
    step = width / columns
    left = -width / 2 + step * np.arange(columns)
    base = np.stack([left + 0.006, np.full(columns, low + 0.006), np.full(columns, depth)], axis=1)
    body.boxes(base, base + np.array([step - 0.012, high - low - 0.012, 0.018]), paint)
    inset = base + np.array([0.06, 0.06, 0.018])
    body.boxes(inset, inset + np.array([step - 0.132, max(high - low - 0.132, 0.05), 0.006]), paint)
    side = np.where(np.arange(columns) % 2 == 0, step - 0.045, 0.03)
    knob = base + np.stack([side, np.full(columns, 0.45 * (high - low)), np.full(columns, 0.018)], axis=1)
    body.boxes(knob, knob + np.array([0.015, 0.13, 0.025]), palette.metal((0.55, 0.53, 0.5)))


def wardrobe(palette: Palette) -> Piece:
    """Return a tall cupboard with two to four doors and boxes on top."""
    rng = palette.rng
    columns = int(rng.integers(2, 5))
    width, depth, height, paint = 0.5 * columns, 0.6, float(rng.uniform(1.9, 2.15)), palette.any_wood()

    def draw(brush: Brush) -> None:
        """Draw the piece."""
        body = brush.part("wardrobe")
        body.box((-width / 2, 0.0, 0), (width / 2, height, depth - 0.03), paint)
        _doors(body, palette, 0.08, height, columns, (width, depth - 0.03), paint)
        items.scatter(
            brush.at(y=height), palette, (-width / 2, 0.1), (width / 2, 0.5), (items.package, items.basket), 0.4
        )

    return Piece("wardrobe", width, depth, height, draw)


def bookshelf(palette: Palette, low: bool = False) -> Piece:
    """Return shelves full of books, each with its own spine, and small things."""
    rng = palette.rng
    width, depth, rows = float(rng.uniform(0.75, 1.1)), 0.3, int(rng.integers(2, 4)) if low else int(rng.integers(4, 6))
    step, paint = float(rng.uniform(0.33, 0.38)), palette.any_wood()
    height = 0.08 + rows * step + 0.02

    def draw(brush: Brush) -> None:
        """Draw the piece."""
        body, half = brush.part("bookshelf"), width / 2
        levels = 0.06 + step * np.arange(rows + 1)
        shelf = np.stack([np.full(rows + 1, -half), levels, np.full(rows + 1, 0.0)], axis=1)
        body.boxes(shelf, shelf + np.array([width, 0.02, depth]), paint)
        body.box((-half, 0, 0), (-half + 0.02, height, depth), paint)
        body.box((half - 0.02, 0, 0), (half, height, depth), paint)
        body.box((-half, 0, 0), (half, height, 0.01), paint)
        for y in levels[:-1]:
            inside = brush.at(-half + 0.025, float(y) + 0.021, 0.0)
            _shelf_load(inside, palette, width - 0.05, step - 0.04, depth - 0.02)
        items.scatter(brush.at(y=height), palette, (-half, 0.02), (half, depth), items.ON_TABLES, 0.5 if low else 0.3)

    return Piece("bookshelf", width, depth, height, draw)


def _shelf_load(brush: Brush, palette: Palette, width: float, height: float, depth: float) -> None:
    """Draw books along a shelf, or some books and some small things."""
    if brush.rng.random() < 0.6:
        items.book_row(brush.part("books"), palette, width, height, depth)
        return
    items.book_row(brush.part("books"), palette, 0.5 * width, height, depth)
    low_items = (items.cup, items.candle, items.stack, items.photograph, items.bowl)
    items.scatter(brush, palette, (0.55 * width, 0.03), (width, depth), low_items, 0.9)


def chest(palette: Palette) -> Piece:
    """Return a chest of drawers with things on it."""
    rng = palette.rng
    width, rows, paint = float(rng.uniform(0.8, 1.3)), int(rng.integers(3, 5)), palette.any_wood()
    height = 0.1 + 0.22 * rows

    def draw(brush: Brush) -> None:
        """Draw the piece."""
        drawers(brush.part("chest of drawers"), width, 0.45, 0.1, height, rows, paint, palette)
        top = brush.at(y=height)
        items.table_lamp(top.at(float(rng.choice([-1, 1])) * (width / 2 - 0.15), 0, 0.2), palette)
        items.scatter(top, palette, (-width / 2 + 0.3, 0.05), (width / 2 - 0.3, 0.4), items.ON_TABLES, 0.8)

    return Piece("chest of drawers", width, 0.47, height, draw)


def sideboard(palette: Palette) -> Piece:
    """Return a low cupboard with doors and things on it."""
    columns, paint = int(palette.rng.integers(2, 4)), palette.any_wood()
    width = 0.48 * columns

    def draw(brush: Brush) -> None:
        """Draw the piece."""
        body = brush.part("sideboard")
        legs(body, width / 2, 0.02, 0.38, 0.14, 0.04, paint)
        body.box((-width / 2, 0.14, 0), (width / 2, 0.8, 0.4), paint)
        _doors(body, palette, 0.16, 0.78, columns, (width, 0.4), paint)
        items.scatter(brush.at(y=0.8), palette, (-width / 2, 0.05), (width / 2, 0.4), items.ON_TABLES, 0.75)

    return Piece("sideboard", width, 0.43, 0.8, draw)


def shoe_rack(palette: Palette) -> Piece:
    """Return a low rack with shoes on its two boards."""
    paint = palette.any_wood()

    def draw(brush: Brush) -> None:
        """Draw the piece."""
        body = brush.part("shoe rack")
        for y in (0.12, 0.38):
            body.box((-0.4, y, 0), (0.4, y + 0.02, 0.28), paint)
            for x in (-0.26, 0.0, 0.26):
                if palette.rng.random() < 0.8:
                    items.shoes(brush.at(x, y + 0.021, 0.15), palette)
        for x in (-0.4, 0.38):
            body.box((x, 0, 0), (x + 0.02, 0.5, 0.28), paint)

    return Piece("shoe rack", 0.8, 0.3, 0.5, draw)


class Kitchen:
    """The common look of one kitchen's units: fronts, worktop, appliances."""

    def __init__(self, palette: Palette) -> None:
        self.palette = palette
        self.front = palette.any_wood() if palette.rng.random() < 0.4 else palette.lacquer()
        self.top = palette.stone() if palette.rng.random() < 0.6 else palette.wood()
        steel = (0.82, 0.83, 0.85)
        self.steel = palette.metal(steel if palette.rng.random() < 0.6 else (0.95, 0.95, 0.94))

    def run(self, width: float, upper: bool) -> Piece:
        """Return a row of units `width` m long with sink and stove, and wall cupboards above if `upper`."""
        units = max(2, int(width / 0.6))
        step = width / units
        order = self.palette.rng.permutation(units)

        def draw(brush: Brush) -> None:
            """Draw the piece."""
            for index in range(units):
                x = -width / 2 + step * (index + 0.5)
                kind = {int(order[0]): self._sink, int(order[1]): self._stove}.get(index, self._unit)
                kind(brush.at(x), step)
                if upper:
                    self._hung(brush.at(x), step, index == int(order[1]))

        return Piece("kitchen counter", width, 0.63, 2.1 if upper else 0.95, draw)

    def _base(self, brush: Brush, width: float, name: str) -> Brush:
        body = brush.part(name)
        body.box((-width / 2, 0.0, 0), (width / 2, 0.1, 0.54), self.palette.lacquer((0.25, 0.24, 0.23)))
        body.box((-width / 2, 0.1, 0), (width / 2, 0.86, 0.58), self.front)
        return body

    def _worktop(self, brush: Brush, width: float) -> None:
        brush.part("worktop").box((-width / 2, 0.86, 0), (width / 2, 0.9, 0.62), self.top)

    def _unit(self, brush: Brush, width: float) -> None:
        body = self._base(brush, width, "kitchen cupboard")
        if self.palette.rng.random() < 0.4:
            drawers(body, width, 0.6, 0.1, 0.86, 3, self.front, self.palette)
        else:
            _doors(body, self.palette, 0.1, 0.86, 1, (width, 0.58), self.front)
        self._worktop(brush, width)
        items.scatter(brush.at(y=0.9), self.palette, (-width / 2, 0.05), (width / 2, 0.55), items.IN_KITCHENS, 0.55)

    def _sink(self, brush: Brush, width: float) -> None:
        body = self._base(brush, width, "kitchen cupboard")
        _doors(body, self.palette, 0.1, 0.86, 1, (width, 0.58), self.front)
        self._worktop(brush, width)
        sink, half = brush.part("sink"), width / 2 - 0.07
        rim = (
            ((-half, 0.9, 0.1), (half, 0.912, 0.14)),
            ((-half, 0.9, 0.5), (half, 0.912, 0.54)),
            ((-half, 0.9, 0.14), (-half + 0.04, 0.912, 0.5)),
            ((half - 0.04, 0.9, 0.14), (half, 0.912, 0.5)),
        )
        for low, high in rim:
            sink.box(low, high, self.steel)
        sink.box((-half + 0.04, 0.9, 0.14), (half - 0.04, 0.903, 0.5), self.palette.metal((0.45, 0.46, 0.48)))
        _tap(brush.part("tap").at(0, 0.9, 0.07), self.palette, 0.25)

    def _stove(self, brush: Brush, width: float) -> None:
        body, half = brush.part("stove"), width / 2
        body.box((-half, 0.0, 0), (half, 0.9, 0.59), self.steel)
        body.panel((-half + 0.01, 0.08, 0.5915), (half - 0.01, 0.88), self.palette.whole("stove", "metal"))
        body.sheet((-half + 0.01, 0.03), (half - 0.01, 0.57), 0.902, self.palette.whole("hob", "glass"))
        if self.palette.rng.random() < 0.7:
            pot = brush.part("pot").at(0.13, 0.903, 0.2)
            pot.turned(
                [(0.1, 0), (0.11, 0.13), (0.02, 0.15), (0.02, 0.17), (0, 0.17)], self.palette.bright("metal"), 14
            )

    def _hung(self, brush: Brush, width: float, hood: bool) -> None:
        body = brush.part("extractor hood" if hood else "wall cupboard")
        if hood:
            body.box((-width / 2, 1.55, 0), (width / 2, 1.62, 0.45), self.steel)
            body.box((-0.15, 1.62, 0), (0.15, 2.15, 0.28), self.steel)
            return
        body.box((-width / 2, 1.42, 0), (width / 2, 2.1, 0.32), self.front)
        _doors(body, self.palette, 1.42, 2.1, 1, (width, 0.32), self.front)

    def fridge(self) -> Piece:
        """Return a tall fridge with notes on its door."""

        def draw(brush: Brush) -> None:
            """Draw the piece."""
            body = brush.part("fridge")
            body.box((-0.3, 0.02, 0), (0.3, 1.8, 0.6), self.steel)
            for low, high in ((0.04, 0.68), (0.7, 1.79)):
                body.box((-0.297, low, 0.6), (0.297, high, 0.65), self.steel)
                body.box((0.22, low + 0.1, 0.65), (0.25, high - 0.1, 0.69), self.palette.metal((0.5, 0.5, 0.52)))
            for _ in range(5):
                x, y = self.palette.rng.uniform([-0.24, 0.85], [0.08, 1.5])
                paint, window = self.palette.picture("packages")
                body.panel((x, y, 0.6515), (x + 0.1, y + 0.13), paint, window)

        return Piece("fridge", 0.62, 0.7, 1.8, draw)


def _tap(body: Brush, palette: Palette, height: float) -> None:
    metal = palette.metal()
    body.tube((0, 0, 0), (0, height, 0), 0.014, metal)
    body.tube((0, height, -0.01), (0, height - 0.03, 0.15), 0.012, metal)
    body.box((0.02, 0.02, -0.01), (0.07, 0.04, 0.01), metal)


def bath(palette: Palette) -> Piece:
    """Return a bath with a panelled front, towels and bottles."""
    length, width = float(palette.rng.uniform(1.55, 1.75)), float(palette.rng.uniform(0.7, 0.78))
    panel = palette.wall_tiles() if palette.rng.random() < 0.5 else palette.ceramic()

    def draw(brush: Brush) -> None:
        """Draw the piece."""
        body, half, white = brush.part("bath"), length / 2, palette.ceramic()
        for low, high in (((-half, 0, 0), (half, 0.56, 0.09)), ((-half, 0, width - 0.09), (half, 0.56, width)),
                          ((-half, 0, 0.09), (-half + 0.12, 0.56, width - 0.09)),
                          ((half - 0.12, 0, 0.09), (half, 0.56, width - 0.09))):  # fmt: skip
            body.box(low, high, white)
        body.box((-half + 0.12, 0.0, 0.09), (half - 0.12, 0.16, width - 0.09), white)
        body.box((-half, 0.0, width), (half, 0.5, width + 0.015), panel)
        _tap(brush.part("tap").at(half - 0.06, 0.56, width / 2, -90), palette, 0.14)
        items.scatter(
            brush.at(y=0.56), palette, (-half, 0.0), (half, 0.09), (items.bottle, items.bottle, items.candle), 0.5
        )
        towel = brush.part("towel").at(float(palette.rng.uniform(-0.4, 0.3)))
        towel.box((-0.22, 0.25, width + 0.016), (0.22, 0.575, width + 0.035), palette.cloth("fabric", 0.8))

    return Piece("bath", length, width + 0.04, 0.58, draw)


def toilet(palette: Palette) -> Piece:
    """Return a toilet with a cistern."""

    def draw(brush: Brush) -> None:
        """Draw the piece."""
        body, white = brush.part("toilet"), palette.ceramic()
        body.soft((-0.19, 0.4, 0), (0.19, 0.8, 0.2), white, 0.2)
        body.soft((-0.12, 0.0, 0.1), (0.12, 0.36, 0.5), white, 0.4)
        body.soft((-0.18, 0.26, 0.14), (0.18, 0.42, 0.66), white, 0.6)
        body.soft((-0.19, 0.41, 0.17), (0.19, 0.445, 0.67), palette.lacquer(material="plastic"), 0.6)
        items.bottle(brush.at(0.05, 0.8, 0.1), palette)

    return Piece("toilet", 0.42, 0.68, 0.8, draw)


def washbasin(palette: Palette) -> Piece:
    """Return a basin in a cupboard, with tap, cups and bottles."""
    width, paint = float(palette.rng.uniform(0.6, 1.0)), palette.any_wood()

    def draw(brush: Brush) -> None:
        """Draw the piece."""
        body, half = brush.part("bathroom cupboard"), width / 2
        body.box((-half, 0.12, 0), (half, 0.78, 0.42), paint)
        body.box((-half + 0.04, 0.0, 0.03), (half - 0.04, 0.12, 0.36), paint)
        _doors(body, palette, 0.13, 0.77, 2, (width, 0.42), paint)
        basin, white = brush.part("washbasin"), palette.ceramic()
        basin.soft((-half, 0.77, 0), (half, 0.86, 0.47), white, 0.12)
        profile = [(0.2, 0.858), (0.22, 0.885), (0.19, 0.885), (0.06, 0.866), (0, 0.865)]
        basin.at(z=0.27).turned(profile, white, 16)
        _tap(brush.part("tap").at(0, 0.86, 0.06), palette, 0.16)
        items.cup(brush.at(half - 0.08, 0.86, 0.1), palette)
        items.bottle(brush.at(-half + 0.08, 0.86, 0.12), palette)

    return Piece("washbasin", width, 0.48, 0.9, draw)


def washing_machine(palette: Palette) -> Piece:
    """Return a washing machine with a basket on it."""

    def draw(brush: Brush) -> None:
        """Draw the piece."""
        body = brush.part("washing machine")
        body.box((-0.3, 0, 0), (0.3, 0.85, 0.58), palette.lacquer((0.95, 0.95, 0.95), "metal"))
        body.panel((-0.295, 0.01, 0.5815), (0.295, 0.84), palette.whole("washer", "metal"))
        items.basket(brush.at(0.0, 0.85, 0.28), palette)

    return Piece("washing machine", 0.62, 0.6, 0.85, draw)


def radiator(palette: Palette, width: float, height: float) -> Piece:
    """Return a radiator on its wall."""

    def draw(brush: Brush) -> None:
        """Draw the piece."""
        body, count = brush.part("radiator"), max(3, int(width / 0.07))
        x = -width / 2 + width / count * np.arange(count)
        low = np.stack([x, np.full(count, 0.12), np.full(count, 0.03)], axis=1)
        paint = palette.lacquer((0.95, 0.94, 0.92), "metal")
        body.boxes(low, low + np.array([width / count - 0.015, height - 0.14, 0.07]), paint)
        for y in (0.16, height - 0.08):
            body.box((-width / 2, y, 0.0), (width / 2, y + 0.03, 0.085), paint)

    return Piece("radiator", width, 0.1, height, draw)
