"""`whence leaderboard`: host a board, as a service or as a folder that is run by pull requests."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ..errors import InputError

app = typer.Typer(help="Host a leaderboard: tracks, teams, scoring, and its pages as files.", no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(metavar="BOARD", help="Folder of the board.")]
Slug = Annotated[str, typer.Argument(metavar="NAME", help="Name of the track in addresses, such as tde-2026.")]


class Role(StrEnum):
    """What an account is for."""

    team = "team"
    host = "host"


@app.callback()
def _leaderboard() -> None:
    """Host a leaderboard: tracks, teams, scoring, and its pages as files."""


@app.command()
def init(
    folder: Folder,
    title: Annotated[str | None, typer.Option(help="Title of the board. [default: Leaderboard]")] = None,
    database: Annotated[
        str | None,
        typer.Option(metavar="URL", help="postgresql://... [default: board.sqlite in the folder]"),
    ] = None,
    files: Annotated[bool, typer.Option("--files", help="A board of files alone, without a server.")] = False,
) -> None:
    """Make a board; on an old one: bring its database to the newest form."""
    from ..leaderboard.boards.folder import board as folder_board

    if files:
        if database:
            raise InputError("--database: a board of files has none; leave out one of the two")
        folder_board.create_board(folder, title or "Leaderboard")
        typer.echo(f"{folder} is a board: add a track with `whence leaderboard add-track {folder} ...`")
        return
    _check_no_files(folder)
    from ..leaderboard.boards.service import hosting

    given = {"title": title, "database": database}
    token = hosting.initialise(folder, {name: value for name, value in given.items() if value is not None})
    if token is None:
        typer.echo(f"{folder}: the database has the newest form")
        return
    typer.echo(f"{folder} is a board. The token of its host, whose submissions are baselines, is shown this once:")
    typer.echo(token)


@app.command()
def serve(
    folder: Folder,
    host: Annotated[str, typer.Option(help="Address to listen at; 0.0.0.0: all of this machine's.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0: any free one.")] = 8000,
    workers: Annotated[int, typer.Option(min=0, help="Processes that score.")] = 1,
) -> None:
    """Serve the board and score what comes in, until it is stopped."""
    _check_no_files(folder)
    from ..leaderboard.boards.service import hosting, server

    settings, database = hosting.open_board(folder)
    database.close()
    server.serve(settings, host, port, workers, lambda address: typer.echo(f"serving {settings.title} at {address}"))


@app.command("add-track")
def add_track(
    folder: Folder,
    slug: Slug,
    data: Annotated[str, typer.Argument(metavar="PUBLIC.zarr", help="The public dataset that `whence seal` wrote.")],
    labels: Annotated[
        Path | None,
        typer.Option(metavar="LABELS.parquet", help="The private file of `whence seal`; copied into the board."),
    ] = None,
    title: Annotated[str, typer.Option(help="Title of the track. [default: its name]")] = "",
    per_day: Annotated[
        int, typer.Option(min=1, help="Submissions that a team may send between midnights (UTC), to a service.")
    ] = 5,
) -> None:
    """Add a track on a sealed dataset."""
    from ..leaderboard.boards.folder import board as folder_board

    if folder_board.is_folder_board(folder):
        if labels is not None:
            raise InputError("--labels: a board of files is public; keep them elsewhere and give them to `export`")
        from ..datagen.dataset import Dataset
        from ..leaderboard.submission.expectation import expectation_of

        board = folder_board.open_board(folder)
        folder_board.add_track(board, slug, title or slug, expectation_of(Dataset(data)))
    else:
        from ..leaderboard.boards.service import hosting

        if labels is None:
            raise InputError("give --labels LABELS.parquet, the private file of `whence seal`")
        hosting.add_track(folder, slug, data=data, labels=labels, title=title, per_day=per_day)
    typer.echo(f"{slug} is open")


@app.command()
def data(
    folder: Folder,
    slug: Slug,
    place: Annotated[str, typer.Argument(metavar="PUBLIC.zarr", help="Where the track's public dataset lies now.")],
) -> None:
    """Say where the public dataset of a track has moved, so that pages play its samples."""
    _check_no_files(folder)
    from ..leaderboard.boards.service import hosting

    hosting.move_data(folder, slug, place)
    typer.echo(f"{slug} plays the samples of {place}")


@app.command()
def token(
    folder: Folder,
    team: Annotated[str, typer.Argument(help="The team; made if there is none of that name.")],
    role: Annotated[
        Role | None, typer.Option(help="host: its submissions are baselines, without a quota.", show_default="team")
    ] = None,
) -> None:
    """Print a new token for a team, this once."""
    _check_no_files(folder)
    from ..leaderboard.boards.service import hosting

    typer.echo(hosting.issue_token(folder, team, role and role.value))


@app.command()
def revoke(
    folder: Folder,
    name: Annotated[str, typer.Argument(metavar="TEAM|TOKEN", help="A team (all its tokens), or one token.")],
) -> None:
    """Revoke tokens: they open nothing any more, at once."""
    _check_no_files(folder)
    from ..leaderboard.boards.service import hosting

    count = hosting.revoke(folder, name)
    typer.echo(f"{count} token{'' if count == 1 else 's'} revoked")


@app.command()
def close(folder: Folder, slug: Slug) -> None:
    """Close the phase of a track: it takes no more submissions, and the private half is shown."""
    from ..leaderboard.boards.folder import board as folder_board

    if folder_board.is_folder_board(folder):
        folder_board.close_track(folder_board.open_board(folder), slug)
    else:
        from ..leaderboard.boards.service import hosting

        hosting.close_track(folder, slug)
    typer.echo(f"{slug} is closed: its private half is shown")


@app.command()
def rescore(folder: Folder, slug: Slug) -> None:
    """Score all submissions of a track by this version of Whence, beside the scores that they have."""
    _check_no_files(folder)
    from ..leaderboard.boards.service import hosting

    typer.echo(f"{hosting.rescore(folder, slug)} submissions queued; the running service scores them")


@app.command()
def withdraw(
    folder: Folder,
    identifier: Annotated[str, typer.Argument(metavar="ID", help="The submission: its id ends its page's address.")],
) -> None:
    """Take a submission out of the tables, for good; it still counts for the quota of its team."""
    _check_no_files(folder)
    from ..leaderboard.boards.service import hosting

    hosting.withdraw(folder, identifier)
    typer.echo(f"{identifier} is withdrawn; the running service draws the table anew")


@app.command()
def export(
    folder: Folder,
    site: Annotated[Path, typer.Argument(metavar="SITE", help="Folder for the pages.")],
    labels: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE|DIR", help="Private label files, for a board of files.", show_default=False),
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PUBLIC.zarr", help="Public dataset of a track: pages play its samples.", show_default=False
        ),
    ] = None,
) -> None:
    """Write the whole board as static files that any web server can serve."""
    from ..leaderboard.boards.folder import board as folder_board
    from ..leaderboard.pages.export import export_site
    from ..leaderboard.pages.samples import Samples, samples_given

    known: dict[str, Samples] = {}
    if folder_board.is_folder_board(folder):
        board = folder_board.open_board(folder)
        title, found = board.title, folder_board.standings(board, labels or [])
    else:
        if labels:
            raise InputError("--labels: this board has its own; leave the option out")
        from ..leaderboard.boards.service import hosting

        title, found, known = hosting.title(folder), hosting.standings(folder), hosting.samples(folder)
    known |= samples_given(data or [], found)
    typer.echo(f"{export_site(found, site, title, lambda standing: known.get(standing.fingerprint))}")


def _check_no_files(folder: Path) -> None:
    """Raise InputError where `folder` is a board of files, which no service runs."""
    from ..leaderboard.boards.folder.board import is_folder_board

    if is_folder_board(folder):
        raise InputError(f"{folder} is a board of files: it has no server, teams or tokens")
