"""`whence finish`, `merge` and `copy`: close a set made in parts, join sets, and copy sets and runs to any storage."""

from typing import Annotated

import typer

from ..english import counted
from .rendering import Workers, render, say

Json = Annotated[bool, typer.Option("--json", help="Print one line of JSON.")]


def finish(
    out: Annotated[str, typer.Argument(metavar="OUT.zarr", help="The set that `whence generate --shards` made.")],
    json: Json = False,
) -> None:
    """Close a dataset that was made in parts (`--shards`), or say which parts are missing."""
    from json import dumps

    from ..datagen.dataset import Dataset
    from ..datagen.parts import finish as close

    fingerprint = close(out)
    rows = len(Dataset(out))
    if json:
        typer.echo(dumps({"path": out, "rows": rows, "fingerprint": fingerprint}))
    else:
        typer.echo(f"{out}: {counted(rows, 'row')}, fingerprint {fingerprint[:16]}")


def copy(
    source: Annotated[str, typer.Argument(metavar="SRC", help="Dataset or run folder: a path or an fsspec URL.")],
    target: Annotated[str, typer.Argument(metavar="DST", help="Where to copy it: a path or an fsspec URL.")],
    json: Json = False,
) -> None:
    """Copy a dataset or a run to or from any storage, checking every sha256. Rerun the same command to resume."""
    from json import dumps

    from ..datagen.copying import copy as copied

    done = copied(source, target)
    if json:
        typer.echo(dumps({"path": target, "copied": done.fresh, "there": done.there, "bytes": done.size}))
    else:
        fresh = counted(done.fresh, "file")
        typer.echo(f"{target}: {fresh} copied, {done.there} already there, {done.size / 1e6:,.1f} MB in all")


def merge(
    sets: Annotated[list[str], typer.Argument(metavar="A.zarr B.zarr ... OUT.zarr", help="What to join, then where.")],
    workers: Workers = None,
    json: Json = False,
) -> None:
    """Join datasets of one kind and layout, made from different seeds or parts. Rerun the same command to resume."""
    from ..datagen.merging import plan_merge

    *sources, out = sets
    plan = plan_merge(sources)
    if plan.torn_speakers:
        say([f"{counted(len(plan.torn_speakers), 'speaker')} in one split of one set and in another of another"])
    render(plan, out, workers, None, json)
