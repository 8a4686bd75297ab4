"""`whence generate hm3d-ss`, `panoramas` and `scenes`: homes seen and heard, views from panoramas, and bare homes."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ..english import counted
from ..errors import InputError
from ..files import require_local
from .rendering import (
    Json,
    Out,
    Preset,
    Scale,
    Scheduler,
    Seed,
    Shards,
    Speech,
    UpAxis,
    Workers,
    describe_speech,
    name_skipped,
    render,
    say,
)


class Variant(StrEnum):
    """The difference between the views of an example."""

    rotation = "rotation"
    translation = "translation"


class Acoustics(StrEnum):
    """The engine that computes the impulse responses."""

    native = "native"
    rlr = "rlr"
    soundspaces = "soundspaces"


class Renderer(StrEnum):
    """The engine that renders the views."""

    native = "native"
    habitat = "habitat"


def hm3d_ss(
    out: Out,
    scenes: Annotated[
        str, typer.Option(metavar="procedural|DIR", help="Homes: procedural, or a folder of .glb files.")
    ] = "procedural",
    preset: Annotated[Preset, typer.Option(help="2 scenes x 10 examples, 20 x 50, or 100 x 500.")] = Preset.tiny,
    scene_count: Annotated[
        int | None, typer.Option(min=1, help="Scenes; overrides the preset's.", show_default=False)
    ] = None,
    examples: Annotated[
        int | None, typer.Option(min=1, help="Examples in each scene; overrides the preset's.", show_default=False)
    ] = None,
    variant: Annotated[
        Variant, typer.Option(help="4 views from one place, or 3 from places up to 0.25 m off the centre.")
    ] = Variant.rotation,
    sources: Annotated[
        int | None,
        typer.Option(min=1, max=8, help="Sources. [default: 3, with translation 2]", show_default=False),
    ] = None,
    speech: Speech = None,
    acoustics: Annotated[
        Acoustics, typer.Option(help="Engine that computes the impulse responses.")
    ] = Acoustics.native,
    renderer: Annotated[Renderer, typer.Option(help="Engine that renders the pictures.")] = Renderer.native,
    hrtf: Annotated[
        str | None,
        typer.Option(metavar="FILE.sofa", help="Measured head. [default: rigid sphere]", show_default=False),
    ] = None,
    up: UpAxis = None,
    scale: Scale = None,
    materials: Annotated[
        str | None,
        typer.Option(metavar="FILE.toml", help="Absorption of materials of the files, by name.", show_default=False),
    ] = None,
    seed: Seed = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    shards: Shards = None,
    json: Json = False,
) -> None:
    """HM3D-SS: homes seen and heard from several headings, with binaural impulse responses."""
    from ..datagen.dataset import Dataset
    from ..datagen.hm3d_ss import PRESETS, plan_hm3d_ss
    from ..datagen.ringing import reverberation_remarks

    scene_total, examples_each = PRESETS[preset]
    made_here = scenes == "procedural"
    plan = plan_hm3d_ss(
        scenes,
        speech,
        scene_count=scene_count or (scene_total if made_here else None),
        examples=examples or examples_each,
        variant=variant.value,
        sources=sources,
        renderer=renderer.value,
        acoustics=acoustics.value,
        hrtf=hrtf,
        up=up.value if up else None,
        scale=scale,
        materials=materials,
        seed=seed or 0,
    )
    say(plan.remarks)
    if acoustics is not Acoustics.native:
        typer.echo(plan.provenance["engine"]["licence"], err=True)
    describe_speech(plan.dry.corpus)
    render(plan, out, workers, scheduler, json, shards)
    if not made_here and shards is None:
        dataset = Dataset(out)
        say(reverberation_remarks(dataset.column("scene"), dataset.column("rt60")))


def panoramas(
    out: Out,
    images: Annotated[
        str, typer.Option(metavar="DIR", help="Folder of equirectangular photographs, twice as wide as high.")
    ],
    preset: Annotated[Preset, typer.Option(help="10, 100 or 1,000 pairs for each photograph.")] = Preset.small,
    pairs: Annotated[
        int | None, typer.Option(min=1, help="Pairs for each photograph; overrides the preset's.", show_default=False)
    ] = None,
    largest_rotation: Annotated[
        float,
        typer.Option(
            metavar="DEG", help="Largest rotation of the camera, degrees; up to 30, the views overlap by half."
        ),
    ] = 60.0,
    seed: Seed = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    shards: Shards = None,
    json: Json = False,
) -> None:
    """Pairs of perspective views with known rotation, cut from 360-degree photographs."""
    from ..datagen.panoramas import PRESETS, plan_panoramas

    plan = plan_panoramas(images, pairs=pairs or PRESETS[preset], seed=seed or 0, largest_rotation=largest_rotation)
    name_skipped(plan.photographs.said)
    say(plan.photographs.remarks)
    render(plan, out, workers, scheduler, json, shards)


def scenes(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write the .glb files.")],
    count: Annotated[int, typer.Option(min=1, help="Number of homes.")] = 10,
    seed: Seed = None,
) -> None:
    """Furnished homes as .glb files, with textures and acoustic materials: those of `hm3d-ss` with the same seed."""
    from tqdm import tqdm

    from ..datagen.scenes.glb import write_glb
    from ..datagen.scenes.opening import ProceduralScenes

    require_local(folder, "the folder of the scenes")
    homes = ProceduralScenes(seed or 0, count)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is not empty: give another folder")
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(tqdm(homes.names, unit="home", disable=None)):
        write_glb(homes.load(number), folder / f"{name}.glb")
    typer.echo(f"{folder}: {counted(count, 'home')}")


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file to `whence generate`."""
    app.command("hm3d-ss")(hm3d_ss)
    app.command()(panoramas)
    app.command()(scenes)
