"""`whence quickstart`: a first result, from nothing, in one command."""

from pathlib import Path
from typing import Annotated

import typer


def quickstart(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for data, runs and reports.")] = Path(
        "whence-quickstart"
    ),
    speech: Annotated[
        str | None,
        typer.Option(metavar="DIR|espeak|librispeech", help="Dry speech. [default: espeak]", show_default=False),
    ] = None,
) -> None:
    """Generate a small set, run every untrained baseline on it, and write report.html."""
    from ..benchmarks.bench import bench
    from ..datagen.pipeline import generate
    from ..datagen.tde import PRESETS, plan_tde
    from .bench import show

    data = out / "tde.zarr"
    typer.echo(f"1/3 rendering speech in three rooms: {data}")
    generate(plan_tde(speech, clips=PRESETS["tiny"]), str(data))
    typer.echo("2/3 time delay between two microphones, five noise levels, every baseline")
    show(bench("tde", str(data), out / "runs" / "tde"), False)
    typer.echo("3/3 left or right")
    show(bench("left-right", str(data), out / "runs" / "left-right"), False)
