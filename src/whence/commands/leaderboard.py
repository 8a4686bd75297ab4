"""`whence leaderboard`: host a board, as a service or as a folder maintained by pull requests."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..english import counted
from ..errors import InputError
from ..files import require_local

if TYPE_CHECKING:
    from ..leaderboard.boards.folder.board import FolderBoard

app = typer.Typer(help="Host a leaderboard: tracks, teams, scoring, and its pages as files.", no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(metavar="BOARD", help="Folder of the board.")]
Slug = Annotated[str, typer.Argument(metavar="NAME", help="Name of the track in addresses, such as tde-2026.")]


class Role(StrEnum):
    """The role of an account."""

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
    files: Annotated[bool, typer.Option("--files", help="Make a board of plain files, without a server.")] = False,
) -> None:
    """Make a board, or upgrade the database of an older one."""
    from ..leaderboard.boards.folder import board as folder_board

    require_local(folder, "a board")
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
        typer.echo(f"{folder}: the database is up to date")
        return
    typer.echo(f"{folder} is a board. The host's token, whose submissions are baselines, is shown only once:")
    typer.echo(token)


@app.command()
def serve(
    folder: Folder,
    host: Annotated[
        str, typer.Option(help="Address to listen on; 0.0.0.0 listens on all of this machine's.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes any free one.")] = 8000,
    workers: Annotated[int, typer.Option(min=0, help="Number of scoring processes.")] = 1,
) -> None:
    """Serve the board and score submissions until stopped."""
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
    per_day: Annotated[int, typer.Option(min=1, help="Submissions a team may send in a day (UTC), for a service.")] = 5,
) -> None:
    """Add a track on a sealed dataset."""
    from ..leaderboard.boards.folder import board as folder_board

    if folder_board.is_folder_board(folder):
        if labels is not None:
            raise InputError("--labels: a board of files is public; keep them elsewhere and give them to `export`")
        from ..datagen.dataset import Dataset
        from ..leaderboard.submission.expectation import expectation_of

        board = folder_board.open_board(folder)
        dataset = Dataset(data)
        folder_board.add_track(board, slug, title or slug, expectation_of(dataset), dataset.recipe["commitment"])
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
    place: Annotated[str, typer.Argument(metavar="PUBLIC.zarr", help="New location of the track's public dataset.")],
) -> None:
    """Record where a track's public dataset has moved, so that pages can play its samples."""
    _check_no_files(folder)
    from ..leaderboard.boards.service import hosting

    hosting.move_data(folder, slug, place)
    typer.echo(f"{slug} plays the samples of {place}")


@app.command()
def token(
    folder: Folder,
    team: Annotated[str, typer.Argument(help="The team, created if it does not exist.")],
    role: Annotated[
        Role | None, typer.Option(help="host: its submissions are baselines, without a quota.", show_default="team")
    ] = None,
) -> None:
    """Print a new token for a team. It is shown only once."""
    _check_no_files(folder)
    from ..leaderboard.boards.service import hosting

    typer.echo(hosting.issue_token(folder, team, role and role.value))


@app.command()
def revoke(
    folder: Folder,
    name: Annotated[str, typer.Argument(metavar="TEAM|TOKEN", help="A team (all its tokens), or one token.")],
) -> None:
    """Revoke tokens, with immediate effect."""
    _check_no_files(folder)
    from ..leaderboard.boards.service import hosting

    count = hosting.revoke(folder, name)
    typer.echo(f"{count} token{'' if count == 1 else 's'} revoked")


@app.command()
def close(folder: Folder, slug: Slug) -> None:
    """Close the phase of a track: stop taking submissions and show all scores, those of the private half first."""
    from ..leaderboard.boards.folder import board as folder_board

    if folder_board.is_folder_board(folder):
        folder_board.close_track(folder_board.open_board(folder), slug)
    else:
        from ..leaderboard.boards.service import hosting

        hosting.close_track(folder, slug)
    typer.echo(f"{slug} is closed: all scores are shown at full precision, those of its private half if it has one")


@app.command()
def accept(
    folder: Folder,
    keys: Annotated[
        list[str] | None,
        typer.Argument(metavar="KEY", help="Submissions, by the names of their files; none: list what waits."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All that wait, but what calls itself a baseline.")] = False,
    baselines: Annotated[bool, typer.Option("--baselines", help="With --all: baselines as well.")] = False,
) -> None:
    """Confirm who sent a submission to a board of files, and whether it is a baseline; it is dated now.

    Each baseline is shown whatever its score, so only yours should be accepted as one.
    """
    from ..leaderboard.boards.folder import board as folder_board
    from ..leaderboard.boards.folder.guarded import shown

    if not folder_board.is_folder_board(folder):
        raise InputError(f"{folder} is no board of files: a service knows teams by their tokens")
    if baselines and not every:
        raise InputError("--baselines goes with --all; a submission that you name is accepted as what it says it is")
    board = folder_board.open_board(folder)
    waiting = folder_board.unconfirmed(board)
    said = {path.stem: f"{sender.kind} by {sender.team}" for path, sender in waiting}
    own = [path.stem for path, sender in waiting if baselines or sender.kind == "submission"]
    chosen = own if every else list(dict.fromkeys(keys or ()))
    for key in chosen:
        board = folder_board.accept(board, key)
        typer.echo(f"{shown(key)}  {said.get(key, 'accepted before')}: accepted")
    for key in [] if keys else [key for key in said if key not in chosen]:
        rest = "; name it, or add --baselines, if it is yours" if every else ", as its sender says"
        typer.echo(f"{shown(key)}  {said[key]}{rest}")


@app.command()
def rescore(folder: Folder, slug: Slug) -> None:
    """Rescore all submissions of a track with this version of Whence; earlier scores are kept."""
    _check_no_files(folder)
    from ..leaderboard.boards.service import hosting

    typer.echo(f"{counted(hosting.rescore(folder, slug), 'submission')} queued for the running service to score")


@app.command()
def withdraw(
    folder: Folder,
    identifier: Annotated[
        str, typer.Argument(metavar="ID", help="The submission: the id at the end of its page's address.")
    ],
) -> None:
    """Remove a submission from the tables for good; it still counts towards the team's quota."""
    _check_no_files(folder)
    from ..leaderboard.boards.service import hosting

    hosting.withdraw(folder, identifier)
    typer.echo(f"{identifier} is withdrawn; the running service redraws the table")


@app.command()
def export(
    folder: Folder,
    site: Annotated[Path, typer.Argument(metavar="SITE", help="Folder to write the pages to.")],
    labels: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE|DIR", help="Private label files, for a board of files.", show_default=False),
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PUBLIC.zarr", help="Public dataset of a track, whose samples the pages play.", show_default=False
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
        expected = [board.expectation(track) for track in board.tracks]
        _say_what_is_not_ranked(board)
    else:
        if labels:
            raise InputError("--labels: this board has its own; leave the option out")
        from ..leaderboard.boards.service import hosting

        title, found, known = hosting.title(folder), hosting.standings(folder), hosting.samples(folder)
        expected = hosting.expectations(folder)
    known |= samples_given(data or [], found, {one.fingerprint: one.content for one in expected})
    typer.echo(f"{export_site(found, site, title, lambda standing: known.get(standing.fingerprint))}")


def _check_no_files(folder: Path) -> None:
    """Raise InputError where `folder` is a board of files, which no service runs."""
    from ..leaderboard.boards.folder.board import is_folder_board

    if is_folder_board(folder):
        raise InputError(f"{folder} is a board of files: it has no server, teams or tokens")


def _say_what_is_not_ranked(board: "FolderBoard") -> None:
    """Name the files that were added after their track was closed, and tracks whose labels nothing vouches for."""
    for track in board.tracks:
        late = board.left_out(track) if track.phase == "closed" else []
        if late:
            typer.echo(
                f"not ranked, since {track.slug} was closed before: {len(late)}, such as {late[0].name!a}", err=True
            )
        if track.commitment is None:
            typer.echo(
                f"the labels of {track.slug} were compared with no commitment: {board.folder} is older", err=True
            )
