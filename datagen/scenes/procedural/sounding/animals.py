"""Pets: dog, cat."""

import numpy as np

from ..brush import Brush, Colour, Paint
from ..palette import Palette
from . import faces
from .shapes import BLACK, between, curve, egg, lathe, limb, pipe, plain

_DOGS: tuple[tuple[Colour, Colour], ...] = (
    ((0.62, 0.42, 0.24), (0.95, 0.92, 0.86)),
    ((0.85, 0.65, 0.38), (0.95, 0.9, 0.8)),
    ((0.16, 0.14, 0.13), (0.6, 0.4, 0.2)),
    ((0.95, 0.93, 0.9), (0.3, 0.2, 0.13)),
    ((0.4, 0.26, 0.16), (0.2, 0.13, 0.09)),
    ((0.95, 0.94, 0.92), (0.12, 0.12, 0.12)),
)
_CATS: tuple[tuple[Colour, Colour], ...] = (
    ((0.9, 0.58, 0.26), (0.72, 0.38, 0.12)),
    ((0.6, 0.58, 0.55), (0.25, 0.24, 0.23)),
    ((0.12, 0.12, 0.13), (0.2, 0.2, 0.2)),
    ((0.96, 0.95, 0.93), (0.85, 0.55, 0.3)),
    ((0.55, 0.45, 0.34), (0.25, 0.19, 0.14)),
    ((0.62, 0.65, 0.7), (0.5, 0.53, 0.58)),
)


def _coat(palette: Palette, colours: tuple[Colour, Colour], style: str) -> Paint:
    """Return fur with its own texture, repeated every 0.5 m."""
    image = faces.patched(palette.bank, palette.rng, colours, style)
    return Paint(palette.add(image), 0.5, "fabric")


def dog(brush: Brush, palette: Palette) -> None:
    """Draw a standing dog, turned to a side, its head towards the front."""
    body, rng = brush.part("dog"), brush.rng
    colours = _DOGS[int(rng.integers(len(_DOGS)))]
    fur = _coat(palette, colours, "patches" if rng.random() < 0.5 else "plain")
    size, side = between(rng, 0.85, 1.15), float(rng.choice([-1.0, 1.0]))
    body = body.at(turn=side * between(rng, 30, 65))
    paw = plain(palette, colours[1], "fabric")
    chest, hip = np.array([0, 0.4, 0.16]) * size, np.array([0, 0.41, -0.24]) * size
    limb(body, hip, chest, (0.095 * size, 0.125 * size), fur, 14, (0.85, 1.0))
    for x in (-0.07, 0.07):
        for z, lean in ((0.2, 0.0), (-0.27, -0.05)):
            knee = np.array([x, 0.2, z + 0.6 * lean]) * size
            limb(body, np.array([x, 0.38, z]) * size, knee, (0.06 * size, 0.04 * size), fur)
            limb(body, knee, np.array([x, 0.045, z + lean + 0.02]) * size, (0.036 * size, 0.032 * size), fur)
            egg(
                body,
                np.array([x, 0.032, z + lean + 0.05]) * size,
                (0.042 * size, 0.032 * size, 0.06 * size),
                paw,
                (0, 0, 1),
            )
    tail = curve(
        [
            hip + np.array([0, 0.05, -0.08]) * size,
            hip + np.array([0, 0.2, -0.2]) * size,
            hip + np.array([0.03, 0.32, -0.18]) * size,
        ],
        10,
    )
    pipe(body, tail, np.linspace(0.032, 0.012, 10) * size, fur)
    collar = plain(palette, (0.8, 0.1, 0.1), "leather")
    neck = np.array([0, 0.6, 0.28]) * size
    limb(body, chest + np.array([0, 0.02, 0]), neck, (0.1 * size, 0.075 * size), fur, 12)
    lathe(
        body,
        (chest + 0.55 * (neck - chest)),
        [(0.098 * size, -0.015), (0.096 * size, 0.02)],
        collar,
        tuple(neck - chest),
        14,
    )
    x, y, z = (neck + np.array([0, 0.05, 0.05]) * size).tolist()
    _dog_head(body.at(x, y, z, -side * between(rng, 15, 35)), palette, fur, colours, size)


def _dog_head(body: Brush, palette: Palette, fur: Paint, colours: tuple[Colour, Colour], size: float) -> None:
    """Draw a dog's head that looks along z: long muzzle, nose, tongue, ears."""
    muzzle, black = plain(palette, colours[1], "fabric"), plain(palette, BLACK)
    egg(body, (0, 0, 0), (0.1 * size, 0.095 * size, 0.11 * size), fur, (0, 0, 1), 14)
    limb(
        body, (0, -0.025 * size, 0.06 * size), (0, -0.04 * size, 0.17 * size), (0.058 * size, 0.045 * size), muzzle, 12
    )
    egg(body, (0, -0.015 * size, 0.215 * size), (0.026 * size, 0.02 * size, 0.018 * size), black, (0, 0, 1))
    egg(
        body,
        (0, -0.085 * size, 0.15 * size),
        (0.026 * size, 0.03 * size, 0.04 * size),
        plain(palette, (0.9, 0.4, 0.45)),
        (0, 0, 1),
    )
    for x in (-1, 1):
        egg(
            body,
            (x * 0.045 * size, 0.035 * size, 0.088 * size),
            (0.016 * size, 0.018 * size, 0.014 * size),
            black,
            (0, 0, 1),
        )
        egg(
            body,
            (x * 0.042 * size, 0.042 * size, 0.101 * size),
            (0.005 * size, 0.005 * size, 0.003 * size),
            plain(palette, (1, 1, 1)),
            (0, 0, 1),
        )
    ear = plain(palette, tuple(0.6 * np.array(colours[0])), "fabric")
    if body.rng.random() < 0.6:
        for x in (-1, 1):
            egg(
                body,
                (x * 0.105 * size, -0.02 * size, -0.01),
                (0.022 * size, 0.05 * size, 0.1 * size),
                ear,
                (x * 0.25, -1, 0),
            )
    else:
        for x in (-1, 1):
            root = (x * 0.06 * size, 0.05 * size, -0.01)
            lathe(
                body,
                root,
                [(0.045 * size, 0), (0.035 * size, 0.05 * size), (0, 0.12 * size)],
                ear,
                (x * 0.3, 1, 0),
                10,
                (1, 0.5),
            )


def cat(brush: Brush, palette: Palette) -> None:
    """Draw a sitting cat: pointed ears, whiskers, tail around its side."""
    body, rng = brush.part("cat"), brush.rng
    colours = _CATS[int(rng.integers(len(_CATS)))]
    fur = _coat(palette, colours, str(rng.choice(["stripes", "stripes", "plain", "patches"])))
    size, side = between(rng, 0.9, 1.1), float(rng.choice([-1.0, 1.0]))
    body = body.at(turn=side * between(rng, 10, 45))
    limb(
        body, np.array([0, 0.11, -0.06]) * size, np.array([0, 0.25, 0.02]) * size, (0.105 * size, 0.065 * size), fur, 14
    )
    white = plain(palette, (0.97, 0.96, 0.94) if rng.random() < 0.5 else colours[0], "fabric")
    egg(body, np.array([0, 0.21, 0.05]) * size, (0.05 * size, 0.035 * size, 0.08 * size), white)
    for x in (-1, 1):
        egg(body, np.array([x * 0.08, 0.075, -0.02]) * size, (0.05 * size, 0.075 * size, 0.1 * size), fur, (0, 0, 1))
        egg(body, np.array([x * 0.09, 0.022, 0.06]) * size, (0.03 * size, 0.022 * size, 0.05 * size), white, (0, 0, 1))
        limb(
            body,
            np.array([x * 0.035, 0.2, 0.06]) * size,
            np.array([x * 0.035, 0.03, 0.085]) * size,
            (0.033 * size, 0.023 * size),
            fur,
        )
        egg(body, np.array([x * 0.035, 0.02, 0.1]) * size, (0.027 * size, 0.02 * size, 0.035 * size), white, (0, 0, 1))
    tail = curve(
        [(0, 0.05, -0.16), (side * 0.16, 0.03, -0.14), (side * 0.2, 0.025, 0.02), (side * 0.13, 0.025, 0.13)], 16
    )
    pipe(body, tail * size, np.linspace(0.026, 0.016, 16) * size, fur)
    _cat_head(body.at(0, 0.345 * size, 0.05 * size, -side * between(rng, 0, 25)), palette, fur, white, size)


def _cat_head(body: Brush, palette: Palette, fur: Paint, white: Paint, size: float) -> None:
    """Draw a cat's head that looks along z: eyes with slits, pink nose, whiskers, ears."""
    egg(body, (0, 0, 0), (0.082 * size, 0.07 * size, 0.07 * size), fur, (0, 0, 1), 14)
    pink, black = plain(palette, (0.95, 0.6, 0.6)), plain(palette, BLACK)
    iris = plain(palette, (0.6, 0.85, 0.25) if body.rng.random() < 0.6 else (0.95, 0.75, 0.2))
    egg(body, (0, -0.022 * size, 0.058 * size), (0.036 * size, 0.026 * size, 0.026 * size), white, (0, 0, 1))
    egg(body, (0, -0.008 * size, 0.083 * size), (0.01 * size, 0.007 * size, 0.006 * size), pink, (0, 0, 1))
    whisker = plain(palette, (0.98, 0.98, 0.98))
    for x in (-1, 1):
        egg(
            body,
            (x * 0.034 * size, 0.018 * size, 0.056 * size),
            (0.018 * size, 0.016 * size, 0.012 * size),
            iris,
            (0, 0, 1),
        )
        egg(
            body,
            (x * 0.034 * size, 0.018 * size, 0.065 * size),
            (0.005 * size, 0.014 * size, 0.006 * size),
            black,
            (0, 0, 1),
        )
        lathe(
            body,
            (x * 0.05 * size, 0.045 * size, 0.0),
            [(0.036 * size, 0), (0, 0.075 * size)],
            fur,
            (x * 0.35, 1, 0),
            8,
            (1, 0.5),
        )
        lathe(
            body,
            (x * 0.051 * size, 0.045 * size, 0.01 * size),
            [(0.022 * size, 0), (0, 0.055 * size)],
            pink,
            (x * 0.35, 1, 0),
            8,
            (1, 0.5),
        )
        for rise in (-0.012, 0.0, 0.012):
            pipe(
                body, np.array([(x * 0.03, -0.02, 0.07), (x * 0.11, -0.02 + 2 * rise, 0.06)]) * size, 0.0018, whisker, 4
            )
