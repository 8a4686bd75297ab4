"""Seamless textures of floors, walls and furniture: each function returns uint8 (height, width, 3), sRGB.

Sizes are in pixels. "Light" textures are pale, so that the colour of a paint can tint them.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .noise import SIZE, Field, NoiseBank

Image = npt.NDArray[np.uint8]
Rgb = Sequence[float] | npt.NDArray[np.floating]

_ROW, _COLUMN = np.mgrid[:SIZE, :SIZE]


def to_image(values: npt.NDArray[np.floating]) -> Image:
    """Return values 0..1, (h, w) grey or (h, w, 3), as uint8 (h, w, 3)."""
    levels = np.clip(values * 255.0 + 0.5, 0, 255).astype(np.uint8)
    return np.asarray(np.repeat(levels[..., None], 3, axis=2) if levels.ndim == 2 else levels)


def blend(low: Rgb, high: Rgb, share: Field) -> Field:
    """Return colours from `low` (share 0) to `high` (share 1), float32 (h, w, 3)."""
    start, end = np.array(low, np.float32), np.array(high, np.float32)
    return np.asarray(start + np.clip(share, 0, 1)[..., None] * (end - start), np.float32)


def step(field: Field, threshold: float, softness: float = 0.1) -> Field:
    """Return 0 where `field` is below `threshold` and 1 above, with a soft edge."""
    return np.asarray(np.clip((field - threshold) / softness + 0.5, 0, 1), np.float32)


def plaster(bank: NoiseBank, rng: np.random.Generator) -> Image:
    """Return a light painted wall: brush marks, shallow bumps, a few stains and nicks."""
    rough = float(rng.uniform(0.7, 1.6))
    grey = 0.88 + 0.022 * bank.take("cloud") + 0.02 * rough * bank.take("mottle") + 0.012 * bank.take("grain")
    grey -= 0.07 * step(bank.take("blotch"), 2.0, 0.5) + 0.16 * step(bank.take("mottle"), 2.9, 0.3)
    return to_image(grey)


def concrete(bank: NoiseBank, rng: np.random.Generator) -> Image:
    """Return light concrete with pores and clouds."""
    grey = 0.74 + 0.06 * bank.take("cloud") + 0.03 * bank.take("grain") + 0.02 * bank.take("blotch")
    return to_image(grey - 0.25 * step(bank.take("mottle"), float(rng.uniform(2.0, 2.5)), 0.3))


def planks(bank: NoiseBank, rng: np.random.Generator) -> Image:
    """Return a light floor of boards along the rows, each with its own grain and shade, with knots."""
    rows = int(rng.choice([16, 20, 25]))
    height, length = SIZE / rows, SIZE / float(rng.uniform(1.6, 3.2))
    row = np.minimum((_ROW / height).astype(np.int64), rows - 1)
    along = _COLUMN + (rng.random(rows) * SIZE)[row]
    board = (along / length).astype(np.int64) % 8 + 8 * row
    shift = rng.integers(0, SIZE, (2, 8 * rows))
    grain = bank.at("streak", _ROW + shift[0][board], _COLUMN + shift[1][board])
    shade = rng.normal(0, 0.075, 8 * rows).astype(np.float32)[board]
    grey = 0.74 + shade + 0.075 * grain - 0.3 * step(bank.take("mottle"), 2.5, 0.5)
    seam = (_ROW % height < 1.2) | (along % length < 1.6)
    grey = np.where(seam, grey * 0.55, grey)
    warm = rng.normal(0, 0.02, 8 * rows).astype(np.float32)[board]
    return to_image(grey[..., None] * np.array([1, 1, 1]) + warm[..., None] * np.array([1, 0, -1]))


def parquet(bank: NoiseBank, rng: np.random.Generator) -> Image:
    """Return a light parquet of squares with slats alternating between rows and columns."""
    cell, slats = SIZE // int(rng.choice([8, 10, 12])), int(rng.choice([4, 5]))
    i, j = _ROW // cell, _COLUMN // cell
    upright = (i + j) % 2 == 0
    across = np.where(upright, _COLUMN, _ROW) % cell
    piece = (i * 13 + j) * slats + np.minimum(across * slats // cell, slats - 1)
    shift = rng.integers(0, SIZE, (2, 4096))
    first, second = np.where(upright, _COLUMN, _ROW), np.where(upright, _ROW, _COLUMN)
    grain = bank.at("streak", first + shift[0][piece % 4096], second + shift[1][piece % 4096])
    shade = rng.normal(0, 0.085, 4096).astype(np.float32)[piece % 4096]
    seam = (across * slats % cell < slats) | (np.minimum(_ROW % cell, _COLUMN % cell) < 1)
    grey = 0.72 + shade + 0.06 * grain - 0.2 * step(bank.take("mottle"), 2.6, 0.5)
    return to_image(np.where(seam, grey * 0.6, grey))


def tiles(bank: NoiseBank, rng: np.random.Generator, count: int, colours: Sequence[Rgb]) -> Image:
    """Return `count` x `count` glazed tiles in `colours`, veined, each slightly different, with grout."""
    cell = SIZE / count
    i, j = np.minimum((_ROW / cell).astype(int), count - 1), np.minimum((_COLUMN / cell).astype(int), count - 1)
    chequered = len(colours) > 1 and rng.random() < 0.5
    choice = (
        np.add.outer(np.arange(count), np.arange(count)) % 2
        if chequered
        else rng.integers(0, len(colours), (count, count))
    )
    base = np.array(colours, np.float32)[choice] + rng.normal(0, 0.035, (count, count, 1)).astype(np.float32)
    shift = rng.integers(0, SIZE, (2, count, count))
    vein = bank.at("cloud", _ROW + shift[0][i, j], _COLUMN + shift[1][i, j])
    wear = 0.03 * bank.take("mottle") + 0.05 * vein - 0.16 * np.exp(-((vein / 0.06) ** 2))
    wear -= 0.2 * step(bank.take("mottle"), 2.8, 0.4)
    image = base[i, j] + wear[..., None]
    grout = (_ROW % cell < 2.2) | (_COLUMN % cell < 2.2)
    joint = float(rng.choice([0.35, 0.6, 0.8]))
    return to_image(np.where(grout[..., None], joint + 0.06 * bank.take("grain")[..., None], image))


def ornate_tiles(bank: NoiseBank, rng: np.random.Generator, colours: Sequence[Rgb]) -> Image:
    """Return cement tiles, each with one of a few symmetrical ornaments, turned at random."""
    cell = 64
    motifs = []
    for _ in range(4):
        quarter = bank.take("blotch", cell, cell)[: cell // 2, : cell // 2]
        quarter = quarter + quarter.T
        half = np.concatenate([quarter, quarter[:, ::-1]], axis=1)
        motifs.append(np.concatenate([half, half[::-1]]))
    field = np.block([[motifs[k] for k in rng.integers(0, 4, SIZE // cell)] for _ in range(SIZE // cell)])
    levels = np.clip(((field + 2.2) / 4.4 * len(colours)).astype(int), 0, len(colours) - 1)
    image = np.array(colours, np.float32)[levels] + (0.05 * bank.take("mottle") + 0.03 * bank.take("cloud"))[..., None]
    seam = (_ROW % cell < 1.5) | (_COLUMN % cell < 1.5)
    return to_image(np.where(seam[..., None], image * 0.7, image))


def marble(bank: NoiseBank, rng: np.random.Generator) -> Image:
    """Return light marble: dark veins where a noise field passes zero."""
    bend = bank.take("cloud") + 0.25 * bank.take("blotch")
    fine = bank.take("cloud") + 0.35 * bank.take("mottle")
    veins = 0.3 * np.exp(-((bend / 0.05) ** 2)) + 0.17 * np.exp(-((fine / 0.04) ** 2))
    ground = 0.88 + 0.04 * bank.take("cloud") + 0.012 * bank.take("grain")
    return to_image(ground - float(rng.uniform(0.8, 1.3)) * veins)


def terrazzo(bank: NoiseBank, rng: np.random.Generator) -> Image:
    """Return light terrazzo: chips of four colours in a pale ground."""
    image = np.full((SIZE, SIZE, 3), 0.82, np.float32) + 0.02 * bank.take("cloud")[..., None]
    for _ in range(4):
        chip = step(bank.take("mottle"), 1.25, 0.25)[..., None]
        colour = rng.uniform(0.25, 0.85) + rng.uniform(-0.1, 0.1, 3)
        image = image * (1 - chip) + chip * colour.astype(np.float32)
    return to_image(image + 0.01 * bank.take("grain")[..., None])


def carpet(bank: NoiseBank, rng: np.random.Generator) -> Image:
    """Return light carpet: tufts, tread marks, a few darker flecks."""
    grey = 0.72 + 0.08 * bank.take("grain") + 0.05 * bank.take("cloud") + 0.04 * bank.take("mottle")
    return to_image(grey - float(rng.uniform(0.1, 0.25)) * step(bank.take("mottle"), 1.9, 0.4))


def brick(bank: NoiseBank, rng: np.random.Generator) -> Image:
    """Return a brick wall in running bond, 32 courses of 10."""
    height, length = SIZE / 32, SIZE / 10
    course = (_ROW / height).astype(int)
    along = _COLUMN + (course % 2) * length / 2
    number = (along / length).astype(int) % 10 + 10 * course
    tone = rng.normal(0, 0.085, (320, 1)).astype(np.float32) + rng.normal(0, 0.025, (320, 3)).astype(np.float32)
    base = np.array(((0.62, 0.36, 0.28), (0.78, 0.74, 0.7), (0.7, 0.5, 0.36))[int(rng.integers(3))], np.float32)
    wear = 0.05 * bank.take("grain") + 0.05 * bank.take("mottle") + 0.03 * bank.take("cloud")
    image = (base + tone)[number] + wear[..., None]
    joint = (_ROW % height < 2.4) | (along % length < 2.4)
    return to_image(np.where(joint[..., None], 0.72 + 0.06 * bank.take("grain")[..., None], image))


def panelling(bank: NoiseBank, rng: np.random.Generator) -> Image:
    """Return light vertical boards with grooves; the grain runs along the columns."""
    count = int(rng.choice([16, 20, 26]))
    board = _COLUMN * count // SIZE
    shift = rng.integers(0, SIZE, count)[board]
    grey = 0.8 + 0.05 * bank.at("streak", _COLUMN + shift, _ROW + shift) + rng.normal(0, 0.05, count)[board]
    grey -= 0.3 * step(bank.take("mottle"), 2.4, 0.5)
    return to_image(np.where(_COLUMN * count % SIZE < 2 * count, grey * 0.6, grey))


def damask(bank: NoiseBank, rng: np.random.Generator) -> Image:
    """Return light, slightly worn wallpaper with three kinds of mirror-symmetric ornaments in half drop."""
    columns, rows = int(rng.choice([6, 8, 10])), int(rng.choice([4, 6]))
    width, height = SIZE // columns, SIZE // rows
    swell = np.sin(np.pi * np.arange(height) / height)[:, None] * np.linspace(0, 1, width - width // 2)[None]
    motifs = []
    for _ in range(3):
        half = bank.take("blotch", *swell.shape) + 0.5 * bank.take("mottle", *swell.shape) + 2.4 * (swell - 0.45)
        motifs.append(np.concatenate([half, half[:, ::-1]], axis=1)[:, :width])
    strips = []
    for column in range(columns):
        strip = np.concatenate([motifs[k] for k in rng.integers(0, 3, rows + 1)])[:SIZE]
        strips.append(np.roll(strip, (column % 2) * height // 2, axis=0))
    field = np.zeros((SIZE, SIZE), np.float32)
    field[:, : columns * width] = np.concatenate(strips, axis=1)
    ornament = step(field, 0.4, 0.2) - 0.6 * step(field, 1.3, 0.2)
    fade = 1 + 0.35 * bank.take("cloud")
    depth = float(rng.uniform(0.09, 0.2))
    return to_image(0.86 - depth * fade * ornament + 0.015 * bank.take("mottle") + 0.01 * bank.take("grain"))


def stripes(bank: NoiseBank, rng: np.random.Generator, colours: Sequence[Rgb]) -> Image:
    """Return cloth or paper with vertical stripes of many widths in `colours`, some of them dotted."""
    edges = np.sort(rng.choice(np.arange(4, SIZE, 4), int(rng.integers(18, 34)), replace=False))
    stripe = np.searchsorted(edges, np.arange(SIZE), side="right")
    base = np.array(colours, np.float32)[rng.integers(0, len(colours), len(edges) + 1)]
    shade = base[stripe][None] + (0.03 * bank.take("mottle") + 0.02 * bank.take("grain"))[..., None]
    dotted = (rng.random(len(edges) + 1) < 0.35)[stripe][None] & (bank.take("blotch") > 1.0)
    return to_image(np.where(dotted[..., None], 0.8 * shade[:, ::-1], shade))


def flowers(bank: NoiseBank, rng: np.random.Generator, ground: Rgb, colours: Sequence[Rgb], count: int = 80) -> Image:
    """Return `ground` strewn with `count` blossoms and leaves of varying shape, size and colour."""
    image = np.array(ground, np.float32) + (0.02 * bank.take("cloud") + 0.012 * bank.take("grain"))[..., None]
    side = int(np.ceil(np.sqrt(count)))
    cells = np.stack(np.divmod(np.arange(side * side), side), axis=1)
    places = (cells + rng.uniform(0.1, 0.9, cells.shape)) / side
    for place in places[:count]:
        radius = int(rng.uniform(0.25, 0.6) * SIZE / side)
        stamp(image, (place * SIZE).astype(int), blossom(rng, radius), rng.choice(np.array(colours)))
    return to_image(image)


def blossom(rng: np.random.Generator, radius: int) -> Field:
    """Return the mask (2 r + 1 square, 0..1) of a flower or leaf with a darker centre."""
    down, right = np.mgrid[-radius : radius + 1, -radius : radius + 1].astype(np.float32) / max(radius, 1)
    angle, reach = np.arctan2(down, right) + rng.uniform(0, 6.3), np.hypot(down, right)
    petals, depth = int(rng.integers(2, 9)), float(rng.uniform(0.15, 0.7))
    edge = 1 - depth * (0.5 + 0.5 * np.cos(petals * angle))
    return np.asarray(np.clip((edge - reach) * radius / 2, 0, 1) * np.where(reach < 0.25, 0.4, 0.75 + 0.25 * reach))


def stamp(image: Field, centre: npt.NDArray[np.int64], mask: Field, colour: npt.NDArray[np.floating]) -> None:
    """Blend `colour` into `image` (h, w, 3) at `centre` by `mask` (2 r + 1 square), wrapped around the edges."""
    radius = mask.shape[0] // 2
    around = np.arange(-radius, radius + 1)
    cells = np.ix_((centre[0] + around) % image.shape[0], (centre[1] + around) % image.shape[1])
    image[cells] = image[cells] * (1 - mask[..., None]) + mask[..., None] * colour.astype(np.float32)


def facets(bank: NoiseBank, rng: np.random.Generator, colours: Sequence[Rgb], cells: int = 8) -> Image:
    """Return squares divided along either diagonal, each half in one of `colours` (wallpaper, quilt)."""
    size = SIZE // cells
    i, j = _ROW // size, _COLUMN // size
    across, down = (_COLUMN % size) / size, (_ROW % size) / size
    falling = (rng.random((cells, cells)) < 0.5)[i, j]
    upper = np.where(falling, across > down, across + down < 1).astype(int)
    colour = np.array(colours, np.float32)[rng.integers(0, len(colours), (cells, cells, 2))]
    colour += rng.normal(0, 0.03, (cells, cells, 2, 1)).astype(np.float32)
    return to_image(colour[i, j, upper] + (0.03 * bank.take("mottle") + 0.02 * bank.take("grain"))[..., None])


def wood(bank: NoiseBank, rng: np.random.Generator) -> Image:
    """Return light wood, 256 pixels, the grain along the rows, with knots."""
    grey = 0.78 + 0.09 * bank.take("streak", 256, 256) + 0.02 * bank.take("grain", 256, 256)
    return to_image(grey - 0.35 * step(bank.take("mottle", 256, 256), float(rng.uniform(2.2, 2.7)), 0.5))


def lacquer(bank: NoiseBank) -> Image:
    """Return light painted wood, 256 pixels: faint brush strokes and scuffs."""
    grey = 0.9 + 0.02 * bank.take("streak", 256, 256) + 0.015 * bank.take("cloud", 256, 256)
    return to_image(grey - 0.12 * step(bank.take("mottle", 256, 256), 2.5, 0.4))


def weave(bank: NoiseBank, rng: np.random.Generator) -> Image:
    """Return light plain cloth, 256 pixels: threads in both directions, slubs, folds."""
    threads = bank.take("streak", 256, 256) + bank.take("streak", 256, 256).T
    grey = 0.76 + 0.04 * threads + 0.05 * bank.take("cloud", 256, 256) + 0.03 * bank.take("grain", 256, 256)
    return to_image(grey - float(rng.uniform(0.08, 0.2)) * step(bank.take("mottle", 256, 256), 1.8, 0.4))


def plaid(bank: NoiseBank, rng: np.random.Generator, colours: Sequence[Rgb]) -> Image:
    """Return plaid cloth, 256 pixels."""
    edges = np.sort(rng.choice(np.arange(6, 256, 6), 14, replace=False))
    stripe = np.searchsorted(edges, np.arange(256), side="right")
    column = np.array(colours, np.float32)[rng.integers(0, len(colours), 15)][stripe]
    row = np.array(colours, np.float32)[rng.integers(0, len(colours), 15)][stripe]
    image = (column[None] + row[:, None]) / 2
    return to_image(image + (0.04 * bank.take("grain", 256, 256) + 0.02 * bank.take("mottle", 256, 256))[..., None])


def leather(bank: NoiseBank) -> Image:
    """Return light leather, 256 pixels: creases and wear."""
    crease = np.exp(-((bank.take("mottle", 256, 256) / 0.25) ** 2))
    return to_image(0.8 + 0.06 * bank.take("cloud", 256, 256) - 0.12 * crease + 0.02 * bank.take("grain", 256, 256))


def metal(bank: NoiseBank) -> Image:
    """Return light brushed metal, 256 pixels."""
    return to_image(0.8 + 0.05 * bank.take("streak", 256, 256) + 0.04 * bank.take("cloud", 256, 256))


def glaze(bank: NoiseBank) -> Image:
    """Return light glazed ceramic, 256 pixels: nearly uniform, with specks."""
    grey = 0.92 + 0.015 * bank.take("cloud", 256, 256)
    return to_image(grey - 0.2 * step(bank.take("mottle", 256, 256), 2.7, 0.3))


def basket(bank: NoiseBank) -> Image:
    """Return light wickerwork, 256 pixels."""
    row, column = np.mgrid[:256, :256]
    over = ((row // 8 + column // 16) % 2).astype(np.float32)
    rounding = np.abs(np.sin(np.pi * row / 8)) * 0.25
    return to_image(0.5 + 0.18 * over + rounding + 0.06 * bank.take("mottle", 256, 256))


def leaves(bank: NoiseBank) -> Image:
    """Return green foliage, 256 pixels."""
    share = 0.5 + 0.25 * bank.take("blotch", 256, 256) + 0.2 * bank.take("mottle", 256, 256)
    return to_image(blend((0.1, 0.25, 0.08), (0.45, 0.65, 0.3), share))
