"""Times the uploads of a team while others attack the board with files made to waste its time, on both kinds of board.

One team sends honest submissions one after the other, to the real server and into a folder; meanwhile two other teams
send files whose page headers hold lists of 65,000 empty structs, as fast as they are answered, or such files lie in
the folder. Run `python -m whence.benchmarks.speed.leaderboard_attack`. It exits with 1 where an upload under attack
took more than 1 s.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import httpx
import numpy as np

from ...errors import InputError
from ...leaderboard.boards.folder.board import add_submission, add_track, create_board, standings
from ...leaderboard.sealing.labels_file import write_labels_file
from ...leaderboard.standing.record import EntryInfo
from ...script import run_script
from .hostile_parquet import one_page_for_all, slow_pages
from .made_up_board import SLUG, make_board, running, sealed_labels, submission
from .script import speed_parser

ATTACKERS, WARM = 2, 6
MOST_SECONDS = 1.0
"""The limit."""
UPLOADS = f"/api/tracks/{SLUG}/submissions"


async def attack(client: httpx.AsyncClient, key: dict[str, str], done: asyncio.Event) -> int:
    """Send slow files of every kind until `done`; return how many were answered."""
    files, count = [one_page_for_all(), slow_pages(0), slow_pages(8, 900)], 0
    while not done.is_set():
        answers = await asyncio.gather(*(client.post(UPLOADS, content=file, headers=key) for file in files))
        assert {answer.status_code for answer in answers} == {422}
        count += len(files)
    return count


async def uploads(client: httpx.AsyncClient, key: dict[str, str], payloads: list[bytes]) -> list[float]:
    """Send `payloads` one after the other; return how long each took."""
    times = []
    for payload in payloads:
        started = time.perf_counter()
        answer = await client.post(UPLOADS, content=payload, headers=key)
        times.append(time.perf_counter() - started)
        assert answer.status_code == 202, answer.text
    return times


async def service(url: str, keys: list[dict[str, str]], payloads: list[bytes]) -> list[list[float]]:
    """Return the seconds of the uploads of the first team before and during the attack by the others."""
    done = asyncio.Event()
    async with httpx.AsyncClient(base_url=url, timeout=120) as client:
        await uploads(client, keys[0], payloads[:WARM])  # the first ones wait until the checkers have started
        before = await uploads(client, keys[0], payloads[WARM::2])
        attacks = [asyncio.create_task(attack(client, key, done)) for key in keys[1:]]
        during = await uploads(client, keys[0], payloads[WARM + 1 :: 2])
        done.set()
        print(f"attacked with {sum(await asyncio.gather(*attacks))} files")
    return [before, during]


def folder_board(folder: Path, clips: int) -> list[list[float]]:
    """Return the seconds of adding a submission before and after slow files lie in the folder, and of refusing each."""
    sealed = sealed_labels(clips)
    write_labels_file(folder / "labels.parquet", sealed)
    board = add_track(create_board(folder / "board", "Board"), "delays", "Delays", sealed.expectation)
    times: list[list[float]] = [[], []]
    info = EntryInfo("team", "2026-01-01T00:00:00Z")
    for k, hostile in enumerate((b"", one_page_for_all(), slow_pages(0), slow_pages(8, 900))):
        if hostile:
            (board.folder / "submissions" / "delays" / f"attack{k}.parquet").write_bytes(hostile)
        started = time.perf_counter()
        add_submission(board, submission(sealed, 1000 + k), info)
        times[bool(hostile)].append(time.perf_counter() - started)
    for path in sorted((board.folder / "submissions" / "delays").glob("attack*.parquet")):
        started = time.perf_counter()
        try:
            standings(board, [folder / "labels.parquet"])
        except InputError as error:
            print(f"refused after {time.perf_counter() - started:.2f} s: {str(error).rpartition('/')[2]}")
        path.unlink()
    return times


def report(name: str, before: list[float], during: list[float]) -> bool:
    """Print a line and return whether the slowest upload under attack took no longer than it may."""
    shown = [
        f"median {np.median(times):.3f} s, slowest {max(times):.3f} s (of {len(times)})" for times in (before, during)
    ]
    print(f"{name}: before {shown[0]}; under attack {shown[1]}")
    return max(during) <= MOST_SECONDS


def main(arguments: Sequence[str]) -> int:
    """Print the times of both kinds of board; return 1 where an upload took too long under attack."""
    options = parse(arguments)
    with tempfile.TemporaryDirectory(prefix="whence-speed-") as place:
        board = make_board(Path(place) / "board", 1 + ATTACKERS, per_day=10**6, samples=options.clips)
        payloads = [board.payload(seed) for seed in range(WARM + 2 * options.uploads)]
        keys = [board.key(f"team{k}") for k in range(1 + ATTACKERS)]
        with running(board.folder) as server:
            good = report("service", *asyncio.run(service(server.url, keys, payloads)))
        good &= report("folder", *folder_board(Path(place), options.clips))
    return 0 if good or options.any_speed else 1


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options."""
    parser = speed_parser(__doc__)
    parser.add_argument("--uploads", type=int, default=100, help="before the attack, and as many during it")
    parser.add_argument("--clips", type=int, default=2000, help="of the set")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    run_script(main)
