"""`whence quickstart`: first results from scratch, in one command."""

from pathlib import Path
from typing import Annotated

import typer

from ..cores import allowed_cores
from ..files import require_local


def quickstart(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for data, runs and reports.")] = Path(
        "whence-quickstart"
    ),
    speech: Annotated[
        str | None,
        typer.Option(metavar="DIR|espeak|librispeech", help="Dry speech. [default: espeak]", show_default=False),
    ] = None,
) -> None:
    """Generate small datasets, run every baseline and trained model on them, write a report.html for each track."""
    from ..datagen.hm3d_ss import PRESETS as HOMES
    from ..datagen.hm3d_ss import plan_hm3d_ss
    from ..datagen.pipeline import generate
    from ..datagen.tde import PRESETS, plan_tde

    require_local(out, "the quickstart's folder")
    rooms, homes = out / "tde.zarr", out / "hm3d-ss.zarr"
    typer.echo(f"1/6 rendering speech in three rooms: {rooms}")
    generate(plan_tde(speech, clips=PRESETS["tiny"]), str(rooms))
    _bench(2, "time delay between two microphones, five noise levels, baselines and trained models", "tde", rooms, out)
    _bench(3, "left or right", "left-right", rooms, out)
    scenes, examples = HOMES["tiny"]
    typer.echo(f"4/6 rendering homes to see and hear: {homes}")
    plan = plan_hm3d_ss("procedural", speech, scene_count=scenes, examples=examples)
    generate(plan, str(homes), workers=allowed_cores())
    _bench(5, "camera rotation between two views", "rotation", homes, out)
    _bench(6, "azimuth of a sound from two ears", "azimuth", homes, out)


def _bench(step: int, what: str, track: str, data: Path, out: Path) -> None:
    from ..benchmarks.bench import bench
    from .bench import show

    typer.echo(f"{step}/6 {what}")
    show(bench(track, str(data), out / "runs" / track), False)
