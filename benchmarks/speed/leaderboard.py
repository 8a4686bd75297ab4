"""Times a board's pages for 20 readers while it scores 200 simultaneous submissions.

Starts the real server with one worker on a made-up set of 2,000 clips, sends the submissions, and requests pages
throughout. Exit code 1 if, after the uploads, the median is above 30 ms or the 99th percentile above 1 s.

    python -m whence.benchmarks.speed.leaderboard
"""

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import httpx
import numpy as np

from ...script import run_script
from .made_up_board import SLUG, make_board, running
from .script import speed_parser

PAGES = ("/", f"/tracks/{SLUG}", f"/tracks/{SLUG}/compare", f"/tracks/{SLUG}/table.csv", f"/api/tracks/{SLUG}/standing")
PAUSE_SECONDS = 0.5
MEDIAN_SECONDS, PERCENTILE_SECONDS = 0.03, 1.0
"""The limits."""
Times = dict[str, list[float]]


async def read_pages(
    client: httpx.AsyncClient, uploading: Times, scoring: Times, taken: asyncio.Event, done: asyncio.Event
) -> None:
    """Request a page now and then until `done`, as one reader does, and record the times."""
    while not done.is_set():
        page, times = random.choice(PAGES), scoring if taken.is_set() else uploading
        started = time.perf_counter()
        answer = await client.get(page)
        if answer.status_code == 200:
            times.setdefault(page, []).append(time.perf_counter() - started)
        await asyncio.sleep(random.uniform(0, 2 * PAUSE_SECONDS))


async def load(url: str, headers: list[dict[str, str]], payloads: list[bytes], readers: int) -> tuple[Times, Times]:
    """Send all submissions, read pages until all are scored, and return the seconds by page for each phase."""
    uploading, scoring = Times(), Times()
    taken, done = asyncio.Event(), asyncio.Event()
    limits = httpx.Limits(max_connections=len(payloads) + readers, keepalive_expiry=5)
    async with httpx.AsyncClient(base_url=url, timeout=120, limits=limits) as client:
        reading = [asyncio.create_task(read_pages(client, uploading, scoring, taken, done)) for _ in range(readers)]
        started = time.perf_counter()
        address = f"/api/tracks/{SLUG}/submissions"
        sending = (client.post(address, content=c, headers=h) for c, h in zip(payloads, headers, strict=True))
        answers = await asyncio.gather(*sending)
        statuses = sorted({answer.status_code for answer in answers})
        print(f"{len(answers)} uploads taken in {time.perf_counter() - started:.1f} s: {statuses}")
        taken.set()
        while (await client.get("/healthz")).json()["queued"]:
            await asyncio.sleep(0.5)
        print(f"all scored after {time.perf_counter() - started:.1f} s")
        done.set()
        await asyncio.gather(*reading)
    return uploading, scoring


def main(arguments: Sequence[str]) -> int:
    """Print the table; return 1 if pages are too slow while the board scores."""
    options = parse(arguments)
    content = {"database": options.database} if options.database else {}
    with tempfile.TemporaryDirectory(prefix="whence-speed-") as folder:
        board = make_board(Path(folder) / "board", options.teams, options.each, samples=options.clips, **content)
        seeds = range(options.teams * options.each)
        payloads = [board.payload(seed) for seed in seeds]
        headers = [board.key(f"team{seed // options.each}") for seed in seeds]
        with running(board.folder) as server:
            phases = asyncio.run(load(server.url, headers, payloads, options.readers))
    for name, times in zip(("uploading", "scoring"), phases, strict=True):
        median, high = table(name, times)
    slow = median > MEDIAN_SECONDS or high > PERCENTILE_SECONDS
    return 1 if slow and not options.any_speed else 0


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options."""
    parser = speed_parser(__doc__)
    parser.add_argument("--readers", type=int, default=20, help="clients that request pages throughout")
    parser.add_argument("--teams", type=int, default=20, help="teams that submit")
    parser.add_argument("--each", type=int, default=10, help="submissions per team")
    parser.add_argument("--clips", type=int, default=2000, help="clips in the dataset")
    parser.add_argument("--database", metavar="URL", help="database to use instead of SQLite in the board's folder")
    return parser.parse_args(arguments)


def table(name: str, times: Times) -> tuple[float, float]:
    """Print how long each page took, and return the median and 99th percentile of all, in seconds."""
    print(f"{'while ' + name:36} {'requests':>9} {'median ms':>10} {'99 % ms':>9} {'slowest ms':>11}")
    everything = [seconds for found in times.values() for seconds in found]
    for page, found in [*sorted(times.items()), ("all", everything)]:
        median, high, worst = quantiles(found)
        print(f"{page:36} {len(found):9} {1000 * median:10.1f} {1000 * high:9.1f} {1000 * worst:11.1f}")
    return median, high


def quantiles(seconds: list[float]) -> tuple[float, float, float]:
    """Return median, 99th percentile and maximum; NaN if there are none."""
    median, high, worst = np.quantile(seconds or [np.nan], [0.5, 0.99, 1.0]).tolist()
    return median, high, worst


if __name__ == "__main__":
    run_script(main)
