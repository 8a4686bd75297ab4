"""Large things of living rooms: television, piano."""

import numpy as np

from ..brush import Brush
from ..palette import Palette, pick
from . import faces
from .shapes import BLACK, STEEL, between, egg, lathe, limb, pipe, plain, printed, prism


def television(brush: Brush, palette: Palette) -> None:
    """Draw a flat television on feet, or an old one with knobs and antennas; both show a picture."""
    body, rng = brush.part("television"), brush.rng
    picture = printed(palette, (faces.newsreader if rng.random() < 0.6 else faces.landscape)(rng), "glass")
    if rng.random() < 0.65:
        half = between(rng, 0.4, 0.55)
        high, foot, dark = 1.14 * half, 0.07, plain(palette, (0.06, 0.06, 0.07))
        body.box((-half, foot, -0.03), (half, foot + high, 0.02), dark)
        body.panel((-half + 0.015, foot + 0.03, 0.0215), (half - 0.015, foot + high - 0.015), picture)
        for x in (-0.6 * half, 0.6 * half):
            pipe(body, [(x - 0.05, 0.01, 0.1), (x, foot + 0.03, -0.01), (x - 0.05, 0.01, -0.1)], 0.01, dark, 6)
        body.box((-0.02, foot + 0.008, 0.02), (0.02, foot + 0.02, 0.023), plain(palette, STEEL, "metal"))
        return
    half, high, shell = between(rng, 0.27, 0.33), between(rng, 0.38, 0.44), palette.wood()
    body.soft((-half, 0.03, -0.2), (half, high, 0.18), shell, 0.12)
    for x in (-half + 0.06, half - 0.06):
        limb(body, (x, 0.06, 0.1), (1.1 * x, 0.01, 0.13), (0.015, 0.01), plain(palette, BLACK))
    right = half - 0.13
    body.soft((-half + 0.02, 0.05, 0.16), (right, high - 0.02, 0.195), plain(palette, (0.1, 0.1, 0.1)), 0.25)
    body.panel((-half + 0.04, 0.07, 0.1965), (right - 0.02, high - 0.04), picture)
    for y in (0.8 * high, 0.62 * high):
        lathe(
            body,
            (half - 0.065, y, 0.18),
            [(0.032, 0), (0.026, 0.025), (0, 0.025)],
            plain(palette, (0.9, 0.8, 0.55), "metal"),
        )
    body.panel(
        (right + 0.02, 0.07, 0.1825), (half - 0.025, 0.45 * high), printed(palette, faces.grille((0.7, 0.62, 0.5), rng))
    )
    for x in (-0.22, 0.22):
        limb(body, (0, high, -0.05), (x, high + 0.26, -0.05), (0.006, 0.004), plain(palette, STEEL, "metal"))
    egg(body, (0, high, -0.05), (0.05, 0.05, 0.03), plain(palette, BLACK))


def piano(brush: Brush, palette: Palette) -> None:
    """Draw an upright piano: keyboard, music on its desk, legs, pedals."""
    body, rng = brush.part("piano"), brush.rng
    half, high = between(rng, 0.68, 0.75), between(rng, 1.08, 1.25)
    paint = (
        plain(palette, BLACK, "wood")
        if rng.random() < 0.4
        else palette.wood(pick(rng, ((0.42, 0.2, 0.12), (0.55, 0.33, 0.2), (0.9, 0.88, 0.82))))
    )
    back, front, shelf = -0.3, 0.05, 0.62
    body.box((-half, 0, back), (half, high, front - 0.05), paint)
    body.box((-half - 0.02, high, back - 0.0), (half + 0.02, high + 0.03, front), paint)
    for x in (-half, half - 0.06):
        body.box((x, 0, back), (x + 0.06, high, front), paint)
        body.box((x, 0, back), (x + 0.06, 0.05, 0.3), paint)
        body.box((x, shelf - 0.06, front), (x + 0.06, shelf + 0.12, 0.3), paint)
        limb(body, (x + 0.03, 0.05, 0.25), (x + 0.03, shelf - 0.05, 0.25), (0.03, 0.035), paint)
    body.box((-half, shelf - 0.08, 0), (half, shelf, 0.3), paint)
    keys = printed(palette, faces.piano_keys(), "wood")
    body.sheet((-half + 0.06, 0.1), (half - 0.06, 0.27), shelf + 0.021, keys)
    body.box((-half + 0.06, shelf, 0.1), (half - 0.06, shelf + 0.02, 0.272), plain(palette, (0.9, 0.9, 0.86)))
    prism(
        body,
        [(0.0, shelf), (0.1, shelf), (0.1, shelf + 0.03), (0.03, shelf + 0.14), (0, shelf + 0.14)],
        -half + 0.06,
        half - 0.06,
        paint,
        "x",
    )
    _music(body, palette, shelf + 0.17)
    for x in (-0.08, 0.0, 0.08):
        limb(body, (x, 0.06, 0.0), (x, 0.04, 0.12), (0.012, 0.016), plain(palette, (0.95, 0.78, 0.35), "metal"))


def _music(body: Brush, palette: Palette, y: float) -> None:
    """Draw two pages of music that stand above the keys."""
    page = faces.sheet((0.97, 0.96, 0.9), 256, 192)
    for top in range(24, 232, 40):
        for line in range(5):
            page[top + 4 * line, 14:178] = 0.25
        for x in body.rng.integers(18, 170, 12):
            note = top + int(body.rng.integers(0, 16))
            page[note : note + 5, x : x + 7] = 0.05
            page[max(note - 14, 0) : note, x + 5 : x + 7] = 0.05
    paint = printed(palette, np.asarray(page * 255).astype(np.uint8), "paper")
    body.box((-0.3, y - 0.02, 0.0), (0.3, y, 0.05), palette.wood())
    for x in (-0.2, 0.01):
        body.panel((x, y, 0.03), (x + 0.19, y + 0.26), paint)
