"""`whence import`: third-party files into a dataset, or into a checkpoint."""

from pathlib import Path
from typing import Annotated

import typer

from ..english import counted
from ..errors import InputError
from . import import_sounding
from .rendering import Json, Out, Workers, name_skipped, render, say
from .train import written

app = typer.Typer(help="Bring other people's files into a dataset or a checkpoint.", no_args_is_help=True)


@app.callback()
def _import() -> None:
    """Bring other people's files into a dataset or a checkpoint."""


@app.command("in-the-wild")
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
        typer.echo(f"{clips} lacks {counted(len(missing), 'recording')} of {labels}, such as {missing[0]}", err=True)
    unusable = [row.reason for row in skipped if row.found]
    name_skipped(unusable, "rows")
    render(InTheWildPlan(known, str(Path(clips).resolve()), len(skipped), licence), out, workers, None, json)


@app.command("recordings")
def recordings(
    out: Out,
    folder: Annotated[str, typer.Option("--dir", metavar="DIR", help="Folder of the recordings, however deep.")],
    labels: Annotated[
        str,
        typer.Option(metavar="CSV", help="file,start_s,side|azimuth_deg|delay_ms,speaker|video; positive to the left."),
    ],
    channels: Annotated[
        str | None,
        typer.Option(metavar="L,R", help="Channels of the left and the right ear, from 0. [default: the only two]"),
    ] = None,
    licence: Annotated[str, typer.Option(metavar="TEXT", help="Licence of the recordings.")] = "unknown",
    workers: Workers = None,
    json: Json = False,
) -> None:
    """Own stereo recordings, labelled by side, azimuth or delay."""
    from ..datagen.recordings import plan_recordings

    plan = plan_recordings(folder, labels, _two_channels(channels), licence)
    if plan.missing:
        rows = counted(len(plan.missing), "row")
        say([f"{folder} lacks the recordings of {rows} of {labels}, such as {plan.missing[0]}"])
    name_skipped(plan.skipped, "rows")
    say(plan.remarks)
    render(plan, out, workers, None, json)


def _two_channels(text: str | None) -> tuple[int, int] | None:
    """Return the channels in `--channels L,R`; raises InputError for anything else."""
    if text is None:
        return None
    words = [word.strip() for word in text.split(",")]
    if len(words) != 2 or not all(word.isdecimal() for word in words) or int(words[0]) == int(words[1]):
        raise InputError(f"--channels {text}: expected two channels, left then right, counted from 0, such as 0,1")
    return int(words[0]), int(words[1])


@app.command("view-pairs")
def view_pairs(
    out: Out,
    folder: Annotated[str, typer.Option("--dir", metavar="DIR", help="Folder of the photographs.")],
    pairs: Annotated[
        str,
        typer.Option(metavar="CSV", help="image1,image2,yaw_deg (or r00..r22),pitch_deg,scene; positive to the left."),
    ],
    lens: Annotated[
        str | None, typer.Option(metavar="FILE.json", help="Lens of all photographs: fx, fy, cx, cy, w, h, k1, k2, ...")
    ] = None,
    field_of_view: Annotated[
        float | None, typer.Option(metavar="DEGREES", help="Or what it sees across the picture, without distortion.")
    ] = None,
    longest_side: Annotated[
        int, typer.Option(min=16, metavar="PIXELS", help="Photographs that are larger are made so small.")
    ] = 640,
    licence: Annotated[str, typer.Option(metavar="TEXT", help="Licence of the photographs.")] = "unknown",
    workers: Workers = None,
    json: Json = False,
) -> None:
    """Pairs of photographs, labelled by how far the camera turned in between."""
    from ..datagen.view_pairs import plan_view_pairs

    plan = plan_view_pairs(
        folder, pairs, lens=lens, field_of_view=field_of_view, longest_side=longest_side, licence=licence
    )
    say(plan.remarks)
    render(plan, out, workers, None, json)


@app.command("hm3d-ss")
def hm3d_ss(
    out: Out,
    source: Annotated[str, typer.Option("--from", metavar="DIR", help="Folder of SCENE/pair-0000/pair-0000/...")],
    workers: Workers = None,
    json: Json = False,
) -> None:
    """Views and binaural responses in the format of SLfM's own generator."""
    from ..datagen.upstream_hm3d_ss import plan_upstream

    plan = plan_upstream(source)
    name_skipped(plan.dropped, "sets")
    render(plan, out, workers, None, json)


@app.command("checkpoint")
def checkpoint(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The authors' file, written by torch.save.")],
    out: Annotated[Path, typer.Argument(metavar="OUT.safetensors", help="Checkpoint to write.")],
    model: Annotated[str, typer.Option(metavar="NAME", help="Our model of the same network, such as ngcc-phat.")],
    licence: Annotated[str, typer.Option(metavar="TEXT", help="Licence of the file.")] = "unknown",
) -> None:
    """Weights that the authors of a published model released. Nothing in the file is executed."""
    from ..registry import load

    path = load("whence.models.importing.converters:import_checkpoint")(file, model, out, licence)
    typer.echo(written(model, path))


import_sounding.add_to(app)
