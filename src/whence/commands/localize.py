"""`whence localize`: where in a picture or a film a sound comes from."""

from pathlib import Path
from typing import Annotated

import typer

from .bench import Device


def localize(
    source: Annotated[
        Path, typer.Argument(metavar="PICTURE|FRAMES|VIDEO", help="A picture, a folder of frames, a video.")
    ],
    out: Annotated[
        Path,
        typer.Option(metavar="OUT", help="OUT.png; for a film OUT.mp4 or a new folder of frames; OUT.npy for numbers."),
    ],
    sound: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The sound. [default: the video's own]", show_default=False)
    ] = None,
    method: Annotated[
        str,
        typer.Option(
            "--method", "-m", metavar="M", help="NAME[:key=value] or file.py:Name, of the track sounding-object."
        ),
    ] = "attention",
    fps: Annotated[
        float | None,
        typer.Option(metavar="RATE", help="Frames per second. [default: as the video says]", show_default=False),
    ] = None,
    window: Annotated[float, typer.Option(metavar="SECONDS", help="Length of the sound heard with a picture.")] = 3.0,
    device: Annotated[
        Device | None, typer.Option(help="Where learned methods run. [default: cpu]", show_default=False)
    ] = None,
) -> None:
    """Show where in a picture, or in each frame of a film, a sound comes from."""
    from ..benchmarks.localize import localize as run
    from ..benchmarks.localize import open_task

    for line in run(source, sound, out, open_task(method, window, device and device.value), fps):
        typer.echo(line, err=True)
    typer.echo(str(out))
