"""`whence audit`: test clips in training lists."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import VerificationError
from .rendering import say

if TYPE_CHECKING:
    from ..datagen.clip_audit import Audit


def audit(
    test: Annotated[Path, typer.Argument(metavar="LIST", help="Test clips: txt, CSV or JSON.")],
    against: Annotated[list[Path], typer.Option(metavar="LIST ...", help="Training lists.")],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.csv", help="Also write every overlap here.", show_default=False)
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Find test clips in training lists. Exit code 1 if there are any."""
    from ..datagen.clip_audit import audit as run_audit
    from ..datagen.clip_audit import write_audit

    found = run_audit(test, against)
    say(found.remarks)
    if out:
        write_audit(found, out)
    _print(found, json)
    if found.leaked:
        share = 100 * found.leaked / found.clips
        raise VerificationError(f"{test}: {found.leaked} of {found.clips} clips ({share:.1f} %) are in training lists")


def _print(found: "Audit", as_json: bool) -> None:
    """Print what each list shares with the test clips."""
    from json import dumps

    lists = [
        {"list": each.list, "entries": each.entries, "leaked": each.leaked, "other_seconds": len(each.other_seconds)}
        for each in found.overlaps
    ]
    if as_json:
        typer.echo(dumps({"test": found.test, "clips": found.clips, "leaked": found.leaked, "lists": lists}, indent=1))
        return
    for each in found.overlaps:
        share = 100 * each.leaked / found.clips
        typer.echo(
            f"{each.list}: {each.leaked} of {found.clips} test clips ({share:.1f} %) are among its {each.entries} "
            f"entries; {len(each.other_seconds)} entries are other seconds of their videos"
        )
