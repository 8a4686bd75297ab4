"""Speed of rendering pictures, its bottlenecks, and the error against tracing every sample. One thread.

Renders views of 320 x 240 of a furnished home of at least 100,000 triangles, from random places on its floor, with
`render` as it is and with all nine samples of each pixel traced, in the same run. Times are processor times, our
compilation excluded. Exit code 1 if a promise is broken. `--triangles 1` leaves the home as it is.

    python -m whence.benchmarks.speed.raycast
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import cv2
import numpy as np

from ...datagen import raycast
from ...datagen.cameras import EYE_HEIGHT
from ...datagen.rendering.surfaces import surfaces_of
from ...datagen.scenes.floor import find_floor
from ...datagen.scenes.procedural import procedural_scene
from ...datagen.scenes.scene import Scene
from ...digests import generator_for
from .script import Clocks, run_in_one_thread, speed_parser, timed, times_as_fast

LEAST_VIEWS_PER_SECOND = 15.0
LEAST_PSNR_DB = 50.0
HEADINGS, STRIDE = 40, 4
STAGES = {
    "sample_rays": "directions of the rays",
    "cast": "ray queries",
    "look": "texture coordinates and mipmap levels",
    "agreements": "which samples need a ray of their own",
    "paint_planes": "texture look-ups",
    "paint_hits": "texture look-ups",
    "reduce_picture": "reduction to a third",
}
HEADER = "view   ms a view  every sample  ratio   PSNR   mean difference   SIFT keypoints"
UNITS = "                            ms            dB          of 255   (every sample)"


@dataclass(frozen=True)
class Line:
    """One line of the table: a view rendered both ways."""

    number: int
    seconds: float
    every_s: float
    psnr_db: float
    difference: float
    keypoints: int
    keypoints_every: int

    def __str__(self) -> str:
        return (
            f"{self.number:4d} {1e3 * self.seconds:11.1f} {1e3 * self.every_s:13.1f} "
            f"{self.every_s / self.seconds:6.1f} {self.psnr_db:6.1f} {self.difference:17.4f} "
            f"{self.keypoints:8d} ({self.keypoints_every})"
        )


def main(arguments: Sequence[str]) -> int:
    """Print the table and the stages; return 1 if a promise is broken."""
    options = parse(arguments)
    scene = finer(procedural_scene(options.seed, 0), options.triangles)
    rng = generator_for(options.seed, "speed/raycast")
    floor = find_floor(scene)
    eye = np.array([0.0, EYE_HEIGHT, 0.0])
    views = [(floor.random_point(rng) + eye, rng.uniform(0, 360)) for _ in range(options.views)]
    print_scene(scene, views[0][0])
    print(f"{HEADER}\n{UNITS}")
    lines = []
    for number, (place, heading) in enumerate(views):
        lines.append(measure(scene, place, heading, number))
        print(lines[-1], flush=True)
    slow, wrong = print_summary(lines)
    print_glance(scene, [place for place, _ in views])
    print_stages(scene, views)
    return 1 if wrong or (slow and not options.any_speed) else 0


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options."""
    parser = speed_parser(__doc__)
    parser.add_argument("--views", type=int, default=24, help="how many")
    parser.add_argument("--seed", type=int, default=1, help="of the home and the places")
    parser.add_argument("--triangles", type=int, default=100_000, help="of the home, at least")
    return parser.parse_args(arguments)


def finer(scene: Scene, least_faces: int) -> Scene:
    """Return `scene` with faces split in four until there are `least_faces`; it looks the same."""
    while len(scene.faces) < least_faces:
        corners = scene.vertices[scene.faces]
        names = ("material", "colour", "texture", "instance")
        repeated: dict[str, Any] = {name: np.repeat(getattr(scene, name), 4, axis=0) for name in names}
        scene = replace(
            scene,
            vertices=_quartered(corners).reshape(-1, 3),
            faces=np.arange(12 * len(corners), dtype=np.int32).reshape(-1, 3),
            texture_coordinates=_quartered(scene.texture_coordinates),
            **repeated,
        )
    return scene


def _quartered(corners: np.ndarray) -> np.ndarray:
    """Return the four parts of triangles, (4 faces, 3, ...), from their `corners` (faces, 3, ...)."""
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    ab, bc, ca = (a + b) / 2, (b + c) / 2, (c + a) / 2
    parts = [(a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca)]
    return np.stack([np.stack(part, axis=1) for part in parts], axis=1).reshape(-1, 3, corners.shape[2])


def print_scene(scene: Scene, place: np.ndarray) -> None:
    """Print the scene and its one-time costs; also compiles."""
    raycast.render(replace(scene), place, 0.0)  # a copy, prepared separately
    new, one = replace(scene), np.array([[0.0, 1.0, 0.0]])
    structure_s, _ = timed(lambda: new.rays.hits(one, one))
    textures_s, _ = timed(lambda: surfaces_of(new))
    print(
        f"{scene.name}, its faces quartered: {len(scene.faces):,} triangles, {len(scene.textures)} textures; once a "
        f"scene: {1e3 * structure_s:.0f} ms for the ray structure, {1e3 * textures_s:.0f} ms for faces and textures\n"
    )


def measure(scene: Scene, place: np.ndarray, heading: float, number: int) -> Line:
    """Return the row of one view, the better of two runs each way."""
    quick = partial(raycast.render, scene, place, heading)
    seconds, view = min((timed(quick) for _ in range(2)), key=lambda run: run[0])
    every_s, every = min((timed(partial(quick, every_sample=True)) for _ in range(2)), key=lambda run: run[0])
    apart = np.abs(view.image.astype(float) - every.image)
    sift = cv2.SIFT_create()  # type: ignore[attr-defined]
    keypoints = [len(sift.detect(image, None)) for image in (view.image, every.image)]
    psnr_db = float(10 * np.log10(255**2 / max(np.mean(apart**2), 1e-9)))
    return Line(number, seconds, every_s, psnr_db, float(apart.mean()), *keypoints)


def print_summary(lines: list[Line]) -> tuple[bool, bool]:
    """Print the means over the views; return whether they break the promises on speed and on quality."""
    rate = len(lines) / sum(line.seconds for line in lines)
    every_rate = len(lines) / sum(line.every_s for line in lines)
    worst = min(line.psnr_db for line in lines)
    difference = float(np.mean([line.difference for line in lines]))
    keypoints = sum(line.keypoints for line in lines) / sum(line.keypoints_every for line in lines)
    slow, wrong = rate < LEAST_VIEWS_PER_SECOND, worst < LEAST_PSNR_DB
    print(
        f"\n{rate:.1f} views/s, {every_rate:.1f} with every sample traced; PSNR at least {worst:.1f} dB, mean "
        f"difference {difference:.4f} of 255, {100 * keypoints:.1f} % of the SIFT keypoints\n"
        f"promised: {LEAST_VIEWS_PER_SECOND:g} views/s, {LEAST_PSNR_DB:g} dB: {'BROKEN' if slow or wrong else 'kept'}"
    )
    print(times_as_fast("every sample traced", (line.every_s / line.seconds for line in lines)))
    return slow, wrong


def print_glance(scene: Scene, places: list[np.ndarray]) -> None:
    """Print the cost of the quick looks that choose views."""
    headings = np.arange(HEADINGS) * 360 / HEADINGS
    seconds = min(timed(partial(raycast.glance, scene, place, headings, stride=STRIDE))[0] for place in places)
    print(f"\nquick looks: {1e3 * seconds:.0f} ms for {HEADINGS} headings, a ray for {STRIDE} x {STRIDE} pixels")


def print_stages(scene: Scene, views: list[tuple[np.ndarray, float]]) -> None:
    """Render once more, timing each stage, and print the bottlenecks."""
    clocks = Clocks()
    with clocks.running(raycast, STAGES):
        total, _ = timed(lambda: [raycast.render(scene, place, heading) for place, heading in views])
    samples = clocks.lengths["paint_planes"] / len(views)
    print(f"\nwhere the time goes ({samples:,.0f} samples per view need a ray besides the 76,800 pixels):")
    print(clocks.table(total, len(views)))


if __name__ == "__main__":
    run_in_one_thread(main)
