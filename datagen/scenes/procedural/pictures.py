"""Pictorial textures: paintings, rugs, window views, book spines, appliance fronts.

Each function returns uint8 (height, width, 3), sRGB.
"""

from collections.abc import Callable

import numpy as np

from .noise import SIZE, Field, NoiseBank
from .surfaces import Image, blend, blossom, stamp, step, to_image

CELLS = 4
"""An atlas has `CELLS` x `CELLS` pictures."""
SPINES = 32
"""Number of spines side by side in the texture of books."""
_PIGMENTS = (
    (0.75, 0.3, 0.2), (0.85, 0.6, 0.2), (0.6, 0.45, 0.3), (0.3, 0.45, 0.3), (0.5, 0.55, 0.3), (0.2, 0.35, 0.55),
    (0.3, 0.5, 0.6), (0.55, 0.6, 0.65), (0.5, 0.2, 0.25), (0.8, 0.72, 0.6), (0.4, 0.35, 0.45), (0.85, 0.8, 0.7),
    (0.25, 0.25, 0.3), (0.8, 0.5, 0.45),
)  # fmt: skip


def random_colour(rng: np.random.Generator, low: float = 0.0, high: float = 1.0) -> Field:
    """Return a random household colour, a varied pigment whose brightest channel is between `low` and `high`."""
    pigment = _PIGMENTS[int(rng.integers(len(_PIGMENTS)))]
    pale = rng.uniform(0, 0.45)
    tone = np.array(pigment) / max(pigment) * (1 - pale) + pale
    bright = rng.uniform(max(low, 0.25), high)
    return np.clip(tone * bright * rng.uniform(0.9, 1.1, 3), 0, 1).astype(np.float32)


def picture_atlas(bank: NoiseBank, rng: np.random.Generator) -> Image:
    """Return 4 by 4 pictures of 128 pixels: landscapes, still lifes, abstract and geometric ones."""
    size = SIZE // CELLS
    kinds: list[Callable[[NoiseBank, np.random.Generator, int], Field]] = [_landscape, _bouquet, _blots, _squares]
    image = np.empty((SIZE, SIZE, 3), np.float32)
    order = rng.permutation(np.arange(CELLS * CELLS) % len(kinds))
    for cell, kind in enumerate(order):
        i, j = divmod(cell, CELLS)
        image[i * size : (i + 1) * size, j * size : (j + 1) * size] = kinds[kind](bank, rng, size)
    return to_image(image + 0.02 * bank.take("grain")[..., None])


def _landscape(bank: NoiseBank, rng: np.random.Generator, size: int) -> Field:
    row = np.linspace(0, 1, size, dtype=np.float32)[:, None]
    image = blend(random_colour(rng, 0.6), random_colour(rng, 0.8), row + 0.15 * bank.take("cloud", size, size))
    for depth in np.sort(rng.uniform(0.35, 0.95, 4)):
        crest = depth + 0.05 * bank.take("streak", size, size).T[:1] + 0.02 * bank.take("blotch", size, size)[:1]
        land = (random_colour(rng, 0.3, 0.8) + 0.08 * bank.take("mottle", size, size)[..., None]).astype(np.float32)
        image = np.where((row > crest)[..., None], land, image)
    return image


def _bouquet(bank: NoiseBank, rng: np.random.Generator, size: int) -> Field:
    image = random_colour(rng, 0.3, 0.9) + 0.05 * bank.take("cloud", size, size)[..., None]
    for _ in range(22):
        centre = (rng.normal(0.45, 0.17, 2) * size).astype(int)
        stamp(image, centre, blossom(rng, int(rng.uniform(0.05, 0.15) * size)), random_colour(rng, 0.4))
    return np.asarray(image, np.float32)


def _blots(bank: NoiseBank, rng: np.random.Generator, size: int) -> Field:
    image = np.broadcast_to(random_colour(rng, 0.7), (size, size, 3))
    for name in ("cloud", "blotch", "blotch", "mottle"):
        share = step(bank.take(name, size, size), float(rng.uniform(0.2, 1.4)), 0.3)[..., None]
        image = image * (1 - share) + share * random_colour(rng)
    return np.asarray(image, np.float32)


def _squares(bank: NoiseBank, rng: np.random.Generator, size: int) -> Field:
    image = np.empty((size, size, 3), np.float32)
    image[:] = random_colour(rng, 0.8)
    for _ in range(16):
        (top, left), (high, wide) = rng.integers(0, size, 2), rng.integers(size // 12, size // 2, 2)
        image[top : top + high, left : left + wide] = random_colour(rng)
    return image + 0.03 * bank.take("mottle", size, size)[..., None]


def rug(bank: NoiseBank, rng: np.random.Generator) -> Image:
    """Return a whole rug with fringed borders around an ornament in four colours."""
    row, column = np.mgrid[:SIZE, :SIZE]
    style = int(rng.integers(3))
    if style == 0:
        half = bank.take("blotch", SIZE, SIZE // 2)
        field = np.concatenate([half, half[:, ::-1]], axis=1)
        field = field + 0.7 * field[::-1]
    elif style == 1:
        field = 1.6 * np.sin(row / rng.uniform(6, 16) + 3 * np.abs((column / rng.uniform(20, 60)) % 2 - 1))
        field = field.astype(np.float32) + 0.5 * bank.take("blotch")
    else:
        field = 1.2 * bank.take("cloud") + bank.take("blotch")
    colours = np.array([random_colour(rng, 0.2 + 0.15 * k) for k in range(5)], np.float32)
    levels = np.clip(((field + 2.0) / 4.0 * 5).astype(int), 0, 4)
    rim = np.minimum(np.minimum(row, SIZE - 1 - row), np.minimum(column, SIZE - 1 - column))
    pattern = np.where(bank.take("mottle") > 0.5, 3, 1)
    levels = np.where(rim < 44, np.where((rim // 9) % 2 == 0, 0, pattern), levels)
    return to_image(colours[levels] + (0.05 * bank.take("grain") + 0.03 * bank.take("mottle"))[..., None])


def outdoors(bank: NoiseBank, rng: np.random.Generator) -> Image:
    """Return the view from a window: sky, houses or hills, trees, a meadow."""
    row = np.linspace(0, 1, SIZE, dtype=np.float32)[:, None]
    cloud = step(bank.take("cloud"), 0.3, 1.2)[..., None]
    image = blend((0.55, 0.72, 0.95), (0.88, 0.93, 0.98), np.broadcast_to(row * 1.6, (SIZE, SIZE)).astype(np.float32))
    image = image * (1 - 0.7 * cloud) + 0.7 * cloud * 0.97
    for edge in np.sort(rng.choice(np.arange(20, SIZE - 20), 5)):
        _house(image, rng, int(edge))
    trees = row > 0.6 + 0.05 * bank.take("blotch")[:1] + 0.03 * bank.take("mottle")[:1]
    leaf = blend((0.08, 0.2, 0.07), (0.4, 0.58, 0.25), 0.45 + 0.3 * bank.take("mottle") + 0.1 * bank.take("blotch"))
    grass = blend((0.25, 0.42, 0.15), (0.55, 0.68, 0.35), 0.5 + 0.2 * bank.take("cloud") + 0.2 * bank.take("grain"))
    image = np.where(trees[..., None], leaf, image)
    return to_image(np.where(row[..., None] > 0.8, grass, image))


def _house(image: Field, rng: np.random.Generator, left: int) -> None:
    top, wide = int(rng.uniform(0.25, 0.5) * SIZE), int(rng.uniform(60, 150))
    image[top:, left : left + wide] = random_colour(rng, 0.7, 0.95)
    image[top - 12 : top, max(left - 6, 0) : left + wide + 6] = random_colour(rng, 0.3, 0.6)
    for y in range(top + 14, SIZE, 42):
        for x in range(left + 10, left + wide - 20, 34):
            image[y : y + 24, x : x + 16] = rng.uniform(0.15, 0.45)


def spines(bank: NoiseBank, rng: np.random.Generator) -> Image:
    """Return the light spines of `SPINES` books side by side, 128 pixels high, with bands, titles and edges."""
    width = SIZE // SPINES
    image = 0.86 + 0.03 * bank.take("grain", 128, SIZE) + 0.03 * bank.take("cloud", 128, SIZE)
    for book in range(SPINES):
        left = book * width
        image[:, left : left + 1] *= 0.6
        for y in rng.integers(4, 120, int(rng.integers(1, 4))):
            image[y : y + int(rng.integers(2, 7)), left + 1 : left + width] *= rng.choice([0.35, 0.6, 1.15])
        start = int(rng.integers(20, 50))
        for y in range(start, start + int(rng.integers(20, 60)), 4):
            image[y : y + 3, left + 5 : left + int(rng.integers(8, width - 3))] = rng.choice([0.1, 1.0])
    return to_image(image)


def panelled_door(bank: NoiseBank, rng: np.random.Generator) -> Image:
    """Return a light door leaf, 512 by 256 pixels, with sunk panels in varying rows and columns."""
    image = 0.85 + 0.025 * bank.take("streak", SIZE, 256) + 0.015 * bank.take("mottle", SIZE, 256)
    rows, columns = int(rng.integers(2, 5)), int(rng.integers(1, 3))
    high, wide = SIZE // rows, 256 // columns
    for i in range(rows):
        for j in range(columns):
            for inset, shade in ((24, 0.72), (28, 1.08), (32, 0.93)):
                image[i * high + inset : (i + 1) * high - inset, j * wide + inset : (j + 1) * wide - inset] = (
                    0.85 * shade
                )
    return to_image(image + 0.012 * bank.take("grain", SIZE, 256))


def stove_front(bank: NoiseBank) -> Image:
    """Return an oven front, 256 pixels: knobs, display, window, handle."""
    image = 0.75 + 0.03 * bank.take("streak", 256, 256)
    image[70:230, 28:228] = 0.1 + 0.03 * bank.take("cloud", 256, 256)[70:230, 28:228]
    image[95:210:22, 40:216] = 0.32
    image[52:60, 24:232] = 0.35
    image[12:34, 104:152] = 0.05
    row, column = np.mgrid[:256, :256]
    for x in (24, 50, 76, 180, 206, 232):
        image[np.hypot(row - 24, column - x) < 10] = 0.15
        image[16:24, x - 1 : x + 2] = 0.95
    return to_image(image)


def hob(bank: NoiseBank) -> Image:
    """Return a hob from above, 256 pixels: four plates on black glass."""
    image = 0.12 + 0.02 * bank.take("cloud", 256, 256)
    row, column = np.mgrid[:256, :256]
    for y, x, radius in ((70, 70, 48), (70, 186, 38), (186, 70, 38), (186, 186, 48)):
        reach = np.hypot(row - y, column - x)
        image[reach < radius] = 0.22
        image[np.abs(reach % 12 - 6) + 20 * (reach > radius) < 1.5] = 0.5
    return to_image(image)


def washer_front(bank: NoiseBank) -> Image:
    """Return the front of a washing machine, 256 pixels: porthole, drawer, buttons."""
    image = 0.9 + 0.012 * bank.take("cloud", 256, 256) + 0.01 * bank.take("mottle", 256, 256)
    row, column = np.mgrid[:256, :256]
    reach = np.hypot(row - 150, column - 128)
    image[reach < 84] = 0.6
    image[reach < 68] = (0.2 + 0.1 * bank.take("blotch", 256, 256))[reach < 68]
    image[18:44, 16:90] = 0.75
    image[22:40, 150:240:14] = 0.2
    image[52:54] = 0.5
    return to_image(image)


def screen(bank: NoiseBank, rng: np.random.Generator) -> Image:
    """Return the picture on a television, 256 pixels, dark at the rim."""
    image = _landscape(bank, rng, 256) * rng.uniform(0.35, 0.9)
    image[:6], image[-6:], image[:, :4], image[:, -4:] = 0.05, 0.05, 0.05, 0.05
    image[200:222, 20:180] *= 0.4
    for x in range(28, 170, 7):
        image[206:216, x : x + 5] = 0.9
    return to_image(image)


def clock_face(bank: NoiseBank) -> Image:
    """Return a clock face, 128 pixels: hours, hands, rim."""
    row, column = np.mgrid[:128, :128] - 64
    reach, angle = np.hypot(row, column), np.arctan2(row, column)
    image = 0.93 + 0.01 * bank.take("mottle", 128, 128)
    image[(reach > 44) & (reach < 56) & (np.abs(np.sin(6 * angle)) < 0.25)] = 0.1
    image[(reach < 34) & (np.abs(angle - 0.6) < 0.1)] = 0.1
    image[(reach < 46) & (np.abs(angle + 1.9) < 0.06)] = 0.1
    image[reach > 58] = 0.2
    return to_image(image)
