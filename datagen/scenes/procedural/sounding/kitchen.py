"""Things of kitchens: kettle, tap over a basin, microwave, frying pan on a hob, fridge."""

import numpy as np

from ..brush import Brush
from ..palette import Palette, pick
from . import faces
from .shapes import BLACK, STEEL, UP, WHITE, arc, between, curve, egg, lathe, limb, pipe, plain, printed


def kettle(brush: Brush, palette: Palette) -> None:
    """Draw a whistling kettle: round body, curved spout, handle over the lid."""
    body, rng = brush.part("kettle"), brush.rng
    paint = plain(palette, STEEL, "metal") if rng.random() < 0.35 else palette.bright("metal")
    dark, wide, high = plain(palette, BLACK), between(rng, 0.095, 0.115), between(rng, 0.12, 0.16)
    profile = [
        (0.85 * wide, 0),
        (wide, 0.02),
        (0.98 * wide, 0.45 * high),
        (0.72 * wide, 0.85 * high),
        (0.45 * wide, high),
    ]
    lathe(body, (0, 0, 0), profile, paint, UP, 20)
    lathe(
        body,
        (0, high, 0),
        [(0.5 * wide, -0.004), (0.46 * wide, 0.008), (0.15 * wide, 0.018), (0, 0.018)],
        plain(palette, STEEL, "metal"),
        UP,
    )
    egg(body, (0, high + 0.027, 0), (0.014, 0.014, 0.013), dark)
    side = float(rng.choice([-1.0, 1.0]))
    bends = ((0.8, 0.35), (1.3, 0.55), (1.5, 1.0), (1.75, 1.12))
    spout = curve([(side * x * wide, y * high, 0) for x, y in bends], 9)
    pipe(body, spout, np.linspace(0.03, 0.016, 9).tolist(), paint, 10)
    loop = arc((0, 0.8 * high, 0), (0.8 * wide, 0.75 * high), (8, 172), count=15)
    pipe(body, loop, 0.006, plain(palette, STEEL, "metal"), 6)
    pipe(body, loop[3:12], 0.013, dark)


def tap(brush: Brush, palette: Palette) -> None:
    """Draw a basin with a curved tap, two handles, and running water."""
    body, rng = brush.part("tap"), brush.rng
    wide, deep, high = between(rng, 0.2, 0.25), between(rng, 0.16, 0.19), between(rng, 0.1, 0.13)
    white, chrome = (
        palette.ceramic(),
        plain(palette, pick(rng, ((0.62, 0.65, 0.7), (0.55, 0.57, 0.62), (0.75, 0.6, 0.3))), "metal"),
    )
    inside = plain(palette, (0.78, 0.82, 0.85), "ceramic")
    squash = (1.0, deep / wide)
    outer = [(0.55 * wide, 0), (0.85 * wide, 0.5 * high), (wide, high), (0.92 * wide, high + 0.006)]
    lathe(body, (0, 0, 0), outer, white, UP, 24, squash)
    lathe(
        body,
        (0, 0, 0),
        [(0.92 * wide, high + 0.005), (0.7 * wide, 0.5 * high), (0.2 * wide, 0.3 * high), (0, 0.3 * high)],
        inside,
        UP,
        24,
        squash,
    )
    back = -deep - 0.035
    body.soft((-0.11, 0, back - 0.035), (0.11, high + 0.03, back + 0.035), white, 0.3)
    rise, reach = high + between(rng, 0.18, 0.26), between(rng, 0.1, 0.14) - back - deep
    swing = np.radians(between(rng, -50, 50))
    bends = ((0, high), (0, rise - 0.05), (0.4, rise), (0.9, rise - 0.03), (1, rise - 0.09))
    neck = curve([(way * reach * np.sin(swing), y, back + way * reach * np.cos(swing)) for way, y in bends], 16)
    pipe(body, neck, 0.018, chrome)
    lathe(body, (0, high + 0.03, back), [(0.03, 0), (0.024, 0.02), (0.018, 0.03)], chrome, UP)
    for side, colour in ((-1, (0.85, 0.1, 0.1)), (1, (0.1, 0.25, 0.85))):
        lathe(body, (side * 0.075, high + 0.03, back), [(0.018, 0), (0.014, 0.03)], chrome, UP)
        for turn in (0.4, 2.0):
            arm = np.array([0.03 * np.cos(turn), 0, 0.03 * np.sin(turn)])
            place = np.array([side * 0.075, high + 0.065, back])
            limb(body, place - arm, place + arm, (0.008, 0.008), chrome, 6)
        egg(body, (side * 0.075, high + 0.072, back), (0.009, 0.009, 0.005), plain(palette, colour))
    end = neck[-1]
    limb(body, end, (end[0], 0.32 * high, end[2]), (0.008, 0.011), plain(palette, (0.75, 0.9, 1.0), "glass"), 8)


def microwave(brush: Brush, palette: Palette) -> None:
    """Draw a microwave: window with mesh, handle, display and keys."""
    body, rng = brush.part("microwave"), brush.rng
    half, high, deep = between(rng, 0.23, 0.27), between(rng, 0.26, 0.31), between(rng, 0.16, 0.19)
    dark = rng.random() < 0.4
    shell = plain(palette, (0.15, 0.15, 0.16) if dark else pick(rng, (WHITE, STEEL)), "metal")
    body.box((-half, 0.015, -deep), (half, high, deep), shell)
    for x in (-half + 0.04, half - 0.04):
        body.box((x - 0.015, 0, -deep + 0.03), (x + 0.015, 0.015, deep - 0.03), plain(palette, BLACK))
    split, front = half - 0.13, deep + 0.012
    body.box((-half + 0.005, 0.025, deep), (split, high - 0.01, front), plain(palette, (0.1, 0.1, 0.11)))
    window = printed(palette, faces.window_mesh(palette.bank, rng), "glass")
    body.panel((-half + 0.045, 0.06, front + 0.001), (split - 0.05, high - 0.045), window)
    x, out = split - 0.02, front + 0.025
    grip = [(x, 0.06, front), (x, 0.07, out), (x, high - 0.06, out), (x, high - 0.05, front)]
    pipe(body, grip, 0.008, plain(palette, STEEL, "metal"))
    body.box((split + 0.004, 0.025, deep), (half - 0.004, high - 0.01, front), shell)
    ink = WHITE if dark else BLACK
    time = f"{rng.integers(1, 13)}:{rng.integers(0, 6)}{rng.integers(0, 10)}"
    glow = pick(rng, ((0.2, 1.0, 0.5), (0.3, 0.9, 1.0), (1.0, 0.5, 0.1)))
    left, right = split + 0.02, half - 0.02
    body.panel((left, high - 0.075, front + 0.001), (right, high - 0.035), printed(palette, faces.display(time, glow)))
    keys = faces.keypad(shell.colour, (0.35, 0.35, 0.37) if dark else (0.8, 0.8, 0.82), ink)
    body.panel((left, 0.05, front + 0.001), (right, high - 0.09), printed(palette, keys))


def frying_pan(brush: Brush, palette: Palette) -> None:
    """Draw a pan with fried eggs and bacon on a small hob."""
    body, rng = brush.part("frying-pan"), brush.rng
    dark, steel = plain(palette, (0.13, 0.13, 0.14), "metal"), plain(palette, STEEL, "metal")
    body.box((-0.17, 0.01, -0.15), (0.17, 0.07, 0.15), steel if rng.random() < 0.6 else plain(palette, WHITE))
    for x in (-0.07, 0.07):
        lathe(body, (x, 0.04, 0.15), [(0.02, 0), (0.018, 0.02), (0, 0.02)], dark)
    for x in (-0.14, 0.14):
        body.box((x - 0.02, 0, -0.13), (x + 0.02, 0.01, 0.13), dark)
    lathe(
        body,
        (0, 0.07, 0),
        [(0.125, 0), (0.125, 0.01), (0.1, 0.012), (0, 0.012)],
        plain(palette, (0.9, 0.25, 0.1)),
        UP,
        20,
    )
    radius, y = between(rng, 0.13, 0.155), 0.083
    outside = [(0.8 * radius, 0), (radius, 0.045), (0.96 * radius, 0.045), (0.78 * radius, 0.008), (0, 0.008)]
    lathe(body, (0, y, 0), outside, dark, UP, 24)
    turn = np.radians(between(rng, -10, 50)) * float(rng.choice([-1, 1]))
    out = (
        np.array([np.sin(turn), 0.0, np.cos(turn)])
        if rng.random() < 0.3
        else np.array([np.cos(turn), 0.0, np.sin(turn)])
    )
    grip = plain(palette, pick(rng, (BLACK, (0.45, 0.28, 0.16), (0.7, 0.12, 0.1))))
    edge = out * 0.95 * radius + [0, y + 0.036, 0]
    limb(body, edge, edge + 0.08 * out + [0, 0.02, 0], (0.009, 0.009), steel, 8)
    limb(body, edge + 0.07 * out + [0, 0.018, 0], edge + 0.2 * out + [0, 0.04, 0], (0.014, 0.017), grip, 8)
    _breakfast(body.at(y=y + 0.009), palette, radius)


def _breakfast(body: Brush, palette: Palette, radius: float) -> None:
    """Draw two fried eggs and strips of bacon in a pan."""
    rng = body.rng
    white, yolk = plain(palette, (1.0, 0.99, 0.95), "plant"), plain(palette, (1.0, 0.72, 0.08), "plant")
    for x, z in ((-0.32, 0.2), (0.3, 0.28))[: int(rng.integers(1, 3))]:
        middle = (x * radius, 0.0, z * radius)
        egg(body, middle, (between(rng, 0.3, 0.36) * radius, between(rng, 0.26, 0.34) * radius, 0.007), white, UP, 14)
        egg(body, (middle[0], 0.006, middle[2]), (0.12 * radius, 0.12 * radius, 0.013), yolk)
    bacon = plain(palette, (0.72, 0.25, 0.18), "plant")
    for z in (-0.22, -0.45):
        way = np.linspace(-0.5, 0.5, 12)
        points = np.stack([way * radius, 0.008 + 0.005 * np.sin(11 * way), np.full(12, z * radius)], axis=1)
        pipe(body, points, 0.011, bacon, 6)


def fridge(brush: Brush, palette: Palette) -> None:
    """Draw a tall fridge with two doors, handles, feet and notes."""
    body, rng = brush.part("fridge"), brush.rng
    half, high, deep = between(rng, 0.29, 0.34), between(rng, 1.4, 1.6), 0.29
    paint = plain(palette, pick(rng, (WHITE, STEEL, (0.75, 0.88, 0.82), (0.85, 0.3, 0.25), (0.96, 0.9, 0.72))), "metal")
    dark, chrome = plain(palette, (0.12, 0.12, 0.13)), plain(palette, (0.7, 0.71, 0.74), "metal")
    body.box((-half, 0.04, -deep), (half, high, deep - 0.01), paint)
    body.box((0.01 - half, 0.05, deep - 0.01), (half - 0.01, high - 0.01, deep + 0.01), dark)
    body.box((-half + 0.03, 0, -deep + 0.05), (half - 0.03, 0.04, deep - 0.02), dark)
    share = between(rng, 0.28, 0.38)
    split = high * (share if rng.random() < 0.5 else 1 - share)
    side = float(rng.choice([-1.0, 1.0]))
    for low, top in ((0.06, split - 0.006), (split + 0.006, high - 0.004)):
        body.soft((-half, low, deep), (half, top, deep + 0.06), paint, 0.12)
        near = top - 0.08 if low < 0.1 else low + 0.08
        far = near + (-1 if low < 0.1 else 1) * min(0.4, 0.6 * (top - low))
        x, z = side * (half - 0.06), deep + 0.055
        pipe(body, [(x, near, z), (x, near, z + 0.045), (x, far, z + 0.045), (x, far, z)], 0.014, chrome)
    for _ in range(int(rng.integers(0, 5))):
        x, y = -side * between(rng, 0.0, 0.15), between(rng, 0.55, 0.85) * high
        paper, window = palette.picture("packages")
        body.panel((x - 0.05, y - 0.06, deep + 0.062), (x + 0.05, y + 0.06), paper, window)
