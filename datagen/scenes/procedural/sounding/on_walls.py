"""Things on walls: clock, door bell, smoke alarm. They are centred at the origin, with the wall at z = 0."""

import numpy as np

from ..brush import Brush, Paint
from ..palette import Palette, pick
from . import faces
from .shapes import (
    BLACK,
    FRONT,
    STEEL,
    WHITE,
    arc,
    between,
    disc,
    egg,
    lathe,
    limb,
    pipe,
    plain,
    printed,
    prism,
    rounded,
)


def wall_clock(brush: Brush, palette: Palette) -> None:
    """Draw a round, eight-sided or square clock with hands."""
    body, rng = brush.part("wall-clock"), brush.rng
    radius, rim = between(rng, 0.13, 0.17), between(rng, 0.014, 0.026)
    paint = palette.bright("plastic") if rng.random() < 0.5 else palette.wood()
    inside = radius - rim
    if rng.random() < 0.65:
        profile = [(radius, 0), (radius, 0.035), (inside, 0.04), (inside, 0.02)]
        lathe(body, (0, 0, 0), profile, paint, sides=28)
    elif rng.random() < 0.5:
        lathe(body, (0, 0, 0), [(1.15 * radius, 0), (1.12 * radius, 0.02), (0, 0.021)], paint, sides=8)
    else:
        body.box((-radius, -radius, 0), (radius, radius, 0.019), paint)
    disc(body, (0, 0, 0.022), inside, printed(palette, faces.clock_dial(rng)), sides=28)


def door_bell(brush: Brush, palette: Palette) -> None:
    """Draw a wall plate with a lit button, below the sign of a bell or two gongs with a hammer."""
    body, rng = brush.part("door-bell"), brush.rng
    wide, high = between(rng, 0.06, 0.075), between(rng, 0.1, 0.13)
    gongs = rng.random() < 0.35
    plate = palette.wood() if gongs else plain(palette, pick(rng, (WHITE, (0.9, 0.87, 0.8), (0.2, 0.21, 0.23))))
    prism(body, rounded(wide, high, 0.02), 0.0, 0.02, plate)
    prism(body, rounded(0.93 * wide, high - 0.07 * wide, 0.018), 0.02, 0.025, plate)
    middle = high - 0.95 * wide
    if gongs:
        _gongs(body.at(y=middle, z=0.025), palette, 0.5 * wide)
    else:
        dark = sum(plate.colour) < 1
        ground = 0.92 * np.array(plate.colour)
        sign = printed(palette, faces.bell_sign(ground, WHITE if dark else BLACK))
        half = 0.78 * wide
        body.panel((-half, middle - half, 0.0265), (half, middle + half), sign)
    brass = plain(palette, (0.9, 0.75, 0.4), "metal")
    glow = plain(palette, (1.0, 0.55, 0.15) if rng.random() < 0.5 else (0.35, 0.75, 1.0))
    button = (0, -0.55 * high, 0.02)
    lathe(body, button, [(0.036, 0), (0.036, 0.012), (0.028, 0.014)], brass, sides=18)
    lathe(body, button, [(0.028, 0.008), (0.026, 0.02), (0.014, 0.023), (0, 0.023)], glow, sides=18)


def _gongs(body: Brush, palette: Palette, radius: float) -> None:
    """Draw two gongs side by side with a hammer between them."""
    brass, steel = plain(palette, (0.95, 0.78, 0.35), "metal"), plain(palette, STEEL, "metal")
    profile = [(radius, 0.004), (0.92 * radius, 0.014), (0.5 * radius, 0.024), (0, 0.026)]
    for x in (-0.85, 0.85):
        lathe(body, (x * radius, 0, 0), profile, brass, sides=18)
        limb(body, (x * radius, 0, 0.024), (x * radius, 0, 0.028), (0.15 * radius, 0.15 * radius), steel, 8)
    limb(body, (0, -1.2 * radius, 0.012), (0, 0.75 * radius, 0.02), (0.003, 0.003), steel, 6)
    egg(body, (0, 0.8 * radius, 0.02), (0.009, 0.009, 0.009), plain(palette, BLACK))


def smoke_alarm(brush: Brush, palette: Palette) -> None:
    """Draw a pale disc with slots around it, a test button and a red light."""
    body, rng = brush.part("smoke-alarm"), brush.rng
    radius, deep = between(rng, 0.075, 0.1), between(rng, 0.04, 0.055)
    shell = plain(palette, WHITE if rng.random() < 0.7 else (0.93, 0.9, 0.8))
    dark = plain(palette, (0.22, 0.22, 0.23))
    lathe(body, (0, 0, 0), [(radius, 0), (radius, 0.4 * deep), (0.93 * radius, 0.5 * deep)], shell, sides=28)
    lathe(body, (0, 0, 0), [(0.9 * radius, 0.45 * deep), (0.9 * radius, 0.75 * deep)], dark, sides=28)
    dome = [(0.93 * radius, 0.72 * deep), (0.85 * radius, 0.9 * deep), (0.5 * radius, deep), (0, deep)]
    lathe(body, (0, 0, 0), dome, shell, sides=28)
    _slots(body.at(z=0.93 * deep), dark, radius, int(rng.integers(10, 17)), rng.random() < 0.5)
    wide, x = between(rng, 0.24, 0.34) * radius, float(rng.choice([0.0, 0.2])) * radius
    grey = plain(palette, (0.72, 0.74, 0.77))
    lathe(body, (x, 0, deep), [(wide, -0.01), (wide, 0.004), (0.8 * wide, 0.006), (0, 0.006)], grey)
    angle = between(rng, 80, 280)
    light = (0.46 * radius * np.cos(np.radians(angle)), 0.46 * radius * np.sin(np.radians(angle)), deep)
    egg(body, light, (0.009, 0.009, 0.006), plain(palette, (1.0, 0.06, 0.04)), FRONT)


def _slots(body: Brush, dark: Paint, radius: float, count: int, radial: bool) -> None:
    """Draw `count` slots on a ring, along it or across it."""
    step = 360 / count
    for start in step * np.arange(count):
        if radial:
            out = np.array([np.cos(np.radians(start)), np.sin(np.radians(start)), 0])
            pipe(body, [0.62 * radius * out, 0.84 * radius * out], 0.004, dark, 4)
        else:
            pipe(
                body,
                arc((0, 0, 0), (0.72 * radius, 0.72 * radius), (start, start + 0.6 * step), count=4),
                0.004,
                dark,
                4,
            )
