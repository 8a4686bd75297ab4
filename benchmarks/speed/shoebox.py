"""How fast is `lattice` beside pyroomacoustics, and how far apart are they? One thread against one thread.

Times the engines alone, without materials and room set-up: a stereo response in each room of TDE-Simulation at each
RT60 label, the best of several runs, our compilation excluded. Exit code 1 where a promise is broken.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[_variable] = "1"  # before numpy and numba read them

import numpy as np  # noqa: E402
import pyroomacoustics  # noqa: E402

from whence.conventions import SAMPLE_RATE, SPEED_OF_SOUND  # noqa: E402
from whence.datagen.acoustics.lattice import LEAD, lattice_responses  # noqa: E402
from whence.datagen.acoustics.shoebox import sabine_inversion  # noqa: E402
from whence.datagen.tde import ROOMS, RT60_LABELS, TdeRoom  # noqa: E402

AZIMUTH, DISTANCE = 37.3, 1.7
LEAST_RATIO = {0.5: 10.0, 0.9: 15.0}
LARGEST_ERROR_DB = -48.0
HEADER = "room   RT60  order     images   lattice  pyroomacoustics  ratio   error  lattice  pyroomacoustics"
UNITS = "          s          a response        ms               ms             dB  ns/image         ns/image"


@dataclass(frozen=True)
class Cell:
    """One line of the table."""

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
        """Images of `order` reflections or fewer, the source included: a centred octahedral number."""
        return (2 * self.order + 1) * (2 * self.order**2 + 2 * self.order + 3) // 3

    @property
    def broken(self) -> bool:
        """Whether a promise is broken here."""
        return self.ratio < LEAST_RATIO.get(self.rt60, 0.0) or self.error_db > LARGEST_ERROR_DB

    def __str__(self) -> str:
        ours, theirs = (1e9 * seconds / (2 * self.images) for seconds in (self.lattice_s, self.pyroomacoustics_s))
        return (
            f"{self.room:5} {self.rt60:5.1f} {self.order:6d} {self.images:10,d} {1e3 * self.lattice_s:9.2f} "
            f"{1e3 * self.pyroomacoustics_s:16.1f} {self.ratio:6.1f} {self.error_db:7.1f} {ours:9.2f} {theirs:16.1f}"
            f"{'  BROKEN' if self.broken else ''}"
        )


def main() -> int:
    """Print the table; return 1 where `lattice` is too slow or too far from pyroomacoustics."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rooms", nargs="+", default=list(ROOMS), choices=list(ROOMS), help="rooms of TDE-Simulation")
    parser.add_argument("--rt60", nargs="+", type=float, default=list(RT60_LABELS), help="labels in s")
    parser.add_argument("--seconds", type=float, default=4.0, help="spent on each engine and cell, 3 runs at least")
    options = parser.parse_args()
    print(f"{HEADER}\n{UNITS}")
    cells = []
    for room in options.rooms:
        for rt60 in options.rt60:
            cells.append(measure(room, rt60, options.seconds))
            print(cells[-1], flush=True)
    broken = sum(cell.broken for cell in cells)
    print(f"{broken} of {len(cells)} cells break a promise: ratio >= 10 at 0.5 s, >= 15 at 0.9 s, error <= -48 dB")
    return 1 if broken else 0


def measure(name: str, rt60: float, seconds: float) -> Cell:
    """Return what both engines need for one stereo response, and how far they are apart."""
    room = ROOMS[name]
    absorption, order = sabine_inversion(rt60 / 1.4, room.dimensions)
    lattice_s, ours = best_of(lattice_run, (room, absorption, order), seconds / 4)
    pyroomacoustics_s, theirs = best_of(pyroomacoustics_run, (room, absorption, order), seconds)
    return Cell(name, rt60, order, lattice_s, pyroomacoustics_s, error_db(theirs, ours))


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
    settings = {
        "rir_hpf_enable": False,
        "num_threads": 1,
        "c": SPEED_OF_SOUND,
        "frac_delay_length": 2 * LEAD + 1,
    }
    for name, value in settings.items():
        pyroomacoustics.constants.set(name, value)
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
    sys.exit(main())
