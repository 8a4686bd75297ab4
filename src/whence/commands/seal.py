"""`whence seal`: a public copy of a dataset without labels, and a private label file."""

from pathlib import Path
from typing import Annotated

import typer

from ..english import counted
from . import completion
from .conditions import Given, InSplit, takes_settings


@takes_settings
def seal(
    data: Annotated[str, typer.Argument(metavar="DATA.zarr", help="Dataset to seal: a path or an fsspec URL.")],
    track: Annotated[
        str,
        typer.Option(help="Track to seal it for; `whence tracks` lists them.", autocompletion=completion.tracks),
    ],
    labels: Annotated[Path, typer.Option(metavar="LABELS.parquet", help="Label file to write; keep it private.")],
    out: Annotated[str, typer.Option(metavar="PUBLIC.zarr", help="Public copy to write; publish it.")],
    private_share: Annotated[
        float,
        typer.Option(metavar="0..0.9", help="Share of the samples whose scores are hidden until the phase closes."),
    ] = 0.5,
    *,
    given: Given,
    split: InSplit = None,
    allow_guessable_seed: Annotated[
        bool,
        typer.Option("--allow-guessable-seed", help="Seal a dataset whose seed, and so its labels, can be guessed."),
    ] = False,
    allow_public_labels: Annotated[
        bool,
        typer.Option("--allow-public-labels", help="Seal an import of the kind that public sets come in."),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Make a public copy of a dataset that reveals no labels, and a private label file."""
    from ..benchmarks.questions.settings import grid
    from ..leaderboard.sealing import seal as sealing
    from ..registry import load_track

    chosen = load_track(track)
    sealed = sealing.seal(
        data,
        track=track,
        labels_path=labels,
        out=out,
        conditions=grid(chosen.default_conditions, given, track),
        split=split and split.value,
        private_share=private_share,
        allow_guessable_seed=allow_guessable_seed,
        allow_public_labels=allow_public_labels,
    )
    if json:
        from json import dumps

        typer.echo(dumps({**vars(sealed), "labels_path": str(labels), "conditions": len(sealed.conditions)}))
        return
    samples, conditions = sealed.public + sealed.private, "; ".join(one.label() for one in sealed.conditions)
    typer.echo(f"{out}: {counted(samples, 'sample')} for {track}, {conditions}; publish it")
    typer.echo(f"{labels}: their labels, {sealed.public} public and {sealed.private} private; keep this file private")
    typer.echo(f"fingerprint {sealed.fingerprint[:16]}, commitment {sealed.commitment}")
