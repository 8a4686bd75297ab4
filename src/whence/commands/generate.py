"""`whence generate` and `whence import`: datasets from recipes and from other people's files."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import InputError
from .arguments import plain_numbers

app = typer.Typer(help="Render a dataset. Rerun the same command to resume it.", no_args_is_help=True)
import_app = typer.Typer(help="Bring other people's files into a dataset.", no_args_is_help=True)


@app.callback()
def _generate() -> None:
    """Render a dataset. Rerun the same command to resume it."""


@import_app.callback()
def _import() -> None:
    """Bring other people's files into a dataset."""


class Preset(StrEnum):
    """How much to render."""

    tiny = "tiny"
    small = "small"
    paper = "paper"


class Protocol(StrEnum):
    """How placements are drawn."""

    independent = "independent"
    paper = "paper"


class Engine(StrEnum):
    """Who computes the impulse responses."""

    lattice = "lattice"
    pyroomacoustics = "pyroomacoustics"


Out = Annotated[str, typer.Argument(metavar="OUT.zarr", help="Where to write: a path or an fsspec URL.")]
Speech = Annotated[
    str | None,
    typer.Option(metavar="DIR|espeak|librispeech[:SUBSET]", help="Dry speech. [default: espeak]", show_default=False),
]
Clips = Annotated[int | None, typer.Option(min=1, help="Clips; overrides the preset's.", show_default=False)]
Seed = Annotated[int | None, typer.Option(min=0, help="Seed of everything random. [default: 0]", show_default=False)]
Workers = Annotated[
    int | None,
    typer.Option(min=1, help="Processes on this machine. [default: its cores]", show_default=False),
]
Scheduler = Annotated[
    str | None, typer.Option(metavar="tcp://HOST:PORT", help="A running Dask scheduler.", show_default=False)
]
Json = Annotated[bool, typer.Option("--json", help="Print one line of JSON.")]


@app.command()
def tde(
    out: Out,
    speech: Speech = None,
    preset: Annotated[Preset, typer.Option(help="8, 100 or 2,100 clips per room and RT60.")] = Preset.small,
    clips: Clips = None,
    rt60: Annotated[
        list[str] | None,
        typer.Option(metavar="S ...", help="RT60 labels in s. [default: 0.1 0.3 0.5 0.7 0.9]"),
    ] = None,
    protocol: Annotated[
        Protocol, typer.Option(help="Every clip on its own, or the published stream of whole degrees.")
    ] = Protocol.independent,
    engine: Annotated[Engine, typer.Option(help="Engine of the impulse responses.")] = Engine.lattice,
    seed: Seed = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    json: Json = False,
) -> None:
    """TDE-Simulation: one-second stereo speech in three rooms, with exact time delays."""
    from ..datagen.tde import PRESETS, plan_tde

    plan = plan_tde(
        speech,
        clips=clips or PRESETS[preset],
        rt60=tuple(plain_numbers("--rt60", rt60)) or None,
        protocol=protocol.value,
        engine=engine.value,
        seed=seed,
    )
    _name_skipped(plan.corpus.skipped)
    _render(plan, out, workers, scheduler, json)


@app.command()
def brir(
    out: Out,
    brir: Annotated[str, typer.Option(metavar="DIR", help="Stereo wavs with an index.csv (file, azimuth_deg).")],
    speech: Speech = None,
    preset: Annotated[Preset, typer.Option(help="8, 50 or 500 clips per response.")] = Preset.small,
    clips: Clips = None,
    seed: Seed = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    json: Json = False,
) -> None:
    """Speech through measured binaural room responses, azimuths positive to the left."""
    from ..datagen.brir import PRESETS, plan_brir

    plan = plan_brir(brir, speech, clips=clips or PRESETS[preset], seed=seed or 0)
    _name_skipped(plan.corpus.skipped)
    _render(plan, out, workers, scheduler, json)


@import_app.command("in-the-wild")
def in_the_wild(
    out: Out,
    clips: Annotated[str, typer.Option(metavar="DIR", help="Folder of the stereo recordings.")],
    labels: Annotated[str, typer.Option(metavar="CSV", help="Label file: path,start_time,itd_label,if_flip.")],
    licence: Annotated[str, typer.Option(metavar="TEXT", help="Licence of the recordings.")] = "unknown",
    workers: Workers = None,
    json: Json = False,
) -> None:
    """Real stereo clips with the published left/right labels."""
    from ..datagen.in_the_wild import InTheWildPlan, read_labels

    known, skipped = read_labels(labels, clips)
    missing = sorted({row.path for row in skipped if not row.found})
    if missing:
        typer.echo(f"{len(missing)} recordings of {labels} are not in {clips}, such as {missing[0]}", err=True)
    unusable = [row.reason for row in skipped if row.found]
    for reason in unusable[:10]:
        typer.echo(f"skipped {reason}", err=True)
    if len(unusable) > 10:
        typer.echo(f"skipped {len(unusable) - 10} more rows", err=True)
    _render(InTheWildPlan(known, str(Path(clips).resolve()), len(skipped), licence), out, workers, None, json)


def _name_skipped(skipped: tuple[str, ...]) -> None:
    for line in skipped[:10]:
        typer.echo(f"skipped {line}", err=True)
    if len(skipped) > 10:
        typer.echo(f"skipped {len(skipped) - 10} more files", err=True)


def _render(plan: Any, out: str, workers: int | None, scheduler: str | None, as_json: bool) -> None:
    import json

    from ..datagen.pipeline import generate

    if not out.rstrip("/").endswith(".zarr"):
        raise InputError(f"{out}: expected a name that ends in .zarr")
    fingerprint = generate(plan, out, workers=workers or os.cpu_count() or 1, scheduler=scheduler)
    if as_json:
        typer.echo(json.dumps({"path": out, "rows": plan.layout.rows, "fingerprint": fingerprint}))
    else:
        typer.echo(f"{out}: {plan.layout.rows} clips, fingerprint {fingerprint[:16]}")
