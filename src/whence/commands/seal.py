"""`whence seal`: a public copy of a dataset without its answers, and the private file of them."""

from pathlib import Path
from typing import Annotated

import typer

from .conditions import (
    ClipSeconds,
    Distractor,
    Dominance,
    InSplit,
    Reverberation,
    Snr,
    Sources,
    Votes,
    Window,
    given_options,
)


def seal(
    data: Annotated[str, typer.Argument(metavar="DATA.zarr", help="Dataset to seal: a path or an fsspec URL.")],
    track: Annotated[str, typer.Option(help="What is to be measured on it; `whence tracks` lists them.")],
    labels: Annotated[Path, typer.Option(metavar="LABELS.parquet", help="Where the answers go: keep this file.")],
    out: Annotated[str, typer.Option(metavar="PUBLIC.zarr", help="Where the public copy goes: publish this one.")],
    private_share: Annotated[
        float, typer.Option(metavar="0..0.9", help="Share of the samples whose scores wait until the phase closes.")
    ] = 0.5,
    snr: Snr = None,
    distractor: Distractor = None,
    clip_seconds: ClipSeconds = None,
    window: Window = None,
    votes: Votes = None,
    reverberation: Reverberation = None,
    sources: Sources = None,
    dominance: Dominance = None,
    split: InSplit = None,
    allow_guessable_seed: Annotated[
        bool,
        typer.Option("--allow-guessable-seed", help="Seal a set whose seed, and so its answers, can be guessed."),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Make a public copy of a dataset from which no answer can be read, and a private file of the answers."""
    from ..leaderboard.sealing import seal as sealing
    from ..registry import load_track

    chosen = load_track(track)
    given = given_options(
        snr=snr,
        distractor=distractor,
        clip_seconds=clip_seconds,
        window=window,
        votes=votes,
        reverberation=reverberation,
        sources=sources,
        dominance=dominance,
    )
    sealed = sealing.seal(
        data,
        track=track,
        labels_path=labels,
        out=out,
        conditions=chosen.stimulus.conditions(given, chosen.default_conditions, track),
        split=split and split.value,
        private_share=private_share,
        allow_guessable_seed=allow_guessable_seed,
    )
    if json:
        from json import dumps

        typer.echo(dumps({**vars(sealed), "labels_path": str(labels), "conditions": len(sealed.conditions)}))
        return
    samples, conditions = sealed.public + sealed.private, "; ".join(one.label() for one in sealed.conditions)
    typer.echo(f"{out}: {samples} samples for {track}, {conditions}; publish it")
    typer.echo(f"{labels}: their answers, {sealed.public} public and {sealed.private} private; keep it to yourself")
    typer.echo(f"fingerprint {sealed.fingerprint[:16]}, commitment {sealed.commitment}")
