"""Pets: dog, cat."""

import numpy as np

from ..brush import Brush, Colour, Paint
from ..palette import Palette
from . import faces
from .shapes import BLACK, FRONT, WHITE, between, curve, egg, lathe, limb, pipe, plain, scaled

_DOGS: tuple[tuple[Colour, Colour], ...] = (
    ((0.62, 0.42, 0.24), (0.95, 0.92, 0.86)),
    ((0.85, 0.65, 0.38), (0.95, 0.9, 0.8)),
    ((0.16, 0.14, 0.13), (0.6, 0.4, 0.2)),
    ((0.93, 0.9, 0.86), (0.6, 0.4, 0.25)),
    ((0.4, 0.26, 0.16), (0.7, 0.55, 0.4)),
    ((0.2, 0.19, 0.19), (0.92, 0.91, 0.9)),
)
"""Colours of coat and of muzzle, paws and patches."""
_CATS: tuple[tuple[Colour, Colour], ...] = (
    ((0.9, 0.58, 0.26), (0.72, 0.38, 0.12)),
    ((0.6, 0.58, 0.55), (0.25, 0.24, 0.23)),
    ((0.12, 0.12, 0.13), (0.2, 0.2, 0.2)),
    ((0.96, 0.95, 0.93), (0.85, 0.55, 0.3)),
    ((0.55, 0.45, 0.34), (0.25, 0.19, 0.14)),
    ((0.62, 0.65, 0.7), (0.5, 0.53, 0.58)),
)
"""Colours of coat and of its stripes or patches."""


def _coat(palette: Palette, colours: tuple[Colour, Colour], style: str, metres: float) -> Paint:
    """Return fur with its own texture, repeated every `metres`."""
    return Paint(palette.add(faces.fur(palette.bank, colours, style)), metres, "fabric")


def dog(brush: Brush, palette: Palette) -> None:
    """Draw a standing dog, turned to a side, its head towards the front."""
    rng = brush.rng
    colours = _DOGS[int(rng.integers(len(_DOGS)))]
    coat = _coat(palette, colours, "patches" if rng.random() < 0.4 else "plain", 1.3)
    side = float(rng.choice([-1.0, 1.0]))
    body = scaled(brush.part("dog"), between(rng, 0.9, 1.15)).at(turn=side * between(rng, 30, 65)).at(z=-0.07)
    chest, hip, neck = np.array([0, 0.37, 0.16]), np.array([0, 0.38, -0.22]), np.array([0, 0.56, 0.27])
    limb(body, hip, chest, (0.11, 0.14), coat, 14, (0.85, 1.0))
    limb(body, chest + np.array([0, 0.03, 0]), neck, (0.11, 0.085), coat, 12)
    _dog_legs(body, coat, plain(palette, colours[1], "fabric"), between(rng, 0.9, 1.2))
    tail = curve([hip + np.array([0, 0.06, -0.09]), (0, 0.57, -0.41), (0.03, between(rng, 0.55, 0.74), -0.42)], 10)
    pipe(body, tail, np.linspace(0.036, 0.014, 10), coat)
    collar = plain(palette, (0.8, 0.1, 0.1) if sum(colours[0]) < 2 else (0.1, 0.25, 0.7), "leather")
    lathe(body, chest + 0.65 * (neck - chest), [(0.108, -0.015), (0.104, 0.02)], collar, neck - chest, 14)
    _dog_head(scaled(body.at(0, 0.62, 0.33, -side * between(rng, 15, 35)), 1.15), palette, coat, colours)


def _dog_legs(body: Brush, coat: Paint, paw: Paint, stout: float) -> None:
    """Draw four legs with paws."""
    for x in (-0.075, 0.075):
        for z, lean in ((0.2, 0.0), (-0.25, -0.05)):
            knee = (x, 0.19, z + 0.6 * lean)
            limb(body, (x, 0.35, z), knee, (0.068, 0.044 * stout), coat)
            limb(body, knee, (x, 0.045, z + lean + 0.02), (0.042 * stout, 0.036 * stout), coat)
            egg(body, (x, 0.034, z + lean + 0.05), (0.046, 0.034, 0.065), paw, FRONT)


def _dog_head(body: Brush, palette: Palette, coat: Paint, colours: tuple[Colour, Colour]) -> None:
    """Draw a dog's head that looks along z: long muzzle, nose, tongue, eyes, hanging or pointed ears."""
    muzzle, black = plain(palette, colours[1], "fabric"), plain(palette, BLACK)
    egg(body, (0, 0, 0), (0.1, 0.095, 0.11), coat, FRONT, 14)
    limb(body, (0, -0.025, 0.06), (0, -0.04, 0.165), (0.06, 0.047), muzzle, 12)
    egg(body, (0, -0.015, 0.212), (0.026, 0.02, 0.018), black, FRONT)
    egg(body, (0, -0.09, 0.15), (0.026, 0.035, 0.04), plain(palette, (0.9, 0.4, 0.45)), FRONT)
    shade = 0.6 if sum(colours[0]) > 0.8 else 1.6
    ear = plain(palette, (shade * colours[0][0], shade * colours[0][1], shade * colours[0][2]), "fabric")
    hanging = body.rng.random() < 0.65
    for x in (-1, 1):
        egg(body, (x * 0.045, 0.035, 0.09), (0.018, 0.02, 0.014), black, FRONT)
        egg(body, (x * 0.042, 0.043, 0.103), (0.006, 0.006, 0.003), plain(palette, WHITE), FRONT)
        if hanging:
            egg(body, (x * 0.105, -0.02, -0.01), (0.022, 0.055, 0.105), ear, (x * 0.25, -1, 0))
        else:
            lathe(
                body,
                (x * 0.06, 0.05, -0.01),
                [(0.045, 0), (0.035, 0.05), (0, 0.12)],
                ear,
                (x * 0.3, 1, 0),
                10,
                (1, 0.5),
            )


def cat(brush: Brush, palette: Palette) -> None:
    """Draw a sitting cat: pointed ears, whiskers, tail around its side."""
    rng = brush.rng
    colours = _CATS[int(rng.integers(len(_CATS)))]
    coat = _coat(palette, colours, str(rng.choice(["stripes", "stripes", "plain", "patches"])), 0.5)
    white = plain(palette, WHITE if rng.random() < 0.5 else colours[0], "fabric")
    side = float(rng.choice([-1.0, 1.0]))
    body = scaled(brush.part("cat"), between(rng, 0.9, 1.1)).at(turn=side * between(rng, 10, 45))
    limb(body, (0, 0.125, -0.06), (0, 0.25, 0.02), (0.105 * between(rng, 0.9, 1.15), 0.065), coat, 14)
    egg(body, (0, 0.21, 0.05), (0.05, 0.035, 0.08), white)
    for x in (-1, 1):
        egg(body, (x * 0.08, 0.075, -0.02), (0.05, 0.075, 0.1), coat, FRONT)
        egg(body, (x * 0.09, 0.022, 0.06), (0.03, 0.022, 0.05), white, FRONT)
        limb(body, (x * 0.035, 0.2, 0.06), (x * 0.035, 0.03, 0.085), (0.033, 0.023), coat)
        egg(body, (x * 0.035, 0.02, 0.1), (0.027, 0.02, 0.035), white, FRONT)
    tail = curve([(0, 0.05, -0.16), (side * 0.16, 0.03, -0.14), (side * 0.2, 0.028, 0.02), (side * 0.13, 0.028, 0.13)])
    pipe(body, tail, np.linspace(0.026, 0.016, len(tail)), coat)
    _cat_head(body.at(0, 0.345, 0.05, -side * between(rng, 0, 25)), palette, coat, white)


def _cat_head(body: Brush, palette: Palette, coat: Paint, white: Paint) -> None:
    """Draw a cat's head that looks along z: eyes with slits, pink nose, whiskers, ears."""
    egg(body, (0, 0, 0), (0.082, 0.07, 0.07), coat, FRONT, 14)
    pink, black = plain(palette, (0.95, 0.6, 0.6)), plain(palette, BLACK)
    iris = plain(palette, (0.6, 0.85, 0.25) if body.rng.random() < 0.6 else (0.95, 0.75, 0.2))
    egg(body, (0, -0.022, 0.058), (0.036, 0.026, 0.026), white, FRONT)
    egg(body, (0, -0.008, 0.083), (0.01, 0.007, 0.006), pink, FRONT)
    for x in (-1, 1):
        egg(body, (x * 0.034, 0.018, 0.056), (0.018, 0.016, 0.012), iris, FRONT)
        egg(body, (x * 0.034, 0.018, 0.065), (0.005, 0.014, 0.006), black, FRONT)
        lathe(body, (x * 0.05, 0.045, 0), [(0.036, 0), (0, 0.075)], coat, (x * 0.35, 1, 0), 8, (1, 0.5))
        lathe(body, (x * 0.051, 0.045, 0.01), [(0.022, 0), (0, 0.055)], pink, (x * 0.35, 1, 0), 8, (1, 0.5))
        for rise in (-0.012, 0.0, 0.012):
            whisker = [(x * 0.03, -0.02, 0.07), (x * 0.11, -0.02 + 2 * rise, 0.06)]
            pipe(body, whisker, 0.0018, plain(palette, WHITE), 4)
