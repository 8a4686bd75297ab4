"""Speed of `lattice` against pyroomacoustics, and their difference. One thread each.

Times only the engines, without materials and room set-up: one stereo response in each room of TDE-Simulation at each
RT60 label, the best of several runs, our compilation excluded. Exit code 1 if a promise is broken.

    python -m whence.benchmarks.speed.shoebox
"""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyroomacoustics

from ...conventions import SAMPLE_RATE, SPEED_OF_SOUND
from ...datagen.acoustics.lattice import lattice_responses
from ...datagen.acoustics.shoebox import sabine_inversion, settle_pyroomacoustics
from ...datagen.tde import ROOMS, RT60_LABELS, TdeRoom
from .script import run_in_one_thread, speed_parser, times_as_fast

AZIMUTH, DISTANCE = 37.3, 1.7
LEAST_RATIO = {0.5: 10.0, 0.9: 15.0}
LARGEST_ERROR_DB = -48.0
HEADER = "room   RT60  order     images   lattice  pyroomacoustics  ratio   error  lattice  pyroomacoustics"
UNITS = "          s          a response        ms               ms             dB  ns/image         ns/image"


@dataclass(frozen=True)
class Comparison:
    """Both engines in one room at one RT60: a row of the table."""

    room: str
    rt60: float
    order: int
    lattice_s: float
    pyroomacoustics_s: float
    error_db: float

    @property
    def ratio(self) -> float:
        """How many times faster `lattice` is."""
        return self.pyroomacoustics_s / self.lattice_s

    @property
    def images(self) -> int:
        """Number of images with at most `order` reflections, including the source: a centred octahedral number."""
        return (2 * self.order + 1) * (2 * self.order**2 + 2 * self.order + 3) // 3

    @property
    def slow(self) -> bool:
        """Whether `lattice` is slower than promised."""
        return self.ratio < LEAST_RATIO.get(self.rt60, 0.0)

    @property
    def wrong(self) -> bool:
        """Whether `lattice` is farther from pyroomacoustics than promised."""
        return self.error_db > LARGEST_ERROR_DB

    def __str__(self) -> str:
        ours, theirs = (1e9 * seconds / (2 * self.images) for seconds in (self.lattice_s, self.pyroomacoustics_s))
        return (
            f"{self.room:5} {self.rt60:5.1f} {self.order:6d} {self.images:10,d} {1e3 * self.lattice_s:9.2f} "
            f"{1e3 * self.pyroomacoustics_s:16.1f} {self.ratio:6.1f} {self.error_db:7.1f} {ours:9.2f} {theirs:16.1f}"
            f"{'  SLOW' if self.slow else ''}{'  WRONG' if self.wrong else ''}"
        )


def main(arguments: Sequence[str]) -> int:
    """Print the table; return 1 if `lattice` is too slow or differs too much from pyroomacoustics."""
    rows, options = [], parse(arguments)
    print(f"{HEADER}\n{UNITS}")
    for room in options.rooms:
        for rt60 in options.rt60:
            rows.append(measure(room, rt60, options.seconds))
            print(rows[-1], flush=True)
    print(times_as_fast("pyroomacoustics", (row.ratio for row in rows)))
    broken = sum(row.wrong or (row.slow and not options.any_speed) for row in rows)
    print(f"{broken} of {len(rows)} rows break a promise: ratio >= 10 at 0.5 s, >= 15 at 0.9 s, error <= -48 dB")
    return 1 if broken else 0


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options."""
    parser = speed_parser(__doc__)
    parser.add_argument("--rooms", nargs="+", default=list(ROOMS), choices=list(ROOMS), help="rooms of TDE-Simulation")
    parser.add_argument("--rt60", nargs="+", type=float, default=list(RT60_LABELS), help="labels in s")
    parser.add_argument("--seconds", type=float, default=4.0, help="spent on each engine and row, at least 3 runs")
    return parser.parse_args(arguments)


def measure(name: str, rt60: float, seconds: float) -> Comparison:
    """Return both engines' times for one stereo response, and their difference."""
    room = ROOMS[name]
    absorption, order = sabine_inversion(rt60 / 1.4, room.dimensions)
    lattice_s, ours = best_of(lattice_run, (room, absorption, order), seconds / 4)
    pyroomacoustics_s, theirs = best_of(pyroomacoustics_run, (room, absorption, order), seconds)
    return Comparison(name, rt60, order, lattice_s, pyroomacoustics_s, error_db(theirs, ours))


Run = Callable[[TdeRoom, float, int], tuple[float, np.ndarray]]


def best_of(run: Run, arguments: tuple[TdeRoom, float, int], seconds: float) -> tuple[float, np.ndarray]:
    """Return the shortest time of the runs that fit into `seconds`, and the responses."""
    run(*arguments)  # compiles, fills caches
    end = time.perf_counter() + seconds
    times: list[float] = []
    while len(times) < 3 or time.perf_counter() < end:
        elapsed, responses = run(*arguments)
        times.append(elapsed)
    return min(times), responses


def lattice_run(room: TdeRoom, absorption: float, order: int) -> tuple[float, np.ndarray]:
    """Return the time (s) of `lattice` and its responses (2, samples)."""
    dimensions, absorptions = np.array(room.dimensions), np.full(6, absorption)
    source, microphones = room.source_position(AZIMUTH, DISTANCE), room.microphones
    start = time.perf_counter()
    responses = lattice_responses(dimensions, absorptions, order, source, microphones, SAMPLE_RATE, SPEED_OF_SOUND)
    return time.perf_counter() - start, responses


def pyroomacoustics_run(room: TdeRoom, absorption: float, order: int) -> tuple[float, np.ndarray]:
    """Return the time (s) of `compute_rir` in a new room and its responses (2, samples), with our 1 / (4 pi d)."""
    settle_pyroomacoustics()
    material = pyroomacoustics.Material(absorption)
    box = pyroomacoustics.ShoeBox(
        room.dimensions, fs=SAMPLE_RATE, materials=material, max_order=order, air_absorption=False
    )
    box.add_source(room.source_position(AZIMUTH, DISTANCE))
    box.add_microphone_array(room.microphones.T)
    start = time.perf_counter()
    box.compute_rir()
    elapsed = time.perf_counter() - start
    heard = [responses[0] / (4 * np.pi) for responses in box.rir]
    return elapsed, same_length(heard, max(map(len, heard)))


def same_length(rows: list[np.ndarray] | np.ndarray, length: int) -> np.ndarray:
    """Return `rows` padded with silence to (rows, length)."""
    return np.stack([np.pad(np.asarray(row, dtype=np.float64), (0, length - len(row))) for row in rows])


def error_db(reference: np.ndarray, responses: np.ndarray) -> float:
    """Return the energy of the difference over that of `reference`, in dB."""
    length = max(reference.shape[1], responses.shape[1])
    expected, found = (same_length(rows, length) for rows in (reference, responses))
    return float(10 * np.log10(np.sum((found - expected) ** 2) / np.sum(expected**2)))


if __name__ == "__main__":
    run_in_one_thread(main)
