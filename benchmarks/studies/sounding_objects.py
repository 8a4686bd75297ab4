"""A contact sheet of the objects that sound, to judge by eye whether a stranger would name each of them.

Writes one picture: a row for each kind, a column for each seed, at the resolution of the datasets' camera and as large
as in a typical view.

    python -m whence.benchmarks.studies.sounding_objects sheet.png --kinds kettle dog --seeds 8
"""

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from ...datagen.cameras import EYE_HEIGHT, Camera
from ...datagen.raycast import render
from ...datagen.scenes.procedural.brush import Brush, Canvas
from ...datagen.scenes.procedural.palette import Palette
from ...datagen.scenes.procedural.sounding import SOUNDING
from ...datagen.scenes.scene import Scene
from ...datagen.sounds.kinds import KINDS
from ...digests import generator_for
from ...script import run_script

CELL = 112
"""Height and width of a picture, pixels."""
LABEL = 12
STEEPEST = math.radians(32)
SURFACES = {"floor": 0.0, "table": 0.75, "counter": 0.9}
"""Heights on which objects rest, m."""


def booth(kind: str, seed: int) -> Scene:
    """Return a scene of one object before a wall, on the floor or on a block."""
    rng = generator_for(seed, f"sounding/{kind}")
    canvas, palette = Canvas(rng), Palette(rng)
    brush, thing = Brush(canvas), SOUNDING[kind]
    wide, _, deep = thing.size
    back = 0.0 if thing.where == "wall" else -deep / 2 - 0.05
    brush.part("wall").box((-4, -0.1, back - 0.1), (4, 3, back), palette.lacquer((0.86, 0.84, 0.8)))
    brush.part("floor").box((-4, -0.1, back), (4, 0, 6), palette.wood())
    height = SURFACES.get(thing.where, thing.height)
    if thing.where in ("table", "counter"):
        half = wide / 2 + 0.3
        brush.part("block").box((-half, 0, back), (half, height, deep / 2 + 0.05), palette.wood((0.8, 0.62, 0.46)))
    thing.draw(brush.at(y=height), palette)
    return canvas.scene(kind, palette.textures)


def photograph(scene: Scene, kind: str, angle: float) -> npt.NDArray[np.uint8]:
    """Return the picture (CELL, CELL, 3) of the object from the side `angle`, deg, filling most of it."""
    points = scene.vertices[scene.faces[scene.instance == scene.instance_names.index(kind)]].reshape(-1, 3)
    middle = (points.min(axis=0) + points.max(axis=0)).astype(np.float64) / 2
    focal = Camera().focal
    reach = float(np.linalg.norm(np.ptp(points, axis=0)[:2])) * focal / (0.95 * CELL) + np.ptp(points[:, 2]) / 2
    drop = min(max(math.asin(min((EYE_HEIGHT - middle[1]) / reach, 1.0)), 0.0), STEEPEST)
    turn = math.radians(angle)
    towards = [math.sin(turn) * math.cos(drop), math.sin(drop), math.cos(turn) * math.cos(drop)]
    camera = Camera(CELL, CELL, math.degrees(2 * math.atan(CELL / 2 / focal)))
    return render(scene, middle + reach * np.array(towards), angle, camera, -math.degrees(drop)).image


def row(kind: str, seeds: Sequence[int]) -> npt.NDArray[np.uint8]:
    """Return the pictures of a kind side by side, with its name below the first."""
    angles = [float(generator_for(seed, f"side/{kind}").uniform(-28, 28)) for seed in seeds]
    pictures = [photograph(booth(kind, seed), kind, angle) for seed, angle in zip(seeds, angles, strict=True)]
    strip = Image.new("RGB", (CELL * len(seeds), LABEL), "white")
    ImageDraw.Draw(strip).text((2, 0), kind, fill="black")
    return np.vstack([np.hstack(pictures), np.asarray(strip)])


def main(arguments: Sequence[str]) -> int:
    """Write the sheet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="picture to write")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS, metavar="KIND", help="which kinds")
    parser.add_argument("--seeds", type=int, default=6, help="how many of each kind")
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--columns", type=int, default=1, help="how many kinds side by side")
    parser.add_argument("--zoom", type=int, default=1, help="how many times each pixel is repeated")
    options = parser.parse_args(arguments)
    seeds = range(options.first, options.first + options.seeds)
    rows = [row(kind, seeds) for kind in options.kinds]
    rows += [np.full_like(rows[0], 255)] * (-len(rows) % options.columns)
    lines = [np.hstack(rows[k : k + options.columns]) for k in range(0, len(rows), options.columns)]
    sheet = np.vstack(lines).repeat(options.zoom, axis=0).repeat(options.zoom, axis=1)
    Image.fromarray(sheet).save(options.out, optimize=True)
    return 0


if __name__ == "__main__":
    run_script(main)
