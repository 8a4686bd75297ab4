"""`whence quickstart`: first results from scratch, in one command."""

import shlex
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from ..cores import allowed_cores
from ..files import require_local

UNSEEN_HOMES = 1
"""Seed of homes that no trained model has seen; those of seed 0 are trained on."""


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
    from ..datagen import hm3d_ss, sounding_objects, tde
    from ..datagen.pipeline import generate

    require_local(out, "the quickstart's folder")
    rooms, homes, pictures = out / "tde.zarr", out / "hm3d-ss.zarr", out / "sounding-objects.zarr"
    typer.echo(f"1/8 rendering speech in three rooms: {rooms}")
    command = partial(_command, speech=speech)
    generate(tde.plan_tde(speech, clips=tde.PRESETS["tiny"]), str(rooms), command=command("tde", rooms))
    _bench(2, "time delay between two microphones, five noise levels, baselines and trained models", "tde", rooms, out)
    _bench(3, "left or right", "left-right", rooms, out)
    scenes, examples = hm3d_ss.PRESETS["tiny"]
    typer.echo(f"4/8 rendering homes to see and hear: {homes}")
    plan = hm3d_ss.plan_hm3d_ss("procedural", speech, scene_count=scenes, examples=examples)
    generate(plan, str(homes), workers=allowed_cores(), command=command("hm3d-ss", homes))
    _bench(5, "camera rotation between two views", "rotation", homes, out)
    _bench(6, "azimuth of a sound from two ears", "azimuth", homes, out)
    count, each = sounding_objects.PRESETS["tiny"]
    typer.echo(f"7/8 rendering pictures with objects that sound: {pictures}")
    unseen = sounding_objects.plan_sounding_objects(homes=count, pictures=each, speech=speech, seed=UNSEEN_HOMES)
    made = command("sounding-objects", pictures, "--seed", str(UNSEEN_HOMES))
    generate(unseen, str(pictures), workers=allowed_cores(), command=made)
    _bench(8, "where in the picture a sound comes from", "sounding-object", pictures, out, split="all")
    typer.echo("how to go on:")
    for what, step in next_steps(out):
        typer.echo(f"  {step}\n    {what}")


def next_steps(out: Path) -> list[tuple[str, str]]:
    """Return what to do with a quickstart in the folder `out`, and the commands, ready to be pasted."""
    run, data = shlex.quote(str(out / "runs" / "tde")), shlex.quote(str(out / "tde.zarr"))
    return [
        (
            "adds a method to that run; yours is FILE.py:NAME",
            f"whence bench tde {data} --method beta:beta=0.5 --out {run}",
        ),
        ("says which differences are more than noise", f"whence compare {run}"),
        ("makes a table for a paper", f"whence table {run} --format latex"),
    ]


def _bench(step: int, what: str, track: str, data: Path, out: Path, split: str | None = None) -> None:
    from ..benchmarks.bench import bench
    from .bench import show

    typer.echo(f"{step}/8 {what}")
    folder = out / "runs" / track
    words = ["whence", "bench", track, str(data), "--out", str(folder), *(["--split", split] if split else [])]
    show(bench(track, str(data), folder, split=split, command=shlex.join(words)), False)


def _command(kind: str, out: Path, *more: str, speech: str | None) -> str:
    """Return the command that renders one of the sets."""
    heard = ["--speech", speech] if speech else []
    return shlex.join(["whence", "generate", kind, str(out), "--preset", "tiny", *heard, *more])
