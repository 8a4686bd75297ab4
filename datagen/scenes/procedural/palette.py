"""The look of one flat: textures, made on first use, and the paints that use them."""

from collections.abc import Callable, Sequence

import numpy as np

from . import pictures, surfaces
from .brush import Colour, Paint
from .noise import NoiseBank
from .pictures import random_colour
from .surfaces import Image, Rgb

WALL_TINTS: tuple[Colour, ...] = (
    (0.96, 0.94, 0.88), (0.93, 0.9, 0.84), (0.9, 0.92, 0.92), (0.84, 0.88, 0.8), (0.8, 0.87, 0.93), (0.95, 0.86, 0.8),
    (0.93, 0.86, 0.68), (0.78, 0.8, 0.82), (0.88, 0.74, 0.64), (0.66, 0.78, 0.76), (0.72, 0.76, 0.62),
)  # fmt: skip
WOOD_TINTS: tuple[Colour, ...] = (
    (0.9, 0.72, 0.5), (0.72, 0.5, 0.32), (0.52, 0.34, 0.22), (0.95, 0.82, 0.64), (0.6, 0.42, 0.3), (0.8, 0.62, 0.46),
    (0.4, 0.29, 0.22), (0.82, 0.78, 0.72),
)  # fmt: skip
CLOTH_TINTS: tuple[Colour, ...] = (
    (0.55, 0.6, 0.68), (0.75, 0.7, 0.62), (0.4, 0.5, 0.45), (0.72, 0.45, 0.36), (0.35, 0.4, 0.55), (0.8, 0.68, 0.4),
    (0.62, 0.55, 0.6), (0.5, 0.5, 0.5), (0.85, 0.82, 0.75), (0.45, 0.62, 0.62), (0.6, 0.3, 0.32), (0.3, 0.38, 0.36),
)  # fmt: skip
LACQUERS: tuple[Colour, ...] = (
    (0.95, 0.95, 0.93), (0.9, 0.87, 0.8), (0.6, 0.68, 0.7), (0.5, 0.58, 0.5), (0.32, 0.36, 0.42), (0.85, 0.7, 0.45),
    (0.75, 0.5, 0.42), (0.88, 0.9, 0.92),
)  # fmt: skip


def pick(rng: np.random.Generator, choices: Sequence[Colour]) -> Colour:
    """Return one of the colours, slightly varied."""
    colour = np.clip(np.array(choices[int(rng.integers(len(choices)))]) * rng.uniform(0.93, 1.05, 3), 0, 1)
    return (float(colour[0]), float(colour[1]), float(colour[2]))


class Palette:
    """The textures of one scene, `textures`, and its paints."""

    def __init__(self, rng: np.random.Generator, bank: NoiseBank | None = None) -> None:
        self.rng, self.bank = rng, bank or NoiseBank(rng)
        self.textures: list[Image] = []
        self._numbers: dict[str, int] = {}
        self.timber = pick(rng, WOOD_TINTS)
        self.trim = pick(rng, LACQUERS[:2]) if rng.random() < 0.7 else self.timber

    def add(self, image: Image) -> int:
        """Add a texture and return its index."""
        self.textures.append(image)
        return len(self.textures) - 1

    def number(self, name: str) -> int:
        """Return the index of the texture `name`, made on the first call."""
        if name not in self._numbers:
            self._numbers[name] = self.add(self._make(name))
        return self._numbers[name]

    def _make(self, name: str) -> Image:
        bank, rng = self.bank, self.rng
        recipes: dict[str, Callable[[], Image]] = {
            "wood": lambda: surfaces.wood(bank, rng),
            "lacquer": lambda: surfaces.lacquer(bank),
            "weave": lambda: surfaces.weave(bank, rng),
            "plaid": lambda: surfaces.plaid(bank, rng, self.colours(4, 0.5)),
            "flowered": lambda: surfaces.flowers(bank, rng, random_colour(rng, 0.6), self.colours(4), 110)[:256, :256],
            "striped": lambda: surfaces.stripes(bank, rng, self.colours(4, 0.4))[:256, :256],
            "quilt": lambda: surfaces.facets(bank, rng, self.colours(5, 0.5), 16),
            "leather": lambda: surfaces.leather(bank),
            "metal": lambda: surfaces.metal(bank),
            "glaze": lambda: surfaces.glaze(bank),
            "marble": lambda: surfaces.marble(bank, rng),
            "basket": lambda: surfaces.basket(bank),
            "leaves": lambda: surfaces.leaves(bank),
            "plaster": lambda: surfaces.plaster(bank, rng),
            "pictures": lambda: pictures.picture_atlas(bank, rng),
            "packages": lambda: pictures.picture_atlas(bank, rng),
            "outdoors": lambda: pictures.outdoors(bank, rng),
            "spines": lambda: pictures.spines(bank, rng),
            "door": lambda: pictures.panelled_door(bank, rng),
            "stove": lambda: pictures.stove_front(bank),
            "hob": lambda: pictures.hob(bank),
            "washer": lambda: pictures.washer_front(bank),
            "screen": lambda: pictures.screen(bank, rng),
            "clock": lambda: pictures.clock_face(bank),
        }
        return recipes[name]()

    def colours(self, count: int, low: float = 0.3) -> list[Rgb]:
        """Return `count` random colours that are not too dark."""
        return [random_colour(self.rng, low) for _ in range(count)]

    def wood(self, tint: Colour | None = None) -> Paint:
        """Return wood in the flat's timber colour, or in `tint`."""
        return Paint(self.number("wood"), 1.0, "wood", tint or self.timber)

    def any_wood(self) -> Paint:
        """Return wood in any colour, sometimes painted."""
        if self.rng.random() < 0.3:
            return self.lacquer()
        return self.wood(pick(self.rng, WOOD_TINTS))

    def lacquer(self, tint: Colour | None = None, material: str = "wood") -> Paint:
        """Return painted wood, or another smooth coloured surface."""
        return Paint(self.number("lacquer"), 0.9, material, tint or pick(self.rng, LACQUERS))

    def cloth(self, material: str = "upholstery", patterned: float = 0.35) -> Paint:
        """Return cloth: plain in any colour, or `patterned` with that probability."""
        if self.rng.random() < patterned:
            name = str(self.rng.choice(["plaid", "flowered", "striped"]))
            return Paint(self.number(name), float(self.rng.uniform(0.45, 0.9)), material)
        return Paint(self.number("weave"), 0.8, material, pick(self.rng, CLOTH_TINTS))

    def hide(self) -> Paint:
        """Return leather."""
        return Paint(self.number("leather"), 0.5, "leather", pick(self.rng, WOOD_TINTS))

    def metal(self, tint: Colour = (0.85, 0.85, 0.87)) -> Paint:
        """Return brushed metal."""
        return Paint(self.number("metal"), 0.7, "metal", tint)

    def ceramic(self, tint: Colour = (1.0, 1.0, 1.0)) -> Paint:
        """Return glazed ceramic."""
        return Paint(self.number("glaze"), 0.6, "ceramic", tint)

    def bright(self, material: str = "ceramic") -> Paint:
        """Return a smooth surface in any strong colour."""
        colour = random_colour(self.rng, 0.4)
        return Paint(self.number("glaze"), 0.4, material, (float(colour[0]), float(colour[1]), float(colour[2])))

    def stone(self) -> Paint:
        """Return marble for worktops."""
        tint = pick(self.rng, ((1.0, 1.0, 1.0), (0.5, 0.5, 0.52), (0.85, 0.78, 0.68)))
        return Paint(self.number("marble"), 1.6, "marble", tint)

    def wicker(self) -> Paint:
        """Return wickerwork."""
        return Paint(self.number("basket"), 0.5, "wood", pick(self.rng, WOOD_TINTS))

    def leaves(self) -> Paint:
        """Return foliage."""
        return Paint(self.number("leaves"), 0.35, "plant")

    def whole(self, name: str, material: str, colour: Colour = (1.0, 1.0, 1.0)) -> Paint:
        """Return the texture `name` for surfaces that show all of it."""
        return Paint(self.number(name), 1.0, material, colour)

    def rug(self) -> Paint:
        """Return a rug with its own pattern, for surfaces that show all of it."""
        return Paint(self.add(pictures.rug(self.bank, self.rng)), 1.0, "carpet")

    def quilt(self) -> Paint:
        """Return bedclothes: a quilt, or patterned cloth."""
        if self.rng.random() < 0.5:
            return Paint(self.number("quilt"), 2.0, "bed")
        return self.cloth("bed", 0.7)

    def picture(self, name: str = "pictures") -> tuple[Paint, tuple[float, float, float, float]]:
        """Return the paint of a picture atlas and the window of one picture in it."""
        row, column = (int(value) for value in self.rng.integers(0, pictures.CELLS, 2))
        size = 1 / pictures.CELLS
        window = ((column + 0.02) * size, (row + 0.02) * size, (column + 0.98) * size, (row + 0.98) * size)
        return Paint(self.number(name), 1.0, "paper"), window

    def floor(self, room: str) -> Paint:
        """Return the floor for a kind of room: tiles in wet rooms, else mostly wood, or carpet."""
        bank, rng = self.bank, self.rng
        if room in ("bathroom", "kitchen"):
            return self._wet_floor()
        if room in ("bedroom", "children's room", "study") and rng.random() < 0.35:
            return Paint(self.add(surfaces.carpet(bank, rng)), 2.0, "carpet", pick(rng, CLOTH_TINTS))
        laid = surfaces.planks if rng.random() < 0.65 else surfaces.parquet
        return Paint(self.add(laid(bank, rng)), float(rng.uniform(2.4, 3.2)), "wood floor", self.timber)

    def _wet_floor(self) -> Paint:
        bank, rng, style = self.bank, self.rng, int(self.rng.integers(4))
        if style == 0:
            return Paint(self.add(surfaces.ornate_tiles(bank, rng, self.colours(4, 0.5))), 1.8, "tile")
        if style == 1:
            return Paint(self.add(surfaces.terrazzo(bank, rng)), 1.8, "marble")
        pale: list[Rgb] = [np.array(pick(rng, WALL_TINTS)) * rng.uniform(0.5, 1.0) for _ in range(2)]
        count = int(rng.choice([5, 6, 8]))
        return Paint(self.add(surfaces.tiles(bank, rng, count, pale)), 0.35 * count, "tile")

    def wall_tiles(self) -> Paint:
        """Return the tiles of bathroom and kitchen walls."""
        shades: list[Rgb] = [pick(self.rng, WALL_TINTS), pick(self.rng, WALL_TINTS)]
        count = int(self.rng.choice([8, 10, 14]))
        picture = surfaces.tiles(self.bank, self.rng, count, [*shades[:1] * 3, shades[1]])
        return Paint(self.add(picture), 0.17 * count, "tile")

    def wall(self) -> Paint:
        """Return a wall: plaster, one of five wallpapers, brick or concrete."""
        bank, rng = self.bank, self.rng
        tint, pale = pick(rng, WALL_TINTS), list[Rgb]()
        style = int(rng.choice(8, p=[0.3, 0.18, 0.14, 0.1, 0.1, 0.08, 0.06, 0.04]))
        if style == 0:
            return Paint(self.add(surfaces.plaster(bank, rng)), 2.6, "textile wallpaper", tint)
        if style == 1:
            return Paint(self.add(surfaces.damask(bank, rng)), float(rng.uniform(2.2, 3.2)), "textile wallpaper", tint)
        if style in (2, 3):
            pale = [np.array(tint) * rng.uniform(0.75, 1.0) for _ in range(4)]
            if style == 3:
                return Paint(self.add(surfaces.stripes(bank, rng, pale)), 2.8, "textile wallpaper")
            image = surfaces.flowers(bank, rng, tint, pale + self.colours(2, 0.5), 110)
            return Paint(self.add(image), 2.8, "textile wallpaper")
        if style == 4:
            pale = [np.array(tint) * rng.uniform(0.85, 1.0) for _ in range(4)]
            return Paint(self.add(surfaces.facets(bank, rng, pale, 8)), 3.0, "textile wallpaper")
        if style == 5:
            return Paint(self.add(surfaces.brick(bank, rng)), 2.4, "facing brick")
        if style == 6:
            return Paint(self.add(surfaces.panelling(bank, rng)), 2.4, "wood panelling", tint)
        return Paint(self.add(surfaces.concrete(bank, rng)), 2.6, "concrete", tint)

    def wainscot(self) -> Paint:
        """Return the boards for the lower part of a wall."""
        return Paint(self.add(surfaces.panelling(self.bank, self.rng)), 2.0, "wood panelling", self.trim)

    def ceiling(self) -> Paint:
        """Return the ceiling, acoustically perforated gypsum board.

        With textile wallpaper and thick rugs it brings the RT60 of the flats near the 0.24 s of the published HM3D-SS
        example; under bare plaster the same homes have 0.55 s.
        """
        return Paint(self.number("plaster"), 2.6, "acoustic ceiling", (0.98, 0.98, 0.96))
