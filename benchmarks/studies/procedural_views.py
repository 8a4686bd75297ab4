"""Pictures of the procedural flats for the docs.

Writes `procedural_views.png`, one view from each of ten flats, at a random place on the floor, towards the heading with
the most instances among those with acceptable depth; and `procedural_plans.png`, three floor plans with walls, outlines
and names of furniture, doors, windows and a scale.

    python -m whence.benchmarks.studies.procedural_views docs
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
import numpy.typing as npt
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import Polygon, Rectangle
from PIL import Image
from scipy.spatial import ConvexHull

from ...datagen.cameras import EYE_HEIGHT
from ...datagen.raycast import glance, render
from ...datagen.scenes.floor import find_floor
from ...datagen.scenes.procedural import procedural_plan, procedural_scene
from ...datagen.scenes.procedural.plan import WALL, Plan
from ...datagen.scenes.scene import Scene
from ...digests import generator_for
from ...script import run_script

ROW = 5
FLAT = ("rug", "doormat")
UNNAMED = (
    "worktop",
    "bedspread",
    "blanket",
    "kitchen cupboard",
    "wall cupboard",
    "washbasin",
    "table runner",
    "curtain",
)
BUILDING = (
    "floor of",
    "ceiling",
    "wall ",
    "skirting",
    "dado",
    "door frame",
    "outer walls",
    "window",
    "front door",
    "curtain rod",
)
LABELLED_AREA = 0.3
"""Outlines larger than this (m2) are labelled."""


def view_of(seed: int, number: int) -> npt.NDArray[np.uint8]:
    """Return a picture (240, 320, 3) of a flat."""
    scene, rng = procedural_scene(seed, number), generator_for(seed, f"picture/{number}")
    floor, headings = find_floor(scene), np.arange(0.0, 360.0, 9.0)
    while True:
        eye = floor.random_point(rng) + np.array([0.0, EYE_HEIGHT, 0.0])
        looks = glance(scene, eye, headings, stride=8)
        depth = looks.depth.reshape(len(headings), -1)
        accepted = (depth.max(axis=1) >= 4.0) & (depth.mean(axis=1) >= 1.5)
        if accepted.any():
            counts = [len(np.unique(view)) for view in looks.instance]
            return render(scene, eye, float(headings[np.argmax(np.where(accepted, counts, 0))])).image


def write_views(seed: int, rows_of_views: int, path: Path) -> None:
    """Write `rows_of_views` rows of five views, in 256 colours."""
    rows = [np.hstack([view_of(seed, ROW * row + k) for k in range(ROW)]) for row in range(rows_of_views)]
    Image.fromarray(np.vstack(rows)).quantize(256).save(path, optimize=True)


def outlines(scene: Scene) -> list[tuple[str, float, npt.NDArray[np.floating]]]:
    """Return (name, top, outline (n, 2)) of every object except the building, from the lowest up."""
    found = []
    for number, name in enumerate(scene.instance_names):
        points = scene.vertices[scene.faces[scene.instance == number]].reshape(-1, 3)
        if len(points) and not name.startswith(BUILDING):
            floor = points[:, [0, 2]]
            found.append((name, float(points[:, 1].max()), floor[ConvexHull(floor).vertices]))
    return sorted(found, key=lambda entry: entry[1])


def draw_walls(axes: Axes, plan: Plan) -> None:
    """Draw the rooms as holes in a dark block, doors and windows as gaps in the walls."""
    for room in plan.rooms:
        rect = room.rect.grown(WALL)
        axes.add_patch(Rectangle((rect.x0, rect.z0), *rect.size, color="0.25", zorder=0))
    for room in plan.rooms:
        axes.add_patch(Rectangle((room.inner.x0, room.inner.z0), *room.inner.size, color="0.97", zorder=1))
        x, z = room.inner.x0 + 0.1, room.inner.z0 + 0.1
        axes.text(x, z, room.kind, va="top", fontsize=6.5, weight="bold", color="#0b3d6b", zorder=9)
    for opening in plan.openings:
        gap = opening.zone(WALL / 2 + (0.0 if opening.rooms[0] >= 0 and opening.rooms[1] >= 0 else 0.06))
        colour = {"window": "#8ecae6", "entrance": "#c1121f"}.get(opening.kind, "0.97")
        axes.add_patch(Rectangle((gap.x0, gap.z0), *gap.size, color=colour, zorder=2))


def draw_flat(axes: Axes, seed: int, number: int) -> None:
    """Draw one floor plan, seen from above, -z upwards."""
    plan, scene = procedural_plan(seed, number), procedural_scene(seed, number)
    draw_walls(axes, plan)
    colours = matplotlib.colormaps["tab20"]
    kinds = sorted({name for name, _, _ in outlines(scene)})
    for name, top, outline in outlines(scene):
        flat = name in FLAT
        shade = "#e9d8c0" if flat else colours(kinds.index(name) % 20)
        shade = "#6b4226" if name.startswith("door ") else shade
        axes.add_patch(
            Polygon(outline, facecolor=shade, edgecolor="0.3", linewidth=0.3, alpha=0.85, zorder=3 + top / 10)
        )
        size = ConvexHull(outline).volume
        if size > LABELLED_AREA and name not in (*FLAT, *UNNAMED):
            x, z = outline.mean(axis=0)
            axes.text(x, z, name, ha="center", va="center", fontsize=5, zorder=8)
    axes.set_title(f"{scene.name} of seed {seed}: {len(plan.rooms)} rooms, {plan.area:.0f} m²", fontsize=8)
    low = max(room.rect.z1 for room in plan.rooms) + 0.5
    left = min(room.rect.x0 for room in plan.rooms)
    axes.plot([left, left + 2.0], [low, low], color="black", linewidth=2)
    axes.text(left + 2.15, low, "2 m", fontsize=7, va="center")
    axes.set_aspect("equal")
    axes.autoscale_view()
    axes.invert_yaxis()
    axes.axis("off")


def write_plans(seed: int, numbers: Sequence[int], path: Path) -> None:
    """Write the floor plans of the flats `numbers` side by side."""
    figure, panels = plt.subplots(
        1, len(numbers), figsize=(14 / 3 * len(numbers), 5.5), squeeze=False, constrained_layout=True
    )
    for axes, number in zip(panels[0], numbers, strict=True):
        draw_flat(axes, seed, number)
    figure.savefig(path, dpi=110)
    plt.close(figure)
    Image.open(path).convert("RGB").quantize(128).save(path, optimize=True)


def main(arguments: Sequence[str]) -> int:
    """Write both pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="output folder")
    parser.add_argument("--seed", type=int, default=0, help="of the flats")
    parser.add_argument("--rows", type=int, default=2, help=f"of {ROW} views")
    parser.add_argument("--plans", type=int, nargs="+", default=[1, 6, 9], help="flats whose floor plans are drawn")
    options = parser.parse_args(arguments)
    matplotlib.use("Agg")
    options.folder.mkdir(parents=True, exist_ok=True)
    write_views(options.seed, options.rows, options.folder / "procedural_views.png")
    write_plans(options.seed, options.plans, options.folder / "procedural_plans.png")
    return 0


if __name__ == "__main__":
    run_script(main)
