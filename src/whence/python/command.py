"""Calls a command of the program from Python, so that both doors share options, defaults and checks."""

import io
import keyword
from collections.abc import Iterator, Mapping
from contextlib import redirect_stdout
from os import PathLike, fspath
from typing import Any

from ..errors import InputError
from ..places import settle_home
from ..registry import nearest

_OF_THE_SHELL = frozenset(("help", "json"))
"""Options that only change what is printed."""


def call(path: tuple[str, ...], *places: str | PathLike[str], **options: Any) -> None:
    """Run the command `path`, such as ("generate", "tde"), on `places` with `options`, by the names of its own.

    None and False leave an option out, a list gives it several values. Remarks and progress go to stderr. Raises
    InputError for what the command would refuse, in the same words.
    """
    import typer

    from ..cli import app, input_fault

    settle_home()
    arguments = [*path, *_spelled(_options_of(path), path, options), "--", *(fspath(place) for place in places)]
    try:
        with redirect_stdout(io.StringIO()):
            app(args=arguments, prog_name="whence", standalone_mode=False)
    except typer.Abort:
        raise KeyboardInterrupt from None
    except Exception as error:
        fault = input_fault(error)
        if fault is None or fault is error:
            raise
        raise fault from error


def _options_of(path: tuple[str, ...]) -> dict[str, Any]:
    """Return the options of a command by their names in Python; raises InputError if there is no such command."""
    import typer

    from ..cli import app

    command: Any = typer.main.get_command(app)
    for k, word in enumerate(path):
        if word not in command.commands:
            hint = f"{nearest(word, command.commands)} (`whence {path[k - 1]} --help` lists them)"
            raise InputError(f"unknown kind {word!r}: {hint}")
        command = command.commands[word]
    long = {max(one.opts, key=len): one for one in command.params}
    flags = {flag: one for flag, one in long.items() if flag.startswith("--")}
    return {name: one for flag, one in flags.items() if (name := _python_name(flag)) not in _OF_THE_SHELL}


def _python_name(flag: str) -> str:
    """Return the keyword for an option.

    >>> _python_name("--scene-count"), _python_name("--from")
    ('scene_count', 'from_')
    """
    name = flag.removeprefix("--").replace("-", "_")
    return f"{name}_" if keyword.iskeyword(name) else name


def _spelled(known: Mapping[str, Any], path: tuple[str, ...], options: Mapping[str, Any]) -> Iterator[str]:
    """Yield `options` as words of a command line; raises InputError for one that is not `known`."""
    for name, value in options.items():
        if name not in known:
            raise InputError(f"{' '.join(path)} has no option {name!r}: {nearest(name, known)}")
        flag = max(known[name].opts, key=len)
        if isinstance(value, bool) and known[name].is_flag:
            yield from [flag] if value else []
            continue
        for one in value if isinstance(value, list | tuple | set | range) else [value]:
            if one is not None:
                yield f"{flag}={fspath(one) if isinstance(one, PathLike) else one}"
