"""The help of every command, as a user reads it."""

from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from whence.cli import app


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command below `group` with the words that a user types for it."""
    for name, one in group.commands.items():
        if hasattr(one, "commands"):
            yield from commands(one, (*path, name))
        else:
            yield (*path, name), one


COMMANDS = dict(commands(typer.main.get_command(app)))


def shown_help(path: tuple[str, ...]) -> str:
    """Return what `whence PATH --help` prints, on one line and without the frames."""
    answer = CliRunner().invoke(app, [*path, "--help"], env={"TERMINAL_WIDTH": "250", "COLUMNS": "250"})
    assert answer.exit_code == 0, answer.output
    return " ".join(answer.output.replace("│", " ").split())


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_help_text_is_shown_to_its_end(path):
    shown = shown_help(path)
    for parameter in COMMANDS[path].params:
        written = " ".join((getattr(parameter, "help", None) or "").replace("`", "").split())
        assert written in shown, parameter.name


def test_the_defaults_of_bench_are_shown():
    shown = shown_help(("bench",))
    assert "[default: every baseline]" in shown
    assert "[default: 128]" in shown
