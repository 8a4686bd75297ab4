"""The options that say under which conditions a track is run: shared by the commands that take them."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from .arguments import numbers, plain_numbers


class Split(StrEnum):
    """The parts of a dataset with splits."""

    train = "train"
    val = "val"
    test = "test"
    all = "all"


InSplit = Annotated[
    Split | None, typer.Option(help="Part of a dataset with splits. [default: test]", show_default=False)
]
Snr = Annotated[
    list[str] | None,
    typer.Option(metavar="DB ...", help="Noise levels in dB, or `clean`. [default: the track's]"),
]
Distractor = Annotated[
    list[str] | None,
    typer.Option(metavar="W ...", help="Second talker's level, target = 1. [default: off]"),
]
ClipSeconds = Annotated[
    list[str] | None, typer.Option(metavar="S ...", help="Length of a clip in s. [default: the track's]")
]
Window = Annotated[int | None, typer.Option(help="Samples of a vote's window. [default: the clip]", show_default=False)]
Votes = Annotated[
    int | None, typer.Option(min=1, help="Windows that vote on a clip. [default: 128]", show_default=False)
]
Reverberation = Annotated[
    list[str] | None,
    typer.Option(metavar="R ...", help="Level of the indirect sound, the room's own = 1. [default: 0.2]"),
]
Sources = Annotated[
    int | None,
    typer.Option(min=1, help="Sources heard at once, the first is asked for. [default: 1]", show_default=False),
]
Dominance = Annotated[
    list[str] | None,
    typer.Option(metavar="DB ...", help="Level of the first source over each other, in dB. [default: 5 to 29, drawn]"),
]


def given_options(
    *,
    snr: list[str] | None,
    distractor: list[str] | None,
    clip_seconds: list[str] | None,
    window: int | None,
    votes: int | None,
    reverberation: list[str] | None,
    sources: int | None,
    dominance: list[str] | None,
) -> dict[str, Any]:
    """Return the options that were given, by name, as a stimulus makes conditions of them."""
    options = {
        "snr": numbers("--snr", snr),
        "distractor": numbers("--distractor", distractor),
        "clip_seconds": plain_numbers("--clip-seconds", clip_seconds),
        "reverberation": plain_numbers("--reverberation", reverberation),
        "sources": sources,
        "dominance": numbers("--dominance", dominance),
        "window": window,
        "votes": votes,
    }
    return {name: value for name, value in options.items() if value not in (None, [])}
