"""The program `whence`: parse, call, print. Exit code 0 done, 1 a check failed, 2 the input is wrong."""

import errno
import sys
from collections.abc import Sequence
from typing import NoReturn

import typer

from . import __version__
from .commands import (
    about,
    audit,
    bench,
    cite,
    dataset,
    generate,
    generate_homes,
    generate_objects,
    generate_recipe,
    imports,
    leaderboard,
    localize,
    probe_physics,
    quickstart,
    seal,
    storage,
    submit,
    table,
    train,
    turn,
    words,
)
from .commands.arguments import spread_lists
from .commands.completion import completing
from .errors import InputError, VerificationError
from .places import settle_home
from .spelling import settle_streams

app = typer.Typer(
    name="whence",
    help="Whence does a sound come? Generate data, bench methods, compare them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",  # "rich" takes `[default: x]` in a help text for a tag and drops it
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(quickstart.quickstart)
generate_homes.add_to(generate.app)
generate_objects.add_to(generate.app)
generate_recipe.add_to(generate.app)
app.add_typer(generate.app, name="generate")
app.add_typer(imports.app, name="import")
app.command()(audit.audit)
app.command()(dataset.inspect)
app.command()(dataset.verify)
app.command()(storage.finish)
app.command()(storage.merge)
app.command()(storage.copy)
app.command()(about.tracks)
app.command()(about.methods)
app.command()(train.train)
app.command()(bench.bench)
app.command()(bench.compare)
app.command()(table.table)
app.command()(bench.report)
app.command()(cite.cite)
app.command()(cite.card)
app.command()(probe_physics.probe_physics)
app.command()(localize.localize)
app.command()(turn.turn)
app.command()(seal.seal)
app.command()(submit.submit)
app.add_typer(leaderboard.app, name="leaderboard")
app.command()(about.doctor)
app.command("help")(words.help_)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"whence {__version__}")
        raise typer.Exit


@app.callback()
def whence(
    version: bool = typer.Option(
        False, "--version", is_eager=True, callback=_print_version, help="Print the version and exit."
    ),
) -> None:
    """Whence does a sound come? Generate data, bench methods, compare them."""


_DISK_HINT = "free some space and run the same command again: what is finished is kept"
_HINTS = {
    errno.ENOSPC: _DISK_HINT,
    errno.EDQUOT: _DISK_HINT,
    errno.EROFS: "choose a folder that can be written",
    errno.EACCES: "choose a folder that you may read and write",
    errno.EPERM: "choose a folder that you may read and write",
    errno.ENOTDIR: "part of the path is a file: choose another one",
    errno.EISDIR: "it is a folder: give a file",
    errno.ENOENT: "check the path",
    errno.ENAMETOOLONG: "choose a shorter name",
}


_STORAGE = ("aiobotocore", "aiohttp", "azure", "botocore", "fsspec", "gcsfs", "google", "httpx", "httpx2", "s3fs")
"""Libraries behind fsspec, whose exceptions share no base: what they raise is about the storage or the way to it."""


def _stop(message: object, code: int) -> NoReturn:
    text = " ".join(str(message).split())
    print(f"error: {text}", file=sys.stderr)
    raise SystemExit(code)


def input_fault(error: Exception) -> InputError | None:
    """Return `error` as a fault of the user's input, files or machine, in one line; None if it is none."""
    if isinstance(error, InputError):
        return error
    if isinstance(error, OSError):
        hint = _HINTS.get(error.errno or 0, "check the path and the disk")
        return InputError(f"{error.filename or 'output'}: {error.strerror or error}; {hint}")
    if type(error).__module__.partition(".")[0] in _STORAGE:
        what = f"{error} ({type(error).__name__})"
        return InputError(f"storage: {what}; check the address, the network and your credentials")
    if isinstance(error, UnicodeEncodeError) and error.reason.startswith("surrogates"):
        locale = sys.getfilesystemencoding()
        return InputError(f"a name has letters that this locale ({locale}) lacks: set LC_ALL=C.UTF-8 or PYTHONUTF8=1")
    if hasattr(error, "format_message"):
        said = error.format_message().replace("Value error, ", "")  # a word of the parser's, not of the mistake
        return InputError(f"{said} (`whence --help` lists commands and options)")
    return None


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line `arguments` (default: the process's own) and exit."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    settle_streams()
    settle_home()
    try:
        with completing(spread_lists):
            given = words.kind_first(given, {"generate": generate.app, "import": imports.app})
            code = app(args=spread_lists(given), prog_name="whence", standalone_mode=False)
    except (typer.Abort, KeyboardInterrupt):
        code = 130
    except VerificationError as error:
        _stop(error, 1)
    except Exception as error:
        fault = input_fault(error)
        if fault is None:
            raise
        if isinstance(error, OSError) and error.errno == errno.EPIPE:
            raise SystemExit(0) from None
        _stop(fault, 2)
    if code == 130:
        _stop("stopped; run the same command again to go on: what is finished is kept", 130)
    raise SystemExit(code if isinstance(code, int) else 0)
