"""Machines on floors: washing machine, vacuum cleaner, fan."""

import numpy as np

from ..brush import Brush, Paint
from ..palette import Palette, pick
from . import faces
from .shapes import BLACK, STEEL, UP, WHITE, arc, between, curve, disc, egg, lathe, limb, patches, pipe, plain, printed


def washing_machine(brush: Brush, palette: Palette) -> None:
    """Draw a washing machine: round door with clothes behind it, drawer, knob, display."""
    body, rng = brush.part("washing-machine"), brush.rng
    half, high, deep = 0.3, between(rng, 0.82, 0.88), 0.28
    shell = plain(palette, pick(rng, (WHITE, WHITE, (0.8, 0.81, 0.83), (0.35, 0.37, 0.4))), "metal")
    chrome, dark = plain(palette, (0.8, 0.81, 0.84), "metal"), plain(palette, (0.15, 0.15, 0.17))
    body.box((-half, 0.03, -deep), (half, high, deep), shell)
    body.box((-half + 0.02, 0, -deep + 0.02), (half - 0.02, 0.03, deep - 0.02), dark)
    y, radius = 0.45 * high, between(rng, 0.18, 0.21)
    lathe(
        body,
        (0, y, deep),
        [(radius, 0), (radius, 0.025), (0.9 * radius, 0.045), (0.72 * radius, 0.03)],
        chrome,
        sides=28,
    )
    disc(
        body, (0, y, deep + 0.028), 0.76 * radius, printed(palette, faces.laundry(palette.bank, rng), "glass"), sides=28
    )
    body.soft((0.88 * radius, y - 0.05, deep + 0.02), (1.04 * radius, y + 0.05, deep + 0.06), dark, 0.5)
    panel = high - 0.13
    body.box((-half, panel - 0.004, deep), (half, panel + 0.004, deep + 0.002), dark)
    body.box((-half + 0.02, panel + 0.02, deep), (-0.09, high - 0.015, deep + 0.012), plain(palette, (0.88, 0.89, 0.9)))
    body.box((-half + 0.07, panel + 0.025, deep + 0.012), (-0.14, panel + 0.04, deep + 0.016), dark)
    lathe(body, (0.0, panel + 0.065, deep), [(0.045, 0), (0.038, 0.03), (0, 0.03)], chrome, sides=18)
    body.box((-0.004, panel + 0.065, deep + 0.03), (0.004, panel + 0.1, deep + 0.033), dark)
    time = f"{rng.integers(0, 3)}:{rng.integers(0, 6)}{rng.integers(0, 10)}"
    screen = printed(palette, faces.display(time, (1.0, 0.35, 0.1)))
    body.panel((0.08, panel + 0.04, deep + 0.002), (0.19, panel + 0.1), screen)
    for x in (0.22, 0.25, 0.28):
        lathe(body, (x, panel + 0.065, deep), [(0.011, 0), (0.01, 0.008), (0, 0.008)], chrome, sides=10)


def vacuum_cleaner(brush: Brush, palette: Palette) -> None:
    """Draw a canister on wheels with its hose and wand, or an upright cleaner with a bag."""
    body = brush.part("vacuum-cleaner")
    paint = palette.bright("plastic")
    (_canister if body.rng.random() < 0.6 else _upright)(body, palette, paint)


def _floor_head(body: Brush, palette: Palette, x: float, z: float) -> None:
    """Draw the nozzle that lies on the floor."""
    body.soft((x - 0.17, 0, z - 0.05), (x + 0.17, 0.05, z + 0.06), plain(palette, (0.15, 0.15, 0.17)), 0.3)
    body.box((x - 0.15, 0.004, z + 0.055), (x + 0.15, 0.016, z + 0.066), plain(palette, (0.75, 0.1, 0.1)))


def _canister(body: Brush, palette: Palette, paint: Paint) -> None:
    dark, chrome = plain(palette, (0.14, 0.14, 0.15)), plain(palette, STEEL, "metal")
    side, tall = float(body.rng.choice([-1.0, 1.0])), between(body.rng, 0.72, 0.82)
    egg(body, (-side * 0.2, 0.15, -0.08), (0.16, 0.13, 0.22), paint, (side, 0.15, 0.3), 16)
    egg(body, (-side * 0.2, 0.13, -0.08), (0.165, 0.06, 0.23), dark, (side, 0.15, 0.3), 16)
    for z in (-0.23, 0.08):
        lathe(body, (-side * 0.28, 0.08, z - 0.02), [(0, 0), (0.08, 0), (0.08, 0.04), (0.03, 0.045), (0, 0.045)], dark)
        lathe(body, (-side * 0.28, 0.08, z + 0.025), [(0.035, 0), (0.03, 0.006), (0, 0.006)], paint)
    pipe(body, arc((-side * 0.22, 0.24, -0.08), (0.09, 0.07), (15, 165)), 0.013, dark)
    foot, grip = np.array([side * 0.28, 0.05, 0.12]), np.array([side * 0.12, tall, -0.1])
    _floor_head(body, palette, float(foot[0]), float(foot[2]))
    limb(body, foot, grip, (0.018, 0.018), chrome)
    top = grip + np.array([-side * 0.06, 0.08, -0.05])
    limb(body, grip, top, (0.022, 0.02), dark)
    ends = [
        (-side * 0.02, 0.17, -0.05),
        (side * 0.14, 0.2, -0.02),
        (side * 0.05, 0.5, -0.16),
        (-side * 0.12, tall, -0.2),
    ]
    way = curve([*ends, top], 60)
    ribs = 0.023 + 0.004 * (np.arange(60) % 2)
    pipe(body, way, ribs.tolist(), plain(palette, (0.3, 0.3, 0.32)), 8)


def _upright(body: Brush, palette: Palette, paint: Paint) -> None:
    dark, chrome = plain(palette, (0.14, 0.14, 0.15)), plain(palette, STEEL, "metal")
    _floor_head(body, palette, 0, 0.2)
    body.soft((-0.15, 0, 0.0), (0.15, 0.12, 0.22), paint, 0.4)
    for x in (-0.16, 0.16):
        lathe(body, (x - 0.015, 0.05, 0.02), [(0.05, 0), (0.05, 0.03), (0, 0.03)], dark, (1, 0, 0))
    bag = (0.14, between(body.rng, 0.09, 0.11))
    limb(body, (0, 0.18, 0.06), (0, 0.66, -0.1), bag, palette.cloth("fabric", 0.3), 14, (1.0, 0.7))
    limb(body, (0, 0.16, 0.06), (0, 0.28, 0.0), (0.14, 0.14), paint, 14, (1.0, 0.75))
    limb(body, (0, 0.7, -0.13), (0, 1.0, -0.22), (0.014, 0.014), chrome)
    pipe(body, arc((0, 1.05, -0.235), (0.05, 0.08), (-90, 270), (0, 0.3, 1)), 0.014, dark)
    way = curve([(0.11, 0.12, 0.06), (0.23, 0.35, 0.0), (0.2, 0.65, -0.08), (0.07, 0.74, -0.1)], 40)
    pipe(body, way, (0.019 + 0.003 * (np.arange(40) % 2)).tolist(), plain(palette, (0.3, 0.3, 0.32)))


def fan(brush: Brush, palette: Palette) -> None:
    """Draw a desk fan: blades in a wire cage, motor, stem, base with buttons."""
    body, rng = brush.part("fan"), brush.rng
    radius = between(rng, 0.17, 0.21)
    y, paint = (
        radius + between(rng, 0.16, 0.24),
        plain(palette, pick(rng, (WHITE, (0.2, 0.2, 0.22), (0.3, 0.6, 0.6), (0.8, 0.2, 0.15)))),
    )
    wire = plain(palette, (0.6, 0.62, 0.66), "metal")
    lathe(body, (0, 0, 0), [(0.15, 0), (0.145, 0.025), (0.05, 0.045), (0.025, 0.06), (0.022, y - 0.05)], paint, UP, 20)
    for x in (-0.045, 0.0, 0.045):
        body.soft(
            (x - 0.015, 0.02, 0.09), (x + 0.015, 0.045, 0.12), plain(palette, BLACK if x else (0.8, 0.1, 0.1)), 0.5
        )
    limb(body, (0, y, -0.1), (0, y, 0.0), (0.05, 0.055), paint, 14)
    blades = plain(palette, pick(rng, ((0.2, 0.45, 0.75), (0.25, 0.6, 0.65), (0.55, 0.56, 0.6), (0.15, 0.15, 0.17))))
    _blades(body.at(0, y, 0.045), blades, 0.86 * radius, int(rng.integers(3, 6)), between(rng, 0, 120))
    lathe(body, (0, y, 0.03), [(0.2 * radius, 0), (0.2 * radius, 0.03), (0, 0.04)], blades)
    _cage(body.at(0, y, 0.05), wire, radius)
    lathe(body, (0, y, 0.095), [(0.2 * radius, 0), (0.19 * radius, 0.008), (0, 0.01)], paint)


def _blades(body: Brush, paint: Paint, radius: float, count: int, turn: float) -> None:
    """Draw `count` twisted blades around the z axis."""
    way, swing = np.linspace(0.15, 1, 6)[:, None], np.linspace(-1, 1, 5)[None]
    wide = np.radians(150 / count) * np.sin(np.pi * (0.25 + 0.6 * way) ** 0.8)
    for blade in range(count):
        angle = np.radians(turn + 360 * blade / count) + 0.8 * wide * swing + 0.3 * way
        points = np.stack([way * np.cos(angle), way * np.sin(angle), 0.12 * swing + 0 * way], axis=-1)
        patches(body, radius * points, paint)


def _cage(body: Brush, wire: Paint, radius: float) -> None:
    """Draw rings and spokes, bulging to the front and less to the back."""
    for share, z in ((1.0, 0.0), (0.7, 0.034), (0.42, 0.045)):
        pipe(
            body,
            arc((0, 0, z), (share * radius, share * radius), (0, 360), count=25),
            0.006 if share == 1 else 0.003,
            wire,
            5,
        )
    for turn in np.arange(0, 360, 15):
        x, y = radius * np.cos(np.radians(turn)), radius * np.sin(np.radians(turn))
        shares, bulge = np.array([0.2, 0.42, 0.7, 1.0]), np.array([0.047, 0.045, 0.034, 0.0])
        pipe(body, np.stack([shares * x, shares * y, bulge], axis=1), 0.002, wire, 4)
        pipe(body, np.stack([shares * x, shares * y, -1.6 * bulge], axis=1), 0.002, wire, 4)
