"""`whence probe-physics`: do a method's answers change with its input as physics says?"""

from pathlib import Path
from typing import Annotated

import typer

from ..files import require_local
from . import completion
from .bench import Device, Json, Protocol
from .conditions import Given, InSplit, takes_settings
from .terminal import terminal
from .words import track_first


@takes_settings
def probe_physics(
    track: Annotated[str, typer.Argument(help="Track; `whence tracks` lists them.", autocompletion=completion.tracks)],
    data: Annotated[str, typer.Argument(metavar="DATA.zarr", help="Dataset: a path or an fsspec URL.")],
    method: Annotated[
        list[str],
        typer.Option(
            "--method",
            "-m",
            metavar="M ...",
            help="NAME[:key=value] or file.py:Name.",
            show_default=False,
            autocompletion=completion.methods,
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Also write physics.json and physics.csv here.", show_default=False),
    ] = None,
    *,
    given: Given,
    split: InSplit = None,
    protocol: Annotated[
        Protocol, typer.Option(help="As published (paper), corrected (best), or both; for methods that have both.")
    ] = Protocol.paper,
    max_samples: Annotated[
        int, typer.Option(metavar="N", min=1, help="Ask about N samples, spread evenly over the dataset.")
    ] = 300,
    device: Annotated[
        Device | None, typer.Option(help="Where learned methods run. [default: cpu]", show_default=False)
    ] = None,
    json: Json = False,
) -> None:
    """Change what a method sees or hears, and check that its answers change as physics says."""
    from ..benchmarks.display.text_table import rich_table
    from ..benchmarks.probe_physics import probe_physics as run
    from ..benchmarks.report.physics_card import card_json, card_tables

    if out:
        require_local(out, "--out")
    track, data = track_first(track, data)
    card = run(
        track,
        data,
        methods=method,
        given=given,
        protocol=protocol.value,
        samples=max_samples,
        split=split and split.value,
        device=device and device.value,
        out=out,
    )
    if json:
        from json import dumps

        typer.echo(dumps(card_json(card), indent=1, allow_nan=False))
        return
    for table in card_tables(card):
        terminal().print(rich_table(table))
    if out:
        typer.echo(f"the card: {out}/physics.json, one line a check: {out}/physics.csv")
