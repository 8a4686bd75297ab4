"""Options and steps shared by the commands that render datasets."""

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..cores import allowed_cores
from ..english import counted
from ..errors import InputError
from .typed import typed

if TYPE_CHECKING:
    from ..datagen.corpora import Corpus


class Preset(StrEnum):
    """How much to render."""

    tiny = "tiny"
    small = "small"
    paper = "paper"


class Up(StrEnum):
    """The axis of a scene file that points up."""

    y = "y"
    z = "z"
    x = "x"
    minus_x = "-x"
    minus_y = "-y"
    minus_z = "-z"


Out = Annotated[str, typer.Argument(metavar="OUT.zarr", help="Where to write: a path or an fsspec URL.")]
Speech = Annotated[
    str | None,
    typer.Option(metavar="DIR|espeak|librispeech[:SUBSET]", help="Dry speech. [default: espeak]", show_default=False),
]
SpeakerLevel = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help="Folder that names the speaker, 1 the outermost. [default: index, known layout, or the first that varies]",
        show_default=False,
    ),
]
Seed = Annotated[int | None, typer.Option(min=0, help="Seed of everything random. [default: 0]", show_default=False)]
Workers = Annotated[
    int | None,
    typer.Option(min=1, help="Processes on this machine. [default: the cores that may be used]", show_default=False),
]
Scheduler = Annotated[
    str | None, typer.Option(metavar="tcp://HOST:PORT", help="A running Dask scheduler.", show_default=False)
]


def _checked_part(shards: str | None) -> str | None:
    """Return `shards` as given; raises InputError, before anything is read, unless it names a part."""
    if shards is not None:
        from ..datagen.parts import Part

        Part.parse(shards)
    return shards


Shards = Annotated[
    str | None,
    typer.Option(
        callback=_checked_part,
        metavar="K/N",
        help="Render part K of N only, from 1, as one of N array jobs; `whence finish` closes the set.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one line of JSON.")]
UpAxis = Annotated[
    Up | None,
    typer.Option(help="Up axis of the files. [default: by layout and geometry]", show_default=False),
]
Scale = Annotated[
    float | None,
    typer.Option(
        metavar="METRES_PER_UNIT",
        help="Unit of the files, such as 0.01 for centimetres. [default: metres unless the geometry contradicts]",
        show_default=False,
    ),
]


def name_skipped(skipped: Sequence[str], kind: str = "files") -> None:
    """Print the reason for each item left out, one line each; after ten lines, only how many more of that `kind`."""
    for line in skipped[:10]:
        typer.echo(f"skipped {line}", err=True)
    if len(skipped) > 10:
        typer.echo(f"skipped {len(skipped) - 10} more {kind}", err=True)


def describe_speech(corpus: "Corpus") -> None:
    """Print which files of `corpus` are left out, its speakers by folders, and for how many clips the speaker is
    unknown, with the consequences."""
    from ..datagen.corpora import FOLDER_NAMES, UNKNOWN

    name_skipped(corpus.skipped)
    folders = sorted({clip.speaker for clip in corpus.clips if clip.known_by == FOLDER_NAMES})
    if folders:
        shown = ", ".join(folders[:4]) + (", ..." if len(folders) > 4 else "")
        hint = "an index.csv (path,speaker) in the folder, or --speaker-level N where a command has it, corrects them"
        typer.echo(f"{counted(len(folders), 'speaker')}, by the names of folders: {shown}; {hint}", err=True)
    unknown = sum(clip.known_by == UNKNOWN for clip in corpus.clips)
    if unknown:
        typer.echo(
            f"speakers of {unknown} of {len(corpus.clips)} clips are unknown: each of these files, or all of one top "
            "folder, counts as a voice, so splits may share speakers and intervals over speakers may be too narrow; an "
            "index.csv (path,speaker) in the folder tells them",
            err=True,
        )


def say(remarks: Sequence[str]) -> None:
    """Print the decisions made about the sources of a dataset, one line each."""
    for line in remarks:
        typer.echo(line, err=True)


def render(
    plan: Any, out: str, workers: int | None, scheduler: str | None, as_json: bool, shards: str | None = None
) -> None:
    """Render `plan`, or the part `shards` of it, into `out` and print the result."""
    import json

    from ..datagen.pipeline import generate

    if not out.rstrip("/").endswith(".zarr"):
        raise InputError(f"{out}: expected a name that ends in .zarr")
    if shards is not None:
        _render_part(plan, out, workers, scheduler, as_json, shards)
        return
    fingerprint = generate(plan, out, workers=workers or allowed_cores(), scheduler=scheduler, command=typed())
    if as_json:
        typer.echo(json.dumps({"path": out, "rows": plan.layout.rows, "fingerprint": fingerprint}))
    else:
        typer.echo(f"{out}: {plan.layout.rows} {plan.layout.row_dimension}s, fingerprint {fingerprint[:16]}")


def _render_part(plan: Any, out: str, workers: int | None, scheduler: str | None, as_json: bool, shards: str) -> None:
    """Render the part `shards` of `plan` into `out` and print which shards it has."""
    import json

    from ..datagen.parts import Part, generate_part

    if scheduler is not None:
        raise InputError("--shards and --scheduler: each shares the work between machines, so give one of them")
    part = Part.parse(shards)
    own = generate_part(plan, out, part, workers=workers or allowed_cores(), command=typed())
    rows = sum(len(plan.layout.rows_of(shard)) for shard in own)
    if as_json:
        typer.echo(json.dumps({"path": out, "part": str(part), "shards": [own.start, own.stop], "rows": rows}))
        return
    what = f"{rows} {plan.layout.row_dimension}s" if own else "no shard, so nothing to do"
    typer.echo(f"{out}: part {part}, {what}; once all parts are there, `whence finish {out}`")
