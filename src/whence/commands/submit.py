"""`whence submit`: send predictions on a sealed dataset to a board, on a server or in a folder."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import InputError
from .terminal import terminal

if TYPE_CHECKING:
    from ..leaderboard.submission.file import Submission

TOKEN_VARIABLE = "WHENCE_TOKEN"
CHECKS = (
    "the file is read back as the board reads it",
    "track, dataset and harness are the board's",
    "every sample appears once under every condition",
    "all predictions are finite",
    "the unit is plausible",
)
OPEN = (
    "While the phase is open, this is the best score shown for your team, rounded. "
    "Everything appears at full precision when the host closes it."
)


def submit(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a `whence bench` on the sealed dataset.")],
    method: Annotated[
        str, typer.Option("--method", "-m", metavar="M", help="Method of the run, as its file names it.")
    ],
    board: Annotated[
        str | None, typer.Option(metavar="URL|DIR", help="Address or folder of the board.", show_default=False)
    ] = None,
    card: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.toml",
            help="Method card: name, authors, ... [default: built in for a baseline of Whence]",
            show_default=False,
        ),
    ] = None,
    physics: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.json",
            help="Report card of `whence probe-physics`. [default: physics.json in RUN, if it is there]",
            show_default=False,
        ),
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(envvar=TOKEN_VARIABLE, help="Your team's token, for a board on a server.", show_default=False),
    ] = None,
    team: Annotated[
        str | None,
        typer.Option(help="Team name, for a board in a folder. [default: the card's authors]", show_default=False),
    ] = None,
    baseline: Annotated[
        bool, typer.Option("--baseline", help="Mark it as a baseline, for a board in a folder.")
    ] = False,
    data: Annotated[
        str | None,
        typer.Option(metavar="DATA.zarr", help="The sealed dataset, if it has moved.", show_default=False),
    ] = None,
    wait: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="How long to wait for the score; 0 does not wait.")
    ] = 600.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and show the submission; send nothing.")] = False,
) -> None:
    """Send a method's predictions on a sealed dataset to a leaderboard for scoring."""
    import tempfile

    from ..benchmarks.running.run import dataset_of
    from ..leaderboard.submission.bundle import build_submission
    from ..leaderboard.submission.card import FIELDS, own_card, read_card
    from ..leaderboard.submission.expectation import check_submission, expectation_of
    from ..leaderboard.submission.file import write_submission
    from ..leaderboard.submission.physics import found_physics

    method_card = read_card(card) if card else own_card(method)
    if method_card is None:
        raise InputError(f"give --card FILE.toml with {FIELDS}")
    if board is None and not dry_run:
        raise InputError("give --board URL or --board DIR, or --dry-run to send nothing")
    if board and "://" in board and (team or baseline):
        raise InputError("--team and --baseline are for boards that are folders: a server identifies you by your token")
    expectation = expectation_of(dataset_of(run, data))
    stated = found_physics(run, physics, method, expectation.track)
    built = build_submission(run, method, method_card, expectation, stated)
    with tempfile.TemporaryDirectory(prefix="whence-") as folder:
        path = Path(folder) / "submission.parquet"
        write_submission(built, path)
        submission = expectation.read(path)
        check_submission(submission, expectation)
        _show(submission, path.stat().st_size)
        if dry_run or board is None:
            typer.echo("dry run: nothing was sent")
        elif "://" in board:
            _to_server(board, token, path, submission, wait)
        else:
            _to_folder(Path(board), submission, team, baseline)


def _show(submission: "Submission", size: int) -> None:
    """Print the card, a summary of the predictions under each condition, and the checks passed."""
    from rich.table import Table
    from rich.text import Text

    from ..leaderboard.submission.summary import card_lines, condition_lines

    console = terminal()
    about = Table("field", "value", title="method card", title_justify="left")
    for field, value in card_lines(submission):
        about.add_row(field, Text(value))
    console.print(about)
    heads, lines = condition_lines(submission)
    table = Table(*heads, title=f"predictions ({size} bytes)", title_justify="left")
    for line in lines:
        table.add_row(*line)
    console.print(table)
    for check in CHECKS:
        typer.echo(f"passed: {check}")


def _to_server(board: str, token: str | None, path: Path, submission: "Submission", wait: float) -> None:
    """Send the file to a server, wait for its score and print it."""
    from ..leaderboard.submission.client import FAILED, BoardClient

    token = (token or "").strip()
    if not token:
        raise InputError(f"give --token, or set {TOKEN_VARIABLE}: the host of {board} gives one to each team")
    with BoardClient(board, token) as client:
        if not client.private:
            typer.echo("warning: http:// sends your token unencrypted; ask the host for an https:// address", err=True)
        slug = client.track_of(submission.header.fingerprint, submission.header.stated_content)
        receipt = client.submit(slug, path)
        typer.echo(f"received: {client.url}/api/submissions/{receipt.identifier}")
        receipt = client.wait(receipt, wait)
    if receipt.status == FAILED:
        raise InputError(f"scoring failed: {receipt.content.get('error') or 'the board does not say why'}")
    if not receipt.finished:
        typer.echo(f"{receipt.status}: scoring continues; the score will appear on {board}")
        return
    _print_scores(receipt.rows, receipt.half, submission.header.track)
    if receipt.is_open:
        typer.echo(OPEN)
    typer.echo(f"the board: {client.url}/tracks/{slug}")


def _print_scores(rows: list[dict[str, Any]], half: str, track: str) -> None:
    """Print the scores that the board gave."""
    from rich.table import Table

    from ..leaderboard.submission.summary import score_lines

    heads, lines = score_lines(rows, track)
    title = f"score on the {half} half" if half in ("public", "private") else "score"
    table = Table(*heads, title=title, title_justify="left")
    for line in lines:
        table.add_row(*line)
    terminal().print(table)


def _to_folder(folder: Path, submission: "Submission", team: str | None, baseline: bool) -> None:
    """Add the submission to a board that is a folder."""
    from datetime import UTC, datetime

    from ..leaderboard.boards.folder.board import add_submission, open_board
    from ..leaderboard.standing.record import EntryInfo

    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    sender = EntryInfo(team or submission.card.authors[:80], now, "baseline" if baseline else "submission")
    path = add_submission(open_board(folder), submission, sender)
    typer.echo(f"added {path} and {path.with_suffix('.json').name}: commit both and open a pull request")
