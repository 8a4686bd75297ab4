"""People: a standing person, a baby in a cot."""

import numpy as np

from ..brush import Brush, Colour, Paint
from ..palette import Palette, pick
from . import faces
from .shapes import BLACK, UP, between, egg, lathe, limb, plain


def _face(body: Brush, palette: Palette, skin: Colour, size: float, mouth: float) -> None:
    """Draw a head that looks along z, of radius `size`; `mouth` is how far it is open."""
    flesh, black = plain(palette, skin), plain(palette, BLACK)
    lip = plain(palette, (0.6 * skin[0], 0.3 * skin[1], 0.3 * skin[2]))
    egg(body, (0, 0, 0), (0.86 * size, 0.9 * size, 1.1 * size), flesh, UP, 16)
    egg(body, (0, -0.05 * size, 0.9 * size), (0.13 * size, 0.13 * size, 0.2 * size), flesh)
    egg(body, (0, -0.48 * size, 0.76 * size), (0.27 * size, 0.1 * size, mouth * size), lip)
    for x in (-1, 1):
        egg(
            body,
            (x * 0.33 * size, 0.18 * size, 0.78 * size),
            (0.16 * size, 0.08 * size, 0.12 * size),
            plain(palette, (0.97, 0.97, 0.97)),
        )
        egg(body, (x * 0.33 * size, 0.18 * size, 0.82 * size), (0.08 * size, 0.08 * size, 0.09 * size), black)
        egg(body, (x * 0.86 * size, 0, 0), (0.1 * size, 0.14 * size, 0.22 * size), flesh)


def person(brush: Brush, palette: Palette) -> None:
    """Draw a standing person who speaks: hair, shirt, trousers or skirt, shoes, one hand often raised."""
    body, rng = brush.part("person"), brush.rng
    skin, hair = pick(rng, faces.SKINS), plain(palette, pick(rng, faces.HAIRS), "fabric")
    height = between(rng, 1.3, 1.48)
    unit = height / 1.7
    shirt, lower = palette.cloth("fabric", 0.35), palette.cloth("fabric", 0.1)
    flesh = plain(palette, skin)
    skirt = rng.random() < 0.35
    hip, waist, chest = 0.84 * unit, 0.98 * unit, 1.3 * unit
    for x in (-0.09, 0.09):
        leg = flesh if skirt else lower
        limb(body, (x * unit, hip, 0), (1.1 * x * unit, 0.46 * unit, 0.01), (0.095 * unit, 0.065 * unit), leg)
        limb(
            body,
            (1.1 * x * unit, 0.46 * unit, 0.01),
            (1.15 * x * unit, 0.08 * unit, 0),
            (0.062 * unit, 0.045 * unit),
            leg,
        )
        shoe = plain(palette, (0.16, 0.13, 0.12), "leather")
        egg(
            body,
            (1.2 * x * unit, 0.045 * unit, 0.05 * unit),
            (0.055 * unit, 0.045 * unit, 0.13 * unit),
            shoe,
            (0, 0, 1),
        )
    if skirt:
        lathe(
            body,
            (0, 0.5 * unit, 0),
            [(0.25 * unit, 0), (0.2 * unit, 0.25 * unit), (0.14 * unit, 0.5 * unit)],
            lower,
            UP,
            16,
            (1, 0.75),
        )
    limb(body, (0, hip, 0), (0, waist, 0), (0.165 * unit, 0.15 * unit), lower, 14, (1, 0.65))
    limb(body, (0, waist, 0), (0, chest, 0), (0.15 * unit, 0.185 * unit), shirt, 14, (1, 0.62))
    _arms(body, shirt, flesh, unit)
    limb(body, (0, 1.36 * unit, 0), (0, 1.5 * unit, 0.01), (0.06 * unit, 0.055 * unit), flesh)
    head = body.at(0, 1.57 * unit, 0.02 * unit, between(rng, -25, 25))
    _face(head, palette, skin, 0.115 * unit, between(rng, 0.08, 0.2))
    _hair(head, hair, 0.115 * unit)


def _arms(body: Brush, shirt: Paint, flesh: Paint, unit: float) -> None:
    """Draw both arms: hanging, on the hip, or raised as in talking."""
    rng = body.rng
    poses = {
        "down": ((0.27, 1.08, 0.02), (0.28, 0.83, 0.07)),
        "hip": ((0.38, 1.1, -0.03), (0.2, 0.95, 0.08)),
        "up": ((0.3, 1.1, 0.08), (0.33, 1.3, 0.24)),
    }
    for side in (-1, 1):
        mirror = np.array([side, 1, 1]) * unit
        elbow, hand = (mirror * np.array(point) for point in poses[str(rng.choice(list(poses)))])
        shoulder = mirror * np.array([0.19, 1.35, 0])
        limb(body, shoulder, elbow, (0.062 * unit, 0.05 * unit), shirt)
        limb(body, elbow, hand, (0.046 * unit, 0.034 * unit), shirt if rng.random() < 0.5 else flesh)
        egg(
            body,
            hand + 0.05 * unit * (hand - elbow) / np.linalg.norm(hand - elbow),
            (0.045 * unit, 0.03 * unit, 0.06 * unit),
            flesh,
            tuple(hand - elbow),
        )


def _hair(head: Brush, hair: Paint, size: float) -> None:
    """Draw short or long hair, or a bun."""
    style = int(head.rng.integers(3))
    egg(head, (0, 0.3 * size, -0.2 * size), (0.98 * size, 0.95 * size, 0.95 * size), hair, UP, 16)
    egg(head, (0, 0.88 * size, 0.35 * size), (0.75 * size, 0.55 * size, 0.3 * size), hair)
    if style == 1:
        limb(
            head,
            (0, 0.2 * size, -0.4 * size),
            (0, -1.4 * size, -0.5 * size),
            (0.95 * size, 0.8 * size),
            hair,
            14,
            (1, 0.6),
        )
    if style == 2:
        egg(head, (0, 1.2 * size, -0.4 * size), (0.5 * size, 0.5 * size, 0.45 * size), hair)


def baby(brush: Brush, palette: Palette) -> None:
    """Draw a baby that sits in a cot with bars and cries."""
    body, rng = brush.part("baby"), brush.rng
    half, deep, bed = 0.42, 0.24, 0.24
    frame = palette.any_wood()
    _cot(body, frame, half, deep, bed)
    body.soft((-half + 0.02, bed, -deep + 0.02), (half - 0.02, bed + 0.09, deep - 0.02), palette.cloth("bed", 1.0), 0.3)
    body.soft(
        (-half + 0.04, bed + 0.07, -0.15),
        (-half + 0.22, bed + 0.15, 0.15),
        plain(palette, (0.97, 0.97, 0.98), "bed"),
        0.6,
    )
    skin = pick(rng, faces.SKINS)
    flesh, suit = plain(palette, skin), palette.bright("fabric")
    child = body.at(between(rng, -0.06, 0.1), bed + 0.08, 0.0, between(rng, -25, 25))
    egg(child, (0, 0.13, 0), (0.11, 0.09, 0.14), suit, UP, 14)
    for side in (-1, 1):
        limb(child, (side * 0.06, 0.05, 0.04), (side * 0.12, 0.045, 0.15), (0.05, 0.035), suit)
        egg(child, (side * 0.125, 0.05, 0.18), (0.03, 0.035, 0.035), flesh)
        hand = (side * 0.2, 0.28, 0.1)
        limb(child, (side * 0.08, 0.21, 0.0), hand, (0.04, 0.028), suit)
        egg(child, (hand[0] * 1.05, hand[1] + 0.03, hand[2]), (0.03, 0.03, 0.034), flesh)
    head = child.at(0, 0.35, 0.02)
    _face(head, palette, skin, 0.105, 0.3)
    egg(head, (0, 0.05, -0.015), (0.094, 0.094, 0.09), plain(palette, pick(rng, faces.HAIRS), "fabric"))


def _cot(body: Brush, frame: Paint, half: float, deep: float, bed: float) -> None:
    """Draw the cot: posts, base, rails with bars; the front rail is lowered."""
    low, back = bed + 0.17, bed + 0.42
    for x in (-half, half):
        for z, top in ((-deep, back), (deep, low)):
            body.box((x - 0.02, 0, z - 0.02), (x + 0.02, top, z + 0.02), frame)
        body.box((x - 0.015, low, -deep), (x + 0.015, low + 0.03, deep), frame)
        for z in np.linspace(-deep, deep, 6)[1:-1]:
            body.box((x - 0.007, bed, z - 0.007), (x + 0.007, low, z + 0.007), frame)
    body.box((-half, bed - 0.04, -deep), (half, bed, deep), frame)
    for z, top in ((-deep, back), (deep, low)):
        body.box((-half, top, z - 0.016), (half, top + 0.035, z + 0.016), frame)
        bars = np.linspace(-half, half, 11)[1:-1]
        base = np.stack([bars - 0.008, np.full(9, bed - 0.03), np.full(9, z - 0.008)], axis=1)
        body.boxes(base, base + np.array([0.016, top - bed + 0.03, 0.016]), frame)
