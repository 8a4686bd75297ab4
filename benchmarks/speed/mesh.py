"""Speed of `native` against the engine of SoundSpaces 2.0, and their agreement. One thread each.

Both engines render the same listening positions in one run, in empty boxes and in homes: 3 visible sources within 3 m
and 4 headings, so 12 binaural responses per position. Times exclude our compilation and ray structure (which the camera
needs anyway) and include the other engine's contexts, since each random simulation needs a new one.

RT60 is the mean T30 of five octave bands, each from the energy at all ears of the position, so that the heads' spectra
cancel. It is compared twice: with the materials as given, and with surfaces that scatter all reflections, because the
other engine decays as if they did (docs/engines.md). The columns -10, -20 and -30 dB show how far `native` is above the
other engine, all scattering, when that has decayed by this much (1 kHz band). Times are processor times. Exit code 1 if
a median breaks a promise: 10 times faster, RT60 within 10 % (all scattering).

    python -m whence.benchmarks.speed.mesh
"""

import argparse
import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import signal

from ...conventions import SAMPLE_RATE
from ...datagen.acoustics.hrtf import SphereHead
from ...datagen.acoustics.impulse_response import decay_time, energy_decay
from ...datagen.acoustics.mesh import BinauralResponses, MeshSettings, binaural, trace
from ...datagen.acoustics.rlr import LICENCE, RlrSettings, rlr_responses
from ...datagen.scenes.floor import Floor, find_floor
from ...datagen.scenes.materials import MATERIALS, AcousticMaterial
from ...datagen.scenes.opening import PROCEDURAL, open_scenes
from ...datagen.scenes.scene import Scene
from ...digests import generator_for
from .script import run_in_one_thread, speed_parser, times_as_fast

EAR_HEIGHT, SOURCE_HEIGHT, REACH = 1.5, (0.7, 1.7), 3.0
LEVELS_DB = (-10.0, -20.0, -30.0)
LEAST_RATIO, LARGEST_RT60_ERROR = 10.0, 0.10
BOXES = {"box, hard": ((7.0, 2.7, 5.0), 0.08), "box, soft": ((4.0, 2.5, 3.5), 0.25)}
BANDS_HZ = (250.0, 500.0, 1000.0, 2000.0, 4000.0)
HEADER = (
    "                           ms a response         RT60 (s), as it is      all scattering      at -10 -20 -30 dB "
    "direct/reverb.\n"
    "scene            triangles  native  rlr ratio   native   rlr   diff   native   rlr   diff                      "
    "native   rlr"
)


@dataclass(frozen=True)
class Position:
    """A listening position (3,), visible sources (sources, 3) and headings (headings,) in degrees."""

    listener: np.ndarray
    sources: np.ndarray
    headings: np.ndarray


@dataclass(frozen=True)
class Row:
    """One position, heard by both engines."""

    scene: str
    triangles: int
    native_s: float
    rlr_s: float
    rt60: tuple[float, float]
    scattered_rt60: tuple[float, float]
    apart_db: tuple[float, ...]
    native_direct_db: float
    rlr_direct_db: float

    @property
    def ratio(self) -> float:
        """How many times faster `native` is."""
        return self.rlr_s / self.native_s

    @property
    def rt60_error(self) -> float:
        """Relative excess of `native`'s RT60 if all surfaces scatter."""
        return self.scattered_rt60[0] / self.scattered_rt60[1] - 1

    def __str__(self) -> str:
        pairs = (self.rt60, self.scattered_rt60)
        decays = "  ".join(f"{ours:7.3f} {theirs:5.3f} {100 * (ours / theirs - 1):+5.1f}%" for ours, theirs in pairs)
        apart = " ".join(f"{value:+4.1f}" for value in self.apart_db)
        return (
            f"{self.scene:17}{self.triangles:9,d} {1e3 * self.native_s:7.1f} {1e3 * self.rlr_s:4.0f} {self.ratio:5.1f}"
            f"  {decays}      {apart}   {self.native_direct_db:7.1f} {self.rlr_direct_db:5.1f}"
        )


def main(arguments: Sequence[str]) -> int:
    """Print the table; return 1 if `native` is too slow or decays differently."""
    options = parse(arguments)
    settings = MeshSettings(rays=options.rays), RlrSettings(diffraction=not options.no_diffraction)
    print(f"{LICENCE}\n{settings[0]}\n{settings[1]}\n\n{HEADER}")
    rows = []
    for scene, position in positions(options):
        rows.append(measure(scene, position, *settings))
        print(rows[-1], flush=True)
    slow, wrong = verdict(rows)
    return 1 if wrong or (slow and not options.any_speed) else 0


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options."""
    parser = speed_parser(__doc__)
    parser.add_argument("--scenes", type=int, default=4, help="number of homes, besides the empty boxes")
    parser.add_argument("--source", default=PROCEDURAL, help="'procedural', or a folder of .glb files")
    parser.add_argument("--positions", type=int, default=1, help="listening positions per scene")
    parser.add_argument("--sources", type=int, default=3, help="visible sources per position")
    parser.add_argument("--headings", type=int, default=4, help="headings per position")
    parser.add_argument("--rays", type=int, default=MeshSettings().rays, help="of native, from a listening position")
    parser.add_argument("--no-diffraction", action="store_true", help="switch off the other engine's diffraction")
    return parser.parse_args(arguments)


def verdict(rows: list[Row]) -> tuple[bool, bool]:
    """Print the medians; return whether they break the promises on speed and on RT60."""
    ratio, error = np.median([row.ratio for row in rows]), np.median([abs(row.rt60_error) for row in rows])
    worst = max(abs(row.rt60_error) for row in rows)
    print(
        f"median: {ratio:.1f} times faster, all scattering RT60 {100 * error:.1f} % apart (at most {100 * worst:.1f} %)"
    )
    print(times_as_fast("RLR", (row.ratio for row in rows)))
    return bool(ratio < LEAST_RATIO), bool(error > LARGEST_RT60_ERROR)


def positions(options: argparse.Namespace) -> Iterator[tuple[Scene, Position]]:
    """Yield each scene with its listening positions: the boxes, then the first homes of `options.source`."""
    homes = open_scenes(options.source, count=options.scenes, seed=0) if options.scenes else None
    boxes = (box(name, *about) for name, about in BOXES.items())
    for scene in itertools.chain(boxes, map(homes.load, range(len(homes.names))) if homes else ()):
        floor = find_floor(scene)
        for number in range(options.positions):
            rng = generator_for(0, f"{scene.name}/{number}")
            yield scene, place(scene, floor, options.sources, options.headings, rng)


def all_scattering(scene: Scene) -> Scene:
    """Return `scene` with surfaces that scatter all reflections."""
    materials = [replace(material, scattering=(1.0,) * len(material.scattering)) for material in scene.materials]
    return replace(scene, materials=materials)


def place(scene: Scene, floor: Floor, count: int, headings: int, rng: np.random.Generator) -> Position:
    """Return a random listening position with `count` visible sources."""
    up = np.array([0.0, 1.0, 0.0])
    while True:
        ground = floor.random_point(rng)
        listener, sources = ground + EAR_HEIGHT * up, []
        for _ in range(100):
            near = floor.random_point_near(rng, ground, REACH)
            if near is None or np.linalg.norm(near - ground) < 0.5:
                continue
            source = near + rng.uniform(*SOURCE_HEIGHT) * up
            if not scene.rays.blocked(listener[None], source[None])[0]:
                sources.append(source)
            if len(sources) == count:
                return Position(listener, np.array(sources), rng.uniform(0, 360, headings))


def measure(scene: Scene, position: Position, native: MeshSettings, rlr: RlrSettings) -> Row:
    """Return both engines' times and responses for `position`."""
    native_run(scene, position, MeshSettings(rays=16))  # compiles, builds the ray structure
    native_s, ours = native_run(scene, position, native)
    rlr_s, theirs = rlr_run(scene, position, rlr)
    diffuse, one_heading = all_scattering(scene), replace(position, headings=position.headings[:1])
    scattered = native_run(diffuse, one_heading, native)[1], rlr_run(diffuse, one_heading, rlr)[1]
    return Row(
        scene.name,
        len(scene.faces),
        native_s,
        rlr_s,
        (rt60(ours), rt60(theirs)),
        (rt60(scattered[0]), rt60(scattered[1])),
        apart(*(energy_of(heard, 1000.0) for heard in scattered)),
        direct_to_reverberant(ours),
        direct_to_reverberant(theirs),
    )


def rlr_run(scene: Scene, position: Position, settings: RlrSettings) -> tuple[float, BinauralResponses]:
    """Return the other engine's seconds per response, and its responses."""
    start = time.process_time()
    heard = rlr_responses(scene, position.listener, position.sources, position.headings, settings)
    return (time.process_time() - start) / (len(position.sources) * len(position.headings)), heard


def native_run(scene: Scene, position: Position, settings: MeshSettings) -> tuple[float, BinauralResponses]:
    """Return `native`'s seconds per response, and its responses."""
    start = time.process_time()
    field = trace(scene, position.listener, position.sources, rng=generator_for(0, scene.name), settings=settings)
    heard = binaural(field, position.headings, SphereHead())
    return (time.process_time() - start) / (len(position.sources) * len(position.headings)), heard


def energy_of(heard: BinauralResponses, band: float) -> np.ndarray:
    """Return the remaining energy (samples,), summed over all ears, in the octave around `band` Hz."""
    whole = heard.indirect.astype(np.float64)
    whole[..., : heard.direct.shape[-1]] += heard.direct
    edges = [band / 2**0.5, band * 2**0.5]
    octave = signal.butter(3, edges, btype="bandpass", output="sos", fs=SAMPLE_RATE)
    return energy_decay(np.sqrt((signal.sosfiltfilt(octave, whole, axis=-1) ** 2).sum(axis=(0, 1, 2))))


def rt60(heard: BinauralResponses) -> float:
    """Return the mean T30 (s) of `BANDS_HZ`."""
    return float(np.mean([decay_time(energy_of(heard, band), -35.0) for band in BANDS_HZ]))


def apart(native: np.ndarray, rlr: np.ndarray) -> tuple[float, ...]:
    """Return how far (dB) `native` is above `rlr`, each relative to its start, when `rlr` is at `LEVELS_DB`."""
    ours, theirs = (10 * np.log10(np.maximum(decay / decay[0], 1e-12)) for decay in (native, rlr))
    return tuple(float(ours[k] - theirs[k]) for k in (int(np.argmax(theirs < level)) for level in LEVELS_DB))


def direct_to_reverberant(heard: BinauralResponses) -> float:
    """Return the direct-to-indirect energy ratio, dB."""
    return float(
        10 * np.log10(np.sum(heard.direct.astype(np.float64) ** 2) / np.sum(heard.indirect.astype(np.float64) ** 2))
    )


def box(name: str, size: tuple[float, float, float], absorption: float) -> Scene:
    """Return an empty room of `size` (x, y, z) m whose walls all absorb `absorption` and scatter as plaster does."""
    corners = np.array([[x, y, z] for x in (0, size[0]) for y in (0, size[1]) for z in (0, size[2])], np.float32)
    quads = ((0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3))
    faces = np.array([face for a, b, c, d in quads for face in ((a, b, c), (a, c, d))], np.int32)
    wall = AcousticMaterial("wall", (absorption,) * 6, MATERIALS["plaster"].scattering, "this script")
    count = len(faces)
    return Scene(
        name=name,
        vertices=corners,
        faces=faces,
        material=np.zeros(count, np.int16),
        materials=[wall],
        colour=np.ones((count, 3), np.float32),
        texture=np.full(count, -1, np.int16),
        texture_coordinates=np.zeros((count, 3, 2), np.float32),
        textures=[],
    )


if __name__ == "__main__":
    run_in_one_thread(main)
