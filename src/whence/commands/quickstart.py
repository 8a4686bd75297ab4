"""`whence quickstart`: first results from scratch, in one command."""

import shlex
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated

import typer

from ..cores import allowed_cores
from ..errors import InputError
from ..files import require_local
from ..machine import workers_fault
from .bench import draw_again, show_scores

Draw = Callable[[Path], None]
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
    from ..benchmarks.report.files import REPORT

    require_local(out, "the quickstart's folder")
    with _drawing() as draw:
        _stereo(out, speech, draw)
        _homes(out, speech, draw)
        _pictures(out, speech, draw)
        typer.echo("drawing what is not drawn yet")
    for report in sorted((out / "runs").glob(f"*/{REPORT}")):
        typer.echo(f"  {report}")
    typer.echo("how to go on:")
    for what, step in next_steps(out):
        typer.echo(f"  {step}\n    {what}")


def _stereo(out: Path, speech: str | None, draw: Draw) -> None:
    from ..datagen import tde
    from ..datagen.pipeline import generate

    rooms = out / "tde.zarr"
    typer.echo(f"1/8 rendering speech in three rooms: {rooms}")
    plan = tde.plan_tde(speech, clips=tde.PRESETS["tiny"])
    generate(plan, str(rooms), command=_command("tde", rooms, speech=speech))
    what = "time delay between two microphones, five noise levels, baselines and trained models"
    draw(_bench(2, what, "tde", rooms, out))
    draw(_bench(3, "left or right", "left-right", rooms, out))


def _homes(out: Path, speech: str | None, draw: Draw) -> None:
    from ..datagen import hm3d_ss
    from ..datagen.pipeline import generate

    homes = out / "hm3d-ss.zarr"
    scenes, examples = hm3d_ss.PRESETS["tiny"]
    typer.echo(f"4/8 rendering homes to see and hear: {homes}")
    plan = hm3d_ss.plan_hm3d_ss("procedural", speech, scene_count=scenes, examples=examples)
    generate(plan, str(homes), workers=allowed_cores(), command=_command("hm3d-ss", homes, speech=speech))
    draw(_bench(5, "camera rotation between two views", "rotation", homes, out))
    draw(_bench(6, "azimuth of a sound from two ears", "azimuth", homes, out))


def _pictures(out: Path, speech: str | None, draw: Draw) -> None:
    from ..datagen import sounding_objects
    from ..datagen.pipeline import generate

    pictures = out / "sounding-objects.zarr"
    count, each = sounding_objects.PRESETS["tiny"]
    typer.echo(f"7/8 rendering pictures with objects that sound: {pictures}")
    unseen = sounding_objects.plan_sounding_objects(homes=count, pictures=each, speech=speech, seed=UNSEEN_HOMES)
    made = _command("sounding-objects", pictures, "--seed", str(UNSEEN_HOMES), speech=speech)
    generate(unseen, str(pictures), workers=allowed_cores(), command=made)
    draw(_bench(8, "where in the picture a sound comes from", "sounding-object", pictures, out, split="all"))


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


@contextmanager
def _drawing() -> Iterator[Draw]:
    """Give a function that draws the report of a run: where it can, in a process of its own, beside what follows.

    Raises InputError where that process was killed.
    """
    if allowed_cores() == 1 or workers_fault():
        yield draw_again
        return
    try:
        with ProcessPoolExecutor(1, get_context("spawn"), _ignore_interrupts) as artist:
            drawn: list[Future[None]] = []
            yield lambda run: drawn.append(artist.submit(draw_again, run))
            for one in drawn:
                one.result()
    except BrokenProcessPool:
        raise InputError("the process that draws reports was killed: free memory, and run the command again") from None


def _ignore_interrupts() -> None:
    """Leave Ctrl-C to the command that asked for the drawing."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _bench(step: int, what: str, track: str, data: Path, out: Path, split: str | None = None) -> Path:
    """Run the methods of `track`, print the scores and return the folder of the run, whose report is not drawn."""
    from ..benchmarks.bench import bench

    typer.echo(f"{step}/8 {what}")
    folder = out / "runs" / track
    words = ["whence", "bench", track, str(data), "--out", str(folder), *(["--split", split] if split else [])]
    show_scores(bench(track, str(data), folder, split=split, command=shlex.join(words), report=False))
    return folder


def _command(kind: str, out: Path, *more: str, speech: str | None) -> str:
    """Return the command that renders one of the sets."""
    heard = ["--speech", speech] if speech else []
    return shlex.join(["whence", "generate", kind, str(out), "--preset", "tiny", *heard, *more])
