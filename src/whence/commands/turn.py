"""`whence turn`: a head that turns in a home, and what methods say of it at each moment."""

from pathlib import Path
from typing import Annotated

import typer

from .bench import Device
from .rendering import Seed, Speech, Up, describe_speech, say
from .terminal import terminal


def turn(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A new folder: OUT/index.html shows and plays it.")],
    scene: Annotated[
        str, typer.Option(metavar="procedural|FILE.glb", help="Home: generated, or a .glb or .gltf file.")
    ] = "procedural",
    rotation: Annotated[
        list[str] | None,
        typer.Option(
            metavar="M ...",
            help="Methods of the track rotation: NAME[:key=value] or file.py:Name. [default: sift:protocol=best slfm]",
            show_default=False,
        ),
    ] = None,
    azimuth: Annotated[
        list[str] | None,
        typer.Option(
            metavar="M ...", help="Methods of the track azimuth. [default: itd-sphere slfm]", show_default=False
        ),
    ] = None,
    seconds: Annotated[float, typer.Option(metavar="SECONDS", help="Length, 2 to 60 seconds.")] = 12.0,
    speech: Speech = None,
    hrtf: Annotated[
        str | None,
        typer.Option(metavar="FILE.sofa", help="Measured head. [default: rigid sphere]", show_default=False),
    ] = None,
    up: Annotated[
        Up | None, typer.Option(help="Up axis of the file. [default: by layout and geometry]", show_default=False)
    ] = None,
    scale: Annotated[
        float | None,
        typer.Option(
            metavar="METRES_PER_UNIT",
            help="Unit of the file, such as 0.01 for centimetres. [default: metres unless the geometry contradicts]",
            show_default=False,
        ),
    ] = None,
    seed: Seed = None,
    device: Annotated[
        Device | None, typer.Option(help="Where learned methods run. [default: cpu]", show_default=False)
    ] = None,
) -> None:
    """Render a head that turns in a home while someone speaks; show what methods say over time beside the truth."""
    from ..benchmarks.display.text_table import rich_table
    from ..benchmarks.turning.run import follow, new_folder, open_senses, tables, write_turn
    from ..datagen.turning import plan_turn, render_turn

    senses = open_senses(rotation or (), azimuth or (), device and device.value)
    with new_folder(out) as folder:
        plan = plan_turn(
            scene, speech, seconds=seconds, hrtf=hrtf, up=up.value if up else None, scale=scale, seed=seed or 0
        )
        say(plan.remarks)
        describe_speech(plan.speech)
        followed = follow(render_turn(plan), senses)
        write_turn(followed, folder)
    for table in tables(followed):
        terminal().print(rich_table(table))
    typer.echo(f"{out}/index.html")
