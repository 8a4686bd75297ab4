"""Small things on tables: telephone, alarm clock, radio, music box, hair dryer."""

import numpy as np

from ..brush import Brush
from ..palette import Palette, pick
from . import faces
from .shapes import (
    BLACK,
    STEEL,
    UP,
    WHITE,
    arc,
    between,
    curve,
    disc,
    egg,
    lathe,
    limb,
    patches,
    pipe,
    plain,
    printed,
    prism,
    steel,
    tilted,
)

_PHONES = ((0.75, 0.08, 0.08), (0.08, 0.08, 0.09), (0.92, 0.88, 0.75), (0.15, 0.4, 0.3), (0.2, 0.35, 0.65))
_LININGS = ((0.75, 0.12, 0.2), (0.35, 0.15, 0.5), (0.95, 0.6, 0.7), (0.1, 0.25, 0.5))


def telephone(brush: Brush, palette: Palette) -> None:
    """Draw a desk telephone with a dial or keys, and its handset across the top."""
    body, rng = brush.part("telephone"), brush.rng
    paint = plain(palette, pick(rng, _PHONES))
    half = between(rng, 0.09, 0.11)
    prism(body, [(-0.1, 0), (0.1, 0), (0.1, 0.03), (-0.02, 0.1), (-0.1, 0.1)], -half, half, paint, "x")
    normal = np.array([0.0, 0.12, 0.07])
    middle = np.array([0.0, 0.065, 0.04]) + 0.004 * normal / np.linalg.norm(normal, axis=-1)
    if rng.random() < 0.6:
        dial = printed(palette, faces.rotary_dial(paint.colour))
        lathe(body, middle - 0.01 * normal, [(0.066, 0), (0.066, 0.01)], paint, tuple(normal), 20)
        disc(body, middle + 0.06 * normal, 0.064, dial, tuple(normal))
    else:
        ink = BLACK if sum(paint.colour) < 1.5 else WHITE
        keys = printed(palette, faces.keypad(paint.colour, WHITE if ink == BLACK else BLACK, ink))
        low, high = (0.038, 0.09), (0.09, -0.002)
        tilted(body, [(-0.055, *low), (0.055, *low), (0.055, *high), (-0.055, *high)], keys)
    _handset(body, palette)


def _handset(body: Brush, palette: Palette) -> None:
    """Draw the handset above the body, and the coiled cord down its left side."""
    paint = plain(palette, (0.1, 0.1, 0.11))
    z = -0.06
    for x in (-0.05, 0.05):
        limb(body, (x, 0.1, z), (x, 0.125, z), (0.014, 0.014), paint)
    grip = curve([(-0.12, 0.13, z), (-0.08, 0.155, z), (0, 0.165, z), (0.08, 0.155, z), (0.12, 0.13, z)], 13)
    pipe(body, grip, 0.018, paint)
    for x in (-0.115, 0.115):
        cup = [(0, 0), (0.026, 0.002), (0.034, 0.03), (0.034, 0.045), (0, 0.045)]
        lathe(body, (x, 0.15, z), cup, paint, (0.25 * np.sign(x), -1, 0))
    turn = np.linspace(0, 18 * np.pi, 110)
    way = curve([(-0.13, 0.11, z), (-0.17, 0.02, z + 0.02), (-0.16, 0.012, 0.04), (-0.1, 0.015, 0.06)], 110)
    coil = 0.009 * np.stack([np.cos(turn), np.sin(turn), np.cos(turn)], axis=1)
    pipe(body, way + coil + [0, 0.004, 0], 0.003, paint, 4)


def alarm_clock(brush: Brush, palette: Palette) -> None:
    """Draw a round clock on two legs, with two bells, a hammer and a handle."""
    body, rng = brush.part("alarm-clock"), brush.rng
    paint = palette.bright("metal")
    metal = plain(palette, (0.95, 0.8, 0.45) if rng.random() < 0.5 else STEEL, "metal")
    radius, deep = between(rng, 0.055, 0.068), 0.026
    y = radius + 0.022
    profile = [
        (0, -deep),
        (0.9 * radius, -deep),
        (radius, -0.6 * deep),
        (radius, deep),
        (0.88 * radius, 1.2 * deep),
        (0.86 * radius, deep),
    ]
    lathe(body, (0, y, 0), profile, paint, sides=24)
    disc(body, (0, y, 1.02 * deep), 0.87 * radius, printed(palette, faces.clock_dial(rng, False)), sides=24)
    for side in (-1, 1):
        limb(body, (side * 0.6 * radius, 0.3 * y, 0), (side * 0.85 * radius, 0.006, 0.005), (0.009, 0.006), metal)
        out = (side * 0.6, 1.0, 0.0)
        place = np.array([side * 0.5 * radius, y + 0.92 * radius, 0])
        limb(body, place - 0.02 * np.array(out), place + 0.01 * np.array(out), (0.005, 0.005), metal)
        bell = [(0.62 * radius, 0), (0.6 * radius, 0.012), (0.42 * radius, 0.026), (0, 0.033)]
        lathe(body, place, bell, metal, out, 18)
    top = y + radius
    limb(body, (0, top, 0), (0, top + 0.03, 0), (0.004, 0.008), plain(palette, BLACK, "metal"))
    pipe(body, arc((0, top + 0.005, 0), (0.85 * radius, 0.06), (12, 168)), 0.0045, metal)


def radio(brush: Brush, palette: Palette) -> None:
    """Draw a portable radio: loudspeaker grille, tuning scale, knobs, handle, antenna."""
    body, rng = brush.part("radio"), brush.rng
    half, high, deep = between(rng, 0.13, 0.18), between(rng, 0.16, 0.21), 0.045
    paint = palette.bright("plastic") if rng.random() < 0.6 else palette.wood()
    body.soft((-half, 0, -deep), (half, high, deep), paint, 0.22)
    front = deep + 0.001
    side = 0.42 * high
    x = -half + 0.02 + side
    cover = printed(palette, faces.grille((0.75, 0.72, 0.65), rng), "fabric")
    body.panel((x - side, 0.5 * high - side, front), (x + side, 0.5 * high + side), cover)
    left, right = x + side + 0.015, half - 0.02
    body.panel((left, 0.52 * high, front), (right, 0.9 * high), printed(palette, faces.radio_scale(rng), "glass"))
    knob = steel(palette) if rng.random() < 0.5 else plain(palette, BLACK)
    for place in np.linspace(left + 0.022, right - 0.022, 2):
        lathe(body, (place, 0.25 * high, deep), [(0.024, 0), (0.02, 0.018), (0, 0.018)], knob, sides=14)
        mark = body.at(place, 0.25 * high, deep)
        mark.box((-0.002, 0, 0.018), (0.002, 0.017, 0.02), plain(palette, WHITE))
    rod = plain(palette, (0.6, 0.62, 0.66), "metal")
    lean = between(rng, 0.08, 0.2)
    limb(body, (half - 0.03, high - 0.01, -0.02), (half - 0.03 - lean, high + 0.24, -0.02), (0.006, 0.0045), rod, 6)
    egg(body, (half - 0.03 - lean, high + 0.24, -0.02), (0.007, 0.007, 0.007), rod)
    pipe(body, arc((0, high - 0.01, 0), (0.75 * half, 0.05), (0, 180)), 0.007, plain(palette, BLACK))


def music_box(brush: Brush, palette: Palette) -> None:
    """Draw an open box with a mirror in its lid, a dancer on its top and a crank."""
    body, rng = brush.part("music-box"), brush.rng
    half, deep, high = between(rng, 0.09, 0.12), between(rng, 0.065, 0.085), between(rng, 0.06, 0.08)
    paint = palette.bright("wood") if rng.random() < 0.5 else palette.wood()
    lining = plain(palette, pick(rng, _LININGS), "fabric")
    gold = plain(palette, (0.95, 0.78, 0.35), "metal")
    body.box((-half, 0, -deep), (half, high, deep), paint)
    body.box((-half - 0.006, 0, -deep - 0.006), (half + 0.006, 0.012, deep + 0.006), gold)
    body.sheet((-half + 0.01, -deep + 0.01), (half - 0.01, deep - 0.01), high + 0.001, lining)
    _lid(body, palette, half, high, deep)
    lathe(body, (0, high, 0), [(0.05, 0), (0.05, 0.008), (0, 0.008)], gold, UP)
    _dancer(body.at(y=high + 0.008), palette)
    y = 0.5 * high
    crank = [(half, y, 0), (half + 0.02, y, 0), (half + 0.022, y + 0.03, 0), (half + 0.04, y + 0.03, 0)]
    pipe(body, crank, 0.004, gold)
    egg(body, (half + 0.04, y + 0.03, 0), (0.009, 0.009, 0.009), plain(palette, BLACK))


def _lid(body: Brush, palette: Palette, half: float, high: float, deep: float) -> None:
    """Draw the lid, raised and leaning back a little, with a mirror inside."""
    rise, back = 2 * deep * 0.97, -deep - 0.035
    low = [(-half, high, -deep), (half, high, -deep)]
    top = [(half, high + rise, back), (-half, high + rise, back)]
    corners = np.array([*low, *top], float)
    middle = corners.mean(axis=0)
    behind = corners + np.array([0, -0.004, -0.014])
    frame = palette.wood()
    patches(body, np.stack([[*corners, corners[0]], [*behind, behind[0]]]), frame)
    tilted(body, behind, frame)
    tilted(body, corners, frame)
    mirror = plain(palette, (0.75, 0.86, 0.95), "glass")
    tilted(body, middle + 0.86 * (corners - middle) + np.array([0, 0, 0.002]), mirror)


def _dancer(body: Brush, palette: Palette) -> None:
    """Draw a dancer on one toe, arms raised in a circle."""
    skin, dress = plain(palette, pick(body.rng, faces.SKINS)), plain(palette, (0.98, 0.75, 0.83), "fabric")
    limb(body, (0, 0, 0), (0, 0.055, 0), (0.004, 0.007), skin, 8)
    limb(body, (0, 0.05, 0), (0.035, 0.025, 0.01), (0.007, 0.004), skin, 8)
    lathe(body, (0, 0.052, 0), [(0.04, 0), (0.038, 0.006), (0.01, 0.018), (0.011, 0.036), (0, 0.042)], dress, UP)
    pipe(body, arc((0, 0.108, 0), (0.026, 0.03), (-60, 240)), 0.0045, skin, 6)
    egg(body, (0, 0.107, 0), (0.012, 0.012, 0.014), skin)
    egg(body, (0, 0.115, -0.003), (0.012, 0.012, 0.01), plain(palette, pick(body.rng, faces.HAIRS)))
    egg(body, (0, 0.127, -0.004), (0.006, 0.006, 0.006), plain(palette, (0.3, 0.18, 0.1)))


def hair_dryer(brush: Brush, palette: Palette) -> None:
    """Draw a hair dryer that stands on its handle: barrel, nozzle, rear grille, switch, cord."""
    body, rng = brush.part("hair-dryer"), brush.rng
    body = body.at(turn=between(rng, -40, 40))
    paint, dark = palette.bright("plastic"), plain(palette, (0.12, 0.12, 0.13))
    side = float(rng.choice([-1.0, 1.0]))
    y, start = 0.19, (-side * 0.075, 0.19, 0.0)
    barrel = [(0.036, 0), (0.046, 0.02), (0.048, 0.07), (0.038, 0.12), (0.031, 0.15)]
    lathe(body, start, barrel, paint, (side, 0, 0))
    lathe(body, start, [(0.031, 0.145), (0.036, 0.165), (0.036, 0.2), (0.028, 0.2), (0, 0.17)], dark, (side, 0, 0))
    lathe(body, start, [(0.0, -0.006), (0.03, -0.004), (0.037, 0.006)], dark, (side, 0, 0))
    for radius in (0.014, 0.026):
        ring = arc((start[0] - side * 0.007, y, 0), (radius, radius), (0, 360), (side, 0, 0))
        pipe(body, ring, 0.002, steel(palette), 4)
    limb(body, (0, 0.022, 0), (side * -0.02, 0.17, 0), (0.019, 0.024), paint)
    body.box((-0.008 + side * 0.012, 0.08, -0.01), (0.008 + side * 0.012, 0.12, 0.01), dark)
    lathe(body, (0, 0, 0), [(0.06, 0), (0.058, 0.01), (0.022, 0.02), (0.022, 0.03)], dark, UP, 20)
    x = -side * 0.06
    cord = curve([(0, 0.012, -0.02), (x, 0.006, -0.03), (-side * 0.1, 0.006, 0.02), (x, 0.006, 0.06)], 20)
    pipe(body, cord, 0.004, dark, 5)
