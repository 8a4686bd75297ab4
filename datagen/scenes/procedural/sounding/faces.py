"""Printed faces of objects that sound: dials, keys, grilles, screens. Each function returns uint8 (h, w, 3), sRGB."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ..noise import Field, NoiseBank
from ..pictures import random_colour
from ..surfaces import Image, Rgb, to_image

_ROWS = {
    "0": "75557", "1": "26227", "2": "71747", "3": "71717", "4": "55711", "5": "74717", "6": "74757", "7": "71111",
    "8": "75757", "9": "75717", ":": "02020", "*": "05250", "#": "57575",
}  # fmt: skip
"""The glyphs, 3 by 5, each row one octal digit."""
_INK = (0.08, 0.08, 0.1)


def sheet(colour: Rgb, height: int = 256, width: int = 256) -> Field:
    """Return a plain picture, float32 (height, width, 3)."""
    return np.full((height, width, 3), np.array(colour, np.float32), np.float32)


def plane(image: Field) -> tuple[Field, Field]:
    """Return the places (h, w) of the pixels: right from -1 to 1, up from -1 to 1."""
    height, width = image.shape[:2]
    down, right = np.mgrid[:height, :width].astype(np.float32)
    return (2 * right + 1) / width - 1, 1 - (2 * down + 1) / height


def write(image: Field, text: str, place: tuple[float, float], size: int, colour: Rgb) -> None:
    """Write digits around `place` (right, up, -1 to 1); `size` is the side of a dot, pixels."""
    glyphs = [np.array([[int(row) >> k & 1 for k in (2, 1, 0, 3)] for row in _ROWS[letter]]) for letter in text]
    dots = np.kron(np.concatenate(glyphs, axis=1)[:, :-1], np.ones((size, size))) > 0
    height, width = image.shape[:2]
    top = int((1 - place[1]) / 2 * height - dots.shape[0] / 2)
    left = int((1 + place[0]) / 2 * width - dots.shape[1] / 2)
    image[top : top + dots.shape[0], left : left + dots.shape[1]][dots] = np.array(colour, np.float32)


def bar(image: Field, angle: float, span: tuple[float, float], width: float, colour: Rgb) -> None:
    """Draw a ray from the middle: `angle` in degrees clockwise from above, `span` of radii, half `width`."""
    x, y = plane(image)
    turn = np.radians(angle)
    along, off = x * np.sin(turn) + y * np.cos(turn), x * np.cos(turn) - y * np.sin(turn)
    image[(along >= span[0]) & (along <= span[1]) & (np.abs(off) <= width)] = np.array(colour, np.float32)


def clock_dial(rng: np.random.Generator, seconds: bool = True) -> Image:
    """Return a clock's dial that fills the circle: ticks, numerals or strong hour marks, hands at a random time."""
    dark = rng.random() < 0.15
    paper, ink = (_INK, (0.95, 0.95, 0.9)) if dark else (tuple(rng.uniform([0.9, 0.88, 0.8], 1.0)), _INK)
    image = sheet(paper)
    numerals = rng.random() < 0.75
    for minute in range(60):
        bar(image, 6 * minute, (0.83 if minute % 5 == 0 else 0.9, 0.96), 0.02 if minute % 5 == 0 else 0.007, ink)
    for hour in range(1, 13):
        if numerals:
            turn = np.radians(30 * hour)
            write(image, str(hour), (0.66 * np.sin(turn), 0.66 * np.cos(turn)), 5, ink)
        else:
            bar(image, 30 * hour, (0.62, 0.94), 0.045 if hour % 3 == 0 else 0.03, ink)
    time = rng.uniform(0, 12)
    bar(image, 30 * time, (-0.12, 0.46), 0.05, ink)
    bar(image, 360 * (time % 1), (-0.14, 0.74), 0.035, ink)
    if seconds:
        bar(image, rng.uniform(0, 360), (-0.2, 0.82), 0.015, (0.85, 0.1, 0.08))
    x, y = plane(image)
    image[np.hypot(x, y) < 0.07] = ink
    return to_image(image)


def rotary_dial(body: Rgb) -> Image:
    """Return a telephone's dial: ten finger holes with digits around a label."""
    image = sheet((0.93, 0.92, 0.88))
    x, y = plane(image)
    reach = np.hypot(x, y)
    image[reach < 0.94] = 0.75 * np.array(body, np.float32) + 0.1
    for digit in range(10):
        turn = np.radians(60 - 30 * digit)
        place = (0.68 * np.cos(turn), 0.68 * np.sin(turn))
        image[np.hypot(x - place[0], y - place[1]) < 0.17] = 0.96
        write(image, str((digit + 1) % 10), place, 5, _INK)
    image[reach < 0.36] = np.array((0.96, 0.95, 0.9), np.float32)
    image[(np.abs(y) < 0.05) & (np.abs(x) < 0.2)] = 0.3
    return to_image(image)


def keypad(ground: Rgb, key: Rgb, ink: Rgb, letters: str = "123456789*0#") -> Image:
    """Return four rows of three keys with digits."""
    image = sheet(ground, 256, 192)
    for number, letter in enumerate(letters):
        row, column = divmod(number, 3)
        image[64 * row + 8 : 64 * row + 56, 64 * column + 7 : 64 * column + 57] = np.array(key, np.float32)
        write(image, letter, ((column - 1) / 1.5, (1.5 - row) / 2), 7, ink)
    return to_image(image)


def display(text: str, colour: Rgb, ground: Rgb = (0.03, 0.04, 0.05)) -> Image:
    """Return glowing digits on a dark ground, 64 by 160 pixels."""
    image = sheet(ground, 64, 160)
    write(image, text, (0.0, 0.0), 8, colour)
    return to_image(image)


def grille(colour: Rgb, rng: np.random.Generator) -> Image:
    """Return a loudspeaker's cover: dots, bars or cloth, with a ring that shows the cone behind."""
    image = sheet(colour)
    x, y = plane(image)
    style = int(rng.integers(3))
    if style == 0:
        holes = np.hypot((x * 14) % 1 - 0.5, (y * 14) % 1 - 0.5) < 0.33
    elif style == 1:
        holes = (y * 11) % 1 < 0.5
    else:
        holes = ((x * 22) % 1 < 0.4) | ((y * 22) % 1 < 0.4)
    image[holes & (np.maximum(np.abs(x), np.abs(y)) < 0.94)] *= 0.25
    ring = np.abs(np.hypot(x, y) - 0.8) < 0.03
    image[ring] = 0.7 * image[ring] + 0.25
    return to_image(image)


def radio_scale(rng: np.random.Generator) -> Image:
    """Return a radio's tuning scale: lines, digits, and a red needle; 96 by 256 pixels."""
    image = sheet((0.98, 0.9, 0.66) if rng.random() < 0.6 else (0.1, 0.13, 0.16), 96, 256)
    ink = _INK if image.mean() > 0.5 else (0.9, 0.9, 0.8)
    for row in (30, 62):
        image[row : row + 3, 12:244] = ink
        image[row - 9 : row, 16:244:19] = image[row - 9 : row, 17:244:19] = ink
    for number, text in enumerate(("88", "92", "96", "100", "104")):
        write(image, text, (-0.8 + 0.4 * number, -0.75), 3, ink)
    needle = int(rng.integers(30, 226))
    image[6:90, needle : needle + 5] = (0.9, 0.1, 0.05)
    return to_image(image)


def newsreader(rng: np.random.Generator) -> Image:
    """Return a television picture: a speaker in a studio, with a caption bar; 192 by 320 pixels."""
    image = sheet(0.75 * random_colour(rng, 0.6), 192, 320)
    x, y = plane(image)
    x = np.asarray(x * 320 / 192, np.float32)
    left = rng.uniform(-0.6, 0.6)
    image *= (1.1 - 0.4 * np.abs(x - left) / 2)[..., None]
    image[((x * 3) % 1 < 0.06) & (y > -0.6)] *= 0.7
    _speaker(image, x - left, y, rng)
    image[y < -0.62] = (0.75, 0.08, 0.1) if rng.random() < 0.5 else (0.08, 0.2, 0.55)
    image[(np.abs(y + 0.76) < 0.06) & (np.abs(x) < 1.3) & ((x * 9) % 1 < 0.8)] = 0.97
    return to_image(np.clip(image, 0, 1))


def _speaker(image: Field, x: Field, y: Field, rng: np.random.Generator) -> None:
    """Draw head and shoulders around x = 0."""
    skin, hair = (choices[int(rng.integers(len(choices)))] for choices in (SKINS, HAIRS))
    image[np.hypot(x / 0.62, (y + 0.75) / 0.75) < 1] = 0.5 * random_colour(rng, 0.3)
    image[(np.abs(x) < 0.12 + 0.25 * (y + 0.35)) & (y < -0.02) & (y > -0.6)] = 0.95
    image[(np.abs(x) < 0.045) & (y < -0.06) & (y > -0.6)] = random_colour(rng, 0.5)
    image[np.hypot(x / 0.31, (y - 0.36) / 0.42) < 1] = np.array(hair)
    image[np.hypot(x / 0.24, (y - 0.27) / 0.34) < 1] = np.array(skin)
    for eye in (-0.1, 0.1):
        image[np.hypot(x - eye, y - 0.32) < 0.035] = 0.1
    image[np.hypot(x / 0.09, (y - 0.08) / 0.05) < 1] = (0.6, 0.15, 0.15)


def landscape(rng: np.random.Generator) -> Image:
    """Return a television picture: sun, sky, hills, a house; 192 by 320 pixels."""
    image = sheet((0.45, 0.7, 0.95), 192, 320)
    x, y = plane(image)
    image += 0.35 * np.clip(0.6 - y, 0, 1)[..., None]
    image[np.hypot(1.67 * (x - rng.uniform(-0.7, 0.7)), y - 0.55) < 0.17] = (1.0, 0.9, 0.3)
    for low, green in ((0.1, (0.35, 0.55, 0.35)), (-0.2, (0.3, 0.6, 0.2)), (-0.55, (0.5, 0.72, 0.25))):
        image[y < low + 0.16 * np.sin(rng.uniform(2, 4) * x + rng.uniform(0, 6))] = green
    house = x - rng.uniform(-0.6, 0.6)
    image[(np.abs(house) < 0.16) & (np.abs(y + 0.3) < 0.2)] = (0.95, 0.9, 0.8)
    image[(np.abs(house) < 0.22 - 0.9 * (y + 0.1)) & (np.abs(y - 0.02) < 0.12)] = (0.75, 0.2, 0.15)
    image[(np.abs(house) < 0.04) & (np.abs(y + 0.38) < 0.12)] = (0.35, 0.2, 0.1)
    return to_image(np.clip(image, 0, 1))


def piano_keys() -> Image:
    """Return the 52 white and 36 black keys of a piano from above, 96 by 832 pixels."""
    image = sheet((0.97, 0.96, 0.92), 96, 832)
    image[:, ::16] = image[:, 1::16] = 0.35
    for key in range(1, 52):
        if (key + 4) % 7 not in (2, 6):
            image[:60, 16 * key - 5 : 16 * key + 5] = _INK
    return to_image(image)


def window_mesh(bank: NoiseBank, rng: np.random.Generator) -> Image:
    """Return a microwave's window: a lit plate of food behind a dark mesh, 160 by 256 pixels."""
    image = sheet((0.16, 0.14, 0.1), 160, 256)
    x, y = plane(image)
    image += 0.28 * np.clip(1 - np.hypot(x, y), 0, 1)[..., None] * np.array((1.0, 0.8, 0.4), np.float32)
    image[np.hypot(x / 0.65, (y + 0.45) / 0.22) < 1] = 0.55
    image[np.hypot(x / 0.4, (y + 0.28) / 0.3) < 1] = 0.6 * random_colour(rng, 0.7)
    image *= np.where(((x * 40) % 1 < 0.3) | ((y * 25) % 1 < 0.3), 0.6, 1.0)[..., None].astype(np.float32)
    image *= (1 + 0.06 * bank.take("cloud", 160, 256))[..., None]
    return to_image(image)


def laundry(bank: NoiseBank, rng: np.random.Generator) -> Image:
    """Return a washing machine's porthole: coloured clothes and water behind dark glass."""
    image = sheet((0.14, 0.16, 0.2))
    for name in ("cloud", "blotch", "blotch", "blotch"):
        image[bank.take(name, 256, 256) > rng.uniform(0.2, 0.9)] = 0.75 * random_colour(rng, 0.4)
    x, y = plane(image)
    image[np.hypot(x, y) > 0.9] = 0.08
    shine = (np.abs(np.hypot(x, y) - 0.72) < 0.06) & (x < -0.1) & (y > 0.1)
    image[shine] = 0.5 * image[shine] + 0.5
    return to_image(image)


def bell_sign(ground: Rgb, ink: Rgb) -> Image:
    """Return the sign of a bell: dome, brim, clapper, and two arcs of sound on each side."""
    image = sheet(ground)
    x, y = plane(image)
    y = y * 1.1
    dome = (np.hypot(x / 0.36, (y - 0.2) / 0.5) < 1) & (y > 0.1)
    skirt = (np.abs(x) < 0.36 + 0.16 * np.clip((0.1 - y) / 0.5, 0, 1) ** 2) & (y <= 0.1) & (y > -0.4)
    marks = dome | skirt | ((np.abs(x) < 0.6) & (np.abs(y + 0.44) < 0.06)) | (np.hypot(x, y + 0.58) < 0.14)
    reach, sideways = np.hypot(x, y), np.abs(np.degrees(np.arctan2(y, np.abs(x)))) < 32
    marks |= sideways & ((np.abs(reach - 0.7) < 0.04) | (np.abs(reach - 0.9) < 0.04))
    image[marks] = np.array(ink, np.float32)
    return to_image(image)


def fur(bank: NoiseBank, coats: Sequence[Rgb], style: str) -> Image:
    """Return fur in two colours: "plain", "patches" or "stripes"."""
    image = sheet(coats[0])
    if style == "patches":
        image[bank.take("blotch", 256, 256) > 0.6] = np.array(coats[1], np.float32)
    if style == "stripes":
        _, y = plane(image)
        image[(y * 9 + 0.25 * bank.take("blotch", 256, 256)) % 1 < 0.38] = np.array(coats[1], np.float32)
    hair: npt.NDArray[np.floating] = 1 + 0.06 * bank.take("grain", 256, 256) + 0.05 * bank.take("mottle", 256, 256)
    return to_image(image * hair[..., None])


SKINS: Sequence[tuple[float, float, float]] = (
    (0.98, 0.82, 0.72), (0.93, 0.74, 0.6), (0.8, 0.58, 0.43), (0.6, 0.41, 0.29), (0.45, 0.3, 0.22),
)  # fmt: skip
"""Colours of skin."""
HAIRS: Sequence[tuple[float, float, float]] = (
    (0.1, 0.08, 0.07), (0.25, 0.16, 0.1), (0.45, 0.28, 0.15), (0.85, 0.68, 0.38), (0.62, 0.28, 0.14), (0.6, 0.6, 0.6),
)  # fmt: skip
"""Colours of hair."""
