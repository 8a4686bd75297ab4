"""Runs a generator: shards to workers, one progress bar, resume, and the check that re-renders."""

import logging
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any, Protocol

import numpy as np
from tqdm import tqdm

from . import shards
from .dataset import Dataset
from .shards import Layout
from .storage import Folder

SOFTWARE = ("whence", "numpy", "scipy", "numba", "zarr", "soxr", "pyroomacoustics")


class Plan(Protocol):
    """What a generator makes: everything a worker needs to render any row of a dataset, in any order."""

    @property
    def dataset(self) -> str:
        """Name of the kind of dataset."""

    @property
    def recipe(self) -> Mapping[str, Any]:
        """Everything that decides the bytes, as JSON values."""

    @property
    def provenance(self) -> Mapping[str, Any]:
        """What a reader wants to know and the bytes do not depend on: engine, licences, where the sources lie."""

    @property
    def layout(self) -> Layout:
        """The arrays of the dataset."""

    def render(self, row: int) -> dict[str, Any]:
        """Return every field of one row."""


def generate(plan: Plan, url: str, *, workers: int = 1, scheduler: str | None = None) -> str:
    """Render what is still missing of `plan` into the dataset at `url`; return its fingerprint.

    With one worker everything happens in this process, with more on a local Dask cluster, with `scheduler`
    (tcp://...) on a running one. The bytes do not depend on any of this, nor on kills and resumes.
    """
    software = {name: version(name) for name in SOFTWARE} | {"python": platform.python_version()}
    attributes = {"dataset": plan.dataset, "recipe": plan.recipe, "software": software, **plan.provenance}
    url = Folder(url).absolute  # workers may have been started in another folder
    pending = shards.begin(url, plan.layout, attributes)
    rows = {shard: len(plan.layout.rows_of(shard)) for shard in pending}
    done = plan.layout.rows - sum(rows.values())
    with (
        _runner(min(workers, max(len(pending), 1)), scheduler) as run,
        tqdm(total=plan.layout.rows, initial=done, unit="clip", desc=plan.dataset, disable=not pending) as bar,
    ):
        for shard in run(plan, url, pending):
            bar.update(rows[shard])
    return shards.finish(url, plan.layout)


def render_shard(plan: Plan, url: str, shard: int) -> int:
    """Render and write one shard; return its number."""
    shards.write_shard(url, plan.layout, shard, [plan.render(row) for row in plan.layout.rows_of(shard)])
    return shard


Runner = Callable[[Plan, str, Sequence[int]], Iterator[int]]


@contextmanager
def _runner(workers: int, scheduler: str | None) -> Iterator[Runner]:
    """Yield a function that renders shards and yields their numbers as they are done."""
    if workers == 1 and scheduler is None:
        yield lambda plan, url, pending: (render_shard(plan, url, shard) for shard in pending)
        return
    from dask import config
    from distributed import Client, LocalCluster, as_completed

    def run(plan: Plan, url: str, pending: Sequence[int]) -> Iterator[int]:
        shared = client.scatter(plan, broadcast=True, hash=False)
        futures = [client.submit(render_shard, shared, url, shard, pure=False) for shard in pending]
        for future in as_completed(futures):
            yield future.result()
            future.release()

    # Dask would have workers hand back freed memory at once; taking it again costs more than the rendering.
    environment = {"OMP_NUM_THREADS": 1, "OPENBLAS_NUM_THREADS": 1}
    settings = {"distributed.comm.timeouts.connect": "30s", "distributed.nanny.pre-spawn-environ": environment}
    with config.set(settings):
        if scheduler is not None:
            with Client(scheduler) as client:
                yield run
            return
        with (
            LocalCluster(
                n_workers=workers, threads_per_worker=1, dashboard_address=None, silence_logs=logging.CRITICAL
            ) as cluster,
            Client(cluster) as client,
        ):
            yield run


def rerender_differences(plan: Plan, dataset: Dataset, rows: Sequence[int]) -> list[str]:
    """Return what differs between `rows` as stored and as `plan` renders them now, one line each."""
    found = []
    for row in rows:
        rendered = plan.render(row)
        for field in plan.layout.fields:
            stored = np.asarray(dataset.array(field.name)[row])
            if not _same(stored, np.asarray(rendered[field.name]), field.dtype):
                found.append(f"row {row}: {field.name} differs from a new rendering")
    return found


def _same(stored: np.ndarray, rendered: np.ndarray, dtype: str) -> bool:
    if dtype == "str":
        return str(stored) == str(rendered)
    return bool(np.array_equal(stored, rendered.astype(dtype), equal_nan=np.dtype(dtype).kind == "f"))
