"""`whence finish`, `merge` and `copy`: close a set made in parts, join sets, and copy sets and runs to any storage."""

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one line of JSON.")]


def finish(
    out: Annotated[str, typer.Argument(metavar="OUT.zarr", help="The set that `whence generate --shards` made.")],
    json: Json = False,
) -> None:
    """Close a dataset that was made in parts (`--shards`), or say which parts are missing."""
    from json import dumps

    from ..datagen.dataset import Dataset
    from ..datagen.parts import finish as close

    fingerprint = close(out)
    rows = len(Dataset(out))
    if json:
        typer.echo(dumps({"path": out, "rows": rows, "fingerprint": fingerprint}))
    else:
        typer.echo(f"{out}: {rows} rows, fingerprint {fingerprint[:16]}")
