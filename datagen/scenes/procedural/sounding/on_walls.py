"""Things on walls: clock, door bell, smoke alarm. They are centred at the origin, with the wall at z = 0."""

from ..brush import Brush
from ..palette import LACQUERS, Palette, pick
from . import faces
from .shapes import BLACK, WHITE, arc, between, disc, lathe, limb, pipe, plain, printed


def wall_clock(brush: Brush, palette: Palette) -> None:
    """Draw a round or square clock with hands."""
    body, rng = brush.part("wall-clock"), brush.rng
    radius, rim = between(rng, 0.13, 0.18), between(rng, 0.014, 0.026)
    paint = palette.bright("plastic") if rng.random() < 0.5 else palette.wood()
    if rng.random() < 0.7:
        lathe(
            body, (0, 0, 0), [(radius, 0), (radius, 0.035), (radius - rim, 0.04), (radius - rim, 0.02)], paint, sides=28
        )
    else:
        body.box((-radius, -radius, 0), (radius, radius, 0.019), paint)
    disc(body, (0, 0, 0.022), radius - rim, printed(palette, faces.clock_dial(rng)), sides=28)


def door_bell(brush: Brush, palette: Palette) -> None:
    """Draw a wall plate with the sign of a bell and a lit button, or two gongs with a hammer."""
    body, rng = brush.part("door-bell"), brush.rng
    plate = plain(palette, pick(rng, LACQUERS[:2]))
    wide, high = between(rng, 0.06, 0.075), between(rng, 0.1, 0.13)
    body.soft((-wide, -high, 0), (wide, high, 0.025), plate, 0.25)
    sign = printed(palette, faces.bell_sign(plate.colour, BLACK))
    body.panel((-0.8 * wide, high - 1.75 * wide, 0.0265), (0.8 * wide, high - 0.15 * wide), sign)
    button = (0, -0.5 * high, 0.02)
    lathe(body, button, [(0.036, 0), (0.036, 0.012), (0.028, 0.014)], palette.metal((0.9, 0.75, 0.4)), sides=18)
    glow = plain(palette, (1.0, 0.55, 0.15) if rng.random() < 0.5 else (0.35, 0.75, 1.0))
    lathe(body, button, [(0.028, 0.008), (0.026, 0.02), (0.014, 0.023), (0, 0.023)], glow, sides=18)


def smoke_alarm(brush: Brush, palette: Palette) -> None:
    """Draw a white disc with a ring of slots, a test button and a red light."""
    body, rng = brush.part("smoke-alarm"), brush.rng
    radius, deep = between(rng, 0.075, 0.1), between(rng, 0.04, 0.055)
    white, dark = plain(palette, WHITE), plain(palette, (0.25, 0.25, 0.26))
    lathe(body, (0, 0, 0), [(radius, 0), (radius, 0.4 * deep), (0.93 * radius, 0.5 * deep)], white, sides=28)
    lathe(body, (0, 0, 0), [(0.9 * radius, 0.5 * deep), (0.9 * radius, 0.75 * deep)], dark, sides=28)
    dome = [(0.93 * radius, 0.72 * deep), (0.85 * radius, 0.9 * deep), (0.5 * radius, deep), (0, deep)]
    lathe(body, (0, 0, 0), dome, white, sides=28)
    for start in range(0, 360, 30):
        points = arc((0, 0, 0.88 * deep), (0.72 * radius, 0.72 * radius), (start, start + 18), count=4)
        pipe(body, points, 0.004, dark, 4)
    button = (0, -0.05 * radius, deep)
    lathe(body, button, [(0.3 * radius, -0.01), (0.3 * radius, 0.004), (0, 0.006)], plain(palette, (0.8, 0.81, 0.82)))
    limb(body, (0.32 * radius, 0.38 * radius, deep), (0.32 * radius, 0.38 * radius, deep + 0.002), (0.007, 0.006),
         plain(palette, (1.0, 0.08, 0.05)))  # fmt: skip
