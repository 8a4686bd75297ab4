"""Times the pages of a board while it scores 200 submissions that came in at once, with 20 readers or as many as given.

Starts the real server with one worker on a made-up set of 2,000 clips, sends the submissions, and asks for pages all
the while. Run it as `python benchmarks/speed/leaderboard.py [READERS] [DATABASE_URL]`. Exit code 1 if, once the uploads
are in, the median is above 30 ms or the 99th percentile above 1 s.
"""

import asyncio
import random
import sys
import tempfile
import time
from pathlib import Path

import httpx
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))
from service_boards import SLUG, make_board, running  # type: ignore[import-not-found]

TEAMS, EACH, CLIPS = 20, 10, 2000
PAGES = ("/", f"/tracks/{SLUG}", f"/tracks/{SLUG}/compare", f"/tracks/{SLUG}/table.csv", f"/api/tracks/{SLUG}/standing")
PAUSE_SECONDS = 0.5
MEDIAN_SECONDS, PERCENTILE_SECONDS = 0.03, 1.0
"""The limits."""
Times = dict[str, list[float]]


async def read_pages(
    client: httpx.AsyncClient, uploading: Times, scoring: Times, taken: asyncio.Event, done: asyncio.Event
) -> None:
    """Ask for a page now and then until `done`, as one reader does, and note how long each took."""
    while not done.is_set():
        page, times = random.choice(PAGES), scoring if taken.is_set() else uploading
        started = time.perf_counter()
        answer = await client.get(page)
        if answer.status_code == 200:
            times.setdefault(page, []).append(time.perf_counter() - started)
        await asyncio.sleep(random.uniform(0, 2 * PAUSE_SECONDS))


async def load(url: str, headers: list[dict[str, str]], payloads: list[bytes], readers: int) -> tuple[Times, Times]:
    """Send everything, read pages until all is scored, and return the seconds by page: during uploads, then scoring."""
    uploading, scoring = Times(), Times()
    taken, done = asyncio.Event(), asyncio.Event()
    limits = httpx.Limits(max_connections=len(payloads) + readers, keepalive_expiry=5)
    async with httpx.AsyncClient(base_url=url, timeout=120, limits=limits) as client:
        reading = [asyncio.create_task(read_pages(client, uploading, scoring, taken, done)) for _ in range(readers)]
        started = time.perf_counter()
        address = f"/api/tracks/{SLUG}/submissions"
        sending = (client.post(address, content=c, headers=h) for c, h in zip(payloads, headers, strict=True))
        answers = await asyncio.gather(*sending)
        print(f"200 uploads taken in {time.perf_counter() - started:.1f} s: {sorted({a.status_code for a in answers})}")
        taken.set()
        while (await client.get("/healthz")).json()["queued"]:
            await asyncio.sleep(0.5)
        print(f"all scored after {time.perf_counter() - started:.1f} s")
        done.set()
        await asyncio.gather(*reading)
    return uploading, scoring


def main() -> int:
    """Print the table and return the exit code."""
    readers = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    content = {"database": sys.argv[2]} if len(sys.argv) > 2 else {}
    with tempfile.TemporaryDirectory(prefix="whence-speed-") as folder:
        board = make_board(Path(folder) / "board", TEAMS, EACH, samples=CLIPS, **content)
        payloads = [board.payload(seed) for seed in range(TEAMS * EACH)]
        headers = [board.key(f"team{seed // EACH}") for seed in range(TEAMS * EACH)]
        with running(board.folder) as server:
            phases = asyncio.run(load(server.url, headers, payloads, readers))
    for name, times in zip(("uploading", "scoring"), phases, strict=True):
        median, high = table(name, times)
    return 0 if median <= MEDIAN_SECONDS and high <= PERCENTILE_SECONDS else 1


def table(name: str, times: Times) -> tuple[float, float]:
    """Print how long each page took, and return the median and 99th percentile of all, in seconds."""
    print(f"{'while ' + name:36} {'requests':>9} {'median ms':>10} {'99 % ms':>9} {'slowest ms':>11}")
    everything = [seconds for found in times.values() for seconds in found]
    for page, found in [*sorted(times.items()), ("all", everything)]:
        median, high, worst = 1000 * np.quantile(found, [0.5, 0.99, 1.0])
        print(f"{page:36} {len(found):9} {median:10.1f} {high:9.1f} {worst:11.1f}")
    median, high = np.quantile(everything, [0.5, 0.99]).tolist()
    return median, high


if __name__ == "__main__":
    sys.exit(main())
