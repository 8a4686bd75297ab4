"""Speed of the batched lattice in torch against pyroomacoustics and `lattice`, and their differences.

Times a batch of stereo responses in a room of TDE-Simulation, with the source at another azimuth in each, and the other
two engines on the first of them, one thread each: the best of several runs, one engine after the other. Times include
the way to the device, not that back. Exit code 1 if the batch is farther than promised from pyroomacoustics, or, on a
GPU, less than 1,000 times as fast.

    python -m whence.benchmarks.speed.batched_lattice --device cuda --batch 1024
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ...datagen.acoustics.batched_sound import impulse_responses, usable
from ...datagen.acoustics.shoebox import ShoeboxRoom, sabine_inversion
from ...datagen.tde import ROOMS, RT60_LABELS, TdeRoom
from .script import run_in_one_thread, speed_parser, times_as_fast
from .shoebox import AZIMUTH, DISTANCE, LARGEST_ERROR_DB, error_db, lattice_run, pyroomacoustics_run

LEAST_RATIO = 1000.0
"""On a GPU."""
RUNS = 3
HEADER = "RT60  order   batch   batched  lattice  pyroomacoustics  ratio to    ratio to         error to  error to"
UNITS = "s                ms a response       ms               ms   lattice  pyroomac.  pyroomacoustics dB   lattice"


@dataclass(frozen=True)
class Comparison:
    """Three engines at one RT60: seconds for one stereo response, and the differences of the batched one in dB."""

    rt60: float
    order: int
    batch: int
    batched_s: float
    lattice_s: float
    pyroomacoustics_s: float
    error_db: float
    lattice_error_db: float

    @property
    def ratio(self) -> float:
        """How many times faster than pyroomacoustics the batch is."""
        return self.pyroomacoustics_s / self.batched_s

    def __str__(self) -> str:
        batched, lattice, rival = (1e3 * s for s in (self.batched_s, self.lattice_s, self.pyroomacoustics_s))
        return (
            f"{self.rt60:<4g} {self.order:6d} {self.batch:7d} {batched:9.4f} {lattice:8.3f} {rival:16.1f} "
            f"{lattice / batched:9.3g} {self.ratio:10.4g} {self.error_db:19.1f} {self.lattice_error_db:9.1f}"
        )


def main(arguments: Sequence[str]) -> int:
    """Print the table; return 1 if the batch differs too much or, on a GPU, is too slow."""
    options, rows = parse(arguments), []
    device = usable(options.device)
    print(f"on {torch.cuda.get_device_name(device) if device.type == 'cuda' else device.type}\n{HEADER}\n{UNITS}")
    for rt60 in options.rt60:
        rows.append(measure(ROOMS[options.room], rt60, options.batch, device))
        print(rows[-1], flush=True)
    print(times_as_fast("pyroomacoustics", (row.ratio for row in rows)))
    wrong = sum(row.error_db > LARGEST_ERROR_DB for row in rows)
    slow = sum(row.ratio < LEAST_RATIO for row in rows) if device.type == "cuda" and not options.any_speed else 0
    print(f"{wrong} of {len(rows)} rows err by more than {LARGEST_ERROR_DB:g} dB, {slow} are too slow for a GPU")
    return int(wrong + slow > 0)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options."""
    parser, present = speed_parser(__doc__), "cuda" if torch.cuda.is_available() else "cpu"
    parser.add_argument("--device", default=present, help="of torch; a GPU where there is one")
    parser.add_argument("--batch", type=int, default=16, help="responses at once; a GPU needs hundreds")
    parser.add_argument("--room", default="room1", choices=list(ROOMS), help="of TDE-Simulation")
    parser.add_argument("--rt60", nargs="+", type=float, default=list(RT60_LABELS), help="labels in s")
    return parser.parse_args(arguments)


def measure(room: TdeRoom, rt60: float, batch: int, device: torch.device) -> Comparison:
    """Return the times of the three engines, each the best of `RUNS` after one that warms up, and the differences."""
    absorption, order = sabine_inversion(rt60 / 1.4, room.dimensions)
    azimuths = [AZIMUTH, *np.linspace(-80, 80, batch - 1)]
    box = ShoeboxRoom(room.dimensions, (absorption,) * 6, order)
    many = [box] * batch, [room.source_position(a, DISTANCE) for a in azimuths], [room.microphones] * batch
    times, first = np.full(3, np.inf), [np.empty(0)] * 3
    for run in range(RUNS + 1):
        answers = (
            batched_run(many, device),
            lattice_run(room, absorption, order),
            pyroomacoustics_run(room, absorption, order),
        )
        times = np.minimum(times, [seconds for seconds, _ in answers]) if run else times
        first = [found for _, found in answers]
    batched, lattice, rival = times
    errors = error_db(first[2], first[0]), error_db(first[1], first[0])
    return Comparison(rt60, order, batch, batched / batch, lattice, rival, *errors)


Many = tuple[list[ShoeboxRoom], list[np.ndarray], list[np.ndarray]]


def batched_run(many: Many, device: torch.device) -> tuple[float, np.ndarray]:
    """Return the time (s) of a batch until the device has it all, and the first responses (2, samples)."""
    start = time.perf_counter()
    responses = impulse_responses(*many, device=device)
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - start, responses[0].cpu().numpy()


if __name__ == "__main__":
    run_in_one_thread(main)
