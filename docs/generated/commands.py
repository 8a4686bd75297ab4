"""The page of the commands: every command with its arguments and options, as `--help` has them."""

from collections.abc import Iterator
from typing import Any

import typer

from whence.cli import app

from .markdown import table

INTRODUCTION = """# Commands

`whence COMMAND --help` prints the same. Exit codes: 0 done, 1 a check failed, 2 the input is wrong. This page is drawn
from the code.

"""


def page() -> str:
    """Return the page."""
    root = typer.main.get_command(app)
    return INTRODUCTION + "\n".join(sections(root, "whence"))


def sections(command: Any, name: str) -> Iterator[str]:
    """Yield a section for `command`, or for each command of a group."""
    if hasattr(command, "commands"):
        for word, one in command.commands.items():
            yield from sections(one, f"{name} {word}")
        return
    context = command.make_context(name, [], resilient_parsing=True)
    usage = " ".join(command.collect_usage_pieces(context))
    records = filter(None, (one.get_help_record(context) for one in command.params))
    rows = [(f"`{given}`", meaning.replace("[default:", "\\[default:")) for given, meaning in records]
    text = f"## {name}\n\n```text\n{name} {usage}\n```\n\n{(command.help or '').strip()}\n"
    yield text + ("\n" + table(("argument or option", "meaning"), rows) if rows else "")
