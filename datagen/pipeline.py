"""Runs a generator: sends shards to workers, shows one progress bar, resumes, and re-renders rows for checks."""

import logging
import os
import platform
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Protocol, runtime_checkable

import numpy as np
from tqdm import tqdm

from ..errors import InputError
from ..machine import workers_fault
from ..threads import ONE_THREAD, single_threaded
from . import shards
from .content import is_within_a_step
from .dataset import Dataset
from .shards import Field, Layout
from .storage import Folder

_SET_BY_DASK = (*ONE_THREAD, "PYTHONHASHSEED", "__DASK_PARENT_PID")
SOFTWARE = ("whence", "numpy", "scipy", "numba", "zarr", "soxr", "pyroomacoustics", "embreex", "pillow")


class Plan(Protocol):
    """Everything that a worker needs to render any row of a dataset, in any order."""

    @property
    def dataset(self) -> str:
        """Name of the kind of dataset."""

    @property
    def recipe(self) -> Mapping[str, Any]:
        """Everything that affects the bytes, as JSON values."""

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Information for readers that does not affect the bytes: engine, licences, location of the sources."""

    @property
    def layout(self) -> Layout:
        """The arrays of the dataset."""

    def render(self, row: int) -> dict[str, Any]:
        """Return every field of one row."""


@runtime_checkable
class Batched(Protocol):
    """A plan that renders the rows of a shard together."""

    def render_rows(self, rows: Sequence[int]) -> list[dict[str, Any]]:
        """Return every field of each of `rows`."""


@runtime_checkable
class Accompanied(Protocol):
    """A plan whose dataset contains smaller datasets, each in a folder of its name."""

    @property
    def parts(self) -> Mapping[str, Plan]:
        """The plan of each part, by name."""


@runtime_checkable
class Checked(Protocol):
    """A plan that depends on files that may prove unusable."""

    def check(self) -> None:
        """Raise InputError if any row could not be rendered."""


def generate(plan: Plan, url: str, *, workers: int = 1, scheduler: str | None = None, command: str = "") -> str:
    """Render the missing shards of `plan` into the dataset at `url`; return its fingerprint.

    `command`, which the user typed, is recorded beside the recipe.

    One worker runs in this process, more run on a local Dask cluster, and `scheduler` (tcp://...) names a running
    cluster. The bytes depend neither on this nor on kills and resumes. Raises InputError if a row cannot be rendered.
    """
    attributes = attributes_of(plan, command)
    folder = Folder(url)
    url = folder.absolute  # workers may have been started in another folder
    if shards.is_whole(url, attributes):
        return shards.finish(url, plan.layout)
    with nullcontext() if scheduler is None else _connected(scheduler) as client:
        if isinstance(plan, Checked) and folder.is_empty():  # what is begun was checked
            plan.check()
        with folder.sole_writer() as alone:
            pending = shards.begin(url, plan.layout, attributes)
            parts = plan.parts if isinstance(plan, Accompanied) else {}
            fingerprints = {name: generate(part, f"{url}/{name}") for name, part in parts.items()}
            render_shards(plan, url, pending, workers=workers, client=client)
            return shards.finish(url, plan.layout, fingerprints, alone=alone)


def attributes_of(plan: Plan, command: str = "") -> dict[str, Any]:
    """Return what the root of a dataset records of `plan`, and the `command` that the user typed."""
    attributes = {"dataset": plan.dataset, "recipe": plan.recipe, "software": software(), **plan.provenance}
    return attributes | ({"command": command} if command else {})


def software() -> dict[str, str]:
    """Return the versions of everything here that may decide the bytes of a dataset."""
    return {name: version(name) for name in SOFTWARE} | {"python": platform.python_version()}


def render_shards(
    plan: Plan,
    url: str,
    pending: Sequence[int],
    *,
    workers: int,
    client: Any = None,
    among: Sequence[int] | None = None,
) -> None:
    """Render the shards `pending`, those missing `among` some (default: all).

    By the Dask `client`, by `workers` processes here, or in this process.
    """
    here = client or workers == 1 or len(pending) < 2
    rows = sum(len(plan.layout.rows_of(shard)) for shard in among) if among is not None else plan.layout.rows
    with nullcontext(client) if here else _local_cluster(workers) as runner:
        _render(plan, url, pending, runner, rows)


def _render(plan: Plan, url: str, pending: Sequence[int], client: Any, total: int) -> None:
    """Render the shards `pending`, here or by the Dask `client`, under one progress bar of `total` rows."""
    rows = {shard: len(plan.layout.rows_of(shard)) for shard in pending}
    finished = _rendered_here(plan, url, pending) if client is None else _rendered_by(client, plan, url, pending)
    unit = plan.layout.row_dimension
    with tqdm(
        total=total, initial=total - sum(rows.values()), unit=unit, desc=plan.dataset, disable=not pending
    ) as bar:
        for shard in finished:
            bar.update(rows[shard])


def render_shard(plan: Plan, url: str, shard: int) -> int:
    """Render and write one shard; return its number."""
    with single_threaded():
        rows = plan.layout.rows_of(shard)
        rendered = plan.render_rows(rows) if isinstance(plan, Batched) else [plan.render(row) for row in rows]
        shards.write_shard(url, plan.layout, shard, rendered)
    return shard


def _rendered_here(plan: Plan, url: str, pending: Sequence[int]) -> Iterator[int]:
    """Yield the shards `pending` as this process renders them."""
    for shard in pending:
        yield render_shard(plan, url, shard)


def _rendered_by(client: Any, plan: Plan, url: str, pending: Sequence[int]) -> Iterator[int]:
    """Yield the shards `pending` as the workers of the Dask `client` render them."""
    from distributed import as_completed

    shared = client.scatter(plan, broadcast=True, hash=False)
    futures = [client.submit(render_shard, shared, url, shard, pure=False) for shard in pending]
    for future in as_completed(futures):
        yield future.result()
        future.release()


@contextmanager
def _connected(scheduler: str) -> Iterator[Any]:
    """Yield a client of the running Dask `scheduler`; raises InputError if none answers."""
    from distributed import Client

    try:
        client = Client(scheduler, timeout="10s")
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"--scheduler {scheduler}: no Dask scheduler answers there ({type(error).__name__})") from None
    with client:
        if not client.scheduler_info()["workers"]:
            raise InputError(f"--scheduler {scheduler}: it has no workers; start some with `dask worker {scheduler}`")
        yield client


@contextmanager
def _local_cluster(workers: int) -> Iterator[Any]:
    """Yield a client of a Dask cluster of processes on this machine; None, and say so, where there can be none."""
    from dask import config
    from distributed import Client, LocalCluster

    fault = workers_fault()
    if fault:
        print(f"no worker processes here ({fault}): everything is rendered in this one", file=sys.stderr)
        yield None
        return
    # Dask would have workers hand back freed memory at once; taking it again costs more than the rendering.
    settings = {"distributed.comm.timeouts.connect": "30s", "distributed.nanny.pre-spawn-environ": ONE_THREAD}
    options: dict[str, Any] = {"n_workers": workers, "threads_per_worker": 1, "silence_logs": logging.CRITICAL}
    # Even without a dashboard Dask takes port 8787 of every network, and leaks a socket where another has taken it.
    options |= {"dashboard_address": None, "scheduler_kwargs": {"dashboard_address": "127.0.0.1:0"}}
    with config.set(settings), _script_hidden(), _variables_kept():
        with _deaf_to_interrupts():
            cluster = LocalCluster(**options)
        with cluster, Client(cluster) as client:
            yield client


@contextmanager
def _variables_kept() -> Iterator[None]:
    """Undo what Dask writes into the environment of this process for its workers: one thread, a seed for hashes."""
    before = {name: os.environ.get(name) for name in _SET_BY_DASK}
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


@contextmanager
def _script_hidden() -> Iterator[None]:
    """Keep new processes from running the user's script again, which would call us again: they need nothing of it."""
    script = vars(sys.modules["__main__"])
    hidden: dict[str, Any] = {name: script[name] for name in ("__file__", "__spec__") if name in script}
    script.update(dict.fromkeys(hidden))
    try:
        yield
    finally:
        script.update(hidden)


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Ignore Ctrl-C while workers start, so that they ignore it too: this process stops them."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN) if _is_main_thread() else None
    try:
        yield
    finally:
        if before is not None:
            signal.signal(signal.SIGINT, before)


@dataclass(frozen=True)
class Difference:
    """A `field` of a `row` that differs when rendered again; `small`: by a step of a whole number, or 1e-5."""

    row: int
    field: str
    small: bool

    def __str__(self) -> str:
        return f"row {self.row}: {self.field} differs {'in the last step ' if self.small else ''}when rendered again"


def rerender_differences(plan: Plan, dataset: Dataset, rows: Sequence[int]) -> list[Difference]:
    """Return the differences between the stored `rows` and what `plan` renders now."""
    found = []
    for row in rows:
        with single_threaded():
            rendered = plan.render(row)
        for field in plan.layout.fields:
            stored, again = np.asarray(dataset.array(field.name)[row]), np.asarray(rendered[field.name])
            if not _same(stored, again, field.dtype):
                found.append(Difference(row, field.name, _is_small(dataset, field, stored, again)))
    return found


def _is_small(dataset: Dataset, field: Field, stored: np.ndarray, again: np.ndarray) -> bool:
    if field.dtype in ("str", "bool"):
        return False
    whole = stored if field.chunk_rows else dataset.column(field.name)
    scale = float(np.abs(whole[np.isfinite(whole)]).max(initial=0))
    return is_within_a_step(stored, again.astype(field.dtype), scale)


def _same(stored: np.ndarray, rendered: np.ndarray, dtype: str) -> bool:
    if dtype == "str":
        return str(stored) == str(rendered)
    return bool(np.array_equal(stored, rendered.astype(dtype), equal_nan=np.dtype(dtype).kind == "f"))
