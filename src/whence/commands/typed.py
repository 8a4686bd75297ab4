"""The command being run, as its user could type it again."""

import re
import shlex
from collections.abc import Collection
from enum import Enum
from importlib import import_module
from typing import Any

import typer

NOT_THE_RESULT = frozenset(("workers", "scheduler", "shards", "json"))
"""Parameters that change how and where a command runs, not what it makes."""
_SECRETS = re.compile(r"(?<=://)[^/@\s]*@|(?<=\w)\?\S*$")
"""The password and the signature in a URL."""


def typed(leave_out: Collection[str] = NOT_THE_RESULT) -> str:
    """Return the command that is running, with the options that its user gave; empty outside of a command.

    Places are as they were typed, but without passwords.
    """
    context = _current_context()
    if context is None:
        return ""
    given = [
        one
        for one in context.command.params
        if one.name not in leave_out and context.get_parameter_source(one.name or "").name == "COMMANDLINE"
    ]
    words = context.command_path.split()
    for one in sorted(given, key=_is_option):
        words += _words(one, context.params[one.name or ""])
    return shlex.join(words)


def _current_context() -> Any:
    """Return the context of the command that is running: of click, which newer versions of Typer hold inside."""
    core: str = typer.Context.__bases__[0].__module__
    return import_module(f"{core.rpartition('.')[0]}.globals").get_current_context(silent=True)


def _is_option(parameter: Any) -> bool:
    return bool(parameter.param_type_name == "option")


def _words(parameter: Any, value: Any) -> list[str]:
    flag = [max(parameter.opts, key=len)] if _is_option(parameter) else []
    if value is True:
        return flag
    several = value if isinstance(value, list | tuple) else [value]
    return flag + [_word(one) for one in several]


def _word(value: Any) -> str:
    text = str(value.value if isinstance(value, Enum) else value)
    return _SECRETS.sub("", text) if "://" in text else text
