"""People: a standing person, a baby in a cot."""

import numpy as np

from ..brush import Brush, Colour, Paint
from ..palette import Palette, pick
from . import faces
from .shapes import BLACK, FRONT, UP, WHITE, between, egg, lathe, limb, plain, scaled

_SHIRTS: tuple[Colour, ...] = (
    (0.85, 0.15, 0.15), (0.15, 0.35, 0.75), (0.98, 0.8, 0.2), (0.2, 0.6, 0.35), (0.95, 0.95, 0.95), (0.5, 0.25, 0.6),
    (0.15, 0.65, 0.7), (0.98, 0.5, 0.65),
)  # fmt: skip
_TROUSERS: tuple[Colour, ...] = (
    (0.2, 0.3, 0.5), (0.15, 0.16, 0.2), (0.4, 0.5, 0.68), (0.3, 0.32, 0.22), (0.45, 0.2, 0.25), (0.55, 0.55, 0.57),
)  # fmt: skip
_POSES = (
    ((0.27, 1.08, 0.02), (0.28, 0.83, 0.07)),
    ((0.38, 1.1, -0.03), (0.2, 0.95, 0.08)),
    ((0.3, 1.1, 0.08), (0.33, 1.32, 0.24)),
    ((0.27, 1.1, 0.04), (0.1, 1.05, 0.24)),
)
"""Elbow and hand of an arm that hangs, rests on the hip, is raised, or points ahead."""


def _head(body: Brush, palette: Palette, skin: Colour, mouth: float) -> None:
    """Draw a head of radius 1 that looks along z; `mouth` is how far it is open."""
    flesh, black, white = plain(palette, skin), plain(palette, BLACK), plain(palette, WHITE)
    egg(body, (0, 0, 0), (0.86, 0.9, 1.1), flesh, UP, 16)
    egg(body, (0, -0.05, 0.9), (0.13, 0.13, 0.2), flesh)
    egg(body, (0, -0.48, 0.76), (0.27, 0.1, mouth), plain(palette, (0.6 * skin[0], 0.3 * skin[1], 0.3 * skin[2])))
    for x in (-1, 1):
        egg(body, (x * 0.33, 0.18, 0.78), (0.17, 0.08, 0.13), white)
        egg(body, (x * 0.33, 0.18, 0.82), (0.08, 0.08, 0.09), black)
        limb(body, (x * 0.2, 0.4, 0.84), (x * 0.48, 0.4, 0.72), (0.04, 0.04), black, 6)
        egg(body, (x * 0.86, 0, 0), (0.1, 0.14, 0.22), flesh)


def person(brush: Brush, palette: Palette) -> None:
    """Draw a standing young person who speaks: shirt, trousers or skirt, shoes, hands that often move.

    No head is above the camera of the pictures, which never looks up.
    """
    rng = brush.rng
    body = scaled(brush.part("person"), between(rng, 0.75, 0.86))
    skin = pick(rng, faces.SKINS)
    shirt, lower = (plain(palette, pick(rng, colours), "fabric") for colours in (_SHIRTS, _TROUSERS))
    if rng.random() < 0.25:
        shirt = palette.cloth("fabric", 1.0)
    skirt = rng.random() < 0.35
    _legs(body, palette, plain(palette, skin) if skirt else lower)
    if skirt:
        lathe(body, (0, 0.5, 0), [(0.26, 0), (0.21, 0.25), (0.14, 0.5)], lower, UP, 16, (1, 0.75))
    stout = between(rng, 0.95, 1.15)
    limb(body, (0, 0.84, 0), (0, 0.98, 0), (0.165 * stout, 0.15 * stout), lower, 14, (1, 0.65))
    limb(body, (0, 0.98, 0), (0, 1.3, 0), (0.155 * stout, 0.185), shirt, 14, (1, 0.62))
    _arms(body, shirt, plain(palette, skin))
    limb(body, (0, 1.36, 0), (0, 1.5, 0.01), (0.06, 0.055), plain(palette, skin))
    head = scaled(body.at(0, 1.57, 0.02, between(rng, -25, 25)), 0.13)
    _head(head, palette, skin, between(rng, 0.08, 0.2))
    _hair(head, plain(palette, pick(rng, faces.HAIRS), "fabric"))


def _legs(body: Brush, palette: Palette, paint: Paint) -> None:
    """Draw both legs with shoes."""
    shoe = plain(palette, pick(body.rng, ((0.16, 0.13, 0.12), (0.9, 0.9, 0.9), (0.6, 0.15, 0.15))), "leather")
    for x in (-0.09, 0.09):
        limb(body, (x, 0.84, 0), (1.1 * x, 0.46, 0.01), (0.095, 0.065), paint)
        limb(body, (1.1 * x, 0.46, 0.01), (1.15 * x, 0.08, 0), (0.062, 0.045), paint)
        egg(body, (1.2 * x, 0.045, 0.05), (0.055, 0.045, 0.13), shoe, FRONT)


def _arms(body: Brush, shirt: Paint, flesh: Paint) -> None:
    """Draw both arms, each in its own pose, with short or long sleeves."""
    sleeve = shirt if body.rng.random() < 0.5 else flesh
    for side in (-1, 1):
        elbow, hand = (np.array([side, 1, 1]) * point for point in _POSES[int(body.rng.integers(len(_POSES)))])
        limb(body, (side * 0.19, 1.35, 0), elbow, (0.062, 0.05), shirt)
        limb(body, elbow, hand, (0.046, 0.034), sleeve)
        palm = hand + 0.05 * (hand - elbow) / np.linalg.norm(hand - elbow, axis=-1)
        egg(body, palm, (0.045, 0.03, 0.06), flesh, hand - elbow)


def _hair(head: Brush, hair: Paint) -> None:
    """Draw hair on a head of radius 1: short, long, or a bun."""
    style = int(head.rng.integers(3))
    egg(head, (0, 0.3, -0.2), (0.98, 0.95, 0.95), hair, UP, 16)
    egg(head, (0, 0.88, 0.35), (0.75, 0.55, 0.3), hair)
    if style == 1:
        limb(head, (0, 0.2, -0.4), (0, -1.4, -0.5), (0.95, 0.8), hair, 14, (1, 0.6))
    if style == 2:
        egg(head, (0, 1.2, -0.4), (0.5, 0.5, 0.45), hair)


def baby(brush: Brush, palette: Palette) -> None:
    """Draw a baby that sits in a cot with bars and cries."""
    body, rng = brush.part("baby"), brush.rng
    half, deep, bed = between(rng, 0.38, 0.44), 0.24, between(rng, 0.2, 0.28)
    _cot(body, palette.any_wood(), half, deep, bed)
    body.soft((0.02 - half, bed, 0.02 - deep), (half - 0.02, bed + 0.09, deep - 0.02), palette.cloth("bed", 1.0), 0.3)
    pillow = plain(palette, WHITE, "bed")
    body.soft((0.04 - half, bed + 0.07, -0.15), (0.22 - half, bed + 0.15, 0.15), pillow, 0.6)
    skin, suit = pick(rng, faces.SKINS), plain(palette, pick(rng, _SHIRTS), "fabric")
    child = body.at(between(rng, -0.06, 0.1), bed + 0.08, 0.0, between(rng, -25, 25))
    _infant(child, suit, plain(palette, skin))
    head = scaled(child.at(0, 0.35, 0.02), 0.11)
    _head(head, palette, skin, 0.3)
    egg(head, (0, 0.5, -0.15), (0.9, 0.9, 0.85), plain(palette, pick(rng, faces.HAIRS[:-1]), "fabric"))


def _infant(child: Brush, suit: Paint, flesh: Paint) -> None:
    """Draw a baby's body, legs ahead, both arms up."""
    egg(child, (0, 0.13, 0), (0.11, 0.09, 0.14), suit, UP, 14)
    for side in (-1, 1):
        limb(child, (side * 0.06, 0.05, 0.04), (side * 0.12, 0.045, 0.15), (0.05, 0.035), suit)
        egg(child, (side * 0.125, 0.05, 0.18), (0.03, 0.035, 0.035), flesh)
        lift = between(child.rng, 0.2, 0.32)
        limb(child, (side * 0.08, 0.21, 0.0), (side * 0.2, lift, 0.1), (0.04, 0.028), suit)
        egg(child, (side * 0.21, lift + 0.03, 0.1), (0.03, 0.03, 0.034), flesh)


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
