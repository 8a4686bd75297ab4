"""What every command that renders a dataset shares: its options, and the rendering."""

import os
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer

from ..errors import InputError


class Preset(StrEnum):
    """How much to render."""

    tiny = "tiny"
    small = "small"
    paper = "paper"


Out = Annotated[str, typer.Argument(metavar="OUT.zarr", help="Where to write: a path or an fsspec URL.")]
Speech = Annotated[
    str | None,
    typer.Option(metavar="DIR|espeak|librispeech[:SUBSET]", help="Dry speech. [default: espeak]", show_default=False),
]
Seed = Annotated[int | None, typer.Option(min=0, help="Seed of everything random. [default: 0]", show_default=False)]
Workers = Annotated[
    int | None,
    typer.Option(min=1, help="Processes on this machine. [default: its cores]", show_default=False),
]
Scheduler = Annotated[
    str | None, typer.Option(metavar="tcp://HOST:PORT", help="A running Dask scheduler.", show_default=False)
]
Json = Annotated[bool, typer.Option("--json", help="Print one line of JSON.")]


def name_skipped(skipped: Sequence[str], kind: str = "files") -> None:
    """Say what is left out, and why, one line each and after ten of them how many more of that `kind`."""
    for line in skipped[:10]:
        typer.echo(f"skipped {line}", err=True)
    if len(skipped) > 10:
        typer.echo(f"skipped {len(skipped) - 10} more {kind}", err=True)


def render(plan: Any, out: str, workers: int | None, scheduler: str | None, as_json: bool) -> None:
    """Render `plan` into `out` and say what came of it."""
    import json

    from ..datagen.pipeline import generate

    if not out.rstrip("/").endswith(".zarr"):
        raise InputError(f"{out}: expected a name that ends in .zarr")
    fingerprint = generate(plan, out, workers=workers or os.cpu_count() or 1, scheduler=scheduler)
    if as_json:
        typer.echo(json.dumps({"path": out, "rows": plan.layout.rows, "fingerprint": fingerprint}))
    else:
        typer.echo(f"{out}: {plan.layout.rows} {plan.layout.row_dimension}s, fingerprint {fingerprint[:16]}")
