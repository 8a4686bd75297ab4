"""Command-line options for the settings of conditions, for the commands that take them.

Settings are declared in their condition classes; nothing here knows one by name.
"""

import inspect
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ..benchmarks.questions.settings import Level, Setting


class Split(StrEnum):
    """The parts of a dataset with splits."""

    train = "train"
    val = "val"
    test = "test"
    all = "all"


InSplit = Annotated[Split | None, typer.Option(help="Split of the dataset to use. [default: test]", show_default=False)]
Given = Mapping[str, "list[Level]"]
"""The levels given, by option flag."""
PLACE = "given"
"""The name of a command's parameter that receives them."""


def known_settings() -> "dict[str, Setting]":
    """Return the settings that have an option, by flag."""
    from ..benchmarks.questions.settings import options_of
    from ..registry import load_conditions

    return options_of(load_conditions())


def takes_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Return `command` with its parameter `given` replaced by one option for each setting."""
    settings = {_parameter_name(flag): one for flag, one in known_settings().items()}

    @wraps(command)
    def run(**arguments: Any) -> None:
        words = {name: arguments.pop(name) for name in settings}
        given = {settings[name].option: settings[name].parsed(word) for name, word in words.items() if word}
        command(**{PLACE: given}, **arguments)

    options = [_option(name, one) for name, one in settings.items()]
    own = list(inspect.signature(command).parameters.values())
    place = next(k for k, parameter in enumerate(own) if parameter.name == PLACE)
    parameters = [*own[:place], *options, *own[place + 1 :]]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def _parameter_name(flag: str) -> str:
    return flag.removeprefix("--").replace("-", "_")


def _option(name: str, setting: "Setting") -> inspect.Parameter:
    option = typer.Option(setting.option, metavar=setting.metavar, help=setting.help, show_default=False)
    annotation = Annotated[list[str] | None, option]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
